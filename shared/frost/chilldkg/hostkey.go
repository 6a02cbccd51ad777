package chilldkg

import (
	"fmt"

	"heliograph/shared/frost/internal/k256"
)

const (
	secretSize    = 32 // a scalar, big endian
	pointSize     = 33 // a compressed point
	signatureSize = 64 // BIP340
)

// HostPublicKey is a compressed point: the identity of a participant over any
// number of sessions.
type HostPublicKey [pointSize]byte

// ParseHostPublicKey reads 33 bytes: a compressed point other than infinity.
func ParseHostPublicKey(b []byte) (HostPublicKey, error) {
	if len(b) != pointSize {
		return HostPublicKey{}, fmt.Errorf("chilldkg: read host public key: %w", wrongLength("bytes", len(b), pointSize))
	}
	if _, err := k256.ParsePoint(b); err != nil {
		return HostPublicKey{}, fmt.Errorf("chilldkg: read host public key: %w", err)
	}
	return HostPublicKey(b), nil
}

// String returns the key in hexadecimal: it is public.
func (k HostPublicKey) String() string { return fmt.Sprintf("%x", k[:]) }

// HostSecretKey decrypts a participant's shares, seeds what it deals, and signs
// transcripts. Together with recovery data it is the share itself, for ever:
// it must not be erased once a second message was sent. Not comparable.
type HostSecretKey struct {
	_      [0]func()
	secret *k256.Scalar
	public HostPublicKey
	point  k256.Point
}

// ParseHostSecretKey reads 32 bytes, big endian, in 1..order-1. The bytes must
// come from a good random generator (or a backup of such). Errors: ErrLength,
// *HostSecretKeyError.
func ParseHostSecretKey(b []byte) (*HostSecretKey, error) {
	if len(b) != secretSize {
		return nil, fmt.Errorf("chilldkg: read host secret key: %w", wrongLength("bytes", len(b), secretSize))
	}
	secret, err := k256.ScalarFromBytes(b)
	if err != nil || secret.IsZero() {
		return nil, &HostSecretKeyError{"not in 1..order-1"}
	}
	point := secret.BaseMul().Affine()
	return &HostSecretKey{secret: secret, public: point.Bytes(), point: point}, nil
}

// PublicKey returns the host public key (hostpubkey_gen in the draft).
func (h *HostSecretKey) PublicKey() HostPublicKey { return h.public }

// Bytes returns the 32 secret bytes, for a backup or a keystore only. The caller
// wipes them.
func (h *HostSecretKey) Bytes() [secretSize]byte { return h.secret.Bytes() }

// Wipe overwrites the key; every later use of it fails. Best effort: copies that
// the runtime made are out of reach.
func (h *HostSecretKey) Wipe() { h.secret.Wipe() }

// String hides the key.
func (h *HostSecretKey) String() string { return "chilldkg.HostSecretKey(redacted)" }

// GoString hides the key.
func (h *HostSecretKey) GoString() string { return h.String() }

// usable refuses a nil or wiped key, whose arithmetic would go through with zero.
func (h *HostSecretKey) usable() error {
	if h == nil || h.secret == nil {
		return &HostSecretKeyError{"missing"}
	}
	if h.secret.IsZero() {
		return &HostSecretKeyError{"wiped"}
	}
	return nil
}
