package policy

import (
	"fmt"
	"slices"
	"strings"

	"heliograph/shared/charter"
)

// matched is what a rule applies to.
type matched struct {
	all      bool            // the rule names nobody
	among    map[string]bool // counterparties that it names, by themselves or by group
	to       string          // whom and where, for people; empty if the rule does not say
	payments []int
	txs      []int // with at least one of the payments
}

// match finds the payments that a rule is about. An allow that names nobody
// means every counterparty of the charter, so that it never reaches beyond them;
// a requirement or deny that names nobody is about payments to anybody at all.
func (t *trace) match(r charter.Rule) matched {
	m := matched{all: len(r.To)+len(r.Groups) == 0, to: describe(r)}
	if !m.all {
		m.among = make(map[string]bool, len(r.To))
		for _, name := range r.To {
			m.among[name] = true
		}
		for _, group := range r.Groups {
			for _, name := range t.law.members[group] {
				m.among[name] = true
			}
		}
	}
	hit := make([]bool, len(t.f.txs))
	for i := range t.f.payments {
		p := &t.f.payments[i]
		if !t.named(r, m, p.to) || !applies(r, p) {
			continue
		}
		m.payments = append(m.payments, i)
		hit[p.tx] = true
	}
	for i, ok := range hit {
		if ok {
			m.txs = append(m.txs, i)
		}
	}
	return m
}

func (t *trace) named(r charter.Rule, m matched, name string) bool {
	if !m.all {
		return m.among[name]
	}
	return r.Effect != charter.Allow || t.law.listed(name)
}

// applies reports whether a payment's destination is one that the rule is about.
func applies(r charter.Rule, p *payment) bool {
	return (len(r.Scripts) == 0 || slices.Contains(r.Scripts, p.kind)) &&
		(r.Younger == 0 || p.age < int64(r.Younger)) &&
		(!r.Unproven || !p.proven)
}

// part is what a limit counts apart: payments to one counterparty or one group,
// or all that the rule is about together.
type part struct {
	to       string   // whom, for people
	names    []string // counterparties, for memory; nil for everybody
	payments []int
}

// parts splits what a rule is about as it says. Only parts that the batch pays
// are there: nothing else can change by it.
func (t *trace) parts(r charter.Rule, m matched) []part {
	switch r.Each {
	case charter.EachCounterparty:
		return t.apart(m, func(p *payment) []string { return []string{p.to} }, func(name string) part {
			return part{to: fmt.Sprintf("%q", name), names: []string{name}}
		})
	case charter.EachGroup:
		return t.apart(m, func(p *payment) []string { return t.law.groups[p.to] }, func(group string) part {
			if len(r.Groups) != 0 && !slices.Contains(r.Groups, group) {
				return part{}
			}
			return part{to: fmt.Sprintf("group %q", group), names: t.law.members[group]}
		})
	}
	whole := part{to: m.to, payments: m.payments}
	if !m.all {
		for name := range m.among {
			whole.names = append(whole.names, name)
		}
		slices.Sort(whole.names)
	}
	return []part{whole}
}

// apart sorts the payments by key, keys ascending. A part without names is none.
func (t *trace) apart(m matched, keys func(*payment) []string, of func(key string) part) []part {
	by := map[string][]int{}
	for _, i := range m.payments {
		for _, key := range keys(&t.f.payments[i]) {
			by[key] = append(by[key], i)
		}
	}
	var out []part
	for key, payments := range by {
		if p := of(key); p.names != nil {
			p.payments = payments
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b part) int { return strings.Compare(a.to, b.to) })
	return out
}

// describe says whom and which destinations a rule is about.
func describe(r charter.Rule) string {
	var who []string
	for _, name := range r.To {
		who = append(who, fmt.Sprintf("%q", name))
	}
	for _, group := range r.Groups {
		who = append(who, fmt.Sprintf("group %q", group))
	}
	out := list(who, "or")
	var that []string
	if r.Younger != 0 {
		that = append(that, "is listed for less than "+charter.Period(int64(r.Younger)))
	}
	if r.Unproven {
		that = append(that, "has no proof of its owner")
	}
	if len(r.Scripts)+len(that) == 0 {
		return out
	}
	if out == "" {
		out = "anybody"
	}
	var kinds []string
	for _, k := range r.Scripts {
		kinds = append(kinds, k.String())
	}
	out += " at a destination"
	if len(kinds) != 0 {
		out += " of kind " + list(kinds, "or")
	}
	if len(that) != 0 {
		out += " that " + list(that, "and")
	}
	return out
}

// maxNamed bounds the names of one list in a sentence.
const maxNamed = 8

// list joins words with commas and a last word; a long list ends with how many
// more there are.
func list(words []string, last string) string {
	if n := len(words); n > maxNamed {
		words = append(slices.Clone(words[:maxNamed-1]), fmt.Sprintf("%d more", n-maxNamed+1))
	}
	if len(words) <= 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
