package diff

import (
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// side is one charter, ready to be asked.
type side struct {
	charter charter.Charter
	doc     charter.Document
	trial   policy.Trial
	parts   *parts
	demands []*demand           // distinct, of its requirements
	groups  map[string][]string // by counterparty, of all that it knows
	rules   []reader            // allows and denies
	limits  []limit             // requirements
	sorted  []requirement       // the same by rule
}

// requirement is a rule's limits: places among the side's limits by whom each
// counts, or under the empty name by the one that counts all together.
type requirement struct {
	reader
	limits map[string]int
}

// reader tells what payments a rule is about.
type reader struct {
	charter.Rule
	to     map[string]bool
	groups map[string]bool
}

// limit is a requirement, for those together whom it counts together: one that
// counts each counterparty or group apart is as many limits.
type limit struct {
	reader
	apart  string // the counterparty or group that it counts, if it counts them apart
	first  int    // place of the first limit of the rule
	demand int    // place of Unless among the side's demands, or -1
	window int    // place of its window among those of both sides, or -1
}

func newReader(r charter.Rule) reader {
	out := reader{Rule: r, to: make(map[string]bool, len(r.To)), groups: make(map[string]bool, len(r.Groups))}
	for _, n := range r.To {
		out.to[n] = true
	}
	for _, g := range r.Groups {
		out.groups[g] = true
	}
	return out
}

// everybody reports whether the rule names nobody.
func (r reader) everybody() bool { return len(r.to)+len(r.groups) == 0 }

// names reports whether a rule of the side is about payments to a counterparty.
func (s *side) names(r reader, name string) bool {
	if r.everybody() {
		_, known := s.groups[name]
		return known || r.Effect != charter.Allow
	}
	return r.to[name] || slices.ContainsFunc(s.groups[name], func(g string) bool { return r.groups[g] })
}

// counts reports whether a limit counts payments to a counterparty, now or
// before.
func (s *side) counts(l limit, name string) bool {
	if !s.names(l.reader, name) {
		return false
	}
	switch l.Each {
	case charter.EachCounterparty:
		return l.apart == name
	case charter.EachGroup:
		return slices.Contains(s.groups[name], l.apart)
	}
	return true
}

// fees reports whether a limit over time counts fees.
func (l limit) fees() bool {
	return l.Check == charter.MaxWindow && l.everybody() && l.Each == charter.Together
}

// about reports whether a rule is about payments to a destination of somebody
// whom it names.
func (s *side) about(r *reader, d destination) bool {
	return (len(r.Scripts) == 0 || slices.Contains(r.Scripts, d.kind)) &&
		(r.Younger == 0 || d.age < int64(r.Younger)) &&
		(!r.Unproven || !s.charter.Proven(d.script))
}

// newSides makes both charters ready, with people, hours and windows numbered
// alike.
func newSides(b *compiler, charters ...charter.Charter) []*side {
	var docs []charter.Document
	for _, c := range charters {
		docs = append(docs, c.Document())
	}
	b.people = newPeople(docs...)
	for _, d := range docs {
		for _, c := range d.Counterparties {
			b.payees = append(b.payees, c.Name)
		}
	}
	slices.Sort(b.payees)
	b.payees = slices.Compact(b.payees)
	var out []*side
	from := int64(earliest)
	for i, c := range charters {
		out = append(out, newSide(b, c, docs[i]))
		from = max(from, docs[i].Issued)
	}
	b.times(from)
	return out
}

func newSide(b *compiler, c charter.Charter, d charter.Document) *side {
	s := &side{charter: c, doc: d, trial: policy.NewTrial(c), groups: make(map[string][]string), parts: &parts{can: b.people.powers(d)}}
	for _, p := range d.Counterparties {
		s.groups[p.Name] = p.Groups
	}
	for _, st := range d.Stations {
		s.parts.stations = append(s.parts.stations, station{st.Site, st.Entity})
	}
	known := make(map[string]int)
	for _, r := range d.Rules {
		read := newReader(r)
		if r.Effect != charter.Require {
			s.rules = append(s.rules, read)
			continue
		}
		l := limit{reader: read, first: len(s.limits), demand: -1, window: -1}
		if r.Unless.Kind != charter.DemandNone {
			d := b.demand(d, s.parts.can, r.Unless)
			text := d.text()
			at, seen := known[text]
			if !seen {
				at = len(s.demands)
				known[text], s.demands = at, append(s.demands, d)
			}
			l.demand = at
		}
		if r.Check.OverTime() {
			l.window = b.window(d, r)
		}
		q := requirement{read, make(map[string]int)}
		for _, one := range s.split(l, b.payees) {
			q.limits[one.apart] = len(s.limits)
			s.limits = append(s.limits, one)
		}
		s.sorted = append(s.sorted, q)
	}
	return s
}

// naming lists, ascending, the limits that count payments to a counterparty,
// wherever they go.
func (s *side) naming(name string) []int {
	var out []int
	for _, q := range s.sorted {
		if !s.names(q.reader, name) {
			continue
		}
		parts := []string{""}
		switch q.Each {
		case charter.EachCounterparty:
			parts = []string{name}
		case charter.EachGroup:
			parts = s.groups[name]
		}
		for _, part := range parts {
			if i, ok := q.limits[part]; ok {
				out = append(out, i)
			}
		}
	}
	slices.Sort(out)
	return out
}

// limitsOn keeps those of some limits that are about payments to a destination.
func (s *side) limitsOn(named []int, d destination) []int {
	out := make([]int, 0, len(named))
	for _, i := range named {
		if s.about(&s.limits[i].reader, d) {
			out = append(out, i)
		}
	}
	return out
}

// split is a limit for each of those that it counts apart.
func (s *side) split(l limit, payees []string) []limit {
	var apart []string
	switch l.Each {
	case charter.EachCounterparty:
		for _, name := range payees {
			if s.names(l.reader, name) {
				apart = append(apart, name)
			}
		}
	case charter.EachGroup:
		if apart = l.Groups; len(apart) == 0 {
			for _, p := range s.doc.Counterparties {
				apart = append(apart, p.Groups...)
			}
		}
		apart = slices.Clone(apart)
		slices.Sort(apart)
		apart = slices.Compact(apart)
	default:
		return []limit{l}
	}
	var out []limit
	for _, name := range apart {
		one := l
		one.apart = name
		out = append(out, one)
	}
	return out
}

// window numbers the window of a limit over time.
func (b *compiler) window(d charter.Document, r charter.Rule) int {
	w := window{calendar: r.Calendar, seconds: int64(r.Window), tolerance: int64(d.ClockTolerance)}
	if r.Calendar != charter.Rolling {
		w.clock = b.clock(zoneRule(d, r.Zone))
	}
	i := slices.Index(b.windows, w)
	if i < 0 {
		i, b.windows = len(b.windows), append(b.windows, w)
	}
	return i
}

// times finds the moments that there are from a time on.
func (b *compiler) times(from int64) {
	var clocks []clock
	for _, rule := range b.rules {
		clocks = append(clocks, newClock(rule, from-400*day, from+year28+40*day))
	}
	b.ofHours, b.moments = moments(clocks, b.hours, nil, from), moments(clocks, b.hours, b.windows, from)
}
