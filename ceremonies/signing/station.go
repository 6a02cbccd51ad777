package signing

import (
	"encoding/hex"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

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
// than any head; of a station that told two stories, where they part. An amendment
// that lists an instance anew is judged by them.
func (s *Station) Heads() []ledger.Head {
	heads := []ledger.Head{s.state.Head}
	for _, h := range s.book.Ends() {
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
