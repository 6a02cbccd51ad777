package ledger

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"heliograph/shared/wire"
)

func sample(t testing.TB) (*world, Record) {
	w := newWorld(t, 2)
	r := w.release(1, Record{
		Request: [32]byte{1}, Batch: [32]byte{2}, Time: 1_800_000_000, Fee: 1234, Change: 7,
		Payments: []Payment{
			{Payout: [32]byte{9}, Counterparty: "Kraken", Amount: 5, Anchor: OutPoint{3}, Destination: Destination{1}},
			{Payout: [32]byte{8}, Counterparty: "Ada", Amount: MaxAmount, Anchor: OutPoint{4}, Destination: Destination{2}},
			{Payout: [32]byte{7}, Counterparty: "Kraken", Amount: 0, Anchor: OutPoint{3}, Destination: Destination{3}},
		},
		Transactions: []Transaction{{Anchor: OutPoint{4}, Fee: 1000, Change: 5}, {Anchor: OutPoint{3}, Fee: 234}},
	})
	return w, r
}

func TestRecordComesBackAsItWasSigned(t *testing.T) {
	_, r := sample(t)
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%#v", back) != fmt.Sprintf("%#v", r) || back.Hash() != r.Hash() {
		t.Fatalf("decoded %#v, signed %#v", back, r)
	}
	if r.Payments[0].Payout != ([32]byte{7}) || r.Transactions[0].Anchor != (OutPoint{3}) {
		t.Fatal("SignRecord left payments or transactions unsorted")
	}
}

// A record of 500 payments to a few names must stay small: it travels beside
// later requests, once for each station that signed.
func TestRecordOf500PaymentsIsSmall(t *testing.T) {
	w := newWorld(t, 1)
	r := Record{Batch: [32]byte{2}, Time: 1_800_000_000}
	for i := range 500 {
		r.Payments = append(r.Payments, Payment{
			Payout: wire.TaggedHash("test", fmt.Append(nil, i)), Counterparty: "A counterparty with a long name",
			Amount: 123_456_789, Anchor: OutPoint{byte(i % 10)}, Destination: Destination{byte(i)},
		})
	}
	for i := range 10 {
		r.Transactions = append(r.Transactions, Transaction{Anchor: OutPoint{byte(i)}, Fee: 12_345, Change: 1_234_567_890})
	}
	r.Fee = 123_450
	b, err := w.next(0, r).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 500*62 {
		t.Fatalf("500 payments in %d bytes", len(b))
	}
}

func TestTheLongestRecordFits(t *testing.T) {
	w := newWorld(t, 1)
	r := Record{Batch: [32]byte{2}, Time: 1 << 40, Fee: MaxAmount, Change: MaxChange}
	for i := range MaxPayments {
		r.Payments = append(r.Payments, Payment{
			Payout: wire.TaggedHash("test", fmt.Append(nil, i)), Counterparty: fmt.Sprintf("%0*d", MaxCounterparty, i),
			Amount: MaxAmount, Anchor: OutPoint{byte(i >> 8), byte(i)},
		})
		r.Transactions = append(r.Transactions, Transaction{Anchor: OutPoint{byte(i >> 8), byte(i)}, Fee: MaxAmount / MaxPayments, Change: MaxAmount})
	}
	b, err := w.next(0, r).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeRecord(b); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeRecord(make([]byte, MaxRecordSize+1)); err == nil {
		t.Error("more bytes than any record has are read")
	}
}

func TestRecordSurvivesAsAFieldOfAMessage(t *testing.T) {
	w, r := sample(t)
	type message struct {
		Records []Record `cbor:"1,keyasint"`
		Heads   []Head   `cbor:"2,keyasint"`
	}
	b, err := wire.Marshal(message{Records: []Record{r}, Heads: append(w.heads(), Head{})})
	if err != nil {
		t.Fatal(err)
	}
	var back message
	if err := wire.Unmarshal(b, &back, MaxRecordSize); err != nil {
		t.Fatal(err)
	}
	if back.Records[0].Hash() != r.Hash() || back.Heads[1] != w.head(1) || back.Heads[2] != (Head{}) {
		t.Fatal("record or head changed on the way")
	}
}

func TestRecordFieldsAreAllSigned(t *testing.T) {
	_, r := sample(t)
	for name, change := range map[string]func(*Record){
		"wallet":       func(r *Record) { r.Wallet[0]++ },
		"station":      func(r *Record) { r.Station++ },
		"seq and prev": func(r *Record) { r.Seq, r.Prev = 2, [32]byte{1} },
		"request":      func(r *Record) { r.Request[0]++ },
		"batch":        func(r *Record) { r.Batch[0]++ },
		"time":         func(r *Record) { r.Time++ },
		"amount":       func(r *Record) { r.Payments[0].Amount++ },
		"payout":       func(r *Record) { r.Payments[0].Payout[1]++ },
		"counterparty": func(r *Record) { r.Payments[0].Counterparty = "Ada" },
		"anchor":       func(r *Record) { r.Payments[0].Anchor[35]++ },
		"a payment":    func(r *Record) { r.Payments = r.Payments[1:] },
		"destination":  func(r *Record) { r.Payments[0].Destination[15]++ },
		"fee":          func(r *Record) { r.Fee++ },
		"its fee":      func(r *Record) { r.Transactions[0].Fee-- },
		"its change":   func(r *Record) { r.Transactions[0].Change++ },
		"its anchor":   func(r *Record) { r.Transactions = r.Transactions[:1]; r.Transactions[0].Anchor = OutPoint{4} },
		"transactions": func(r *Record) { r.Transactions = r.Transactions[1:] },
		"change":       func(r *Record) { r.Change++ },
		"signature":    func(r *Record) { r.Sig[63] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			altered := r
			altered.Payments = append([]Payment(nil), r.Payments...)
			altered.Transactions = append([]Transaction(nil), r.Transactions...)
			change(&altered)
			if err := altered.Verify(); err == nil {
				t.Fatal("an altered record verifies")
			}
			if name != "signature" && altered.Hash() == r.Hash() {
				t.Fatal("an altered record keeps its hash")
			}
			b, err := altered.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := DecodeRecord(b); err == nil {
				t.Fatal("an altered record decodes")
			}
		})
	}
}

func TestRecordRefusesNonsense(t *testing.T) {
	for want, change := range map[string]func(*Record){
		"no wallet id":                   func(r *Record) { r.Wallet = [32]byte{} },
		"count from 1":                   func(r *Record) { r.Seq = 0 },
		"only the first record":          func(r *Record) { r.Prev = [32]byte{1} },
		"record 2: only the first":       func(r *Record) { r.Seq = 2 },
		"before 1970":                    func(r *Record) { r.Time = -1 },
		"fee of -1 sat":                  func(r *Record) { r.Fee = -1 },
		"fee of 2100000000000001 sat":    func(r *Record) { r.Fee = MaxAmount + 1 },
		"change index 2147483649":        func(r *Record) { r.Change = MaxChange + 1 },
		"payment 0: -1 sat":              func(r *Record) { r.Payments[0].Amount = -1 },
		"payment 0: 2100000000000001":    func(r *Record) { r.Payments[0].Amount = MaxAmount + 1 },
		"payment 1: counterparty's name": func(r *Record) { r.Payments[1].Counterparty = "" },
		"payment 2: counterparty's name": func(r *Record) { r.Payments[2].Counterparty = strings.Repeat("x", 65) },
		"payout ids do not ascend":       func(r *Record) { r.Payments[1].Payout = r.Payments[0].Payout },
		"transaction 1: fee of 1001 sat": func(r *Record) { r.Transactions[1].Fee++ },
		"transaction 0: fee of -1 sat":   func(r *Record) { r.Transactions[0].Fee = -1 },
		"or change of -1 sat":            func(r *Record) { r.Transactions[0].Change = -1 },
		"change of 2100000000000001 sat": func(r *Record) { r.Transactions[0].Change = MaxAmount + 1 },
		"anchors do not ascend":          func(r *Record) { r.Transactions[1].Anchor = r.Transactions[0].Anchor },
		"no payment is bound":            func(r *Record) { r.Transactions[1].Anchor = OutPoint{5} },
		"1025 payments":                  func(r *Record) { r.Payments = make([]Payment, MaxPayments+1) },
	} {
		t.Run(want, func(t *testing.T) {
			w, r := sample(t)
			change(&r)
			_, err := SignRecord(r, w.keys[1], [32]byte{})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("error %v, want %q", err, want)
			}
			if r.Hash() != ([32]byte{}) {
				t.Fatal("a malformed record has a hash")
			}
		})
	}
}

// A station signs a second encoding of the same record, to have two hashes of
// one story. The tables of names and anchors have one right form.
func TestRecordHasOneEncoding(t *testing.T) {
	w, r := sample(t)
	for name, change := range map[string]func(*recordBody){
		"unused name":             func(b *recordBody) { b.Names = append(b.Names, "Zoe") },
		"unused anchor":           func(b *recordBody) { b.Anchors = append(b.Anchors, bytes.Repeat([]byte{255}, 36)...) },
		"name twice":              func(b *recordBody) { b.Names = []string{"Ada", "Kraken", "Kraken"}; b.Payments[0].Name = 2 },
		"names out of order":      func(b *recordBody) { b.Names = []string{"Kraken", "Ada"}; swapNames(b) },
		"cut anchor":              func(b *recordBody) { b.Anchors = b.Anchors[:71] },
		"name out of range":       func(b *recordBody) { b.Payments[0].Name = 2 },
		"name far out of range":   func(b *recordBody) { b.Payments[0].Name = 1<<32 - 1 },
		"its anchor out of range": func(b *recordBody) { b.Transactions[1].Anchor = 2 },
		"anchors turned":          func(b *recordBody) { b.Transactions[0], b.Transactions[1] = b.Transactions[1], b.Transactions[0] },
		"anchor twice":            func(b *recordBody) { b.Transactions[1].Anchor = 0 },
		"anchor out of range":     func(b *recordBody) { b.Payments[0].Anchor = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			good, err := r.body()
			if err != nil {
				t.Fatal(err)
			}
			var b recordBody
			if err := wire.Unmarshal(good, &b, MaxRecordSize); err != nil {
				t.Fatal(err)
			}
			change(&b)
			bad, err := wire.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := wire.Marshal(signed{Body: bad, Sig: w.keys[1].Sign(wire.TaggedHash(recordTag, bad), [32]byte{})})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := DecodeRecord(sealed); err == nil {
				t.Fatal("another encoding of the record is accepted")
			}
		})
	}
}

func swapNames(b *recordBody) {
	for i := range b.Payments {
		b.Payments[i].Name = 1 - b.Payments[i].Name
	}
}

func TestHeadComesBackAndIsSignedWhole(t *testing.T) {
	w, _ := sample(t)
	h := w.head(1)
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > MaxHeadSize/2 {
		t.Fatalf("a head of %d bytes", len(b))
	}
	back, err := DecodeHead(b)
	if err != nil || back != h {
		t.Fatalf("decoded %v (%v), want %v", back, err, h)
	}
	for name, change := range map[string]func(*Head){
		"wallet":    func(h *Head) { h.Wallet[0]++ },
		"station":   func(h *Head) { h.Station++ },
		"epoch":     func(h *Head) { h.Epoch[0]++ },
		"next":      func(h *Head) { h.Next++ },
		"seq":       func(h *Head) { h.Seq++ },
		"last":      func(h *Head) { h.Last[0]++ },
		"signature": func(h *Head) { h.Sig[0]++ },
	} {
		altered := h
		change(&altered)
		if altered.Verify() == nil {
			t.Errorf("head with another %s verifies", name)
		}
		if b, err := altered.Encode(); err == nil {
			if _, err := DecodeHead(b); err == nil {
				t.Errorf("head with another %s decodes", name)
			}
		}
	}
	for _, bad := range []Head{{Wallet: testWallet, Seq: 1}, {Wallet: testWallet, Last: [32]byte{1}}, {}} {
		if _, err := SignHead(bad, w.keys[0], [32]byte{}); err == nil {
			t.Errorf("head %+v was signed", bad)
		}
	}
}

func TestHeadLater(t *testing.T) {
	for _, c := range []struct {
		a, b Head
		want bool
	}{
		{Head{Seq: 2, Next: 1}, Head{Seq: 1, Next: 9}, true},
		{Head{Seq: 1, Next: 9}, Head{Seq: 2, Next: 1}, false},
		{Head{Seq: 1, Next: 2}, Head{Seq: 1, Next: 1}, true},
		{Head{Seq: 1, Next: 1}, Head{Seq: 1, Next: 1}, false},
	} {
		if got := c.a.Later(c.b); got != c.want {
			t.Errorf("%d/%d later than %d/%d: %v", c.a.Seq, c.a.Next, c.b.Seq, c.b.Next, got)
		}
	}
}

// Invariant: what decodes encodes to the same bytes, has a valid signature and
// a hash; nothing panics.
func FuzzDecodeRecord(f *testing.F) {
	w, r := sample(f)
	for _, r := range []Record{r, w.next(0, Record{Batch: [32]byte{1}})} {
		b, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
		f.Add(append(b, 0))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRecord(b)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decoded record encodes to other bytes (%v)", err)
		}
		if err := r.Verify(); err != nil || r.Hash() == ([32]byte{}) {
			t.Fatalf("decoded record does not verify: %v", err)
		}
	})
}

// Invariant: a body that is signed by its own instance decodes only if it
// encodes to the same bytes. The target signs what the fuzzer wrote, so that
// the search is not stopped by the signature.
func FuzzDecodeRecordBody(f *testing.F) {
	w, r := sample(f)
	b, err := r.body()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, body []byte) {
		sealed, err := wire.Marshal(signed{Body: body, Sig: w.keys[1].Sign(wire.TaggedHash(recordTag, body), [32]byte{})})
		if err != nil {
			return // too long for a record
		}
		r, err := DecodeRecord(sealed)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil || !bytes.Equal(again, sealed) {
			t.Fatalf("decoded record encodes to other bytes (%v)", err)
		}
	})
}

// Invariant: what decodes encodes to the same bytes and has a valid signature.
func FuzzDecodeHead(f *testing.F) {
	w, _ := sample(f)
	for i := range w.keys {
		b, err := w.head(i).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[1:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := DecodeHead(b)
		if err != nil {
			return
		}
		again, err := h.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decoded head encodes to other bytes (%v)", err)
		}
		if err := h.Verify(); err != nil {
			t.Fatalf("decoded head does not verify: %v", err)
		}
	})
}
