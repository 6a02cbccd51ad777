package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heliograph/offline/cli"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/qr"
	"heliograph/shared/wire"
)

// seal is a message of the coordinator.
func (s *scene) seal(kind wire.Kind, body []byte) []byte {
	s.t.Helper()
	m, err := wire.Seal(kind, [32]byte(s.w.Public.Wallet.ID()), body, s.w.Courier, s.w.Random())
	must(s.t, err)
	return m.Bytes
}

// proposal is a ballot and its message.
func (s *scene) proposal(number uint32, change func(*charter.Document)) (lineage.Ballot, []byte) {
	s.t.Helper()
	b, err := s.w.Ballot(change, nil)
	must(s.t, err)
	b.Number = number
	body, err := b.Encode()
	must(s.t, err)
	return b, s.seal(wire.KindBallot, body)
}

// acknowledges holds a ballot, approves it, and returns the acknowledgement.
func (k *process) acknowledges(ballot []byte) []byte {
	k.t.Helper()
	k.hold(ballot)
	if said := k.answer(promptDecide, "approve"); !strings.Contains(said, "Acknowledge charter") {
		k.t.Fatalf("another review:\n%s", said)
	}
	return k.take()
}

// certify joins acknowledgements; the coordinator adopts the certificate.
func (s *scene) certify(b lineage.Ballot, answers ...[]byte) []byte {
	s.t.Helper()
	var acks []lineage.Ack
	for _, answer := range answers {
		opened, err := s.w.Opened(answer)
		must(s.t, err)
		a, err := lineage.DecodeAck(opened.Body())
		must(s.t, err)
		acks = append(acks, a)
	}
	certificate, err := lineage.NewCertificate(b, acks).Encode()
	must(s.t, err)
	must(s.t, s.w.Adopt(certificate))
	return s.seal(wire.KindCertificate, certificate)
}

// lower caps each payment at less than the tests pay, or at more.
func lower(most int64) func(*charter.Document) {
	return func(d *charter.Document) {
		d.Rules = append(d.Rules, charter.Rule{ID: "cap/payment", Effect: charter.Require, Check: charter.MaxOutput, Max: most})
	}
}

// amended carries a change through the processes of stations 0 and 1, which stay
// up: both acknowledge and adopt it.
func (s *scene) amended(one, other *process, change func(*charter.Document)) []byte {
	s.t.Helper()
	b, ballot := s.proposal(1, change)
	certificate := s.certify(b, one.acknowledges(ballot), other.acknowledges(ballot))
	for _, k := range []*process{one, other} {
		k.hold(certificate)
		k.wait("is adopted")
	}
	return certificate
}

// The charter was tightened. The coordinator goes on drafting under the charter
// before, for a batch that the new one forbids; then it drafts it under the new
// one, and says that an older certificate came last.
func TestStaleCharter(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, stale := s.bill("stale")
	one, other := s.vaults[0].run(plan{}), s.vaults[1].run(plan{})
	first := s.amended(one, other, lower(200_000))
	second := s.amended(one, other, func(d *charter.Document) { d.Rules[1].Max = 50_000 })

	one.hold(stale)
	one.wait("fault: rule/charter/current")
	one.take() // a signed refusal
	_, forbidden := s.bill("forbidden")
	one.hold(forbidden)
	one.wait("fault: rule/cap/payment")
	one.take()
	one.hold(first)
	one.wait("Already adopted")
	one.kill()
	one = s.vaults[0].run(plan{})
	one.hold(forbidden)
	one.wait("fault: rule/cap/payment")
	one.take()
	one.stop()
	for _, old := range [][]byte{first, second} { // the second is what it adopted last, and still before its camera
		other.hold(old)
		other.wait("Already adopted")
	}
	other.stop()
}

// A station freezes the wallet. The coordinator hides that and asks the others to
// sign; then, after the thaw, whoever kept the paper shows it again to stop the
// wallet for ever.
func TestFreezeAndItsReplayAfterTheThaw(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	paper := filepath.Join(t.TempDir(), "freeze")
	k := s.vaults[2].start(plan{}, "freeze", "--reason", "laptop stolen", "--out", paper+".png")
	k.answer(promptPassphrase, passphrase)
	says(t, k.end(cli.Done), "PRACTICE: Frozen", "every station")
	freeze := printed(t, paper+".png")

	one, other := s.vaults[0].run(plan{}), s.vaults[1].run(plan{})
	session, request := s.bill("hidden")
	other.hold(freeze)
	other.wait("FROZEN: this station signs no payment")
	one.hold(freeze)
	says(t, one.wait("scan: press"), "laptop stolen", "station 2")
	one.kill()
	one = s.vaults[0].run(plan{})
	says(t, one.wait("FROZEN: this station signs no payment"), "laptop stolen")
	one.refused(request, "signing/frozen")
	s.vaults[0].dark("frozen")

	id := lineage.FreezeID(s.w.Stations[2].Identity.Instance.Public(), s.body(freeze))
	s.amended(one, other, func(d *charter.Document) { d.Lifted = append(d.Lifted, id) })
	one.refused(freeze, "amendment/older")
	one.refused(request, "rule/charter/current") // drafted before
	one.take()
	session, request = s.bill("thawed")
	answer := one.signs(request)
	other.signs(s.next(session, answer))
	one.stop()
	other.stop()
}

func (s *scene) body(sealed []byte) []byte {
	s.t.Helper()
	opened, err := s.w.Opened(sealed)
	must(s.t, err)
	return opened.Body()
}

// printed reads the message on a sheet of paper.
func printed(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.Open(name)
	must(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	must(t, err)
	text, err := qr.Read(picture)
	must(t, err)
	var d qr.Decoder
	_, err = d.Receive(text)
	must(t, err)
	m, err := d.Message()
	must(t, err)
	return m
}

// The coordinator wants two charters certified for one epoch, one for each story
// that it tells. A station that acknowledged the first is killed and asked for
// the second; its folder's people approve everything.
func TestNoStationAcknowledgesTwoSuccessors(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, first := s.proposal(1, lower(200_000))
	_, second := s.proposal(2, lower(300_000))
	v := s.vaults[0]
	k := v.run(plan{})
	ack := k.acknowledges(first)
	k.kill()
	k = v.run(plan{})
	k.hold(second)
	k.wait("fault: amendment/committed")
	k.take()
	k.hold(first)
	if again := k.take(); !bytes.Equal(again, ack) {
		t.Error("the same ballot got another acknowledgement")
	}
	k.stop()
}
