package batch

import (
	"reflect"
	"testing"
)

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
