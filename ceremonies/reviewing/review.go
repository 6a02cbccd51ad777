package reviewing

import (
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/words"
)

// reviewBatch is a whole batch as a person reads it before approving it.
func (r *Reviewer) reviewBatch(now int64, w awaitingDecision, v batch.Verified, people approval.Set) ceremonies.Review {
	c := r.line.At(now).Charter()
	d := c.Document()
	title, says := "Approve", "An approval is for exactly these facts. It does not say that the charter allows them."
	if w.request.Draft {
		title, says = "Sign the draft of", "You say that you asked for exactly this. Your approval then counts only where a rule lets who drafted approve."
	}
	return ceremonies.Review{
		Title: practice(r.line, title+" a batch of "+ceremonies.Count(len(v.Request().Payments), "payment")),
		Verdict: []string{
			"Every transaction, amount, fee and address below was recomputed on this device; who is paid is looked up in the charter.",
			"Limits over time, and everything that takes memory or proofs, are judged by the stations when they sign, not here.",
			says,
		},
		Sections: append([]ceremonies.Section{
			r.asked(now, w),
			{Title: "Totals", Lines: append([]ceremonies.Line{{Label: "Wallet", Value: d.Name}}, append(ceremonies.Totals(v),
				ceremonies.Line{Label: "Batch", Value: words.Short([32]byte(v.ID())), Note: "the same words wherever this batch is shown"})...)},
			peopleSection(people, now, int64(d.ClockTolerance), w.device.Person),
			demands(c, v),
		}, append(ceremonies.Payees(d.Network, v), ceremonies.Transactions(v)...)...),
		Digest: w.digest,
	}
}

// reviewBallot is a whole change of the charter.
func (r *Reviewer) reviewBallot(now int64, w awaitingDecision, b lineage.Ballot, next charter.Charter, change lineage.Change, people approval.Set) ceremonies.Review {
	base := r.line.At(now).Charter()
	fingerprint := words.Fingerprint(next.ID())
	sections := []ceremonies.Section{
		r.asked(now, w),
		{Title: "The change", Lines: []ceremonies.Line{
			{Label: "Ballot", Value: fmt.Sprintf("number %d for charter %d", b.Number, next.Document().Epoch)},
			{Label: "New charter", Value: strings.Join(fingerprint[:], " "), Note: "the same words wherever this charter is shown"},
		}},
		peopleSection(people, now, int64(base.Document().ClockTolerance), w.device.Person),
	}
	title := "Approve"
	if w.request.Draft {
		title = "Sign the draft of"
	}
	return ceremonies.Review{
		Title: practice(r.line, fmt.Sprintf("%s charter %d", title, next.Document().Epoch)),
		Verdict: append(ceremonies.ChangeVerdict(change),
			"What it comes to was computed on this device, against the charter in force here."),
		Sections: append(sections, ceremonies.Change(base, next, change)...),
		Digest:   w.digest,
	}
}

func (r *Reviewer) reviewNotFrozen(now int64, w awaitingDecision) ceremonies.Review {
	return ceremonies.Review{
		Title: practice(r.line, "State that nothing is frozen"),
		Verdict: []string{
			"You are asked whether you know of any reason to stop this wallet.",
			"Approve only if you know of no freeze, no theft and no loss of a key, a device or a person's word.",
			"This device has seen no freeze that is not lifted; it sees only what was shown to it.",
		},
		Sections: []ceremonies.Section{r.asked(now, w)},
		Digest:   w.digest,
	}
}

// asked says who is asked, under which charter, and for how long it will hold.
func (r *Reviewer) asked(now int64, w awaitingDecision) ceremonies.Section {
	lines := []ceremonies.Line{
		{Label: "You are", Value: w.device.Person, Note: "with " + w.device.Credential},
		{Label: "Holds until", Value: ceremonies.Clock(w.statement.Expiry), Note: "it is " + ceremonies.Clock(now) + " here; if that is wrong, refuse and set the clock"},
	}
	lines = append(lines, charterLines(r.line, now)...)
	if before, ok := r.said[w.statement.Subject]; ok {
		lines = append(lines, ceremonies.Line{Label: "Said before", Value: fmt.Sprintf("your %s", before.decision), Note: "at " + ceremonies.Clock(before.time) + "; it stays valid beside this one", Alert: true})
	}
	if f, stops := r.stopped(now); stops {
		lines = append(lines, ceremonies.Line{Label: "Frozen", Value: "by " + f.by, Note: f.reason, Alert: true})
	}
	return ceremonies.Section{Title: "You are asked", Lines: lines}
}

// peopleSection says who signed what so far, whose signatures were verified here.
func peopleSection(set approval.Set, now, tolerance int64, reader string) ceremonies.Section {
	set = set.At(now, tolerance)
	s := ceremonies.Section{Title: "Signed so far, verified here"}
	drafted := false
	for _, g := range set.Given() {
		line := ceremonies.Line{Label: did(g.Decision), Value: g.Person.Name, Note: "at " + ceremonies.Clock(g.Time), Alert: g.Decision == approval.Veto}
		if g.Offline {
			line.Note += ", on an offline device"
		}
		if g.Decision == approval.Draft {
			drafted = true
			if g.Person.Machine {
				line.Note += ", a program"
			}
			if g.Person.Name == reader {
				line.Note += "; that is you: your approval counts only where a rule lets who drafted approve"
				line.Alert = true
			}
		}
		s.Lines = append(s.Lines, line)
	}
	if !drafted {
		s.Lines = append(s.Lines, ceremonies.Line{Label: "Drafted by", Value: "nobody signed a draft", Note: "approvals then count only where a rule lets who drafted approve", Alert: true})
	}
	for _, v := range set.Void() {
		s.Lines = append(s.Lines, ceremonies.Line{Label: "Void", Value: fmt.Sprintf("the %s of %q %s", v.Decision, v.Person, v.Why), Alert: true})
	}
	return s
}

func did(d approval.Decision) string {
	switch d {
	case approval.Draft:
		return "Drafted by"
	case approval.Approve:
		return "Approved by"
	case approval.Veto:
		return "Vetoed by"
	}
	return "Says that nothing is frozen"
}

// demands lists the rules that ask something of people, and concern a payment of
// this batch. Whether they apply at these amounts is the stations' to judge.
func demands(c charter.Charter, v batch.Verified) ceremonies.Section {
	d := c.Document()
	paid := make(map[string]bool)
	for _, p := range v.Request().Payments {
		paid[p.Counterparty] = true
	}
	s := ceremonies.Section{Title: "What the rules ask of people, for whom this batch pays"}
	for _, rule := range d.Rules {
		if rule.Effect != charter.Require || !asksPeople(rule.Unless) {
			continue
		}
		concerns := len(rule.To) == 0 && len(rule.Groups) == 0
		for _, name := range append(c.Members(rule.Groups), rule.To...) {
			concerns = concerns || paid[name]
		}
		if concerns {
			s.Lines = append(s.Lines, ceremonies.Line{Label: rule.ID, Value: rule.Sentence(d.ClockTolerance)})
		}
	}
	if len(s.Lines) == 0 {
		s.Lines = []ceremonies.Line{{Value: "No rule asks for anybody's approval of it."}}
	}
	return s
}

func asksPeople(d charter.Demand) bool {
	switch d.Kind {
	case charter.DemandApprovals, charter.DemandInitiator, charter.DemandHuman, charter.DemandMachine, charter.DemandNotFrozen, charter.DemandNoVeto, charter.DemandWaited:
		return true
	}
	for _, of := range d.Of {
		if asksPeople(of) {
			return true
		}
	}
	return false
}
