package charter

import (
	"errors"
	"math/big"
	"slices"
)

// edwards checks that 32 bytes are the one encoding of a point of edwards25519
// (RFC 8032 section 5.1.3) that is not of small order: under such a key one
// signature fits many messages. The standard library tells neither of a key.
func edwards(key []byte) error {
	one := big.NewInt(1)
	p := new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	mod := func(x *big.Int) *big.Int { return x.Mod(x, p) }
	mul := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
	inverse := func(a *big.Int) *big.Int { return new(big.Int).ModInverse(a, p) }

	b := slices.Clone(key)
	slices.Reverse(b)
	sign := uint(b[0] >> 7)
	b[0] &= 0x7f
	y := new(big.Int).SetBytes(b)
	if y.Cmp(p) >= 0 {
		return errors.New("not the canonical encoding of a point")
	}
	// x² = (y² - 1) / (d y² + 1), whose divisor is never zero, for -1/d is no square.
	d := mul(big.NewInt(-121665), inverse(big.NewInt(121666)))
	yy := mul(y, y)
	x := new(big.Int).ModSqrt(mul(new(big.Int).Sub(yy, one), inverse(new(big.Int).Add(mul(d, yy), one))), p)
	if x == nil {
		return errors.New("not a point of the curve")
	}
	if x.Sign() == 0 && sign == 1 {
		return errors.New("not the canonical encoding of a point")
	}
	// The sign of x does not change the order. Doubled three times, a point whose
	// order divides 8 is the neutral one, (0, 1).
	for range 3 {
		t := mul(d, mul(mul(x, x), mul(y, y)))
		nextX := mul(mul(big.NewInt(2), mul(x, y)), inverse(new(big.Int).Add(one, t)))
		nextY := mul(new(big.Int).Add(mul(y, y), mul(x, x)), inverse(mod(new(big.Int).Sub(one, t))))
		x, y = nextX, nextY
	}
	if x.Sign() == 0 && y.Cmp(one) == 0 {
		return errors.New("a point of small order, under which anybody can sign")
	}
	return nil
}
