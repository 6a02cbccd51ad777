package diff

import (
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// draft is a transaction to be made: payments, and what else it must have.
type draft struct {
	payments []pay
	fee      int64 // sat at least
	rate     int64 // sat/vB, rounded up, at least
	inputs   int64 // at least
	change   int64 // sat at least, if there is change
	index    int64 // of change, -1: change only where the charter needs it
}

// pay is one payment.
type pay struct {
	kind   int
	amount int64
}

// quote is what is stated of one currency's price, and which of it holds for the
// loose charter. Everywhere else the lowest price is stated, at which limits in a
// currency are the widest.
type quote struct {
	currency string
	stated   []policy.CasePrice
	price    int64 // hundredths for one bitcoin
}

// Prices that can be stated, in hundredths of a currency for one bitcoin.
const (
	lowestPrice  = 1
	highestPrice = 1_000_000_000_000_000
)

// stranger is somebody whom neither charter knows: names have no quotation mark.
const stranger = `"somebody"`

// assemble makes a case of drafts, in the situation that was entered: every
// transaction as small and as cheap as the loose charter lets it be. What can
// only be claimed is more than either charter asks for or, if it is to be bare,
// no more than the loose one does.
func (s *search) assemble(drafts []draft, bare bool) policy.Case {
	k := policy.Case{Time: s.cell.moment.at, Lifetime: 1}
	all := noTerms()
	gone := int64(0)
	used := make(map[int]int) // addresses by place
	at := make(map[int]int)   // address by kind
	for _, d := range drafts {
		tx, t := s.transaction(d)
		for _, p := range d.payments {
			kind := s.kinds[p.kind]
			// Every payment to a kind that is paid once has an address of its own,
			// and so has every age that destinations of one place have.
			if _, known := at[p.kind]; !known || kind.once {
				at[p.kind] = used[kind.place] % len(kind.alike)
				used[kind.place]++
			}
			to := kind.alike[at[p.kind]]
			tx.Payments = append(tx.Payments, len(k.Payments))
			k.Payments = append(k.Payments, policy.CasePayment{Counterparty: to.name, Script: to.script, Amount: p.amount, Age: kind.age, Own: kind.own})
			if !kind.own {
				gone += p.amount
			}
		}
		gone += tx.Fee
		all = all.with(t)
		if bare {
			tx.Confirmations, tx.Proven = t.claimed, t.proven
		} else {
			tx.Confirmations, tx.Proven = s.confirmations(false), s.confirmations(true)
		}
		k.Transactions = append(k.Transactions, tx)
	}
	reserve := all.reserve
	if !bare {
		reserve = s.reserve()
	}
	if reserve > 0 {
		k.Balance = gone + reserve
	}
	s.prices(&k)
	s.grant(&k)
	return k
}

// transaction makes a draft one, without its payments.
func (s *search) transaction(d draft) (policy.CaseTransaction, terms) {
	t := noTerms()
	var scripts [][]byte
	paid, leaves := int64(0), int64(0)
	for _, p := range d.payments {
		t = t.with(s.terms[p.kind])
		scripts = append(scripts, s.kinds[p.kind].script)
		paid += p.amount
		if !s.kinds[p.kind].own {
			leaves += p.amount
		}
	}
	tx := policy.CaseTransaction{Change: d.index, Fee: d.fee}
	changed := d.index >= 0
	if paid+tx.Fee == 0 { // inputs are worth something, and what they are returns or is a fee
		changed = t.change >= s.space.least(ours)
		if !changed {
			tx.Fee = 1
		}
	}
	for range 3 {
		if changed && len(scripts) == len(d.payments) {
			scripts = append(scripts, ours)
		}
		atLeast := int64(0)
		if t.rate > 0 && t.rate < unlimited {
			atLeast = ratioUp(tx.Fee, 1, t.rate)
		}
		tx.VSize, tx.Inputs, _ = s.space.size(scripts, atLeast, d.inputs)
		tx.Fee = max(tx.Fee, t.least*tx.VSize)
		if d.rate > 0 {
			tx.Fee = max(tx.Fee, (d.rate-1)*tx.VSize+1)
		}
		change, _ := t.returned(leaves+tx.Fee, paid-leaves)
		if changed = changed || change > 0; changed {
			tx.ChangeSat = max(change, d.change, s.space.least(ours))
			tx.Change = max(d.index, 0)
		}
	}
	tx.InputSum = paid + tx.Fee + tx.ChangeSat
	return tx, t
}

// confirmations is the highest number that either charter asks for.
func (s *search) confirmations(proven bool) int64 {
	most := int64(0)
	for _, side := range []*side{s.strict, s.loose} {
		for _, l := range side.limits {
			if l.Check == charter.MinConfirmations && l.Proven == proven {
				most = max(most, l.Max)
			}
		}
	}
	return most
}

// reserve is the highest that either charter asks for.
func (s *search) reserve() int64 {
	most := int64(0)
	for _, side := range []*side{s.strict, s.loose} {
		for _, l := range side.limits {
			if l.Check == charter.MinReserve {
				most = max(most, l.Max)
			}
		}
	}
	return most
}

// prices states a price in every currency that is asked for.
func (s *search) prices(k *policy.Case) {
	for _, side := range []*side{s.loose, s.strict} {
		for _, p := range side.doc.Prices {
			if p.Currency == s.quote.currency || !slices.ContainsFunc(side.limits, func(l limit) bool { return l.Check == charter.MaxFiat && l.Currency == p.Currency }) {
				continue
			}
			if lowest := stated(p, lowestPrice, 0); !slices.Contains(k.Prices, lowest) {
				k.Prices = append(k.Prices, lowest)
			}
		}
	}
	k.Prices = append(k.Prices, s.quote.stated...)
}

func stated(p charter.PriceSource, hundredths, age int64) policy.CasePrice {
	return policy.CasePrice{Source: p.Name, Currency: p.Currency, Hundredths: hundredths, Age: age}
}

// price is that which holds for the loose charter's limits in a currency.
func (s *search) price(currency string) int64 {
	if s.quote.currency == currency {
		return max(s.quote.price, lowestPrice)
	}
	return lowestPrice
}

// grant states who drafted, approves, vetoes and vouches, and who signs, where a
// charter asks.
func (s *search) grant(k *policy.Case) {
	if len(s.strict.demands)+len(s.loose.demands) == 0 {
		return
	}
	c := s.cell
	if c.drafter != nobody {
		k.Initiator, k.Waited = s.people.names[c.drafter], c.waited
	}
	for i, name := range s.people.names {
		web := s.strict.parts.can.web.or(s.loose.parts.can.web).has(i)
		offline := s.strict.parts.can.offline.or(s.loose.parts.can.offline).has(i)
		if web && c.web.has(i) {
			k.Approvals = append(k.Approvals, policy.CaseApproval{Person: name})
		}
		if offline && c.offline.has(i) {
			k.Approvals = append(k.Approvals, policy.CaseApproval{Person: name, Offline: true})
		}
		if c.veto.has(i) {
			k.Vetoes = append(k.Vetoes, name)
		}
		if s.vouchers.has(i) {
			k.NotFrozen = append(k.NotFrozen, policy.CaseStatement{Person: name, Age: c.said[i]})
		}
	}
	k.Quorum = c.quorum.members()
}
