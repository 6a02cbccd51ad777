package charter

import (
	"strings"
	"testing"
)

func TestRulesRefuse(t *testing.T) {
	checkRefusals(t, []refusal{
		{`rule stop/young: "Asia" is a group that no counterparty of this charter belongs to`, rule("stop/young", func(r *Rule) { r.Groups = []string{"Asia"} })},
		{`rule stop/young: "Exchanges" is named twice`, rule("stop/young", func(r *Rule) { r.Groups = []string{"Exchanges", "Exchanges"} })},
		{"script kind 7 is none of", rule("stop/young", func(r *Rule) { r.Scripts = []ScriptKind{7} })},
		{"script kind 0 is none of", rule("stop/young", func(r *Rule) { r.Scripts = []ScriptKind{0} })},
		{"script kind P2TR is named twice", rule("stop/young", func(r *Rule) { r.Scripts = []ScriptKind{P2TR, P2TR} })},
		{"younger than 31622401 s", rule("stop/young", func(r *Rule) { r.Younger = MaxPeriod + 1 })},
		{"measures nothing", rule("stop/young", func(r *Rule) { r.Each = EachGroup })},
		{"measures nothing", rule("stop/young", func(r *Rule) { r.Calendar = Day })},
		{"measures nothing", rule("stop/young", func(r *Rule) { r.Zone = "UTC" })},
		{"measures nothing", rule("pay/all", func(r *Rule) { r.Currency = "CHF" })},
		{"measures nothing", rule("pay/all", func(r *Rule) { r.Proven = true })},
		{"has no unless", rule("pay/all", func(r *Rule) { r.Unless = Demand{Kind: DemandHuman} })},
		{"has no unless", rule("pay/all", func(r *Rule) { r.Unless = Demand{Count: 1} })},

		{"rule reserve: at least 0 always holds", rule("reserve", func(r *Rule) { r.Max = 0 })},
		{"rule count: limit of 0: want 1 to 1000000 (to forbid all, write a deny; to ask for people each time, add an unless)", rule("count", func(r *Rule) { r.Max, r.Unless = 0, Demand{} })},
		{"limit of 1000001", rule("count", func(r *Rule) { r.Max = CountLimit + 1 })},
		{"limit of 1001", rule("seen", func(r *Rule) { r.Max = ConfirmationsLimit + 1 })},
		{"limit of 10001", rule("own-share", func(r *Rule) { r.Max = MaxPercent + 1 })},
		{"limit of 100000000000000001", rule("fiat", func(r *Rule) { r.Max = FiatLimit + 1 })},
		{"limit of -1", rule("change", func(r *Rule) { r.Max = -1 })},
		{"limit of 1000001", rule("fee/floor", func(r *Rule) { r.Max = FeeRateLimit + 1 })},

		{"a price of at most 0 s", rule("fiat", func(r *Rule) { r.Window = 0 })},
		{"a price of at most 31622401 s", rule("fiat", func(r *Rule) { r.Window = MaxPeriod + 1 })},
		{"only a limit over time", rule("fiat", func(r *Rule) { r.Calendar = Day })},
		{"only a limit over time", rule("count", func(r *Rule) { r.Window = 5 })},
		{"only a limit over time", rule("count", func(r *Rule) { r.Zone = "UTC" })},
		{"tells no kind, age or proof", rule("pace/day", func(r *Rule) { r.Scripts = []ScriptKind{P2TR} })},
		{"tells no kind, age or proof", rule("pace/day", func(r *Rule) { r.Younger = 1 })},
		{"tells no kind, age or proof", rule("window/day", func(r *Rule) { r.Unproven = true })},
		{"only a calendar window has a time zone", rule("window/day", func(r *Rule) { r.Zone = "UTC" })},
		{"either a window in seconds or a calendar", rule("pace/day", func(r *Rule) { r.Window = 5 })},
		{`time zone "" is not one`, rule("pace/day", func(r *Rule) { r.Zone = "" })},
		{`time zone "Mars" is not one`, rule("pace/day", func(r *Rule) { r.Zone = "Mars" })},
		{"calendar 4 is none of", rule("pace/day", func(r *Rule) { r.Calendar = 4 })},

		{"each 3 is none of", rule("tier/board", func(r *Rule) { r.Each = 3 })},
		{"only sums and counts of payments", rule("inputs", func(r *Rule) { r.Each = EachCounterparty })},
		{"it counts groups apart and names counterparties", rule("pace/month", func(r *Rule) { r.To = []string{"Kraken"} })},
		{"no counterparty belongs to one", func(d *Document) {
			for i := range d.Counterparties {
				d.Counterparties[i].Groups = nil
			}
			d.Rules = []Rule{{ID: "each", Effect: Require, Check: MaxBatch, Max: 1, Each: EachGroup}}
		}},
		{`nobody may state a price in "EUR"`, rule("fiat", func(r *Rule) { r.Currency = "EUR" })},
		{`nobody may state a price in ""`, rule("fiat", func(r *Rule) { r.Currency = "" })},
		{"only a limit in another currency", rule("count", func(r *Rule) { r.Currency = "CHF" })},
		{"only confirmations can be proven", rule("reserve", func(r *Rule) { r.Proven = true })},
		{"proven confirmations need", func(d *Document) { d.Work = 0 }},
		{"rule tier/two: unless: ", rule("tier/two", func(r *Rule) { r.Unless.Count = 0 })},
		{"is for built-in checks", rule("count", func(r *Rule) { r.ID = "approval/x" })},
		{"is for built-in checks", rule("count", func(r *Rule) { r.ID = "replacement" })},
	})
}

func TestDemandsRefuse(t *testing.T) {
	with := func(u Demand) func(*Document) { return rule("tier/two", func(r *Rule) { r.Unless = u }) }
	all := func(of ...Demand) Demand { return Demand{Kind: DemandAll, Of: of} }
	human := Demand{Kind: DemandHuman}
	approvals := func(count uint8, roles ...string) Demand {
		return Demand{Kind: DemandApprovals, Count: count, Roles: roles}
	}
	checkRefusals(t, []refusal{
		{"demand of kind 14 is unknown", with(Demand{Kind: 14})},
		{"a demand asks for nothing", with(all(human, Demand{}))},
		{"a demand asks for nothing", with(Demand{Seconds: 5})},
		{"a demand for a human draft has no count", with(Demand{Kind: DemandHuman, Count: 1})},
		{"a demand for stations has no roles or people", with(Demand{Kind: DemandStations, Count: 3, Roles: []string{"board"}})},
		{"a demand for approvals has no parts", with(Demand{Kind: DemandApprovals, Count: 1, Roles: []string{"board"}, Of: []Demand{human}})},
		{"a demand on who drafts has no offline", with(Demand{Kind: DemandInitiator, Roles: []string{"board"}, Offline: true})},
		{"a demand on who drafts has no initiator", with(Demand{Kind: DemandInitiator, Roles: []string{"board"}, Initiator: true})},
		{"a demand for a wait has no zone", with(Demand{Kind: DemandWaited, Seconds: 5, Zone: "UTC"})},
		{"an all has no days", with(Demand{Kind: DemandAll, Of: []Demand{human}, Days: 1})},
		{"has no from", with(Demand{Kind: DemandAny, Of: []Demand{human}, From: 1})},
		{"has no until", with(Demand{Kind: DemandAny, Of: []Demand{human}, Until: 1})},
		{"has no seconds", with(Demand{Kind: DemandHours, Zone: "UTC", Days: 1, Until: 5, Seconds: 1})},

		{"an all of 0 parts", with(all())},
		{"an any of 9 parts", with(Demand{Kind: DemandAny, Of: make([]Demand, 9)})},
		{"nested deeper than 3 levels", with(all(all(all(human))))},
		{"part 2 of all: part 1 of any: ", with(all(human, Demand{Kind: DemandAny, Of: []Demand{{Kind: DemandStations}}}))},

		{`"treasury" is a role that nobody in this charter has`, with(approvals(1, "treasury"))},
		{`"Finance" is a role that nobody`, with(approvals(1, "Finance"))},
		{`"board" is named twice`, with(approvals(1, "board", "board"))},
		{`"Mallory" is not a person`, with(Demand{Kind: DemandApprovals, Count: 1, People: []string{"Mallory"}})},
		{"it names nobody", with(approvals(1))},
		{"it names nobody", with(Demand{Kind: DemandNoVeto})},
		{"a count of 0 always holds", with(approvals(0, "board"))},
		{"a count of 0 always holds", with(Demand{Kind: DemandSites})},
		{`3 people of "board" would have to approve: only 2 can so that it counts`, with(approvals(3, "board"))},
		{`1 person of "retired" would have to approve: only 0`, with(approvals(1, "retired"))},
		{`1 person of "programs" would have to approve: only 0`, with(approvals(1, "programs"))},
		{`3 people of "finance" would have to approve: only 2`, with(Demand{Kind: DemandApprovals, Count: 3, Roles: []string{"finance"}, Offline: true})},
		{`"Eve" would have to sign: nobody of these has a credential`, with(Demand{Kind: DemandNoVeto, People: []string{"Eve"}})},
		{`somebody of "programs" would have to sign: nobody of these has a credential`, with(Demand{Kind: DemandNotFrozen, Roles: []string{"programs"}, Seconds: 60})},
		{"4 stations: there are only 3", with(Demand{Kind: DemandStations, Count: 4})},
		{"3 sites: the stations stand at only 2", with(Demand{Kind: DemandSites, Count: 3})},
		{"3 legal entities: the stations are run by only 2", with(Demand{Kind: DemandEntities, Count: 3})},
		{`time zone "Mars"`, with(Demand{Kind: DemandHours, Zone: "Mars", Days: 1, Until: 60})},
		{"days 0x0", with(Demand{Kind: DemandHours, Zone: "UTC", Until: 60})},
		{"days 0x80", with(Demand{Kind: DemandHours, Zone: "UTC", Days: 0x80, Until: 60})},
		{"want from before until", with(Demand{Kind: DemandHours, Zone: "UTC", Days: 1, From: 60, Until: 60})},
		{"until at most 1440", with(Demand{Kind: DemandHours, Zone: "UTC", Days: 1, Until: 1441})},
		{"0 s: want 1 to", with(Demand{Kind: DemandWaited})},
		{"31622401 s: want 1 to", with(Demand{Kind: DemandNotFrozen, Roles: []string{"board"}, Seconds: MaxPeriod + 1})},

		{"this can never hold, whoever drafts: a person drafted it, not a program, and a program drafted it", with(all(human, Demand{Kind: DemandMachine}))},
		{"part 1 of any: this can never hold", with(Demand{Kind: DemandAny, Of: []Demand{all(Demand{Kind: DemandMachine}, Demand{Kind: DemandInitiator, Roles: []string{"board"}}), human}})},
		{"this can never hold, whoever drafts", with(all(approvals(2, "board"), Demand{Kind: DemandInitiator, Roles: []string{"board"}}))},
		{"and whoever drafts does not count", func(d *Document) {
			d.People = d.People[2:4] // nobody but the board
			d.Governance, d.Web = Governance{}, Web{}
			d.Rules = []Rule{{ID: "x", Effect: Require, Check: MaxBatch, Unless: approvals(2, "board")}}
		}},
		{`"Cem" would have to approve: only 1`, func(d *Document) { // and only Cem can draft
			d.People, d.Governance, d.Web = d.People[2:3], Governance{}, Web{}
			d.Rules = []Rule{{ID: "x", Effect: Require, Check: MaxBatch, Unless: Demand{Kind: DemandApprovals, Count: 1, People: []string{"Cem"}}}}
		}},
	})
}

// What is at the edge of a refusal is accepted.
func TestDemandsAccept(t *testing.T) {
	human := Demand{Kind: DemandHuman}
	for name, u := range map[string]Demand{
		"three levels":       {Kind: DemandAll, Of: []Demand{{Kind: DemandAny, Of: []Demand{human, {Kind: DemandMachine}}}}},
		"everybody":          {Kind: DemandApprovals, Count: 2, Roles: []string{"board"}},
		"everybody, drafter": {Kind: DemandApprovals, Count: 2, Roles: []string{"board"}, Initiator: true},
		"roles and people":   {Kind: DemandApprovals, Count: 4, Roles: []string{"board"}, People: []string{"Ada", "Ben"}},
		"twice the same man": {Kind: DemandApprovals, Count: 2, Roles: []string{"board"}, People: []string{"Cem"}},
		"all stations":       {Kind: DemandStations, Count: 3},
		"whole day":          {Kind: DemandHours, Zone: "UTC", Days: 0x7f, Until: 1440},
		"eight parts":        {Kind: DemandAny, Of: []Demand{human, human, human, human, human, human, human, human}},
	} {
		d := full(t)
		rule("tier/two", func(r *Rule) { r.Unless = u })(&d)
		if _, err := New(d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := full(t)
	rule("tier/two", func(r *Rule) { r.Max = 0 })(&d)
	rule("change", func(r *Rule) { r.Max, r.Unless = 0, Demand{} })(&d)
	if _, err := New(d); err != nil {
		t.Error(err)
	}
}

func TestChecksAreComplete(t *testing.T) {
	for c := MaxOutput; c <= MaxFiat; c++ {
		if measures[c].most == 0 {
			t.Errorf("check %d has no limit", c)
		}
		words := Rule{Effect: Require, Check: c, Max: 1, Window: 60, Currency: "CHF"}.Sentence(60)
		if c.Minimum() != strings.Contains(words, "at least") {
			t.Errorf("check %d: minimum %v and %q", c, c.Minimum(), words)
		}
		if c.OverTime() != strings.Contains(words, "within any") {
			t.Errorf("check %d: over time %v and %q", c, c.OverTime(), words)
		}
	}
}
