package charterfile

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"heliograph/shared/charter"
)

// measure is a word that a requirement limits, and how its limit is written.
type measure struct {
	word  string
	check charter.Check
	unit  string // after the number; empty for a period
	most  int64
}

// measures are the checks of shared/charter, in the order in which errors list
// them. max-fiat is read apart: its unit is a currency.
var measures = []measure{
	{"max-output", charter.MaxOutput, "sat", charter.MaxMoney},
	{"max-transaction", charter.MaxTransaction, "sat", charter.MaxMoney},
	{"max-batch", charter.MaxBatch, "sat", charter.MaxMoney},
	{"max-window", charter.MaxWindow, "sat", charter.MaxMoney},
	{"max-count", charter.MaxCount, "payments", charter.CountLimit},
	{"max-count-window", charter.MaxCountWindow, "payments", charter.CountLimit},
	{"max-fiat", charter.MaxFiat, "", charter.FiatLimit},
	{"max-fee", charter.MaxFee, "sat", charter.MaxMoney},
	{"max-fee-rate", charter.MaxFeeRate, "sat/vB", charter.FeeRateLimit},
	{"max-fee-percent", charter.MaxFeePercent, "bp", charter.MaxPercent},
	{"max-inputs", charter.MaxInputs, "inputs", charter.CountLimit},
	{"max-change", charter.MaxChange, "sat", charter.MaxMoney},
	{"max-lifetime", charter.MaxLifetime, "", charter.MaxPeriod},
	{"min-fee-rate", charter.MinFeeRate, "sat/vB", charter.FeeRateLimit},
	{"min-own-share", charter.MinOwnShare, "bp", charter.MaxPercent},
	{"min-reserve", charter.MinReserve, "sat", charter.MaxMoney},
	{"min-confirmations", charter.MinConfirmations, "blocks", charter.ConfirmationsLimit},
}

func measureWords() []string {
	var out []string
	for _, m := range measures {
		out = append(out, m.word)
	}
	return out
}

// windowed are the measures over time.
var windowed = []string{"max-window", "max-count-window"}

var calendars = []string{"", "day", "week", "month"} // by charter.Calendar

var scriptWords = []string{"", "p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "data"} // by charter.ScriptKind

// everybody is how a rule says that it names nobody.
const everybody = "everybody"

func (r *reader) rules(n *yaml.Node) []charter.Rule {
	var out []charter.Rule
	for _, item := range r.list(n, "rules, each beginning with - id: ID") {
		out = append(out, r.rule(item))
	}
	return out
}

func (r *reader) rule(n *yaml.Node) charter.Rule {
	f := r.mapping(n, "a rule", "id", "allow", "deny", "require", "to", "scripts", "younger", "unproven", "unless")
	var rule charter.Rule
	rule.ID, _ = f.text("id", "what a refusal cites, such as cap/day")
	r.mark(n, "rule %s:", rule.ID)
	r.mark(n, "rule id %q", rule.ID)
	r.mark(n, "id %q", rule.ID)
	rule.Scripts = f.scripts("scripts")
	rule.Younger = uint32(f.period("younger", charter.MaxPeriod, false))
	rule.Unproven = f.flag("unproven")
	word, value := f.pick([]string{"allow", "deny", "require"}, "such as allow: everybody")
	switch word {
	case "allow":
		rule.Effect = charter.Allow
	case "deny":
		rule.Effect = charter.Deny
	case "require":
		rule.Effect = charter.Require
		if f.value["to"] != nil {
			rule.To, rule.Groups = r.payees(f.value["to"])
		}
		r.requirement(&rule, value, f.value["unless"])
		return rule
	default:
		return rule
	}
	rule.To, rule.Groups = r.payees(value)
	for _, key := range []string{"to", "unless"} {
		if at := f.value[key]; at != nil {
			r.problem(at, "an %s says whom it is for itself and has no exception: write %s: [NAMES], and a requirement beside it", word, word)
		}
	}
	return rule
}

// payees reads whom a rule is for: everybody, or names and groups.
func (r *reader) payees(n *yaml.Node) (to, groups []string) {
	const example = "everybody, or a list such as [Exchange, group: vendors]"
	if n.Kind == yaml.ScalarNode && n.Value == everybody {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.problem(n, "names are expected here: %s", example)
		return nil, nil
	}
	return r.namesIn(n.Content, "group", example, "counterparty", r.names.counterparties, "group", r.names.groups)
}

// namesIn reads a list of names, and of other names behind a word.
func (r *reader) namesIn(items []*yaml.Node, word, example, what string, known map[string]bool, other string, others map[string]bool) (plain, marked []string) {
	for _, item := range items {
		if item.Kind == yaml.ScalarNode {
			name := r.scalar(item, example)
			if name != "" && !known[name] && others[name] {
				r.problem(item, "%q is no %s but a %s: write %s: %s", name, what, other, word, name)
			} else {
				r.known(item, name, what, known)
			}
			plain = append(plain, name)
			continue
		}
		if item.Kind != yaml.MappingNode || len(item.Content) != 2 || item.Content[0].Value != word {
			r.problem(item, "a name is expected here: %s", example)
			continue
		}
		name := r.scalar(item.Content[1], example)
		r.known(item.Content[1], name, other, others)
		marked = append(marked, name)
	}
	return plain, marked
}

func (f fields) scripts(key string) []charter.ScriptKind {
	var out []charter.ScriptKind
	all := scriptWords[1:]
	for _, n := range f.r.list(f.value[key], "kinds of scripts, such as [p2tr, p2wpkh]") {
		text := f.r.scalar(n, "a kind of script, such as p2tr")
		at := slices.Index(all, text)
		if at < 0 {
			if text != "" {
				f.r.problem(n, "%q is no kind of script: %s", shown(n), didYouMean(text, all))
			}
			continue
		}
		out = append(out, charter.ScriptKind(at+1))
	}
	return out
}

// requirement reads what a requirement demands: one measure with its limit, or a
// demand on every payment.
func (r *reader) requirement(rule *charter.Rule, n, unless *yaml.Node) {
	words := slices.Concat(measureWords(), demandWords())
	f := r.mapping(n, "a requirement", slices.Concat(words, []string{"window", "each", "per", "price-age", "proven"})...)
	word, value := f.pick(words, "such as max-batch: 5000000 sat")
	if value == nil {
		return
	}
	if slices.Contains(demandWords(), word) {
		r.always(rule, f, word, unless)
		return
	}
	if unless != nil {
		rule.Unless = r.demand(unless, 1)
	}
	for _, m := range measures {
		if m.word == word {
			r.limit(rule, m, value, unless != nil)
		}
	}
	r.over(rule, f, word)
	for key, measure := range map[string]string{"price-age": "max-fiat", "proven": "min-confirmations"} {
		if at := f.value[key]; at != nil && word != measure {
			r.problem(at, "only %s has %s", measure, key)
		}
	}
	switch word {
	case "max-fiat":
		rule.Window = uint32(f.period("price-age", charter.MaxPeriod, true))
	case "min-confirmations":
		rule.Proven = f.flag("proven")
	}
	if at := f.value["per"]; at != nil {
		switch at.Value {
		case "counterparty":
			rule.Each = charter.EachCounterparty
		case "group":
			rule.Each = charter.EachGroup
		default:
			r.problem(at, "per is %q: write counterparty or group", shown(at))
		}
	}
}

// always reads a demand that every matching payment needs: at most none of them
// unless it holds.
func (r *reader) always(rule *charter.Rule, f fields, word string, unless *yaml.Node) {
	rule.Check, rule.Max = charter.MaxCount, 0
	if unless != nil {
		r.problem(unless, "%s is demanded of every payment: write a measure (max-batch: 5000000 sat) for it to be an exception", word)
	}
	for _, key := range f.order {
		if key != word {
			r.problem(f.value[key], "%s is demanded of every payment: it has no %s", word, key)
			return
		}
	}
	rule.Unless = r.demand(f.node, 1)
}

func (r *reader) limit(rule *charter.Rule, m measure, n *yaml.Node, excepted bool) {
	what := m.word + " of rule " + rule.ID
	before := len(r.problems)
	rule.Check = m.check
	switch {
	case m.check == charter.MaxFiat:
		rule.Max, rule.Currency = r.fiat(n, what, m.most)
	case m.unit == "" && n.Value != "0s":
		rule.Max = r.seconds(n, what, m.most)
	case m.unit == "":
	default:
		rule.Max = r.quantity(n, what, m.unit, m.most)
	}
	if len(r.problems) == before && rule.Max == 0 && !excepted && m.check != charter.MaxChange {
		r.problem(n, "a limit of 0 with no exception forbids all or nothing: write a deny, or say unless")
	}
}

// over reads over which time a sum or a number is taken.
func (r *reader) over(rule *charter.Rule, f fields, word string) {
	window, each := f.value["window"], f.value["each"]
	if !slices.Contains(windowed, word) {
		for _, at := range []*yaml.Node{window, each} {
			if at != nil {
				r.problem(at, "only max-window and max-count-window are over time")
			}
		}
		return
	}
	switch {
	case window == nil && each == nil:
		f.missing("window", "such as window: 24h, or each: day in Europe/Zurich")
	case window != nil && each != nil:
		r.problem(each, "window and each exclude each other: keep one")
	case window != nil:
		rule.Window = uint32(f.period("window", charter.MaxPeriod, true))
	default:
		unit, zone, in := strings.Cut(r.scalar(each, "day in Europe/Zurich"), " in ")
		at := slices.Index(calendars, unit)
		if at < 1 || !in {
			r.problem(each, "each is %q: write day, week or month, and where, such as day in Europe/Zurich", shown(each))
			return
		}
		rule.Calendar, rule.Zone = charter.Calendar(at), r.useZone(each, zone)
	}
}
