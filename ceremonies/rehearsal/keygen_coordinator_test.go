package rehearsal

import (
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/wire"
)

// One station answers wrongly in key generation: another charter's binding,
// another wallet's confirmation, a second first message. The coordinator names
// it, and offers no wallet before all have confirmed the same one.
func TestWrongAnswersInKeyGeneration(t *testing.T) {
	w := enrolled(t, 2, 3)
	w.beginKeygen(t, w.draft(t, rules()))
	answers := make([][]byte, len(w.Stations))
	bad := w.Stations[1]
	named := ceremonies.Suspect{Kind: ceremonies.Station, Station: 1}
	refusesAnswer := func(what string, sealed []byte) {
		t.Helper()
		_, err := w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: sealed}))
		fault, ok := err.(*ceremonies.Fault)
		if !ok || fault.Code != "keygen/faulty-station" || fault.Suspect != named {
			t.Fatalf("%s: %v", what, err)
		}
	}
	var first []byte
	for visit := 1; visit <= 3; visit++ {
		if _, err := w.Keygen.Public(); err == nil {
			t.Fatalf("a wallet is offered in visit %d", visit)
		}
		shown, err := w.Keygen.Step(w.Event(ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range w.Stations {
			if answers[i], err = w.visitKeygen(s, shown.Send[0].Bytes); err != nil {
				t.Fatal(err)
			}
		}
		switch visit {
		case 1:
			first = answers[1]
			refusesAnswer("another draft", repack(t, w, answers[1], bad.Identity.Instance, func(m *keygen.Message1) { m.Charter[0] ^= 1 }))
		case 2:
			refusesAnswer("another binding", repack(t, w, answers[1], bad.Identity.Instance, func(m *keygen.Message2) { m.Binding[9] ^= 1 }))
			other := repack(t, w, first, bad.Identity.Instance, func(m *keygen.Message1) { m.PMsg1[5] ^= 1 })
			if _, err := w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: other})); code(err) != "keygen/kind" {
				t.Fatalf("a second first message: %v", err)
			}
			if _, err := w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: first})); err != nil {
				t.Fatalf("the first message shown again: %v", err)
			}
		case 3:
			refusesAnswer("another wallet", repack(t, w, answers[1], bad.Identity.Instance, func(m *keygen.Confirmation) { m.Wallet[0] ^= 1 }))
			refusesAnswer("another address", repack(t, w, answers[1], bad.Identity.Instance, func(m *keygen.Confirmation) { m.Address += "x" }))
		}
		for _, a := range answers {
			if _, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: a}))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Keygen.Public(); err != nil {
		t.Fatal(err)
	}
}

// A coordinator is started with parts that do not belong together.
func TestKeygenCoordinatorThatDoesNotFit(t *testing.T) {
	w, other := enrolled(t, 2, 3), enrolled(t, 3, 5)
	r, _ := w.Enrol.Roster()
	o, _ := other.Enrol.Roster()
	draft := w.draft(t, rules())
	if _, err := keygen.NewCoordinator(Group(o), draft, other.Courier, nil); err == nil {
		t.Error("a draft of another group")
	}
	stranger, err := wire.GenerateSigningKey(w.Random())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keygen.NewCoordinator(Group(r), draft, stranger, nil); err == nil {
		t.Error("another courier key")
	}
	other.beginKeygen(t, other.draft(t, rules()))
	if err := other.round(t, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := keygen.NewCoordinator(Group(r), draft, w.Courier, other.Disk.Records("keygen/")); err == nil {
		t.Error("records of another group")
	}
}

// A share record is put together from two stations' disks.
func TestShareOfAnotherStation(t *testing.T) {
	w := ready(t, 2, 3)
	type record struct { // as the share's, whose type is private
		Station uint8  `cbor:"1,keyasint"`
		Secret  []byte `cbor:"2,keyasint"`
		Public  []byte `cbor:"3,keyasint"`
	}
	read := func(s *Station) record {
		t.Helper()
		var r record
		if err := wire.Unmarshal(s.Disk[keygen.ShareName], &r, wire.MaxSealed); err != nil {
			t.Fatal(err)
		}
		return r
	}
	mine, theirs := read(w.Stations[0]), read(w.Stations[1])
	for name, r := range map[string]record{
		"another secret": {Station: 0, Secret: theirs.Secret, Public: mine.Public},
		"another number": {Station: 1, Secret: mine.Secret, Public: mine.Public},
		"no such number": {Station: 3, Secret: mine.Secret, Public: mine.Public},
		"no secret":      {Station: 0, Secret: make([]byte, 32), Public: mine.Public},
		"a short secret": {Station: 0, Secret: mine.Secret[1:], Public: mine.Public},
	} {
		if _, err := keygen.ParseShare(mustMarshal(t, r)); err == nil {
			t.Errorf("%s: the share is accepted", name)
		}
	}
	if _, err := keygen.ParseShare(mustMarshal(t, mine)); err != nil {
		t.Fatal(err)
	}
}
