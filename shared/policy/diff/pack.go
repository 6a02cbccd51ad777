package diff

import "math"

// item is a kind of payment to be packed: n payments of it amount together to
// anything from n*least to n*most sat.
type item struct {
	least, most int64
	number      int64 // payments at most, 0: as many as there may be of all
	total       int64 // sat of all n at most, 0: no bound of its own
}

// row is a limit: the items that it counts, and the most that they may be
// together, in sat, or in payments.
type row struct {
	counts []bool
	most   int64
	number bool    // it counts payments
	extra  []int64 // sat that each payment of an item counts besides, or nil
}

// of is what payments of item i count.
func (r row) of(i int, x packed) int64 {
	switch {
	case !r.counts[i]:
		return 0
	case r.number:
		return x.number
	case r.extra != nil:
		return x.sum + r.extra[i]*x.number
	}
	return x.sum
}

// left is what a row leaves beside what there is.
func (r row) left(there []packed) int64 {
	left := r.most
	for i, x := range there {
		left -= r.of(i, x)
	}
	return left
}

// packing asks for payments whose sum (or with count, whose number) is at least
// target, within all rows. trigger, if it is not negative, is an item of which
// there must be one.
type packing struct {
	items   []item
	rows    []row
	number  int64 // payments at most
	target  int64 // sat or payments
	count   bool
	trigger int
}

// packed is how many payments of an item there are, and their sum.
type packed struct {
	number, sum int64
}

// got is what a packing comes to.
func (p packing) got(there []packed) int64 {
	total := int64(0)
	for _, x := range there {
		if p.count {
			total += x.number
		} else {
			total += x.sum
		}
	}
	return total
}

// answer is the result of a search.
type answer uint8

const (
	no answer = iota
	yes
	undecided
)

// budget is how many fractions a search may still work out, so that charters made
// to be hard cost seconds and not for ever.
type budget struct{ work int }

// spend takes from a budget, and reports whether there was not enough.
func (b *budget) spend(n int) bool {
	b.work -= n
	return b.work < 0
}

// solve decides a packing exactly, unless the budget runs out. The quick ways
// are proofs too; only overlapping limits need the search behind them.
func (p packing) solve(b *budget) ([]packed, answer) {
	if p.number < 1 || len(p.items) == 0 {
		return nil, no
	}
	if b.spend(len(p.items) * len(p.rows) / 16) {
		return nil, undecided
	}
	for _, r := range p.rows {
		if r.most < 0 {
			return nil, no
		}
	}
	for i, it := range p.items { // one payment
		if p.trigger >= 0 && i != p.trigger || p.count && p.target > 1 {
			continue
		}
		one := packed{1, it.least}
		if !p.count {
			one.sum = max(p.target, it.least)
		}
		if one.sum <= it.most && (it.total == 0 || one.sum <= it.total) && p.fits(i, one) {
			out := make([]packed, len(p.items))
			out[i] = one
			return out, yes
		}
	}
	if p.covered() {
		return nil, no
	}
	if out, ok := p.greedy(); ok {
		return out, yes
	}
	q, back := p.undominated()
	if q.large() {
		return nil, undecided
	}
	found, a := q.search(b)
	if a != yes {
		return nil, a
	}
	out := make([]packed, len(p.items))
	for i, f := range found {
		out[back[i]] = f
	}
	return out, yes
}

// large reports whether even the first step of a search would take too long.
func (p packing) large() bool {
	size := 3*len(p.items) + len(p.rows)
	return size*size > maxWork/4
}

// fits reports whether item i alone is within all rows.
func (p packing) fits(i int, x packed) bool {
	for _, r := range p.rows {
		if r.of(i, x) > r.most {
			return false
		}
	}
	return true
}

// covered reports whether some rows together count every item and come to less
// than the target: which is a proof, though not the only one.
func (p packing) covered() bool {
	if p.count && p.target > p.number {
		return true
	}
	seen := make([]bool, len(p.items))
	left, total := len(p.items), int64(0)
	for i, it := range p.items {
		if !p.count && it.most == 0 {
			seen[i] = true
			left--
		}
	}
	for left > 0 && total < p.target {
		best, share, fresh := -1, math.Inf(1), 0
		for n, r := range p.rows {
			if r.number != p.count {
				continue
			}
			new := 0
			for i, c := range r.counts {
				if c && !seen[i] {
					new++
				}
			}
			if each := float64(r.most) / float64(new); new > 0 && each < share {
				best, share, fresh = n, each, new
			}
		}
		// Items that have a bound of their own below what a row leaves each.
		own := false
		for i, it := range p.items {
			if !p.count && !seen[i] && it.total > 0 && float64(it.total) <= share {
				seen[i], own = true, true
				left, total = left-1, total+it.total
			}
		}
		if own {
			continue
		}
		if best < 0 {
			return false
		}
		for i, c := range p.rows[best].counts {
			seen[i] = seen[i] || c
		}
		left, total = left-fresh, total+p.rows[best].most
	}
	return left == 0 && total < p.target
}

// greedy fills the items one after the other. It finds the most there is if any
// two limits are nested or apart, and every item can be as small as it likes.
func (p packing) greedy() ([]packed, bool) {
	out := make([]packed, len(p.items))
	number := p.number
	fill := func(i int, atMost int64) {
		it := p.items[i]
		room, amount := number, atMost
		if it.total > 0 {
			amount = min(amount, it.total)
		}
		if it.number > 0 {
			room = min(room, it.number)
		}
		if p.count {
			room, amount = min(room, atMost), unlimited
			if it.total > 0 {
				amount = it.total
			}
		}
		extra := int64(0)
		for _, r := range p.rows {
			switch left := r.left(out); {
			case !r.counts[i]:
			case r.number:
				room = min(room, left)
			default:
				if r.extra != nil {
					extra = max(extra, r.extra[i])
				}
				amount = min(amount, left)
			}
		}
		var x packed
		if p.count {
			x.number = room
			if it.least+extra > 0 {
				x.number = min(x.number, amount/(it.least+extra))
			}
			x.sum = x.number * it.least
		} else if room > 0 && amount >= it.least+extra {
			x.number = 1
			if it.most > 0 && amount > it.most {
				x.number = min((amount-1)/it.most+1, room)
			}
			if x.number > 1 && x.number*(it.least+extra) > amount {
				x.number--
			}
			x.sum = min(amount-extra*x.number, x.number*it.most)
		}
		if x.number > 0 && x.sum >= x.number*it.least {
			out[i], number = x, number-x.number
		}
	}
	if p.trigger >= 0 {
		want := p.target
		if !p.count {
			want = max(p.items[p.trigger].least, want)
		}
		fill(p.trigger, want)
		if out[p.trigger].number == 0 {
			return nil, false
		}
	}
	for i := range p.items {
		missing := p.target - p.got(out)
		if i == p.trigger || missing <= 0 {
			continue
		}
		if !p.count {
			missing = max(p.items[i].least, missing)
		}
		fill(i, missing)
	}
	for _, r := range p.rows {
		if r.left(out) < 0 {
			return nil, false
		}
	}
	return out, p.got(out) >= p.target
}

// undominated leaves out items that another can stand in for wherever they
// appear: one that fewer limits count, that may be as small and as large.
func (p packing) undominated() (packing, []int) {
	var keep []int
	for i := range p.items {
		dominated := false
		for k := range p.items {
			if k == i || i == p.trigger || !p.dominates(k, i) {
				continue
			}
			// Of two that can stand in for each other the first stays.
			if k < i || k == p.trigger || !p.dominates(i, k) {
				dominated = true
				break
			}
		}
		if !dominated {
			keep = append(keep, i)
		}
	}
	q := packing{number: p.number, target: p.target, count: p.count, trigger: -1}
	for at, i := range keep {
		q.items = append(q.items, p.items[i])
		if i == p.trigger {
			q.trigger = at
		}
	}
	for _, r := range p.rows {
		part := row{most: r.most, number: r.number, counts: make([]bool, len(keep))}
		if r.extra != nil {
			part.extra = make([]int64, len(keep))
		}
		for at, i := range keep {
			part.counts[at] = r.counts[i]
			if r.extra != nil {
				part.extra[at] = r.extra[i]
			}
		}
		q.rows = append(q.rows, part)
	}
	return q, keep
}

func (p packing) dominates(k, i int) bool {
	if p.items[k].least > p.items[i].least || p.items[k].most < p.items[i].most || p.items[k].number > 0 || p.items[k].total > 0 {
		return false
	}
	for _, r := range p.rows {
		if r.counts[k] && (!r.counts[i] || r.extra != nil && r.extra[k] > r.extra[i]) {
			return false
		}
	}
	return true
}
