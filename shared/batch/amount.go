package batch

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// Amount is a sum of bitcoin in satoshi.
type Amount int64

// MaxMoney is 21 million bitcoin in satoshi: no amount and no sum of amounts in
// a batch exceeds it.
const MaxMoney Amount = 21_000_000 * 100_000_000

// Valid reports whether a is in [0, MaxMoney].
func (a Amount) Valid() bool { return a >= 0 && a <= MaxMoney }

// String returns the amount in bitcoin with all eight decimals, such as
// "0.00012345 BTC".
func (a Amount) String() string {
	sign := ""
	u := uint64(a)
	if a < 0 {
		sign = "-"
		u = -u
	}
	return fmt.Sprintf("%s%d.%08d BTC", sign, u/100_000_000, u%100_000_000)
}

// Sat returns the amount in satoshi with its digits in groups of three, such as
// "12,345 sat".
func (a Amount) Sat() string {
	digits := strconv.FormatInt(int64(a), 10)
	sign := ""
	if a < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits + " sat"
}

// add returns a + b, and false if either or the sum is no valid amount.
func (a Amount) add(b Amount) (Amount, bool) {
	if !a.Valid() || !b.Valid() || a > MaxMoney-b {
		return 0, false
	}
	return a + b, true
}

// OutPoint names an output of a transaction.
type OutPoint struct {
	TxID [32]byte // in the order of the wire, the reverse of what people read
	Vout uint32
}

// Bytes returns the outpoint as transactions carry it: the id, then the number
// in little-endian, 36 bytes.
func (o OutPoint) Bytes() [36]byte {
	var b [36]byte
	copy(b[:], o.TxID[:])
	binary.LittleEndian.PutUint32(b[32:], o.Vout)
	return b
}

// String returns txid:vout, the id in the order that people read.
func (o OutPoint) String() string {
	id := o.TxID
	slices.Reverse(id[:])
	return hex.EncodeToString(id[:]) + ":" + strconv.FormatUint(uint64(o.Vout), 10)
}
