package amendment

import (
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// station is the restored installation once it is at work.
func (r *restored) station() *Station {
	r.t.Helper()
	s, err := NewStation(Setup{First: r.first, Station: r.number, Instance: key("restored")}, records(r.disk))
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// The wallet is frozen, with as many stations as it takes. One of them loses its
// disk and is listed anew, which those do who may list stations, not those who may
// thaw. Its new installation never saw the code: together with a station that the
// code did not reach either, it would sign.
func TestAttackFreezeForgottenByRelisting(t *testing.T) {
	w := newWorld(t, 2, 3)
	code := w.freezeAt(1, "a laptop was stolen")
	w.must(w.do(2, ceremonies.Scanned{Bytes: code}))
	id := w.station(1).Freezes()[0]
	r := relist(t, w)
	challenge := r.challenged()
	for _, i := range []int{0, 1} {
		r.must(r.step(ceremonies.Scanned{Bytes: r.answer(i, challenge)}))
	}
	step := r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	if !strings.Contains(text(step.Screen), "a laptop was stolen") {
		t.Errorf("nobody is told of the freeze: %+v", step.Screen)
	}
	if got := r.station().Freezes(); !slices.Equal(got, [][32]byte{id}) {
		t.Fatalf("the restored station obeys %x", got)
	}
	if lines := r.station().Frozen(r.now); len(lines) != 1 || lines[0].Label != `Frozen by station 1 ("Station 1")` {
		t.Errorf("it says %+v", lines)
	}
	certificate := w.amend([]string{"Dora"}, func(d *charter.Document) { d.Lifted = append(d.Lifted, id) })
	s := r.station()
	r.must(keepOn(r, s, certificate))
	if lines := r.station().Frozen(r.now); len(lines) != 0 {
		t.Errorf("after the thaw: %+v", lines)
	}
}

// keepOn has the restored station scan something.
func keepOn(r *restored, s *Station, sealed []byte) (ceremonies.Step, error) {
	step, err := s.Step(r.event(ceremonies.Scanned{Bytes: sealed}))
	return keep(r.disk, step, err)
}

// A freeze that an amendment lifted is not handed on: nobody would lift it again.
func TestRelistingAfterAThaw(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.freezeAt(1, "a drill")
	id := w.station(1).Freezes()[0]
	thaw := w.amend([]string{"Dora"}, func(d *charter.Document) { d.Lifted = append(d.Lifted, id) })
	r := relist(t, w)
	r.certificates = append([][]byte{thaw}, r.certificates...)
	challenge := r.challenged()
	for _, i := range []int{0, 1} {
		r.must(r.step(ceremonies.Scanned{Bytes: r.answer(i, challenge)}))
	}
	r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	if got := r.station().Freezes(); len(got) != 0 {
		t.Errorf("it obeys %x", got)
	}
}

// A dishonest witness hands on a code that nobody of this wallet made.
func TestAttackWitnessInventsAFreeze(t *testing.T) {
	w := newWorld(t, 2, 3)
	code := w.freezeAt(0, "it never was")
	r := relist(t, w)
	challenge := r.challenged()
	opened, err := wire.Peek(code)
	if err != nil {
		t.Fatal(err)
	}
	answer, fault := w.station(1).witness(mustChallenge(t, w, challenge), w.now)
	if fault != nil {
		t.Fatal(fault)
	}
	bent := slices.Clone(code)
	bent[len(bent)-1] ^= 1
	stranger := w.seal(wire.KindFreeze, mustOpen(t, w, code), key("a stranger"))
	for name, codes := range map[string][][]byte{
		"a signature that does not hold": {bent}, "by a stranger": {stranger}, "no freeze": {challenge}, "of kind " + opened.Kind.String() + ", cut": {code[:8]},
		"too many": slices.Repeat([][]byte{code}, maxRecalled+1),
	} {
		answer.Freezes = codes
		body, err := wire.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.step(ceremonies.Scanned{Bytes: w.seal(wire.KindWitness, body, w.keys[1])})
		if f := isFault(t, err, "amendment/malformed"); f.Suspect.Station != 1 {
			t.Errorf("%s: %+v", name, f)
		}
		if got := r.station().Freezes(); len(got) != 0 {
			t.Errorf("%s: it obeys %x", name, got)
		}
	}
}

func mustChallenge(t *testing.T, w *world, sealed []byte) Challenge {
	t.Helper()
	var c Challenge
	if err := wire.Unmarshal(mustOpen(t, w, sealed), &c, 1024); err != nil {
		t.Fatal(err)
	}
	return c
}
