package charterfile

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
)

// A charter that is in force can be written out, edited and read again: what is
// written says every word of it, and nothing that it does not say.
func TestRoundTrip(t *testing.T) {
	fixed := base(t)
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t: t, d: fixed}
		want := g.charter()
		text, err := Write(want)
		if err != nil {
			t.Fatal(err)
		}
		bare := want.Document()
		for i := range bare.Stations {
			bare.Stations[i].Name, bare.Stations[i].Site, bare.Stations[i].Entity = fixed.Stations[i].Name, "", ""
		}
		d, err := Parse(text, bare)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		got, err := charter.New(d)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if got.ID() != want.ID() {
			t.Fatalf("read again it is another charter:\n%s\ngot  %+v\nwant %+v", text, got.Document(), want.Document())
		}
		again, err := Write(got)
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("written again it is another file: %v\n%s\n%s", err, text, again)
		}
	})
}

// FuzzParse holds: reading never panics; what is accepted is a valid charter
// that, written out and read again, is the same; every problem has words.
func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(Template))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("name: {x: y}\nrules: [[[[]]]]"))
	f.Add([]byte("name: x\ngap: 1\nclock-tolerance: 1s\nrules:\n  - {id: a, require: {all: [{any: [{human: true}]}]}}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b, base(t))
		if err != nil {
			if problems, ok := err.(Problems); !ok || len(problems) == 0 || slices.Contains(problems, "") {
				t.Fatalf("an error without words: %#v", err)
			}
			return
		}
		c, err := charter.New(d)
		if err != nil {
			t.Fatalf("accepted, but no charter: %v", err)
		}
		text, err := Write(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(text, c.Document())
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if back, err := charter.New(again); err != nil || back.ID() != c.ID() {
			t.Fatalf("read again: %v\n%s", err, text)
		}
	})
}

// generator draws valid charters of the whole vocabulary.
type generator struct {
	t *rapid.T
	d charter.Document
}

func (g *generator) number(label string, least, most int64) int64 {
	return rapid.Int64Range(least, most).Draw(g.t, label)
}

func (g *generator) bool(label string) bool { return rapid.Bool().Draw(g.t, label) }

// name draws a name that is hard to write in YAML, and no other has.
func (g *generator) name(i int) string {
	s := rapid.SampledFrom([]string{"Plain", "true", "null", "- dash", "a: b", "#hash", "it's", `back\slash`, "12", "1e3", "{x}", "[y]", "Zürich 株式会社", "everybody", "*star", "&and", "!bang", "%p", "@at", "`tick", "a,b", "~", "0x1f", "a #b", "group: x", "?", "|", ">", "=", "<<", "ends:"}).Draw(g.t, "name")
	return fmt.Sprintf("%s%d", s, i)
}

func (g *generator) some(label string, all []string) []string {
	var out []string
	for _, s := range all {
		if g.bool(label) {
			out = append(out, s)
		}
	}
	return out
}

func (g *generator) charter() charter.Charter {
	d := g.d
	d.Name, d.Gap, d.ClockTolerance = g.name(0), uint32(g.number("gap", 1, charter.MaxGap)), uint32(g.number("tolerance", 1, charter.MaxClockTolerance))
	d.Stations = slices.Clone(d.Stations)
	for i := range d.Stations {
		d.Stations[i].Name = g.name(i)
		d.Stations[i].Site = rapid.SampledFrom([]string{"", "Vault", "no: 1"}).Draw(g.t, "site")
		d.Stations[i].Entity = rapid.SampledFrom([]string{"", "Example AG"}).Draw(g.t, "entity")
	}
	if g.bool("work") {
		d.Work = uint32(rapid.SampledFrom([]uint32{0x207fffff, 0x1d00ffff}).Draw(g.t, "bits"))
	}
	d.Zones = []charter.Zone{{Name: "Own", Rule: "XYZ-5:30"}, {Name: "UTC", Rule: "UTC0"}, {Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}}
	d.Prices = []charter.PriceSource{{Name: "Desk", Currency: "CHF", Key: key(g.t, 30)}}
	g.people(&d)
	g.counterparties(&d)
	g.rules(&d)
	if g.bool("governance") {
		d.Governance = charter.Governance{
			Tighten: g.maybe(&d), Loosen: g.maybe(&d), Thaw: g.maybe(&d), Delay: uint32(g.number("delay", 0, 1000)) * 60,
			Officers: g.some("officer", []string{"finance", "officer"}), MaxAge: uint32(g.number("age", 0, 366)) * 86_400,
			Versions: g.some("version", []string{"1.0.0", "1.1"}),
		}
	}
	c, err := charter.New(d)
	if err != nil {
		g.t.Skipf("not a charter: %v", err)
	}
	return c
}

func (g *generator) people(d *charter.Document) {
	for i := range byte(3) {
		p := charter.Person{Name: g.name(int(i)), Roles: append(g.some("role", []string{"finance", "no: 1"}), "officer")}
		p.Credentials = []charter.Credential{
			{Name: "tablet", Kind: charter.CredentialOffline, Key: keyBytes(40 + i)},
			{Name: "key", Kind: charter.CredentialES256, Key: decode(g.t, es256Keys[i]), DeviceBound: g.bool("bound")},
		}
		d.People = append(d.People, p)
	}
	d.People[0].Roles = append(d.People[0].Roles, "finance")
	slices.Sort(d.People[0].Roles)
	d.People[0].Roles = slices.Compact(d.People[0].Roles)
	d.People = append(d.People, charter.Person{Name: "Robot", Machine: true, Credentials: []charter.Credential{{Name: "server", Kind: charter.CredentialMachine, Key: keyBytes(60)}}})
	d.Web = charter.Web{RPID: "approve.example.com", Origins: []string{"https://approve.example.com", "https://desk.approve.example.com:8443"}}
	if g.bool("practice web") {
		d.Web = charter.Web{RPID: PracticeRPID, Origins: practiceOrigins}
	}
}

func (g *generator) counterparties(d *charter.Document) {
	for i := range byte(3) {
		c := charter.Counterparty{Name: g.name(int(i)), Groups: g.some("group", []string{"vendors", "a: b"}), Data: i == 2 && g.bool("data"), Own: i == 1 && g.bool("own")}
		for n := range byte(g.number("destinations", 0, 3)) {
			script := append([]byte{0, 20}, bytes.Repeat([]byte{1 + i, n}, 10)...)
			if g.bool("once") {
				c.Once = append(c.Once, script)
				continue
			}
			c.Destinations = append(c.Destinations, script)
		}
		d.Counterparties = append(d.Counterparties, c)
	}
	d.Counterparties[0].Groups = []string{"vendors"}
}

func (g *generator) rules(d *charter.Document) {
	for i := range int(g.number("rules", 1, 5)) {
		r := charter.Rule{ID: fmt.Sprintf("rule-%d/x", i), Effect: charter.Effect(g.number("effect", 1, 3))}
		for _, c := range d.Counterparties {
			if g.bool("to") {
				r.To = append(r.To, c.Name)
			}
		}
		if g.bool("groups") {
			r.Groups = []string{"vendors"}
		}
		if r.Effect == charter.Require {
			g.requirement(d, &r)
		}
		if !r.Check.OverTime() {
			if g.bool("scripts") {
				r.Scripts = []charter.ScriptKind{charter.ScriptKind(g.number("script", 1, 3)), charter.ScriptKind(g.number("script", 4, 6))}
			}
			r.Younger, r.Unproven = uint32(g.number("younger", 0, 100_000)), g.bool("unproven")
		}
		d.Rules = append(d.Rules, r)
	}
}

func (g *generator) requirement(d *charter.Document, r *charter.Rule) {
	r.Check = charter.Check(g.number("check", 1, 17))
	m := measures[slices.IndexFunc(measures, func(m measure) bool { return m.check == r.Check })]
	r.Unless = g.maybe(d)
	least := int64(1)
	if !r.Check.Minimum() && (r.Unless.Kind != 0 || r.Check == charter.MaxChange) {
		least = 0
	}
	r.Max = g.number("max", least, rapid.SampledFrom([]int64{least, 100, m.most}).Draw(g.t, "most"))
	switch {
	case r.Check.OverTime() && g.bool("calendar"):
		r.Calendar, r.Zone = charter.Calendar(g.number("calendar", 1, 3)), g.zone()
	case r.Check.OverTime(), r.Check == charter.MaxFiat:
		r.Window = uint32(g.number("window", 1, charter.MaxPeriod))
	}
	if r.Check == charter.MaxFiat {
		r.Currency = "CHF"
	}
	r.Proven = r.Check == charter.MinConfirmations && d.Work != 0
	switch r.Check {
	case charter.MaxBatch, charter.MaxWindow, charter.MaxCount:
		if len(r.To) == 0 {
			r.Each = charter.Each(g.number("each", 0, 2))
		}
	}
}

func (g *generator) zone() string {
	return rapid.SampledFrom([]string{"Own", "UTC", "Europe/Zurich"}).Draw(g.t, "zone")
}

func (g *generator) maybe(d *charter.Document) charter.Demand {
	if g.bool("demand") {
		return g.demand(d, 1)
	}
	return charter.Demand{}
}

func (g *generator) demand(d *charter.Document, level int) charter.Demand {
	kinds := []charter.DemandKind{3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	if level < charter.MaxDemandLevels {
		kinds = append(kinds, 1, 2)
	}
	out := charter.Demand{Kind: rapid.SampledFrom(kinds).Draw(g.t, "kind")}
	switch out.Kind {
	case charter.DemandAll, charter.DemandAny:
		for range g.number("parts", 1, 3) {
			out.Of = append(out.Of, g.demand(d, level+1))
		}
	case charter.DemandApprovals, charter.DemandInitiator, charter.DemandNotFrozen, charter.DemandNoVeto:
		out.Roles = []string{"officer"}
		if g.bool("role") {
			out.Roles = []string{"finance", "officer"}
		}
		if g.bool("person") {
			out.People = []string{d.People[1].Name}
		}
	case charter.DemandStations, charter.DemandSites, charter.DemandEntities:
		out.Count = uint8(g.number("count", 1, 3))
	case charter.DemandHours:
		out.Zone, out.Days = g.zone(), uint8(g.number("days", 1, 127))
		out.From = uint16(g.number("from", 0, 1439))
		out.Until = uint16(g.number("until", int64(out.From)+1, 1440))
	}
	switch out.Kind {
	case charter.DemandApprovals:
		out.Count, out.Offline, out.Initiator = uint8(g.number("count", 1, 2)), g.bool("offline"), g.bool("initiator")
	case charter.DemandWaited, charter.DemandNotFrozen:
		out.Seconds = uint32(g.number("seconds", 1, charter.MaxPeriod))
	}
	return out
}

// The generator draws charters, not only what is skipped.
func TestGenerator(t *testing.T) {
	valid := 0
	fixed := base(t)
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t: t, d: fixed}
		g.charter()
		valid++
	})
	if valid < 50 {
		t.Fatalf("only %d charters", valid)
	}
}
