package frost

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// FuzzParseSecretShare: what parses is not zero and gives the same bytes back.
func FuzzParseSecretShare(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(unhexOrder)
	f.Add(bytes.Repeat([]byte{1}, 32))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ParseSecretShare(raw)
		if err != nil {
			if !errors.Is(err, ErrShareRange) {
				t.Fatal(err)
			}
			return
		}
		if got := s.Bytes(); !bytes.Equal(got[:], raw) || got == [32]byte{} {
			t.Fatal("other bytes")
		}
	})
}

// FuzzNonceAgg: nonces either add up to an aggregate that opens a session, in
// either order, or a signer among those given is blamed.
func FuzzNonceAgg(f *testing.F) {
	w := newWorld(f, 3, 2, []int{0, 2})
	r := w.deal(f, "fuzz")
	f.Add(r.public[0][:], r.public[1][:])
	f.Add(r.public[0][:], make([]byte, 66))
	f.Add([]byte{}, []byte{4})
	tc, err := NewTweakContext(w.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var nonces [2]PublicNonce
		copy(nonces[0][:], a)
		copy(nonces[1][:], b)
		agg, err := NonceAgg(nonces[:], w.ids)
		if err != nil {
			var blame *InvalidContribution
			if !errors.As(err, &blame) || !slices.Contains(w.ids, blame.Signer) {
				t.Fatal(err)
			}
			return
		}
		if back, err := NonceAgg([]PublicNonce{nonces[1], nonces[0]}, w.ids); err != nil || back != agg {
			t.Fatalf("other sum (%v)", err)
		}
		if _, err := NewSession(w.signers, agg, tc, nil); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzSession: an aggregate nonce, a public nonce and a partial signature of
// any bytes are taken or blamed on the one who sent them; nothing but what the
// signer signed verifies.
func FuzzSession(f *testing.F) {
	w := newWorld(f, 3, 2, []int{0, 2})
	r := w.sign(f, []byte("fuzz fuzz fuzz fuzz fuzz fuzz 32"), "fuzz", nil)
	f.Add(r.agg[:], r.public[1][:], r.partial[1][:], []byte("fuzz fuzz fuzz fuzz fuzz fuzz 32"))
	f.Add(make([]byte, 66), r.public[1][:], unhexOrder, []byte{})
	f.Add([]byte{2}, []byte{3}, []byte{0}, []byte{1})
	f.Fuzz(func(t *testing.T, agg, nonce, sig, msg []byte) {
		var a AggregateNonce
		var n PublicNonce
		var p PartialSignature
		copy(a[:], agg)
		copy(n[:], nonce)
		copy(p[:], sig)
		var blame *InvalidContribution
		s, err := NewSession(w.signers, a, r.tc, msg)
		if err != nil {
			if !errors.As(err, &blame) || *blame != (InvalidContribution{Coordinator, ContributionAggregateNonce}) {
				t.Fatal(err)
			}
			return
		}
		if err := s.Verify(p, n, 2); err != nil {
			if !errors.As(err, &blame) || blame.Signer != 2 {
				t.Fatal(err)
			}
		} else if p != r.partial[1] {
			t.Fatal("a second signature verifies")
		}
		if _, err := s.Aggregate([]PartialSignature{r.partial[0], p}); err != nil {
			if !errors.As(err, &blame) || blame.Signer != 2 {
				t.Fatal(err)
			}
		}
	})
}

// FuzzNewSigners: a context is taken only as it was dealt.
func FuzzNewSigners(f *testing.F) {
	w := newWorld(f, 5, 3, []int{0, 2, 4})
	var dealt []byte
	for _, s := range w.shares {
		p := s.PublicShare()
		dealt = append(dealt, p[:]...)
	}
	f.Add(5, 3, []byte{0, 2, 4}, dealt)
	f.Add(200, 3, []byte{0, 2, 4}, dealt)
	f.Add(5, 3, []byte{0, 2, 2}, dealt)
	f.Add(-1, 0, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, n, threshold int, rawIDs, rawShares []byte) {
		var ids []int
		for _, b := range rawIDs {
			ids = append(ids, int(int8(b)))
		}
		var shares []PublicShare
		for chunk := range slices.Chunk(rawShares, 33) {
			var p PublicShare
			copy(p[:], chunk)
			shares = append(shares, p)
		}
		s, err := NewSigners(n, threshold, w.key, ids, shares)
		if err != nil {
			return
		}
		if n > MaxSigners || threshold < 1 || len(ids) < threshold || len(ids) != len(shares) {
			t.Fatalf("n %d, t %d, ids %v", n, threshold, ids)
		}
		for _, id := range s.IDs() {
			if id < 0 || id >= n {
				t.Fatalf("id %d of %d", id, n)
			}
		}
	})
}

// FuzzTweakContext: tweaks lead to a key with an x, and a tweak and its
// negative lead back.
func FuzzTweakContext(f *testing.F) {
	w := newWorld(f, 3, 2, []int{0, 1})
	f.Add(w.key[:], bytes.Repeat([]byte{1}, 32), true)
	f.Add(w.key[:], unhexOrder, false)
	f.Add([]byte{2}, []byte{0}, false)
	f.Fuzz(func(t *testing.T, rawKey, rawTweak []byte, xonly bool) {
		var key ThresholdKey
		var tweak [32]byte
		copy(key[:], rawKey)
		copy(tweak[:], rawTweak)
		tc, err := NewTweakContext(key)
		if err != nil {
			return
		}
		tweaked, err := tc.Apply(tweak, xonly)
		if err != nil {
			if !errors.Is(err, ErrTweakRange) && !errors.Is(err, ErrTweakInfinity) {
				t.Fatal(err)
			}
			return
		}
		tweaked.XOnly()
		if back, err := tweaked.Apply(tweaked.tacc.Neg().Bytes(), false); err != nil || back.XOnly() != tc.XOnly() {
			t.Fatalf("the way back (%v)", err)
		}
	})
}
