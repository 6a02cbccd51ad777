package policy

import "fmt"

// maxRefused bounds the lines that one rule adds for what it refuses: nobody
// reads more, and a hostile batch must not fill memory.
const maxRefused = 16

// trace collects the lines of a verdict.
type trace struct {
	law   *law
	f     *facts
	lines []Line
}

func (t *trace) line(l Line) { t.lines = append(t.lines, l) }

// limit is a number of measures and the bound on each, which itself is allowed.
type limit struct {
	rule, check string
	bound       int64
	least       bool               // the bound is a minimum
	number      int                // of measures
	got         func(i int) int64  // measure i
	subject     func(i int) string // what it was taken of, for people
	to          func(i int) string // whom it is about; nil or empty for everybody
	show        func(int64) string // the number with its unit
	note        func(i int) string // what to add to measure i, nil for nothing
	missing     string             // why there is nothing to measure, which refuses
}

// over reports whether a measure breaks the limit.
func (l limit) over(got int64) bool {
	return l.missing != "" || l.least && got < l.bound || !l.least && got > l.bound
}

// worst returns the place of the measure that comes closest to breaking the
// limit, or breaks it most, and whether all hold. There is at least one measure.
func (l limit) worst() (place int, held bool) {
	worst := l.got(0)
	for i := 1; i < l.number; i++ {
		if got := l.got(i); l.least && got < worst || !l.least && got > worst {
			place, worst = i, got
		}
	}
	return place, !l.over(worst)
}

// holds adds one line for each measure that breaks the limit, or if none does,
// one line for the worst.
func (t *trace) holds(l limit) {
	if place, held := l.worst(); held {
		t.line(l.line(place))
		return
	}
	refused := 0
	for i := range l.number {
		if !l.over(l.got(i)) {
			continue
		}
		if refused++; refused <= maxRefused {
			t.line(l.line(i))
		}
	}
	t.more(l.rule, refused)
}

func (l limit) line(i int) Line {
	got := l.got(i)
	out := Line{Rule: l.rule, Check: l.check, Subject: l.subject(i), Got: l.show(got), Wanted: l.show(l.bound), Pass: !l.over(got)}
	if l.to != nil && l.to(i) != "" {
		out.Got += " to " + l.to(i)
	}
	if l.missing != "" {
		out.Got, out.Note = "", l.missing
	}
	if l.note != nil && !out.Pass {
		out.Note = l.note(i)
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
