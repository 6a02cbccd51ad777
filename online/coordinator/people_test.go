package coordinator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/reviewing"
	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/webauthn/testauthenticator"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// A batch that only people are missing for is drafted; the check says what it
// needs and who could give it, nobody walks in vain, and with everything there the
// stations sign. All of it survives a restart between any two steps.
func TestBatchWaitsForPeople(t *testing.T) {
	y, o := newOffice(t)
	y.owe("tier", 700_000, 2)
	checked, err := y.CheckPending(t.Context(), y.chain, y.chain, plain)
	must(t, err)
	if checked.Verdict.Allowed || checked.Against != 0 || len(checked.Needs) != 1 {
		t.Fatalf("%+v", checked.Needs)
	}
	d := y.draft(plain)
	if len(d.Needs) != 1 || d.Needs[0].Rule != "tier/amount" || !slices.Equal(d.Needs[0].People, []string{"Ann", "Ben", "Cid"}) {
		t.Fatalf("%+v", d.Needs)
	}
	waits := func() {
		t.Helper()
		_, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
		if r, ok := errors.AsType[*coordinator.Refused](err); !ok || len(r.Needs) != 1 {
			t.Fatalf("%v", err)
		}
	}
	waits()
	about, err := y.BatchSubject("1")
	must(t, err)
	_, err = y.SignAs(about, approval.Draft, "Robot", "", o.robot, 3600)
	must(t, err)
	y.open()
	o.approve(about, "Ann")
	waits()
	if checked, err = y.CheckBatch("1"); err != nil || !slices.Equal(checked.Needs[0].People, []string{"Ben", "Cid"}) {
		t.Fatalf("%+v %v", checked.Needs, err)
	}
	y.open()
	o.approve(about, "Ben")
	y.open()
	checked, err = y.CheckBatch("1")
	must(t, err)
	if !checked.Verdict.Allowed || len(checked.Quorum) != 2 {
		t.Fatalf("%q", checked.Verdict.Sentences())
	}
	shown := y.people.shown
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	must(t, err)
	if b.Status != book.BatchSigned || y.people.shown != shown+2 {
		t.Fatalf("%s after %d visits", b.Status, y.people.shown-shown)
	}
}

// What counts nothing is not kept, and says why: another batch's approval, a
// second initiator, an assertion for nobody's challenge, a program that approves.
func TestStatementsThatCountNothing(t *testing.T) {
	y, o := newOffice(t)
	y.owe("one", 700_000, 2)
	y.draft(plain)
	y.owe("two", 700_000, 2)
	y.draft(plain)
	one, err := y.BatchSubject("1")
	must(t, err)
	two, err := y.BatchSubject("2")
	must(t, err)

	_, err = y.SignAs(one, approval.Draft, "Robot", "", o.robot, 3600)
	must(t, err)
	again, err := y.SignAs(one, approval.Draft, "Robot", "", o.robot, 7200)
	if err == nil || !strings.Contains(err.Error(), "one initiator only") {
		t.Fatalf("a second draft: %v %+v", err, again)
	}
	if _, err := y.SignAs(one, approval.Approve, "Robot", "", o.robot, 3600); !errors.Is(err, coordinator.ErrVoid) {
		t.Fatalf("a program approves: %v", err)
	}
	if _, err := y.SignAs(two, approval.Draft, "Robot", "", key(t, 77), 3600); !errors.Is(err, coordinator.ErrVoid) {
		t.Fatalf("a key that the charter does not list: %v", err)
	}
	asked, err := y.Challenge(one, approval.Approve, "Ann", "key", 3600)
	must(t, err)
	challenge := asked.Statement.Challenge()
	assertion, err := o.ann.Assert(rpID, origin, challenge, testauthenticator.Options{NotVerified: true})
	must(t, err)
	if _, err := y.TakeAssertion(challenge, assertion); err == nil {
		t.Fatal("an assertion without a verified user is taken")
	}
	if assertion, err = o.ann.Assert(rpID, origin, challenge, testauthenticator.Options{}); err != nil {
		t.Fatal(err)
	}
	taken, err := y.TakeAssertion(challenge, assertion)
	must(t, err)
	twice, err := y.TakeAssertion(challenge, assertion)
	must(t, err)
	if !taken.New || twice.New || taken.About != "batch 1" {
		t.Fatalf("%+v %+v", taken, twice)
	}
	if _, err := y.TakeAssertion([32]byte{1}, assertion); err == nil {
		t.Fatal("an assertion for a challenge that nobody made")
	}
	for about, want := range map[coordinator.Subject]int{one: 2, two: 0} {
		set, err := y.Statements(about)
		must(t, err)
		if len(set.Given()) != want || len(set.Void()) != 0 {
			t.Fatalf("%s: %+v %+v", about.About, set.Given(), set.Void())
		}
	}
	o.veto = true
	_, err = y.Review(t.Context(), y.people, two, "Ben", 3600)
	if r, ok := errors.AsType[*coordinator.ReviewerRefused](err); !ok || !strings.Contains(r.Error(), "this is too much") {
		t.Fatalf("a reviewer who refuses: %v", err)
	}
	for name, person := range map[string]string{"Robot": "offline device", "Dan": "lists nobody called"} {
		if _, err := y.Review(t.Context(), y.people, two, name, 3600); err == nil || !strings.Contains(err.Error(), person) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// A change that loosens needs two officers and an hour; a station that was away
// adopts by certificate; a batch drafted before is told to be drafted anew.
func TestAmendment(t *testing.T) {
	y, o := newOffice(t)
	y.owe("old", 300_000, 2)
	y.draft(plain)
	a := o.change(func(d *charter.Document) { rule(d, "tier/amount").Max = 3_000_000 })
	if !a.Change.Loosens || a.Ready {
		t.Fatalf("%+v", a.Change)
	}
	_, notReady := errors.AsType[*coordinator.NotReady](y.CarryAmendment(t.Context(), y.people))
	if !notReady || y.people.shown > 20 {
		t.Fatal("a ballot that nobody approved is shown to stations")
	}
	about, err := y.AmendmentSubject()
	must(t, err)
	o.approve(about, "Ann")
	y.open()
	o.approve(about, "Cid")
	y.open()

	o.present = []int{2}
	if err := y.CarryAmendment(t.Context(), y.people); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatalf("one station of two: %v", err)
	}
	y.open()
	if a, err = y.Amendment(); err != nil || !slices.Equal(a.Acked, []int{2}) || a.Missing != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	o.present, o.next = []int{0, 2}, 0
	must(t, y.CarryAmendment(t.Context(), y.people))
	y.open()
	if _, err := y.Amendment(); !errors.Is(err, coordinator.ErrNoAmendment) {
		t.Fatalf("after it is adopted: %v", err)
	}
	line, err := y.Line()
	must(t, err)
	next, from, pending := line.Pending(y.people.world.Now)
	if !pending || next.Document().Epoch != 1 || from != y.people.world.Now+3600 {
		t.Fatalf("pending %v from %d", pending, from)
	}
	// Until then the first charter rules, and its batch is signed.
	if checked, err := y.CheckBatch("1"); err != nil || !checked.Verdict.Allowed || checked.Stale {
		t.Fatalf("%+v %v", checked, err)
	}
	y.people.world.Now += 3601
	if checked, err := y.CheckBatch("1"); err != nil || !checked.Stale {
		t.Fatalf("%+v %v", checked, err)
	}
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{}); !isStale(err) {
		t.Fatalf("%v", err)
	}
	_, err = y.Discard("1")
	must(t, err)
	y.owe("new", 1_000_000, 1)
	if d := y.draft(plain); len(d.Needs) != 0 {
		t.Fatalf("the raised limit is not in force: %+v", d.Needs)
	}
	// Station 1 was away. It refuses what follows a charter that it does not have.
	if _, err := y.Sign(t.Context(), y.people, "2", coordinator.SignOptions{Quorum: []int{1, 2}}); err == nil {
		t.Fatal("a station signs under a charter that it does not have")
	}
	y.people.away = map[int]bool{1: true}
	_, err = y.Sign(t.Context(), y.people, "2", coordinator.SignOptions{})
	y.people.away = nil
	if err != nil && !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatal(err)
	}
	o.present, o.next = []int{1}, 0
	shown, err := y.ShowCertificates(t.Context(), y.people, 1)
	must(t, err)
	if shown != 1 {
		t.Fatalf("%d certificates", shown)
	}
	b, err := y.Sign(t.Context(), y.people, "2", coordinator.SignOptions{Quorum: []int{1, 2}})
	must(t, err)
	if b.Status != book.BatchSigned {
		t.Fatal(b.Status)
	}
	if _, err := y.ShowCertificates(t.Context(), y.people, 2); err == nil {
		t.Fatal("a certificate that is not")
	}
}

func isStale(err error) bool {
	_, ok := errors.AsType[*coordinator.Stale](err)
	return ok
}

// A freeze stops the treasury until an amendment lifts it.
func TestFreezeAndThaw(t *testing.T) {
	y, o := newOffice(t)
	y.owe("frozen", 300_000, 2)
	y.draft(plain)
	w := y.people.world
	line, err := y.Line()
	must(t, err)
	code, err := line.SealFreeze("a laptop was stolen", w.Now, w.Stations[1].Identity.Instance, w.Random())
	must(t, err)
	y.people.answers = append(y.people.answers, []byte("something else"), code.Bytes)
	f, err := y.ScanFreeze(t.Context(), y.people)
	must(t, err)
	y.open()
	_, err = y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	if s, ok := errors.AsType[*coordinator.Stopped](err); !ok || !strings.Contains(s.Error(), "a laptop was stolen") {
		t.Fatalf("%v", err)
	}
	must(t, y.ShowFreeze(t.Context(), y.people, f))
	for _, s := range w.Stations {
		if len(o.amend(s).Frozen(w.Now)) != 1 {
			t.Fatalf("station %d does not obey", s.Number)
		}
	}
	thaw, err := y.Thaw(charter.Charter{})
	must(t, err)
	a, err := y.DraftAmendment(thaw)
	must(t, err)
	if len(a.Change.Lifts) != 1 || a.Change.Loosens {
		t.Fatalf("%+v", a.Change)
	}
	about, err := y.AmendmentSubject()
	must(t, err)
	o.approve(about, "Ann", "Cid")
	must(t, y.CarryAmendment(t.Context(), y.people))
	frozen, err := y.Frozen()
	must(t, err)
	if all, err := y.Freezes(); err != nil || len(all) != 1 || !all[0].Lifted || len(frozen) != 0 {
		t.Fatalf("%+v %v", all, err)
	}
	if _, err := y.Thaw(charter.Charter{}); err == nil {
		t.Fatal("a thaw of nothing")
	}
	_, err = y.Discard("1")
	must(t, err)
	d := y.draft(plain) // the same facts: the same batch, under the new charter
	if b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{}); err != nil || b.Status != book.BatchSigned {
		t.Fatalf("%+v %v", d.Needs, err)
	}
}

// A code that nobody of this charter made stops nothing.
func TestFreezeOfAStranger(t *testing.T) {
	y, _ := newOffice(t)
	w := y.people.world
	line, err := y.Line()
	must(t, err)
	code, err := line.SealFreeze("just so", w.Now, key(t, 66), w.Random())
	must(t, err)
	if _, err := y.TakeFreeze(code.Bytes); err == nil {
		t.Fatal("a stranger freezes the wallet")
	}
	if _, err := y.TakeFreeze([]byte{1, 2, 3}); err == nil {
		t.Fatal("nonsense freezes the wallet")
	}
	if frozen, err := y.Frozen(); err != nil || len(frozen) != 0 {
		t.Fatalf("%+v %v", frozen, err)
	}
}

// Station 2 loses its disk. Restored from its words it is a stranger, until an
// amendment lists its new instance; then the others give it their memory, and it
// signs with them. The records of its old instance count for ever.
func TestRelist(t *testing.T) {
	y, o := newOffice(t)
	w := y.people.world
	y.owe("before", 300_000, 2)
	y.draft(plain)
	_, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{1, 2}})
	must(t, err)

	must(t, w.Lose(2))
	lost := w.Stations[2]
	_, introduction, err := enrolment.NewStation(lost.Identity, w.At(lost, ceremonies.Start{}))
	must(t, err)
	y.people.answers = [][]byte{[]byte("nonsense"), introduction.Send[0].Bytes}
	a, err := y.Relist(t.Context(), y.people)
	must(t, err)
	if !slices.Equal(a.Change.Replaced, []int{2}) || !a.Change.Loosens {
		t.Fatalf("%+v", a.Change)
	}
	about, err := y.AmendmentSubject()
	must(t, err)
	o.approve(about, "Ann", "Cid")
	o.present = []int{0, 1}
	o.restored, err = amendment.NewRestored(amendment.Setup{First: o.public.Line(), Station: 2, Instance: lost.Identity.Instance}, lost.Disk.Records(amendment.Prefix))
	must(t, err)
	must(t, y.CarryAmendment(t.Context(), y.people))
	y.open()
	w.Now += 3601 // a new instance is a loosening
	y.people.answers = y.people.answers[len(y.people.answers)-1:]
	o.next = 0
	o.pool = func() []byte { return o.remember(lost) }
	must(t, y.Witness(t.Context(), y.people))
	y.open()
	y.owe("after", 300_000, 2)
	y.draft(plain)
	if b, err := y.Sign(t.Context(), y.people, "2", coordinator.SignOptions{Quorum: []int{2, 0}}); err != nil || b.Status != book.BatchSigned {
		t.Fatalf("%s %v", b.Status, err)
	}
}

// An amendment rule that asks for a word that nothing is frozen gets it, whether
// that was given before the change was drafted or after.
func TestAmendmentAsksWhetherFrozen(t *testing.T) {
	d := officeCharter(t)
	d.Governance.Tighten = charter.Demand{Kind: charter.DemandNotFrozen, Roles: []string{"officer"}, Seconds: 600}
	y, o := newOfficeOf(t, d)
	a := o.change(func(d *charter.Document) { rule(d, "cap/day").Max = 20_000_000 })
	if a.Change.Loosens || a.Ready {
		t.Fatalf("%+v", a)
	}
	whole, err := y.WalletSubject()
	must(t, err)
	_, err = y.Review(t.Context(), y.people, whole, "Cid", 3600)
	must(t, err)
	must(t, y.CarryAmendment(t.Context(), y.people))
	if a = o.change(func(d *charter.Document) { rule(d, "cap/day").Max = 10_000_000 }); a.Ready {
		t.Fatal("a word that was given under the charter before counts")
	}
	if _, err := o.browser(whole, approval.NotFrozen); err != nil {
		t.Fatal(err)
	}
	o.next = 0
	must(t, y.CarryAmendment(t.Context(), y.people))
}

// The key of a person's device is taken from what the device shows, if it is set
// up for this treasury's network.
func TestTakeReviewer(t *testing.T) {
	y := ready(t)
	w := y.people.world
	_, elsewhere, err := reviewing.NewReviewer(reviewing.Setup{Name: "Eve", Network: wallet.Mainnet, Key: key(t, 5)}, w.Event(ceremonies.Start{}))
	must(t, err)
	_, step, err := reviewing.NewReviewer(reviewing.Setup{Name: "Eve", Network: wallet.Regtest, Key: key(t, 6)}, w.Event(ceremonies.Start{}))
	must(t, err)
	y.people.answers = [][]byte{[]byte("nonsense"), elsewhere.Send[0].Bytes, step.Send[0].Bytes}
	k, err := y.TakeReviewer(t.Context(), y.people)
	must(t, err)
	if k.Name != "Eve" || k.Key != key(t, 6).Public() || len(y.people.told) != 2 {
		t.Fatalf("%+v after %d refusals", k, len(y.people.told))
	}
}

// Station 2 has acknowledged a ballot that is replaced. It acknowledges no other
// one until the others have promised that they never will acknowledge the first.
func TestVoidBallot(t *testing.T) {
	y, o := newOffice(t)
	lower := func(max int64) coordinator.Amendment {
		return o.change(func(d *charter.Document) { rule(d, "cap/day").Max = max })
	}
	lower(20_000_000)
	o.present = []int{2}
	if err := y.CarryAmendment(t.Context(), y.people); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatal(err)
	}
	if a := lower(10_000_000); a.Number != 2 || len(a.Earlier) != 1 || len(a.Acked) != 0 {
		t.Fatalf("%+v", a)
	}
	o.present, o.next = []int{2}, 0
	if err := y.CarryAmendment(t.Context(), y.people); !errors.Is(err, coordinator.ErrWaiting) {
		t.Fatal(err)
	}
	if a, err := y.Amendment(); err != nil || len(a.Acked) != 0 || len(a.Refusals) != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	o.present, o.next = []int{0, 1}, 0
	must(t, y.VoidBallot(t.Context(), y.people, 1))
	y.open()
	o.present, o.next = []int{2, 0}, 0
	must(t, y.CarryAmendment(t.Context(), y.people))
	c, err := y.Charter()
	must(t, err)
	d := c.Document()
	if rule(&d, "cap/day").Max != 10_000_000 {
		t.Fatalf("in force: %+v", rule(&d, "cap/day"))
	}
}
