package coordinator

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
	"heliograph/online/coordinator/coins"
)

// ladderStep is how much a variant's fee is above that of the one before: half
// as much again, and never less than 1 sat/vB, the least that nodes ask of a
// replacement (Bitcoin Core: -incrementalrelayfee).
func ladderStep(fee, vsize batch.Amount) batch.Amount { return fee + max(fee/2, vsize) }

// minChange is the change that coin selection aims at, in sat: small enough to
// keep coins together, large enough to be worth spending.
const minChange = 50_000

// drafter gathers what a draft is made of.
type drafter struct {
	options  DraftOptions
	desk     *signing.Desk
	public   standing
	snapshot ledger.Snapshot
	state    book.State

	coins   []coins.Coin                  // confirmed and free
	payouts []book.Payout                 // to be drafted now: bound ones first, then in order of import
	bound   map[batch.OutPoint][]int      // indices of payouts, by the anchor they are bound to
	anchors map[batch.OutPoint]coins.Coin // of bound
	free    []int                         // indices of payouts that are bound to nothing yet
	pending int                           // coins that are on their way, for a better error
	waiting []Waiting
	plans   []anchored

	facts    batch.Request // what the plans state
	verified batch.Verified
	judged   judged
}

// anchored is a transaction to be made, and the input its payouts are bound to.
type anchored struct {
	payments  []int // indices of payouts
	selection coins.Selection
	anchor    uint32
}

func (d *drafter) gather(ctx context.Context, chain Chain) error {
	where, scripts, err := places(d.public.Wallet, d.state, d.public.Charter.Document().Gap)
	if err != nil {
		return err
	}
	unspent, err := chain.Coins(ctx, scripts)
	if err != nil {
		return err
	}
	available := make(map[batch.OutPoint]coins.Coin)
	for _, u := range unspent {
		at, ours := where[string(u.Script)]
		if _, reserved := d.state.Reserved[u.OutPoint]; reserved || !ours {
			continue
		}
		if !u.Spendable {
			d.pending++
			continue
		}
		available[u.OutPoint] = coins.Coin{TxID: u.TxID, Vout: u.Vout, AmountSat: int64(u.Amount), Chain: uint32(at.chain), Index: at.index}
	}
	d.sort(available)
	for _, coin := range available {
		d.coins = append(d.coins, coin)
	}
	slices.SortFunc(d.coins, func(a, b coins.Coin) int {
		return bytes.Compare(outPoint(a), outPoint(b))
	})
	if len(d.payouts) == 0 {
		return d.nothing()
	}
	return nil
}

func outPoint(c coins.Coin) []byte {
	b := batch.OutPoint{TxID: c.TxID, Vout: c.Vout}.Bytes()
	return b[:]
}

// sort divides the pending payouts into those that are bound to an anchor that
// is available, those that are bound to nothing, and those that wait. Payouts
// with one anchor go together or not at all: once it is spent, whoever was left
// behind could never be paid. Anchors leave the available coins, also those of
// payouts that wait.
func (d *drafter) sort(available map[batch.OutPoint]coins.Coin) {
	d.bound, d.anchors = make(map[batch.OutPoint][]int), make(map[batch.OutPoint]coins.Coin)
	groups := make(map[batch.OutPoint][]book.Payout)
	var order []batch.OutPoint
	var free []book.Payout
	for _, p := range d.state.Payouts {
		if p.Status != book.Pending {
			continue
		}
		id := [32]byte(batch.NewPayoutID(d.public.Wallet.ID(), p.ExternalID))
		raw, bound := d.snapshot.Anchor(id)
		if !bound {
			free = append(free, p)
			continue
		}
		anchor := batch.OutPoint{TxID: [32]byte(raw[:32]), Vout: binary.LittleEndian.Uint32(raw[32:])}
		if !d.snapshot.BoundTo(id, raw) {
			d.wait(p, "stations have bound it to different coins: examine them")
			continue
		}
		if len(groups[anchor]) == 0 {
			order = append(order, anchor)
		}
		groups[anchor] = append(groups[anchor], p)
	}
	for _, anchor := range order {
		d.group(anchor, groups[anchor], available)
	}
	said := false
	for _, p := range free {
		_, says := batch.Data(p.Script)
		if len(d.payouts) == batch.MaxPayments {
			d.wait(p, batchIsFull)
			continue
		}
		if says && said {
			d.wait(p, "a batch has one OP_RETURN output that is new; it comes into the next")
			continue
		}
		said = said || says
		d.free = append(d.free, len(d.payouts))
		d.payouts = append(d.payouts, p)
	}
}

// batchIsFull is why payouts beyond batch.MaxPayments wait.
const batchIsFull = "the batch has as many payouts as one person can be asked to review; it comes into the next"

func (d *drafter) wait(p book.Payout, why string) {
	d.waiting = append(d.waiting, Waiting{p.ExternalID, why})
}

// group takes in the payouts of one anchor, or lets them all wait.
func (d *drafter) group(anchor batch.OutPoint, members []book.Payout, available map[batch.OutPoint]coins.Coin) {
	coin, there := available[anchor]
	delete(available, anchor)
	why := ""
	switch {
	case !there:
		why = "it was released before and is bound to the coin " + anchor.String() + ", which cannot be spent now; if it is spent, see first whether that paid this payout: asked for under another id it would be paid twice"
	case len(d.payouts)+len(members) > batch.MaxPayments:
		why = batchIsFull
	}
	for _, p := range members {
		if why != "" {
			d.wait(p, why)
			continue
		}
		d.anchors[anchor] = coin
		d.bound[anchor] = append(d.bound[anchor], len(d.payouts))
		d.payouts = append(d.payouts, p)
	}
}

func (d *drafter) nothing() error {
	err := fmt.Errorf("coordinator: draft: %w", ErrNothingPending)
	for _, w := range d.waiting {
		err = fmt.Errorf("%w\n  %s waits: %s", err, w.ExternalID, w.Why)
	}
	return err
}

// plan selects coins: first for each anchor, whose payouts go together, then
// for the rest.
func (d *drafter) plan() error {
	var anchors []batch.OutPoint
	for a := range d.bound {
		anchors = append(anchors, a)
	}
	slices.SortFunc(anchors, func(a, b batch.OutPoint) int { return d.bound[a][0] - d.bound[b][0] })
	left := d.coins
	for _, a := range anchors {
		selection, err := coins.Select(left, coins.Target{
			Payments: d.payments(d.bound[a]), Required: []coins.Coin{d.anchors[a]},
			FeeRateSatPerKvB: d.options.FeeRateSatPerKvB, MinChangeSat: minChange,
		})
		if err != nil {
			return d.explain(err)
		}
		at := slices.Index(selection.Inputs, d.anchors[a])
		if at < 0 {
			return errors.New("coordinator: draft: the anchor was not selected: internal error")
		}
		d.plans = append(d.plans, anchored{payments: d.bound[a], selection: selection, anchor: uint32(at)})
		left = slices.DeleteFunc(slices.Clone(left), func(c coins.Coin) bool { return slices.Contains(selection.Inputs, c) })
	}
	if len(d.free) == 0 {
		return nil
	}
	plans, err := coins.Plan(d.payments(d.free), left, coins.Options{
		FeeRateSatPerKvB: d.options.FeeRateSatPerKvB, MinChangeSat: minChange, MaxOutputs: d.options.MaxOutputs,
	})
	if err != nil {
		return d.explain(err)
	}
	for _, p := range plans {
		payments := make([]int, len(p.Payments))
		for i, n := range p.Payments {
			payments[i] = d.free[n]
		}
		d.plans = append(d.plans, anchored{payments: payments, selection: p.Selection})
	}
	return nil
}

func (d *drafter) explain(err error) error {
	err = fmt.Errorf("coordinator: draft: %w", err)
	if d.pending > 0 {
		err = fmt.Errorf("%w (%d more coins are not confirmed yet: wait for a block)", err, d.pending)
	}
	if len(d.state.Reserved) > 0 {
		err = fmt.Errorf("%w (%d coins are in batches that are not finished)", err, len(d.state.Reserved))
	}
	return err
}

func (d *drafter) payments(indices []int) []coins.Payment {
	out := make([]coins.Payment, len(indices))
	for i, n := range indices {
		p := d.payouts[n]
		out[i] = coins.Payment{ID: p.ExternalID, AmountSat: int64(p.Amount), Script: p.Script}
	}
	return out
}

// request states the plans as facts.
func (d *drafter) request(now int64) (batch.Request, error) {
	r := batch.Request{
		Wallet: d.public.Wallet.ID(), Charter: d.public.Charter.ID(),
		Time: now, Expiry: now + d.options.Lifetime,
	}
	for _, p := range d.payouts {
		r.Payments = append(r.Payments, batch.Payment{ExternalID: p.ExternalID, Counterparty: p.Counterparty, Reference: p.Reference, Amount: p.Amount, Script: p.Script})
	}
	taken, err := changeIndices(d.state)
	if err != nil {
		return batch.Request{}, err
	}
	next := d.snapshot.ChangeWithin(d.public.Charter.Document().Gap)
	for _, plan := range d.plans {
		t := batch.Transaction{Anchor: plan.anchor, Variants: []batch.Variant{{}}}
		for _, in := range plan.selection.Inputs {
			t.Inputs = append(t.Inputs, batch.Input{OutPoint: batch.OutPoint{TxID: in.TxID, Vout: in.Vout}, Amount: batch.Amount(in.AmountSat), Chain: uint8(in.Chain), Index: in.Index})
		}
		for _, n := range plan.payments {
			t.Payments = append(t.Payments, uint32(n))
		}
		if plan.selection.ChangeSat > 0 {
			for taken[next] {
				next++
			}
			taken[next] = true
			t.Change = &batch.Change{Index: next, At: changePosition(t)}
			t.Variants = d.ladder(plan.selection)
		}
		r.Transactions = append(r.Transactions, t)
	}
	return r, nil
}

// ladder is the change of each variant. It ends early where the change would be
// dust.
func (d *drafter) ladder(s coins.Selection) []batch.Variant {
	change, fee := batch.Amount(s.ChangeSat), batch.Amount(s.FeeSat)
	out := []batch.Variant{{Change: change}}
	for len(out) < d.options.Ladder {
		more := ladderStep(fee, batch.Amount(s.VSize))
		change -= more - fee
		if change < dustTaproot {
			break
		}
		out, fee = append(out, batch.Variant{Change: change}), more
	}
	return out
}

// dustTaproot is the least change, in sat (Bitcoin Core's limit for P2TR).
const dustTaproot = 330

// changePosition puts the change anywhere among the outputs, so that it does not
// stand out, yet at the same place whenever the same facts are drafted.
func changePosition(t batch.Transaction) uint32 {
	var b []byte
	for _, in := range t.Inputs {
		o := in.OutPoint.Bytes()
		b = append(b, o[:]...)
	}
	h := wire.TaggedHash("Heliograph/change-position/v1", b)
	return binary.BigEndian.Uint32(h[:4]) % uint32(len(t.Payments)+1)
}
