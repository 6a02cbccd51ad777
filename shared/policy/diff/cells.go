package diff

import (
	"fmt"
	"slices"

	"heliograph/shared/charter"
)

// maxSituations bounds the search for the situations of one demand.
const maxSituations = maxWork / 4

// cells finds the situations in which a demand of the strict charter does not
// hold and as much as possible of the loose one does.
type cells struct {
	people         people
	strict, loose  *parts
	demands        []*demand // of the loose charter
	least          int       // stations that can sign
	full           situation // everything granted
	class          []int     // by person: who has the same class is in the same sets
	budget         *budget   // of the whole search
	work           int       // what may still be done for one demand
	window         int       // place of the window that is to be reached, or -1
	windows        []int     // of the loose charter's windows
	moments        []*moment
	momentsOfHours []*moment
}

// cell is a situation, and which of the loose charter's demands hold in it.
type cell struct {
	situation
	holds []bool
}

// spend counts work, and reports whether there was too much.
func (c *cells) spend(n int) bool {
	c.work -= n
	return c.budget.spend(n) || c.work < 0
}

// of returns the situations in which a demand fails (any situation, if there is
// none), such that in every other one the same demands of the loose charter fail
// as in one of them, and perhaps more. complete is false if there may be others.
// Where a window is to be reached, those of the loose charter that reach as far
// are as bad as demands that fail.
func (c *cells) of(d *demand, window int, windows []int) (out []cell, complete bool) {
	c.work, c.window, c.windows = maxSituations, window, windows
	var leaves []*demand
	if d != nil {
		leaves = d.leaves(nil)
	}
	c.classify(leaves)
	var bad [][]bool // by cell: what fails
	keep := func(s situation) {
		if c.spend(1 + len(c.demands)/4 + len(bad)) {
			return
		}
		now := cell{situation: s, holds: make([]bool, len(c.demands))}
		fails := make([]bool, 0, len(c.demands)+len(windows))
		for i, other := range c.demands {
			now.holds[i] = c.loose.holds(other, &s)
			fails = append(fails, !now.holds[i])
		}
		for _, w := range windows {
			fails = append(fails, s.moment.reach[w] >= s.moment.reach[window])
		}
		for _, other := range bad {
			if within(other, fails) {
				return
			}
		}
		kept := 0
		for i, other := range bad {
			if !within(fails, other) {
				bad[kept], out[kept] = bad[i], out[i]
				kept++
			}
		}
		bad, out = append(bad[:kept], fails), append(out[:kept], now)
	}
	for _, m := range c.times(leaves) {
		for _, who := range c.drafters() {
			s := c.full
			s.moment, s.drafter = m, who
			if d == nil {
				keep(s)
				continue
			}
			c.failures(d, s, keep)
		}
	}
	return out, c.work >= 0 && c.budget.work >= 0
}

// within reports whether all of a are in b.
func within(a, b []bool) bool {
	for i := range a {
		if a[i] && !b[i] {
			return false
		}
	}
	return true
}

// classify puts people in one class whom neither the demand nor any of the loose
// charter tells apart.
func (c *cells) classify(leaves []*demand) {
	sets := []set{}
	for _, p := range []*parts{c.strict, c.loose} {
		sets = append(sets, p.can.draft, p.can.human, p.can.speak, p.can.web, p.can.offline)
	}
	for _, d := range leaves {
		sets = append(sets, d.set)
	}
	for _, d := range c.demands {
		for _, l := range d.leaves(nil) {
			sets = append(sets, l.set)
		}
	}
	classes := make(map[string]int)
	c.class = make([]int, len(c.people.names))
	for i := range c.class {
		key := make([]byte, len(sets))
		for n := range sets {
			if sets[n].has(i) {
				key[n] = 1
			}
		}
		if _, known := classes[string(key)]; !known {
			classes[string(key)] = len(classes)
		}
		c.class[i] = classes[string(key)]
	}
}

// drafters are nobody, and one person of each class.
func (c *cells) drafters() []int {
	out := []int{nobody}
	seen := make(map[int]bool)
	for i, class := range c.class {
		if !seen[class] {
			seen[class] = true
			out = append(out, i)
		}
	}
	return out
}

// times are the moments that are worth looking at: of two, of which one has all
// the hours of the loose charter that the other has, and none of the demand's
// that the other has not, the other is left out.
func (c *cells) times(leaves []*demand) []*moment {
	from := c.momentsOfHours
	if c.window >= 0 {
		from = c.moments
	}
	var bad [][]bool
	var out []*moment
	for _, m := range from {
		if c.spend(1 + len(out)) {
			break
		}
		var fails []bool
		for _, d := range leaves {
			if d.kind == charter.DemandHours {
				fails = append(fails, m.hours[d.hours])
			}
		}
		for _, d := range c.demands {
			for _, l := range d.leaves(nil) {
				if l.kind == charter.DemandHours {
					fails = append(fails, !m.hours[l.hours])
				}
			}
		}
		for _, w := range c.windows {
			fails = append(fails, m.reach[w] >= m.reach[c.window])
		}
		if slices.ContainsFunc(bad, func(other []bool) bool { return within(other, fails) }) {
			continue
		}
		kept := 0
		for i := range bad {
			if !within(fails, bad[i]) {
				bad[kept], out[kept] = bad[i], out[i]
				kept++
			}
		}
		bad, out = append(bad[:kept], fails), append(out[:kept], m)
	}
	return out
}

// compiler writes demands of both charters with people and hours by number.
type compiler struct {
	people  people
	payees  []string // counterparties of both charters, ascending
	rules   []string // of time zones, by clock
	hours   []hours
	windows []window
	ofHours []*moment // for hours alone
	moments []*moment // for hours and windows
}

func (b *compiler) clock(rule string) int {
	i := slices.Index(b.rules, rule)
	if i < 0 {
		i, b.rules = len(b.rules), append(b.rules, rule)
	}
	return i
}

func zoneRule(d charter.Document, name string) string {
	for _, z := range d.Zones {
		if z.Name == name {
			return z.Rule
		}
	}
	panic("diff: internal error: a charter names a time zone that it does not have")
}

func (b *compiler) demand(in charter.Document, can powers, d charter.Demand) *demand {
	out := &demand{
		kind: d.Kind, count: int(d.Count), set: b.people.named(d, can),
		offline: d.Offline, initiator: d.Initiator, seconds: int64(d.Seconds),
	}
	for _, child := range d.Of {
		out.of = append(out.of, b.demand(in, can, child))
	}
	if d.Kind == charter.DemandHours {
		h := hours{b.clock(zoneRule(in, d.Zone)), d.Days, int64(d.From), int64(d.Until)}
		if out.hours = slices.Index(b.hours, h); out.hours < 0 {
			out.hours, b.hours = len(b.hours), append(b.hours, h)
		}
	}
	return out
}

// text tells demands apart.
func (d *demand) text() string {
	out := fmt.Sprintf("%d %d %x %t %t %d %d(", d.kind, d.count, d.set.key(nil), d.offline, d.initiator, d.hours, d.seconds)
	for _, child := range d.of {
		out += child.text() + ","
	}
	return out + ")"
}
