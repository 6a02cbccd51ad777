package rehearsal

import (
	"errors"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// knows is how far a station says that it knows an instance's records.
func knows(t *testing.T, s *Station, instance wire.PublicKey) (seq uint64, last [32]byte) {
	t.Helper()
	for _, h := range s.Sign.Heads() {
		if h.Instance == instance {
			return h.Seq, h.Last
		}
	}
	t.Fatal("the station knows nothing of this instance")
	return 0, [32]byte{}
}

// A station tells two stories about what it released, and the coordinator shows one
// to each of the others. From then on those two refuse each other's orders, and
// neither lets the traitor be retired at the record that the other one knows: one
// dishonest station would have stopped the wallet for ever. Once each was shown the
// other story, both know where the two part, and retire it there.
func TestAttackTwoFacedStationStopsTheWallet(t *testing.T) {
	w := ready(t, 2, 3)
	if _, err := w.Sign(w.Pay("before", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sign(w.Pay("and", "Exchange", payee(1), 1, 2000, 100_000), 1, 2); err != nil {
		t.Fatal(err) // station 2 knows the first record of station 0
	}
	traitor := w.Stations[0].Identity.Instance.Public()
	clone := &Station{Number: 0, Disk: w.Stations[0].Disk.Copy(), Identity: w.Stations[0].Identity, Line: w.Line}
	if err := w.Restart(clone); err != nil {
		t.Fatal(err)
	}
	_, first, err := w.Open(w.Pay("one", "Exchange", payee(1), 2, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	var stories [2][][]byte // from where they part
	for i := range 2 {
		other := w.forge(t, first, func(_ *signing.Order, r *batch.Request) { r.Payments[0].ExternalID = "other" }, nil)
		if i == 0 {
			other = first
		}
		s := []*Station{w.Stations[0], clone}[i]
		answer, _, err := w.Visit(s, other)
		if err != nil {
			t.Fatal(err)
		}
		stories[i] = append(stories[i], open[signing.Response](t, w, answer).Record)
	}
	for i, s := range w.Stations[1:] {
		if err := w.learn(s, stories[i]...); err != nil {
			t.Fatal(err)
		}
	}
	one, two := w.Stations[1], w.Stations[2]
	parted, last := knows(t, one, traitor)
	if other, otherLast := knows(t, two, traitor); parted != 2 || other != 2 || last == otherLast {
		t.Fatalf("records %d and %d", parted, other)
	}
	var proof []byte
	for i, s := range []*Station{two, one} {
		err := w.learn(s, stories[i]...)
		var fault *ceremonies.Fault
		if !errors.As(err, &fault) || fault.Code != "signing/equivocation" {
			t.Fatalf("the other story: %v", err)
		}
		proof = fault.Record
		if err := w.learn(s); err != nil { // what was seen is kept with the next thing that is
			t.Fatal(err)
		}
	}
	for _, again := range []string{"at once", "after a restart"} {
		at, last := knows(t, one, traitor)
		other, otherLast := knows(t, two, traitor)
		if at != 1 || other != 1 || last != otherLast || last == [32]byte{} {
			t.Fatalf("%s: they do not agree where the stories part: %d and %d", again, at, other)
		}
		for _, s := range []*Station{one, two} {
			if err := w.Restart(s); err != nil {
				t.Fatalf("%s: %v", again, err)
			}
		}
	}
	if err := w.Desk.Consider(proof); err != nil {
		t.Fatal(err)
	}
	at, last := knows(t, one, traitor)
	if ends := w.Desk.Ledger().Ends(); ends[0].Seq != at || ends[0].Last != last {
		t.Errorf("the coordinator retires it at %d", ends[0].Seq)
	}
	for name, bad := range map[string][]byte{"cut": proof[:40], "nothing": nil, "one story": mustMarshal(t, signing.Blame{Stories: stories[0]})} {
		if err := w.Desk.Consider(bad); err == nil {
			t.Errorf("evidence, %s: taken", name)
		}
	}
	fresh, err := wire.GenerateSigningKey(w.Random())
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Ballot(func(d *charter.Document) {
		d.Retired = append(d.Retired, charter.Retired{Station: 0, Instance: traitor, Seq: at, Last: last})
		d.Stations[0].InstanceKey = fresh.Public()
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Certify(b, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(certificate, 1, 2); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	for i, quorum := range [][]int{{1, 2}, {2, 1}} {
		if _, err := w.Sign(w.Pay("after-"+string(rune('a'+i)), "Exchange", payee(1), uint32(i+3), 2000, 100_000), quorum...); err != nil {
			t.Fatalf("%v cannot sign: %v", quorum, err)
		}
	}
}
