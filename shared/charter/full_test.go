package charter

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// es256 is the compressed point of a P-256 key, told apart by one byte.
func es256(i byte) []byte {
	k := ecdsa.PublicKey{Curve: elliptic.P256()}
	k.X, k.Y = elliptic.P256().ScalarBaseMult(big.NewInt(int64(i) + 1).Bytes())
	return elliptic.MarshalCompressed(k.Curve, k.X, k.Y)
}

func eddsa(i byte) []byte {
	return ed25519.NewKeyFromSeed(append([]byte{i}, make([]byte, 31)...)).Public().(ed25519.PublicKey)
}

func bip340(t testing.TB, i byte) []byte {
	k := instance(t, i)
	return k[:]
}

// full is a charter that uses every part of a document: a desk of five people and
// a program.
func full(t testing.TB) Document {
	d := places(t)
	d.Issued = 1_795_000_000
	for i, site := range []string{"Zürich", "Bern", "Zürich"} {
		d.Stations[i].Site = site
		d.Stations[i].Entity = []string{"Helio AG", "Helio AG", "Graph GmbH"}[i]
	}
	d.People = []Person{
		{Name: "Ada", Roles: []string{"finance", "officer"}, Credentials: []Credential{
			{Name: "blue key", Kind: CredentialES256, Key: es256(1), DeviceBound: true},
			{Name: "tablet", Kind: CredentialOffline, Key: bip340(t, 101)},
		}},
		{Name: "Ben", Roles: []string{"finance"}, Credentials: []Credential{{Name: "phone", Kind: CredentialEdDSA, Key: eddsa(1)}}},
		{Name: "Cem", Roles: []string{"board"}, Credentials: []Credential{{Name: "tablet", Kind: CredentialOffline, Key: bip340(t, 102)}}},
		{Name: "Dee", Roles: []string{"board", "finance"}, Credentials: []Credential{{Name: "tablet", Kind: CredentialOffline, Key: bip340(t, 103)}}},
		{Name: "Eve", Roles: []string{"retired"}},
		{Name: "Payroll", Roles: []string{"programs"}, Machine: true, Credentials: []Credential{{Name: "server", Kind: CredentialMachine, Key: bip340(t, 104)}}},
	}
	d.Web = Web{RPID: "approve.example.com", Origins: []string{"https://approve.example.com", "https://eu.approve.example.com:8443"}}
	board := Demand{Kind: DemandApprovals, Count: 2, Roles: []string{"board"}, Offline: true, Initiator: true}
	d.Governance = Governance{
		Tighten: Demand{Kind: DemandApprovals, Count: 1, Roles: []string{"board", "finance"}, Initiator: true},
		Loosen:  board,
		Thaw:    Demand{Kind: DemandAny, Of: []Demand{board, {Kind: DemandApprovals, Count: 3, Roles: []string{"finance"}}}},
		Delay:   86_400, Officers: []string{"board", "officer"}, MaxAge: 365 * 86_400, Versions: []string{"1.4.0", "1.4.1"},
	}
	d.Zones = []Zone{{Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}, {Name: "UTC", Rule: "UTC0"}}
	d.Prices = []PriceSource{{Name: "Desk", Currency: "CHF", Key: instance(t, 110)}}
	d.Retired = []Retired{{Station: 1, Instance: instance(t, 120), Seq: 7, Last: [32]byte{7}}, {Station: 1, Instance: instance(t, 121)}}
	d.Lifted = [][32]byte{{2}, {1}}
	d.Work = 0x207fffff
	d.Rules = append(d.Rules, fullRules()...)
	return d
}

// fullRules uses every word of rules that the sample does not.
func fullRules() []Rule {
	two := Demand{Kind: DemandApprovals, Count: 2, Roles: []string{"finance"}}
	return []Rule{
		{ID: "pay/all", Effect: Allow},
		{ID: "stop/young", Effect: Deny, Groups: []string{"Exchanges"}, Younger: 7 * 86_400, Unproven: true, Scripts: []ScriptKind{P2SH, P2PKH}},
		{ID: "tier/two", Effect: Require, Check: MaxBatch, Max: 10_000_000, Unless: two},
		{ID: "tier/board", Effect: Require, Check: MaxBatch, Max: 100_000_000, Each: EachCounterparty, Unless: Demand{Kind: DemandAll, Of: []Demand{
			two, {Kind: DemandApprovals, Count: 1, People: []string{"Cem", "Dee"}, Offline: true}, {Kind: DemandStations, Count: 3},
		}}},
		{ID: "new/always", Effect: Require, Check: MaxOutput, Younger: 86_400, Unless: Demand{Kind: DemandAny, Of: []Demand{
			{Kind: DemandInitiator, People: []string{"Payroll"}}, {Kind: DemandAll, Of: []Demand{{Kind: DemandHuman}, {Kind: DemandSites, Count: 2}}},
		}}},
		{ID: "pace/day", Effect: Require, Check: MaxCountWindow, Max: 20, Calendar: Day, Zone: "Europe/Zurich"},
		{ID: "pace/month", Effect: Require, Check: MaxWindow, Max: 900_000_000, Calendar: Month, Zone: "UTC", Each: EachGroup, Groups: []string{"Exchanges", "Ours"},
			Unless: Demand{Kind: DemandNoVeto, Roles: []string{"board"}}},
		{ID: "pace/week", Effect: Require, Check: MaxWindow, Max: 500_000_000, Calendar: Week, Zone: "UTC"},
		{ID: "count", Effect: Require, Check: MaxCount, Max: 50, Unless: Demand{Kind: DemandWaited, Seconds: 3600}},
		{ID: "inputs", Effect: Require, Check: MaxInputs, Max: 100, Unless: Demand{Kind: DemandEntities, Count: 2}},
		{ID: "sweep", Effect: Require, Check: MaxChange, To: []string{"Vault"}},
		{ID: "change", Effect: Require, Check: MaxChange, Max: 5, Unless: Demand{Kind: DemandMachine}},
		{ID: "fee/floor", Effect: Require, Check: MinFeeRate, Max: 2},
		{ID: "own-share", Effect: Require, Check: MinOwnShare, Max: 1000, Unless: Demand{Kind: DemandHours, Zone: "Europe/Zurich", Days: 0x1f, From: 8 * 60, Until: 18*60 + 30}},
		{ID: "reserve", Effect: Require, Check: MinReserve, Max: 1_000_000},
		{ID: "confirmed", Effect: Require, Check: MinConfirmations, Max: 6, Proven: true},
		{ID: "seen", Effect: Require, Check: MinConfirmations, Max: 1},
		{ID: "fiat", Effect: Require, Check: MaxFiat, Max: 10_000_050, Currency: "CHF", Window: 900,
			Unless: Demand{Kind: DemandNotFrozen, Roles: []string{"officer"}, People: []string{"Cem"}, Seconds: 600}},
	}
}

// refusal is a change of the full charter that makes it wrong, and why.
type refusal struct {
	want   string
	change func(*Document)
}

func checkRefusals(t *testing.T, all []refusal) {
	t.Helper()
	for _, c := range all {
		t.Run(c.want, func(t *testing.T) {
			d := full(t)
			c.change(&d)
			_, err := New(d)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
		})
	}
}

// rule changes the rule of that id.
func rule(id string, change func(*Rule)) func(*Document) {
	return func(d *Document) {
		for i := range d.Rules {
			if d.Rules[i].ID == id {
				change(&d.Rules[i])
				return
			}
		}
		panic(fmt.Sprintf("no rule %s", id))
	}
}

func TestFullCharterIsValid(t *testing.T) {
	c := mustNew(t, full(t))
	if _, err := Decode(c.Bytes()); err != nil {
		t.Fatal(err)
	}
}
