package station

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/wire"
)

func TestFromEnrolmentToASignature(t *testing.T) {
	w := ready(t)
	for _, id := range []string{"inv-1", "inv-2"} {
		session, request := w.order(w.pay(id, 100_000), 0, 1)
		request = w.take(session, w.vaults[0].answer(request))
		if w.take(session, w.vaults[1].answer(request)) != nil {
			t.Fatal("the session wants more than its quorum")
		}
		w.now += 60
	}
	for _, v := range w.vaults {
		app := v.open()
		s, err := app.Status()
		w.must(err)
		h, err := app.History()
		w.must(err)
		if s.Phase != PhaseSigning || s.Released != 2 || s.NoncesLeft != 16 || len(h.Events) != 3 || h.Receipt != s.Receipt || h.Events[2].Paid != 100_000 || len(h.Enrolment) != 3 || len(h.Keygen) != 4 {
			t.Errorf("status %+v, history %+v", s, h)
		}
	}
}

// Every byte that leaves is kept before: between the last scan and the first
// frame of an answer lies a PutAll that has returned.
func TestNothingIsShownBeforeItIsKept(t *testing.T) {
	w := ready(t)
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	v.answer(request)
	kept, frames := false, 0
	for _, line := range v.diary.all() {
		switch {
		case strings.HasPrefix(line, "kept"):
			kept = true
		case line == "screen ceremonies.Scan":
			kept = false
		case line == "frame":
			frames++
			if !kept {
				t.Fatalf("a frame, and nothing was kept since the scan:\n%s", strings.Join(v.diary.all(), "\n"))
			}
		}
	}
	if frames == 0 {
		t.Fatal("no frame was shown")
	}
}

// The disk refuses a write in the middle of a release. The machine already
// believes that it signed. Not one frame may leave, and the machine must not be
// asked again; after a restart the batch can be signed as if nothing had been.
func TestAFailingWriteShowsNoFrame(t *testing.T) {
	w := ready(t)
	session, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	full := errors.New("no space left on device")
	v.disk.fail = func(records []ceremonies.Record) error {
		if slices.ContainsFunc(records, func(r ceremonies.Record) bool { return strings.HasPrefix(r.Name, "signing/response/") }) {
			return full
		}
		return nil
	}
	before := strings.Count(strings.Join(v.diary.all(), "\n"), "frame")
	app := v.open()
	v.lens.feed, v.lens.end = [][]byte{request}, func() {}
	_, err := app.Run(context.Background(), true)
	var unsaved *SaveError
	if !errors.As(err, &unsaved) || !errors.Is(err, full) {
		t.Fatalf("the run ended with %v", err)
	}
	if after := strings.Count(strings.Join(v.diary.all(), "\n"), "frame"); after != before {
		t.Fatalf("%d frames were shown", after-before)
	}
	v.disk.fail = nil
	if err := app.keep([]ceremonies.Record{{Name: "a"}}); !errors.As(err, &unsaved) {
		t.Fatalf("the application went on: %v", err)
	}
	w.take(session, v.answer(request))
}

// Every write fails once, then every show is cut off once, at each step of a
// station's whole life. After each the station is started again, and in the end
// the wallet signs, with one response only.
func TestFailureAtEveryStep(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		set  func(v *vault, at int) *int // fails the occurrence numbered at; counts them
	}{
		{"writes", func(v *vault, at int) *int {
			n := new(int)
			v.disk.fail = func([]ceremonies.Record) error { *n++; return onlyAt(*n, at, broken) }
			return n
		}},
		{"shows", func(v *vault, at int) *int {
			n := new(int)
			v.operator.handOver = func() error {
				if *n++; *n == at {
					return broken
				}
				<-v.glass.complete
				return nil
			}
			return n
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTreasury(t)
			v, other := w.vaults[0], w.vaults[1]
			failures := 0
			stubborn := func(feed ...[]byte) {
				t.Helper()
				for at := 1; ; at++ {
					n := c.set(v, at)
					_, _, err := v.visit(feed...)
					if errors.Is(err, broken) {
						failures++
						continue
					}
					if *n >= at {
						t.Fatalf("failure %d was passed over: %v", at, err)
					}
					return
				}
			}
			stubborn()
			_, _, _ = other.visit()
			for _, v := range w.vaults {
				step, err := w.enrol.Step(w.event(ceremonies.Scanned{Bytes: v.latest(wire.KindIntroduction)}))
				w.must(err)
				if len(step.Send) > 0 {
					w.roster = step.Send[0].Bytes
				}
			}
			stubborn(w.roster)
			other.answer(w.roster)
			w.draft()
			for _, kind := range []wire.Kind{wire.KindKeygenMessage1, wire.KindKeygenMessage2, wire.KindKeygenConfirmation} {
				message := w.present()
				stubborn(message)
				other.answer(message)
				w.heard(v.latest(kind))
				w.heard(other.latest(kind))
			}
			w.openDesk(v.latest(wire.KindNoncePool), other.latest(wire.KindNoncePool))
			session, request := w.order(w.pay("inv-1", 100_000), 1, 0)
			request = w.take(session, other.answer(request))
			stubborn(request)
			if w.take(session, v.latest(wire.KindSigningResponse)) != nil {
				t.Fatal("the session is not over")
			}
			if failures < 8 {
				t.Errorf("only %d failures", failures)
			}
			app := v.open()
			if s, err := app.Status(); err != nil || s.Released != 1 {
				t.Errorf("released %d, %v", s.Released, err)
			}
		})
	}
}

func onlyAt(n, at int, err error) error {
	if n == at {
		return err
	}
	return nil
}

// The answer is lost after the burn: the same request shows the same bytes.
func TestTheSameRequestShowsTheSameBytes(t *testing.T) {
	w := ready(t)
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	first := w.vaults[0].answer(request)
	again := w.vaults[0].answer(request)
	if !bytes.Equal(first, again) {
		t.Fatal("another answer to the same request")
	}
}

func TestRefusalByRule(t *testing.T) {
	w := ready(t)
	_, request := w.order(w.pay("inv-1", 1_000_001), 0, 1)
	v := w.vaults[0]
	shown, outcome, err := v.visit(request)
	if err != nil || outcome != Refused || len(shown) != 1 {
		t.Fatalf("%d messages, outcome %d, %v", len(shown), outcome, err)
	}
	if claim, err := wire.Peek(shown[0]); err != nil || claim.Kind != wire.KindSigningRefusal {
		t.Errorf("shown: %v, %v", claim.Kind, err)
	}
	if got := v.operator.faults(); !slices.Equal(got, []string{"rule/cap/output"}) {
		t.Errorf("faults %v", got)
	}
}

func TestRefusalByPerson(t *testing.T) {
	w := ready(t)
	session, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	v.operator.decide = func(r ceremonies.Review) ceremonies.Input {
		return ceremonies.Refuse{Digest: r.Digest, Reason: "not on my list"}
	}
	shown, outcome, err := v.visit(request)
	if err != nil || outcome != Refused || len(shown) != 1 {
		t.Fatalf("%d messages, outcome %d, %v", len(shown), outcome, err)
	}
	w.take(session, shown[0])
	if !strings.Contains(session.Ended(), "not on my list") {
		t.Errorf("ended: %q", session.Ended())
	}
}

// An approval that was given to another screen reaches the machine. It must
// sign nothing.
func TestAnApprovalOfAnotherReviewSignsNothing(t *testing.T) {
	w := ready(t)
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	v.operator.decide = func(ceremonies.Review) ceremonies.Input { return ceremonies.Approve{Digest: [32]byte{1}} }
	shown, outcome, err := v.visit(request)
	if err != nil || outcome != Refused || len(shown) != 0 {
		t.Fatalf("%d messages, outcome %d, %v", len(shown), outcome, err)
	}
}

// Codes of other programs, damaged parts, and a whole message that has no place
// here stand before the camera. The request among them is answered all the
// same, and one fault is told once.
func TestForeignCodesLoseNothing(t *testing.T) {
	w := ready(t)
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	v.lens.junk = []string{"HTTPS://EXAMPLE.COM", "UR:BYTES/1-9/LPADASCFADAX", "UR:CRYPTO-SEED/OEADGD"}
	answer := v.answer(w.roster, w.roster, request)
	if claim, err := wire.Peek(answer); err != nil || claim.Kind != wire.KindSigningResponse {
		t.Fatalf("answer: %v, %v", claim.Kind, err)
	}
	if got := v.operator.faults(); !slices.Equal(got, []string{"signing/not-ours"}) {
		t.Errorf("faults %v", got)
	}
	foreign, rank := 0, 0
	for _, p := range v.operator.scans {
		if p.Foreign != "" {
			foreign++
			continue
		}
		if p.K == 0 || p.Rank > p.K || p.Rank < rank && p.Rank != 1 {
			t.Errorf("progress %d/%d after %d", p.Rank, p.K, rank)
		}
		rank = p.Rank
	}
	last := v.operator.scans[len(v.operator.scans)-1]
	if foreign == 0 || last.Rank != last.K || !strings.Contains(last.Says, "signing request from the coordinator") {
		t.Errorf("%d foreign codes, last %+v", foreign, last)
	}
}

// The screen fails while an answer is shown. Nobody waits before a dark screen,
// and the answer is there when it works again.
func TestADarkScreen(t *testing.T) {
	w := ready(t)
	session, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	dark := errors.New("dark")
	v.glass.fail = dark
	if _, _, err := v.visit(request); !errors.Is(err, dark) {
		t.Fatalf("the visit ended with %v", err)
	}
	v.glass.fail = nil
	w.take(session, v.answer(request))
}

// Somebody copies a station's disk, lets the station sign, and puts the copy
// back, to have the same nonces used for another batch.
func TestAnOlderDiskFreezes(t *testing.T) {
	w := ready(t)
	v := w.vaults[0]
	old := make(map[string][]byte)
	for name, value := range v.disk.records {
		old[name] = bytes.Clone(value)
	}
	session, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	request = w.take(session, v.answer(request))
	w.take(session, w.vaults[1].answer(request))
	v.disk.records = old
	w.now += 60
	_, request = w.order(w.pay("inv-2", 100_000), 0, 1)
	for range 2 {
		shown, outcome, err := v.visit(request)
		if err != nil || outcome != Refused || len(shown) != 0 {
			t.Fatalf("%d messages, outcome %d, %v", len(shown), outcome, err)
		}
		if got := v.operator.faults(); !slices.Contains(got, "signing/rolled-back") {
			t.Errorf("faults %v", got)
		}
	}
	app := v.open()
	s, err := app.Status()
	w.must(err)
	if !s.Frozen || s.Phase != PhaseFrozen || s.Evidence != 1 {
		t.Errorf("status %+v", s)
	}
	files, err := app.Evidence()
	w.must(err)
	if len(files) != 1 {
		t.Errorf("%d files of evidence", len(files))
	}
}

func TestReceiptIsToldWhenItChanges(t *testing.T) {
	w := ready(t)
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	v.answer(request)
	s, err := v.open().Status()
	w.must(err)
	told := ""
	for _, screen := range v.operator.screens {
		if d, ok := screen.(ceremonies.Done); ok && strings.HasPrefix(d.Title, "New receipt") {
			told = d.Lines[0].Value
		}
	}
	if told != strings.Join(s.ReceiptWords, " ") || s.ReceiptTime != w.now {
		t.Errorf("told %q, status %v at %d", told, s.ReceiptWords, s.ReceiptTime)
	}
	greeting, err := v.open().Greeting()
	w.must(err)
	if !slices.ContainsFunc(greeting.Lines, func(l ceremonies.Line) bool { return l.Value == told }) {
		t.Error("the greeting does not show the receipt")
	}
}

func TestHistoryFindsAlteredEntries(t *testing.T) {
	w := ready(t)
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	v := w.vaults[0]
	v.answer(request)
	names, err := v.disk.Names(signing.TranscriptPrefix)
	w.must(err)
	for what, alter := range map[string]func(){
		"the last entry is gone":  func() { delete(v.disk.records, names[len(names)-1]) },
		"the first entry is gone": func() { delete(v.disk.records, names[0]) },
		"two entries are swapped": func() {
			v.disk.records[names[0]], v.disk.records[names[1]] = v.disk.records[names[1]], v.disk.records[names[0]]
		},
	} {
		good := make(map[string][]byte)
		for name, value := range v.disk.records {
			good[name] = value
		}
		alter()
		if _, err := v.open().History(); !errors.Is(err, ErrChain) {
			t.Errorf("%s: %v", what, err)
		}
		v.disk.records = good
	}
	if _, err := v.open().History(); err != nil {
		t.Error(err)
	}
}
