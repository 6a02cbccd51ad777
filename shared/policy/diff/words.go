package diff

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wallet"
)

func money(sat int64) string { return batch.Amount(sat).String() }

// maxLines bounds what a batch shows of its payments.
const maxLines = 12

// describe says what a batch is, a line each.
func describe(k policy.Case) []string {
	var out []string
	for i, tx := range k.Transactions {
		var paid []string
		for n := 0; n < len(tx.Payments); {
			p := k.Payments[tx.Payments[n]]
			same := 1
			for n+same < len(tx.Payments) && equal(p, k.Payments[tx.Payments[n+same]]) {
				same++
			}
			what := fmt.Sprintf("%s to %q", money(p.Amount), p.Counterparty)
			if same > 1 {
				what = fmt.Sprintf("%d times %s", same, what)
			}
			paid = append(paid, what)
			n += same
		}
		if len(paid) > maxLines {
			paid = append(paid[:maxLines], fmt.Sprintf("and %d more", len(paid)-maxLines))
		}
		line := fmt.Sprintf("transaction %d of %d pays %s, for a fee of %s", i+1, len(k.Transactions), strings.Join(paid, ", "), money(tx.Fee))
		if tx.Fee > 0 {
			line += fmt.Sprintf(" at a size of %d vB", tx.VSize)
		}
		if tx.Change >= 0 {
			line += fmt.Sprintf(", with change to index %d where none was used before", tx.Change)
		}
		out = append(out, line+".")
		if len(out) == maxLines && len(k.Transactions) > maxLines {
			out = append(out, fmt.Sprintf("%d more transactions pay alike.", len(k.Transactions)-maxLines))
			break
		}
	}
	for _, p := range k.Past {
		whom := fmt.Sprintf("%q", p.Counterparty)
		if p.Counterparty == "" {
			whom = "somebody whom neither charter names, or for fees"
		}
		out = append(out, fmt.Sprintf("before it, %s ago, %s had left to %s.", charter.Period(p.Age), money(p.Amount), whom))
	}
	if k.Lifetime > 1 {
		out = append(out, fmt.Sprintf("the request is valid for %s.", charter.Period(k.Lifetime)))
	}
	return out
}

func equal(a, b policy.CasePayment) bool {
	return a.Counterparty == b.Counterparty && a.Amount == b.Amount && bytes.Equal(a.Script, b.Script)
}

// structure lists what was written otherwise, whether or not it matters.
func structure(a, b charter.Document) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if a.Name != b.Name {
		say("the wallet is called %q instead of %q.", b.Name, a.Name)
	}
	if a.Threshold != b.Threshold || len(a.Stations) != len(b.Stations) {
		say("%d of %d stations sign together instead of %d of %d.", b.Threshold, len(b.Stations), a.Threshold, len(a.Stations))
	}
	for i := range max(len(a.Stations), len(b.Stations)) {
		switch {
		case i >= len(b.Stations):
			say("station %d, %q, is removed.", i, a.Stations[i].Name)
		case i >= len(a.Stations):
			say("station %d, %q, is added.", i, b.Stations[i].Name)
		case a.Stations[i] != b.Stations[i]:
			say("station %d, %q, has another name or key; it is %q now.", i, a.Stations[i].Name, b.Stations[i].Name)
		}
	}
	if a.Courier != b.Courier {
		say("the coordinator has another key.")
	}
	if a.Gap != b.Gap {
		say("change may go %d past the highest index used, instead of %d.", b.Gap, a.Gap)
	}
	if a.ClockTolerance != b.ClockTolerance {
		say("stated times may be %s away from a station's clock, instead of %s.", charter.Period(int64(b.ClockTolerance)), charter.Period(int64(a.ClockTolerance)))
	}
	out = append(out, counterparties(a, b)...)
	return append(out, rules(a, b)...)
}

func counterparties(a, b charter.Document) []string {
	var out []string
	in := func(d charter.Document, name string) (charter.Counterparty, bool) {
		i := slices.IndexFunc(d.Counterparties, func(c charter.Counterparty) bool { return c.Name == name })
		if i < 0 {
			return charter.Counterparty{}, false
		}
		return d.Counterparties[i], true
	}
	places := func(what string, from, to charter.Counterparty, d charter.Document) {
		for _, s := range to.Destinations {
			if slices.ContainsFunc(from.Destinations, func(t []byte) bool { return bytes.Equal(s, t) }) {
				continue
			}
			address, err := wallet.EncodeScript(d.Network, s)
			if err != nil {
				panic("diff: internal error: a charter's destination has no address")
			}
			out = append(out, fmt.Sprintf("%s of %q %s.", address, to.Name, what))
		}
	}
	for _, c := range a.Counterparties {
		now, stays := in(b, c.Name)
		if !stays {
			out = append(out, fmt.Sprintf("counterparty %q is removed.", c.Name))
		}
		places("is a destination no more", now, c, a)
	}
	for _, c := range b.Counterparties {
		was, stayed := in(a, c.Name)
		if !stayed {
			out = append(out, fmt.Sprintf("counterparty %q is added.", c.Name))
		}
		places("is a new destination", was, c, b)
	}
	return out
}

func rules(a, b charter.Document) []string {
	var out []string
	in := func(d charter.Document, id string) (charter.Rule, bool) {
		i := slices.IndexFunc(d.Rules, func(r charter.Rule) bool { return r.ID == id })
		if i < 0 {
			return charter.Rule{}, false
		}
		return d.Rules[i], true
	}
	for _, r := range a.Rules {
		if _, stays := in(b, r.ID); !stays {
			out = append(out, fmt.Sprintf("rule %s is removed: %s", r.ID, r.Sentence(a.ClockTolerance)))
		}
	}
	for _, r := range b.Rules {
		was, stayed := in(a, r.ID)
		switch {
		case !stayed:
			out = append(out, fmt.Sprintf("rule %s is added: %s", r.ID, r.Sentence(b.ClockTolerance)))
		case was.Effect != r.Effect || was.Check != r.Check || was.Max != r.Max || was.Window != r.Window || !slices.Equal(was.To, r.To):
			out = append(out, fmt.Sprintf("rule %s is changed: %s It was: %s", r.ID, r.Sentence(b.ClockTolerance), was.Sentence(a.ClockTolerance)))
		}
	}
	return out
}

// Sentences returns the whole comparison in words: first what is newly allowed,
// which is what can do harm.
func (d Diff) Sentences() []string {
	var out []string
	direction := func(examples []Example, undecided []string, some, none, whose string) {
		if len(examples) == 0 && len(undecided) == 0 {
			out = append(out, none)
		}
		for _, e := range examples {
			out = append(out, fmt.Sprintf("%s (%s), for example: %s", some, e.Rule, strings.Join(e.Batch, " ")))
			for _, r := range e.Refused {
				out = append(out, fmt.Sprintf("  %s refuses it: %s", whose, r))
			}
		}
		for _, r := range undecided {
			out = append(out, fmt.Sprintf("%s, perhaps: whether %s gives way could not be decided; take it as changed.", some, r))
		}
	}
	direction(d.Allowed, d.UndecidedAllowed, "NEWLY ALLOWED", "Nothing is newly allowed: every batch that the new charter allows, the old one allows.", "the old charter")
	direction(d.Refused, d.UndecidedRefused, "Newly refused", "Nothing is newly refused: every batch that the old charter allows, the new one allows.", "the new charter")
	for _, s := range d.Structure {
		out = append(out, "Written otherwise: "+s)
	}
	return out
}
