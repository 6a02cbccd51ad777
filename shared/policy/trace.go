package policy

import "fmt"

// maxRefused bounds the lines that one rule adds for what it refuses: nobody
// reads more, and a hostile batch must not fill memory.
const maxRefused = 16

// trace collects the lines of a verdict.
type trace struct {
	f     *facts
	lines []Line
}

func (t *trace) line(l Line) { t.lines = append(t.lines, l) }

// limit is a measure and the most it may be, both included in the rule's unit.
type limit struct {
	rule, check string
	most        int64
	got         func(i int) int64  // what is measured of subject i
	subject     func(i int) string // who subject i is, for people
	show        func(int64) string // the number with its unit
	to          string             // counterparties, if only payments to some count
}

// holds adds one line for each subject that is above the limit, or if none is,
// one line for the highest. There is at least one subject.
func (t *trace) holds(l limit, subjects []int) {
	refused, highest, top := 0, subjects[0], l.got(subjects[0])
	for _, i := range subjects {
		got := l.got(i)
		if got > top {
			highest, top = i, got
		}
		if got <= l.most {
			continue
		}
		if refused++; refused <= maxRefused {
			t.line(l.line(i))
		}
	}
	if refused == 0 {
		t.line(l.line(highest))
	}
	t.more(l.rule, refused)
}

func (l limit) line(i int) Line {
	got := l.got(i)
	out := Line{Rule: l.rule, Check: l.check, Subject: l.subject(i), Got: l.show(got), Wanted: l.show(l.most), Pass: got <= l.most}
	if l.to != "" {
		out.Got += " to " + l.to
	}
	return out
}

// refuse adds one line for each of the payments, or if there are none, the line
// that says so.
func (t *trace) refuse(rule, check string, payments []int, explain func(payment) (got, wanted string), none Line) {
	for n, i := range payments {
		if n == maxRefused {
			break
		}
		p := t.f.payments[i]
		got, wanted := explain(p)
		t.line(Line{Rule: rule, Check: check, Subject: p.String(), Got: got, Wanted: wanted})
	}
	if len(payments) == 0 {
		none.Rule, none.Check, none.Pass = rule, check, true
		t.line(none)
	}
	t.more(rule, len(payments))
}

func (t *trace) more(rule string, refused int) {
	if refused > maxRefused {
		t.line(Line{Rule: rule, Check: "more", Subject: fmt.Sprint(refused - maxRefused)})
	}
}

// without returns the payments that are not good.
func (t *trace) without(good func(payment) bool) []int {
	var out []int
	for i, p := range t.f.payments {
		if !good(p) {
			out = append(out, i)
		}
	}
	return out
}
