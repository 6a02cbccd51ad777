package policy

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// maxPrice bounds a price, in hundredths of a currency for one bitcoin.
const maxPrice = 1_000_000_000_000_000

const satPerBitcoin = 100_000_000

// Price is what somebody states that one bitcoin is worth. It counts if the
// charter lists the source for the currency with the key that signed.
type Price struct {
	Source     string   `cbor:"1,keyasint"` // name in the charter
	Currency   string   `cbor:"2,keyasint"` // three capital letters
	Hundredths int64    `cbor:"3,keyasint"` // hundredths of the currency for one bitcoin, 1 to 10^15
	Time       int64    `cbor:"4,keyasint"` // unix seconds, by the source's clock
	Signature  [64]byte `cbor:"5,keyasint"` // BIP340
}

// SignPrice returns p signed. aux is 32 fresh random bytes (BIP340).
func SignPrice(p Price, key *wire.SigningKey, aux [32]byte) (Price, error) {
	if err := p.check(); err != nil {
		return Price{}, fmt.Errorf("policy: sign price: %w", err)
	}
	if key == nil {
		return Price{}, errors.New("policy: sign price: no key")
	}
	p.Signature = key.Sign(p.digest(), aux)
	return p, nil
}

// Verify checks the signature by the key that a charter lists for the source.
func (p Price) Verify(key wire.PublicKey) error {
	if err := p.check(); err != nil {
		return fmt.Errorf("policy: verify price: %w", err)
	}
	if err := wire.Verify(key, p.digest(), p.Signature); err != nil {
		return fmt.Errorf("policy: verify price: %w", err)
	}
	return nil
}

// digest is what is signed. A price is of no wallet: it is the same for all.
func (p Price) digest() [32]byte {
	numbers := binary.BigEndian.AppendUint64([]byte(p.Currency), uint64(p.Hundredths))
	numbers = binary.BigEndian.AppendUint64(numbers, uint64(p.Time))
	return wire.TaggedHash("Heliograph/price/v1", numbers, []byte(p.Source))
}

func (p Price) check() error {
	if p.Source == "" || len(p.Source) > charter.MaxName || !utf8.ValidString(p.Source) {
		return fmt.Errorf("a price's source has 1 to %d bytes of UTF-8", charter.MaxName)
	}
	for _, c := range p.Source {
		if !unicode.IsPrint(c) {
			return fmt.Errorf("a price's source has the character %U, which does not show", c)
		}
	}
	if len(p.Currency) != 3 {
		return errors.New("a price's currency has three capital letters")
	}
	for _, c := range []byte(p.Currency) {
		if c < 'A' || c > 'Z' {
			return errors.New("a price's currency has three capital letters")
		}
	}
	if p.Hundredths < 1 || p.Hundredths > maxPrice {
		return fmt.Errorf("a price of %d hundredths: want 1 to %d", p.Hundredths, int64(maxPrice))
	}
	if p.Time < 1 || p.Time > batch.MaxTime {
		return fmt.Errorf("a price of time %d: want 1 to %d", p.Time, int64(batch.MaxTime))
	}
	return nil
}

// comparePrices orders prices in any one way.
func comparePrices(a, b Price) int {
	return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Time, b.Time),
		cmp.Compare(a.Hundredths, b.Hundredths), bytes.Compare(a.Signature[:], b.Signature[:]))
}

// price is one that counts.
type price struct {
	currency   string
	hundredths int64
	age        int64 // seconds before the stated time, below zero for a clock ahead
}

// listedPrices keeps the prices that a source of the charter signed, not later
// than its clock may run ahead.
func (l *law) listedPrices(prices []Price, stated int64) []price {
	var out []price
	for _, p := range prices {
		if p.Time-l.tolerance > stated {
			continue
		}
		for _, s := range l.d.Prices {
			if s.Name == p.Source && s.Currency == p.Currency && p.Verify(s.Key) == nil {
				out = append(out, price{p.Currency, p.Hundredths, stated - p.Time})
				break
			}
		}
	}
	return out
}

// price returns the highest price in a currency that is at most oldest seconds
// old: whoever chooses the prices that travel gains nothing by adding one.
func (f *facts) price(currency string, oldest int64) (hundredths int64, ok bool) {
	for _, p := range f.prices {
		if p.currency == currency && p.age <= oldest {
			hundredths, ok = max(hundredths, p.hundredths), true
		}
	}
	return hundredths, ok
}

// fiat shows hundredths of a currency.
func fiat(hundredths int64, currency string) string {
	if hundredths == math.MaxInt64 {
		return "more " + currency + " than can be counted"
	}
	digits := fmt.Sprint(hundredths / 100)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return fmt.Sprintf("%s.%02d %s", digits, hundredths%100, currency)
}
