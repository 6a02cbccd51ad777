package rehearsal

import (
	"slices"
	"testing"

	"heliograph/shared/charter"
)

// story is one thing that a coordinator tells a quorum: a world in which nothing
// was released yet, by a desk and by colluding stations that forget. Honest
// stations are in every story the same ones, and remember.
func (w *World) story(t *testing.T, colluding []int) *World {
	t.Helper()
	told, err := w.Copy()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range w.Stations {
		if !slices.Contains(colluding, i) {
			told.Stations[i] = s
		}
	}
	return told
}

// quorums are all sets of k of n stations.
func quorums(n, k int) [][]int {
	if k == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for last := k - 1; last < n; last++ {
		for _, q := range quorums(last, k-1) {
			out = append(out, append(slices.Clone(q), last))
		}
	}
	return out
}

// A day's limit is 0.1 bitcoin. The coordinator has 0.06 signed by one quorum and
// hides that from another one, which it asks for 0.06 more; s stations collude:
// they sign whatever they are asked and forget it. Two quorums of t share at least
// 2t-n stations. If 2t-n > s, an honest one is among them, which remembers, and
// the second batch is never complete, whichever quorum is asked and whoever
// colludes. If 2t-n = s, the coordinator chooses quorums that share none but
// colluders: 0.12 bitcoin leave in one day. That is the bound, neither more nor
// less, and the program says it for every charter.
func TestBoundOfHiddenBatches(t *testing.T) {
	for _, c := range []struct{ t, n int }{{2, 3}, {3, 5}, {4, 5}} {
		bound := 2*c.t - c.n
		base := ready(t, c.t, c.n)
		for s := 0; s <= bound; s++ {
			breached := 0
			first := quorums(c.n, c.t)[0]
			tried := make(map[int]int) // by the number of stations that both quorums share: more of them are alike
			for _, second := range quorums(c.n, c.t) {
				shared := slices.DeleteFunc(slices.Clone(second), func(i int) bool { return !slices.Contains(first, i) })
				if tried[len(shared)]++; tried[len(shared)] > 1 {
					continue
				}
				// Who colludes does best where both quorums meet.
				colluding := shared[:min(s, len(shared))]
				if hide(t, base, first, second, colluding) {
					breached++
					if len(shared) > s {
						t.Errorf("%d of %d, %d colluding: quorums %v and %v share %v, and no honest one remembered", c.t, c.n, s, first, second, shared)
					}
				}
			}
			if (breached > 0) != (bound <= s) {
				t.Errorf("%d of %d with %d colluding stations: %d breaches; 2t-n is %d", c.t, c.n, s, breached, bound)
			}
		}
	}
}

// A rule asks for four stations of a 3-of-5 wallet. Whichever four the coordinator
// asks, they share three with any other four: all of them remember, those that
// only acknowledged like those that signed.
func TestBoundOfLargerQuorums(t *testing.T) {
	base := readyUnder(t, 3, 5, fourAlways())
	for _, second := range quorums(5, 4) {
		if hide(t, base, []int{0, 1, 2, 3}, second, nil) {
			t.Errorf("quorums 0 to 3 and %v of 5 stations: the second did not meet who remembers", second)
		}
	}
}

func fourAlways() charter.Document {
	d := rules()
	d.Rules = append(d.Rules, charter.Rule{
		ID: "stations/four", Effect: charter.Require, Check: charter.MaxBatch,
		Unless: charter.Demand{Kind: charter.DemandStations, Count: 4},
	})
	return d
}

// hide has a batch signed by the first quorum and tries to have another one signed
// by the second, to which it shows neither the records of the first nor, on a
// second try, any way around them. True if both were signed.
func hide(t *testing.T, base *World, first, second, colluding []int) bool {
	t.Helper()
	w, err := base.Copy()
	if err != nil {
		t.Fatal(err)
	}
	one := w.story(t, colluding)
	if _, err := one.Sign(one.Pay("one", "Exchange", payee(1), 0, 2000, 3_000_000, 3_000_000), first...); err != nil {
		t.Fatal(err)
	}
	w.Now += 600
	other := w.story(t, colluding)
	other.Random() // another coin than the first story's
	batch := other.Pay("two", "Vendor", payee(3), 0, 2000, 3_000_000, 3_000_000)
	sigs, err := other.Sign(batch, second...)
	if err == nil {
		v, err := batch.Verify(other.Public.Wallet)
		if err != nil || !verifies(t, v, sigs) {
			t.Fatalf("the second batch is not signed after all: %v", err)
		}
		return true
	}
	if got := code(err); got != "signing/stale-snapshot" {
		t.Fatalf("%v, then %v: refused with %v", first, second, err)
	}
	// The coordinator tells the truth instead: then the rule is in the way.
	one.Now = w.Now
	if _, err := one.Sign(one.Pay("two", "Vendor", payee(3), 1, 2000, 3_000_000, 3_000_000), second...); code(err) != "rule/cap/day" {
		t.Fatalf("%v, then %v, shown: %v", first, second, err)
	}
	return false
}
