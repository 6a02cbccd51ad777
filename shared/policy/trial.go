package policy

import (
	"fmt"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
)

// Case is a batch that nobody asks for, as the facts that rules can tell apart:
// what Verify would recompute of a request, and what a snapshot would say.
type Case struct {
	Payments     []CasePayment
	Transactions []CaseTransaction
	Lifetime     int64 // seconds from the stated time to expiry
	Past         []CasePast
}

// CasePayment is one payment.
type CasePayment struct {
	Counterparty string
	Script       []byte
	Amount       int64 // sat
}

// CaseTransaction is one transaction, of one variant.
type CaseTransaction struct {
	Payments []int // places in Case.Payments
	Fee      int64 // sat
	VSize    int64 // vB
	Change   int64 // change index, -1 for no change; no change was ever made before
}

// CasePast is a payment that left before, once, by another batch.
type CasePast struct {
	Counterparty string
	Amount       int64 // sat
	Age          int64 // seconds before the stated time
}

// Trial judges cases by one charter. It is no way around Judge: nothing that it
// says is Approved.
type Trial struct {
	c charter.Charter
	d charter.Document
}

// NewTrial returns the trial of a valid charter of any epoch.
func NewTrial(c charter.Charter) Trial { return Trial{c, c.Document()} }

// Judge runs the checks that Judge runs on a batch, with two exceptions: whether
// the batch was drafted under this charter, and what depends on no charter (order
// of times, anchors of payouts). The verdict has no meaningful hash.
func (t Trial) Judge(k Case) Verdict {
	f := &facts{request: batch.Request{Time: caseTime, Expiry: add(caseTime, k.Lifetime)}}
	for i, p := range k.Payments {
		f.payments = append(f.payments, payment{Payment: batch.Payment{
			ExternalID: fmt.Sprint(i + 1), Counterparty: p.Counterparty, Amount: batch.Amount(p.Amount), Script: p.Script,
		}})
	}
	for _, tx := range k.Transactions {
		sum := transaction{payments: tx.Payments, fee: tx.Fee, rate: ceilRatio(tx.Fee, 1, tx.VSize)}
		for _, p := range tx.Payments {
			sum.paid = add(sum.paid, k.Payments[p].Amount)
		}
		sum.percent = ceilRatio(tx.Fee, 10_000, sum.paid)
		if tx.Change >= 0 {
			index := uint32(tx.Change)
			sum.change = &index
		}
		f.txs = append(f.txs, sum)
	}
	tr := &trace{f: f}
	tr.changeGap(0, int64(t.d.Gap))
	tr.destinations(t.c, t.d.Network)
	tr.rules(t.d, k)
	v := Verdict{Allowed: true, Trace: tr.lines}
	for _, line := range v.Trace {
		v.Allowed = v.Allowed && line.Pass
	}
	return v
}

// caseTime is a stated time with room for every window before it.
const caseTime = int64(1) << 40

// Outflow returns what ledger.Plan.Outflow would.
func (k Case) Outflow(from, to int64) int64 {
	total := k.sum(from, to, nil)
	for _, tx := range k.Transactions {
		total = add(total, tx.Fee)
	}
	return total
}

// OutflowTo returns what ledger.Plan.OutflowTo would.
func (k Case) OutflowTo(from, to int64, names []string) int64 {
	among := make(map[string]bool, len(names))
	for _, n := range names {
		among[n] = true
	}
	return k.sum(from, to, among)
}

func (k Case) sum(from, to int64, among map[string]bool) int64 {
	total := int64(0)
	for _, p := range k.Payments {
		if among == nil || among[p.Counterparty] {
			total = add(total, p.Amount)
		}
	}
	for _, p := range k.Past {
		if at := caseTime - p.Age; at >= from && at <= to && (among == nil || among[p.Counterparty]) {
			total = add(total, p.Amount)
		}
	}
	return total
}
