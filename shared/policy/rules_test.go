package policy

import (
	"fmt"
	"testing"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

func TestNothingIsPaidWithoutAnAllow(t *testing.T) {
	newDesk(t).pays(pay{"a", "Kraken", coin}).refuses(`default/deny: no rule allows payment "a" to "Kraken", 1.00000000 BTC.`)
	newDesk(t, require("cap/batch", charter.MaxBatch, int64(2*coin))).pays(pay{"a", "Kraken", coin}).
		refuses(`default/deny: no rule allows payment "a" to "Kraken", 1.00000000 BTC.`)
	newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin}, pay{"b", "Staff", coin}).allows()
}

func TestAllowReachesOnlyThoseItNames(t *testing.T) {
	exchanges := charter.Rule{ID: "pay/exchanges", Effect: charter.Allow, To: []string{"Kraken", "Bitstamp"}}
	staff := charter.Rule{ID: "pay/staff", Effect: charter.Allow, To: []string{"Staff"}}
	newDesk(t, exchanges).pays(pay{"a", "Kraken", coin}, pay{"b", "Staff", coin}).
		refuses(`default/deny: no rule allows payment "b" to "Staff", 1.00000000 BTC.`)
	newDesk(t, exchanges, staff).pays(pay{"a", "Kraken", coin}, pay{"b", "Staff", coin}).allows()
}

func TestDenyWinsOverAllow(t *testing.T) {
	stop := charter.Rule{ID: "a-stop/staff", Effect: charter.Deny, To: []string{"Staff", "Bitstamp"}}
	d := newDesk(t, allowAll(), stop)
	d.pays(pay{"a", "Kraken", coin}).allows()
	d.pays(pay{"a", "Kraken", coin}, pay{"b", "Staff", coin}).
		refuses(`a-stop/staff: payment "b" to "Staff" is 1.00000000 BTC; nothing may be paid to "Bitstamp" or "Staff".`)
	newDesk(t, allowAll(), charter.Rule{ID: "stop", Effect: charter.Deny}).pays(pay{"a", "Kraken", coin}).
		refuses(`stop: payment "a" to "Kraken" is 1.00000000 BTC; nothing may be paid to anybody.`)
}

// A coordinator swaps a payee after drafting: the script is not the named
// counterparty's.
func TestDestinationBelongsToTheNamedCounterparty(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin}, pay{"b", "Staff", coin})
	d.alter = func(r *batch.Request) { r.Payments[0].Script = destination("Mallory") }
	d.refuses(`payout/counterparty: payment "a" to "Kraken" goes to bcrt1qjs08ccgc59pmc0pw4vrs37d9l7ma8pac53ccx5, which is no destination of "Kraken".`)
	d.alter = func(r *batch.Request) { r.Payments[0].Script = destination("Staff") }
	d.refuses(`payout/counterparty: payment "a" to "Kraken" goes to bcrt1qdqvj0c6twljtjxclduc9m8k7qp9dpvp0ghc3hc ("Staff"), which is no destination of "Kraken".`)
	d.alter = nil
	d.allows()
}

// A counterparty that is under a deny or a cap is paid under another's name, or
// under a name that is in no charter.
func TestNameDoesNotEvadeRules(t *testing.T) {
	stop := charter.Rule{ID: "stop/staff", Effect: charter.Deny, To: []string{"Staff"}}
	d := newDesk(t, allowAll(), stop).pays(pay{"a", "Staff", coin})
	d.alter = func(r *batch.Request) { r.Payments[0].Counterparty = "Kraken" }
	if d.judge().Allowed {
		t.Error("a denied counterparty is paid under another name")
	}
	d.alter = func(r *batch.Request) { r.Payments[0].Counterparty = "Nobody" }
	v := d.judge()
	if v.Allowed || len(v.Refusals()) != 2 {
		t.Errorf("a payment to a name outside the charter: %v", v.Refusals())
	}
}

func TestCapsAreInclusive(t *testing.T) {
	twoTxs := []draft{
		{pay: []pay{{"a", "Kraken", 30_000}, {"b", "Staff", 20_000}}, fees: []batch.Amount{1000}, change: -1, anchor: 1},
		{pay: []pay{{"c", "Kraken", 40_000}, {"d", "Bitstamp", 5_000}}, fees: []batch.Amount{700, 2000}, change: 0, anchor: 1},
	}
	for _, c := range []struct {
		rule     charter.Rule // at exactly the limit; one less refuses
		sentence string
	}{
		{require("cap", charter.MaxOutput, 40_000), `cap: payment "c" to "Kraken" is 0.00040000 BTC; at most 0.00039999 BTC may go in one output.`},
		{require("cap", charter.MaxOutput, 20_000, "Staff", "Bitstamp"), `cap: payment "b" to "Staff" is 0.00020000 BTC; at most 0.00019999 BTC may go in one output.`},
		{require("cap", charter.MaxTransaction, 50_000), `cap: transaction 1 of 2 pays 0.00050000 BTC; at most 0.00049999 BTC may go in one transaction.`},
		{require("cap", charter.MaxTransaction, 40_000, "Kraken"), `cap: transaction 2 of 2 pays 0.00040000 BTC to "Kraken"; at most 0.00039999 BTC may go in one transaction.`},
		{require("cap", charter.MaxBatch, 95_000), `cap: the batch pays 0.00095000 BTC; at most 0.00094999 BTC may go in one batch.`},
		{require("cap", charter.MaxBatch, 75_000, "Kraken", "Bitstamp"), `cap: the batch pays 0.00075000 BTC to "Bitstamp" or "Kraken"; at most 0.00074999 BTC may go in one batch.`},
		{require("cap", charter.MaxWindow, 98_000), `cap: 0.00098000 BTC would leave within 24 h; at most 0.00097999 BTC may.`},
		{require("cap", charter.MaxWindow, 70_000, "Kraken"), `cap: 0.00070000 BTC to "Kraken" would leave within 24 h; at most 0.00069999 BTC may.`},
		{require("cap", charter.MaxFee, 2000), `cap: transaction 2 of 2 can cost a fee of 0.00002000 BTC; at most 0.00001999 BTC is allowed.`},
		{require("cap", charter.MaxFee, 1000, "Staff"), `cap: transaction 1 of 2 can cost a fee of 0.00001000 BTC; at most 0.00000999 BTC is allowed.`},
		{require("cap", charter.MaxFeeRate, 12), `cap: transaction 2 of 2 can cost 12 sat/vB; at most 11 sat/vB is allowed.`},
		{require("cap", charter.MaxFeeRate, 8, "Staff"), `cap: transaction 1 of 2 can cost 8 sat/vB; at most 7 sat/vB is allowed.`},
		{require("cap", charter.MaxFeePercent, 445), `cap: the fee of transaction 2 of 2 can be 4.45 % of its payments; at most 4.44 % is allowed.`},
		{require("cap", charter.MaxFeePercent, 200, "Staff"), `cap: the fee of transaction 1 of 2 can be 2.00 % of its payments; at most 1.99 % is allowed.`},
		{require("cap", charter.MaxLifetime, 3600), `cap: the request is valid for 1 h; at most 59 min 59 s is allowed.`},
		{require("cap", charter.MaxLifetime, 3600, "Staff"), `cap: the request is valid for 1 h; at most 59 min 59 s is allowed.`},
	} {
		d := newDesk(t, allowAll(), c.rule)
		d.txs = twoTxs
		d.allows()
		d.doc.Rules[1].Max--
		d.refuses(c.sentence)
	}
}

// A limit that names counterparties leaves a batch alone that pays none of them.
func TestLimitToOthersDoesNotApply(t *testing.T) {
	for check := charter.MaxOutput; check <= charter.MaxLifetime; check++ {
		d := newDesk(t, allowAll(), require("cap", check, 1, "Staff")).pays(pay{"a", "Kraken", coin})
		d.allows()
		if v := d.judge(); v.Trace[len(v.Trace)-3].Sentence() != `cap holds: nothing is paid to "Staff".` {
			t.Errorf("check %d: %q", check, v.Sentences())
		}
	}
}

// Three batches, each under the cap, are shown to alternating quorums.
func TestWindowRemembersWhatOthersReleased(t *testing.T) {
	d := newDesk(t, allowAll(), require("window/day", charter.MaxWindow, int64(coin))).pays(pay{"new", "Kraken", 40_000_000})
	old := func(station int, id string, age int64, amount batch.Amount) release {
		return release{station, ledger.Record{
			Batch: [32]byte{byte(len(id)), id[0]}, Time: now - age, Payments: []ledger.Payment{d.payout(id, "Staff", amount, anchorOf(9, id[0]))}, Fee: 500,
		}}
	}
	d.release = []release{old(2, "x", day/2, 59_998_500)}
	d.allows() // 0.4 + 1000 sat fee + 0.599985 + 500 sat fee
	d.release = []release{old(2, "x", day/2, 59_998_501)}
	d.refuses(`window/day: 1.00000001 BTC would leave within 24 h; at most 1.00000000 BTC may.`)
	d.release = []release{old(0, "x", day/2, 50_000_000), old(1, "y", 3600, 30_000_000)}
	d.refuses(`window/day: 1.20002000 BTC would leave within 24 h; at most 1.00000000 BTC may.`)
}

// Stated times may be two hours off at either end: a payment that left 24 hours
// ago by the clock may be stated up to 28 hours back.
func TestWindowIsWidenedByTwiceTheTolerance(t *testing.T) {
	d := newDesk(t, allowAll(), require("window/day", charter.MaxWindow, int64(coin))).pays(pay{"new", "Kraken", coin / 2})
	at := func(time int64) {
		d.release = []release{{0, ledger.Record{Batch: [32]byte{1}, Time: time, Payments: []ledger.Payment{d.payout("old", "Staff", coin/2, anchorOf(9, 9))}}}}
	}
	at(now - day - 4*3600 - 1)
	d.allows()
	at(now - day - 4*3600)
	d.refuses(`window/day: 1.00001000 BTC would leave within 24 h; at most 1.00000000 BTC may.`)
	at(now)
	d.refuses(`window/day: 1.00001000 BTC would leave within 24 h; at most 1.00000000 BTC may.`)
}

// The same batch comes to a second and third station after the first released
// it, or is drafted again with a higher fee after a station dropped out: it is
// not counted twice.
func TestWindowCountsAPayoutOnce(t *testing.T) {
	d := newDesk(t, allowAll(), require("window/day", charter.MaxWindow, int64(coin)+3000), require("window/k", charter.MaxWindow, int64(coin), "Kraken")).
		pays(pay{"p", "Kraken", coin})
	_, b, _ := d.parts()
	same := ledger.Record{Batch: [32]byte(b.ID()), Time: now - 60, Fee: 1000, Payments: []ledger.Payment{d.payout("p", "Kraken", coin, anchorOf(0, 1))}}
	d.release = []release{{0, same}, {1, same}}
	d.allows()
	d.txs[0].fees = []batch.Amount{2000} // another batch: the fee of the first still counts
	d.allows()
	d.txs[0].fees = []batch.Amount{2001}
	d.refuses(`window/day: 1.00003001 BTC would leave within 24 h; at most 1.00003000 BTC may.`)
	// Redrafted lower, the amount that was released still counts.
	d.txs[0].fees = []batch.Amount{1000}
	d.txs[0].pay[0].amount = coin / 2
	d.txs[0].pay = append(d.txs[0].pay, pay{"q", "Kraken", 1000})
	d.refuses(`window/k: 1.00001000 BTC to "Kraken" would leave within 24 h; at most 1.00000000 BTC may.`)
}

// Every variant of a fee ladder may be broadcast: the dearest counts.
func TestLargestVariantCounts(t *testing.T) {
	for check, most := range map[charter.Check]int64{
		charter.MaxFee: 5000, charter.MaxFeeRate: 36, charter.MaxFeePercent: 500, charter.MaxWindow: 105_000,
	} {
		d := newDesk(t, allowAll(), require("cap", check, most)).pays(pay{"a", "Kraken", 100_000})
		d.txs[0].fees = []batch.Amount{200, 5000}
		d.allows()
		d.txs[0].fees = []batch.Amount{200, 5201}
		if d.judge().Allowed {
			t.Errorf("check %d looks at the first variant only", check)
		}
	}
}

func TestUnknownRuleRefuses(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	c, b, s := d.parts()
	for _, r := range []charter.Rule{{ID: "new", Effect: 9}, {ID: "new", Effect: charter.Require, Check: 99}} {
		doc := c.Document()
		doc.Rules = append(doc.Rules, r)
		l := newLawOf(c, doc)
		f, _, err := look(l, inForce(c, b), b, Evidence{}, nil, s)
		if err != nil {
			t.Fatal(err)
		}
		tr := &trace{law: l, f: f}
		tr.rules()
		refused := Verdict{Trace: tr.lines}.Refusals()
		if len(refused) != 1 || refused[0].Sentence() != "new: this program does not know such a rule." {
			t.Errorf("rule %+v: %v", r, refused)
		}
	}
}

// A hostile batch breaks a rule a thousand times: the verdict stays readable.
func TestRefusalsAreBounded(t *testing.T) {
	d := newDesk(t, charter.Rule{ID: "stop", Effect: charter.Deny}, require("cap", charter.MaxOutput, 1))
	var many []pay
	for i := range 100 {
		many = append(many, pay{fmt.Sprint(i), "Kraken", 1000})
	}
	v := d.pays(many...).judge()
	if n := len(v.Refusals()); n != 3*(maxRefused+1) {
		t.Errorf("%d refusals", n)
	}
	if s := v.Sentences()[maxRefused]; s != "cap: 84 more are refused alike." {
		t.Error(s)
	}
	if n := len(d.pays(many[:maxRefused]...).judge().Refusals()); n != 3*maxRefused {
		t.Errorf("%d refusals of %d payments", n, maxRefused)
	}
}
