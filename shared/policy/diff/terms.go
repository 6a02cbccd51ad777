package diff

import (
	"math/bits"

	"heliograph/shared/charter"
)

// terms are what the loose charter's limits ask, in one situation, of a
// transaction that makes some payments: what is at most, and what is at least.
type terms struct {
	output, transaction int64 // sat of one payment, sat together
	fee, rate, percent  int64
	inputs, change      int64
	lifetime            int64
	least               int64 // sat/vB
	share               int64 // basis points
	reserve             int64 // sat
	claimed, proven     int64 // confirmations
}

// unlimited is above everything that is measured.
const unlimited = int64(1) << 62

func noTerms() terms {
	return terms{
		output: unlimited, transaction: unlimited, fee: unlimited, rate: unlimited, percent: unlimited,
		inputs: unlimited, change: unlimited, lifetime: unlimited,
	}
}

// take adds what one limit asks.
func (t *terms) take(l limit) {
	switch l.Check {
	case charter.MaxOutput:
		t.output = min(t.output, l.Max)
	case charter.MaxTransaction:
		t.transaction = min(t.transaction, l.Max)
	case charter.MaxFee:
		t.fee = min(t.fee, l.Max)
	case charter.MaxFeeRate:
		t.rate = min(t.rate, l.Max)
	case charter.MaxFeePercent:
		t.percent = min(t.percent, l.Max)
	case charter.MaxInputs:
		t.inputs = min(t.inputs, l.Max)
	case charter.MaxChange:
		t.change = min(t.change, l.Max)
	case charter.MaxLifetime:
		t.lifetime = min(t.lifetime, l.Max)
	case charter.MinFeeRate:
		t.least = max(t.least, l.Max)
	case charter.MinOwnShare:
		t.share = max(t.share, l.Max)
	case charter.MinReserve:
		t.reserve = max(t.reserve, l.Max)
	case charter.MinConfirmations:
		if l.Proven {
			t.proven = max(t.proven, l.Max)
		} else {
			t.claimed = max(t.claimed, l.Max)
		}
	}
}

// with are the terms of a transaction that makes payments of both.
func (t terms) with(u terms) terms {
	return terms{
		output: min(t.output, u.output), transaction: min(t.transaction, u.transaction), fee: min(t.fee, u.fee), rate: min(t.rate, u.rate),
		percent: min(t.percent, u.percent), inputs: min(t.inputs, u.inputs), change: min(t.change, u.change), lifetime: min(t.lifetime, u.lifetime),
		least: max(t.least, u.least), share: max(t.share, u.share), reserve: max(t.reserve, u.reserve),
		claimed: max(t.claimed, u.claimed), proven: max(t.proven, u.proven),
	}
}

// enter makes a situation the one in which the loose charter is asked.
func (s *search) enter(c *cell) {
	if s.cell == c {
		return
	}
	s.cell = c
	s.in = make([]bool, len(s.loose.limits))
	for i, l := range s.loose.limits {
		s.in[i] = l.demand < 0 || !c.holds[l.demand]
	}
	s.terms = s.terms[:0]
	for _, k := range s.kinds {
		t := noTerms()
		for _, i := range k.loose {
			if s.in[i] {
				t.take(s.loose.limits[i])
			}
		}
		s.terms = append(s.terms, t)
	}
}

// never reports whether no transaction is within the terms: each has an input
// and a fee rate, and each request a second in which it is valid.
func (t terms) never() bool { return t.inputs < 1 || t.lifetime < 1 || t.least > t.rate }

// demanded is the least sum of payments of which a fee is not too large a share;
// false if there is none. No share of nothing is small.
func (t terms) demanded(fee int64) (sum int64, ok bool) {
	switch {
	case t.percent == unlimited:
		return 0, true
	case t.percent == 0:
		return 1, fee == 0
	}
	return max(1, ratioUp(fee, 10_000, t.percent)), true
}

// returned is the least change with which enough of the inputs stays in the
// wallet, if so much leaves it (fee included), and own is paid to itself.
func (t terms) returned(leaves, own int64) (change int64, ok bool) {
	switch {
	case t.share == 0 || leaves == 0:
		return 0, true
	case t.share == charter.MaxPercent:
		return 0, false
	}
	return max(0, ratioUp(leaves, t.share, charter.MaxPercent-t.share)-own), true
}

// lone is how little and how much one payment of a kind can be that has a
// transaction to itself, and its fee. It is false if there is no such payment.
func (s *search) lone(i int) (least, most, fee int64, ok bool) {
	k, t := s.kinds[i], s.terms[i]
	scripts := [][]byte{k.script}
	if t.share > 0 && !k.own {
		scripts = append(scripts, ours)
	}
	size, inputs, ok := s.space.size(scripts, 0, 0)
	if !ok || t.never() || inputs > t.inputs {
		return 0, 0, 0, false
	}
	fee = t.least * size
	if fee > t.fee {
		return 0, 0, 0, false
	}
	demanded, ok := t.demanded(fee)
	if !ok {
		return 0, 0, 0, false
	}
	least, most = max(k.least, demanded), min(k.most, t.output, t.transaction)
	if t.share > 0 && !k.own {
		most = min(most, s.leaves(t)-fee)
	}
	return least, most, fee, least <= most
}

// helped reports whether other payments in its transaction can make a payment
// possible that is none alone.
func (s *search) helped(i int) bool {
	if s.terms[i].never() {
		return false
	}
	if s.terms[i].percent != unlimited {
		return true
	}
	if s.terms[i].share > 0 {
		for _, k := range s.kinds {
			if k.own {
				return true
			}
		}
	}
	return false
}

// ratioUp is a*b/by rounded up, at most unlimited, for numbers of at least zero
// and by above it.
func ratioUp(a, b, by int64) int64 {
	q, rest := ratio(a, b, by)
	if rest && q < unlimited {
		q++
	}
	return q
}

// ratioDown is ratioUp rounded down.
func ratioDown(a, b, by int64) int64 {
	q, _ := ratio(a, b, by)
	return q
}

func ratio(a, b, by int64) (q int64, rest bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(by) {
		return unlimited, false
	}
	n, r := bits.Div64(hi, lo, uint64(by))
	return int64(min(n, uint64(unlimited))), r > 0
}

const satPerBitcoin = 100_000_000

// satAt is how many sat are worth at most so many hundredths of a currency, at a
// price in hundredths for one bitcoin.
func satAt(hundredths, price int64) int64 { return ratioDown(hundredths, satPerBitcoin, price) }
