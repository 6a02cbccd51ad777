package ledger

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/wire"
)

var (
	// ErrHidden says that more is known of a station than a request admits: a
	// record was kept from whoever judges by that request.
	ErrHidden = errors.New("a record is hidden")
	// ErrMissing says that records are needed which have not been added.
	ErrMissing = errors.New("records are missing")
	// ErrStranger says that a record or head is not by a station of this wallet.
	ErrStranger = errors.New("not a station of this wallet")
	// ErrRetired says that an instance does not speak for its station any more.
	ErrRetired = errors.New("this instance is retired")
)

// Equivocation is the proof that one instance told two stories: two records
// with one sequence number, or a record that does not follow the one before.
// Nothing but its own key can have made both: it holds against that instance,
// though not against the person who runs it (a copied disk does the same).
type Equivocation struct {
	First, Second Record
}

// Error names the station and the records, not their contents.
func (e *Equivocation) Error() string {
	return fmt.Sprintf("ledger: station %d contradicts itself: %v against %v", e.First.Station, e.First, e.Second)
}

// Verify checks the proof from nothing but its own contents: both signatures,
// one instance and wallet, and that the two records cannot stand in one chain.
func (e *Equivocation) Verify() error {
	if err := e.First.Verify(); err != nil {
		return fmt.Errorf("ledger: verify equivocation: %w", err)
	}
	if err := e.Second.Verify(); err != nil {
		return fmt.Errorf("ledger: verify equivocation: %w", err)
	}
	if e.First.Instance != e.Second.Instance || e.First.Wallet != e.Second.Wallet {
		return errors.New("ledger: verify equivocation: the records are of two instances or wallets")
	}
	if !contradict(e.First, e.Second) {
		return errors.New("ledger: verify equivocation: the records stand in one chain")
	}
	return nil
}

// contradict reports whether b, at or right after a, cannot be in a's chain.
func contradict(a, b Record) bool {
	switch b.Seq {
	case a.Seq:
		return a.Hash() != b.Hash()
	case a.Seq + 1:
		return a.Hash() != b.Prev || b.Time < a.Time
	}
	return false
}

// Fork is the proof that an instance signed a head that its own record
// contradicts.
type Fork struct {
	Head   Head
	Record Record
}

// Error names the station and the record.
func (e *Fork) Error() string {
	return fmt.Sprintf("ledger: station %d signed a head at record %d that contradicts its %v", e.Head.Station, e.Head.Seq, e.Record)
}

// Verify checks the proof from nothing but its own contents.
func (e *Fork) Verify() error {
	if err := e.Head.Verify(); err != nil {
		return fmt.Errorf("ledger: verify fork: %w", err)
	}
	if err := e.Record.Verify(); err != nil {
		return fmt.Errorf("ledger: verify fork: %w", err)
	}
	if e.Head.Instance != e.Record.Instance || e.Head.Wallet != e.Record.Wallet {
		return errors.New("ledger: verify fork: head and record are of two instances or wallets")
	}
	if e.Head.Seq != e.Record.Seq || e.Head.Last == e.Record.Hash() {
		return errors.New("ledger: verify fork: head and record agree")
	}
	return nil
}

// Ledger holds the verified records of every station of one wallet, each
// instance's as one chain without gaps, and the highest head that was seen of
// each station. It is used from one goroutine.
type Ledger struct {
	instances []wire.PublicKey
	retired   []Retired
	wallet    [32]byte   // zero until known
	chains    [][]Record // stations 0..n-1, then retired instances in their order
	heads     []Head     // of the stations, zero where none was seen

	parted map[wire.PublicKey]uint64 // by instance that contradicted itself: its last record before
}

// New returns an empty ledger for the stations whose instance keys are given
// by station index, 1 to MaxStations of them, and for instances that spoke for
// these stations before, at most MaxRetired. All keys are different. The wallet
// is that of the first record or head, unless Bind named it before.
func New(instances []wire.PublicKey, retired ...Retired) (*Ledger, error) {
	if len(instances) == 0 || len(instances) > MaxStations {
		return nil, fmt.Errorf("ledger: new ledger: %d stations: want 1 to %d", len(instances), MaxStations)
	}
	if len(retired) > MaxRetired {
		return nil, fmt.Errorf("ledger: new ledger: %d retired instances: at most %d", len(retired), MaxRetired)
	}
	seen := make(map[wire.PublicKey]bool, len(instances)+len(retired))
	for i, key := range instances {
		if seen[key] {
			return nil, fmt.Errorf("ledger: new ledger: station %d has the instance key of another", i)
		}
		seen[key] = true
	}
	for i, r := range retired {
		if seen[r.Instance] {
			return nil, fmt.Errorf("ledger: new ledger: retired instance %d is listed twice", i)
		}
		if err := r.check(len(instances)); err != nil {
			return nil, fmt.Errorf("ledger: new ledger: retired instance %d: %w", i, err)
		}
		seen[r.Instance] = true
	}
	return &Ledger{
		instances: slices.Clone(instances),
		retired:   slices.Clone(retired),
		chains:    make([][]Record, len(instances)+len(retired)),
		heads:     make([]Head, len(instances)),
		parted:    make(map[wire.PublicKey]uint64),
	}, nil
}

// Bind names the wallet whose records the ledger takes. It errs if the ledger
// already holds records of another one.
func (l *Ledger) Bind(wallet [32]byte) error {
	if wallet == ([32]byte{}) {
		return errors.New("ledger: bind: no wallet id")
	}
	if l.wallet != ([32]byte{}) && l.wallet != wallet {
		return errors.New("ledger: bind: the ledger holds another wallet's records")
	}
	l.wallet = wallet
	return nil
}

// admit checks that a record or head belongs to this ledger, and returns the
// place of its chain.
func (l *Ledger) admit(wallet [32]byte, station uint8, instance wire.PublicKey) (int, error) {
	if int(station) >= len(l.instances) {
		return 0, fmt.Errorf("station %d of %d: %w", station, len(l.instances), ErrStranger)
	}
	at := l.Chain(station, instance)
	if at < 0 {
		return 0, fmt.Errorf("station %d: instance %s is not the listed one: %w", station, instance, ErrStranger)
	}
	if l.wallet != ([32]byte{}) && l.wallet != wallet {
		return 0, fmt.Errorf("station %d: of another wallet: %w", station, ErrStranger)
	}
	return at, nil
}

// Chain returns the place, in Known, of the chain of a station's instance: the
// station's number for the listed one, what follows for a retired one, -1 for a
// stranger.
func (l *Ledger) Chain(station uint8, instance wire.PublicKey) int {
	if int(station) < len(l.instances) && l.instances[station] == instance {
		return int(station)
	}
	for i, r := range l.retired {
		if r.Station == station && r.Instance == instance {
			return len(l.instances) + i
		}
	}
	return -1
}

// Add verifies a record and appends it to its instance's chain. A record that is
// already there changes nothing. Records of one instance are added in order:
// ErrMissing says that earlier ones are needed first. An *Equivocation is
// returned, and the record not kept, if it contradicts the chain; that there is one
// is remembered (see Ends). A *Beyond if the instance was retired before it.
func (l *Ledger) Add(r Record) error {
	at, err := l.admit(r.Wallet, r.Station, r.Instance)
	if err != nil {
		return fmt.Errorf("ledger: add record: %w", err)
	}
	chain := l.chains[at]
	have := uint64(len(chain))
	if r.Seq >= 1 && r.Seq <= have && chain[r.Seq-1].Hash() == r.Hash() {
		return nil
	}
	if err := r.Verify(); err != nil {
		return fmt.Errorf("ledger: add record: %w", err)
	}
	if at >= len(l.instances) {
		if end := l.retired[at-len(l.instances)]; r.Seq > end.Seq || r.Seq == end.Seq && r.Hash() != end.Last {
			return &Beyond{Retired: end, Record: r}
		}
	}
	if r.Seq <= have {
		l.parts(r.Instance, r.Seq-1)
		return &Equivocation{First: chain[r.Seq-1], Second: r}
	}
	if r.Seq > have+1 {
		return fmt.Errorf("ledger: add %v: its chain ends at %d: %w", r, have, ErrMissing)
	}
	if have > 0 && contradict(chain[have-1], r) {
		l.parts(r.Instance, have-1)
		return &Equivocation{First: chain[have-1], Second: r}
	}
	l.wallet = r.Wallet
	r.Payments, r.Transactions = slices.Clone(r.Payments), slices.Clone(r.Transactions)
	l.chains[at] = append(chain, r)
	return nil
}

// parts notes that an instance's records contradict each other after seq.
func (l *Ledger) parts(instance wire.PublicKey, seq uint64) {
	if before, ok := l.parted[instance]; !ok || seq < before {
		l.parted[instance] = seq
	}
}

// Ends are how far each station's records are beyond doubt, by station: as Heads,
// but of one that told two stories only up to where they part, unsigned. Everybody
// who was shown both comes to the same end, whichever they were told first. What
// such a station released after it counts all the same where others released it
// with it, and no two honest ones differ about those.
func (l *Ledger) Ends() []Head {
	ends := l.Heads()
	for i, key := range l.instances {
		seq, doubted := l.parted[key]
		if !doubted {
			continue
		}
		ends[i] = Head{Wallet: l.wallet, Station: uint8(i), Instance: key, Seq: seq}
		if seq > 0 {
			ends[i].Last = l.chains[i][seq-1].Hash()
		}
	}
	return ends
}

// AddHead verifies a head and keeps it if it is later than the one known of its
// station. It returns a *Fork, and keeps nothing, if the station's own record
// contradicts the head, and ErrRetired for a head of a retired instance: what it
// signed last is in the charter.
func (l *Ledger) AddHead(h Head) error {
	if err := l.checkHead(h); err != nil {
		return fmt.Errorf("ledger: add head: %w", err)
	}
	l.wallet = h.Wallet
	if old := l.heads[h.Station]; old.Wallet == ([32]byte{}) || h.Later(old) {
		l.heads[h.Station] = h
	}
	return nil
}

func (l *Ledger) checkHead(h Head) error {
	at, err := l.admit(h.Wallet, h.Station, h.Instance)
	if err != nil {
		return err
	}
	if at >= len(l.instances) {
		return fmt.Errorf("station %d: instance %s: %w", h.Station, h.Instance, ErrRetired)
	}
	if err := h.Verify(); err != nil {
		return err
	}
	chain := l.chains[at]
	if h.Seq >= 1 && h.Seq <= uint64(len(chain)) && chain[h.Seq-1].Hash() != h.Last {
		return &Fork{Head: h, Record: chain[h.Seq-1]}
	}
	return nil
}

// Heads returns the furthest that is known of each station, by station: its
// latest signed head, or, where records go further than any head seen, an
// unsigned one (zero Sig, Epoch and Next) at the last record.
func (l *Ledger) Heads() []Head {
	heads := slices.Clone(l.heads)
	for i, chain := range l.chains[:len(l.instances)] {
		if n := uint64(len(chain)); n > heads[i].Seq || heads[i].Wallet == ([32]byte{}) {
			heads[i] = Head{Wallet: l.wallet, Station: uint8(i), Instance: l.instances[i], Seq: n}
			if n > 0 {
				heads[i].Last = chain[n-1].Hash()
			}
		}
	}
	return heads
}

// Known returns how many records are held of each chain, by station and then of
// the retired instances in their order: what another party passes to Missing.
func (l *Ledger) Known() []uint64 {
	known := make([]uint64, len(l.chains))
	for i, chain := range l.chains {
		known[i] = uint64(len(chain))
	}
	return known
}

// Missing returns the records after since[i] of each chain i, in an order in
// which Add takes them: what a party that holds since many records lacks. A
// short since counts as zeros.
func (l *Ledger) Missing(since []uint64) []Record {
	var out []Record
	for i, chain := range l.chains {
		from := uint64(0)
		if i < len(since) {
			from = since[i]
		}
		if from < uint64(len(chain)) {
			out = append(out, chain[from:]...)
		}
	}
	return out
}
