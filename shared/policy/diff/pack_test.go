package diff

import (
	"testing"

	"pgregory.net/rapid"
)

// brute tries every number and sum of every item.
func (p packing) brute() bool {
	var try func(i int, there []packed, number, sum int64) bool
	try = func(i int, there []packed, number, sum int64) bool {
		if i == len(p.items) {
			return p.got(there) >= p.target && (p.trigger < 0 || there[p.trigger].number > 0)
		}
		for n := int64(0); n <= p.number-number && (p.items[i].number == 0 || n <= p.items[i].number); n++ {
			for s := n * p.items[i].least; s <= n*p.items[i].most; s++ {
				if p.items[i].total > 0 && s > p.items[i].total || !p.within(append(there[:i:i], packed{n, s})) {
					break
				}
				if try(i+1, append(there[:i:i], packed{n, s}), number+n, sum+s) {
					return true
				}
			}
		}
		return false
	}
	for _, r := range p.rows {
		if r.most < 0 {
			return false
		}
	}
	return try(0, nil, 0, 0)
}

// within reports whether the first items keep all rows.
func (p packing) within(there []packed) bool {
	for _, r := range p.rows {
		if r.left(there) < 0 {
			return false
		}
	}
	return true
}

// A packing is decided as trying everything decides it, whichever way it went.
func TestPackingAgreesWithBruteForce(t *testing.T) {
	seen := map[answer]int{}
	searched := 0
	rapid.Check(t, func(rt *rapid.T) {
		p := packing{number: int64(rapid.IntRange(1, 4).Draw(rt, "number")), trigger: -1}
		n := rapid.IntRange(1, 4).Draw(rt, "items")
		for range n {
			least := rapid.Int64Range(0, 3).Draw(rt, "least")
			p.items = append(p.items, item{least, least + rapid.Int64Range(0, 4).Draw(rt, "above"), rapid.SampledFrom([]int64{0, 0, 1, 2}).Draw(rt, "once"), rapid.SampledFrom([]int64{0, 0, 1, 5}).Draw(rt, "total")})
		}
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			r := row{counts: rapid.SliceOfN(rapid.Bool(), n, n).Draw(rt, "counts"), most: rapid.Int64Range(0, 12).Draw(rt, "most"), number: rapid.IntRange(0, 3).Draw(rt, "of number") == 0}
			if rapid.IntRange(0, 3).Draw(rt, "fees") == 0 {
				r.extra = rapid.SliceOfN(rapid.Int64Range(0, 2), n, n).Draw(rt, "extra")
			}
			p.rows = append(p.rows, r)
		}
		p.rows = append(p.rows, row{counts: make([]bool, n), most: 100})
		for i := range n {
			p.rows[len(p.rows)-1].counts[i] = true
		}
		if rapid.Bool().Draw(rt, "triggered") {
			p.trigger = rapid.IntRange(0, n-1).Draw(rt, "trigger")
		}
		p.target = rapid.Int64Range(1, 20).Draw(rt, "target")
		if p.count = rapid.IntRange(0, 2).Draw(rt, "count") == 0; p.count {
			p.target = rapid.Int64Range(1, 4).Draw(rt, "count target")
		}
		b := &budget{work: 1_000_000}
		out, got := p.solve(b)
		if b.work < 1_000_000 {
			searched++
		}
		seen[got]++
		if got == undecided {
			rt.Fatal("undecided")
		}
		if (got == yes) != p.brute() {
			rt.Fatalf("solved %v, brute force %v\n%+v", got, p.brute(), p)
		}
		if got != yes {
			return
		}
		number := int64(0)
		for i, x := range out {
			if x.sum < x.number*p.items[i].least || x.sum > x.number*p.items[i].most {
				rt.Fatalf("item %d: %+v", i, x)
			}
			number += x.number
			if p.items[i].number > 0 && x.number > p.items[i].number || p.items[i].total > 0 && x.sum > p.items[i].total {
				rt.Fatalf("item %d: %+v", i, x)
			}
		}
		if number > p.number || !p.within(out) || p.got(out) < p.target || p.trigger >= 0 && out[p.trigger].number == 0 {
			rt.Fatalf("%+v\n%+v", out, p)
		}
	})
	if seen[yes] == 0 || seen[no] == 0 || searched == 0 {
		t.Errorf("%v, %d searched: the packings test one side only", seen, searched)
	}
}
