package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/signing"
	"heliograph/offline/cli"
	application "heliograph/offline/station"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// restored is station 0 brought back, from its words and the recovery file, into
// a new vault.
func (s *scene) restored() *vault {
	t := s.t
	t.Helper()
	file := filepath.Join(t.TempDir(), "wallet.heliograph")
	k := s.vaults[0].start(plan{}, "backup", "file", "--out", file)
	k.answer(promptPassphrase, passphrase)
	k.end(cli.Done)
	k = s.vaults[0].start(plan{}, "backup", "words", "--all")
	k.answer(promptPassphrase, passphrase)
	shown := k.answer("on paper > ", "")
	var paper []string
	for _, word := range regexp.MustCompile(`\d+ ([a-z]+)`).FindAllStringSubmatch(shown[strings.Index(shown, "paper only"):], -1) {
		paper = append(paper, word[1])
	}
	k.kill()

	v := newVault(t)
	k = v.start(plan{Quick: true}, "restore", "--file", file, "--name", "vault again", "--pool", "4")
	k.answer("words > ", strings.Join(paper, " "))
	k.answer("compare: type same or different > ", "same")
	k.answer("new passphrase: ", passphrase)
	k.answer("repeat new passphrase: ", passphrase)
	says(t, k.end(cli.Done), "Restored, but not listed")
	return v
}

// relisting is the change that puts an instance in the place of station 0's.
func (s *scene) relisting(instance wire.PublicKey) func(*charter.Document) {
	return s.w.Relisting(0, instance)
}

// A thief has the words and the file and restores station 0 beside the original;
// or the station was lost, and its operator does. Before an amendment lists the
// new installation it says nothing but its introduction. Once it is listed it
// signs only after the others have told it what station 0 had released, and the
// original signs nothing any more.
func TestRestoredStationBeforeAndAfterItIsListed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.both("before")
	v := s.restored()

	_, request := s.bill("stranger")
	again := v.run(plan{})
	said := again.wait("For the coordinator")
	introduction := again.take()
	opened, err := wire.OpenSelfSigned(introduction, wire.KindIntroduction)
	must(t, err)
	var in enrolment.Introduction
	must(t, wire.Unmarshal(opened.Body(), &in, 1024))
	if in.Name != "vault again" || in.HostKey != s.w.Stations[0].Identity.Host.PublicKey() {
		t.Errorf("the introduction is of %q", in.Name)
	}
	again.refused(request, "amendment/unexpected")
	v.dark("not listed")

	one, other := s.vaults[1].run(plan{}), s.vaults[2].run(plan{})
	b, ballot := s.proposal(1, s.relisting(opened.Sender()))
	one.hold(ballot)
	one.wait("fault: amendment/unfollowed") // it does not know how far station 0 went
	one.take()
	one.hold(s.records(1))
	other.hold(s.records(2))
	one.hold(ballot)
	review := one.answer(promptDecide, "approve")
	keyWords := strings.TrimSpace(said[strings.Index(said, "restored station: ")+len("restored station: ") : strings.Index(said, " ==\nFor")])
	if len(strings.Fields(keyWords)) != 12 || !strings.Contains(review, keyWords) {
		t.Errorf("the words of the new instance, %q, are not in the review:\n%s", keyWords, review)
	}
	certificate := s.certify(b, one.take(), other.acknowledges(ballot))
	for _, k := range []*process{one, other, again} {
		k.hold(certificate)
	}
	again.answer("compare: type same or different > ", "same")
	challenge := again.take()

	// It is listed and remembers nothing yet.
	again.refused(request, "amendment/unexpected")
	again.kill() // what it collected so far stays
	again = v.run(plan{})
	if repeated := again.take(); !slices.Equal(repeated, challenge) {
		t.Error("another challenge after a restart: what answered the first is lost")
	}
	one.wait("is adopted")
	one.hold(challenge)
	again.hold(one.take())
	other.wait("is adopted")
	other.hold(challenge)
	again.hold(other.take())
	again.hold(s.records(-1))
	pool := again.take() // remembers, and shows its first pool
	i, _, err := s.w.Desk.AddPool(pool)
	must(t, err)
	if i != 0 {
		t.Fatalf("the pool is of station %d", i)
	}
	session, request := s.bill2("after")
	last := other.signs(s.next(session, again.signs(request)))
	_, err = s.w.Answer(session, last)
	must(t, err)
	again.stop()
	one.stop()
	other.stop()
	s.replaced(certificate)

	k := v.start(plan{}, "status", "--json")
	k.answer(promptPassphrase, passphrase)
	out := k.end(cli.Done)
	var status application.Status
	must(t, json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &status))
	if status.Phase != application.PhaseSigning || status.Released != 1 || *status.CharterEpoch != 1 {
		t.Errorf("status %+v", status)
	}
	k = v.start(plan{}, "history")
	k.answer(promptPassphrase, passphrase)
	says(t, k.end(cli.Done), "Amendments, a chain of", "challenged", "recalled", "adopted")
}

// replaced demands that the original of station 0 ends once it learns that it was
// replaced, and signs nothing at its next start.
func (s *scene) replaced(certificate []byte) {
	s.t.Helper()
	v := s.vaults[0]
	_, request := s.bill2("too late")
	k := v.run(plan{})
	k.hold(certificate)
	k.wait("is adopted")
	says(s.t, k.end(cli.Waiting), "fault: signing/unlisted")
	k = v.run(plan{})
	says(s.t, k.end(cli.Waiting), "fault: signing/unlisted", "out of service")
	v.dark("replaced")
	v.film(frames(s.t, request)...)
	k = v.run(plan{}, "--once")
	k.end(cli.Waiting)
	v.dark("replaced")
	k = v.start(plan{}, "history") // what it did stays to be audited
	k.answer(promptPassphrase, passphrase)
	says(s.t, k.end(cli.Done), "adopted", "released", "1 payment")
}

// bill2 is bill for stations 0 and 2.
func (s *scene) bill2(id string) (*signing.Session, []byte) {
	s.t.Helper()
	session, request, err := s.w.Open(s.w.Pay(id, "Exchange", payee(1), 0, 2_000, 100_000), 0, 2)
	must(s.t, err)
	return session, request
}

// records are all that the coordinator has, in one message; but those of a
// station itself, if it is one.
func (s *scene) records(to int) []byte {
	s.t.Helper()
	var body signing.Records
	for _, r := range s.w.Desk.Ledger().Missing(nil) {
		if int(r.Station) == to {
			continue
		}
		b, err := r.Encode()
		must(s.t, err)
		body.Records = append(body.Records, b)
	}
	b, err := wire.Marshal(body)
	must(s.t, err)
	return s.seal(wire.KindRecords, b)
}
