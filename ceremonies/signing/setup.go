package signing

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// Setup is what a station brings to signing.
type Setup struct {
	Group
	Station  int // 0..n-1
	Share    *frost.SecretShare
	Instance *wire.SigningKey
	Pool     int        // nonce commitments kept published, 1 to 7,500
	Version  string     // of this program, as a charter's governance names versions
	Frozen   [][32]byte // ids of the freezes that this station obeys
}

func (s Setup) check() error {
	if err := s.Group.check(); err != nil {
		return err
	}
	d := s.Line.Latest().Document()
	if s.Station < 0 || s.Station >= len(d.Stations) {
		return fmt.Errorf("signing: setup: no station %d in the charter", s.Station)
	}
	if d.Stations[s.Station].InstanceKey != s.Instance.Public() {
		return ErrUnlisted
	}
	if s.Share.PublicShare() != s.PublicShares[s.Station] {
		return errors.New("signing: setup: the share is not the certified share of this station")
	}
	if s.Pool < 1 || s.Pool > maxPool {
		return fmt.Errorf("signing: setup: a pool of %d nonces, want 1 to %d", s.Pool, maxPool)
	}
	return nil
}

// restored reports whether this installation is not the first of its station: it
// was listed anew by an amendment.
func (s Setup) restored() bool {
	return s.Line.Epochs()[0].Charter.Instances()[s.Station] != s.Instance.Public()
}

// ErrForgotten says that this installation was listed anew, and starts only with
// what its peers remember.
var ErrForgotten = errors.New("signing: this installation was listed anew; it starts with the records of its peers, not empty")

// ErrUnlisted says that this installation's instance key is not in the
// charter: a restored or cloned station, a stranger until an amendment lists it.
var ErrUnlisted = errors.New("signing: this installation is not listed in the charter; it was restored or copied, and signs only after an amendment lists its new instance key")

// NewStation opens signing on an installation that never signed for this
// wallet. The step keeps the new nonce stream and then shows the first pool.
// ErrUnlisted if the charter does not list this installation, ErrForgotten if it
// lists it in place of another: RestoreStation then.
func NewStation(setup Setup, e ceremonies.Event) (*Station, ceremonies.Step, error) {
	s, err := build(setup)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	if setup.restored() {
		return nil, ceremonies.Step{}, ErrForgotten
	}
	return s.begin(e, nil)
}

// RestoreStation is NewStation for an installation that an amendment listed in
// place of another: it starts with the memory of its peers, all of it. The newest
// charter lists it; it signs once that charter is in force.
func RestoreStation(setup Setup, m Memory, e ceremonies.Event) (*Station, ceremonies.Step, error) {
	s, err := build(setup)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	if !setup.restored() {
		return nil, ceremonies.Step{}, errors.New("signing: restore: this is the first installation of its station")
	}
	if err := s.book.recall(m, setup.Station); err != nil {
		return nil, ceremonies.Step{}, err
	}
	for _, r := range s.book.Missing(nil) {
		if err := s.remembered(r); err != nil {
			return nil, ceremonies.Step{}, err
		}
	}
	var peers []ledger.Head
	for i, h := range s.book.Heads() {
		if i != setup.Station && h.Sig != ([64]byte{}) {
			peers = append(peers, h)
		}
	}
	return s.begin(e, peers)
}

// begin makes the nonce stream and shows the first pool.
func (s *Station) begin(e ceremonies.Event, peers []ledger.Head) (*Station, ceremonies.Step, error) {
	setup := s.setup
	st := newStream(e.Random, setup.Share)
	page, st, err := st.publish(uint64(setup.Pool), s.gen)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	next := stationState{Stream: st, Peers: peers}
	if next.Head, err = s.signHead(ledger.Head{Epoch: st.Epoch}, e.Random); err != nil {
		return nil, ceremonies.Step{}, err
	}
	pool := Pool{Page: page, Head: next.Head, Seen: []Seen{}}
	if setup.restored() {
		pool.Seen = s.book.seen()
	}
	body, err := wire.Marshal(pool)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	m, err := s.seal(wire.KindNoncePool, body, e.Random)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	save, err := s.save(next, e.Time, "published", m.Bytes)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	save = append(save, ceremonies.Record{Name: PoolName, Value: m.Bytes})
	return s, ceremonies.Step{
		Save:   save,
		Send:   []wire.Message{m},
		Screen: ceremonies.Show{Title: "First nonce pool", To: "the coordinator", Message: m},
	}, nil
}

// ResumeStation rebuilds the machine from the kept records: the one named
// "signing/state" and all under LedgerPrefix; records of other names are
// passed over.
func ResumeStation(setup Setup, kept []ceremonies.Record) (*Station, error) {
	s, err := build(setup)
	if err != nil {
		return nil, err
	}
	var state []byte
	var entries [][]byte
	for _, r := range kept {
		switch {
		case r.Name == StateName:
			state = r.Value
		case strings.HasPrefix(r.Name, LedgerPrefix):
			entries = append(entries, r.Value)
		}
	}
	if err := wire.Unmarshal(state, &s.state, 1<<20); err != nil {
		return nil, fmt.Errorf("signing: resume: %w", err)
	}
	if err := s.state.Stream.valid(); err != nil {
		return nil, err
	}
	records, err := decodeRecords(entries)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if err := s.book.load(r); err != nil {
			return nil, fmt.Errorf("signing: resume: %w", err)
		}
		if r.Instance == setup.Instance.Public() {
			s.own[r.Request] = true
		}
	}
	if s.state.Head.Instance != setup.Instance.Public() {
		return nil, errors.New("signing: resume: the state is another installation's")
	}
	for _, h := range append(slices.Clone(s.state.Peers), s.state.Head) {
		if err := s.book.loadHead(h); err != nil {
			return nil, fmt.Errorf("signing: resume: %w", err)
		}
	}
	if s.book.Known()[setup.Station] != s.state.Head.Seq {
		return nil, errors.New("signing: resume: the ledger does not end at this station's head")
	}
	return s, nil
}

func build(setup Setup) (*Station, error) {
	if err := setup.check(); err != nil {
		return nil, err
	}
	b, err := newBook(setup.Group)
	if err != nil {
		return nil, err
	}
	key := setup.Wallet.Key()
	return &Station{
		setup: setup,
		gen: generator{
			wallet: [32]byte(setup.Wallet.ID()),
			key:    [32]byte(key[1:]),
			share:  setup.Share,
			public: setup.PublicShares[setup.Station],
		},
		book:  b,
		own:   make(map[[32]byte]bool),
		await: awaitingRequest{},
	}, nil
}

// Memory is what a station that was listed anew gets back from its peers, after
// they answered its challenge: all records, and the heads that say that they are
// all. Package amendment collects it.
type Memory struct {
	Records []ledger.Record
	Heads   []ledger.Head // of other stations, at least n-t+1 of them
}

// recall takes a memory into an empty book. It errs unless the memory is complete
// by its own heads and by the charter's list of retired instances.
func (b *book) recall(m Memory, own int) error {
	records := slices.Clone(m.Records)
	sortRecords(records)
	for _, r := range records {
		if err := b.Add(r); err != nil {
			return fmt.Errorf("signing: restore: %w", err)
		}
	}
	d := b.charter.Document()
	told := make(map[uint8]bool)
	for _, h := range m.Heads {
		if int(h.Station) == own {
			continue
		}
		if err := b.AddHead(h); err != nil {
			return fmt.Errorf("signing: restore: %w", err)
		}
		told[h.Station] = true
	}
	if want := len(d.Stations) - int(d.Threshold) + 1; len(told) < want {
		return fmt.Errorf("signing: restore: %d other stations said what they remember, want %d", len(told), want)
	}
	known := b.Known()
	for i, h := range b.Heads() {
		if h.Seq > known[i] {
			return fmt.Errorf("signing: restore: station %d is at record %d, its chain here ends at %d: %w", i, h.Seq, known[i], ledger.ErrMissing)
		}
	}
	for i, r := range d.Retired {
		if have := known[len(d.Stations)+i]; have < r.Seq {
			return fmt.Errorf("signing: restore: the retired instance of station %d ends at record %d, its chain here at %d: %w", r.Station, r.Seq, have, ledger.ErrMissing)
		}
	}
	return nil
}
