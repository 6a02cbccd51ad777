package rehearsal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy"
	"heliograph/shared/wire"
)

// A station approves, its answer is not scanned, and the session is ended. The
// station refuses every later request that does not know its release; taking
// the late answer, to the ended session, opens it again.
func TestLateAnswerOpensAStationAgain(t *testing.T) {
	w := ready(t, 2, 3)
	r := w.Pay("late", "Exchange", payee(1), 0, 2000, 100_000)
	session, request, err := w.Open(r, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Visit(w.Stations[0], request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.keep(session.Step(w.Event(ceremonies.Away{Station: 0}))); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	next := w.Pay("later", "Exchange", payee(1), 1, 2000, 100_000)
	second, stuck, err := w.Open(next, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], stuck, "signing/stale-snapshot")
	if _, err := w.keep(second.Step(w.Event(ceremonies.Away{Station: 0}))); err != nil {
		t.Fatal(err)
	}
	if session, err = w.Desk.ResumeSession(w.Disk[signing.SessionName(session.Digest())]); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Step(w.Event(ceremonies.Start{})); code(err) != "session/over" {
		t.Fatalf("an ended session is shown again: %v", err)
	}
	step, err := w.keep(session.Step(w.Event(ceremonies.Scanned{Bytes: answer})))
	if err != nil {
		t.Fatal(err)
	}
	if _, done := step.Screen.(ceremonies.Done); !done || len(step.Send) != 0 {
		t.Fatalf("a late answer goes on with the ended session: %T", step.Screen)
	}
	if _, err := w.Sign(next, 0, 2); err != nil {
		t.Fatalf("the station is still locked out: %v", err)
	}
}

// Sessions that end without an answer cost the desk no nonces, however many.
func TestEndedSessionsGiveTheirNoncesBack(t *testing.T) {
	w := ready(t, 2, 3)
	before := [2]int{w.Desk.Unused(0), w.Desk.Unused(1)}
	for i := range 3 * w.Pool {
		session, _, err := w.Open(w.Pay(fmt.Sprintf("away-%d", i), "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
		if err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
		if _, err := w.keep(session.Step(w.Event(ceremonies.Away{Station: 0}))); err != nil {
			t.Fatal(err)
		}
	}
	if after := [2]int{w.Desk.Unused(0), w.Desk.Unused(1)}; after != before {
		t.Fatalf("%v nonces are left of %v", after, before)
	}
	if _, err := w.Sign(w.Pay("at-last", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	// What a second open session counts on from is not given back.
	first, _, err := w.Open(w.Pay("two-a", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("two-b", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	left := w.Desk.Unused(0)
	if _, err := w.keep(first.Step(w.Event(ceremonies.Away{Station: 0}))); err != nil {
		t.Fatal(err)
	}
	if w.Desk.Unused(0) != left {
		t.Fatal("nonces under an open order were given back")
	}
	if _, refused, err := w.Visit(w.Stations[0], request); err != nil || refused != nil {
		t.Fatal(refused, err)
	}
}

// Two sessions are open at a time and end in the order in which they were opened,
// again and again: the first one's nonces lie below those of an open order and
// cannot be given back. No answer ever comes that would refill a pool, so unless
// the desk counts anew, every station of the wallet runs out for good.
func TestSessionsThatEndInTheirOrderDrainNoPool(t *testing.T) {
	w := ready(t, 2, 3)
	for i := range 2 * w.Pool {
		w.openTwoAndEnd(t, func(id string) batch.Request {
			return w.Pay(fmt.Sprintf("%s-%d", id, i), "Exchange", payee(1), 0, 2000, 100_000)
		})
	}
	if _, err := w.Sign(w.Pay("at-last", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
}

// The same once, with batches so wide that what lies between the station's next
// nonce and the desk's is more than a station skips.
func TestSessionsThatEndInTheirOrderSkipNotTooFar(t *testing.T) {
	const inputs = 515 // twice that is more than the 1,024 that may be skipped
	w := readyPool(t, 3*inputs)
	wideOne := func(id string) batch.Request {
		tx := batch.Transaction{Payments: []uint32{0}, Change: &batch.Change{Index: 0, At: 1}, Variants: []batch.Variant{{Change: 50_000}}}
		for i := range uint32(inputs) {
			tx.Inputs = append(tx.Inputs, w.Coin(i, 9_000))
		}
		return w.Request([]batch.Payment{{ExternalID: id, Counterparty: "Exchange", Amount: 9_000*inputs - 70_000, Script: payee(1)}}, tx)
	}
	w.openTwoAndEnd(t, func(id string) batch.Request { return wideOne("first-" + id) })
	w.openTwoAndEnd(t, func(id string) batch.Request { return wideOne("then-" + id) })
	if _, err := w.Sign(w.Pay("at-last", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
}

// openTwoAndEnd opens two sessions of one quorum and ends the first one first.
func (w *World) openTwoAndEnd(t *testing.T, request func(id string) batch.Request) {
	t.Helper()
	var open [2]*signing.Session
	for i, id := range []string{"a", "b"} {
		var err error
		if open[i], _, err = w.Open(request(id), 0, 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, session := range open {
		if _, err := w.keep(session.Step(w.Event(ceremonies.Away{Station: 0}))); err != nil {
			t.Fatal(err)
		}
	}
}

// A station that was away for long is told everything it missed, in messages
// that fit, before the request.
func TestStationThatWasAwayForLong(t *testing.T) {
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Enrolment(); err != nil {
		t.Fatal(err)
	}
	loose := rules()
	loose.Rules = loose.Rules[:1]
	if err := w.KeyGeneration(w.draft(t, loose)); err != nil {
		t.Fatal(err)
	}
	for b := range 4 {
		amounts := make([]batch.Amount, 800)
		for i := range amounts {
			amounts[i] = 1000
		}
		if _, err := w.Sign(w.Pay(fmt.Sprintf("many-%d", b), "Exchange", payee(1), uint32(b), 60_000, amounts...), 0, 1); err != nil {
			t.Fatal(err)
		}
	}
	_, step, err := w.Desk.Open(w.Pay("back", "Exchange", payee(1), 4, 2000, 100_000), policy.Evidence{}, []int{2, 0}, w.Event(ceremonies.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(step.Send) < 2 {
		t.Fatalf("%d messages: the fixture is too small to need more than a request", len(step.Send))
	}
	s := w.Stations[2]
	w.refuses(t, s, step.Send[len(step.Send)-1].Bytes, "signing/records")
	for _, m := range step.Send[:len(step.Send)-1] {
		if m.Kind != wire.KindRecords {
			t.Fatalf("a %s comes before the request", m.Kind)
		}
		shown, err := w.Do(s, ceremonies.Scanned{Bytes: m.Bytes})
		if err != nil {
			t.Fatal(err)
		}
		if _, scan := shown.Screen.(ceremonies.Scan); !scan {
			t.Fatalf("after records the station shows %T", shown.Screen)
		}
	}
	if err := w.Restart(s); err != nil {
		t.Fatal(err)
	}
	if _, refused, err := w.Visit(s, step.Send[len(step.Send)-1].Bytes); err != nil || refused != nil {
		t.Fatal(refused, err)
	}
}

// A dishonest station plants a record dated far in the future: if anybody
// remembered it, every later request would look as if it came before it.
func TestRecordFromTheFuture(t *testing.T) {
	w := ready(t, 2, 3)
	if _, err := w.Sign(w.Pay("fut-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("fut-b", "Exchange", payee(1), 1, 2000, 100_000), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	bad := w.Stations[1]
	kept := bad.Disk.Records(signing.LedgerPrefix)
	last, err := ledger.DecodeRecord(kept[len(kept)-1].Value)
	if err != nil {
		t.Fatal(err)
	}
	last.Seq, last.Prev, last.Time = last.Seq+1, last.Hash(), 253_000_000_000
	last, err = ledger.SignRecord(last, bad.Identity.Instance, w.Random())
	if err != nil {
		t.Fatal(err)
	}
	planted, err := last.Encode()
	if err != nil {
		t.Fatal(err)
	}
	evil := w.forge(t, request, nil, func(r *signing.Request) { r.Missed = append(r.Missed, planted) })
	w.refuses(t, w.Stations[2], evil, "signing/records")
	if _, refused, err := w.Visit(w.Stations[2], request); err != nil || refused != nil {
		t.Fatalf("the planted record was remembered: %v %v", refused, err)
	}
}

// A rule with a thousand names, or a person with a novel to tell, does not make
// a refusal too long to be sent.
func TestRefusalAlwaysFits(t *testing.T) {
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Enrolment(); err != nil {
		t.Fatal(err)
	}
	d := rules()
	var names []string
	for i := range 900 {
		name := fmt.Sprintf("Counterparty %d %s", i, strings.Repeat("x", 40))
		names = append(names, name)
		d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: name})
	}
	for i := range 3 {
		d.Rules = append(d.Rules, charter.Rule{ID: fmt.Sprintf("deny/r%d", i), Effect: charter.Deny, To: append([]string{"Exchange"}, names...)})
	}
	if err := w.KeyGeneration(w.draft(t, d)); err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("long", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, refused, err := w.Visit(w.Stations[0], request)
	if err != nil || refused == nil || answer == nil {
		t.Fatalf("no signed refusal: %v %v", refused, err)
	}
	w = ready(t, 2, 3)
	session, request, err := w.Open(w.Pay("novel", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	step, err := w.Do(w.Stations[0], ceremonies.Scanned{Bytes: request})
	if err != nil {
		t.Fatal(err)
	}
	step, err = w.Do(w.Stations[0], ceremonies.Refuse{Digest: step.Screen.(ceremonies.Review).Digest, Reason: strings.Repeat("no! ", 100_000)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.keep(session.Step(w.Event(ceremonies.Scanned{Bytes: step.Send[0].Bytes}))); err != nil {
		t.Fatal(err)
	}
	if session.Ended() == "" || len(session.Ended()) > 1000 {
		t.Fatalf("the session ended with %d bytes of reason", len(session.Ended()))
	}
}

// A cloned disk that released something else under the same number is shown its
// own signature over it: it freezes, though nothing is "later".
func TestOwnConflictingHeadFreezes(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	clone := &Station{Number: 0, Disk: s.Disk.Copy(), Identity: s.Identity}
	if err := w.Restart(clone); err != nil {
		t.Fatal(err)
	}
	_, first, err := w.Open(w.Pay("con-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	other := w.forge(t, first, func(_ *signing.Order, r *batch.Request) { r.Payments[0].ExternalID = "con-b" }, nil)
	if _, _, err := w.Visit(clone, other); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sign(w.Pay("con-c", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("con-d", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, clone, request, "signing/rolled-back")
	if !clone.Sign.Status().Frozen {
		t.Fatal("the clone is not frozen")
	}
	// A fork further back is the same proof.
	older := &Station{Number: 0, Disk: s.Disk.Copy(), Identity: s.Identity}
	if err := w.Restart(older); err != nil {
		t.Fatal(err)
	}
	fork := clone.Sign.Status().Head
	if _, err := w.Sign(w.Pay("con-e", "Exchange", payee(1), 1, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	copied := s.Disk.Copy()
	_, next, err := w.Open(w.Pay("con-f", "Exchange", payee(1), 2, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if fork.Seq >= s.Sign.Status().Head.Seq {
		t.Fatalf("the fork is at record %d, not behind %d", fork.Seq, s.Sign.Status().Head.Seq)
	}
	w.refuses(t, s, w.forge(t, next, func(o *signing.Order, _ *batch.Request) { o.Heads[0] = fork }, nil), "signing/rolled-back")
	s.Disk = copied
	if err := w.Restart(s); err != nil {
		t.Fatal(err)
	}
	// The same key's head in another wallet freezes nobody.
	foreign := s.Sign.Status().Head
	foreign.Wallet[0] ^= 1
	foreign.Next += 100
	if foreign, err = ledger.SignHead(foreign, s.Identity.Instance, w.Random()); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Visit(s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Heads[0] = foreign }, nil))
	var fault *ceremonies.Fault
	if !errors.As(err, &fault) || fault.Code != "signing/stale-snapshot" || s.Sign.Status().Frozen {
		t.Fatalf("a head of another wallet: %v", err)
	}
}
