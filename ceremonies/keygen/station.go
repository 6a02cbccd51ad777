package keygen

import (
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wire"
)

// Setup is what a station brings to key generation.
type Setup struct {
	Group
	Station  int // 0..n-1
	Host     *chilldkg.HostSecretKey
	Instance *wire.SigningKey
}

func (s Setup) check() error {
	if s.Station < 0 || s.Station >= len(s.Stations) {
		return fmt.Errorf("keygen: no station %d in the group", s.Station)
	}
	own := s.Stations[s.Station]
	if own.InstanceKey != s.Instance.Public() || own.HostKey != [33]byte(s.Host.PublicKey()) {
		return errors.New("keygen: this station's keys are not the enrolled ones")
	}
	return nil
}

// Station is a station's side of key generation.
type Station struct {
	setup Setup
	ring  wire.Keyring
	await await
	log   ceremonies.Transcript
	last  wire.Message // what was shown last, for showing again
}

// await is one private type per state, named for what it awaits.
type await interface{ awaited() string }

type awaitingInvite struct{}

type awaitingApproval struct{ draft charter.Charter }

type awaitingAggregate struct {
	draft  charter.Charter
	state1 *chilldkg.ParticipantState1
}

type awaitingCertificate struct {
	draft  charter.Charter
	state2 *chilldkg.ParticipantState2
}

type awaitingComparison struct{ share *Share }

type confirmed struct{ share *Share }

func (awaitingInvite) awaited() string      { return "the coordinator's invitation with the charter draft" }
func (awaitingApproval) awaited() string    { return "a decision on the charter draft" }
func (awaitingAggregate) awaited() string   { return "the coordinator's aggregate (visit 2)" }
func (awaitingCertificate) awaited() string { return "the certificate (visit 3)" }
func (awaitingComparison) awaited() string {
	return "the comparison of the first address with the other stations"
}
func (confirmed) awaited() string { return "nothing more" }

// savedState is the record "keygen/state". It holds secrets.
type savedState struct {
	Phase   uint8                 `cbor:"1,keyasint"` // see phase constants
	Draft   []byte                `cbor:"2,keyasint"`
	Secret  []byte                `cbor:"3,keyasint"` // state1, state2 or the share record
	Sent    []byte                `cbor:"4,keyasint"` // last message shown, sealed
	Kind    wire.Kind             `cbor:"5,keyasint"`
	Chained ceremonies.Transcript `cbor:"6,keyasint"`
}

const (
	stateName      = "keygen/state"
	TranscriptName = "keygen/transcript" // the events so far, a ceremonies.Transcript; not secret

	phaseInvite      = 1 // a session was abandoned
	phaseAggregate   = 2
	phaseCertificate = 3
	phaseComparison  = 4
	phaseConfirmed   = 5
)

// NewStation begins key generation.
func NewStation(setup Setup) (*Station, error) {
	if err := setup.check(); err != nil {
		return nil, err
	}
	ring, err := setup.keyring()
	if err != nil {
		return nil, err
	}
	return &Station{setup: setup, ring: ring, await: awaitingInvite{}}, nil
}

// ResumeStation rebuilds the machine from its kept records; without any it is
// NewStation.
func ResumeStation(setup Setup, kept []ceremonies.Record) (*Station, error) {
	s, err := NewStation(setup)
	if err != nil {
		return nil, err
	}
	for _, r := range kept {
		if r.Name == stateName {
			return s, s.restore(r.Value)
		}
	}
	return s, nil
}

func (s *Station) restore(record []byte) error {
	var st savedState
	if err := wire.Unmarshal(record, &st, 4<<20); err != nil {
		return errors.New("keygen: resume: the record cannot be read")
	}
	if err := st.Chained.Verify(); err != nil {
		return err
	}
	s.log = st.Chained
	if st.Phase == phaseInvite {
		return nil
	}
	draft, err := charter.Decode(st.Draft)
	if err != nil {
		return fmt.Errorf("keygen: resume: %w", err)
	}
	s.last = wire.Message{Kind: st.Kind, Bytes: st.Sent}
	switch st.Phase {
	case phaseAggregate:
		state1, err := chilldkg.ParseParticipantState1(st.Secret)
		if err != nil {
			return err
		}
		s.await = awaitingAggregate{draft: draft, state1: state1}
	case phaseCertificate:
		state2, err := chilldkg.ParseParticipantState2(st.Secret)
		if err != nil {
			return err
		}
		s.await = awaitingCertificate{draft: draft, state2: state2}
	case phaseComparison, phaseConfirmed:
		share, err := ParseShare(st.Secret)
		if err != nil {
			return err
		}
		s.await = awaitingComparison{share: share}
		if st.Phase == phaseConfirmed {
			s.await = confirmed{share: share}
		}
	default:
		return fmt.Errorf("keygen: resume: unknown phase %d", st.Phase)
	}
	return nil
}

// Share is the finished share; false before this station has confirmed.
func (s *Station) Share() (*Share, bool) {
	w, ok := s.await.(confirmed)
	if !ok {
		return nil, false
	}
	return w.share, true
}

// Step consumes an event; see the package comment for the order.
func (s *Station) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return s.show(), nil
	case ceremonies.Scanned:
		return s.scanned(e, in.Bytes)
	case ceremonies.Approve:
		if w, ok := s.await.(awaitingApproval); ok && in.Digest == w.draft.ID() {
			return s.join(e, w)
		}
	case ceremonies.Refuse:
		if w, ok := s.await.(awaitingApproval); ok && in.Digest == w.draft.ID() {
			s.await = awaitingInvite{}
			return ceremonies.Step{Screen: s.screen()}, nil
		}
	case ceremonies.Matches:
		if w, ok := s.await.(awaitingComparison); ok {
			return s.confirm(e, w)
		}
	case ceremonies.Differs:
		if w, ok := s.await.(awaitingComparison); ok {
			w.share.Wipe()
			return s.abandon(e, nil, &ceremonies.Fault{
				Code: "keygen/address-differs", Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator},
				What:   "The first address differs between stations: they do not hold shares of one key.",
				Safe:   "No address was offered for deposits, so no money is at risk.",
				Remedy: "Do not confirm at any station. Start again with a new enrolment.",
			})
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("keygen/unexpected", s.await.awaited())
}

// show gives the message of the last visit again, or the pending question.
func (s *Station) show() ceremonies.Step {
	step := ceremonies.Step{Screen: s.screen()}
	if _, asking := step.Screen.(ceremonies.Show); asking {
		step.Send = []wire.Message{s.last}
	}
	return step
}

func (s *Station) screen() ceremonies.Screen {
	switch w := s.await.(type) {
	case awaitingApproval:
		return reviewDraft(w.draft)
	case awaitingComparison:
		return compareAddress(w.share)
	}
	if s.last.Bytes == nil {
		return ceremonies.Scan{Title: "Key generation", Want: s.await.awaited()}
	}
	return ceremonies.Show{Title: "Key generation: " + s.last.Kind.String(), To: "the coordinator", Message: s.last}
}

func (s *Station) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	opened, err := wire.Open(sealed, s.ring)
	if err != nil {
		return ceremonies.Step{}, notOurs(err)
	}
	switch w := s.await.(type) {
	case awaitingInvite, awaitingApproval:
		if opened.Kind() == wire.KindKeygenInvite {
			return s.invited(opened)
		}
	case awaitingAggregate:
		if opened.Kind() == wire.KindKeygenAggregate {
			return s.aggregate(e, w, opened)
		}
	case awaitingCertificate:
		if opened.Kind() == wire.KindKeygenCertificate {
			return s.certificate(e, w, opened)
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("keygen/kind", s.await.awaited())
}

func notOurs(err error) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code: "keygen/not-ours", What: "This message cannot be believed: " + err.Error() + ".",
		Safe: "Nothing has changed.", Remedy: "Scan the message of this group's coordinator.",
	}
}
