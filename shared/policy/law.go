package policy

import (
	"slices"

	"heliograph/shared/charter"
)

// law is a charter as the rules' code looks things up in it.
type law struct {
	c         charter.Charter
	d         charter.Document
	id        [32]byte
	own       string                    // the counterparty that is this wallet, or empty
	groups    map[string][]string       // by counterparty
	members   map[string][]string       // by group, ascending
	people    map[string]charter.Person // by name
	zones     map[string]string         // rules by name
	tolerance int64                     // seconds
	ages      bool                      // a rule asks how long a destination is listed
}

func newLaw(c charter.Charter) *law { return newLawOf(c, c.Document()) }

func newLawOf(c charter.Charter, d charter.Document) *law {
	l := &law{
		c: c, d: d, id: c.ID(), groups: make(map[string][]string, len(d.Counterparties)), members: make(map[string][]string),
		people: make(map[string]charter.Person, len(d.People)), zones: make(map[string]string, len(d.Zones)), tolerance: int64(d.ClockTolerance),
	}
	for _, p := range d.Counterparties {
		l.groups[p.Name] = p.Groups
		for _, g := range p.Groups {
			l.members[g] = append(l.members[g], p.Name)
		}
		if p.Own {
			l.own = p.Name
		}
	}
	for _, p := range d.People {
		l.people[p.Name] = p
	}
	for _, z := range d.Zones {
		l.zones[z.Name] = z.Rule
	}
	l.ages = slices.ContainsFunc(d.Rules, func(r charter.Rule) bool { return r.Younger != 0 })
	return l
}

// listed reports whether the charter knows a counterparty of that name.
func (l *law) listed(counterparty string) bool {
	_, ok := l.groups[counterparty]
	return ok
}
