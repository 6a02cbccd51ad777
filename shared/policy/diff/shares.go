package diff

import "heliograph/shared/charter"

// percent asks for a fee that is too large a share of the payments. The share
// jumps, because both are whole numbers: so every fee is tried, from the lowest
// that is too much of the smallest payment, with the sums of which it is too
// much, until it is no longer allowed.
func (s *search) percent(l limit, about []int) answer {
	worst := no
	for _, i := range about {
		// Any fee is too large a share of nothing.
		if s.kinds[i].kind == charter.Data && s.terms[i].percent == unlimited {
			if worst = max(worst, s.single(l.ID, i, wanted{most: 1})); worst == yes {
				return yes
			}
		}
	}
	about = s.asked(about, func(t terms) bool { return t.percent > l.Max })
	if l.Max == 0 {
		return max(worst, s.any(l.ID, about, wanted{fee: 1}))
	}
	return s.fees(l.ID, about, worst, func(least int64) int64 { return ratioDown(l.Max, least, 10_000) + 1 },
		func(fee int64) wanted { return wanted{fee: fee, most: (10_000*fee - 1) / l.Max} })
}

// fees tries fees one by one, from the first of which the smallest payment shows
// that it is too large, each with what it wants; until no sum is large enough.
func (s *search) fees(rule string, about []int, worst answer, first func(least int64) int64, want func(fee int64) wanted) answer {
	if len(about) == 0 {
		return worst
	}
	about = s.distinct(about)
	least, highest := unlimited, int64(0)
	for _, i := range about {
		least, highest = min(least, s.kinds[i].least), max(highest, s.terms[i].fee)
	}
	for from, fee := first(least), first(least); fee <= min(highest, s.space.money); fee++ {
		if fee > from+maxFees {
			return undecided
		}
		possible := false
		for _, i := range about {
			w := want(fee)
			_, a := s.feed(i, fee, s.space.payments, w)
			if a != no {
				a = s.single(rule, i, w)
			}
			if a == yes {
				return yes
			}
			worst = max(worst, a)
			// Without the bound from above, this fee is as far as any sum reaches.
			w.most = 0
			_, a = s.feed(i, fee, s.space.payments, w)
			possible = possible || a != no
		}
		if !possible {
			break
		}
	}
	return worst
}

// maxFees is how many fees are tried. A sum of 10,000 sat or more has a fee for
// every hundredth of a percent, so it ends long before unless limits leave no sum
// but small ones.
const maxFees = 20_000

// share asks for a transaction of which too little stays in the wallet.
func (s *search) share(l limit, about []int) answer {
	worst := no
	for _, i := range s.distinct(s.asked(about, func(t terms) bool { return t.share < l.Max })) {
		a := undecided
		if s.kinds[i].own {
			a = s.shareOfOwn(l, i)
		} else {
			a = s.shareOfOthers(l, i)
		}
		if a == yes {
			return yes
		}
		worst = max(worst, a)
	}
	return worst
}

// shareOfOthers pays somebody else, with as little change as the loose charter
// asks for. Change is a whole number: so every change is tried, with the least
// beside it of which it is too small a share, until any share can be had.
func (s *search) shareOfOthers(l limit, i int) answer {
	t := s.terms[i]
	if t.share == 0 {
		return s.single(l.ID, i, wanted{})
	}
	size, _, ok := s.space.size([][]byte{s.kinds[i].script, ours}, 0, 0)
	if !ok || t.share == charter.MaxPercent {
		return no
	}
	worst := no
	dust, fee := s.space.least(ours), t.least*size
	for change := dust; change <= min(t.change, dust+charter.MaxPercent+1); change++ {
		leaves := ratioDown(change, charter.MaxPercent-l.Max, l.Max) + 1
		if leaves > ratioDown(change, charter.MaxPercent-t.share, t.share) {
			continue
		}
		a := s.single(l.ID, i, wanted{sum: max(leaves-fee, 0)})
		if a == yes {
			return yes
		}
		if a == no { // so much cannot leave, and more cannot
			break
		}
		worst = a
	}
	// What is paid to the wallet itself beside it stays there, like change.
	return max(worst, s.beside(l, i, func(least int64) int64 { return ratioUp(least+fee, t.share, charter.MaxPercent-t.share) }))
}

// beside pays a kind and another one, of which the other pays the wallet itself
// and the first does not, or the reverse.
func (s *search) beside(l limit, i int, other func(least int64) int64) answer {
	worst := no
	for _, j := range s.everything {
		if s.kinds[j].own == s.kinds[i].own || s.kinds[j].most == 0 {
			continue
		}
		first, _, _, alone := s.lone(i)
		second, most, _, ok := s.lone(j)
		if !ok && !s.helped(j) {
			continue
		}
		worst = undecided
		if !alone {
			first = s.kinds[i].least
		}
		for _, amount := range []int64{other(first), min(most, s.space.money/2)} {
			d := draft{payments: []pay{{i, first}, {j, max(amount, second, s.kinds[j].least)}}, index: -1}
			if s.example(l.ID, s.assemble([]draft{d}, false)) {
				return yes
			}
		}
	}
	return worst
}

// shareOfOwn pays the wallet itself: then a fee is what leaves, or what others
// are paid in the same transaction.
func (s *search) shareOfOwn(l limit, i int) answer {
	if l.Max == charter.MaxPercent {
		return s.single(l.ID, i, wanted{fee: 1})
	}
	a := s.fees(l.ID, []int{i}, no, func(least int64) int64 { return max(1, ratioDown(least, charter.MaxPercent-l.Max, l.Max)) },
		func(fee int64) wanted {
			return wanted{fee: fee, ownOnly: true, most: (l.Max*fee - 1) / (charter.MaxPercent - l.Max)}
		})
	if a == yes {
		return a
	}
	// Much to others beside little to itself.
	return max(a, s.beside(l, i, func(least int64) int64 { return ratioUp(least, charter.MaxPercent-l.Max, l.Max) + 1 }))
}
