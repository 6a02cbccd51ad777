package batch

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// encodeUnchecked is Encode for requests that Encode refuses.
func encodeUnchecked(r Request) ([]byte, error) { return wire.Marshal(r.form()) }

func TestEncodeDecode(t *testing.T) {
	w := testWallet(t)
	for _, r := range []Request{fixture(w, 1, 1, 1), fixture(w, 3, 4, 3), fixture(w, 100, 5, 4), fixture(w, 1, 500, 4)} {
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("decoded another request (%v)", err)
		}
		v := verified(t, r, w)
		if v.ID() != got.ID() {
			t.Fatal("ids differ")
		}
	}
}

// A small request byte by byte, so that a change of format cannot pass unseen.
func TestEncodingIsFixed(t *testing.T) {
	r := Request{Wallet: wallet.ID{1}, Charter: [32]byte{2}, Time: 3, Expiry: 4,
		Payments: []Payment{{"a", "b", "", 294, payee(0)}},
		Transactions: []Transaction{{
			Inputs:   []Input{{OutPoint{[32]byte{5}, 6}, 1000, 1, 7}},
			Payments: []uint32{0}, Change: &Change{Index: 8, At: 1}, Variants: []Variant{{400}, {330}}, LockTime: 9, Anchor: 0,
		}}}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	zeros := strings.Repeat("00", 31)
	want := "a6" + "015820" + "01" + zeros + "025820" + "02" + zeros + "0303" + "0404" +
		"0581a5" + "016161" + "026162" + "0360" + "04190126" + "0556" + hex.EncodeToString(payee(0)) +
		"0681a6" + "015831" + "05" + zeros + "06000000" + "e803000000000000" + "01" + "07000000" +
		"028100" + "03a201080201" + "0482190190" + "19014a" + "0509" + "0600"
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDecodeRefusesOtherForms(t *testing.T) {
	w := testWallet(t)
	b, err := fixture(w, 1, 2, 1).Encode()
	if err != nil {
		t.Fatal(err)
	}
	inputs := bytes.Index(b, []byte{0x06, 0x81, 0xa6, 0x01, 0x58, 98})
	if inputs < 0 {
		t.Fatal("the fixture has another shape")
	}
	splice := func(at, drop int, with ...byte) []byte {
		return append(append(append([]byte(nil), b[:at]...), with...), b[at+drop:]...)
	}
	for name, c := range map[string][]byte{
		"nothing":              nil,
		"trailing byte":        append(bytes.Clone(b), 0),
		"cut short":            b[:len(b)-1],
		"seventh field":        append(splice(0, 1, 0xa7), 0x07, 0x00),
		"missing field":        splice(0, 1, 0xa5),
		"half an input":        splice(inputs+5, 2, 97),
		"long form of a count": splice(inputs+1, 1, 0x98, 0x01),
		"too large":            make([]byte, MaxRequest+1),
		"array":                {0x80},
	} {
		if _, err := Decode(c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := Decode(b); err != nil {
		t.Fatal(err)
	}
}

// FuzzDecode: accepted bytes encode again to themselves, and Verify, for the
// named wallet or for the one at hand, never panics; what it accepts has one
// signature a slot and loses no money.
func FuzzDecode(f *testing.F) {
	w := testWallet(f)
	for _, r := range []Request{fixture(w, 1, 1, 1), fixture(w, 2, 3, 2)} {
		b, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0xa6})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode(b)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted %x, encodes to %x (%v)", b, again, err)
		}
		if _, err := r.Verify(w); err != nil {
			r.Wallet = w.ID()
		}
		v, err := r.Verify(w)
		if err != nil {
			return
		}
		if len(v.Slots()) != v.Inputs() || v.MaxFee() < 0 {
			t.Fatalf("%d slots of %d, fee %v", len(v.Slots()), v.Inputs(), v.MaxFee())
		}
	})
}

// The budget of the wire: 500 inputs in a hundred transactions, with change and
// two rungs each, cost at most 59 bytes an input beside the payments. With the
// 66 bytes of an aggregate nonce that is 125.
func TestBytesPerInput(t *testing.T) {
	w := testWallet(t)
	r := fixture(w, 100, 5, 2)
	whole, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	payments, err := wire.Marshal(r.form().Payments)
	if err != nil {
		t.Fatal(err)
	}
	const inputs = 500
	facts := len(whole) - len(payments)
	t.Logf("%d bytes: %.1f an input, and %.1f a payment", len(whole), float64(facts)/inputs, float64(len(payments))/float64(len(r.Payments)))
	if facts > 59*inputs {
		t.Errorf("%d bytes for %d inputs: more than 59 each", facts, inputs)
	}
}

// The largest batch in mind fits all limits.
func TestLargestBatchFits(t *testing.T) {
	w := testWallet(t)
	r := fixture(w, 100, 5, 4) // 500 inputs, 2,000 slots, 300 payments
	for i := range r.Payments {
		r.Payments[i].Reference = strings.Repeat("r", MaxReference)
		r.Payments[i].Counterparty = strings.Repeat("c", MaxCounterparty)
	}
	for ti := range r.Transactions {
		tx := &r.Transactions[ti]
		for range 7 {
			n := len(r.Payments)
			tx.Payments = append(tx.Payments, uint32(n))
			p := r.Payments[0]
			p.ExternalID, p.Amount = strings.Repeat("x", MaxExternalID-4)+hex.EncodeToString([]byte{byte(n >> 8), byte(n)}), 546
			r.Payments = append(r.Payments, p)
			for vi := range tx.Variants {
				tx.Variants[vi].Change -= 546
			}
		}
	}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	v := verified(t, r, w)
	if len(r.Payments) != 1000 || v.Inputs() != 2000 {
		t.Fatalf("%d payments, %d slots", len(r.Payments), v.Inputs())
	}
	t.Logf("%d bytes", len(b))
}

func BenchmarkVerify500(b *testing.B) {
	w := testWallet(b)
	r := fixture(w, 100, 5, 1)
	for i := range r.Transactions {
		for j := range r.Transactions[i].Inputs {
			r.Transactions[i].Inputs[j].Index = uint32(5*i + j) // no shared place
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Verify(w); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSighash500 is the digests alone, in one transaction.
func BenchmarkSighash500(b *testing.B) {
	w := testWallet(b)
	t := verified(b, fixture(w, 1, 500, 1), w).f.transactions[0]
	b.ReportAllocs()
	for b.Loop() {
		if len(sighashes(t.variants[0].tx, t.spent)) != 500 {
			b.Fatal("digests are missing")
		}
	}
}
