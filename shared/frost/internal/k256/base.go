package k256

import (
	"sync"

	"github.com/coinbase/kryptology/pkg/core/curves"
)

// baseWindows is the number of 4-bit digits of a scalar.
const baseWindows = 2 * ScalarSize

// baseTable holds digit * 16^i * G for every digit position i, the least
// significant first: 1,024 points, about 250 kB. The generator never changes, so
// its doublings are done once instead of in every multiplication.
var baseTable = sync.OnceValue(func() *[baseWindows][16]curves.Point {
	var table [baseWindows][16]curves.Point
	base := curves.K256().NewGeneratorPoint()
	for i := range table {
		table[i][0] = curves.K256().NewIdentityPoint()
		for digit := 1; digit < 16; digit++ {
			table[i][digit] = table[i][digit-1].Add(base)
		}
		base = table[i][15].Add(base)
	}
	return &table
})

// baseMul returns s * G: one complete addition for each digit, zero digits
// included, so the sequence of operations does not depend on s. As in
// kryptology's own multiplication, which takes four times as long, only the
// address of a table entry does.
func baseMul(s *Scalar) curves.Point {
	table, b := baseTable(), s.Bytes()
	sum := curves.K256().NewIdentityPoint()
	for i := range table {
		digit := b[ScalarSize-1-i/2] >> (4 * (i % 2)) & 0x0f
		sum = sum.Add(table[i][digit])
	}
	clear(b[:])
	return sum
}
