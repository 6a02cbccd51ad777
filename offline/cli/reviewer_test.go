package cli_test

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/ceremonies/reviewing"
	"heliograph/offline/station"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/qr"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// reviewed is a wallet of two stations that nobody meets here, and whose charter
// lists a person's device.
func (w *treasury) reviewed(key wire.PublicKey) lineage.Line {
	w.t.Helper()
	d := charter.Document{
		Version: charter.Version, Name: "Cold", Network: wallet.Regtest, Threshold: 2, Courier: w.courier.Public(), Gap: 20, ClockTolerance: 7200, Issued: w.now,
		Counterparties: []charter.Counterparty{{Name: "Exchange", Destinations: [][]byte{payee(1)}}},
		Rules:          []charter.Rule{{ID: "allow/known", Effect: charter.Allow}},
		People:         []charter.Person{{Name: "Eve", Roles: []string{"officer"}, Credentials: []charter.Credential{{Name: "tablet", Kind: charter.CredentialOffline, Key: key[:]}}}},
		Governance:     charter.Governance{Officers: []string{"officer"}},
	}
	for i, name := range []string{"vault a", "vault b"} {
		instance, err := wire.GenerateSigningKey(w.draw())
		must(w.t, err)
		_, host := btcec.PrivKeyFromBytes([]byte{0x32, byte(i + 1)})
		d.Stations = append(d.Stations, charter.Station{Name: name, HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: instance.Public()})
	}
	c, err := charter.New(d)
	must(w.t, err)
	_, threshold := btcec.PrivKeyFromBytes([]byte{0x33})
	wal, err := wallet.New([33]byte(threshold.SerializeCompressed()), [32]byte{1}, wallet.Regtest, c.ID())
	must(w.t, err)
	line, err := lineage.Begin(c, wal)
	must(w.t, err)
	return line
}

// TestReviewerStory takes a person's device from init to an approval, a veto and
// a freeze, through every prompt.
func TestReviewerStory(t *testing.T) {
	w := &treasury{t: t, now: 1_800_000_000}
	var err error
	w.courier, err = wire.GenerateSigningKey(w.draw())
	must(t, err)
	eve := newAir(t, "eve")
	k := start(t, w.now, "--dir", eve.station, "init", "--reviewer", "--name", "Eve", "--network", "regtest")
	k.answer("new passphrase: ", secret)
	k.answer("repeat new passphrase: ", secret)
	if out := k.end(cli0); !strings.Contains(out, "PRACTICE: reviewer Eve: This is a reviewer's device now") || !strings.Contains(out, "none, ever") {
		t.Errorf("init says:\n%s", out)
	}

	k = eve.run(w.now)
	said := k.wait("For an officer")
	key, err := reviewing.OpenKey(eve.take(k))
	must(t, err)
	if key.Name != "Eve" || !strings.Contains(said, strings.Join(key.Words[:], " ")) {
		t.Errorf("the device says:\n%s", said)
	}
	line := w.reviewed(key.Key)
	invite, err := reviewing.NewInvite(line, w.courier, w.draw())
	must(t, err)
	eve.hold(k, invite.Bytes)
	k.answer("compare: type same or different > ", "same")
	k.answer("compare: type same or different > ", "same")
	k.wait("reviewer Eve: Reviewing for this wallet")

	facts := batch.Request{
		Wallet: line.Wallet().ID(), Charter: line.Latest().ID(), Time: w.now, Expiry: w.now + 3600,
		Payments: []batch.Payment{{ExternalID: "inv-1", Counterparty: "Exchange", Amount: 100_000, Script: payee(1)}},
		Transactions: []batch.Transaction{{
			Inputs: []batch.Input{{OutPoint: batch.OutPoint{TxID: w.draw()}, Amount: 101_000}}, Payments: []uint32{0}, Variants: []batch.Variant{{}},
		}},
	}
	ask := func() wire.Message {
		q, err := reviewing.AskBatch("Eve", facts, policy.Evidence{}, w.now+3600)
		must(t, err)
		m, err := q.Seal(line.Wallet().ID(), w.courier, w.draw())
		must(t, err)
		return m
	}
	request := ask()
	eve.hold(k, request.Bytes)
	review := k.answer("decide: type approve or refuse > ", "approve")
	for _, want := range []string{"PRACTICE: reviewer Eve: Approve a batch of 1 payment", "0.00100000 BTC", "inv-1", "are judged by the stations"} {
		if !strings.Contains(review, want) {
			t.Errorf("the review lacks %q:\n%s", want, review)
		}
	}
	answer, err := reviewing.OpenAnswer(line, w.now, request, eve.take(k))
	must(t, err)
	if answer.Decision != approval.Approve || answer.Signed.Subject != approval.OfBatch([32]byte(facts.ID())) {
		t.Errorf("answer %+v", answer)
	}
	k.wait("scan: press nothing")
	k.stop()
	k.end(cli1)

	// A refusal that is a veto ends a single visit with 3.
	facts.Payments[0].ExternalID = "inv-2"
	request = ask()
	k = eve.run(w.now, "--once")
	eve.hold(k, request.Bytes)
	k.answer("decide: type approve or refuse > ", "refuse")
	k.answer("reason > ", "not ordered")
	k.answer("answer > ", "perhaps")
	k.wait("fault: reviewing/word")
	k.answer("answer > ", "veto")
	answer, err = reviewing.OpenAnswer(line, w.now, request, eve.take(k))
	must(t, err)
	if answer.Decision != approval.Veto || answer.Reason != "not ordered" {
		t.Errorf("answer %+v", answer)
	}
	k.end(cli3)
	w.reviewerAfterwards(eve, line)
}

// reviewerAfterwards makes a freeze, reads status and history, and finds that
// there is nothing to back up.
func (w *treasury) reviewerAfterwards(eve *air, line lineage.Line) {
	t := w.t
	t.Helper()
	name := filepath.Join(t.TempDir(), "freeze")
	freeze := []string{"--dir", eve.station, "freeze", "--reason", "laptop stolen", "--out", name + ".png", "--screen", eve.outbox}
	k := start(t, w.now, freeze...)
	k.answer("passphrase: ", secret)
	shown := eve.take(k)
	k.end(cli0)
	f, err := line.OpenFreeze(shown, w.now)
	must(t, err)
	if f.By != `"Eve"` || f.Freeze.Reason != "laptop stolen" {
		t.Errorf("freeze %+v", f)
	}
	file, err := os.Open(name + ".png")
	must(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	must(t, err)
	text, err := qr.Read(picture)
	must(t, err)
	var d qr.Decoder
	_, err = d.Receive(text)
	must(t, err)
	printed, err := d.Message()
	must(t, err)
	if string(printed) != string(shown) {
		t.Error("paper and screen say different things")
	}
	written, err := os.ReadFile(name + ".txt")
	must(t, err)
	if !strings.Contains(string(written), "laptop stolen") || !strings.Contains(string(written), text) {
		t.Errorf("the text file says:\n%s", written)
	}
	k = start(t, w.now, freeze...)
	k.answer("passphrase: ", secret)
	if out := k.end(cli1); !strings.Contains(out, "but not written") {
		t.Errorf("a file was overwritten, or nobody was told:\n%s", out)
	}

	k = start(t, w.now, "--dir", eve.station, "status", "--json")
	k.answer("passphrase: ", secret)
	var status station.Status
	must(t, json.Unmarshal([]byte(tail(k.end(cli0), "{")), &status))
	if status.Role != station.RoleReviewer || status.Phase != station.PhaseReviewing || status.Answers != 2 || status.ListedAs != "Eve, tablet" || status.FreezesSeen != 1 || len(status.KeyWords) != 12 {
		t.Errorf("status %+v", status)
	}
	k = start(t, w.now, "--dir", eve.station, "history")
	k.answer("passphrase: ", secret)
	if out := k.end(cli0); !strings.Contains(out, "Reviewing") || !strings.Contains(out, "vetoed") || !strings.Contains(out, "The chain of 7 entries verifies") {
		t.Errorf("history:\n%s", out)
	}
	for _, args := range [][]string{{"backup", "words"}, {"backup", "file", "--out", name}, {"again", "--screen", eve.outbox}} {
		k = start(t, w.now, append([]string{"--dir", eve.station}, args...)...)
		k.answer("passphrase: ", secret)
		if out := k.end(2); !strings.Contains(out, "an approval key and no share") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
	k = start(t, w.now, "--dir", eve.station, "init", "--name", "vault", "--network", "regtest")
	k.end(cli1)
}
