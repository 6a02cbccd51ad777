package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

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
	retired   []Retired
	hash      [32]byte
	lastTime  int64
	changes   []uint32 // Record.Change of every record, ascending

	payouts  []payout // ascending by time, then id
	byID     map[[32]byte]int
	fees     []fee // ascending by time, then batch
	paid     map[Destination][][32]byte
	versions map[OutPoint]Transaction
}

type payout struct {
	id      [32]byte
	time    int64
	amount  int64
	names   []string   // counterparties that its records name, distinct
	anchors []OutPoint // coins that its records bind it to, distinct

	destinations []Destination // that its records name, distinct
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
// a head names a record that has not been added or a retired instance's records
// are not complete, with ErrHidden if anything is
// known beyond a head (a record, or a later head), with a *Fork if a head
// contradicts a record of its own station.
//
// The zero Head stands for a station that has not begun, as long as nothing by it
// is known here. So nobody can stop the others by never beginning; and to say it of
// one that has hides no more than its first head would.
func (l *Ledger) Snapshot(heads []Head) (Snapshot, error) {
	if len(l.instances) == 0 || len(heads) != len(l.instances) {
		return Snapshot{}, fmt.Errorf("ledger: snapshot: %d heads for %d stations", len(heads), len(l.instances))
	}
	begun := slices.IndexFunc(heads, func(h Head) bool { return h != (Head{}) })
	if begun < 0 {
		return Snapshot{}, errors.New("ledger: snapshot: no station has begun")
	}
	of := heads[begun].Wallet
	var digest []byte
	for i, h := range heads {
		if h == (Head{}) {
			if len(l.chains[i]) > 0 || l.heads[i] != (Head{}) {
				return Snapshot{}, fmt.Errorf("ledger: snapshot: station %d has begun, and has no head here: %w", i, ErrHidden)
			}
			digest = appendChain(digest, uint8(i), l.instances[i], 0, [32]byte{})
			continue
		}
		if int(h.Station) != i || h.Wallet != of {
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
		digest = appendChain(digest, h.Station, h.Instance, h.Seq, h.Last)
	}
	for i, r := range l.retired {
		if have := uint64(len(l.chains[len(l.instances)+i])); have < r.Seq {
			return Snapshot{}, fmt.Errorf("ledger: snapshot: the retired instance of station %d ends at record %d, its chain at %d: %w", r.Station, r.Seq, have, ErrMissing)
		}
		digest = appendChain(digest, r.Station, r.Instance, r.Seq, r.Last)
	}
	s := Snapshot{wallet: of, instances: slices.Clone(l.instances), retired: slices.Clone(l.retired)}
	s.hash = wire.TaggedHash("Heliograph/snapshot/v1", s.wallet[:], digest)
	s.sum(l.chains)
	return s, nil
}

// appendChain appends what the hash of a snapshot covers of one chain: 73 bytes.
func appendChain(b []byte, station uint8, instance wire.PublicKey, seq uint64, last [32]byte) []byte {
	b = append(append(b, station), instance[:]...)
	b = binary.BigEndian.AppendUint64(b, seq)
	return append(b, last[:]...)
}

// sum folds records into what they add up to, in a way that does not depend on
// the order of stations or records.
func (s *Snapshot) sum(chains [][]Record) {
	payouts := make(map[[32]byte]*payout)
	fees := make(map[[32]byte]*fee)
	s.paid, s.versions = make(map[Destination][][32]byte), make(map[OutPoint]Transaction)
	for _, chain := range chains {
		for _, r := range chain {
			s.lastTime = max(s.lastTime, r.Time)
			s.changes = append(s.changes, r.Change)
			f := fees[r.Batch]
			if f == nil {
				f = &fee{batch: r.Batch}
				fees[r.Batch] = f
			}
			f.time, f.amount = max(f.time, r.Time), max(f.amount, r.Fee)
			for _, t := range r.Transactions {
				if known, ok := s.versions[t.Anchor]; ok {
					t.Fee, t.Change = max(t.Fee, known.Fee), min(t.Change, known.Change)
				}
				s.versions[t.Anchor] = t
			}
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
				if !slices.Contains(q.destinations, p.Destination) {
					q.destinations = append(q.destinations, p.Destination)
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
	slices.Sort(s.changes)
	s.byID = make(map[[32]byte]int, len(s.payouts))
	for i, p := range s.payouts {
		slices.SortFunc(p.anchors, compareOutPoints)
		s.byID[p.id] = i
		for _, d := range p.destinations {
			s.paid[d] = append(s.paid[d], p.id)
		}
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

// Retired returns the instances that spoke for a station before, whose records
// are part of the snapshot.
func (s Snapshot) Retired() []Retired { return slices.Clone(s.retired) }

// Hash returns a digest of every chain: two snapshots with one hash rest on the
// same records.
func (s Snapshot) Hash() [32]byte { return s.hash }

// LastTime returns the latest stated time of any record, unix seconds, 0 if
// there is none.
func (s Snapshot) LastTime() int64 { return s.lastTime }

// HighestChange returns the highest change index of any record + 1, 0 if no
// change was ever made.
func (s Snapshot) HighestChange() uint32 {
	if len(s.changes) == 0 {
		return 0
	}
	return s.changes[len(s.changes)-1]
}

// ChangeWithin is HighestChange without the records that leap: those that
// cannot be reached from 0 in steps of at most gap. Honest stations never go
// further in one batch, so such a record is a lie of its station, made to open
// far indices to a batch that strands its change there.
func (s Snapshot) ChangeWithin(gap uint32) uint32 {
	next := uint32(0)
	for _, c := range s.changes {
		if c-next > gap { // ascending, so no difference is below zero
			break
		}
		next = c
	}
	return next
}

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

// Paid returns the ids of all payouts that were ever released to a destination,
// in the order in which they were released last.
func (s Snapshot) Paid(d Destination) [][32]byte { return slices.Clone(s.paid[d]) }

// Replaced returns what was released of the transaction that spends anchor for
// its payments: the highest fee and the lowest change of all its versions, in
// sat; false if memory knows of none. A payout's next version raises the one and
// lowers the other.
func (s Snapshot) Replaced(anchor OutPoint) (fee, change int64, ok bool) {
	t, ok := s.versions[anchor]
	return t.Fee, t.Change, ok
}

// Outflow returns the sat that left with stated times from from to to, both
// included: each payout once, each batch's fee once. A sum above 2^63-1, which
// only false records can make, is returned as 2^63-1.
func (s Snapshot) Outflow(from, to int64) int64 {
	return s.Plan(Planned{}).Outflow(from, to)
}

// Plan is a snapshot with a planned batch laid over it.
type Plan struct {
	s       Snapshot
	planned Planned
	at      []int // by planned payment: its place in s.payouts, -1 if it has none
}

// Plan lays a batch over the snapshot, to ask what would have left once it were
// released. The batch plans each payout once.
func (s Snapshot) Plan(planned Planned) Plan {
	p := Plan{s: s, planned: planned, at: make([]int, len(planned.Payments))}
	for i, q := range planned.Payments {
		p.at[i] = -1
		if at, ok := s.byID[q.Payout]; ok {
			p.at[i] = at
		}
	}
	return p
}

// Outflow returns what Snapshot.Outflow would return once the planned batch were
// released within the window: a payout that is recorded there counts once, with
// the larger amount, and so does the fee of the same batch.
func (p Plan) Outflow(from, to int64) int64 {
	total := p.payments(from, to, nil)
	own := p.planned.Fee
	for _, f := range p.s.fees {
		if f.time < from || f.time > to {
			continue
		}
		if f.batch == p.planned.Batch {
			own = max(own, f.amount)
			continue
		}
		total = add(total, f.amount)
	}
	return add(total, own)
}

// Count returns how many payments would have been made within the window once
// the planned batch were released in it: each payout counts once, however often
// it was drafted.
func (p Plan) Count(from, to int64) int64 { return p.count(from, to, nil) }

// CountTo is Count for the payments to some counterparties. A payout that was
// drafted again for another counterparty counts for both.
func (p Plan) CountTo(from, to int64, names []string) int64 {
	return p.count(from, to, setOf(names))
}

func (p Plan) count(from, to int64, among map[string]bool) int64 {
	total := int64(0)
	counted := make(map[int]bool) // places in s.payouts of planned payments
	for i, q := range p.planned.Payments {
		if among != nil && !among[q.Counterparty] {
			continue
		}
		total++
		if p.at[i] >= 0 {
			counted[p.at[i]] = true
		}
	}
	first, last := p.s.between(from, to)
	for i := first; i < last; i++ {
		if !counted[i] && p.s.payouts[i].concerns(among) {
			total++
		}
	}
	return total
}

// OutflowTo is Outflow for the payments to some counterparties, without fees,
// which go to nobody. A payout that was drafted again for another counterparty
// counts for both.
func (p Plan) OutflowTo(from, to int64, names []string) int64 {
	return p.payments(from, to, setOf(names))
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// concerns reports whether a payout was ever drafted for one of among, or
// whether among is nil, everybody.
func (q *payout) concerns(among map[string]bool) bool {
	return among == nil || slices.ContainsFunc(q.names, func(n string) bool { return among[n] })
}

// payments sums planned and recorded payments, those to among or, if it is nil,
// all.
func (p Plan) payments(from, to int64, among map[string]bool) int64 {
	total := int64(0)
	counted := make(map[int]int64) // amounts already in total, by place in s.payouts
	for i, q := range p.planned.Payments {
		if among != nil && !among[q.Counterparty] {
			continue
		}
		total = add(total, q.Amount)
		if p.at[i] >= 0 {
			counted[p.at[i]] = q.Amount
		}
	}
	first, last := p.s.between(from, to)
	for i := first; i < last; i++ {
		q := &p.s.payouts[i]
		if !q.concerns(among) {
			continue
		}
		total = add(total, max(q.amount-counted[i], 0))
	}
	return total
}

// between returns the places of the payouts with times in [from, to].
func (s Snapshot) between(from, to int64) (first, last int) {
	first = sort.Search(len(s.payouts), func(i int) bool { return s.payouts[i].time >= from })
	last = sort.Search(len(s.payouts), func(i int) bool { return s.payouts[i].time > to })
	return first, max(first, last)
}

// add returns a + b for amounts of at least zero, at most 2^63-1.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
