package policy

import (
	"fmt"
	"math"
	"slices"

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
type Trial struct{ law *law }

// NewTrial returns the trial of a valid charter of any epoch.
func NewTrial(c charter.Charter) Trial { return Trial{newLaw(c)} }

// Judge runs the checks that Judge runs on a batch, but for those whose answer is
// no rule's: whether the batch was drafted under this charter and the charter is
// due for renewal, order of times, anchors and replacements of payouts. The
// verdict has no meaningful hash.
func (t Trial) Judge(k Case) Verdict {
	f := &facts{time: k.Time, lifetime: k.Lifetime, balance: k.Balance, memory: k, people: t.law.hearCase(k)}
	for _, q := range k.Quorum {
		f.quorum = append(f.quorum, uint8(q))
	}
	for i, p := range k.Payments {
		one := payment{id: fmt.Sprint(i + 1), to: p.Counterparty, script: p.Script, amount: p.Amount, paidBefore: p.PaidBefore, age: p.Age}
		one.place(t.law, func([]byte) bool { return p.Own })
		f.payments = append(f.payments, one)
	}
	for i, tx := range k.Transactions {
		sum := transaction{
			payments: tx.Payments, inputs: tx.Inputs, inputSum: tx.InputSum, claimed: max(tx.Confirmations, tx.Proven), proved: tx.Proven,
			rateLow: math.MaxInt64, least: math.MaxInt64,
		}
		for _, p := range tx.Payments {
			sum.paid, f.payments[p].tx = add(sum.paid, k.Payments[p].Amount), i
		}
		sum.variant(tx.Fee, tx.VSize, tx.ChangeSat)
		if tx.Change >= 0 {
			index := uint32(tx.Change)
			sum.change = &index
		}
		f.txs = append(f.txs, sum)
	}
	for _, p := range k.Prices {
		if slices.ContainsFunc(t.law.d.Prices, func(s charter.PriceSource) bool { return s.Name == p.Source && s.Currency == p.Currency }) {
			f.prices = append(f.prices, price{p.Currency, p.Hundredths, p.Age})
		}
	}
	tr := &trace{law: t.law, f: f}
	tr.changeGap(0, int64(t.law.d.Gap))
	tr.once()
	tr.destinations()
	tr.rules()
	return tr.verdict()
}

// hearCase keeps of what people said in a case what the charter lets them say.
func (l *law) hearCase(k Case) voices {
	var v voices
	if p, ok := l.people[k.Initiator]; ok && len(p.Credentials) != 0 {
		v.drafter, v.waited = &p, k.Waited
	}
	for _, a := range k.Approvals {
		p, ok := l.people[a.Person]
		web := able(p, charter.CredentialES256) || able(p, charter.CredentialEdDSA)
		if ok && can(p, a.Offline) && (a.Offline || web) {
			v.approvals = append(v.approvals, voice{person: p, offline: a.Offline})
		}
	}
	for _, name := range k.Vetoes {
		if p, ok := l.people[name]; ok && can(p, false) {
			v.vetoes = append(v.vetoes, voice{person: p})
		}
	}
	for _, s := range k.NotFrozen {
		if p, ok := l.people[s.Person]; ok && can(p, false) {
			v.notFrozen = append(v.notFrozen, voice{person: p, age: s.Age})
		}
	}
	return v
}

// Outflow returns what ledger.Plan.Outflow would.
func (k Case) Outflow(from, to int64) int64 {
	total, _ := k.sum(from, to, nil)
	for _, tx := range k.Transactions {
		total = add(total, tx.Fee)
	}
	return total
}

// OutflowTo returns what ledger.Plan.OutflowTo would.
func (k Case) OutflowTo(from, to int64, names []string) int64 {
	total, _ := k.sum(from, to, names)
	return total
}

// Count returns what ledger.Plan.Count would.
func (k Case) Count(from, to int64) int64 {
	_, number := k.sum(from, to, nil)
	return number
}

// CountTo returns what ledger.Plan.CountTo would.
func (k Case) CountTo(from, to int64, names []string) int64 {
	_, number := k.sum(from, to, names)
	return number
}

// sum adds up payments and past, to names or, if they are nil, to anybody.
func (k Case) sum(from, to int64, names []string) (total, number int64) {
	for _, p := range k.Payments {
		if names == nil || slices.Contains(names, p.Counterparty) {
			total, number = add(total, p.Amount), number+1
		}
	}
	for _, p := range k.Past {
		if at := k.Time - p.Age; at >= from && at <= to && (names == nil || slices.Contains(names, p.Counterparty)) {
			total, number = add(total, p.Amount), add(number, p.Count)
		}
	}
	return total, number
}
