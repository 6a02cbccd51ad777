package frost

import (
	"errors"
	"testing"
)

func TestSignersRefused(t *testing.T) {
	w := newWorld(t, 5, 3, []int{0, 2, 4})
	var shares []PublicShare
	for _, s := range w.shares {
		shares = append(shares, s.PublicShare())
	}
	offCurve := shares[1]
	clear(offCurve[1:])
	offCurve[32] = 5
	negated := w.key
	negated[0] ^= 1
	swapped := []PublicShare{shares[1], shares[0], shares[2]}
	cases := []struct {
		name   string
		n, t   int
		key    ThresholdKey
		ids    []int
		shares []PublicShare
		want   error
	}{
		{"as dealt", 5, 3, w.key, w.ids, shares, nil},
		{"threshold 0", 5, 0, w.key, w.ids, shares, ErrThreshold},
		{"negative threshold", 5, -1, w.key, w.ids, shares, ErrThreshold},
		{"threshold above n", 2, 3, w.key, w.ids, shares, ErrThreshold},
		{"n above 128", 129, 3, w.key, w.ids, shares, ErrThreshold},
		{"n 128", 128, 3, w.key, w.ids, shares, nil},
		{"fewer than t", 5, 3, w.key, w.ids[:2], shares[:2], ErrSignerCount},
		{"more than n", 5, 3, w.key, []int{0, 1, 2, 3, 4, 0}, append(append([]PublicShare(nil), shares...), shares...), ErrSignerCount},
		{"a higher threshold than was dealt", 5, 4, w.key, w.ids, shares, ErrSignerCount},
		{"a share too few", 5, 3, w.key, w.ids, shares[:2], ErrLength},
		{"a share too many", 5, 3, w.key, w.ids, append(shares[:3:3], shares[0]), ErrLength},
		{"id n", 5, 3, w.key, []int{0, 2, 5}, shares, ErrSignerID},
		{"a negative id", 5, 3, w.key, []int{-1, 2, 4}, shares, ErrSignerID},
		{"an id twice", 5, 3, w.key, []int{0, 2, 2}, shares, ErrDuplicateID},
		{"a share off the curve", 5, 3, w.key, w.ids, []PublicShare{shares[0], offCurve, shares[2]}, ErrPublicShare},
		{"a share at infinity", 5, 3, w.key, w.ids, []PublicShare{shares[0], {}, shares[2]}, ErrPublicShare},
		{"shares of other ids", 5, 3, w.key, []int{0, 2, 3}, shares, ErrKeyMaterial},
		{"two shares swapped", 5, 3, w.key, w.ids, swapped, ErrKeyMaterial},
		{"the key negated", 5, 3, negated, w.ids, shares, ErrKeyMaterial},
		{"no key", 5, 3, ThresholdKey{}, w.ids, shares, ErrKeyMaterial},
	}
	for _, c := range cases {
		s, err := NewSigners(c.n, c.t, c.key, c.ids, c.shares)
		if !errors.Is(err, c.want) || (s == nil) != (c.want != nil) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Two signers' shares cancel: the interpolated key is the point at infinity,
// whose encoding is that of an unset key.
func TestSignersOfTheKeyAtInfinity(t *testing.T) {
	one, err := ParseSecretShare(append(make([]byte, 31), 1))
	if err != nil {
		t.Fatal(err)
	}
	two, err := ParseSecretShare(append(make([]byte, 31), 2))
	if err != nil {
		t.Fatal(err)
	}
	// lambda of ids 0, 1 is 2 and -1.
	_, err = NewSigners(2, 2, ThresholdKey{}, []int{0, 1}, []PublicShare{one.PublicShare(), two.PublicShare()})
	if !errors.Is(err, ErrKeyMaterial) {
		t.Errorf("%v", err)
	}
}

func TestSignersKeepTheirOwnCopies(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	w.ids[0] = 2
	w.signers.IDs()[1] = 2
	if got := w.signers.IDs(); got[0] != 0 || got[1] != 1 {
		t.Errorf("the ids changed to %v", got)
	}
	if w.signers.ThresholdKey() != w.key {
		t.Error("another key")
	}
}
