package amendment

import (
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// restored is a station that was set up anew, in a world that goes on without it.
type restored struct {
	*world
	number       int
	disk         map[string][]byte
	certificates [][]byte
}

// relist has station 2 lose its disk, after everybody released something, and be
// listed anew.
func relist(t *testing.T, w *world) *restored {
	t.Helper()
	for i := range w.disks {
		w.release(i)
		w.release(i)
	}
	r := &restored{world: w, number: len(w.disks) - 1, disk: make(map[string][]byte)}
	old := w.heads(0)[r.number]
	r.certificates = append(r.certificates, w.amend(two, func(d *charter.Document) {
		d.Retired = append(d.Retired, charter.Retired{Station: uint8(r.number), Instance: old.Instance, Seq: old.Seq, Last: old.Last})
		d.Stations[r.number].InstanceKey = key("restored").Public()
	}))
	return r
}

func (r *restored) machine() *Restored {
	r.t.Helper()
	m, err := NewRestored(Setup{First: r.first, Station: r.number, Instance: key("restored")}, records(r.disk))
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *restored) step(in ceremonies.Input) (ceremonies.Step, error) {
	r.t.Helper()
	step, err := r.machine().Step(r.event(in))
	return keep(r.disk, step, err)
}

// challenged follows the certificates and shows a challenge.
func (r *restored) challenged() []byte {
	r.t.Helper()
	for _, c := range r.certificates {
		r.must(r.step(ceremonies.Scanned{Bytes: c}))
	}
	if _, ok := r.machine().Screen().(ceremonies.Compare); !ok {
		r.t.Fatalf("shows %+v", r.machine().Screen())
	}
	step := r.must(r.step(ceremonies.Matches{}))
	return step.Send[0].Bytes
}

// answer has a station answer a challenge.
func (r *restored) answer(i int, challenge []byte) []byte {
	r.t.Helper()
	return r.must(r.do(i, ceremonies.Scanned{Bytes: challenge})).Send[0].Bytes
}

// all are the records of everybody, as the coordinator shows them.
func (r *restored) all() []byte { return r.some(func(ledger.Record) bool { return true }) }

func (r *restored) some(which func(ledger.Record) bool) []byte {
	r.t.Helper()
	var body recordsBody
	for _, chain := range r.chains {
		for _, record := range chain {
			if !which(record) {
				continue
			}
			b, err := record.Encode()
			if err != nil {
				r.t.Fatal(err)
			}
			body.Records = append(body.Records, b)
		}
	}
	b, err := wire.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.seal(wire.KindRecords, b, key("courier"))
}

func TestRelisting(t *testing.T) {
	r := relist(t, newWorld(t, 2, 3))
	if got := r.machine().Screen().(ceremonies.Scan).Title; !strings.Contains(got, "does not list this installation") {
		t.Errorf("before any certificate it says %q", got)
	}
	challenge := r.challenged()
	for _, i := range []int{0, 1} {
		if _, _, done := r.machine().Memory(); done {
			t.Fatal("it remembers before it was told")
		}
		r.must(r.step(ceremonies.Scanned{Bytes: r.answer(i, challenge)}))
	}
	if got := r.machine().Screen().(ceremonies.Scan).Title; !strings.Contains(got, "records 1 to 2 of station 0") || !strings.Contains(got, "records 1 to 2 of the retired instance of station 2") {
		t.Errorf("it misses %q", got)
	}
	step := r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	if _, ok := step.Screen.(ceremonies.Done); !ok {
		t.Errorf("it shows %+v", step.Screen)
	}
	got, heads, done := r.machine().Memory()
	if !done || len(got) != 6 || len(heads) != 2 || heads[0].Station != 0 || heads[1].Station != 1 || heads[0].Verify() != nil {
		t.Errorf("%d records, %d heads, %v", len(got), len(heads), done)
	}
	if r.machine().Line().Latest().ID() != r.coordinator().Line().Latest().ID() {
		t.Error("it follows another line")
	}
}

// The coordinator shows a restored station the answer of one other station only,
// or of one twice, and all records that this one speaks of. What the missing one
// released would be forgotten.
func TestAttackTooFewWitnesses(t *testing.T) {
	r := relist(t, newWorld(t, 2, 3))
	challenge := r.challenged()
	answer := r.answer(0, challenge)
	for range 2 {
		r.must(r.step(ceremonies.Scanned{Bytes: answer}))
	}
	step := r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	if _, ok := step.Screen.(ceremonies.Scan); !ok || !strings.Contains(text(step.Screen), "answers of 1 more stations") {
		t.Errorf("it shows %+v", step.Screen)
	}
	if _, _, done := r.machine().Memory(); done {
		t.Error("one witness of two is enough")
	}
}

// A record is kept from the restored station: by the coordinator, which leaves out
// the last one of station 0; by station 1, which says that station 0 has released
// less than it has, so that only the other witness knows.
func TestAttackHiddenRecord(t *testing.T) {
	w := newWorld(t, 2, 3)
	r := relist(t, w)
	challenge := r.challenged()
	r.must(r.step(ceremonies.Scanned{Bytes: r.answer(0, challenge)}))
	body, err := decodeWitness(mustOpen(t, w, r.answer(1, challenge)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range body.Known {
		body.Known[i].Seq, body.Known[i].Last = 0, [32]byte{}
	}
	lie, err := wire.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r.must(r.step(ceremonies.Scanned{Bytes: w.seal(wire.KindWitness, lie, w.keys[1])}))
	r.must(r.step(ceremonies.Scanned{Bytes: r.some(func(l ledger.Record) bool { return l.Station != 0 || l.Seq < 2 })}))
	if _, _, done := r.machine().Memory(); done {
		t.Fatal("a record is missing and nobody noticed")
	}
	if got := text(r.machine().Screen()); !strings.Contains(got, "records 2 to 2 of station 0") {
		t.Errorf("it says %s", got)
	}
	r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	if _, _, done := r.machine().Memory(); !done {
		t.Error("with all records it is still not done")
	}
}

func mustOpen(t *testing.T, w *world, sealed []byte) []byte {
	t.Helper()
	m, err := openedByNewest(w.coordinator().Line(), sealed)
	if err != nil {
		t.Fatal(err)
	}
	return m.Body()
}

// An answer to an earlier challenge, from before the last release, is shown again.
func TestAttackOldWitness(t *testing.T) {
	r := relist(t, newWorld(t, 2, 3))
	old := r.answer(0, r.challenged())
	clear(r.disk)
	r.release(0)
	challenge := r.challenged()
	_, err := r.step(ceremonies.Scanned{Bytes: old})
	isFault(t, err, "amendment/witness")
	r.must(r.step(ceremonies.Scanned{Bytes: r.answer(0, challenge)}))
	if got := text(r.machine().Screen()); !strings.Contains(got, "records 1 to 3 of station 0") {
		t.Errorf("it says %s", got)
	}
}

// Another station knows releases that this very instance signed: its disk was
// copied, and the copy signs.
func TestAttackCopiedInstance(t *testing.T) {
	w := newWorld(t, 2, 3)
	r := relist(t, w)
	challenge := r.challenged()
	w.keys[2] = key("restored")
	w.chains[2] = nil
	w.release(2)
	answer := r.answer(0, challenge)
	_, err := r.step(ceremonies.Scanned{Bytes: answer})
	isFault(t, err, "amendment/copied")
}

// A station shows two different records with one number: proof against it.
func TestAttackEquivocation(t *testing.T) {
	w := newWorld(t, 2, 3)
	r := relist(t, w)
	challenge := r.challenged()
	r.must(r.step(ceremonies.Scanned{Bytes: r.answer(0, challenge)}))
	r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	other := w.chains[0][0]
	other.Batch = [32]byte{9, 9}
	forged, err := ledger.SignRecord(other, w.keys[0], [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	w.chains[0] = []ledger.Record{forged}
	_, err = r.step(ceremonies.Scanned{Bytes: r.all()})
	f := isFault(t, err, "amendment/equivocation")
	if f.Suspect.Kind != ceremonies.Station || f.Suspect.Station != 0 {
		t.Errorf("%+v", f.Suspect)
	}
}

// The words of the newest charter differ from another station's: forged
// certificates, or too few.
func TestWordsDiffer(t *testing.T) {
	r := relist(t, newWorld(t, 2, 3))
	for _, c := range r.certificates {
		r.must(r.step(ceremonies.Scanned{Bytes: c}))
	}
	step := r.must(r.step(ceremonies.Differs{}))
	isFailed(t, step.Screen, "amendment/differs")
	if _, err := r.step(ceremonies.Scanned{Bytes: r.all()}); err == nil {
		t.Error("records are taken before the words were compared")
	}
}

// While the restored station collects, the charter changes: what it was told
// belongs to the charter before, and it asks anew.
func TestCharterChangesMeanwhile(t *testing.T) {
	w := newWorld(t, 2, 3)
	r := relist(t, w)
	challenge := r.challenged()
	r.must(r.step(ceremonies.Scanned{Bytes: r.answer(0, challenge)}))
	w.now += 2 * day
	w.keys[2] = key("restored")
	w.chains[2] = nil
	next := w.amend([]string{"Ada"}, setCap(7))
	step := r.must(r.step(ceremonies.Scanned{Bytes: next}))
	if _, ok := step.Screen.(ceremonies.Compare); !ok {
		t.Errorf("it shows %+v", step.Screen)
	}
	_, err := w.do(1, ceremonies.Scanned{Bytes: challenge})
	isFault(t, err, "amendment/behind")
	r.certificates = append(r.certificates, next)
	again := r.challenged()
	if string(again) == string(challenge) {
		t.Error("the same challenge again")
	}
}

// The draft retires the old instance at another place than the stations know: a
// release would be forgotten, or one be demanded that there is not.
func TestAttackRetirement(t *testing.T) {
	w := newWorld(t, 2, 3)
	for i := range 3 {
		w.release(i)
		w.release(i)
	}
	old := w.heads(0)[2]
	for name, end := range map[string]charter.Retired{
		"too early":           {Seq: 1, Last: w.chains[2][0].Hash()},
		"nothing":             {},
		"too late":            {Seq: 3, Last: [32]byte{3}},
		"another last record": {Seq: 2, Last: [32]byte{3}},
	} {
		ballot := w.propose(two, func(d *charter.Document) {
			end.Station, end.Instance = 2, old.Instance
			d.Retired = append(d.Retired, end)
			d.Stations[2].InstanceKey = key("restored").Public()
		})
		step := w.must(w.do(0, ceremonies.Scanned{Bytes: ballot}))
		if _, ok := step.Screen.(ceremonies.Failed); !ok {
			t.Errorf("%s: %+v", name, step.Screen)
			continue
		}
		isFailed(t, step.Screen, "amendment/unfollowed")
	}
}

// A station that never signed, or was restored itself, is no witness.
func TestForgetfulWitness(t *testing.T) {
	w := newWorld(t, 2, 3)
	r := relist(t, w)
	challenge := r.challenged()
	setup := w.setup(0)
	setup.Heads = nil
	s, err := NewStation(setup, records(w.disks[0]))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Step(w.event(ceremonies.Scanned{Bytes: challenge}))
	isFault(t, err, "amendment/forgotten")
}

// A restored station resumes wherever it stood: here, at the challenge, which it
// shows again.
func TestChallengeIsShownAgain(t *testing.T) {
	r := relist(t, newWorld(t, 2, 3))
	challenge := r.challenged()
	step := r.must(r.step(ceremonies.Start{}))
	if len(step.Send) != 1 || !slices.Equal(step.Send[0].Bytes, challenge) {
		t.Error("another challenge after a restart")
	}
}

// Another station remembers another record in a place than the one that is shown:
// one of the two lies, and with either of them the wallet's memory is not whole.
func TestAttackAnotherMemory(t *testing.T) {
	w := newWorld(t, 2, 3)
	r := relist(t, w)
	challenge := r.challenged()
	r.must(r.step(ceremonies.Scanned{Bytes: r.answer(0, challenge)}))
	body, err := decodeWitness(mustOpen(t, w, r.answer(1, challenge)))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range body.Known {
		if c.Instance == w.keys[0].Public() {
			body.Known[i].Seq, body.Known[i].Last = 3, [32]byte{3}
		}
	}
	lie, err := wire.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r.must(r.step(ceremonies.Scanned{Bytes: w.seal(wire.KindWitness, lie, w.keys[1])}))
	w.release(0)
	r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	if _, _, done := r.machine().Memory(); done || !strings.Contains(text(r.machine().Screen()), "that all agree on") {
		t.Errorf("done %v: %s", done, text(r.machine().Screen()))
	}
}

// Records of a retired instance beyond its end are void: they neither help nor
// harm, and the chain up to the end is demanded.
func TestRecordsBeyondRetirement(t *testing.T) {
	w := newWorld(t, 2, 3)
	r := relist(t, w)
	challenge := r.challenged()
	for _, i := range []int{0, 1} {
		r.must(r.step(ceremonies.Scanned{Bytes: r.answer(i, challenge)}))
	}
	w.release(2) // the old disk signs on
	r.must(r.step(ceremonies.Scanned{Bytes: r.all()}))
	got, _, done := r.machine().Memory()
	if !done || len(got) != 6 {
		t.Errorf("%d records, %v", len(got), done)
	}
}

// Records come before those that they follow: the coordinator is told which.
func TestRecordsOutOfOrder(t *testing.T) {
	r := relist(t, newWorld(t, 2, 3))
	challenge := r.challenged()
	r.must(r.step(ceremonies.Scanned{Bytes: r.answer(0, challenge)}))
	_, err := r.step(ceremonies.Scanned{Bytes: r.some(func(l ledger.Record) bool { return l.Seq == 2 })})
	isFault(t, err, "amendment/records")
	if _, err := r.step(ceremonies.Scanned{Bytes: challenge}); err == nil {
		t.Error("its own challenge is an answer")
	}
}

func TestSetupIsChecked(t *testing.T) {
	w := newWorld(t, 2, 3)
	for name, s := range map[string]Setup{
		"nothing":         {},
		"no key":          {First: w.first},
		"no such station": {First: w.first, Station: 3, Instance: w.keys[0]},
		"below zero":      {First: w.first, Station: -1, Instance: w.keys[0]},
	} {
		if _, err := NewStation(s, nil); err == nil {
			t.Errorf("%s: a station", name)
		}
		if _, err := NewRestored(s, nil); err == nil {
			t.Errorf("%s: a restored station", name)
		}
	}
	if _, err := NewCoordinator(w.first, nil, nil); err == nil {
		t.Error("a coordinator without a key")
	}
	// What was kept is believed only whole: a certificate that is missing, or another
	// one in its place, is no line.
	w.amend([]string{"Ada"}, setCap(3))
	w.amend([]string{"Ada"}, setCap(2))
	delete(w.disks[0], epochName(1))
	if _, err := NewStation(w.setup(0), records(w.disks[0])); err == nil {
		t.Error("resumed without the first certificate")
	}
	w.disks[1][epochName(1)] = w.disks[1][epochName(2)]
	if _, err := NewStation(w.setup(1), records(w.disks[1])); err == nil {
		t.Error("resumed with certificates that do not follow each other")
	}
	w.disks[2][StateName] = []byte{0xff}
	if _, err := NewStation(w.setup(2), records(w.disks[2])); err == nil {
		t.Error("resumed from a torn state")
	}
}
