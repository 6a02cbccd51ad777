package rehearsal

import (
	"bytes"
	"errors"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
)

// A coordinator shows an answered request again, in the hope of a second
// answer. The station shows the very bytes of the first.
func TestReplayedRequest(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	_, request, err := w.Open(w.Pay("replay", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	first, _, err := w.Visit(s, request)
	if err != nil {
		t.Fatal(err)
	}
	status := s.Sign.Status()
	for range 2 {
		again, _, err := w.Visit(s, request)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatal("the same request was answered with other bytes")
		}
		if err := w.Restart(s); err != nil {
			t.Fatal(err)
		}
	}
	if s.Sign.Status() != status {
		t.Fatal("a replay moved the station's state")
	}
}

// A coordinator changes a request that was answered and offers it with the same
// start index: two messages under one nonce give the share away.
func TestAlteredRequestOnBurntNonce(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	_, request, err := w.Open(w.Pay("burnt", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Visit(s, request); err != nil {
		t.Fatal(err)
	}
	heads := s.Sign.Status().Head
	entry := s.Disk.Records(signing.LedgerPrefix)
	if len(entry) == 0 {
		t.Fatal("no record was kept")
	}
	evil := w.forge(t, request, func(o *signing.Order, r *batch.Request) {
		r.Payments[0].Amount -= 1000
		o.Heads[0] = heads // the rest of the story is the newest
	}, nil)
	w.refuses(t, s, evil, "signing/burnt")
}

// A coordinator gives two orders nonce ranges that overlap in their middle.
func TestOverlappingNonceRanges(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	var coins []batch.Input
	for i := range uint32(4) {
		coins = append(coins, w.Coin(i, 100_000))
	}
	wide := w.Request(
		[]batch.Payment{{ExternalID: "wide", Counterparty: "Exchange", Amount: 398_000, Script: payee(1)}},
		batch.Transaction{Inputs: coins, Payments: []uint32{0}, Variants: []batch.Variant{{}}})
	_, first, err := w.Open(wide, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Visit(s, first); err != nil {
		t.Fatal(err)
	}
	_, second, err := w.Open(w.Pay("next", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	next := s.Sign.Status().Head.Next
	for _, c := range []struct {
		start uint64
		code  string
	}{
		{next - 1, "signing/burnt"},
		{0, "signing/burnt"},
		{next + 10_000, "signing/unpublished"},
		{^uint64(0), "signing/unpublished"},
	} {
		evil := w.forge(t, second, func(o *signing.Order, _ *batch.Request) {
			o.Starts[0].Index = c.start
			o.Heads[0] = s.Sign.Status().Head
		}, nil)
		w.refuses(t, s, evil, c.code)
	}
	evil := w.forge(t, second, func(o *signing.Order, _ *batch.Request) {
		o.Starts[0].Epoch[0] ^= 1
		o.Heads[0] = s.Sign.Status().Head
	}, nil)
	w.refuses(t, s, evil, "signing/epoch")
}

// A coordinator has two requests reviewed for the same nonces, both before
// either is approved. Whichever is approved first burns them.
func TestTwoRequestsRacingForOneNonce(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	_, first, err := w.Open(w.Pay("race-a", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	second := w.forge(t, first, func(_ *signing.Order, r *batch.Request) { r.Payments[0].ExternalID = "race-b" }, nil)
	a, err := w.Do(s, ceremonies.Scanned{Bytes: first})
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Do(s, ceremonies.Scanned{Bytes: second})
	if err != nil {
		t.Fatal(err)
	}
	// The approval of the first review, given late, lands on nothing.
	if _, err := w.Do(s, ceremonies.Approve{Digest: a.Screen.(ceremonies.Review).Digest}); code(err) != "signing/unexpected" {
		t.Fatalf("an approval landed on another review: %v", err)
	}
	if _, err := w.Do(s, ceremonies.Approve{Digest: b.Screen.(ceremonies.Review).Digest}); err != nil {
		t.Fatal(err)
	}
	heads := s.Sign.Status().Head
	evil := w.forge(t, first, func(o *signing.Order, _ *batch.Request) { o.Heads[0] = heads }, nil)
	w.refuses(t, s, evil, "signing/burnt")
}

// A coordinator leaves the last aggregate nonce out, or adds one.
func TestTooFewOrTooManyNonces(t *testing.T) {
	w := ready(t, 2, 3)
	_, request, err := w.Open(w.Pay("few", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*signing.Order){
		func(o *signing.Order) { o.Nonces = o.Nonces[:0] },
		func(o *signing.Order) { o.Nonces = append(o.Nonces, o.Nonces...) },
		func(o *signing.Order) { o.Starts = o.Starts[:1] },
		func(o *signing.Order) { o.Quorum[1] = o.Quorum[0] },
		func(o *signing.Order) { o.Quorum[1] = 9 },
		func(o *signing.Order) { o.Heads = o.Heads[:2] },
	} {
		evil := w.forge(t, request, func(o *signing.Order, _ *batch.Request) { change(o) }, nil)
		w.refuses(t, w.Stations[0], evil, "signing/malformed")
	}
}

// code is the code of a fault, or the text of another error.
func code(err error) string {
	var f *ceremonies.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// The power fails after the burn and before the answer was scanned. The station
// comes back with the same answer, and the coordinator goes on.
func TestResponseLostAfterTheBurn(t *testing.T) {
	w := ready(t, 2, 3)
	r := w.Pay("lost", "Exchange", payee(1), 0, 2000, 100_000)
	session, request, err := w.Open(r, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Visit(w.Stations[0], request); err != nil { // the answer is lost
		t.Fatal(err)
	}
	if err := w.Restart(w.Stations[0]); err != nil {
		t.Fatal(err)
	}
	sigs, err := w.Finish(session, request)
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Verify(w.Public.Wallet)
	if err != nil {
		t.Fatal(err)
	}
	if !verifies(t, v, sigs) {
		t.Fatal("the signatures do not verify")
	}
}

// Every machine of every party is stopped once between computing a step and
// keeping it, and once between keeping and showing it, at every event of a
// whole signing. Nothing is lost and no nonce answers two requests.
func TestCrashBetweenEverySaveAndSend(t *testing.T) {
	for _, kept := range []bool{false, true} {
		for at := 0; at < 4; at++ {
			w := ready(t, 2, 3)
			r := w.Pay("crash", "Exchange", payee(1), 0, 2000, 100_000)
			session, request, err := w.Open(r, 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			steps, crashes := 0, 0
			for _, s := range w.Stations[:2] {
				s.Crash = func(step ceremonies.Step) bool {
					steps++
					if steps-1 != at {
						return false
					}
					crashes++
					if kept {
						for _, rec := range step.Save {
							s.Disk[rec.Name] = rec.Value
						}
					}
					return true
				}
			}
			var sigs []byte
			for try := 0; ; try++ {
				sigs, err = w.Finish(session, request)
				var crash Crashed
				if !errors.As(err, &crash) {
					break
				}
				if try > 2 {
					t.Fatal("crashes without end")
				}
				if err := w.Restart(w.Stations[crash.Station]); err != nil {
					t.Fatalf("kept %v, step %d: restart: %v", kept, at, err)
				}
				step, err := session.Step(w.Event(ceremonies.Start{}))
				if err != nil {
					t.Fatal(err)
				}
				request = step.Send[0].Bytes
			}
			if err != nil {
				t.Fatalf("kept %v, step %d: %v", kept, at, err)
			}
			if crashes != 1 {
				t.Fatalf("kept %v, step %d: %d crashes", kept, at, crashes)
			}
			v, err := r.Verify(w.Public.Wallet)
			if err != nil {
				t.Fatal(err)
			}
			if !verifies(t, v, sigs) {
				t.Fatalf("kept %v, step %d: the signatures do not verify", kept, at)
			}
			for _, s := range w.Stations[:2] {
				if n := len(s.Disk.Records(signing.LedgerPrefix)); n < 1 {
					t.Fatalf("station %d kept %d records", s.Number, n)
				}
				if got := s.Sign.Status().Head.Seq; got != 1 {
					t.Fatalf("station %d released %d times, want once", s.Number, got)
				}
			}
		}
	}
}

// The coordinator's process is killed after every step that it kept, and comes
// back from its records.
func TestCoordinatorRestartsAtEveryStep(t *testing.T) {
	w := ready(t, 2, 3)
	r := w.Pay("restart", "Exchange", payee(1), 0, 2000, 100_000)
	session, request, err := w.Open(r, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	for {
		digest := session.Digest()
		if w.Desk, err = signing.NewDesk(SigningGroup(w.Public), w.Courier, w.Disk.Records("desk/")); err != nil {
			t.Fatal(err)
		}
		if session, err = w.Desk.ResumeSession(w.Disk[signing.SessionName(digest)]); err != nil {
			t.Fatal(err)
		}
		stations, answered := session.Quorum()
		if answered == len(stations) {
			break
		}
		again, err := session.Step(w.Event(ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		request = again.Send[0].Bytes
		answer, _, err := w.Visit(w.Stations[stations[answered]], request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.keep(session.Step(w.Event(ceremonies.Scanned{Bytes: answer}))); err != nil {
			t.Fatal(err)
		}
	}
	sigs, err := w.signatures(session)
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Verify(w.Public.Wallet)
	if err != nil {
		t.Fatal(err)
	}
	if !verifies(t, v, sigs) {
		t.Fatal("the signatures do not verify")
	}
}
