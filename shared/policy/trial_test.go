package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// asCase says what a desk asks for as the facts that a trial judges.
func (d *desk) asCase() Case {
	c, b, _ := d.parts()
	k := Case{Time: now, Lifetime: b.Request().Expiry - now, Balance: d.claims.Balance}
	for _, q := range d.quorum {
		k.Quorum = append(k.Quorum, int(q))
	}
	for _, p := range b.Request().Payments {
		owner, known := c.Counterparty(p.Script)
		own := false
		if !known {
			owner, own = c.Owner(d.wallet(), p.Script)
		}
		k.Payments = append(k.Payments, CasePayment{
			Counterparty: p.Counterparty, Script: p.Script, Amount: int64(p.Amount), Own: own, Age: now - d.listed[c.Listing(owner, p.Script)],
			PaidBefore: slices.ContainsFunc(d.release, func(r release) bool {
				return slices.ContainsFunc(r.Payments, func(x ledger.Payment) bool { return x.Destination == ledger.NewDestination(p.Script) })
			}),
		})
	}
	proved := int64(len(d.claims.Headers) / 80)
	for i, tx := range b.Transactions() {
		kt := CaseTransaction{Change: -1, Inputs: 1, InputSum: int64(tx.Inputs()[0].Amount), Proven: proved}
		proved = 0 // of the first alone
		if len(d.claims.Confirmations) != 0 {
			kt.Confirmations = int64(d.claims.Confirmations[i])
		}
		for _, out := range tx.Outputs() {
			if !out.Change {
				kt.Payments = append(kt.Payments, out.Payment)
			}
		}
		v := tx.Variants()[0]
		kt.Fee, kt.VSize, kt.ChangeSat = int64(v.Fee()), v.VSize(), int64(v.Change())
		if spot, _, ok := tx.Change(); ok {
			kt.Change = int64(spot.Index)
		}
		k.Transactions = append(k.Transactions, kt)
	}
	for _, r := range d.release {
		for _, p := range r.Payments {
			k.Past = append(k.Past, CasePast{Counterparty: p.Counterparty, Amount: p.Amount, Age: now - r.Time, Count: 1})
		}
		k.Past = append(k.Past, CasePast{Amount: r.Fee, Age: now - r.Time})
	}
	for _, s := range d.said {
		switch s.decision {
		case approval.Draft:
			k.Initiator, k.Waited = s.person, -s.offset
		case approval.Approve:
			kind := d.credential(s).Kind
			k.Approvals = append(k.Approvals, CaseApproval{s.person, kind == charter.CredentialOffline})
		case approval.Veto:
			k.Vetoes = append(k.Vetoes, s.person)
		case approval.NotFrozen:
			k.NotFrozen = append(k.NotFrozen, CaseStatement{s.person, -s.offset})
		}
	}
	for _, p := range d.prices {
		k.Prices = append(k.Prices, CasePrice{p.Source, p.Currency, p.Hundredths, now - p.Time})
	}
	return k
}

// A trial says of a case what Judge says of the request, the evidence and the
// snapshot that the case stands for: the examples that a comparison of charters
// shows are what stations would decide.
func TestTrialAgreesWithJudge(t *testing.T) {
	allowed, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDesk(rt, t)
		got, want := NewTrial(d.charter()).Judge(d.asCase()), d.judge()
		if got.Allowed != want.Allowed {
			rt.Fatalf("trial %v, judge %v\n%q\n%q", got.Allowed, want.Allowed, got.Sentences(), want.Sentences())
		}
		rules := func(v Verdict) (out []string) {
			for _, l := range v.Refusals() {
				if len(out) == 0 || out[len(out)-1] != l.Rule {
					out = append(out, l.Rule)
				}
			}
			return out
		}
		if !slices.Equal(rules(got), rules(want)) {
			rt.Fatalf("trial and judge refuse for other rules: %q\n%q", got.Sentences(), want.Sentences())
		}
		if got.Allowed {
			allowed++
			return
		}
		refused++
	})
	if allowed == 0 || refused == 0 {
		t.Errorf("%d allowed, %d refused: the cases test one side only", allowed, refused)
	}
}

// The words of the language, as cases.
func TestTrialKnowsEveryWord(t *testing.T) {
	untold := []string{CharterCurrent, CharterAge, TimeOrder, TimeExpired, PayoutAnchor, ReplacementFee}
	for _, w := range words() {
		if slices.Contains(untold, w.name) || w.name == "max-inputs" || w.name == "min-confirmations" {
			continue // no rule's matter, or a batch of two inputs
		}
		d := w.desk(t)
		w.allow(d)
		if v := NewTrial(d.charter()).Judge(d.asCase()); !v.Allowed {
			t.Errorf("%s: %q", w.name, v.Sentences())
		}
		d = w.desk(t)
		w.refuse(d)
		if len(d.txs[0].fees) > 1 {
			continue // a case is of one variant
		}
		if v := NewTrial(d.charter()).Judge(d.asCase()); v.Allowed {
			t.Errorf("%s: a case that must not pass does: %q", w.name, v.Sentences())
		}
	}
}

// A case's payments are called by their place, and change of index 0 is change.
func TestTrialNamesWhatItJudges(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "stop", Effect: charter.Deny, To: []string{"Staff"}}).pays(pay{"a", "Kraken", coin}, pay{"b", "Staff", coin})
	v := NewTrial(d.charter()).Judge(d.asCase())
	want := []string{
		`stop: payment "2" to "Staff" is 1.00000000 BTC; nothing may be paid to "Staff".`,
		"wallet/change-gap holds: change of transaction 1 of 1 goes to index 0; the highest allowed now is 19.",
	}
	if got := v.Sentences()[:2]; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
