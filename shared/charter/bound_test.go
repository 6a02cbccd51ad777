package charter

import (
	"math/bits"
	"testing"
)

func TestBoundAndSentence(t *testing.T) {
	for _, c := range []struct {
		t, n, want int
		sentence   string
	}{
		{2, 3, 1, "Limits over time hold against a dishonest coordinator alone; together with 1 of the 3 stations it could evade them (2 x 2 - 3 = 1)."},
		{3, 5, 1, "Limits over time hold against a dishonest coordinator alone; together with 1 of the 5 stations it could evade them (2 x 3 - 5 = 1)."},
		{3, 4, 2, "Limits over time hold against a dishonest coordinator together with 1 dishonest station; together with 2 of the 4 stations it could evade them (2 x 3 - 4 = 2)."},
		{4, 5, 3, "Limits over time hold against a dishonest coordinator together with up to 2 dishonest stations; together with 3 of the 5 stations it could evade them (2 x 4 - 5 = 3)."},
		{2, 4, 0, "Limits over time do not hold: two groups of 2 of the 4 stations need not share a station."},
	} {
		if got := Bound(c.t, c.n); got != c.want {
			t.Errorf("%d of %d: bound %d, want %d", c.t, c.n, got, c.want)
		}
		if got := BoundSentence(c.t, c.n); got != c.sentence {
			t.Errorf("%d of %d: %s", c.t, c.n, got)
		}
	}
}

// The bound is what two quorums of t among n can share at the least: counted
// here over all pairs.
func TestBoundIsTheLeastOverlap(t *testing.T) {
	for n := 1; n <= 7; n++ {
		for threshold := n/2 + 1; threshold <= n; threshold++ {
			least := n
			for a := range 1 << n {
				for b := range 1 << n {
					if bits.OnesCount(uint(a)) == threshold && bits.OnesCount(uint(b)) == threshold {
						least = min(least, bits.OnesCount(uint(a&b)))
					}
				}
			}
			if least != Bound(threshold, n) {
				t.Errorf("%d of %d: two quorums share at least %d, bound says %d", threshold, n, least, Bound(threshold, n))
			}
		}
	}
}
