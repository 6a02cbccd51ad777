package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"heliograph/shared/wire"
)

// Snapshot is the memory that one decision rests on: the records of every
// station up to a named head. Only Ledger.Snapshot makes one; the zero value is
// refused.
//
// Several stations release one batch, a batch may be released again under
// another quorum, and a payout may be drafted again in another batch. A payout
// counts once, with the largest amount and the latest time of its records, and
// a batch's fee counts once, likewise: of all versions of a payout at most one
// can confirm, because all spend its anchor.
type Snapshot struct {
	wallet    [32]byte
	instances []wire.PublicKey
	hash      [32]byte
	lastTime  int64
	change    uint32

	payouts []payout // ascending by time, then id
	byID    map[[32]byte]int
	fees    []fee // ascending by time, then batch
}

type payout struct {
	id      [32]byte
	time    int64
	amount  int64
	names   []string   // counterparties that its records name, distinct
	anchors []OutPoint // coins that its records bind it to, distinct
}

type fee struct {
	batch  [32]byte
	time   int64
	amount int64
}

// Planned is a batch that has not been released by everyone yet: what it would
// add to the memory.
type Planned struct {
	Batch    [32]byte
	Payments []Payment
	Fee      int64 // sat, largest variant of each transaction, summed
}

// Snapshot cuts the chains at the given heads, one for each station in order of
// the stations. It verifies every head's signature and errs with ErrMissing if
// a head names a record that has not been added, with ErrHidden if anything is
// known beyond a head (a record, or a later head), with a *Fork if a head
// contradicts a record of its own station.
func (l *Ledger) Snapshot(heads []Head) (Snapshot, error) {
	if len(l.instances) == 0 || len(heads) != len(l.instances) {
		return Snapshot{}, fmt.Errorf("ledger: snapshot: %d heads for %d stations", len(heads), len(l.instances))
	}
	var digest []byte
	for i, h := range heads {
		if int(h.Station) != i || h.Wallet != heads[0].Wallet {
			return Snapshot{}, fmt.Errorf("ledger: snapshot: head %d is of station %d or of another wallet than the first", i, h.Station)
		}
		if err := l.checkHead(h); err != nil {
			return Snapshot{}, fmt.Errorf("ledger: snapshot: %w", err)
		}
		have := uint64(len(l.chains[i]))
		if h.Seq > have {
			return Snapshot{}, fmt.Errorf("ledger: snapshot: station %d is at record %d, its chain ends at %d: %w", i, h.Seq, have, ErrMissing)
		}
		if h.Seq < have || h.Seq < l.heads[i].Seq {
			return Snapshot{}, fmt.Errorf("ledger: snapshot: station %d has released %d records, its head here says %d: %w", i, max(have, l.heads[i].Seq), h.Seq, ErrHidden)
		}
		digest = append(digest, h.Instance[:]...)
		digest = binary.BigEndian.AppendUint64(digest, h.Seq)
		digest = append(digest, h.Last[:]...)
	}
	s := Snapshot{wallet: heads[0].Wallet, instances: slices.Clone(l.instances)}
	s.hash = wire.TaggedHash("Heliograph/snapshot/v1", s.wallet[:], digest)
	s.sum(l.chains)
	return s, nil
}

// sum folds records into what they add up to, in a way that does not depend on
// the order of stations or records.
func (s *Snapshot) sum(chains [][]Record) {
	payouts := make(map[[32]byte]*payout)
	fees := make(map[[32]byte]*fee)
	for _, chain := range chains {
		for _, r := range chain {
			s.lastTime = max(s.lastTime, r.Time)
			s.change = max(s.change, r.Change)
			f := fees[r.Batch]
			if f == nil {
				f = &fee{batch: r.Batch}
				fees[r.Batch] = f
			}
			f.time, f.amount = max(f.time, r.Time), max(f.amount, r.Fee)
			for _, p := range r.Payments {
				q := payouts[p.Payout]
				if q == nil {
					q = &payout{id: p.Payout}
					payouts[p.Payout] = q
				}
				q.time, q.amount = max(q.time, r.Time), max(q.amount, p.Amount)
				if !slices.Contains(q.names, p.Counterparty) {
					q.names = append(q.names, p.Counterparty)
				}
				if !slices.Contains(q.anchors, p.Anchor) {
					q.anchors = append(q.anchors, p.Anchor)
				}
			}
		}
	}
	for _, p := range payouts {
		s.payouts = append(s.payouts, *p)
	}
	for _, f := range fees {
		s.fees = append(s.fees, *f)
	}
	slices.SortFunc(s.payouts, func(a, b payout) int { return byTime(a.time, b.time, a.id, b.id) })
	slices.SortFunc(s.fees, func(a, b fee) int { return byTime(a.time, b.time, a.batch, b.batch) })
	s.byID = make(map[[32]byte]int, len(s.payouts))
	for i, p := range s.payouts {
		slices.SortFunc(p.anchors, func(a, b OutPoint) int { return bytes.Compare(a[:], b[:]) })
		s.byID[p.id] = i
	}
}

func byTime(a, b int64, idA, idB [32]byte) int {
	if a != b {
		if a < b {
			return -1
		}
		return 1
	}
	return bytes.Compare(idA[:], idB[:])
}

// Valid reports whether the snapshot was made by Ledger.Snapshot.
func (s Snapshot) Valid() bool { return len(s.instances) != 0 }

// Wallet returns the id of the wallet whose records these are.
func (s Snapshot) Wallet() [32]byte { return s.wallet }

// Instances returns the stations' instance keys, by station.
func (s Snapshot) Instances() []wire.PublicKey { return slices.Clone(s.instances) }

// Hash returns a digest of every station's chain: two snapshots with one hash
// rest on the same records.
func (s Snapshot) Hash() [32]byte { return s.hash }

// LastTime returns the latest stated time of any record, unix seconds, 0 if
// there is none.
func (s Snapshot) LastTime() int64 { return s.lastTime }

// HighestChange returns the highest change index of any record + 1, 0 if no
// change was ever made.
func (s Snapshot) HighestChange() uint32 { return s.change }

// Anchor returns the coin to which a payout is bound. If stations bound it to
// several, which no honest quorum allows, it returns the lowest: BoundTo is the
// question to decide by.
func (s Snapshot) Anchor(id [32]byte) (OutPoint, bool) {
	i, ok := s.byID[id]
	if !ok {
		return OutPoint{}, false
	}
	return s.payouts[i].anchors[0], true
}

// BoundTo reports whether a payout may spend anchor: no record binds it to any
// other coin.
func (s Snapshot) BoundTo(id [32]byte, anchor OutPoint) bool {
	i, ok := s.byID[id]
	return !ok || len(s.payouts[i].anchors) == 1 && s.payouts[i].anchors[0] == anchor
}

// Outflow returns the sat that left with stated times from from to to, both
// included: each payout once, each batch's fee once. A sum above 2^63-1, which
// only false records can make, is returned as 2^63-1.
func (s Snapshot) Outflow(from, to int64) int64 {
	return s.OutflowWith(from, to, Planned{})
}

// OutflowWith returns what Outflow would return once planned were released
// within the window: payouts that are already recorded there count once, with
// the larger amount, and so does the fee of the same batch.
func (s Snapshot) OutflowWith(from, to int64, planned Planned) int64 {
	recorded := s.plannedAmounts(planned)
	total := int64(0)
	for _, p := range s.between(from, to) {
		if amount, again := recorded[p.id]; again {
			recorded[p.id] = max(amount, p.amount)
			continue
		}
		total = add(total, p.amount)
	}
	for _, amount := range recorded {
		total = add(total, amount)
	}
	own := planned.Fee
	for _, f := range s.fees {
		if f.time < from || f.time > to {
			continue
		}
		if f.batch == planned.Batch {
			own = max(own, f.amount)
			continue
		}
		total = add(total, f.amount)
	}
	return add(total, own)
}

// OutflowTo is OutflowWith for the payments to some counterparties, without
// fees, which go to nobody. A payout that records name under two counterparties
// counts for both.
func (s Snapshot) OutflowTo(from, to int64, names []string, planned Planned) int64 {
	among := make(map[string]bool, len(names))
	for _, n := range names {
		among[n] = true
	}
	kept := planned.Payments[:0:0]
	for _, p := range planned.Payments {
		if among[p.Counterparty] {
			kept = append(kept, p)
		}
	}
	recorded := s.plannedAmounts(Planned{Payments: kept})
	total := int64(0)
	for _, p := range s.between(from, to) {
		if !slices.ContainsFunc(p.names, func(n string) bool { return among[n] }) {
			continue
		}
		if amount, again := recorded[p.id]; again {
			recorded[p.id] = max(amount, p.amount)
			continue
		}
		total = add(total, p.amount)
	}
	for _, amount := range recorded {
		total = add(total, amount)
	}
	return total
}

// plannedAmounts returns each planned payout's amount, the larger one if a
// payout is planned twice.
func (s Snapshot) plannedAmounts(planned Planned) map[[32]byte]int64 {
	amounts := make(map[[32]byte]int64, len(planned.Payments))
	for _, p := range planned.Payments {
		amounts[p.Payout] = max(amounts[p.Payout], p.Amount)
	}
	return amounts
}

// between returns the payouts with times in [from, to].
func (s Snapshot) between(from, to int64) []payout {
	first, _ := slices.BinarySearchFunc(s.payouts, from, func(p payout, t int64) int {
		if p.time < t {
			return -1
		}
		return 1
	})
	last := first
	for last < len(s.payouts) && s.payouts[last].time <= to {
		last++
	}
	return s.payouts[first:last]
}

// add returns a + b for amounts of at least zero, at most 2^63-1.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
