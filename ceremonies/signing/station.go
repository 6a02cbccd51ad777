package signing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
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

// Station is a station's side of signing, for the life of an installation. It
// serves one request after another.
type Station struct {
	setup   Setup
	gen     generator
	book    *book
	own     map[[32]byte]bool // digests of the orders that this station answered
	state   stationState
	unsaved []ceremonies.Record // peers' records, valid and seen, to go with the next Save
	await   awaiting
}

// stationState is the record "signing/state": everything that changes when a station
// answers, except the ledger records and responses, which have names of their own.
type stationState struct {
	Stream  stream        `cbor:"1,keyasint"`
	Head    ledger.Head   `cbor:"2,keyasint"`
	Peers   []ledger.Head `cbor:"3,keyasint"` // the highest head seen of each other station
	Frozen  []byte        `cbor:"4,keyasint"` // the head that froze this station, or empty
	Events  uint64        `cbor:"5,keyasint"` // length of the transcript
	Receipt [32]byte      `cbor:"6,keyasint"` // its head: what an operator compares at unlocking
}

// awaiting is what the machine waits for: a request or a decision.
type awaiting interface{ awaited() string }

type awaitingRequest struct{}

func (awaitingRequest) awaited() string { return "a signing request from the coordinator" }

type awaitingDecision struct {
	order    Order
	digest   [32]byte
	position int
	charter  charter.Charter // that it was judged by
	approved policy.Approved
}

func (awaitingDecision) awaited() string { return "a decision on the batch on the screen" }

// Names of the kept records.
const (
	StateName        = "signing/state"
	LedgerPrefix     = "signing/ledger/"
	TranscriptPrefix = "signing/transcript/"
	PoolName         = "signing/pool" // the first nonce pool
	responsePrefix   = "signing/response/"
)

func (s *Station) ledgerName(r ledger.Record) string {
	return fmt.Sprintf("%s%s/%012d", LedgerPrefix, s.setup.chainName(r.Station, r.Instance), r.Seq)
}

func responseName(digest [32]byte) string { return responsePrefix + hex.EncodeToString(digest[:]) }

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

// Status is what a home screen shows of a station.
type Status struct {
	Unused  uint64 // published nonces not yet burnt
	Head    ledger.Head
	Frozen  bool
	Receipt [32]byte // end of the transcript, shown as words at unlocking
}

// Status reports the machine's state; it holds no secret.
func (s *Station) Status() Status {
	return Status{
		Unused:  s.state.Stream.Published - s.state.Stream.Next,
		Head:    s.state.Head,
		Frozen:  len(s.state.Frozen) > 0,
		Receipt: s.state.Receipt,
	}
}

// Last is the name of the kept record that holds what this station made for the
// coordinator last: its answer to an order, or before any its first nonce pool.
// Until the coordinator has it, it can open no order that this station takes.
func (s *Station) Last() string {
	since := s.book.Known()
	at := s.book.Chain(uint8(s.setup.Station), s.setup.Instance.Public())
	if at < 0 || since[at] == 0 {
		return PoolName
	}
	since[at]--
	return responseName(s.book.Missing(since)[0].Request)
}

// Heads are the furthest that this station knows of every station's chain: its
// own as it signed it last, then the others', unsigned where records go further
// than any head. An amendment that lists an instance anew is judged by them.
func (s *Station) Heads() []ledger.Head {
	heads := []ledger.Head{s.state.Head}
	for _, h := range s.book.Heads() {
		if h.Instance != s.setup.Instance.Public() {
			heads = append(heads, h)
		}
	}
	return heads
}

// Obey names the freezes that this station obeys from now on, in place of those
// before. What is being reviewed is not signed under a freeze.
func (s *Station) Obey(freezes [][32]byte) { s.setup.Frozen = slices.Clone(freezes) }

// frozen is the fault of a station that signs nothing at a time: it was shown its
// own later signature, or obeys a freeze that no charter has lifted. Nil if it signs.
func (s *Station) frozen(now int64) *ceremonies.Fault {
	if len(s.state.Frozen) > 0 {
		return rolledBack(s.state.Frozen)
	}
	for _, id := range s.setup.Frozen {
		if !s.setup.Line.Lifted(id, now) {
			return frozenBy(id)
		}
	}
	return nil
}

// screen is what the station waits for.
func (s *Station) screen(now int64) ceremonies.Screen {
	if fault := s.frozen(now); fault != nil {
		return ceremonies.Failed{Fault: fault}
	}
	title := "Ready to sign"
	if pending := notYetInForce(s.setup.Line, now); pending != "" {
		title += ". " + pending
	}
	return ceremonies.Scan{Title: title, Want: s.await.awaited()}
}

// notYetInForce says which charter is adopted and does not rule yet, and from
// when it will; empty if the one in force stays.
func notYetInForce(line lineage.Line, now int64) string {
	next, from, pending := line.Pending(now)
	if !pending {
		return ""
	}
	return fmt.Sprintf("Charter %d is not yet in force until %s.", next.Document().Epoch, ceremonies.Clock(from))
}

// Step consumes an event: a scanned request, or the decision on a review.
func (s *Station) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return ceremonies.Step{Screen: s.screen(e.Time)}, nil
	case ceremonies.Scanned:
		return s.scanned(e, in.Bytes)
	case ceremonies.Approve:
		if w, ok := s.await.(awaitingDecision); ok && in.Digest == w.digest {
			if fault := s.frozen(e.Time); fault != nil {
				s.await = awaitingRequest{}
				return ceremonies.Step{}, fault
			}
			return s.approve(e, w)
		}
	case ceremonies.Refuse:
		if w, ok := s.await.(awaitingDecision); ok && in.Digest == w.digest {
			if fault := s.frozen(e.Time); fault != nil {
				s.await = awaitingRequest{}
				return ceremonies.Step{}, fault
			}
			return s.refuse(e, w.digest, w.order.Heads, nil, []string{"The operator refused: " + in.Reason})
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("signing/unexpected", s.await.awaited())
}

// signHead signs a head of this station.
func (s *Station) signHead(h ledger.Head, aux [32]byte) (ledger.Head, error) {
	h.Wallet = [32]byte(s.setup.Wallet.ID())
	h.Station = uint8(s.setup.Station)
	return ledger.SignHead(h, s.setup.Instance, aux)
}

func (s *Station) seal(kind wire.Kind, body []byte, aux [32]byte) (wire.Message, error) {
	return wire.Seal(kind, [32]byte(s.setup.Wallet.ID()), body, s.setup.Instance, aux)
}

// save gives the records of a new state, which becomes the machine's: the state
// with one more transcript entry, that entry, and what was learnt of peers.
func (s *Station) save(next stationState, time int64, what string, body []byte) ([]ceremonies.Record, error) {
	entry := ceremonies.NewEntry(time, what, body)
	receipt, err := ceremonies.Link(next.Receipt, entry)
	if err != nil {
		return nil, err
	}
	line, err := wire.Marshal(entry)
	if err != nil {
		return nil, err
	}
	next.Events, next.Receipt = next.Events+1, receipt
	state, err := wire.Marshal(next)
	if err != nil {
		return nil, err
	}
	out := append(s.unsaved,
		ceremonies.Record{Name: StateName, Value: state},
		ceremonies.Record{Name: fmt.Sprintf("%s%012d", TranscriptPrefix, next.Events), Value: line})
	s.state, s.unsaved = next, nil
	return out, nil
}
