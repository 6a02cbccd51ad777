package chilldkg_test

import (
	"bytes"
	"testing"

	"heliograph/shared/frost/chilldkg"
)

// states returns the bytes of one state of each kind.
func states(t failer) (first, second, coordinator []byte) {
	t.Helper()
	w := newWorld(t, 2, 3)
	first, err := w.states[1].Marshal()
	if err != nil {
		t.Fatal(err)
	}
	state, cmsg1 := w.aggregate(t)
	state2, _, err := w.step2(t, 1, cmsg1)
	if err != nil {
		t.Fatal(err)
	}
	return first, state2.Marshal(), state.Marshal()
}

func TestStatesSurvive(t *testing.T) {
	first, second, coordinator := states(t)
	s1, err := chilldkg.ParseParticipantState1(first)
	if err != nil {
		t.Fatal(err)
	}
	s2, err := chilldkg.ParseParticipantState2(second)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := chilldkg.ParseCoordinatorState(coordinator)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := s1.Marshal(); err != nil || !bytes.Equal(b, first) {
		t.Errorf("first state: %v", err)
	}
	if !bytes.Equal(s2.Marshal(), second) || !bytes.Equal(sc.Marshal(), coordinator) {
		t.Error("second or coordinator state came back as other bytes")
	}
	if s1.Participant() != 1 || s2.Participant() != 1 {
		t.Error("other participant")
	}
	for _, p := range []chilldkg.Params{s1.Params(), s2.Params(), sc.Params()} {
		if p.T != 2 || len(p.HostKeys) != 3 {
			t.Errorf("other parameters: %v", p)
		}
	}
	if !bytes.Equal(s2.EqInput(), sc.EqInput()) {
		t.Error("participant and coordinator hold different transcripts")
	}
}

// No prefix, no longer form and no state of another kind may pass for a state: a
// station would go on with values that nobody checked.
func TestStatesRefused(t *testing.T) {
	first, second, coordinator := states(t)
	parsers := []func([]byte) error{
		func(b []byte) error { _, err := chilldkg.ParseParticipantState1(b); return err },
		func(b []byte) error { _, err := chilldkg.ParseParticipantState2(b); return err },
		func(b []byte) error { _, err := chilldkg.ParseCoordinatorState(b); return err },
	}
	for i, good := range [][]byte{first, second, coordinator} {
		for size := range good {
			if parsers[i](good[:size]) == nil {
				t.Errorf("state %d cut to %d bytes: accepted", i, size)
			}
		}
		for _, extra := range []int{1, 32, 33, 98} {
			if parsers[i](append(bytes.Clone(good), make([]byte, extra)...)) == nil {
				t.Errorf("state %d with %d bytes more: accepted", i, extra)
			}
		}
		for j, parse := range parsers {
			if (parse(good) == nil) != (i == j) {
				t.Errorf("state %d read as state %d", i, j)
			}
		}
	}

	const tag = len("chilldkg participant 1\x00") + 4
	refused := func(what string, parser int, good []byte, at int, field ...byte) {
		t.Helper()
		b := bytes.Clone(good)
		copy(b[at:], field)
		if parsers[parser](b) == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	for i, good := range [][]byte{first, second, coordinator} {
		for _, n := range []byte{0, 1, 2, 4, 129} {
			refused("another n", i, good, tag-4, 0, 0, 0, n)
		}
		refused("n of 2^32-1", i, good, tag-4, 255, 255, 255, 255)
	}
	refused("first state of participant 3 of 3", 0, first, tag, 0, 0, 0, 3)
	refused("first state of participant 2^32-1", 0, first, tag, 255, 255, 255, 255)
	refused("first state with threshold 0", 0, first, tag+4, 0, 0, 0, 0)
	refused("first state with threshold 4 of 3", 0, first, tag+4, 0, 0, 0, 4)
	refused("first state with a key twice", 0, first, tag+8, first[tag+8+33:tag+8+66]...)
	refused("first state with zero commitment", 0, first, tag+8+99, make([]byte, 33)...)
	refused("first state with zero nonce", 0, first, tag+8+132, make([]byte, 33)...)
	refused("second state of participant 3 of 3", 1, second, tag, 0, 0, 0, 3)
	refused("second state of another participant", 1, second, tag, 0, 0, 0, 2)
	refused("second state with a zero share", 1, second, tag+4, make([]byte, 32)...)
	refused("second state with a share above the order", 1, second, tag+4, bytes.Repeat([]byte{255}, 32)...)
	refused("second state with another commitment", 1, second, tag+36+4, second[tag+36+4]^1)
	refused("coordinator state with a zero key", 2, coordinator, tag+4, make([]byte, 33)...)
	refused("coordinator state with threshold 1", 2, coordinator, tag, 0, 0, 0, 1)
}

func TestWipedSecondState(t *testing.T) {
	_, second, _ := states(t)
	s2, err := chilldkg.ParseParticipantState2(second)
	if err != nil {
		t.Fatal(err)
	}
	share := bytes.Clone(second[len("chilldkg participant 2\x00")+8:][:32])
	s2.Wipe()
	if bytes.Contains(s2.Marshal(), share) {
		t.Error("share survives Wipe")
	}
	if _, _, err := chilldkg.ParticipantFinalize(s2, make([]byte, 192)); err == nil {
		t.Error("finalised a wiped state")
	}
}
