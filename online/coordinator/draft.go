package coordinator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/policy"

	"heliograph/online/coordinator/book"
)

// DraftOptions say how payouts become transactions.
type DraftOptions struct {
	FeeRateSatPerKvB int64 // of the first variant
	MaxOutputs       int   // per transaction, change included
	Lifetime         int64 // seconds from drafting to expiry
	Ladder           int   // variants of each transaction that has change, 1 to batch.MaxVariants
}

// Waiting is a payout that cannot be drafted now, and why.
type Waiting struct {
	ExternalID string `json:"external_id"`
	Why        string `json:"why"`
}

// Drafted is what a draft came to.
type Drafted struct {
	Batch    book.Batch
	Verified batch.Verified
	Verdict  policy.Verdict
	Needs    []Need // before the stations sign it
	Waiting  []Waiting
}

// Refused says that the charter does not allow a batch: no station would sign
// it.
type Refused struct {
	Verdict policy.Verdict
	Needs   []Need // if this is all that is lacking: what would make it allowed
}

func (r *Refused) Error() string {
	var sentences []string
	for _, l := range r.Verdict.Refusals() {
		sentences = append(sentences, l.Sentence())
	}
	if len(r.Needs) > 0 {
		return "the charter does not allow this batch yet:\n  " + strings.Join(sentences, "\n  ")
	}
	return "the charter refuses this batch, and so would every station:\n  " + strings.Join(sentences, "\n  ")
}

// ErrNothingPending says that there is no payout to draft.
var ErrNothingPending = errors.New("no payout can be drafted now")

// Draft puts all pending payouts, as far as they can be paid now, into one batch
// of several transactions, and keeps it. It is judged first by the charter and
// by everything that stations released so far: a *Refused means that nothing
// was drafted. What only people, stations or time have to give yet is no reason
// not to draft: they can sign only about what is drafted. Coins of unfinished batches and coins that are not confirmed are
// not touched.
//
// A payout that any station has released before is bound to its anchor for
// ever: it is drafted to spend that coin again, or waits.
func (c *Coordinator) Draft(ctx context.Context, chain Chain, blocks Blocks, o DraftOptions) (Drafted, error) {
	d, err := c.propose(ctx, chain, blocks, o)
	if err != nil {
		return Drafted{}, err
	}
	needs, against := d.judged.needs()
	if len(against) > 0 {
		return Drafted{}, &Refused{Verdict: d.judged.Verdict}
	}
	if err := enoughNonces(d.desk, d.public, d.verified.Inputs()); err != nil {
		return Drafted{}, err
	}
	b, err := c.keepDraft(d.facts, d.verified, d.judged.evidence.Claims)
	return Drafted{Batch: b, Verified: d.verified, Verdict: d.judged.Verdict, Needs: needs, Waiting: d.waiting}, err
}

// propose drafts and judges, and keeps nothing. What the charter refuses is no
// error here.
func (c *Coordinator) propose(ctx context.Context, chain Chain, blocks Blocks, o DraftOptions) (*drafter, error) {
	if o.Ladder < 1 || o.Ladder > batch.MaxVariants {
		return nil, fmt.Errorf("coordinator: draft: a ladder of %d variants, want 1 to %d", o.Ladder, batch.MaxVariants)
	}
	if o.Lifetime < 60 {
		return nil, errors.New("coordinator: draft: a lifetime below one minute leaves no time to sign")
	}
	desk, p, err := c.desk()
	if err != nil {
		return nil, err
	}
	snapshot, err := desk.Ledger().Snapshot(desk.Heads())
	if err != nil {
		return nil, fmt.Errorf("coordinator: draft: not every station has shown its first nonce pool (run heliograph keygen again): %w", err)
	}
	state, err := c.store.Load()
	if err != nil {
		return nil, err
	}
	d := &drafter{options: o, desk: desk, public: p, snapshot: snapshot, state: state}
	if err := d.gather(ctx, chain); err != nil {
		return nil, err
	}
	if err := d.plan(); err != nil {
		return nil, err
	}
	if d.facts, err = d.request(c.now()); err != nil {
		return nil, err
	}
	if d.verified, err = d.facts.Verify(p.Wallet); err != nil {
		return nil, fmt.Errorf("coordinator: draft: %w", err)
	}
	claims, err := c.claims(ctx, chain, blocks, p, state, d.verified)
	if err != nil {
		return nil, err
	}
	d.judged, err = c.judge(desk, p, d.verified, nil, claims)
	return d, err
}

// enoughNonces asks for a quorum before anyone walks.
func enoughNonces(desk *signing.Desk, p standing, slots int) error {
	have := 0
	var lines []string
	for _, s := range stations(desk, p) {
		if s.Unused >= slots {
			have++
		}
		lines = append(lines, fmt.Sprintf("station %d has %d", s.Number, s.Unused))
	}
	if t := int(p.Charter.Document().Threshold); have < t {
		return fmt.Errorf("coordinator: it takes %d nonces at each of %d stations (%s): draft with fewer variants (--ladder), or sign and finish other batches first, which refills the pools", slots, t, strings.Join(lines, ", "))
	}
	return nil
}

func (c *Coordinator) keepDraft(r batch.Request, v batch.Verified, claims policy.Claims) (book.Batch, error) {
	facts, err := r.Encode()
	if err != nil {
		return book.Batch{}, err
	}
	b := book.Batch{ID: v.ID(), Status: book.BatchDrafted, Created: r.Time, Request: facts}
	for _, t := range r.Transactions {
		for _, in := range t.Inputs {
			b.Reserved = append(b.Reserved, in.OutPoint)
		}
	}
	record, err := claimsRecord(v.ID(), claims)
	if err != nil {
		return book.Batch{}, err
	}
	change := book.Change{Records: []ceremonies.Record{record}, Drafted: []book.Batch{b}}
	for _, payment := range r.Payments {
		change.Payouts = append(change.Payouts, book.PayoutMove{ExternalID: payment.ExternalID, From: book.Pending, To: book.Drafted, Batch: b.ID})
	}
	if err := c.store.Commit(change); err != nil {
		return book.Batch{}, err
	}
	_, b, err = c.find(b.ID.String())
	return b, err
}
