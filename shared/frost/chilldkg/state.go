package chilldkg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"heliograph/shared/frost/internal/k256"
)

// States survive a restart as bytes: a tag, n (4 bytes), then fixed-width fields.
// Only what cannot be derived is stored, so nothing in a state can contradict
// itself. n is the exception: eq_input does not carry it, and without it a state
// cut at the right place would be the state of a smaller session.
// The bytes of ParticipantState2 hold the secret share; whoever stores them
// encrypts them.

const (
	state1Tag      = "chilldkg participant 1\x00"
	state2Tag      = "chilldkg participant 2\x00"
	coordinatorTag = "chilldkg coordinator 1\x00"
)

// Marshal returns the state as bytes: tag, n (4), index (4), t (4), n host keys,
// own commitment (33), own public nonce (33). A state that was used up is refused:
// read back it would serve a second time.
func (s *ParticipantState1) Marshal() ([]byte, error) {
	if s.used {
		return nil, ErrStateUsed
	}
	b := header(state1Tag, len(s.params.HostKeys))
	b = binary.BigEndian.AppendUint32(b, uint32(s.participant))
	b = append(b, s.params.context()...)
	b = append(b, s.commitment[:]...)
	return append(b, s.pubnonce[:]...), nil
}

// ParseParticipantState1 reads what Marshal wrote, and nothing else.
func ParseParticipantState1(b []byte) (*ParticipantState1, error) {
	c, n, err := openState(b, state1Tag, "first state")
	if err != nil {
		return nil, err
	}
	if len(c.rest) != 4+4+pointSize*n+2*pointSize {
		return nil, fmt.Errorf("chilldkg: read first state: %w: %d bytes", ErrLength, len(b))
	}
	participant := c.number()
	p := Params{T: int(c.number())}
	for _, key := range c.encoded(n) {
		p.HostKeys = append(p.HostKeys, key)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("chilldkg: read first state: %w", err)
	}
	if participant >= uint32(len(p.HostKeys)) {
		return nil, fmt.Errorf("chilldkg: read first state: participant %d of %d", participant, len(p.HostKeys))
	}
	own := c.encoded(2)
	for _, point := range own {
		if _, err := k256.ParsePoint(point[:]); err != nil {
			return nil, fmt.Errorf("chilldkg: read first state: %w", err)
		}
	}
	return &ParticipantState1{params: p, participant: int(participant), commitment: own[0], pubnonce: own[1]}, nil
}

// Marshal returns the state as bytes, SECRET: tag, n (4), index (4), secret share
// (32), eq_input.
func (s *ParticipantState2) Marshal() []byte {
	share := s.share.Bytes()
	defer clear(share[:])
	b := header(state2Tag, len(s.transcript.params.HostKeys))
	b = binary.BigEndian.AppendUint32(b, uint32(s.participant))
	b = append(b, share[:]...)
	return append(b, s.transcript.bytes()...)
}

// ParseParticipantState2 reads what Marshal wrote, and nothing else. The share is
// checked against the transcript once more.
func ParseParticipantState2(b []byte) (*ParticipantState2, error) {
	c, n, err := openState(b, state2Tag, "second state")
	if err != nil {
		return nil, err
	}
	if len(c.rest) < 4+secretSize {
		return nil, fmt.Errorf("chilldkg: read second state: %w: %d bytes", ErrLength, len(b))
	}
	participant := c.number()
	share, err := k256.ScalarFromBytes(c.next(secretSize))
	if err != nil {
		return nil, errors.New("chilldkg: read second state: share is not below the group order")
	}
	t, key, err := restoreTranscript(c.rest, n, "second state")
	if err != nil {
		return nil, err
	}
	if participant >= uint32(len(t.params.HostKeys)) {
		return nil, fmt.Errorf("chilldkg: read second state: participant %d of %d", participant, len(t.params.HostKeys))
	}
	if share.BaseMul().Bytes() != key.publicShares[participant] {
		share.Wipe()
		return nil, fmt.Errorf("chilldkg: read second state: %w", errShareMismatch)
	}
	return &ParticipantState2{participant: int(participant), transcript: t, key: key, share: share}, nil
}

// Marshal returns the state as bytes: tag, n (4), eq_input. Nothing in it is secret.
func (s *CoordinatorState) Marshal() []byte {
	return append(header(coordinatorTag, len(s.transcript.params.HostKeys)), s.transcript.bytes()...)
}

// ParseCoordinatorState reads what Marshal wrote, and nothing else.
func ParseCoordinatorState(b []byte) (*CoordinatorState, error) {
	c, n, err := openState(b, coordinatorTag, "coordinator state")
	if err != nil {
		return nil, err
	}
	t, key, err := restoreTranscript(c.rest, n, "coordinator state")
	if err != nil {
		return nil, err
	}
	return &CoordinatorState{transcript: t, key: key}, nil
}

func header(tag string, n int) []byte {
	return binary.BigEndian.AppendUint32([]byte(tag), uint32(n))
}

// openState takes the tag and n off.
func openState(b []byte, tag, what string) (*cursor, int, error) {
	if !bytes.HasPrefix(b, []byte(tag)) || len(b) < len(tag)+4 {
		return nil, 0, fmt.Errorf("chilldkg: read %s: begins with another tag", what)
	}
	c := &cursor{b[len(tag):]}
	n := c.number()
	if n > MaxParticipants {
		return nil, 0, fmt.Errorf("chilldkg: read %s: %d participants, want at most %d", what, n, MaxParticipants)
	}
	return c, int(n), nil
}

// restoreTranscript reads eq_input of n participants to the end and derives the
// key again.
func restoreTranscript(b []byte, n int, what string) (transcript, groupKey, error) {
	t, _, err := parseTranscript(b, 0)
	if err != nil {
		return transcript{}, groupKey{}, fmt.Errorf("chilldkg: read %s: %w", what, err)
	}
	if err := t.params.Validate(); err != nil {
		return transcript{}, groupKey{}, fmt.Errorf("chilldkg: read %s: %w", what, err)
	}
	if len(t.params.HostKeys) != n {
		return transcript{}, groupKey{}, fmt.Errorf("chilldkg: read %s: %w", what, wrongLength("participants in the transcript", len(t.params.HostKeys), n))
	}
	key, err := t.groupKey()
	if err != nil {
		return transcript{}, groupKey{}, fmt.Errorf("chilldkg: read %s: %w", what, err)
	}
	return t, key, nil
}
