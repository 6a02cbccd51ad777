package diff

import (
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// sum asks for a transaction, or a batch of several, that is too large, or of
// too many payments.
func (s *search) sum(l limit, about []int) answer {
	return s.reach(l.ID, about, l.Check != charter.MaxTransaction, l.Check == charter.MaxCount, l.Max+1)
}

// reach asks for payments of kinds that come to a target, in sat or, with count,
// in number: of one transaction, or of a batch of many.
//
// If it cannot be reached with the fewest and lowest fees that there can be, it
// cannot be reached. Else two ways are tried: the payments so found, and those
// that can have a transaction each.
func (s *search) reach(rule string, about []int, many, count bool, target int64) answer {
	var kinds, alone []int
	fee := unlimited
	for _, i := range about {
		_, _, _, ok := s.lone(i)
		if ok {
			alone = append(alone, i)
		}
		if !ok && !s.helped(i) {
			continue
		}
		kinds = append(kinds, i)
		size, _, _ := s.space.size([][]byte{s.kinds[i].script}, 0, 0)
		fee = min(fee, s.terms[i].least*size)
	}
	if len(kinds) == 0 {
		return no
	}
	try := func(p packing, of []int) (answer, int64) {
		p.target, p.count = target, count
		out, a := p.solve(s.budget)
		if a != yes {
			return a, 0
		}
		k := s.batch(s.spread(p, of, trim(p, out)), many)
		if s.example(rule, k) {
			return yes, 0
		}
		return undecided, k.Transactions[0].Fee
	}
	a, paid := try(s.packing(kinds, many, fee, false), kinds)
	switch {
	case a != undecided:
		return a
	case many && len(alone) > 0:
		a, _ = try(s.packing(alone, true, 0, true), alone)
	case !many && paid > fee:
		a, _ = try(s.packing(kinds, false, paid, false), kinds)
	}
	if a != yes {
		return undecided
	}
	return yes
}

// batch makes payments a case: one transaction, or many, and then every payment
// has its own as far as there are so many.
func (s *search) batch(pays []pay, many bool) policy.Case {
	drafts := make([]draft, 1)
	if many {
		drafts = make([]draft, min(int64(len(pays)), s.space.transactions))
	}
	for i := range drafts {
		drafts[i].index = -1
	}
	for i, p := range pays {
		d := &drafts[i%len(drafts)]
		d.payments = append(d.payments, p)
	}
	return s.assemble(drafts, false)
}

// past asks for a payment that comes on top of too much. It is one payment, as
// small as can be, and the rest left before it, as long ago as the strict limit
// reaches.
func (s *search) past(l limit, about []int) answer {
	worst := no
	for _, i := range s.distinct(about) {
		a := s.pastOf(l, i)
		if a == yes {
			return yes
		}
		worst = max(worst, a)
	}
	return worst
}

func (s *search) pastOf(l limit, i int) answer {
	least, _, fee, ok := s.lone(i)
	if !ok {
		if !s.helped(i) {
			return no
		}
		least, fee = s.kinds[i].least, 0
	}
	if _, a := s.joined([]int{i}, fee, 1, 0, wanted{amount: least}); a == no {
		return no // not even without anything before it
	}
	now := s.batch([]pay{{i, least}}, false)
	count := l.Check == charter.MaxCountWindow
	target := l.Max + 1
	switch {
	case count:
		target--
	default:
		target -= least
		if l.fees() {
			target -= fee
		}
	}
	if target < 1 {
		return s.settle(l.ID, now)
	}
	var names []string
	for _, name := range s.payees {
		if s.strict.counts(l, name) {
			names = append(names, name)
		}
	}
	if l.fees() {
		names = append(names, "")
	}
	if at := slices.Index(names, s.kinds[i].name); at > 0 { // whom the batch pays comes first
		names[0], names[at] = names[at], names[0]
	}
	window := s.cell.moment.reach[l.window]
	p := packing{number: int64(len(names)), target: target, count: count, trigger: -1}
	for range names {
		it := item{least: 1, most: target, number: 1}
		if count {
			it = item{}
		}
		p.items = append(p.items, it)
	}
	if count {
		p.number = target
	}
	for _, j := range s.kinds[i].loose {
		m := s.loose.limits[j]
		if !s.in[j] || !m.Check.OverTime() || s.cell.moment.reach[m.window] < window {
			continue
		}
		r := row{counts: make([]bool, len(names)), most: m.Max - 1, number: m.Check == charter.MaxCountWindow}
		if !r.number {
			r.most = m.Max - least
			if m.fees() {
				r.most -= fee
			}
		}
		for n, name := range names {
			switch {
			case name != "":
				r.counts[n] = s.loose.counts(m, name)
			default:
				r.counts[n] = m.fees()
			}
		}
		p.rows = append(p.rows, r)
	}
	out, a := p.solve(s.budget)
	if a != yes {
		return a
	}
	for n, x := range trim(p, out) {
		if x.number == 0 {
			continue
		}
		before := policy.CasePast{Counterparty: names[n], Amount: x.sum, Age: window, Count: x.number}
		if names[n] == "" {
			before.Count = 0
		}
		now.Past = append(now.Past, before)
	}
	slices.SortFunc(now.Past, func(a, b policy.CasePast) int { return int(min(max(b.Amount-a.Amount, -1), 1)) })
	return s.settle(l.ID, now)
}

// settle keeps a case that was found. One that is no example tells that the cell
// is finer than was thought.
func (s *search) settle(rule string, k policy.Case) answer {
	if s.example(rule, k) {
		return yes
	}
	return undecided
}
