package policy

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/spv"
	"heliograph/shared/wire"
)

func encoded(t testing.TB, e Evidence) []byte {
	t.Helper()
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// full is evidence with everything in it, out of order and doubled.
func full(t testing.TB) Evidence {
	d := staffed(t, allowAll()).pays(pay{"a", "Kraken", coin})
	d.said = append(approve("Eve", "Ann", "Dan"), drafted("Desk"))
	d.prices = []Price{d.states(80_000, 0), d.states(70_000, -60), d.states(70_000, 0), d.states(80_000, 0)}
	d.mines(2)
	c, b, _ := d.parts()
	e := d.evidence(c, b)
	e.Statements = append(e.Statements, e.Statements[0])
	other := e.Claims.Proofs[0]
	other.TxID = [32]byte{0, 0, 1}
	e.Claims.Proofs = append(e.Claims.Proofs, other)
	e.Claims.Balance, e.Claims.Confirmations = 5, []uint32{3}
	return e
}

func TestEvidenceHasOneEncoding(t *testing.T) {
	e := full(t)
	want := encoded(t, e)
	rapid.Check(t, func(rt *rapid.T) {
		mixed := e
		mixed.Statements = rapid.Permutation(e.Statements).Draw(rt, "statements")
		mixed.Prices = rapid.Permutation(e.Prices).Draw(rt, "prices")
		mixed.Claims.Proofs = rapid.Permutation(e.Claims.Proofs).Draw(rt, "proofs")
		if !bytes.Equal(encoded(t, mixed), want) {
			rt.Fatal("another order, another encoding")
		}
	})
	back, err := DecodeEvidence(want)
	if err != nil || !bytes.Equal(encoded(t, back), want) {
		t.Fatalf("%v", err)
	}
	if len(back.Statements) != 4 || len(back.Prices) != 3 || len(back.Claims.Proofs) != 2 || back.Claims.Balance != 5 || !slices.Equal(back.Claims.Confirmations, []uint32{3}) {
		t.Errorf("%d statements, %d prices, %d proofs", len(back.Statements), len(back.Prices), len(back.Claims.Proofs))
	}
	if none, err := DecodeEvidence(encoded(t, Evidence{})); err != nil || len(none.Statements)+len(none.Prices)+len(none.Claims.Proofs) != 0 {
		t.Errorf("no evidence: %v", err)
	}
}

// Whoever writes evidence in another order would make another digest of it.
func TestDecodeEvidenceRefusesAnotherOrder(t *testing.T) {
	for name, change := range map[string]func(*Evidence){
		"statements": func(e *Evidence) { slices.Reverse(e.Statements) },
		"prices":     func(e *Evidence) { slices.Reverse(e.Prices) },
		"proofs":     func(e *Evidence) { slices.Reverse(e.Claims.Proofs) },
		"doubled":    func(e *Evidence) { e.Statements = append(e.Statements[:1], e.Statements...) },
	} {
		e, err := full(t).canonical()
		if err != nil {
			t.Fatal(err)
		}
		change(&e)
		b, err := wire.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeEvidence(b); err == nil || err.Error() != "policy: evidence: not the canonical order" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	good := full(t)
	price := good.Prices[0]
	proof := good.Claims.Proofs[0]
	proofs := make([]spv.Proof, maxProofs+1)
	for i := range proofs {
		proofs[i].TxID = [32]byte{byte(i), byte(i >> 8)}
	}
	var prices []Price
	for i := range int64(MaxPrices + 1) {
		prices = append(prices, Price{Source: "a", Currency: "CHF", Hundredths: 1, Time: 1 + i})
	}
	var statements [][]byte
	for i := range approval.MaxStatements + 1 {
		statements = append(statements, []byte{byte(i)})
	}
	for _, c := range []struct {
		name string
		most func(*Evidence)
		over func(*Evidence)
		want string
	}{
		{"statements", func(e *Evidence) { e.Statements = statements[:64] }, func(e *Evidence) { e.Statements = statements }, "65 statements"},
		{"prices", func(e *Evidence) { e.Prices = prices[:64] }, func(e *Evidence) { e.Prices = prices }, "65 prices"},
		{"proofs", func(e *Evidence) { e.Claims.Proofs = proofs[:maxProofs] }, func(e *Evidence) { e.Claims.Proofs = proofs }, "513 proofs"},
		{"headers", func(e *Evidence) { e.Claims.Headers = make([]byte, spv.MaxHeaders*80) }, func(e *Evidence) { e.Claims.Headers = make([]byte, (spv.MaxHeaders+1)*80) }, "161360 bytes of block headers"},
		{"part of a header", func(e *Evidence) { e.Claims.Headers = make([]byte, 80) }, func(e *Evidence) { e.Claims.Headers = make([]byte, 79) }, "79 bytes of block headers"},
		{"branch", func(e *Evidence) { proof.Branch = make([]byte, 640); e.Claims.Proofs = []spv.Proof{proof} }, func(e *Evidence) { proof.Branch = make([]byte, 672); e.Claims.Proofs = []spv.Proof{proof} }, "a Merkle branch of 672 bytes"},
		{"part of a branch", nil, func(e *Evidence) { proof.Branch = make([]byte, 31); e.Claims.Proofs = []spv.Proof{proof} }, "a Merkle branch of 31 bytes"},
		{"two proofs", nil, func(e *Evidence) { e.Claims.Proofs = []spv.Proof{proofs[0], proofs[0]} }, "two proofs of one transaction"},
		{"confirmations", func(e *Evidence) { e.Claims.Confirmations = make([]uint32, batch.MaxSlots) }, func(e *Evidence) { e.Claims.Confirmations = make([]uint32, batch.MaxSlots+1) }, "confirmations of 2049 inputs"},
		{"a confirmation", func(e *Evidence) { e.Claims.Confirmations = []uint32{maxConfirmations} }, func(e *Evidence) { e.Claims.Confirmations = []uint32{1, maxConfirmations + 1} }, "input 1: 10000001 confirmations"},
		{"balance", func(e *Evidence) { e.Claims.Balance = charter.MaxMoney }, func(e *Evidence) { e.Claims.Balance = charter.MaxMoney + 1 }, "a balance of 2100000000000001 sat"},
		{"negative balance", func(e *Evidence) { e.Claims.Balance = 0 }, func(e *Evidence) { e.Claims.Balance = -1 }, "a balance of -1 sat"},
		{"currency", nil, func(e *Evidence) { price.Currency = "CHf"; e.Prices = []Price{price} }, "price 0: a price's currency"},
		{"long currency", nil, func(e *Evidence) { price.Currency = "CHFR"; e.Prices = []Price{price} }, "price 0: a price's currency"},
		{"low letters", nil, func(e *Evidence) { price.Currency = "@HF"; e.Prices = []Price{price} }, "price 0: a price's currency"},
		{"price", func(e *Evidence) { price.Currency, price.Hundredths = "AZZ", maxPrice; e.Prices = []Price{price} }, func(e *Evidence) { price.Hundredths++; e.Prices = []Price{price} }, "price 0: a price of 1000000000000001 hundredths"},
		{"no price", func(e *Evidence) { price.Hundredths = 1; e.Prices = []Price{price} }, func(e *Evidence) { price.Hundredths = 0; e.Prices = []Price{price} }, "price 0: a price of 0 hundredths"},
		{"time", func(e *Evidence) { price.Hundredths, price.Time = 1, batch.MaxTime; e.Prices = []Price{price} }, func(e *Evidence) { price.Time++; e.Prices = []Price{price} }, "price 0: a price of time 253402300800"},
		{"no time", func(e *Evidence) { price.Time = 1; e.Prices = []Price{price} }, func(e *Evidence) { price.Time = 0; e.Prices = []Price{price} }, "price 0: a price of time 0"},
		{"source", func(e *Evidence) { price.Time, price.Source = 1, strings.Repeat("x", 64); e.Prices = []Price{price} }, func(e *Evidence) { price.Source += "x"; e.Prices = []Price{price} }, "price 0: a price's source has"},
		{"no source", nil, func(e *Evidence) { price.Source = ""; e.Prices = []Price{price} }, "price 0: a price's source has"},
		{"source of other bytes", nil, func(e *Evidence) { price.Source = "\xff"; e.Prices = []Price{price} }, "price 0: a price's source has"},
		{"source that hides", nil, func(e *Evidence) { price.Source = "a\u202eb"; e.Prices = []Price{price} }, "price 0: a price's source has the character U+202E"},
	} {
		if c.most != nil {
			e := Evidence{}
			c.most(&e)
			if _, err := DecodeEvidence(encoded(t, e)); err != nil {
				t.Errorf("%s: the most is refused: %v", c.name, err)
			}
		}
		e := Evidence{}
		c.over(&e)
		if _, err := e.Encode(); err == nil || !strings.HasPrefix(err.Error(), "policy: evidence: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		b, err := wire.Marshal(e)
		if err != nil {
			continue // no decoder reads it either
		}
		if _, err := DecodeEvidence(b); err == nil {
			t.Errorf("%s: decoded", c.name)
		}
	}
	exact := Evidence{Statements: [][]byte{make([]byte, MaxEvidence-100)}}
	exact.Statements[0] = append(exact.Statements[0], make([]byte, MaxEvidence-len(encoded(t, exact)))...)
	if b := encoded(t, exact); len(b) != MaxEvidence {
		t.Errorf("%d bytes", len(b))
	} else if _, err := DecodeEvidence(b); err != nil {
		t.Errorf("the most is refused: %v", err)
	}
	exact.Statements[0] = append(exact.Statements[0], 0)
	if _, err := exact.Encode(); err == nil {
		t.Error("a byte more is encoded")
	}
	large := Evidence{}
	for i := range approval.MaxStatements {
		large.Statements = append(large.Statements, append([]byte{byte(i)}, make([]byte, 8<<10)...))
	}
	if _, err := large.Encode(); err == nil || !strings.Contains(err.Error(), "bytes: at most 524288") {
		t.Error(err)
	}
}

func TestSignPriceRefuses(t *testing.T) {
	good := Price{Source: "Exchange", Currency: "CHF", Hundredths: 1, Time: 1}
	key := personKey(t, "exchange")
	if _, err := SignPrice(good, nil, [32]byte{}); err == nil {
		t.Error("signed without a key")
	}
	bad := good
	bad.Hundredths = 0
	if _, err := SignPrice(bad, key, [32]byte{}); err == nil {
		t.Error("a price of nothing is signed")
	}
	p, err := SignPrice(good, key, [32]byte{})
	if err != nil || wire.Verify(key.Public(), p.digest(), p.Signature) != nil {
		t.Errorf("%v", err)
	}
	// The bytes that are signed, as WIRE.md gives them.
	want := wire.TaggedHash("Heliograph/price/v1", []byte("CHF\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01Exchange"))
	if p.digest() != want {
		t.Error("another digest is signed")
	}
}

func TestFiatIsShownInHundredths(t *testing.T) {
	for in, want := range map[int64]string{0: "0.00 CHF", 7: "0.07 CHF", 123456: "1,234.56 CHF", 99_999_999_900: "999,999,999.00 CHF", 1<<63 - 1: "more CHF than can be counted"} {
		if got := fiat(in, "CHF"); got != want {
			t.Errorf("%d: %s", in, got)
		}
	}
}

// FuzzDecodeEvidence: what decodes encodes to the same bytes, and is within the
// bounds.
func FuzzDecodeEvidence(f *testing.F) {
	f.Add(encoded(f, Evidence{}))
	f.Add(encoded(f, full(f)))
	f.Add([]byte{0xa3, 1, 0x80, 2, 0x80, 3, 0xa4})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEvidence(b)
		if err != nil {
			if !reflect.ValueOf(e).IsZero() {
				t.Fatal("evidence beside an error")
			}
			return
		}
		if again := encoded(t, e); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
		if len(e.Statements) > approval.MaxStatements || len(e.Prices) > MaxPrices || len(b) > MaxEvidence {
			t.Fatal("beyond the bounds")
		}
	})
}
