package coordinator_test

import (
	"context"
	"fmt"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/signing"
	"heliograph/online/coordinator"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// listener is people who keep what is shown to everybody.
type listener struct {
	*people
	records [][]byte
}

func (l *listener) Show(ctx context.Context, s ceremonies.Show) (coordinator.Word, error) {
	if s.Message.Kind == wire.KindRecords {
		l.records = append(l.records, s.Message.Bytes)
		return coordinator.GoOn, nil
	}
	return l.people.Show(ctx, s)
}

// Station 2 signed a second record in the place of its last, and the evidence is at
// hand. It is listed anew, retired before both, and every station is shown both.
func TestRelistATwoFacedStation(t *testing.T) {
	y, _ := newOffice(t)
	w := y.people.world
	for i, quorum := range [][]int{{1, 2}, {1, 2}, {0, 1}} { // so that all know what station 2 released
		y.owe(fmt.Sprint("invoice ", i), 100_000, 2)
		y.draft(plain)
		_, err := y.Sign(t.Context(), y.people, fmt.Sprint(i+1), coordinator.SignOptions{Quorum: quorum})
		must(t, err)
	}
	traitor := w.Stations[2]
	head := traitor.Sign.Status().Head
	var kept []ledger.Record // its own, in order
	for _, r := range traitor.Disk.Records(signing.LedgerPrefix) {
		if record, err := ledger.DecodeRecord(r.Value); err == nil && record.Instance == head.Instance {
			kept = append(kept, record)
		}
	}
	if len(kept) != 2 {
		t.Fatalf("%d records", len(kept))
	}
	other := kept[1]
	other.Batch = [32]byte{1}
	other, err := ledger.SignRecord(other, traitor.Identity.Instance, [32]byte{})
	must(t, err)
	var stories [][]byte
	for _, r := range []ledger.Record{kept[1], other} {
		b, err := r.Encode()
		must(t, err)
		stories = append(stories, b)
	}
	proof, err := wire.Marshal(signing.Blame{Order: []byte{}, Response: []byte{}, Pages: [][]byte{}, Stories: stories})
	must(t, err)

	must(t, w.Lose(2))
	_, introduction, err := enrolment.NewStation(traitor.Identity, w.At(traitor, ceremonies.Start{}))
	must(t, err)
	at := &listener{people: y.people}
	y.people.answers = [][]byte{introduction.Send[0].Bytes}
	if _, err := y.Relist(t.Context(), at, []byte("no evidence")); err == nil || len(at.records) != 0 {
		t.Fatalf("what proves nothing: %v", err)
	}
	y.people.answers = [][]byte{introduction.Send[0].Bytes}
	a, err := y.Relist(t.Context(), at, proof)
	must(t, err)
	retired := a.Charter.Document().Retired
	if len(retired) != 1 || retired[0].Seq != 1 || retired[0].Last != kept[0].Hash() {
		t.Fatalf("retired at %+v", retired)
	}
	if len(at.records) != 1 {
		t.Fatalf("%d messages for the others", len(at.records))
	}
	for _, s := range w.Stations[:2] {
		if _, err := w.Do(s, ceremonies.Scanned{Bytes: at.records[0]}); err == nil {
			t.Errorf("station %d does not name it", s.Number)
		}
		for _, h := range s.Sign.Heads() {
			if h.Instance == retired[0].Instance && (h.Seq != retired[0].Seq || h.Last != retired[0].Last) {
				t.Errorf("station %d knows it up to %d", s.Number, h.Seq)
			}
		}
	}
}
