package rehearsal

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	btcwire "github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/psbt"
	"heliograph/shared/wallet"
	"heliograph/shared/words"
)

// someWorlds are treasuries under charters of their own, made by chance once; a
// check takes a copy of one of them.
func someWorlds(t *testing.T) []*World {
	t.Helper()
	var out []*World
	for seed := range uint64(4) {
		d := rapid.Custom(drawCharter(peopled(t))).Example(int(seed))
		n := 3 + 2*int(seed%2)
		w, err := New(n/2+1, n, seed)
		if err != nil {
			t.Fatal(err)
		}
		w.Pool = 80
		if err := w.Enrolment(); err != nil {
			t.Fatal(err)
		}
		if err := w.KeyGeneration(w.draft(t, d)); err != nil {
			t.Fatal(err)
		}
		out = append(out, w)
	}
	return out
}

// drawCharter varies the rules of a charter with people: limits of several kinds,
// each perhaps for one payee, perhaps lifted by people, stations or hours.
func drawCharter(base charter.Document) func(*rapid.T) charter.Document {
	return func(t *rapid.T) charter.Document {
		d := base
		d.Zones = []charter.Zone{{Name: "Europe/Zurich", Rule: "CET-1CEST,M3.5.0,M10.5.0/3"}}
		d.Counterparties = slices.Clone(d.Counterparties)
		d.Counterparties = append(d.Counterparties,
			charter.Counterparty{Name: "Notary", Data: true},
			charter.Counterparty{Name: "Tenant", Once: [][]byte{payee(7)}})
		demands := []charter.Demand{
			{},
			{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"approver"}},
			{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"approver"}},
			{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"approver"}, Offline: true},
			{Kind: charter.DemandStations, Count: 3},
			{Kind: charter.DemandHuman},
			{Kind: charter.DemandNoVeto, Roles: []string{"approver"}},
			{Kind: charter.DemandHours, Zone: "Europe/Zurich", Days: 0x1f, From: 6 * 60, Until: 20 * 60},
		}
		limits := []struct {
			check charter.Check
			most  int64
		}{
			{charter.MaxOutput, 1_000_000}, {charter.MaxTransaction, 2_000_000}, {charter.MaxBatch, 2_500_000}, {charter.MaxCount, 4}, {charter.MaxInputs, 3},
			{charter.MaxFee, 30_000}, {charter.MaxWindow, 4_000_000}, {charter.MaxCountWindow, 8},
		}
		for i := range rapid.IntRange(3, 8).Draw(t, "rules") {
			l := rapid.SampledFrom(limits).Draw(t, "limit")
			r := charter.Rule{
				ID: fmt.Sprintf("drawn/%d", i), Effect: charter.Require, Check: l.check,
				Max: rapid.Int64Range(1, l.most).Draw(t, "max"), Unless: rapid.SampledFrom(demands).Draw(t, "unless"),
			}
			if l.check == charter.MaxWindow || l.check == charter.MaxCountWindow {
				r.Window = 24 * 3600
			}
			if rapid.IntRange(0, 2).Draw(t, "of one") == 0 {
				r.To = []string{rapid.SampledFrom([]string{"Exchange", "Vendor", "Notary"}).Draw(t, "payee")}
			}
			d.Rules = append(slices.Clone(d.Rules), r)
		}
		return d
	}
}

// drawBatch is a batch of one to three transactions with fee ladders, to anybody.
func (w *World) drawBatch(t *rapid.T, id int) batch.Request {
	var payments []batch.Payment
	var txs []batch.Transaction
	change := uint32(0)
	for range rapid.IntRange(1, 3).Draw(t, "transactions") {
		tx := batch.Transaction{LockTime: uint32(rapid.SampledFrom([]int{0, 900_000}).Draw(t, "locktime"))}
		var out batch.Amount
		data := false
		for range rapid.IntRange(1, 3).Draw(t, "payments") {
			p := batch.Payment{ExternalID: fmt.Sprintf("p-%d-%d", id, len(payments)), Amount: batch.Amount(rapid.Int64Range(1_000, 900_000).Draw(t, "amount"))}
			switch to := rapid.IntRange(0, 19).Draw(t, "to"); {
			case to < 8:
				p.Counterparty, p.Script = "Exchange", payee(byte(1+to%2))
			case to < 14:
				p.Counterparty, p.Script = "Vendor", payee(3)
			case to < 16:
				p.Counterparty, p.Script = "Tenant", payee(7)
			case to < 18 && !data:
				p.Counterparty, p.Script, p.Amount, data = "Notary", []byte{0x6a, 3, 'o', 'k', byte('0' + id%10)}, 0, true
			case to < 19:
				p.Counterparty, p.Script = "Exchange", payee(2)
			default:
				p.Counterparty, p.Script = "Vendor", payee(99) // somebody's, but not the vendor's
			}
			tx.Payments = append(tx.Payments, uint32(len(payments)))
			payments = append(payments, p)
			out += p.Amount
		}
		rungs := rapid.IntRange(1, 2).Draw(t, "variants")
		for i := range rungs {
			tx.Variants = append(tx.Variants, batch.Variant{Change: batch.Amount(60_000 - 3_000*i)})
		}
		tx.Change = &batch.Change{Index: change, At: uint32(rapid.IntRange(0, len(tx.Payments)).Draw(t, "at"))}
		change++
		inputs := rapid.IntRange(1, 3).Draw(t, "inputs")
		for i := range inputs {
			in := w.Coin(uint32(i), 5_000)
			if i == 0 {
				in.Amount = out + 64_000
			}
			tx.Inputs = append(tx.Inputs, in)
		}
		txs = append(txs, tx)
	}
	return w.Request(payments, txs...)
}

// drawEvidence is what some people say about a batch, perhaps about another one.
func (w *World) drawEvidence(t *rapid.T, tb testing.TB, r batch.Request) policy.Evidence {
	var people []says
	if rapid.Bool().Draw(t, "drafted") {
		people = append(people, rapid.SampledFrom([]says{tessDrafts, {"Payroll", approval.Draft, false}}).Draw(t, "drafter"))
	}
	for _, name := range []string{"Tess", "Ann", "Ben", "Cem"} {
		if rapid.IntRange(0, 2).Draw(t, "speaks") > 0 {
			decision := approval.Approve
			if rapid.IntRange(0, 9).Draw(t, "against") == 0 {
				decision = approval.Veto
			}
			people = append(people, says{name, decision, rapid.Bool().Draw(t, "web")})
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "of another") == 0 {
		r.Payments = append(slices.Clone(r.Payments), batch.Payment{})
	}
	e := w.evidence(tb, r, people...)
	e.Claims.Balance = rapid.SampledFrom([]int64{0, 50_000_000}).Draw(t, "balance")
	return e
}

// What is reviewed is what is executed, and the coordinator judges as every station
// does: for charters, batches, evidence, quorums and memories by chance. The
// coordinator's verdict, from its desk's snapshot, is the verdict that the station
// shows or answers with, sentence by sentence and by its hash. What the operator
// read, output for output, fee for fee and change for change, is in the
// transactions that the signatures make spendable, and nothing else is.
func TestWhatIsReviewedIsWhatIsExecuted(t *testing.T) {
	wholeTreasuries(t)
	worlds := someWorlds(t)
	signed, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w, err := rapid.SampledFrom(worlds).Draw(rt, "world").Copy()
		if err != nil {
			rt.Fatal(err)
		}
		for id := range rapid.IntRange(1, 3).Draw(rt, "batches") {
			w.Now += int64(rapid.IntRange(0, 8*3600).Draw(rt, "later"))
			r := w.drawBatch(rt, id)
			e := w.drawEvidence(rt, t, r)
			most := len(w.Stations)
			quorum := rapid.Permutation(w.everybody()).Draw(rt, "quorum")[:rapid.IntRange(w.threshold, most).Draw(rt, "stations")]
			if w.reviewAndExecute(rt, t, r, e, quorum) {
				signed++
				continue
			}
			refused++
		}
	})
	t.Logf("%d batches signed, %d refused", signed, refused)
	if signed == 0 || refused == 0 {
		t.Errorf("%d batches signed, %d refused: the worlds are too strict or too loose to say anything", signed, refused)
	}
}

// reviewAndExecute carries a batch through a quorum, and holds every screen
// against the coordinator's own verdict and against what comes of the signatures.
// False if it is refused, as the coordinator said it would be.
func (w *World) reviewAndExecute(rt *rapid.T, t *testing.T, r batch.Request, e policy.Evidence, quorum []int) bool {
	v, err := r.Verify(w.Public.Wallet)
	if err != nil {
		rt.Fatal(err)
	}
	if err := w.Desk.Under(r.Time); err != nil {
		rt.Fatal(err)
	}
	snapshot, err := w.Desk.Ledger().Snapshot(w.Desk.Heads())
	if err != nil {
		rt.Fatal(err)
	}
	var stations []uint8
	for _, q := range quorum {
		stations = append(stations, uint8(q))
	}
	_, verdict, err := policy.Judge(w.Line.At(r.Time), v, e, stations, snapshot)
	if err != nil {
		rt.Fatal(err)
	}
	session, request, err := w.OpenWith(r, e, quorum...)
	if err != nil {
		rt.Fatal(err)
	}
	var review ceremonies.Review
	for p, q := range quorum {
		step, err := w.Do(w.Stations[q], ceremonies.Scanned{Bytes: request})
		if err != nil {
			rt.Fatal(err)
		}
		if !verdict.Allowed {
			refusal := open[signing.Refusal](t, w, step.Send[0].Bytes)
			var sentences []string
			for _, l := range verdict.Refusals() {
				sentences = append(sentences, l.Sentence())
			}
			if len(sentences) <= 31 && !slices.Equal(refusal.Reason, sentences) {
				rt.Fatalf("the coordinator says %q, the station %q", sentences, refusal.Reason)
			}
			return false
		}
		shown, ok := step.Screen.(ceremonies.Review)
		if !ok {
			rt.Fatalf("the coordinator allows what station %d refuses: %+v", q, step.Screen)
		}
		if p > 0 && (!slices.Equal(shown.Verdict, review.Verdict) || read(shown) != read(review)) {
			rt.Fatalf("two stations show two reviews:\n%s\n%s", read(review), read(shown))
		}
		review = shown
		for _, l := range verdict.Trace {
			if !slices.Contains(review.Verdict, l.Sentence()) {
				rt.Fatalf("the coordinator says %q, the station does not", l.Sentence())
			}
		}
		if !strings.Contains(read(review), fmt.Sprintf("%q %q", "Verdict", words.Short(verdict.Hash()))) {
			rt.Fatal("another verdict at the station than at the coordinator")
		}
		if step, err = w.Do(w.Stations[q], ceremonies.Approve{Digest: review.Digest}); err != nil {
			rt.Fatal(err)
		}
		if step, err = w.Answer(session, step.Send[0].Bytes); err != nil {
			rt.Fatal(err)
		}
		if p < len(quorum)-1 {
			request = step.Send[0].Bytes
		}
	}
	sigs, err := w.signatures(session)
	if err != nil {
		rt.Fatal(err)
	}
	if !verifies(t, v, sigs) {
		rt.Fatal("the signatures do not verify")
	}
	want, got := w.executed(rt, v, sigs), reviewed(review)
	if !maps.Equal(want, got) {
		rt.Fatalf("reviewed %v\nexecuted %v", got, want)
	}
	return true
}

// executed counts what finished transactions do, as lines of a review: every
// output, the fee of each version, and the change of the first. Of all versions of
// a transaction one can confirm, and they differ in nothing but fee and change.
func (w *World) executed(rt *rapid.T, v batch.Verified, sigs []byte) map[string]int {
	out := make(map[string]int)
	at := 0
	for ti, tx := range v.Transactions() {
		var first []string
		for vi := range tx.Variants() {
			var mine [][64]byte
			var in batch.Amount
			for _, input := range tx.Inputs() {
				mine = append(mine, [64]byte(sigs[at:at+64]))
				at += 64
				in += input.Amount
			}
			raw, _, err := psbt.Finalise(v, ti, vi, mine) // runs the scripts
			if err != nil {
				rt.Fatal(err)
			}
			var final btcwire.MsgTx
			if err := final.Deserialize(bytes.NewReader(raw)); err != nil {
				rt.Fatal(err)
			}
			var payments []string
			for _, o := range final.TxOut {
				in -= batch.Amount(o.Value)
				line, own := w.output(rt, o)
				if !own {
					payments = append(payments, line)
				} else if vi == 0 {
					out["Change "+line]++
				}
			}
			out["Fee "+in.String()]++
			if vi > 0 && !slices.Equal(payments, first) {
				rt.Fatalf("two versions pay %v and %v", first, payments)
			}
			first = payments
		}
		for _, line := range first {
			out[line]++
		}
	}
	return out
}

// output is an output of a transaction as a line of a review, and whether it is
// change.
func (w *World) output(rt *rapid.T, o *btcwire.TxOut) (line string, own bool) {
	if said, ok := batch.Data(o.PkScript); ok {
		return fmt.Sprintf("Writes into the chain to %q, for everybody to read", said), false
	}
	address, err := wallet.EncodeScript(wallet.Regtest, o.PkScript)
	if err != nil {
		rt.Fatal(err)
	}
	for i := range uint32(4) {
		if a, err := w.Public.Wallet.Address(wallet.Change, i); err == nil && a == address {
			own = true
		}
	}
	return batch.Amount(o.Value).String() + " to " + ceremonies.Grouped(address), own
}

// reviewed counts the lines of a review that say what is paid, what returns and
// what it costs.
func reviewed(r ceremonies.Review) map[string]int {
	out := make(map[string]int)
	for _, s := range r.Sections {
		pays := strings.HasPrefix(s.Title, "Pays ") || strings.HasPrefix(s.Title, "Paid ")
		for _, l := range s.Lines {
			fee, _, _ := strings.Cut(l.Value, " (")
			switch {
			case pays:
				out[l.Label+" to "+l.Value]++
			case l.Label == "Change":
				out["Change "+l.Value]++
			case l.Label == "Fee":
				out["Fee "+fee]++
			}
		}
	}
	return out
}
