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
			return sum >= p.target && (p.trigger < 0 || there[p.trigger].number > 0)
		}
		for n := int64(0); n <= p.number-number; n++ {
			for s := n * p.items[i].least; s <= n*p.items[i].most; s++ {
				if s > p.slack(i, there) {
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

// A packing is decided as trying everything decides it, whichever way it went.
func TestPackingAgreesWithBruteForce(t *testing.T) {
	seen := map[answer]int{}
	searched := 0
	rapid.Check(t, func(rt *rapid.T) {
		p := packing{number: int64(rapid.IntRange(1, 4).Draw(rt, "number")), trigger: -1}
		n := rapid.IntRange(1, 4).Draw(rt, "items")
		for range n {
			least := rapid.Int64Range(1, 3).Draw(rt, "least")
			p.items = append(p.items, item{least, least + rapid.Int64Range(0, 4).Draw(rt, "above")})
		}
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			p.rows = append(p.rows, row{rapid.SliceOfN(rapid.Bool(), n, n).Draw(rt, "counts"), rapid.Int64Range(0, 12).Draw(rt, "most")})
		}
		p.rows = append(p.rows, row{counts: make([]bool, n), most: 100})
		for i := range n {
			p.rows[len(p.rows)-1].counts[i] = true
		}
		if rapid.Bool().Draw(rt, "triggered") {
			p.trigger = rapid.IntRange(0, n-1).Draw(rt, "trigger")
		}
		p.target = rapid.Int64Range(1, 20).Draw(rt, "target")
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
		number, sum := int64(0), int64(0)
		for i, x := range out {
			if x.sum < x.number*p.items[i].least || x.sum > x.number*p.items[i].most {
				rt.Fatalf("item %d: %+v", i, x)
			}
			number, sum = number+x.number, sum+x.sum
			if p.slack(i, out) < 0 {
				rt.Fatalf("item %d is above a limit: %+v", i, out)
			}
		}
		if number > p.number || sum < p.target || p.trigger >= 0 && out[p.trigger].number == 0 {
			rt.Fatalf("%+v\n%+v", out, p)
		}
	})
	if seen[yes] == 0 || seen[no] == 0 || searched == 0 {
		t.Errorf("%v, %d searched: the packings test one side only", seen, searched)
	}
}
