package rehearsal

import (
	"fmt"
	"testing"

	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
)

// A dishonest station sends refills that go on nowhere, or without end, with good
// shares. Kept, they would never be used up: the desk would believe in nonces
// that it does not have, and after enough answers could not be opened any more.
func TestRefillsThatGoOnNowhereAreNotKept(t *testing.T) {
	for name, change := range map[string]func(*signing.Page){
		"far":      func(p *signing.Page) { p.Start = 1 << 63 },
		"wrapping": func(p *signing.Page) { p.Start = ^uint64(0) },
		"gap":      func(p *signing.Page) { p.Start++ },
		"endless":  func(p *signing.Page) { p.Commitments = make([]byte, 66*7_500) },
	} {
		w := ready(t, 2, 3)
		for i := range 3 {
			session, request, err := w.Open(w.Pay(fmt.Sprintf("refill-%d", i), "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			answer, _, err := w.Visit(w.Stations[0], request)
			if err != nil {
				t.Fatal(err)
			}
			answer = w.reseal(t, w.Stations[0], answer, func(r *signing.Response) { change(&r.Refill) })
			step, err := w.Answer(session, answer)
			if err != nil {
				t.Fatalf("%s: its shares are good: %v", name, err)
			}
			if answer, _, err = w.Visit(w.Stations[1], step.Send[0].Bytes); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Answer(session, answer); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := w.Desk.Unused(0), w.Pool-3; got != want {
			t.Errorf("%s: the desk counts %d nonces of the station, want the %d of its first pool", name, got, want)
		}
		if got := w.Desk.Unused(1); got != w.Pool {
			t.Errorf("%s: the desk counts %d nonces of the honest station, want %d", name, got, w.Pool)
		}
		if kept := len(w.Disk[signing.DeskPrefix+"00"]); kept > 20_000 {
			t.Errorf("%s: the desk keeps %d bytes of the station", name, kept)
		}
	}
}

// Batches with few coins and many payees go through the same pool for long. Each
// session keeps the pages of its own nonces and not all since the pool began, or
// one day it would be too long to be resumed, with its coins reserved for good.
func TestASessionKeepsOnlyItsOwnPages(t *testing.T) {
	w := ready(t, 2, 3)
	amounts := make([]batch.Amount, 60)
	for i := range amounts {
		amounts[i] = 1000
	}
	longest := 0
	for i := range 10 {
		session, request, err := w.Open(w.Pay(fmt.Sprintf("many-%d", i), "Exchange", payee(1), uint32(i), 6000, amounts...), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		kept := len(w.Disk[signing.SessionName(session.Digest())])
		if i == 0 {
			longest = kept
		}
		if kept > longest+2000 { // heads and records grow by a little
			t.Fatalf("session %d keeps %d bytes, the first one %d", i, kept, longest)
		}
		if _, err := w.Finish(session, request); err != nil {
			t.Fatal(err)
		}
	}
}
