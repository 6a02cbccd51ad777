package diff

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// spoken is a charter that uses every part of a document.
func spoken(t testing.TB) charter.Document {
	prior, _ := worded(t)
	d := prior.Document()
	d.Issued = 1_790_000_000
	third := d.Stations[0]
	third.Name, third.HostKey, third.InstanceKey = "S2", hostKey(2), spare()[5].Public()
	d.Stations = append(d.Stations, third)
	for i := range d.Stations {
		d.Stations[i].Entity = fmt.Sprint("entity ", i)
	}
	d.Counterparties = d.Counterparties[:40:40]
	p := &d.Counterparties[0]
	p.Once = [][]byte{place("once")}
	d.Counterparties[1].Data = true
	d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: "Ann", Destinations: [][]byte{place("Ann")}, Proofs: []charter.Proof{proofs()["Ann"+string(place("Ann"))]}})
	key := spare()[4].Public()
	d.People = append(d.People, charter.Person{Name: "Bot", Roles: []string{"programs"}, Machine: true, Credentials: []charter.Credential{{Name: "server", Kind: charter.CredentialMachine, Key: key[:]}}})
	board := charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"board"}, Initiator: true}
	d.Governance = charter.Governance{Tighten: board, Loosen: board, Thaw: board, Delay: 3600, Officers: []string{"board"}, MaxAge: 86_400 * 300, Versions: []string{"1.0.0"}}
	d.Retired = []charter.Retired{{Station: 1, Instance: spare()[7].Public(), Seq: 3, Last: [32]byte{1}}}
	d.Lifted = [][32]byte{{2}}
	d.Work = 0x207fffff
	return d
}

// otherwise changes every field of a document in a way that leaves it a charter,
// by the field's name. Fields of rules and demands are those of the first rule
// that has them.
var otherwise = map[string]func(d *charter.Document){
	"Name":                        func(d *charter.Document) { d.Name += "!" },
	"Threshold":                   func(d *charter.Document) { d.Threshold++ },
	"Stations":                    func(d *charter.Document) { d.Stations = d.Stations[:2] },
	"Stations.Name":               func(d *charter.Document) { d.Stations[0].Name += "!" },
	"Stations.HostKey":            func(d *charter.Document) { d.Stations[0].HostKey = hostKey(9) },
	"Stations.InstanceKey":        func(d *charter.Document) { d.Stations[0].InstanceKey = spare()[3].Public() },
	"Stations.Site":               func(d *charter.Document) { d.Stations[0].Site += "!" },
	"Stations.Entity":             func(d *charter.Document) { d.Stations[0].Entity += "!" },
	"Courier":                     func(d *charter.Document) { d.Courier = spare()[3].Public() },
	"Counterparties":              func(d *charter.Document) { d.Counterparties = d.Counterparties[1:] },
	"Counterparties.Name":         func(d *charter.Document) { ann(d).Proofs, ann(d).Name = nil, "Ann!" },
	"Counterparties.Destinations": func(d *charter.Document) { d.Counterparties[1].Destinations = nil },
	"Counterparties.Groups":       func(d *charter.Document) { d.Counterparties[1].Groups = nil },
	"Counterparties.Once":         func(d *charter.Document) { d.Counterparties[1].Once = nil },
	"Counterparties.Own":          func(d *charter.Document) { d.Counterparties[1].Own = true },
	"Counterparties.Descriptor":   func(d *charter.Document) { d.Counterparties[1].Descriptor = descriptor() },
	"Counterparties.Data":         func(d *charter.Document) { d.Counterparties[2].Data = false },
	"Counterparties.Proofs":       func(d *charter.Document) { ann(d).Proofs = nil },
	"People":                      func(d *charter.Document) { d.People = d.People[:len(d.People)-1] },
	"People.Name":                 func(d *charter.Document) { d.People[1].Name += "!" },
	"People.Roles":                func(d *charter.Document) { d.People[1].Roles = append(d.People[1].Roles, "other") },
	"People.Machine":              func(d *charter.Document) { p := bot(d); p.Machine, p.Credentials = false, nil },
	"People.Credentials":          func(d *charter.Document) { bot(d).Credentials = nil },
	"People.Credentials.Name":     func(d *charter.Document) { d.People[1].Credentials[0].Name += "!" },
	"People.Credentials.Kind": func(d *charter.Document) {
		c := &d.People[1].Credentials[0]
		c.Kind, c.Key = charter.CredentialOffline, key(3)
	},
	"People.Credentials.Key":         func(d *charter.Document) { bot(d).Credentials[0].Key = key(3) },
	"People.Credentials.DeviceBound": func(d *charter.Document) { d.People[1].Credentials[0].DeviceBound = true },
	"Web.RPID":                       func(d *charter.Document) { d.Web.RPID = "example.com" },
	"Web.Origins":                    func(d *charter.Document) { d.Web.Origins[0] += ":8443" },
	"Governance.Tighten":             func(d *charter.Document) { d.Governance.Tighten.Count = 1 },
	"Governance.Loosen":              func(d *charter.Document) { d.Governance.Loosen.Count = 1 },
	"Governance.Thaw":                func(d *charter.Document) { d.Governance.Thaw.Count = 1 },
	"Governance.Delay":               func(d *charter.Document) { d.Governance.Delay++ },
	"Governance.Officers":            func(d *charter.Document) { d.Governance.Officers = []string{"risk"} },
	"Governance.MaxAge":              func(d *charter.Document) { d.Governance.MaxAge += 86_400 },
	"Governance.Versions":            func(d *charter.Document) { d.Governance.Versions = nil },
	"Zones":                          func(d *charter.Document) { d.Zones = append(d.Zones, charter.Zone{Name: "UTC", Rule: "UTC0"}) },
	"Zones.Name": func(d *charter.Document) {
		d.Zones = append(d.Zones, charter.Zone{Name: "Bern", Rule: d.Zones[0].Rule})
	},
	"Zones.Rule": func(d *charter.Document) { d.Zones[0].Rule = "UTC0" },
	"Prices": func(d *charter.Document) {
		d.Prices = append(d.Prices, charter.PriceSource{Name: "Bank", Currency: "CHF", Key: spare()[3].Public()})
	},
	"Prices.Name":      func(d *charter.Document) { d.Prices[0].Name += "!" },
	"Prices.Currency":  func(d *charter.Document) { d.Prices = append(d.Prices, d.Prices[0]); d.Prices[1].Currency = "EUR" },
	"Prices.Key":       func(d *charter.Document) { d.Prices[0].Key = spare()[3].Public() },
	"Retired":          func(d *charter.Document) { d.Retired = nil },
	"Retired.Station":  func(d *charter.Document) { d.Retired[0].Station = 0 },
	"Retired.Instance": func(d *charter.Document) { d.Retired[0].Instance = spare()[3].Public() },
	"Retired.Seq":      func(d *charter.Document) { d.Retired[0].Seq++ },
	"Retired.Last":     func(d *charter.Document) { d.Retired[0].Last[1]++ },
	"Lifted":           func(d *charter.Document) { d.Lifted = nil },
	"Gap":              func(d *charter.Document) { d.Gap++ },
	"ClockTolerance":   func(d *charter.Document) { d.ClockTolerance++ },
	"Work":             func(d *charter.Document) { d.Work = 0x207ffffe },
	"Issued":           func(d *charter.Document) { d.Issued++ },

	"Rules":          func(d *charter.Document) { d.Rules = d.Rules[1:] },
	"Rules.ID":       func(d *charter.Document) { d.Rules[0].ID += "-x" },
	"Rules.Effect":   func(d *charter.Document) { d.Rules[0].Effect = charter.Deny },
	"Rules.To":       func(d *charter.Document) { d.Rules[0].To = []string{"Ann"} },
	"Rules.Check":    func(d *charter.Document) { rule(d, charter.MaxBatch).Check = charter.MaxTransaction },
	"Rules.Max":      func(d *charter.Document) { rule(d, charter.MaxBatch).Max++ },
	"Rules.Window":   func(d *charter.Document) { rule(d, charter.MaxFiat).Window++ },
	"Rules.Groups":   func(d *charter.Document) { d.Rules[0].Groups = []string{"group 1"} },
	"Rules.Scripts":  func(d *charter.Document) { d.Rules[0].Scripts = []charter.ScriptKind{charter.P2TR} },
	"Rules.Younger":  func(d *charter.Document) { d.Rules[0].Younger = 60 },
	"Rules.Unproven": func(d *charter.Document) { d.Rules[0].Unproven = true },
	"Rules.Each": func(d *charter.Document) {
		r := rule(d, charter.MaxBatch)
		r.Each = (r.Each + 1) % 2
	},
	"Rules.Calendar": func(d *charter.Document) { r := calendar(d); r.Calendar = r.Calendar%3 + 1 },
	"Rules.Zone":     func(d *charter.Document) { calendar(d).Zone = "New York" },
	"Rules.Currency": func(d *charter.Document) {
		d.Prices = append(d.Prices, d.Prices[0])
		d.Prices[1].Currency = "EUR"
		rule(d, charter.MaxFiat).Currency = "EUR"
	},
	"Rules.Proven":       func(d *charter.Document) { r := rule(d, charter.MinConfirmations); r.Proven = !r.Proven },
	"Rules.Unless":       func(d *charter.Document) { unless(d, charter.DemandApprovals).Kind = charter.DemandNoVeto },
	"Rules.Unless.Kind":  func(d *charter.Document) { u := unless(d, charter.DemandAny); u.Kind = charter.DemandAll },
	"Rules.Unless.Of":    func(d *charter.Document) { u := unless(d, charter.DemandAny); u.Of = u.Of[:1] },
	"Rules.Unless.Count": func(d *charter.Document) { unless(d, charter.DemandApprovals).Count-- },
	"Rules.Unless.Roles": func(d *charter.Document) {
		u := unless(d, charter.DemandApprovals)
		u.Roles = []string{"board", "risk", "officer"}
	},
	"Rules.Unless.People":    func(d *charter.Document) { unless(d, charter.DemandApprovals).People = []string{"Person 01"} },
	"Rules.Unless.Offline":   func(d *charter.Document) { u := &unless(d, charter.DemandAny).Of[0]; u.Offline = !u.Offline },
	"Rules.Unless.Initiator": func(d *charter.Document) { unless(d, charter.DemandApprovals).Initiator = true },
	"Rules.Unless.Zone":      func(d *charter.Document) { h := hoursOf(d); h.Zone = other(h.Zone) },
	"Rules.Unless.Days":      func(d *charter.Document) { hoursOf(d).Days = 1 },
	"Rules.Unless.From":      func(d *charter.Document) { hoursOf(d).From++ },
	"Rules.Unless.Until":     func(d *charter.Document) { hoursOf(d).Until++ },
	"Rules.Unless.Seconds": func(d *charter.Document) {
		*unless(d, charter.DemandApprovals) = charter.Demand{Kind: charter.DemandWaited, Seconds: 60}
	},
}

// descriptor is another wallet's.
func descriptor() string {
	w, err := wallet.New(hostKey(5), [32]byte{0x33}, wallet.Regtest, [32]byte{1})
	if err != nil {
		panic(err)
	}
	f, err := wallet.ParseForeign(wallet.Regtest, "tr("+w.Xpub()+"/<0;1>/*)")
	if err != nil {
		panic(err)
	}
	return f.Descriptor()
}

func ann(d *charter.Document) *charter.Counterparty {
	return &d.Counterparties[slices.IndexFunc(d.Counterparties, func(c charter.Counterparty) bool { return c.Name == "Ann" })]
}

func bot(d *charter.Document) *charter.Person {
	return &d.People[slices.IndexFunc(d.People, func(p charter.Person) bool { return p.Machine })]
}

func rule(d *charter.Document, check charter.Check) *charter.Rule {
	return &d.Rules[slices.IndexFunc(d.Rules, func(r charter.Rule) bool { return r.Check == check })]
}

func calendar(d *charter.Document) *charter.Rule {
	return &d.Rules[slices.IndexFunc(d.Rules, func(r charter.Rule) bool { return r.Calendar != charter.Rolling })]
}

func unless(d *charter.Document, kind charter.DemandKind) *charter.Demand {
	return &d.Rules[slices.IndexFunc(d.Rules, func(r charter.Rule) bool { return r.Unless.Kind == kind })].Unless
}

func hoursOf(d *charter.Document) *charter.Demand {
	u := unless(d, charter.DemandAll)
	return &u.Of[slices.IndexFunc(u.Of, func(d charter.Demand) bool { return d.Kind == charter.DemandHours })]
}

func other(zone string) string {
	if zone == "New York" {
		return "Europe/Zurich"
	}
	return "New York"
}

func key(i int) []byte {
	k := spare()[i].Public()
	return k[:]
}

func hostKey(i byte) [33]byte {
	_, host := btcec.PrivKeyFromBytes([]byte{0x45, i + 1})
	return [33]byte(host.SerializeCompressed())
}

// fields lists the fields of a document, those of its parts by the way to them.
// Parts that follow each other in a tree are listed once.
func fields(t reflect.Type, path string) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name := strings.TrimPrefix(path+"."+f.Name, ".")
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			out = append(out, name)
			inner = inner.Elem()
		}
		nested := inner.Kind() == reflect.Struct && inner != t
		switch {
		case nested && inner == reflect.TypeFor[charter.Demand]() && !strings.HasPrefix(path, "Rules"):
			out = append(out, name) // like those of rules
		case nested && inner == reflect.TypeFor[charter.Proof]():
			// A proof has no other field that could change alone.
		case nested:
			out = append(out, fields(inner, name)...)
		case f.Type.Kind() != reflect.Slice:
			out = append(out, name)
		}
	}
	return out
}

// A change of any field is mentioned, whether or not it matters to a batch. Not
// mentioned are the format's version, which has one value, and the epoch and what
// it follows, which always differ.
func TestEveryFieldIsMentioned(t *testing.T) {
	t.Parallel()
	base := spoken(t)
	prior := made(t, base)
	if got := structure(prior, prior); len(got) != 0 {
		t.Errorf("of no change: %q", got)
	}
	later := prior.Document()
	later.Epoch, later.Prior = 1, prior.ID()
	if got := structure(prior, made(t, later)); len(got) != 0 {
		t.Errorf("of the next epoch: %q", got)
	}
	all := fields(reflect.TypeFor[charter.Document](), "")
	for _, name := range all {
		if slices.Contains([]string{"Version", "Epoch", "Prior", "Network"}, name) {
			continue
		}
		change := otherwise[name]
		if change == nil {
			t.Errorf("nothing changes %s", name)
			continue
		}
		d := made(t, base).Document()
		change(&d)
		next, err := charter.New(d)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := structure(prior, next); len(got) == 0 {
			t.Errorf("a change of %s is not mentioned", name)
		}
		if got := structure(next, prior); len(got) == 0 {
			t.Errorf("a change back of %s is not mentioned", name)
		}
	}
	for name := range otherwise {
		if !slices.Contains(all, name) && name != "Rules.Unless" {
			t.Errorf("%s is no field", name)
		}
	}
}

// The order of retired instances is that of their chains in memory.
func TestOrderOfRetiredIsMentioned(t *testing.T) {
	base := spoken(t)
	base.Retired = append(base.Retired, charter.Retired{Station: 1, Instance: spare()[3].Public()})
	other := base
	other.Retired = []charter.Retired{base.Retired[1], base.Retired[0]}
	if got := structure(made(t, base), made(t, other)); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
