package policy

import (
	"fmt"
	"strings"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
)

// outflow is the memory that limits over time ask: what would have left, in sat,
// with stated times from from to to, once the batch were released.
type outflow interface {
	Outflow(from, to int64) int64
	OutflowTo(from, to int64, names []string) int64
}

// rules checks the charter's rules. Each rule adds its own lines and reads
// nobody else's, except default/deny, which asks whether any allow matches: so
// the result does not depend on the order of d.Rules.
func (t *trace) rules(d charter.Document, plan outflow) {
	named := make(map[string]bool, len(d.Counterparties))
	for _, c := range d.Counterparties {
		named[c.Name] = true
	}
	allowed := make([]bool, len(t.f.payments))
	for _, r := range d.Rules {
		m := t.match(r, named)
		switch r.Effect {
		case charter.Allow:
			t.allow(r, m, allowed)
		case charter.Deny:
			t.deny(r, m)
		case charter.Require:
			t.require(r, m, plan, int64(d.ClockTolerance))
		default:
			t.line(Line{Rule: r.ID, Check: "unknown"})
		}
	}
	t.defaultDeny(allowed)
}

// matched is what a rule applies to.
type matched struct {
	all      bool   // the rule names nobody: it applies to the whole batch
	to       string // `"Ada" or "Ben"`, empty if all
	payments []int
	txs      []int // with at least one of the payments
	payment  []bool
}

// match finds the payments to the rule's counterparties. A rule without names
// means every counterparty of the charter, so an allow never reaches beyond
// them; a requirement or deny without names applies to every payment at all.
func (t *trace) match(r charter.Rule, named map[string]bool) matched {
	n := len(t.f.payments)
	m := matched{all: len(r.To) == 0, payment: make([]bool, n), payments: make([]int, 0, n), txs: make([]int, 0, len(t.f.txs))}
	among := named
	if !m.all {
		among = make(map[string]bool, len(r.To))
		quoted := make([]string, len(r.To))
		for i, name := range r.To {
			among[name] = true
			quoted[i] = fmt.Sprintf("%q", name)
		}
		m.to = strings.Join(quoted, " or ")
	}
	for i, p := range t.f.payments {
		if m.all && r.Effect != charter.Allow || among[p.Counterparty] {
			m.payment[i] = true
			m.payments = append(m.payments, i)
		}
	}
	for i, tx := range t.f.txs {
		for _, p := range tx.payments {
			if m.payment[p] {
				m.txs = append(m.txs, i)
				break
			}
		}
	}
	return m
}

func (t *trace) allow(r charter.Rule, m matched, allowed []bool) {
	sum := int64(0)
	for _, i := range m.payments {
		allowed[i] = true
		sum = add(sum, int64(t.f.payments[i].Amount))
	}
	t.line(Line{Rule: r.ID, Check: "allow", Subject: count(len(m.payments), "payment"), Got: money(sum), Pass: true})
}

func (t *trace) deny(r charter.Rule, m matched) {
	whom := m.to
	if m.all {
		whom = "anybody"
	}
	t.refuse(r.ID, "deny", m.payments, func(p payment) (got, wanted string) {
		return money(int64(p.Amount)), whom
	}, Line{Wanted: whom})
}

func (t *trace) defaultDeny(allowed []bool) {
	var left []int
	for i, ok := range allowed {
		if !ok {
			left = append(left, i)
		}
	}
	t.refuse(DefaultDeny, "default", left, func(p payment) (got, wanted string) {
		return money(int64(p.Amount)), ""
	}, Line{})
}

// require measures the batch against one limit.
func (t *trace) require(r charter.Rule, m matched, plan outflow, tolerance int64) {
	if len(m.payments) == 0 {
		t.line(Line{Rule: r.ID, Check: "not-concerned", Wanted: m.to, Pass: true})
		return
	}
	f := t.f
	l := limit{rule: r.ID, most: r.Max, subject: f.tx, show: money}
	switch r.Check {
	case charter.MaxOutput:
		l.check = "max-output"
		l.got = func(i int) int64 { return int64(f.payments[i].Amount) }
		l.subject = func(i int) string { return f.payments[i].String() }
		t.holds(l, m.payments)
	case charter.MaxTransaction:
		l.check, l.to = "max-transaction", m.to
		l.got = func(i int) int64 { return f.sum(f.txs[i].payments, m) }
		t.holds(l, m.txs)
	case charter.MaxBatch:
		l.check, l.to = "max-batch", m.to
		t.whole(l, f.sum(m.payments, m), "the batch")
	case charter.MaxWindow:
		l.check, l.to = "max-window", m.to
		// Stated times are within tolerance of true ones at either end of the
		// window: what truly left within it lies in the widened one (DESIGN 8).
		from := f.request.Time - int64(r.Window) - 2*tolerance
		got := plan.Outflow(from, f.request.Time)
		if !m.all {
			got = plan.OutflowTo(from, f.request.Time, r.To)
		}
		t.whole(l, got, charter.Period(int64(r.Window)))
	case charter.MaxFee:
		l.check, l.got = "max-fee", func(i int) int64 { return f.txs[i].fee }
		t.holds(l, m.txs)
	case charter.MaxFeeRate:
		l.check, l.got = "max-fee-rate", func(i int) int64 { return f.txs[i].rate }
		l.show = func(n int64) string { return fmt.Sprintf("%d sat/vB", n) }
		t.holds(l, m.txs)
	case charter.MaxFeePercent:
		l.check, l.got = "max-fee-percent", func(i int) int64 { return f.txs[i].percent }
		l.show = charter.Percent
		t.holds(l, m.txs)
	case charter.MaxLifetime:
		l.check, l.show = "max-lifetime", charter.Period
		t.whole(l, f.request.Expiry-f.request.Time, "the batch")
	default:
		t.line(Line{Rule: r.ID, Check: "unknown"})
	}
}

// whole checks a limit on the batch as one.
func (t *trace) whole(l limit, got int64, subject string) {
	l.got = func(int) int64 { return got }
	l.subject = func(int) string { return subject }
	t.holds(l, []int{0})
}

// sum adds up those of the payments that a rule is about.
func (f *facts) sum(payments []int, m matched) int64 {
	total := int64(0)
	for _, i := range payments {
		if m.payment[i] {
			total = add(total, int64(f.payments[i].Amount))
		}
	}
	return total
}

func money(sat int64) string { return batch.Amount(sat).String() }

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
