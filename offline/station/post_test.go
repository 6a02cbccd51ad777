package station

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// line is the coordinator's line of charters, with what it certified so far.
func (w *treasury) line() lineage.Line {
	w.t.Helper()
	if !w.certified.Valid() {
		w.certified = w.public.Line()
	}
	return w.certified
}

func (w *treasury) seal(kind wire.Kind, body []byte) []byte {
	w.t.Helper()
	m, err := wire.Seal(kind, [32]byte(w.public.Wallet.ID()), body, w.courier, w.draw())
	w.must(err)
	return m.Bytes
}

// ballot asks for a change of the newest charter.
func (w *treasury) ballot(number uint32, change func(*charter.Document)) (lineage.Ballot, []byte) {
	w.t.Helper()
	d := w.line().Latest().Document()
	d.Epoch, d.Prior, d.Issued = d.Epoch+1, w.line().Latest().ID(), w.now
	change(&d)
	c, err := charter.New(d)
	w.must(err)
	b := lineage.Ballot{Prior: d.Prior, Number: number, Charter: c.Bytes()}
	body, err := b.Encode()
	w.must(err)
	return b, w.seal(wire.KindBallot, body)
}

// ack is what a station acknowledged in its answer.
func (w *treasury) ack(answer []byte) lineage.Ack {
	w.t.Helper()
	ring, err := w.line().Keyring(w.now)
	w.must(err)
	opened, err := wire.Open(answer, ring)
	w.must(err)
	if opened.Kind() != wire.KindBallotAck {
		w.t.Fatalf("a %s instead of an acknowledgement", opened.Kind())
	}
	a, err := lineage.DecodeAck(opened.Body())
	w.must(err)
	return a
}

// certify makes the certificate of a ballot, adopts it, and gives its message.
func (w *treasury) certify(b lineage.Ballot, answers ...[]byte) []byte {
	w.t.Helper()
	var acks []lineage.Ack
	for _, a := range answers {
		acks = append(acks, w.ack(a))
	}
	encoded, err := lineage.NewCertificate(b, acks).Encode()
	w.must(err)
	w.certified, err = w.line().Adopt(encoded)
	w.must(err)
	return w.seal(wire.KindCertificate, encoded)
}

// amend carries a change through all stations up to its certificate.
func (w *treasury) amend(change func(*charter.Document)) (certificate []byte) {
	w.t.Helper()
	b, message := w.ballot(1, change)
	var answers [][]byte
	for _, v := range w.vaults {
		answers = append(answers, v.answer(message))
	}
	return w.certify(b, answers...)
}

func lowerCap(d *charter.Document) { d.Rules[1].Max = 500_000 }

// day starts a station, holds messages before its camera one after another in
// one run, and returns what it showed.
func (v *vault) day(feed ...[]byte) [][]byte {
	v.t.Helper()
	app := v.open()
	defer app.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	v.lens.feed, v.lens.end = feed, cancel
	v.glass.messages, v.operator.screens, v.operator.scans = nil, nil, nil
	for len(v.glass.complete) > 0 {
		<-v.glass.complete
	}
	if _, err := app.Run(ctx, false); !errors.Is(err, context.Canceled) {
		v.t.Fatalf("the day ended with %v; last screen %+v", err, v.operator.last())
	}
	return v.glass.messages
}

func kinds(t *testing.T, messages [][]byte) []wire.Kind {
	t.Helper()
	var out []wire.Kind
	for _, m := range messages {
		claim, err := wire.Peek(m)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, claim.Kind)
	}
	return out
}

// One run signs under a charter, acknowledges and adopts its successor, and
// signs under that one; what was drafted under the first is refused from then on.
func TestOneRunSignsUnderOneCharterAndTheNext(t *testing.T) {
	w := ready(t)
	_, before := w.order(w.pay("inv-1", 100_000), 0, 1)
	b, ballot := w.ballot(1, lowerCap)
	shown := w.vaults[0].day(before, ballot)
	if got := kinds(t, shown); !slices.Equal(got, []wire.Kind{wire.KindSigningResponse, wire.KindBallotAck}) {
		t.Fatalf("it showed %v", got)
	}
	certificate := w.certify(b, shown[1], w.vaults[1].answer(ballot))
	stale := w.pay("inv-2", 100_000)

	v := w.vaults[1]
	fresh := w.pay("inv-3", 100_000)
	fresh.Charter = w.line().Latest().ID()
	desk := w.deskOf(w.line())
	_, old := w.orderAt(w.desk, stale, 1, 0)
	_, new := w.orderAt(desk, fresh, 1, 0)
	shown = v.day(certificate, old, new)
	if got := kinds(t, shown); !slices.Equal(got, []wire.Kind{wire.KindSigningRefusal, wire.KindSigningResponse}) || !slices.Contains(v.operator.faults(), "rule/charter/current") {
		t.Fatalf("it showed %v, faults %v", got, v.operator.faults())
	}
	if s, err := v.open().Status(); err != nil || *s.CharterEpoch != 1 || s.Next != nil || s.Amended == "" {
		t.Fatalf("status %+v, %v", s, err)
	}
	h, err := v.open().History()
	w.must(err)
	var told []string
	for _, e := range h.Amendments {
		told = append(told, e.What)
	}
	if !slices.Equal(told, []string{"acknowledged", "adopted"}) || len(h.AmendmentWords) != 12 {
		t.Errorf("the history of amendments says %v", told)
	}
}

// A change that loosens waits for its delay: the station says so, and signs by
// the charter in force until then.
func TestALooseningIsNotYetInForce(t *testing.T) {
	w := readyUnder(t, func(d *charter.Document) { d.Governance.Delay = 86_400 })
	certificate := w.amend(func(d *charter.Document) { d.Rules[1].Max = 2_000_000 })
	v := w.vaults[0]
	v.day(certificate)
	s, err := v.open().Status()
	w.must(err)
	if *s.CharterEpoch != 0 || s.Next == nil || s.Next.Epoch != 1 || s.Next.From != w.now+86_400 {
		t.Fatalf("status %+v", s)
	}
	v.day()
	if d, ok := v.operator.screens[0].(ceremonies.Done); !ok || !strings.Contains(d.Lines[0].Label, "Not yet in force") {
		t.Errorf("the first screen is %+v", v.operator.screens[0])
	}
	w.now += 86_400
	if s, err := v.open().Status(); err != nil || *s.CharterEpoch != 1 || s.Next != nil {
		t.Fatalf("status %+v, %v", s, err)
	}
}

// A freeze stops signing in the very run that scans it, also after a restart; a
// thaw by the quorum starts it again, and the old code does nothing any more.
func TestFreezeAndThaw(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	var code Code
	other := w.vaults[1].open()
	w.must(other.Freeze(context.Background(), "laptop stolen", func(c Code) error { code = c; return nil }))
	frozenBy := func(s Status) bool {
		return s.Frozen && s.Phase == PhaseFrozen && len(s.FrozenBy) == 1 && strings.Contains(s.FrozenBy[0], "laptop stolen")
	}
	if s, err := w.vaults[1].open().Status(); err != nil || !frozenBy(s) {
		t.Fatalf("a station does not obey its own freeze: %+v, %v", s, err)
	}
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	for range 2 { // also after a restart
		if shown := v.day(code.Message.Bytes, request); len(shown) != 0 || !slices.Contains(v.operator.faults(), "signing/frozen") {
			t.Fatalf("a frozen station showed %v; faults %v", kinds(t, shown), v.operator.faults())
		}
	}
	s, err := v.open().Status()
	w.must(err)
	if !frozenBy(s) || s.RolledBack {
		t.Fatalf("status %+v", s)
	}
	id := lineage.FreezeID(w.line().Latest().Instances()[1], freezeBody(t, w, code.Message.Bytes))
	thaw := w.amend(func(d *charter.Document) { d.Lifted = append(d.Lifted, id) })
	fresh := w.pay("inv-2", 100_000)
	fresh.Charter = w.line().Latest().ID()
	_, request = w.orderAt(w.deskOf(w.line()), fresh, 0, 1)
	shown := v.day(thaw, code.Message.Bytes, request)
	if got := kinds(t, shown); !slices.Equal(got, []wire.Kind{wire.KindSigningResponse}) || !slices.Contains(v.operator.faults(), "amendment/older") {
		t.Fatalf("after the thaw it showed %v, faults %v", got, v.operator.faults())
	}
}

// A sheet of paper stays before the camera after it was read. It is taken in once:
// a station that reads it again and again would write until its disk is full. What
// comes after it is read all the same, and the sheet again after that.
func TestACodeThatStaysIsTakenInOnce(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	var code Code
	w.must(w.vaults[1].open().Freeze(context.Background(), "laptop stolen", func(c Code) error { code = c; return nil }))
	taken := func() (n int) {
		for _, s := range v.operator.screens {
			if done, ok := s.(ceremonies.Done); ok && done.Title == "FROZEN: this station signs no payment" {
				n++
			}
		}
		return n
	}
	v.day(code.Message.Bytes, code.Message.Bytes, code.Message.Bytes)
	if n := taken(); n != 1 {
		t.Errorf("the code was taken in %d times", n)
	}
	ballot, message := w.ballot(1, lowerCap)
	certificate := w.certify(ballot, w.vaults[1].answer(message), v.answer(message))
	v.day(certificate, code.Message.Bytes)
	if n := taken(); n != 2 { // once at the start, and once because something came between
		t.Errorf("after a certificate, freezes were shown %d times", n)
	}
}

func freezeBody(t *testing.T, w *treasury, sealed []byte) []byte {
	t.Helper()
	ring, err := w.line().Keyring(w.now)
	w.must(err)
	opened, err := wire.Open(sealed, ring)
	w.must(err)
	return opened.Body()
}

// What was adopted is verified again at every start: a certificate that was
// altered on the disk stops the station.
func TestKeptCertificatesAreVerifiedAgain(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	v.day(w.amend(lowerCap))
	name := amendment.EpochPrefix + "000001"
	altered := bytes.Clone(v.disk.records[name])
	if altered == nil {
		t.Fatal("no certificate was kept")
	}
	altered[len(altered)-1] ^= 1
	v.disk.records[name] = altered
	if _, _, err := v.visit(); err == nil || !strings.Contains(err.Error(), "charter 1") {
		t.Fatalf("it starts on an altered certificate: %v", err)
	}
	delete(v.disk.records, name)
	if s, err := v.open().Status(); err != nil || *s.CharterEpoch != 0 {
		t.Fatalf("status %+v, %v", s, err)
	}
}

// Two ballots for one epoch: a station acknowledges the first that its people
// approve, and never the other, also after a restart.
func TestNeverTwoSuccessors(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	_, first := w.ballot(1, lowerCap)
	_, second := w.ballot(2, func(d *charter.Document) { d.Rules[1].Max = 400_000 })
	answer := v.answer(first)
	for range 2 {
		shown, outcome, err := v.visit(second)
		if err != nil || outcome != Refused || !slices.Equal(kinds(t, shown), []wire.Kind{wire.KindBallotRefusal}) {
			t.Fatalf("the second ballot: %v, %d, %v", kinds(t, shown), outcome, err)
		}
	}
	if again := v.answer(first); !bytes.Equal(again, answer) {
		t.Error("the same ballot got another answer")
	}
}

// The disk fails at each write of an amendment: nothing of the step is shown.
func TestAFailingWriteOfAnAmendmentShowsNothing(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	_, ballot := w.ballot(1, lowerCap)
	v.disk.fail = func(records []ceremonies.Record) error {
		if slices.ContainsFunc(records, func(r ceremonies.Record) bool { return r.Name == amendment.StateName }) {
			return errors.New("disk full")
		}
		return nil
	}
	frames := strings.Count(strings.Join(v.diary.all(), "\n"), "frame")
	shown, _, err := v.visit(ballot)
	if p := new(*SaveError); !errors.As(err, p) || len(shown) != 0 {
		t.Fatalf("%d messages, %v", len(shown), err)
	}
	if strings.Count(strings.Join(v.diary.all(), "\n"), "frame") != frames {
		t.Error("a frame was shown")
	}
	v.disk.fail = nil
	w.ack(v.answer(ballot))
}
