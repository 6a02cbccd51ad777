package rehearsal

import (
	"slices"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
)

// An officer stops the wallet while an operator reads. Nothing is signed on what
// was under review nor on anything after, answers that were given are shown again,
// and a charter that lifts the freeze lets the station go on.
func TestFrozenStation(t *testing.T) {
	w := ready(t, 2, 3)
	s := w.Stations[0]
	_, answered, err := w.Open(w.Pay("answered", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	given, _, err := w.Visit(s, answered)
	if err != nil {
		t.Fatal(err)
	}
	w2 := ready(t, 2, 3)
	s2 := w2.Stations[1]
	session, request, err := w2.Open(w2.Pay("reading", "Exchange", payee(1), 0, 2000, 100_000), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	step, err := w2.Do(s2, ceremonies.Scanned{Bytes: request})
	if err != nil {
		t.Fatal(err)
	}
	review := step.Screen.(ceremonies.Review)
	freeze := [32]byte{0xf0}
	s2.Sign.Obey([][32]byte{freeze})
	before := s2.Sign.Status()
	for _, in := range []ceremonies.Input{ceremonies.Approve{Digest: review.Digest}, ceremonies.Approve{Digest: review.Digest}, ceremonies.Refuse{Digest: review.Digest, Reason: "no"}} {
		if step, err := w2.Do(s2, in); err == nil || len(step.Send) > 0 {
			t.Fatalf("a frozen station answers %T", in)
		}
	}
	if s2.Sign.Status() != before {
		t.Fatal("the head or the nonces moved")
	}
	w2.refuses(t, s2, request, "signing/frozen")

	s.Frozen = [][32]byte{freeze}
	if err := w.Restart(s); err != nil {
		t.Fatal(err)
	}
	if step, err = w.Do(s, ceremonies.Start{}); err != nil {
		t.Fatal(err)
	}
	failed, ok := step.Screen.(ceremonies.Failed)
	if !ok || failed.Fault.Code != "signing/frozen" || failed.Fault.Safe == "" || failed.Fault.Remedy == "" {
		t.Fatalf("a frozen station shows %+v", step.Screen)
	}
	if again, _, err := w.Visit(s, answered); err != nil || !slices.Equal(again, given) {
		t.Fatalf("an answer that was given is not shown again: %v", err)
	}
	// Thawed, w2's station takes up the request again.
	s2.Frozen = [][32]byte{freeze}
	w2.amend(t, func(d *charter.Document) { d.Lifted = append(d.Lifted, freeze) })
	w2.refuses(t, s2, request, "rule/charter/current")
	if session.Ended() != "" {
		t.Fatal("the session ended")
	}
	if _, err := w2.Sign(w2.Pay("thawed", "Exchange", payee(1), 0, 2000, 100_000), 1, 2); err != nil {
		t.Fatalf("thawed: %v", err)
	}
}

// The charter names the versions of the program that may sign. A station with
// another one signs nothing, and says which would.
func TestVersionGate(t *testing.T) {
	w := ready(t, 2, 3)
	w.Stations[0].Version, w.Stations[1].Version, w.Stations[2].Version = "1.2.0", "1.1.9", "1.2.0"
	w.amend(t, func(d *charter.Document) { d.Governance.Versions = []string{"1.2.0", "1.2.1"} })
	_, request, err := w.Open(w.Pay("version", "Exchange", payee(1), 0, 2000, 100_000), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[1], request, "signing/version")
	if _, err := w.Sign(w.Pay("version", "Exchange", payee(1), 0, 2000, 100_000), 0, 2); err != nil {
		t.Fatalf("a version that the charter names: %v", err)
	}
}
