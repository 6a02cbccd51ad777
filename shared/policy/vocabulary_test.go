package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// word is one word of the language: a rule with it, a batch that passes, and one
// that it alone refuses, in one sentence.
type word struct {
	name   string // id of a built-in check, or what the rule says
	rules  []charter.Rule
	both   func(*desk) // before allow and refuse
	allow  func(*desk)
	refuse func(*desk)
	want   string
}

// always asks for a demand whenever anything is paid.
func always(d charter.Demand) []charter.Rule {
	return []charter.Rule{{ID: "ask", Effect: charter.Require, Check: charter.MaxCount, Unless: d}}
}

func approvals(n uint8, roles ...string) charter.Demand {
	return charter.Demand{Kind: charter.DemandApprovals, Count: n, Roles: roles}
}

// one is a rule with id "cap".
func one(r charter.Rule) []charter.Rule {
	r.ID = "cap"
	if r.Effect == 0 {
		r.Effect = charter.Require
	}
	return []charter.Rule{r}
}

// paysTo makes the batch one payment of one bitcoin to each.
func paysTo(names ...string) func(*desk) {
	return func(d *desk) {
		var out []pay
		for i, n := range names {
			out = append(out, pay{string(rune('a' + i)), n, coin})
		}
		d.pays(out...)
	}
}

func says(what ...said) func(*desk) { return func(d *desk) { d.said = append(d.said, what...) } }

// paid is a record of a payment of half a bitcoin, and a fee, some time ago.
func (d *desk) paid(station int, id, to string, age int64) {
	d.release = append(d.release, release{station, ledger.Record{
		Batch: [32]byte{7, byte(len(d.release))}, Time: now - age, Fee: 500, Payments: []ledger.Payment{d.payout(id, to, coin/2, anchorOf(9, byte(len(d.release))))},
	}})
}

func before(to string, age int64) func(*desk) { return func(d *desk) { d.paid(0, "old", to, age) } }

func goes(id string, script func(*desk) []byte) func(*desk) {
	return func(d *desk) { d.scripts = map[string][]byte{id: script(d)} }
}

func all(of ...func(*desk)) func(*desk) {
	return func(d *desk) {
		for _, f := range of {
			f(d)
		}
	}
}

func fees(f ...batch.Amount) func(*desk) { return func(d *desk) { d.txs[0].fees = f } }

func nothing(*desk) {}

// p2pkh is an address of another kind, listed for Kraken.
var p2pkh = append(append([]byte{0x76, 0xa9, 0x14}, make([]byte, 20)...), 0x88, 0xac)

// data is an OP_RETURN output.
var data = []byte{0x6a, 0x02, 'h', 'i'}

func words() []word {
	approved := func(people ...string) func(*desk) { return says(append(approve(people...), drafted("Desk"))...) }
	hours := charter.Demand{Kind: charter.DemandHours, Zone: zurich, Days: 0x1f, From: 9 * 60, Until: 18 * 60}
	return []word{
		// Built-in checks.
		{name: CharterCurrent, allow: nothing, refuse: func(d *desk) { d.alter = func(r *batch.Request) { r.Charter = [32]byte{1} } },
			want: "charter/current: the request was drafted under charter 0100000000000000000000000000000000000000000000000000000000000000; in force here is CHARTER."},
		{name: CharterAge, both: func(d *desk) { d.doc.Governance.MaxAge = 30 * day }, allow: nothing, refuse: func(d *desk) { d.doc.Issued-- },
			want: "charter/age: the charter was to be renewed by 2027-01-15 07:59:59 UTC; the request states 2027-01-15 08:00:00 UTC."},
		{name: TimeOrder, allow: before("Staff", 0), refuse: before("Staff", -1),
			want: "time/order: the request states 2027-01-15 08:00:00 UTC, before the last record, 2027-01-15 08:00:01 UTC."},
		{name: TimeExpired, allow: nothing, refuse: nil}, // Verify refuses it before: TestRequestExpiresAfterItsTime
		{name: ChangeGap, allow: func(d *desk) { d.txs[0].change = 19 }, refuse: func(d *desk) { d.txs[0].change = 20 },
			want: "wallet/change-gap: change of transaction 1 of 1 goes to index 20; the highest allowed now is 19."},
		{name: PayoutAnchor,
			both: func(d *desk) {
				d.release = []release{{0, ledger.Record{Batch: [32]byte{7}, Time: now, Payments: []ledger.Payment{d.payout("a", "Kraken", coin, anchorOf(0, 2))}}}}
			},
			allow: func(d *desk) { d.txs[0].anchor = 2 }, refuse: nothing,
			want: `payout/anchor: payment "a" to "Kraken" would spend ` + strings.Repeat("00", 30) + `0100:0; it was released before and stays bound to ` + strings.Repeat("00", 30) + "0200:0."},
		{name: PayoutOnce,
			both:  all(paysTo("Invoice"), goes("a", func(*desk) []byte { return destination("invoice 1") })),
			allow: nothing, refuse: func(d *desk) { d.scripts["old"] = d.scripts["a"]; before("Invoice", day)(d) },
			want: `payout/once: payment "a" to "Invoice" goes to ` + addressOf("invoice 1") + ", which is paid once, and another payout did."},
		{name: PayoutTo, allow: nothing, refuse: goes("a", func(*desk) []byte { return destination("Staff") }),
			want: `payout/counterparty: payment "a" to "Kraken" goes to ` + addressOf("Staff") + ` ("Staff"), which is no destination of "Kraken".`},
		{name: ReplacementFee,
			both: func(d *desk) {
				d.release = []release{{0, ledger.Record{
					Batch: [32]byte{7}, Time: now, Fee: 1000, Payments: []ledger.Payment{d.payout("a", "Kraken", coin, anchorOf(0, 1))},
					Transactions: []ledger.Transaction{{Anchor: anchorOf(0, 1), Fee: 1000, Change: int64(coin)}},
				}}}
			},
			allow: nothing, refuse: fees(999),
			want: "replacement/fee: transaction 1 of 1 costs a fee of 0.00000999 BTC at most; it replaces one that was released with 0.00001000 BTC, and may only raise that."},
		{name: DefaultDeny, rules: []charter.Rule{{ID: "pay/all", Effect: charter.Allow, To: []string{"Kraken"}}}, allow: nothing, refuse: paysTo("Staff"),
			want: `default/deny: no rule allows payment "a" to "Staff", 1.00000000 BTC.`},

		// Who is paid, and where.
		{name: "to", rules: one(charter.Rule{Effect: charter.Deny, To: []string{"Staff"}}), allow: paysTo("Kraken"), refuse: paysTo("Kraken", "Staff"),
			want: `cap: payment "b" to "Staff" is 1.00000000 BTC; nothing may be paid to "Staff".`},
		{name: "group", rules: one(charter.Rule{Effect: charter.Deny, Groups: []string{"exchanges"}}), allow: paysTo("Staff"), refuse: paysTo("Staff", "Bitstamp"),
			want: `cap: payment "b" to "Bitstamp" is 1.00000000 BTC; nothing may be paid to group "exchanges".`},
		{name: "to and group", rules: one(charter.Rule{Effect: charter.Deny, To: []string{"Hot"}, Groups: []string{"exchanges"}}), allow: paysTo("Staff"), refuse: paysTo("Staff", "Kraken"),
			want: `cap: payment "b" to "Kraken" is 1.00000000 BTC; nothing may be paid to "Hot" or group "exchanges".`},
		{name: "allow group", rules: []charter.Rule{{ID: "pay/all", Effect: charter.Allow, Groups: []string{"exchanges"}}}, allow: paysTo("Kraken"), refuse: paysTo("Staff"),
			want: `default/deny: no rule allows payment "a" to "Staff", 1.00000000 BTC.`},
		{name: "scripts", rules: one(charter.Rule{Effect: charter.Deny, Scripts: []charter.ScriptKind{charter.P2PKH, charter.P2SH}}), allow: nothing,
			refuse: goes("a", func(d *desk) []byte {
				d.doc.Counterparties[0].Destinations = append(d.doc.Counterparties[0].Destinations, p2pkh)
				return p2pkh
			}), want: `cap: payment "a" to "Kraken" is 1.00000000 BTC; nothing may be paid to anybody at a destination of kind P2PKH or P2SH.`},
		{name: "younger", rules: one(charter.Rule{Effect: charter.Deny, Younger: day}),
			allow:  func(d *desk) { d.listed = map[string]int64{d.listing("Kraken"): now - day} },
			refuse: func(d *desk) { d.listed = map[string]int64{d.listing("Kraken"): now - day + 1} },
			want:   `cap: payment "a" to "Kraken" is 1.00000000 BTC (its destination is listed for 23 h 59 min 59 s); nothing may be paid to anybody at a destination that is listed for less than 24 h.`},
		{name: "unproven", rules: one(charter.Rule{Effect: charter.Deny, Groups: []string{"exchanges"}, Unproven: true}), allow: paysTo("Staff"), refuse: paysTo("Kraken"),
			want: `cap: payment "a" to "Kraken" is 1.00000000 BTC; nothing may be paid to group "exchanges" at a destination that has no proof of its owner.`},
		{name: "proven", rules: one(charter.Rule{Effect: charter.Deny, Unproven: true}),
			allow: func(d *desk) { d.prove("Kraken") }, refuse: func(d *desk) { d.prove("Staff") },
			want: `cap: payment "a" to "Kraken" is 1.00000000 BTC; nothing may be paid to anybody at a destination that has no proof of its owner.`},
		{name: "own", both: paysTo("Treasury"), allow: goes("a", func(d *desk) []byte { return d.own(999) }), refuse: goes("a", func(d *desk) []byte { return d.own(1000) }),
			want: `payout/counterparty: payment "a" to "Treasury" goes to OWN1000, which is no destination of "Treasury".`},
		{name: "descriptor", both: paysTo("Hot"), allow: goes("a", hotAddress(999)), refuse: goes("a", hotAddress(1000)),
			want: `payout/counterparty: payment "a" to "Hot" goes to HOT1000, which is no destination of "Hot".`},
		{name: "data",
			both: func(d *desk) {
				d.pays(pay{"a", "Kraken", coin}, pay{"b", "Notary", 0})
				d.scripts = map[string][]byte{"b": data}
			},
			allow: nothing, refuse: func(d *desk) { d.txs[0].pay[1].to = "Staff" },
			want: `payout/counterparty: payment "b" to "Staff" goes to an OP_RETURN output ("Notary"), which is no destination of "Staff".`},

		// How much.
		{name: "max-output", rules: one(charter.Rule{Check: charter.MaxOutput, Max: int64(coin)}), allow: paysTo("Kraken", "Kraken"), refuse: func(d *desk) { d.txs[0].pay[0].amount++ },
			want: `cap: payment "a" to "Kraken" is 1.00000001 BTC; at most 1.00000000 BTC may go in one output.`},
		{name: "max-transaction", rules: one(charter.Rule{Check: charter.MaxTransaction, Max: 2 * int64(coin)}), allow: paysTo("Kraken", "Staff"), refuse: paysTo("Kraken", "Staff", "Staff"),
			want: "cap: transaction 1 of 1 pays 3.00000000 BTC; at most 2.00000000 BTC may go in one transaction."},
		{name: "max-transaction for each counterparty", rules: one(charter.Rule{Check: charter.MaxTransaction, Max: int64(coin), Each: charter.EachCounterparty}), allow: paysTo("Kraken", "Staff"), refuse: paysTo("Kraken", "Staff", "Staff"),
			want: `cap: transaction 1 of 1 pays 2.00000000 BTC to "Staff"; at most 1.00000000 BTC may go in one transaction.`},
		{name: "max-batch", rules: one(charter.Rule{Check: charter.MaxBatch, Max: 2 * int64(coin)}), allow: paysTo("Kraken", "Staff"), refuse: paysTo("Kraken", "Staff", "Staff"),
			want: "cap: the batch pays 3.00000000 BTC; at most 2.00000000 BTC may go in one batch."},
		{name: "max-batch for each group", rules: one(charter.Rule{Check: charter.MaxBatch, Max: int64(coin), Each: charter.EachGroup}), allow: paysTo("Kraken", "Staff"), refuse: paysTo("Kraken", "Staff", "Bitstamp"),
			want: `cap: the batch pays 2.00000000 BTC to group "exchanges"; at most 1.00000000 BTC may go in one batch.`},
		{name: "max-batch for each named group", rules: one(charter.Rule{Check: charter.MaxBatch, Max: int64(coin), Groups: []string{"staff"}, Each: charter.EachGroup}), allow: paysTo("Kraken", "Staff", "Bitstamp"), refuse: paysTo("Staff", "Staff"),
			want: `cap: the batch pays 2.00000000 BTC to group "staff"; at most 1.00000000 BTC may go in one batch.`},
		{name: "max-count", rules: one(charter.Rule{Check: charter.MaxCount, Max: 2}), allow: paysTo("Kraken", "Staff"), refuse: paysTo("Kraken", "Staff", "Staff"),
			want: "cap: the batch makes 3 payments; at most 2 payments may go in one batch."},
		{name: "max-window", rules: one(charter.Rule{Check: charter.MaxWindow, Max: 150_001_499, Window: day}), both: before("Staff", day), allow: fees(999), refuse: fees(1000),
			want: "cap: 1.50001500 BTC would leave within 24 h; at most 1.50001499 BTC may."},
		{name: "max-window to a group", rules: one(charter.Rule{Check: charter.MaxWindow, Max: int64(coin), Window: day, Groups: []string{"exchanges"}}), allow: before("Staff", day), refuse: before("Bitstamp", day),
			want: `cap: 1.50000000 BTC to group "exchanges" would leave within 24 h; at most 1.00000000 BTC may.`},
		{name: "max-window for each counterparty", rules: one(charter.Rule{Check: charter.MaxWindow, Max: int64(coin), Window: day, Each: charter.EachCounterparty}), allow: before("Bitstamp", day), refuse: before("Kraken", day),
			want: `cap: 1.50000000 BTC to "Kraken" would leave within 24 h; at most 1.00000000 BTC may.`},
		{name: "max-window for each group", rules: one(charter.Rule{Check: charter.MaxWindow, Max: int64(coin), Window: day, Each: charter.EachGroup}), allow: before("Staff", day), refuse: before("Bitstamp", day),
			want: `cap: 1.50000000 BTC to group "exchanges" would leave within 24 h; at most 1.00000000 BTC may.`},
		// The stated time is Friday 15 January 2027, 09:00 in Zurich; 07:00 is two hours
		// before, and the day that counts began seven hours earlier; two more count.
		{name: "day", rules: one(charter.Rule{Check: charter.MaxWindow, Max: int64(coin), Calendar: charter.Day, Zone: zurich, To: []string{"Kraken"}}),
			allow: before("Kraken", 11*3600+1), refuse: before("Kraken", 11*3600),
			want: `cap: 1.50000000 BTC to "Kraken" would leave within one day in Europe/Zurich; at most 1.00000000 BTC may.`},
		{name: "week", rules: one(charter.Rule{Check: charter.MaxWindow, Max: int64(coin), Calendar: charter.Week, Zone: zurich, To: []string{"Kraken"}}),
			allow: before("Kraken", 4*day+11*3600+1), refuse: before("Kraken", 4*day+11*3600),
			want: `cap: 1.50000000 BTC to "Kraken" would leave within one week in Europe/Zurich; at most 1.00000000 BTC may.`},
		{name: "month", rules: one(charter.Rule{Check: charter.MaxCountWindow, Max: 1, Calendar: charter.Month, Zone: zurich, To: []string{"Kraken"}}),
			allow: before("Kraken", 14*day+11*3600+1), refuse: before("Kraken", 14*day+11*3600),
			want: `cap: 2 payments to "Kraken" would be made within one month in Europe/Zurich; at most 1 payment may.`},
		{name: "max-count-window", rules: one(charter.Rule{Check: charter.MaxCountWindow, Max: 1, Window: day}), allow: before("Staff", day+4*3600+1), refuse: before("Staff", day+4*3600),
			want: "cap: 2 payments would be made within 24 h; at most 1 payment may."},
		{name: "max-fiat", rules: one(charter.Rule{Check: charter.MaxFiat, Max: 9_000_000, Currency: "CHF", Window: 3600}),
			allow:  func(d *desk) { d.prices = []Price{d.states(90_000, -3600)} },
			refuse: func(d *desk) { d.prices = []Price{d.states(90_000, -3600)}; d.txs[0].pay[0].amount++ },
			want:   "cap: the batch pays 90,000.01 CHF; at most 90,000.00 CHF may go in one batch."},
		{name: "max-fiat without a price", rules: one(charter.Rule{Check: charter.MaxFiat, Max: 9_000_000, Currency: "CHF", Window: 3600}),
			allow:  func(d *desk) { d.prices = []Price{d.states(90_000, -3601), d.states(80_000, 0)} },
			refuse: func(d *desk) { d.prices = []Price{d.states(90_000, -3601)} },
			want:   "cap: at most 90,000.00 CHF may go in one batch; no price of one bitcoin in CHF came with it that a listed source signed and that is at most 1 h old."},

		// Fees and coins.
		{name: "max-fee", rules: one(charter.Rule{Check: charter.MaxFee, Max: 1000}), allow: nothing, refuse: fees(1001), want: "cap: transaction 1 of 1 can cost a fee of 0.00001001 BTC; at most 0.00001000 BTC is allowed."},
		{name: "max-fee-rate", rules: one(charter.Rule{Check: charter.MaxFeeRate, Max: 7}), allow: fees(7 * 142), refuse: fees(7*142 + 1), want: "cap: transaction 1 of 1 can cost 8 sat/vB; at most 7 sat/vB is allowed."},
		{name: "min-fee-rate", rules: one(charter.Rule{Check: charter.MinFeeRate, Max: 7}), allow: fees(7*142, 2000), refuse: fees(7*142-1, 2000), want: "cap: transaction 1 of 1 can go at 6 sat/vB; at least 7 sat/vB is demanded."},
		{name: "max-fee-percent", rules: one(charter.Rule{Check: charter.MaxFeePercent, Max: 1}), allow: fees(10_000), refuse: fees(10_001), want: "cap: the fee of transaction 1 of 1 can be 0.02 % of its payments; at most 0.01 % is allowed."},
		{name: "max-lifetime", rules: one(charter.Rule{Check: charter.MaxLifetime, Max: 3600}), allow: nothing, refuse: func(d *desk) { d.alter = func(r *batch.Request) { r.Expiry++ } },
			want: "cap: the request is valid for 1 h 1 s; at most 1 h is allowed."},
		{name: "max-inputs", rules: one(charter.Rule{Check: charter.MaxInputs, Max: 1}), allow: nothing, refuse: spends(2), want: "cap: transaction 1 of 1 spends 2 inputs; at most 1 input may be spent in one transaction."},
		{name: "max-change", rules: one(charter.Rule{Check: charter.MaxChange, Max: int64(coin)}), allow: fees(1000), refuse: func(d *desk) { fees(1000, 2000)(d) },
			want: "cap: transaction 1 of 1 can return 1.00001000 BTC as change; at most 1.00000000 BTC may return."},
		{name: "sweep", rules: one(charter.Rule{Check: charter.MaxChange}), allow: func(d *desk) { d.txs[0].change = -1 }, refuse: nothing,
			want: "cap: transaction 1 of 1 can return 1.00000000 BTC as change; at most 0.00000000 BTC may return."},
		{name: "min-own-share", rules: one(charter.Rule{Check: charter.MinOwnShare, Max: 4999}), allow: nothing, refuse: fees(1000, 50_000_000),
			want: "cap: of the inputs of transaction 1 of 1 40.00 % stays in the wallet at least; at least 49.99 % must."},
		{name: "consolidation", rules: one(charter.Rule{Check: charter.MinOwnShare, Max: 9999}), allow: all(paysTo("Treasury"), goes("a", func(d *desk) []byte { return d.own(500) })), refuse: paysTo("Staff"),
			want: "cap: of the inputs of transaction 1 of 1 49.99 % stays in the wallet at least; at least 99.99 % must."},

		// Claims.
		{name: "min-reserve", rules: one(charter.Rule{Check: charter.MinReserve, Max: int64(coin)}),
			allow: func(d *desk) { d.claims.Balance = 2*int64(coin) + 1000 }, refuse: func(d *desk) { d.claims.Balance = 2*int64(coin) + 999 },
			want: "cap: by the balance that the coordinator claims, which nobody proved, 0.99999999 BTC would be left; at least 1.00000000 BTC must stay in the wallet."},
		{name: "min-reserve without a claim", rules: one(charter.Rule{Check: charter.MinReserve, Max: 1}),
			allow: func(d *desk) { d.claims.Balance = charter.MaxMoney }, refuse: nothing,
			want: "cap: at least 0.00000001 BTC must stay in the wallet; no balance is claimed."},
		{name: "min-confirmations", rules: one(charter.Rule{Check: charter.MinConfirmations, Max: 6}), both: spends(2),
			allow: func(d *desk) { d.claims.Confirmations = []uint32{6, 7} }, refuse: func(d *desk) { d.claims.Confirmations = []uint32{6, 5} },
			want: "cap: an input of transaction 1 of 1 has 5 confirmations by the coordinator's claim; at least 6 confirmations must be claimed of each."},
		{name: "min-proven", rules: one(charter.Rule{Check: charter.MinConfirmations, Max: 3, Proven: true}),
			allow: func(d *desk) { d.mines(3) }, refuse: func(d *desk) { d.mines(2); d.claims.Confirmations = []uint32{100} },
			want: "cap: an input of transaction 1 of 1 has proof of 2 confirmations; at least 3 confirmations must be proved of each."},

		// People, stations, time.
		{name: "tier", rules: one(charter.Rule{Check: charter.MaxBatch, Max: 1, Unless: approvals(2, "finance")}), allow: approved("Ann", "Dan"), refuse: approved("Ann"),
			want: `cap: the batch pays 1.00000000 BTC, above 0.00000001 BTC: 2 people of "finance" must approve; "Ann" did; "Ben", "Cleo" and "Dan" still could.`},
		{name: "approvals", rules: always(approvals(2, "finance")), allow: approved("Ann", "Ben"), refuse: approved("Ann", "Eve"),
			want: `ask: 2 people of "finance" must approve; "Ann" did; "Ben", "Cleo" and "Dan" still could.`},
		{name: "approval of a named person", rules: always(charter.Demand{Kind: charter.DemandApprovals, Count: 1, People: []string{"Eve"}}), allow: approved("Eve"), refuse: approved("Ann"),
			want: `ask: "Eve" must approve; nobody did; "Eve" still could.`},
		{name: "approvals of a role or a person", rules: always(charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"finance"}, People: []string{"Eve"}}), allow: approved("Eve", "Ann"), refuse: approved("Eve"),
			want: `ask: 2 people of "finance" or "Eve" must approve; "Eve" (offline) did; "Ann", "Ben", "Cleo" and "Dan" still could.`},
		{name: "approvals offline", rules: always(charter.Demand{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance"}, Offline: true}), allow: approved("Cleo"), refuse: approved("Ann"),
			want: `ask: 1 person of "finance" must approve on an offline device; nobody did; "Ann" did, but on no offline device; "Ben" and "Cleo" still could.`},
		{name: "approvals, some offline",
			rules: always(charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(2, "finance"), {Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance"}, Offline: true}}}),
			allow: approved("Ann", "Cleo"), refuse: approved("Ann", "Dan"),
			want: `ask: 2 people of "finance" must approve, 1 of them on an offline device; "Ann" and "Dan" did; "Ben" and "Cleo" still could.`},
		{name: "approvals with the initiator",
			rules: always(charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"finance"}, Initiator: true}),
			allow: says(append(approve("Ann", "Dan"), drafted("Ann"))...), refuse: says(append(approve("Ann"), drafted("Ann"))...),
			want: `ask: 2 people of "finance" must approve; "Ann" did; "Ben", "Cleo" and "Dan" still could.`},
		{name: "initiator", rules: always(charter.Demand{Kind: charter.DemandInitiator, Roles: []string{"finance"}}), allow: says(drafted("Ann")), refuse: says(drafted("Eve")),
			want: `ask: one of "finance" must have signed the draft; "Eve" did.`},
		{name: "human", rules: always(charter.Demand{Kind: charter.DemandHuman}), allow: says(drafted("Ann")), refuse: says(drafted("Desk")),
			want: `ask: a person, not a program, must have signed the draft; the program "Desk" did.`},
		{name: "machine", rules: always(charter.Demand{Kind: charter.DemandMachine}), allow: says(drafted("Desk")), refuse: says(drafted("Ann")),
			want: `ask: a program must have signed the draft; "Ann" did.`},
		{name: "stations", rules: always(charter.Demand{Kind: charter.DemandStations, Count: 3}), allow: func(d *desk) { d.quorum = []uint8{2, 0, 1} }, refuse: nothing,
			want: "ask: 3 stations must sign together; 2 are named."},
		{name: "sites", rules: always(charter.Demand{Kind: charter.DemandSites, Count: 2}), allow: func(d *desk) { d.quorum = []uint8{2, 0} }, refuse: func(d *desk) { d.quorum = []uint8{1, 2} },
			want: `ask: stations of 2 different sites must sign; those named are of "Geneva".`},
		{name: "entities", rules: always(charter.Demand{Kind: charter.DemandEntities, Count: 2}), allow: func(d *desk) { d.quorum = []uint8{2, 0} }, refuse: nothing,
			want: `ask: stations of 2 different legal entities must sign; those named are of "Holding".`},
		{name: "hours", rules: always(hours), allow: nothing, refuse: func(d *desk) { d.doc.Rules[1].Unless.From++ },
			want: `ask: it may be signed when it is Monday to Friday from 09:01 until 18:00 in "Europe/Zurich"; the stated time is Friday 2027-01-15 09:00 there.`},
		{name: "waited", rules: always(charter.Demand{Kind: charter.DemandWaited, Seconds: 3600}), allow: says(said{person: "Ann", decision: approval.Draft, offset: -3600}), refuse: says(said{person: "Ann", decision: approval.Draft, offset: -3599}),
			want: "ask: 1 h must pass between draft and signing; 59 min 59 s did, so not before 2027-01-15 08:00:01 UTC."},
		{name: "not frozen", rules: always(charter.Demand{Kind: charter.DemandNotFrozen, Seconds: 3600, Roles: []string{"officer"}}), allow: says(said{person: "Eve", decision: approval.NotFrozen, offset: -3600}), refuse: says(said{person: "Eve", decision: approval.NotFrozen, offset: -3601}),
			want: `ask: one of "officer" must have stated within the last 1 h that nothing is frozen; "Eve" did 1 h 1 s before.`},
		{name: "no veto", rules: always(charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"officer"}}), allow: says(said{person: "Ann", decision: approval.Veto}), refuse: says(said{person: "Eve", decision: approval.Veto}),
			want: `ask: nobody of "officer" may veto; "Eve" did.`},
		{name: "all", rules: always(charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(1, "finance"), approvals(1, "officer"), hours}}), allow: approved("Ann", "Eve"), refuse: approved("Eve"),
			want: `ask: 1 person of "finance" must approve; nobody did; "Ann", "Ben", "Cleo" and "Dan" still could.`},
		{name: "any", rules: always(charter.Demand{Kind: charter.DemandAny, Of: []charter.Demand{approvals(2, "finance"), approvals(1, "officer")}}), allow: approved("Eve"), refuse: approved("Ann"),
			want: `ask: either 2 people of "finance" must approve; "Ann" did; "Ben", "Cleo" and "Dan" still could; or 1 person of "officer" must approve; nobody did; "Eve" still could.`},
	}
}

// desk is the world of a word, before its two examples part.
func (w word) desk(t *testing.T) *desk {
	rules := w.rules
	if !slices.ContainsFunc(rules, func(r charter.Rule) bool { return r.Effect == charter.Allow }) {
		rules = append([]charter.Rule{allowAll()}, rules...)
	}
	d := staffed(t, slices.Clone(rules)...).pays(pay{"a", "Kraken", coin})
	if w.both != nil {
		w.both(d)
	}
	return d
}

func TestVocabulary(t *testing.T) {
	for _, w := range words() {
		t.Run(w.name, func(t *testing.T) {
			d := w.desk(t)
			w.allow(d)
			d.allows()
			if w.refuse == nil {
				return
			}
			d = w.desk(t)
			w.refuse(d)
			id := d.charter().ID()
			d.refuses(strings.NewReplacer("CHARTER", hexOf(id[:]), "OWN1000", addressOfScript(d.own(1000)), "HOT1000", addressOfScript(hotAddress(1000)(d))).Replace(w.want))
		})
	}
}

// Every word of the charter's language, and every built-in check, has an example
// that must pass and one that must not.
func TestVocabularyIsComplete(t *testing.T) {
	checks, kinds, effects := map[charter.Check]bool{}, map[charter.DemandKind]bool{}, map[charter.Effect]bool{}
	ruleFields, demandFields, builtIn := map[string]bool{}, map[string]bool{}, map[string]bool{}
	each, calendars := map[charter.Each]bool{}, map[charter.Calendar]bool{}
	var demand func(charter.Demand)
	demand = func(d charter.Demand) {
		kinds[d.Kind] = true
		fields(d, demandFields)
		for _, part := range d.Of {
			demand(part)
		}
	}
	for _, w := range words() {
		builtIn[w.name] = true
		for _, r := range append(w.rules, allowAll()) {
			checks[r.Check], effects[r.Effect], each[r.Each], calendars[r.Calendar] = true, true, true, true
			fields(r, ruleFields)
			demand(r.Unless)
		}
	}
	for c := charter.MaxOutput; c <= charter.MaxFiat; c++ {
		if !checks[c] {
			t.Errorf("no example of check %d", c)
		}
	}
	for k := charter.DemandNone; k <= charter.DemandNoVeto; k++ {
		if !kinds[k] {
			t.Errorf("no example of demand %d", k)
		}
	}
	if len(effects) != 3 || len(each) != 3 || len(calendars) != 4 {
		t.Errorf("effects %v, each %v, calendars %v", effects, each, calendars)
	}
	for of, seen := range map[reflect.Type]map[string]bool{reflect.TypeFor[charter.Rule](): ruleFields, reflect.TypeFor[charter.Demand](): demandFields} {
		for i := range of.NumField() {
			if name := of.Field(i).Name; !seen[name] {
				t.Errorf("no example of %s.%s", of.Name(), name)
			}
		}
	}
	for _, id := range []string{CharterCurrent, CharterAge, TimeOrder, TimeExpired, ChangeGap, PayoutAnchor, PayoutOnce, PayoutTo, ReplacementFee, DefaultDeny} {
		if !builtIn[id] {
			t.Errorf("no example of %s", id)
		}
	}
	// Nothing was added to the language beyond what is counted here.
	for _, r := range []charter.Rule{
		{ID: "x", Effect: charter.Require, Check: charter.MaxFiat + 1, Max: 1}, always(charter.Demand{Kind: charter.DemandNoVeto + 1})[0],
	} {
		d := staffed(t, r)
		if _, err := charter.New(d.doc); err == nil {
			t.Errorf("the charter takes %+v", r)
		}
	}
}

// fields marks the fields of a struct that are set.
func fields(of any, seen map[string]bool) {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			seen[v.Type().Field(i).Name] = true
		}
	}
}
