package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/rehearsal"
	"heliograph/ceremonies/signing"
	"heliograph/offline/cli"
	"heliograph/shared/batch"
)

// both has a batch signed by the processes of stations 0 and 1, one visit each,
// and returns station 0's answer and what its person read.
func (s *scene) both(id string) (answer []byte, said string) {
	s.t.Helper()
	session, request := s.bill(id)
	k := s.vaults[0].run(plan{}, "--once")
	answer = k.signs(request)
	said = k.end(cli.Done)
	s.second(session, answer)
	return answer, said
}

// second gives station 0's answer to the coordinator, visits station 1's
// process, and demands the signatures.
func (s *scene) second(session *signing.Session, answer []byte) {
	s.t.Helper()
	k := s.vaults[1].run(plan{}, "--once")
	last := k.signs(s.next(session, answer))
	k.end(cli.Done)
	step, err := s.w.Answer(session, last)
	must(s.t, err)
	if _, signed := step.Screen.(ceremonies.Done); !signed {
		s.t.Fatalf("both stations answered and the coordinator shows %T", step.Screen)
	}
}

// receipt is the last receipt in what a person read.
func receipt(t *testing.T, said string) string {
	t.Helper()
	lines := regexp.MustCompile(`(?m)^  Receipt +(.+)$`).FindAllStringSubmatch(said, -1)
	if len(lines) == 0 {
		t.Fatalf("the station shows no receipt:\n%s", said)
	}
	return lines[len(lines)-1][1]
}

// A station's folder is copied, and both copies run and sign at once. Over one
// request their answers hold the same shares, which gives nothing away. The
// next honest request names the original's state: the copy that signed does not
// know it, the copy that did not sees a later signature of its own and freezes.
func TestClonedStation(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v := s.vaults[0]
	twin, idle := v.copied(t), v.copied(t)
	session, request := s.bill("clone")
	original, copied := v.run(plan{}), twin.run(plan{})
	answer, echo := original.signs(request), copied.signs(request)
	if !bytes.Equal(s.response(answer).Shares, s.response(echo).Shares) {
		t.Fatal("two copies gave different shares for one request: the share is lost")
	}
	s.finish(session, answer)

	session, request = s.bill("next")
	copied.refused(request, "signing/stale-snapshot")
	copied.stop()
	twin.dark("refused")
	for range 2 { // it stays frozen
		k := idle.run(plan{}, "--once")
		k.refused(request, "signing/rolled-back")
		k.end(cli.Refused)
		idle.dark("frozen")
	}
	s.finish(session, original.signs(request))
	original.stop()
}

// The same with a coordinator that lies to the copy: it shows the state before
// the original signed. The copy cannot know (LIMITS.md). But what it began,
// nobody completes: the peer misses its own last record. And whoever sees both
// copies' records names the station and keeps the proof.
func TestClonedStationWithLyingCoordinator(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	clone := s.vaults[0].copied(t)
	before := s.w.Desk.Heads()
	s.both("clone")
	_, honest := s.bill("lie")
	lie, err := s.w.Forge(honest, func(o *signing.Order, _ *batch.Request) {
		o.Heads = before
		o.Starts[0].Index = before[0].Next
	}, func(r *signing.Request) { r.Missed = nil })
	must(t, err)
	k := clone.run(plan{}, "--once")
	second := s.response(k.signs(lie))
	k.end(cli.Done)

	lie, err = s.w.Forge(lie, nil, func(r *signing.Request) { r.Acks = [][64]byte{second.Ack} })
	must(t, err)
	k = s.vaults[1].run(plan{}, "--once")
	k.refused(lie, "signing/stale-snapshot")
	k.end(cli.Refused)
	s.vaults[1].dark("refused")

	// An honest request shows the copy a signature of its own that it never made.
	k = clone.run(plan{}, "--once")
	k.refused(honest, "signing/rolled-back")
	k.end(cli.Refused)
	clone.dark("frozen")

	_, request, err := s.w.Open(s.w.Pay("proof", "Exchange", payee(1), 0, 2_000, 100_000), 2, 1)
	must(t, err)
	twice, err := s.w.Forge(request, nil, func(r *signing.Request) { r.Missed = append(r.Missed, second.Record) })
	must(t, err)
	k = s.vaults[2].run(plan{}, "--once")
	says(t, k.refused(twice, "signing/equivocation"), "suspect: station 0\n")
	k.end(cli.Refused)
	s.proves(s.vaults[2], 0)
}

// proves takes the evidence off a station, as its operator would, and has a
// third program find who did wrong.
func (s *scene) proves(v *vault, station int) {
	s.t.Helper()
	dir := s.t.TempDir()
	k := v.start(plan{}, "history", "--evidence", dir)
	k.answer(promptPassphrase, passphrase)
	k.end(cli.Done)
	kept := contents(s.t, dir)
	for _, evidence := range kept {
		found, err := signing.VerifyBlame(rehearsal.SigningGroup(s.w.Public), evidence)
		must(s.t, err)
		if found.Station != station {
			s.t.Errorf("the evidence names station %d, want %d", found.Station, station)
		}
	}
	if len(kept) != 1 {
		s.t.Errorf("%d pieces of evidence, want 1", len(kept))
	}
}

// Somebody puts an older copy of a station's folder back, or only its head
// file, which makes the keystore forget what came after. The person sees an
// older receipt than the one that was written down; the next request freezes
// the copy, for good; the newest folder signs on.
func TestRolledBackStation(t *testing.T) {
	t.Parallel()
	base := newScene(t)
	for name, roll := range map[string]func(t *testing.T, older, v *vault){
		"the whole folder": func(t *testing.T, older, v *vault) { older.restore(t, v.keys) },
		"the head alone": func(t *testing.T, older, v *vault) {
			head := contents(t, older.keys)["head"]
			must(t, os.WriteFile(filepath.Join(v.keys, "head"), head, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := base.apart(t)
			v := s.vaults[0]
			older := v.copied(t)
			first := s.w.Desk.Heads()
			_, said := s.both("before")
			written := receipt(t, said)
			newest := v.copied(t)
			roll(t, older, v)

			session, request := s.bill("after")
			k := v.run(plan{}, "--once")
			if shown := receipt(t, k.wait("do not sign.")); shown == written {
				t.Error("the older copy shows the newest receipt")
			}
			says(t, k.refused(request, "signing/rolled-back"), "later state", "older copy", "Nothing was signed")
			k.end(cli.Refused)
			// It stays frozen, also for a coordinator that now hides the later state.
			hides, err := s.w.Forge(request, func(o *signing.Order, _ *batch.Request) {
				o.Heads = first
				o.Starts[0].Index = 0
			}, func(r *signing.Request) { r.Missed = nil })
			must(t, err)
			k = v.run(plan{})
			says(t, k.wait(promptScan), "Frozen", "signs nothing")
			v.film(frames(t, hides)...)
			says(t, k.wait("remedy: "), "fault: signing/rolled-back\n")
			k.stop()
			v.dark("frozen")

			k = newest.run(plan{}, "--once")
			if shown := receipt(t, k.wait("do not sign.")); shown != written {
				t.Error("the newest folder shows another receipt than the one written down")
			}
			answer := k.signs(request)
			k.end(cli.Done)
			s.second(session, answer)
		})
	}
}
