package reviewing

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// text is all that a screen says.
func text(s ceremonies.Screen) string {
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "|") + "\n") }
	switch s := s.(type) {
	case ceremonies.Review:
		line(s.Title)
		line(s.Verdict...)
		for _, section := range s.Sections {
			line(section.Title)
			for _, l := range section.Lines {
				line(l.Label, l.Value, l.Note)
			}
		}
	case ceremonies.Done:
		line(s.Title)
		for _, l := range s.Lines {
			line(l.Label, l.Value, l.Note)
		}
	case ceremonies.Compare:
		line(s.Title, strings.Join(s.Words, " "), s.With)
	case ceremonies.Show:
		line(s.Title, s.To)
	case ceremonies.Ask:
		line(s.Title, s.Prompt)
	case ceremonies.Scan:
		line(s.Title, s.Want)
	case ceremonies.Failed:
		line(s.Fault.Error())
	}
	return b.String()
}

func says(t *testing.T, s ceremonies.Screen, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text(s), p) {
			t.Errorf("%q is not on the screen:\n%s", p, text(s))
		}
	}
}

func TestTheKeyIsShownWithItsWords(t *testing.T) {
	w := newWorld(t)
	step := w.must(ceremonies.Start{})
	c, err := OpenKey(step.Send[0].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "Eve" || c.Network != wallet.Regtest || c.Key != w.setup.Key.Public() {
		t.Fatalf("candidate %+v", c)
	}
	says(t, step.Screen, "Eve", strings.Join(c.Words[:], " "))
	again := w.must(ceremonies.Start{})
	w.restart()
	if after := w.must(ceremonies.Start{}); !bytes.Equal(after.Send[0].Bytes, again.Send[0].Bytes) {
		t.Error("another message after a restart: its words would differ from those that were read")
	}
}

func TestInvitationIsComparedBeforeItIsBelieved(t *testing.T) {
	w := newWorld(t)
	w.amend([]string{"Ada"}, lowerCap)
	first := w.must(ceremonies.Scanned{Bytes: w.invite()})
	walletWords := words.Fingerprint(w.id())
	says(t, first.Screen, strings.Join(walletWords[:], " "))
	w.refuses("reviewing/kind", ceremonies.Scanned{Bytes: w.askBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{}).Bytes})
	w.restart() // in the middle of the comparison
	says(t, w.must(ceremonies.Start{}).Screen, strings.Join(walletWords[:], " "))
	second := w.must(ceremonies.Matches{})
	charterWords := words.Fingerprint(w.line.Latest().ID())
	says(t, second.Screen, strings.Join(charterWords[:], " "), "epoch 1")
	if w.device.line.Valid() {
		t.Fatal("believed after half a comparison")
	}
	says(t, w.must(ceremonies.Matches{}).Screen, "Treasury", "epoch 1", "Eve")
	w.restart()
	if w.device.line.Latest().ID() != w.line.Latest().ID() {
		t.Fatal("the line was not kept")
	}
}

func TestDifferentWordsEndTheInvitation(t *testing.T) {
	for _, at := range []int{0, 1} {
		w := newWorld(t)
		w.must(ceremonies.Scanned{Bytes: w.invite()})
		if at == 1 {
			w.must(ceremonies.Matches{})
		}
		says(t, w.must(ceremonies.Differs{}).Screen, "reviewing/differs")
		w.restart()
		if _, waits := w.device.await.(awaitingInvite); !waits || w.device.line.Valid() {
			t.Fatal("the invitation was kept")
		}
	}
}

func TestApproval(t *testing.T) {
	w := ready(t)
	facts := w.facts("Kraken", 20_000_000, 30_000_000)
	subject := approval.OfBatch([32]byte(facts.ID()))
	evidence := policy.Evidence{Statements: [][]byte{w.statement("Bob", approval.Draft, subject), w.statement("Ada", approval.Approve, subject)}}
	request := w.askBatch("Eve", facts, evidence)
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	says(t, review,
		"PRACTICE: Approve a batch of 2 payments", "judged by the stations", "Eve tablet", "0.50000000 BTC", "Fees at most|0.00001000 BTC",
		"Pays Kraken (2 outputs)", "0.20000000 BTC", "Kraken-1", "Drafted by|Bob", "Approved by|Ada", "tier/large", "epoch 0", "Change|0.00050000 BTC")
	if strings.Contains(text(review), "tier/other") {
		t.Error("a rule about somebody who is not paid is on the screen")
	}
	w.refuses("reviewing/unexpected", ceremonies.Approve{Digest: [32]byte{1}})
	signed := w.must(ceremonies.Approve{Digest: review.Digest})
	answer := signed.Send[0].Bytes
	opened, err := OpenAnswer(w.line, w.now, request, answer)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Person != "Eve" || opened.Decision != approval.Approve || opened.Signed.Subject != subject || opened.Signed.Time != w.now || opened.Signed.Expiry != w.now+day {
		t.Fatalf("answer %+v", opened)
	}

	w.now += 5
	for range 2 {
		again := w.must(ceremonies.Scanned{Bytes: request.Bytes})
		if !bytes.Equal(again.Send[0].Bytes, answer) {
			t.Fatal("the same request got another answer")
		}
		w.restart()
	}
	other := w.must(ceremonies.Scanned{Bytes: w.askBatch("Eve", facts, policy.Evidence{}).Bytes})
	says(t, other.Screen, "Said before|your approval", "nobody signed a draft")
}

func TestDraft(t *testing.T) {
	w := ready(t)
	facts := w.facts("Kraken", 20_000)
	q, err := AskBatch("Eve", facts, policy.Evidence{}, w.now+day)
	if err != nil {
		t.Fatal(err)
	}
	request := w.ask(q.AsDraft())
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	says(t, review, "Sign the draft of a batch", "you asked for exactly this")
	opened, err := OpenAnswer(w.line, w.now, request, w.must(ceremonies.Approve{Digest: review.Digest}).Send[0].Bytes)
	if err != nil || opened.Decision != approval.Draft {
		t.Fatalf("answer %+v, %v", opened, err)
	}
	// The coordinator takes a draft for an approval, or the other way round.
	for _, ask := range []Request{q, q.AsDraft()} {
		request := w.ask(ask)
		statement := w.statement("Eve", map[bool]approval.Decision{true: approval.Approve, false: approval.Draft}[ask.Draft], approval.OfBatch([32]byte(facts.ID())))
		asked, err := wire.Open(request.Bytes, ring(t, w))
		if err != nil {
			t.Fatal(err)
		}
		body, err := wire.Marshal(Answer{Request: asked.Digest(), Statement: statement})
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.Seal(wire.KindApproval, w.id(), body, w.setup.Key, w.random())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenAnswer(w.line, w.now, request, m.Bytes); err == nil || !strings.Contains(err.Error(), "not what was asked for") {
			t.Errorf("draft %v: %v", ask.Draft, err)
		}
	}
	q.Evidence = encode(t, policy.Evidence{Statements: [][]byte{opened.Encoded}})
	w.refuses("reviewing/statements", ceremonies.Scanned{Bytes: w.ask(q.AsDraft()).Bytes})
	w.refuses("reviewing/malformed", ceremonies.Scanned{Bytes: w.ask(AskNotFrozen("Eve", w.now+hour).AsDraft()).Bytes})
}

func TestRefusalAndVeto(t *testing.T) {
	for word, want := range map[string]approval.Decision{"refuse": 0, "veto": approval.Veto} {
		w := ready(t)
		request := w.askBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{})
		review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
		ask := w.must(ceremonies.Refuse{Digest: review.Digest, Reason: "never ordered"})
		says(t, ask.Screen, "Type veto")
		w.refuses("reviewing/word", ceremonies.Typed{Text: "approve"})
		w.refuses("reviewing/unexpected", ceremonies.Approve{Digest: review.Digest})
		step := w.must(ceremonies.Typed{Text: word})
		opened, err := OpenAnswer(w.line, w.now, request, step.Send[0].Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if opened.Decision != want || opened.Reason != "never ordered" || (len(opened.Encoded) > 0) != (want == approval.Veto) {
			t.Errorf("%s gave %+v", word, opened)
		}
		w.restart()
		if again := w.must(ceremonies.Scanned{Bytes: request.Bytes}); !bytes.Equal(again.Send[0].Bytes, step.Send[0].Bytes) {
			t.Error("a refusal is not repeated")
		}
	}
}

func TestCertificatesMoveTheLineForward(t *testing.T) {
	w := ready(t)
	first := w.amend([]string{"Ada"}, lowerCap)
	second := w.amend([]string{"Ada", "Eve"}, raiseTier)
	w.refuses("reviewing/charter", ceremonies.Scanned{Bytes: second})
	says(t, w.must(ceremonies.Scanned{Bytes: first}).Screen, "epoch 1")
	says(t, w.must(ceremonies.Scanned{Bytes: second}).Screen, "Charter in force|epoch 1", "Not yet in force|epoch 2")
	w.refuses("reviewing/older", ceremonies.Scanned{Bytes: first})
	w.restart()
	if w.device.line.Latest().ID() != w.line.Latest().ID() {
		t.Fatal("the newest charter was not kept")
	}

	q, err := AskBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{}, w.now+9*day)
	if err != nil {
		t.Fatal(err)
	}
	review := w.must(ceremonies.Scanned{Bytes: w.ask(q).Bytes}).Screen.(ceremonies.Review)
	w.now += 2 * day
	w.refuses("reviewing/other-charter", ceremonies.Approve{Digest: review.Digest})
	w.refuses("reviewing/unexpected", ceremonies.Approve{Digest: review.Digest})
}

// The coordinator got another key. What it shows is believed from the charter on
// that names the key; the certificates, which prove themselves, from any time.
func TestTheCoordinatorGetsAnotherKey(t *testing.T) {
	w := ready(t)
	first := w.amend([]string{"Ada", "Eve"}, func(d *charter.Document) { d.Courier = key("new courier").Public() })
	w.courier = key("new courier")
	w.refuses("reviewing/not-ours", ceremonies.Scanned{Bytes: w.seal(wire.KindCertificate, nil)})
	w.must(ceremonies.Scanned{Bytes: first})
	w.refuses("reviewing/not-ours", ceremonies.Scanned{Bytes: w.ask(AskNotFrozen("Eve", w.now+hour)).Bytes}) // not yet in force
	w.must(ceremonies.Scanned{Bytes: w.amend([]string{"Ada", "Eve"}, func(d *charter.Document) { d.Rules[0].Max, d.Courier = 50_000_000, key("new courier").Public() })})
	w.now += 2 * day
	w.must(ceremonies.Scanned{Bytes: w.ask(AskNotFrozen("Eve", w.now+hour)).Bytes})
}

func TestALaterInvitationBringsCertificates(t *testing.T) {
	w := ready(t)
	old := w.invite()
	w.amend([]string{"Ada"}, lowerCap)
	w.amend([]string{"Ada"}, func(d *charter.Document) { d.Rules[0].Max = 40_000_000 })
	says(t, w.must(ceremonies.Scanned{Bytes: w.invite()}).Screen, "epoch 2")
	w.refuses("reviewing/older", ceremonies.Scanned{Bytes: old})
	w.restart()
	if w.device.line.Latest().ID() != w.line.Latest().ID() {
		t.Fatal("the line was not kept")
	}
}

func TestBallot(t *testing.T) {
	w := ready(t)
	next := w.draft(w.line, raiseTier)
	b := lineage.Ballot{Prior: next.Document().Prior, Number: 1, Charter: next.Bytes()}
	digest := lineage.BallotDigest(w.id(), b.Prior, next.ID(), b.Number)
	b.Statements = [][]byte{w.statement("Ada", approval.Approve, approval.OfBallot(digest))}
	q, err := AskBallot("Eve", b, w.now+day)
	if err != nil {
		t.Fatal(err)
	}
	request := w.ask(q)
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	says(t, review, "loosens the charter", "NEWLY ALLOWED", "tier/large", "Approved by|Ada", "The whole new charter", "This is charter 1")
	step := w.must(ceremonies.Approve{Digest: review.Digest})
	opened, err := OpenAnswer(w.line, w.now, request, step.Send[0].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	b.Statements = append(b.Statements, opened.Encoded)
	if _, err := w.line.Examine(b, w.now); err != nil {
		t.Fatalf("a station would not take it: %v", err)
	}
	b.Statements = b.Statements[1:]
	if _, err := w.line.Examine(b, w.now); err == nil {
		t.Fatal("one approval is enough: this test shows nothing")
	}
}

func TestNotFrozen(t *testing.T) {
	w := ready(t)
	request := w.ask(AskNotFrozen("Eve", w.now+hour))
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	step := w.must(ceremonies.Approve{Digest: review.Digest})
	opened, err := OpenAnswer(w.line, w.now, request, step.Send[0].Bytes)
	if err != nil || opened.Decision != approval.NotFrozen {
		t.Fatalf("answer %+v, %v", opened, err)
	}

	frozen := w.freeze(instance(1), "key lost")
	says(t, w.must(ceremonies.Scanned{Bytes: frozen}).Screen, "key lost", "station 1")
	w.now++
	w.refuses("reviewing/frozen", ceremonies.Scanned{Bytes: w.ask(AskNotFrozen("Eve", w.now+hour)).Bytes})
	w.restart()
	w.refuses("reviewing/frozen", ceremonies.Scanned{Bytes: w.ask(AskNotFrozen("Eve", w.now+hour)).Bytes})
	says(t, w.must(ceremonies.Scanned{Bytes: w.askBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{}).Bytes}).Screen, "Frozen", "key lost")

	id := w.device.Status().Frozen[0]
	w.must(ceremonies.Scanned{Bytes: w.amend([]string{"Bob"}, func(d *charter.Document) { d.Lifted = append(d.Lifted, id) })})
	w.must(ceremonies.Scanned{Bytes: w.ask(AskNotFrozen("Eve", w.now+hour)).Bytes})
	w.refuses("reviewing/no-freeze", ceremonies.Scanned{Bytes: frozen})
}

func (w *world) freeze(k *wire.SigningKey, reason string) []byte {
	w.t.Helper()
	m, err := w.line.SealFreeze(reason, w.now, k, w.random())
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Bytes
}

func TestAnOfficerFreezes(t *testing.T) {
	w := ready(t)
	step, err := w.device.Freeze(w.event(nil), "the desk was broken into")
	if err != nil {
		t.Fatal(err)
	}
	w.keep(step)
	f, err := w.line.OpenFreeze(step.Send[0].Bytes, w.now)
	if err != nil || f.By != `"Eve"` {
		t.Fatalf("freeze %+v, %v", f, err)
	}
	w.restart()
	if !slices.Contains(w.device.Status().Frozen, f.ID) {
		t.Error("the device forgot the freeze that it made")
	}

	w = ready(t, func(d *charter.Document) { d.Governance.Officers = []string{"board"} })
	if _, err := w.device.Freeze(w.event(nil), "reason"); err == nil || !strings.Contains(err.Error(), "reviewing/no-officer") {
		t.Fatalf("somebody who is no officer made a freeze: %v", err)
	}
}

func TestTheTranscriptIsAChain(t *testing.T) {
	w := ready(t)
	request := w.askBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{})
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	w.must(ceremonies.Approve{Digest: review.Digest})
	var head [32]byte
	var told []string
	for _, r := range w.records() {
		if !strings.HasPrefix(r.Name, TranscriptPrefix) {
			continue
		}
		var e ceremonies.Entry
		if err := wire.Unmarshal(r.Value, &e, 1024); err != nil {
			t.Fatal(err)
		}
		var err error
		if head, err = ceremonies.Link(head, e); err != nil {
			t.Fatal(err)
		}
		told = append(told, e.What)
	}
	if head != w.device.Status().Receipt || !slices.Equal(told, []string{"introduced", "invited", "compared", "approved"}) {
		t.Fatalf("the transcript says %v", told)
	}
}
