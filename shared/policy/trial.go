package policy

import (
	"fmt"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
)

// Case is a batch that nobody asks for, as the facts that rules can tell apart:
// what Verify would recompute of a request, what its evidence would prove, and
// what a snapshot would say. The zero value of a fact is its absence.
type Case struct {
	Time         int64 // stated, unix seconds, 0 to charter.MaxTime
	Lifetime     int64 // seconds from the stated time to expiry
	Payments     []CasePayment
	Transactions []CaseTransaction
	Past         []CasePast
	Quorum       []int // stations that sign together, each once

	Initiator string          // who signed the draft, a person or a program
	Waited    int64           // seconds from the draft to the stated time
	Approvals []CaseApproval  // by people other than programs
	Vetoes    []string        // who vetoed
	NotFrozen []CaseStatement // who stated that nothing is frozen
	Balance   int64           // sat that the wallet holds before, as claimed
	Prices    []CasePrice
}

// CasePayment is one payment.
type CasePayment struct {
	Counterparty string
	Script       []byte
	Amount       int64 // sat
	Age          int64 // seconds since the destination is listed
	Own          bool  // the script is a receive address of this wallet
	PaidBefore   bool  // another payout went to the script, ever
}

// CaseTransaction is one transaction, of one variant.
type CaseTransaction struct {
	Payments  []int // places in Case.Payments
	Fee       int64 // sat
	VSize     int64 // vB
	Change    int64 // change index, -1 for no change; no change was ever made before
	ChangeSat int64 // sat that return as change
	Inputs    int64 // number of inputs
	InputSum  int64 // sat, all inputs together

	Confirmations int64 // that are claimed of every input
	Proven        int64 // confirmations that are proved of every input
}

// CasePast is what left before, by another batch: so many payments to one
// counterparty, or with neither, a fee.
type CasePast struct {
	Counterparty string
	Amount       int64 // sat
	Age          int64 // seconds before the stated time
	Count        int64 // payments
}

// CaseApproval is an approval by one person. It counts if the charter lists the
// person with a credential that can give it.
type CaseApproval struct {
	Person  string
	Offline bool // on an offline device; a person may approve both ways
}

// CaseStatement is what a person stated some time ago.
type CaseStatement struct {
	Person string
	Age    int64 // seconds before the stated time
}

// CasePrice is a signed price. It counts if the charter lists the source.
type CasePrice struct {
	Source     string
	Currency   string
	Hundredths int64 // hundredths of the currency for one bitcoin
	Age        int64 // seconds before the stated time
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
