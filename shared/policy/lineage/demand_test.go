package lineage

import (
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// situation is who said what when a demand is judged.
type situation struct {
	now       int64
	initiator string
	waited    int64
	approvals []policy.CaseApproval
	vetoes    []string
	notFrozen []policy.CaseStatement
	quorum    []int
}

func (s situation) in(t *rapid.T, c charter.Charter) vote {
	person := func(name string) charter.Person {
		p, ok := c.Person(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return p
	}
	var given []approval.Given
	if s.initiator != "" {
		given = append(given, approval.Given{Person: person(s.initiator), Decision: approval.Draft, Time: s.now - s.waited})
	}
	for _, a := range s.approvals {
		given = append(given, approval.Given{Person: person(a.Person), Decision: approval.Approve, Offline: a.Offline, Time: s.now})
	}
	for _, name := range s.vetoes {
		given = append(given, approval.Given{Person: person(name), Decision: approval.Veto, Time: s.now})
	}
	for _, n := range s.notFrozen {
		given = append(given, approval.Given{Person: person(n.Person), Decision: approval.NotFrozen, Time: s.now - n.Age})
	}
	v := vote{d: c.Document(), given: given, now: s.now}
	for _, g := range given {
		if g.Decision == approval.Draft {
			v.initiator, v.drafted = g.Person, g.Time
		}
	}
	for _, q := range s.quorum {
		v.stations = append(v.stations, uint8(q))
	}
	return v
}

// towns is a desk with several sites, entities, zones and a program.
func towns(d *charter.Document) {
	for i := range d.Stations {
		d.Stations[i].Site = []string{"Bern", "Basel", ""}[i%3]
		d.Stations[i].Entity = []string{"Helio AG", "Graph GmbH"}[i%2]
	}
	k := key("program").Public()
	d.People = append(d.People, charter.Person{Name: "Robo", Roles: []string{"program"}, Machine: true, Credentials: []charter.Credential{{Name: "key", Kind: charter.CredentialMachine, Key: k[:]}}})
	d.People = append(d.People, charter.Person{Name: "Web", Roles: []string{"treasurer"}, Credentials: []charter.Credential{{Name: "key", Kind: charter.CredentialEdDSA, Key: edwards(3)}}})
	d.Web = charter.Web{RPID: "a.example.com", Origins: []string{"https://a.example.com"}}
	d.Zones = []charter.Zone{{Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}}
}

func drawDemand(t *rapid.T, level int) charter.Demand {
	kinds := []charter.DemandKind{
		charter.DemandApprovals, charter.DemandApprovals, charter.DemandInitiator, charter.DemandHuman, charter.DemandMachine, charter.DemandStations, charter.DemandSites,
		charter.DemandEntities, charter.DemandHours, charter.DemandWaited, charter.DemandNotFrozen, charter.DemandNoVeto,
	}
	if level < charter.MaxDemandLevels {
		kinds = append(kinds, charter.DemandAll, charter.DemandAny)
	}
	d := charter.Demand{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	switch d.Kind {
	case charter.DemandAll, charter.DemandAny:
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			d.Of = append(d.Of, drawDemand(t, level+1))
		}
	case charter.DemandApprovals:
		d.Offline, d.Initiator = rapid.Bool().Draw(t, "offline"), rapid.Bool().Draw(t, "drafter counts")
		d.Count = uint8(rapid.IntRange(1, 3).Draw(t, "count"))
	case charter.DemandStations, charter.DemandSites, charter.DemandEntities:
		d.Count = uint8(rapid.IntRange(1, 3).Draw(t, "count"))
	case charter.DemandHours:
		d.Zone, d.Days = "Europe/Zurich", uint8(rapid.IntRange(1, 0x7f).Draw(t, "days"))
		d.From = uint16(rapid.IntRange(0, 1438).Draw(t, "from"))
		d.Until = uint16(rapid.IntRange(int(d.From)+1, 1440).Draw(t, "until"))
	case charter.DemandWaited, charter.DemandNotFrozen:
		d.Seconds = uint32(rapid.IntRange(1, 4).Draw(t, "seconds"))
	}
	switch d.Kind {
	case charter.DemandApprovals, charter.DemandInitiator, charter.DemandNotFrozen, charter.DemandNoVeto:
		d.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"treasurer", "board", "officer"}), 0, 2, rapid.ID[string]).Draw(t, "roles")
		d.People = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Ada", "Ben", "Dora", "Web"}), 0, 2, rapid.ID[string]).Draw(t, "people")
	}
	return d
}

func drawSituation(t *rapid.T) situation {
	people := []string{"Ada", "Ben", "Cem", "Dora", "Web"}
	s := situation{
		now:       start + rapid.Int64Range(0, 14*day).Draw(t, "now"),
		initiator: rapid.SampledFrom(append([]string{"", "Robo"}, people...)).Draw(t, "initiator"),
		waited:    rapid.Int64Range(0, 5).Draw(t, "waited"),
		vetoes:    rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 2, rapid.ID[string]).Draw(t, "vetoes"),
		quorum:    rapid.SampledFrom([][]int{{0, 1}, {1, 2}, {0, 2}, {0, 1, 2}}).Draw(t, "quorum"),
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 4, rapid.ID[string]).Draw(t, "approve") {
		s.approvals = append(s.approvals, policy.CaseApproval{Person: name, Offline: name != "Web"})
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 2, rapid.ID[string]).Draw(t, "not frozen") {
		s.notFrozen = append(s.notFrozen, policy.CaseStatement{Person: name, Age: rapid.Int64Range(0, 5).Draw(t, "age")})
	}
	if s.initiator == "" {
		s.waited = 0
	}
	return s
}

// A demand means the same where it lets an amendment pass as where it lets a
// payment pass: the amendment's reading is held against the verdict's.
func TestDemandsMeanWhatTheyMeanInRules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		demand, s := drawDemand(rt, 1), drawSituation(rt)
		d := document(2, 3)
		towns(&d)
		d.Rules = append(d.Rules, charter.Rule{ID: "ask/people", Effect: charter.Require, Check: charter.MaxBatch, Unless: demand})
		c, err := charter.New(d)
		if err != nil {
			rt.Skip("a demand that can never hold") // the charter refuses it
		}
		verdict := policy.NewTrial(c).Judge(policy.Case{
			Time: s.now, Lifetime: 60, Quorum: s.quorum, Initiator: s.initiator, Waited: s.waited, Approvals: s.approvals, Vetoes: s.vetoes, NotFrozen: s.notFrozen,
			Payments:     []policy.CasePayment{{Counterparty: "Kraken", Script: script("Kraken"), Amount: 1000}},
			Transactions: []policy.CaseTransaction{{Payments: []int{0}, Fee: 100, VSize: 100, Change: -1, Inputs: 1, InputSum: 1100}},
		})
		pass := true
		for _, line := range verdict.Trace {
			if line.Rule == "ask/people" {
				pass = pass && line.Pass
			}
		}
		if got := s.in(rt, c).holds(demand); got != pass {
			rt.Fatalf("%s: as an amendment %v, as a rule %v", demand.Sentence(), got, pass)
		}
	})
}

// The edges of what is counted in seconds, the last one included.
func TestDemandsAtTheirEdges(t *testing.T) {
	ada := charter.Person{Name: "Ada"}
	for _, c := range []struct {
		demand charter.Demand
		v      vote
		want   bool
	}{
		{charter.Demand{Kind: charter.DemandWaited, Seconds: 5}, vote{now: 105, drafted: 100}, true},
		{charter.Demand{Kind: charter.DemandWaited, Seconds: 5}, vote{now: 104, drafted: 100}, false},
		{charter.Demand{Kind: charter.DemandWaited, Seconds: 5}, vote{now: 105}, false},
		{charter.Demand{Kind: charter.DemandNotFrozen, Seconds: 5, People: []string{"Ada"}}, vote{now: 105, given: []approval.Given{{Person: ada, Decision: approval.NotFrozen, Time: 100}}}, true},
		{charter.Demand{Kind: charter.DemandNotFrozen, Seconds: 5, People: []string{"Ada"}}, vote{now: 106, given: []approval.Given{{Person: ada, Decision: approval.NotFrozen, Time: 100}}}, false},
		{charter.Demand{Kind: charter.DemandInitiator, People: []string{"Ada"}}, vote{initiator: ada, drafted: 1}, true},
		{charter.Demand{Kind: charter.DemandInitiator, People: []string{"Ben"}}, vote{initiator: ada, drafted: 1}, false},
		{charter.Demand{Kind: charter.DemandInitiator, People: []string{"Ada"}}, vote{initiator: ada}, false},
		{charter.Demand{Kind: charter.DemandHuman}, vote{initiator: ada, drafted: 1}, true},
		{charter.Demand{Kind: charter.DemandHuman}, vote{}, false},
		{charter.Demand{Kind: charter.DemandMachine}, vote{initiator: charter.Person{Machine: true}, drafted: 1}, true},
		{charter.Demand{Kind: charter.DemandMachine}, vote{initiator: charter.Person{Machine: true}}, false},
		{charter.Demand{Kind: charter.DemandNoVeto, People: []string{"Ada"}}, vote{given: []approval.Given{{Person: ada, Decision: approval.Veto}}}, false},
		{charter.Demand{Kind: charter.DemandNoVeto, People: []string{"Ada"}}, vote{given: []approval.Given{{Person: ada, Decision: approval.Approve}}}, true},
		{charter.Demand{}, vote{now: 1}, false},
		{charter.Demand{Kind: 99}, vote{now: 1}, false},
	} {
		if got := c.v.holds(c.demand); got != c.want {
			t.Errorf("%+v at %d: %v", c.demand, c.v.now, got)
		}
	}
	if !(vote{}).meets(charter.Demand{}) {
		t.Error("an amendment rule that asks for nobody does not hold")
	}
}

// Office hours of an amendment, to the second: 15 January 2027 is a Friday, and
// 8:00 UTC is 9:00 in Zurich.
func TestOfficeHours(t *testing.T) {
	zones := []charter.Zone{{Name: "UTC", Rule: "UTC0"}, {Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}}
	hours := func(zone string, from, until uint16) charter.Demand {
		return charter.Demand{Kind: charter.DemandHours, Zone: zone, Days: 0x1f, From: from, Until: until}
	}
	for _, c := range []struct {
		demand charter.Demand
		now    int64
		want   bool
	}{
		{hours("Europe/Zurich", 9*60, 17*60), start, true},
		{hours("Europe/Zurich", 9*60, 17*60), start - 1, false},
		{hours("Europe/Zurich", 9*60, 17*60), start + 8*hour - 1, true},
		{hours("Europe/Zurich", 9*60, 17*60), start + 8*hour, false},
		{hours("Europe/Zurich", 9*60+30, 17*60), start + 30*60 - 1, false},
		{hours("Europe/Zurich", 9*60+30, 17*60), start + 30*60, true},
		{hours("Europe/Zurich", 9*60, 17*60), start + day, false},   // Saturday
		{hours("Europe/Zurich", 9*60, 17*60), start + 2*day, false}, // Sunday
		{hours("Europe/Zurich", 9*60, 17*60), start + 3*day, true},  // Monday
		{hours("UTC", 9*60, 17*60), start, false},                   // 8:00
		{hours("Nowhere", 0, 1440), start, false},                   // no such zone
	} {
		if got := (vote{d: charter.Document{Zones: zones}, now: c.now}).holds(c.demand); got != c.want {
			t.Errorf("%+v at %d: %v", c.demand, c.now-start, got)
		}
	}
	torn := vote{d: charter.Document{Zones: []charter.Zone{{Name: "UTC", Rule: "nonsense"}}}, now: start}
	if torn.holds(hours("UTC", 0, 1440)) {
		t.Error("a zone that cannot be read is no reason to say yes")
	}
}
