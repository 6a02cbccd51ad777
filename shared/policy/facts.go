package policy

import (
	"fmt"
	"math"
	"math/bits"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/wallet"
)

// facts is one batch as the rules look at it. Judge fills it from what was
// recomputed and verified, Trial from a Case; no rule looks at anything else.
type facts struct {
	time     int64 // stated, unix seconds
	lifetime int64 // seconds
	payments []payment
	txs      []transaction
	quorum   []uint8 // stations, each once
	people   voices
	balance  int64   // sat, claimed; 0: none is
	prices   []price // of sources that the charter lists
	memory   memory
}

// memory is what was released before, as limits over time ask it: sat or
// payments with stated times from from to to, once the batch were released.
// Without names, sums include fees.
type memory interface {
	Outflow(from, to int64) int64
	OutflowTo(from, to int64, names []string) int64
	Count(from, to int64) int64
	CountTo(from, to int64, names []string) int64
}

type payment struct {
	id     string // the treasurer's name for it
	to     string // counterparty that it names
	script []byte
	amount int64 // sat
	tx     int   // place in facts.txs

	payout     [32]byte
	anchor     batch.OutPoint // of its transaction
	paidBefore bool           // another payout went to the script; known of scripts that are paid once

	// By the charter.
	kind   charter.ScriptKind
	owner  string // whose destination the script is, empty for nobody's
	own    bool   // the script is a receive address of this wallet
	once   bool   // the destination is paid once, ever
	proven bool   // a proof of its ownership is listed
	age    int64  // seconds since it is listed; known if a rule asks
}

type transaction struct {
	payments []int // places in facts.payments
	paid     int64 // sat, sum of the payments
	fee      int64 // sat, largest variant
	rate     int64 // sat/vB, largest variant, rounded up
	rateLow  int64 // sat/vB, smallest variant, rounded down
	percent  int64 // basis points of paid, largest variant, rounded up
	inputs   int64
	inputSum int64   // sat
	change   *uint32 // index
	most     int64   // sat of change, largest variant
	least    int64   // sat of change, smallest variant
	claimed  int64   // confirmations claimed of every input
	proved   int64   // confirmations proved of every input
	why      string  // why there is no proof of more

	anchor   batch.OutPoint
	replaces *replaced // what was released of the same payouts before
}

// replaced is what memory knows of a transaction's versions.
type replaced struct {
	fee, change int64 // sat: the highest and the lowest
}

// gather reads a batch once. Money is bounded by what Verify refuses, 21
// million bitcoin for all payments or inputs together; add saturates all the same.
func gather(b batch.Verified) (*facts, ledger.Planned) {
	r := b.Request()
	f := &facts{time: r.Time, lifetime: r.Expiry - r.Time, payments: make([]payment, len(r.Payments))}
	for i, id := range b.PayoutIDs() {
		p := &r.Payments[i]
		f.payments[i] = payment{id: p.ExternalID, to: p.Counterparty, script: p.Script, amount: int64(p.Amount), payout: id}
	}
	planned := ledger.Planned{Batch: b.ID()}
	for i, v := range b.Transactions() {
		t := transaction{anchor: v.Anchor()}
		for _, out := range v.Outputs() {
			if out.Change {
				continue
			}
			t.payments = append(t.payments, out.Payment)
			t.paid = add(t.paid, int64(out.Amount))
			f.payments[out.Payment].anchor, f.payments[out.Payment].tx = v.Anchor(), i
		}
		for _, in := range v.Inputs() {
			t.inputs++
			t.inputSum = add(t.inputSum, int64(in.Amount))
		}
		t.rateLow, t.least = math.MaxInt64, math.MaxInt64
		for _, variant := range v.Variants() {
			t.variant(int64(variant.Fee()), variant.VSize(), int64(variant.Change()))
		}
		if spot, _, ok := v.Change(); ok {
			t.change = &spot.Index
		}
		f.txs = append(f.txs, t)
		planned.Fee = add(planned.Fee, t.fee)
	}
	for _, p := range f.payments {
		planned.Payments = append(planned.Payments, ledger.Payment{
			Payout: p.payout, Counterparty: p.to, Amount: p.amount, Anchor: p.anchor.Bytes(), Destination: ledger.NewDestination(p.script),
		})
	}
	return f, planned
}

// variant takes in one rung of the fee ladder.
func (t *transaction) variant(fee, vsize, change int64) {
	t.fee = max(t.fee, fee)
	t.rate = max(t.rate, ceilRatio(fee, 1, vsize))
	t.rateLow = min(t.rateLow, floorRatio(fee, 1, vsize))
	t.percent = max(t.percent, ceilRatio(fee, 10_000, t.paid))
	t.most, t.least = max(t.most, change), min(t.least, change)
}

// kept is what of a transaction's inputs stays in the wallet at least, in sat:
// change, and payments to the wallet's own receive addresses.
func (f *facts) kept(tx int) int64 {
	sum := f.txs[tx].least
	for _, p := range f.txs[tx].payments {
		if f.payments[p].own {
			sum = add(sum, f.payments[p].amount)
		}
	}
	return sum
}

// gone is what of all inputs leaves the wallet at most, in sat: payments to
// others, and fees.
func (f *facts) gone() int64 {
	sum := int64(0)
	for _, t := range f.txs {
		sum = add(sum, t.fee)
	}
	for _, p := range f.payments {
		if !p.own {
			sum = add(sum, p.amount)
		}
	}
	return sum
}

// place says what the charter knows of a payment's script. own finds whether it
// is a receive address of this wallet, where nothing else is known of it.
func (p *payment) place(l *law, own func(script []byte) bool) {
	p.kind, _ = charter.KindOf(p.script)
	owner, known := l.c.Counterparty(p.script)
	if !known && l.own != "" && own(p.script) {
		owner, p.own = l.own, true
	}
	p.owner, p.once, p.proven = owner, l.c.Once(p.script), l.c.Proven(p.script)
}

// ownOf tells the receive addresses of a wallet.
func ownOf(c charter.Charter, w wallet.Wallet) func([]byte) bool {
	return func(script []byte) bool {
		_, ok := c.Owner(w, script)
		return ok
	}
}

func (p payment) String() string { return fmt.Sprintf("payment %q to %q", p.id, p.to) }

// tx names a transaction as people count.
func (f *facts) tx(i int) string { return fmt.Sprintf("transaction %d of %d", i+1, len(f.txs)) }

// add returns a + b for numbers of at least zero, at most 2^63-1.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// ceilRatio returns a * factor / by rounded up, at most 2^63-1, for a and factor
// of at least zero. If by is not above zero there is no ratio, and the result
// is 2^63-1, which is above every limit.
func ceilRatio(a, factor, by int64) int64 {
	quotient, rest := ratio(a, factor, by)
	if rest && quotient < math.MaxInt64 {
		quotient++
	}
	return quotient
}

// floorRatio is ceilRatio rounded down; without a ratio it is 0, which is below
// every minimum.
func floorRatio(a, factor, by int64) int64 {
	if by <= 0 {
		return 0
	}
	quotient, _ := ratio(a, factor, by)
	return quotient
}

func ratio(a, factor, by int64) (quotient int64, rest bool) {
	if by <= 0 {
		return math.MaxInt64, false
	}
	hi, lo := bits.Mul64(uint64(a), uint64(factor))
	if hi >= uint64(by) {
		return math.MaxInt64, false
	}
	q, r := bits.Div64(hi, lo, uint64(by))
	if q > math.MaxInt64 {
		return math.MaxInt64, false
	}
	return int64(q), r > 0
}
