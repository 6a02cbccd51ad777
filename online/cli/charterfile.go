package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// maxCharterFile bounds a charter file, in bytes.
const maxCharterFile = 1 << 20

// charterFile is a charter as a treasurer writes it. Stations, threshold,
// network and courier are not written: enrolment gives them.
type charterFile struct {
	Name           scalar             `yaml:"name"`
	Gap            scalar             `yaml:"gap"`
	ClockTolerance scalar             `yaml:"clock_tolerance"`
	Counterparties []counterpartyFile `yaml:"counterparties"`
	Rules          []ruleFile         `yaml:"rules"`
}

type counterpartyFile struct {
	Name      scalar   `yaml:"name"`
	Addresses []scalar `yaml:"addresses"`
}

type ruleFile struct {
	ID     scalar   `yaml:"id"`
	Effect scalar   `yaml:"effect"`
	To     []scalar `yaml:"to"`
	Check  scalar   `yaml:"check"`
	Max    scalar   `yaml:"max"`
	Window scalar   `yaml:"window"`
}

// scalar is one value as it was written, and where.
type scalar struct {
	text         string
	line, column int
}

func (s *scalar) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: a single value is expected here", n.Line)}}
	}
	s.text, s.line, s.column = n.Value, n.Line, n.Column
	return nil
}

// charterProblems is everything that is wrong with a charter file, a line each.
type charterProblems []string

func (p charterProblems) Error() string {
	return "the charter file has errors:\n  " + strings.Join(p, "\n  ")
}

// readCharter reads a charter file: one YAML document of known fields only,
// without anchors, aliases or tags, whose every number carries its unit.
func readCharter(b []byte, net wallet.Network) (charter.Document, error) {
	if len(b) > maxCharterFile {
		return charter.Document{}, charterProblems{fmt.Sprintf("more than %d bytes", maxCharterFile)}
	}
	if err := plainYAML(b); err != nil {
		return charter.Document{}, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	decoder.KnownFields(true)
	var f charterFile
	if err := decoder.Decode(&f); err != nil {
		return charter.Document{}, yamlProblems(err)
	}
	r := charterReader{net: net}
	d := r.document(f)
	if len(r.problems) > 0 {
		return charter.Document{}, r.problems
	}
	return d, nil
}

// plainYAML refuses what can make a file mean more than it shows.
func plainYAML(b []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	var root, more yaml.Node
	if err := decoder.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return charterProblems{"the file is empty: heliograph charter template writes one to begin with"}
		}
		return yamlProblems(err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return charterProblems{"there is more than one document in the file"}
	}
	var problems charterProblems
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.Tag == "!!merge" {
			problems = append(problems, fmt.Sprintf("line %d, column %d: anchors, aliases, merges and tags are not allowed: write the value out", n.Line, n.Column))
			return
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(&root)
	if len(problems) > 0 {
		return problems
	}
	return nil
}

var goType = regexp.MustCompile(` in type cli\.[a-zA-Z]+`)

// yamlProblems says the decoder's errors without Go's names.
func yamlProblems(err error) error {
	var many *yaml.TypeError
	if !errors.As(err, &many) {
		return charterProblems{strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	var out charterProblems
	for _, e := range many.Errors {
		e = goType.ReplaceAllString(e, "")
		e = strings.ReplaceAll(e, "not found", "is unknown")
		if line, rest, ok := strings.Cut(e, ": cannot unmarshal "); ok {
			e = line + ": the value does not fit here (" + strings.Split(rest, " into")[0] + ")"
		}
		out = append(out, e)
	}
	return out
}

// charterReader turns text into a document and collects problems.
type charterReader struct {
	net      wallet.Network
	problems charterProblems
}

func (r *charterReader) problem(s scalar, format string, args ...any) {
	where := ""
	if s.line > 0 {
		where = fmt.Sprintf("line %d, column %d: ", s.line, s.column)
	}
	r.problems = append(r.problems, where+fmt.Sprintf(format, args...))
}

func (r *charterReader) document(f charterFile) charter.Document {
	d := charter.Document{Name: f.Name.text}
	if f.Name.text == "" {
		r.problem(f.Name, "name is missing: the wallet's name, for people")
	}
	d.Gap = uint32(r.number(f.Gap, "gap", "change addresses, such as 20", charter.MaxGap))
	d.ClockTolerance = uint32(r.period(f.ClockTolerance, "clock_tolerance", charter.MaxClockTolerance))
	for _, c := range f.Counterparties {
		d.Counterparties = append(d.Counterparties, r.counterparty(c))
	}
	for _, rule := range f.Rules {
		d.Rules = append(d.Rules, r.rule(rule))
	}
	return d
}

func (r *charterReader) counterparty(f counterpartyFile) charter.Counterparty {
	c := charter.Counterparty{Name: f.Name.text}
	if f.Name.text == "" {
		r.problem(f.Name, "a counterparty's name is missing")
	}
	for _, a := range f.Addresses {
		script, err := wallet.DecodeAddress(r.net, a.text)
		if err != nil {
			r.problem(a, "address of %q: %v", c.Name, err)
			continue
		}
		c.Destinations = append(c.Destinations, script)
	}
	return c
}

// checks are the names of the checks, and how their limits are written.
var checks = map[string]struct {
	check charter.Check
	unit  string // after the number; empty for a period
	most  int64
}{
	"max_output":      {charter.MaxOutput, "sat", charter.MaxMoney},
	"max_transaction": {charter.MaxTransaction, "sat", charter.MaxMoney},
	"max_batch":       {charter.MaxBatch, "sat", charter.MaxMoney},
	"max_window":      {charter.MaxWindow, "sat", charter.MaxMoney},
	"max_fee":         {charter.MaxFee, "sat", charter.MaxMoney},
	"max_fee_rate":    {charter.MaxFeeRate, "sat/vB", charter.FeeRateLimit},
	"max_fee_percent": {charter.MaxFeePercent, "bp", charter.MaxPercent},
	"max_lifetime":    {charter.MaxLifetime, "", charter.MaxPeriod},
}

func (r *charterReader) rule(f ruleFile) charter.Rule {
	rule := charter.Rule{ID: f.ID.text}
	if f.ID.text == "" {
		r.problem(f.Effect, "a rule's id is missing: it is what a refusal cites, such as cap/day")
	}
	for _, to := range f.To {
		rule.To = append(rule.To, to.text)
	}
	switch f.Effect.text {
	case "allow", "deny":
		rule.Effect = charter.Allow
		if f.Effect.text == "deny" {
			rule.Effect = charter.Deny
		}
		for _, s := range []scalar{f.Check, f.Max, f.Window} {
			if s.text != "" {
				r.problem(s, "rule %s: an allow or deny has no limit; write a requirement beside it", rule.ID)
			}
		}
		return rule
	case "require":
		rule.Effect = charter.Require
	default:
		r.problem(f.Effect, "rule %s: effect %q is none of allow, require, deny", rule.ID, f.Effect.text)
		return rule
	}
	check, known := checks[f.Check.text]
	if !known {
		r.problem(f.Check, "rule %s: check %q is none of max_output, max_transaction, max_batch, max_window, max_fee, max_fee_rate, max_fee_percent, max_lifetime", rule.ID, f.Check.text)
		return rule
	}
	rule.Check = check.check
	if check.unit == "" {
		rule.Max = r.period(f.Max, "max of rule "+rule.ID, check.most)
	} else {
		rule.Max = r.quantity(f.Max, "max of rule "+rule.ID, check.unit, check.most)
	}
	switch {
	case check.check == charter.MaxWindow:
		rule.Window = uint32(r.period(f.Window, "window of rule "+rule.ID, charter.MaxPeriod))
	case f.Window.text != "":
		r.problem(f.Window, "rule %s: only max_window has a window", rule.ID)
	}
	return rule
}

// number reads a plain whole number from 1 to most.
func (r *charterReader) number(s scalar, what, example string, most int64) int64 {
	n, err := strconv.ParseInt(s.text, 10, 64)
	if err != nil || n < 1 || n > most || s.text != strconv.FormatInt(n, 10) {
		r.problem(s, "%s is %q: want a whole number of %s, at most %d", what, s.text, example, most)
		return 0
	}
	return n
}

// quantity reads a number and its unit, "5000000 sat".
func (r *charterReader) quantity(s scalar, what, unit string, most int64) int64 {
	digits, got, _ := strings.Cut(s.text, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || got != unit || n < 1 || n > most || digits != strconv.FormatInt(n, 10) {
		r.problem(s, "%s is %q: want a whole number and its unit, such as \"100 %s\", at most %d", what, s.text, unit, most)
		return 0
	}
	return n
}

// period reads a length of time in one unit, "24h", as seconds.
func (r *charterReader) period(s scalar, what string, most int64) int64 {
	seconds, err := parsePeriod(s.text)
	if err != nil || seconds > most {
		r.problem(s, "%s is %q: want a length of time such as 90s, 30m, 24h or 7d, at most %s", what, s.text, charter.Period(most))
		return 0
	}
	return seconds
}

var periodForm = regexp.MustCompile(`^([1-9][0-9]{0,7})([smhd])$`)

// parsePeriod reads "90s", "30m", "24h" or "7d" as seconds.
func parsePeriod(s string) (int64, error) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is no length of time: write 90s, 30m, 24h or 7d", s)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, err
	}
	return n * map[string]int64{"s": 1, "m": 60, "h": 3600, "d": 86_400}[m[2]], nil
}

// charterTemplate is a charter to begin with.
const charterTemplate = `# Rules by which the stations of this wallet sign. Stations, threshold and
# network are not written here: enrolment gives them. Nothing is paid unless a
# rule allows it, no rule denies it and every requirement holds; the order of
# the rules means nothing.

name: Example treasury
gap: 100               # change addresses beyond the highest one used; also the transactions of a batch
clock_tolerance: 2h    # between a request's stated time and a station's clock

# Who may be paid, and where.
counterparties:
  - name: Exchange
    addresses:
      - ADDRESS-OF-THE-EXCHANGE
  - name: Payroll
    addresses:
      - ADDRESS-OF-PAYROLL

# effect: allow, require or deny. "to" names counterparties; left out, it means
# all of them. A requirement has a check and a max with its unit:
#   max_output, max_transaction, max_batch, max_fee   such as  5000000 sat
#   max_window (with a window)                        such as  50000000 sat
#   max_fee_rate                                      such as  100 sat/vB
#   max_fee_percent (of the payments, basis points)   such as  100 bp
#   max_lifetime (of a request)                       such as  2h
rules:
  - id: allow/known
    effect: allow
  - id: cap/payment
    effect: require
    check: max_output
    max: 20000000 sat
  - id: cap/day
    effect: require
    check: max_window
    max: 100000000 sat
    window: 24h
  - id: cap/payroll
    effect: require
    to: [Payroll]
    check: max_batch
    max: 50000000 sat
  - id: fee/total
    effect: require
    check: max_fee
    max: 200000 sat
  - id: fee/rate
    effect: require
    check: max_fee_rate
    max: 200 sat/vB
  - id: fee/share
    effect: require
    check: max_fee_percent
    max: 200 bp
  - id: life/request
    effect: require
    check: max_lifetime
    max: 4h
`
