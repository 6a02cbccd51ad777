package signing

import (
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/words"
)

// sheet is all that a review is made of: what this station verified and judged.
type sheet struct {
	line     lineage.Line
	charter  charter.Charter // that it was judged by
	order    Order
	digest   [32]byte
	approved policy.Approved
	evidence policy.Evidence
	snapshot ledger.Snapshot
	now      int64
}

// review is what an operator reads: the verdict first, with everything out of the
// ordinary before what is routine; then totals, who drafted and approved, what is
// only claimed, destinations that were never paid before, every other output in
// full by counterparty, and each transaction with its fee and its change.
// Everything in it is recomputed by this station.
func review(s sheet) (ceremonies.Review, error) {
	v := s.approved.Verified()
	d := s.charter.Document()
	title := "Batch of " + ceremonies.Count(len(v.Request().Payments), "payment")
	if d.Network.Practice() {
		title = "PRACTICE: " + title
	}
	people, void, err := s.people(d)
	if err != nil {
		return ceremonies.Review{}, err
	}
	claims := s.claims()
	first := s.firstTimes()
	verdict := []string{fmt.Sprintf("The charter allows this batch: all %d checks hold.", len(s.approved.Verdict().Trace))}
	if pending := notYetInForce(s.line, s.now); pending != "" {
		verdict = append(verdict, pending+fmt.Sprintf(" This batch was judged by charter %d.", d.Epoch))
	}
	if len(first) > 0 {
		verdict = append(verdict, ceremonies.Count(len(first), "payment")+" to destinations that were never paid before: compare each.")
	}
	verdict = append(verdict, void...)
	for _, c := range claims {
		verdict = append(verdict, "Only claimed, not proven: "+strings.ToLower(c.Label)+" "+c.Value+".")
	}
	sections := []ceremonies.Section{s.totals(d)}
	for _, more := range []ceremonies.Section{
		{Title: "People", Lines: people},
		{Title: "Claimed by the coordinator, not proven", Lines: claims},
		{Title: fmt.Sprintf("Paid for the first time (%s)", ceremonies.Count(len(first), "output")), Lines: s.paid(d, first)},
	} {
		if len(more.Lines) > 0 {
			sections = append(sections, more)
		}
	}
	sections = append(sections, ceremonies.PayeesWithout(d.Network, v, first)...)
	return ceremonies.Review{
		Title:    title,
		Verdict:  append(verdict, sentences(s.approved.Verdict())...),
		Sections: append(sections, ceremonies.Transactions(v)...),
		Digest:   s.digest,
	}, nil
}

// sentences are those of a verdict that allows, with rules first that hold only
// because something more was asked for and is there.
func sentences(v policy.Verdict) []string {
	var asked, routine []string
	for _, l := range v.Trace {
		if l.Need != "" {
			asked = append(asked, l.Sentence())
			continue
		}
		routine = append(routine, l.Sentence())
	}
	return append(asked, routine...)
}

func (s sheet) totals(d charter.Document) ceremonies.Section {
	lines := append([]ceremonies.Line{{Label: "Wallet", Value: d.Name}}, ceremonies.Totals(s.approved.Verified())...)
	return ceremonies.Section{Title: "Totals", Lines: append(lines,
		ceremonies.Line{Label: "Charter", Value: fmt.Sprint(d.Epoch), Note: words.Short(s.charter.ID())},
		ceremonies.Line{Label: "Verdict", Value: words.Short(s.approved.Verdict().Hash()), Note: "the same words wherever the same was judged"},
		ceremonies.Line{Label: "Sign together", Value: together(d, s.order)},
		ceremonies.Line{Label: "Request", Value: words.Short(s.digest), Note: "the same words at every station of this quorum"},
	)}
}

// together names the quorum in visiting order.
func together(d charter.Document, o Order) string {
	names := make([]string, len(o.Quorum))
	for i, q := range o.Quorum {
		names[i] = d.Stations[q].Name
		if !o.signs(i) {
			names[i] += " (acknowledges)"
		}
	}
	return strings.Join(names, ", then ")
}

// people says who drafted, approved and objected, and how that is known; and in
// sentences, which statements do not count.
func (s sheet) people(d charter.Document) (lines []ceremonies.Line, void []string, err error) {
	v := s.approved.Verified()
	var signed []approval.Signed
	for _, b := range s.evidence.Statements {
		one, err := approval.DecodeSigned(b)
		if err != nil {
			return nil, nil, err
		}
		signed = append(signed, one)
	}
	if len(d.People) == 0 && len(signed) == 0 {
		return nil, nil, nil
	}
	set, err := approval.Verify(s.charter, [32]byte(v.Wallet().ID()), approval.OfBatch([32]byte(v.ID())), signed)
	if err != nil {
		return nil, nil, err
	}
	set = set.At(v.Request().Time, int64(d.ClockTolerance))
	drafted := false
	for _, g := range set.Given() {
		line := ceremonies.Line{Value: g.Person.Name, Note: known(g)}
		if len(g.Person.Roles) > 0 {
			line.Value += " (" + strings.Join(g.Person.Roles, ", ") + ")"
		}
		switch g.Decision {
		case approval.Draft:
			line.Label, drafted = "Drafted by", true
		case approval.Approve:
			line.Label = "Approved by"
		case approval.Veto:
			line.Label, line.Alert = "Vetoed by", true
		case approval.NotFrozen:
			line.Label = "Nothing is frozen, says"
		}
		lines = append(lines, line)
	}
	if !drafted {
		lines = slices.Insert(lines, 0, ceremonies.Line{Label: "Drafted by", Value: "nobody who signed it", Alert: true})
	}
	for _, x := range set.Void() {
		what := fmt.Sprintf("the %s of %q %s", x.Decision, x.Person, x.Why)
		lines = append(lines, ceremonies.Line{Label: "Does not count", Value: what, Alert: true})
		void = append(void, "Does not count: "+what+".")
	}
	return lines, void, nil
}

// known says how a statement is known to be a person's.
func known(g approval.Given) string {
	at := ", " + ceremonies.Clock(g.Time)
	switch {
	case g.Person.Machine:
		return "a program" + at
	case g.Offline:
		return "on an offline device, which showed this batch" + at
	}
	return "in a browser; what it showed is not proven" + at
}

// claims are what the coordinator says of the chain, which no station can see.
// Confirmations that are proved are among them too: a rule that asks for proofs
// says so in the verdict.
func (s sheet) claims() []ceremonies.Line {
	var lines []ceremonies.Line
	c := s.evidence.Claims
	if c.Balance > 0 {
		lines = append(lines, ceremonies.Line{Label: "Balance before", Value: batch.Amount(c.Balance).String(), Alert: true})
	}
	if len(c.Confirmations) > 0 {
		lines = append(lines, ceremonies.Line{Label: "Confirmations of every coin, at least", Value: fmt.Sprint(slices.Min(c.Confirmations)), Alert: true})
	}
	return lines
}

// firstTimes are the places of payments to destinations that memory does not know
// from any other payout. What is only said into the chain goes to nobody.
func (s sheet) firstTimes() map[int]bool {
	v := s.approved.Verified()
	ids := v.PayoutIDs()
	first := make(map[int]bool)
	for i, p := range v.Request().Payments {
		if _, said := batch.Data(p.Script); said {
			continue
		}
		before := s.snapshot.Paid(ledger.NewDestination(p.Script))
		if !slices.ContainsFunc(before, func(id [32]byte) bool { return id != [32]byte(ids[i]) }) {
			first[i] = true
		}
	}
	return first
}

// paid shows payments at some places in full, with who they go to.
func (s sheet) paid(d charter.Document, places map[int]bool) []ceremonies.Line {
	var lines []ceremonies.Line
	for i, p := range s.approved.Verified().Request().Payments {
		if places[i] {
			line := ceremonies.Payment(d.Network, p)
			line.Note, line.Alert = strings.TrimSpace("to "+p.Counterparty+": "+line.Note), true
			lines = append(lines, line)
		}
	}
	return lines
}
