package rehearsal

import (
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/wire"
)

// fuzzWorld is a world at rest with one pending request.
func fuzzWorld(f *testing.F) (*World, *signing.Session, []byte) {
	f.Helper()
	w, err := New(2, 3, 1)
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Enrolment(); err != nil {
		f.Fatal(err)
	}
	draft, err := w.Draft(rules())
	if err != nil {
		f.Fatal(err)
	}
	if err := w.KeyGeneration(draft); err != nil {
		f.Fatal(err)
	}
	session, request, err := w.Open(w.Pay("fuzz", "Exchange", payee(1), 0, 2000, 100_000), 0, 1)
	if err != nil {
		f.Fatal(err)
	}
	return w, session, request
}

// FuzzRequest: whatever body a coordinator seals, a station does not panic, and
// without an approval it neither signs nor moves its head or its nonces.
func FuzzRequest(f *testing.F) {
	w, _, request := fuzzWorld(f)
	f.Add(rawBody(f, w, request))
	f.Add([]byte{0xa0})
	_, all, err := w.Open(w.Pay("all", "Exchange", payee(1), 0, 2000, 100_000), 0, 2, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rawBody(f, w, all))
	s := w.Stations[0]
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := wire.Seal(wire.KindSigningRequest, [32]byte(w.Public.Wallet.ID()), body, w.Courier, [32]byte{1})
		if err != nil {
			return
		}
		before := s.Sign.Status()
		step, err := s.Sign.Step(w.At(s, ceremonies.Scanned{Bytes: m.Bytes}))
		after := s.Sign.Status()
		if before.Head != after.Head || before.Unused != after.Unused {
			t.Fatal("a scan moved the station's head or nonces")
		}
		if err == nil && len(step.Send) > 0 && step.Send[0].Kind == wire.KindSigningResponse {
			t.Fatal("a scan was answered with shares")
		}
	})
}

// FuzzResponse: whatever body a station seals, the coordinator does not panic,
// and takes no answer but a right one.
func FuzzResponse(f *testing.F) {
	w, session, request := fuzzWorld(f)
	s := w.Stations[0]
	answer, _, err := w.Visit(s, request)
	if err != nil {
		f.Fatal(err)
	}
	honest := rawBody(f, w, answer)
	f.Add(honest)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, body []byte) {
		if string(body) == string(honest) {
			return
		}
		m, err := wire.Seal(wire.KindSigningResponse, [32]byte(w.Public.Wallet.ID()), body, s.Identity.Instance, [32]byte{1})
		if err != nil {
			return
		}
		if _, err := session.Step(w.Event(ceremonies.Scanned{Bytes: m.Bytes})); err == nil {
			t.Fatal("an answer that no honest station gave was taken")
		}
	})
}

// FuzzDecodePublic: a recovery file that is accepted encodes to itself and
// names the wallet that its own certificate gives.
func FuzzDecodePublic(f *testing.F) {
	w, _, _ := fuzzWorld(f)
	b, err := w.Public.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := keygen.DecodePublic(b)
		if err != nil {
			return
		}
		again, err := p.Encode()
		if err != nil || string(again) != string(b) {
			t.Fatalf("an accepted recovery file encodes to other bytes: %v", err)
		}
	})
}

// FuzzOpenRoster: an accepted roster has distinct stations and a threshold above
// half of them.
func FuzzOpenRoster(f *testing.F) {
	w, _, _ := fuzzWorld(f)
	f.Add(w.Disk[enrolment.RosterName])
	f.Add(w.Stations[0].Disk["enrolment/introduction"])
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := enrolment.OpenRoster(b)
		if err != nil {
			return
		}
		seen := make(map[wire.PublicKey]bool)
		for _, s := range r.Stations {
			if seen[s.InstanceKey] {
				t.Fatal("a station is listed twice")
			}
			seen[s.InstanceKey] = true
		}
		if 2*r.Threshold <= len(r.Stations) || r.Threshold > len(r.Stations) {
			t.Fatal("the threshold is not above half")
		}
	})
}

// FuzzVerifyBlame: no record proves anything against a station that only ever
// answered rightly.
func FuzzVerifyBlame(f *testing.F) {
	w, _, request := fuzzWorld(f)
	answer, _, err := w.Visit(w.Stations[0], request)
	if err != nil {
		f.Fatal(err)
	}
	record, err := wire.Marshal(signing.Blame{Order: open[signing.Request](f, w, request).Order, Response: answer, Pages: [][]byte{w.Stations[0].Disk["signing/pool"]}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if found, err := signing.VerifyBlame(SigningGroup(w.Public), b); err == nil {
			t.Fatalf("an honest station is blamed: %+v", found)
		}
	})
}

// keygenKinds are the kinds of key generation, by the party that sends them.
var keygenKinds = map[wire.Kind]bool{ // true: a station's
	wire.KindKeygenInvite: false, wire.KindKeygenAggregate: false, wire.KindKeygenCertificate: false,
	wire.KindKeygenMessage1: true, wire.KindKeygenMessage2: true, wire.KindKeygenConfirmation: true,
}

// FuzzKeygenBody: whatever body is sealed in whatever kind, no machine of key
// generation panics, no station finishes, and the coordinator offers no wallet.
func FuzzKeygenBody(f *testing.F) {
	w, err := New(2, 3, 1)
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Enrolment(); err != nil {
		f.Fatal(err)
	}
	draft, err := w.Draft(rules())
	if err != nil {
		f.Fatal(err)
	}
	r, _ := w.Enrol.Roster()
	coordinator, err := keygen.NewCoordinator(Group(r), draft, w.Courier, nil)
	if err != nil {
		f.Fatal(err)
	}
	setup, err := w.Stations[0].keygenSetup()
	if err != nil {
		f.Fatal(err)
	}
	invite, err := wire.Marshal(keygen.Invite{Charter: draft.Bytes()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(wire.KindKeygenInvite), invite)
	f.Add(uint16(wire.KindKeygenMessage1), []byte{0xa0})
	f.Fuzz(func(t *testing.T, kind uint16, body []byte) {
		fromStation, known := keygenKinds[wire.Kind(kind)]
		if !known {
			return
		}
		key := w.Courier
		if fromStation {
			key = w.Stations[1].Identity.Instance
		}
		m, err := wire.Seal(wire.Kind(kind), r.ID, body, key, [32]byte{1})
		if err != nil {
			return
		}
		station, err := keygen.NewStation(setup)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = station.Step(w.At(w.Stations[0], ceremonies.Scanned{Bytes: m.Bytes}))
		if _, done := station.Share(); done {
			t.Fatal("a station finished on one message")
		}
		_, _ = coordinator.Step(w.Event(ceremonies.Scanned{Bytes: m.Bytes}))
		if _, err := coordinator.Public(); err == nil {
			t.Fatal("a wallet is offered that nobody confirmed")
		}
	})
}

// FuzzPool: whatever body a station seals as its first pool, the desk does not
// panic, and takes no second stream.
func FuzzPool(f *testing.F) {
	w, _, _ := fuzzWorld(f)
	s := w.Stations[0]
	f.Add(rawBody(f, w, s.Disk["signing/pool"]))
	f.Add([]byte{0xa0})
	before := w.Desk.Heads()[0]
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := wire.Seal(wire.KindNoncePool, [32]byte(w.Public.Wallet.ID()), body, s.Identity.Instance, [32]byte{1})
		if err != nil {
			return
		}
		_, _, _ = w.Desk.AddPool(m.Bytes)
		if w.Desk.Heads()[0] != before {
			t.Fatal("a second stream was taken")
		}
	})
}

// FuzzRecords: whatever records a coordinator seals, a station does not panic
// and does not move its own chain.
func FuzzRecords(f *testing.F) {
	w, _, _ := fuzzWorld(f)
	if _, err := w.Sign(w.Pay("rec", "Exchange", payee(1), 0, 2000, 100_000), 0, 1); err != nil {
		f.Fatal(err)
	}
	var body signing.Records
	for _, r := range w.Disk.Records(signing.RecordPrefix) {
		body.Records = append(body.Records, r.Value)
	}
	seed, err := wire.Marshal(body)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{0xa0})
	s := w.Stations[2]
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := wire.Seal(wire.KindRecords, [32]byte(w.Public.Wallet.ID()), body, w.Courier, [32]byte{1})
		if err != nil {
			return
		}
		before := s.Sign.Status().Head
		_, _ = s.Sign.Step(w.At(s, ceremonies.Scanned{Bytes: m.Bytes}))
		if s.Sign.Status().Head != before {
			t.Fatal("a record of others moved the station's own chain")
		}
	})
}
