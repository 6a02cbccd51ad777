package chilldkg

import (
	"errors"
	"fmt"
)

// ErrLength reports a key, list or message that does not have the length which
// the parameters give. Nothing in it was looked at. It is alone when the caller
// is at fault, and wrapped in a Faulty... error when a message came from
// another party.
var ErrLength = errors.New("wrong length")

// ErrRandomness reports 32 zero bytes where fresh randomness was wanted: the
// random generator of this machine is broken. It accuses nobody else.
var ErrRandomness = errors.New("chilldkg: random bytes are all zero")

// ErrStateUsed reports a first state given to ParticipantStep2 a second time. A
// participant that signs two transcripts of one session breaks the
// agreement that the certificate stands for.
var ErrStateUsed = errors.New("chilldkg: state was already used for a second step")

// ErrDegenerate reports that the threshold key or a public share came out as the
// point at infinity. This does not happen by chance: somebody chose a message
// after having seen others. It does not say who.
var ErrDegenerate = errors.New("the threshold key or a public share is the point at infinity")

// ErrConsistent reports an investigation that found nothing: cmsg1 gives a valid
// share. The caller mixed up messages of different sessions.
var ErrConsistent = errors.New("chilldkg: nothing to investigate: the secret share is valid")

// errShareMismatch reports a share that is not the discrete logarithm of its
// public share.
var errShareMismatch = errors.New("secret share does not match its public share")

// HostSecretKeyError reports a host secret key that is not in 1..order-1, was
// wiped, or belongs to no host public key of the session. It accuses nobody.
type HostSecretKeyError struct{ Reason string }

func (e *HostSecretKeyError) Error() string { return "chilldkg: host secret key: " + e.Reason }

// ThresholdOrCountError reports parameters outside 1 <= t <= n <= MaxParticipants.
type ThresholdOrCountError struct{ T, N int }

func (e *ThresholdOrCountError) Error() string {
	return fmt.Sprintf("chilldkg: session parameters: threshold %d of %d participants, want 1 <= t <= n <= %d", e.T, e.N, MaxParticipants)
}

// InvalidHostPublicKeyError reports a host public key that is not a point in
// compressed form. If the key reached us as its owner sent it, its owner is
// faulty.
type InvalidHostPublicKeyError struct{ Participant int }

func (e *InvalidHostPublicKeyError) Error() string {
	return fmt.Sprintf("chilldkg: session parameters: host public key of participant %d is not a compressed point", e.Participant)
}

// DuplicateHostPublicKeyError reports two participants with one host public key.
// If the keys reached us as their owners sent them, at least one of the two is
// faulty; it does not say which, since one may have copied the other.
type DuplicateHostPublicKeyError struct{ Participant1, Participant2 int }

func (e *DuplicateHostPublicKeyError) Error() string {
	return fmt.Sprintf("chilldkg: session parameters: participants %d and %d have the same host public key", e.Participant1, e.Participant2)
}

// FaultyParticipantError is the coordinator's: a participant sent a message
// that no honest participant sends. Proven to an honest coordinator, provided
// that the message arrived as it was sent. It proves nothing to a third
// party, who has only the coordinator's word for it.
type FaultyParticipantError struct {
	Participant int
	Err         error
}

func (e *FaultyParticipantError) Error() string {
	return fmt.Sprintf("chilldkg: participant %d is faulty: %v", e.Participant, e.Err)
}

func (e *FaultyParticipantError) Unwrap() error { return e.Err }

// FaultyParticipantOrCoordinatorError is a participant's: either the named
// participant is faulty, or the coordinator is and has framed it. Which of the
// two is not proven. That one of them is, holds if messages arrived as they were sent.
type FaultyParticipantOrCoordinatorError struct {
	Participant int
	Err         error
}

func (e *FaultyParticipantOrCoordinatorError) Error() string {
	return fmt.Sprintf("chilldkg: participant %d or the coordinator is faulty: %v", e.Participant, e.Err)
}

func (e *FaultyParticipantOrCoordinatorError) Unwrap() error { return e.Err }

// FaultyCoordinatorError is a participant's: the coordinator sent a message that
// no honest coordinator sends, whatever the participants did. Proven to the
// participant that reports it, provided that messages arrived as they were
// sent, and to nobody else.
//
// From ParticipantFinalize it does not mean that the session failed: another
// participant may hold a good certificate and use the key. Keep the host secret
// key; Recover accepts that participant's recovery data.
type FaultyCoordinatorError struct{ Err error }

func (e *FaultyCoordinatorError) Error() string {
	return fmt.Sprintf("chilldkg: coordinator is faulty: %v", e.Err)
}

func (e *FaultyCoordinatorError) Unwrap() error { return e.Err }

// UnknownFaultyParticipantOrCoordinatorError is a participant's: the coordinator
// or some other participant is faulty and what we have does not say who. Keep
// the first state and cmsg1, ask the coordinator for an investigation message
// and call ParticipantInvestigate. (With ErrDegenerate inside there is
// nothing more to learn.) It holds no data of the investigation, so it may be
// logged.
type UnknownFaultyParticipantOrCoordinatorError struct{ Err error }

func (e *UnknownFaultyParticipantOrCoordinatorError) Error() string {
	return fmt.Sprintf("chilldkg: an unknown participant or the coordinator is faulty: %v", e.Err)
}

func (e *UnknownFaultyParticipantOrCoordinatorError) Unwrap() error { return e.Err }

// RecoveryDataError reports recovery data that is malformed, not signed by all
// of its host keys, or not of the session that was named. It says nothing about who
// made it.
type RecoveryDataError struct{ Err error }

func (e *RecoveryDataError) Error() string { return fmt.Sprintf("chilldkg: recovery data: %v", e.Err) }

func (e *RecoveryDataError) Unwrap() error { return e.Err }

// InvalidRecoveryAckError reports an acknowledgement that its participant did
// not sign. Key generation has not failed; it is only not confirmed that this
// participant holds the recovery data.
type InvalidRecoveryAckError struct{ Participant int }

func (e *InvalidRecoveryAckError) Error() string {
	return fmt.Sprintf("chilldkg: recovery acknowledgement of participant %d: invalid signature", e.Participant)
}

// wrongLength reports count things where want were due.
func wrongLength(what string, got, want int) error {
	return fmt.Errorf("%s: %w: %d, want %d", what, ErrLength, got, want)
}
