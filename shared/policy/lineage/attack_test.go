package lineage

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// The coordinator shows a station that has gone further the certificate of an
// earlier charter, whose cap was higher, and a ballot for the successor of the
// first one.
func TestAttackOlderEpoch(t *testing.T) {
	w := newWorld(t, 2, 3)
	old := w.ballot(w.draft(start, setCap(900_000_000)), start, two...)
	w.amend(start, two, setCap(500_000_000))
	first := w.line.Latest()
	w.amend(start+2*day, []string{"Ada"}, setCap(10_000_000))
	_, err := w.line.Examine(old, start+2*day)
	isRefused(t, err, OlderEpoch)
	_, err = w.line.Adopt(w.line.Epochs()[1].Certificate)
	if !errors.Is(err, ErrAdopted) {
		t.Errorf("a certificate that is adopted already: %v", err)
	}
	if _, err := w.line.Weigh(first, start+2*day); err == nil {
		t.Error("an older charter can be weighed as a successor")
	}
	if got := capOf(w.line.At(start + 3*day).Charter()); got != 10_000_000 {
		t.Errorf("the cap in force is %d", got)
	}
}

// Years later somebody has gathered the keys of instances that were replaced long
// ago, and of people who have left. They sign a different successor of an early
// charter and show it to the stations of today. It is refused, and what they
// signed names them.
func TestAttackLongRangeFork(t *testing.T) {
	w := newWorld(t, 2, 3)
	forged := w.ballot(w.draft(start, setCap(2_000_000_000)), start, two...)
	forgery := w.certify(forged, start, 0, 1)
	w.amend(start, two, setCap(200_000_000))
	for i := range int64(3) {
		w.amend(start+(i+2)*day, []string{"Ada"}, setCap(100_000_000-i))
	}
	_, err := w.line.Adopt(forgery)
	var fork *Fork
	if !errors.As(err, &fork) {
		t.Fatalf("got %v", err)
	}
	if fork.Epoch != 1 || !slices.Equal(fork.Stations, []int{0, 1}) {
		t.Errorf("fork of charter %d by %v", fork.Epoch, fork.Stations)
	}
	// Only those who signed both are named.
	_, err = w.line.Adopt(w.certify(forged, start, 1, 2))
	if !errors.As(err, &fork) || !slices.Equal(fork.Stations, []int{1}) || !strings.Contains(fork.Error(), "[1]") {
		t.Errorf("%v", err)
	}
	// Without enough signatures it is a mere piece of paper, and accuses nobody.
	_, err = w.line.Adopt(w.certify(forged, start, 0))
	isRefused(t, err, OlderEpoch)
	// What follows the forgery follows nothing that this line has.
	other := w.line
	other.epochs = other.epochs[:1]
	if other, err = other.Adopt(forgery); err != nil {
		t.Fatal(err)
	}
	side := &world{t: t, line: other, n: 3, number: 10}
	side.amend(start+2*day, []string{"Ada"}, setCap(1_000_000_000))
	_, err = w.line.Adopt(side.line.Epochs()[2].Certificate)
	isRefused(t, err, Unknown)
}

// Two people approved a change long ago, and thought better of it. The
// coordinator puts what they signed into another ballot: for another charter, and
// for the same charter under another number.
func TestAttackReplayedStatement(t *testing.T) {
	w := newWorld(t, 2, 3)
	small, large := w.draft(start, setCap(110_000_000)), w.draft(start, setCap(2_000_000_000))
	first := w.ballot(small, start, two...)
	if _, err := w.line.Examine(first, start); err != nil {
		t.Fatal(err)
	}
	moved := w.ballot(large, start)
	moved.Statements = first.Statements
	_, err := w.line.Examine(moved, start)
	isRefused(t, err, Unapproved)
	if !strings.Contains(err.Error(), `The approval of "Ada" is for another change: it does not count.`) {
		t.Errorf("the refusal does not say why: %v", err)
	}
	again := w.ballot(small, start)
	again.Statements = first.Statements
	_, err = w.line.Examine(again, start)
	isRefused(t, err, Unapproved)
	// After the charter has changed, an approval under the old one is void.
	w.amend(start, []string{"Cem"}, setCap(90_000_000))
	late := w.ballot(w.draft(start, setCap(110_000_000)), start)
	for _, name := range two {
		s := approval.Statement{Wallet: w.line.walletID(), Charter: w.line.Epochs()[0].Charter.ID(), Subject: approval.OfBallot(w.digest(late, mustDecode(t, late))),
			Decision: approval.Approve, Person: name, Time: start, Expiry: start + day}
		signed, err := approval.SignKey(s, "tablet", key("device of "+name), [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := signed.Encode()
		late.Statements = append(late.Statements, b)
	}
	_, err = w.line.Examine(late, start)
	isRefused(t, err, Unapproved)
}

func mustDecode(t fatal, b Ballot) charter.Charter {
	c, err := charter.Decode(b.Charter)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// One person holds two credentials and signs with both; two approvals are asked
// for.
func TestAttackOnePersonTwice(t *testing.T) {
	w := newWorld(t, 2, 3)
	b := w.ballot(w.draft(start, setCap(200_000_000)), start, "Ada")
	b.Statements = append(b.Statements, w.statement(w.digest(b, mustDecode(t, b)), start+1, "Ada"))
	_, err := w.line.Examine(b, start+1)
	isRefused(t, err, Unapproved)
}

// Whoever drafts a change counts among its approvers, although the charter says
// that the drafter does not; or nobody says who drafted it.
func TestAttackDrafterApproves(t *testing.T) {
	w := newWorld(t, 2, 3, func(d *charter.Document) { d.Governance.Loosen.Initiator = false })
	b := w.ballot(w.draft(start, setCap(200_000_000)), start, "Ada", "Ben")
	_, err := w.line.Examine(b, start)
	isRefused(t, err, Unapproved) // nobody signed the draft
	b.Statements = append(b.Statements, w.draftOf(b, "Ada"))
	_, err = w.line.Examine(b, start)
	isRefused(t, err, Unapproved) // Ada drafted, Ben alone counts
	b.Statements = append(b.Statements, w.statement(w.digest(b, mustDecode(t, b)), start, "Cem"))
	if _, err := w.line.Examine(b, start); err != nil {
		t.Error(err)
	}
	b.Statements = append(b.Statements, w.draftOf(b, "Ben"))
	_, err = w.line.Examine(b, start)
	isRefused(t, err, Malformed) // two drafts: nobody knows who drafted
}

// One approval is asked for besides the drafter's: Ben's counts because Ada drafted.
func TestDrafterIsWhoSignedTheDraft(t *testing.T) {
	w := newWorld(t, 2, 3, func(d *charter.Document) { d.Governance.Loosen.Count, d.Governance.Loosen.Initiator = 1, false })
	b := w.ballot(w.draft(start, setCap(200_000_000)), start, "Ben")
	b.Statements = append(b.Statements, w.draftOf(b, "Ada"))
	if _, err := w.line.Examine(b, start); err != nil {
		t.Error(err)
	}
}

// Two loosenings wait. Each comes into force at its time, unless the later one
// comes first and takes the other's place.
func TestTwoPending(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(start, two, setCap(200_000_000))
	w.amend(start+hour, two, setCap(300_000_000))
	for at, want := range map[int64]struct{ cap, next, from int64 }{
		start + hour:           {100_000_000, 200_000_000, start + day},
		start + day:            {200_000_000, 300_000_000, start + day + hour},
		start + day + hour - 1: {200_000_000, 300_000_000, start + day + hour},
		start + day + hour:     {300_000_000, 0, 0},
	} {
		next, from, pending := w.line.Pending(at)
		if got := capOf(w.line.At(at).Charter()); got != want.cap || pending != (want.next != 0) || from != want.from || pending && capOf(next) != want.next {
			t.Errorf("at %d: a cap of %d, then %d from %d", at, got, capOf(next), from)
		}
	}
	w = newWorld(t, 2, 3)
	w.amend(start, two, setCap(200_000_000))
	w.amend(start, two, setCap(300_000_000))
	if next, from, pending := w.line.Pending(start); !pending || from != start+day || capOf(next) != 300_000_000 {
		t.Errorf("of two with one time, the newer one comes: %d from %d", capOf(next), from)
	}
	for _, station := range []int{-1, 3} {
		if _, err := w.line.Speaker(station, start); err == nil {
			t.Errorf("station %d has a vote", station)
		}
	}
}

func (w *world) draftOf(b Ballot, name string) []byte {
	s := approval.Statement{Wallet: w.line.walletID(), Charter: w.line.At(start).Charter().ID(), Subject: approval.OfBallot(w.digest(b, mustDecode(w.t, b))),
		Decision: approval.Draft, Person: name, Time: start, Expiry: start + day}
	signed, err := approval.SignKey(s, "tablet", key("device of "+name), [32]byte{})
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := signed.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// Ben is dismissed. His device still signs, for as long as he has it: under the
// charter that knew him, and under the new one.
func TestAttackRevokedPerson(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(start, []string{"Ada"}, dismiss("Ben"))
	if !w.line.Epochs()[1].Immediate {
		t.Fatal("a revocation is not immediate")
	}
	b := w.ballot(w.draft(start+1, setCap(200_000_000)), start+1, "Ada", "Ben")
	_, err := w.line.Examine(b, start+1)
	isRefused(t, err, Unapproved)
	if !strings.Contains(err.Error(), `The approval of "Ben" is by nobody in the charter`) {
		t.Errorf("the refusal does not say why: %v", err)
	}
	b = w.ballot(w.draft(start+1, setCap(200_000_000)), start+1, "Ada", "Cem")
	if _, err := w.line.Examine(b, start+1); err != nil {
		t.Error(err)
	}
}

// The coordinator holds acknowledgements of a harmless ballot and puts them into a
// certificate for another one; it counts one station twice; it leaves one out; it
// has a stranger sign, or moves a station's name to another station.
func TestAttackMovedAcknowledgements(t *testing.T) {
	w := newWorld(t, 2, 3)
	harmless := w.ballot(w.draft(start, setCap(50_000_000)), start, two...)
	wanted := w.ballot(w.draft(start, setCap(2_000_000_000)), start, two...)
	digest := w.digest(harmless, mustDecode(t, harmless))
	own := w.digest(wanted, mustDecode(t, wanted))
	good := []Ack{w.ack(own, 0, start), w.ack(own, 1, start)}
	stranger, err := SignAck(own, 1, start, key("a stranger"), [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	renamed := good[0]
	renamed.Station = 1
	later := good[1]
	later.Time++
	for name, c := range map[string]struct {
		acks   []Ack
		reason Reason
	}{
		"of another ballot":      {[]Ack{w.ack(digest, 0, start), w.ack(digest, 1, start)}, Unsigned},
		"one of another ballot":  {[]Ack{good[0], w.ack(digest, 1, start)}, Unsigned},
		"too few":                {good[:1], Unsigned},
		"a stranger":             {[]Ack{good[0], stranger}, Unsigned},
		"another station's name": {[]Ack{good[0], renamed}, Unsigned},
		"another time":           {[]Ack{good[0], later}, Unsigned},
	} {
		b, err := NewCertificate(wanted, c.acks).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.line.Adopt(b); err == nil {
			t.Errorf("%s: adopted", name)
		} else {
			isRefused(t, err, c.reason)
		}
	}
	if _, err := NewCertificate(wanted, []Ack{good[0], good[0]}).Encode(); err == nil {
		t.Error("one station counts twice")
	}
	if _, err := w.line.Adopt(w.certify(wanted, start, 0, 1)); err != nil {
		t.Errorf("the test's own certificate: %v", err)
	}
}

// A dishonest station puts its clock back a week before it acknowledges, so that
// the delay would be over already; or forward, beyond all numbers.
func TestAttackLyingClock(t *testing.T) {
	w := newWorld(t, 2, 3)
	b := w.ballot(w.draft(start, setCap(2_000_000_000)), start-7*day, two...)
	digest := w.digest(b, mustDecode(t, b))
	certificate, err := NewCertificate(b, []Ack{w.ack(digest, 0, start-6*day), w.ack(digest, 1, start)}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	// The charter was not issued at that time: refused as it stands.
	_, err = w.line.Adopt(certificate)
	isRefused(t, err, Clock)
	// Issued early enough, it is the honest station's time that counts.
	early := w.draft(start, setCap(2_000_000_000), func(d *charter.Document) { d.Issued = start - 7*day })
	b = w.ballot(early, start-7*day, two...)
	digest = w.digest(b, early)
	certificate, err = NewCertificate(b, []Ack{w.ack(digest, 0, start-6*day), w.ack(digest, 1, start-hour)}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.adopt(certificate)
	if got := w.line.Epochs()[1].From; got != start-hour+day {
		t.Errorf("in force from %d, want a day after the honest station's clock", got)
	}
	if _, err := SignAck(digest, 0, 1<<62, instance(0), [32]byte{}); err == nil {
		t.Error("a time that would overflow was signed")
	}
	huge := Ack{Digest: digest, Station: 1, Time: 1<<63 - 1}
	huge.Sig = instance(1).Sign(huge.signed(), [32]byte{})
	if _, err := NewCertificate(b, []Ack{w.ack(digest, 0, start), huge}).Encode(); err == nil {
		t.Error("a time that would overflow was accepted")
	}
}

// A loosening waits for its delay. The coordinator has a "tightening" of the
// charter that waits adopted, which tightens next to nothing, so that all the
// rest would be in force at once; a dishonest station helps with a clock that says
// that the loosening is in force already.
func TestAttackTighteningOfWhatIsPending(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(start, two, setCap(2_000_000_000))
	now := start + hour
	sly := w.draft(now, setCap(1_999_999_999))
	b := w.ballot(sly, now, "Ada")
	_, err := w.line.Examine(b, now)
	isRefused(t, err, Unapproved) // it is a loosening of what is in force
	b.Statements = append(b.Statements, w.approve(w.digest(b, sly), now, "Ben")...)
	x, err := w.line.Examine(b, now)
	if err != nil || !x.Change.Loosens || x.Change.Delay != uint32(day) {
		t.Fatalf("%+v, %v", x.Change, err)
	}
	digest := w.digest(b, sly)
	// Under the loosening, Ada's word alone would do; under what is in force now, not.
	pending := &world{t: t, line: w.line, n: 3}
	later := start + day + 1
	one := Ballot{Prior: b.Prior, Number: b.Number, Charter: b.Charter, Statements: append(w.approve(digest, now, "Ada"), pending.approve(digest, later, "Ada")...)}
	certificate, err := NewCertificate(one, []Ack{w.ack(digest, 0, later), w.ack(digest, 1, now)}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.line.Adopt(certificate)
	isRefused(t, err, Unapproved)
	// With the approvals of both charters it is what it is for the honest clock: a
	// loosening, a day after the latest time.
	one.Statements = append(one.Statements, w.approve(digest, now, "Ben")...)
	if certificate, err = NewCertificate(one, []Ack{w.ack(digest, 0, later), w.ack(digest, 1, now)}).Encode(); err != nil {
		t.Fatal(err)
	}
	w.adopt(certificate)
	if e := w.line.Epochs()[2]; e.Immediate || e.From != later+day {
		t.Errorf("immediate %v, from %d", e.Immediate, e.From)
	}
}

// A loosening was adopted, and its people find out that they were deceived. A
// charter without it is a tightening: one of them withdraws it at once, and it
// never comes into force.
func TestWithdrawalOfALoosening(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(start, two, setCap(2_000_000_000))
	now := start + hour
	b := w.ballot(w.draft(now), now, "Cem")
	x, err := w.line.Examine(b, now)
	if err != nil || x.Change.Loosens {
		t.Fatalf("%+v, %v", x.Change.Why, err)
	}
	w.adopt(w.certify(b, now, 1, 2))
	for _, at := range []int64{start, now, start + day, start + 100*day} {
		if got := capOf(w.line.At(at).Charter()); got != 100_000_000 {
			t.Errorf("at %d the cap is %d", at, got)
		}
	}
	if _, _, pending := w.line.Pending(now); pending {
		t.Error("still pending")
	}
}

// A change gives every station a new instance, or retires one that stays, or
// lists a key that spoke before, so that nobody who remembers is left.
func TestAttackReplacedInstances(t *testing.T) {
	w := newWorld(t, 2, 3)
	fresh := func(name string) wire.PublicKey { return key(name).Public() }
	for name, change := range map[string]func(*charter.Document){
		"two of three at once": func(d *charter.Document) {
			replace(0, fresh("a"), charter.Retired{})(d)
			replace(1, fresh("b"), charter.Retired{})(d)
		},
		"retired and still there": func(d *charter.Document) {
			d.Retired = append(d.Retired, charter.Retired{Station: 2, Instance: fresh("nobody")})
		},
	} {
		_, err := w.line.Weigh(w.draft(start, change), start)
		if err == nil {
			t.Errorf("%s: weighed", name)
			continue
		}
		isRefused(t, err, Unfollowed)
	}
	w.amend(start, two, replace(2, fresh("first"), charter.Retired{}))
	// Before the new instance is in force it has no vote, and the old one has none any more.
	now := start + hour
	if _, err := w.line.Speaker(2, now); err == nil {
		t.Error("a station that is being replaced votes")
	}
	if k, err := w.line.Speaker(2, start+day); err != nil || k != fresh("first") {
		t.Errorf("in force, the new instance speaks: %v", err)
	}
	later := start + 2*day
	w.amend(later, two, replace(2, fresh("second"), charter.Retired{}))
	at := later + 2*day
	for name, back := range map[string]wire.PublicKey{"its own retired key": instance(2).Public(), "a key retired later": fresh("first")} {
		d := w.line.At(at).Charter().Document()
		d.Epoch, d.Prior, d.Issued = 3, w.line.Latest().ID(), at
		replace(2, back, charter.Retired{})(&d)
		c, err := charter.New(d)
		if err != nil {
			continue // the charter's own check sees it too
		}
		if _, err := w.line.Weigh(c, at); err == nil {
			t.Errorf("%s: listed again", name)
		}
	}
}

// A key that a charter gave to station 2, and that was withdrawn before it was in
// force, turns up as the new instance of station 1: one machine would be two.
func TestAttackInstanceChangesStation(t *testing.T) {
	w := newWorld(t, 2, 3)
	fresh := key("fresh").Public()
	w.amend(start, two, replace(2, fresh, charter.Retired{}))
	w.amend(start+1, []string{"Ada"}) // withdrawn
	now := start + 2*day
	_, err := w.line.Weigh(w.draft(now, replace(1, fresh, charter.Retired{})), now)
	isRefused(t, err, Unfollowed)
	_, err = w.line.Weigh(w.draft(now, replace(1, key("courier").Public(), charter.Retired{}), func(d *charter.Document) { d.Courier = key("courier 2").Public() }), now)
	isRefused(t, err, Unfollowed)
	if _, err := w.line.Weigh(w.draft(now, replace(2, fresh, charter.Retired{})), now); err != nil {
		t.Errorf("the station that it was for: %v", err)
	}
}

// A destination was listed an hour ago. The coordinator has the charter amended
// again for another reason, and takes the destination out and in, hoping that its
// age begins before it was ever in force.
func TestListedTimes(t *testing.T) {
	w := newWorld(t, 2, 3)
	add := func(name string) func(*charter.Document) {
		return func(d *charter.Document) {
			d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: name, Destinations: [][]byte{script(name)}})
		}
	}
	listed := func(at int64, name string) int64 {
		in := w.line.At(at)
		return in.Listed(in.Charter().Listing(name, script(name)))
	}
	w.amend(start, two, add("Eve"))
	from := start + day
	if got := listed(from, "Eve"); got != from {
		t.Errorf("listed since %d, want since it is in force, %d", got, from)
	}
	if got := listed(from, "Kraken"); got != 0 {
		t.Errorf("a destination of the first charter is listed since %d", got)
	}
	w.amend(from+hour, []string{"Ada"}, setCap(1_000_000))
	if got := listed(from+hour, "Eve"); got != from {
		t.Errorf("a change beside it moved the time to %d", got)
	}
	w.amend(from+2*hour, []string{"Ada"}, func(d *charter.Document) { d.Counterparties = d.Counterparties[1:] }) // without Eve
	back := from + 3*hour
	w.amend(back, two, add("Eve"))
	if got := listed(back+day, "Eve"); got != back+day {
		t.Errorf("taken out and in, listed since %d, want %d", got, back+day)
	}
}

// Whoever has a veto of a loosening is dismissed: one treasurer does that, as a
// tightening that holds at once. Then the loosening passes without a veto.
func TestAttackDismissedVetoOfAmendments(t *testing.T) {
	veto := charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"officer"}}
	w := newWorld(t, 2, 3, func(d *charter.Document) {
		d.People[1].Roles = []string{"board", "treasurer"} // so that Dora is not the only one of the board
		d.Governance.Loosen = charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(2, "treasurer"), veto}}
	})
	for name, change := range map[string]func(*charter.Document){
		"dismissed":            dismiss("Dora"),
		"without the role":     func(d *charter.Document) { d.People[3].Roles = []string{"board"} },
		"without a device":     func(d *charter.Document) { d.People[3].Credentials = nil },
		"the other one, too":   func(d *charter.Document) { d.People[0].Roles = []string{"treasurer"} },
		"without both of hers": func(d *charter.Document) { d.People[3].Roles = nil },
	} {
		c, err := w.line.Weigh(w.draft(start, change), start)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Loosens || c.Delay != uint32(day) {
			t.Errorf("%s: who can veto a loosening is taken away by a tightening: %v", name, c.Why)
		}
	}
	c, err := w.line.Weigh(w.draft(start, dismiss("Cem")), start)
	if err != nil || c.Loosens {
		t.Errorf("who has no veto can be dismissed at once: %v, %v", err, c.Why)
	}
}

// All stations acknowledge a ballot, and the coordinator gives each of two another
// certificate of it, by other acknowledgements. Between the two times the charter is
// in force for one of them only, and what is amended then could never be adopted by
// the other: that one would stay behind for ever.
func TestAttackTwoCertificatesOfOneCharter(t *testing.T) {
	w := newWorld(t, 2, 3)
	c := w.draft(start, setCap(1<<40))
	b := w.ballot(c, start, two...)
	digest := w.digest(b, c)
	acks := []Ack{w.ack(digest, 0, start), w.ack(digest, 1, start+hour), w.ack(digest, 2, start+5*hour)}
	certificate := func(acks ...Ack) []byte {
		out, err := NewCertificate(b, acks).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	early, late := certificate(acks[0], acks[1]), certificate(acks[1], acks[2])
	first := w.line
	behind, err := first.Adopt(late)
	if err != nil {
		t.Fatal(err)
	}
	w.adopt(early)
	between := start + day + 2*hour
	w.amend(between, []string{"Ada"}, setCap(1000))
	next := w.line.Epochs()[2].Certificate
	_, err = behind.Adopt(next)
	isRefused(t, err, Unapproved)
	caught, epoch, ok := behind.Sooner(early)
	if !ok || epoch.From != start+day+hour || caught.Latest().ID() != behind.Latest().ID() {
		t.Fatalf("the earlier certificate is not taken: in force from %d", epoch.From)
	}
	if caught, err = caught.Adopt(next); err != nil || caught.Latest().ID() != w.line.Latest().ID() {
		t.Fatalf("it stays behind: %v", err)
	}
	// Nobody is moved to a later time, nor by what is no certificate of this line.
	for name, other := range map[string][]byte{"the later one": late, "the same": early, "the newest": next, "too few": certificate(acks[0]), "nonsense": {1}} {
		if _, _, ok := w.line.Sooner(other); ok {
			t.Errorf("%s is taken", name)
		}
	}
	if _, _, ok := first.Sooner(early); ok {
		t.Error("a charter that is not there comes sooner")
	}
	// What was adopted since must still hold.
	alone, err := behind.Adopt(w.certify(w.ballotOn(behind, between), between, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := alone.Sooner(early); ok {
		t.Error("a line is taken in which an adopted charter does not hold")
	}
}

// ballotOn is a tightening that Ada approves for another line than the world's.
func (w *world) ballotOn(l Line, at int64) Ballot {
	own := w.line
	w.line = l
	defer func() { w.line = own }()
	return w.ballot(w.draft(at, setCap(500)), at, "Ada")
}
