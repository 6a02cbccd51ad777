package coordinator_test

import (
	"context"
	"testing"

	"heliograph/ceremonies/keygen"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
	"heliograph/online/verifier"
)

// verify lets the independent verifier read the chain.
func (y *treasury) verify(p keygen.Public, rows ...coordinator.Row) {
	y.t.Helper()
	state, err := y.State()
	must(y.t, err)
	scripts := make(map[string][]byte)
	amounts := make(map[string]int64)
	for _, payout := range state.Payouts {
		scripts[payout.ExternalID], amounts[payout.ExternalID] = payout.Script, int64(payout.Amount)
	}
	var payouts []verifier.Payout
	for _, r := range rows {
		payouts = append(payouts, verifier.Payout{ExternalID: r.ExternalID, Script: scripts[r.ExternalID], AmountSat: amounts[r.ExternalID]})
	}
	report, err := verifier.Verify(p, y.blocks(), payouts)
	must(y.t, err)
	if len(report.Findings) > 0 || report.Payouts != len(rows) {
		y.t.Fatalf("the verifier: %+v", report)
	}
}

func (y *treasury) blocks() [][]byte {
	y.t.Helper()
	tip, err := y.chain.Tip(context.Background())
	must(y.t, err)
	var raw [][]byte
	for h := range tip + 1 {
		b, err := y.chain.node.RawBlock(context.Background(), h)
		must(y.t, err)
		raw = append(raw, b)
	}
	return raw
}

// A treasury from nothing to confirmed payouts, twice, on a real chain and a
// real store; an independent verifier agrees.
func TestWholePath(t *testing.T) {
	t.Parallel()
	y := newTreasury(t, 2, 3)
	p := y.make()
	ctx := t.Context()
	y.fund(1_000_000, 12)
	var paid []coordinator.Row
	for round, label := range []string{"first", "second"} {
		paid = append(paid, y.owe(label, 300_000, 8)...)
		d := y.draft(plain)
		if n := len(d.Verified.Transactions()); n < 2 {
			t.Fatalf("%d transactions", n)
		}
		b, err := y.Sign(ctx, y.people, d.Batch.ID.String(), coordinator.SignOptions{Quorum: []int{round, 2}})
		must(t, err)
		if b.Status != book.BatchSigned {
			t.Fatalf("signed, the batch is %s", b.Status)
		}
		b, err = y.Broadcast(ctx, y.chain, b.ID.String(), 0)
		must(t, err)
		if b, err = y.Track(ctx, y.chain, b.ID.String()); err != nil || b.Status != book.BatchBroadcast {
			t.Fatalf("before a block the batch is %s (%v)", b.Status, err)
		}
		must(t, y.chain.node.Mine(ctx, 1))
		if b, err = y.Track(ctx, y.chain, b.ID.String()); err != nil || b.Status != book.BatchConfirmed {
			t.Fatalf("in a block the batch is %s (%v)", b.Status, err)
		}
		y.people.world.Now += 60
		y.open()
	}
	y.statuses(book.Confirmed)
	y.verify(p, paid...)
	balance, err := y.Balance(ctx, y.chain)
	must(t, err)
	if balance.Reserved != 0 || balance.Confirmed < 12_000_000-2*8*300_100-40_000 {
		t.Fatalf("left: %+v", balance)
	}
}
