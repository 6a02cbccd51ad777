package charterfile

import (
	"strings"

	"gopkg.in/yaml.v3"

	"heliograph/shared/charter"
)

// demandKinds are the words for what a demand asks, by its kind.
var demandKinds = []struct {
	word    string
	kind    charter.DemandKind
	example string
}{
	{"all", charter.DemandAll, "all: [ ... , ... ]"},
	{"any", charter.DemandAny, "any: [ ... , ... ]"},
	{"approvals", charter.DemandApprovals, "approvals: {count: 2, of: [finance]}"},
	{"initiator", charter.DemandInitiator, "initiator: [treasurer, person: Ann]"},
	{"human", charter.DemandHuman, "human: true"},
	{"machine", charter.DemandMachine, "machine: true"},
	{"stations", charter.DemandStations, "stations: 3"},
	{"sites", charter.DemandSites, "sites: 2"},
	{"entities", charter.DemandEntities, "entities: 2"},
	{"hours", charter.DemandHours, "hours: {days: mon-fri, from: 08:00, until: 18:00, zone: Europe/Zurich}"},
	{"waited", charter.DemandWaited, "waited: 24h"},
	{"not-frozen", charter.DemandNotFrozen, "not-frozen: {of: [officer], within: 24h}"},
	{"no-veto", charter.DemandNoVeto, "no-veto: {of: [officer]}"},
}

func demandWords() []string {
	var out []string
	for _, k := range demandKinds {
		out = append(out, k.word)
	}
	return out
}

// demand reads one demand; depth counts from 1.
func (r *reader) demand(n *yaml.Node, depth int) charter.Demand {
	if depth > charter.MaxDemandLevels {
		r.problem(n, "demands nest at most %d deep: write another rule", charter.MaxDemandLevels)
		return charter.Demand{}
	}
	f := r.mapping(n, "a demand", demandWords()...)
	if n.Kind != yaml.MappingNode {
		return charter.Demand{}
	}
	if len(f.order) > 1 {
		r.problem(f.value[f.order[1]], "a demand asks for one thing: write all: [{%s: ...}, {%s: ...}] for both", f.order[0], f.order[1])
		return charter.Demand{}
	}
	word, value := f.pick(demandWords(), "such as approvals: {count: 2, of: [finance]}")
	for _, k := range demandKinds {
		if k.word == word {
			d := charter.Demand{Kind: k.kind}
			r.fill(&d, word, value, k.example, depth)
			return d
		}
	}
	return charter.Demand{}
}

func (r *reader) fill(d *charter.Demand, word string, n *yaml.Node, example string, depth int) {
	switch d.Kind {
	case charter.DemandAll, charter.DemandAny:
		items := r.list(n, example)
		if len(items) == 0 && n.Kind == yaml.SequenceNode {
			r.problem(n, "%s is empty: write %s", word, example)
		}
		for _, item := range items {
			d.Of = append(d.Of, r.demand(item, depth+1))
		}
	case charter.DemandApprovals:
		f := r.mapping(n, word, "count", "of", "offline", "or-initiator")
		d.Count = uint8(f.number("count", "distinct people", 1, charter.MaxPeople, true))
		d.Offline, d.Initiator = f.flag("offline"), f.flag("or-initiator")
		r.who(d, f, example)
	case charter.DemandInitiator:
		if items := r.list(n, example); len(items) > 0 {
			d.Roles, d.People = r.whoIn(items)
		} else if n.Kind == yaml.SequenceNode {
			r.problem(n, "nobody is named: write %s", example)
		}
	case charter.DemandHuman, charter.DemandMachine:
		if n.Kind != yaml.ScalarNode || n.Value != "true" {
			r.problem(n, "write %s", example)
		}
	case charter.DemandStations, charter.DemandSites, charter.DemandEntities:
		d.Count = uint8(r.integer(n, n.Value, word, "a whole number", 1, charter.MaxStations))
	case charter.DemandHours:
		f := r.mapping(n, word, "days", "from", "until", "zone")
		d.Days, d.From, d.Until = f.days("days"), f.clock("from"), f.clock("until")
		if zone, at := f.text("zone", "a time zone, such as Europe/Zurich"); zone != "" {
			d.Zone = r.useZone(at, zone)
		}
		if d.From >= d.Until && d.Until > 0 {
			r.problem(n, "from is not before until: for hours over midnight write any: [ ... , ... ] of two")
		}
	case charter.DemandWaited:
		d.Seconds = uint32(r.seconds(n, word, charter.MaxPeriod))
	case charter.DemandNotFrozen:
		f := r.mapping(n, word, "of", "within")
		d.Seconds = uint32(f.period("within", charter.MaxPeriod, true))
		r.who(d, f, example)
	case charter.DemandNoVeto:
		r.who(d, r.mapping(n, word, "of"), example)
	}
}

// who reads the people that a demand is about.
func (r *reader) who(d *charter.Demand, f fields, example string) {
	items := r.list(f.value["of"], example)
	if len(items) == 0 {
		f.missing("of", "roles and people, such as [finance, person: Ann]")
		return
	}
	d.Roles, d.People = r.whoIn(items)
}

func (r *reader) whoIn(items []*yaml.Node) (roles, people []string) {
	return r.namesIn(items, "person", "a list such as [finance, person: Ann]", "role", r.names.roles, "person", r.names.people)
}

// useZone notes that a zone is named.
func (r *reader) useZone(n *yaml.Node, name string) string {
	if _, given := r.names.zones[name]; given {
		return name
	}
	if _, known := zoneRule(name); !known {
		r.problem(n, "%q is no time zone with a rule for all years: %s", name, didYouMean(name, zoneNames()))
		return name
	}
	r.names.used[name] = true
	return name
}

// zones reads the zones that a file gives itself: with a rule, or because
// no rule names them yet.
func (r *reader) zones(n *yaml.Node) []charter.Zone {
	r.names.zones, r.names.used = make(map[string]string), make(map[string]bool)
	var out []charter.Zone
	for _, item := range r.list(n, "zones, such as [{name: Europe/Zurich}]") {
		f := r.mapping(item, "a zone", "name", "rule")
		name, at := f.text("name", "the zone's name, such as Europe/Zurich")
		rule, known := zoneRule(name)
		switch {
		case f.value["rule"] != nil:
			rule, _ = f.text("rule", "a POSIX TZ rule, such as CET-1CEST,M3.5.0,M10.5.0/3")
		case name != "" && !known:
			r.problem(at, "%q is no time zone that this program knows: write its rule too, such as rule: \"CET-1CEST,M3.5.0,M10.5.0/3\"", name)
		}
		if _, twice := r.names.zones[name]; twice && name != "" {
			r.problem(at, "zone %s is written twice: keep one", name)
		}
		r.names.zones[name] = rule
		r.mark(item, "%q", name)
		r.mark(item, "zone %s", name)
		out = append(out, charter.Zone{Name: name, Rule: rule})
	}
	return out
}

// usedZones adds the zones that are named and not given.
func (r *reader) usedZones(given []charter.Zone) []charter.Zone {
	for row := range strings.Lines(zoneTable) {
		name, rule, _ := strings.Cut(strings.TrimSuffix(row, "\n"), " ")
		if r.names.used[name] {
			given = append(given, charter.Zone{Name: name, Rule: rule})
		}
	}
	return given
}
