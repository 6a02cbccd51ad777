package rehearsal

import (
	"slices"
	"testing"

	"heliograph/shared/charter"
)

// A charter lets stated times be a day away from a station's clock, instead of two
// hours. Once it is in force, the coordinator states a time of the day before, to
// have the charter judge that it replaced and whose windows are wide for two hours.
func TestAttackStatedTimeReachesForTheCharterBefore(t *testing.T) {
	d := delayed()
	d.Rules = slices.DeleteFunc(d.Rules, func(r charter.Rule) bool { return r.ID == "life/request" })
	w := readyUnder(t, 2, 3, d)
	w.amend(t, func(d *charter.Document) { d.ClockTolerance = charter.MaxClockTolerance })
	_, from, pending := w.Line.Pending(w.Now)
	if !pending {
		t.Fatal("the change is no loosening")
	}
	w.Now = from
	back := w.Pay("back", "Exchange", payee(1), 0, 2000, 100_000)
	back.Time -= 20 * 3600
	back.Charter = w.Line.Epochs()[0].Charter.ID()
	_, request, err := w.Open(back, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, w.Stations[0], request, "time/clock")

	ahead := w.Pay("ahead", "Exchange", payee(1), 0, 2000, 100_000)
	ahead.Time, ahead.Expiry = ahead.Time+20*3600, ahead.Expiry+20*3600
	if _, err := w.Sign(ahead, 0, 1); err != nil {
		t.Fatalf("the new charter is in force, and its tolerance does not hold: %v", err)
	}
}
