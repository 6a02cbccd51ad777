package amendment

import (
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

func TestAmendment(t *testing.T) {
	w := newWorld(t, 2, 3)
	ballot := w.propose(two, setCap(200_000_000))
	step := w.must(w.do(0, ceremonies.Scanned{Bytes: ballot}))
	review, ok := step.Screen.(ceremonies.Review)
	if !ok {
		t.Fatalf("station 0 shows %+v", step.Screen)
	}
	if !strings.Contains(review.Verdict[0], "loosens") {
		t.Errorf("the verdict begins %q", review.Verdict[0])
	}
	all := text(review)
	for _, want := range []string{
		"number 1, for charter 1", "NEWLY ALLOWED", `"Ada" approves it on an offline device.`, ceremonies.Clock(start + day), "cap/payment",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the review does not say %q", want)
		}
	}
	if len(step.Send) != 0 || len(step.Save) != 0 {
		t.Error("something is shown or kept before people decided")
	}
	w.visit(0, ballot)
	step = w.visit(1, ballot)
	certificate := step.Send[0].Bytes
	if got := step.Screen.(ceremonies.Show).Title; got != "Charter 1 is adopted and NOT YET IN FORCE" {
		t.Errorf("the coordinator says %q", got)
	}
	step = w.must(w.do(2, ceremonies.Scanned{Bytes: certificate})) // was away
	if done := step.Screen.(ceremonies.Done); done.Title != "Charter 1 is adopted and NOT YET IN FORCE" || !strings.Contains(text(done), ceremonies.Clock(start+day)) || !strings.Contains(text(done), "NEWLY ALLOWED") {
		t.Errorf("station 2 says %+v", done)
	}
	step = w.must(w.do(2, ceremonies.Scanned{Bytes: certificate}))
	if done := step.Screen.(ceremonies.Done); done.Title != "Already adopted" {
		t.Errorf("shown again: %q", done.Title)
	}
	w.now = start + day
	step = w.must(w.do(2, ceremonies.Start{}))
	if got := step.Screen.(ceremonies.Scan).Title; got != "Charter 1 is in force" {
		t.Errorf("a day later station 2 says %q", got)
	}
}

// A revocation is in force when it is adopted, and says so.
func TestRevocation(t *testing.T) {
	w := newWorld(t, 2, 3)
	certificate := w.amend([]string{"Ada"}, dismiss("Ben"))
	s := w.station(2)
	if _, ok := s.Line().At(start).Charter().Person("Ben"); ok {
		t.Error("the person who was dismissed is still in force")
	}
	w.disks[2] = make(map[string][]byte)
	step := w.must(w.do(2, ceremonies.Scanned{Bytes: certificate}))
	if got := step.Screen.(ceremonies.Done).Title; got != "Charter 1 is adopted and in force" {
		t.Errorf("station 2 says %q", got)
	}
}

// A station that was away for several amendments adopts them in their order, and
// in no other. Until then it refuses what rests on the newer charters, and says
// what it needs.
func TestStationThatWasAway(t *testing.T) {
	w := newWorld(t, 2, 3)
	away := w.disks[2]
	var certificates [][]byte
	for i := range int64(3) {
		w.now = start + i*hour
		certificates = append(certificates, w.amend([]string{"Ada"}, setCap(90_000_000-i)))
	}
	ballot := w.propose([]string{"Ada"}, setCap(1))
	clear(away)
	step := w.must(w.do(2, ceremonies.Scanned{Bytes: ballot}))
	isFailed(t, step.Screen, "amendment/behind")
	_, err := w.do(2, ceremonies.Scanned{Bytes: certificates[1]})
	isFault(t, err, "amendment/behind")
	for i, c := range certificates {
		w.must(w.do(2, ceremonies.Scanned{Bytes: c}))
		if got := w.station(2).Line().Latest().Document().Epoch; int(got) != i+1 {
			t.Errorf("after certificate %d, charter %d", i+1, got)
		}
	}
	for i := range certificates {
		if _, ok := w.desk[SealedName(uint32(i+1))]; !ok {
			t.Errorf("the coordinator does not keep certificate %d as it was shown", i+1)
		}
	}
	w.agree(2, ballot)
}

// The coordinator showed a station another certificate of a charter than the rest,
// by which it comes into force later. Shown theirs, the station goes by it, also
// after a restart; and the other way round nothing changes.
func TestAnotherCertificateOfOneCharter(t *testing.T) {
	w := newWorld(t, 2, 3)
	ballot := w.propose(two, setCap(200_000_000))
	var acks []lineage.Ack
	for i := range 3 {
		a, err := lineage.DecodeAck(mustOpen(t, w, w.agree(i, ballot)))
		if err != nil {
			t.Fatal(err)
		}
		acks = append(acks, a)
		w.now += hour
	}
	b, err := lineage.DecodeBallot(mustOpen(t, w, ballot))
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(acks ...lineage.Ack) []byte {
		body, err := lineage.NewCertificate(b, acks).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return w.seal(wire.KindCertificate, body, key("courier"))
	}
	early, late := certificate(acks[0], acks[1]), certificate(acks[1], acks[2])
	for i, order := range [][][]byte{{late, early}, {early, late}} {
		for _, c := range order {
			w.must(w.do(i, ceremonies.Scanned{Bytes: c}))
		}
		if got := w.station(i).Line().Epochs(); len(got) != 2 || got[1].From != start+hour+day {
			t.Errorf("station %d: charter 1 is in force from %d", i, got[1].From)
		}
	}
}

func TestPeopleAtAStationRefuse(t *testing.T) {
	w := newWorld(t, 2, 3)
	ballot := w.propose(two, setCap(200_000_000))
	s := w.station(0)
	step := w.must(w.on(0, s, ceremonies.Scanned{Bytes: ballot}))
	review := step.Screen.(ceremonies.Review)
	if _, err := s.Step(w.event(ceremonies.Approve{Digest: [32]byte{1}})); err == nil {
		t.Error("an approval of another screen counts")
	}
	step = w.must(w.on(0, s, ceremonies.Refuse{Digest: review.Digest, Reason: "nobody told us"}))
	isFailed(t, step.Screen, "amendment/declined")
	_, err := s.Step(w.event(ceremonies.Approve{Digest: review.Digest}))
	isFault(t, err, "amendment/unexpected")
	step = w.must(w.tell(step.Send[0].Bytes))
	isFailed(t, step.Screen, "amendment/declined")
	p, _, err := w.coordinator().Proposal(w.now)
	if err != nil || len(p.Refusals) != 1 || !strings.Contains(p.Refusals[0], "nobody told us") {
		t.Errorf("%v, %v", p.Refusals, err)
	}
	// It may still agree later; then the refusal is gone.
	w.visit(0, ballot)
	if p, _, _ = w.coordinator().Proposal(w.now); len(p.Refusals) != 0 || len(p.Acked) != 1 || p.Missing != 1 {
		t.Errorf("%+v", p)
	}
}

// Without the approvals that the charter demands, the coordinator shows nothing,
// and a station that is shown the ballot all the same refuses and says why.
func TestBallotWithoutApprovals(t *testing.T) {
	w := newWorld(t, 2, 3)
	next := w.draft(setCap(200_000_000))
	step := w.must(w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.Propose(next, e) }))
	if len(step.Send) != 0 || !strings.Contains(text(step.Screen), "Not ready") {
		t.Errorf("the coordinator shows %+v", step.Screen)
	}
	m, err := wire.Seal(wire.KindBallot, w.id(), w.coordinator().state.Ballot, key("courier"), [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	step = w.must(w.do(0, ceremonies.Scanned{Bytes: m.Bytes}))
	isFailed(t, step.Screen, "amendment/unapproved")
	if len(step.Send) != 1 || step.Send[0].Kind != wire.KindBallotRefusal {
		t.Errorf("no signed refusal: %+v", step.Send)
	}
	one := w.statement("Ada")
	w.must(w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.Add(one, e) }))
	// An approval that would count nothing is not taken in.
	old := w.statement("Ben")
	other := w.draft(setCap(300_000_000))
	w.must(w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.Propose(other, e) }))
	_, err = w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.Add(old, e) })
	isFault(t, err, "amendment/void")
}

// An approval runs out while a person reads: what was right on the screen is
// not right any more when it is decided.
func TestApprovalExpiresOnTheScreen(t *testing.T) {
	w := newWorld(t, 2, 3)
	ballot := w.propose(two, setCap(200_000_000))
	s := w.station(0)
	step := w.must(w.on(0, s, ceremonies.Scanned{Bytes: ballot}))
	w.now += day
	_, err := s.Step(w.event(ceremonies.Approve{Digest: step.Screen.(ceremonies.Review).Digest}))
	isFault(t, err, "amendment/unapproved")
}

// The same ballot gets the same answer, after a restart too.
func TestSameBallotSameAnswer(t *testing.T) {
	w := newWorld(t, 2, 3)
	ballot := w.propose(two, setCap(200_000_000))
	answer := w.agree(0, ballot)
	w.now += hour
	step := w.must(w.do(0, ceremonies.Scanned{Bytes: ballot}))
	if len(step.Send) != 1 || string(step.Send[0].Bytes) != string(answer) {
		t.Error("another answer")
	}
}

// Two successors of one charter are approved. A station that acknowledged one
// acknowledges the other only when t stations have promised never to acknowledge
// the first.
func TestTwoApprovedSuccessors(t *testing.T) {
	w := newWorld(t, 2, 3)
	one := w.propose(two, setCap(200_000_000))
	w.visit(0, one)
	other := w.propose([]string{"Ben", "Cem"}, setCap(300_000_000))
	step := w.must(w.do(0, ceremonies.Scanned{Bytes: other}))
	isFailed(t, step.Screen, "amendment/committed")

	request := w.must(w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.VoidRequest(1, e) })).Send[0].Bytes
	_, err := w.do(0, ceremonies.Scanned{Bytes: request})
	isFault(t, err, "amendment/committed")
	for _, i := range []int{1, 2} {
		s := w.station(i)
		step := w.must(w.on(i, s, ceremonies.Scanned{Bytes: request}))
		digest := step.Screen.(ceremonies.Review).Digest
		step = w.must(w.on(i, s, ceremonies.Approve{Digest: digest}))
		step = w.must(w.tell(step.Send[0].Bytes))
		other = step.Send[0].Bytes
	}
	step = w.must(w.do(1, ceremonies.Scanned{Bytes: one}))
	isFailed(t, step.Screen, "amendment/committed") // it voided that one
	if lines := w.coordinator().Earlier(); len(lines) != 1 || !strings.Contains(lines[0].Value, "acknowledged by stations [0], voided by 2") {
		t.Errorf("%+v", lines)
	}
	w.visit(0, other)
	step = w.visit(1, other)
	if step.Send[0].Kind != wire.KindCertificate {
		t.Errorf("no certificate: %+v", step.Screen)
	}
	// What the first ballot's acknowledgement is worth now: nothing.
	if got := w.coordinator().Line().Latest().Document(); got.Rules[0].Max != 300_000_000 {
		t.Errorf("adopted: %+v", got.Rules)
	}
}

// A person declines to void: nothing is promised.
func TestVoidIsDeclined(t *testing.T) {
	w := newWorld(t, 2, 3)
	one := w.propose(two, setCap(200_000_000))
	w.propose([]string{"Ben", "Cem"}, setCap(300_000_000))
	request := w.must(w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.VoidRequest(1, e) })).Send[0].Bytes
	s := w.station(1)
	step := w.must(w.on(1, s, ceremonies.Scanned{Bytes: request}))
	step = w.must(w.on(1, s, ceremonies.Refuse{Digest: step.Screen.(ceremonies.Review).Digest}))
	if len(step.Send) != 0 || len(step.Save) != 0 {
		t.Errorf("%+v", step)
	}
	w.agree(1, one)
	_, err := w.at(func(c *Coordinator, e ceremonies.Event) (ceremonies.Step, error) { return c.VoidRequest(7, e) })
	isFault(t, err, "amendment/unexpected")
}

// A station acknowledged a ballot and says afterwards that it never did: the
// coordinator has both, signed.
func TestAttackContradiction(t *testing.T) {
	w := newWorld(t, 2, 3)
	one := w.propose(two, setCap(200_000_000))
	digest := mustProposal(t, w).Digest
	w.visit(0, one)
	w.propose([]string{"Ben", "Cem"}, setCap(300_000_000))
	lie := sealVoid(t, w, 0, digest)
	_, err := w.tell(lie)
	f := isFault(t, err, "amendment/contradiction")
	if f.Suspect.Kind != ceremonies.Station || f.Suspect.Station != 0 || len(f.Record) == 0 {
		t.Errorf("%+v", f)
	}
}

// The people who approved are shown, and every new key with its twelve words.
func TestReviewShowsNewKeys(t *testing.T) {
	w := newWorld(t, 2, 3)
	ballot := w.propose(two, func(d *charter.Document) {
		d.People = append(d.People, charter.Person{Name: "Eve", Roles: []string{"treasurer"}, Credentials: []charter.Credential{device("Eve")}})
	})
	step := w.must(w.do(0, ceremonies.Scanned{Bytes: ballot}))
	review := step.Screen.(ceremonies.Review)
	at := slices.IndexFunc(review.Sections, func(s ceremonies.Section) bool { return strings.HasPrefix(s.Title, "New keys") })
	if at < 0 || len(review.Sections[at].Lines) != 1 {
		t.Fatalf("the new key is not shown apart: %d", at)
	}
	words := ceremonies.KeyWords(device("Eve").Key)
	if line := review.Sections[at].Lines[0]; line.Value != strings.Join(words[:], " ") || !strings.Contains(line.Label, `"Eve"`) {
		t.Errorf("%+v", line)
	}
}

// A station's clock is wrong, or it lies: its acknowledgement is dated years ahead,
// or long before anybody approved, and would spoil every certificate that it is
// part of. The coordinator takes neither and names the station.
func TestAttackSpoiltAcknowledgement(t *testing.T) {
	w := newWorld(t, 2, 3)
	ballot := w.propose(two, setCap(200_000_000))
	digest := mustProposal(t, w).Digest
	for _, at := range []int64{start + 10*365*day, start - 3*day, start + 2*day} {
		a, err := lineage.SignAck(digest, 0, at, w.keys[0], [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		body, err := a.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.tell(w.seal(wire.KindBallotAck, body, w.keys[0]))
		if f := isFault(t, err, "amendment/clock"); f.Suspect.Kind != ceremonies.Station || f.Suspect.Station != 0 {
			t.Errorf("%+v", f.Suspect)
		}
	}
	w.visit(1, ballot)
	if step := w.visit(2, ballot); step.Send[0].Kind != wire.KindCertificate {
		t.Errorf("%+v", step.Screen)
	}
}

// The charter wants stations of two sites to acknowledge a loosening. Two of one
// site do not make a certificate; a third one of another does.
func TestAcknowledgementsOfTwoSites(t *testing.T) {
	w := newWorld(t, 2, 3, func(d *charter.Document) {
		for i, site := range []string{"Bern", "Bern", "Basel"} {
			d.Stations[i].Site = site
		}
		d.Governance.Loosen = charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{d.Governance.Loosen, {Kind: charter.DemandSites, Count: 2}}}
	})
	ballot := w.propose(two, setCap(200_000_000))
	w.visit(0, ballot)
	step := w.visit(1, ballot)
	isFailed(t, step.Screen, "amendment/unapproved")
	step = w.visit(2, ballot)
	if len(step.Send) != 1 || step.Send[0].Kind != wire.KindCertificate {
		t.Errorf("%+v", step.Screen)
	}
}

// A loosening comes into force while the people at a station read another change:
// that comes to something else now, and what they read is not what they would sign.
func TestCharterComesIntoForceOnTheScreen(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(two, setCap(200_000_000))
	w.now = start + day - hour
	ballot := w.propose(two, setCap(150_000_000)) // a loosening now, a tightening an hour later
	s := w.station(0)
	step := w.must(w.on(0, s, ceremonies.Scanned{Bytes: ballot}))
	review := step.Screen.(ceremonies.Review)
	if !strings.Contains(text(review), "Adopted, not yet in force") {
		t.Error("the review does not speak of the charter that waits")
	}
	w.now = start + day
	if _, err := s.Step(w.event(ceremonies.Approve{Digest: review.Digest})); err == nil {
		t.Error("acknowledged another change than was read")
	}
}

// Two certificates for one epoch, with a station that acknowledged both: whoever
// sees the second keeps the first, and has proof.
func TestAttackFork(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.propose(two, setCap(300_000_000))
	p := mustProposal(t, w)
	b, err := lineage.DecodeBallot(w.coordinator().state.Ballot)
	if err != nil {
		t.Fatal(err)
	}
	var acks []lineage.Ack
	for i := range 2 {
		a, err := lineage.SignAck(p.Digest, uint8(i), w.now, w.keys[i], [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		acks = append(acks, a)
	}
	forgery, err := lineage.NewCertificate(b, acks).Encode()
	if err != nil {
		t.Fatal(err)
	}
	clear(w.desk)
	w.amend(two, setCap(200_000_000))
	_, err = w.do(2, ceremonies.Scanned{Bytes: w.seal(wire.KindCertificate, forgery, key("courier"))})
	f := isFault(t, err, "amendment/fork")
	if f.Suspect.Kind != ceremonies.Station || len(f.Record) == 0 || !strings.Contains(f.What, "[0 1]") {
		t.Errorf("%+v", f)
	}
	if got := w.station(2).Line().Latest().Document().Rules[0].Max; got != 200_000_000 {
		t.Errorf("station 2 follows the forgery: %d", got)
	}
}
