package charter

import (
	"strings"
	"testing"

	"heliograph/shared/wallet"
)

func TestGovernanceRefuses(t *testing.T) {
	governance := func(change func(*Governance)) func(*Document) { return func(d *Document) { change(&d.Governance) } }
	checkRefusals(t, []refusal{
		{"governance: tighten: 5 people of", governance(func(g *Governance) { g.Tighten.Count = 5 })},
		{"governance: loosen: a demand asks for nothing", governance(func(g *Governance) { g.Loosen = Demand{Offline: true} })},
		{"governance: thaw: part 2 of any: ", governance(func(g *Governance) { g.Thaw.Of[1].Count = 9 })},
		{"delay of 31622401 s", governance(func(g *Governance) { g.Delay = MaxPeriod + 1 })},
		{"renewal after 86400 s: want more than the delay", governance(func(g *Governance) { g.MaxAge = 86_400 })},
		{"renewal after 316224001 s", governance(func(g *Governance) { g.MaxAge = MaxRenewal + 1 })},
		{`officers: "king" is a role that nobody`, governance(func(g *Governance) { g.Officers = []string{"king"} })},
		{`officers: "board" is named twice`, governance(func(g *Governance) { g.Officers = []string{"board", "board"} })},
		{"17 program versions", governance(func(g *Governance) { g.Versions = make([]string, 17) })},
		{"program version: 0 bytes", governance(func(g *Governance) { g.Versions = []string{""} })},
		{`program version "1.0" is named twice`, governance(func(g *Governance) { g.Versions = []string{"1.0", "1.0"} })},
		{"issued at 0", func(d *Document) { d.Issued = 0 }},
		{"issued at -1", func(d *Document) { d.Issued, d.Governance.MaxAge = -1, 0 }},
		{"issued at 253370764800", func(d *Document) { d.Issued = MaxTime + 1 }},

		{"65 retired instances", func(d *Document) { d.Retired = make([]Retired, 65) }},
		{"there is no station 3", func(d *Document) { d.Retired[0].Station = 3 }},
		{"retired instance 0: wire: public key", func(d *Document) { d.Retired[0].Instance = [32]byte{} }},
		{"retired instance 0: it is already the key of station 1", func(d *Document) { d.Retired[0].Instance = d.Stations[1].InstanceKey }},
		{"retired instance 1: it is already the key of retired instance 0", func(d *Document) { d.Retired[1].Instance = d.Retired[0].Instance }},
		{"0 records count", func(d *Document) { d.Retired[0].Seq = 0 }},
		{"7 records count", func(d *Document) { d.Retired[0].Last = [32]byte{} }},
		{"65 freezes are lifted", func(d *Document) { d.Lifted = make([][32]byte, 65) }},
		{"has no id", func(d *Document) { d.Lifted[0] = [32]byte{} }},
		{"a freeze is lifted twice", func(d *Document) { d.Lifted[0] = d.Lifted[1] }},

		{"17 time zones", func(d *Document) { d.Zones = make([]Zone, 17) }},
		{"time zone: 0 bytes", func(d *Document) { d.Zones[0].Name = "" }},
		{`two time zones are called "UTC"`, func(d *Document) { d.Zones[0].Name = "UTC" }},
		{`time zone "utc" is also spelt "UTC"`, func(d *Document) { d.Zones[0].Name = "utc" }},
		{`time zone "UTC": time zone rule "UTC"`, func(d *Document) { d.Zones[1].Rule = "UTC" }},
		{"17 price sources", func(d *Document) { d.Prices = make([]PriceSource, 17) }},
		{"name of a price source", func(d *Document) { d.Prices[0].Name = "" }},
		{`currency "chf"`, func(d *Document) { d.Prices[0].Currency = "chf" }},
		{`currency "CHFX"`, func(d *Document) { d.Prices[0].Currency = "CHFX" }},
		{`price source "Desk": wire: public key`, func(d *Document) { d.Prices[0].Key = [32]byte{} }},
		{`price source "Desk": it is already the key of station 0`, func(d *Document) { d.Prices[0].Key = d.Stations[0].InstanceKey }},
		{`"Desk" is named twice for CHF`, func(d *Document) { d.Prices = append(d.Prices, d.Prices[0]) }},
		{`price source "desk" is also spelt "Desk"`, func(d *Document) {
			d.Prices = append(d.Prices, PriceSource{Name: "desk", Currency: "EUR", Key: instance(t, 111)})
		}},
		{`it is already the key of the price source "Desk"`, func(d *Document) {
			d.Prices = append(d.Prices, PriceSource{Name: "Other", Currency: "EUR", Key: d.Prices[0].Key})
		}},
		{"nBits 0x20800000 is not", func(d *Document) { d.Work = 0x20800000 }},
		{"nBits 0x1d007fff is not", func(d *Document) { d.Work = 0x1d007fff }},
		{"nBits 0x217fffff is not", func(d *Document) { d.Work = 0x217fffff }},
		{"nBits 0x02008000 is not", func(d *Document) { d.Work = 0x02008000 }},
		{"nBits 0x1d010000 is easier than any block of mainnet: want at most 0x1d00ffff", func(d *Document) {
			d.Network, d.Work, d.Counterparties, d.Rules = wallet.Mainnet, 0x1d010000, nil, nil
		}},
	})
}

func TestGovernanceAccepts(t *testing.T) {
	for name, change := range map[string]func(*Document){
		"asks for nobody":             func(d *Document) { d.Governance = Governance{} },
		"no delay":                    func(d *Document) { d.Governance.Delay, d.Governance.MaxAge = 0, 1 },
		"longest":                     func(d *Document) { d.Governance.Delay, d.Governance.MaxAge = MaxPeriod, MaxRenewal },
		"one source, two currencies":  func(d *Document) { d.Prices = append(d.Prices, PriceSource{"Desk", "EUR", d.Prices[0].Key}) },
		"two sources of one currency": func(d *Document) { d.Prices = append(d.Prices, PriceSource{"Other", "CHF", instance(t, 111)}) },
		"never issued": func(d *Document) {
			d.Issued, d.Governance.MaxAge = 0, 0
		},
		"easiest block of mainnet": func(d *Document) {
			d.Network, d.Work, d.Counterparties, d.Rules = wallet.Mainnet, 0x1d00ffff, nil, nil
		},
		"no WebAuthn, no pages": func(d *Document) {
			d.People[0].Credentials, d.People[1].Credentials, d.Web = d.People[0].Credentials[1:], []Credential{{Name: "tablet", Kind: CredentialOffline, Key: bip340(t, 130)}}, Web{}
		},
		"no WebAuthn, pages": func(d *Document) {
			d.People[0].Credentials, d.People[1].Credentials = d.People[0].Credentials[1:], []Credential{{Name: "tablet", Kind: CredentialOffline, Key: bip340(t, 130)}}
		},
	} {
		d := full(t)
		change(&d)
		c, err := New(d)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := Decode(c.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The wallet is frozen, and what would lift that waits for somebody to say that
// nothing is frozen. Or the charter grows too old meanwhile, and every amendment
// waits for those words: it would be frozen for ever.
func TestAttackFrozenForEver(t *testing.T) {
	statement := Demand{Kind: DemandNotFrozen, Roles: []string{"officer"}, Seconds: 3600}
	approval := Demand{Kind: DemandApprovals, Count: 1, Roles: []string{"officer"}, Initiator: true}
	all := Demand{Kind: DemandAll, Of: []Demand{approval, {Kind: DemandAny, Of: []Demand{statement}}}}
	either := Demand{Kind: DemandAny, Of: []Demand{statement, approval}}
	for _, c := range []struct {
		name string
		set  func(*Governance)
		bad  string
	}{
		{"thaw", func(g *Governance) { g.Thaw = all }, "thaw: it waits for a statement"},
		{"thaw, either", func(g *Governance) { g.Thaw = either }, ""},
		{"loosen, ages", func(g *Governance) { g.Loosen = all }, "loosen: a charter that grows too old"},
		{"loosen, either, ages", func(g *Governance) { g.Loosen = either }, ""},
		{"loosen, never ages", func(g *Governance) { g.Loosen, g.MaxAge = all, 0 }, ""},
		{"tighten", func(g *Governance) { g.Tighten = all }, ""},
	} {
		d := full(t)
		c.set(&d.Governance)
		_, err := New(d)
		if c.bad == "" && err != nil || c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
