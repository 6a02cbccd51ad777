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
	return newWorldOf(t, "", threshold, n)
}

// newWorldOf makes a session of other people for each salt.
func newWorldOf(t failer, salt string, threshold, n int) *world {
	t.Helper()
	w := &world{params: chilldkg.Params{T: threshold}}
	for i := range n {
		secret := bytes32("host"+salt, i)
		host, err := chilldkg.ParseHostSecretKey(secret[:])
		if err != nil {
			t.Fatal(err)
		}
		w.hosts = append(w.hosts, host)
		w.params.HostKeys = append(w.params.HostKeys, host.PublicKey())
	}
	for i := range n {
		state, pmsg1, err := chilldkg.ParticipantStep1(w.hosts[i], w.params, bytes32("random"+salt, i))
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

// aggregate is the coordinator's first step, with a restart after it.
func (w *world) aggregate(t failer) (*chilldkg.CoordinatorState, []byte) {
	t.Helper()
	state, cmsg1, err := chilldkg.CoordinatorStep1(w.params, w.pmsgs1)
	if err != nil {
		t.Fatal(err)
	}
	return restartCoordinator(t, state), cmsg1
}

// step2 is participant i's second step on a copy of its first state, with a
// restart before it.
func (w *world) step2(t failer, i int, cmsg1 []byte) (*chilldkg.ParticipantState2, []byte, error) {
	t.Helper()
	return chilldkg.ParticipantStep2(w.hosts[i], restart1(t, w.states[i]), cmsg1, bytes32("aux", i))
}

// sign returns the second messages of all participants.
func (w *world) sign(t failer, cmsg1 []byte) [][]byte {
	t.Helper()
	var pmsgs2 [][]byte
	for i := range w.hosts {
		_, pmsg2, err := w.step2(t, i, cmsg1)
		if err != nil {
			t.Fatal(err)
		}
		pmsgs2 = append(pmsgs2, pmsg2)
	}
	return pmsgs2
}

// finished is a session that everybody completed.
type finished struct {
	cmsg1, cmsg2, recovery []byte
	pmsgs2                 [][]byte
	coordinator            chilldkg.Output
	outputs                []chilldkg.Output
}

func (w *world) finish(t failer) finished {
	t.Helper()
	var f finished
	var state *chilldkg.CoordinatorState
	state, f.cmsg1 = w.aggregate(t)
	var states2 []*chilldkg.ParticipantState2
	for i := range w.hosts {
		state2, pmsg2, err := w.step2(t, i, f.cmsg1)
		if err != nil {
			t.Fatal(err)
		}
		states2 = append(states2, restart2(t, state2))
		f.pmsgs2 = append(f.pmsgs2, pmsg2)
	}
	var err error
	if f.cmsg2, f.coordinator, f.recovery, err = chilldkg.CoordinatorFinalize(state, f.pmsgs2); err != nil {
		t.Fatal(err)
	}
	for _, state2 := range states2 {
		out, recovery, err := chilldkg.ParticipantFinalize(state2, f.cmsg2)
		if err != nil {
			t.Fatal(err)
		}
		if string(recovery) != string(f.recovery) {
			t.Fatal("recovery data differ")
		}
		f.outputs = append(f.outputs, out)
	}
	return f
}
