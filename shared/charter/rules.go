package charter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// reserved are the first parts of the ids of what every verdict checks besides
// the charter's rules.
var reserved = []string{"charter", "time", "wallet", "payout", "default", "approval", "replacement"}

// names are what rules and demands may speak of.
type names struct {
	counterparties, groups, roles, zones, currencies map[string]bool

	people       []Person
	stations     int
	sites, firms map[string]bool
	work         bool // the charter says which block headers prove something
}

// newNames collects them from a document whose people and stations are checked.
func newNames(d Document) names {
	n := names{
		counterparties: make(map[string]bool), groups: make(map[string]bool), roles: make(map[string]bool), zones: make(map[string]bool),
		currencies: make(map[string]bool), people: d.People, stations: len(d.Stations), sites: make(map[string]bool), firms: make(map[string]bool),
		work: d.Work != 0,
	}
	for _, c := range d.Counterparties {
		n.counterparties[c.Name] = true
		for _, g := range c.Groups {
			n.groups[g] = true
		}
	}
	for _, p := range d.People {
		for _, r := range p.Roles {
			n.roles[r] = true
		}
	}
	for _, z := range d.Zones {
		n.zones[z.Name] = true
	}
	for _, p := range d.Prices {
		n.currencies[p.Currency] = true
	}
	for _, s := range d.Stations {
		n.sites[s.Site], n.firms[s.Entity] = true, true
	}
	delete(n.sites, "")
	delete(n.firms, "")
	return n
}

// known accepts sorted names that are all in a set, none twice; missing says what
// it means that one is not.
func known(list []string, in map[string]bool, missing string) error {
	for i, name := range list {
		if !in[name] {
			return fmt.Errorf("%q %s", name, missing)
		}
		if i > 0 && list[i-1] == name {
			return fmt.Errorf("%q is named twice", name)
		}
	}
	return nil
}

func (d Document) checkRules(n names) error {
	if len(d.Rules) > MaxRules {
		return fmt.Errorf("%d rules: at most %d", len(d.Rules), MaxRules)
	}
	for i, r := range d.Rules {
		if err := checkRuleID(r.ID); err != nil {
			return err
		}
		if i > 0 && d.Rules[i-1].ID == r.ID {
			return fmt.Errorf("two rules have the id %q", r.ID)
		}
		if err := r.check(n); err != nil {
			return fmt.Errorf("rule %s: %w", r.ID, err)
		}
	}
	return nil
}

func (r Rule) check(n names) error {
	if err := known(r.To, n.counterparties, "is not a counterparty of this charter"); err != nil {
		return err
	}
	if err := known(r.Groups, n.groups, "is a group that no counterparty of this charter belongs to"); err != nil {
		return err
	}
	for i, s := range r.Scripts {
		if s < P2PKH || s > Data {
			return fmt.Errorf("script kind %d is none of P2PKH (1), P2SH (2), P2WPKH (3), P2WSH (4), P2TR (5), data (6)", s)
		}
		if i > 0 && r.Scripts[i-1] == s {
			return fmt.Errorf("script kind %s is named twice", s)
		}
	}
	if r.Younger > MaxPeriod {
		return fmt.Errorf("destinations younger than %d s: want at most %d", r.Younger, MaxPeriod)
	}
	switch r.Effect {
	case Allow, Deny:
		if r.Check != 0 || r.Max != 0 || r.Window != 0 {
			return errors.New("an allow or deny has no check and no limit; write a requirement beside it")
		}
		if r.Each != Together || r.Calendar != Rolling || r.Zone != "" || r.Currency != "" || r.Proven {
			return errors.New("an allow or deny measures nothing; write a requirement beside it")
		}
		if !r.Unless.none() {
			return errors.New("an allow or deny has no unless; write a requirement of at most 0 with it instead")
		}
		return nil
	case Require:
		return r.checkLimit(n)
	}
	return fmt.Errorf("effect %d is none of allow (1), require (2), deny (3)", r.Effect)
}

// Bounds of limits.
const (
	CountLimit         = 1_000_000               // payments, inputs
	ConfirmationsLimit = 1_000                   // blocks
	FiatLimit          = 100_000_000_000_000_000 // hundredths of a currency
)

// measure says what a check can be written with.
type measure struct {
	most    int64
	minimum bool // Max is the least
	zero    bool // 0 is a limit in itself
	window  bool // of time
	each    bool // can be counted apart
}

// measures has every check.
var measures = map[Check]measure{
	MaxOutput:        {most: MaxMoney},
	MaxTransaction:   {most: MaxMoney, each: true},
	MaxBatch:         {most: MaxMoney, each: true},
	MaxWindow:        {most: MaxMoney, each: true, window: true},
	MaxFee:           {most: MaxMoney},
	MaxFeeRate:       {most: FeeRateLimit},
	MaxFeePercent:    {most: MaxPercent},
	MaxLifetime:      {most: MaxPeriod},
	MaxCount:         {most: CountLimit, each: true},
	MaxCountWindow:   {most: CountLimit, each: true, window: true},
	MaxInputs:        {most: CountLimit},
	MaxChange:        {most: MaxMoney, zero: true},
	MinFeeRate:       {most: FeeRateLimit, minimum: true},
	MinOwnShare:      {most: MaxPercent, minimum: true},
	MinReserve:       {most: MaxMoney, minimum: true},
	MinConfirmations: {most: ConfirmationsLimit, minimum: true},
	MaxFiat:          {most: FiatLimit, each: true},
}

// Minimum reports whether the limit of a check is the least of what it measures.
func (c Check) Minimum() bool { return measures[c].minimum }

// OverTime reports whether a check counts what was released before, too.
func (c Check) OverTime() bool { return measures[c].window }

func (r Rule) checkLimit(n names) error {
	m, ok := measures[r.Check]
	if !ok {
		return fmt.Errorf("a requirement needs a check; %d is not one", r.Check)
	}
	switch {
	case r.Max < 0 || r.Max > m.most:
		return fmt.Errorf("limit of %d: want at most %d", r.Max, m.most)
	case r.Max == 0 && m.minimum:
		return errors.New("at least 0 always holds; want 1 or more")
	case r.Max == 0 && !m.zero && r.Unless.none():
		return fmt.Errorf("limit of 0: want 1 to %d (to forbid all, write a deny; to ask for people each time, add an unless)", m.most)
	}
	if err := r.checkTime(m, n); err != nil {
		return err
	}
	if err := r.checkEach(m, n); err != nil {
		return err
	}
	if r.Check == MaxFiat {
		if !n.currencies[r.Currency] {
			return fmt.Errorf("nobody may state a price in %q: name a price source of that currency", r.Currency)
		}
	} else if r.Currency != "" {
		return errors.New("only a limit in another currency names one")
	}
	if r.Proven && r.Check != MinConfirmations {
		return errors.New("only confirmations can be proven; a balance is always a claim")
	}
	if r.Proven && !n.work {
		return errors.New("proven confirmations need the charter to say how much work a block header must show")
	}
	if r.Unless.none() {
		return nil
	}
	if err := r.Unless.check(n); err != nil {
		return fmt.Errorf("unless: %w", err)
	}
	return nil
}

// checkTime settles windows, calendars and the age of a price.
func (r Rule) checkTime(m measure, n names) error {
	if r.Check == MaxFiat && (r.Window < 1 || r.Window > MaxPeriod) {
		return fmt.Errorf("a price of at most %d s: want 1 to %d", r.Window, MaxPeriod)
	}
	if !m.window {
		if r.Calendar != Rolling || r.Zone != "" || r.Window != 0 && r.Check != MaxFiat {
			return errors.New("only a limit over time has a window or a calendar")
		}
		return nil
	}
	if len(r.Scripts) != 0 || r.Younger != 0 || r.Unproven {
		return errors.New("a limit over time may name counterparties and groups only: what was released before tells no kind, age or proof")
	}
	switch r.Calendar {
	case Rolling:
		if r.Zone != "" {
			return errors.New("only a calendar window has a time zone")
		}
		if r.Window < 1 || r.Window > MaxPeriod {
			return fmt.Errorf("window of %d s: want 1 to %d", r.Window, MaxPeriod)
		}
		return nil
	case Day, Week, Month:
		if r.Window != 0 {
			return errors.New("a limit has either a window in seconds or a calendar")
		}
		if !n.zones[r.Zone] {
			return fmt.Errorf("time zone %q is not one of this charter", r.Zone)
		}
		return nil
	}
	return fmt.Errorf("calendar %d is none of day (1), week (2), month (3)", r.Calendar)
}

func (r Rule) checkEach(m measure, n names) error {
	switch {
	case r.Each > EachGroup:
		return fmt.Errorf("each %d is none of together (0), counterparty (1), group (2)", r.Each)
	case r.Each != Together && !m.each:
		return errors.New("only sums and counts of payments can be limited for each counterparty or group apart")
	case r.Each == EachGroup && len(r.To) != 0:
		return errors.New("it counts groups apart and names counterparties; name groups only, or count each counterparty")
	case r.Each == EachGroup && len(n.groups) == 0:
		return errors.New("it counts groups apart, and no counterparty belongs to one")
	}
	return nil
}

// checkRuleID accepts parts of small letters, digits and hyphens, joined by
// slashes, and not the ids of built-in checks.
func checkRuleID(id string) error {
	if id == "" || len(id) > MaxName {
		return fmt.Errorf("rule id %q: want 1 to %d characters", id, MaxName)
	}
	parts := strings.Split(id, "/")
	for _, part := range parts {
		bad := strings.IndexFunc(part, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
		})
		if part == "" || bad >= 0 {
			return fmt.Errorf("rule id %q: want small letters, digits and hyphens, in parts joined by /", id)
		}
	}
	if slices.Contains(reserved, parts[0]) {
		return fmt.Errorf("rule id %q: %s/ is for built-in checks", id, parts[0])
	}
	return nil
}

// String returns the usual name of a script kind.
func (k ScriptKind) String() string {
	switch k {
	case P2PKH:
		return "P2PKH"
	case P2SH:
		return "P2SH"
	case P2WPKH:
		return "P2WPKH"
	case P2WSH:
		return "P2WSH"
	case P2TR:
		return "P2TR"
	case Data:
		return "OP_RETURN"
	}
	return fmt.Sprintf("script(%d)", uint8(k))
}
