package charter

import (
	"fmt"
	"strings"
)

// Sentence says what a rule of a valid charter means; tolerance is the charter's
// clock tolerance in seconds.
func (r Rule) Sentence(tolerance uint32) string {
	switch r.Effect {
	case Allow:
		return r.permission("may be paid", "are allowed", "every counterparty named above may be paid")
	case Deny:
		return r.permission("must not be paid", "are refused", "nobody may be paid")
	}
	s := r.measured(tolerance)
	switch r.Each {
	case EachCounterparty:
		s = "for each counterparty apart, " + s
	case EachGroup:
		s = "for each group apart, " + s
	}
	if !r.Unless.none() {
		s += ", unless " + r.Unless.Sentence()
	}
	return s + "."
}

// permission words an allow or deny: shortly where it names counterparties only.
func (r Rule) permission(paid, payments, everybody string) string {
	match := r.match()
	switch {
	case match == "":
		return everybody + "."
	case match == r.plainTo():
		return list(quoted(r.To), "and") + " " + paid + "."
	}
	return "payments" + match + " " + payments + "."
}

// plainTo is the match of a rule that names counterparties and nothing else.
func (r Rule) plainTo() string {
	if len(r.To) == 0 {
		return ""
	}
	return " to " + list(quoted(r.To), "or")
}

// match words which payments a rule applies to, with a space before, or nothing
// if to all.
func (r Rule) match() string {
	payees := quoted(r.To)
	for _, g := range quoted(r.Groups) {
		payees = append(payees, "the group "+g)
	}
	var s strings.Builder
	if len(payees) > 0 {
		s.WriteString(" to " + list(payees, "or"))
	}
	if len(r.Scripts) > 0 {
		kinds := make([]string, len(r.Scripts))
		for i, k := range r.Scripts {
			kinds[i] = k.String()
		}
		s.WriteString(" of kind " + list(kinds, "or"))
	}
	var destination []string
	if r.Younger > 0 {
		destination = append(destination, "is in force for less than "+Period(int64(r.Younger)))
	}
	if r.Unproven {
		destination = append(destination, "has no proof of ownership")
	}
	if len(destination) > 0 {
		s.WriteString(" whose destination " + list(destination, "and"))
	}
	return s.String()
}

// measured words the limit itself.
func (r Rule) measured(tolerance uint32) string {
	match := r.match()
	paying := ""
	if match != "" {
		paying = " that makes a payment" + match
		if match == r.plainTo() {
			paying = " that pays " + list(quoted(r.To), "or")
		}
	}
	if r.Max == 0 {
		switch r.Check {
		case MaxOutput:
			return "no payment is made" + match
		case MaxTransaction:
			return "no transaction makes a payment" + match
		case MaxBatch:
			return "no batch makes a payment" + match
		case MaxChange:
			return fmt.Sprintf("a transaction%s returns no change", paying)
		}
	}
	switch r.Check {
	case MaxOutput:
		return fmt.Sprintf("each payment%s is at most %s", match, money(r.Max))
	case MaxTransaction:
		return fmt.Sprintf("the payments%s of one transaction are together at most %s", match, money(r.Max))
	case MaxBatch:
		return fmt.Sprintf("the payments%s of one batch are together at most %s", match, money(r.Max))
	case MaxWindow:
		what := "payments and fees"
		if match != "" || r.Each != Together {
			what = "the payments" + match
		}
		within, over := r.window(tolerance)
		return fmt.Sprintf("%s, %s are together at most %s (%s)", within, what, money(r.Max), over)
	case MaxCountWindow:
		within, over := r.window(tolerance)
		return fmt.Sprintf("%s, at most %s%s %s made (%s)", within, counted(r.Max, "payment"), match, plural(r.Max, "is", "are"), over)
	case MaxFee:
		return fmt.Sprintf("the fee of a transaction%s is at most %s", paying, money(r.Max))
	case MaxFeeRate:
		return fmt.Sprintf("the fee of a transaction%s is at most %s sat/vB", paying, group(r.Max))
	case MaxFeePercent:
		return fmt.Sprintf("the fee of a transaction%s is at most %s of its payments", paying, Percent(r.Max))
	case MaxLifetime:
		return fmt.Sprintf("a request%s expires at most %s after the time it states", paying, Period(r.Max))
	case MaxCount:
		return fmt.Sprintf("one batch makes at most %s%s", counted(r.Max, "payment"), match)
	case MaxInputs:
		return fmt.Sprintf("a transaction%s spends at most %s", paying, counted(r.Max, "coin"))
	case MaxChange:
		return fmt.Sprintf("a transaction%s returns at most %s as change", paying, money(r.Max))
	case MinFeeRate:
		return fmt.Sprintf("the fee of a transaction%s is at least %s sat/vB", paying, group(r.Max))
	case MinOwnShare:
		return fmt.Sprintf("at least %s of what a transaction%s spends stays in the wallet", Percent(r.Max), paying)
	case MinReserve:
		return fmt.Sprintf("after a batch%s the wallet holds at least %s, by the balance that the coordinator claims", paying, money(r.Max))
	case MinConfirmations:
		source := "as the coordinator claims"
		if r.Proven {
			source = "proved by block headers"
		}
		return fmt.Sprintf("every coin that a transaction%s spends has at least %s, %s", paying, counted(r.Max, "confirmation"), source)
	case MaxFiat:
		return fmt.Sprintf("the payments%s of one batch are together at most %s.%02d %s, at a price that was stated at most %s before", match, group(r.Max/100), r.Max%100, r.Currency, Period(int64(r.Window)))
	}
	panic("charter: internal error: a validated rule has no words")
}

// counted shows a number of things.
func counted(n int64, thing string) string { return group(n) + " " + thing + plural(n, "", "s") }

// window words the time that a limit counts over, and how it allows for clocks
// that differ.
func (r Rule) window(tolerance uint32) (within, over string) {
	calendar := map[Calendar]string{Day: "day", Week: "week", Month: "month"}[r.Calendar]
	if calendar == "" {
		return "within any " + Period(int64(r.Window)), fmt.Sprintf("counted over %s, because clocks may differ", Period(int64(r.Window)+2*int64(tolerance)))
	}
	span := Period(int64(tolerance))
	return fmt.Sprintf("within a calendar %s in \"%s\"", calendar, r.Zone),
		fmt.Sprintf("counted from %s before the start of the %s that it was %s earlier, because clocks may differ", span, calendar, span)
}
