package chilldkg

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"heliograph/shared/frost/internal/k256"
)

const (
	bipTag     = "BIP DKG/"             // prefix of every tagged hash of the draft
	schnorrTag = "BIP0340"              // certificates and acknowledgements are plain BIP340
	popTag     = bipTag + "pop message" // proofs of possession are BIP340 under another tag
)

// taggedHash is hash_tag of BIP340 over the parts one after the other.
func taggedHash(tag string, parts ...[]byte) [32]byte {
	prefix := sha256.Sum256([]byte(tag))
	h := sha256.New()
	h.Write(prefix[:])
	h.Write(prefix[:])
	for _, part := range parts {
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}

// schnorrSign is BIP340 Default Signing of a message of any length, with tag in
// place of "BIP0340". public must be secret * G: a signature for another point
// would reveal the secret, so the result is verified before it leaves.
func schnorrSign(tag string, secret *k256.Scalar, public k256.Point, msg []byte, aux [32]byte) ([signatureSize]byte, error) {
	if secret.IsZero() {
		return [signatureSize]byte{}, errors.New("chilldkg: sign: secret key is zero")
	}
	x := public.XOnly()
	d := withEvenY(secret, public)
	defer d.Wipe()

	masked := d.Bytes()
	mask := taggedHash(tag+"/aux", aux[:])
	subtle.XORBytes(masked[:], masked[:], mask[:])
	seed := taggedHash(tag+"/nonce", masked[:], x[:], msg)
	defer clear(masked[:])
	defer clear(seed[:])
	k0 := k256.ScalarReduce(seed[:])
	defer k0.Wipe()
	if k0.IsZero() {
		return [signatureSize]byte{}, errors.New("chilldkg: sign: nonce is zero")
	}
	r := k0.BaseMul().Affine()
	k := withEvenY(k0, r)
	defer k.Wipe()

	rx := r.XOnly()
	s := k.Add(challenge(tag, rx, x, msg).Mul(d)).Bytes()
	sig := [signatureSize]byte(append(rx[:], s[:]...))
	if !schnorrVerify(tag, public, msg, sig) {
		panic("chilldkg: internal error: own signature does not verify")
	}
	return sig, nil
}

// schnorrVerify is BIP340 verification of a message of any length, with tag in
// place of "BIP0340". Only the x coordinate of public counts.
func schnorrVerify(tag string, public k256.Point, msg []byte, sig [signatureSize]byte) bool {
	if public.IsInfinity() {
		return false
	}
	s, err := k256.ScalarFromBytes(sig[32:])
	if err != nil {
		return false
	}
	even := public
	if !public.HasEvenY() {
		even = public.Neg()
	}
	e := challenge(tag, [32]byte(sig[:32]), even.XOnly(), msg)
	r := k256.BasePublic(s).Sub(even.MulPublic(e))
	// An r at or above the field size equals no x coordinate.
	return !r.IsInfinity() && r.HasEvenY() && r.XOnly() == [32]byte(sig[:32])
}

func challenge(tag string, rx, x [32]byte, msg []byte) *k256.Scalar {
	e := taggedHash(tag+"/challenge", rx[:], x[:], msg)
	return k256.ScalarReduce(e[:])
}

// withEvenY returns the secret of the point with the x of public and even y. The
// branch depends on public alone.
func withEvenY(secret *k256.Scalar, public k256.Point) *k256.Scalar {
	if public.HasEvenY() {
		return secret.Add(k256.ScalarFromInt(0)) // a copy: the caller wipes it
	}
	return secret.Neg()
}
