package chilldkg

import (
	"fmt"
	"slices"

	"heliograph/shared/frost/internal/k256"
)

// CoordinatorState awaits the participants' second messages. It holds no secret.
// Not comparable.
type CoordinatorState struct {
	_          [0]func()
	transcript transcript
	key        groupKey
}

// Params returns the session's parameters.
func (s *CoordinatorState) Params() Params { return s.transcript.params.clone() }

// EqInput returns the transcript that the participants are to sign.
func (s *CoordinatorState) EqInput() []byte { return s.transcript.bytes() }

// CoordinatorStep1 adds up the participants' first messages, pmsgs1[i] being that
// of participant i. The result is the state to keep and cmsg1
// (CoordinatorMsg1Size bytes) for all participants. It learns no secret.
//
// Errors: those of Params.Validate, ErrLength (not one message for each
// participant), *FaultyParticipantError (wrapping ErrLength for a message of a
// wrong length, such as one that commits to more than t coefficients), ErrDegenerate.
func CoordinatorStep1(p Params, pmsgs1 [][]byte) (*CoordinatorState, []byte, error) {
	dealt, err := parseDealt(p, pmsgs1)
	if err != nil {
		return nil, nil, err
	}
	n := len(p.HostKeys)
	msg := coordinatorMsg1{higher: make([]k256.Point, p.T-1), encShares: make([]*k256.Scalar, n)}
	for i, m := range dealt {
		if err := checkDealer(m.commitment[0], m.pop, i); err != nil {
			return nil, nil, &FaultyParticipantError{i, err}
		}
		if _, err := k256.ParsePoint(m.pubnonce[:]); err != nil {
			return nil, nil, &FaultyParticipantError{i, fmt.Errorf("public nonce: %w", err)}
		}
		msg.secrets = append(msg.secrets, m.commitment[0])
		msg.pops = append(msg.pops, m.pop)
		msg.pubnonces = append(msg.pubnonces, m.pubnonce)
		for j := range msg.higher {
			msg.higher[j] = msg.higher[j].Add(m.commitment[j+1])
		}
	}
	for i := range msg.encShares {
		msg.encShares[i] = k256.ScalarFromInt(0)
		for _, m := range dealt {
			msg.encShares[i] = msg.encShares[i].Add(m.encShares[i])
		}
	}

	state := &CoordinatorState{transcript: transcript{params: p.clone(), commitment: msg.sumCommitment(), pubnonces: msg.pubnonces, encShares: msg.encShares}}
	if state.key, err = state.transcript.groupKey(); err != nil {
		return nil, nil, fmt.Errorf("chilldkg: add up first messages: %w", err)
	}
	return state, msg.bytes(), nil
}

// CoordinatorFinalize makes the certificate of the participants' second messages,
// pmsgs2[i] being that of participant i. The result is cmsg2 (CoordinatorMsg2Size
// bytes) for all participants, the public outputs and the recovery data.
//
// Errors: ErrLength (not one message for each participant),
// *FaultyParticipantError (wrapping ErrLength for a message of a wrong length).
// After an error the session may still succeed with another message of that
// participant, so state stays usable.
func CoordinatorFinalize(state *CoordinatorState, pmsgs2 [][]byte) ([]byte, Output, []byte, error) {
	keys := state.transcript.params.HostKeys
	if len(pmsgs2) != len(keys) {
		return nil, Output{}, nil, fmt.Errorf("chilldkg: make certificate: %w", wrongLength("second messages", len(pmsgs2), len(keys)))
	}
	for i, pmsg2 := range pmsgs2 {
		if len(pmsg2) != ParticipantMsg2Size {
			return nil, Output{}, nil, &FaultyParticipantError{i, wrongLength("bytes of the second message", len(pmsg2), ParticipantMsg2Size)}
		}
	}
	eqInput, cert := state.transcript.bytes(), slices.Concat(pmsgs2...)
	if invalid := verifyCertificate(keys, eqInput, cert); invalid != nil {
		return nil, Output{}, nil, &FaultyParticipantError{invalid.participant, invalid}
	}
	return cert, state.key.output(), slices.Concat(eqInput, cert), nil
}

// parseDealt checks the parameters and reads all first messages.
func parseDealt(p Params, pmsgs1 [][]byte) ([]participantMsg1, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if len(pmsgs1) != len(p.HostKeys) {
		return nil, fmt.Errorf("chilldkg: read first messages: %w", wrongLength("messages", len(pmsgs1), len(p.HostKeys)))
	}
	dealt := make([]participantMsg1, len(pmsgs1))
	for i, pmsg1 := range pmsgs1 {
		m, err := parseParticipantMsg1(pmsg1, p.T, len(p.HostKeys))
		if err != nil {
			return nil, &FaultyParticipantError{i, err}
		}
		dealt[i] = m
	}
	return dealt, nil
}
