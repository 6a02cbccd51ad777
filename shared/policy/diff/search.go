package diff

import (
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// search looks for batches that one charter, strict, refuses and another, loose,
// allows.
type search struct {
	strict, loose *side
	people        people
	payees        []string // counterparties of both, and one that neither knows
	vouchers      set      // people whose word that nothing is frozen is asked for
	space         space
	budget        *budget
	cells         *cells
	same          bool // people and stations mean the same to both

	kinds      []kind
	classes    []int           // by kind
	counted    [][]int         // kinds by limit of the strict charter that counts them
	everything []int           // kinds at the age at which the loose charter asks least of them
	listed     map[string]bool // scripts that either charter lists
	settled    map[[2]int]settled

	cell  *cell   // the situation that is looked at
	in    []bool  // the loose charter's limits that hold it to their number then
	terms []terms // of each kind, then
	quote quote   // the price that is not the lowest

	found     []Example
	undecided []string
}

func newSearch(strict, loose *side, b *compiler, in space) *search {
	s := &search{
		strict: strict, loose: loose, people: b.people, payees: append(slices.Clone(b.payees), stranger), space: in,
		budget: &budget{work: maxWork}, settled: make(map[[2]int]settled),
	}
	s.same = strict.parts.alike(loose.parts)
	s.cells = &cells{
		people: b.people, strict: strict.parts, loose: loose.parts, demands: loose.demands, least: int(loose.doc.Threshold),
		momentsOfHours: b.ofHours, moments: b.moments, budget: s.budget,
	}
	everybody := first(len(b.people.names))
	s.cells.full = situation{web: everybody, offline: everybody, said: make([]age, len(b.people.names)), quorum: first(len(loose.doc.Stations))}
	for _, side := range []*side{strict, loose} {
		for _, d := range side.demands {
			for _, l := range d.leaves(nil) {
				switch l.kind {
				case charter.DemandWaited:
					s.cells.full.waited = max(s.cells.full.waited, l.seconds)
				case charter.DemandNotFrozen:
					s.vouchers = s.vouchers.or(l.set)
				}
			}
		}
	}
	s.gather()
	return s
}

// settled is what a search for situations came to.
type settled struct {
	cells    []cell
	complete bool
}

// earliest is the first stated time that is looked at, the start of 2026.
const earliest = 1_767_225_600

// run asks, of every check of the strict charter, whether the loose one implies
// it. What an earlier example breaks already is not asked again.
func (s *search) run() {
	s.barred()
	s.gap()
	asked := make(map[[2]int]bool) // of limits that count counterparties apart, by rule and class
	for i, l := range s.strict.limits {
		if len(s.counted[i]) == 0 || s.shown(l.ID) || slices.Contains(s.undecided, l.ID) {
			continue
		}
		if l.Each == charter.EachCounterparty {
			class := [2]int{l.first, s.classes[s.counted[i][0]]}
			if asked[class] {
				continue
			}
			asked[class] = true
		}
		s.requirement(i, l)
	}
}

// each calls ask in the situations in which demand d of the strict charter fails
// (-1: in all), until one finds an example, and keeps what it came to.
func (s *search) each(rule string, d, window int, ask func() answer) {
	found, known := s.settled[[2]int{d, window}]
	if !known {
		var fails *demand
		if d >= 0 {
			fails = s.strict.demands[d]
		}
		var windows []int
		if window >= 0 {
			for _, l := range s.loose.limits {
				if l.window >= 0 && !slices.Contains(windows, l.window) {
					windows = append(windows, l.window)
				}
			}
		}
		found.cells, found.complete = s.cells.of(fails, window, windows)
		s.settled[[2]int{d, window}] = found
	}
	worst := no
	if !found.complete {
		worst = undecided
	}
	for i := range found.cells {
		if s.budget.spend(len(s.kinds) + len(s.loose.limits)) {
			worst = undecided
			break
		}
		s.enter(&found.cells[i])
		a := ask()
		if a == yes {
			return
		}
		worst = max(worst, a)
	}
	if worst != no {
		s.undecided = append(s.undecided, rule)
	}
}

// example keeps a case, if it is one: the charters themselves are asked. It is
// cited under the check that was searched for.
func (s *search) example(rule string, k policy.Case) bool {
	s.budget.spend(100 + len(s.strict.doc.Rules) + len(s.loose.doc.Rules))
	if !s.space.holds(k) {
		return false
	}
	refused, allowed := s.strict.trial.Judge(k), s.loose.trial.Judge(k)
	if refused.Allowed || !allowed.Allowed || !slices.ContainsFunc(refused.Refusals(), func(l policy.Line) bool { return l.Rule == rule }) {
		return false
	}
	k = s.plain(rule, k, len(refused.Refusals()))
	refused = s.strict.trial.Judge(k)
	e := Example{Rule: rule, Case: k, Batch: s.asks().describe(k)}
	for _, l := range refused.Refusals() {
		e.Refused = append(e.Refused, l.Sentence())
		e.rules = append(e.rules, l.Rule)
	}
	s.found = append(s.found, e)
	return true
}

func (s *search) shown(rule string) bool {
	return slices.ContainsFunc(s.found, func(e Example) bool { return slices.Contains(e.rules, rule) })
}

// barred asks for a payment that the strict charter makes in no amount, or that
// it makes once.
func (s *search) barred() {
	for i, k := range s.kinds {
		var rules []string
		for n, r := range s.strict.rules {
			if r.Effect == charter.Deny && k.barred[n] {
				rules = append(rules, r.ID)
			}
		}
		if !s.strict.owns(k.name, k.destination) {
			rules = append(rules, policy.PayoutTo)
		}
		if !slices.ContainsFunc(s.strict.rules, func(r reader) bool {
			return r.Effect == charter.Allow && s.strict.names(r, k.name) && s.strict.about(&r, k.destination)
		}) {
			rules = append(rules, policy.DefaultDeny)
		}
		once := s.strict.charter.Once(k.script) && !k.once
		if once {
			rules = append(rules, policy.PayoutOnce)
		}
		for _, rule := range rules {
			if s.shown(rule) || slices.Contains(s.undecided, rule) {
				continue
			}
			s.each(rule, -1, -1, func() answer {
				return s.single(rule, i, wanted{paidBefore: rule == policy.PayoutOnce})
			})
		}
	}
}

// gap asks for change at an index that the strict charter does not reach.
func (s *search) gap() {
	if s.loose.doc.Gap <= s.strict.doc.Gap {
		return
	}
	s.each(policy.ChangeGap, -1, -1, func() answer {
		return s.any(policy.ChangeGap, s.everything, wanted{changed: true, index: int64(s.strict.doc.Gap)})
	})
}

// oldest is, of every place among some kinds, the one that is listed for the
// longest: rules that look at an age ask no more of an older destination than of
// a younger one.
func (s *search) oldest(kinds []int) []int {
	at := make(map[int]int) // by place: place in out
	var out []int
	for _, i := range kinds {
		n, known := at[s.kinds[i].place]
		switch {
		case !known:
			at[s.kinds[i].place] = len(out)
			out = append(out, i)
		case s.kinds[out[n]].age < s.kinds[i].age:
			out[n] = i
		}
	}
	return out
}

// any asks for a batch that pays one of some kinds.
func (s *search) any(rule string, kinds []int, w wanted) answer {
	worst := no
	for _, i := range s.distinct(kinds) {
		a := s.single(rule, i, w)
		if a == yes {
			return yes
		}
		worst = max(worst, a)
	}
	return worst
}

// requirement asks whether the loose charter implies limit i of the strict one.
func (s *search) requirement(i int, l limit) {
	about := s.oldest(s.counted[i])
	if s.implied(i, l) {
		return
	}
	s.each(l.ID, l.demand, l.window, func() answer { return s.ask(l, about) })
}

// ask looks for a batch that is above (below) a limit, in one situation.
func (s *search) ask(l limit, about []int) answer {
	switch l.Check {
	case charter.MaxOutput:
		return s.any(l.ID, about, wanted{amount: l.Max + 1})
	case charter.MaxTransaction, charter.MaxBatch, charter.MaxCount:
		return s.sum(l, about)
	case charter.MaxWindow, charter.MaxCountWindow:
		return s.past(l, about)
	case charter.MaxFee:
		return s.any(l.ID, about, wanted{fee: l.Max + 1})
	case charter.MaxFeeRate:
		return s.any(l.ID, about, wanted{rate: l.Max + 1})
	case charter.MaxFeePercent:
		return s.percent(l, about)
	case charter.MaxLifetime:
		return s.any(l.ID, about, wanted{lifetime: l.Max + 1})
	case charter.MaxInputs:
		return s.any(l.ID, about, wanted{inputs: l.Max + 1})
	case charter.MaxChange:
		return s.any(l.ID, about, wanted{changed: true, change: l.Max + 1})
	case charter.MinFeeRate:
		return s.any(l.ID, s.asked(about, func(t terms) bool { return t.least < l.Max }), wanted{})
	case charter.MinOwnShare:
		return s.or(s.share(l, about), func() answer { return s.estranged(l, about) })
	case charter.MinReserve:
		a := s.any(l.ID, s.asked(about, func(t terms) bool { return t.reserve < l.Max }), wanted{bare: true})
		return s.or(a, func() answer { return s.estranged(l, about) })
	case charter.MinConfirmations:
		return s.any(l.ID, s.asked(about, func(t terms) bool { return t.proven < l.Max && (l.Proven || t.claimed < l.Max) }), wanted{bare: true})
	case charter.MaxFiat:
		return s.fiat(l, about)
	}
	return undecided
}

// or asks again where an example was not found.
func (s *search) or(a answer, again func() answer) answer {
	if a == yes {
		return yes
	}
	return max(a, again())
}

// keeps reports whether a limit looks at what stays in the wallet.
func (l limit) keeps() bool { return l.Check == charter.MinOwnShare || l.Check == charter.MinReserve }

// strange is a kind of payments to the wallet itself that the strict charter
// does not know as its own, or -1: there they leave it.
func (s *search) strange() int {
	return slices.IndexFunc(s.kinds, func(k kind) bool { return k.strange })
}

// estranged asks for a batch that pays such a kind besides.
func (s *search) estranged(l limit, about []int) answer {
	j := s.strange()
	if j < 0 {
		return no
	}
	_, most, _, ok := s.lone(j)
	if !ok {
		return undecided
	}
	most = min(most, s.space.money/2)
	for _, i := range about {
		if least, _, _, ok := s.lone(i); ok {
			d := draft{payments: []pay{{i, least}, {j, most}}, index: -1}
			if s.example(l.ID, s.assemble([]draft{d}, true)) {
				return yes
			}
		}
	}
	return undecided
}

// asked are the kinds of which the loose charter asks what is wanted.
func (s *search) asked(kinds []int, wanted func(terms) bool) []int {
	return slices.DeleteFunc(slices.Clone(kinds), func(i int) bool { return !wanted(s.terms[i]) })
}

// implied reports whether one limit of the loose charter alone is as strict in
// every situation: what did not change need not be searched for.
func (s *search) implied(i int, l limit) bool {
	if l.keeps() && s.strange() >= 0 {
		return false
	}
	for _, at := range s.kinds[s.counted[i][0]].loose {
		if !s.implies(s.loose.limits[at], l) {
			continue
		}
		if !slices.ContainsFunc(s.counted[i], func(k int) bool { return !counts(s.kinds[k].loose, at) }) {
			return true
		}
	}
	return false
}

// implies reports whether a limit of the loose charter is as strict about what
// it counts.
func (s *search) implies(m, l limit) bool {
	if m.Check != l.Check || m.Proven != l.Proven || m.Currency != l.Currency {
		return false
	}
	if l.Check.Minimum() && m.Max < l.Max || !l.Check.Minimum() && m.Max > l.Max {
		return false
	}
	if m.demand >= 0 && (l.demand < 0 || !s.same || s.loose.demands[m.demand].text() != s.strict.demands[l.demand].text()) {
		return false
	}
	if l.Check == charter.MaxFiat && (m.Window != l.Window || !s.sameSources(l.Currency)) {
		return false
	}
	return !l.Check.OverTime() || s.within(l, m)
}

// within reports whether a limit over time of the strict charter counts nothing
// that one of the loose charter does not.
func (s *search) within(l, m limit) bool {
	if l.window != m.window || l.fees() && !m.fees() {
		return false
	}
	for _, name := range s.payees {
		if s.strict.counts(l, name) && !s.loose.counts(m, name) {
			return false
		}
	}
	return true
}

// sameSources reports whether both charters take prices in a currency from the
// same sources.
func (s *search) sameSources(currency string) bool {
	of := func(d charter.Document) (out []charter.PriceSource) {
		return slices.DeleteFunc(slices.Clone(d.Prices), func(p charter.PriceSource) bool { return p.Currency != currency })
	}
	return slices.Equal(of(s.strict.doc), of(s.loose.doc))
}
