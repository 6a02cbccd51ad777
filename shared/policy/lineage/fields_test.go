package lineage

import (
	"reflect"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// class is what becomes of a change of one field.
type class int

const (
	refused    class = iota // no amendment can do it
	loosens                 // it needs more people and a delay
	tightens                // it holds at once
	ofTheDiff               // the diff decides what it does to payments
	dependsOn               // of nothing by itself: other cases show each side
	unobserved              // the charter's own check leaves no other value
)

type fieldCase struct {
	field  string // Type.Field
	class  class
	change func(d *charter.Document)
}

// fieldCases decides for every field of a charter what a change of it comes to. A
// field may stand here several times, where its directions differ.
func fieldCases() []fieldCase {
	person := func(name string, f func(*charter.Person)) func(*charter.Document) {
		return func(d *charter.Document) {
			for i := range d.People {
				if d.People[i].Name == name {
					f(&d.People[i])
				}
			}
		}
	}
	none := func(*charter.Document) {}
	fresh := key("a fresh instance").Public()
	freshKey := fresh[:]
	return []fieldCase{
		{"Document.Version", unobserved, none},
		{"Document.Name", loosens, func(d *charter.Document) { d.Name = "Other" }},
		{"Document.Network", refused, func(d *charter.Document) { d.Network = wallet.Signet }},
		{"Document.Epoch", refused, func(d *charter.Document) { d.Epoch++ }},
		{"Document.Epoch", refused, func(d *charter.Document) { d.Epoch, d.Prior = 0, [32]byte{} }},
		{"Document.Prior", refused, func(d *charter.Document) { d.Prior[0] ^= 1 }},
		{"Document.Threshold", refused, func(d *charter.Document) { d.Threshold = 3 }},
		{"Document.Stations", refused, func(d *charter.Document) { d.Stations = d.Stations[:2] }},
		{"Document.Courier", loosens, func(d *charter.Document) { d.Courier = fresh }},
		{"Document.Counterparties", loosens, func(d *charter.Document) {
			d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: "Eve", Destinations: [][]byte{script("Eve")}})
		}},
		{"Document.Counterparties", tightens, func(d *charter.Document) { d.Counterparties = d.Counterparties[:1] }},
		{"Document.Rules", ofTheDiff, none},
		{"Document.Gap", loosens, func(d *charter.Document) { d.Gap++ }},
		{"Document.Gap", tightens, func(d *charter.Document) { d.Gap-- }},
		{"Document.ClockTolerance", loosens, func(d *charter.Document) { d.ClockTolerance++ }},
		{"Document.ClockTolerance", loosens, func(d *charter.Document) { d.ClockTolerance-- }},
		{"Document.People", loosens, func(d *charter.Document) {
			d.People = append(d.People, charter.Person{Name: "Eve", Credentials: []charter.Credential{device("Eve")}})
		}},
		{"Document.People", tightens, dismiss("Cem")},
		{"Document.People", loosens, dismiss("Vera")}, // whose veto stops payments
		{"Document.Web", loosens, func(d *charter.Document) { d.Web.Origins = d.Web.Origins[:1] }},
		{"Document.Governance", dependsOn, none},
		{"Document.Zones", loosens, func(d *charter.Document) { d.Zones = d.Zones[:1] }},
		{"Document.Prices", loosens, func(d *charter.Document) { d.Prices = nil }},
		{"Document.Retired", refused, func(d *charter.Document) { d.Retired = nil }},
		{"Document.Retired", refused, func(d *charter.Document) {
			d.Retired = append(d.Retired, charter.Retired{Station: 1, Instance: fresh})
		}},
		{"Document.Lifted", tightens, func(d *charter.Document) { d.Lifted = append(d.Lifted, [32]byte{9}) }},
		{"Document.Lifted", tightens, func(d *charter.Document) { d.Lifted = nil }},
		{"Document.Work", loosens, func(d *charter.Document) { d.Work = 0x1d00ffff }},
		{"Document.Issued", tightens, func(d *charter.Document) { d.Issued = start - 5*day }},
		{"Document.Issued", tightens, func(d *charter.Document) { d.Issued = start + 2*hour }},
		{"Document.Issued", refused, func(d *charter.Document) { d.Issued = start + 2*hour + 1 }},
		{"Document.Issued", refused, func(d *charter.Document) { d.Issued = start - 31*day }},

		{"Station.Name", loosens, func(d *charter.Document) { d.Stations[1].Name = "Other" }},
		{"Station.HostKey", refused, func(d *charter.Document) {
			_, k := btcec.PrivKeyFromBytes([]byte{0x77})
			d.Stations[1].HostKey = [33]byte(k.SerializeCompressed())
		}},
		{"Station.InstanceKey", refused, func(d *charter.Document) { d.Stations[1].InstanceKey = fresh }}, // the old one is not retired
		{"Station.InstanceKey", loosens, replace(1, fresh, charter.Retired{})},
		{"Station.Site", loosens, func(d *charter.Document) { d.Stations[1].Site = "Basel" }},
		{"Station.Entity", loosens, func(d *charter.Document) { d.Stations[1].Entity = "Graph GmbH" }},

		{"Retired.Station", refused, func(d *charter.Document) { d.Retired[0].Station = 2 }},
		{"Retired.Instance", refused, func(d *charter.Document) { d.Retired[0].Instance = fresh }},
		{"Retired.Seq", refused, func(d *charter.Document) { d.Retired[0].Seq++ }},
		{"Retired.Last", refused, func(d *charter.Document) { d.Retired[0].Last[0] ^= 1 }},

		{"Counterparty.Name", loosens, func(d *charter.Document) { d.Counterparties[0].Name = "Krake" }},
		{"Counterparty.Destinations", loosens, func(d *charter.Document) {
			d.Counterparties[0].Destinations = append(d.Counterparties[0].Destinations, script("another"))
		}},
		{"Counterparty.Destinations", tightens, func(d *charter.Document) { d.Counterparties[0].Destinations = nil }},
		{"Counterparty.Groups", ofTheDiff, none},
		{"Counterparty.Once", loosens, func(d *charter.Document) { d.Counterparties[0].Once = [][]byte{script("another")} }},
		{"Counterparty.Once", loosens, func(d *charter.Document) { // may be paid more often
			d.Counterparties[1].Destinations, d.Counterparties[1].Once = d.Counterparties[1].Once, nil
		}},
		{"Counterparty.Own", loosens, func(d *charter.Document) { d.Counterparties[0].Own = true }},
		{"Counterparty.Descriptor", dependsOn, none}, // a listing like any other
		{"Counterparty.Data", loosens, func(d *charter.Document) { d.Counterparties[0].Data = true }},
		{"Counterparty.Proofs", dependsOn, none},
		{"Proof.Script", dependsOn, none}, {"Proof.Kind", dependsOn, none}, {"Proof.Key", dependsOn, none}, {"Proof.Signature", dependsOn, none},

		{"Person.Name", loosens, person("Cem", func(p *charter.Person) { p.Name = "Cemal" })},
		{"Person.Roles", loosens, person("Cem", func(p *charter.Person) { p.Roles = append(p.Roles, "board") })},
		{"Person.Roles", tightens, person("Ada", func(p *charter.Person) { p.Roles = []string{"officer"} })},
		{"Person.Machine", loosens, person("Cem", func(p *charter.Person) {
			p.Machine, p.Roles = true, nil
			p.Credentials[0].Kind = charter.CredentialMachine
		})},
		{"Person.Credentials", loosens, person("Cem", func(p *charter.Person) {
			p.Credentials = append(p.Credentials, charter.Credential{Name: "second", Kind: charter.CredentialOffline, Key: freshKey})
		})},
		{"Person.Credentials", tightens, person("Cem", func(p *charter.Person) { p.Credentials = nil })},
		{"Credential.Name", loosens, person("Cem", func(p *charter.Person) { p.Credentials[0].Name = "phone" })},
		{"Credential.Kind", dependsOn, none},
		{"Credential.Key", loosens, person("Cem", func(p *charter.Person) { p.Credentials[0].Key = freshKey })},
		{"Credential.DeviceBound", tightens, person("Wanda", func(p *charter.Person) { p.Credentials[0].DeviceBound = true })},
		{"Credential.DeviceBound", loosens, person("Wim", func(p *charter.Person) { p.Credentials[0].DeviceBound = false })},

		{"Web.RPID", loosens, func(d *charter.Document) {
			d.Web = charter.Web{RPID: "b.example.com", Origins: []string{"https://b.example.com"}}
		}},
		{"Web.Origins", loosens, func(d *charter.Document) { d.Web.Origins = append(d.Web.Origins, "https://c.a.example.com") }},
		{"Zone.Name", dependsOn, none}, {"Zone.Rule", loosens, func(d *charter.Document) { d.Zones[0].Rule = "UTC0" }},
		{"PriceSource.Name", loosens, func(d *charter.Document) { d.Prices[0].Name = "Other" }},
		{"PriceSource.Currency", loosens, func(d *charter.Document) { d.Prices[0].Currency = "EUR" }},
		{"PriceSource.Key", loosens, func(d *charter.Document) { d.Prices[0].Key = fresh }},

		{"Governance.Tighten", loosens, func(d *charter.Document) { d.Governance.Tighten.Count = 2 }},
		{"Governance.Loosen", loosens, func(d *charter.Document) { d.Governance.Loosen.Count = 1 }},
		{"Governance.Thaw", loosens, func(d *charter.Document) { d.Governance.Thaw = approvals(1, "treasurer") }},
		{"Governance.Delay", loosens, func(d *charter.Document) { d.Governance.Delay++ }},
		{"Governance.Officers", loosens, func(d *charter.Document) { d.Governance.Officers = nil }},
		{"Governance.MaxAge", loosens, func(d *charter.Document) { d.Governance.MaxAge = 366 * uint32(day) }},
		{"Governance.Versions", loosens, func(d *charter.Document) { d.Governance.Versions = []string{"1.0.0"} }},

		{"Rule.ID", ofTheDiff, none}, {"Rule.Effect", ofTheDiff, none}, {"Rule.To", ofTheDiff, none}, {"Rule.Check", ofTheDiff, none},
		{"Rule.Max", loosens, setCap(100_000_001)}, {"Rule.Max", tightens, setCap(99_999_999)},
		{"Rule.Window", ofTheDiff, none}, {"Rule.Groups", ofTheDiff, none}, {"Rule.Scripts", ofTheDiff, none}, {"Rule.Younger", ofTheDiff, none},
		{"Rule.Unproven", ofTheDiff, none}, {"Rule.Each", ofTheDiff, none}, {"Rule.Calendar", ofTheDiff, none}, {"Rule.Zone", ofTheDiff, none},
		{"Rule.Currency", ofTheDiff, none}, {"Rule.Proven", ofTheDiff, none}, {"Rule.Unless", ofTheDiff, none},
		{"Demand.Kind", ofTheDiff, none}, {"Demand.Of", ofTheDiff, none}, {"Demand.Count", ofTheDiff, none}, {"Demand.Roles", ofTheDiff, none},
		{"Demand.People", ofTheDiff, none}, {"Demand.Offline", ofTheDiff, none}, {"Demand.Initiator", ofTheDiff, none}, {"Demand.Zone", ofTheDiff, none},
		{"Demand.Days", ofTheDiff, none}, {"Demand.From", ofTheDiff, none}, {"Demand.Until", ofTheDiff, none}, {"Demand.Seconds", ofTheDiff, none},
	}
}

// replace gives a station a new instance and retires the old one.
func replace(station int, fresh wire.PublicKey, old charter.Retired) func(*charter.Document) {
	return func(d *charter.Document) {
		old.Station, old.Instance = uint8(station), d.Stations[station].InstanceKey
		d.Retired = append(d.Retired, old)
		d.Stations[station].InstanceKey = fresh
	}
}

// rich is a charter with something in every list.
func rich(d *charter.Document) {
	d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: "Once", Once: [][]byte{script("Once")}})
	veto := charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"watch"}}
	d.Rules = append(d.Rules, charter.Rule{ID: "stop/veto", Effect: charter.Require, Check: charter.MaxBatch, Unless: veto})
	d.People = append(d.People,
		charter.Person{Name: "Vera", Roles: []string{"watch"}, Credentials: []charter.Credential{device("Vera")}},
		charter.Person{Name: "Wanda", Credentials: []charter.Credential{{Name: "key", Kind: charter.CredentialEdDSA, Key: edwards(1)}}},
		charter.Person{Name: "Wim", Roles: []string{"watch"}, Credentials: []charter.Credential{{Name: "key", Kind: charter.CredentialEdDSA, Key: edwards(2), DeviceBound: true}}},
	)
	d.Web = charter.Web{RPID: "a.example.com", Origins: []string{"https://a.example.com", "https://b.a.example.com"}}
	d.Zones = []charter.Zone{{Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}, {Name: "UTC", Rule: "UTC0"}}
	d.Prices = []charter.PriceSource{{Name: "Desk", Currency: "CHF", Key: key("price").Public()}}
	d.Retired = []charter.Retired{{Station: 1, Instance: key("an old instance").Public(), Seq: 7, Last: [32]byte{7}}}
	d.Lifted = [][32]byte{{1}}
	d.Governance.MaxAge = 365 * uint32(day)
}

// A field that nobody decides could be changed by a tightening, with fewer
// people and at once. So each field of each type of the document stands in the
// table, and each line of the table is tried.
func TestEveryFieldIsDecided(t *testing.T) {
	decided := make(map[string]bool)
	for _, c := range fieldCases() {
		decided[c.field] = true
	}
	fields := make(map[string]bool)
	collect(reflect.TypeFor[charter.Document](), fields)
	for f := range fields {
		if !decided[f] {
			t.Errorf("a change of %s is not decided", f)
		}
	}
	for f := range decided {
		if !fields[f] {
			t.Errorf("%s is no field of a charter", f)
		}
	}
	for _, c := range fieldCases() {
		if c.class == ofTheDiff || c.class == dependsOn || c.class == unobserved {
			continue
		}
		w := newWorld(t, 2, 3, rich)
		if strings.HasPrefix(c.field, "Rule.") {
			w = newWorld(t, 2, 3)
		}
		next := w.line.Latest().Document()
		next.Epoch, next.Prior, next.Issued = 1, w.line.Latest().ID(), start
		c.change(&next)
		made, err := charter.New(next)
		if err != nil {
			if c.class != refused {
				t.Errorf("%s: %v", c.field, err)
			}
			continue
		}
		change, err := w.line.Weigh(made, start)
		if c.class == refused {
			if err == nil {
				t.Errorf("%s: not refused", c.field)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.field, err)
			continue
		}
		if change.Loosens != (c.class == loosens) {
			t.Errorf("%s: loosens %v: %s", c.field, change.Loosens, strings.Join(change.Why, " "))
		}
		if change.Loosens != (change.Delay == uint32(day)) || change.Loosens != (len(change.Why) > 0) {
			t.Errorf("%s: loosens %v with a delay of %d s and %d reasons", c.field, change.Loosens, change.Delay, len(change.Why))
		}
	}
}

// A charter that says the same again is a tightening: nothing is newly allowed.
func TestRenewalIsATightening(t *testing.T) {
	w := newWorld(t, 2, 3, rich)
	change, err := w.line.Weigh(w.draft(start), start)
	if err != nil || change.Loosens || change.Delay != 0 || change.Demand.Count != 1 {
		t.Fatalf("%+v, %v", change.Why, err)
	}
}

// A charter past its age allows nothing. To bring it back to life is to allow
// payments, and needs whoever may loosen.
func TestRenewalAfterTheAgeIsALoosening(t *testing.T) {
	w := newWorld(t, 2, 3, rich)
	end := w.line.Latest().Document().Issued + 365*day
	for at, want := range map[int64]bool{end: false, end + 1: true} {
		change, err := w.line.Weigh(w.draft(at), at)
		if err != nil || change.Loosens != want {
			t.Errorf("at the end %+d: loosens %v, %v", at-end, change.Loosens, err)
		}
	}
}

func collect(t reflect.Type, fields map[string]bool) {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		collect(t.Elem(), fields)
	case reflect.Struct:
		for f := range t.NumField() {
			name := t.Name() + "." + t.Field(f).Name
			if !fields[name] {
				fields[name] = true
				collect(t.Field(f).Type, fields)
			}
		}
	}
}
