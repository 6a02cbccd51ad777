package policy

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

var (
	payees  = []string{"Kraken", "Bitstamp", "Staff", "Treasury", "Hot", "Notary", "Invoice"}
	signers = []string{"Ann", "Ben", "Cleo", "Dan", "Eve", "Desk", "Gus"} // Gus is nobody
)

// drawDemand draws any demand, also one that a charter refuses.
func drawDemand(rt *rapid.T, levels int) charter.Demand {
	kinds := []charter.DemandKind{
		charter.DemandApprovals, charter.DemandApprovals, charter.DemandApprovals, charter.DemandInitiator, charter.DemandHuman, charter.DemandMachine, charter.DemandStations,
		charter.DemandSites, charter.DemandEntities, charter.DemandHours, charter.DemandWaited, charter.DemandNotFrozen, charter.DemandNoVeto,
	}
	if levels > 1 {
		kinds = append(kinds, charter.DemandAll, charter.DemandAll, charter.DemandAll, charter.DemandAny, charter.DemandAny)
	}
	d := charter.Demand{Kind: rapid.SampledFrom(kinds).Draw(rt, "demand")}
	who := func(roles ...string) {
		d.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom(roles), 0, 2, rapid.ID[string]).Draw(rt, "roles")
		d.People = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Ann", "Dan", "Eve"}), 0, 1, rapid.ID[string]).Draw(rt, "people")
		if len(d.Roles)+len(d.People) == 0 {
			d.Roles = []string{"finance"}
		}
	}
	switch d.Kind {
	case charter.DemandAll, charter.DemandAny:
		for range rapid.IntRange(1, 3).Draw(rt, "parts") {
			d.Of = append(d.Of, drawDemand(rt, levels-1))
		}
	case charter.DemandApprovals:
		who("finance", "officer")
		d.Count = uint8(rapid.IntRange(1, 3).Draw(rt, "count"))
		d.Offline, d.Initiator = rapid.Bool().Draw(rt, "offline"), rapid.Bool().Draw(rt, "initiator counts")
	case charter.DemandInitiator:
		who("finance", "officer", "program")
	case charter.DemandNotFrozen, charter.DemandNoVeto:
		who("finance", "officer")
	case charter.DemandStations, charter.DemandSites, charter.DemandEntities:
		d.Count = uint8(rapid.IntRange(1, 3).Draw(rt, "count"))
	case charter.DemandHours:
		d.Zone, d.Days = zurich, uint8(rapid.IntRange(1, 0x7f).Draw(rt, "days"))
		d.From = uint16(rapid.IntRange(0, 600).Draw(rt, "from"))
		d.Until = d.From + uint16(rapid.IntRange(1, 600).Draw(rt, "minutes"))
	}
	if d.Kind == charter.DemandWaited || d.Kind == charter.DemandNotFrozen {
		d.Seconds = uint32(rapid.IntRange(1, 7200).Draw(rt, "seconds"))
	}
	return d
}

// drawAnyRule draws a rule with any word of the language, also one that a charter
// refuses.
func drawAnyRule(rt *rapid.T, id string) charter.Rule {
	r := charter.Rule{ID: id, Effect: rapid.SampledFrom([]charter.Effect{charter.Allow, charter.Require, charter.Require, charter.Require, charter.Deny}).Draw(rt, "effect")}
	if rapid.IntRange(0, 3).Draw(rt, "names") == 0 {
		r.To = rapid.SliceOfNDistinct(rapid.SampledFrom(payees), 1, 4, rapid.ID[string]).Draw(rt, "to")
	}
	if rapid.IntRange(0, 3).Draw(rt, "groups") == 0 {
		r.Groups = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"exchanges", "staff"}), 1, 2, rapid.ID[string]).Draw(rt, "groups")
	}
	narrow := func() {
		switch rapid.IntRange(0, 7).Draw(rt, "narrow") {
		case 0:
			r.Scripts = []charter.ScriptKind{rapid.SampledFrom([]charter.ScriptKind{charter.P2WPKH, charter.P2TR, charter.Data}).Draw(rt, "script")}
		case 1:
			r.Younger = uint32(rapid.IntRange(1, 2*day).Draw(rt, "younger"))
		case 2:
			r.Unproven = true
		}
	}
	if r.Effect != charter.Require {
		narrow()
		return r
	}
	r.Check = charter.Check(rapid.IntRange(1, int(charter.MaxFiat)).Draw(rt, "check"))
	most := map[charter.Check]int64{
		charter.MaxFeeRate: 30, charter.MaxFeePercent: 10_000, charter.MaxLifetime: 7200, charter.MaxCount: 4, charter.MaxCountWindow: 6, charter.MaxInputs: 3, charter.MaxChange: 200_000_000,
		charter.MinFeeRate: 30, charter.MinOwnShare: 10_000, charter.MinReserve: 20_000, charter.MinConfirmations: 5, charter.MaxFiat: 2000,
	}[r.Check]
	if most == 0 {
		most = 15_000
	}
	r.Max = rapid.Int64Range(0, most).Draw(rt, "max")
	if !r.Check.OverTime() {
		narrow()
	}
	switch r.Check {
	case charter.MaxTransaction, charter.MaxBatch, charter.MaxWindow, charter.MaxCount, charter.MaxCountWindow, charter.MaxFiat:
		r.Each = charter.Each(rapid.IntRange(0, 2).Draw(rt, "each"))
	case charter.MinConfirmations:
		r.Proven = rapid.Bool().Draw(rt, "proven")
	}
	if r.Each == charter.EachGroup {
		r.To = nil
	}
	if r.Check.OverTime() {
		if r.Calendar = charter.Calendar(rapid.IntRange(0, 3).Draw(rt, "calendar")); r.Calendar != charter.Rolling {
			r.Zone = zurich
		} else {
			r.Window = uint32(rapid.IntRange(1, 2*day).Draw(rt, "window"))
		}
	}
	if r.Check == charter.MaxFiat {
		r.Currency, r.Window = "CHF", uint32(rapid.IntRange(1, 7200).Draw(rt, "age"))
	}
	if rapid.IntRange(0, 2).Draw(rt, "unless") > 0 {
		r.Unless = drawDemand(rt, charter.MaxDemandLevels)
	}
	return r
}

// drawRules draws rules that a charter takes.
func drawRules(rt *rapid.T, t testing.TB, n int) []charter.Rule {
	var out []charter.Rule
	for i := range n {
		r := drawAnyRule(rt, fmt.Sprintf("r%d", i))
		if _, err := charter.New(staffed(t, r).doc); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// drawDesk draws a charter with every word of the language, a batch, its history
// and its evidence. No payout was drafted before.
func drawDesk(rt *rapid.T, t testing.TB) *desk {
	d := staffed(t, drawRules(rt, t, rapid.IntRange(0, 5).Draw(rt, "rules"))...)
	if rapid.IntRange(0, 7).Draw(rt, "allow all") > 0 {
		d.doc.Rules = append(d.doc.Rules, allowAll())
	}
	d.scripts = map[string][]byte{}
	index := uint32(1) // the batch spends the first two
	for i := range rapid.IntRange(1, 2).Draw(rt, "transactions") {
		tx := draft{change: rapid.IntRange(-1, 0).Draw(rt, "change"), anchor: 1}
		if tx.change >= 0 {
			tx.change = i
		}
		for j := range rapid.IntRange(1, 3).Draw(rt, "payments") {
			among := payees
			if slices.ContainsFunc(tx.pay, func(p pay) bool { return p.to == "Notary" }) {
				among = payees[:4] // nodes relay one OP_RETURN output in a transaction
			}
			p := pay{fmt.Sprintf("%d/%d", i, j), rapid.SampledFrom(among).Draw(rt, "to"), batch.Amount(rapid.Int64Range(1000, 5000).Draw(rt, "amount"))}
			index++
			switch p.to {
			case "Treasury":
				d.scripts[p.id] = d.own(index)
			case "Hot":
				d.scripts[p.id] = hotAddress(index)(d)
			case "Notary":
				p.amount, d.scripts[p.id] = 0, data
			case "Invoice":
				d.scripts[p.id] = destination(rapid.SampledFrom([]string{"invoice 1", "invoice 2"}).Draw(rt, "invoice"))
			}
			if rapid.IntRange(0, 15).Draw(rt, "strange") == 0 {
				d.scripts[p.id] = p2pkh
				p.amount = max(p.amount, 1000)
			}
			tx.pay = append(tx.pay, p)
		}
		tx.fees = []batch.Amount{batch.Amount(rapid.Int64Range(100, 4000).Draw(rt, "fee"))}
		d.txs = append(d.txs, tx)
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "records") {
		to := rapid.SampledFrom([]string{"Kraken", "Bitstamp", "Staff", "Invoice"}).Draw(rt, "to")
		id := fmt.Sprint("old", i)
		d.scripts[id] = destination(to)
		if to == "Invoice" {
			d.scripts[id] = destination("invoice 1")
		}
		d.release = append(d.release, release{i % 3, ledger.Record{
			Batch: [32]byte{7, byte(i)}, Time: now - int64(3-i)*rapid.Int64Range(0, 2*day).Draw(rt, "age"), Fee: rapid.Int64Range(0, 500).Draw(rt, "fee"),
			Payments: []ledger.Payment{d.payout(id, to, batch.Amount(rapid.Int64Range(1000, 5000).Draw(rt, "amount")), anchorOf(9, byte(i)))},
		}})
	}
	slices.SortStableFunc(d.release, func(a, b release) int { return int(a.Time - b.Time) })
	for i := range d.release {
		d.release[i].station = i % 3
	}
	drawEvidence(rt, d)
	d.listed = map[string]int64{}
	for _, key := range d.charter().Listings() {
		if rapid.Bool().Draw(rt, "new") {
			d.listed[key] = now - rapid.Int64Range(0, 2*day).Draw(rt, "listed for")
		}
	}
	return d
}

func drawEvidence(rt *rapid.T, d *desk) {
	for range rapid.IntRange(0, 5).Draw(rt, "statements") {
		s := said{
			person: rapid.SampledFrom(signers).Draw(rt, "person"), offset: rapid.Int64Range(-8000, 7200).Draw(rt, "offset"),
			decision: rapid.SampledFrom([]approval.Decision{approval.Approve, approval.Approve, approval.Approve, approval.Veto, approval.NotFrozen}).Draw(rt, "decision"),
		}
		if s.person == "Ben" && rapid.Bool().Draw(rt, "web") {
			s.with = "ben web"
		}
		d.said = append(d.said, s)
	}
	if rapid.IntRange(0, 3).Draw(rt, "draft") > 0 {
		d.said = append(d.said, said{person: rapid.SampledFrom(signers).Draw(rt, "drafter"), decision: approval.Draft, offset: rapid.Int64Range(-8000, 7200).Draw(rt, "drafted")})
	}
	for range rapid.IntRange(0, 2).Draw(rt, "prices") {
		d.prices = append(d.prices, d.states(rapid.Int64Range(1, 200_000).Draw(rt, "price"), rapid.Int64Range(-8000, 7200).Draw(rt, "price's time")))
	}
	if rapid.Bool().Draw(rt, "balance") {
		d.claims.Balance = rapid.Int64Range(0, 60_000).Draw(rt, "balance")
	}
	if rapid.Bool().Draw(rt, "confirmations") {
		for range d.txs {
			d.claims.Confirmations = append(d.claims.Confirmations, uint32(rapid.IntRange(0, 6).Draw(rt, "confirmations")))
		}
	}
	if n := rapid.IntRange(0, 4).Draw(rt, "headers"); n > 0 {
		d.mines(n)
	}
	d.quorum = rapid.SliceOfNDistinct(rapid.Uint8Range(0, 2), 0, 3, rapid.ID[uint8]).Draw(rt, "quorum")
}

// clone copies what the tests change.
func (d *desk) clone() *desk {
	out := *d
	out.doc.Rules, out.said, out.prices = slices.Clone(d.doc.Rules), slices.Clone(d.said), slices.Clone(d.prices)
	out.txs = slices.Clone(d.txs)
	for i := range out.txs {
		out.txs[i].pay = slices.Clone(d.txs[i].pay)
	}
	return &out
}

// What is refused stays refused when somebody says less for it, or more against
// it: less is approved, stated, claimed and proved, fewer stations sign, a rule
// is added, more is paid, a veto comes. So whoever chooses what travels with a
// batch gains nothing by leaving away, but for a veto.
func TestLessForItNeverAllowsMore(t *testing.T) {
	refused := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDesk(rt, t)
		if d.judge().Allowed {
			return
		}
		refused++
		changes := map[string]func(*desk){
			"a veto": func(after *desk) {
				after.said = append(after.said, said{person: rapid.SampledFrom(signers).Draw(rt, "who"), decision: approval.Veto})
			},
			"less balance":     func(after *desk) { after.claims.Balance = rapid.Int64Range(0, d.claims.Balance).Draw(rt, "balance") },
			"no confirmations": func(after *desk) { after.claims.Confirmations = nil },
			"no proofs":        func(after *desk) { after.claims.Headers, after.claims.Proofs = nil, nil },
			"no prices":        func(after *desk) { after.prices = nil },
			"more rules": func(after *desk) {
				for _, r := range drawRules(rt, t, 2) {
					if r.ID = "added-" + r.ID; r.Effect != charter.Allow {
						after.doc.Rules = append(after.doc.Rules, r)
					}
				}
			},
		}
		if i := len(d.said) - 1; i >= 0 {
			gone := rapid.IntRange(0, i).Draw(rt, "removed")
			if d.said[gone].decision != approval.Veto {
				changes["a statement less"] = func(after *desk) { after.said = slices.Delete(after.said, gone, gone+1) }
			}
		}
		if len(d.quorum) != 0 {
			changes["a station less"] = func(after *desk) { after.quorum = d.quorum[1:] }
		}
		// A fee in percent and a share of the inputs are limits that a higher payment
		// eases, by what they are.
		eases := slices.ContainsFunc(d.doc.Rules, func(r charter.Rule) bool { return r.Check == charter.MaxFeePercent || r.Check == charter.MinOwnShare })
		tx := rapid.IntRange(0, len(d.txs)-1).Draw(rt, "transaction")
		place := rapid.IntRange(0, len(d.txs[tx].pay)-1).Draw(rt, "payment")
		if !eases && d.txs[tx].pay[place].amount != 0 {
			changes["a higher payment"] = func(after *desk) {
				after.txs[tx].pay[place].amount += batch.Amount(rapid.Int64Range(1, 10_000).Draw(rt, "more"))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(changes)) {
			after := d.clone()
			changes[name](after)
			if v := after.judge(); v.Allowed {
				rt.Fatalf("%s: refused before, allowed now: %q\n%q", name, d.judge().Sentences(), v.Sentences())
			}
		}
	})
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// Rules, people, counterparties and statements have no order; nor has a quorum.
func TestOrderNeverMatters(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDesk(rt, t)
		mixed := d.clone()
		mixed.doc.Rules = rapid.Permutation(d.doc.Rules).Draw(rt, "rules")
		mixed.doc.People = rapid.Permutation(d.doc.People).Draw(rt, "people")
		mixed.doc.Counterparties = rapid.Permutation(d.doc.Counterparties).Draw(rt, "counterparties")
		mixed.said = rapid.Permutation(d.said).Draw(rt, "statements")
		mixed.prices = rapid.Permutation(d.prices).Draw(rt, "prices")
		mixed.quorum = rapid.Permutation(d.quorum).Draw(rt, "quorum")
		mixed.claims.Proofs = rapid.Permutation(d.claims.Proofs).Draw(rt, "proofs")
		if mixed.judge().Hash() != d.judge().Hash() {
			rt.Fatalf("another order, another verdict:\n%q\n%q", d.judge().Sentences(), mixed.judge().Sentences())
		}
	})
}

// The coordinator judges what it has; the station judges what it has read: the
// charter, the request and the evidence, each through its one decoder.
func TestOnlineEqualsStation(t *testing.T) {
	allowed, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDesk(rt, t)
		want := d.judge()
		c, b, s := d.parts()
		again, err := charter.Decode(c.Bytes())
		if err != nil {
			rt.Fatal(err)
		}
		encoded, err := b.Request().Encode()
		if err != nil {
			rt.Fatal(err)
		}
		request, err := batch.Decode(encoded)
		if err != nil {
			rt.Fatal(err)
		}
		verified, err := request.Verify(d.wallet())
		if err != nil {
			rt.Fatal(err)
		}
		proof, err := d.evidence(c, b).Encode()
		if err != nil {
			rt.Fatal(err)
		}
		evidence, err := DecodeEvidence(proof)
		if err != nil {
			rt.Fatal(err)
		}
		_, got, err := Judge(d.inForce(again, verified), verified, evidence, d.quorum, s)
		if err != nil || got.Hash() != want.Hash() || got.Allowed != want.Allowed || !slices.Equal(got.Sentences(), want.Sentences()) {
			rt.Fatalf("%v: %q\n%q", err, got.Sentences(), want.Sentences())
		}
		if want.Allowed {
			allowed++
			return
		}
		refused++
	})
	if allowed == 0 || refused == 0 {
		t.Errorf("%d allowed, %d refused: one side only", allowed, refused)
	}
}

// plainly reads a demand from what was said, and not from what Judge sees.
func (d *desk) plainly(q charter.Demand) bool {
	people := map[string]charter.Person{}
	for _, p := range d.doc.People {
		people[p.Name] = p
	}
	named := func(p charter.Person) bool {
		for _, r := range p.Roles {
			if slices.Contains(q.Roles, r) {
				return true
			}
		}
		return slices.Contains(q.People, p.Name)
	}
	var drafter *charter.Person
	var since int64
	for _, s := range d.said {
		if p, ok := people[s.person]; ok && s.decision == approval.Draft {
			drafter, since = &p, -s.offset
		}
	}
	count := func(decision approval.Decision, good func(s said, p charter.Person) bool) int {
		who := map[string]bool{}
		for _, s := range d.said {
			if p, ok := people[s.person]; ok && !p.Machine && s.decision == decision && named(p) && good(s, p) {
				who[s.person] = true
			}
		}
		return len(who)
	}
	of := func(where func(charter.Station) string) int {
		at := map[string]bool{}
		for _, s := range d.quorum {
			at[where(d.doc.Stations[s])] = true
		}
		return len(at)
	}
	switch q.Kind {
	case charter.DemandAll:
		return !slices.ContainsFunc(q.Of, func(part charter.Demand) bool { return !d.plainly(part) })
	case charter.DemandAny:
		return slices.ContainsFunc(q.Of, d.plainly)
	case charter.DemandApprovals:
		return count(approval.Approve, func(s said, p charter.Person) bool {
			web := p.Name == "Ann" || p.Name == "Dan" || s.with == "ben web"
			return !(q.Offline && web) && (q.Initiator || drafter != nil && drafter.Name != p.Name)
		}) >= int(q.Count)
	case charter.DemandInitiator:
		return drafter != nil && named(*drafter)
	case charter.DemandHuman:
		return drafter != nil && !drafter.Machine
	case charter.DemandMachine:
		return drafter != nil && drafter.Machine
	case charter.DemandStations:
		return len(d.quorum) >= int(q.Count)
	case charter.DemandSites:
		return of(func(s charter.Station) string { return s.Site }) >= int(q.Count)
	case charter.DemandEntities:
		return of(func(s charter.Station) string { return s.Entity }) >= int(q.Count)
	case charter.DemandHours:
		local := time.Unix(now, 0).UTC().Add(time.Hour) // winter in Zurich
		minute := local.Hour()*60 + local.Minute()
		return q.Days&(1<<((int(local.Weekday())+6)%7)) != 0 && minute >= int(q.From) && minute < int(q.Until)
	case charter.DemandWaited:
		return drafter != nil && since >= int64(q.Seconds)
	case charter.DemandNotFrozen:
		return count(approval.NotFrozen, func(s said, _ charter.Person) bool { return -s.offset <= int64(q.Seconds) }) > 0
	case charter.DemandNoVeto:
		return count(approval.Veto, func(said, charter.Person) bool { return true }) == 0
	}
	return false
}

func TestDemandsAgreeWithThePlainReading(t *testing.T) {
	held, lacked := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		q := drawDemand(rt, charter.MaxDemandLevels)
		rule := always(q)[0]
		d := staffed(t, rule, allowAll()).pays(pay{"a", "Kraken", coin})
		if _, err := charter.New(d.doc); err != nil {
			return
		}
		drawEvidence(rt, d)
		want := d.plainly(q)
		v := d.judge()
		if v.Allowed != want {
			rt.Fatalf("judged %v, plain reading %v: %q\n%+v\n%+v", v.Allowed, want, v.Sentences(), q, d.said)
		}
		if want {
			held++
			return
		}
		lacked++
	})
	if held == 0 || lacked == 0 {
		t.Errorf("%d held, %d lacked: one side only", held, lacked)
	}
}
