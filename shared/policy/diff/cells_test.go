package diff

import (
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
)

// drawParts draws powers over three people, and four stations.
func drawParts(rt *rapid.T) *parts {
	some := func(label string) set {
		var s set
		for i := range 3 {
			if rapid.IntRange(0, 3).Draw(rt, label) > 0 {
				s = s.with(i)
			}
		}
		return s
	}
	p := &parts{can: powers{draft: some("draft"), human: some("human"), web: some("web"), offline: some("offline")}}
	p.can.speak = p.can.web.or(p.can.offline)
	for range 4 {
		p.stations = append(p.stations, station{rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "site"), rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, "entity")})
	}
	return p
}

func drawTree(rt *rapid.T, depth int) *demand {
	kind := charter.DemandKind(rapid.IntRange(1, 13).Draw(rt, "kind"))
	if depth == 0 && kind <= charter.DemandAny {
		kind = charter.DemandApprovals
	}
	d := &demand{kind: kind, count: rapid.IntRange(1, 3).Draw(rt, "count"), seconds: int64(rapid.IntRange(1, 2).Draw(rt, "seconds"))}
	if kind <= charter.DemandAny {
		for range rapid.IntRange(1, 3).Draw(rt, "branches") {
			d.of = append(d.of, drawTree(rt, depth-1))
		}
		return d
	}
	d.hours = rapid.IntRange(0, 1).Draw(rt, "hours")
	d.offline, d.initiator = rapid.Bool().Draw(rt, "offline"), rapid.Bool().Draw(rt, "initiator")
	for i := range 3 {
		if rapid.Bool().Draw(rt, "member") {
			d.set = d.set.with(i)
		}
	}
	return d
}

// situations are those that there are of three people and four stations: all of who
// approves, and many of the rest.
func situations(times []*moment, yield func(situation)) {
	subset := func(bits int) set { return set{uint64(bits)} }
	for _, m := range times {
		for drafter := nobody; drafter < 3; drafter++ {
			for web := range 8 {
				for offline := range 8 {
					yield(situation{moment: m, drafter: drafter, web: subset(web), offline: subset(offline), said: []age{0, 0, 0}, quorum: subset(15), waited: 2})
					if web != offline {
						continue
					}
					for other := range 16 {
						for n := range int64(3) {
							yield(situation{moment: m, drafter: drafter, web: subset(web), offline: subset(7), veto: subset(other & 7), said: []age{n, int64(other) % 4, int64(other) / 4}, quorum: subset(other), waited: n})
						}
					}
				}
			}
		}
	}
}

// In every situation in which a demand fails, no fewer demands of the loose
// charter fail than in one of the cells, and in each cell the demand fails.
func TestCellsStandForAllSituations(t *testing.T) {
	seen := 0
	rapid.Check(t, func(rt *rapid.T) {
		c := &cells{people: people{names: []string{"Ann", "Ben", "Cem"}}, strict: drawParts(rt), loose: drawParts(rt), least: rapid.IntRange(1, 3).Draw(rt, "threshold"), budget: &budget{work: maxWork}}
		for range rapid.IntRange(0, 3).Draw(rt, "demands") {
			c.demands = append(c.demands, drawTree(rt, 2))
		}
		for range rapid.IntRange(1, 3).Draw(rt, "moments") {
			c.momentsOfHours = append(c.momentsOfHours, &moment{hours: []bool{rapid.Bool().Draw(rt, "first"), rapid.Bool().Draw(rt, "second")}})
		}
		c.full = situation{web: first(3), offline: first(3), said: []age{0, 0, 0}, quorum: first(4), waited: 2}
		var d *demand
		if rapid.IntRange(0, 4).Draw(rt, "none") > 0 {
			d = drawTree(rt, 2)
		}
		found, complete := c.of(d, -1, nil)
		if !complete {
			rt.Fatal("too many situations")
		}
		var bad [][]bool
		for _, one := range found {
			if d != nil && c.strict.holds(d, &one.situation) {
				rt.Fatal("the demand holds in a cell")
			}
			var fails []bool
			for i, other := range c.demands {
				if one.holds[i] != c.loose.holds(other, &one.situation) {
					rt.Fatal("a cell does not say what holds in it")
				}
				fails = append(fails, !one.holds[i])
			}
			bad = append(bad, fails)
		}
		seen += len(found)
		situations(c.momentsOfHours, func(s situation) {
			if s.quorum.size() < c.least || d != nil && c.strict.holds(d, &s) {
				return
			}
			var fails []bool
			for _, other := range c.demands {
				fails = append(fails, !c.loose.holds(other, &s))
			}
			for _, b := range bad {
				if within(b, fails) {
					return
				}
			}
			rt.Fatalf("in %+v only %v fail", s, fails)
		})
	})
	if seen == 0 {
		t.Error("no cells")
	}
}
