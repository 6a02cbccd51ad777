package reviewing

// A coordinator that lies. It holds the courier key, so every envelope of it
// opens; what it says is checked all the same.

import (
	"bytes"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// The coordinator shows facts that are not what they seem, and hopes that the
// person signs what a table of names says.
func TestARequestThatLiesIsNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		code  string
		facts func(*batch.Request)
		ask   func(*world, *Request)
	}{
		"facts of another wallet": {code: "reviewing/facts", facts: func(r *batch.Request) { r.Wallet[0] ^= 1 }},
		"an address of somebody else": {code: "reviewing/destination",
			facts: func(r *batch.Request) { r.Payments[0].Script = script("Bitstamp") }},
		"an address of nobody": {code: "reviewing/destination",
			facts: func(r *batch.Request) { r.Payments[0].Script = script("Mallory") }},
		"another charter":                         {code: "reviewing/other-charter", facts: func(r *batch.Request) { r.Charter[0] ^= 1 }},
		"a batch that expired":                    {code: "reviewing/expired", facts: func(r *batch.Request) { r.Time, r.Expiry = start-3*hour, start-hour }},
		"a batch of next week":                    {code: "reviewing/clock", facts: func(r *batch.Request) { r.Time, r.Expiry = start+7*day, start+8*day }},
		"another person":                          {code: "reviewing/other-person", ask: func(_ *world, q *Request) { q.Person = "Ada" }},
		"nobody":                                  {code: "reviewing/other-person", ask: func(_ *world, q *Request) { q.Person = "" }},
		"a statement that holds on":               {code: "reviewing/expiry", ask: func(w *world, q *Request) { q.Expiry = w.now + MaxHold + 1 }},
		"a statement of the past":                 {code: "reviewing/expiry", ask: func(w *world, q *Request) { q.Expiry = w.now }},
		"a subject that does not exist":           {code: "reviewing/malformed", ask: func(_ *world, q *Request) { q.Subject = 4 }},
		"no facts":                                {code: "reviewing/malformed", ask: func(_ *world, q *Request) { q.Facts = nil }},
		"no evidence at all":                      {code: "reviewing/malformed", ask: func(_ *world, q *Request) { q.Evidence = nil }},
		"facts beside whether anything is frozen": {code: "reviewing/malformed", ask: func(_ *world, q *Request) { q.Subject = NotFrozen }},
		"a batch as a ballot":                     {code: "reviewing/malformed", ask: func(_ *world, q *Request) { q.Subject, q.Evidence = Ballot, nil }},
		"a ballot with evidence":                  {code: "reviewing/malformed", ask: func(_ *world, q *Request) { q.Subject = Ballot }},
		"two drafts": {code: "reviewing/statements", ask: func(w *world, q *Request) {
			r, _ := batch.Decode(q.Facts)
			subject := approval.OfBatch([32]byte(r.ID()))
			q.Evidence = encode(t, policy.Evidence{Statements: [][]byte{w.statement("Ada", approval.Draft, subject), w.statement("Bob", approval.Draft, subject)}})
		}},
		"a statement that cannot be read": {code: "reviewing/statements", ask: func(_ *world, q *Request) {
			q.Evidence = encode(t, policy.Evidence{Statements: [][]byte{{1, 2, 3}}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := ready(t)
			facts := w.facts("Kraken", 20_000)
			if c.facts != nil {
				c.facts(&facts)
			}
			q, err := AskBatch("Eve", facts, policy.Evidence{}, w.now+day)
			if err != nil {
				t.Fatal(err)
			}
			if c.ask != nil {
				c.ask(w, &q)
			}
			w.refuses(c.code, ceremonies.Scanned{Bytes: w.ask(q).Bytes})
			if _, waits := w.device.await.(awaitingRequest); !waits {
				t.Fatalf("it waits for %s", w.device.await.awaited())
			}
		})
	}
}

func encode(t *testing.T, e policy.Evidence) []byte {
	t.Helper()
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The coordinator, or somebody who is not even that, seals what it likes.
func TestEnvelopesThatAreNotBelieved(t *testing.T) {
	w := ready(t)
	body, err := wire.Marshal(AskNotFrozen("Eve", w.now+hour))
	if err != nil {
		t.Fatal(err)
	}
	seal := func(kind wire.Kind, wallet [32]byte, body []byte, k *wire.SigningKey) []byte {
		m, err := wire.Seal(kind, wallet, body, k, w.random())
		if err != nil {
			t.Fatal(err)
		}
		return m.Bytes
	}
	other := w.id()
	other[0] ^= 1
	good := seal(wire.KindApprovalRequest, w.id(), body, w.courier)
	torn := bytes.Clone(good)
	torn[len(torn)-1] ^= 1
	for name, c := range map[string]struct {
		code   string
		sealed []byte
	}{
		"noise":                       {"reviewing/not-ours", []byte("noise")},
		"nothing":                     {"reviewing/not-ours", nil},
		"a torn signature":            {"reviewing/not-ours", torn},
		"another wallet":              {"reviewing/not-ours", seal(wire.KindApprovalRequest, other, body, w.courier)},
		"a stranger":                  {"reviewing/not-ours", seal(wire.KindApprovalRequest, w.id(), body, key("stranger"))},
		"a station":                   {"reviewing/not-ours", seal(wire.KindApprovalRequest, w.id(), body, instance(0))},
		"another person's device":     {"reviewing/not-ours", seal(wire.KindApproval, w.id(), body, w.courier)},
		"a request to sign":           {"reviewing/kind", seal(wire.KindSigningRequest, w.id(), body, w.courier)},
		"a body that is cut":          {"reviewing/malformed", seal(wire.KindApprovalRequest, w.id(), body[:len(body)-1], w.courier)},
		"a body with more":            {"reviewing/malformed", seal(wire.KindApprovalRequest, w.id(), append(bytes.Clone(body), 0), w.courier)},
		"a certificate of nothing":    {"reviewing/charter", seal(wire.KindCertificate, w.id(), []byte{0xa0}, w.courier)},
		"an invitation to nothing":    {"reviewing/malformed", seal(wire.KindReviewerInvite, [32]byte{}, []byte{0xa0}, w.courier)},
		"a freeze by the coordinator": {"reviewing/not-ours", seal(wire.KindFreeze, w.id(), body, w.courier)},
		"a freeze by no officer":      {"reviewing/no-freeze", w.freeze(key("device of Ada"), "no officer")},
	} {
		t.Run(name, func(t *testing.T) { w.t = t; w.refuses(c.code, ceremonies.Scanned{Bytes: c.sealed}) })
	}
	w.t = t
	w.must(ceremonies.Scanned{Bytes: good})
}

// The coordinator invites the device to a wallet of its own making, before and
// after the person compared the right one.
func TestInvitationToAnotherWallet(t *testing.T) {
	w := ready(t)
	mine := &world{t: t, line: newLine(t, "the coordinator's own"), courier: w.courier, now: w.now}
	w.refuses("reviewing/another-wallet", ceremonies.Scanned{Bytes: mine.invite()})
	fresh := newWorld(t)
	mainnet := &world{t: t, line: newLine(t, "wallet", func(d *charter.Document) {
		d.Network, d.Counterparties = wallet.Mainnet, nil
		d.Rules = d.Rules[:1]
	}), courier: w.courier, now: w.now}
	fresh.refuses("reviewing/network", ceremonies.Scanned{Bytes: mainnet.invite()})

	// The charter of one wallet does not come with the key of another.
	k := newLine(t, "the coordinator's own").Wallet()
	line := newLine(t, "wallet", func(d *charter.Document) { d.Gap = 21 })
	in := Invite{Key: k.Key(), ChainCode: k.ChainCode(), Charter: line.Latest().Bytes()}
	body, err := wire.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Seal(wire.KindReviewerInvite, [32]byte{}, body, w.courier, w.random())
	if err != nil {
		t.Fatal(err)
	}
	w.refuses("reviewing/another-wallet", ceremonies.Scanned{Bytes: m.Bytes})

	// Nobody but a coordinator of the line invites to it.
	if _, err := NewInvite(w.line, key("stranger"), w.random()); err == nil || !strings.Contains(err.Error(), "no charter in it lists") {
		t.Fatalf("an invitation by a stranger: %v", err)
	}
}

// The coordinator keeps a loosening to itself that has too few signatures, or
// two stations certify two charters for one epoch.
func TestChartersThatAreNotCertified(t *testing.T) {
	w := ready(t)
	lonely := w.certify(w.draft(w.line, raiseTier), "Ada")
	w.refuses("reviewing/charter", ceremonies.Scanned{Bytes: w.seal(wire.KindCertificate, lonely)})
	c, err := lineage.DecodeCertificate(w.certify(w.draft(w.line, lowerCap), "Ada"))
	if err != nil {
		t.Fatal(err)
	}
	c.Acks = c.Acks[:1]
	short, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.refuses("reviewing/charter", ceremonies.Scanned{Bytes: w.seal(wire.KindCertificate, short)})

	other := w.certify(w.draft(w.line, func(d *charter.Document) { d.Rules[0].Max = 60_000_000 }), "Ada")
	forked, err := w.line.Adopt(other)
	if err != nil {
		t.Fatal(err)
	}
	before := w.line
	w.must(ceremonies.Scanned{Bytes: w.amend([]string{"Ada"}, lowerCap)})
	f := w.refuses("reviewing/fork", ceremonies.Scanned{Bytes: w.seal(wire.KindCertificate, other)})
	if !strings.Contains(f.What, "[0 1]") || !bytes.Equal(f.Record, other) {
		t.Errorf("no evidence of who signed both: %v", f)
	}
	ours := w.line
	w.line = forked
	w.refuses("reviewing/fork", ceremonies.Scanned{Bytes: w.invite()})
	w.line = before
	w.refuses("reviewing/older", ceremonies.Scanned{Bytes: w.invite()})
	if w.device.line.Latest().ID() != ours.Latest().ID() {
		t.Fatal("the line moved")
	}
}

// The coordinator adds approvals for another batch, and by nobody, so that the
// person believes to be the last of many.
func TestStatementsThatDoNotCountAreSaidToBeVoid(t *testing.T) {
	w := ready(t)
	facts := w.facts("Kraken", 20_000)
	subject := approval.OfBatch([32]byte(facts.ID()))
	forged := w.statement("Bob", approval.Approve, subject)
	forged[len(forged)-1] ^= 1
	e := policy.Evidence{Statements: [][]byte{w.statement("Ada", approval.Approve, approval.OfBatch([32]byte{1})), forged, w.statement("Bob", approval.Veto, subject)}}
	screen := w.must(ceremonies.Scanned{Bytes: w.askBatch("Eve", facts, e).Bytes}).Screen
	says(t, screen, `the approval of "Ada" is for another batch`, `the approval of "Bob" does not verify`, "Vetoed by|Bob")
	if strings.Contains(text(screen), "Approved by") {
		t.Error("an approval that does not count is on the screen as if it did")
	}
}

// The person who asked for the batch is asked to approve it.
func TestWhoDraftedIsTold(t *testing.T) {
	w := ready(t)
	facts := w.facts("Kraken", 20_000)
	e := policy.Evidence{Statements: [][]byte{w.statement("Eve", approval.Draft, approval.OfBatch([32]byte(facts.ID())))}}
	says(t, w.must(ceremonies.Scanned{Bytes: w.askBatch("Eve", facts, e).Bytes}).Screen, "that is you")
}

// A device that was revoked, or is not listed yet, signs nothing: the person
// would believe to have approved.
func TestAnUnlistedDeviceSignsNothing(t *testing.T) {
	w := ready(t)
	request := w.askBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{})
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	revoke := func(d *charter.Document) { d.People[3].Credentials = nil }
	w.must(ceremonies.Scanned{Bytes: w.amend([]string{"Ada"}, revoke)})
	w.refuses("reviewing/unexpected", ceremonies.Approve{Digest: review.Digest})
	w.refuses("reviewing/not-listed", ceremonies.Scanned{Bytes: w.ask(AskNotFrozen("Eve", w.now+hour)).Bytes})
	says(t, ready(t, revoke).lastSeen, "not in the charter in force")
}

// The coordinator opens an answer as if it were the answer to something else:
// another batch, another request, another person's.
func TestAnswersBelongToTheirRequest(t *testing.T) {
	w := ready(t)
	facts := w.facts("Kraken", 20_000)
	request := w.askBatch("Eve", facts, policy.Evidence{})
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	answer := w.must(ceremonies.Approve{Digest: review.Digest}).Send[0].Bytes
	dearer := w.askBatch("Eve", w.facts("Kraken", 90_000_000), policy.Evidence{})
	if _, err := OpenAnswer(w.line, w.now, dearer, answer); err == nil || !strings.Contains(err.Error(), "another request") {
		t.Errorf("an approval of 0.0002 BTC opened as one of 0.9: %v", err)
	}
	toAda := w.askBatch("Ada", facts, policy.Evidence{})
	if _, err := OpenAnswer(w.line, w.now, toAda, answer); err == nil || !strings.Contains(err.Error(), "who was asked") {
		t.Errorf("Eve's answer opened as Ada's: %v", err)
	}
	if _, err := OpenAnswer(w.line, w.now+2*day, request, answer); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an approval that does not hold any more: %v", err)
	}
	opened, err := OpenAnswer(w.line, w.now, request, answer)
	if err != nil {
		t.Fatal(err)
	}
	// The statement under another request's digest: a device that lies about what
	// it answered.
	asked, err := wire.Open(dearer.Bytes, ring(t, w))
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.Marshal(Answer{Request: asked.Digest(), Statement: opened.Encoded})
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Seal(wire.KindApproval, w.id(), body, w.setup.Key, w.random())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAnswer(w.line, w.now, dearer, m.Bytes); err == nil || !strings.Contains(err.Error(), "is for another batch") {
		t.Errorf("a statement moved to another batch: %v", err)
	}
}

func ring(t *testing.T, w *world) wire.Keyring {
	t.Helper()
	r, err := w.line.Keyring(w.now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Somebody puts records of another device, or altered ones, into the keystore.
func TestResumeVerifiesWhatWasKept(t *testing.T) {
	w := ready(t)
	w.must(ceremonies.Scanned{Bytes: w.amend([]string{"Ada"}, lowerCap)})
	request := w.askBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{})
	review := w.must(ceremonies.Scanned{Bytes: request.Bytes}).Screen.(ceremonies.Review)
	w.must(ceremonies.Approve{Digest: review.Digest})
	w.must(ceremonies.Scanned{Bytes: w.freeze(instance(0), "test")})
	w.restart()
	seen := 0
	for _, r := range w.records() {
		if strings.HasPrefix(r.Name, TranscriptPrefix) || r.Name == pendingName {
			continue
		}
		seen++
		kept := w.records()
		for i := range kept {
			if kept[i].Name == r.Name {
				kept[i].Value = append(bytes.Clone(kept[i].Value), 0)
			}
		}
		if _, err := ResumeReviewer(w.setup, kept); err == nil {
			t.Errorf("%s can be altered", r.Name)
		}
	}
	if seen != 6 {
		t.Fatalf("%d records", seen)
	}
	setup := w.setup
	setup.Key = key("another device")
	if _, err := ResumeReviewer(setup, w.records()); err == nil {
		t.Error("another key took over the records")
	}
	gap := w.records()
	for i := range gap {
		gap[i].Name = strings.Replace(gap[i].Name, certificatePart, "elsewhere/", 1)
	}
	if d, err := ResumeReviewer(w.setup, gap); err == nil && d.line.Latest().ID() == w.line.Latest().ID() {
		t.Error("a charter without its certificate")
	}
}

// FuzzScanned gives a device bodies that the coordinator made up, in envelopes
// that open. Invariant: no input panics; what is refused changes nothing; and
// nothing is ever signed by scanning alone.
func FuzzScanned(f *testing.F) {
	w := ready(f)
	q, err := AskBatch("Eve", w.facts("Kraken", 20_000), policy.Evidence{}, w.now+day)
	if err != nil {
		f.Fatal(err)
	}
	body, err := wire.Marshal(q)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(wire.KindApprovalRequest), body)
	unsigned, err := lineage.NewCertificate(lineage.Ballot{Prior: w.line.Latest().ID(), Number: 1, Charter: w.draft(w.line, lowerCap).Bytes()}, []lineage.Ack{{Time: 1}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(wire.KindCertificate), unsigned)
	f.Add(uint16(wire.KindReviewerInvite), []byte{0xa0})
	f.Add(uint16(wire.KindFreeze), []byte{})
	kept := w.records()
	f.Fuzz(func(t *testing.T, kind uint16, body []byte) {
		device, err := ResumeReviewer(w.setup, kept)
		if err != nil {
			t.Fatal(err)
		}
		wallet := w.id()
		if wire.Kind(kind) == wire.KindReviewerInvite {
			wallet = [32]byte{}
		}
		m, err := wire.Seal(wire.Kind(kind), wallet, body, w.courier, w.random())
		if err != nil {
			return
		}
		before := device.state
		step, err := device.Step(w.event(ceremonies.Scanned{Bytes: m.Bytes}))
		if len(step.Send) > 0 {
			t.Fatal("scanning alone made the device say something")
		}
		if err != nil && device.state != before {
			t.Fatal("a fault changed something")
		}
	})
}
