package rehearsal

import (
	"testing"

	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/ledger"
)

// A station says that it lost its disk, is listed anew, and never begins: it was
// lost again, or holds the wallet to ransom. The others are as many as sign, and
// sign without it. When it comes after all, what they released counts for it, and
// its own records count for them.
func TestAttackRelistedStationNeverBegins(t *testing.T) {
	w := ready(t, 2, 3)
	if _, err := w.Sign(w.Pay("before", "Exchange", payee(1), 0, 2000, 4_000_000, 2_000_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := w.Lose(0); err != nil {
		t.Fatal(err)
	}
	b, err := w.Ballot(w.Relisting(0, w.Stations[0].Identity.Instance.Public()), nil)
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
		if _, err := w.Sign(w.Pay("without-"+string(rune('a'+i)), "Exchange", payee(1), uint32(i+1), 2000, 100_000), quorum...); err != nil {
			t.Fatalf("%v cannot sign: %v", quorum, err)
		}
	}
	if _, err := w.Sign(w.Pay("over", "Vendor", payee(3), 3, 2000, 4_000_000), 1, 2); code(err) != "rule/cap/day" {
		t.Errorf("the day's limit: %v", err)
	}
	for _, i := range []int{1, 2} {
		if err := w.Restart(w.Stations[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.openDesk(); err != nil {
		t.Fatal(err)
	}
	if err := w.Restore(0, certificate, 1, 2); err != nil {
		t.Fatal(err)
	}
	w.Now += 60
	earlier := w.Desk.Heads()
	if _, err := w.Sign(w.Pay("with", "Exchange", payee(1), 4, 2000, 100_000), 0, 1); err != nil {
		t.Fatal(err)
	}
	// A coordinator goes on as if station 0 had never begun: whoever saw it does not.
	_, request, err := w.Open(w.Pay("hidden", "Exchange", payee(1), 5, 2000, 100_000), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	hide := func(station int, h ledger.Head) []byte {
		return w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Heads[station] = h }, nil)
	}
	lie := hide(0, ledger.Head{})
	w.refuses(t, w.Stations[1], lie, "signing/rolled-back-peer")
	lie = hide(0, earlier[0])
	w.refuses(t, w.Stations[1], lie, "signing/rolled-back-peer")
	// Nor can the head of a station that signs be left out.
	lie = hide(1, ledger.Head{})
	w.refuses(t, w.Stations[1], lie, "signing/stale-snapshot")
}
