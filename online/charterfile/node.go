package charterfile

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// fields are the values of a mapping, by key.
type fields struct {
	r     *reader
	node  *yaml.Node
	what  string // "a rule"
	value map[string]*yaml.Node
	order []string
	wrong bool // some key is none of those it may have
}

// mapping reads a mapping that may have the given keys, each once.
func (r *reader) mapping(n *yaml.Node, what string, keys ...string) fields {
	f := fields{r: r, node: n, what: what, value: make(map[string]*yaml.Node)}
	if n.Kind != yaml.MappingNode {
		r.problem(n, "%s is written here as keys and values, such as %s: ...", what, keys[0])
		return f
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.problem(key, "%s has keys that are single words: one of %s", what, strings.Join(keys, ", "))
			continue
		}
		if !contains(keys, key.Value) {
			f.wrong = true
			r.problem(key, "%s has no %q: %s", what, key.Value, didYouMean(key.Value, keys))
			continue
		}
		if f.value[key.Value] != nil {
			r.problem(key, "%s is written twice: keep one", key.Value)
			continue
		}
		f.value[key.Value] = value
		f.order = append(f.order, key.Value)
	}
	return f
}

// text reads a single value that must be there; example says what it is.
func (f fields) text(key, example string) (string, *yaml.Node) {
	n := f.value[key]
	if n == nil {
		f.missing(key, example)
		return "", f.node
	}
	return f.r.scalar(n, key+": "+example), n
}

func (f fields) missing(key, example string) {
	if f.node.Kind == yaml.MappingNode {
		f.r.problem(f.node, "%s is missing in %s: %s", key, f.what, example)
	}
}

// scalar reads one value; want says what it is, for a problem.
func (r *reader) scalar(n *yaml.Node, want string) string {
	if n.Kind != yaml.ScalarNode {
		r.problem(n, "a single value is expected here: %s", want)
		return ""
	}
	if n.Value == "" || n.Tag == "!!null" {
		r.problem(n, "nothing is written here: %s", want)
		return ""
	}
	return n.Value
}

// list reads a list of at least one item; nil is none.
func (r *reader) list(n *yaml.Node, example string) []*yaml.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		return nil
	case n.Kind != yaml.SequenceNode:
		r.problem(n, "a list is expected here: %s", example)
		return nil
	}
	return n.Content
}

// words reads a list of names.
func (f fields) words(key, example string) []string {
	var out []string
	for _, n := range f.r.list(f.value[key], example) {
		if s := f.r.scalar(n, example); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// flag reads "true"; a flag that does not hold is left out.
func (f fields) flag(key string) bool {
	n := f.value[key]
	if n == nil {
		return false
	}
	if n.Kind != yaml.ScalarNode || n.Value != "true" {
		f.r.problem(n, "%s is true or left out", key)
		return false
	}
	return true
}

// number reads a plain whole number.
func (f fields) number(key, example string, least, most int64, must bool) int64 {
	n := f.value[key]
	if n == nil {
		if must {
			f.missing(key, "a whole number of "+example)
		}
		return 0
	}
	return f.r.integer(n, n.Value, key, "a whole number of "+example, least, most)
}

// integer reads digits in canonical form.
func (r *reader) integer(n *yaml.Node, digits, what, want string, least, most int64) int64 {
	v, err := strconv.ParseInt(digits, 10, 64)
	if n.Kind != yaml.ScalarNode || err != nil || v < least || v > most || digits != strconv.FormatInt(v, 10) {
		r.problem(n, "%s is %q: want %s, %d to %d", what, shown(n), want, least, most)
		return 0
	}
	return v
}

// period reads a length of time as seconds.
func (f fields) period(key string, most int64, must bool) int64 {
	n := f.value[key]
	if n == nil {
		if must {
			f.missing(key, "a length of time such as 90s, 30m, 24h or 7d")
		}
		return 0
	}
	return f.r.seconds(n, key, most)
}

func (r *reader) seconds(n *yaml.Node, what string, most int64) int64 {
	s, err := Period(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || s > most {
		r.problem(n, "%s is %q: want a length of time such as 90s, 30m, 24h or 7d, at most %s", what, shown(n), writePeriod(most))
		return 0
	}
	return s
}

// shown is a value as an error repeats it.
func shown(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return "a list or mapping"
	}
	const most = 80
	if len(n.Value) > most {
		return n.Value[:most] + "..."
	}
	return n.Value
}

// pick finds the one key of a group that is written.
func (f fields) pick(keys []string, example string) (string, *yaml.Node) {
	found := ""
	for _, key := range f.order {
		if !contains(keys, key) {
			continue
		}
		if found != "" {
			f.r.problem(f.value[key], "%s has %s already: write %s apart", f.what, found, key)
			continue
		}
		found = key
	}
	if found == "" {
		if f.node.Kind == yaml.MappingNode && !f.wrong {
			f.r.problem(f.node, "%s has none of %s: %s", f.what, strings.Join(keys, ", "), example)
		}
		return "", nil
	}
	return found, f.value[found]
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

// known complains about a name that is not in a set.
func (r *reader) known(n *yaml.Node, name, what string, set map[string]bool) {
	if name == "" || set[name] {
		return
	}
	var all []string
	for k := range set {
		all = append(all, k)
	}
	r.problem(n, "%q is no %s of this charter: %s", shown(n), what, fmt.Sprint(didYouMean(name, all)))
}
