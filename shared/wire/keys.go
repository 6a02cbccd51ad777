package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
)

// PublicKey is an x-only public key of BIP340: 32 bytes, the x coordinate of a
// point with an even y. A station's instance key and the courier key are such keys.
// The type does not promise that the point exists: ParsePublicKey and Verify do.
type PublicKey [32]byte

// ParsePublicKey checks that b is 32 bytes and the x coordinate of a point
// (lift_x of BIP340).
func ParsePublicKey(b []byte) (PublicKey, error) {
	if _, err := schnorr.ParsePubKey(b); err != nil {
		return PublicKey{}, fmt.Errorf("wire: public key: %w", err)
	}
	return PublicKey(b), nil
}

// String is the key in 64 hexadecimal digits.
func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// ErrSignature says that a signature does not belong to this key and digest.
var ErrSignature = errors.New("signature is not valid for this key and these bytes")

// Verify checks a BIP340 signature over a 32-byte digest.
func Verify(pub PublicKey, digest [32]byte, sig [64]byte) error {
	point, err := schnorr.ParsePubKey(pub[:])
	if err != nil {
		return fmt.Errorf("wire: verifying: public key %s: %w", pub, err)
	}
	// Parsing refuses r >= p and s >= n, so no second form of sig verifies.
	parsed, err := schnorr.ParseSignature(sig[:])
	if err != nil || !parsed.Verify(digest[:], point) {
		return fmt.Errorf("wire: verifying with key %s: %w", pub, ErrSignature)
	}
	return nil
}

// SigningKey is a secret BIP340 key: an instance key of a station or the courier
// key. It cannot be compared, prints as redacted under every verb, and refuses to
// be encoded. All copies share one secret, which Wipe erases.
//
// The arithmetic underneath is not constant time in every step; a station signs
// envelopes alone with itself, and the key authorises no payment.
type SigningKey struct {
	// secret is behind a function, which makes the type not comparable and keeps fmt
	// out even where it does not call Format, in unexported fields of other structs: a
	// pointer is not enough, since fmt follows it for a verb that does not fit.
	secret func() *[32]byte
	public PublicKey
}

// ParseSigningKey takes the 32 bytes that Bytes returned. It refuses zero and
// anything not below the order of the group.
func ParseSigningKey(b []byte) (*SigningKey, error) {
	if len(b) != 32 {
		return nil, fmt.Errorf("wire: signing key: %d bytes instead of 32", len(b))
	}
	secret := [32]byte(b)
	private, ok := privateKey(&secret)
	if !ok {
		return nil, errors.New("wire: signing key: not between 1 and the group order")
	}
	defer private.Zero()
	return &SigningKey{secret: func() *[32]byte { return &secret }, public: PublicKey(schnorr.SerializePubKey(private.PubKey()))}, nil
}

// GenerateSigningKey makes a key of 32 fresh bytes of a random generator. The
// one error is that the bytes are no key, which for random ones does not happen
// (probability below 2^-127): it means that the generator has failed.
func GenerateSigningKey(random [32]byte) (*SigningKey, error) {
	key, err := ParseSigningKey(random[:])
	if err != nil {
		return nil, errors.New("wire: generating a signing key: the random bytes are out of range")
	}
	return key, nil
}

func privateKey(secret *[32]byte) (*btcec.PrivateKey, bool) {
	var private btcec.PrivateKey
	overflow := private.Key.SetBytes(secret)
	return &private, overflow == 0 && !private.Key.IsZero()
}

// Public is the key that verifies. It stays known after Wipe.
func (k *SigningKey) Public() PublicKey { return k.public }

// Sign makes the BIP340 signature of digest with auxiliary randomness aux ("Default
// Signing"), and verifies it before it returns, so that a computation gone
// wrong cannot reveal the key. aux should be fresh random bytes; the signature is
// secure without, but loses its protection against faults and side channels.
// A key that was wiped or never parsed is a programming error.
func (k *SigningKey) Sign(digest, aux [32]byte) [64]byte {
	if !k.usable() {
		panic("wire: internal error: signing with a key that is empty or wiped")
	}
	private, ok := privateKey(k.secret())
	if !ok {
		panic("wire: internal error: signing with a key that is empty or wiped")
	}
	defer private.Zero()
	signature, err := schnorr.Sign(private, digest[:], schnorr.CustomNonce(aux))
	if err != nil {
		panic("wire: internal error: signing: " + err.Error())
	}
	return [64]byte(signature.Serialize())
}

func (k *SigningKey) usable() bool { return k != nil && k.secret != nil && *k.secret() != [32]byte{} }

// Bytes is the secret itself, for the keystore alone.
func (k *SigningKey) Bytes() [32]byte {
	if !k.usable() {
		panic("wire: internal error: reading a key that is empty or wiped")
	}
	return *k.secret()
}

// Wipe erases the secret in this key and all its copies, as far as Go lets a
// program erase memory.
func (k *SigningKey) Wipe() {
	if k.secret != nil {
		clear(k.secret()[:])
	}
}

const redactedKey = "wire.SigningKey(redacted)"

// String, GoString and Format keep the secret out of everything that is printed.
func (SigningKey) String() string { return redactedKey }

// GoString is String.
func (SigningKey) GoString() string { return redactedKey }

// Format writes String under every verb.
func (SigningKey) Format(f fmt.State, _ rune) { io.WriteString(f, redactedKey) }

var errNoEncoding = errors.New("wire: a signing key is never encoded")

// MarshalText refuses, so that no encoder of text (JSON, structured logs) takes the key.
func (SigningKey) MarshalText() ([]byte, error) { return nil, errNoEncoding }

// MarshalBinary refuses, so that no binary encoder (CBOR, gob) takes the key.
func (SigningKey) MarshalBinary() ([]byte, error) { return nil, errNoEncoding }
