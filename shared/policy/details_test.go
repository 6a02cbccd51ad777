package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// refusal returns the one sentence that refuses.
func (d *desk) refusal() string {
	d.t.Helper()
	r := d.judge().Refusals()
	if len(r) != 1 {
		d.t.Fatalf("%d refusals", len(r))
	}
	return r[0].Sentence()
}

func TestListsAreBounded(t *testing.T) {
	names := strings.Split("abcdefghij", "")
	for n, want := range map[int]string{
		0: "", 1: "a", 2: "a or b", 3: "a, b or c", 8: "a, b, c, d, e, f, g or h", 9: "a, b, c, d, e, f, g or 2 more", 10: "a, b, c, d, e, f, g or 3 more",
	} {
		if got := list(names[:n], "or"); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	if strings.Join(names, "") != "abcdefghij" {
		t.Error("a list was changed")
	}
}

// The stated time is Friday, 09:00 in Zurich.
func TestHoursBeginAndEnd(t *testing.T) {
	for _, c := range []struct {
		days        uint8
		from, until uint16
		want        bool
	}{
		{0x10, 540, 541, true}, {0x10, 539, 540, false}, {0x10, 541, 600, false}, {0x6f, 0, 1440, false}, {0x08, 0, 1440, false}, {0x20, 0, 1440, false}, {0x10, 0, 1440, true},
	} {
		d := staffed(t, append(always(charter.Demand{Kind: charter.DemandHours, Zone: zurich, Days: c.days, From: c.from, Until: c.until}), allowAll())...).pays(pay{"a", "Kraken", coin})
		if got := d.judge().Allowed; got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A week and an hour count from Sunday too, and in summer.
func TestHoursOnSundayInSummer(t *testing.T) {
	d := staffed(t, append(always(charter.Demand{Kind: charter.DemandHours, Zone: zurich, Days: 0x40, From: 125, Until: 126}), allowAll())...).pays(pay{"a", "Kraken", coin})
	k := d.asCase()
	k.Time = 1_814_659_200 + 300 // Sunday 4 July 2027, 00:05 UTC
	if v := NewTrial(d.charter()).Judge(k); !v.Allowed {
		t.Errorf("%q", v.Sentences())
	}
	k.Time += 59
	if v := NewTrial(d.charter()).Judge(k); !v.Allowed {
		t.Errorf("%q", v.Sentences())
	}
	if k.Time++; NewTrial(d.charter()).Judge(k).Allowed {
		t.Error("a minute later is too late")
	}
	k.Time = charter.MaxTime + 1
	v := NewTrial(d.charter()).Judge(k)
	if v.Allowed || v.Refusals()[0].Sentence() != `ask: it may be signed when it is Sunday from 02:05 until 02:06 in "Europe/Zurich"; the stated time has no local time.` {
		t.Errorf("%q", v.Sentences())
	}
}

// Where a calendar window has no beginning, all that was ever released counts.
func TestWindowWithoutABeginningCountsEverything(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "cap", Effect: charter.Require, Check: charter.MaxWindow, Max: int64(coin), Calendar: charter.Day, Zone: zurich, To: []string{"Kraken"}}).pays(pay{"a", "Kraken", coin})
	k := d.asCase()
	k.Past = []CasePast{{Counterparty: "Kraken", Amount: 1, Age: 300 * day, Count: 1}}
	if v := NewTrial(d.charter()).Judge(k); !v.Allowed {
		t.Errorf("%q", v.Sentences())
	}
	k.Time = charter.MaxTime + 7201
	if v := NewTrial(d.charter()).Judge(k); v.Allowed {
		t.Error("a time without a calendar has windows")
	}
	// An hour past midnight it may truly be the day before, and that counts from two
	// hours before it.
	k.Time = 1_799_967_600 + 3600 // Friday 15 January 2027, 01:00 in Zurich
	for age, want := range map[int64]bool{27 * 3600: false, 27*3600 + 1: true} {
		k.Past[0].Age = age
		if got := NewTrial(d.charter()).Judge(k).Allowed; got != want {
			t.Errorf("%d s before: %v", age, got)
		}
	}
	k.Past = nil
	k.Time = 100 // before the tolerance
	if v := NewTrial(d.charter()).Judge(k); !v.Allowed {
		t.Errorf("%q", v.Sentences())
	}
}

func TestStationsInWords(t *testing.T) {
	sites := func(n uint8) *desk {
		return staffed(t, append(always(charter.Demand{Kind: charter.DemandSites, Count: n}), allowAll())...).pays(pay{"a", "Kraken", coin})
	}
	d := sites(2)
	d.quorum = nil
	if got := d.refusal(); got != "ask: stations of 2 different sites must sign; none is named." {
		t.Error(got)
	}
	d = sites(1)
	d.quorum = nil
	if got := d.refusal(); got != "ask: stations of 1 named site must sign; none is named." {
		t.Error(got)
	}
	d.quorum = []uint8{2}
	d.doc.Stations[2].Site = "" // a station that stands nowhere is at no site
	if got := d.refusal(); got != "ask: stations of 1 named site must sign; none is named." {
		t.Error(got)
	}
	d.quorum = []uint8{1, 0}
	if got := line(d, "ask"); got != `ask holds: stations of 1 named site must sign; those named are of "Geneva" and "Zug".` {
		t.Error(got)
	}
	d = staffed(t, append(always(charter.Demand{Kind: charter.DemandStations, Count: 1}), allowAll())...).pays(pay{"a", "Kraken", coin})
	d.quorum = nil
	if got := d.refusal(); got != "ask: 1 station must sign together; 0 are named." {
		t.Error(got)
	}
	// A trial may name stations that the charter lacks: they stand nowhere.
	k := sites(2).asCase()
	k.Quorum = []int{0, 3, 200}
	if NewTrial(sites(2).charter()).Judge(k).Allowed {
		t.Error("stations that do not exist stand at a site")
	}
}

// line is what a rule says where it holds.
func line(d *desk, rule string) string {
	for _, l := range d.judge().Trace {
		if l.Rule == rule {
			return l.Sentence()
		}
	}
	return ""
}

// What holds says why.
func TestDemandsThatHoldSayWhy(t *testing.T) {
	for want, c := range map[string]struct {
		demand charter.Demand
		said   []said
	}{
		`2 people of "finance" approve: "Ann" and "Cleo" (offline).`: {approvals(2, "finance"), append(approve("Cleo", "Ann"), drafted("Desk"))},
		`"Eve" approve: "Eve" (offline).`:                            {charter.Demand{Kind: charter.DemandApprovals, Count: 1, People: []string{"Eve"}}, append(approve("Eve"), drafted("Desk"))},
		`"Ann" signed the draft.`:                                    {charter.Demand{Kind: charter.DemandHuman}, []said{drafted("Ann")}},
		`the program "Desk" signed the draft.`:                       {charter.Demand{Kind: charter.DemandMachine}, []said{drafted("Desk")}},
		`1 h must pass between draft and signing; 2 h did.`:          {charter.Demand{Kind: charter.DemandWaited, Seconds: 3600}, []said{{person: "Ann", decision: approval.Draft, offset: -7200}}},
		`one of "officer" must have stated within the last 1 h that nothing is frozen; "Eve" did, 1 min before.`: {
			charter.Demand{Kind: charter.DemandNotFrozen, Seconds: 3600, Roles: []string{"officer"}}, []said{{person: "Eve", decision: approval.NotFrozen, offset: -60}}},
		`nobody of "officer" or "Ann" vetoed.`: {charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"officer"}, People: []string{"Ann"}}, []said{{person: "Ben", decision: approval.Veto}}},
		`"Ann" signed the draft; and nobody of "officer" vetoed.`: {charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{
			{Kind: charter.DemandHuman}, {Kind: charter.DemandNoVeto, Roles: []string{"officer"}}}}, []said{drafted("Ann")}},
	} {
		d := staffed(t, append(always(c.demand), allowAll())...).pays(pay{"a", "Kraken", coin})
		d.said = c.said
		if got := line(d, "ask"); got != "ask holds: "+want {
			t.Error(got)
		}
	}
	d := staffed(t, allowAll(), charter.Rule{ID: "cap", Effect: charter.Require, Check: charter.MaxBatch, Max: 1, Unless: approvals(1, "officer")}).pays(pay{"a", "Kraken", coin})
	d.said = append(approve("Eve"), drafted("Desk"))
	if got := line(d, "cap"); got != `cap holds: the batch pays 1.00000000 BTC, above 0.00000001 BTC: 1 person of "officer" approve: "Eve" (offline).` {
		t.Error(got)
	}
	d.doc.Rules[1].Check, d.doc.Rules[1].Max = charter.MinOwnShare, 9999
	if got := line(d, "cap"); got != `cap holds: of the inputs of transaction 1 of 1 49.99 % stays in the wallet at least, below 99.99 %: 1 person of "officer" approve: "Eve" (offline).` {
		t.Error(got)
	}
}

// What is lacking says what there is of it.
func TestDemandsThatLackSayWhatThereIs(t *testing.T) {
	offline := charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"finance"}, Offline: true}
	everyone := approvals(2, "finance")
	oneOffline := charter.Demand{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance"}, Offline: true}
	for _, c := range []struct {
		demand charter.Demand
		said   []said
		want   string
	}{
		{offline, append(approve("Ann", "Cleo"), drafted("Desk")), `2 people of "finance" must approve on an offline device; "Cleo" (offline) did; "Ann" did, but on no offline device; "Ben" still could.`},
		// Who approved in a browser may do so again on a device.
		{charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{oneOffline, everyone}}, []said{drafted("Desk"), approve("Ann")[0], {person: "Ben", decision: approval.Approve, with: "ben web"}},
			`2 people of "finance" must approve, 1 of them on an offline device; "Ann" and "Ben" did; "Ben" and "Cleo" still could.`},
		{charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{oneOffline, everyone}}, append(approve("Cleo"), drafted("Desk")),
			`2 people of "finance" must approve, 1 of them on an offline device; "Cleo" (offline) did; "Ann", "Ben" and "Dan" still could.`},
		// Demands on other people, or in which the initiator counts, stand for themselves.
		{charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(1, "officer"), oneOffline}}, []said{drafted("Desk")},
			`1 person of "officer" must approve; nobody did; "Eve" still could; and 1 person of "finance" must approve on an offline device; nobody did; "Ben" and "Cleo" still could.`},
		{charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(1, "finance"), {Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance"}, Offline: true, Initiator: true}}}, append(approve("Ann"), drafted("Desk")),
			`1 person of "finance" must approve on an offline device; nobody did; "Ann" did, but on no offline device; "Ben" and "Cleo" still could.`},
		{charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(1, "finance"), offline}}, append(approve("Ann"), drafted("Desk")),
			`2 people of "finance" must approve on an offline device; nobody did; "Ann" did, but on no offline device; "Ben" and "Cleo" still could.`},
		{charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(1, "finance"), {Kind: charter.DemandApprovals, Count: 1, People: []string{"Ben"}, Offline: true}}}, append(approve("Ann"), drafted("Desk")),
			`"Ben" must approve on an offline device; nobody did; "Ben" still could.`},
		{charter.Demand{Kind: charter.DemandAll, Of: []charter.Demand{approvals(1, "finance"), oneOffline}}, append(approve("Ann"), drafted("Desk")),
			`1 person of "finance" must approve on an offline device; "Ann" did; "Ben" and "Cleo" still could.`},
		{approvals(1, "finance"), append(approve("G", "H", "I", "J"), drafted("Desk")),
			`1 person of "finance" must approve; nobody did; the approval of "G" is by nobody in the charter; the approval of "H" is by nobody in the charter; the approval of "I" is by nobody in the charter; the approval of "J" is by nobody in the charter; "Ann", "Ben", "Cleo" and "Dan" still could.`},
		{charter.Demand{Kind: charter.DemandNotFrozen, Seconds: 60, Roles: []string{"finance", "officer"}},
			[]said{{person: "Eve", decision: approval.NotFrozen, offset: -61}, {person: "Ann", decision: approval.NotFrozen, offset: -120}, {person: "Gus", decision: approval.NotFrozen}},
			`one of "finance" or "officer" must have stated within the last 1 min that nothing is frozen; "Ann" did 2 min before and "Eve" did 1 min 1 s before.`},
		{charter.Demand{Kind: charter.DemandNotFrozen, Seconds: 60, Roles: []string{"officer"}}, []said{{person: "Gus", decision: approval.NotFrozen}, {person: "Ann", decision: approval.NotFrozen}},
			`one of "officer" must have stated within the last 1 min that nothing is frozen; nobody did; the not-frozen statement of "Gus" is by nobody in the charter.`},
		{charter.Demand{Kind: charter.DemandWaited, Seconds: 60}, []said{drafted("Gus")}, `1 min must pass between draft and signing; nobody signed the draft; the draft of "Gus" is by nobody in the charter.`},
		{charter.Demand{Kind: charter.DemandWaited, Seconds: 60}, []said{{person: "Ann", decision: approval.Draft, offset: 30}}, `1 min must pass between draft and signing; 0 s did, so not before 2027-01-15 08:01:30 UTC.`},
		{charter.Demand{Kind: charter.DemandHuman}, []said{drafted("Gus")}, `a person, not a program, must have signed the draft; nobody did; the draft of "Gus" is by nobody in the charter.`},
		{charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"finance"}}, []said{{person: "Ben", decision: approval.Veto}, {person: "Ben", decision: approval.Veto, with: "ben web"}, {person: "Ann", decision: approval.Veto}},
			`nobody of "finance" may veto; "Ann" and "Ben" did.`},
	} {
		d := staffed(t, append(always(c.demand), allowAll())...).pays(pay{"a", "Kraken", coin})
		d.said = c.said
		if got := d.refusal(); got != "ask: "+c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

// The records of an instance that was retired belong to the memory, to the end
// that the charter gives.
func TestSnapshotHoldsTheRetiredInstances(t *testing.T) {
	d := newDesk(t, allowAll()).pays(pay{"a", "Kraken", coin})
	old := personKey(t, "retired instance")
	d.doc.Retired = []charter.Retired{{Station: 1, Instance: old.Public()}}
	c, b, without := d.parts()
	snapshot := func(r ledger.Retired) ledger.Snapshot {
		l, err := ledger.New(c.Instances(), r)
		if err != nil {
			t.Fatal(err)
		}
		heads := l.Heads()
		for i := range heads {
			heads[i].Wallet = [32]byte(b.Wallet().ID())
			if heads[i], err = ledger.SignHead(heads[i], instanceKey(t, i), [32]byte{}); err != nil {
				t.Fatal(err)
			}
		}
		s, err := l.Snapshot(heads)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	listed := ledger.Retired{Station: 1, Instance: old.Public()}
	if _, v, err := Judge(d.inForce(c, b), b, Evidence{}, nil, snapshot(listed)); err != nil || !v.Allowed {
		t.Errorf("%v", err)
	}
	elsewhere, stranger := listed, listed
	elsewhere.Station, stranger.Instance = 2, personKey(t, "another").Public()
	for name, s := range map[string]ledger.Snapshot{"no retired instance": without, "another station": snapshot(elsewhere), "another instance": snapshot(stranger)} {
		if _, _, err := Judge(d.inForce(c, b), b, Evidence{}, nil, s); err == nil || !strings.Contains(err.Error(), "other stations") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, r := range map[string]charter.Retired{"more records": {Station: 1, Instance: old.Public(), Seq: 1}, "another record": {Station: 1, Instance: old.Public(), Last: [32]byte{1}}} {
		if retired([]charter.Retired{r}, []ledger.Retired{listed}) {
			t.Errorf("%s: fits", name)
		}
	}
}

// A payee may belong to no group, and to two.
func TestGroupsApart(t *testing.T) {
	rule := charter.Rule{ID: "cap", Effect: charter.Require, Check: charter.MaxBatch, Max: int64(coin), Each: charter.EachGroup}
	d := staffed(t, allowAll(), rule).pays(pay{"a", "Invoice", coin}, pay{"b", "Invoice", coin})
	d.scripts = map[string][]byte{"a": destination("invoice 1"), "b": destination("invoice 2")}
	d.allows()
	if got := line(d, "cap"); got != "cap holds: nothing is paid to the groups that it counts." {
		t.Error(got)
	}
	d = staffed(t, allowAll(), rule).pays(pay{"a", "Staff", coin}, pay{"b", "Bitstamp", 1000})
	d.doc.Counterparties[2].Groups = []string{"staff", "exchanges"}
	if got := d.refusal(); got != `cap: the batch pays 1.00001000 BTC to group "exchanges"; at most 1.00000000 BTC may go in one batch.` {
		t.Error(got)
	}
	// A group that a rule does not name is not counted.
	d.doc.Rules[1].Groups = []string{"staff"}
	d.allows()
	// Each transaction counts for itself.
	d.doc.Rules[1].Groups, d.doc.Rules[1].Check = nil, charter.MaxTransaction
	d.txs = []draft{{pay: []pay{{"a", "Staff", coin}}, fees: []batch.Amount{1000}, change: 0, anchor: 1}, {pay: []pay{{"b", "Bitstamp", coin}}, fees: []batch.Amount{1000}, change: 1, anchor: 1}}
	d.allows()
	d.txs[1].pay[0].amount++
	if got := d.refusal(); got != `cap: transaction 2 of 2 pays 1.00000001 BTC to group "exchanges"; at most 1.00000000 BTC may go in one transaction.` {
		t.Error(got)
	}
}

// Payments to the wallet's own addresses stay in it.
func TestOwnPaymentsStay(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "reserve", Effect: charter.Require, Check: charter.MinReserve, Max: int64(coin)}).pays(pay{"a", "Treasury", coin}, pay{"b", "Kraken", coin})
	d.scripts = map[string][]byte{"a": d.own(500)}
	d.claims.Balance = 2*int64(coin) + 1000
	d.allows()
	d.claims.Balance--
	if got := d.refusal(); got != "reserve: by the balance that the coordinator claims, which nobody proved, 0.99999999 BTC would be left; at least 1.00000000 BTC must stay in the wallet." {
		t.Error(got)
	}
	d.claims.Balance = 1
	if got := d.refusal(); !strings.Contains(got, "which nobody proved, 0.00000000 BTC would be left") {
		t.Error(got)
	}
}

// Confirmations are told of inputs in the order of the request; a proof of a
// transaction serves each of its outputs; the least counts.
func TestConfirmationsByInput(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "deep", Effect: charter.Require, Check: charter.MinConfirmations, Max: 3})
	for i := range 3 {
		d.txs = append(d.txs, draft{pay: []pay{{fmt.Sprint(i), "Kraken", coin}}, fees: []batch.Amount{1000}, change: i, anchor: 1})
	}
	spends(2)(d)
	d.claims.Confirmations = []uint32{3, 3, 3, 3}
	d.allows()
	for i, want := range []string{"1 of 3", "1 of 3", "2 of 3", "3 of 3"} {
		d.claims.Confirmations = []uint32{3, 3, 3, 3}
		d.claims.Confirmations[i] = 2
		if got := d.refusal(); got != "deep: an input of transaction "+want+" has 2 confirmations by the coordinator's claim; at least 3 confirmations must be claimed of each." {
			t.Error(got)
		}
	}
	d.doc.Rules[1].Proven = true
	d.doc.Rules[1].To = nil
	d.txs = d.txs[:1]
	d.claims = Claims{}
	d.mines(3)
	d.allows() // both inputs are of one transaction
	c, b, s := d.parts()
	for name, n := range map[string]int{"fewer": 1, "more": 3} {
		e := Evidence{Claims: Claims{Confirmations: make([]uint32, n)}}
		if _, _, err := Judge(d.inForce(c, b), b, e, d.quorum, s); err == nil || !strings.Contains(err.Error(), "confirmations are claimed of "+name+" inputs than there are") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The verdict's hash covers evidence and quorum, and not the order of the quorum.
func TestVerdictHashCoversEvidenceAndQuorum(t *testing.T) {
	d := staffed(t, allowAll()).pays(pay{"a", "Kraken", coin})
	want := d.judge().Hash()
	d.quorum = []uint8{1, 0}
	if d.judge().Hash() != want {
		t.Error("the order of a quorum changes the hash")
	}
	for name, change := range map[string]func(*desk){
		"quorum":   func(d *desk) { d.quorum = []uint8{0, 2} },
		"quorum 2": func(d *desk) { d.quorum = []uint8{0} },
		"balance":  func(d *desk) { d.claims.Balance = 1 },
		"approval": func(d *desk) { d.said = approve("Ann") },
		"price":    func(d *desk) { d.prices = []Price{d.states(1, 0)} },
	} {
		other := d.clone()
		change(other)
		if other.judge().Hash() == want {
			t.Errorf("another %s, the same hash", name)
		}
	}
}

// Each input is confirmed for itself, and the least counts.
func TestTheLeastConfirmedInputCounts(t *testing.T) {
	d := staffed(t, allowAll(), charter.Rule{ID: "deep", Effect: charter.Require, Check: charter.MinConfirmations, Max: 3, Proven: true}).pays(pay{"a", "Kraken", coin})
	d.alter = func(r *batch.Request) {
		tx := &r.Transactions[0]
		for i := range byte(2) {
			part := tx.Inputs[0]
			part.TxID, part.Amount = [32]byte{0xcc, i}, 1
			tx.Inputs = append(tx.Inputs, part)
		}
		tx.Inputs[0].Amount -= 2
	}
	ids := [][32]byte{{0, 1}, {0xcc, 0}, {0xcc, 1}}
	for _, depths := range [][]int{{3, 3, 3}, {2, 3, 3}, {3, 2, 3}, {3, 3, 2}, {2, 2, 3}} {
		d.claims = Claims{}
		for i, n := range depths {
			headers, proof := mine(t, d.doc.Work, ids[i], n)
			proof.Header = uint32(len(d.claims.Headers) / 80)
			d.claims.Headers, d.claims.Proofs = append(d.claims.Headers, headers...), append(d.claims.Proofs, proof)
		}
		if slices.Min(depths) == 3 {
			d.allows()
		} else if got := d.refusal(); got != "deep: an input of transaction 1 of 1 has proof of 2 confirmations; at least 3 confirmations must be proved of each." {
			t.Errorf("%v: %s", depths, got)
		}
	}
	// The first of several reasons is told.
	d.claims.Proofs[0].Header, d.claims.Proofs[1].Header = 100, 101
	if got := d.refusal(); !strings.Contains(got, "0 confirmations (header 100 of 7)") {
		t.Error(got)
	}
}

// Of equal measures the first is named, whichever way the limit goes.
func TestTheFirstOfEqualsIsNamed(t *testing.T) {
	d := staffed(t, allowAll(), require("low", charter.MinFeeRate, 1), require("high", charter.MaxFeeRate, 100))
	for i := range 3 {
		d.txs = append(d.txs, draft{pay: []pay{{fmt.Sprint(i), "Kraken", coin}}, fees: []batch.Amount{1420}, change: i, anchor: 1})
	}
	d.txs[0].fees = []batch.Amount{1562} // 11 sat/vB
	if got := line(d, "low"); got != "low holds: transaction 2 of 3 can go at 10 sat/vB; at least 1 sat/vB is demanded." {
		t.Error(got)
	}
	if got := line(d, "high"); got != "high holds: transaction 1 of 3 can cost 11 sat/vB; at most 100 sat/vB is allowed." {
		t.Error(got)
	}
}

// A destination's age counts where no rule but the one asks for it.
func TestAllowMayAskForAge(t *testing.T) {
	d := staffed(t, charter.Rule{ID: "pay/new", Effect: charter.Allow, Younger: day}).pays(pay{"a", "Kraken", coin})
	d.listed = map[string]int64{d.listing("Kraken"): now - 60}
	d.allows()
	d.listed = nil
	if got := d.refusal(); got != `default/deny: no rule allows payment "a" to "Kraken", 1.00000000 BTC.` {
		t.Error(got)
	}
}

func TestMatchInWords(t *testing.T) {
	for want, r := range map[string]charter.Rule{
		"":           {},
		`"A" or "B"`: {To: []string{"A", "B"}},
		`"A", group "G" or group "H" at a destination of kind P2TR`:                                  {To: []string{"A"}, Groups: []string{"G", "H"}, Scripts: []charter.ScriptKind{charter.P2TR}},
		"anybody at a destination of kind OP_RETURN that is listed for less than 1 min":              {Scripts: []charter.ScriptKind{charter.Data}, Younger: 60},
		"anybody at a destination that has no proof of its owner":                                    {Unproven: true},
		"anybody at a destination that is listed for less than 2 days and has no proof of its owner": {Younger: 2 * day, Unproven: true},
	} {
		if got := describe(r); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Many transactions cost less than what they replace.
func TestReplacementsAreBounded(t *testing.T) {
	d := staffed(t, allowAll())
	r := ledger.Record{Batch: [32]byte{1}, Time: now}
	for i := range maxRefused + 3 {
		id := fmt.Sprint(i)
		d.txs = append(d.txs, draft{pay: []pay{{id, "Kraken", 1000}}, fees: []batch.Amount{500}, change: i, anchor: 1})
		r.Payments = append(r.Payments, d.payout(id, "Kraken", 1000, anchorOf(i, 1)))
		r.Transactions = append(r.Transactions, ledger.Transaction{Anchor: anchorOf(i, 1), Fee: 501, Change: int64(coin)})
		r.Fee += 501
	}
	d.release = []release{{0, r}}
	refusals := d.judge().Refusals()
	if len(refusals) != maxRefused+1 || refusals[maxRefused].Sentence() != "replacement/fee: 3 more are refused alike." || !strings.HasPrefix(refusals[0].Sentence(), "replacement/fee: transaction 1 of 19 costs a fee of 0.00000500 BTC") {
		t.Errorf("%d: %q", len(refusals), refusals[len(refusals)-1].Sentence())
	}
}
