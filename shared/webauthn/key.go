package webauthn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// Algorithm is a COSE algorithm identifier (RFC 9053).
type Algorithm int8

// The algorithms.
const (
	ES256 Algorithm = -7 // ECDSA on P-256 with SHA-256
	EdDSA Algorithm = -8 // Ed25519
)

// Key is the public key of a credential.
type Key struct {
	Algorithm Algorithm
	Point     []byte // ES256: compressed point, 33 bytes; EdDSA: 32 bytes
}

// Check reports why the key is none: an unknown algorithm, a wrong length, no
// point of the curve, a second encoding of a point, or an Ed25519 point of small
// order, under which anybody can sign.
func (k Key) Check() error {
	var err error
	switch k.Algorithm {
	case ES256:
		_, err = k.p256()
	case EdDSA:
		_, err = k.ed25519()
	default:
		err = fmt.Errorf("algorithm %d is neither ES256 (-7) nor EdDSA (-8)", k.Algorithm)
	}
	if err != nil {
		return fmt.Errorf("webauthn: key: %w", err)
	}
	return nil
}

const (
	p256Size         = 32 // bytes of a coordinate and of a scalar
	compressedSize   = 1 + p256Size
	uncompressedMark = 0x04
)

func (k Key) p256() (*ecdsa.PublicKey, error) {
	if len(k.Point) != compressedSize {
		return nil, fmt.Errorf("%d bytes instead of %d for ES256", len(k.Point), compressedSize)
	}
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), k.Point)
	if x == nil {
		return nil, errors.New("not a compressed point of P-256")
	}
	var full [1 + 2*p256Size]byte
	full[0] = uncompressedMark
	x.FillBytes(full[1:compressedSize])
	y.FillBytes(full[compressedSize:])
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), full[:])
}

// smallOrder are the y coordinates, little-endian, of the eight points of small
// order: (0, 1), (0, -1), two with y = 0 and four of order eight.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
}

// edwardsPrime is 2^255 - 19.
func edwardsPrime() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 255)
	return p.Sub(p, big.NewInt(19))
}

// ed25519 refuses what crypto/ed25519 would take: y not reduced (RFC 8032 section
// 5.1.3) and points of small order.
func (k Key) ed25519() (ed25519.PublicKey, error) {
	if len(k.Point) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%d bytes instead of %d for EdDSA", len(k.Point), ed25519.PublicKeySize)
	}
	encoded := bytes.Clone(k.Point)
	encoded[31] &= 0x7f // less the sign of x
	for _, low := range smallOrder {
		if hex.EncodeToString(encoded) == low {
			return nil, errors.New("an Ed25519 point of small order")
		}
	}
	slices.Reverse(encoded)
	y := new(big.Int).SetBytes(encoded)
	if y.Cmp(edwardsPrime()) >= 0 {
		return nil, errors.New("an Ed25519 point in a longer form than needed")
	}
	if !onEdwards25519(y) {
		return nil, errors.New("not a point of Ed25519")
	}
	return ed25519.PublicKey(k.Point), nil
}

// onEdwards25519 reports whether some x belongs to y: whether (y^2 - 1) / (dy^2 + 1)
// is a square, where d = -121665/121666 (RFC 8032 section 5.1.3). Multiplying by
// squares, that is whether 121666 (y^2 - 1) (121666 - 121665 y^2) is one.
func onEdwards25519(y *big.Int) bool {
	square := new(big.Int).Mul(y, y)
	numerator := new(big.Int).Sub(square, big.NewInt(1))
	denominator := new(big.Int).Mul(square, big.NewInt(-121665))
	denominator.Add(denominator, big.NewInt(121666))
	product := numerator.Mul(numerator, denominator)
	product.Mul(product, big.NewInt(121666))
	p := edwardsPrime()
	return big.Jacobi(product.Mod(product, p), p) != -1
}

var errSignature = errors.New("the signature does not belong to this key and these bytes")

// verify checks a signature over message.
func (k Key) verify(message, signature []byte) error {
	switch k.Algorithm {
	case ES256:
		pub, err := k.p256()
		if err != nil {
			return err
		}
		if _, err := fromDER(signature); err != nil {
			return err
		}
		digest := sha256.Sum256(message)
		if !ecdsa.VerifyASN1(pub, digest[:], signature) {
			return errSignature
		}
		return nil
	case EdDSA:
		pub, err := k.ed25519()
		if err != nil {
			return err
		}
		if len(signature) != ed25519.SignatureSize {
			return fmt.Errorf("an EdDSA signature of %d bytes instead of %d", len(signature), ed25519.SignatureSize)
		}
		if !ed25519.Verify(pub, message, signature) {
			return errSignature
		}
		return nil
	}
	return k.Check()
}

// inRange reports whether a scalar, 32 bytes big-endian, is from 1 to n-1.
func inRange(scalar []byte) bool {
	v := new(big.Int).SetBytes(scalar)
	return v.Sign() > 0 && v.Cmp(elliptic.P256().Params().N) < 0
}
