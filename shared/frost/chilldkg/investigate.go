package chilldkg

import (
	"errors"

	"heliograph/shared/frost/internal/k256"
)

// CoordinatorInvestigate makes one investigation message for each participant
// (InvestigationMsgSize bytes) from the first messages that went into
// CoordinatorStep1. They hold nothing confidential: each may go to all. Errors:
// as CoordinatorStep1's for parameters and malformed messages.
func CoordinatorInvestigate(p Params, pmsgs1 [][]byte) ([][]byte, error) {
	dealt, err := parseDealt(p, pmsgs1)
	if err != nil {
		return nil, err
	}
	cinvs := make([][]byte, len(dealt))
	for i := range cinvs {
		var msg investigationMsg
		for _, m := range dealt {
			share, err := k256.EvalCommitment(m.commitment, p.T, position(i))
			if err != nil {
				return nil, err
			}
			msg.encShares = append(msg.encShares, m.encShares[i])
			msg.publicShares = append(msg.publicShares, share)
		}
		cinvs[i] = msg.bytes()
	}
	return cinvs, nil
}

// ParticipantInvestigate names a suspect after ParticipantStep2 ended with
// *UnknownFaultyParticipantOrCoordinatorError. host, state1 and cmsg1 are those of
// the failed step: the failure is worked out again from them, so that no secret
// waits in an error value and an investigation survives a restart. state1 may be
// used up. No signature is made.
//
// The error is the finding, never nil: *FaultyParticipantOrCoordinatorError (that
// participant sent us a wrong share, or the coordinator says so falsely),
// *FaultyCoordinatorError, what ParticipantStep2 found where it was no unknown
// fault, or ErrConsistent.
func ParticipantInvestigate(host *HostSecretKey, state1 *ParticipantState1, cmsg1, cinv []byte) error {
	got, err := state1.receive(host, cmsg1)
	if err != nil {
		return err
	}
	defer got.wipe()
	t, n := state1.params.T, len(state1.params.HostKeys)
	if got.valid {
		if _, err := got.transcript.groupKey(); err != nil {
			return &UnknownFaultyParticipantOrCoordinatorError{err}
		}
		return ErrConsistent
	}
	msg, err := parseInvestigationMsg(cinv, n)
	if err != nil {
		return &FaultyCoordinatorError{err}
	}

	publicShare, err := k256.EvalCommitment(got.transcript.commitment, t, position(state1.participant))
	if err != nil {
		return err
	}
	if !sumPoints(msg.publicShares).Equal(publicShare) {
		return &FaultyCoordinatorError{errors.New("partial public shares do not add up to the public share")}
	}
	if !sumScalars(msg.encShares).Equal(got.transcript.encShares[state1.participant]) {
		return &FaultyCoordinatorError{errors.New("encrypted partial shares do not add up to the encrypted share")}
	}
	for i, encShare := range msg.encShares {
		partial := encShare.Sub(got.pads[i])
		matches := partial.BaseMul().Equal(msg.publicShares[i])
		partial.Wipe()
		if matches {
			continue
		}
		if i == state1.participant {
			return &FaultyCoordinatorError{errors.New("our share to ourselves came back altered")}
		}
		return &FaultyParticipantOrCoordinatorError{i, errors.New("partial share does not match the commitment")}
	}
	// All parts match and add up, so the whole matches, which it did not.
	panic("chilldkg: internal error: investigation contradicts the second step")
}
