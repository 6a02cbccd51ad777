package k256

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/coinbase/kryptology/pkg/core/curves"
)

// ScalarSize is the length of an encoded scalar in bytes.
const ScalarSize = 32

// ErrZero reports the inversion of zero.
var ErrZero = errors.New("k256: invert scalar: zero has no inverse")

// Scalar is an integer modulo n that may be secret. It is kept as its 32
// canonical bytes so that Wipe reaches all of it; kryptology's own scalars
// cannot be overwritten, and exist here only for the length of one operation.
// The zero value is the number zero. Not comparable: use Equal. A copy of the
// struct is the same scalar, and is wiped with it.
type Scalar struct {
	_ [0]func()
	// bytes is big endian and < n; nil is zero. It is two pointers away because
	// fmt prints what a struct holds even through unexported fields, where it
	// calls no Format, but follows one pointer at most.
	bytes **[ScalarSize]byte
}

// ScalarFromBytes reads exactly 32 bytes, big endian, below n. Zero is allowed.
func ScalarFromBytes(b []byte) (*Scalar, error) {
	if len(b) != ScalarSize {
		return nil, fmt.Errorf("k256: read scalar: %d bytes, want %d", len(b), ScalarSize)
	}
	if _, err := curves.K256().Scalar.SetBytes(b); err != nil {
		// kryptology's error is dropped: nothing about a secret goes in a message.
		return nil, errors.New("k256: read scalar: not below the group order")
	}
	return newScalar([ScalarSize]byte(b)), nil
}

// ScalarReduce reads exactly 32 bytes, big endian, modulo n: int(b) mod n as the
// BIPs write it. Another length is a programming error.
func ScalarReduce(b []byte) *Scalar {
	if len(b) != ScalarSize {
		panic("k256: internal error: ScalarReduce wants 32 bytes")
	}
	// SetBytesWide reads 64 bytes, little endian, unlike SetBytes.
	var wide [2 * ScalarSize]byte
	for i, v := range b {
		wide[ScalarSize-1-i] = v
	}
	v, err := curves.K256().Scalar.SetBytesWide(wide[:])
	clear(wide[:])
	return fromKryptology(v, err)
}

// ScalarFromInt returns i as a scalar.
func ScalarFromInt(i uint32) *Scalar {
	return newScalar([ScalarSize]byte{28: byte(i >> 24), 29: byte(i >> 16), 30: byte(i >> 8), 31: byte(i)})
}

// Add returns s + o mod n.
func (s *Scalar) Add(o *Scalar) *Scalar {
	return fromKryptology(s.kryptology().Add(o.kryptology()), nil)
}

// Sub returns s - o mod n.
func (s *Scalar) Sub(o *Scalar) *Scalar {
	return fromKryptology(s.kryptology().Sub(o.kryptology()), nil)
}

// Mul returns s * o mod n.
func (s *Scalar) Mul(o *Scalar) *Scalar {
	return fromKryptology(s.kryptology().Mul(o.kryptology()), nil)
}

// Neg returns -s mod n.
func (s *Scalar) Neg() *Scalar {
	return fromKryptology(s.kryptology().Neg(), nil)
}

// Invert returns 1/s mod n, and ErrZero for zero.
func (s *Scalar) Invert() (*Scalar, error) {
	if s.IsZero() {
		return nil, ErrZero
	}
	return fromKryptology(s.kryptology().Invert()), nil
}

// BaseMul returns s * G in time that does not depend on s.
func (s *Scalar) BaseMul() Point {
	return fromKryptologyPoint(baseMul(s))
}

// MulPoint returns s * p in time that does not depend on s (ECDH).
func (s *Scalar) MulPoint(p Point) Point {
	return fromKryptologyPoint(p.kryptology().Mul(s.kryptology()))
}

// IsZero tells whether s is zero, in constant time.
func (s *Scalar) IsZero() bool { return s.Equal(&Scalar{}) }

// Equal compares in constant time.
func (s *Scalar) Equal(o *Scalar) bool {
	a, b := s.Bytes(), o.Bytes()
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Bytes returns the 32 bytes of s, big endian.
func (s *Scalar) Bytes() [ScalarSize]byte {
	if s.bytes == nil {
		return [ScalarSize]byte{}
	}
	return **s.bytes
}

// Wipe overwrites s with zero. Copies that the runtime or kryptology made on
// the way are out of reach: best effort.
func (s *Scalar) Wipe() {
	if s.bytes != nil {
		clear((*s.bytes)[:])
	}
}

// String hides the value.
func (s *Scalar) String() string { return "k256.Scalar(redacted)" }

// GoString hides the value.
func (s *Scalar) GoString() string { return s.String() }

// Format hides the value from every verb, by value and by pointer.
func (s Scalar) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

func newScalar(b [ScalarSize]byte) *Scalar {
	p := &b
	return &Scalar{bytes: &p}
}

func (s *Scalar) kryptology() curves.Scalar {
	b := s.Bytes()
	v, err := curves.K256().Scalar.SetBytes(b[:])
	clear(b[:])
	if err != nil {
		panic("k256: internal error: scalar not below the group order")
	}
	return v
}

// fromKryptology takes a result over. kryptology answers nil where an operand
// is of another curve, which cannot be here.
func fromKryptology(v curves.Scalar, err error) *Scalar {
	if err != nil || v == nil {
		panic("k256: internal error: kryptology refused a checked operand")
	}
	raw := v.Bytes()
	s := newScalar([ScalarSize]byte(raw))
	clear(raw)
	return s
}

// fromKryptologyPoint takes a result over. kryptology encodes the point at
// infinity as an x that is not on the curve, so it is asked first, and decred
// parses the rest.
func fromKryptologyPoint(v curves.Point) Point {
	if v == nil {
		panic("k256: internal error: kryptology refused a checked operand")
	}
	if v.IsIdentity() {
		return Point{}
	}
	p, err := parse(v.ToAffineUncompressed())
	if err != nil {
		panic("k256: internal error: kryptology left the curve")
	}
	return p
}
