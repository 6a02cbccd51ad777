package policy

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/internal/force"
	"heliograph/shared/wallet"
)

// The coordinator shows a request that was drafted under another charter: an
// older one with a higher cap, say. It is refused by its id.
func TestRequestNamesTheCharterInForce(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	d.alter = func(r *batch.Request) { r.Charter[31] ^= 1 }
	v := d.judge()
	if v.Allowed || len(v.Refusals()) != 1 || v.Refusals()[0].Rule != CharterCurrent ||
		!strings.HasPrefix(v.Sentences()[0], "charter/current: the request was drafted under charter ") {
		t.Errorf("%q", v.Sentences())
	}
}

// The coordinator states an old time, to slip under yesterday's window, or a
// station's record states a time that is yet to come.
func TestRequestIsNotBeforeAnyRecord(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	d.release = []release{{2, ledger.Record{Batch: [32]byte{1}, Time: now}}}
	d.allows()
	d.release[0].Time++
	d.refuses("time/order: the request states 2027-01-15 08:00:00 UTC, before the last record, 2027-01-15 08:00:01 UTC.")
}

func TestRequestExpiresAfterItsTime(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	c, b, s := d.parts()
	for expiry, want := range map[int64]string{
		now + 1: "time/expired holds: the request expires at 2027-01-15 08:00:01 UTC.",
		now:     "time/expired: the request expires at 2027-01-15 08:00:00 UTC, not after the time it states, 2027-01-15 08:00:00 UTC.",
		now - 1: "time/expired: the request expires at 2027-01-15 07:59:59 UTC, not after the time it states, 2027-01-15 08:00:00 UTC.",
	} {
		// Verify refuses such requests before: the check here must hold alone.
		l := newLaw(c)
		f, _, err := look(l, inForce(c, b), b, Evidence{}, nil, s)
		if err != nil {
			t.Fatal(err)
		}
		f.lifetime = expiry - now
		tr := &trace{law: l, f: f}
		tr.structure(c.ID(), s)
		if got := tr.lines[2].Sentence(); got != want {
			t.Errorf("%s", got)
		}
	}
}

// The coordinator sends change to an address of the wallet so far along the
// chain that nobody will look for it.
func TestChangeStaysWithinTheGap(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	d.txs[0].change = 19
	d.allows()
	d.txs[0].change = 20
	d.refuses("wallet/change-gap: change of transaction 1 of 1 goes to index 20; the highest allowed now is 19.")
	d.txs[0].change = int(wallet.MaxIndex)
	d.refuses("wallet/change-gap: change of transaction 1 of 1 goes to index 2147483647; the highest allowed now is 19.")
	d.release = []release{{0, ledger.Record{Batch: [32]byte{1}, Time: 1, Change: 8}}, {1, ledger.Record{Batch: [32]byte{1}, Time: 1, Change: 3}}}
	d.txs[0].change = 27
	d.allows()
	d.txs[0].change = 28
	d.refuses("wallet/change-gap: change of transaction 1 of 1 goes to index 28; the highest allowed now is 27.")
	// A lying station opens far indices: the leap of its record does not count.
	d.release = append(d.release, release{2, ledger.Record{Batch: [32]byte{2}, Time: 1, Change: 1_000_000}})
	d.txs[0].change = 1_000_001
	d.refuses("wallet/change-gap: change of transaction 1 of 1 goes to index 1000001; the highest allowed now is 27.")
	d.txs[0].change = -1
	d.allows()
	if got := d.judge().Trace[3].Sentence(); got != "wallet/change-gap holds: there is no change." {
		t.Error(got)
	}
}

// A payout was released and perhaps broadcast. The coordinator drafts it again
// from other coins: both versions could confirm, and it would be paid twice.
func TestRedraftSpendsTheAnchor(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin}, pay{"b", "Staff", coin})
	first := anchorOf(0, 1)
	d.release = []release{{1, ledger.Record{Batch: [32]byte{1}, Time: 1, Payments: []ledger.Payment{d.payout("a", "Kraken", coin, first)}}}}
	d.allows()
	d.txs[0].anchor = 2
	d.refuses(`payout/anchor: payment "a" to "Kraken" would spend ` + outpoint(anchorOf(0, 2)).String() + `; it was released before and stays bound to ` + outpoint(first).String() + `.`)
	d.txs[0].pay = d.txs[0].pay[1:]
	d.allows()
}

// It is not enough that the anchor is spent somewhere in the batch, or that the
// payee or the amount changed: the payout's own transaction spends it.
func TestRedraftSpendsTheAnchorInItsOwnTransaction(t *testing.T) {
	d := newDesk(t, allowAll())
	d.txs = []draft{
		{pay: []pay{{"a", "Kraken", coin}}, fees: []batch.Amount{1000}, change: 0, anchor: 1},
		{pay: []pay{{"b", "Staff", coin / 2}}, fees: []batch.Amount{1000}, change: 1, anchor: 1},
	}
	d.release = []release{{1, ledger.Record{Batch: [32]byte{1}, Time: 1, Payments: []ledger.Payment{d.payout("b", "Kraken", coin, anchorOf(0, 1))}}}}
	d.refuses(`payout/anchor: payment "b" to "Staff" would spend ` + outpoint(anchorOf(1, 1)).String() + `; it was released before and stays bound to ` + outpoint(anchorOf(0, 1)).String() + `.`)
}

// A charter of practice, or any other, is paired with this wallet's key; a
// snapshot is of another wallet or of other stations. None of it is a refusal by
// rule: the three do not belong together.
func TestJudgeRefusesWhatDoesNotFit(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	c, b, s := d.parts()
	w := b.Wallet()

	other := newDesk(t, allowAll(), require("cap", charter.MaxBatch, 5)).pays(pay{"a", "Kraken", coin})
	other.first = [32]byte{1}
	_, _, otherSnapshot := other.parts()

	strangers := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	strangers.doc.Stations[0], strangers.doc.Stations[1] = strangers.doc.Stations[1], strangers.doc.Stations[0]
	l, err := ledger.New(strangers.charter().Instances())
	if err != nil {
		t.Fatal(err)
	}
	heads := l.Heads()
	for i, k := range []int{1, 0, 2} {
		heads[i].Wallet = [32]byte(w.ID())
		if heads[i], err = ledger.SignHead(heads[i], instanceKey(t, k), [32]byte{}); err != nil {
			t.Fatal(err)
		}
	}
	strange, err := l.Snapshot(heads)
	if err != nil {
		t.Fatal(err)
	}

	mainnet, err := wallet.New(w.Key(), w.ChainCode(), wallet.Mainnet, c.ID())
	if err != nil {
		t.Fatal(err)
	}
	request := d.request(c, mainnet)
	onMainnet, err := request.Verify(mainnet)
	if err != nil {
		t.Fatal(err)
	}

	for name, f := range map[string]struct {
		c charter.Charter
		b batch.Verified
		s ledger.Snapshot
	}{
		"zero charter":    {charter.Charter{}, b, s},
		"zero batch":      {c, batch.Verified{}, s},
		"zero snapshot":   {c, b, ledger.Snapshot{}},
		"another network": {c, onMainnet, d.snapshot(c, mainnet)},
		"another wallet":  {c, b, otherSnapshot},
		"other stations":  {c, b, strange},
	} {
		approved, v, err := Judge(inForce(f.c, f.b), f.b, Evidence{}, nil, f.s)
		if err == nil || approved.Valid() || v.Allowed {
			t.Errorf("%s: judged", name)
		}
	}
	if approved, v, err := Judge(inForce(c, b), b, Evidence{}, nil, s); err != nil || !approved.Valid() || approved.Verified().ID() != b.ID() || approved.Verdict().Hash() != v.Hash() {
		t.Errorf("what fits: %v", err)
	}
	elsewhere, _, _ := other.parts()
	if _, _, err := Judge(force.New(elsewhere, [32]byte{1}, nil), b, Evidence{}, nil, s); err == nil {
		t.Error("a charter in force for another wallet: judged")
	}
	if (Approved{}).Valid() {
		t.Error("the zero value is approved")
	}
}

// What was approved cannot be changed through the verdict that was handed out.
func TestApprovedSharesNoMemory(t *testing.T) {
	c, b, s := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin}).parts()
	approved, v, err := Judge(inForce(c, b), b, Evidence{}, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	want := approved.Verdict().Hash()
	v.Trace[0].Got = "x"
	approved.Verdict().Trace[1].Got = "y"
	if approved.Verdict().Hash() != want {
		t.Error("the verdict of an approved batch changed")
	}
}

func TestVerdictHashCoversWhatWasJudged(t *testing.T) {
	base := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	want := base.judge().Hash()
	if base.judge().Hash() != want {
		t.Fatal("judging twice gives two hashes")
	}
	for name, change := range map[string]func(*desk){
		"charter":  func(d *desk) { d.doc.Name = "Other" },
		"amount":   func(d *desk) { d.txs[0].pay[0].amount++ },
		"time":     func(d *desk) { d.alter = func(r *batch.Request) { r.Time++ } },
		"expiry":   func(d *desk) { d.alter = func(r *batch.Request) { r.Expiry++ } },
		"snapshot": func(d *desk) { d.release = []release{{0, ledger.Record{Batch: [32]byte{1}}}} },
		"coin":     func(d *desk) { d.txs[0].anchor = 3 },
	} {
		d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
		change(d)
		if d.judge().Hash() == want {
			t.Errorf("another %s has the same hash", name)
		}
	}
	v := base.judge()
	for name, change := range map[string]func(*Verdict){
		"decision": func(v *Verdict) { v.Allowed = !v.Allowed },
		"line":     func(v *Verdict) { v.Trace = v.Trace[1:] },
		"got":      func(v *Verdict) { v.Trace[0].Got += "0" },
	} {
		altered := v.clone()
		change(&altered)
		if altered.Hash() == want {
			t.Errorf("another %s has the same hash", name)
		}
	}
}

func TestSentencesPutExceptionsFirst(t *testing.T) {
	d := newDesk(t, allowAll(), require("cap/output", charter.MaxOutput, 1), require("fee/rate", charter.MaxFeeRate, 500), charter.Rule{ID: "stop/staff", Effect: charter.Deny, To: []string{"Staff"}}).
		pays(pay{"a", "Kraken", coin}, pay{"b", "Bitstamp", coin})
	want := []string{
		`cap/output: payment "a" to "Kraken" is 1.00000000 BTC; at most 0.00000001 BTC may go in one output.`,
		`cap/output: payment "b" to "Bitstamp" is 1.00000000 BTC; at most 0.00000001 BTC may go in one output.`,
		`charter/current holds: the request was drafted under the charter in force.`,
		`time/order holds: the request states 2027-01-15 08:00:00 UTC, not before any record.`,
		`time/expired holds: the request expires at 2027-01-15 09:00:00 UTC.`,
		`wallet/change-gap holds: change of transaction 1 of 1 goes to index 0; the highest allowed now is 19.`,
		`payout/anchor holds: no payment was released before with another coin.`,
		`payout/counterparty holds: every payment goes to a destination of its counterparty.`,
		`fee/rate holds: transaction 1 of 1 can cost 6 sat/vB; at most 500 sat/vB is allowed.`,
		`pay/all holds: it allows 2 payments, 2.00000000 BTC together.`,
		`stop/staff holds: nothing is paid to "Staff".`,
		`default/deny holds: a rule allows every payment.`,
	}
	if got := d.judge().Sentences(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A limit that holds is one line, whatever it was held against: the highest.
func TestALimitThatHoldsShowsTheHighest(t *testing.T) {
	d := newDesk(t, allowAll(), require("cap", charter.MaxOutput, int64(coin)))
	var many []pay
	for i := range 3 * maxRefused {
		many = append(many, pay{fmt.Sprint(i), "Kraken", 1000 + batch.Amount(i*7%11)})
	}
	v := d.pays(many...).judge()
	var lines []string
	for _, l := range v.Trace {
		if l.Rule == "cap" {
			lines = append(lines, l.Sentence())
		}
	}
	// 3 * 7 = 21 = 10 (mod 11): payment 3 is the first of 1,010 sat.
	want := `cap holds: payment "3" to "Kraken" is 0.00001010 BTC; at most 1.00000000 BTC may go in one output.`
	if len(lines) != 1 || lines[0] != want {
		t.Errorf("%q", lines)
	}
}

func TestCeilRatio(t *testing.T) {
	for _, c := range []struct{ a, factor, by, want int64 }{
		{0, 1, 7, 0}, {1, 1, 7, 1}, {7, 1, 7, 1}, {8, 1, 7, 2}, {math.MaxInt64, 1, 1, math.MaxInt64}, {math.MaxInt64, 2, 1, math.MaxInt64},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}, {math.MaxInt64, math.MaxInt64, 1, math.MaxInt64},
		{5, 1, 0, math.MaxInt64}, {5, 1, -1, math.MaxInt64}, {int64(batch.MaxMoney), 10_000, 1, math.MaxInt64},
		{int64(batch.MaxMoney), 10_000, int64(batch.MaxMoney), 10_000},
		{(1<<64 - 1) / 3, 3, 2, math.MaxInt64}, // 2^63-1 and a half
	} {
		if got := ceilRatio(c.a, c.factor, c.by); got != c.want {
			t.Errorf("%d * %d / %d: %d, want %d", c.a, c.factor, c.by, got, c.want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		a, factor, by := rapid.Int64Min(0).Draw(rt, "a"), rapid.Int64Range(0, 10_000).Draw(rt, "factor"), rapid.Int64Min(1).Draw(rt, "by")
		x := new(big.Int).Mul(big.NewInt(a), big.NewInt(factor))
		x.Add(x, big.NewInt(by-1)).Div(x, big.NewInt(by))
		want := int64(math.MaxInt64)
		if x.IsInt64() {
			want = x.Int64()
		}
		if got := ceilRatio(a, factor, by); got != want {
			rt.Fatalf("%d * %d / %d: %d, want %d", a, factor, by, got, want)
		}
	})
}

func TestFloorRatio(t *testing.T) {
	for _, c := range []struct{ a, factor, by, want int64 }{
		{0, 1, 7, 0}, {6, 1, 7, 0}, {7, 1, 7, 1}, {13, 1, 7, 1}, {5, 1, 0, 0}, {5, 1, -1, 0}, {math.MaxInt64, 2, 1, math.MaxInt64}, {math.MaxInt64, math.MaxInt64, 1, math.MaxInt64},
		{(1<<64 - 1) / 3, 3, 2, math.MaxInt64}, {9_999, 10_000, 10_000, 9_999},
	} {
		if got := floorRatio(c.a, c.factor, c.by); got != c.want {
			t.Errorf("%d * %d / %d: %d, want %d", c.a, c.factor, c.by, got, c.want)
		}
	}
}

func TestAddSaturates(t *testing.T) {
	if add(math.MaxInt64, 1) != math.MaxInt64 || add(1, math.MaxInt64-1) != math.MaxInt64 || add(2, 3) != 5 {
		t.Error("a sum wraps")
	}
}

// The charter's review text states the bound, and every batch fits into a
// record.
func TestPackagesAgree(t *testing.T) {
	c := newDesk(t, allowAll()).charter()
	if text := strings.Join(c.Sentences(), "\n"); !strings.Contains(text, charter.BoundSentence(2, 3)) {
		t.Errorf("the charter does not say %q:\n%s", charter.BoundSentence(2, 3), text)
	}
	if ledger.MaxPayments < batch.MaxPayments || ledger.MaxCounterparty < charter.MaxName || ledger.MaxAmount != int64(batch.MaxMoney) ||
		charter.MaxMoney != int64(batch.MaxMoney) || ledger.MaxStations < charter.MaxStations || ledger.MaxChange != int64(wallet.MaxIndex)+1 {
		t.Error("the limits of charter, batch and ledger do not fit together")
	}
}
