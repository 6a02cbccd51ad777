package diff

import "math/big"

// never reports whether even parts of sat do not come to more than a sum, which
// is a proof where amounts are measured in something finer.
func (p packing) never(sum int64, b *budget) bool {
	if p.large() {
		return false
	}
	first := bounds{make([]int64, 2*len(p.items)), make([]int64, 2*len(p.items))}
	for i := range first.high {
		first.high[i] = -1
	}
	_, value, ok := p.relax(first, b)
	return b.work >= 0 && ok && value.Cmp(new(big.Rat).SetInt64(sum)) <= 0
}

// bounds is a node of the search: what each variable is at least, and at most
// (-1: no bound). Variable 2i is the number of item i, 2i+1 the sat above the
// least that so many payments can be.
type bounds struct{ low, high []int64 }

// search is branch and bound over exact linear programs: it ends with a packing,
// or with the proof that there is none.
func (p packing) search(b *budget) ([]packed, answer) {
	vars := 2 * len(p.items)
	first := bounds{make([]int64, vars), make([]int64, vars)}
	for i := range first.high {
		first.high[i] = -1
	}
	if p.trigger >= 0 {
		first.low[2*p.trigger] = 1
	}
	for i, it := range p.items {
		if it.number > 0 {
			first.high[2*i] = it.number
		}
	}
	stack := []bounds{first}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		x, value, ok := p.relax(at, b)
		if b.work < 0 {
			return nil, undecided
		}
		if !ok || value.Cmp(new(big.Rat).SetInt64(p.target)) < 0 {
			continue
		}
		branch := -1
		for i, v := range x {
			if !v.IsInt() {
				branch = i
				break
			}
		}
		if branch < 0 {
			out := make([]packed, len(p.items))
			for i, it := range p.items {
				n := x[2*i].Num().Int64()
				out[i] = packed{n, n*it.least + x[2*i+1].Num().Int64()}
			}
			return out, yes
		}
		floor := new(big.Int).Quo(x[branch].Num(), x[branch].Denom()).Int64()
		below, above := at.clone(), at.clone()
		below.high[branch] = floor
		above.low[branch] = floor + 1
		if it := p.items[branch/2]; branch%2 == 1 && it.most > it.least {
			// So much above the least takes so many payments.
			number := &above.low[branch-1]
			*number = max(*number, floor/(it.most-it.least)+1)
		}
		stack = append(stack, below, above)
	}
	return nil, no
}

func (b bounds) clone() bounds {
	return bounds{append([]int64(nil), b.low...), append([]int64(nil), b.high...)}
}

// relax solves the linear program of a node: the largest sum, without asking for
// whole numbers. Variables are counted from their lower bounds, so that zero is
// a solution wherever there is one: limits count nothing negatively, and the one
// row that does, the link of an item's sum to its number, holds at the lower
// bounds because search raises both.
func (p packing) relax(at bounds, b *budget) (x []*big.Rat, value *big.Rat, ok bool) {
	vars := len(at.low)
	var a [][]int64
	var limit []int64
	add := func(coefficients []int64, most int64) bool {
		for i, c := range coefficients {
			most -= c * at.low[i]
		}
		a, limit = append(a, coefficients), append(limit, most)
		return most >= 0
	}
	one := make([]int64, vars)
	ok = true
	for i, it := range p.items {
		one[2*i] = 1
		link := make([]int64, vars)
		link[2*i], link[2*i+1] = it.least-it.most, 1
		ok = add(link, 0) && ok
		if it.total > 0 {
			sum := make([]int64, vars)
			sum[2*i], sum[2*i+1] = it.least, 1
			ok = add(sum, it.total) && ok
		}
	}
	ok = add(one, p.number) && ok
	for _, r := range p.rows {
		c := make([]int64, vars)
		for i, it := range p.items {
			if !r.counts[i] {
				continue
			}
			c[2*i] = r.of(i, packed{1, it.least})
			if !r.number {
				c[2*i+1] = 1
			}
		}
		ok = add(c, r.most) && ok
	}
	for i, high := range at.high {
		if high >= 0 {
			c := make([]int64, vars)
			c[i] = 1
			ok = add(c, high) && ok
		}
	}
	if !ok {
		return nil, nil, false
	}
	goal := make([]int64, vars)
	base := int64(0)
	for i, it := range p.items {
		goal[2*i], goal[2*i+1] = it.least, 1
		if p.count {
			goal[2*i], goal[2*i+1] = 1, 0
		}
		base += goal[2*i]*at.low[2*i] + goal[2*i+1]*at.low[2*i+1]
	}
	x, value = simplex(a, limit, goal, b)
	for i := range x {
		x[i].Add(x[i], new(big.Rat).SetInt64(at.low[i]))
	}
	return x, value.Add(value, new(big.Rat).SetInt64(base)), true
}

// simplex maximises goal*x for x >= 0 with a*x <= limit, in exact fractions. All
// limits are at least zero and the maximum is finite. Bland's rule ends it, or
// the budget, below zero then, and what it returns is nothing.
func simplex(a [][]int64, limit, goal []int64, b *budget) (x []*big.Rat, value *big.Rat) {
	m, n := len(a), len(goal)
	rat := func(v int64) *big.Rat { return new(big.Rat).SetInt64(v) }
	t := make([][]*big.Rat, m+1) // columns: n variables, m slacks, right side
	basis := make([]int, m)
	for i := range t {
		t[i] = make([]*big.Rat, n+m+1)
		for j := range t[i] {
			t[i][j] = new(big.Rat)
		}
		if i == m {
			for j, g := range goal {
				t[i][j] = rat(-g)
			}
			break
		}
		for j, c := range a[i] {
			t[i][j] = rat(c)
		}
		t[i][n+i], t[i][n+m] = rat(1), rat(limit[i])
		basis[i] = n + i
	}
	b.work -= (m + 1) * (n + m + 1)
	for b.work >= 0 {
		enter := -1
		for j := range n + m {
			if t[m][j].Sign() < 0 {
				enter = j
				break
			}
		}
		if enter < 0 {
			break
		}
		leave, least := -1, new(big.Rat)
		for i := range m {
			if t[i][enter].Sign() <= 0 {
				continue
			}
			ratio := new(big.Rat).Quo(t[i][n+m], t[i][enter])
			if c := ratio.Cmp(least); leave < 0 || c < 0 || c == 0 && basis[i] < basis[leave] {
				leave, least = i, ratio
			}
		}
		if leave < 0 {
			panic("diff: internal error: a packing without bound")
		}
		b.work -= pivot(t, leave, enter)
		basis[leave] = enter
	}
	x = make([]*big.Rat, n)
	for j := range x {
		x[j] = new(big.Rat)
	}
	for i, j := range basis {
		if j < n {
			x[j].Set(t[i][n+m])
		}
	}
	return x, t[m][n+m]
}

// pivot makes a variable basic instead of another, and counts what it works out.
func pivot(t [][]*big.Rat, leave, enter int) (work int) {
	by := new(big.Rat).Inv(t[leave][enter])
	var places []int
	for j, v := range t[leave] {
		if v.Sign() != 0 {
			v.Mul(v, by)
			places = append(places, j)
		}
	}
	product := new(big.Rat)
	for i := range t {
		if i == leave || t[i][enter].Sign() == 0 {
			continue
		}
		factor := new(big.Rat).Set(t[i][enter])
		for _, j := range places {
			t[i][j].Sub(t[i][j], product.Mul(factor, t[leave][j]))
		}
		work += len(places)
	}
	return work
}
