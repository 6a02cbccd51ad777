package reviewing

import (
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// awaitingDecision is a request that passed every check and is on the screen.
type awaitingDecision struct {
	digest    [32]byte // of the request's envelope
	request   Request
	statement approval.Statement // complete but for its time
	device    charter.OfflineKey
}

func (awaitingDecision) awaited() string { return "a decision on the review on the screen" }

// awaitingVeto is a refusal whose person has not said yet whether it is a veto.
type awaitingVeto struct {
	awaitingDecision
	reason string
}

func (awaitingVeto) awaited() string { return "whether the refusal is a veto" }

// listed is this device in the charter in force.
func (r *Reviewer) listed(now int64) (charter.OfflineKey, bool) {
	for _, k := range r.line.At(now).Charter().OfflineKeys() {
		if k.Key == r.setup.Key.Public() {
			return k, true
		}
	}
	return charter.OfflineKey{}, false
}

// requested takes a request through every check that comes before the person is
// asked. The same request again shows the same answer.
func (r *Reviewer) requested(e ceremonies.Event, opened wire.Opened) (ceremonies.Step, error) {
	digest := opened.Digest()
	if r.answered[digest] {
		return ceremonies.Step{Stored: answerName(digest), Screen: ceremonies.Scan{
			Title: "This request was already answered; the same answer is shown again", Want: awaitingRequest{}.awaited(),
		}}, nil
	}
	var q Request
	if err := wire.Unmarshal(opened.Body(), &q, wire.KindApprovalRequest.MaxBody()); err != nil {
		return ceremonies.Step{}, refused("reviewing/malformed", err.Error())
	}
	device, ok := r.listed(e.Time)
	if !ok {
		return ceremonies.Step{}, fault("reviewing/not-listed", ceremonies.Unknown,
			"The charter in force does not list this device: nothing that it signs counts.",
			"If an amendment listed it, scan that amendment's certificate; otherwise ask an officer.")
	}
	if q.Person != device.Person {
		return ceremonies.Step{}, fault("reviewing/other-person", ceremonies.Unknown,
			fmt.Sprintf("This request asks %q; this device is of %q.", q.Person, device.Person), "Carry it to the person whom it asks.")
	}
	if q.Expiry <= e.Time || q.Expiry > e.Time+MaxHold {
		return ceremonies.Step{}, refused("reviewing/expiry", fmt.Sprintf("the statement would hold until %s; it is %s here, and none holds for longer than %s",
			ceremonies.Clock(q.Expiry), ceremonies.Clock(e.Time), charter.Period(MaxHold)))
	}
	w := awaitingDecision{digest: digest, request: q, device: device, statement: approval.Statement{
		Wallet: [32]byte(r.line.Wallet().ID()), Charter: r.line.At(e.Time).Charter().ID(), Person: device.Person, Expiry: q.Expiry,
		Decision: approval.Approve,
	}}
	if q.Draft {
		w.statement.Decision = approval.Draft
	}
	switch q.Subject {
	case Batch:
		return r.batch(e, w)
	case Ballot:
		return r.ballot(e, w)
	case NotFrozen:
		return r.notFrozen(e, w)
	}
	return ceremonies.Step{}, refused("reviewing/malformed", fmt.Sprintf("it is about subject %d, which this program does not know", q.Subject))
}

// batch recomputes a batch. A fact that does not fit the wallet or the charter
// in force is never shown as if it did.
func (r *Reviewer) batch(e ceremonies.Event, w awaitingDecision) (ceremonies.Step, error) {
	facts, err := batch.Decode(w.request.Facts)
	if err != nil {
		return ceremonies.Step{}, refused("reviewing/malformed", err.Error())
	}
	verified, err := facts.Verify(r.line.Wallet())
	if err != nil {
		return ceremonies.Step{}, refused("reviewing/facts", err.Error())
	}
	c := r.line.At(e.Time).Charter()
	if facts.Charter != c.ID() {
		return ceremonies.Step{}, refused("reviewing/other-charter", "the batch was drafted under another charter than the one in force here")
	}
	tolerance := int64(c.Document().ClockTolerance)
	if facts.Time > e.Time+tolerance {
		return ceremonies.Step{}, refused("reviewing/clock", fmt.Sprintf("the batch states %s; it is %s here", ceremonies.Clock(facts.Time), ceremonies.Clock(e.Time)))
	}
	if facts.Expiry <= e.Time {
		return ceremonies.Step{}, refused("reviewing/expired", "the batch expired at "+ceremonies.Clock(facts.Expiry))
	}
	for _, p := range facts.Payments {
		if owner, ok := c.Owner(r.line.Wallet(), p.Script); !ok || owner != p.Counterparty {
			return ceremonies.Step{}, refused("reviewing/destination", fmt.Sprintf("payment %q goes to an address that is none of %q", p.ExternalID, p.Counterparty))
		}
	}
	evidence, err := policy.DecodeEvidence(w.request.Evidence)
	if err != nil {
		return ceremonies.Step{}, refused("reviewing/malformed", err.Error())
	}
	w.statement.Subject = approval.OfBatch([32]byte(verified.ID()))
	people, err := r.people(c, w, evidence.Statements)
	if err != nil {
		return ceremonies.Step{}, refused("reviewing/statements", err.Error())
	}
	r.await = w
	return ceremonies.Step{Screen: r.reviewBatch(e.Time, w, verified, people)}, nil
}

// ballot weighs a change of the charter against the charter in force.
func (r *Reviewer) ballot(e ceremonies.Event, w awaitingDecision) (ceremonies.Step, error) {
	if len(w.request.Evidence) > 0 {
		return ceremonies.Step{}, refused("reviewing/malformed", "a ballot carries its own statements and no other evidence")
	}
	b, err := lineage.DecodeBallot(w.request.Facts)
	if err != nil {
		return ceremonies.Step{}, refused("reviewing/malformed", err.Error())
	}
	next, err := charter.Decode(b.Charter)
	if err != nil {
		return ceremonies.Step{}, refused("reviewing/malformed", err.Error())
	}
	change, err := r.line.Weigh(next, e.Time)
	if err != nil {
		return ceremonies.Step{}, notLine(err)
	}
	if b.Prior != next.Document().Prior {
		return ceremonies.Step{}, refused("reviewing/malformed", "the ballot and its charter follow different charters")
	}
	digest := lineage.BallotDigest(w.statement.Wallet, b.Prior, next.ID(), b.Number)
	w.statement.Subject = approval.OfBallot(digest)
	people, err := r.people(r.line.At(e.Time).Charter(), w, b.Statements)
	if err != nil {
		return ceremonies.Step{}, refused("reviewing/statements", err.Error())
	}
	r.await = w
	return ceremonies.Step{Screen: r.reviewBallot(e.Time, w, b, next, change, people)}, nil
}

// notFrozen asks whether anything is frozen. A device that has seen a freeze
// which no charter lifted does not say that nothing is.
func (r *Reviewer) notFrozen(e ceremonies.Event, w awaitingDecision) (ceremonies.Step, error) {
	if len(w.request.Facts) > 0 || len(w.request.Evidence) > 0 || w.request.Draft {
		return ceremonies.Step{}, refused("reviewing/malformed", "whether anything is frozen is asked without facts or evidence, and is no draft")
	}
	if f, stops := r.stopped(e.Time); stops {
		return ceremonies.Step{}, fault("reviewing/frozen", ceremonies.Unknown,
			fmt.Sprintf("This device has seen a freeze by %s: %q. No charter in force lifts it, so it cannot say that nothing is frozen.", f.by, f.reason),
			"Ask the officers; only an amendment lifts a freeze.")
	}
	w.statement.Subject, w.statement.Decision = approval.OfWallet(w.statement.Wallet), approval.NotFrozen
	r.await = w
	return ceremonies.Step{Screen: r.reviewNotFrozen(e.Time, w)}, nil
}

// people verifies what others signed about what is asked. Where a draft is asked
// for, there must be none: with two, nobody could tell who asked for it.
func (r *Reviewer) people(c charter.Charter, w awaitingDecision, statements [][]byte) (approval.Set, error) {
	if len(statements) > approval.MaxStatements {
		return approval.Set{}, fmt.Errorf("%d statements travel with it: at most %d", len(statements), approval.MaxStatements)
	}
	signed := make([]approval.Signed, 0, len(statements))
	for _, b := range statements {
		s, err := approval.DecodeSigned(b)
		if err != nil {
			return approval.Set{}, errors.New("a statement that travels with it cannot be read")
		}
		if s.Decision == approval.Draft && w.request.Draft {
			return approval.Set{}, fmt.Errorf("%q has signed a draft of it already", s.Person)
		}
		signed = append(signed, s)
	}
	return approval.Verify(c, w.statement.Wallet, w.statement.Subject, signed)
}

// said is what this device answered about a subject.
type said struct {
	decision approval.Decision
	time     int64
}

// remember takes a kept answer into the machine's memory.
func (r *Reviewer) remember(a Answer) error {
	r.answered[a.Request] = true
	if len(a.Statement) == 0 {
		return nil
	}
	s, err := approval.DecodeSigned(a.Statement)
	if err != nil {
		return err
	}
	if before, ok := r.said[s.Subject]; !ok || before.time <= s.Time {
		r.said[s.Subject] = said{decision: s.Decision, time: s.Time}
	}
	return nil
}

// readAnswer reads a kept answer of this very device.
func (r *Reviewer) readAnswer(sealed []byte) (Answer, error) {
	ring, err := wire.NewKeyring([32]byte(r.line.Wallet().ID()), map[wire.PublicKey]wire.Party{r.setup.Key.Public(): {Role: wire.RolePerson}})
	if err != nil {
		return Answer{}, err
	}
	opened, err := wire.Open(sealed, ring)
	if err != nil {
		return Answer{}, err
	}
	if opened.Kind() != wire.KindApproval {
		return Answer{}, fmt.Errorf("a %s instead of an answer", opened.Kind())
	}
	var a Answer
	err = wire.Unmarshal(opened.Body(), &a, wire.KindApproval.MaxBody())
	return a, err
}
