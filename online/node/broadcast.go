package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/mempool"
	"github.com/btcsuite/btcd/wire/v2"
)

// Reason says why a transaction was rejected, as far as a caller acts on it.
type Reason string

const (
	Malformed     Reason = "malformed"      // not one canonical serialized transaction
	MissingInputs Reason = "missing-inputs" // spends an output that does not exist
	Conflict      Reason = "conflict"       // spends an output that another transaction already spends
	FeeTooLow     Reason = "fee-too-low"    // below the relay minimum, or too little for a replacement
	Nonstandard   Reason = "nonstandard"    // valid, but no node relays it
	Invalid       Reason = "invalid"        // breaks consensus rules, for example a wrong signature
)

// Rejected is the error of Broadcast for a transaction that the chain does not take.
type Rejected struct {
	TxID         [32]byte // zero if malformed
	Reason       Reason
	ConflictTxID [32]byte // what spends the input instead; zero unless Reason is Conflict
	Detail       string
}

func (r *Rejected) Error() string {
	if r.Reason == Malformed {
		return fmt.Sprintf("node: broadcast: %s: %s", r.Reason, r.Detail)
	}
	return fmt.Sprintf("node: broadcast %s: %s: %s", chainhash.Hash(r.TxID), r.Reason, r.Detail)
}

// Broadcast offers a serialized transaction to the mempool. It is idempotent: one that
// is already in the mempool or in a block succeeds. On success the transaction is
// durable and is offered again at the next Open. A transaction that is not taken
// gives a *Rejected; any other error means that nothing is known about it.
func (e *Embedded) Broadcast(ctx context.Context, rawTx []byte) error {
	leave, err := e.enterToChange(ctx)
	if err != nil {
		return err
	}
	defer leave()
	tx, err := parseTx(rawTx)
	if err != nil {
		return &Rejected{Reason: Malformed, Detail: err.Error()}
	}
	return e.broadcast(tx)
}

// parseTx reads exactly one transaction in its only serialization.
func parseTx(raw []byte) (*btcutil.Tx, error) {
	if len(raw) > maxRecordBody {
		return nil, fmt.Errorf("longer than a block (%d bytes)", len(raw))
	}
	var msg wire.MsgTx
	reader := bytes.NewReader(raw)
	if err := msg.Deserialize(reader); err != nil {
		return nil, err
	}
	if reader.Len() != 0 {
		return nil, fmt.Errorf("%d bytes after the transaction", reader.Len())
	}
	var again bytes.Buffer
	if err := msg.Serialize(&again); err != nil {
		return nil, err
	}
	if !bytes.Equal(again.Bytes(), raw) {
		return nil, errors.New("not in canonical form")
	}
	return btcutil.NewTx(&msg), nil
}

func (e *Embedded) broadcast(tx *btcutil.Tx) error {
	if e.knows(tx) {
		return nil
	}
	if err := e.accept(tx); err != nil {
		return err
	}
	var body bytes.Buffer
	if err := tx.MsgTx().Serialize(&body); err != nil {
		return e.fail(fmt.Errorf("node: broadcast: %w", err))
	}
	if err := e.journal.add(record{transactionRecord, body.Bytes()}); err != nil {
		return e.fail(err)
	}
	if err := e.journal.sync(); err != nil {
		return e.fail(err)
	}
	return nil
}

// fail records that memory is ahead of the disk. Going on would acknowledge effects
// that a restart forgets.
func (e *Embedded) fail(err error) error {
	e.failed = err
	return err
}

func (e *Embedded) knows(tx *btcutil.Tx) bool {
	_, confirmed := e.index.heights[*tx.Hash()]
	return confirmed || e.pool.IsTransactionInPool(tx.Hash())
}

// accept puts a transaction into the mempool, or says why not.
func (e *Embedded) accept(tx *btcutil.Tx) error {
	if rejected := e.checkInputs(tx); rejected != nil {
		return rejected
	}
	// rateLimit is what makes the relay minimum hold: with a limit of 0 no cheaper
	// transaction passes.
	if _, err := e.pool.ProcessTransaction(tx, false, true, 0); err != nil {
		return e.rejection(tx, err)
	}
	e.pending = append(e.pending, tx)
	e.prunePending() // it may have replaced others
	return nil
}

// checkInputs names missing and spent inputs, which btcd reports alike.
// Inputs that a mempool transaction spends are left to the replacement rules.
func (e *Embedded) checkInputs(tx *btcutil.Tx) *Rejected {
	for _, in := range tx.MsgTx().TxIn {
		outPoint := in.PreviousOutPoint
		if by, ok := e.index.spentBy[outPoint]; ok {
			return &Rejected{
				TxID: *tx.Hash(), Reason: Conflict, ConflictTxID: by,
				Detail: fmt.Sprintf("input %s was spent by %s, which is confirmed", outPoint, by),
			}
		}
		if !e.outputExists(outPoint) {
			return &Rejected{
				TxID: *tx.Hash(), Reason: MissingInputs,
				Detail: fmt.Sprintf("input %s does not exist", outPoint),
			}
		}
	}
	return nil
}

func (e *Embedded) outputExists(outPoint wire.OutPoint) bool {
	if _, ok := e.index.coins[outPoint]; ok {
		return true
	}
	parent, err := e.pool.FetchTransaction(&outPoint.Hash)
	return err == nil && outPoint.Index < uint32(len(parent.MsgTx().TxOut))
}

func (e *Embedded) rejection(tx *btcutil.Tx, err error) error {
	rejected := &Rejected{TxID: *tx.Hash(), Reason: Invalid, Detail: err.Error()}
	var rule mempool.RuleError
	if !errors.As(err, &rule) {
		return fmt.Errorf("node: broadcast %s: %w", tx.Hash(), err)
	}
	var policy mempool.TxRuleError
	if !errors.As(rule.Err, &policy) {
		return rejected
	}
	switch policy.RejectCode {
	case wire.RejectInsufficientFee:
		rejected.Reason = FeeTooLow
	case wire.RejectNonstandard, wire.RejectDust:
		rejected.Reason = Nonstandard
	case wire.RejectDuplicate:
		rejected.Reason = Conflict
		for _, in := range tx.MsgTx().TxIn {
			if by, ok := e.spender(in.PreviousOutPoint); ok {
				rejected.ConflictTxID = by
				break
			}
		}
	}
	return rejected
}

// prunePending drops what the mempool no longer holds: mined, replaced, conflicting.
func (e *Embedded) prunePending() {
	e.pending = slices.DeleteFunc(e.pending, func(tx *btcutil.Tx) bool {
		return !e.pool.IsTransactionInPool(tx.Hash())
	})
}

// replayBlocks gives the chain the journal's blocks that its database had not yet
// written. They are validated in full, like new ones.
func (e *Embedded) replayBlocks(records []record) error {
	for _, r := range records {
		if r.kind != blockRecord {
			continue
		}
		block, err := btcutil.NewBlockFromBytes(r.body)
		if err != nil {
			return fmt.Errorf("node: open: read a block of the journal: %w", err)
		}
		known, err := e.chain.HaveBlock(block.Hash())
		if err != nil {
			return fmt.Errorf("node: open: look up a block of the journal: %w", err)
		}
		if known {
			continue
		}
		onMain, orphan, err := e.chain.ProcessBlock(block, blockchain.BFNone)
		if err != nil {
			return fmt.Errorf("node: open: connect block %s of the journal (is the clock behind?): %w", block.Hash(), err)
		}
		if orphan || !onMain {
			return fmt.Errorf("node: open: connect block %s of the journal: it does not extend the chain (regtest coins are worthless: delete the folder to start afresh)", block.Hash())
		}
	}
	return nil
}

// replayTransactions offers the journal's transactions again. One that is confirmed,
// was replaced or now conflicts is dropped, as any node drops it.
func (e *Embedded) replayTransactions(records []record) error {
	for _, r := range records {
		if r.kind != transactionRecord {
			continue
		}
		tx, err := parseTx(r.body)
		if err != nil {
			return fmt.Errorf("node: open: read a transaction of the journal: %w", err)
		}
		if e.knows(tx) {
			continue
		}
		var rejected *Rejected
		if err := e.accept(tx); err != nil && !errors.As(err, &rejected) {
			return fmt.Errorf("node: open: offer a transaction of the journal again: %w", err)
		}
	}
	return nil
}
