package amendment

import (
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// ballot checks a ballot and puts it before the people at this station.
func (s *Station) ballot(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	message, err := opened(s.line, sealed, e.Time)
	if err != nil {
		return ceremonies.Step{}, unreadable(err)
	}
	b, err := lineage.DecodeBallot(message.Body())
	if err != nil {
		return ceremonies.Step{}, malformed(message.Party(), err)
	}
	x, err := s.examine(b, e.Time)
	if err != nil {
		var r *lineage.Refused
		if errors.As(err, &r) {
			return s.refuse(e, message.Digest(), code(err), r.Sentences)
		}
		return ceremonies.Step{}, unable(err)
	}
	for _, vote := range s.state.Votes.Acked {
		if vote.Digest == x.Digest {
			s.await = awaitingMessage{}
			return ceremonies.Step{
				Stored: answerName("ack", x.Digest),
				Screen: ceremonies.Show{Title: "Acknowledged before: the same answer again", To: "the coordinator"},
			}, nil
		}
	}
	s.await = awaitingDecision{examined: x, digest: message.Digest()}
	return ceremonies.Step{Screen: s.review(x, message.Digest(), e.Time)}, nil
}

// examine is everything that this station checks by itself: twice, before a ballot
// is shown and again when it is decided on, since time passes between.
func (s *Station) examine(b lineage.Ballot, now int64) (lineage.Examined, error) {
	x, err := s.line.Examine(b, now)
	if err != nil {
		return lineage.Examined{}, err
	}
	if err := s.state.Votes.MayAcknowledge(x); err != nil {
		return lineage.Examined{}, err
	}
	key, err := s.line.Speaker(s.setup.Station, now)
	if err != nil || key != s.setup.Instance.Public() {
		return lineage.Examined{}, &lineage.Refused{Reason: lineage.Unsigned, Sentences: []string{"This installation is not the one that speaks for its station, or is being replaced: it has no vote."}}
	}
	if why := s.retires(x); len(why) > 0 {
		return lineage.Examined{}, &lineage.Refused{Reason: lineage.Unfollowed, Sentences: why}
	}
	return x, nil
}

// retires compares the ends of the instances that a ballot retires with what this
// station knows of them. One that says less would take releases out of the
// wallet's memory; one that says more could never be shown to anybody again, and
// nothing could be signed without it.
func (s *Station) retires(x lineage.Examined) []string {
	if len(x.Change.Replaced) == 0 {
		return nil
	}
	var heads []ledger.Head
	if s.setup.Heads != nil {
		heads = s.setup.Heads()
	}
	known := make(map[wire.PublicKey]ledger.Head)
	for _, h := range heads {
		if old, ok := known[h.Instance]; !ok || h.Seq > old.Seq {
			known[h.Instance] = h
		}
	}
	d := x.Charter.Document()
	var out []string
	for _, r := range d.Retired[len(d.Retired)-len(x.Change.Replaced):] {
		h := known[r.Instance] // the zero head: nothing was released
		switch {
		case r.Seq < h.Seq:
			out = append(out, fmt.Sprintf("Station %d's old instance is retired at record %d; this station knows %d.", r.Station, r.Seq, h.Seq))
		case r.Seq > h.Seq:
			out = append(out, fmt.Sprintf("Station %d's old instance is retired at record %d; this station knows only %d and needs the others first.", r.Station, r.Seq, h.Seq))
		case r.Last != h.Last:
			out = append(out, fmt.Sprintf("Station %d's old instance is retired at another record %d than this station knows.", r.Station, r.Seq))
		}
	}
	return out
}

// acknowledge signs, after looking at everything once more.
func (s *Station) acknowledge(e ceremonies.Event, w awaitingDecision) (ceremonies.Step, error) {
	x, err := s.examine(w.examined.Ballot, e.Time)
	if err != nil {
		s.await = awaitingMessage{}
		return ceremonies.Step{}, refused(err)
	}
	if x.Change.Loosens != w.examined.Change.Loosens || x.Change.Delay != w.examined.Change.Delay {
		s.await = awaitingMessage{}
		return ceremonies.Step{}, refused(&lineage.Refused{Reason: lineage.Clock, Sentences: []string{"Another charter came into force while this was on the screen, and the change comes to something else."}})
	}
	ack, err := lineage.SignAck(x.Digest, uint8(s.setup.Station), e.Time, s.setup.Instance, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	body, err := ack.Encode()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	next := s.state
	next.Votes = next.Votes.Acknowledged(x)
	return s.show(e, next, wire.KindBallotAck, body, "acknowledged", answerName("ack", x.Digest), toCoordinator("Acknowledged"))
}

// review is a whole change of the charter as the people at a station read it.
func (s *Station) review(x lineage.Examined, digest [32]byte, now int64) ceremonies.Review {
	base := s.line.At(now).Charter()
	d := x.Charter.Document()
	when := "at once, when enough stations have acknowledged"
	if x.Change.Loosens && x.Change.Delay > 0 {
		when = "not before " + ceremonies.Clock(now+int64(x.Change.Delay))
	}
	ballot := ceremonies.Section{Title: "The ballot", Lines: []ceremonies.Line{
		{Label: "Wallet", Value: base.Document().Name},
		{Label: "Ballot", Value: fmt.Sprintf("number %d, for charter %d", x.Ballot.Number, d.Epoch)},
		{Label: "New charter", Value: fingerprint(x.Charter.ID()), Note: "the same words wherever this charter is shown"},
		{Label: "In force", Value: when, Note: "it is " + ceremonies.Clock(now) + " here; if that is wrong, refuse and set the clock"},
	}}
	if next, from, pending := s.line.Pending(now); pending {
		ballot.Lines = append(ballot.Lines, ceremonies.Line{
			Label: "Adopted, not yet in force", Value: fmt.Sprintf("charter %d, from %s", next.Document().Epoch, ceremonies.Clock(from)),
			Note: "this change is compared with the charter in force, and replaces both", Alert: true,
		})
	}
	people := ceremonies.Section{Title: "Who approved", Lines: lines(x.People)}
	if len(x.People) == 0 {
		people.Lines = lines([]string{"Nobody: the charter in force asks for nobody's approval of this."})
	}
	sections := []ceremonies.Section{ballot, people}
	if keys := newKeys(base, x.Charter); len(keys) > 0 {
		sections = append(sections, ceremonies.Section{Title: "New keys: compare each with its holder, by all twelve words", Lines: keys})
	}
	return ceremonies.Review{
		Title:    fmt.Sprintf("Acknowledge charter %d", d.Epoch),
		Verdict:  ceremonies.ChangeVerdict(x.Change),
		Sections: append(sections, ceremonies.Change(base, x.Charter, x.Change)...),
		Digest:   digest,
	}
}

func lines(all []string) []ceremonies.Line {
	out := make([]ceremonies.Line, len(all))
	for i, s := range all {
		out[i] = ceremonies.Line{Value: s}
	}
	return out
}

func fingerprint(h [32]byte) string {
	f := words.Fingerprint(h)
	return strings.Join(f[:], " ")
}

// newKeys lists every key that next has and base has not.
func newKeys(base, next charter.Charter) []ceremonies.Line {
	known := make(map[string]bool)
	b, n := base.Document(), next.Document()
	known[string(b.Courier[:])] = true
	for _, s := range b.Stations {
		known[string(s.InstanceKey[:])] = true
	}
	for _, p := range b.People {
		for _, c := range p.Credentials {
			known[p.Name+string(c.Key)] = true
		}
	}
	for _, p := range b.Prices {
		known[string(p.Key[:])] = true
	}
	var out []ceremonies.Line
	line := func(who string, key []byte) {
		w := ceremonies.KeyWords(key)
		out = append(out, ceremonies.Line{Label: who, Value: strings.Join(w[:], " "), Alert: true})
	}
	for i, s := range n.Stations {
		if !known[string(s.InstanceKey[:])] {
			line(fmt.Sprintf("Station %d (\"%s\"), new instance", i, s.Name), s.InstanceKey[:])
		}
	}
	for _, p := range n.People {
		for _, c := range p.Credentials {
			if !known[p.Name+string(c.Key)] {
				line(fmt.Sprintf("\"%s\", \"%s\"", p.Name, c.Name), c.Key)
			}
		}
	}
	for _, p := range n.Prices {
		if !known[string(p.Key[:])] {
			line(fmt.Sprintf("Price source \"%s\"", p.Name), p.Key[:])
		}
	}
	if !known[string(n.Courier[:])] {
		line("The coordinator", n.Courier[:])
	}
	return out
}

// voidRequest asks the people whether this station may promise never to
// acknowledge a ballot.
func (s *Station) voidRequest(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	message, err := opened(s.line, sealed, e.Time)
	if err != nil {
		return ceremonies.Step{}, unreadable(err)
	}
	var r VoidRequest
	if err := wire.Unmarshal(message.Body(), &r, wire.KindVoidRequest.MaxBody()); err != nil {
		return ceremonies.Step{}, malformed(message.Party(), err)
	}
	if r.Prior != s.line.Latest().ID() {
		return ceremonies.Step{}, refused(&lineage.Refused{Reason: lineage.OlderEpoch, Sentences: []string{"The ballot follows another charter than the newest one here."}})
	}
	if _, err := s.state.Votes.Void(r.Prior, r.Digest); err != nil {
		return ceremonies.Step{}, refused(err)
	}
	s.await = awaitingVoid{request: r}
	return ceremonies.Step{Screen: ceremonies.Review{
		Title: "Never acknowledge a ballot",
		Verdict: []string{
			"The coordinator asks this station to sign that it never acknowledged this ballot and never will.",
			"That releases stations which did, so that they may acknowledge another one. It changes nothing in force.",
		},
		Sections: []ceremonies.Section{{Title: "The ballot", Lines: []ceremonies.Line{{Label: "Words", Value: fingerprint(r.Digest), Note: "the coordinator shows the same"}}}},
		Digest:   r.Digest,
	}}, nil
}

// void signs the promise. The same promise again is the same answer again.
func (s *Station) void(e ceremonies.Event, r VoidRequest) (ceremonies.Step, error) {
	votes, err := s.state.Votes.Void(r.Prior, r.Digest)
	if err != nil {
		s.await = awaitingMessage{}
		return ceremonies.Step{}, refused(err)
	}
	body, err := lineage.SignVoid(r.Digest, uint8(s.setup.Station), s.setup.Instance, e.Random).Encode()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	next := s.state
	next.Votes = votes
	return s.show(e, next, wire.KindVoid, body, "voided", answerName("void", r.Digest), toCoordinator("Never to be acknowledged here"))
}
