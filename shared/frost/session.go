package frost

import (
	"errors"
	"fmt"

	"heliograph/shared/frost/internal/k256"
)

// PartialSignature is a signer's contribution to a signature: 32 bytes, a
// scalar, big endian.
type PartialSignature [32]byte

// Session is one message under one aggregate nonce, with all that its signers
// have in common (Session Context and GetSessionValues of BIP445). It holds
// nothing secret and never changes.
type Session struct {
	signers *Signers
	b       *k256.Scalar // nonce coefficient
	r       k256.Point   // final nonce, affine
	// factor is e * g * gacc: what a signer's lambda * share is multiplied by.
	factor *k256.Scalar
	// offset is e * g * tacc: what the tweaks add to the signature.
	offset *k256.Scalar
}

// NewSession opens a session. msg may have any length; for a transaction it is
// the 32 bytes of a BIP341 digest. The error for an aggregate nonce that is not
// two points is an *InvalidContribution of the Coordinator. tc must be of the
// signers' own threshold key.
func NewSession(s *Signers, agg AggregateNonce, tc TweakContext, msg []byte) (*Session, error) {
	if tc.q.IsInfinity() || tc.key != s.key {
		return nil, fmt.Errorf("%w: the tweak context is of another key", ErrKeyMaterial)
	}
	r1, err1 := k256.ParsePointOrInfinity(agg[:k256.PointSize])
	r2, err2 := k256.ParsePointOrInfinity(agg[k256.PointSize:])
	if err1 != nil || err2 != nil {
		return nil, &InvalidContribution{Coordinator, ContributionAggregateNonce}
	}
	q := tc.q.XOnly()

	h := taggedHash(tagNonceCoefficient)
	write32(h, len(s.ids))
	h.Write(s.bytes)
	h.Write(agg[:])
	h.Write(q[:])
	h.Write(msg)
	b := scalarOf(h)

	r := r1.Add(r2.MulPublic(b)).Affine()
	if r.IsInfinity() {
		r = k256.Generator()
	}
	rx := r.XOnly()

	h = taggedHash(tagChallenge)
	h.Write(rx[:])
	h.Write(q[:])
	h.Write(msg)
	e := scalarOf(h)

	if b.IsZero() || e.IsZero() {
		return nil, errors.New("frost: open session: a hash is zero")
	}
	if !tc.q.HasEvenY() {
		e = e.Neg() // e * g from here on
	}
	factor := e
	if tc.negated {
		factor = factor.Neg()
	}
	return &Session{signers: s, b: b, r: r, factor: factor, offset: e.Mul(&tc.tacc)}, nil
}

// Sign makes the partial signature of the signer id (Sign of BIP445). The
// nonce is spent first, whatever follows: a second call with it fails with
// ErrNonceUsed. Errors: ErrNonceUsed, ErrNotSigner, ErrShareRange, ErrForeignShare.
//
// The result is not verified here. Whoever releases it does so after Verify,
// because a fault in the machine could make a signature that leaks the share.
func (s *Session) Sign(nonce *SecretNonce, share *SecretShare, id int) (PartialSignature, error) {
	k1, k2, err := nonce.take()
	if err != nil {
		return PartialSignature{}, err
	}
	defer k1.Wipe()
	defer k2.Wipe()
	i, err := s.signers.position(id)
	if err != nil {
		return PartialSignature{}, err
	}
	if share == nil || share.scalar == nil || share.scalar.IsZero() {
		return PartialSignature{}, ErrShareRange // none, or wiped
	}
	if share.public != s.signers.shares[i] {
		return PartialSignature{}, ErrForeignShare
	}
	bk2 := s.b.Mul(k2)
	defer bk2.Wipe()
	k := k1.Add(bk2)
	defer k.Wipe()
	d := s.factor.Mul(s.signers.lambda[i]).Mul(share.scalar)
	defer d.Wipe()
	if s.r.HasEvenY() {
		return d.Add(k).Bytes(), nil
	}
	return d.Sub(k).Bytes(), nil
}

// Verify checks the partial signature of the signer id against its public nonce
// (PartialSigVerify of BIP445). An *InvalidContribution names the signer; see
// there for what it proves. ErrNotSigner reports an id of someone else.
func (s *Session) Verify(p PartialSignature, n PublicNonce, id int) error {
	i, err := s.signers.position(id)
	if err != nil {
		return err
	}
	r1, err1 := k256.ParsePoint(n[:k256.PointSize])
	r2, err2 := k256.ParsePoint(n[k256.PointSize:])
	if err1 != nil || err2 != nil {
		return &InvalidContribution{id, ContributionPublicNonce}
	}
	sig, err := k256.ScalarFromBytes(p[:])
	if err != nil {
		return &InvalidContribution{id, ContributionPartialSignature}
	}
	r := r1.Add(r2.MulPublic(s.b))
	if !s.r.HasEvenY() {
		r = r.Neg()
	}
	c := s.factor.Mul(s.signers.lambda[i])
	if !k256.BasePublic(sig).Equal(r.Add(s.signers.points[i].MulPublic(c))) {
		return &InvalidContribution{id, ContributionPartialSignature}
	}
	return nil
}

// Aggregate adds partial signatures, in the order of the signers' ids, up to a
// BIP340 signature of 64 bytes (PartialSigAgg). The signature is valid if every
// partial signature passes Verify; it is not verified here. Errors: ErrLength, and an
// *InvalidContribution for a partial signature out of range.
func (s *Session) Aggregate(p []PartialSignature) ([64]byte, error) {
	if len(p) != len(s.signers.ids) {
		return [64]byte{}, fmt.Errorf("%w: %d partial signatures for %d signers", ErrLength, len(p), len(s.signers.ids))
	}
	sum := s.offset
	for i := range p {
		v, err := k256.ScalarFromBytes(p[i][:])
		if err != nil {
			return [64]byte{}, &InvalidContribution{s.signers.ids[i], ContributionPartialSignature}
		}
		sum = sum.Add(v)
	}
	var sig [64]byte
	rx, sb := s.r.XOnly(), sum.Bytes()
	copy(sig[:32], rx[:])
	copy(sig[32:], sb[:])
	return sig, nil
}
