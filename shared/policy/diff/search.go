package diff

import (
	"slices"
	"strconv"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// side is one charter, ready to be asked.
type side struct {
	charter charter.Charter
	doc     charter.Document
	trial   policy.Trial
	to      []map[string]bool // by rule: the counterparties it names
}

func newSide(c charter.Charter) *side {
	s := &side{charter: c, doc: c.Document(), trial: policy.NewTrial(c)}
	for _, r := range s.doc.Rules {
		names := make(map[string]bool, len(r.To))
		for _, n := range r.To {
			names[n] = true
		}
		s.to = append(s.to, names)
	}
	return s
}

// about reports whether rule i is about payments to name.
func (s *side) about(i int, name string) bool { return len(s.to[i]) == 0 || s.to[i][name] }

// window is the number of seconds that a limit over time counts (DESIGN 8).
func (s *side) window(r charter.Rule) int64 { return int64(r.Window) + 2*int64(s.doc.ClockTolerance) }

// kind is a cell of payments that no rule of either charter tells apart but by
// the amount.
type kind struct {
	name   string
	script []byte
	least  int64 // sat, what nodes relay
	most   int64 // sat, by the limits on one payment
}

// search looks for batches that one charter, strict, refuses and another, loose,
// allows.
type search struct {
	strict, loose *side
	space         space
	budget        *budget
	kinds         []kind

	found     []Example
	undecided []string
}

// run asks, of every check of the strict charter, whether the loose one implies
// it. What an earlier example breaks already is not asked again.
func (s *search) run() {
	s.gather()
	s.payments()
	s.gap()
	for i, r := range s.strict.doc.Rules {
		if r.Effect == charter.Require && !s.shown(r.ID) {
			s.requirement(i, r)
		}
	}
}

// gather sorts every destination that the loose charter pays into kinds. Those
// that the strict one pays too come first, so that an example breaks no more
// than it must.
func (s *search) gather() {
	owed := make(map[string]string)
	for _, c := range s.strict.doc.Counterparties {
		for _, script := range c.Destinations {
			owed[string(script)] = c.Name
		}
	}
	known := make(map[string]bool)
	for _, c := range s.strict.doc.Counterparties {
		known[c.Name] = true
	}
	var both, one []kind
	seen := make(map[string]bool)
	for _, c := range s.loose.doc.Counterparties {
		if !payable(s.loose, c.Name, true) {
			continue
		}
		var bits []byte
		for _, side := range []*side{s.strict, s.loose} {
			for i := range side.doc.Rules {
				bits = append(bits, '0')
				if side.about(i, c.Name) {
					bits[len(bits)-1] = '1'
				}
			}
		}
		paid := payable(s.strict, c.Name, known[c.Name])
		for _, script := range c.Destinations {
			k := kind{name: c.Name, script: script, least: s.space.least(script), most: s.space.money}
			own := owed[string(script)] == c.Name
			key := string(bits) + " " + strconv.FormatBool(own) + strconv.FormatBool(known[c.Name]) + " " + strconv.FormatInt(k.least, 10) + " " + strconv.Itoa(len(script))
			if seen[key] {
				continue
			}
			seen[key] = true
			single := k.most
			for i, r := range s.loose.doc.Rules {
				if r.Effect != charter.Require || !s.loose.about(i, c.Name) {
					continue
				}
				switch r.Check {
				case charter.MaxOutput:
					k.most = min(k.most, r.Max)
				case charter.MaxTransaction, charter.MaxBatch, charter.MaxWindow:
					single = min(single, r.Max)
				}
			}
			switch {
			case min(single, k.most) < k.least: // never paid
			case paid && own:
				both = append(both, k)
			default:
				one = append(one, k)
			}
		}
	}
	s.kinds = append(both, one...)
}

// payable reports whether an allow and no deny is about payments to name. An
// allow that names nobody is about the counterparties of its charter.
func payable(s *side, name string, known bool) bool {
	allowed := false
	for i, r := range s.doc.Rules {
		switch r.Effect {
		case charter.Allow:
			allowed = allowed || s.to[i][name] || len(r.To) == 0 && known
		case charter.Deny:
			if s.about(i, name) {
				return false
			}
		}
	}
	return allowed
}

// example keeps a case, if it is one: the charters themselves are asked. It is
// cited under the check that was searched for.
func (s *search) example(rule string, k policy.Case) bool {
	refused, allowed := s.strict.trial.Judge(k), s.loose.trial.Judge(k)
	if refused.Allowed || !allowed.Allowed || !slices.ContainsFunc(refused.Refusals(), func(l policy.Line) bool { return l.Rule == rule }) {
		return false
	}
	e := Example{Rule: rule, Case: k, Batch: describe(k)}
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

// settle keeps what a search came to.
func (s *search) settle(rule string, k policy.Case, a answer) {
	if a == yes && s.example(rule, k) {
		return
	}
	if a != no {
		s.undecided = append(s.undecided, rule)
	}
}

// payments asks for a payment that the strict charter makes in no amount.
func (s *search) payments() {
	for _, k := range s.kinds {
		one := s.one(k, k.least)
		for _, l := range s.strict.trial.Judge(one).Refusals() {
			barred := l.Rule == policy.PayoutTo || l.Rule == policy.DefaultDeny || l.Check == "deny"
			if barred && !s.shown(l.Rule) {
				s.settle(l.Rule, one, yes)
			}
		}
	}
}

// one is the smallest batch that pays a kind: no fee, no change, one second.
func (s *search) one(k kind, amount int64) policy.Case {
	size, _ := s.space.size([][]byte{k.script}, 0)
	return policy.Case{
		Payments:     []policy.CasePayment{{Counterparty: k.name, Script: k.script, Amount: amount}},
		Transactions: []policy.CaseTransaction{{Payments: []int{0}, VSize: size, Change: -1}},
		Lifetime:     1,
	}
}

func (s *search) gap() {
	if s.loose.doc.Gap <= s.strict.doc.Gap || len(s.kinds) == 0 {
		return
	}
	k := s.one(s.kinds[0], s.kinds[0].least)
	k.Transactions[0].Change = int64(s.strict.doc.Gap)
	s.settle(policy.ChangeGap, k, yes)
}

// requirement asks whether the loose charter implies rule i of the strict one.
func (s *search) requirement(i int, r charter.Rule) {
	var about []kind
	for _, k := range s.kinds {
		if s.strict.about(i, k.name) {
			about = append(about, k)
		}
	}
	if len(about) == 0 {
		return
	}
	switch r.Check {
	case charter.MaxOutput:
		s.output(r, about)
	case charter.MaxTransaction, charter.MaxBatch:
		s.sum(r, about)
	case charter.MaxWindow:
		s.past(i, r, about)
	case charter.MaxFee:
		s.fee(r, about)
	case charter.MaxFeeRate:
		s.rate(r, about)
	case charter.MaxFeePercent:
		s.percent(r, about)
	case charter.MaxLifetime:
		s.lifetime(r, about)
	}
}

func (s *search) output(r charter.Rule, about []kind) {
	for _, k := range about {
		p := s.packing([]kind{k}, false, 0)
		p.number, p.target = 1, max(r.Max+1, k.least)
		if _, a := p.solve(s.budget); a == yes {
			s.settle(r.ID, s.one(k, p.target), yes)
			return
		}
	}
}

func (s *search) lifetime(r charter.Rule, about []kind) {
	for _, k := range about {
		if lowest(s.loose, charter.MaxLifetime, k.name) > r.Max {
			one := s.one(k, k.least)
			one.Lifetime = r.Max + 1
			s.settle(r.ID, one, yes)
			return
		}
	}
}

// lowest is the lowest limit of a kind that concerns payments to name.
func lowest(s *side, check charter.Check, name string) int64 {
	most := int64(1) << 62
	for i, r := range s.doc.Rules {
		if r.Effect == charter.Require && r.Check == check && s.about(i, name) {
			most = min(most, r.Max)
		}
	}
	return most
}

// sum asks for a transaction, or a batch of several, that is too large.
func (s *search) sum(r charter.Rule, about []kind) {
	many := r.Check == charter.MaxBatch
	p := s.packing(about, many, 0)
	p.target = r.Max + 1
	out, a := p.solve(s.budget)
	if a == yes {
		s.settle(r.ID, s.build(about, trim(p, out), many), a)
		return
	}
	s.settle(r.ID, policy.Case{}, a)
}

// packing lays the loose charter's limits on sums over kinds: of one transaction
// that costs a fee, or of a batch of transactions without fees.
func (s *search) packing(kinds []kind, many bool, fee int64) packing {
	p := packing{number: s.space.payments, trigger: -1}
	money := row{counts: make([]bool, len(kinds)), most: s.space.money - fee}
	for i, k := range kinds {
		p.items = append(p.items, item{least: k.least, most: k.most})
		money.counts[i] = true
	}
	p.rows = append(p.rows, money)
	for i, r := range s.loose.doc.Rules {
		if r.Effect != charter.Require {
			continue
		}
		limit := row{counts: make([]bool, len(kinds)), most: r.Max}
		for n, k := range kinds {
			limit.counts[n] = s.loose.about(i, k.name)
		}
		switch r.Check {
		case charter.MaxTransaction:
			if many {
				for n := range kinds {
					if limit.counts[n] {
						p.items[n].most = min(p.items[n].most, r.Max)
					}
				}
				limit.most *= s.space.transactions
			}
		case charter.MaxBatch:
		case charter.MaxWindow:
			if len(r.To) == 0 {
				limit.most -= fee
			}
		default:
			continue
		}
		if slices.Contains(limit.counts, true) || limit.most < 0 {
			p.rows = append(p.rows, limit)
		}
	}
	return p
}

// trim lowers a packing to its target as far as payments can be smaller: less
// never breaks a limit on a sum.
func trim(p packing, out []packed) []packed {
	excess := -p.target
	for _, x := range out {
		excess += x.sum
	}
	for i := range out {
		less := min(excess, out[i].sum-out[i].number*p.items[i].least)
		out[i].sum, excess = out[i].sum-less, excess-less
	}
	return out
}

// build makes a packing a case. In a batch of many transactions every payment
// has its own, as far as there are so many.
func (s *search) build(kinds []kind, packing []packed, many bool) policy.Case {
	k := policy.Case{Lifetime: 1}
	for i, x := range packing {
		left := x.sum
		for n := x.number; n > 0; n-- {
			amount := min(left-(n-1)*kinds[i].least, kinds[i].most)
			if many {
				amount = min(amount, lowest(s.loose, charter.MaxTransaction, kinds[i].name))
			}
			left -= amount
			k.Payments = append(k.Payments, policy.CasePayment{Counterparty: kinds[i].name, Script: kinds[i].script, Amount: amount})
		}
	}
	transactions := 1
	if many {
		transactions = min(len(k.Payments), int(s.space.transactions))
	}
	for t := range transactions {
		tx := policy.CaseTransaction{Change: -1}
		var scripts [][]byte
		for i := t; i < len(k.Payments); i += transactions {
			tx.Payments = append(tx.Payments, i)
			scripts = append(scripts, k.Payments[i].Script)
		}
		tx.VSize, _ = s.space.size(scripts, 0)
		k.Transactions = append(k.Transactions, tx)
	}
	return k
}

// past asks for a payment that comes on top of too much. It is one payment, as
// small as can be, and the rest left before it, as long ago as the strict limit
// reaches.
func (s *search) past(i int, r charter.Rule, about []kind) {
	window := s.strict.window(r)
	worst := no
	for _, k := range about {
		target := r.Max + 1 - k.least
		if target < 1 {
			s.settle(r.ID, s.one(k, k.least), yes)
			return
		}
		names := r.To
		if len(names) == 0 {
			names = []string{k.name, ""} // somebody whom no charter names: fewest limits count him
		}
		p := packing{number: int64(len(names)), target: target, trigger: -1}
		for range names {
			p.items = append(p.items, item{least: 1, most: target})
		}
		bound := row{counts: make([]bool, len(names)), most: target}
		for n := range names {
			bound.counts[n] = true
		}
		p.rows = append(p.rows, bound)
		for j, l := range s.loose.doc.Rules {
			concerned := l.Effect == charter.Require && l.Check == charter.MaxWindow && s.loose.about(j, k.name)
			if !concerned || s.loose.window(l) < window {
				continue
			}
			limit := row{counts: make([]bool, len(names)), most: l.Max - k.least}
			for n, name := range names {
				limit.counts[n] = s.loose.about(j, name)
			}
			p.rows = append(p.rows, limit)
		}
		out, a := p.solve(s.budget)
		if a == yes {
			one := s.one(k, k.least)
			for n, x := range trim(p, out) {
				if x.sum > 0 {
					one.Past = append(one.Past, policy.CasePast{Counterparty: names[n], Amount: x.sum, Age: window})
				}
			}
			s.settle(r.ID, one, yes)
			return
		}
		worst = max(worst, a)
	}
	s.settle(r.ID, policy.Case{}, worst)
}
