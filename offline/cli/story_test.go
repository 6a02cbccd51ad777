package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/offline/station"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

func mkdir(t *testing.T, dir string) {
	t.Helper()
	must(t, os.Mkdir(dir, 0o700))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// treasury is an honest coordinator.
type treasury struct {
	t       *testing.T
	now     int64
	drawn   int
	courier *wire.SigningKey
}

func (w *treasury) draw() [32]byte {
	w.drawn++
	return wire.TaggedHash("story", []byte(fmt.Sprint(w.drawn)))
}

func (w *treasury) event(in ceremonies.Input) ceremonies.Event {
	return ceremonies.Event{Time: w.now, Random: w.draw(), Input: in}
}

func payee(n byte) []byte {
	s := make([]byte, 22)
	s[1], s[2] = 20, n
	return s
}

func scanned(b []byte) ceremonies.Input { return ceremonies.Scanned{Bytes: b} }

// found makes two stations with real keystores and folders, from init to the
// first nonce pools, through every prompt. Both programs still run.
func found(t *testing.T, now int64) (w *treasury, vaults []*air, talks []*talk, public keygen.Public, pools [][]byte) {
	t.Helper()
	w = &treasury{t: t, now: now}
	var err error
	w.courier, err = wire.GenerateSigningKey(w.draw())
	must(t, err)
	vaults = []*air{newAir(t, "a"), newAir(t, "b")}
	for _, v := range vaults {
		k := start(t, w.now, "--dir", v.station, "init", "--name", "vault "+filepath.Base(v.station), "--network", "regtest", "--pool", "16")
		k.answer("new passphrase: ", secret)
		k.answer("repeat new passphrase: ", secret)
		k.end(cli0)
	}
	enrol, err := enrolment.NewCoordinator(enrolment.Plan{Network: wallet.Regtest, Stations: 2, Threshold: 2}, w.courier, nil)
	must(t, err)
	var step ceremonies.Step
	for _, v := range vaults {
		k := v.run(w.now)
		talks = append(talks, k)
		step, err = enrol.Step(w.event(scanned(v.take(k))))
		must(t, err)
	}
	var words []string
	for i, v := range vaults {
		v.hold(talks[i], step.Send[0].Bytes)
		words = append(words, talks[i].wait("Or: type scan"))
		talks[i].answer("compare: type same or different > ", "yes")
		talks[i].answer("compare: type same or different > ", "same")
		talks[i].wait("PRACTICE: Enrolled")
	}
	if tail(words[0], "Read aloud") != tail(words[1], "Read aloud") {
		t.Errorf("the words differ:\n%s\n%s", words[0], words[1])
	}
	public, pools = w.generate(enrol, vaults, talks)
	return w, vaults, talks, public, pools
}

// openDesk is the coordinator's memory after the first pools.
func (w *treasury) openDesk(public keygen.Public, pools [][]byte) *signing.Desk {
	w.t.Helper()
	desk, err := signing.NewDesk(signing.Group{Line: public.Line(), Wallet: public.Wallet, PublicShares: public.PublicShares}, w.courier, nil)
	must(w.t, err)
	for _, pool := range pools {
		_, _, err := desk.AddPool(pool)
		must(w.t, err)
	}
	return desk
}

// TestStory runs two stations to a signed batch and two refused ones; then
// backs one up, restores it, and finds that the restored one signs nothing.
func TestStory(t *testing.T) {
	w, vaults, talks, public, pools := found(t, 1_800_000_000)
	desk := w.openDesk(public, pools)

	// One batch, one visit each. Typing something else approves nothing.
	r := w.request(public)
	session, step, err := desk.Open(r, policy.Evidence{}, []int{1, 0}, w.event(ceremonies.Start{}))
	must(t, err)
	for _, i := range []int{1, 0} {
		v, k := vaults[i], talks[i]
		v.hold(k, step.Send[0].Bytes)
		review := k.answer("decide: type approve or refuse > ", "approv")
		checkReview(t, review)
		k.answer("decide: type approve or refuse > ", "")
		k.answer("decide: type approve or refuse > ", "approve")
		k.wait("New receipt")
		step, err = session.Step(w.event(scanned(v.take(k))))
		must(t, err)
	}
	if _, done := step.Screen.(ceremonies.Done); !done {
		t.Fatalf("the batch is not signed: %+v", step.Screen)
	}

	// A batch that the rules refuse, then one that a person refuses.
	big := w.request(public)
	big.Payments[0].Amount, big.Payments[0].ExternalID = 1_000_001, "big-1"
	big.Transactions[0].Inputs[0].Amount = 1_500_000
	session, step, err = desk.Open(big, policy.Evidence{}, []int{1, 0}, w.event(ceremonies.Start{}))
	must(t, err)
	vaults[1].hold(talks[1], step.Send[0].Bytes)
	refusal := talks[1].wait("remedy: ")
	if !strings.Contains(refusal, "fault: rule/cap/output") || !strings.Contains(refusal, "at most 0.01000000 BTC may go in one output") {
		t.Errorf("the refusal reads:\n%s", refusal)
	}
	_, err = session.Step(w.event(scanned(vaults[1].take(talks[1]))))
	must(t, err)
	session, step, err = desk.Open(w.request(public), policy.Evidence{}, []int{1, 0}, w.event(ceremonies.Start{}))
	must(t, err)
	vaults[1].hold(talks[1], step.Send[0].Bytes)
	talks[1].answer("decide: type approve or refuse > ", "refuse")
	talks[1].answer("reason > ", "")
	talks[1].answer("reason > ", "paid yesterday")
	_, err = session.Step(w.event(scanned(vaults[1].take(talks[1]))))
	must(t, err)
	if !strings.Contains(session.Ended(), "paid yesterday") {
		t.Errorf("the session ended: %s", session.Ended())
	}

	// Ctrl-C while it scans.
	for _, k := range talks {
		k.wait("scan: press nothing, show the code to the camera")
		k.stop()
		k.end(cli1)
	}
	w.once(desk, public, vaults[0])
	w.afterwards(vaults)
}

const (
	cli0 = 0
	cli1 = 1
	cli3 = 3
	cli4 = 4
)

func tail(s, from string) string { return s[strings.Index(s, from):] }

// generate runs key generation at both stations.
func (w *treasury) generate(enrol *enrolment.Coordinator, vaults []*air, talks []*talk) (keygen.Public, [][]byte) {
	t := w.t
	t.Helper()
	r, ok := enrol.Roster()
	if !ok {
		t.Fatal("no roster")
	}
	draft, err := charter.New(charter.Document{
		Version: charter.Version, Name: "Cold", Network: r.Network, Threshold: 2, Stations: r.Stations, Courier: r.Courier,
		Counterparties: []charter.Counterparty{{Name: "Exchange", Destinations: [][]byte{payee(1)}}},
		Rules: []charter.Rule{
			{ID: "allow/known", Effect: charter.Allow},
			{ID: "cap/output", Effect: charter.Require, Check: charter.MaxOutput, Max: 1_000_000},
		},
		Gap: 20, ClockTolerance: 7200,
	})
	must(t, err)
	c, err := keygen.NewCoordinator(keygen.Group{ID: r.ID, Network: r.Network, Threshold: r.Threshold, Stations: r.Stations, Courier: r.Courier}, draft, w.courier, nil)
	must(t, err)
	var pools [][]byte
	for visit := 1; visit <= 3; visit++ {
		step, err := c.Step(w.event(ceremonies.Start{}))
		must(t, err)
		for i, v := range vaults {
			v.hold(talks[i], step.Send[0].Bytes)
			switch visit {
			case 1:
				talks[i].answer("decide: type approve or refuse > ", "approve")
			case 3:
				talks[i].answer("compare: type same or different > ", "same")
			}
			_, err := c.Step(w.event(scanned(v.take(talks[i]))))
			must(t, err)
			if visit == 3 {
				pools = append(pools, v.take(talks[i]))
			}
		}
	}
	public, err := c.Public()
	must(t, err)
	return public, pools
}

// request pays 100,000 sat with a reference that tries to turn the line round.
func (w *treasury) request(public keygen.Public) batch.Request {
	return batch.Request{
		Wallet: public.Wallet.ID(), Charter: public.Charter.ID(), Time: w.now, Expiry: w.now + 3600,
		Payments: []batch.Payment{{ExternalID: fmt.Sprint("inv-", w.drawn), Counterparty: "Exchange", Reference: "שלום 12", Amount: 100_000, Script: payee(1)}},
		Transactions: []batch.Transaction{{
			Inputs:   []batch.Input{{OutPoint: batch.OutPoint{TxID: w.draw()}, Amount: 101_000}},
			Payments: []uint32{0}, Variants: []batch.Variant{{}},
		}},
	}
}

func checkReview(t *testing.T, review string) {
	t.Helper()
	verdict, pays := strings.Index(review, "\nVerdict\n"), strings.Index(review, "\nPaid for the first time (1 output)\n")
	if verdict < 0 || pays < verdict {
		t.Errorf("the verdict does not come first:\n%s", review)
	}
	address, err := wallet.EncodeScript(wallet.Regtest, payee(1))
	must(t, err)
	for _, want := range []string{
		"PRACTICE: Batch of 1 payment", "cap/output holds", "\n! 0.00100000 BTC  " + ceremonies.Grouped(address),
		`\u{05E9}\u{05DC}\u{05D5}\u{05DD} 12`, "0.00001000 BTC",
	} {
		if !strings.Contains(review, want) {
			t.Errorf("the review lacks %q:\n%s", want, review)
		}
	}
}

// once signs nothing new: the exit codes of single visits.
func (w *treasury) once(desk *signing.Desk, public keygen.Public, v *air) {
	t := w.t
	t.Helper()
	_, step, err := desk.Open(w.request(public), policy.Evidence{}, []int{0, 1}, w.event(ceremonies.Start{}))
	must(t, err)
	var last []byte
	for _, c := range []struct {
		answers [][2]string
		code    int
	}{
		{[][2]string{{"decide: type approve or refuse > ", "refuse"}, {"reason > ", "no"}}, cli3},
		{[][2]string{{"decide: type approve or refuse > ", "approve"}}, cli0},
		{nil, cli0}, // the same again: the kept answer
	} {
		k := v.run(w.now, "--once")
		v.hold(k, step.Send[0].Bytes)
		for _, a := range c.answers {
			k.answer(a[0], a[1])
		}
		last = v.take(k)
		k.end(c.code)
	}
	k := start(t, w.now, "--dir", v.station, "again", "--screen", v.outbox)
	k.answer("passphrase: ", secret)
	if again := v.take(k); !bytes.Equal(again, last) {
		t.Errorf("again shows %d bytes, which are not the last answer", len(again))
	}
	k.end(cli0)
}

// afterwards reads the status and the history, makes both halves of a backup,
// and restores them.
func (w *treasury) afterwards(vaults []*air) {
	t := w.t
	t.Helper()
	k := start(t, w.now, "--dir", vaults[0].station, "status", "--json")
	k.answer("passphrase: ", secret)
	out := k.end(cli0)
	var status station.Status
	must(t, json.Unmarshal([]byte(tail(out, "{")), &status))
	if status.Phase != station.PhaseSigning || status.Released != 2 || status.FirstAddress == "" || len(status.WalletWords) != 12 {
		t.Errorf("status %+v", status)
	}
	k = start(t, w.now, "--dir", vaults[0].station, "history")
	k.answer("passphrase: ", secret)
	if out := k.end(cli0); !strings.Contains(out, "The chain of 4 entries verifies") || !strings.Contains(out, "1 payment, 0.00100000 BTC") {
		t.Errorf("history:\n%s", out)
	}

	file := filepath.Join(t.TempDir(), "wallet.heliograph")
	k = start(t, w.now, "--dir", vaults[0].station, "backup", "file", "--out", file)
	k.answer("passphrase: ", secret)
	k.end(cli0)
	k = start(t, w.now, "--dir", vaults[0].station, "backup", "words", "--all")
	k.answer("passphrase: ", secret)
	shown := k.answer("on paper > ", "")
	words := regexp.MustCompile(`\d+ ([a-z]+)`).FindAllStringSubmatch(tail(shown, "paper only"), -1)
	var paper []string
	for i, word := range words {
		k.answer(fmt.Sprintf("word %d > ", i+1), word[1])
		paper = append(paper, word[1])
	}
	k.end(cli0)

	restored := newAir(t, "again")
	k = start(t, w.now, "--dir", restored.station, "restore", "--file", file, "--name", "vault again", "--pool", "16")
	k.answer("words > ", strings.Join(paper[:12], " "))
	k.answer("words > ", strings.Join(paper[12:], " "))
	seen := k.answer("compare: type same or different > ", "same")
	if !strings.Contains(seen, status.FirstAddress) || !strings.Contains(seen, "Share of station 0 of Cold") {
		t.Errorf("restore shows:\n%s", seen)
	}
	k.answer("new passphrase: ", secret)
	k.answer("repeat new passphrase: ", secret)
	if out := k.end(cli0); !strings.Contains(out, "Restored, but not listed") {
		t.Errorf("restore:\n%s", out)
	}
	k = restored.run(w.now)
	out = k.wait("show: press Enter")
	k.stop()
	k.end(cli1)
	for _, want := range []string{"Introduction of a restored station", "Phase          unlisted"} {
		if !strings.Contains(out, want) {
			t.Errorf("a restored station does not say %q:\n%s", want, out)
		}
	}
}
