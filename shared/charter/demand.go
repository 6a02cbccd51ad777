package charter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limits of a demand. Three levels are a root, its parts and theirs.
const (
	MaxDemandLevels = 3
	MaxParts        = 8 // of an all or any
)

// none reports whether nothing is asked for.
func (d Demand) none() bool { return d.Kind == DemandNone && len(d.uses()) == 0 }

// uses names the fields that are set.
func (d Demand) uses() []string {
	var out []string
	for _, f := range []struct {
		set  bool
		name string
	}{
		{len(d.Of) != 0, "parts"}, {d.Count != 0, "count"}, {len(d.Roles)+len(d.People) != 0, "roles or people"}, {d.Offline, "offline"},
		{d.Initiator, "initiator"}, {d.Zone != "", "zone"}, {d.Days != 0, "days"}, {d.From != 0, "from"}, {d.Until != 0, "until"}, {d.Seconds != 0, "seconds"},
	} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

// grammar says what each kind of demand is called, and which fields it has.
var grammar = map[DemandKind]struct {
	name   string
	fields []string
}{
	DemandNone:      {"an empty demand", nil},
	DemandAll:       {"an all", []string{"parts"}},
	DemandAny:       {"an any", []string{"parts"}},
	DemandApprovals: {"a demand for approvals", []string{"count", "roles or people", "offline", "initiator"}},
	DemandInitiator: {"a demand on who drafts", []string{"roles or people"}},
	DemandHuman:     {"a demand for a human draft", nil},
	DemandMachine:   {"a demand for a machine's draft", nil},
	DemandStations:  {"a demand for stations", []string{"count"}},
	DemandSites:     {"a demand for sites", []string{"count"}},
	DemandEntities:  {"a demand for legal entities", []string{"count"}},
	DemandHours:     {"a demand for hours", []string{"zone", "days", "from", "until"}},
	DemandWaited:    {"a demand for a wait", []string{"seconds"}},
	DemandNotFrozen: {"a demand for a statement that nothing is frozen", []string{"roles or people", "seconds"}},
	DemandNoVeto:    {"a demand that nobody vetoes", []string{"roles or people"}},
}

// clause is a demand with what its check found out about it.
type clause struct {
	Demand
	of       []clause
	eligible map[string]bool // people who can do what it asks for
}

// check refuses a demand that is not well formed or that can never hold, given
// who and what there is.
func (d Demand) check(n names) error {
	_, err := d.resolve(n, 1)
	return err
}

func (d Demand) resolve(n names, level int) (clause, error) {
	g, ok := grammar[d.Kind]
	if !ok {
		return clause{}, fmt.Errorf("demand of kind %d is unknown", d.Kind)
	}
	if d.Kind == DemandNone {
		return clause{}, errors.New("a demand asks for nothing; leave it out, or say what it asks for")
	}
	for _, field := range d.uses() {
		if !slices.Contains(g.fields, field) {
			return clause{}, fmt.Errorf("%s has no %s; leave that out", g.name, field)
		}
	}
	c := clause{Demand: d}
	if d.Kind == DemandAll || d.Kind == DemandAny {
		if err := c.resolveParts(n, g.name, level); err != nil {
			return clause{}, err
		}
	}
	if slices.Contains(g.fields, "roles or people") {
		if err := c.resolvePeople(n); err != nil {
			return clause{}, err
		}
	}
	if err := c.checkLeaf(n); err != nil {
		return clause{}, err
	}
	return c, c.checkPossible(n)
}

func (c *clause) resolveParts(n names, name string, level int) error {
	if level == MaxDemandLevels {
		return fmt.Errorf("demands are nested deeper than %d levels", MaxDemandLevels)
	}
	if len(c.Of) < 1 || len(c.Of) > MaxParts {
		return fmt.Errorf("%s of %d parts: want 1 to %d", name, len(c.Of), MaxParts)
	}
	for i, part := range c.Of {
		resolved, err := part.resolve(n, level+1)
		if err != nil {
			return fmt.Errorf("part %d of %s: %w", i+1, strings.TrimPrefix(name, "an "), err)
		}
		c.of = append(c.of, resolved)
	}
	return nil
}

// resolvePeople finds who can do what a demand asks for: people with a credential,
// an offline one where the demand wants that; programs only as drafters.
func (c *clause) resolvePeople(n names) error {
	if err := known(c.Roles, n.roles, "is a role that nobody in this charter has"); err != nil {
		return err
	}
	all := make(map[string]bool, len(n.people))
	for _, p := range n.people {
		all[p.Name] = true
	}
	if err := known(c.People, all, "is not a person of this charter"); err != nil {
		return err
	}
	if len(c.Roles)+len(c.People) == 0 {
		return errors.New("it names nobody; name roles or people")
	}
	c.eligible = make(map[string]bool)
	for _, p := range n.people {
		usable := slices.ContainsFunc(p.Credentials, func(k Credential) bool { return !c.Offline || k.Kind == CredentialOffline })
		if usable && (!p.Machine || c.Kind == DemandInitiator) && c.Names(p) {
			c.eligible[p.Name] = true
		}
	}
	return nil
}

// Names reports whether a demand names a person, alone or by a role.
func (d Demand) Names(p Person) bool {
	return slices.Contains(d.People, p.Name) || slices.ContainsFunc(p.Roles, func(r string) bool { return slices.Contains(d.Roles, r) })
}

func (c *clause) checkLeaf(n names) error {
	if slices.Contains(grammar[c.Kind].fields, "count") && c.Count == 0 {
		return errors.New("a count of 0 always holds; want 1 or more")
	}
	switch c.Kind {
	case DemandApprovals:
		if len(c.eligible) < int(c.Count) {
			return fmt.Errorf("%s would have to approve: only %d can so that it counts", c.some(), len(c.eligible))
		}
	case DemandInitiator, DemandNotFrozen, DemandNoVeto:
		if len(c.eligible) == 0 {
			return fmt.Errorf("%s would have to sign: nobody of these has a credential for it", c.who("somebody"))
		}
	case DemandStations:
		if int(c.Count) > n.stations {
			return fmt.Errorf("%d stations: there are only %d", c.Count, n.stations)
		}
	case DemandSites:
		if int(c.Count) > len(n.sites) {
			return fmt.Errorf("%d sites: the stations stand at only %d that are named", c.Count, len(n.sites))
		}
	case DemandEntities:
		if int(c.Count) > len(n.firms) {
			return fmt.Errorf("%d legal entities: the stations are run by only %d that are named", c.Count, len(n.firms))
		}
	case DemandHours:
		return c.checkHours(n)
	}
	if slices.Contains(grammar[c.Kind].fields, "seconds") && (c.Seconds < 1 || c.Seconds > MaxPeriod) {
		return fmt.Errorf("%d s: want 1 to %d", c.Seconds, MaxPeriod)
	}
	return nil
}

func (c *clause) checkHours(n names) error {
	if !n.zones[c.Zone] {
		return fmt.Errorf("time zone %q is not one of this charter", c.Zone)
	}
	if c.Days < 1 || c.Days > 0x7f {
		return fmt.Errorf("days %#x: want at least one of Monday (1) to Sunday (64)", c.Days)
	}
	if c.From >= c.Until || c.Until > 24*60 {
		return fmt.Errorf("hours from minute %d until minute %d: want from before until, and until at most 1440 (for hours over midnight, write an any of two)", c.From, c.Until)
	}
	return nil
}

// checkPossible refuses parts that exclude each other by who drafted.
func (c *clause) checkPossible(n names) error {
	if c.possible(nil) {
		return nil
	}
	for i, p := range n.people {
		if len(p.Credentials) != 0 && c.possible(&n.people[i]) {
			return nil
		}
	}
	if c.Kind == DemandApprovals {
		return fmt.Errorf("%s would have to approve: only %d can so that it counts, and whoever drafts does not count", c.some(), len(c.eligible))
	}
	return fmt.Errorf("this can never hold, whoever drafts: %s", c.Sentence())
}

// possible reports whether a demand can hold when the draft is signed by
// initiator, or by nobody: everything else that it asks for may come. Approvals,
// statements and stations only ever help, so the one choice is who drafts.
func (c *clause) possible(initiator *Person) bool {
	switch c.Kind {
	case DemandAll:
		return !slices.ContainsFunc(c.of, func(part clause) bool { return !part.possible(initiator) })
	case DemandAny:
		return slices.ContainsFunc(c.of, func(part clause) bool { return part.possible(initiator) })
	case DemandApprovals:
		if c.Initiator {
			return true
		}
		if initiator == nil {
			return false
		}
		others := len(c.eligible)
		if c.eligible[initiator.Name] {
			others--
		}
		return others >= int(c.Count)
	case DemandInitiator:
		return initiator != nil && c.eligible[initiator.Name]
	case DemandHuman:
		return initiator != nil && !initiator.Machine
	case DemandMachine:
		return initiator != nil && initiator.Machine
	case DemandWaited:
		return initiator != nil
	}
	return true
}
