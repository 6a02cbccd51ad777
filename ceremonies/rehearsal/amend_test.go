package rehearsal

import (
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wire"
)

const delay = 48 * 3600 // seconds until a loosening is in force, where a test has one

// delayed is the rehearsals' charter with a delay for what loosens it.
func delayed() charter.Document {
	d := rules()
	d.Governance.Delay = delay
	return d
}

// dayCap sets the day's limit.
func dayCap(sat int64) func(*charter.Document) {
	return func(d *charter.Document) {
		for i := range d.Rules {
			if d.Rules[i].ID == "cap/day" {
				d.Rules[i].Max = sat
			}
		}
	}
}

// amend is Amend where failing is the test's own fault.
func (w *World) amend(t *testing.T, change func(*charter.Document)) {
	t.Helper()
	if err := w.Amend(change); err != nil {
		t.Fatal(err)
	}
}

// The day's limit is lowered. The coordinator goes on under the charter before,
// with batches that were drafted under it or state a time before the change.
func TestCharterBefore(t *testing.T) {
	w := ready(t, 2, 3)
	old := w.Pay("old", "Exchange", payee(1), 0, 2000, 3_000_000)
	w.amend(t, dayCap(2_000_000))
	w.refusedFor(t, old, policy.Evidence{}, "charter/current", "drafted under charter 0; charter 1 is in force here")
	w.Now += 60
	backdated := w.Pay("backdated", "Exchange", payee(1), 0, 2000, 3_000_000)
	backdated.Charter, backdated.Time = w.Line.Epochs()[0].Charter.ID(), w.Now-3600
	w.refusedFor(t, backdated, policy.Evidence{}, "charter/current", "charter 1 is in force")
	w.refusedFor(t, w.Pay("new", "Exchange", payee(1), 0, 2000, 3_000_000), policy.Evidence{}, "cap/day", "0.02000000 BTC")
	if _, err := w.Sign(w.Pay("small", "Exchange", payee(1), 0, 2000, 1_000_000), 0, 1); err != nil {
		t.Fatalf("under the charter in force: %v", err)
	}
}

// A station was away when the charter changed. It knows neither the new charter
// nor that there is one, refuses what is drafted under it, and adopts by
// certificate. A quorum that has it does not fall back to the old charter either.
func TestStationThatMissedAnAmendment(t *testing.T) {
	w := ready(t, 2, 3)
	b, err := w.Ballot(dayCap(2_000_000), nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Certify(b, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(certificate, 1, 2); err != nil {
		t.Fatal(err)
	}
	r := w.Pay("new", "Exchange", payee(1), 0, 2000, 1_000_000)
	w.refusedFor(t, r, policy.Evidence{}, "charter/current", "a charter that this station does not know; charter 0 is in force here")
	older := w.Pay("old", "Exchange", payee(1), 0, 2000, 3_000_000)
	older.Charter = w.Line.Epochs()[0].Charter.ID()
	session, request, err := w.Open(older, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, refused, err := w.Visit(w.Stations[0], request)
	if err != nil || refused != nil {
		t.Fatalf("the station that knows nothing signs under what it knows: %v %v", refused, err)
	}
	step, err := w.Answer(session, answer)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[1], step.Send[0].Bytes, "rule/charter/current")
	if err := w.Adopt(certificate, 0); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	if _, err := w.Sign(w.Pay("after", "Exchange", payee(1), 0, 2000, 1_000_000), 2, 0); err == nil || code(err) != "rule/cap/day" {
		t.Fatalf("what the station released alone counts: %v", err)
	}
}

// The day's limit is raised, which takes effect later. Until then batches are
// judged by the old limit, the stations say so, and what is drafted under the new
// charter is refused; afterwards it is the other way round.
func TestCharterThatIsNotYetInForce(t *testing.T) {
	w := readyUnder(t, 2, 3, delayed())
	w.amend(t, dayCap(20_000_000))
	next, from, pending := w.Line.Pending(w.Now)
	if !pending || from != w.Now+delay {
		t.Fatalf("in force from %d, pending %v", from, pending)
	}
	step, err := w.Do(w.Stations[0], ceremonies.Start{})
	if err != nil {
		t.Fatal(err)
	}
	if scan, ok := step.Screen.(ceremonies.Scan); !ok || !strings.Contains(scan.Title, "Charter 1 is not yet in force until 2027-01-17 08:00:00 UTC.") {
		t.Errorf("the screen says %+v", step.Screen)
	}
	early := w.Pay("early", "Exchange", payee(1), 0, 2000, 4_000_000, 4_000_000, 4_000_000)
	w.refusedFor(t, early, policy.Evidence{}, "cap/day", "0.10000000 BTC")
	early.Charter = next.ID()
	w.refusedFor(t, early, policy.Evidence{}, "charter/current", "charter 1, which is not yet in force at the time that it states; charter 0 is in force here. Charter 1 is not yet in force until 2027-01-17")
	_, request, err := w.Open(w.Pay("meanwhile", "Exchange", payee(1), 0, 2000, 1_000_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if step, err = w.Do(w.Stations[0], ceremonies.Scanned{Bytes: request}); err != nil {
		t.Fatal(err)
	}
	if review, ok := step.Screen.(ceremonies.Review); !ok || !strings.Contains(review.Verdict[1], "Charter 1 is not yet in force until 2027-01-17 08:00:00 UTC. This batch was judged by charter 0.") {
		t.Fatalf("the review says %+v", step.Screen)
	}
	w.Now = from
	late := w.Pay("late", "Exchange", payee(1), 0, 2000, 4_000_000, 4_000_000, 4_000_000)
	if late.Charter != next.ID() {
		t.Fatal("the new charter is not in force")
	}
	if _, err := w.Sign(late, 0, 1); err != nil {
		t.Fatalf("under the charter that is in force now: %v", err)
	}
	late.Charter = w.Line.Epochs()[0].Charter.ID()
	w.refusedFor(t, late, policy.Evidence{}, "charter/current", "drafted under charter 0")
}

// A charter that is not yet in force lets stated times be a day away instead of two
// hours. The coordinator states the time from which that charter holds, to have it
// judge, and its own lateness, now.
func TestStatedTimeReachesForTheNextCharter(t *testing.T) {
	d := rules()
	d.Governance.Delay = 20 * 3600
	w := readyUnder(t, 2, 3, d)
	w.amend(t, func(d *charter.Document) { d.ClockTolerance = 24 * 3600 })
	next, from, _ := w.Line.Pending(w.Now)
	r := w.Pay("reach", "Exchange", payee(1), 0, 2000, 100_000)
	r.Charter, r.Time, r.Expiry = next.ID(), from, from+3600
	_, request, err := w.Open(r, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "time/clock")
	w.Now = from - 2*3600 // as near as the charter in force allows
	if _, refused, err := w.Visit(w.Stations[0], request); err != nil || refused != nil {
		t.Fatalf("%v %v", refused, err)
	}
}

// The coordinator's key is changed by an amendment: the old one asks for nothing
// any more.
func TestCourierChanged(t *testing.T) {
	w := ready(t, 2, 3)
	old := w.Courier
	fresh, err := wire.GenerateSigningKey(w.Random())
	if err != nil {
		t.Fatal(err)
	}
	w.Courier = fresh
	b, err := w.Ballot(func(d *charter.Document) { d.Courier = fresh.Public() }, nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Certify(b, 0, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(certificate, 0, 1, 2); err != nil {
		t.Fatal(err)
	}
	_, request, err := w.Open(w.Pay("courier", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], w.seal(t, open[signing.Request](t, w, request), old), "signing/not-ours")
	if _, refused, err := w.Visit(w.Stations[0], request); err != nil || refused != nil {
		t.Fatalf("the new key: %v %v", refused, err)
	}
}

// A batch was under way when the charter changed. Its answer is taken late, so that
// the desk knows what was released, and goes on under the new charter.
func TestAnswerAcrossAnAmendment(t *testing.T) {
	w := ready(t, 2, 3)
	session, request, err := w.Open(w.Pay("across", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Visit(w.Stations[0], request)
	if err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	w.amend(t, dayCap(5_000_000))
	resumed, err := w.Desk.ResumeSession(w.Disk[signing.SessionName(session.Digest())])
	if err != nil {
		t.Fatal(err)
	}
	step, err := w.Answer(resumed, answer)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[1], step.Send[0].Bytes, "rule/charter/current")
	if _, err := w.keep(resumed.Step(w.Event(ceremonies.Away{Station: 1}))); err != nil {
		t.Fatal(err)
	}
	redraft := resumed.Verified().Request()
	redraft.Charter, redraft.Time, redraft.Expiry = w.Ruling().ID(), w.Now, w.Now+3600
	if _, err := w.Sign(redraft, 0, 2); err != nil {
		t.Fatalf("the same batch under the new charter: %v", err)
	}
}
