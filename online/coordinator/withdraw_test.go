package coordinator_test

import (
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/shared/charter"
)

// A station is being listed anew, which waits for its delay, when somebody freezes
// the wallet. A thaw that keeps the listing would wait as long; so it is withdrawn
// with the same amendment, which holds at once.
func TestThawWhileAStationIsListedAnew(t *testing.T) {
	y, o := newOffice(t)
	w := y.people.world
	if _, err := y.Withdrawal(); err == nil {
		t.Fatal("there is nothing to withdraw")
	}
	line, err := y.Line()
	must(t, err)
	before := line.Latest()

	must(t, w.Lose(2))
	lost := w.Stations[2]
	_, introduction, err := enrolment.NewStation(lost.Identity, w.At(lost, ceremonies.Start{}))
	must(t, err)
	y.people.answers = [][]byte{introduction.Send[0].Bytes}
	_, err = y.Relist(t.Context(), y.people)
	must(t, err)
	about, err := y.AmendmentSubject()
	must(t, err)
	o.approve(about, "Ann", "Cid")
	o.present = []int{0, 1}
	must(t, y.CarryAmendment(t.Context(), y.people))

	w.Now += 60
	line, err = y.Line()
	must(t, err)
	code, err := line.SealFreeze("a laptop was stolen", w.Now, w.Stations[1].Identity.Instance, w.Random())
	must(t, err)
	_, err = y.TakeFreeze(code.Bytes)
	must(t, err)
	if _, err := y.Thaw(charter.Charter{}); err == nil {
		t.Fatal("it is not said that the thaw would wait")
	}
	withdrawn, err := y.Withdrawal()
	must(t, err)
	thaw, err := y.Thaw(withdrawn)
	must(t, err)
	a, err := y.DraftAmendment(thaw)
	must(t, err)
	if !a.Withdraws || a.Change.Loosens || len(a.Change.Lifts) != 1 || len(a.Change.Replaced) != 0 {
		t.Fatalf("%+v", a.Change)
	}
	about, err = y.AmendmentSubject()
	must(t, err)
	o.approve(about, "Ann", "Cid")
	o.next = 0
	must(t, y.CarryAmendment(t.Context(), y.people))
	line, err = y.Line()
	must(t, err)
	now := line.At(w.Now).Charter()
	if d := now.Document(); d.Epoch != 2 || len(d.Retired) != 0 || now.Instances()[2] != before.Instances()[2] {
		t.Fatalf("charter %d is in force", d.Epoch)
	}
	if frozen, err := y.Frozen(); err != nil || len(frozen) != 0 {
		t.Fatalf("still frozen: %+v %v", frozen, err)
	}
}
