package coordinator_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"heliograph/shared/batch"
	"heliograph/shared/charter"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// A batch that the charter refuses is not kept, and says which rule refuses it.
// Cancelling what is too much makes it pass.
func TestDraftRefusedByTheCharter(t *testing.T) {
	y := ready(t)
	y.fund(20_000_000, 3)
	rows := y.owe("much", 16_000_000, 2)
	_, err := y.Draft(t.Context(), y.chain, y.chain, plain)
	refused, ok := errors.AsType[*coordinator.Refused](err)
	if !ok || !strings.Contains(refused.Error(), "cap/day") {
		t.Fatalf("%v", err)
	}
	state := y.state()
	if len(state.Batches) != 0 || len(state.Reserved) != 0 {
		t.Fatal("a refused draft was kept")
	}
	y.statuses(book.Pending)
	must(t, y.Cancel(rows[0].ExternalID))
	y.draft(plain)
	// A payout in a batch can be cancelled no more.
	if err := y.Cancel(rows[1].ExternalID); err == nil {
		t.Fatal("a drafted payout was cancelled")
	}
}

// Coins of a batch that is not finished are left alone, and so are coins that
// are in no block; the error says so.
func TestCoinsThatAreNotFree(t *testing.T) {
	t.Parallel()
	y := newTreasury(t, 2, 3)
	y.make()
	y.fund(1_000_000, 2)
	if _, err := y.Draft(t.Context(), y.chain, y.chain, plain); !errors.Is(err, coordinator.ErrNothingPending) {
		t.Fatalf("nothing is pending: %v", err)
	}
	y.owe("one", 900_000, 1)
	first := y.draft(plain)
	y.owe("two", 900_000, 1)
	second := y.draft(plain)
	if a, b := first.Verified.Transactions()[0].Inputs()[0], second.Verified.Transactions()[0].Inputs()[0]; a.OutPoint == b.OutPoint {
		t.Fatal("two batches spend one coin")
	}
	if a, b := first.Verified.Transactions()[0], second.Verified.Transactions()[0]; a.Anchor() == b.Anchor() {
		t.Fatal("two batches have one anchor")
	}
	y.owe("three", 900_000, 1)
	_, _, err := y.Fund(t.Context(), y.chain, 1_000_000, 1)
	must(t, err)
	_, err = y.Draft(t.Context(), y.chain, y.chain, plain)
	if err == nil || !strings.Contains(err.Error(), "1 more coins are not confirmed") || !strings.Contains(err.Error(), "2 coins are in batches") {
		t.Fatalf("%v", err)
	}
	balance, err := y.Balance(t.Context(), y.chain)
	must(t, err)
	if want := (coordinator.Balance{Unconfirmed: 1_000_000, Reserved: 2_000_000, Height: balance.Height}); balance != want {
		t.Fatalf("%+v", balance)
	}
}

// Change indices of batches that are not finished are not given out twice, and
// those of a discarded one are used again, so that the charter's gap holds.
func TestChangeIndices(t *testing.T) {
	y := ready(t)
	y.owe("x", 100_000, 1)
	d := y.draft(plain)
	spot, _, ok := d.Verified.Transactions()[0].Change()
	if !ok || spot.Index != 0 {
		t.Fatalf("change index %d", spot.Index)
	}
	_, err := y.Discard("1")
	must(t, err)
	must(t, y.Cancel("x-0"))
	y.owe("a", 100_000, 1)
	a := y.draft(plain)
	y.owe("b", 100_000, 1)
	b := y.draft(plain)
	spotA, _, _ := a.Verified.Transactions()[0].Change()
	spotB, _, _ := b.Verified.Transactions()[0].Change()
	if spotA.Index != 0 || spotB.Index != 1 {
		t.Fatalf("change indices %d and %d", spotA.Index, spotB.Index)
	}
}

// A ladder signs several fees at once. The lowest is broadcast first; raised, it
// is replaced in the mempool, and never comes back. Whichever is mined counts.
func TestFeeLadder(t *testing.T) {
	y := ready(t)
	rows := y.owe("ladder", 300_000, 4)
	o := plain
	o.Ladder = 3
	d := y.draft(o)
	variants := d.Verified.Transactions()[0].Variants()
	if len(variants) != 3 || variants[1].Fee() < variants[0].Fee()*3/2 || variants[2].Fee() < variants[1].Fee()*3/2 {
		t.Fatalf("%d variants", len(variants))
	}
	ctx := t.Context()
	_, err := y.Sign(ctx, y.people, "1", coordinator.SignOptions{})
	must(t, err)
	for _, variant := range []int{0, 2, 1} {
		_, err = y.Broadcast(ctx, y.chain, "1", variant)
		must(t, err)
	}
	for i, v := range variants {
		status, err := y.chain.Status(ctx, v.TxID())
		must(t, err)
		if status.InMempool != (i == 2) {
			t.Fatalf("variant %d in the mempool: %v", i, status.InMempool)
		}
	}
	must(t, y.chain.node.Mine(ctx, 1))
	_, err = y.Track(ctx, y.chain, "1")
	must(t, err)
	_, _, signed, err := y.Batch("1")
	must(t, err)
	if signed[0].Variant != 2 || signed[0].TxID != variants[2].TxID() || signed[0].Height == 0 {
		t.Fatalf("confirmed: %+v", signed[0])
	}
	p, err := y.Public()
	must(t, err)
	y.verify(p, rows...)
}

// A replacement that was thought lost is mined instead of the one that is kept:
// tracking finds it, because it looks all variants up.
func TestAnotherVariantConfirms(t *testing.T) {
	y := ready(t)
	y.owe("other", 300_000, 2)
	o := plain
	o.Ladder = 2
	d := y.draft(o)
	ctx := t.Context()
	_, err := y.Sign(ctx, y.people, "1", coordinator.SignOptions{})
	must(t, err)
	_, err = y.Broadcast(ctx, y.chain, "1", 0)
	must(t, err)
	must(t, y.chain.node.Mine(ctx, 1))
	// The book believes that the second variant was sent.
	late := missingBroadcast{y.chain}
	_, err = y.Broadcast(ctx, late, "1", 1)
	must(t, err)
	b, err := y.Track(ctx, y.chain, "1")
	must(t, err)
	_, _, signed, err := y.Batch("1")
	must(t, err)
	if b.Status != book.BatchConfirmed || signed[0].Variant != 0 || signed[0].TxID != d.Verified.Transactions()[0].Variants()[0].TxID() {
		t.Fatalf("%s, %+v", b.Status, signed[0])
	}
}

// missingBroadcast takes transactions and sends none.
type missingBroadcast struct{ chain }

func (missingBroadcast) Broadcast(context.Context, []byte) error { return nil }

// The process is killed after it kept what to broadcast and before it did. The
// next start broadcasts it.
func TestBroadcastAgainAtStart(t *testing.T) {
	y := ready(t)
	y.owe("again", 300_000, 2)
	d := y.draft(plain)
	ctx := t.Context()
	if _, err := y.Broadcast(ctx, y.chain, "1", 0); err == nil {
		t.Fatal("a batch without signatures was broadcast")
	}
	_, err := y.Sign(ctx, y.people, "1", coordinator.SignOptions{})
	must(t, err)
	_, err = y.Broadcast(ctx, failing{y.chain}, "1", 0)
	if !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	y.open()
	if b := y.state().Batches[0]; b.Status != book.BatchBroadcast {
		t.Fatalf("the batch is %s", b.Status)
	}
	must(t, y.Resume(ctx, y.chain))
	status, err := y.chain.Status(ctx, d.Verified.Transactions()[0].Variants()[0].TxID())
	must(t, err)
	if !status.InMempool {
		t.Fatal("it was not broadcast again")
	}
	must(t, y.Resume(ctx, failing{y.chain})) // nothing is left to send
	if _, err := y.Discard("1"); err == nil {
		t.Fatal("a broadcast batch was discarded")
	}
}

type failing struct{ chain }

func (failing) Broadcast(context.Context, []byte) error { return errCrash }

// PSBTs of both kinds are written for every variant, and can be read.
func TestPSBTs(t *testing.T) {
	y := ready(t)
	y.owe("psbt", 300_000, 8)
	o := plain
	o.Ladder = 2
	d := y.draft(o)
	variants := 0
	for _, tx := range d.Verified.Transactions() {
		variants += len(tx.Variants())
	}
	files, err := y.PSBTs("1")
	must(t, err)
	if len(files) != variants {
		t.Fatalf("%d files for %d variants", len(files), variants)
	}
	_, err = y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	must(t, err)
	files, err = y.PSBTs("1")
	must(t, err)
	if len(files) != 2*variants {
		t.Fatalf("signed: %d files for %d variants", len(files), variants)
	}
	for _, f := range files {
		r, err := y.Recognise(f.Bytes)
		must(t, err)
		if r.Batch != 1 || r.File != f.Name {
			t.Errorf("%s is recognised as %+v", f.Name, r)
		}
	}
}

// A PSBT comes back from elsewhere: one of this treasury that somebody wrote
// differently, one of another transaction, or one with a byte too many.
func TestRecognise(t *testing.T) {
	y := ready(t)
	y.owe("mine", 300_000, 2)
	y.draft(plain)
	mine, err := y.PSBTs("1")
	must(t, err)
	if _, err := y.Recognise(append(mine[0].Bytes[:len(mine[0].Bytes):len(mine[0].Bytes)], 0)); err == nil {
		t.Error("a PSBT with a trailing byte is read")
	}
	_, v, _, err := y.Batch("1")
	must(t, err)
	tx := v.Transactions()[0].Variants()[0].Tx()
	for later, want := range []coordinator.Recognised{{Batch: 1}, {}} {
		tx.LockTime += uint32(later)
		var unsigned bytes.Buffer
		must(t, tx.Serialize(&unsigned))
		bare := append([]byte("psbt\xff\x01\x00"), compact(unsigned.Len())...)
		bare = append(append(bare, unsigned.Bytes()...), 0)
		bare = append(bare, make([]byte, len(tx.TxIn)+len(tx.TxOut))...)
		r, err := y.Recognise(bare)
		must(t, err)
		if r != want {
			t.Errorf("lock time %d: recognised as %+v, want %+v", tx.LockTime, r, want)
		}
	}
}

// compact is a length as Bitcoin writes it, below 65,536.
func compact(n int) []byte {
	if n < 253 {
		return []byte{byte(n)}
	}
	return []byte{253, byte(n), byte(n >> 8)}
}

func TestFindingBatches(t *testing.T) {
	y := ready(t)
	y.owe("find", 300_000, 1)
	id := y.draft(plain).Batch.ID.String()
	for ref, found := range map[string]bool{"1": true, id: true, id[:8]: true, strings.ToUpper(id[:12]): true, id[:7]: false, "2": false, "": false, "01": false} {
		if _, _, _, err := y.Batch(ref); (err == nil) != found {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

// A payout that a batch would have to pay as dust, or to a stranger, is refused
// where it is imported: an external id is taken only once.
func TestCheckAgainstTheCharter(t *testing.T) {
	t.Parallel()
	y := newTreasury(t, 2, 3)
	stranger := coordinator.Row{Line: 2, ExternalID: "s", Counterparty: "Exchange", Address: address(t, payee(77)), AmountSat: "1000"}
	if _, problems, err := y.Check([]coordinator.Row{stranger}); err != nil || len(problems) != 0 {
		t.Fatalf("before there is a charter: %v %v", problems, err)
	}
	y.make()
	other := coordinator.Row{Line: 3, ExternalID: "o", Counterparty: "Vendor", Address: address(t, payee(1)), AmountSat: "1000"}
	_, problems, err := y.Check([]coordinator.Row{stranger, other})
	must(t, err)
	if len(problems) != 2 || problems[0].Column != coordinator.ColumnAddress || problems[1].Column != coordinator.ColumnCounterparty || problems[1].Line != 3 {
		t.Fatalf("%v", problems)
	}
	if _, problems, err := y.Import([]coordinator.Row{other}); err != nil || len(problems) != 1 || len(y.state().Payouts) != 0 {
		t.Fatalf("imported: %v %v", problems, err)
	}
	if _, problems, _ := y.Check(nil); len(problems) != 1 {
		t.Fatal("an empty file is fine")
	}
}

// FuzzRow holds: a row in which nothing is wrong makes a payment that a batch
// can state, and whose texts a station shows as they are; a row in which
// something is wrong names a column.
func FuzzRow(f *testing.F) {
	f.Add("p-1", "Exchange", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "10000", "invoice")
	f.Add("", "", "", "", "")
	f.Add("a b", "Zürich", "2N3oefVeg6stiTb5Kh3ozCSkaqmx91FDbsm", "2100000000000000", "\u202e")
	f.Add("\u0430", "x ", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "99999999999999999999", " ")
	y := newTreasury(f, 2, 3)
	f.Fuzz(func(t *testing.T, id, counterparty, address, amount, reference string) {
		payouts, problems, err := y.Check([]coordinator.Row{{Line: 2, ExternalID: id, Counterparty: counterparty, Address: address, AmountSat: amount, Reference: reference}})
		must(t, err)
		if len(problems) > 0 {
			for _, p := range problems {
				if p.Line != 2 || p.Column == "" || p.What == "" {
					t.Fatalf("%+v", p)
				}
			}
			return
		}
		p := payouts[0]
		r := batch.Request{
			Time: 1, Expiry: 2,
			Payments:     []batch.Payment{{ExternalID: p.ExternalID, Counterparty: p.Counterparty, Reference: p.Reference, Amount: p.Amount, Script: p.Script}},
			Transactions: []batch.Transaction{{Inputs: []batch.Input{{Amount: p.Amount}}, Payments: []uint32{0}, Variants: []batch.Variant{{}}}},
		}
		if _, err := r.Encode(); err != nil {
			t.Fatalf("accepted, but no batch can state it: %v", err)
		}
		if len(p.Counterparty) > charter.MaxName {
			t.Fatal("accepted, but no charter can name it")
		}
	})
}
