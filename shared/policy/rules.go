package policy

import (
	"fmt"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
)

// rules checks the charter's rules. Each rule adds its own lines and reads
// nobody else's, except default/deny, which asks whether any allow matches: so
// the result does not depend on the order of the rules.
func (t *trace) rules() {
	allowed := make([]bool, len(t.f.payments))
	for _, r := range t.law.d.Rules {
		m := t.match(r)
		switch r.Effect {
		case charter.Allow:
			t.allow(r, m, allowed)
		case charter.Deny:
			t.deny(r, m)
		case charter.Require:
			t.require(r, m)
		default:
			t.line(Line{Rule: r.ID, Check: "unknown"})
		}
	}
	t.defaultDeny(allowed)
}

func (t *trace) allow(r charter.Rule, m matched, allowed []bool) {
	for _, i := range m.payments {
		allowed[i] = true
	}
	t.line(Line{Rule: r.ID, Check: "allow", Subject: count(int64(len(m.payments)), "payment"), Got: money(t.f.sum(m.payments)), Pass: true})
}

func (t *trace) deny(r charter.Rule, m matched) {
	whom := m.to
	if whom == "" {
		whom = "anybody"
	}
	t.refuse(r.ID, "deny", m.payments, func(p payment) (got, wanted string) {
		return money(p.amount) + noted(aged(r, p)), whom
	}, Line{Wanted: whom})
}

// aged says how long a destination is listed, where the rule asks for it.
func aged(r charter.Rule, p payment) string {
	if r.Younger == 0 {
		return ""
	}
	return "its destination is listed for " + charter.Period(max(p.age, 0))
}

func (t *trace) defaultDeny(allowed []bool) {
	var left []int
	for i, ok := range allowed {
		if !ok {
			left = append(left, i)
		}
	}
	t.refuse(DefaultDeny, "default", left, func(p payment) (got, wanted string) {
		return money(p.amount), ""
	}, Line{})
}

// require measures what a rule is about against its limit, and where that does
// not hold, asks for what the rule accepts instead.
func (t *trace) require(r charter.Rule, m matched) {
	if len(m.payments) == 0 {
		t.line(Line{Rule: r.ID, Check: "not-concerned", Wanted: m.to, Pass: true})
		return
	}
	l, ok := t.measure(r, m)
	if !ok {
		t.line(Line{Rule: r.ID, Check: "unknown"})
		return
	}
	if l.number == 0 {
		t.line(Line{Rule: r.ID, Check: "not-concerned", Wanted: "the groups that it counts", Pass: true})
		return
	}
	worst, held := l.worst()
	if held || r.Unless.Kind == charter.DemandNone {
		t.holds(l)
		return
	}
	line := l.line(worst)
	line.Always = r.Max == 0 && r.Check != charter.MaxChange
	line.Pass, line.Need = t.demand(r.Unless)
	t.line(line)
}

func money(sat int64) string { return batch.Amount(sat).String() }

// count writes a number of things.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
