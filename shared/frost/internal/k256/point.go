package k256

import (
	"errors"
	"fmt"

	"github.com/coinbase/kryptology/pkg/core/curves"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// PointSize is the length of a compressed point in bytes.
const PointSize = 33

// Point is a public point of the curve, the point at infinity included. The
// zero value is the point at infinity. Its arithmetic takes variable time.
// Not comparable: use Equal.
type Point struct {
	_ [0]func()
	// j is kept in Jacobian coordinates with normalised field values, so that
	// sums need no inversion.
	j secp256k1.JacobianPoint
}

// ParsePoint reads 33 bytes, compressed (SEC 1, section 2.3.4): first byte 2 or 3, x below p
// and on the curve. It refuses the point at infinity in any form.
func ParsePoint(b []byte) (Point, error) {
	if len(b) != PointSize {
		return Point{}, fmt.Errorf("k256: read point: %d bytes, want %d", len(b), PointSize)
	}
	return parse(b)
}

// ParsePointOrInfinity reads what ParsePoint reads, and 33 zero bytes as the
// point at infinity (cpoint_ext of BIP327 and BIP445).
func ParsePointOrInfinity(b []byte) (Point, error) {
	if len(b) == PointSize && [PointSize]byte(b) == [PointSize]byte{} {
		return Point{}, nil
	}
	return ParsePoint(b)
}

// LiftX reads 32 bytes as the x of a point and returns the one with even y
// (lift_x of BIP340).
func LiftX(b []byte) (Point, error) {
	if len(b) != PointSize-1 {
		return Point{}, fmt.Errorf("k256: lift x: %d bytes, want %d", len(b), PointSize-1)
	}
	return parse(append([]byte{secp256k1.PubKeyFormatCompressedEven}, b...))
}

// Generator returns G.
func Generator() Point { return BasePublic(ScalarFromInt(1)) }

// BasePublic returns k * G. Variable time: k must be public.
func BasePublic(k *Scalar) Point {
	var p Point
	v := publicScalar(k)
	secp256k1.ScalarBaseMultNonConst(&v, &p.j)
	return p
}

// MulPublic returns k * p. Variable time: k must be public.
func (p Point) MulPublic(k *Scalar) Point {
	var q Point
	v := publicScalar(k)
	secp256k1.ScalarMultNonConst(&v, &p.j, &q.j)
	return q
}

// Add returns p + q.
func (p Point) Add(q Point) Point {
	var r Point
	secp256k1.AddNonConst(&p.j, &q.j, &r.j)
	return r
}

// Neg returns -p.
func (p Point) Neg() Point {
	p.j.Y.Negate(1).Normalize()
	return p
}

// Sub returns p - q.
func (p Point) Sub(q Point) Point { return p.Add(q.Neg()) }

// Equal tells whether p and q are the same point.
func (p Point) Equal(q Point) bool { return p.Sub(q).IsInfinity() }

// IsInfinity tells whether p is the point at infinity. decred writes that point
// as Z = 0 or, after a multiplication by zero, as X = Y = 0 with Z = 1; no point
// of the curve has either.
func (p Point) IsInfinity() bool {
	return p.j.Z.IsZero() || (p.j.X.IsZero() && p.j.Y.IsZero())
}

// HasEvenY tells whether y is even. The point at infinity has no y: a
// programming error.
func (p Point) HasEvenY() bool {
	a := p.affine("HasEvenY")
	return !a.j.Y.IsOdd()
}

// Bytes returns the compressed form, and 33 zero bytes for the point at infinity.
func (p Point) Bytes() [PointSize]byte {
	var out [PointSize]byte
	if p.IsInfinity() {
		return out
	}
	a := p.Affine()
	out[0] = secp256k1.PubKeyFormatCompressedEven
	if a.j.Y.IsOdd() {
		out[0] = secp256k1.PubKeyFormatCompressedOdd
	}
	a.j.X.PutBytesUnchecked(out[1:])
	return out
}

// XOnly returns x, 32 bytes (BIP340). The point at infinity has no x: a
// programming error.
func (p Point) XOnly() [PointSize - 1]byte {
	a := p.affine("XOnly")
	return *a.j.X.Bytes()
}

// Affine returns the same point scaled to Z = 1, so that reading its
// coordinates again costs no inversion.
func (p Point) Affine() Point {
	if !p.IsInfinity() && !p.j.Z.IsOne() {
		p.j.ToAffine()
	}
	return p
}

// String shows the compressed form in hexadecimal: points are public.
func (p Point) String() string { return fmt.Sprintf("%x", p.Bytes()) }

func (p Point) affine(what string) Point {
	if p.IsInfinity() {
		panic("k256: internal error: " + what + " of the point at infinity")
	}
	return p.Affine()
}

// kryptology hands a checked point over by coordinates; Set checks once more
// that they are on the curve.
func (p Point) kryptology() curves.Point {
	if p.IsInfinity() {
		return curves.K256().NewIdentityPoint()
	}
	a := p.Affine()
	pub := secp256k1.NewPublicKey(&a.j.X, &a.j.Y)
	k, err := curves.K256().Point.Set(pub.X(), pub.Y())
	if err != nil {
		panic("k256: internal error: decred left the curve")
	}
	return k
}

// parse is the one door from bytes to points: decred checks the form, the
// range of the coordinates and that they are on the curve. Callers fix the
// length, and with it the form.
func parse(b []byte) (Point, error) {
	pub, err := secp256k1.ParsePubKey(b)
	if err != nil {
		return Point{}, errors.New("k256: read point: not a point of the curve")
	}
	var p Point
	pub.AsJacobian(&p.j)
	return p, nil
}

func publicScalar(k *Scalar) secp256k1.ModNScalar {
	b := k.Bytes()
	var v secp256k1.ModNScalar
	v.SetBytes(&b)
	return v
}
