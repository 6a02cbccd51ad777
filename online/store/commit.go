package store

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"heliograph/online/coordinator/book"
)

// Commit keeps all of a change, durably, or none of it. An error that wraps
// ErrConflict says that the change does not fit; any other one that the disk
// failed. After either nothing has changed.
func (s *Store) Commit(c book.Change) error {
	tx, err := s.db.Begin()
	if err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	if err := apply(tx, c); err != nil {
		return errors.Join(fmt.Errorf("store: commit: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	return nil
}

// apply goes from what is referred to, to what refers to it.
func apply(tx *sql.Tx, c book.Change) error {
	for _, r := range c.Records {
		if !validName(r.Name) {
			return fmt.Errorf("%w: no record may be called %q", ErrConflict, r.Name)
		}
		value := r.Value
		if value == nil {
			value = []byte{}
		}
		if err := one(tx, "record "+r.Name, "INSERT INTO records (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", r.Name, value); err != nil {
			return err
		}
	}
	for _, p := range c.Imported {
		if err := one(tx, fmt.Sprintf("payout %q", p.ExternalID), "INSERT INTO payouts (external_id, counterparty, reference, amount_sat, script, imported, status, batch) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
			p.ExternalID, p.Counterparty, p.Reference, int64(p.Amount), p.Script, p.Imported, string(book.Pending)); err != nil {
			return err
		}
	}
	for _, b := range c.Drafted {
		if err := draft(tx, b); err != nil {
			return err
		}
	}
	for _, m := range c.Batches {
		if err := moveBatch(tx, m); err != nil {
			return err
		}
	}
	for _, m := range c.Payouts {
		var batch any
		if m.Batch != [32]byte{} {
			batch = m.Batch[:]
		}
		if err := one(tx, fmt.Sprintf("payout %q, to go from %s to %s", m.ExternalID, m.From, m.To), "UPDATE payouts SET status = ?, batch = ? WHERE external_id = ? AND status = ?",
			string(m.To), batch, m.ExternalID, string(m.From)); err != nil {
			return err
		}
	}
	for _, t := range c.Transactions {
		if err := one(tx, fmt.Sprintf("transaction %d of batch %s", t.Position, t.Batch), "INSERT OR REPLACE INTO transactions (batch, position, variant, txid, raw, height, block) VALUES (?, ?, ?, ?, ?, ?, ?)",
			t.Batch[:], t.Position, t.Variant, t.TxID[:], t.Raw, int64(t.Height), t.Block[:]); err != nil {
			return err
		}
	}
	if c.Receive == 0 {
		return nil
	}
	// The counter only grows: an address that was given out stays given out.
	return one(tx, "the counter of receive addresses", "INSERT INTO counters (name, value) VALUES ('receive', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > value", int64(c.Receive))
}

// draft takes in a new batch, or one that was discarded and is drafted again to
// the same facts, which has the same id.
func draft(tx *sql.Tx, b book.Batch) error {
	if err := one(tx, "batch "+b.ID.String(), `INSERT INTO batches (id, status, created, request, session) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, created = excluded.created, request = excluded.request WHERE status = 'discarded'`,
		b.ID[:], string(b.Status), b.Created, b.Request, b.Session[:]); err != nil {
		return err
	}
	for _, o := range b.Reserved {
		txid, vout := coin(o)
		if err := one(tx, "coin "+o.String(), "INSERT INTO reserved (txid, vout, batch) VALUES (?, ?, ?)", txid, vout, b.ID[:]); err != nil {
			return err
		}
	}
	return nil
}

func moveBatch(tx *sql.Tx, m book.BatchMove) error {
	var request any
	if m.Request != nil {
		request = m.Request
	}
	if err := one(tx, fmt.Sprintf("batch %s, to go from %s to %s", m.ID, m.From, m.To), "UPDATE batches SET status = ?, session = ?, request = COALESCE(?, request) WHERE id = ? AND status = ?",
		string(m.To), m.Session[:], request, m.ID[:], string(m.From)); err != nil {
		return err
	}
	if m.To.Unfinished() {
		return nil
	}
	_, err := tx.Exec("DELETE FROM reserved WHERE batch = ?", m.ID[:])
	return err
}

// one runs a statement that must change exactly one row.
func one(tx *sql.Tx, what, statement string, args ...any) error {
	result, err := tx.Exec(statement, args...)
	var broken *sqlite.Error
	if errors.As(err, &broken) && broken.Code()&0xff == sqlite3.SQLITE_CONSTRAINT {
		return fmt.Errorf("%w: %s: %s", ErrConflict, what, broken.Error())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n != 1 {
		return fmt.Errorf("%w: %s", ErrConflict, what)
	}
	return nil
}
