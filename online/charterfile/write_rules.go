package charterfile

import (
	"fmt"
	"strings"

	"heliograph/shared/charter"
)

func (w *writer) rule(r charter.Rule) {
	w.line("  - id: %s", quote(r.ID))
	switch r.Effect {
	case charter.Allow:
		w.line("    allow: %s", payees(r))
	case charter.Deny:
		w.line("    deny: %s", payees(r))
	case charter.Require:
		if len(r.To)+len(r.Groups) > 0 {
			w.line("    to: %s", payees(r))
		}
	}
	if len(r.Scripts) > 0 {
		var words []string
		for _, s := range r.Scripts {
			words = append(words, scriptWords[s])
		}
		w.line("    scripts: %s", flow(words))
	}
	if r.Younger > 0 {
		w.line("    younger: %s", writePeriod(int64(r.Younger)))
	}
	if r.Unproven {
		w.line("    unproven: true")
	}
	if r.Effect == charter.Require {
		w.requirement(r)
	}
}

func payees(r charter.Rule) string {
	return who(r.To, "group", r.Groups, everybody)
}

// who writes names, and others behind a word; nobody if there are none.
func who(plain []string, word string, marked []string, nobody string) string {
	var all []string
	for _, s := range plain {
		all = append(all, quote(s))
	}
	for _, s := range marked {
		all = append(all, word+": "+quote(s))
	}
	if len(all) == 0 {
		return nobody
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (w *writer) requirement(r charter.Rule) {
	if r.Check == charter.MaxCount && r.Max == 0 && r.Each == charter.Together && r.Unless.Kind != charter.DemandNone {
		w.line("    require: %s", demand(r.Unless))
		return
	}
	parts := []string{limit(r)}
	switch {
	case r.Calendar != charter.Rolling:
		parts = append(parts, "each: "+quote(calendars[r.Calendar]+" in "+r.Zone))
	case r.Check == charter.MaxFiat:
		parts = append(parts, "price-age: "+writePeriod(int64(r.Window)))
	case r.Window > 0:
		parts = append(parts, "window: "+writePeriod(int64(r.Window)))
	}
	if r.Proven {
		parts = append(parts, "proven: true")
	}
	switch r.Each {
	case charter.EachCounterparty:
		parts = append(parts, "per: counterparty")
	case charter.EachGroup:
		parts = append(parts, "per: group")
	}
	w.line("    require: {%s}", strings.Join(parts, ", "))
	if r.Unless.Kind != charter.DemandNone {
		w.line("    unless: %s", demand(r.Unless))
	}
}

func limit(r charter.Rule) string {
	for _, m := range measures {
		if m.check != r.Check {
			continue
		}
		switch {
		case m.check == charter.MaxFiat:
			return m.word + ": " + writeFiat(r.Max, r.Currency)
		case m.unit == "" && r.Max > 0:
			return m.word + ": " + writePeriod(r.Max)
		case m.unit == "":
			return m.word + ": 0s"
		}
		return fmt.Sprintf("%s: %d %s", m.word, r.Max, m.unit)
	}
	panic(fmt.Sprintf("charterfile: internal error: a valid charter has check %d", r.Check))
}

func demand(d charter.Demand) string {
	for _, k := range demandKinds {
		if k.kind == d.Kind {
			return "{" + k.word + ": " + demandValue(d) + "}"
		}
	}
	panic(fmt.Sprintf("charterfile: internal error: a valid charter has a demand of kind %d", d.Kind))
}

func demandValue(d charter.Demand) string {
	people := who(d.Roles, "person", d.People, "[]")
	switch d.Kind {
	case charter.DemandAll, charter.DemandAny:
		var of []string
		for _, c := range d.Of {
			of = append(of, demand(c))
		}
		return "[" + strings.Join(of, ", ") + "]"
	case charter.DemandApprovals:
		s := fmt.Sprintf("{count: %d, of: %s", d.Count, people)
		if d.Offline {
			s += ", offline: true"
		}
		if d.Initiator {
			s += ", or-initiator: true"
		}
		return s + "}"
	case charter.DemandInitiator:
		return people
	case charter.DemandHuman, charter.DemandMachine:
		return "true"
	case charter.DemandHours:
		return fmt.Sprintf("{days: %s, from: %s, until: %s, zone: %s}", quoteList(writeDays(d.Days)), writeClock(d.From), writeClock(d.Until), quote(d.Zone))
	case charter.DemandWaited:
		return writePeriod(int64(d.Seconds))
	case charter.DemandNotFrozen:
		return fmt.Sprintf("{of: %s, within: %s}", people, writePeriod(int64(d.Seconds)))
	case charter.DemandNoVeto:
		return fmt.Sprintf("{of: %s}", people)
	}
	return fmt.Sprint(d.Count) // stations, sites, entities
}

// quoteList quotes what would end at its comma.
func quoteList(s string) string {
	if strings.Contains(s, ",") {
		return `"` + s + `"`
	}
	return s
}

func (w *writer) governance() {
	g := w.doc.Governance
	var lines []string
	add := func(key, value string) { lines = append(lines, "  "+key+": "+value) }
	for _, part := range []struct {
		key string
		d   charter.Demand
	}{{"tighten", g.Tighten}, {"loosen", g.Loosen}, {"thaw", g.Thaw}} {
		if part.d.Kind != charter.DemandNone {
			add(part.key, demand(part.d))
		}
	}
	if g.Delay > 0 {
		add("delay", writePeriod(int64(g.Delay)))
	}
	if len(g.Officers) > 0 {
		add("officers", flow(g.Officers))
	}
	if g.MaxAge > 0 {
		add("max-age", writePeriod(int64(g.MaxAge)))
	}
	if len(g.Versions) > 0 {
		add("versions", flow(g.Versions))
	}
	if len(lines) > 0 {
		w.line("\ngovernance:\n%s", strings.Join(lines, "\n"))
	}
}
