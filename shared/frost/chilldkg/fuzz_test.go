package chilldkg

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
)

// seeds are the messages and states of one honest 2-of-3 session.
type seeds struct {
	params                     Params
	hosts                      []*HostSecretKey
	pmsgs1, pmsgs2, cinvs      [][]byte
	cmsg1, cmsg2, recovery     []byte
	first, second, coordinator []byte
	coordinatorState           *CoordinatorState
	secondState                *ParticipantState2
}

func newSeeds(f *testing.F) seeds {
	f.Helper()
	must := func(err error) {
		if err != nil {
			f.Fatal(err)
		}
	}
	s := seeds{params: Params{T: 2}}
	for i := range 3 {
		secret := sha256.Sum256([]byte{byte(i)})
		host, err := ParseHostSecretKey(secret[:])
		must(err)
		s.hosts = append(s.hosts, host)
		s.params.HostKeys = append(s.params.HostKeys, host.PublicKey())
	}
	var states []*ParticipantState1
	for _, host := range s.hosts {
		state, pmsg1, err := ParticipantStep1(host, s.params, [32]byte{1})
		must(err)
		states = append(states, state)
		s.pmsgs1 = append(s.pmsgs1, pmsg1)
	}
	var err error
	s.first, err = states[0].Marshal()
	must(err)
	s.coordinatorState, s.cmsg1, err = CoordinatorStep1(s.params, s.pmsgs1)
	must(err)
	s.coordinator = s.coordinatorState.Marshal()
	s.cinvs, err = CoordinatorInvestigate(s.params, s.pmsgs1)
	must(err)
	for i, state := range states {
		state2, pmsg2, err := ParticipantStep2(s.hosts[i], state, s.cmsg1, [32]byte{})
		must(err)
		s.pmsgs2 = append(s.pmsgs2, pmsg2)
		if i == 0 {
			s.secondState, s.second = state2, state2.Marshal()
		}
	}
	s.cmsg2, _, s.recovery, err = CoordinatorFinalize(s.coordinatorState, s.pmsgs2)
	must(err)
	return s
}

// Invariant: pmsg1 that is accepted has exactly one size for t and n, encodes back to
// the same bytes, and holds t points and n scalars.
func FuzzParticipantMsg1(f *testing.F) {
	s := newSeeds(f)
	f.Add(s.pmsgs1[0], byte(2), byte(3))
	f.Add(s.pmsgs1[0][:ParticipantMsg1Size(1, 1)], byte(1), byte(1))
	f.Fuzz(func(t *testing.T, b []byte, threshold, n byte) {
		if threshold < 1 || threshold > n || n > MaxParticipants {
			return
		}
		m, err := parseParticipantMsg1(b, int(threshold), int(n))
		if err != nil {
			return
		}
		if len(b) != ParticipantMsg1Size(int(threshold), int(n)) || len(m.commitment) != int(threshold) || len(m.encShares) != int(n) || !bytes.Equal(m.bytes(), b) {
			t.Fatalf("%x accepted as a message of %d-of-%d", b, threshold, n)
		}
	})
}

// Invariant: cmsg1 that is accepted has exactly one size for t and n, encodes back to
// the same bytes, and its sum is a commitment of t points.
func FuzzCoordinatorMsg1(f *testing.F) {
	s := newSeeds(f)
	f.Add(s.cmsg1, byte(2), byte(3))
	f.Add(s.cmsg1[:CoordinatorMsg1Size(1, 1)], byte(1), byte(1))
	f.Fuzz(func(t *testing.T, b []byte, threshold, n byte) {
		if threshold < 1 || threshold > n || n > MaxParticipants {
			return
		}
		m, err := parseCoordinatorMsg1(b, int(threshold), int(n))
		if err != nil {
			return
		}
		if len(m.sumCommitment()) != int(threshold) || len(m.encShares) != int(n) || !bytes.Equal(m.bytes(), b) {
			t.Fatalf("%x accepted as a message of %d-of-%d", b, threshold, n)
		}
	})
}

// Invariant: whatever the coordinator sends, a participant answers with a signature
// or with an error that leaves the coordinator among the suspects, and an
// investigation of the same bytes agrees.
func FuzzParticipantStep2(f *testing.F) {
	s := newSeeds(f)
	f.Add(s.cmsg1, s.cinvs[0])
	altered := bytes.Clone(s.cmsg1)
	altered[len(altered)-65] ^= 1 // the share of participant 0
	f.Add(altered, s.cinvs[0])
	f.Fuzz(func(t *testing.T, cmsg1, cinv []byte) {
		state1, err := ParseParticipantState1(s.first)
		if err != nil {
			t.Fatal(err)
		}
		state2, pmsg2, err := ParticipantStep2(s.hosts[0], state1, cmsg1, [32]byte{})
		finding := ParticipantInvestigate(s.hosts[0], state1, cmsg1, cinv)
		var coordinator *FaultyCoordinatorError
		var either *FaultyParticipantOrCoordinatorError
		var unknown *UnknownFaultyParticipantOrCoordinatorError
		switch {
		case err == nil:
			if !hostVerify(s.params.HostKeys[0], certificatePurpose, 0, state2.EqInput(), [64]byte(pmsg2)) || finding != ErrConsistent {
				t.Fatalf("signed, but: %v", finding)
			}
		case errors.As(err, &coordinator), errors.As(err, &either):
			if finding == nil || finding.Error() != err.Error() {
				t.Fatalf("step says %v, investigation says %v", err, finding)
			}
		case errors.As(err, &unknown):
			if !errors.As(finding, &coordinator) && !errors.As(finding, &either) && !errors.Is(finding, ErrDegenerate) {
				t.Fatalf("investigation says %v", finding)
			}
			if either != nil && either.Participant == 0 {
				t.Fatal("participant 0 suspects itself")
			}
		default:
			t.Fatalf("error without a suspect: %v", err)
		}
	})
}

// Invariant: an investigation message that is accepted has exactly one size for n and
// encodes back to the same bytes.
func FuzzInvestigationMsg(f *testing.F) {
	s := newSeeds(f)
	f.Add(s.cinvs[0], byte(3))
	f.Fuzz(func(t *testing.T, b []byte, n byte) {
		if n < 1 || n > MaxParticipants {
			return
		}
		m, err := parseInvestigationMsg(b, int(n))
		if err == nil && (len(m.encShares) != int(n) || !bytes.Equal(m.bytes(), b)) {
			t.Fatalf("%x accepted as a message of %d", b, n)
		}
	})
}

// Invariant: a second message other than the participant's own signature blames it, and
// nobody else, and leaves the coordinator's state as it was.
func FuzzParticipantMsg2(f *testing.F) {
	s := newSeeds(f)
	f.Add(s.pmsgs2[1])
	f.Add(s.pmsgs2[0])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, recovery, err := CoordinatorFinalize(s.coordinatorState, [][]byte{s.pmsgs2[0], b, s.pmsgs2[2]})
		var fault *FaultyParticipantError
		if err != nil && (!errors.As(err, &fault) || fault.Participant != 1) {
			t.Fatal(err)
		}
		if err == nil && !bytes.HasPrefix(recovery, s.coordinatorState.EqInput()) {
			t.Fatal("recovery data of another transcript")
		}
	})
}

// Invariant: a certificate that is accepted is n signatures on the transcript, makes
// recovery data that opens, and anything else blames the coordinator.
func FuzzCoordinatorMsg2(f *testing.F) {
	s := newSeeds(f)
	f.Add(s.cmsg2)
	f.Add(s.cmsg2[:128])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, recovery, err := ParticipantFinalize(s.secondState, b)
		var fault *FaultyCoordinatorError
		if err != nil && !errors.As(err, &fault) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		if _, _, err := Recover(s.hosts[0], recovery); err != nil {
			t.Fatal(err)
		}
	})
}

// Invariant: a transcript that is read encodes back to the same bytes, with and without
// a certificate behind it, and recovery data is accepted only if its certificate holds.
func FuzzRecoveryData(f *testing.F) {
	s := newSeeds(f)
	f.Add(s.recovery)
	f.Add(s.secondState.EqInput())
	f.Add(s.recovery[:4+66])
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, trailer := range []int{0, signatureSize} {
			if tr, rest, err := parseTranscript(b, trailer); err == nil && (!bytes.Equal(append(tr.bytes(), rest...), b) || len(rest) != trailer*len(tr.params.HostKeys)) {
				t.Fatalf("%x reads as another transcript", b)
			}
		}
		out, p, err := Recover(nil, b)
		var bad *RecoveryDataError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		eqInput, err := EqInputOf(b)
		if err != nil || len(out.PublicShares) != len(p.HostKeys) || len(b) != RecoveryDataSize(p.T, len(p.HostKeys)) {
			t.Fatalf("accepted, but: %v", err)
		}
		if invalid := verifyCertificate(p.HostKeys, eqInput, b[len(eqInput):]); invalid != nil {
			t.Fatal(invalid)
		}
	})
}

// Invariant: a first state that is read encodes back to the same bytes and names a
// participant of valid parameters.
func FuzzParticipantState1(f *testing.F) {
	f.Add(newSeeds(f).first)
	f.Fuzz(func(t *testing.T, b []byte) {
		state, err := ParseParticipantState1(b)
		if err != nil {
			return
		}
		again, err := state.Marshal()
		if err != nil || !bytes.Equal(again, b) || state.Params().Validate() != nil || state.Participant() >= len(state.Params().HostKeys) {
			t.Fatalf("%x accepted: %v", b, err)
		}
	})
}

// Invariant: a second state that is read encodes back to the same bytes and holds the
// share that its public share speaks of.
func FuzzParticipantState2(f *testing.F) {
	f.Add(newSeeds(f).second)
	f.Fuzz(func(t *testing.T, b []byte) {
		state, err := ParseParticipantState2(b)
		if err != nil {
			return
		}
		if !bytes.Equal(state.Marshal(), b) || state.share.BaseMul().Bytes() != state.key.publicShares[state.participant] {
			t.Fatal("another state accepted")
		}
	})
}

// Invariant: a coordinator state that is read encodes back to the same bytes.
func FuzzCoordinatorState(f *testing.F) {
	f.Add(newSeeds(f).coordinator)
	f.Fuzz(func(t *testing.T, b []byte) {
		state, err := ParseCoordinatorState(b)
		if err == nil && !bytes.Equal(state.Marshal(), b) {
			t.Fatalf("%x accepted", b)
		}
	})
}
