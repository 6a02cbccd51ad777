package diff

import (
	"slices"

	"heliograph/shared/charter"
)

// situation is everything about a batch that demands look at, and no sum does.
type situation struct {
	moment  *moment
	drafter int   // who signed the draft, or nobody
	web     set   // who approves in a browser
	offline set   // who approves on an offline device
	veto    set   // who vetoes
	said    []age // seconds since each person stated that nothing is frozen
	quorum  set   // stations that sign
	waited  int64 // seconds since the draft was signed
}

// age is how long ago, in seconds.
type age = int64

// demand is a charter's demand with people and stations by number.
type demand struct {
	kind      charter.DemandKind
	of        []*demand
	count     int
	set       set // people of the roles and names
	offline   bool
	initiator bool
	hours     int // place of an Hours demand among those of both charters
	seconds   int64
}

// leaves appends every demand of the tree that has no branches.
func (d *demand) leaves(to []*demand) []*demand {
	if d.kind != charter.DemandAll && d.kind != charter.DemandAny {
		return append(to, d)
	}
	for _, child := range d.of {
		to = child.leaves(to)
	}
	return to
}

// station is what demands ask of one.
type station struct{ site, entity string }

// parts is one charter's people and stations: what its demands are judged by.
type parts struct {
	can      powers
	stations []station
}

// alike reports whether people and stations mean the same to two charters.
func (p *parts) alike(q *parts) bool {
	return p.can.draft == q.can.draft && p.can.human == q.can.human && p.can.web == q.can.web && p.can.offline == q.can.offline && slices.Equal(p.stations, q.stations)
}

// drafted reports whether anybody of the charter signed the draft.
func (p *parts) drafted(s *situation) bool { return p.can.draft.has(s.drafter) }

// counting are the people whose approvals count for a demand.
func (p *parts) counting(d *demand, s *situation) set {
	if !d.initiator && !p.drafted(s) {
		return set{}
	}
	given := s.offline.and(p.can.offline)
	if !d.offline {
		given = given.or(s.web.and(p.can.web))
	}
	given = given.and(d.set)
	if !d.initiator {
		given = given.without(s.drafter)
	}
	return given
}

// spread is at how many sites, or with how many entities, stations are.
func (p *parts) spread(quorum set, where func(station) string) int {
	var seen []string
	for i, st := range p.stations {
		if at := where(st); at != "" && quorum.has(i) && !slices.Contains(seen, at) {
			seen = append(seen, at)
		}
	}
	return len(seen)
}

func site(s station) string   { return s.site }
func entity(s station) string { return s.entity }

// holds reports whether a demand of the charter holds in a situation.
func (p *parts) holds(d *demand, s *situation) bool {
	switch d.kind {
	case charter.DemandAll:
		for _, child := range d.of {
			if !p.holds(child, s) {
				return false
			}
		}
		return true
	case charter.DemandAny:
		for _, child := range d.of {
			if p.holds(child, s) {
				return true
			}
		}
		return false
	case charter.DemandApprovals:
		return p.counting(d, s).size() >= d.count
	case charter.DemandInitiator:
		return p.drafted(s) && d.set.has(s.drafter)
	case charter.DemandHuman:
		return p.drafted(s) && p.can.human.has(s.drafter)
	case charter.DemandMachine:
		return p.drafted(s) && !p.can.human.has(s.drafter)
	case charter.DemandStations:
		return s.quorum.size() >= d.count
	case charter.DemandSites:
		return p.spread(s.quorum, site) >= d.count
	case charter.DemandEntities:
		return p.spread(s.quorum, entity) >= d.count
	case charter.DemandHours:
		return s.moment.hours[d.hours]
	case charter.DemandWaited:
		return p.drafted(s) && s.waited >= d.seconds
	case charter.DemandNotFrozen:
		for _, i := range d.set.and(p.can.speak).members() {
			if s.said[i] <= d.seconds {
				return true
			}
		}
		return false
	case charter.DemandNoVeto:
		return s.veto.and(d.set).and(p.can.speak) == set{}
	}
	return false
}

// failures calls yield with the situations below s in which a demand does not
// hold, as many as are needed: every situation below s in which it does not is
// below one of them. Below means that fewer approve, vouch and sign, that more
// veto, and that less time was waited; time and drafter stay. A situation below
// another fulfils nothing that the other does not, whatever is demanded.
func (c *cells) failures(d *demand, s situation, yield func(situation)) {
	if c.spend(1) {
		return
	}
	if !c.strict.holds(d, &s) {
		yield(s)
		return
	}
	switch d.kind {
	case charter.DemandAll: // one of them fails
		for _, child := range d.of {
			c.failures(child, s, yield)
		}
	case charter.DemandAny: // all of them fail
		c.all(d.of, s, yield)
	case charter.DemandApprovals:
		alike := func(i int) any {
			return [4]any{c.class[i], i == s.drafter, s.web.has(i), s.offline.has(i)}
		}
		c.some(c.strict.counting(d, &s), d.count-1, alike, func(gone set) {
			less := s // what does not count for the strict charter may stay
			less.offline = less.offline.minus(gone.and(c.strict.can.offline))
			if !d.offline {
				less.web = less.web.minus(gone.and(c.strict.can.web))
			}
			yield(less)
		})
	case charter.DemandWaited:
		less := s
		less.waited = min(less.waited, d.seconds-1)
		yield(less)
	case charter.DemandNotFrozen:
		less := s
		less.said = slices.Clone(s.said)
		for _, i := range d.set.and(c.strict.can.speak).members() {
			less.said[i] = max(less.said[i], d.seconds+1)
		}
		yield(less)
	case charter.DemandNoVeto:
		seen := make(map[int]bool)
		for _, i := range d.set.and(c.strict.can.speak).members() {
			if class := c.class[i]; !seen[class] {
				seen[class] = true
				less := s
				less.veto = less.veto.with(i)
				yield(less)
			}
		}
	case charter.DemandStations:
		c.some(s.quorum, d.count-1, func(i int) any { return c.place(i) }, func(gone set) { c.quorum(s, gone, yield) })
	case charter.DemandSites:
		c.fewer(s, d.count-1, site, yield)
	case charter.DemandEntities:
		c.fewer(s, d.count-1, entity, yield)
	}
	// Who drafted and the hour are given: such a demand cannot be made to fail.
}

// all makes every one of some demands fail.
func (c *cells) all(ds []*demand, s situation, yield func(situation)) {
	if len(ds) == 0 {
		yield(s)
		return
	}
	c.failures(ds[0], s, func(less situation) { c.all(ds[1:], less, yield) })
}

// some calls yield with those of a set to leave out so that n stay, whichever;
// those that are alike stand in for each other.
func (c *cells) some(of set, n int, alike func(int) any, yield func(gone set)) {
	var order []any
	groups := make(map[any][]int)
	for _, i := range of.members() {
		a := alike(i)
		if groups[a] == nil {
			order = append(order, a)
		}
		groups[a] = append(groups[a], i)
	}
	var more func(at, left, rest int, gone set)
	more = func(at, left, rest int, gone set) {
		if left > rest || c.spend(1) {
			return
		}
		if at == len(order) {
			if left == 0 {
				yield(gone)
			}
			return
		}
		group := groups[order[at]]
		for stay := min(left, len(group)); stay >= 0; stay-- {
			out := gone
			for _, i := range group[stay:] {
				out = out.with(i)
			}
			more(at+1, left-stay, rest-len(group), out)
		}
	}
	more(0, n, of.size(), set{})
}

// place is all that demands of either charter can ask of a station.
func (c *cells) place(i int) [2]station {
	var out [2]station
	for n, p := range []*parts{c.strict, c.loose} {
		if i < len(p.stations) {
			out[n] = p.stations[i]
		}
	}
	return out
}

// quorum yields a quorum without some stations, if enough are left to sign.
func (c *cells) quorum(s situation, gone set, yield func(situation)) {
	s.quorum = s.quorum.minus(gone)
	if s.quorum.size() >= c.least {
		yield(s)
	}
}

// fewer calls yield with the quorums at n of the places at which stations of a
// quorum are. Stations without a place stay.
func (c *cells) fewer(s situation, n int, where func(station) string, yield func(situation)) {
	var names []string
	at := make(map[string]set)
	for i, st := range c.strict.stations {
		name := where(st)
		if name == "" || !s.quorum.has(i) {
			continue
		}
		if at[name] == (set{}) {
			names = append(names, name)
		}
		at[name] = at[name].with(i)
	}
	c.some(first(len(names)), n, func(i int) any { return i }, func(without set) {
		var gone set
		for _, i := range without.members() {
			gone = gone.or(at[names[i]])
		}
		c.quorum(s, gone, yield)
	})
}
