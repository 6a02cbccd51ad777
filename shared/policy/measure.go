package policy

import (
	"fmt"

	"heliograph/shared/charter"
)

// measure says what a requirement looks at, and how large each is; false for a
// check that this program does not know. m has at least one payment.
func (t *trace) measure(r charter.Rule, m matched) (limit, bool) {
	f := t.f
	l := limit{rule: r.ID, bound: r.Max, least: r.Check.Minimum(), show: money, subject: func(i int) string { return f.tx(m.txs[i]) }, number: len(m.txs)}
	tx := func(of func(*transaction) int64) func(int) int64 {
		return func(i int) int64 { return of(&f.txs[m.txs[i]]) }
	}
	switch r.Check {
	case charter.MaxOutput:
		l.check, l.number = "max-output", len(m.payments)
		l.got = func(i int) int64 { return f.payments[m.payments[i]].amount }
		l.subject = func(i int) string { return f.payments[m.payments[i]].String() }
		l.note = func(i int) string { return aged(r, f.payments[m.payments[i]]) }
	case charter.MaxTransaction:
		l.check = "max-transaction"
		l.apart(f, f.perTransaction(t.parts(r, m)))
	case charter.MaxBatch:
		l.check = "max-batch"
		l.apart(f, perPart(t.parts(r, m), func(p part) int64 { return f.sum(p.payments) }))
	case charter.MaxCount:
		l.check, l.show = "max-count", payments
		l.apart(f, perPart(t.parts(r, m), func(p part) int64 { return int64(len(p.payments)) }))
	case charter.MaxWindow:
		l.check = "max-window"
		from, window := t.window(r)
		l.apart(f, perPart(t.parts(r, m), func(p part) int64 {
			if p.names == nil {
				return f.memory.Outflow(from, f.time)
			}
			return f.memory.OutflowTo(from, f.time, p.names)
		}))
		l.subject = func(int) string { return window }
	case charter.MaxCountWindow:
		l.check, l.show = "max-count-window", payments
		from, window := t.window(r)
		l.apart(f, perPart(t.parts(r, m), func(p part) int64 {
			if p.names == nil {
				return f.memory.Count(from, f.time)
			}
			return f.memory.CountTo(from, f.time, p.names)
		}))
		l.subject = func(int) string { return window }
	case charter.MaxFiat:
		l.check = "max-fiat"
		l.show = func(n int64) string { return fiat(n, r.Currency) }
		price, ok := f.price(r.Currency, int64(r.Window))
		if !ok {
			l.missing = "no price of one bitcoin in " + r.Currency + " came with it that a listed source signed and that is at most " + charter.Period(int64(r.Window)) + " old"
		}
		l.apart(f, perPart(t.parts(r, m), func(p part) int64 { return ceilRatio(f.sum(p.payments), price, satPerBitcoin) }))
	case charter.MaxFee:
		l.check, l.got = "max-fee", tx(func(x *transaction) int64 { return x.fee })
	case charter.MaxFeeRate:
		l.check, l.got, l.show = "max-fee-rate", tx(func(x *transaction) int64 { return x.rate }), feeRate
	case charter.MinFeeRate:
		l.check, l.got, l.show = "min-fee-rate", tx(func(x *transaction) int64 { return x.rateLow }), feeRate
	case charter.MaxFeePercent:
		l.check, l.got, l.show = "max-fee-percent", tx(func(x *transaction) int64 { return x.percent }), charter.Percent
	case charter.MaxLifetime:
		l.check, l.show = "max-lifetime", charter.Period
		l.whole(f.lifetime)
	case charter.MaxInputs:
		l.check, l.got, l.show = "max-inputs", tx(func(x *transaction) int64 { return x.inputs }), inputs
	case charter.MaxChange:
		l.check, l.got = "max-change", tx(func(x *transaction) int64 { return x.most })
	case charter.MinOwnShare:
		l.check, l.show = "min-own-share", charter.Percent
		l.got = func(i int) int64 { return floorRatio(f.kept(m.txs[i]), 10_000, f.txs[m.txs[i]].inputSum) }
	case charter.MinReserve:
		l.check = "min-reserve"
		if f.balance == 0 {
			l.missing = "no balance is claimed"
		}
		l.whole(max(f.balance-f.gone(), 0))
	case charter.MinConfirmations:
		t.confirmations(r, m, &l)
	default:
		return limit{}, false
	}
	return l, true
}

// window returns the first stated time that counts for a limit over time, and
// how people call the window. Stated times are within tolerance of true ones at
// either end: what truly left within the window lies in the widened one (DESIGN
// 8). The local day of a calendar window is that of the earliest true time.
func (t *trace) window(r charter.Rule) (from int64, name string) {
	tolerance := t.law.tolerance
	if r.Calendar == charter.Rolling {
		return t.f.time - int64(r.Window) - 2*tolerance, charter.Period(int64(r.Window))
	}
	name = map[charter.Calendar]string{charter.Day: "one day", charter.Week: "one week", charter.Month: "one month"}[r.Calendar] + " in " + r.Zone
	start, err := charter.StartOf(r.Calendar, t.law.zones[r.Zone], max(t.f.time-tolerance, 0))
	if err != nil {
		return 0, name // everything counts
	}
	return start - tolerance, name
}

// sum adds up payments.
func (f *facts) sum(payments []int) int64 {
	total := int64(0)
	for _, i := range payments {
		total = add(total, f.payments[i].amount)
	}
	return total
}

// measured is one number that a limit is held against.
type measured struct {
	got int64
	tx  int    // place of its transaction, -1 for the batch
	to  string // whom it is about, empty for everybody
}

func perPart(parts []part, of func(part) int64) []measured {
	var out []measured
	for _, p := range parts {
		out = append(out, measured{got: of(p), tx: -1, to: p.to})
	}
	return out
}

// perTransaction sums the payments of each part in each transaction.
func (f *facts) perTransaction(parts []part) []measured {
	var out []measured
	for _, p := range parts {
		sums, hit := make([]int64, len(f.txs)), make([]bool, len(f.txs))
		for _, i := range p.payments {
			tx := f.payments[i].tx
			sums[tx], hit[tx] = add(sums[tx], f.payments[i].amount), true
		}
		for tx, ok := range hit {
			if ok {
				out = append(out, measured{got: sums[tx], tx: tx, to: p.to})
			}
		}
	}
	return out
}

// apart holds a limit against each of several numbers.
func (l *limit) apart(f *facts, each []measured) {
	l.number = len(each)
	l.got = func(i int) int64 { return each[i].got }
	l.to = func(i int) string { return each[i].to }
	l.subject = func(i int) string {
		if each[i].tx < 0 {
			return "the batch"
		}
		return f.tx(each[i].tx)
	}
}

// whole holds a limit against one number of the batch.
func (l *limit) whole(got int64) {
	l.number = 1
	l.got = func(int) int64 { return got }
	l.subject = func(int) string { return "the batch" }
}

func payments(n int64) string { return count(n, "payment") }
func inputs(n int64) string   { return count(n, "input") }
func feeRate(n int64) string  { return fmt.Sprintf("%d sat/vB", n) }
