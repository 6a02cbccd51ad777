package diff

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/charter"
)

// office is the desk with people, stations at three sites and all that rules name.
func office(rules ...charter.Rule) charter.Document {
	d := desk(rules...)
	third := d.Stations[0]
	third.Name, third.HostKey, third.InstanceKey = "S2", hostKey(2), spare()[5].Public()
	d.Stations = append(d.Stations, third)
	for i, site := range []string{"Bern", "Bern", "Olten"} {
		d.Stations[i].Site = site
	}
	d.Web = charter.Web{RPID: "approve.example.com", Origins: []string{"https://approve.example.com"}}
	d.Zones = []charter.Zone{{Name: "here", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}, {Name: "there", Rule: "EST5EDT,M3.2.0,M11.1.0"}}
	d.Prices = []charter.PriceSource{{Name: "Desk", Currency: "CHF", Key: spare()[6].Public()}}
	d.Work = 0x207fffff
	for i, name := range staff {
		k := spare()[i+1].Public()
		p := charter.Person{Name: name, Roles: []string{[]string{"desk", "desk", "board", "programs"}[i]}, Machine: name == "Bot"}
		if p.Machine {
			p.Credentials = []charter.Credential{{Name: "server", Kind: charter.CredentialMachine, Key: k[:]}}
		} else {
			public := ed25519.NewKeyFromSeed(append([]byte{byte(i)}, make([]byte, 31)...)).Public().(ed25519.PublicKey)
			p.Credentials = []charter.Credential{{Name: "phone", Kind: charter.CredentialEdDSA, Key: public}, {Name: "tablet", Kind: charter.CredentialOffline, Key: k[:]}}
		}
		d.People = append(d.People, p)
	}
	d.Counterparties[0].Groups, d.Counterparties[1].Groups = []string{"near"}, []string{"near"}
	return d
}

// but is a document with one thing done to it.
func but(d charter.Document, do func(*charter.Document)) charter.Document {
	do(&d)
	return d
}

func with(r charter.Rule, do func(*charter.Rule)) charter.Rule {
	do(&r)
	return r
}

func tier(id string, most int64, d charter.Demand) charter.Rule {
	r := require(id, charter.MaxBatch, most)
	r.Unless = d
	return r
}

func approvals(n uint8, roles ...string) charter.Demand {
	return charter.Demand{Kind: charter.DemandApprovals, Count: n, Roles: roles}
}

func oneOf(names ...string) charter.Demand {
	return charter.Demand{Kind: charter.DemandApprovals, Count: 1, People: names}
}

func both(of ...charter.Demand) charter.Demand {
	return charter.Demand{Kind: charter.DemandAll, Of: of}
}
func any1(of ...charter.Demand) charter.Demand {
	return charter.Demand{Kind: charter.DemandAny, Of: of}
}

func open(zone string, days uint8, from, until uint16) charter.Demand {
	return charter.Demand{Kind: charter.DemandHours, Zone: zone, Days: days, From: from, Until: until}
}

func since(zone string, c charter.Calendar, check charter.Check, most int64) charter.Rule {
	return charter.Rule{ID: "cap", Effect: charter.Require, Check: check, Max: most, Calendar: c, Zone: zone}
}

// Each change of the vocabulary newly allows, and newly refuses, what breaks
// exactly these checks.
func TestCompareWords(t *testing.T) {
	cap1 := func(d charter.Demand) charter.Document { return office(tier("tier", coin, d)) }
	of := func(kind charter.DemandKind, count uint8) charter.Demand {
		return charter.Demand{Kind: kind, Count: count}
	}
	seconds := func(kind charter.DemandKind, n uint32, roles ...string) charter.Demand {
		return charter.Demand{Kind: kind, Seconds: n, Roles: roles}
	}
	limited := func(check charter.Check, most int64) charter.Document { return office(require("limit", check, most)) }
	rolling := func(check charter.Check, most int64, days uint32) charter.Document {
		return office(with(require("cap", check, most), func(r *charter.Rule) { r.Window = days * day }))
	}
	fiat := func(most int64, oldest uint32) charter.Document {
		return office(charter.Rule{ID: "fiat", Effect: charter.Require, Check: charter.MaxFiat, Max: most, Currency: "CHF", Window: oldest})
	}
	younger := func(age uint32) charter.Document {
		return office(charter.Rule{ID: "young", Effect: charter.Deny, Younger: age})
	}
	confirmed := func(n int64, proven bool) charter.Document {
		return office(charter.Rule{ID: "coins", Effect: charter.Require, Check: charter.MinConfirmations, Max: n, Proven: proven})
	}
	counted := func(check charter.Check, most int64, each charter.Each, to ...string) charter.Document {
		return office(with(require("each", check, most, to...), func(r *charter.Rule) { r.Each, r.Window = each, 0 }))
	}
	offline := approvals(1, "desk")
	offline.Offline = true
	drafting := approvals(1, "desk")
	drafting.Initiator = true
	ownWallet := but(office(), func(d *charter.Document) { d.Counterparties[2].Own = true })
	for _, c := range []struct {
		name             string
		from, to         charter.Document
		allowed, refused string
	}{
		{"fewer approve", cap1(approvals(2, "desk", "board")), cap1(approvals(1, "desk", "board")), "tier", ""},
		{"a tier is raised", cap1(approvals(1, "desk")), office(tier("tier", 2*coin, approvals(1, "desk"))), "tier", ""},
		{"a cap becomes a tier", office(require("tier", charter.MaxBatch, coin)), cap1(approvals(1, "desk")), "tier", ""},
		{"another role may", cap1(approvals(1, "desk")), cap1(approvals(1, "board")), "tier", "tier"},
		{"any for all", cap1(both(approvals(1, "desk"), approvals(1, "board"))), cap1(any1(approvals(1, "desk"), approvals(1, "board"))), "tier", ""},
		{"two rules for one of all", cap1(both(approvals(1, "desk"), approvals(1, "board"))), office(tier("a", coin, approvals(1, "desk")), tier("b", coin, approvals(1, "board"))), "", ""},
		{"all of a role by name", cap1(counting(approvals(2, "desk"))), cap1(both(counting(oneOf("Uma")), counting(oneOf("Vic")))), "", ""},
		{"any of a role by name", cap1(counting(approvals(1, "desk"))), cap1(any1(counting(oneOf("Uma")), counting(oneOf("Vic")))), "", ""},
		{"two of three, or every two", cap1(counting(approvals(2, "desk", "board"))),
			cap1(any1(both(counting(oneOf("Uma")), counting(oneOf("Vic"))), both(counting(oneOf("Uma")), counting(oneOf("Wim"))), both(counting(oneOf("Vic")), counting(oneOf("Wim"))))), "", ""},
		{"who drafts counts", cap1(approvals(1, "desk")), cap1(drafting), "tier", ""},
		{"online will do", cap1(offline), cap1(approvals(1, "desk")), "tier", ""},
		{"somebody joins the role", cap1(approvals(1, "board")), but(cap1(approvals(1, "board")), func(d *charter.Document) { d.People[0].Roles = []string{"board"} }), "tier", ""},
		{"somebody leaves the role", cap1(approvals(1, "desk")), but(cap1(approvals(1, "desk")), func(d *charter.Document) { d.People[0].Roles = nil }), "", "tier"},
		{"somebody loses the tablet", cap1(offline), but(cap1(offline), func(d *charter.Document) { d.People[0].Credentials = d.People[0].Credentials[:1] }), "", "tier"},
		{"a key that nobody asks for", cap1(approvals(1, "board")), but(cap1(approvals(1, "board")), func(d *charter.Document) { d.People[0].Credentials = nil }), "", "tier"},
		{"a program may draft", cap1(charter.Demand{Kind: charter.DemandHuman}), cap1(any1(charter.Demand{Kind: charter.DemandHuman}, charter.Demand{Kind: charter.DemandMachine})), "tier", ""},
		{"who drafts", cap1(charter.Demand{Kind: charter.DemandInitiator, People: []string{"Uma"}}), cap1(charter.Demand{Kind: charter.DemandInitiator, Roles: []string{"desk"}}), "tier", ""},
		{"nobody may veto any more", cap1(charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"board", "desk"}}), cap1(charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"desk"}}), "tier", ""},
		{"an older word that nothing is frozen", cap1(seconds(charter.DemandNotFrozen, 60, "desk")), cap1(seconds(charter.DemandNotFrozen, 61, "desk")), "tier", ""},
		{"a shorter wait", cap1(seconds(charter.DemandWaited, 3600)), cap1(seconds(charter.DemandWaited, 3599)), "tier", ""},
		{"fewer stations", cap1(of(charter.DemandStations, 3)), cap1(of(charter.DemandStations, 2)), "tier", ""},
		{"two stations always sign", cap1(of(charter.DemandStations, 2)), office(), "", ""},
		{"one site will do", cap1(of(charter.DemandSites, 2)), cap1(of(charter.DemandSites, 1)), "tier", ""},
		{"three stations span the sites", cap1(of(charter.DemandStations, 3)), cap1(any1(of(charter.DemandStations, 3), both(of(charter.DemandSites, 2), of(charter.DemandStations, 3)))), "", ""},
		{"a station moves", cap1(of(charter.DemandSites, 2)), but(cap1(of(charter.DemandSites, 2)), func(d *charter.Document) { d.Stations[1].Site = "Olten" }), "tier", "tier"},
		{"a minute longer", cap1(open("here", 31, 480, 1020)), cap1(open("here", 31, 480, 1021)), "tier", ""},
		{"in other words", cap1(open("here", 31, 480, 1020)), cap1(any1(open("here", 31, 480, 700), open("here", 31, 600, 1020))), "", ""},
		{"a day apart", cap1(both(open("here", 1, 0, 1440), open("here", 2, 0, 1440))), office(require("tier", charter.MaxBatch, coin)), "", ""},
		// At 23:00 in New York it is Tuesday in Zurich.
		{"where the day has begun", cap1(both(open("here", 2, 0, 1440), open("there", 1, 0, 1440))), office(require("tier", charter.MaxBatch, coin)), "", "tier"},
		// 14:00 in Zurich is 08:00 in New York, but for the weeks in which one turned clocks and the other did not yet: 09:00.
		{"while clocks differ", cap1(both(open("here", 127, 840, 841), open("there", 127, 540, 541))), office(require("tier", charter.MaxBatch, coin)), "", "tier"},
		{"never at once", cap1(both(open("here", 127, 840, 841), open("there", 127, 600, 601))), office(require("tier", charter.MaxBatch, coin)), "", ""},
		{"weekends too", cap1(open("here", 31, 0, 1440)), office(), "tier", ""},

		{"more payments", limited(charter.MaxCount, 5), limited(charter.MaxCount, 6), "limit", ""},
		{"more payments than there can be", limited(charter.MaxCount, 1024), limited(charter.MaxCount, 1025), "", ""},
		{"a sum bounds a number", office(require("sum", charter.MaxBatch, 2940), require("limit", charter.MaxCount, 10)), office(require("sum", charter.MaxBatch, 2940)), "", ""},
		{"a sum bounds a number no more", office(require("sum", charter.MaxBatch, 3234), require("limit", charter.MaxCount, 10)), office(require("sum", charter.MaxBatch, 3234)), "limit", ""},
		{"more inputs", limited(charter.MaxInputs, 5), limited(charter.MaxInputs, 6), "limit", ""},
		{"a sweep no more", limited(charter.MaxChange, 0), limited(charter.MaxChange, 330), "limit", ""},
		{"change below dust", limited(charter.MaxChange, 0), limited(charter.MaxChange, 329), "", ""},
		{"a lower fee", limited(charter.MinFeeRate, 2), limited(charter.MinFeeRate, 1), "limit", ""},
		{"a fee that no fee can be", office(require("limit", charter.MinFeeRate, 2), require("fee", charter.MaxFee, 100)), office(charter.Rule{ID: "none", Effect: charter.Deny}), "", ""},
		{"less stays", limited(charter.MinOwnShare, 5000), limited(charter.MinOwnShare, 4999), "limit", ""},
		{"less in reserve", limited(charter.MinReserve, coin), limited(charter.MinReserve, coin-1), "limit", ""},
		{"fewer confirmations", confirmed(6, false), confirmed(5, false), "coins", ""},
		{"claims will do", confirmed(6, true), confirmed(6, false), "coins", ""},
		{"proofs must be", confirmed(6, false), confirmed(6, true), "", "coins"},
		{"more by its worth", fiat(100, 60), fiat(101, 60), "fiat", ""},
		// Of all prices that are fresh enough the highest counts: one that was too old is now.
		{"an older price", fiat(100, 60), fiat(100, 61), "fiat", "fiat"},
		{"another source", fiat(100, 60), but(fiat(100, 60), func(d *charter.Document) { d.Prices[0].Name = "Bank" }), "fiat", "fiat"},
		{"a price that may not be asked", fiat(100, 60), office(require("cap", charter.MaxBatch, coin)), "fiat", "cap"},

		{"each apart", counted(charter.MaxBatch, coin, charter.Together), counted(charter.MaxBatch, coin, charter.EachCounterparty), "each", ""},
		{"each of one", counted(charter.MaxBatch, coin, charter.Together, "Ann"), counted(charter.MaxBatch, coin, charter.EachCounterparty, "Ann"), "", ""},
		{"each group", counted(charter.MaxBatch, coin, charter.EachCounterparty), counted(charter.MaxBatch, coin, charter.EachGroup), "each", "each"},
		{"each by name", counted(charter.MaxCount, 3, charter.EachCounterparty),
			office(require("a", charter.MaxCount, 3, "Ann"), require("b", charter.MaxCount, 3, "Ben"), require("c", charter.MaxCount, 3, "Cem")), "", ""},
		{"a group by its names", office(with(require("cap", charter.MaxBatch, coin), func(r *charter.Rule) { r.Groups = []string{"near"} })), office(require("cap", charter.MaxBatch, coin, "Ann", "Ben")), "", ""},

		{"a longer day", rolling(charter.MaxWindow, coin, 2), rolling(charter.MaxWindow, coin, 1), "cap", ""},
		{"one more a day", rolling(charter.MaxCountWindow, 5, 1), rolling(charter.MaxCountWindow, 6, 1), "cap", ""},
		{"since midnight", rolling(charter.MaxWindow, coin, 1), office(since("here", charter.Day, charter.MaxWindow, coin)), "cap", "cap"},
		{"since midnight, and as long", rolling(charter.MaxWindow, coin, 2), office(since("here", charter.Day, charter.MaxWindow, coin)), "cap", ""},
		{"a month is at most 31 days and an hour", rolling(charter.MaxWindow, coin, 31), office(since("here", charter.Month, charter.MaxWindow, coin)), "cap", "cap"},
		{"a month is at most 32 days", rolling(charter.MaxCountWindow, 9, 32), office(since("here", charter.Month, charter.MaxCountWindow, 9)), "cap", ""},
		{"a week for a month", office(since("here", charter.Month, charter.MaxWindow, coin)), office(since("here", charter.Week, charter.MaxWindow, coin)), "cap", "cap"},
		{"midnight elsewhere", office(since("here", charter.Day, charter.MaxWindow, coin)), office(since("there", charter.Day, charter.MaxWindow, coin)), "cap", "cap"},

		{"younger destinations", younger(3600), younger(3599), "young", ""},
		{"a young destination's cap", office(with(require("cap", charter.MaxOutput, coin), func(r *charter.Rule) { r.Younger = 60 })), limited(charter.MaxOutput, coin), "", "limit"},
		{"paid again", but(office(), func(d *charter.Document) {
			d.Counterparties[0].Once, d.Counterparties[0].Destinations = d.Counterparties[0].Destinations, nil
		}), office(), "payout/once", ""},
		{"notes", office(), but(office(), func(d *charter.Document) { d.Counterparties[0].Data = true }), "payout/counterparty", ""},
		{"the wallet itself", office(), ownWallet, "payout/counterparty", ""},
		{"another wallet", office(), but(office(), func(d *charter.Document) { d.Counterparties[0].Descriptor = descriptor() }), "payout/counterparty", ""},
		{"a kind of script", office(charter.Rule{ID: "kinds", Effect: charter.Deny, Scripts: []charter.ScriptKind{charter.P2WPKH, charter.P2TR}}), office(charter.Rule{ID: "kinds", Effect: charter.Deny, Scripts: []charter.ScriptKind{charter.P2TR}}), "kinds", ""},
		{"a kind of script that nobody has", office(charter.Rule{ID: "kinds", Effect: charter.Deny, Scripts: []charter.ScriptKind{charter.P2TR}}), office(), "", ""},
		{"no proof", office(charter.Rule{ID: "proof", Effect: charter.Deny, Unproven: true}), office(), "proof", ""},
		{"a proof", office(charter.Rule{ID: "proof", Effect: charter.Deny, Unproven: true}),
			but(office(charter.Rule{ID: "proof", Effect: charter.Deny, Unproven: true}), func(d *charter.Document) {
				d.Counterparties[0].Proofs = []charter.Proof{proofs()["Ann"+string(place("Ann"))]}
			}), "proof", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Compare(made(t, c.from), made(t, c.to))
			if err != nil {
				t.Fatal(err)
			}
			if got := cited(d.Allowed); got != c.allowed {
				t.Errorf("newly allowed %q, want %q\n%s", got, c.allowed, strings.Join(d.Sentences(), "\n"))
			}
			if got := cited(d.Refused); got != c.refused {
				t.Errorf("newly refused %q, want %q\n%s", got, c.refused, strings.Join(d.Sentences(), "\n"))
			}
			if len(d.UndecidedAllowed)+len(d.UndecidedRefused) > 0 {
				t.Errorf("undecided: %q %q", d.UndecidedAllowed, d.UndecidedRefused)
			}
			for _, e := range slices.Concat(d.Allowed, d.Refused) {
				feasible(t, e.Case)
			}
		})
	}
}

// counting lets whoever drafted count among the approvals.
func counting(d charter.Demand) charter.Demand {
	d.Initiator = true
	return d
}
