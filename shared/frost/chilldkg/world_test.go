package chilldkg_test

import (
	"crypto/sha256"
	"encoding/binary"

	"heliograph/shared/frost/chilldkg"
)

// failer is what *testing.T, *testing.B and *rapid.T have in common.
type failer interface {
	Helper()
	Fatal(...any)
}

// bytes32 is deterministic "randomness" for participant i.
func bytes32(label string, i int) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint32([]byte(label), uint32(i)))
}

// world is one session up to the first messages, with an honest coordinator.
type world struct {
	params chilldkg.Params
	hosts  []*chilldkg.HostSecretKey
	states []*chilldkg.ParticipantState1
	pmsgs1 [][]byte
}

func newWorld(t failer, threshold, n int) *world {
	t.Helper()
	w := &world{params: chilldkg.Params{T: threshold}}
	for i := range n {
		secret := bytes32("host", i)
		host, err := chilldkg.ParseHostSecretKey(secret[:])
		if err != nil {
			t.Fatal(err)
		}
		w.hosts = append(w.hosts, host)
		w.params.HostKeys = append(w.params.HostKeys, host.PublicKey())
	}
	for i := range n {
		state, pmsg1, err := chilldkg.ParticipantStep1(w.hosts[i], w.params, bytes32("random", i))
		if err != nil {
			t.Fatal(err)
		}
		w.states = append(w.states, state)
		w.pmsgs1 = append(w.pmsgs1, pmsg1)
	}
	return w
}

// restart1 carries a state through its bytes, as a power cut does.
func restart1(t failer, s *chilldkg.ParticipantState1) *chilldkg.ParticipantState1 {
	t.Helper()
	b, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	restored, err := chilldkg.ParseParticipantState1(b)
	if err != nil {
		t.Fatal(err)
	}
	return restored
}

func restart2(t failer, s *chilldkg.ParticipantState2) *chilldkg.ParticipantState2 {
	t.Helper()
	restored, err := chilldkg.ParseParticipantState2(s.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	return restored
}

func restartCoordinator(t failer, s *chilldkg.CoordinatorState) *chilldkg.CoordinatorState {
	t.Helper()
	restored, err := chilldkg.ParseCoordinatorState(s.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	return restored
}
