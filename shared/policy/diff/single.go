package diff

import (
	"slices"

	"heliograph/shared/charter"
)

// wanted is what a batch of one transaction must have, to break a check.
type wanted struct {
	amount     int64 // sat, of one payment
	sum        int64 // sat, of all payments
	fee        int64
	rate       int64 // sat/vB, rounded up
	inputs     int64
	changed    bool
	change     int64 // sat, if changed
	index      int64 // of change, if changed
	lifetime   int64 // seconds
	paidBefore bool
	bare       bool  // no more is claimed than the loose charter asks for
	most       int64 // sat, of all payments together, 0: any
	ownOnly    bool  // the wallet is paid, and nobody else
}

// single asks for a transaction that pays one kind and has what is wanted,
// within everything that the loose charter asks of it, and keeps the example.
//
// Nothing makes a higher fee easier: so the search begins with the lowest that
// there can be. If that finds nothing, there is nothing.
func (s *search) single(rule string, i int, w wanted) answer {
	k, t := s.kinds[i], s.terms[i]
	scripts := [][]byte{k.script}
	change := int64(-1)
	if w.changed {
		change = max(w.change, s.space.least(ours))
		scripts = append(scripts, ours)
	}
	size, inputs, ok := s.space.size(scripts, 0, w.inputs)
	if !ok || inputs > t.inputs || change > t.change || w.lifetime > t.lifetime || w.rate > t.rate || t.never() {
		return no
	}
	d := draft{fee: max(w.fee, t.least*size), rate: w.rate, inputs: w.inputs, change: w.change, index: -1}
	if w.rate > 0 {
		d.fee = max(d.fee, (w.rate-1)*size+1)
	}
	if w.changed {
		d.index = w.index
	}
	worst := no
	for _, number := range []int64{2, 16, s.space.payments} {
		first := true
		for fee := d.fee; ; first = false {
			pays, a := s.feed(i, fee, number, w)
			if a == no && first {
				break
			}
			worst = undecided
			if a != yes {
				break
			}
			d := d
			d.payments, d.fee = pays, fee
			one := s.assemble([]draft{d}, w.bare)
			one.Lifetime = max(one.Lifetime, w.lifetime)
			one.Payments[0].PaidBefore = w.paidBefore
			if s.example(rule, one) {
				return yes
			}
			if one.Transactions[0].Fee <= fee {
				break
			}
			fee = one.Transactions[0].Fee
		}
		if number >= s.space.payments {
			break
		}
	}
	return worst
}

// feed asks for the payments of one transaction with a fee: one of a kind, and as
// many others as limits on the fee's share of them demand.
//
// Which percentages concern a transaction depends on whom it pays, so kinds join
// in the order of what they demand of the payments' sum: one level for each
// demand that there is.
func (s *search) feed(trigger int, fee, number int64, w wanted) ([]pay, answer) {
	demand, ok := s.bears(trigger, fee, w)
	if !ok {
		return nil, no
	}
	// What is too much alone stays so; what is enough alone needs no others.
	if _, a := s.joined([]int{trigger}, fee, 1, 0, w); a == no {
		return nil, no
	}
	if pays, a := s.joined([]int{trigger}, fee, 1, max(demand, w.sum), w); a == yes {
		return pays, yes
	}
	kinds, demands, levels := []int{trigger}, []int64{demand}, []int64{demand}
	for _, i := range s.everything {
		k := s.kinds[i]
		// One destination is as old as it is, and is paid once if at all.
		if len(k.alike) == 1 && k.place == s.kinds[trigger].place && (k.once || i != trigger) {
			continue
		}
		if demand, ok := s.bears(i, fee, w); ok {
			kinds, demands, levels = append(kinds, i), append(demands, demand), append(levels, demand)
		}
	}
	slices.Sort(levels)
	worst := no
	for _, level := range slices.Compact(levels) {
		if level < demand {
			continue
		}
		var with []int
		for n, i := range kinds {
			if demands[n] <= level {
				with = append(with, i)
			}
		}
		pays, a := s.joined(with, fee, number, max(level, w.sum), w)
		if a == yes {
			return pays, yes
		}
		worst = max(worst, a)
	}
	return nil, worst
}

// bears reports whether a transaction that pays a kind can have a fee, and what
// sum of payments that demands.
func (s *search) bears(i int, fee int64, w wanted) (demand int64, ok bool) {
	t := s.terms[i]
	if fee > t.fee || t.never() || t.rate < unlimited && ratioUp(fee, 1, s.space.largest) > t.rate || w.ownOnly && !s.kinds[i].own {
		return 0, false
	}
	return t.demanded(fee)
}

// joined asks for a transaction of at most so many payments of some kinds, one of
// them of the first, that come to a sum.
func (s *search) joined(kinds []int, fee, number, sum int64, w wanted) ([]pay, answer) {
	p := s.packing(kinds, false, fee, false)
	p.trigger, p.number = 0, min(p.number, number)
	it := &p.items[0]
	it.least, it.number = max(it.least, w.amount), 1
	if it.least > it.most {
		return nil, no
	}
	if w.most > 0 {
		p.rows = append(p.rows, p.total(w.most))
	}
	if t := s.terms[kinds[0]]; t.share > 0 && !slices.ContainsFunc(s.kinds, func(k kind) bool { return k.own }) {
		p.rows = append(p.rows, p.total(s.leaves(t)-fee))
	}
	p.target = max(it.least, sum)
	out, a := p.solve(s.budget)
	if a != yes {
		return nil, a
	}
	return s.spread(p, kinds, trim(p, out)), yes
}

// leaves is how much may leave in one transaction, fee included, if nothing is
// paid to the wallet itself and enough of the inputs must stay.
func (s *search) leaves(t terms) int64 {
	if t.share == charter.MaxPercent {
		return 0
	}
	ofAll := ratioDown(s.space.money, charter.MaxPercent-t.share, charter.MaxPercent)
	return min(ofAll, ratioDown(min(t.change, s.space.money), charter.MaxPercent-t.share, t.share))
}

// total limits all payments together.
func (p packing) total(most int64) row {
	r := row{counts: make([]bool, len(p.items)), most: most}
	for i := range r.counts {
		r.counts[i] = true
	}
	return r
}

// packing lays the loose charter's limits on sums and numbers over kinds: of one
// transaction that costs a fee, or of a batch of many. With care, every payment
// of many is one that can have a transaction to itself, and pays for it.
func (s *search) packing(kinds []int, many bool, fee int64, careful bool) packing {
	p := packing{number: s.space.payments, trigger: -1}
	fees := make([]int64, len(kinds))
	for n, i := range kinds {
		k, t := s.kinds[i], s.terms[i]
		it := item{least: k.least, most: min(k.most, t.output)}
		if many {
			it.most = min(it.most, t.transaction)
		}
		if careful {
			it.least, it.most, fees[n], _ = s.lone(i)
		}
		if k.once {
			it.number = int64(len(k.alike))
		}
		if k.kind == charter.Data { // nodes relay one in a transaction
			it.number = 1
			if many {
				it.number = s.space.transactions
			}
		}
		if k.once && k.kind != charter.Data {
			it.number = int64(len(k.alike))
		}
		p.items = append(p.items, it)
	}
	money := p.total(s.space.money - fee)
	if careful {
		money.extra = fees
	}
	p.rows = append(p.rows, money)
	number := make(map[int]int) // of kinds, by limit
	for _, k := range kinds {
		for _, i := range s.kinds[k].loose {
			number[i]++
		}
	}
	rows := make(map[int]int) // by limit
	for n, k := range kinds {
		for _, i := range s.kinds[k].loose {
			at, known := rows[i]
			if !known {
				if !s.in[i] || !s.loose.limits[i].sums() {
					continue
				}
				r := s.row(s.loose.limits[i], len(kinds), many, fee)
				if careful && s.loose.limits[i].fees() {
					r.extra = fees
				}
				if number[i] == 1 && !r.number && r.extra == nil && r.most > 0 {
					if it := &p.items[n]; it.total == 0 || r.most < it.total {
						it.total = r.most
					}
					continue
				}
				at = len(p.rows)
				rows[i], p.rows = at, append(p.rows, r)
			}
			p.rows[at].counts[n] = true
		}
	}
	return p
}

// sums reports whether a limit is one on a sum or a number of payments.
func (l limit) sums() bool {
	switch l.Check {
	case charter.MaxTransaction, charter.MaxBatch, charter.MaxWindow, charter.MaxCount, charter.MaxCountWindow, charter.MaxFiat:
		return true
	}
	return false
}

// row is what such a limit leaves to payments, beside a fee.
func (s *search) row(l limit, kinds int, many bool, fee int64) row {
	r := row{counts: make([]bool, kinds), most: l.Max}
	switch l.Check {
	case charter.MaxTransaction:
		if many {
			r.most = min(r.most, unlimited/s.space.transactions) * s.space.transactions
		}
	case charter.MaxWindow:
		if l.fees() {
			r.most -= fee
		}
	case charter.MaxCount, charter.MaxCountWindow:
		r.number = true
	case charter.MaxFiat:
		r.most = satAt(l.Max, s.price(l.Currency))
	}
	return r
}

// trim lowers a packing of sums to its target as far as payments can be smaller:
// less never breaks a limit on a sum.
func trim(p packing, out []packed) []packed {
	excess := -p.target
	for _, x := range out {
		excess += x.sum
	}
	for i := range out {
		if excess <= 0 || p.count {
			break
		}
		less := min(excess, out[i].sum-out[i].number*p.items[i].least)
		out[i].sum, excess = out[i].sum-less, excess-less
	}
	return out
}

// spread makes a packing payments, the trigger's first.
func (s *search) spread(p packing, kinds []int, out []packed) []pay {
	var pays []pay
	for n, x := range out {
		left := x.sum
		for more := x.number; more > 0; more-- {
			amount := min(left-(more-1)*p.items[n].least, p.items[n].most)
			left -= amount
			pays = append(pays, pay{kinds[n], amount})
		}
	}
	return pays
}
