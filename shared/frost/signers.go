package frost

import (
	"encoding/binary"
	"fmt"
	"slices"

	"heliograph/shared/frost/internal/k256"
)

// MaxSigners is the largest n.
const MaxSigners = 128

// Signers is a validated signers context: who signs, with the points and
// coefficients that every session among them needs, computed once. It holds
// nothing secret and never changes.
type Signers struct {
	key    ThresholdKey
	ids    []int // in the caller's order
	bytes  []byte
	shares []PublicShare
	points []k256.Point
	lambda []*k256.Scalar
}

// NewSigners validates a signers context (ValidateSignersCtx of BIP445): 1 <= t <= n <= 128,
// t to n distinct ids from 0 to n-1, a public share for each, and shares that
// interpolate to key. Errors: ErrThreshold, ErrSignerCount, ErrLength,
// ErrSignerID, ErrPublicShare, ErrDuplicateID, ErrKeyMaterial.
//
// The order of ids is the order of partial signatures in Session.Aggregate;
// signatures do not depend on it.
func NewSigners(n, t int, key ThresholdKey, ids []int, shares []PublicShare) (*Signers, error) {
	if n > MaxSigners || t < 1 || t > n {
		return nil, fmt.Errorf("%w: t = %d, n = %d", ErrThreshold, t, n)
	}
	if len(ids) < t || len(ids) > n {
		return nil, fmt.Errorf("%w: %d signers, t = %d, n = %d", ErrSignerCount, len(ids), t, n)
	}
	if len(shares) != len(ids) {
		return nil, fmt.Errorf("%w: %d public shares for %d signers", ErrLength, len(shares), len(ids))
	}
	s := &Signers{
		key:    key,
		ids:    slices.Clone(ids),
		shares: slices.Clone(shares),
		points: make([]k256.Point, len(ids)),
		lambda: make([]*k256.Scalar, len(ids)),
	}
	for i, id := range ids {
		if id < 0 || id >= n {
			return nil, fmt.Errorf("%w: %d at position %d, n = %d", ErrSignerID, id, i, n)
		}
		p, err := k256.ParsePoint(shares[i][:])
		if err != nil {
			return nil, fmt.Errorf("%w: position %d", ErrPublicShare, i)
		}
		s.points[i] = p
	}
	sorted := slices.Sorted(slices.Values(ids))
	if len(slices.Compact(slices.Clone(sorted))) != len(sorted) {
		return nil, ErrDuplicateID
	}
	var sum k256.Point
	for i, id := range ids {
		s.lambda[i] = interpolatingValue(ids, id)
		sum = sum.Add(s.points[i].MulPublic(s.lambda[i]))
	}
	if sum.IsInfinity() || sum.Bytes() != key {
		return nil, ErrKeyMaterial
	}
	for _, id := range sorted {
		s.bytes = binary.BigEndian.AppendUint32(s.bytes, uint32(id))
	}
	return s, nil
}

// IDs returns the signers in the order they were given.
func (s *Signers) IDs() []int { return slices.Clone(s.ids) }

// ThresholdKey returns the key that the signers share.
func (s *Signers) ThresholdKey() ThresholdKey { return s.key }

// position returns the index of id among the signers.
func (s *Signers) position(id int) (int, error) {
	i := slices.Index(s.ids, id)
	if i < 0 {
		return 0, fmt.Errorf("%w: %d", ErrNotSigner, id)
	}
	return i, nil
}

// interpolatingValue is DeriveInterpolatingValue of BIP445: the Lagrange
// coefficient at 0 of the signer at id+1. ids are distinct and contain id.
func interpolatingValue(ids []int, id int) *k256.Scalar {
	num, den := k256.ScalarFromInt(1), k256.ScalarFromInt(1)
	mine := k256.ScalarFromInt(uint32(id))
	for _, other := range ids {
		if other == id {
			continue
		}
		num = num.Mul(k256.ScalarFromInt(uint32(other + 1)))
		den = den.Mul(k256.ScalarFromInt(uint32(other)).Sub(mine))
	}
	inv, err := den.Invert()
	if err != nil {
		panic("frost: internal error: duplicate signer ids")
	}
	return num.Mul(inv)
}
