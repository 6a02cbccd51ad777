package main

import (
	"bytes"
	"strings"
	"testing"

	"heliograph/ceremonies/signing"
	"heliograph/offline/cli"
	"heliograph/shared/batch"
)

// A coordinator shows two requests on one nonce at once, frame by frame in
// turn, and goes on showing the second while the person reads the first. One is
// reviewed; the approval, also one typed twice, is for that one alone; the
// other comes too late.
func TestTwoRequestsRacingForOneNonce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v := s.vaults[0]
	session, first := s.bill("race-a")
	second := s.forge(first, func(_ *signing.Order, r *batch.Request) { r.Payments[0].ExternalID = "race-b" })

	k := v.run(plan{})
	k.wait(promptScan)
	one, two := frames(t, first), frames(t, second)
	for i := range one {
		v.film(one[i], two[i])
	}
	review := k.wait(promptDecide)
	if !strings.Contains(review, "race-a-0") || strings.Contains(review, "race-b") {
		t.Fatalf("the review is of another request:\n%s", review)
	}
	v.film(two...)
	k.say("approve")
	k.say("approve")
	k.wait(promptShow)
	says(t, k.wait("until then."), "Press Enter alone")
	answer := k.take()
	if s.response(answer).Digest != session.Digest() {
		t.Fatal("the answer is to another request than the one reviewed")
	}
	// The second is refused as it is, and with the story brought up to date.
	k.refused(second, "signing/stale-snapshot")
	k.refused(s.forge(second, func(o *signing.Order, _ *batch.Request) { o.Heads[0] = s.response(answer).Head }), "signing/burnt")
	v.dark("refused")
	if !bytes.Equal(k.again(first), answer) {
		t.Error("the first request now shows other bytes")
	}
	k.stop()
	s.finish(session, answer)
}

// Two station processes are started on one folder and unlocked at once: they
// would be two signers with one memory. One gets in, whoever is first; the other
// says why it does not, and touches nothing. When the first is killed, the
// folder is free again and nothing is forgotten.
func TestTwoProcessesOnOneFolder(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v := s.vaults[0]
	session, request := s.bill("lock")
	one, two := v.runLocked(), v.runLocked()
	one.wait(promptPassphrase)
	two.wait(promptPassphrase)
	one.say(passphrase)
	two.say(passphrase)
	winner, loser := one, two
	if !one.unlocks() {
		winner, loser = two, one
	}
	says(t, loser.end(cli.Error), "error: another program has the keystore in "+v.keys+" open", "remedy: Close the other heliograph-station first")
	answer := winner.signs(request)

	// While it is open nobody else gets in, whatever the command.
	k := v.start(plan{}, "status")
	k.answer(promptPassphrase, passphrase)
	k.end(cli.Error)
	winner.kill()
	k = v.run(plan{}, "--once")
	if !bytes.Equal(k.again(request), answer) {
		t.Error("the next process shows another answer")
	}
	k.end(cli.Done)
	s.finish(session, answer)
}

// runLocked starts the workstation, which then asks for its passphrase.
func (v *vault) runLocked() *process {
	v.t.Helper()
	return v.start(plan{}, "run", "--camera", v.camera, "--screen", v.screen)
}

// unlocks reports whether the station got in; otherwise it has ended.
func (k *process) unlocks() bool {
	k.t.Helper()
	for !strings.Contains(string(k.said), "Unlocked: ") {
		if !k.more() {
			return false
		}
	}
	return true
}
