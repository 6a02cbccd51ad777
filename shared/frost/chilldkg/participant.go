package chilldkg

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/frost"
	"heliograph/shared/frost/internal/k256"
)

// Output is what key generation is for. Shares and key carry the BIP341 tweak
// already: BIP445 takes them as they are.
type Output struct {
	SecretShare  *frost.SecretShare // this participant's; nil for the coordinator
	ThresholdKey [pointSize]byte    // compressed, never infinity
	PublicShares [][pointSize]byte
}

// ParticipantState1 awaits the coordinator's first message. It holds no secret.
// It must be stored before pmsg1 is sent and serve one ParticipantStep2.
// Not comparable.
type ParticipantState1 struct {
	_           [0]func()
	params      Params
	participant int
	commitment  [pointSize]byte // to the secret that we dealt
	pubnonce    [pointSize]byte
	used        bool
}

// ParticipantState2 awaits the certificate. It holds the secret share. It must be
// stored before pmsg2 is sent. Not comparable.
type ParticipantState2 struct {
	_           [0]func()
	participant int
	transcript  transcript
	key         groupKey
	share       *k256.Scalar // with the tweak
}

// Participant returns the index of this participant, 0..n-1.
func (s *ParticipantState1) Participant() int { return s.participant }

// Params returns the session's parameters.
func (s *ParticipantState1) Params() Params { return s.params.clone() }

// Participant returns the index of this participant, 0..n-1.
func (s *ParticipantState2) Participant() int { return s.participant }

// Params returns the session's parameters.
func (s *ParticipantState2) Params() Params { return s.transcript.params.clone() }

// EqInput returns the transcript that this participant signed: equal for all
// participants of a successful session.
func (s *ParticipantState2) EqInput() []byte { return s.transcript.bytes() }

// Wipe overwrites the secret share.
func (s *ParticipantState2) Wipe() { s.share.Wipe() }

// String hides the state.
func (s *ParticipantState2) String() string { return "chilldkg.ParticipantState2(redacted)" }

// GoString hides the state.
func (s *ParticipantState2) GoString() string { return s.String() }

// ParticipantStep1 deals this participant's shares. random must be fresh. The
// result is the state to keep and pmsg1 (ParticipantMsg1Size bytes) for the
// coordinator; equal arguments give an equal message. Errors:
// *HostSecretKeyError, those of Params.Validate, ErrRandomness.
func ParticipantStep1(host *HostSecretKey, p Params, random [32]byte) (*ParticipantState1, []byte, error) {
	if err := host.usable(); err != nil {
		return nil, nil, err
	}
	hostPoints, err := p.hostPoints()
	if err != nil {
		return nil, nil, err
	}
	participant, err := p.participant(host)
	if err != nil {
		return nil, nil, err
	}
	if random == [32]byte{} {
		return nil, nil, ErrRandomness
	}

	seed := sessionSeed(host, random, p)
	defer clear(seed[:])
	aux := taggedHash(bipTag+"simplpedpop aux", seed[:])
	defer clear(aux[:])
	secnonce, pubnonce, err := encryptionNonce(seed)
	if err != nil {
		return nil, nil, err
	}
	defer secnonce.Wipe()
	dealt, err := deal(seed, p, participant, aux)
	if err != nil {
		return nil, nil, err
	}
	defer dealt.wipe()

	msg := participantMsg1{
		commitment: dealt.commitment,
		pop:        dealt.pop,
		pubnonce:   pubnonce,
		encShares:  encryptShares(host, secnonce, pubnonce, p, hostPoints, participant, dealt.shares),
	}
	state := &ParticipantState1{
		params:      p.clone(),
		participant: participant,
		commitment:  dealt.commitment[0].Bytes(),
		pubnonce:    pubnonce,
	}
	return state, msg.bytes(), nil
}

// ParticipantStep2 checks what all participants dealt and signs the transcript.
// host must be the key of step 1; aux should be fresh (BIP340). The result is the
// state to keep and pmsg2 (ParticipantMsg2Size bytes) for the coordinator.
//
// Once pmsg2 is sent the host secret key must be kept for ever: others may
// complete the session and pay to its key, whatever reaches us afterwards.
//
// Errors: *HostSecretKeyError, ErrStateUsed, *FaultyCoordinatorError (wrapping
// ErrLength for a wrong length), *FaultyParticipantOrCoordinatorError,
// *UnknownFaultyParticipantOrCoordinatorError (see ParticipantInvestigate). state1
// is used up by success and by every error that names a fault, except a wrong length.
func ParticipantStep2(host *HostSecretKey, state1 *ParticipantState1, cmsg1 []byte, aux [32]byte) (*ParticipantState2, []byte, error) {
	if state1.used {
		return nil, nil, ErrStateUsed
	}
	got, err := state1.receive(host, cmsg1)
	if err != nil {
		var badKey *HostSecretKeyError
		state1.used = !errors.As(err, &badKey) && !errors.Is(err, ErrLength)
		return nil, nil, err
	}
	state1.used = true
	defer got.wipe()
	if !got.valid {
		return nil, nil, &UnknownFaultyParticipantOrCoordinatorError{errors.New("the secret share does not match the commitments; an investigation can name a suspect")}
	}
	group, err := got.transcript.groupKey()
	if err != nil {
		return nil, nil, &UnknownFaultyParticipantOrCoordinatorError{err}
	}
	sig, err := hostSign(host, certificatePurpose, state1.participant, got.transcript.bytes(), aux)
	if err != nil {
		return nil, nil, err
	}
	state2 := &ParticipantState2{
		participant: state1.participant,
		transcript:  got.transcript,
		key:         group,
		share:       got.share.Add(group.tweak),
	}
	return state2, sig[:], nil
}

// received is what a participant makes of cmsg1. share and pads are secret.
type received struct {
	transcript transcript
	pads       []*k256.Scalar // by dealer
	share      *k256.Scalar   // before the tweak
	valid      bool           // share matches the summed commitment
}

func (r *received) wipe() {
	wipeAll(r.pads)
	r.share.Wipe()
}

// receive makes every check on cmsg1 that can name a suspect, and says whether the
// share is valid.
func (s *ParticipantState1) receive(host *HostSecretKey, cmsg1 []byte) (*received, error) {
	if err := host.usable(); err != nil {
		return nil, err
	}
	p := s.params
	if host.PublicKey() != p.HostKeys[s.participant] {
		return nil, &HostSecretKeyError{"is not the one of the first step"}
	}
	msg, err := parseCoordinatorMsg1(cmsg1, p.T, len(p.HostKeys))
	if err != nil {
		return nil, &FaultyCoordinatorError{err}
	}
	if msg.pubnonces[s.participant] != s.pubnonce {
		return nil, &FaultyCoordinatorError{errors.New("our public nonce came back altered")}
	}
	pads, err := decryptionPads(host, p, s.participant, msg.pubnonces)
	if err != nil {
		return nil, err
	}
	if msg.secrets[s.participant].Bytes() != s.commitment {
		wipeAll(pads)
		return nil, &FaultyCoordinatorError{errors.New("our commitment came back altered")}
	}
	if err := s.checkDealers(msg); err != nil {
		wipeAll(pads)
		return nil, err
	}
	got := &received{
		transcript: transcript{params: p.clone(), commitment: msg.sumCommitment(), pubnonces: msg.pubnonces, encShares: msg.encShares},
		pads:       pads,
		share:      msg.encShares[s.participant].Sub(sumScalars(pads)),
	}
	got.valid = shareMatches(got.transcript.commitment, p.T, s.participant, got.share)
	return got, nil
}

// checkDealers checks that every other participant knows the secret that it dealt.
func (s *ParticipantState1) checkDealers(msg coordinatorMsg1) error {
	for i, secret := range msg.secrets {
		if i == s.participant {
			continue
		}
		if err := checkDealer(secret, msg.pops[i], i); err != nil {
			return &FaultyParticipantOrCoordinatorError{i, err}
		}
	}
	return nil
}

// checkDealer checks one proof of possession. There is none for the point at
// infinity.
func checkDealer(secret k256.Point, pop [signatureSize]byte, participant int) error {
	if !schnorrVerify(popTag, secret, popMessage(participant), pop) {
		return errors.New("proof of possession is invalid")
	}
	return nil
}

// ParticipantFinalize checks the certificate cmsg2 (CoordinatorMsg2Size bytes)
// and returns the outputs and the recovery data. Success means that every honest
// participant signed the same transcript and can be convinced by the recovery
// data. It does not mean that the others hold it: have all of them confirm
// (RecoveryAckSign) before the key receives money.
//
// Error: *FaultyCoordinatorError, which does not mean that the session failed.
// state2 stays usable for another cmsg2.
func ParticipantFinalize(state2 *ParticipantState2, cmsg2 []byte) (Output, []byte, error) {
	keys := state2.transcript.params.HostKeys
	if want := CoordinatorMsg2Size(len(keys)); len(cmsg2) != want {
		return Output{}, nil, &FaultyCoordinatorError{wrongLength("bytes of the certificate", len(cmsg2), want)}
	}
	eqInput := state2.transcript.bytes()
	if invalid := verifyCertificate(keys, eqInput, cmsg2); invalid != nil {
		return Output{}, nil, &FaultyCoordinatorError{invalid}
	}
	out, err := state2.key.participantOutput(state2.participant, state2.share)
	if err != nil {
		return Output{}, nil, fmt.Errorf("chilldkg: finalise: %w", err)
	}
	return out, slices.Concat(eqInput, cmsg2), nil
}

// participantOutput returns the outputs with a copy of the participant's share,
// which must be the one that its public share speaks of.
func (k groupKey) participantOutput(participant int, share *k256.Scalar) (Output, error) {
	b := share.Bytes()
	defer clear(b[:])
	secret, err := frost.ParseSecretShare(b[:])
	if err != nil {
		return Output{}, err
	}
	if secret.PublicShare() != k.publicShares[participant] {
		secret.Wipe()
		return Output{}, errShareMismatch
	}
	out := k.output()
	out.SecretShare = secret
	return out, nil
}

// output returns the public outputs.
func (k groupKey) output() Output {
	return Output{ThresholdKey: k.threshold, PublicShares: slices.Clone(k.publicShares)}
}
