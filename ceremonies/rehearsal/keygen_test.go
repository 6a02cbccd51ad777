package rehearsal

import (
	"bytes"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/charter"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// enrolled is a world whose stations have compared their roster.
func enrolled(t *testing.T, threshold, n int) *World {
	t.Helper()
	w, err := New(threshold, n, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Enrolment(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *World) draft(t *testing.T, d charter.Document) charter.Charter {
	t.Helper()
	c, err := w.Draft(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// beginKeygen makes the machines of a key generation without running it.
func (w *World) beginKeygen(t *testing.T, draft charter.Charter) {
	t.Helper()
	r, _ := w.Enrol.Roster()
	var err error
	if w.Keygen, err = keygen.NewCoordinator(Group(r), draft, w.Courier, nil); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.Stations {
		setup, err := s.keygenSetup()
		if err != nil {
			t.Fatal(err)
		}
		if s.Keygen, err = keygen.NewStation(setup); err != nil {
			t.Fatal(err)
		}
	}
}

// round shows one message of the coordinator to every station, through change,
// and brings the answers back.
func (w *World) round(t *testing.T, change func(station int, message []byte) []byte) error {
	t.Helper()
	shown, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Start{})))
	if err != nil {
		return err
	}
	for _, s := range w.Stations {
		message := shown.Send[0].Bytes
		if change != nil {
			message = change(s.Number, message)
		}
		answer, err := w.visitKeygen(s, message)
		if err != nil {
			return err
		}
		if _, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: answer}))); err != nil {
			return err
		}
	}
	return nil
}

// repack changes the body of a sealed message and seals it with a key.
func repack[T any](t *testing.T, w *World, sealed []byte, key *wire.SigningKey, change func(*T)) []byte {
	t.Helper()
	r, _ := w.Enrol.Roster()
	ring, err := r.Keyring()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := wire.Open(sealed, ring)
	if err != nil {
		t.Fatal(err)
	}
	var body T
	if err := wire.Unmarshal(opened.Body(), &body, wire.MaxSealed); err != nil {
		t.Fatal(err)
	}
	change(&body)
	m, err := wire.Seal(opened.Kind(), opened.Wallet(), mustMarshal(t, body), key, w.Random())
	if err != nil {
		t.Fatal(err)
	}
	return m.Bytes
}

// A station deals with a commitment that is one coefficient longer: shares of a
// higher threshold, under which the quorum in the charter could never sign and
// deposits would be stuck. The coordinator's step names the dealer.
func TestDealerWithLongerCommitment(t *testing.T) {
	w := enrolled(t, 2, 3)
	w.beginKeygen(t, w.draft(t, rules()))
	shown, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Start{})))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := w.Enrol.Roster()
	for i, s := range w.Stations {
		answer, err := w.visitKeygen(s, shown.Send[0].Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			params := chilldkg.Params{T: 3}
			for _, st := range r.Stations {
				params.HostKeys = append(params.HostKeys, chilldkg.HostPublicKey(st.HostKey))
			}
			_, long, err := chilldkg.ParticipantStep1(s.Identity.Host, params, w.Random())
			if err != nil {
				t.Fatal(err)
			}
			answer = repack(t, w, answer, s.Identity.Instance, func(m *keygen.Message1) { m.PMsg1 = long })
		}
		_, err = w.keep(w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: answer})))
		if i < 2 && err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			fault, ok := err.(*ceremonies.Fault)
			if !ok || fault.Suspect != (ceremonies.Suspect{Kind: ceremonies.Station, Station: 2}) {
				t.Fatalf("the dealer of a longer commitment is not named: %v", err)
			}
		}
	}
}

// A coordinator shows different charters to different stations, so that each
// binds its share to other rules.
func TestTwoChartersInOneKeyGeneration(t *testing.T) {
	w := enrolled(t, 2, 3)
	w.beginKeygen(t, w.draft(t, rules()))
	loose := rules()
	loose.Rules[2].Max *= 100
	other := w.draft(t, loose)
	err := w.round(t, func(station int, message []byte) []byte {
		if station != 1 {
			return message
		}
		return repack(t, w, message, w.Courier, func(m *keygen.Invite) { m.Charter = other.Bytes() })
	})
	if code(err) != "keygen/faulty-station" {
		t.Fatalf("the honest coordinator takes a station that approved another charter: %v", err)
	}
	// A hostile coordinator would hide that. The certificate cannot: the other
	// charter's binding does not verify at the first station.
	w = enrolled(t, 2, 3)
	w.beginKeygen(t, w.draft(t, rules()))
	if err := w.round(t, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.round(t, nil); err != nil {
		t.Fatal(err)
	}
	err = w.round(t, func(station int, message []byte) []byte {
		return repack(t, w, message, w.Courier, func(m *keygen.Certificate) { m.Bindings[1][7] ^= 1 })
	})
	if code(err) != "keygen/certificate" {
		t.Fatalf("a station takes a certificate whose charter was not bound by all: %v", err)
	}
}

// A coordinator invites with a charter that is not of the enrolled stations: one
// replaced, another threshold, another network, a later epoch.
func TestInviteOfAnotherGroup(t *testing.T) {
	w := enrolled(t, 2, 3)
	good := w.draft(t, rules())
	for name, change := range map[string]func(*charter.Document){
		"another network":   func(d *charter.Document) { d.Network = wallet.Signet },
		"another threshold": func(d *charter.Document) { d.Threshold = 3 },
		"a swapped station": func(d *charter.Document) { d.Stations[0], d.Stations[1] = d.Stations[1], d.Stations[0] },
		"a replaced instance": func(d *charter.Document) {
			k, err := wire.GenerateSigningKey(w.Random())
			if err != nil {
				t.Fatal(err)
			}
			d.Stations[2].InstanceKey = k.Public()
		},
		"another courier": func(d *charter.Document) {
			k, err := wire.GenerateSigningKey(w.Random())
			if err != nil {
				t.Fatal(err)
			}
			d.Courier = k.Public()
		},
		"a missing station": func(d *charter.Document) { d.Stations = d.Stations[:2] },
	} {
		d := good.Document()
		change(&d)
		bad, err := charter.New(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w.beginKeygen(t, good)
		shown, err := w.Keygen.Step(w.Event(ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		evil := repack(t, w, shown.Send[0].Bytes, w.Courier, func(m *keygen.Invite) { m.Charter = bad.Bytes() })
		if _, err := w.visitKeygen(w.Stations[0], evil); code(err) != "keygen/charter-group" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A coordinator alters what the stations dealt to each other.
func TestTamperedAggregate(t *testing.T) {
	for at := 40; at < 400; at += 120 {
		w := enrolled(t, 2, 3)
		w.beginKeygen(t, w.draft(t, rules()))
		if err := w.round(t, nil); err != nil {
			t.Fatal(err)
		}
		tamper := func(_ int, message []byte) []byte {
			return repack(t, w, message, w.Courier, func(m *keygen.Aggregate) { m.CMsg1[at%len(m.CMsg1)] ^= 1 })
		}
		err := w.round(t, tamper)
		if err == nil {
			t.Fatalf("byte %d: nobody noticed", at)
		}
		fault, ok := err.(*ceremonies.Fault)
		if !ok || fault.Suspect.Kind == ceremonies.Station {
			t.Fatalf("byte %d: an honest station is blamed: %v", at, err)
		}
		// What was dealt met one aggregate and meets no second one: not in the
		// machine, and not after a restart.
		setup, err := w.Stations[0].keygenSetup()
		if err != nil {
			t.Fatal(err)
		}
		honest, err := w.Keygen.Step(w.Event(ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := w.visitKeygen(w.Stations[0], honest.Send[0].Bytes); code(err) != "keygen/kind" {
				t.Fatalf("byte %d: a used session goes on: %v", at, err)
			}
			if w.Stations[0].Keygen, err = keygen.ResumeStation(setup, w.Stations[0].Disk.Records("keygen/")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A practice charter is paired with a key that was generated under another one,
// so that rules of the practice field would guard real money.
func TestPracticeCharterPairedWithAnotherKey(t *testing.T) {
	w := ready(t, 2, 3)
	loose := rules()
	loose.Rules = loose.Rules[:1]
	if _, err := lineage.Begin(w.draft(t, loose), w.Public.Wallet); err == nil {
		t.Fatal("a charter that the key was not generated under begins its line")
	}
	d := w.Public.Charter.Document()
	d.Network = wallet.Mainnet
	for i := range d.Counterparties {
		d.Counterparties[i].Destinations = nil
	}
	real, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lineage.Begin(real, w.Public.Wallet); err == nil {
		t.Fatal("a practice key signs on mainnet")
	}
	// And the recovery file does not carry the pairing either.
	file := w.Public
	file.Charter = w.draft(t, loose)
	b, err := file.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keygen.DecodePublic(b); err == nil {
		t.Fatal("a recovery file with an exchanged charter verifies")
	}
}

// A coordinator replaces a station's introduction by its own in the roster.
func TestReplacedStationInRoster(t *testing.T) {
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	var introductions [][]byte
	for _, s := range w.Stations {
		machine, step, err := enrolment.NewStation(s.Identity, w.At(s, ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		s.Enrol = machine
		introductions = append(introductions, step.Send[0].Bytes)
	}
	puppet, err := New(2, 3, 7)
	if err != nil {
		t.Fatal(err)
	}
	_, fake, err := enrolment.NewStation(puppet.Stations[2].Identity, w.At(w.Stations[2], ceremonies.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	var roster []byte
	for _, in := range [][]byte{introductions[0], introductions[1], fake.Send[0].Bytes} {
		step, err := w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: in}))
		if err != nil {
			t.Fatal(err)
		}
		if len(step.Send) > 0 {
			roster = step.Send[0].Bytes
		}
	}
	if _, err := w.Stations[2].Enrol.Step(w.At(w.Stations[2], ceremonies.Scanned{Bytes: roster})); code(err) != "enrolment/not-listed" {
		t.Errorf("the replaced station itself: %v", err)
	}
	if _, err := w.Stations[0].Enrol.Step(w.At(w.Stations[0], ceremonies.Scanned{Bytes: roster})); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Stations[0].Enrol.Step(w.At(w.Stations[0], ceremonies.Scanned{Bytes: introductions[2]})); code(err) != "enrolment/replaced" {
		t.Errorf("scanning the true station directly: %v", err)
	}
	if _, _, ok := w.Stations[0].Enrol.Roster(); ok {
		t.Error("a roster counts before anybody compared it")
	}
	step, err := w.Stations[0].Enrol.Step(w.At(w.Stations[0], ceremonies.Differs{}))
	if _, failed := step.Screen.(ceremonies.Failed); err != nil || !failed {
		t.Errorf("differing words: %v", err)
	}
}

// Stations that stand together scan each other's screens. When a station has seen
// every other one of the roster directly, and not before, it needs no words.
func TestDirectScanInsteadOfWords(t *testing.T) {
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	var introductions [][]byte
	var roster []byte
	for _, s := range w.Stations {
		machine, step, err := enrolment.NewStation(s.Identity, w.At(s, ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		s.Enrol = machine
		if step, err = s.keep(step, nil); err != nil {
			t.Fatal(err)
		}
		introductions = append(introductions, step.Send[0].Bytes)
		shown, err := w.keep(w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: step.Send[0].Bytes})))
		if err != nil {
			t.Fatal(err)
		}
		if len(shown.Send) > 0 {
			roster = shown.Send[0].Bytes
		}
	}
	s := w.Stations[0]
	for i, c := range []struct {
		message []byte
		over    bool
	}{{roster, false}, {introductions[0], false}, {introductions[1], false}, {introductions[1], false}, {introductions[2], true}} {
		if _, err := s.keep(s.Enrol.Step(w.At(s, ceremonies.Scanned{Bytes: c.message}))); err != nil {
			t.Fatalf("scan %d: %v", i, err)
		}
		if _, _, over := s.Enrol.Roster(); over != c.over {
			t.Fatalf("after scan %d enrolment is over: %v", i, over)
		}
	}
	if s.Enrol, err = enrolment.ResumeStation(s.Disk.Records("enrolment/")); err != nil {
		t.Fatal(err)
	}
	if _, own, over := s.Enrol.Roster(); !over || own != 0 {
		t.Fatal("a restart forgets that enrolment is over")
	}
	if _, err := s.Enrol.Step(w.At(s, ceremonies.Scanned{Bytes: roster})); code(err) != "enrolment/kind" {
		t.Fatalf("a second roster: %v", err)
	}
	// A fourth station comes too late; the first, shown again, changes nothing.
	late, err := New(2, 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	late.Stations[0].Identity.Name = "latecomer"
	_, step, err := enrolment.NewStation(late.Stations[0].Identity, w.At(s, ceremonies.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: step.Send[0].Bytes})); code(err) != "enrolment/complete" {
		t.Fatalf("a fourth station: %v", err)
	}
	again, err := w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: introductions[0]}))
	if err != nil || !bytes.Equal(again.Send[0].Bytes, roster) {
		t.Fatalf("a repeated introduction: %v", err)
	}
}

// The parts of a recovery file are exchanged between two groups of the same
// people, or between two key generations of one group.
func TestRecoveryFileOfTwoGroups(t *testing.T) {
	a, b := ready(t, 2, 3), readySeed(t, 2, 3, 2)
	larger := ready(t, 3, 5)
	for name, mix := range map[string]keygen.Public{
		"another key":          {Charter: a.Public.Charter, Recovery: b.Public.Recovery, Bindings: a.Public.Bindings},
		"others' bindings":     {Charter: a.Public.Charter, Recovery: a.Public.Recovery, Bindings: b.Public.Bindings},
		"a larger group's key": {Charter: a.Public.Charter, Recovery: larger.Public.Recovery, Bindings: a.Public.Bindings},
		"a binding left out":   {Charter: a.Public.Charter, Recovery: a.Public.Recovery, Bindings: a.Public.Bindings[:2]},
		"a binding too many":   {Charter: a.Public.Charter, Recovery: a.Public.Recovery, Bindings: append(a.Public.Bindings[:3:3], a.Public.Bindings[0])},
	} {
		if _, err := keygen.DecodePublic(mustEncode(t, mix)); err == nil {
			t.Errorf("%s: the file is accepted", name)
		}
	}
	if _, _, err := keygen.Restore(b.Stations[0].Identity.Host, mustEncode(t, a.Public)); err == nil {
		t.Error("words of another wallet restore a share")
	}
}

// Names are compared by people and shown on every screen: they are plain, and a
// station that sends another kind is not enrolled.
func TestStationNames(t *testing.T) {
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	for name, good := range map[string]bool{
		"vault-a": true, "Vault A 2": true, "": false, " vault": false, "vault ": false, "vault  a": false,
		"a name that is longer than any label": false, "vault\u202ea": false, "va\nult": false, "vault\"": false, "vãult": false,
	} {
		id := s.Identity
		id.Name = name
		if _, _, err := enrolment.NewStation(id, w.At(s, ceremonies.Start{})); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
		body := mustMarshal(t, enrolment.Introduction{Name: name, HostKey: id.Host.PublicKey(), Network: id.Network})
		m, err := wire.Seal(wire.KindIntroduction, [32]byte{}, body, id.Instance, w.Random())
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := enrolment.NewCoordinator(enrolment.Plan{Network: w.network, Stations: 3, Threshold: 2}, w.Courier, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fresh.Step(w.Event(ceremonies.Scanned{Bytes: m.Bytes})); (err == nil) != good {
			t.Errorf("%q is introduced: %v", name, err)
		}
	}
	for _, bad := range []enrolment.Introduction{
		{Name: "vault", HostKey: s.Identity.Host.PublicKey(), Network: 9},
		{Name: "vault", Network: w.network},
	} {
		m, err := wire.Seal(wire.KindIntroduction, [32]byte{}, mustMarshal(t, bad), s.Identity.Instance, w.Random())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: m.Bytes})); code(err) != "enrolment/not-ours" {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, plan := range []enrolment.Plan{{Network: w.network, Stations: 3, Threshold: 1}, {Network: w.network, Stations: 2, Threshold: 3}, {Network: w.network, Stations: 1, Threshold: 1}, {Network: w.network, Stations: 99, Threshold: 60}} {
		if _, err := enrolment.NewCoordinator(plan, w.Courier, nil); err == nil {
			t.Errorf("a plan of %d of %d", plan.Threshold, plan.Stations)
		}
	}
}

// A station that was set up for another network is brought into the group: by
// its own introduction, and by a roster that a hostile coordinator makes.
func TestWrongNetwork(t *testing.T) {
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	id := w.Stations[2].Identity
	id.Network = wallet.Signet
	_, foreign, err := enrolment.NewStation(id, w.At(w.Stations[2], ceremonies.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: foreign.Send[0].Bytes})); code(err) != "enrolment/network" {
		t.Fatalf("a station of another network is enrolled: %v", err)
	}
	for _, s := range w.Stations {
		machine, step, err := enrolment.NewStation(s.Identity, w.At(s, ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		s.Enrol = machine
		if _, err := w.keep(w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: step.Send[0].Bytes}))); err != nil {
			t.Fatal(err)
		}
	}
	type body struct { // as the roster's, whose type is private
		Network       wallet.Network `cbor:"1,keyasint"`
		Threshold     uint8          `cbor:"2,keyasint"`
		Introductions [][]byte       `cbor:"3,keyasint"`
	}
	opened, err := wire.OpenSelfSigned(w.Disk[enrolment.RosterName], wire.KindRoster)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*body){
		"another network":     func(b *body) { b.Network = wallet.Mainnet },
		"a foreign station":   func(b *body) { b.Introductions[2] = foreign.Send[0].Bytes },
		"half as threshold":   func(b *body) { b.Threshold = 1 },
		"too high a quorum":   func(b *body) { b.Threshold = 4 },
		"one station twice":   func(b *body) { b.Introductions[2] = b.Introductions[1] },
		"a torn introduction": func(b *body) { b.Introductions[2] = b.Introductions[2][1:] },
		"a single station":    func(b *body) { b.Introductions = b.Introductions[:1] },
	} {
		var b body
		if err := wire.Unmarshal(opened.Body(), &b, wire.MaxSealed); err != nil {
			t.Fatal(err)
		}
		change(&b)
		evil, err := wire.Seal(wire.KindRoster, [32]byte{}, mustMarshal(t, b), w.Courier, w.Random())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Stations[0].Enrol.Step(w.At(w.Stations[0], ceremonies.Scanned{Bytes: evil.Bytes})); code(err) != "enrolment/not-ours" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every station is stopped at every step of key generation, once before the
// step was kept and once after, and comes back from its disk.
func TestCrashThroughKeyGeneration(t *testing.T) {
	for _, kept := range []bool{false, true} {
		for at := range 5 {
			w := enrolled(t, 2, 3)
			w.beginKeygen(t, w.draft(t, rules()))
			s, steps := w.Stations[1], 0
			s.Crash = func(step ceremonies.Step) bool {
				steps++
				if steps-1 != at {
					return false
				}
				if kept {
					for _, r := range step.Save {
						s.Disk[r.Name] = r.Value
					}
				}
				return true
			}
			setup, err := s.keygenSetup()
			if err != nil {
				t.Fatal(err)
			}
			for visit := 1; visit <= 3; visit++ {
				shown, err := w.Keygen.Step(w.Event(ceremonies.Start{}))
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range w.Stations {
					answer, err := w.visitKeygen(s, shown.Send[0].Bytes)
					if _, crashed := err.(Crashed); crashed {
						if s.Keygen, err = keygen.ResumeStation(setup, s.Disk.Records("keygen/")); err != nil {
							t.Fatal(err)
						}
						answer, err = w.answerAgain(s, shown.Send[0].Bytes)
					}
					if err != nil {
						t.Fatalf("kept %v, step %d, visit %d: %v", kept, at, visit, err)
					}
					if _, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: answer}))); err != nil {
						t.Fatalf("kept %v, step %d, visit %d: %v", kept, at, visit, err)
					}
				}
			}
			if _, err := w.Keygen.Public(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// answerAgain is what a person does after a restart: look whether an answer is
// shown already, answer what is asked, and scan again if neither.
func (w *World) answerAgain(s *Station, message []byte) ([]byte, error) {
	answer, err := w.visitKeygen(s, message)
	if code(err) != "keygen/kind" {
		return answer, err
	}
	step, err := s.Keygen.Step(w.At(s, ceremonies.Start{}))
	if _, asked := step.Screen.(ceremonies.Compare); asked {
		step, err = s.keep(s.Keygen.Step(w.At(s, ceremonies.Matches{})))
	}
	if err != nil {
		return nil, err
	}
	return step.Screen.(ceremonies.Show).Message.Bytes, nil
}

// A station is set up twice before the roster is complete, or introduces itself
// under a name that differs only in capitals. The later keys count; nobody has
// compared the earlier ones.
func TestStationSetUpTwice(t *testing.T) {
	w, err := New(2, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(2, 3, 9)
	if err != nil {
		t.Fatal(err)
	}
	again.Stations[0].Identity.Name = "STATION A"
	var last []byte
	for _, s := range []*Station{w.Stations[0], w.Stations[1], again.Stations[0], w.Stations[2]} {
		machine, step, err := enrolment.NewStation(s.Identity, w.At(s, ceremonies.Start{}))
		if err != nil {
			t.Fatal(err)
		}
		s.Enrol = machine
		shown, err := w.keep(w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: step.Send[0].Bytes})))
		if err != nil {
			t.Fatal(err)
		}
		if len(shown.Send) > 0 {
			last = shown.Send[0].Bytes
		}
	}
	r, err := enrolment.OpenRoster(last)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Stations) != 3 || r.Stations[0].InstanceKey != again.Stations[0].Identity.Instance.Public() {
		t.Fatalf("the roster lists %d stations, the first %q", len(r.Stations), r.Stations[0].Name)
	}
	if _, err := w.Stations[0].Enrol.Step(w.At(w.Stations[0], ceremonies.Scanned{Bytes: last})); code(err) != "enrolment/not-listed" {
		t.Fatalf("the replaced installation: %v", err)
	}
}

// A person found that the words differ. A restart does not ask again.
func TestRosterThatDifferedStaysRefused(t *testing.T) {
	w := enrolled(t, 2, 3)
	s := w.Stations[0]
	roster := s.Disk[enrolment.RosterName]
	delete(s.Disk, enrolment.RosterName)
	var err error
	if s.Enrol, err = enrolment.ResumeStation(s.Disk.Records("enrolment/")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keep(s.Enrol.Step(w.At(s, ceremonies.Differs{}))); err != nil {
		t.Fatal(err)
	}
	if s.Enrol, err = enrolment.ResumeStation(s.Disk.Records("enrolment/")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enrol.Step(w.At(s, ceremonies.Matches{})); code(err) != "enrolment/unexpected" {
		t.Fatalf("a refused roster is still offered: %v", err)
	}
	if _, err := s.keep(s.Enrol.Step(w.At(s, ceremonies.Scanned{Bytes: roster}))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keep(s.Enrol.Step(w.At(s, ceremonies.Matches{}))); err != nil {
		t.Fatal(err)
	}
}

// The first address differs at one station. Nothing of the session is left there:
// not in the machine, not after a restart, and no share.
func TestDifferingAddressIsFinal(t *testing.T) {
	w := enrolled(t, 2, 3)
	w.beginKeygen(t, w.draft(t, rules()))
	for range 2 {
		if err := w.round(t, nil); err != nil {
			t.Fatal(err)
		}
	}
	certificate, err := w.Keygen.Step(w.Event(ceremonies.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	setup, err := s.keygenSetup()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.keep(s.Keygen.Step(w.At(s, ceremonies.Scanned{Bytes: certificate.Send[0].Bytes}))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keep(s.Keygen.Step(w.At(s, ceremonies.Differs{}))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Keygen.Step(w.At(s, ceremonies.Matches{})); code(err) != "keygen/unexpected" {
			t.Fatalf("a refused address is confirmed: %v", err)
		}
		if _, err := s.Keygen.Step(w.At(s, ceremonies.Scanned{Bytes: certificate.Send[0].Bytes})); code(err) != "keygen/kind" {
			t.Fatalf("a refused session goes on: %v", err)
		}
		if s.Keygen, err = keygen.ResumeStation(setup, s.Disk.Records("keygen/")); err != nil {
			t.Fatal(err)
		}
	}
	if _, kept := s.Disk[keygen.ShareName]; kept {
		t.Fatal("a share is kept of a refused session")
	}
}

// Every machine of enrolment and key generation is restarted from its records
// before every event.
func TestRestartThroughKeyGeneration(t *testing.T) {
	w := enrolled(t, 2, 3)
	draft := w.draft(t, rules())
	w.beginKeygen(t, draft)
	r, _ := w.Enrol.Roster()
	var err error
	for visit := 1; visit <= 3; visit++ {
		for _, s := range w.Stations {
			if w.Keygen, err = keygen.NewCoordinator(Group(r), draft, w.Courier, w.Disk.Records("keygen/")); err != nil {
				t.Fatal(err)
			}
			shown, err := w.Keygen.Step(w.Event(ceremonies.Start{}))
			if err != nil {
				t.Fatal(err)
			}
			if s.Enrol, err = enrolment.ResumeStation(s.Disk.Records("enrolment/")); err != nil {
				t.Fatal(err)
			}
			setup, err := s.keygenSetup()
			if err != nil {
				t.Fatal(err)
			}
			if s.Keygen, err = keygen.ResumeStation(setup, s.Disk.Records("keygen/")); err != nil {
				t.Fatal(err)
			}
			answer, err := w.visitKeygen(s, shown.Send[0].Bytes)
			if err != nil {
				t.Fatalf("visit %d, station %d: %v", visit, s.Number, err)
			}
			if s.Keygen, err = keygen.ResumeStation(setup, s.Disk.Records("keygen/")); err != nil {
				t.Fatal(err)
			}
			again, err := s.Keygen.Step(w.At(s, ceremonies.Start{}))
			if err != nil || !bytes.Equal(again.Send[0].Bytes, answer) {
				t.Fatalf("visit %d, station %d: the answer is lost after a restart: %v", visit, s.Number, err)
			}
			if _, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: answer}))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if w.Public, err = w.Keygen.Public(); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.Stations {
		share, record, err := keygen.Restore(s.Identity.Host, mustEncode(t, w.Public))
		if err != nil {
			t.Fatal(err)
		}
		if share.Station != s.Number || !bytes.Equal(record, s.Disk[keygen.ShareName]) {
			t.Fatalf("station %d: the restored share is another one", s.Number)
		}
	}
}

func mustEncode(t *testing.T, p keygen.Public) []byte {
	t.Helper()
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
