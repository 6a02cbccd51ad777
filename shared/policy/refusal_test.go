package policy

import (
	"strings"
	"testing"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// two asks for two of finance on every batch.
func two(t testing.TB, what ...said) *desk {
	d := staffed(t, append(always(approvals(2, "finance")), allowAll())...).pays(pay{"a", "Kraken", coin})
	d.said = what
	return d
}

const lacks = `ask: 2 people of "finance" must approve; `

// The coordinator has Ben's approval of yesterday's batch, and shows it with
// today's.
func TestApprovalOfAnotherBatchIsVoid(t *testing.T) {
	other := two(t).pays(pay{"yesterday", "Kraken", coin})
	_, b, _ := other.parts()
	d := two(t, drafted("Desk"), approve("Ann")[0], said{person: "Ben", decision: approval.Approve, alter: func(s *approval.Statement) {
		s.Subject = approval.OfBatch(b.ID())
	}})
	d.refuses(lacks + `"Ann" did; the approval of "Ben" is for another batch; "Cleo" and "Dan" still could.`)
	d.said[2].alter = nil
	d.allows()
}

// Ann drafts a batch and approves it herself.
func TestInitiatorDoesNotApprove(t *testing.T) {
	d := two(t, append(approve("Ann", "Ben"), drafted("Ann"))...)
	d.refuses(lacks + `"Ben" (offline) did; "Ann" signed the draft and does not count; "Cleo" and "Dan" still could.`)
	d.said = append(d.said, approve("Dan")...)
	d.allows()
}

// The coordinator leaves the draft away, so that nobody knows who must not
// approve.
func TestNoApprovalCountsWithoutADraft(t *testing.T) {
	d := two(t, approve("Ann", "Ben", "Cleo")...)
	d.refuses(lacks + `nobody signed the draft, so that no approval counts.`)
	d.said = append(d.said, said{person: "Desk", decision: approval.Draft, offset: -31 * day})
	d.refuses(lacks + `nobody signed the draft, so that no approval counts; the draft of "Desk" has expired.`)
	d.said[3].offset = 0
	d.allows()
}

// Ben approves with his security key and once more with his device; or Ann signs
// two statements, of which each is good.
func TestOnePersonCountsOnce(t *testing.T) {
	d := two(t, drafted("Desk"), said{person: "Ben", decision: approval.Approve}, said{person: "Ben", decision: approval.Approve, with: "ben web"})
	d.refuses(lacks + `"Ben" (offline) did; "Ann", "Cleo" and "Dan" still could.`)
	d.said = []said{drafted("Desk"), approve("Ann")[0], {person: "Ann", decision: approval.Approve, offset: 60}}
	d.refuses(lacks + `"Ann" did; the approval of "Ann" is a second one by the same person; "Ben", "Cleo" and "Dan" still could.`)
}

// Dan left the treasury; his key still signs.
func TestRevokedPersonDoesNotCount(t *testing.T) {
	d := two(t, append(approve("Ann", "Gus"), drafted("Desk"))...)
	d.refuses(lacks + `"Ann" did; the approval of "Gus" is by nobody in the charter; "Ben", "Cleo" and "Dan" still could.`)
	// Cleo lost one device, and whoever found it approves.
	d = two(t, drafted("Desk"), approve("Ann")[0], said{person: "Cleo", decision: approval.Approve})
	d.allows()
	for i, p := range d.doc.People {
		if p.Name == "Cleo" {
			d.doc.People[i].Credentials = []charter.Credential{credential(t, "cleo new", charter.CredentialOffline)}
			d.said[2].with = "cleo"
		}
	}
	d.lost = map[string]charter.Credential{"cleo": credential(t, "cleo", charter.CredentialOffline)}
	d.refuses(lacks + `"Ann" did; the approval of "Cleo" was made with a credential that the charter does not list; "Ben" and "Dan" still could.`)
}

// An approval was given under a charter that people have replaced since.
func TestApprovalUnderAnotherCharterIsVoid(t *testing.T) {
	d := two(t, drafted("Desk"), approve("Ann")[0], said{person: "Ben", decision: approval.Approve, alter: func(s *approval.Statement) { s.Charter = [32]byte{1} }})
	d.refuses(lacks + `"Ann" did; the approval of "Ben" was given under another charter; "Cleo" and "Dan" still could.`)
}

// The program that drafts approves as well.
func TestProgramDoesNotApprove(t *testing.T) {
	d := staffed(t, append(always(charter.Demand{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance", "program"}, Initiator: true}), allowAll())...).pays(pay{"a", "Kraken", coin})
	d.said = []said{drafted("Desk"), {person: "Desk", decision: approval.Approve}}
	d.refuses(`ask: 1 person of "finance" or "program" must approve; nobody did; the approval of "Desk" is by a program, which may only draft; "Ann", "Ben", "Cleo" and "Dan" still could.`)
}

// The coordinator changes who said it, after it was signed.
func TestForgedStatementDoesNotCount(t *testing.T) {
	d := two(t, drafted("Desk"), approve("Ann")[0], approve("Ben")[0])
	c, b, s := d.parts()
	e := d.evidence(c, b)
	signed := d.sign(c, b, d.said[2])
	signed.Person, signed.Credential = "Cleo", "cleo"
	forged, err := signed.Encode()
	if err != nil {
		t.Fatal(err)
	}
	e.Statements[2] = forged
	_, v, err := Judge(d.inForce(c, b), b, e, d.quorum, s)
	if err != nil {
		t.Fatal(err)
	}
	want := lacks + `"Ann" did; the approval of "Cleo" does not verify: the signature does not belong to this key and these words; "Ben" and "Dan" still could.`
	if v.Allowed || v.Refusals()[0].Sentence() != want {
		t.Errorf("%q", v.Sentences())
	}
}

// Ann's clock runs ahead of the stated time by more than clocks may.
func TestStatementOfTheFutureDoesNotCount(t *testing.T) {
	d := two(t, drafted("Desk"), approve("Ann")[0], said{person: "Ben", decision: approval.Approve, offset: 7201})
	d.refuses(lacks + `"Ann" did; the approval of "Ben" was made after the stated time; "Cleo" and "Dan" still could.`)
	d.said[2].offset = 7200
	d.allows()
}

// Two hundred void approvals make no sentence that nobody reads.
func TestVoidStatementsAreBounded(t *testing.T) {
	d := two(t, drafted("Desk"))
	for _, name := range []string{"G", "H", "I", "J", "K", "L"} {
		d.said = append(d.said, approve(name)...)
	}
	v := d.judge().Refusals()[0].Sentence()
	if !strings.Contains(v, `the approval of "J" is by nobody in the charter; 2 more are void; "Ann"`) {
		t.Error(v)
	}
}

// Nobody knows which of two drafts is the batch's: who drafted could approve.
func TestTwoDraftsAreMalformed(t *testing.T) {
	d := two(t, drafted("Desk"), drafted("Ann"))
	c, b, s := d.parts()
	if _, _, err := Judge(d.inForce(c, b), b, d.evidence(c, b), d.quorum, s); err == nil || err.Error() != "policy: judge: evidence: approval: verify: more than one draft" {
		t.Error(err)
	}
}

// What is no statement at all was said by nobody: the coordinator made it.
func TestMalformedEvidenceIsAnError(t *testing.T) {
	d := two(t)
	c, b, s := d.parts()
	for _, e := range []Evidence{
		{Statements: [][]byte{{1}}}, {Statements: make([][]byte, approval.MaxStatements+1)}, {Claims: Claims{Balance: -1}},
		{Claims: Claims{Confirmations: []uint32{1, 2}}}, {Prices: []Price{{}}},
	} {
		if approved, v, err := Judge(d.inForce(c, b), b, e, d.quorum, s); err == nil || approved.Valid() || v.Allowed {
			t.Errorf("%+v is judged", e)
		}
	}
}

// The request was drafted under the charter before this one, which had a higher
// cap.
func TestOlderCharterIsRefused(t *testing.T) {
	d := staffed(t, allowAll()).pays(pay{"a", "Kraken", coin})
	older := d.charter().ID()
	d.doc.Rules = append(d.doc.Rules, require("cap/batch", charter.MaxBatch, 2*int64(coin)))
	d.alter = func(r *batch.Request) { r.Charter = older }
	id := d.charter().ID()
	d.refuses("charter/current: the request was drafted under charter " + hexOf(older[:]) + "; in force here is " + hexOf(id[:]) + ".")
}

// A payment above the cap is split: over outputs, transactions and batches.
func TestSplitPaymentsMeetTheCap(t *testing.T) {
	half := batch.Amount(60_000_000)
	d := staffed(t, allowAll(), require("cap/output", charter.MaxOutput, int64(coin)), require("cap/batch", charter.MaxBatch, int64(coin), "Kraken"), require("cap/day", charter.MaxWindow, int64(coin), "Kraken"))
	d.pays(pay{"1", "Kraken", half}, pay{"2", "Kraken", half})
	d.refuses(
		`cap/batch: the batch pays 1.20000000 BTC to "Kraken"; at most 1.00000000 BTC may go in one batch.`,
		`cap/day: 1.20000000 BTC to "Kraken" would leave within 24 h; at most 1.00000000 BTC may.`)
	d.txs = []draft{{pay: []pay{{"1", "Kraken", half}}, fees: []batch.Amount{1000}, change: 0, anchor: 1}, {pay: []pay{{"2", "Kraken", half}}, fees: []batch.Amount{1000}, change: 1, anchor: 1}}
	d.refuses(
		`cap/batch: the batch pays 1.20000000 BTC to "Kraken"; at most 1.00000000 BTC may go in one batch.`,
		`cap/day: 1.20000000 BTC to "Kraken" would leave within 24 h; at most 1.00000000 BTC may.`)
	d.pays(pay{"2", "Kraken", half})
	d.release = []release{{2, ledger.Record{Batch: [32]byte{1}, Time: now - 60, Payments: []ledger.Payment{d.payout("1", "Kraken", half, anchorOf(9, 9))}}}}
	d.refuses(`cap/day: 1.20000000 BTC to "Kraken" would leave within 24 h; at most 1.00000000 BTC may.`)
}

// An amendment lists a new address for Kraken, and at once everything goes there.
func TestNewDestinationMustCool(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "cool", Effect: charter.Require, Check: charter.MaxOutput, Max: int64(coin) - 1, Younger: 3 * day}).pays(pay{"a", "Kraken", coin})
	d.listed = map[string]int64{d.listing("Kraken"): now - 2*day - 3600}
	d.refuses(`cool: payment "a" to "Kraken" is 1.00000000 BTC (its destination is listed for 49 h); at most 0.99999999 BTC may go in one output.`)
	d.listed[d.listing("Kraken")] -= day
	d.allows()
}

// Addresses of another wallet are as old as its descriptor in the charter.
func TestDestinationsOfADescriptorAreAsOldAsIt(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "cool", Effect: charter.Deny, Younger: day}).pays(pay{"a", "Hot", coin})
	goes("a", hotAddress(7))(d)
	d.allows()
	d.listed = map[string]int64{d.charter().Listing("Hot", hotAddress(3)(d)): now - 60}
	d.refuses(`cool: payment "a" to "Hot" is 1.00000000 BTC (its destination is listed for 1 min); nothing may be paid to anybody at a destination that is listed for less than 24 h.`)
}

// An invoice's address is paid twice in one batch.
func TestOneUseWithinABatch(t *testing.T) {
	d := staffed(t, allowAll()).pays(pay{"a", "Invoice", coin}, pay{"b", "Invoice", coin})
	d.scripts = map[string][]byte{"a": destination("invoice 1"), "b": destination("invoice 1")}
	d.refuses(`payout/once: payment "b" to "Invoice" goes to ` + addressOf("invoice 1") + ", which is paid once, and another payout did.")
	d.scripts["b"] = destination("invoice 2")
	d.allows()
	// The same payout again, at another station or drafted anew, is no other payout.
	d.release = []release{{0, ledger.Record{Batch: [32]byte{1}, Time: now, Payments: []ledger.Payment{d.payout("a", "Invoice", coin, anchorOf(0, 1))}}}}
	d.allows()
}

// A redraft keeps the fee and gives less to the payee, and more back as change.
func TestReplacementMayOnlyLowerChange(t *testing.T) {
	d := staffed(t, allowAll()).pays(pay{"a", "Kraken", coin})
	version := func(change int64) {
		d.release = []release{{0, ledger.Record{
			Batch: [32]byte{1}, Time: now, Fee: 1000, Payments: []ledger.Payment{d.payout("a", "Kraken", coin, anchorOf(0, 1))},
			Transactions: []ledger.Transaction{{Anchor: anchorOf(0, 1), Fee: 1000, Change: change}},
		}}}
	}
	version(int64(coin))
	d.allows()
	if v := d.judge(); v.Trace[5].Sentence() != "replacement/fee holds: what was released before costs no less now, and returns no more change." {
		t.Errorf("%q", v.Sentences())
	}
	version(int64(coin) - 1)
	d.refuses("replacement/fee: transaction 1 of 1 returns 1.00000000 BTC as change at least; it replaces one that was released with 0.99999999 BTC, and may only lower that.")
	// Another payout with a coin that was released before is no replacement.
	d.txs[0].pay[0].id = "b"
	d.allows()
}

// The coordinator states the price that suits it, signed by itself, or one of a
// time to come; or shows the lowest of several.
func TestOnlyListedPricesCount(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "cap", Effect: charter.Require, Check: charter.MaxFiat, Max: 9_000_000, Currency: "CHF", Window: 3600}).pays(pay{"a", "Kraken", coin})
	missing := "cap: at most 90,000.00 CHF may go in one batch; no price of one bitcoin in CHF came with it that a listed source signed and that is at most 1 h old."
	good := d.states(90_000, 0)
	d.prices = []Price{good}
	d.allows()
	for name, change := range map[string]func(*Price){
		"price": func(p *Price) { p.Hundredths-- }, "time": func(p *Price) { p.Time-- }, "source": func(p *Price) { p.Source = "Other" },
		"currency": func(p *Price) { p.Currency = "EUR" }, "signature": func(p *Price) { p.Signature[9] ^= 1 },
	} {
		d.prices = []Price{good}
		change(&d.prices[0])
		if v := d.judge(); v.Allowed || v.Refusals()[0].Sentence() != missing {
			t.Errorf("another %s: %q", name, v.Sentences())
		}
	}
	d.prices = []Price{d.states(90_000, 7200)}
	d.allows()
	d.prices = []Price{d.states(90_000, 7201)}
	d.refuses(missing)
	d.prices = []Price{d.states(10_000, 0), d.states(90_001, -60), d.states(20_000, 0)}
	d.refuses("cap: the batch pays 90,001.00 CHF; at most 90,000.00 CHF may go in one batch.")
}

// Proofs that do not verify prove nothing, and say why.
func TestConfirmationsMustBeProved(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "cap", Effect: charter.Require, Check: charter.MinConfirmations, Max: 3, Proven: true}).pays(pay{"a", "Kraken", coin})
	want := func(why string) string {
		return "cap: an input of transaction 1 of 1 has proof of 0 confirmations" + why + "; at least 3 confirmations must be proved of each."
	}
	d.refuses(want(""))
	d.mines(3)
	d.allows()
	good := d.claims
	d.claims.Proofs[0].Branch = append([]byte{1}, good.Proofs[0].Branch[1:]...)
	d.refuses(want(" (the branch does not lead to the root of header 0)"))
	d.claims.Proofs = nil
	d.refuses(want(""))
	d.claims = Claims{}
	d.mines(3)
	d.doc.Work = 0x203fffff
	d.refuses(want(" (header 0 shows less work than is demanded)"))
	d.doc.Work, d.doc.Rules[1].Proven = 0, false
	d.refuses("cap: an input of transaction 1 of 1 has 0 confirmations by the coordinator's claim; at least 3 confirmations must be claimed of each.")
	// A proof serves a rule that a claim would satisfy.
	d.doc.Work = 0x207fffff
	d.allows()
}

// The coordinator names a station twice, to make three of two.
func TestQuorumIsOfDistinctStations(t *testing.T) {
	d := staffed(t, allowAll()).pays(pay{"a", "Kraken", coin})
	c, b, s := d.parts()
	for _, q := range [][]uint8{{0, 1, 1}, {0, 3}, {255}} {
		if _, _, err := Judge(d.inForce(c, b), b, Evidence{}, q, s); err == nil || !strings.Contains(err.Error(), "of the quorum is named twice or does not exist") {
			t.Errorf("%v: %v", q, err)
		}
	}
}
