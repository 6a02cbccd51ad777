package amendment

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// Setup is what a station brings to amendments.
type Setup struct {
	First    lineage.Line // begun from the charter of key generation
	Station  int          // 0..n-1
	Instance *wire.SigningKey
	// Heads returns the furthest that this station knows of every chain of records,
	// its own signed, as it signs; nil, or none, if it has not begun to sign. A ballot
	// that retires an instance and a challenge are judged by it.
	Heads func() []ledger.Head
}

// Station is a station's side of amendments, for the life of an installation. It
// serves one message after another.
type Station struct {
	setup   Setup
	line    lineage.Line
	state   stationState
	freezes []kept
	await   awaiting
}

// stationState is the record StateName.
type stationState struct {
	Votes lineage.Votes `cbor:"1,keyasint"`
	Log   Log           `cbor:"2,keyasint"`
}

// kept is a freeze that this station obeys, as it was understood when it was
// scanned: the keys that prove it may be gone when it is read again.
type kept struct {
	ID     [32]byte `cbor:"1,keyasint"`
	By     string   `cbor:"2,keyasint"`
	Body   []byte   `cbor:"3,keyasint"` // lineage.Freeze
	Sealed []byte   `cbor:"4,keyasint"`
}

// awaiting is what the machine waits for: a message, a decision or a reason.
type awaiting interface{ awaited() string }

type awaitingMessage struct{}

type awaitingDecision struct {
	examined lineage.Examined
	digest   [32]byte // of the envelope
}

type awaitingVoid struct{ request VoidRequest }

type awaitingReason struct{}

func (awaitingMessage) awaited() string {
	return "a ballot, a certificate, a request to void a ballot, a freeze or a challenge"
}
func (awaitingDecision) awaited() string { return "a decision on the change on the screen" }
func (awaitingVoid) awaited() string     { return "a decision on the ballot on the screen" }
func (awaitingReason) awaited() string   { return "the reason of the freeze" }

// NewStation builds the machine from what was kept, or from nothing at the first
// start. Records that are not under Prefix are passed over.
func NewStation(setup Setup, records []ceremonies.Record) (*Station, error) {
	if !setup.First.Valid() || setup.Instance == nil {
		return nil, errors.New("amendment: setup: no charter or no key")
	}
	if n := len(setup.First.Latest().Instances()); setup.Station < 0 || setup.Station >= n {
		return nil, fmt.Errorf("amendment: setup: no station %d", setup.Station)
	}
	line, err := Follow(setup.First, records)
	if err != nil {
		return nil, err
	}
	s := &Station{setup: setup, line: line, await: awaitingMessage{}}
	var before restoredState // of a station that was restored: its transcript goes on
	for _, r := range records {
		switch {
		case r.Name == StateName:
			if err := wire.Unmarshal(r.Value, &s.state, 64<<10); err != nil {
				return nil, fmt.Errorf("amendment: resume: %w", err)
			}
		case r.Name == restoredName:
			if err := wire.Unmarshal(r.Value, &before, 4<<10); err != nil {
				return nil, fmt.Errorf("amendment: resume: %w", err)
			}
		case strings.HasPrefix(r.Name, FreezePrefix):
			var k kept
			if err := wire.Unmarshal(r.Value, &k, 8<<10); err != nil {
				return nil, fmt.Errorf("amendment: resume: %w", err)
			}
			s.freezes = append(s.freezes, k)
		}
	}
	if s.state.Log.Events < before.Log.Events {
		s.state.Log = before.Log
	}
	return s, nil
}

// Log is the end of this station's transcript of amendments.
func (s *Station) Log() Log { return s.state.Log }

// Line is the wallet's line of charters as far as this station has adopted it.
func (s *Station) Line() lineage.Line { return s.line }

// Freezes are the ids of the freezes that this station was ever shown. Which of
// them an amendment has lifted, the line says.
func (s *Station) Freezes() [][32]byte {
	out := make([][32]byte, len(s.freezes))
	for i, k := range s.freezes {
		out[i] = k.ID
	}
	return out
}

// Frozen describes the freezes that this station obeys at a time, a line each.
func (s *Station) Frozen(now int64) []ceremonies.Line {
	var out []ceremonies.Line
	for _, k := range s.freezes {
		if s.line.Lifted(k.ID, now) {
			continue
		}
		out = append(out, k.line())
	}
	return out
}

// Screen is what the station waits for, for a driver that has just resumed.
func (s *Station) Screen(now int64) ceremonies.Screen {
	title := fmt.Sprintf("Charter %d is in force", s.line.At(now).Charter().Document().Epoch)
	if next, from, pending := s.line.Pending(now); pending {
		title += fmt.Sprintf("; charter %d is not yet in force until %s", next.Document().Epoch, ceremonies.Clock(from))
	}
	if len(s.Frozen(now)) > 0 {
		title = "FROZEN. " + title
	}
	return ceremonies.Scan{Title: title, Want: s.await.awaited()}
}

// BeginFreeze asks the operator for the reason of a freeze. The machine then takes
// Typed, or any message instead.
func (s *Station) BeginFreeze() ceremonies.Step {
	s.await = awaitingReason{}
	return ceremonies.Step{Screen: ceremonies.Ask{Title: "Freeze the wallet", Prompt: fmt.Sprintf("Why? Everybody who scans the code reads it; 1 to %d characters. The wallet then signs nothing until an amendment lifts the freeze.", lineage.MaxReason)}}
}

// Step consumes Start, Scanned, and by what is awaited Approve, Refuse or Typed.
func (s *Station) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		s.await = awaitingMessage{}
		return ceremonies.Step{Screen: s.Screen(e.Time)}, nil
	case ceremonies.Scanned:
		return s.scanned(e, in.Bytes)
	case ceremonies.Approve:
		switch w := s.await.(type) {
		case awaitingDecision:
			if w.digest == in.Digest {
				return s.acknowledge(e, w)
			}
		case awaitingVoid:
			if w.request.Digest == in.Digest {
				return s.void(e, w.request)
			}
		}
	case ceremonies.Refuse:
		switch w := s.await.(type) {
		case awaitingDecision:
			if w.digest == in.Digest {
				return s.refuse(e, w.digest, "amendment/declined", []string{"The people at this station refused: " + in.Reason})
			}
		case awaitingVoid:
			if w.request.Digest == in.Digest {
				s.await = awaitingMessage{}
				return ceremonies.Step{Screen: s.Screen(e.Time)}, nil
			}
		}
	case ceremonies.Typed:
		if _, ok := s.await.(awaitingReason); ok {
			return s.freeze(e, strings.TrimSpace(in.Text))
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", s.await.awaited())
}

// scanned routes a message by what its envelope claims; each handler opens it.
func (s *Station) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	claim, err := wire.Peek(sealed)
	if err != nil {
		return ceremonies.Step{}, unreadable(err)
	}
	switch claim.Kind {
	case wire.KindBallot:
		return s.ballot(e, sealed)
	case wire.KindCertificate:
		return s.certificate(e, sealed)
	case wire.KindVoidRequest:
		return s.voidRequest(e, sealed)
	case wire.KindFreeze:
		return s.frozen(e, sealed)
	case wire.KindChallenge:
		return s.challenge(e, sealed)
	}
	return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", s.await.awaited())
}

// save gives the records of an event: a new state with one transcript entry more,
// and what else is to be kept. The state becomes the machine's.
func (s *Station) save(next stationState, e ceremonies.Event, what string, body []byte, more ...ceremonies.Record) ([]ceremonies.Record, error) {
	log, entry, err := next.Log.with(e.Time, what, body)
	if err != nil {
		return nil, unable(err)
	}
	next.Log = log
	b, err := wire.Marshal(next)
	if err != nil {
		return nil, unable(err)
	}
	s.state = next
	return append(more, ceremonies.Record{Name: StateName, Value: b}, entry), nil
}

// show seals an answer and shows it, kept under a name if there is one.
func (s *Station) show(e ceremonies.Event, next stationState, kind wire.Kind, body []byte, what, name string, screen func(wire.Message) ceremonies.Screen) (ceremonies.Step, error) {
	m, err := wire.Seal(kind, [32]byte(s.line.Wallet().ID()), body, s.setup.Instance, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	var more []ceremonies.Record
	if name != "" {
		more = append(more, ceremonies.Record{Name: name, Value: m.Bytes})
	}
	save, err := s.save(next, e, what, m.Bytes, more...)
	if err != nil {
		return ceremonies.Step{}, err
	}
	s.await = awaitingMessage{}
	return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: screen(m)}, nil
}

func toCoordinator(title string) func(wire.Message) ceremonies.Screen {
	return func(m wire.Message) ceremonies.Screen {
		return ceremonies.Show{Title: title, To: "the coordinator", Message: m}
	}
}

// refuse answers a ballot with a signed refusal.
func (s *Station) refuse(e ceremonies.Event, ballot [32]byte, code string, reason []string) (ceremonies.Step, error) {
	reason = bounded(reason)
	body, err := wire.Marshal(Refusal{Ballot: ballot, Reason: reason})
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	return s.show(e, s.state, wire.KindBallotRefusal, body, "refused", "", func(wire.Message) ceremonies.Screen {
		return ceremonies.Failed{Fault: &ceremonies.Fault{
			Code: code, What: "Refused. " + strings.Join(reason, " "), Safe: "The charter in force stays as it is.",
			Remedy: "Show the refusal to the coordinator, which will say what to change.",
		}}
	})
}

// bounded keeps a refusal within its message.
func bounded(reasons []string) []string {
	if len(reasons) > maxReasons {
		more := fmt.Sprintf("And %d more.", len(reasons)-maxReasons+1)
		reasons = append(slices.Clone(reasons[:maxReasons-1]), more)
	}
	out := make([]string, len(reasons))
	for i, r := range reasons {
		if len(r) > maxReason {
			r = strings.ToValidUTF8(r[:maxReason], "") + " ..."
		}
		out[i] = strings.ToValidUTF8(r, "")
	}
	return out
}

func answerName(kind string, digest [32]byte) string {
	return answerPrefix + kind + "/" + hex.EncodeToString(digest[:])
}
