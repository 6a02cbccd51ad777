package policy

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// A trial says of a case what Judge says of the request and the snapshot that the
// case stands for: the examples that a comparison of charters shows are what
// stations would decide.
func TestTrialAgreesWithJudge(t *testing.T) {
	allowed, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		k := Case{Time: now, Lifetime: 3600}
		for i, h := range s.history {
			// Another payout and another batch each time: nothing is drafted again.
			s.history[i].n = i
			for j := range h.payments {
				h.payments[j].id = fmt.Sprintf("past-%d-%d", i, j)
				k.Past = append(k.Past, CasePast{Counterparty: h.payments[j].to, Amount: int64(h.payments[j].amount), Age: h.age, Count: 1})
			}
			k.Past = append(k.Past, CasePast{Amount: h.fee, Age: h.age})
		}
		d := s.desk(t)
		_, b, _ := d.parts()
		for _, tx := range b.Transactions() {
			kt := CaseTransaction{Change: -1}
			for _, out := range tx.Outputs() {
				if out.Change {
					continue
				}
				p := b.Request().Payments[out.Payment]
				kt.Payments = append(kt.Payments, len(k.Payments))
				k.Payments = append(k.Payments, CasePayment{Counterparty: p.Counterparty, Script: p.Script, Amount: int64(p.Amount)})
			}
			variants := tx.Variants()
			dearest := variants[len(variants)-1]
			kt.Fee, kt.VSize = int64(dearest.Fee()), dearest.VSize()
			if spot, _, ok := tx.Change(); ok {
				kt.Change = int64(spot.Index)
			}
			k.Transactions = append(k.Transactions, kt)
		}
		got, want := NewTrial(d.charter()).Judge(k), d.judge()
		if got.Allowed != want.Allowed {
			rt.Fatalf("trial %v, judge %v\n%q\n%q", got.Allowed, want.Allowed, got.Sentences(), want.Sentences())
		}
		if got.Allowed {
			allowed++
			return
		}
		refused++
	})
	if allowed == 0 || refused == 0 {
		t.Errorf("%d allowed, %d refused: the stories test one side only", allowed, refused)
	}
}
