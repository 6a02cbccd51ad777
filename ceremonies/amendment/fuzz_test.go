package amendment

import (
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/wire"
)

// FuzzScanned: whatever is scanned, in whatever envelope a party of the wallet
// seals it, no machine panics; no acknowledgement leaves a station, and none makes
// the coordinator adopt a charter.
func FuzzScanned(f *testing.F) {
	w := newWorld(f, 2, 3)
	r := &restored{world: w, number: 2, disk: make(map[string][]byte)}
	ballot := w.propose(two, setCap(200_000_000))
	for kind, sealed := range map[wire.Kind][]byte{wire.KindBallot: ballot, wire.KindBallotAck: w.agree(0, ballot), wire.KindFreeze: w.freezeAt(0, "x")} {
		m, err := opened(w.first, sealed, w.now)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(kind), m.Body())
	}
	for _, kind := range []wire.Kind{wire.KindCertificate, wire.KindVoidRequest, wire.KindVoid, wire.KindChallenge, wire.KindWitness, wire.KindBallotRefusal, wire.KindRecords} {
		f.Add(uint16(kind), []byte{0xa0})
	}
	fresh := newWorld(f, 2, 3)
	f.Fuzz(func(t *testing.T, kind uint16, body []byte) {
		fresh.t, w.t = t, t
		for _, k := range []*wire.SigningKey{key("courier"), fresh.keys[1], key("device of Dora")} {
			m, err := wire.Seal(wire.Kind(kind), fresh.id(), body, k, [32]byte{})
			if err != nil {
				continue
			}
			in := ceremonies.Event{Time: start, Random: [32]byte{1}, Input: ceremonies.Scanned{Bytes: m.Bytes}}
			step, err := fresh.station(0).Step(in)
			if err == nil {
				for _, sent := range step.Send {
					if sent.Kind == wire.KindBallotAck || sent.Kind == wire.KindVoid {
						t.Errorf("%s leaves a station without a person's decision", sent.Kind)
					}
				}
			}
			desk := fresh.coordinator()
			if _, err := desk.Step(in); err == nil && desk.Line().Latest().Document().Epoch != 0 {
				t.Error("the coordinator adopted a charter")
			}
			m2 := r.machine()
			if _, err := m2.Step(in); err == nil && m2.Line().Latest().Document().Epoch != 0 {
				t.Error("a restored station adopted a charter")
			}
		}
	})
}

// FuzzWitness: no input panics the decoder of a witness, and what it takes is
// within the bounds that the machine relies on.
func FuzzWitness(f *testing.F) {
	w := newWorld(f, 2, 3)
	w.release(0)
	out, fault := w.station(0).witness(Challenge{Nonce: [32]byte{1}, Charter: w.first.Latest().ID()}, w.now)
	if fault != nil {
		f.Fatal(fault)
	}
	b, err := wire.Marshal(out)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := decodeWitness(b)
		if err != nil {
			return
		}
		if len(w.Known) > maxChains {
			t.Errorf("%d chains", len(w.Known))
		}
		if len(w.Freezes) > maxRecalled {
			t.Errorf("%d freezes", len(w.Freezes))
		}
		for _, c := range w.Known {
			if (c.Seq == 0) != (c.Last == [32]byte{}) {
				t.Errorf("%+v", c)
			}
		}
	})
}
