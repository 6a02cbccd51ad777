package ledger

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestSnapshotNeedsEveryHead(t *testing.T) {
	w := newWorld(t, 3)
	w.release(0, Record{Batch: [32]byte{1}})
	l := w.ledger()
	good := w.heads()
	for name, heads := range map[string][]Head{
		"none": nil, "two of three": good[:2], "four": append(w.heads(), good[0]),
		"swapped": {good[1], good[0], good[2]}, "the same twice": {good[0], good[0], good[2]},
		"unsigned":       {good[0], good[1], l.Heads()[2]},
		"another wallet": {good[0], good[1], w.signHead(2, Head{Wallet: [32]byte{1}, Station: 2})},
	} {
		if s, err := l.Snapshot(heads); err == nil || s.Valid() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := l.Snapshot(good); err != nil || !s.Valid() || s.Wallet() != testWallet || len(s.Instances()) != 3 {
		t.Errorf("good heads: %v", err)
	}
	// Nothing but the numbers tells these apart: no station released anything.
	quiet := newWorld(t, 2)
	h := quiet.heads()
	foreign := quiet.signHead(1, Head{Wallet: [32]byte{1}, Station: 1})
	for name, heads := range map[string][]Head{"swapped": {h[1], h[0]}, "the same twice": {h[0], h[0]}, "two wallets": {h[0], foreign}} {
		if _, err := quiet.empty().Snapshot(heads); err == nil {
			t.Errorf("quiet stations, %s: accepted", name)
		}
	}
	other := w.empty()
	if err := other.Bind([32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Snapshot([]Head{w.signHead(0, Head{Wallet: testWallet}), good[1], good[2]}); !errors.Is(err, ErrStranger) {
		t.Errorf("heads of another wallet than the ledger's: %v", err)
	}
	if (Snapshot{}).Valid() {
		t.Error("the zero snapshot is valid")
	}
}

// A station that has not begun has no head, and its place says so, as long as
// nothing by it is known. What is judged is the same as with its first head.
func TestSnapshotOfStationsThatHaveNotBegun(t *testing.T) {
	w := newWorld(t, 3)
	quiet := w.heads()
	w.release(0, Record{Batch: [32]byte{1}})
	heads := []Head{w.head(0), quiet[1], {}}
	l := w.empty()
	for _, r := range w.ledger().Missing(nil) {
		if err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	without, err := l.Snapshot(heads)
	if err != nil || !without.Valid() || without.Wallet() != testWallet {
		t.Fatalf("a station that has not begun: %v", err)
	}
	with, err := l.Snapshot([]Head{heads[0], quiet[1], quiet[2]})
	if err != nil || with.Hash() != without.Hash() {
		t.Errorf("with its first head: %v", err)
	}
	if _, err := l.Snapshot([]Head{{}, quiet[1], quiet[2]}); !errors.Is(err, ErrHidden) {
		t.Errorf("a station that released something has no head: %v", err)
	}
	if err := l.AddHead(quiet[2]); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Snapshot(heads); !errors.Is(err, ErrHidden) {
		t.Errorf("a station whose head was seen has none: %v", err)
	}
	if s, err := l.Snapshot(make([]Head, 3)); err == nil || s.Valid() {
		t.Error("nobody has begun")
	}
	if _, err := w.empty().Snapshot([]Head{{}, {}, w.signHead(2, Head{Wallet: [32]byte{1}, Station: 1})}); err == nil {
		t.Error("a head in another's place")
	}
}

// The coordinator keeps the last batch from the second quorum: it states the
// head from before it, and shows no record. A station that took part, or that
// has seen a later head, notices.
func TestHiddenRecordIsNoticed(t *testing.T) {
	w := newWorld(t, 3)
	before := w.heads()
	w.release(1, Record{Batch: [32]byte{1}, Payments: []Payment{pay(1, 5)}})
	if _, err := w.ledger().Snapshot(before); !errors.Is(err, ErrHidden) {
		t.Errorf("a known record beyond the head: %v", err)
	}
	sawHead := w.empty()
	if err := sawHead.AddHead(w.head(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := sawHead.Snapshot(before); !errors.Is(err, ErrHidden) {
		t.Errorf("a known later head: %v", err)
	}
	if _, err := sawHead.Snapshot(w.heads()); !errors.Is(err, ErrMissing) {
		t.Errorf("a head without its record: %v", err)
	}
	fresh, err := w.empty().Snapshot(before)
	if err != nil || fresh.Outflow(0, 1) != 0 {
		t.Errorf("a station that knows nothing cannot notice: %v", err)
	}
}

// A later nonce index alone hides no record.
func TestHeadWithOlderNonceIsNotHidden(t *testing.T) {
	w := newWorld(t, 1)
	w.release(0, Record{Batch: [32]byte{1}})
	l := w.ledger()
	later := w.head(0)
	later.Next += 5
	if err := l.AddHead(w.signHead(0, later)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Snapshot(w.heads()); err != nil {
		t.Error(err)
	}
}

// Two stations release one batch, a third under another quorum, and a payout is
// drafted again: each payout and each batch counts once.
func TestOutflowCountsOnce(t *testing.T) {
	w := newWorld(t, 3)
	b1 := Record{Batch: [32]byte{1}, Time: 100, Fee: 7, Payments: []Payment{pay(1, 1000), pay(2, 500)}}
	w.release(0, b1)
	w.release(1, b1)
	b1.Request, b1.Time = [32]byte{9}, 110
	w.release(2, b1)
	if got := w.snapshot().Outflow(0, 1000); got != 1507 {
		t.Errorf("one batch at three stations: %d", got)
	}
	w.release(0, Record{Batch: [32]byte{2}, Time: 200, Fee: 9, Payments: []Payment{pay(1, 800), pay(3, 10)}})
	s := w.snapshot()
	for _, c := range []struct{ from, to, want int64 }{
		{0, 1000, 1000 + 500 + 10 + 7 + 9}, // the redraft was lower: the larger amount counts
		{200, 200, 1000 + 10 + 9},          // at the latest time
		{0, 199, 500 + 7},
		{110, 110, 500 + 7},
		{111, 199, 0}, {201, 1000, 0}, {0, 109, 0}, {300, 200, 0},
	} {
		if got := s.Outflow(c.from, c.to); got != c.want {
			t.Errorf("from %d to %d: %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestPlanCountsOnce(t *testing.T) {
	w := newWorld(t, 2)
	w.release(0, Record{Batch: [32]byte{1}, Time: 100, Fee: 7, Payments: []Payment{pay(1, 1000), pay(2, 500)}})
	s := w.snapshot()
	for name, c := range map[string]struct {
		planned        Planned
		all, old, late int64 // windows with and without the record
	}{
		"nothing":            {Planned{}, 1507, 1507, 0},
		"new payout":         {Planned{Batch: [32]byte{2}, Payments: []Payment{pay(3, 20)}, Fee: 2}, 1529, 1529, 22},
		"the same batch":     {Planned{Batch: [32]byte{1}, Payments: []Payment{pay(1, 1000), pay(2, 500)}, Fee: 7}, 1507, 1507, 1507},
		"raised redraft":     {Planned{Batch: [32]byte{2}, Payments: []Payment{pay(1, 1500)}, Fee: 3}, 2010, 2010, 1503},
		"lowered redraft":    {Planned{Batch: [32]byte{2}, Payments: []Payment{pay(1, 1)}, Fee: 3}, 1510, 1510, 4},
		"same batch, dearer": {Planned{Batch: [32]byte{1}, Fee: 70}, 1570, 1570, 70},
	} {
		p := s.Plan(c.planned)
		if a, o, l := p.Outflow(0, 1000), p.Outflow(100, 100), p.Outflow(101, 1000); a != c.all || o != c.old || l != c.late {
			t.Errorf("%s: %d %d %d, want %d %d %d", name, a, o, l, c.all, c.old, c.late)
		}
	}
}

// Counting payments follows the sums: each payout once, a redraft is no second
// payment, and a payment of nothing but data is one too.
func TestCountCountsOnce(t *testing.T) {
	to := func(name string, id byte, amount int64) Payment {
		return Payment{Payout: [32]byte{id}, Counterparty: name, Amount: amount, Anchor: OutPoint{1}}
	}
	w := newWorld(t, 2)
	b1 := Record{Batch: [32]byte{1}, Time: 100, Payments: []Payment{to("Ada", 1, 100), to("Ben", 2, 0)}}
	w.release(0, b1)
	w.release(1, b1)
	w.release(1, Record{Batch: [32]byte{2}, Time: 110, Payments: []Payment{to("Cem", 1, 90)}})
	s := w.snapshot()
	p := s.Plan(Planned{Batch: [32]byte{3}, Payments: []Payment{to("Ada", 3, 3), to("Ben", 2, 21)}})
	for _, c := range []struct {
		names    []string
		from, to int64
		want     int64
	}{
		{nil, 0, 200, 3}, {nil, 101, 200, 3}, {nil, 111, 200, 2}, {nil, 0, 100, 2}, {nil, 200, 0, 2},
		{[]string{"Ada"}, 0, 200, 2}, {[]string{"Ada"}, 111, 200, 1},
		{[]string{"Ben"}, 0, 200, 1}, {[]string{"Cem"}, 0, 200, 1}, {[]string{"Ada", "Cem"}, 0, 200, 2},
		{[]string{"Dan"}, 0, 200, 0}, {[]string{}, 0, 200, 0},
	} {
		got := p.Count(c.from, c.to)
		if c.names != nil {
			got = p.CountTo(c.from, c.to, c.names)
		}
		if got != c.want {
			t.Errorf("to %v from %d to %d: %d, want %d", c.names, c.from, c.to, got, c.want)
		}
	}
	if got := s.Plan(Planned{}).Count(0, 200); got != 2 {
		t.Errorf("nothing planned: %d", got)
	}
}

// A destination that may be paid once is known by every payout that ever went
// there, in whatever version.
func TestPaidKnowsEveryVersion(t *testing.T) {
	a, b := NewDestination([]byte{0x51, 1}), NewDestination([]byte{0x51, 2})
	if a == b || a == (Destination{}) {
		t.Fatal("two scripts are one destination")
	}
	to := func(id byte, d Destination) Payment {
		p := pay(id, 5)
		p.Destination = d
		return p
	}
	w := newWorld(t, 2)
	w.release(0, Record{Batch: [32]byte{1}, Time: 9, Payments: []Payment{to(1, a)}})
	w.release(1, Record{Batch: [32]byte{2}, Time: 10, Payments: []Payment{to(1, b)}})
	w.release(1, Record{Batch: [32]byte{3}, Time: 11, Payments: []Payment{to(2, b)}})
	s := w.snapshot()
	if got := s.Paid(a); len(got) != 1 || got[0] != ([32]byte{1}) {
		t.Errorf("the first: %x", got)
	}
	if got := s.Paid(b); len(got) != 2 || got[0] != ([32]byte{1}) || got[1] != ([32]byte{2}) {
		t.Errorf("the second: %x", got)
	}
	if len(s.Paid(NewDestination(nil))) != 0 {
		t.Error("a script that was never paid")
	}
}

// Of all versions of a transaction, the highest fee and the lowest change are
// what the next one is held to, whichever station released which first.
func TestReplacedIsTheFurthestVersion(t *testing.T) {
	version := func(batch byte, fee, change int64) Record {
		return Record{Batch: [32]byte{batch}, Fee: fee, Payments: []Payment{pay(1, 5)}, Transactions: []Transaction{{Anchor: OutPoint{1}, Fee: fee, Change: change}}}
	}
	w := newWorld(t, 2)
	w.release(1, version(2, 900, 400))
	w.release(0, version(1, 500, 800))
	w.release(0, version(3, 700, 300))
	s := w.snapshot()
	if fee, change, ok := s.Replaced(OutPoint{1}); !ok || fee != 900 || change != 300 {
		t.Errorf("fee %d, change %d, %v", fee, change, ok)
	}
	if _, _, ok := s.Replaced(OutPoint{2}); ok {
		t.Error("a coin that was never spent")
	}
}

func TestOutflowToSomeCounterparties(t *testing.T) {
	to := func(name string, id byte, amount int64) Payment {
		return Payment{Payout: [32]byte{id}, Counterparty: name, Amount: amount, Anchor: OutPoint{1}}
	}
	w := newWorld(t, 2)
	w.release(0, Record{Batch: [32]byte{1}, Time: 100, Fee: 7, Payments: []Payment{to("Ada", 1, 100), to("Ben", 2, 20)}})
	w.release(1, Record{Batch: [32]byte{2}, Time: 100, Payments: []Payment{to("Cem", 1, 90)}})
	p := w.snapshot().Plan(Planned{Batch: [32]byte{3}, Fee: 5, Payments: []Payment{to("Ada", 3, 3), to("Ben", 2, 21)}})
	for _, c := range []struct {
		names    []string
		from, to int64
		want     int64
	}{
		{[]string{"Ada"}, 0, 200, 103},
		{[]string{"Ben"}, 0, 200, 21},
		{[]string{"Cem"}, 0, 200, 100}, // the payout was Ada's before: it counts for both, at its largest
		{[]string{"Ben", "Cem"}, 0, 200, 121},
		{[]string{"Ada", "Cem"}, 0, 200, 103},
		{[]string{"Ada", "Ben", "Cem"}, 0, 200, 124},
		{[]string{"Ada", "Ben"}, 101, 200, 24},
		{[]string{"Dan"}, 0, 200, 0},
	} {
		if got := p.OutflowTo(c.from, c.to, c.names); got != c.want {
			t.Errorf("to %v from %d to %d: %d, want %d", c.names, c.from, c.to, got, c.want)
		}
	}
}

// A lying station fills its chain with payouts of 21 million bitcoin, so that a
// sum wraps around to something small.
func TestOutflowCannotWrap(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 6 {
		r := Record{Batch: [32]byte{byte(i)}, Time: 1, Fee: MaxAmount}
		for j := range 1000 {
			r.Payments = append(r.Payments, Payment{Payout: [32]byte{byte(i), byte(j >> 8), byte(j)}, Counterparty: "x", Amount: MaxAmount})
		}
		w.release(0, r)
	}
	p := w.snapshot().Plan(Planned{Payments: []Payment{pay(200, MaxAmount)}, Fee: MaxAmount})
	if got := p.Outflow(0, 2); got != math.MaxInt64 {
		t.Errorf("sum of %d", got)
	}
	if got := p.OutflowTo(0, 2, []string{"x"}); got != math.MaxInt64 {
		t.Errorf("sum of %d to one", got)
	}
}

func TestAnchorsBindForEver(t *testing.T) {
	w := newWorld(t, 2)
	w.release(0, Record{Batch: [32]byte{1}, Payments: []Payment{pay(1, 5)}})
	s := w.snapshot()
	if a, ok := s.Anchor([32]byte{1}); !ok || a != (OutPoint{1}) {
		t.Error("no anchor")
	}
	if _, ok := s.Anchor([32]byte{2}); ok {
		t.Error("a stranger has an anchor")
	}
	if !s.BoundTo([32]byte{1}, OutPoint{1}) || s.BoundTo([32]byte{1}, OutPoint{2}) || !s.BoundTo([32]byte{2}, OutPoint{2}) {
		t.Error("anchor is not the only one")
	}
	// A lying station binds the payout elsewhere: then no coin will do, rather
	// than either.
	lie := pay(1, 5)
	lie.Anchor = OutPoint{7}
	w.release(1, Record{Batch: [32]byte{2}, Payments: []Payment{lie}})
	s = w.snapshot()
	if s.BoundTo([32]byte{1}, OutPoint{1}) || s.BoundTo([32]byte{1}, OutPoint{7}) {
		t.Error("a payout with two anchors may be paid again")
	}
	if a, _ := s.Anchor([32]byte{1}); a != (OutPoint{1}) {
		t.Error("the anchor depends on the order of stations")
	}
}

func TestSnapshotTimeChangeAndHash(t *testing.T) {
	w := newWorld(t, 2)
	empty := w.snapshot()
	if empty.LastTime() != 0 || empty.HighestChange() != 0 {
		t.Error("an empty snapshot remembers something")
	}
	w.release(0, Record{Batch: [32]byte{1}, Time: 500, Change: 9})
	w.release(1, Record{Batch: [32]byte{2}, Time: 400, Change: 3})
	s := w.snapshot()
	if s.LastTime() != 500 || s.HighestChange() != 9 || s.Hash() == empty.Hash() {
		t.Errorf("last time %d, change %d", s.LastTime(), s.HighestChange())
	}
	again := w.snapshot()
	moved := w.heads()
	moved[0].Next += 3
	moved[0] = w.signHead(0, moved[0])
	nonces, err := w.ledger().Snapshot(moved)
	if err != nil || again.Hash() != s.Hash() || nonces.Hash() != s.Hash() {
		t.Error("the hash is not of the records alone")
	}
}

// One station lies: its record says that change went to a far index, so that
// the next batch may strand its change beyond it. The leap does not count.
func TestLeapOfChangeDoesNotCount(t *testing.T) {
	w := newWorld(t, 3)
	if got := w.snapshot().ChangeWithin(20); got != 0 {
		t.Errorf("without records: %d", got)
	}
	for i, change := range []uint32{20, 0, 35, 15} {
		w.release(i%2, Record{Batch: [32]byte{byte(i)}, Change: change})
	}
	w.release(2, Record{Batch: [32]byte{9}, Change: MaxChange})
	w.release(2, Record{Batch: [32]byte{10}, Change: 56})
	s := w.snapshot()
	for gap, want := range map[uint32]uint32{20: 35, 21: 56, 19: 35, 14: 0, 1 << 31: MaxChange} {
		if got := s.ChangeWithin(gap); got != want {
			t.Errorf("in steps of %d: %d, want %d", gap, got, want)
		}
	}
	if s.HighestChange() != MaxChange {
		t.Error("the highest index is not the highest")
	}
}

// An invariant of whole histories: whatever stations release, under whatever
// quorums, redrafts and repetitions, by whatever instances, in whatever order the
// records arrive, the snapshot agrees with a count made by hand.
func TestOutflowAgreesWithAHandCount(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const n = 3
		w := newWorld(t, n)
		type batch struct {
			payments []Payment
			fee      int64
		}
		var batches []batch
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			var b batch
			for _, id := range rapid.SliceOfNDistinct(rapid.ByteRange(1, 6), 0, 4, rapid.ID[byte]).Draw(rt, "payouts") {
				b.payments = append(b.payments, pay(id, rapid.Int64Range(1, 1000).Draw(rt, "amount")))
			}
			b.fee = rapid.Int64Range(0, 50).Draw(rt, "fee")
			batches = append(batches, b)
		}
		amount, last := map[[32]byte]int64{}, map[[32]byte]int64{}
		fee, feeTime := map[int]int64{}, map[int]int64{}
		clock := int64(0)
		for range rapid.IntRange(0, 8).Draw(rt, "releases") {
			i := rapid.IntRange(0, len(batches)-1).Draw(rt, "batch")
			clock += rapid.Int64Range(0, 20).Draw(rt, "later")
			w.release(rapid.IntRange(0, n-1).Draw(rt, "station"), Record{Batch: [32]byte{byte(i)}, Time: clock, Fee: batches[i].fee, Payments: batches[i].payments})
			for _, p := range batches[i].payments {
				amount[p.Payout], last[p.Payout] = max(amount[p.Payout], p.Amount), clock
			}
			fee[i], feeTime[i] = batches[i].fee, clock
			if rapid.IntRange(0, 5).Draw(rt, "retired") == 0 {
				w.relist(rapid.IntRange(0, n-1).Draw(rt, "which"))
			}
		}
		from := rapid.Int64Range(0, 100).Draw(rt, "from")
		to := rapid.Int64Range(0, 160).Draw(rt, "to")
		want, payments := int64(0), int64(0)
		for id, a := range amount {
			if last[id] >= from && last[id] <= to {
				want += a
				payments++
			}
		}
		for i, f := range fee {
			if feeTime[i] >= from && feeTime[i] <= to {
				want += f
			}
		}
		// Another party learns the chains one record at a time, stations mixed.
		other := w.empty()
		todo := w.ledger().Missing(nil)
		for len(todo) > 0 {
			i := rapid.IntRange(0, len(todo)-1).Draw(rt, "next")
			err := other.Add(todo[i])
			if errors.Is(err, ErrMissing) {
				continue
			}
			if err != nil {
				rt.Fatal(err)
			}
			todo = append(todo[:i:i], todo[i+1:]...)
		}
		s, err := other.Snapshot(w.heads())
		if err != nil {
			rt.Fatal(err)
		}
		if got := s.Outflow(from, to); got != want {
			rt.Fatalf("outflow %d, by hand %d", got, want)
		}
		if got := s.Plan(Planned{}).Count(from, to); got != payments {
			rt.Fatalf("%d payments, by hand %d", got, payments)
		}
		if s.Hash() != w.snapshot().Hash() {
			rt.Fatal("two parties with the same records have two hashes")
		}
	})
}
