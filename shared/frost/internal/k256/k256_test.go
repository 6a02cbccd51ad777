package k256

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/coinbase/kryptology/pkg/core/curves"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"pgregory.net/rapid"
)

var order = secp256k1.S256().N

func drawScalar(t *rapid.T, label string) *Scalar {
	edge := []string{
		"00", "01", "02", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413f",
		"7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0",
	}
	if i := rapid.IntRange(0, 2*len(edge)).Draw(t, label+" kind"); i < len(edge) {
		v, _ := new(big.Int).SetString(edge[i], 16)
		s, err := ScalarFromBytes(v.FillBytes(make([]byte, 32)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return ScalarReduce(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
}

func toBig(s *Scalar) *big.Int {
	b := s.Bytes()
	return new(big.Int).SetBytes(b[:])
}

func TestScalarAgreesWithIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawScalar(t, "a"), drawScalar(t, "b")
		x, y := toBig(a), toBig(b)
		want := func(name string, got *Scalar, v *big.Int) {
			if toBig(got).Cmp(v.Mod(v, order)) != 0 {
				t.Fatalf("%s differs from math/big", name)
			}
		}
		want("Add", a.Add(b), new(big.Int).Add(x, y))
		want("Sub", a.Sub(b), new(big.Int).Sub(x, y))
		want("Mul", a.Mul(b), new(big.Int).Mul(x, y))
		want("Neg", a.Neg(), new(big.Int).Neg(x))
		inv, err := a.Invert()
		if a.IsZero() {
			if !errors.Is(err, ErrZero) {
				t.Fatalf("inverse of zero: %v", err)
			}
			return
		}
		want("Invert", inv, new(big.Int).ModInverse(x, order))
		if a.Equal(b) != (x.Cmp(y) == 0) {
			t.Fatal("Equal differs from math/big")
		}
	})
}

func TestScalarReduceAgreesWithIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "raw")
		if rapid.Bool().Draw(t, "high") {
			copy(raw, bytes.Repeat([]byte{0xff}, 16)) // around and above n
		}
		v := new(big.Int).SetBytes(raw)
		if toBig(ScalarReduce(raw)).Cmp(new(big.Int).Mod(v, order)) != 0 {
			t.Fatal("ScalarReduce is not mod n")
		}
		s, err := ScalarFromBytes(raw)
		if (err == nil) != (v.Cmp(order) < 0) {
			t.Fatalf("ScalarFromBytes: %v", err)
		}
		if err == nil && toBig(s).Cmp(v) != 0 {
			t.Fatal("ScalarFromBytes changed the value")
		}
	})
}

func TestScalarFromInt(t *testing.T) {
	for _, i := range []uint32{0, 1, 255, 256, 1 << 31, 1<<32 - 1} {
		if toBig(ScalarFromInt(i)).Cmp(big.NewInt(int64(i))) != 0 {
			t.Errorf("ScalarFromInt(%d)", i)
		}
	}
}

func TestBothHalvesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawScalar(t, "a"), drawScalar(t, "b")
		p := BasePublic(a)
		if !a.BaseMul().Equal(p) {
			t.Fatal("kryptology and decred differ on a*G")
		}
		if !a.BaseMul().Equal(fromKryptologyPoint(curves.K256().ScalarBaseMult(a.kryptology()))) {
			t.Fatal("the table differs from kryptology's own a*G")
		}
		if !b.MulPoint(p).Equal(p.MulPublic(b)) {
			t.Fatal("kryptology and decred differ on b*P")
		}
		if !p.MulPublic(b).Equal(BasePublic(a.Mul(b))) {
			t.Fatal("b*(a*G) is not (ab)*G")
		}
		q := BasePublic(b)
		if !p.Add(q).Equal(BasePublic(a.Add(b))) || !p.Sub(q).Equal(BasePublic(a.Sub(b))) {
			t.Fatal("addition of points is not addition of scalars")
		}
		if !p.Add(p).Equal(p.MulPublic(ScalarFromInt(2))) || !p.Sub(p).IsInfinity() || !p.Neg().Add(p).IsInfinity() {
			t.Fatal("doubling or negation")
		}
	})
}

func TestPointEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := BasePublic(drawScalar(t, "k")).Add(Generator())
		enc := p.Bytes()
		back, err := ParsePointOrInfinity(enc[:])
		if err != nil || !back.Equal(p) {
			t.Fatalf("round trip: %v", err)
		}
		if p.IsInfinity() {
			if _, err := ParsePoint(enc[:]); err == nil {
				t.Fatal("ParsePoint took infinity")
			}
			return
		}
		x := p.XOnly()
		if !bytes.Equal(x[:], enc[1:]) || p.HasEvenY() != (enc[0] == 2) {
			t.Fatal("XOnly or HasEvenY disagree with Bytes")
		}
		even, err := LiftX(x[:])
		if err != nil || !even.HasEvenY() || even.XOnly() != x {
			t.Fatal("LiftX")
		}
	})
}

func TestPointsRefused(t *testing.T) {
	g := Generator().Bytes()
	cases := map[string]string{
		"empty":            "",
		"short":            hex.EncodeToString(g[:32]),
		"long":             hex.EncodeToString(g[:]) + "00",
		"infinity":         hex.EncodeToString(make([]byte, 33)),
		"tag 0":            "00" + hex.EncodeToString(g[1:]),
		"tag 4":            "04" + hex.EncodeToString(g[1:]),
		"hybrid tag 6":     "06" + hex.EncodeToString(g[1:]),
		"x off the curve":  "020000000000000000000000000000000000000000000000000000000000000005",
		"x equal to p":     "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
		"x above p":        "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
		"uncompressed":     "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
		"infinity as 0x00": "00",
	}
	for name, h := range cases {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParsePoint(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := ParsePointOrInfinity(b); (err == nil) != (name == "infinity") {
			t.Errorf("%s: or infinity: %v", name, err)
		}
		if len(b) > 0 {
			if _, err := LiftX(b[1:]); (err == nil) != (name == "tag 0" || name == "tag 4" || name == "hybrid tag 6") {
				t.Errorf("%s: lift: %v", name, err)
			}
		}
	}
}

func TestSharesOfAPolynomial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "t")
		var c []*Scalar
		for i := range n {
			c = append(c, drawScalar(t, fmt.Sprintf("c%d", i)))
		}
		p, err := NewPolynomial(c)
		if err != nil {
			t.Fatal(err)
		}
		x := rapid.Uint32Range(1, 300).Draw(t, "x")
		want := new(big.Int)
		for i := n - 1; i >= 0; i-- {
			want.Mul(want, big.NewInt(int64(x))).Add(want, toBig(c[i]))
		}
		share := p.EvalAt(x)
		if toBig(share).Cmp(want.Mod(want, order)) != 0 {
			t.Fatal("EvalAt differs from math/big")
		}
		commitment := p.Commit()
		if err := VerifyShare(commitment, n, x, share); err != nil {
			t.Fatal(err)
		}
		if err := VerifyShare(commitment, n, x, share.Add(ScalarFromInt(1))); !errors.Is(err, ErrShare) {
			t.Fatalf("wrong share: %v", err)
		}
		if err := VerifyShare(commitment, n, 0, c[0]); !errors.Is(err, ErrShare) {
			t.Fatalf("position 0: %v", err)
		}
	})
}

func TestSecretsAreRedactedAndWiped(t *testing.T) {
	s := ScalarFromInt(0xdeadbeef)
	p, err := NewPolynomial([]*Scalar{s, s})
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		S Scalar
		P *Scalar
		Q *Polynomial
		s Scalar
		p *Scalar
		q *Polynomial
		r Polynomial
	}
	h := holder{*s, s, p, *s, s, p, *p}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, v := range []any{s, *s, p, *p, &h, h, []holder{h}, []*Scalar{s}, [1]Scalar{*s}} {
			got := fmt.Sprintf(verb, v)
			for _, leak := range []string{"deadbeef", "DEADBEEF", "222 173 190 239", "0xde, 0xad", "\xde\xad", `\xde`} {
				if bytes.Contains([]byte(got), []byte(leak)) {
					t.Errorf("%s of %T shows %s", verb, v, got)
				}
			}
		}
	}
	p.Wipe()
	if !p.coefficients[0].IsZero() || !p.coefficients[1].IsZero() {
		t.Error("Polynomial.Wipe left a coefficient")
	}
	if s.IsZero() {
		t.Error("NewPolynomial aliases its argument")
	}
	s.Wipe()
	if !s.IsZero() {
		t.Error("Wipe left the scalar")
	}
}

// FuzzParsePoint: whatever parses encodes to the very bytes it was read from.
func FuzzParsePoint(f *testing.F) {
	g := Generator().Bytes()
	f.Add(g[:])
	f.Add(make([]byte, 33))
	f.Add([]byte{4})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePointOrInfinity(b)
		if err != nil {
			return
		}
		if enc := p.Bytes(); !bytes.Equal(enc[:], b) {
			t.Fatalf("%x encodes as %x", b, enc)
		}
	})
}

// FuzzScalarFromBytes: whatever parses is below the order and encodes to the
// very bytes it was read from.
func FuzzScalarFromBytes(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(order.Bytes())
	f.Add(new(big.Int).Sub(order, big.NewInt(1)).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ScalarFromBytes(b)
		if err != nil {
			return
		}
		if enc := s.Bytes(); !bytes.Equal(enc[:], b) || toBig(s).Cmp(order) >= 0 {
			t.Fatal("not canonical")
		}
	})
}
