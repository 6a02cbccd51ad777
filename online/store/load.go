package store

import (
	"database/sql"
	"errors"
	"fmt"

	"heliograph/shared/batch"

	"heliograph/online/coordinator/book"
)

// Load reads the whole book, as of one moment.
func (s *Store) Load() (book.State, error) {
	tx, err := s.db.Begin()
	if err != nil {
		return book.State{}, fmt.Errorf("store: load: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	state := book.State{Reserved: make(map[batch.OutPoint]batch.ID)}
	for _, read := range []func(*sql.Tx, *book.State) error{loadPayouts, loadBatches, loadTransactions, loadReserved, loadCounters} {
		if err := read(tx, &state); err != nil {
			return book.State{}, fmt.Errorf("store: load: %w", err)
		}
	}
	return state, nil
}

// each calls scan for every row of a query.
func each(tx *sql.Tx, query string, scan func(*sql.Rows) error) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func loadPayouts(tx *sql.Tx, s *book.State) error {
	return each(tx, "SELECT external_id, counterparty, reference, amount_sat, script, imported, status, batch FROM payouts ORDER BY ordinal", func(r *sql.Rows) error {
		var p book.Payout
		var in []byte
		if err := r.Scan(&p.ExternalID, &p.Counterparty, &p.Reference, (*int64)(&p.Amount), &p.Script, &p.Imported, (*string)(&p.Status), &in); err != nil {
			return err
		}
		copy(p.Batch[:], in)
		s.Payouts = append(s.Payouts, p)
		return nil
	})
}

func loadBatches(tx *sql.Tx, s *book.State) error {
	return each(tx, "SELECT number, id, status, created, request, session FROM batches ORDER BY number", func(r *sql.Rows) error {
		var b book.Batch
		var id, session []byte
		if err := r.Scan(&b.Number, &id, (*string)(&b.Status), &b.Created, &b.Request, &session); err != nil {
			return err
		}
		copy(b.ID[:], id)
		copy(b.Session[:], session)
		s.Batches = append(s.Batches, b)
		return nil
	})
}

func loadTransactions(tx *sql.Tx, s *book.State) error {
	return each(tx, "SELECT t.batch, t.position, t.variant, t.txid, t.raw, t.height, t.block FROM transactions t JOIN batches b ON b.id = t.batch ORDER BY b.number, t.position", func(r *sql.Rows) error {
		var t book.Transaction
		var in, txid, block []byte
		if err := r.Scan(&in, &t.Position, &t.Variant, &txid, &t.Raw, &t.Height, &block); err != nil {
			return err
		}
		copy(t.Batch[:], in)
		copy(t.TxID[:], txid)
		copy(t.Block[:], block)
		s.Transactions = append(s.Transactions, t)
		return nil
	})
}

func loadReserved(tx *sql.Tx, s *book.State) error {
	return each(tx, "SELECT txid, vout, batch FROM reserved", func(r *sql.Rows) error {
		var o batch.OutPoint
		var in batch.ID
		var txid, id []byte
		if err := r.Scan(&txid, &o.Vout, &id); err != nil {
			return err
		}
		copy(o.TxID[:], txid)
		copy(in[:], id)
		s.Reserved[o] = in
		return nil
	})
}

func loadCounters(tx *sql.Tx, s *book.State) error {
	err := tx.QueryRow("SELECT value FROM counters WHERE name = 'receive'").Scan(&s.Receive)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
