package diff

import (
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// fiat asks for payments that are worth too much, or whose worth the strict
// charter cannot tell, or tells by another price: each takes the highest of its
// own sources that is fresh enough for it.
func (s *search) fiat(l limit, about []int) answer {
	defer func() { s.quote = quote{} }()
	worst := no
	for _, i := range about {
		for _, s.quote = range s.quotes(l, i) {
			a := s.single(l.ID, i, wanted{})
			if a == yes {
				return yes
			}
			worst = max(worst, a)
		}
	}
	return max(worst, s.worth(l, about))
}

// quotes are the statements of prices by which the two charters do not take the
// same one for a kind of payment, so far as that helps.
func (s *search) quotes(l limit, i int) []quote {
	bound, oldest := false, unlimited // of the loose charter's limits in this currency
	for _, j := range s.kinds[i].loose {
		if m := s.loose.limits[j]; s.in[j] && m.Check == charter.MaxFiat && m.Currency == l.Currency {
			bound, oldest = true, min(oldest, int64(m.Window))
		}
	}
	takes := func(d charter.Document, p charter.PriceSource) bool {
		return slices.ContainsFunc(d.Prices, func(q charter.PriceSource) bool { return q.Name == p.Name && q.Currency == p.Currency })
	}
	var out []quote
	say := func(prices ...policy.CasePrice) { out = append(out, quote{l.Currency, prices, lowestPrice}) }
	if !bound {
		say()
	}
	for _, p := range s.loose.doc.Prices {
		if p.Currency != l.Currency {
			continue
		}
		if !takes(s.strict.doc, p) {
			say(stated(p, lowestPrice, 0))
		}
		if int64(l.Window) < oldest {
			say(stated(p, lowestPrice, int64(l.Window)+1))
		}
		for _, q := range s.strict.doc.Prices {
			switch {
			case q.Currency != l.Currency:
			case !takes(s.loose.doc, q):
				say(stated(p, lowestPrice, 0), stated(q, highestPrice, 0))
			case int64(l.Window) > oldest:
				say(stated(p, lowestPrice, 0), stated(q, highestPrice, int64(l.Window)))
			}
		}
	}
	return out
}

// worth asks for payments that are worth too much at a price which both charters
// take. What amounts are worth may be anything, so first amounts are left out of
// it: if limits in this currency alone keep any worth down, no price helps. Else
// prices are tried, from the highest, each half of the one before.
func (s *search) worth(l limit, about []int) answer {
	var common []charter.PriceSource
	for _, p := range s.loose.doc.Prices {
		if p.Currency == l.Currency && slices.ContainsFunc(s.strict.doc.Prices, func(q charter.PriceSource) bool { return q.Name == p.Name && q.Currency == p.Currency }) {
			common = append(common, p)
		}
	}
	if len(common) == 0 {
		return no
	}
	const anything = unlimited / 4096
	p := packing{number: s.space.payments, target: l.Max + 1, trigger: -1}
	for range about {
		p.items = append(p.items, item{most: anything})
	}
	p.rows = append(p.rows, p.total(anything))
	for j, m := range s.loose.limits {
		if !s.in[j] || m.Check != charter.MaxFiat || m.Currency != l.Currency {
			continue
		}
		r := row{counts: make([]bool, len(about)), most: m.Max}
		for n, i := range about {
			r.counts[n] = counts(s.kinds[i].loose, j)
		}
		p.rows = append(p.rows, r)
	}
	if p.never(l.Max, s.budget) {
		return no
	}
	for price := int64(highestPrice); price > 0; price /= 2 {
		s.quote = quote{l.Currency, []policy.CasePrice{stated(common[0], price, 0)}, price}
		a := s.reach(l.ID, about, true, false, satAt(l.Max, price)+1)
		if a == yes || len(p.rows) == 1 { // without such limits none is better than the highest
			return a
		}
	}
	return undecided
}
