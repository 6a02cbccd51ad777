package node

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

func TestBroadcastRejects(t *testing.T) {
	ctx := context.Background()
	e, alice, coin := funded(t, 100_000)
	bob := newPayee(t, "bob")
	good := alice.spend(t, coin, bob.script, 1_000)

	flipped := alice.spend(t, coin, bob.script, 1_001)
	flipped.TxIn[0].Witness[0][0] ^= 1
	ghost := alice.spend(t, Coin{TxID: [32]byte{1}, AmountSat: 5_000, Script: alice.script}, bob.script, 1_000)
	noSuchOutput := alice.spend(t, Coin{TxID: coin.TxID, Vout: 7, AmountSat: 5_000, Script: alice.script}, bob.script, 1_000)
	legacyAnyone := alice.spend(t, coin, []byte{txscript.OP_TRUE}, 1_000)
	inflated := alice.spend(t, coin, bob.script, -1)

	for name, c := range map[string]struct {
		raw  []byte
		want Reason
	}{
		"empty":              {nil, Malformed},
		"truncated":          {serialize(t, good)[:100], Malformed},
		"trailing byte":      {append(serialize(t, good), 0), Malformed},
		"unknown input":      {serialize(t, ghost), MissingInputs},
		"unknown output":     {serialize(t, noSuchOutput), MissingInputs},
		"wrong signature":    {serialize(t, flipped), Invalid},
		"creates a satoshi":  {serialize(t, inflated), Invalid},
		"no fee":             {serialize(t, alice.spend(t, coin, bob.script, 0)), FeeTooLow},
		"below the minimum":  {serialize(t, alice.spend(t, coin, bob.script, 100)), FeeTooLow},
		"dust":               {serialize(t, alice.spend(t, coin, bob.script, 99_700)), Nonstandard},
		"nonstandard output": {serialize(t, legacyAnyone), Nonstandard},
	} {
		var rejected *Rejected
		if err := e.Broadcast(ctx, c.raw); !errors.As(err, &rejected) || rejected.Reason != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if status, err := e.Status(ctx, good.TxHash()); err != nil || status.Known {
		t.Fatalf("nothing was accepted, yet %+v, %v", status, err)
	}
	must(t, e.Broadcast(ctx, serialize(t, good)))
}

func TestReplacement(t *testing.T) {
	ctx := context.Background()
	e, alice, coin := funded(t, 100_000)
	bob, carol := newPayee(t, "bob"), newPayee(t, "carol")
	first, second := alice.spend(t, coin, bob.script, 1_000), alice.spend(t, coin, carol.script, 5_000)
	must(t, e.Broadcast(ctx, serialize(t, first)))

	var rejected *Rejected
	cheap := alice.spend(t, coin, carol.script, 1_001)
	if err := e.Broadcast(ctx, serialize(t, cheap)); !errors.As(err, &rejected) || rejected.Reason != FeeTooLow {
		t.Fatalf("a replacement must pay for its own relay: %v", err)
	}
	must(t, e.Broadcast(ctx, serialize(t, second)))
	if status, err := e.Status(ctx, first.TxHash()); err != nil || status.Known {
		t.Fatalf("the replaced transaction: %+v, %v", status, err)
	}
	if by, found, err := e.SpentBy(ctx, coin.TxID, coin.Vout); err != nil || !found || by != second.TxHash() {
		t.Fatalf("spent by %x, %v, %v", by, found, err)
	}
	coins, err := e.Coins(ctx, [][]byte{bob.script})
	must(t, err)
	if len(coins) != 0 {
		t.Fatalf("the replaced transaction's outputs are still there: %+v", coins)
	}

	must(t, e.Mine(ctx, 1))
	err = e.Broadcast(ctx, serialize(t, first))
	if !errors.As(err, &rejected) || rejected.Reason != Conflict || rejected.ConflictTxID != second.TxHash() {
		t.Fatalf("a conflict with the chain: %v", err)
	}
}

func TestConflictWithoutReplacementSignal(t *testing.T) {
	ctx := context.Background()
	e, alice, coin := funded(t, 100_000)
	final := wire.NewMsgTx(2)
	final.AddTxIn(&wire.TxIn{PreviousOutPoint: coin.outPoint(), Sequence: wire.MaxTxInSequenceNum})
	final.AddTxOut(wire.NewTxOut(90_000, alice.script))
	must(t, (&hotWallet{key: alice.key}).sign(final, []Coin{coin}))
	must(t, e.Broadcast(ctx, serialize(t, final)))

	var rejected *Rejected
	err := e.Broadcast(ctx, serialize(t, alice.spend(t, coin, alice.script, 50_000)))
	if !errors.As(err, &rejected) || rejected.Reason != Conflict || rejected.ConflictTxID != final.TxHash() {
		t.Fatalf("got %v", err)
	}
}

// After a write that failed, memory may be ahead of the disk. Acknowledging anything
// more would promise what a restart forgets.
func TestNoChangeAfterAFailedWrite(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	e, err := Open(dir, fixedClock)
	must(t, err)
	must(t, e.Mine(ctx, 1))
	must(t, e.journal.file.Close()) // every later write fails
	for range 2 {
		if err := e.Mine(ctx, 1); err == nil {
			t.Fatal("mined without a journal")
		}
	}
	if err := e.Broadcast(ctx, nil); err == nil || e.failed == nil {
		t.Fatal("broadcast without a journal")
	}
	if err := e.Close(); err == nil {
		t.Fatal("closing must tell that the journal is lost")
	}
	height, _, err := open(t, dir).Tip(ctx)
	must(t, err)
	if height < 1 {
		t.Fatalf("the acknowledged block is gone: height %d", height)
	}
}

// FuzzParseTx: what parseTx accepts is exactly the serialization of what it returns.
func FuzzParseTx(f *testing.F) {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{Witness: wire.TxWitness{make([]byte, schnorrSigLen)}})
	tx.AddTxOut(wire.NewTxOut(1, []byte{txscript.OP_TRUE}))
	raw := serialize(f, tx)
	f.Add(raw)
	f.Add(append(bytes.Clone(raw), 0))
	f.Add(raw[:len(raw)-1])
	f.Add([]byte{2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := parseTx(raw)
		if err == nil && !bytes.Equal(serialize(t, tx.MsgTx()), raw) {
			t.Fatal("accepted another serialization")
		}
	})
}
