package coordinator

import (
	"context"
	"errors"
	"fmt"

	"heliograph/shared/batch"

	"heliograph/online/coordinator/book"
)

// Broadcast offers a signed batch's transactions to the network. variant chooses
// a step of each transaction's fee ladder; one that has fewer gives its last.
// What is to be broadcast is kept first, so that a process killed meanwhile
// goes on with it at its next start. It can be called again at any time.
func (c *Coordinator) Broadcast(ctx context.Context, chain Chain, ref string, variant int) (book.Batch, error) {
	state, b, err := c.find(ref)
	if err != nil {
		return b, err
	}
	switch b.Status {
	case book.BatchConfirmed:
		return b, nil
	case book.BatchSigned, book.BatchBroadcast:
	default:
		return b, fmt.Errorf("coordinator: broadcast batch %d: it is %s: sign it first (heliograph batch sign %d)", b.Number, b.Status, b.Number)
	}
	if variant < 0 || variant >= batch.MaxVariants {
		return b, fmt.Errorf("coordinator: broadcast batch %d: there is no variant %d", b.Number, variant)
	}
	v, err := c.verify(b)
	if err != nil {
		return b, err
	}
	signatures, err := c.signatures(b)
	if err != nil {
		return b, err
	}
	change := book.Change{Batches: []book.BatchMove{{ID: b.ID, From: b.Status, To: book.BatchBroadcast, Session: b.Session}}}
	for _, t := range transactionsOf(state, b.ID) {
		if t.Height > 0 {
			continue // in a block: no other variant can follow
		}
		chosen, err := finalise(b, v, signatures, t.Position, max(variant, t.Variant))
		if err != nil {
			return b, err
		}
		change.Transactions = append(change.Transactions, chosen)
	}
	for _, p := range state.Payouts {
		if p.Batch == b.ID && p.Status == book.Signed {
			change.Payouts = append(change.Payouts, book.PayoutMove{ExternalID: p.ExternalID, From: book.Signed, To: book.Broadcast, Batch: b.ID})
		}
	}
	if err := c.store.Commit(change); err != nil {
		return b, err
	}
	b.Status = book.BatchBroadcast
	return b, c.offer(ctx, chain, change.Transactions)
}

// offer broadcasts transactions that are kept. One that fails does not keep the
// others back.
func (c *Coordinator) offer(ctx context.Context, chain Chain, transactions []book.Transaction) error {
	var errs []error
	for _, t := range transactions {
		if err := chain.Broadcast(ctx, t.Raw); err != nil {
			errs = append(errs, fmt.Errorf("coordinator: broadcast transaction %d: %w", t.Position, err))
		}
	}
	return errors.Join(errs...)
}

// Resume broadcasts again what was broadcast and is in no block. It is called
// whenever the coordinator starts with a chain.
func (c *Coordinator) Resume(ctx context.Context, chain Chain) error {
	state, err := c.store.Load()
	if err != nil {
		return err
	}
	var open []book.Transaction
	for _, b := range state.Batches {
		if b.Status != book.BatchBroadcast {
			continue
		}
		for _, t := range transactionsOf(state, b.ID) {
			status, err := chain.Status(ctx, t.TxID)
			if err != nil {
				return err
			}
			if t.Height == 0 && !status.InMempool && status.Height == 0 {
				open = append(open, t)
			}
		}
	}
	return c.offer(ctx, chain, open)
}

// Track looks a batch's transactions up, in every variant, and keeps which of
// them are in a block. The batch is confirmed when all are.
func (c *Coordinator) Track(ctx context.Context, chain Chain, ref string) (book.Batch, error) {
	state, b, err := c.find(ref)
	if err != nil {
		return b, err
	}
	if b.Status != book.BatchBroadcast {
		return b, nil // nothing is on its way, or all has arrived
	}
	v, err := c.verify(b)
	if err != nil {
		return b, err
	}
	signatures, err := c.signatures(b)
	if err != nil {
		return b, err
	}
	var change book.Change
	open := 0
	for _, t := range transactionsOf(state, b.ID) {
		if t.Height > 0 {
			continue
		}
		variant, status, err := seen(ctx, chain, v, t.Position)
		if err != nil {
			return b, err
		}
		if status.Height == 0 {
			open++
			continue
		}
		done, err := finalise(b, v, signatures, t.Position, variant)
		if err != nil {
			return b, err
		}
		done.Height, done.Block = status.Height, status.Block
		change.Transactions = append(change.Transactions, done)
		for _, out := range v.Transactions()[t.Position].Outputs() {
			if out.Change {
				continue
			}
			change.Payouts = append(change.Payouts, book.PayoutMove{ExternalID: v.Request().Payments[out.Payment].ExternalID, From: book.Broadcast, To: book.Confirmed, Batch: b.ID})
		}
	}
	if open == 0 {
		b.Status = book.BatchConfirmed
		change.Batches = []book.BatchMove{{ID: b.ID, From: book.BatchBroadcast, To: b.Status, Session: b.Session}}
	}
	if len(change.Transactions) == 0 && open > 0 {
		return b, nil
	}
	return b, c.store.Commit(change)
}

// seen finds the variant of a transaction that is in a block: at most one is,
// because all spend the same coins.
func seen(ctx context.Context, chain Chain, v batch.Verified, position int) (int, TxStatus, error) {
	for i, variant := range v.Transactions()[position].Variants() {
		status, err := chain.Status(ctx, variant.TxID())
		if err != nil || status.Height > 0 {
			return i, status, err
		}
	}
	return 0, TxStatus{}, nil
}
