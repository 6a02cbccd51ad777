package diff

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// structure lists what was written otherwise, whether or not it matters: rules
// and addresses one by one, and of everything else the sentences in which the
// charters differ, which leave nothing out. The epoch always differs and is not
// mentioned.
func structure(prior, next charter.Charter) []string {
	a, b := prior.Document(), next.Document()
	if level := b; a.Epoch != b.Epoch || a.Prior != b.Prior {
		level.Epoch, level.Prior = a.Epoch, a.Prior
		if c, err := charter.New(level); err == nil {
			next = c
		}
	}
	told := make(map[string]bool) // by what is said of rules and addresses
	for _, d := range []charter.Document{a, b} {
		for _, r := range d.Rules {
			told[r.ID+": "+r.Sentence(d.ClockTolerance)] = true
		}
	}
	var out []string
	was, is := prior.Sentences(), next.Sentences()
	plain := func(s string) bool {
		listed := strings.Contains(s, `" is paid at `) && !strings.Contains(s, `" is paid at the first `) || strings.Contains(s, `" is paid once, `)
		return !told[s] && !listed
	}
	for _, s := range was {
		if plain(s) && !slices.Contains(is, s) {
			out = append(out, "no longer: "+s)
		}
	}
	for _, s := range is {
		if plain(s) && !slices.Contains(was, s) {
			out = append(out, "now: "+s)
		}
	}
	if len(out) == 0 && !slices.Equal(a.Retired, b.Retired) {
		out = append(out, "the retired instances are listed in another order.")
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
	places := func(what, name string, from, to [][]byte, d charter.Document) {
		for _, s := range to {
			if slices.ContainsFunc(from, func(t []byte) bool { return bytes.Equal(s, t) }) {
				continue
			}
			address, err := wallet.EncodeScript(d.Network, s)
			if err != nil {
				panic("diff: internal error: a charter's destination has no address")
			}
			out = append(out, fmt.Sprintf("%s of %q %s.", address, name, what))
		}
	}
	for _, c := range a.Counterparties {
		now, stays := in(b, c.Name)
		if !stays {
			out = append(out, fmt.Sprintf("counterparty %q is removed.", c.Name))
		}
		places("is a destination no more", c.Name, now.Destinations, c.Destinations, a)
		places("is a destination paid once no more", c.Name, now.Once, c.Once, a)
	}
	for _, c := range b.Counterparties {
		was, stayed := in(a, c.Name)
		if !stayed {
			out = append(out, fmt.Sprintf("counterparty %q is added.", c.Name))
		}
		places("is a new destination", c.Name, was.Destinations, c.Destinations, b)
		places("is a new destination that is paid once", c.Name, was.Once, c.Once, b)
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
		case !bytes.Equal(written(was), written(r)):
			out = append(out, fmt.Sprintf("rule %s is changed: %s It was: %s", r.ID, r.Sentence(b.ClockTolerance), was.Sentence(a.ClockTolerance)))
		}
	}
	return out
}

// written is a rule as a charter has it.
func written(r charter.Rule) []byte {
	b, err := wire.Marshal(r)
	if err != nil {
		panic("diff: internal error: a charter's rule has no encoding")
	}
	return b
}
