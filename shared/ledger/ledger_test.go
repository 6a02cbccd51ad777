package ledger

import (
	"errors"
	"slices"
	"testing"

	"heliograph/shared/wire"
)

func TestAddTakesAChainInOrder(t *testing.T) {
	w := newWorld(t, 2)
	r1 := w.release(0, Record{Batch: [32]byte{1}, Time: 100, Payments: []Payment{pay(1, 5)}})
	r2 := w.release(0, Record{Batch: [32]byte{2}, Time: 100, Payments: []Payment{pay(2, 6)}})
	l := w.empty()
	if err := l.Add(r2); !errors.Is(err, ErrMissing) {
		t.Fatalf("record 2 before record 1: %v", err)
	}
	for _, r := range []Record{r1, r1, r2, r1} {
		if err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if known := l.Known(); known[0] != 2 || known[1] != 0 {
		t.Fatalf("known %v", known)
	}
	again, err := SignRecord(r2, w.keys[0], [32]byte{0x55})
	if err != nil || again.Sig == r2.Sig {
		t.Fatal("want another signature on the same record")
	}
	if err := l.Add(again); err != nil {
		t.Errorf("another signature on the same record: %v", err)
	}
}

// A stranger, or a station restored from its backup with a new instance key,
// writes a record in a station's name.
func TestAddRefusesStrangers(t *testing.T) {
	w := newWorld(t, 2)
	for name, r := range map[string]Record{
		"another station's key": func() Record { r := w.next(1, Record{}); r.Station = 0; return w.sign(1, r) }(),
		"no such station":       func() Record { r := w.next(1, Record{}); r.Station = 2; return w.sign(1, r) }(),
	} {
		if err := w.empty().Add(r); !errors.Is(err, ErrStranger) {
			t.Errorf("%s: %v", name, err)
		}
	}
	forged := w.next(0, Record{Time: 5})
	forged.Time = 6
	if err := w.empty().Add(forged); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("forged record: %v", err)
	}
	h := w.head(0)
	h.Station = 1
	if err := w.empty().AddHead(h); !errors.Is(err, ErrStranger) {
		t.Errorf("head of another station: %v", err)
	}
	h = w.head(0)
	h.Next++
	if err := w.empty().AddHead(h); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("forged head: %v", err)
	}
}

// An instance key serves two wallets of one installation. Records of one are
// shown to the other, to fill its windows or to frame the station: two first
// records, both signed.
func TestRecordsOfAnotherWalletAreStrangers(t *testing.T) {
	w := newWorld(t, 1)
	foreign := w.next(0, Record{Wallet: [32]byte{0xff}, Batch: [32]byte{1}})
	w.release(0, Record{Batch: [32]byte{2}})
	l := w.ledger()
	if err := l.Add(foreign); !errors.Is(err, ErrStranger) {
		t.Errorf("record: %v", err)
	}
	h := w.signHead(0, Head{Wallet: [32]byte{0xff}, Seq: 9, Last: [32]byte{1}})
	if err := l.AddHead(h); !errors.Is(err, ErrStranger) {
		t.Errorf("head: %v", err)
	}
	bound := w.empty()
	if err := bound.Bind(testWallet); err != nil {
		t.Fatal(err)
	}
	if err := bound.Add(foreign); !errors.Is(err, ErrStranger) {
		t.Errorf("bound ledger: %v", err)
	}
	if err := l.Bind([32]byte{0xff}); err == nil {
		t.Error("a ledger was bound to another wallet than its records'")
	}
	if err := w.empty().Bind([32]byte{}); err == nil {
		t.Error("a ledger was bound to no wallet")
	}
	e := Equivocation{First: w.chains[0][0], Second: foreign}
	if e.Verify() == nil {
		t.Error("records of two wallets frame an honest station")
	}
}

// A cloned station runs twice: both copies sign a record with the same number.
// The two records together are the proof.
func TestTwoStoriesAreEquivocation(t *testing.T) {
	w := newWorld(t, 1)
	w.release(0, Record{Batch: [32]byte{1}, Time: 100})
	clone := w.next(0, Record{Batch: [32]byte{3}, Time: 200})
	cloneSecond := clone
	cloneSecond.Seq, cloneSecond.Prev, cloneSecond.Batch = 3, clone.Hash(), [32]byte{4}
	cloneSecond = w.sign(0, cloneSecond)
	w.release(0, Record{Batch: [32]byte{2}, Time: 150})
	older := w.chains[0][0]
	older.Batch = [32]byte{6}
	older = w.sign(0, older)
	backwards := w.next(0, Record{Batch: [32]byte{5}, Time: 149})
	for name, r := range map[string]Record{"same number": clone, "an older number": older, "another past": cloneSecond, "time runs back": backwards} {
		l := w.ledger()
		var e *Equivocation
		if err := l.Add(r); !errors.As(err, &e) {
			t.Fatalf("%s: %v", name, err)
		}
		if err := e.Verify(); err != nil {
			t.Errorf("%s: the proof does not verify: %v", name, err)
		}
		if l.Known()[0] != 2 {
			t.Errorf("%s: the ledger changed", name)
		}
	}
}

// A coordinator accuses an honest station with records that do not contradict
// each other, or that it altered.
func TestEquivocationDoesNotFrame(t *testing.T) {
	w := newWorld(t, 2)
	a1 := w.release(0, Record{Batch: [32]byte{1}, Time: 1})
	a2 := w.release(0, Record{Batch: [32]byte{2}, Time: 2})
	a3 := w.release(0, Record{Batch: [32]byte{3}, Time: 3})
	b1 := w.release(1, Record{Batch: [32]byte{9}, Time: 1})
	altered := a1
	altered.Batch[0] = 7
	for name, e := range map[string]Equivocation{
		"the same record": {a1, a1}, "neighbours": {a1, a2}, "neighbours turned": {a2, a1}, "far apart": {a1, a3},
		"two stations": {a1, b1}, "altered first": {altered, a1}, "altered second": {a1, altered}, "empty": {},
	} {
		if e.Verify() == nil {
			t.Errorf("%s: accepted as proof", name)
		}
	}
}

func TestNewRefusesBadStations(t *testing.T) {
	w := newWorld(t, 2)
	keys := w.instances()
	full := make([]wire.PublicKey, MaxStations)
	for i := range full {
		full[i][0] = byte(i)
	}
	if _, err := New(full); err != nil {
		t.Error(err)
	}
	for name, instances := range map[string][]wire.PublicKey{"none": nil, "the same twice": {keys[0], keys[0]}, "too many": make([]wire.PublicKey, MaxStations+1)} {
		if _, err := New(instances); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestMissingIsWhatTheOtherLacks(t *testing.T) {
	w := newWorld(t, 3)
	for i := range 7 {
		w.release(i%2, Record{Batch: [32]byte{byte(i)}, Time: int64(i)})
	}
	full := w.ledger()
	for _, since := range [][]uint64{nil, {0}, {2, 1, 0}, {4, 3, 0}, {9, 9, 9}} {
		other := w.empty()
		for i, s := range since {
			for _, r := range w.chains[i][:min(int(s), len(w.chains[i]))] {
				if err := other.Add(r); err != nil {
					t.Fatal(err)
				}
			}
		}
		missing := full.Missing(since)
		for _, r := range missing {
			if err := other.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if k := other.Known(); k[0] != 4 || k[1] != 3 {
			t.Errorf("since %v: %d records, now known %v", since, len(missing), k)
		}
		if len(since) == 3 && since[0] >= 4 && len(missing) != 0 {
			t.Errorf("since %v: %d records too many", since, len(missing))
		}
	}
}

func TestHeadsAreTheFurthestKnown(t *testing.T) {
	w := newWorld(t, 2)
	l := w.empty()
	old := w.head(0)
	w.release(0, Record{Batch: [32]byte{1}})
	if err := l.Add(w.chains[0][0]); err != nil {
		t.Fatal(err)
	}
	if h := l.Heads()[0]; h.Seq != 1 || h.Last != w.chains[0][0].Hash() || h.Verify() == nil {
		t.Errorf("unsigned head at the last record: %+v", h)
	}
	later := w.head(0)
	for _, h := range []Head{old, later, later, old} {
		if err := l.AddHead(h); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Heads(); got[0] != later || got[1].Seq != 0 {
		t.Errorf("heads %+v", got)
	}
	w.release(0, Record{Batch: [32]byte{2}})
	ahead := w.head(0)
	if err := l.AddHead(ahead); err != nil {
		t.Fatal(err)
	}
	if l.Heads()[0] != ahead {
		t.Error("a head beyond the known records is not kept")
	}
	w.release(0, Record{Batch: [32]byte{3}})
	for _, r := range w.chains[0][1:] {
		if err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if h := l.Heads()[0]; h.Seq != 3 || h.Last != w.chains[0][2].Hash() || h.Sig != ([64]byte{}) {
		t.Errorf("a record beyond the signed head is not told: %+v", h)
	}
	first := w.head(1)
	if err := l.AddHead(first); err != nil || l.Heads()[1] != first {
		t.Errorf("the first head of a station is not kept: %v", err)
	}
}

// A station signs a head that its own record contradicts.
func TestForkedHeadIsProof(t *testing.T) {
	w := newWorld(t, 2)
	w.release(0, Record{Batch: [32]byte{1}})
	l := w.ledger()
	lie := w.head(0)
	lie.Last[0]++
	lie = w.signHead(0, lie)
	heads := w.heads()
	heads[0] = lie
	_, inSnapshot := l.Snapshot(heads)
	for name, err := range map[string]error{"AddHead": l.AddHead(lie), "Snapshot": inSnapshot} {
		var f *Fork
		if !errors.As(err, &f) {
			t.Fatalf("%s: %v", name, err)
		}
		if err := f.Verify(); err != nil {
			t.Errorf("%s: the proof does not verify: %v", name, err)
		}
	}
	altered := w.chains[0][0]
	altered.Time++
	unsigned := lie
	unsigned.Sig[0]++
	w.release(1, Record{Batch: [32]byte{2}})
	for name, f := range map[string]Fork{
		"agreeing": {w.head(0), w.chains[0][0]}, "altered record": {w.head(0), altered}, "altered head": {unsigned, w.chains[0][0]},
		"another station": {lie, w.chains[1][0]}, "another number": {w.signHead(0, Head{Wallet: testWallet, Seq: 2, Last: [32]byte{1}}), w.chains[0][0]},
	} {
		if f.Verify() == nil {
			t.Errorf("%s: accepted as proof", name)
		}
	}
}

// A station tells two stories, and two parties are each told one first. Shown the
// other, both say where the stories part, whatever else they know of either.
func TestEndsOfATwoFacedStation(t *testing.T) {
	w := newWorld(t, 2)
	for i := range 3 {
		w.release(0, Record{Batch: [32]byte{byte(i + 1)}})
	}
	w.release(1, Record{Batch: [32]byte{9}})
	common := w.ledger().Missing(nil)
	story := func(batches ...byte) []Record {
		var out []Record
		prev := common[2]
		for _, b := range batches {
			r, err := SignRecord(Record{Wallet: testWallet, Seq: prev.Seq + 1, Prev: prev.Hash(), Batch: [32]byte{b}, Time: prev.Time}, w.keys[0], [32]byte{})
			if err != nil {
				t.Fatal(err)
			}
			out, prev = append(out, r), r
		}
		return out
	}
	one, other := story(11, 12), story(21, 22, 23)
	told := func(first, then []Record) *Ledger {
		l := w.empty()
		for _, r := range append(slices.Clone(common), first...) {
			if err := l.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if ends := l.Ends(); !slices.Equal(ends, l.Heads()) {
			t.Errorf("without a contradiction: %+v", ends)
		}
		for _, r := range slices.Backward(then) { // the last first: that alone tells less
			var twice *Equivocation
			if err := l.Add(r); !errors.As(err, &twice) && !errors.Is(err, ErrMissing) {
				t.Fatalf("another story: %v", err)
			}
		}
		return l
	}
	a, b := told(one, other).Ends(), told(other, one).Ends()
	if a[0] != b[0] || a[0].Seq != 3 || a[0].Last != common[2].Hash() || a[0].Sig != ([64]byte{}) {
		t.Errorf("they part after %+v and %+v", a[0], b[0])
	}
	if a[1] != w.ledger().Heads()[1] {
		t.Errorf("an honest station ends at %+v", a[1])
	}
}
