package charterfile

import (
	"reflect"
	"strings"
	"testing"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

const exampleAddress = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"

const example = `name: Example
gap: 20
clock-tolerance: 2h
stations:
  - {number: 1, site: Vault, entity: Example AG}
people:
  - name: Ann
    roles: [finance, officer]
    credentials:
      - {name: blue key, es256: 036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296, device-bound: true}
  - {name: Ben, roles: [finance, officer], credentials: [{name: tablet, offline: fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556}]}
  - {name: Robot, machine: true}
counterparties:
  - name: Exchange
    groups: [exchanges]
    addresses: [` + exampleAddress + `]
  - {name: Nobody yet}
rules:
  - {id: allow/known, allow: everybody}
  - {id: deny/nobody, deny: [Nobody yet, group: exchanges], scripts: [p2wsh, data], younger: 7d, unproven: true}
  - {id: cap/day, to: [Exchange], require: {max-window: 5000000 sat, each: day in Europe/Zurich, per: counterparty}}
  - {id: cap/count, require: {max-count-window: 5 payments, window: 24h}}
  - {id: fee/rate, require: {max-fee-rate: 100 sat/vB}}
  - {id: fee/share, require: {max-fee-percent: 150 bp}}
  - {id: life, require: {max-lifetime: 90m}}
  - {id: hours, require: {hours: {days: "mon-wed, fri", from: 08:00, until: 24:00, zone: Asia/Tokyo}}}
  - id: tier
    require: {max-batch: 1000000 sat}
    unless:
      all:
        - approvals: {count: 1, of: [finance, person: Ann], offline: true}
        - any: [{stations: 3}, {waited: 24h}, {no-veto: {of: [officer]}}]
        - not-frozen: {of: [officer], within: 1h}
governance:
  loosen: {approvals: {count: 2, of: [officer], or-initiator: true}}
  delay: 48h
  officers: [officer]
work: 207fffff
`

// base is what enrolment gives a file.
func base(t testing.TB) charter.Document {
	return charter.Document{
		Version: charter.Version, Network: wallet.Regtest, Threshold: 2, Courier: key(t, 9), Issued: 1_795_392_000,
		Stations: []charter.Station{station(t, 0), station(t, 1), station(t, 2)},
	}
}

func TestParse(t *testing.T) {
	d, err := Parse([]byte(example), base(t))
	if err != nil {
		t.Fatal(err)
	}
	script, err := wallet.DecodeAddress(wallet.Regtest, exampleAddress)
	if err != nil {
		t.Fatal(err)
	}
	want := base(t)
	want.Name, want.Gap, want.ClockTolerance, want.Work = "Example", 20, 7200, 0x207fffff
	want.Stations[1].Site, want.Stations[1].Entity = "Vault", "Example AG"
	want.People = []charter.Person{
		{Name: "Ann", Roles: []string{"finance", "officer"}, Credentials: []charter.Credential{
			{Name: "blue key", Kind: charter.CredentialES256, Key: decode(t, "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"), DeviceBound: true},
		}},
		{Name: "Ben", Roles: []string{"finance", "officer"}, Credentials: []charter.Credential{
			{Name: "tablet", Kind: charter.CredentialOffline, Key: decode(t, "fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556")},
		}},
		{Name: "Robot", Machine: true},
	}
	want.Web = charter.Web{RPID: PracticeRPID, Origins: practiceOrigins}
	want.Counterparties = []charter.Counterparty{{Name: "Exchange", Groups: []string{"exchanges"}, Destinations: [][]byte{script}}, {Name: "Nobody yet"}}
	want.Zones = []charter.Zone{{Name: "Asia/Tokyo", Rule: "JST-9"}, {Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}}
	want.Governance = charter.Governance{
		Loosen: charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"officer"}, Initiator: true},
		Delay:  48 * 3600, Officers: []string{"officer"},
	}
	want.Rules = []charter.Rule{
		{ID: "allow/known", Effect: charter.Allow},
		{ID: "deny/nobody", Effect: charter.Deny, To: []string{"Nobody yet"}, Groups: []string{"exchanges"}, Scripts: []charter.ScriptKind{charter.P2WSH, charter.Data}, Younger: 7 * 86_400, Unproven: true},
		{ID: "cap/day", Effect: charter.Require, Check: charter.MaxWindow, Max: 5_000_000, Calendar: charter.Day, Zone: "Europe/Zurich", Each: charter.EachCounterparty, To: []string{"Exchange"}},
		{ID: "cap/count", Effect: charter.Require, Check: charter.MaxCountWindow, Max: 5, Window: 86_400},
		{ID: "fee/rate", Effect: charter.Require, Check: charter.MaxFeeRate, Max: 100},
		{ID: "fee/share", Effect: charter.Require, Check: charter.MaxFeePercent, Max: 150},
		{ID: "life", Effect: charter.Require, Check: charter.MaxLifetime, Max: 5400},
		{ID: "hours", Effect: charter.Require, Check: charter.MaxCount, Unless: charter.Demand{Kind: charter.DemandHours, Days: 0b10111, From: 480, Until: 1440, Zone: "Asia/Tokyo"}},
		{ID: "tier", Effect: charter.Require, Check: charter.MaxBatch, Max: 1_000_000, Unless: charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{
			{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance"}, People: []string{"Ann"}, Offline: true},
			{Kind: charter.DemandAny, Of: []charter.Demand{
				{Kind: charter.DemandStations, Count: 3}, {Kind: charter.DemandWaited, Seconds: 86_400}, {Kind: charter.DemandNoVeto, Roles: []string{"officer"}},
			}},
			{Kind: charter.DemandNotFrozen, Roles: []string{"officer"}, Seconds: 3600},
		}}},
	}
	if !reflect.DeepEqual(d, want) {
		t.Fatalf("got  %+v\nwant %+v", d, want)
	}
}

// The template is a charter but for the addresses, which are to be filled in;
// what it shows in comments is one too, once the keys are.
func TestTemplate(t *testing.T) {
	filled := strings.NewReplacer(
		"ADDRESS-OF-THE-EXCHANGE", exampleAddress, "ADDRESS-OF-PAYROLL", "2N3oefVeg6stiTb5Kh3ozCSkaqmx91FDbsm",
	).Replace(Template)
	d, err := Parse([]byte(filled), base(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Rules) != 8 || len(d.Counterparties) != 2 {
		t.Fatalf("%+v", d)
	}
	shown := strings.NewReplacer(
		"66-HEXADECIMAL-DIGITS", "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
		"review tablet, offline: 64-HEXADECIMAL-DIGITS", "review tablet, offline: "+hexKey(t, 20),
		"{name: tablet, offline: 64-HEXADECIMAL-DIGITS", "{name: tablet, offline: "+hexKey(t, 22),
		"server, machine: 64-HEXADECIMAL-DIGITS", "server, machine: "+hexKey(t, 21),
		"# people:", "people:", "# governance:", "governance:", "\n#   ", "\n  ",
	)
	var lines []string
	for _, line := range strings.SplitAfter(filled, "\n") {
		if strings.HasPrefix(line, "#   max-") || strings.HasPrefix(line, "#   min-") || strings.HasPrefix(line, "#    ") && strings.Contains(line, "or  each") {
			continue // the table of measures is no YAML
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "")
	from, to := strings.Index(text, "#   approvals:"), strings.Index(text, "# scripts:")
	if from < 0 || to < from {
		t.Fatal("the template shows no demands")
	}
	d, err = Parse([]byte(shown.Replace(text[:from]+text[to:])), base(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.People) != 3 || d.Governance.Delay != 48*3600 {
		t.Fatalf("%+v", d)
	}
}

// What people write by itself stands for what enrolment does not know: the keys
// of practice stay, and names of stations are corrected by number.
func TestStations(t *testing.T) {
	text := strings.Replace(example, "{number: 1, site: Vault, entity: Example AG}", "{number: 2, name: Cellar}", 1)
	d, err := Parse([]byte(text), base(t))
	if err != nil {
		t.Fatal(err)
	}
	if s := d.Stations[2]; s.Name != "Cellar" || s.InstanceKey != base(t).Stations[2].InstanceKey || d.Stations[1].Site != "" {
		t.Fatalf("%+v", d.Stations)
	}
}
