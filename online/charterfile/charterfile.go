package charterfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"

	"heliograph/shared/charter"
)

// MaxFile bounds a charter file, in bytes.
const MaxFile = 1 << 20

// maxProblems bounds what is told at once.
const maxProblems = 50

// maxDepth bounds how deep a file nests: rules, a rule, its unless, three
// levels of demands with a list and a mapping each, and the names in them.
const maxDepth = 16

// Problems is everything that is wrong with a charter file, a line each.
type Problems []string

func (p Problems) Error() string {
	return "the charter file has errors:\n  " + strings.Join(p, "\n  ")
}

// Parse reads a charter file. base gives what no file says: the stations with
// their keys, threshold, courier, network, epoch, prior charter, retired
// instances, lifted freezes, version and time of issue. Without stations the
// document is not whole, and no charter yet. An error is Problems.
func Parse(b []byte, base charter.Document) (charter.Document, error) {
	root, err := plain(b)
	if err != nil {
		return charter.Document{}, err
	}
	r := &reader{base: base}
	d := r.document(root)
	if len(r.problems) > 0 {
		return charter.Document{}, r.sorted()
	}
	if len(base.Stations) == 0 {
		return d, nil // whoever reads it before enrolment wants to know its own errors
	}
	if _, err := charter.New(d); err != nil {
		return charter.Document{}, Problems{r.locate(strings.TrimPrefix(err.Error(), "charter: new: "))}
	}
	return d, nil
}

// syntax places what the YAML parser says, which names a line at most, and says
// what is most likely wrong: a tab, or a bracket or quotation mark left open.
func syntax(b []byte, said string) string {
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	number, what := len(lines), said // what is still open at the end is said of no line
	if _, err := fmt.Sscanf(said, "line %d:", &number); err == nil {
		_, what, _ = strings.Cut(said, ": ")
	}
	at := func(line, column int, advice string) string {
		return fmt.Sprintf("line %d, column %d: this is not YAML (%s): %s", line, column, what, advice)
	}
	for i, line := range lines {
		if tab := strings.IndexByte(line, '\t'); tab >= 0 && strings.TrimSpace(line[:tab]) == "" {
			return at(i+1, tab+1, "indent with spaces, not with a tab")
		}
	}
	number = min(max(number, 1), len(lines))
	line := lines[number-1]
	column := len(line) - len(strings.TrimLeft(line, " ")) + 1
	return at(number, column, "close every bracket, brace and quotation mark on this line and the one before, put a space after each colon, and indent what belongs together alike")
}

// plain parses one YAML document and refuses what can make a file mean more than
// it shows.
func plain(b []byte) (*yaml.Node, error) {
	if len(b) > MaxFile {
		return nil, Problems{fmt.Sprintf("more than %d bytes", MaxFile)}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	var root, more yaml.Node
	if err := decoder.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, Problems{"the file is empty: heliograph charter template writes one to begin with"}
		}
		return nil, Problems{syntax(b, strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, Problems{"there is more than one document in the file"}
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		return nil, Problems{"the file is empty: heliograph charter template writes one to begin with"}
	}
	var problems Problems
	var walk func(n *yaml.Node, depth int)
	walk = func(n *yaml.Node, depth int) {
		switch {
		case len(problems) >= maxProblems:
			return
		case depth > maxDepth:
			problems = append(problems, place(n)+"this is nested too deep: nothing in a charter is")
			return
		case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.Tag == "!!merge":
			problems = append(problems, place(n)+"anchors, aliases, merges and tags are not allowed: write the value out")
			return
		}
		for _, child := range n.Content {
			walk(child, depth+1)
		}
	}
	walk(root.Content[0], 0)
	if len(problems) > 0 {
		return nil, problems
	}
	return root.Content[0], nil
}

// place is where a node begins.
func place(n *yaml.Node) string { return fmt.Sprintf("line %d, column %d: ", n.Line, n.Column) }

// reader turns a parsed file into a document and collects problems.
type reader struct {
	base     charter.Document
	problems []problem
	marks    []mark
	names    names
}

type problem struct {
	line, column int
	text         string
}

// mark says where a part of the charter is written, by what an error of
// shared/charter calls it.
type mark struct {
	text string
	node *yaml.Node
}

func (r *reader) problem(n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, problem{n.Line, n.Column, fmt.Sprintf(format, args...)})
}

func (r *reader) mark(n *yaml.Node, format string, args ...any) {
	r.marks = append(r.marks, mark{fmt.Sprintf(format, args...), n})
}

// sorted gives the problems in the order of the file.
func (r *reader) sorted() Problems {
	sort.SliceStable(r.problems, func(i, j int) bool {
		a, b := r.problems[i], r.problems[j]
		return a.line < b.line || a.line == b.line && a.column < b.column
	})
	var out Problems
	for _, p := range r.problems[:min(len(r.problems), maxProblems)] {
		out = append(out, fmt.Sprintf("line %d, column %d: %s", p.line, p.column, p.text))
	}
	if more := len(r.problems) - maxProblems; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}

// locate gives an error about the whole document the place of the part that it
// names first.
func (r *reader) locate(text string) string {
	first, length := len(text), 0
	where := ""
	for _, m := range r.marks {
		at := strings.Index(text, m.text)
		if at >= 0 && (at < first || at == first && len(m.text) > length) {
			first, length, where = at, len(m.text), place(m.node)
		}
	}
	return where + text
}

// names are what rules and demands may refer to.
type names struct {
	counterparties, groups, people, roles, currencies map[string]bool
	zones                                             map[string]string // rules of the zones that the file gives, by name
	used                                              map[string]bool   // zones that are named
}

// document reads the whole file. What is referred to is read before what refers
// to it, whatever the order in the file.
func (r *reader) document(n *yaml.Node) charter.Document {
	d := r.base
	f := r.mapping(n, "a charter", "name", "gap", "clock-tolerance", "stations", "people", "web", "counterparties", "prices", "zones", "rules", "governance", "work")
	d.Name, _ = f.text("name", "the wallet's name, for people")
	d.Gap = uint32(f.number("gap", "change addresses, such as 20", 1, charter.MaxGap, true))
	d.ClockTolerance = uint32(f.period("clock-tolerance", charter.MaxClockTolerance, true))
	d.Stations = r.stations(f.value["stations"])
	d.People = r.people(f.value["people"])
	d.Web = r.web(f.value["web"], d.People)
	d.Counterparties = r.counterparties(f.value["counterparties"])
	d.Prices = r.prices(f.value["prices"])
	r.gather(d)
	zones := r.zones(f.value["zones"])
	d.Rules = r.rules(f.value["rules"])
	d.Governance = r.governance(f.value["governance"])
	d.Zones = r.usedZones(zones)
	d.Work = r.work(f)
	return d
}

// gather collects what can be named from here on.
func (r *reader) gather(d charter.Document) {
	r.names.counterparties, r.names.groups = map[string]bool{}, map[string]bool{}
	r.names.people, r.names.roles = map[string]bool{}, map[string]bool{}
	r.names.currencies = map[string]bool{}
	for _, c := range d.Counterparties {
		r.names.counterparties[c.Name] = true
		for _, g := range c.Groups {
			r.names.groups[g] = true
		}
	}
	for _, p := range d.People {
		r.names.people[p.Name] = true
		for _, role := range p.Roles {
			r.names.roles[role] = true
		}
	}
	for _, p := range d.Prices {
		r.names.currencies[p.Currency] = true
	}
}
