package verifier

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/batch"
	"heliograph/shared/wallet"
)

func chaincfgLimit() *big.Int { return wallet.Regtest.Params().PowLimit }

// two is what the tests pay: one transaction with two payouts.
func two(w *world) []Payout {
	w.pay(w.coin(0, 1_000_000), "p", map[byte]int64{1: 100_000, 2: 200_000})
	return []Payout{{"p1", payee(1), 100_000}, {"p2", payee(2), 200_000}}
}

func TestEverythingInOrder(t *testing.T) {
	w := newWorld(t)
	payouts := two(w)
	w.coin(30, 700_000) // a deposit far beyond the last address that was used
	report, err := Verify(w.public(), w.blocks(), payouts)
	must(t, err)
	want := Report{Blocks: 105, Transactions: 1, Signatures: 1, Payouts: 2, Payees: 2, PaidSat: 300_000, FeeSat: 1000, LeftSat: 699_000 + 700_000, Coins: 2}
	if len(report.Findings) != 0 {
		t.Fatal(report.Findings)
	}
	if report.Findings = nil; !equal(report, want) {
		t.Fatalf("got %+v\nwant %+v", report, want)
	}
}

func equal(a, b Report) bool {
	return a.Blocks == b.Blocks && a.Transactions == b.Transactions && a.Signatures == b.Signatures && a.Payouts == b.Payouts &&
		a.Payees == b.Payees && a.PaidSat == b.PaidSat && a.FeeSat == b.FeeSat && a.LeftSat == b.LeftSat && a.Coins == b.Coins
}

// finds demands that exactly these texts are among the findings, one each.
func finds(t *testing.T, w *world, blocks [][]byte, payouts []Payout, want ...string) {
	t.Helper()
	report, err := Verify(w.public(), blocks, payouts)
	must(t, err)
	if len(report.Findings) != len(want) {
		t.Fatalf("findings: %q, want %d", report.Findings, len(want))
	}
	for i, text := range want {
		if !strings.Contains(report.Findings[i], text) {
			t.Errorf("finding %q, want %q", report.Findings[i], text)
		}
	}
}

// A payout may only say something, and it may go back to the wallet: both are paid
// if they are asked for, and neither is explained by anything else.
func TestPayoutsThatPayNobodyElse(t *testing.T) {
	w := newWorld(t)
	script, err := w.public().Wallet.Script(wallet.Receive, 9)
	must(t, err)
	note := []byte{0x6a, 4, 'n', 'o', 't', 'e'}
	w.make(w.coin(0, 1_000_000), []batch.Payment{
		{ExternalID: "note", Counterparty: "Payees", Script: note},
		{ExternalID: "back", Counterparty: "Ourselves", Amount: 50_000, Script: script},
	})
	payouts := []Payout{{"note", note, 0}, {"back", script, 50_000}}
	report, err := Verify(w.public(), w.blocks(), payouts)
	must(t, err)
	if len(report.Findings) != 0 || report.Payouts != 2 || report.Payees != 1 || report.LeftSat != 999_000 {
		t.Fatalf("%+v", report)
	}
	finds(t, w, w.blocks(), payouts[:1], "to a receive address of the wallet")
	finds(t, w, w.blocks(), payouts[1:], "which no payout explains")
	twice := append(slices.Clone(payouts), Payout{"note 2", note, 0})
	finds(t, w, w.blocks(), twice, `payout "note 2" was not paid`)
}

// What the chain shows and what was asked for differ in one thing each.
func TestPayoutsThatDoNotAgree(t *testing.T) {
	w := newWorld(t)
	payouts := two(w)
	blocks := w.blocks()
	other := func(change func([]Payout) []Payout) []Payout { return change(append([]Payout(nil), payouts...)) }
	for name, c := range map[string]struct {
		payouts []Payout
		want    []string
	}{
		"not paid":        {other(func(p []Payout) []Payout { return append(p, Payout{"p3", payee(3), 5_000}) }), []string{`"p3" was not paid`, "received 0 sat instead of 5000"}},
		"another payee":   {other(func(p []Payout) []Payout { p[0].Script = payee(4); return p }), []string{"no payout explains", `"p1" was not paid`, "received 0 sat instead of 100000"}},
		"another amount":  {other(func(p []Payout) []Payout { p[0].AmountSat--; return p }), []string{"no payout explains", `"p1" was not paid`, "received 100000 sat instead of 99999"}},
		"unexplained":     {other(func(p []Payout) []Payout { return p[:1] }), []string{"no payout explains"}},
		"once, not twice": {other(func(p []Payout) []Payout { return append(p, Payout{"again", payee(1), 100_000}) }), []string{`"again" was not paid`, "received 100000 sat instead of 200000"}},
	} {
		t.Run(name, func(t *testing.T) { finds(t, w, blocks, c.payouts, c.want...) })
	}
}

// A payout is paid a second time, from another coin.
func TestPaidTwice(t *testing.T) {
	w := newWorld(t)
	payouts := two(w)
	w.pay(w.coin(1, 500_000), "q", map[byte]int64{1: 100_000})
	finds(t, w, w.blocks(), payouts, "or it was paid already", "received 200000 sat instead of 100000")
}

// A hostile chain holds the wallet's transaction with one bit of its signature
// changed, in a block that is whole otherwise.
func TestWrongSignature(t *testing.T) {
	w := newWorld(t)
	payouts := two(w)
	forged := remine(t, w.blocks(), func(b *wire.MsgBlock) { b.Transactions[1].TxIn[0].Witness[0][40] ^= 1 })
	finds(t, w, forged, payouts, "signature does not verify")
	// The same signature with a sighash byte beside it signs something else.
	longer := remine(t, w.blocks(), func(b *wire.MsgBlock) {
		sig := b.Transactions[1].TxIn[0].Witness[0]
		b.Transactions[1].TxIn[0].Witness[0] = append(bytes.Clone(sig), 1)
	})
	finds(t, w, longer, payouts, "not spent by one key signature")
	// And an amount raised after signing.
	raised := remine(t, w.blocks(), func(b *wire.MsgBlock) { b.Transactions[1].TxOut[1].Value += 5 })
	payouts[0].AmountSat += 5
	finds(t, w, raised, payouts, "signature does not verify")
}

// Change that goes to a receive address is money back, but no change: somebody
// was given that address.
func TestChangeToAReceiveAddress(t *testing.T) {
	w := newWorld(t)
	payouts := two(w)
	script, err := w.public().Wallet.Script(0, 7)
	must(t, err)
	moved := remine(t, w.blocks(), func(b *wire.MsgBlock) { b.Transactions[1].TxOut[0].PkScript = script })
	finds(t, w, moved, payouts, "signature does not verify", "which is no change")
}

// Blocks that are not what they should be are refused before anything is said
// about payouts.
func TestBlocks(t *testing.T) {
	w := newWorld(t)
	payouts := two(w)
	blocks := w.blocks()
	last := len(blocks) - 1
	edit := func(change func(b [][]byte) [][]byte) [][]byte {
		out := make([][]byte, len(blocks))
		for i := range blocks {
			out[i] = bytes.Clone(blocks[i])
		}
		return change(out)
	}
	for name, c := range map[string]struct {
		blocks [][]byte
		want   string
	}{
		"none":              {nil, "no blocks"},
		"no first block":    {blocks[1:], "not the first block"},
		"one missing":       {edit(func(b [][]byte) [][]byte { return append(b[:50], b[51:]...) }), "does not follow"},
		"out of order":      {edit(func(b [][]byte) [][]byte { b[50], b[51] = b[51], b[50]; return b }), "does not follow"},
		"torn":              {edit(func(b [][]byte) [][]byte { b[last] = b[last][:len(b[last])-1]; return b }), "block 103"},
		"trailing":          {edit(func(b [][]byte) [][]byte { b[last] = append(b[last], 0); return b }), "1 bytes after the block"},
		"no work":           {edit(func(b [][]byte) [][]byte { return withoutWork(t, b) }), "no proof of work"},
		"easy target":       {edit(func(b [][]byte) [][]byte { b[last][75] = 0x22; return b }), "target"},
		"another output":    {edit(func(b [][]byte) [][]byte { b[last][len(b[last])-100] ^= 1; return b }), "its "},
		"another signature": {edit(func(b [][]byte) [][]byte { b[last][len(b[last])-20] ^= 1; return b }), "witnesses are not those"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Verify(w.public(), c.blocks, payouts); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
		})
	}
}

// withoutWork changes the last header's nonce until its hash is above the target.
func withoutWork(t *testing.T, blocks [][]byte) [][]byte {
	last := blocks[len(blocks)-1]
	for {
		last[76]++
		b, err := readBlock(last)
		must(t, err)
		if checkWork(b.BlockHash(), b.Header.Bits, chaincfgLimit()) != nil {
			return blocks
		}
	}
}

func TestPayoutsThatCannotBe(t *testing.T) {
	w := newWorld(t)
	blocks := w.blocks()
	for _, p := range [][]Payout{
		{{"a", payee(1), 1}, {"a", payee(2), 2}},
		{{"a", payee(1), 0}},
		{{"a", payee(1), 1 << 62}},
	} {
		if _, err := Verify(w.public(), blocks, p); err == nil {
			t.Errorf("payouts %v were accepted", p)
		}
	}
}
