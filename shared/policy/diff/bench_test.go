package diff

import (
	"crypto/ed25519"
	"fmt"
	"testing"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// manyRules are two charters of 50 rules over 40 payees, with limits that overlap.
func manyRules(t testing.TB) (prior, next charter.Charter) {
	var names []string
	for i := range 40 {
		names = append(names, "Payee "+string(rune('A'+i/26))+string(rune('a'+i%26)))
	}
	rules := func(more int64) []charter.Rule {
		out := []charter.Rule{{ID: "pay/all", Effect: charter.Allow}, require("cap/day", charter.MaxWindow, 20*coin+more)}
		for i := range 48 {
			check := charter.Check(i%8 + 1)
			most := int64(i+1)*coin/10 + more
			switch check {
			case charter.MaxFee:
				most = int64(i)*1000 + more
			case charter.MaxFeeRate, charter.MaxFeePercent:
				most = int64(i) + 20
			case charter.MaxLifetime:
				most = int64(i)*60 + more
			}
			to := []string{}
			for j := i % 5; j < len(names); j += i%5 + 2 {
				to = append(to, names[j])
			}
			out = append(out, require("r/"+string(rune('a'+i/10))+string(rune('0'+i%10)), check, most, to...))
		}
		return out
	}
	return made(t, document(names, rules(0)...)), made(t, document(names, rules(1000)...))
}

func BenchmarkCompare50Rules(b *testing.B) {
	prior, next := manyRules(b)
	for b.Loop() {
		d, err := Compare(prior, next)
		if err != nil || len(d.Allowed) == 0 {
			b.Fatal(err, len(d.Allowed))
		}
	}
}

// overlapping are two charters of 50 rules, of which 48 limit what batches pay to
// sets of payees that overlap as they like: the worst there is for a search.
func overlapping(t testing.TB) (prior, next charter.Charter) {
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("Payee %02d", i))
	}
	rules := func(more int64) []charter.Rule {
		out := []charter.Rule{{ID: "pay/all", Effect: charter.Allow}, require("cap/all", charter.MaxBatch, 30*coin+more)}
		for i := range 48 {
			var to []string
			for j := range names {
				if (5*i+3*j+i*i*j%11)%13 < 3 {
					to = append(to, names[j])
				}
			}
			out = append(out, require(fmt.Sprintf("r/%02d", i), charter.MaxBatch, int64(i%7+2)*coin+int64(i), to...))
		}
		return out
	}
	return made(t, document(names, rules(0)...)), made(t, document(names, rules(coin)...))
}

func BenchmarkCompareOverlapping(b *testing.B) {
	prior, next := overlapping(b)
	for b.Loop() {
		d, err := Compare(prior, next)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(d.UndecidedAllowed)+len(d.UndecidedRefused)), "undecided")
	}
}

// worded are two charters of 50 rules of every kind, most of them unless people
// approve, stations sign or it is a certain hour: 40 payees in groups, 20 people
// in roles, five stations at three sites. Every limit and every demand changes.
func worded(t testing.TB) (prior, next charter.Charter) {
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("Payee %02d", i))
	}
	roles := []string{"board", "desk", "finance", "officer", "risk"}
	build := func(more int64) charter.Document {
		d := document(names)
		d.Web = charter.Web{RPID: "approve.example.com", Origins: []string{"https://approve.example.com"}}
		d.Zones = []charter.Zone{{Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}, {Name: "New York", Rule: "EST5EDT,M3.2.0,M11.1.0"}}
		d.Prices = []charter.PriceSource{{Name: "Desk", Currency: "CHF", Key: spare()[6].Public()}}
		for i := range d.Counterparties {
			d.Counterparties[i].Groups = []string{fmt.Sprint("group ", i%4)}
		}
		for i := range d.Stations {
			d.Stations[i].Site = fmt.Sprint("site ", i)
		}
		for i := range 20 {
			key, err := wire.GenerateSigningKey([32]byte{0x51, byte(i)})
			if err != nil {
				t.Fatal(err)
			}
			public, web := key.Public(), ed25519.NewKeyFromSeed(append([]byte{0x52, byte(i)}, make([]byte, 30)...)).Public().(ed25519.PublicKey)
			d.People = append(d.People, charter.Person{
				Name: fmt.Sprintf("Person %02d", i), Roles: []string{roles[i%5], roles[(i/4)%5]}[:1+min(i%5^(i/4)%5, 1)],
				Credentials: []charter.Credential{{Name: "phone", Kind: charter.CredentialEdDSA, Key: web}, {Name: "tablet", Kind: charter.CredentialOffline, Key: public[:]}}[:1+i%2],
			})
		}
		d.Rules = []charter.Rule{{ID: "pay/all", Effect: charter.Allow}}
		for i := range 49 {
			d.Rules = append(d.Rules, wordedRule(i, more, names, roles))
		}
		return d
	}
	return made(t, build(0)), made(t, build(1))
}

func wordedRule(i int, more int64, names, roles []string) charter.Rule {
	r := charter.Rule{ID: fmt.Sprintf("r/%02d", i), Effect: charter.Require, Check: charter.Check(i%17 + 1), Max: int64(i+1)*coin/10 + more}
	switch r.Check {
	case charter.MaxFee:
		r.Max = 10_000 + 100*int64(i) + more
	case charter.MaxFeeRate, charter.MaxFeePercent:
		r.Max = 100 + int64(i) + more
	case charter.MaxLifetime:
		r.Max = 3600*int64(i+1) + more
	case charter.MaxCount, charter.MaxCountWindow, charter.MaxInputs:
		r.Max = int64(i) + 10 + more
	case charter.MinFeeRate, charter.MinConfirmations:
		r.Max = 2 - more
	case charter.MinOwnShare:
		r.Max = 100 + int64(i) - more
	case charter.MinReserve:
		r.Max = coin + int64(i) - more
	case charter.MaxFiat:
		r.Currency, r.Window = "CHF", 600
	}
	switch {
	case r.Check.OverTime() && i%2 == 0:
		r.Calendar, r.Zone = charter.Calendar(i%3+1), "Europe/Zurich"
	case r.Check.OverTime():
		r.Window = uint32(86_400 * (i%7 + 1))
	case i%11 == 0:
		r.Younger = 86_400
	}
	switch {
	case i%5 == 1:
		r.Groups = []string{fmt.Sprint("group ", i%4)}
	case i%5 == 2:
		for j := i % 7; j < len(names); j += i%7 + 2 {
			r.To = append(r.To, names[j])
		}
	case i%5 == 3 && (r.Check == charter.MaxBatch || r.Check.OverTime()):
		r.Each = charter.EachCounterparty
	}
	people := charter.Demand{Kind: charter.DemandApprovals, Count: uint8(3 - more), Roles: []string{roles[i%5], roles[(i+2)%5]}}
	hours := charter.Demand{Kind: charter.DemandHours, Zone: []string{"Europe/Zurich", "New York"}[i%2], Days: 31, From: uint16(480 + 10*(i%6)), Until: uint16(1020 + 10*(i%4) + int(more))}
	switch i % 4 {
	case 0:
		r.Unless = people
	case 1:
		r.Unless = charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{people, hours, {Kind: charter.DemandStations, Count: 2}}}
	case 2:
		offline := people
		offline.Offline, offline.Count = true, uint8(2-more)
		r.Unless = charter.Demand{Kind: charter.DemandAny, Of: []charter.Demand{offline, {Kind: charter.DemandAll, Of: []charter.Demand{people, {Kind: charter.DemandNoVeto, Roles: []string{"risk"}}}}}}
	}
	return r
}

func BenchmarkCompareWorded(b *testing.B) {
	prior, next := worded(b)
	for b.Loop() {
		d, err := Compare(prior, next)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(d.Allowed)+len(d.Refused)), "examples")
		b.ReportMetric(float64(len(d.UndecidedAllowed)+len(d.UndecidedRefused)), "undecided")
	}
}

func BenchmarkCompareSameWorded(b *testing.B) {
	prior, _ := worded(b)
	for b.Loop() {
		d, err := Compare(prior, prior)
		if err != nil || !d.Same() {
			b.Fatal(err, d.UndecidedAllowed)
		}
	}
}
