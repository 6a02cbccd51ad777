package batch

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/wallet"
)

// drawRequest draws a good request of a few transactions.
func drawRequest(t *rapid.T, w wallet.Wallet) Request {
	r := fixture(w, rapid.IntRange(1, 3).Draw(t, "transactions"), rapid.IntRange(2, 5).Draw(t, "inputs"), rapid.IntRange(1, 3).Draw(t, "variants"))
	for i := range r.Transactions {
		tx := &r.Transactions[i]
		tx.LockTime = rapid.Uint32().Draw(t, "locktime")
		tx.Anchor = rapid.Uint32Range(0, uint32(len(tx.Inputs)-1)).Draw(t, "anchor")
		if rapid.IntRange(0, 4).Draw(t, "no change") == 0 {
			tx.Change, tx.Variants = nil, []Variant{{0}}
		}
	}
	for i := range r.Transactions {
		if rapid.IntRange(0, 3).Draw(t, "says") == 0 {
			r.says(i, rapid.IntRange(0, len(r.Transactions[i].Payments)-1).Draw(t, "which"), dataScript(rapid.IntRange(2, 80).Draw(t, "bytes")))
		}
	}
	for i := range r.Payments {
		r.Payments[i].Reference = rapid.StringMatching(`([a-zäß一][a-z ]{0,30}[a-z0-9])?`).Draw(t, "reference")
	}
	r.Time = rapid.Int64Range(1, MaxTime-1).Draw(t, "time")
	r.Expiry = rapid.Int64Range(r.Time+1, MaxTime).Draw(t, "expiry")
	return r
}

func TestEncodingIsOneToOne(t *testing.T) {
	w := testWallet(t)
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t, w)
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("%+v decodes to %+v (%v)", r, got, err)
		}
		if len(b) == 0 {
			return
		}
		// Any other bytes are another request, or none.
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		b[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if got, err := Decode(b); err == nil && reflect.DeepEqual(got, r) {
			t.Fatalf("two encodings of one request: they differ at byte %d", at)
		}
	})
}

// leaf is one fact of a request, found by reflection so that none is forgotten
// when the types grow.
type leaf struct {
	path  string
	value reflect.Value
}

func leaves(path string, v reflect.Value) []leaf {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return leaves(path, v.Elem())
	case reflect.Struct:
		var out []leaf
		for i := range v.NumField() {
			out = append(out, leaves(path+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		return out
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return []leaf{{path, v}}
		}
		var out []leaf
		for i := range v.Len() {
			out = append(out, leaves(fmt.Sprintf("%s[%d]", path, i), v.Index(i))...)
		}
		return out
	}
	return []leaf{{path, v}}
}

func mutate(t *rapid.T, l leaf) {
	v := l.value
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "suffix"))
	case reflect.Int64:
		v.SetInt(v.Int() + rapid.OneOf(rapid.SampledFrom([]int64{-1, 1}), rapid.Int64Range(1, 1<<62)).Draw(t, "delta"))
	case reflect.Uint8, reflect.Uint32:
		v.SetUint((v.Uint() + uint64(rapid.Uint32Range(1, 255).Draw(t, "delta"))) & (1<<v.Type().Bits() - 1))
	case reflect.Slice, reflect.Array:
		at := v.Index(rapid.IntRange(0, v.Len()-1).Draw(t, "at"))
		at.SetUint(at.Uint() ^ rapid.Uint64Range(1, 255).Draw(t, "flip"))
	default:
		t.Fatalf("%s: a fact of kind %v, which this test does not know how to change", l.path, v.Kind())
	}
}

// Whatever fact of a batch is changed, the batch either is refused or has
// another id, so an approval of one can never pass for an approval of the
// other. Charter and times are outside the id, and in the encoding.
func TestEveryFactIsInTheID(t *testing.T) {
	w := testWallet(t)
	outside := map[string]bool{".Charter": true, ".Time": true, ".Expiry": true}
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t, w)
		before, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		v, err := r.Verify(w)
		if err != nil {
			t.Fatal(err)
		}
		changed := r.Clone()
		all := leaves("", reflect.ValueOf(&changed))
		l := all[rapid.IntRange(0, len(all)-1).Draw(t, "fact")]
		mutate(t, l)
		if reflect.DeepEqual(r, changed) {
			t.Fatalf("%s was not changed", l.path)
		}
		got, err := changed.Verify(w)
		if err != nil {
			return
		}
		if same := got.ID() == v.ID(); same != outside[l.path] {
			t.Fatalf("%s changed: same id %v", l.path, same)
		}
		after, err := changed.Encode()
		if err != nil || reflect.DeepEqual(before, after) {
			t.Fatalf("%s changed: same bytes (%v)", l.path, err)
		}
	})
}

// The digests of BIP341 commit to every fact of a transaction that moves money:
// all but the anchor and the treasurer's texts.
func TestDigestsCommitToTheMoney(t *testing.T) {
	w := testWallet(t)
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t, w)
		changed := r.Clone()
		all := leaves("", reflect.ValueOf(&changed))
		l := all[rapid.IntRange(0, len(all)-1).Draw(t, "fact")]
		mutate(t, l)
		got, err := changed.Verify(w)
		if err != nil {
			return
		}
		v, err := r.Verify(w)
		if err != nil {
			t.Fatal(err)
		}
		moved := false
		for i, s := range got.Slots() {
			moved = moved || s.Sighash != v.Slots()[i].Sighash
		}
		var i int
		var field string
		money := false
		if n, _ := fmt.Sscanf(l.path, ".Payments[%d].%s", &i, &field); n == 2 {
			money = field == "Amount" || field == "Script"
		}
		if n, _ := fmt.Sscanf(l.path, ".Transactions[%d].%s", &i, &field); n == 2 {
			money = field != "Anchor"
		}
		if moved != money {
			t.Fatalf("%s changed: digests moved %v, want %v", l.path, moved, money)
		}
	})
}

// Moving whole parts about is another batch too.
func TestOrderIsInTheID(t *testing.T) {
	w := testWallet(t)
	good := fixture(w, 2, 4, 2)
	for name, do := range map[string]func(r *Request){
		"inputs":       func(r *Request) { in := r.Transactions[0].Inputs; in[0], in[1] = in[1], in[0] },
		"outputs":      func(r *Request) { p := r.Transactions[0].Payments; p[0], p[1] = p[1], p[0] },
		"transactions": func(r *Request) { r.Transactions[0], r.Transactions[1] = r.Transactions[1], r.Transactions[0] },
		"payments":     func(r *Request) { r.Payments[0], r.Payments[1] = r.Payments[1], r.Payments[0] },
		"across": func(r *Request) {
			a, b := r.Transactions[0].Payments, r.Transactions[1].Payments
			a[0], b[0] = b[0], a[0]
		},
	} {
		r := good.Clone()
		do(&r)
		if v := verified(t, r, w); v.ID() == good.ID() {
			t.Errorf("%s in another order have the same id", name)
		}
	}
}
