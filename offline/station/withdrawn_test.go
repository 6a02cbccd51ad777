package station

import (
	"errors"
	"slices"
	"testing"

	"heliograph/ceremonies/signing"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// replace lists another installation in the place of a station that signed nothing.
func (w *treasury) replace(station int) func(*charter.Document) {
	return func(d *charter.Document) {
		key, err := wire.GenerateSigningKey(w.draw())
		w.must(err)
		d.Retired = append(d.Retired, charter.Retired{Station: uint8(station), Instance: d.Stations[station].InstanceKey})
		d.Stations[station].InstanceKey = key.Public()
	}
}

// three is a treasury of three stations, whose loosenings wait for a day.
func three(t *testing.T) *treasury {
	t.Helper()
	w := newTreasuryOf(t, 3)
	w.change = func(d *charter.Document) { d.Governance.Delay = 86_400 }
	w.enrolled().openDesk(w.grow()...)
	return w
}

// without has the stations but the first acknowledge a change.
func (w *treasury) without(number uint32, change func(*charter.Document)) []byte {
	w.t.Helper()
	b, message := w.ballot(number, change)
	var answers [][]byte
	for _, v := range w.vaults[1:] {
		answers = append(answers, v.answer(message))
	}
	return w.certify(b, answers...)
}

// A station that was thought lost is listed anew, and is found again before that
// charter is in force. The officers withdraw the change. The station has adopted
// both: it must be able to, and goes on as if nothing had been.
func TestReplacementIsWithdrawn(t *testing.T) {
	w := three(t)
	v := w.vaults[0]
	before := w.line().Latest().Document()
	relisted := w.without(1, w.replace(0))
	for _, o := range w.vaults {
		o.day(relisted)
	}
	_, request := w.order(w.pay("inv-1", 100_000), 0, 1)
	if shown := v.day(request); len(shown) != 0 {
		t.Fatalf("while it is being replaced it showed %v", kinds(t, shown))
	}
	withdrawn := w.without(1, func(d *charter.Document) {
		epoch, prior, issued := d.Epoch, d.Prior, d.Issued
		*d = before
		d.Epoch, d.Prior, d.Issued = epoch, prior, issued
	})
	fresh := w.pay("inv-2", 100_000)
	fresh.Charter = w.line().Latest().ID()
	_, request = w.orderAt(w.deskOf(w.line()), fresh, 0, 1)
	shown := v.day(withdrawn, request)
	if got := kinds(t, shown); !slices.Equal(got, []wire.Kind{wire.KindSigningResponse}) {
		t.Fatalf("after the withdrawal it showed %v, faults %v", got, v.operator.faults())
	}
}

// Where nobody withdraws it, the installation is out of service once the new
// charter is in force.
func TestReplacementComesIntoForce(t *testing.T) {
	w := three(t)
	v := w.vaults[0]
	v.day(w.without(1, w.replace(0)))
	w.now += 86_400
	if _, _, err := v.visit(); !errors.Is(err, signing.ErrUnlisted) {
		t.Fatalf("it goes on: %v", err)
	}
}

// Another certificate of the charter that is to follow brings it into force sooner.
// The station signs by it from then on, in the very run that scans it.
func TestCertificateThatIsInForceSooner(t *testing.T) {
	w := three(t)
	b, ballot := w.ballot(1, func(d *charter.Document) { d.Rules[1].Max = 2_000_000 })
	var acks []lineage.Ack
	for _, v := range w.vaults {
		acks = append(acks, w.ack(v.answer(ballot)))
		w.now += 3600
	}
	seal := func(acks ...lineage.Ack) []byte {
		body, err := lineage.NewCertificate(b, acks).Encode()
		w.must(err)
		w.certified, err = w.public.Line().Adopt(body)
		w.must(err)
		return w.seal(wire.KindCertificate, body)
	}
	late, early := seal(acks[1], acks[2]), seal(acks[0], acks[1])
	v := w.vaults[0]
	v.day(late)
	w.now = acks[1].Time + 86_400
	r := w.pay("inv-1", 1_500_000)
	r.Charter = w.line().Latest().ID()
	_, request := w.orderAt(w.deskOf(w.line()), r, 0, 1)
	shown := v.day(request, early, request)
	if got := kinds(t, shown); !slices.Equal(got, []wire.Kind{wire.KindSigningRefusal, wire.KindSigningResponse}) {
		t.Fatalf("it showed %v, faults %v", got, v.operator.faults())
	}
}
