package ledger

import (
	"errors"
	"testing"

	"heliograph/shared/wire"
)

// relist gives a station a new instance, as an amendment does after its disk was
// lost: what it released so far stays, under the retired instance.
func (w *world) relist(station int) (old *wire.SigningKey, gone Retired, chain []Record) {
	w.t.Helper()
	old, chain = w.keys[station], w.chains[station]
	gone = Retired{Station: uint8(station), Instance: old.Public(), Seq: uint64(len(chain))}
	if len(chain) > 0 {
		gone.Last = chain[len(chain)-1].Hash()
	}
	key, err := wire.GenerateSigningKey([32]byte{2, byte(station), byte(len(w.retired))})
	if err != nil {
		w.t.Fatal(err)
	}
	w.keys[station], w.chains[station] = key, nil
	w.retired, w.past = append(w.retired, gone), append(w.past, chain)
	return old, gone, chain
}

// The records of a station that was restored from its words, and got a new
// instance, keep counting: in sums, in anchors, in what was paid once.
func TestRetiredRecordsCountForEver(t *testing.T) {
	w := newWorld(t, 2)
	once := pay(1, 1000)
	once.Destination = NewDestination([]byte{0x51})
	w.release(0, Record{Batch: [32]byte{1}, Time: 100, Fee: 7, Change: 3, Payments: []Payment{once},
		Transactions: []Transaction{{Anchor: once.Anchor, Fee: 7, Change: 90}}})
	before := w.snapshot()
	w.relist(0)
	after := w.snapshot()
	w.release(0, Record{Batch: [32]byte{2}, Time: 200, Fee: 1, Payments: []Payment{pay(2, 5)}})
	s := w.snapshot()
	if s.Outflow(0, 1000) != 1013 || s.HighestChange() != 3 || !s.BoundTo(once.Payout, once.Anchor) || s.BoundTo(once.Payout, OutPoint{9}) {
		t.Errorf("outflow %d, change %d", s.Outflow(0, 1000), s.HighestChange())
	}
	if got := s.Paid(once.Destination); len(got) != 1 || got[0] != once.Payout {
		t.Errorf("paid %x", got)
	}
	if fee, change, ok := s.Replaced(once.Anchor); !ok || fee != 7 || change != 90 {
		t.Errorf("released with fee %d, change %d, %v", fee, change, ok)
	}
	if before.Hash() == after.Hash() || after.Hash() == s.Hash() || len(before.Retired()) != 0 || len(s.Retired()) != 1 || len(s.Instances()) != 2 {
		t.Error("the hash does not tell a retired instance from a listed one")
	}
	l := w.ledger()
	if known := l.Known(); len(known) != 3 || known[0] != 1 || known[1] != 0 || known[2] != 1 {
		t.Errorf("known %v", known)
	}
	if len(l.Heads()) != 2 || len(l.Missing([]uint64{1, 0})) != 1 || len(l.Missing([]uint64{1, 0, 1})) != 0 {
		t.Error("heads or missing records do not follow the chains")
	}
	if l.Chain(0, w.keys[0].Public()) != 0 || l.Chain(0, w.retired[0].Instance) != 2 || l.Chain(1, w.keys[0].Public()) != -1 || l.Chain(9, w.keys[0].Public()) != -1 {
		t.Error("a chain is at the wrong place")
	}
}

// The coordinator keeps the records of the instance that is gone from a station
// that never saw them, so that its payouts are paid again from other coins.
func TestSnapshotNeedsAllOfARetiredChain(t *testing.T) {
	w := newWorld(t, 2)
	w.release(0, Record{Batch: [32]byte{1}})
	w.release(0, Record{Batch: [32]byte{2}})
	_, _, chain := w.relist(0)
	l := w.empty()
	for i, want := range []error{ErrMissing, ErrMissing, nil} {
		if _, err := l.Snapshot(w.heads()); !errors.Is(err, want) {
			t.Errorf("with %d of 2 records: %v", i, err)
		}
		if i < len(chain) {
			if err := l.Add(chain[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The stolen disk of a station that was listed anew goes on signing. What it
// signs beyond its end is void, and the proof that somebody uses it.
func TestRetiredInstanceSignsNoMore(t *testing.T) {
	w := newWorld(t, 2)
	w.release(0, Record{Batch: [32]byte{1}, Time: 5})
	later := w.next(0, Record{Batch: [32]byte{2}, Time: 6})
	other := w.chains[0][0]
	other.Batch[0]++
	other = w.sign(0, other)
	head := w.head(0)
	_, gone, chain := w.relist(0)
	l := w.ledger()
	for name, r := range map[string]Record{"after its end": later, "another one at its end": other} {
		var b *Beyond
		if err := l.Add(r); !errors.As(err, &b) {
			t.Fatalf("%s: %v", name, err)
		}
		if err := b.Verify(); err != nil {
			t.Errorf("%s: the proof does not verify: %v", name, err)
		}
	}
	if err := w.empty().Add(other); !errors.As(err, new(*Beyond)) {
		t.Errorf("another last record, before the right one is known: %v", err)
	}
	if l.Known()[2] != 1 {
		t.Error("the ledger changed")
	}
	if err := l.AddHead(head); !errors.Is(err, ErrRetired) {
		t.Errorf("head of a retired instance: %v", err)
	}
	forged := later
	forged.Time++
	if err := l.Add(forged); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("forged record: %v", err)
	}
	moved := gone
	moved.Station = 1
	for name, b := range map[string]Beyond{
		"the right last record": {gone, chain[0]}, "forged": {gone, forged}, "of another instance": {Retired{Station: 0, Instance: w.keys[0].Public()}, later},
		"of another station": {moved, later}, "one that counts": {Retired{Station: 0, Instance: gone.Instance, Seq: 3, Last: [32]byte{1}}, later},
	} {
		if b.Verify() == nil {
			t.Errorf("%s: accepted as proof", name)
		}
	}
}

// A retired instance's key comes back as a station's, or two times, or its end
// makes no sense.
func TestNewRefusesBadRetired(t *testing.T) {
	w := newWorld(t, 2)
	_, gone, _ := w.relist(0)
	many := make([]Retired, MaxRetired+1)
	for i := range many {
		many[i].Instance[0] = byte(i + 1)
	}
	if _, err := New(w.instances(), many[:MaxRetired]...); err != nil {
		t.Error(err)
	}
	for name, retired := range map[string][]Retired{
		"too many": many, "twice": {gone, gone}, "a station's": {{Station: 1, Instance: w.keys[0].Public()}},
		"no such station": {{Station: 2, Instance: gone.Instance}}, "a last record of none": {{Instance: gone.Instance, Last: [32]byte{1}}},
		"no last record": {{Instance: gone.Instance, Seq: 1}},
	} {
		if _, err := New(w.instances(), retired...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Two records of one number, in a retired chain that is not complete, are proof
// against it as in any other.
func TestRetiredInstanceToldTwoStories(t *testing.T) {
	w := newWorld(t, 1)
	w.release(0, Record{Batch: [32]byte{1}})
	lie := w.chains[0][0]
	lie.Batch[0]++
	lie = w.sign(0, lie)
	w.release(0, Record{Batch: [32]byte{2}})
	_, _, chain := w.relist(0)
	l := w.empty()
	if err := l.Add(chain[0]); err != nil {
		t.Fatal(err)
	}
	var e *Equivocation
	if err := l.Add(lie); !errors.As(err, &e) || e.Verify() != nil {
		t.Errorf("two stories: %v", err)
	}
}
