package diff

import (
	"math"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// feed asks for one transaction with a fee: with a payment to one of triggers,
// with payments of together at most most sat (negative: no such bound), within
// everything that the loose charter asks of it. size is the largest that the
// transaction may be, in vB, and number how many payments it may have.
//
// Which percentages concern a transaction depends on whom it pays, so kinds join
// in the order of what they demand of the payments' sum: one level for each
// demand that there is.
func (s *search) feed(triggers []kind, fee, most, size, number int64) ([]kind, []packed, answer) {
	var levels []int64
	demand := make([]int64, len(s.kinds))
	for i, k := range s.kinds {
		demand[i] = -1
		if lowest(s.loose, charter.MaxFee, k.name) < fee {
			continue
		}
		if rate := lowest(s.loose, charter.MaxFeeRate, k.name); rate < (fee+size-1)/size {
			continue
		}
		demand[i] = 0
		if percent := lowest(s.loose, charter.MaxFeePercent, k.name); percent <= charter.MaxPercent {
			demand[i] = quotient(fee, 10_000, percent)
		}
		levels = append(levels, demand[i])
	}
	slices.Sort(levels)
	worst := no
	for _, level := range slices.Compact(levels) {
		var kinds []kind
		for i, k := range s.kinds {
			if demand[i] >= 0 && demand[i] <= level {
				kinds = append(kinds, k)
			}
		}
		p := s.packing(kinds, false, fee)
		p.number = min(p.number, number)
		if most >= 0 {
			bound := row{counts: make([]bool, len(kinds)), most: most}
			for i := range bound.counts {
				bound.counts[i] = true
			}
			p.rows = append(p.rows, bound)
		}
		for _, t := range triggers {
			p.trigger = slices.IndexFunc(kinds, func(k kind) bool { return k.name == t.name && string(k.script) == string(t.script) })
			if p.trigger < 0 {
				continue
			}
			p.target = max(level, t.least)
			out, a := p.solve(s.budget)
			if a == yes {
				return kinds, trim(p, out), yes
			}
			worst = max(worst, a)
		}
	}
	return nil, nil, worst
}

// quotient is a*b/by rounded up, at most 2^62.
func quotient(a, b, by int64) int64 {
	if a > math.MaxInt64/4/b {
		return 1 << 62
	}
	return (a*b + by - 1) / by
}

// fee asks for a fee that is too high: the smallest such, in a transaction of
// the size at which it is cheapest.
func (s *search) fee(r charter.Rule, about []kind) {
	fee := r.Max + 1
	kinds, out, a := s.feed(about, fee, -1, s.space.largest, s.space.payments)
	if a != yes {
		s.settle(r.ID, policy.Case{}, a)
		return
	}
	s.settle(r.ID, s.paying(kinds, out, fee), yes)
}

// paying is the one transaction of a packing with a fee, as small as the loose
// charter's fee rates let it be.
func (s *search) paying(kinds []kind, out []packed, fee int64) policy.Case {
	k := s.build(kinds, out, false)
	k.Transactions[0].Fee = fee
	rate := int64(1) << 62
	var scripts [][]byte
	for _, p := range k.Payments {
		rate = min(rate, lowest(s.loose, charter.MaxFeeRate, p.Counterparty))
		scripts = append(scripts, p.Script)
	}
	k.Transactions[0].VSize, _ = s.space.size(scripts, (fee+rate-1)/rate)
	return k
}

// rate asks for too many sat for each vB. Such a fee is smallest in the smallest
// transaction; more payments make it larger, and are only worth it where a
// percentage demands a larger sum.
func (s *search) rate(r charter.Rule, about []kind) {
	worst := no
	for _, k := range about {
		if lowest(s.loose, charter.MaxFeeRate, k.name) <= r.Max {
			continue
		}
		a := s.rateOf(r, k)
		if a == yes {
			return
		}
		worst = max(worst, a)
	}
	s.settle(r.ID, policy.Case{}, worst)
}

// rateOf is rate for transactions that pay one kind, and keeps what it finds.
func (s *search) rateOf(r charter.Rule, k kind) answer {
	size, _ := s.space.size([][]byte{k.script}, 0)
	for number := int64(1); ; number = min(2*number, s.space.payments) {
		larger, _ := s.space.size(slices.Repeat([][]byte{k.script}, int(number)), 0)
		for _, most := range []int64{number, s.space.payments} {
			kinds, out, a := s.feed([]kind{k}, r.Max*larger+1, -1, larger, most)
			if a == yes {
				c := s.build(kinds, out, false)
				c.Transactions[0].Fee = r.Max*c.Transactions[0].VSize + 1
				if s.example(r.ID, c) {
					return yes
				}
			}
			// With the fee of the smallest transaction and any number of payments:
			// what is not possible now never is.
			if a == no && larger == size && most == s.space.payments {
				return no
			}
		}
		if number == s.space.payments {
			return undecided
		}
	}
}

// percent asks for a fee that is too large a share of the payments. The share
// jumps, because both are whole numbers: so every fee is tried, from the lowest
// that is too much of the smallest payment, with the sums of which it is too
// much, until it is no longer allowed.
func (s *search) percent(r charter.Rule, about []kind) {
	about = slices.DeleteFunc(about, func(k kind) bool { return lowest(s.loose, charter.MaxFeePercent, k.name) <= r.Max })
	if len(about) == 0 {
		return
	}
	least, highest := about[0].least, int64(0)
	for _, k := range about {
		least, highest = min(least, k.least), max(highest, lowest(s.loose, charter.MaxFee, k.name))
	}
	first := r.Max*least/10_000 + 1
	worst := no
	for fee := first; ; fee++ {
		if fee > highest || fee > s.space.money {
			break
		}
		if fee > first+maxFees {
			worst = undecided
			break
		}
		kinds, out, a := s.feed(about, fee, (10_000*fee-1)/r.Max, s.space.largest, s.space.payments)
		if a == yes {
			s.settle(r.ID, s.paying(kinds, out, fee), yes)
			return
		}
		worst = max(worst, a)
		// Without the bound from above, this fee is as far as any sum reaches.
		if _, _, a = s.feed(about, fee, -1, s.space.largest, s.space.payments); a == no {
			break
		}
	}
	s.settle(r.ID, policy.Case{}, worst)
}

// maxFees is how many fees percent tries. A sum of 10,000 sat or more has a fee
// for every hundredth of a percent, so it ends long before unless limits leave
// no sum but small ones.
const maxFees = 20_000
