package frost

import (
	"fmt"

	"heliograph/shared/frost/internal/k256"
)

// PublicShare is a signer's public share: 33 bytes, a compressed point.
type PublicShare [33]byte

// ThresholdKey is the threshold public key before tweaks: 33 bytes, a
// compressed point (thresh_pk of BIP445).
type ThresholdKey [33]byte

// XOnly returns the 32 bytes of x.
func (k ThresholdKey) XOnly() [32]byte { return [32]byte(k[1:]) }

// SecretShare is a signer's share of the threshold secret key: a scalar from
// 1 to n-1 of the group, with the public share that belongs to it. Not comparable.
type SecretShare struct {
	_      [0]func()
	scalar *k256.Scalar
	public PublicShare
}

// ParseSecretShare reads 32 bytes, big endian. Zero and values not below the
// group order are refused with ErrShareRange. It computes the public share
// once, so a share is worth keeping for as long as it is in use.
func ParseSecretShare(b []byte) (*SecretShare, error) {
	scalar, err := k256.ScalarFromBytes(b)
	if err != nil || scalar.IsZero() {
		return nil, ErrShareRange
	}
	return &SecretShare{scalar: scalar, public: scalar.BaseMul().Bytes()}, nil
}

// Bytes returns the 32 bytes of the share, big endian, for the keystore only.
func (s *SecretShare) Bytes() [32]byte { return s.scalar.Bytes() }

// PublicShare returns the share times the generator.
func (s *SecretShare) PublicShare() PublicShare { return s.public }

// Wipe overwrites the share; it can sign no more. Best effort: the runtime may
// have made copies.
func (s *SecretShare) Wipe() { s.scalar.Wipe() }

// String hides the share.
func (s *SecretShare) String() string { return "frost.SecretShare(redacted)" }

// GoString hides the share.
func (s *SecretShare) GoString() string { return s.String() }

// Format hides the share from every verb, by value and by pointer.
func (s SecretShare) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }
