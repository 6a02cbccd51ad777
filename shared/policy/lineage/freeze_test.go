package lineage

import (
	"slices"
	"strings"
	"testing"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

func (w *world) freeze(at int64, k *wire.SigningKey) []byte {
	w.t.Helper()
	m, err := w.line.SealFreeze("phishing at the desk", at, k, [32]byte{3})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Bytes
}

func lift(id [32]byte) func(*charter.Document) {
	return func(d *charter.Document) { d.Lifted = append(d.Lifted, id) }
}

func TestFreezeIsObeyed(t *testing.T) {
	w := newWorld(t, 2, 3)
	for by, k := range map[string]*wire.SigningKey{`station 1 ("Station 1")`: instance(1), `"Ada"`: key("device of Ada")} {
		f, err := w.line.OpenFreeze(w.freeze(start, k), start+hour)
		if err != nil || !f.Valid() || f.By != by || f.Freeze.Reason != "phishing at the desk" || f.ID == [32]byte{} {
			t.Errorf("%s: %+v, %v", by, f, err)
		}
	}
	if (Frozen{}).Valid() {
		t.Error("the zero value is valid")
	}
}

// Somebody without the power to stop the wallet makes a code: the coordinator, a
// treasurer, a stranger, a person who was dismissed, an instance that was retired,
// a device that is to be listed and is not yet in force.
func TestAttackFreezeByTheWrongOne(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.amend(start, []string{"Ben"}, dismiss("Ada"))
	w.amend(start+1, []string{"Ben", "Cem"}, replace(2, key("fresh").Public(), charter.Retired{}), func(d *charter.Document) {
		d.People = append(d.People, charter.Person{Name: "Eve", Roles: []string{"officer"}, Credentials: []charter.Credential{device("Eve")}})
	})
	for name, k := range map[string]*wire.SigningKey{
		"the coordinator": key("courier"), "a treasurer": key("device of Ben"), "a stranger": key("stranger"),
		"dismissed": key("device of Ada"), "not yet in force": key("device of Eve"), "a new instance not yet in force": key("fresh"),
	} {
		_, err := w.line.OpenFreeze(w.freeze(start+2, k), start+2)
		if err == nil {
			t.Errorf("%s: obeyed", name)
			continue
		}
		isRefused(t, err, Unsigned)
	}
	if _, err := w.line.OpenFreeze(w.freeze(start+2, instance(2)), start+2); err != nil {
		t.Errorf("an instance that is still in force: %v", err)
	}
	if _, err := w.line.OpenFreeze(w.freeze(start+2, instance(2)), start+2+day); err == nil {
		t.Error("a retired instance stops the wallet")
	}
	if _, err := w.line.OpenFreeze(w.freeze(start+2, key("device of Eve")), start+2+day); err != nil {
		t.Errorf("in force, the new officer: %v", err)
	}
}

// A freeze was lifted. Somebody kept a picture of the code and shows it again: to
// the same stations, and after the list of lifted freezes was tidied up.
func TestAttackFreezeReplayAfterThaw(t *testing.T) {
	w := newWorld(t, 2, 3)
	code := w.freeze(start, key("device of Ada"))
	f, err := w.line.OpenFreeze(code, start)
	if err != nil {
		t.Fatal(err)
	}
	w.amend(start+hour, []string{"Dora"}, lift(f.ID))
	_, err = w.line.OpenFreeze(code, start+2*hour)
	isRefused(t, err, OlderEpoch)
	if !strings.Contains(err.Error(), "was lifted") {
		t.Errorf("%v", err)
	}
	w.amend(start+3*hour, []string{"Ben"}, func(d *charter.Document) { d.Lifted = nil })
	if !w.line.Lifted(f.ID, start+4*hour) {
		t.Error("a lifted freeze is forgotten")
	}
	if _, err = w.line.OpenFreeze(code, start+4*hour); err == nil {
		t.Error("a lifted freeze is obeyed again")
	}
	// A new code stops the wallet again.
	again, err := w.line.OpenFreeze(w.freeze(start+5*hour, key("device of Ada")), start+5*hour)
	if err != nil || again.ID == f.ID {
		t.Errorf("a new freeze: %v", err)
	}
}

// To thaw needs those whom the charter asks to thaw. A change that does more
// besides needs them too, and everybody whom that needs.
func TestThawHasItsOwnDemand(t *testing.T) {
	w := newWorld(t, 2, 3)
	id := [32]byte{5}
	for _, c := range []struct {
		name   string
		people []string
		change []func(*charter.Document)
		ok     bool
	}{
		{"a treasurer thaws", []string{"Ada", "Ben", "Cem"}, []func(*charter.Document){lift(id)}, false},
		{"the board thaws", []string{"Dora"}, []func(*charter.Document){lift(id)}, true},
		{"the board thaws and tightens", []string{"Dora"}, []func(*charter.Document){lift(id), setCap(1)}, false},
		{"the board thaws, a treasurer tightens", []string{"Dora", "Ada"}, []func(*charter.Document){lift(id), setCap(1)}, true},
		{"the board thaws, a treasurer loosens", []string{"Dora", "Ada"}, []func(*charter.Document){lift(id), setCap(1 << 40)}, false},
		{"the board thaws, two treasurers loosen", []string{"Dora", "Ada", "Ben"}, []func(*charter.Document){lift(id), setCap(1 << 40)}, true},
	} {
		_, err := w.line.Examine(w.ballot(w.draft(start, c.change...), start, c.people...), start)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A thaw that travels with a loosening waits for its delay, and one that is
// withdrawn before never lifts anything.
func TestThawWaitsWithALoosening(t *testing.T) {
	w := newWorld(t, 2, 3)
	f, err := w.line.OpenFreeze(w.freeze(start, instance(0)), start)
	if err != nil {
		t.Fatal(err)
	}
	w.amend(start, []string{"Dora", "Ada", "Ben"}, lift(f.ID), setCap(1<<40))
	if w.line.Lifted(f.ID, start+day-1) || !w.line.Lifted(f.ID, start+day) {
		t.Error("the freeze is not lifted exactly when the charter is in force")
	}
	w.amend(start+hour, []string{"Ada"})
	if w.line.Lifted(f.ID, start+10*day) {
		t.Error("a charter that was withdrawn lifted a freeze")
	}
}

// A thaw that waits with a loosening is withdrawn. A dishonest station dates its
// acknowledgement of the withdrawal to the far future, so that it seems to come
// after the thaw.
func TestAttackWithdrawnThawWithALyingClock(t *testing.T) {
	w := newWorld(t, 2, 3)
	f, err := w.line.OpenFreeze(w.freeze(start, instance(0)), start)
	if err != nil {
		t.Fatal(err)
	}
	w.amend(start, []string{"Dora", "Ada", "Ben"}, lift(f.ID), setCap(1<<40))
	now, later := start+hour, start+3*day
	c := w.draft(now)
	b := w.ballot(c, now, "Ada")
	digest := w.digest(b, c)
	b.Statements = append(b.Statements, w.approve(digest, later, "Ada", "Ben", "Dora")...)
	certificate, err := NewCertificate(b, []Ack{w.ack(digest, 0, now), w.ack(digest, 1, later)}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if line, err := w.line.Adopt(certificate); err == nil && line.Lifted(f.ID, start+2*day) && line.Epochs()[2].Immediate {
		t.Error("a charter that was withdrawn lifted a freeze")
	}
	// The other way round, an honest withdrawal after the thaw leaves it thawed.
	at := start + 2*day
	w.amend(at, []string{"Ada"}, func(d *charter.Document) { d.Lifted = nil })
	if !w.line.Lifted(f.ID, at) {
		t.Error("what was lifted is frozen again")
	}
}

// A code that was printed is good for the charter it was made under and the next
// one, and for a station that has not heard of the newest charter.
func TestFreezeCodesLast(t *testing.T) {
	w := newWorld(t, 2, 3)
	behind := w.line
	code := w.freeze(start, key("device of Ada"))
	w.amend(start+1, []string{"Ben"}, setCap(10_000))
	if _, err := w.line.OpenFreeze(code, start+2); err != nil {
		t.Errorf("one charter later: %v", err)
	}
	newer := w.freeze(start+2, key("device of Ada"))
	if _, err := behind.OpenFreeze(newer, start+2); err != nil {
		t.Errorf("a station that is behind: %v", err)
	}
	w.amend(start+3, []string{"Ben"}, setCap(1_000))
	_, err := w.line.OpenFreeze(code, start+4)
	isRefused(t, err, OlderEpoch)
}

func TestFreezeForm(t *testing.T) {
	good := Freeze{Charter: [32]byte{1}, Time: 1, Reason: "x"}
	if _, err := good.Encode(); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Freeze{
		"no charter":         {Time: 1, Reason: "x"},
		"no time":            {Charter: [32]byte{1}, Reason: "x"},
		"no reason":          {Charter: [32]byte{1}, Time: 1},
		"a long reason":      {Charter: [32]byte{1}, Time: 1, Reason: strings.Repeat("x", MaxReason+1)},
		"an escape":          {Charter: [32]byte{1}, Time: 1, Reason: "a\x1b[2Jb"},
		"text right to left": {Charter: [32]byte{1}, Time: 1, Reason: "a\u202eb"},
	} {
		if _, err := f.Encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
		b, err := wire.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeFreeze(b); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
}

// A station that is told of a freeze by another one takes only a code that somebody
// made who might freeze under some charter of its line, however long ago.
func TestRecallFreeze(t *testing.T) {
	w := newWorld(t, 2, 3)
	byAda, byStation := w.freeze(start, key("device of Ada")), w.freeze(start, instance(1))
	byBen := w.freeze(start, key("device of Ben")) // no officer
	for i := range int64(3) {
		w.amend(start+i, []string{"Ben"}, setCap(1_000-i))
	}
	w.amend(start+9, []string{"Ben"}, dismiss("Ada"))
	if _, err := w.line.OpenFreeze(byAda, start+10); err == nil {
		t.Fatal("the code is not old")
	}
	for by, code := range map[string][]byte{`"Ada"`: byAda, `station 1 ("Station 1")`: byStation} {
		f, err := w.line.RecallFreeze(code)
		if err != nil || !f.Valid() || f.By != by || w.line.Lifted(f.ID, start+10) {
			t.Errorf("%s: %+v, %v", by, f, err)
		}
	}
	bent := slices.Clone(byAda)
	bent[len(bent)-1] ^= 1
	for name, code := range map[string][]byte{"no officer": byBen, "a signature that does not hold": bent, "a stranger": w.freeze(start, key("stranger")), "nothing": nil} {
		_, err := w.line.RecallFreeze(code)
		t.Log(name)
		isRefused(t, err, Unsigned)
	}
}
