package policy

import (
	"fmt"
	"math"
	"math/bits"

	"heliograph/shared/batch"
	"heliograph/shared/ledger"
)

// facts is a verified batch as the rules look at it.
type facts struct {
	batch    batch.Verified
	request  batch.Request
	payments []payment     // in the order of the request
	txs      []transaction // in the order of the request
	planned  ledger.Planned
}

type payment struct {
	batch.Payment
	id     [32]byte
	anchor batch.OutPoint // of its transaction
}

type transaction struct {
	payments []int // places in facts.payments
	paid     int64 // sat, sum of the payments
	fee      int64 // sat, largest variant
	rate     int64 // sat/vB, largest variant, rounded up
	percent  int64 // basis points of paid, largest variant, rounded up
	change   *uint32
}

// gather reads a batch once. Money is bounded by what Verify refuses, 21
// million bitcoin for all payments or inputs together; add saturates all the same.
func gather(b batch.Verified) *facts {
	f := &facts{batch: b, request: b.Request()}
	f.payments = make([]payment, len(f.request.Payments))
	for i, id := range b.PayoutIDs() {
		f.payments[i] = payment{Payment: f.request.Payments[i], id: id}
	}
	f.planned.Batch = b.ID()
	for _, v := range b.Transactions() {
		t := transaction{}
		for _, out := range v.Outputs() {
			if out.Change {
				continue
			}
			t.payments = append(t.payments, out.Payment)
			t.paid = add(t.paid, int64(out.Amount))
			f.payments[out.Payment].anchor = v.Anchor()
		}
		for _, variant := range v.Variants() {
			fee := int64(variant.Fee())
			t.fee = max(t.fee, fee)
			t.rate = max(t.rate, ceilRatio(fee, 1, variant.VSize()))
			t.percent = max(t.percent, ceilRatio(fee, 10_000, t.paid))
		}
		if spot, _, ok := v.Change(); ok {
			t.change = &spot.Index
		}
		f.txs = append(f.txs, t)
		f.planned.Fee = add(f.planned.Fee, t.fee)
	}
	for _, p := range f.payments {
		f.planned.Payments = append(f.planned.Payments, ledger.Payment{
			Payout: p.id, Counterparty: p.Counterparty, Amount: int64(p.Amount), Anchor: p.anchor.Bytes(),
		})
	}
	return f
}

func (p payment) String() string {
	return fmt.Sprintf("payment %q to %q", p.ExternalID, p.Counterparty)
}

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
	if by <= 0 {
		return math.MaxInt64
	}
	hi, lo := bits.Mul64(uint64(a), uint64(factor))
	if hi >= uint64(by) {
		return math.MaxInt64
	}
	quotient, rest := bits.Div64(hi, lo, uint64(by))
	if rest > 0 {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(quotient)
}
