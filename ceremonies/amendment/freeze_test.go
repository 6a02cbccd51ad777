package amendment

import (
	"encoding/hex"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// freezeAt has an operator freeze the wallet at a station; it returns the code.
func (w *world) freezeAt(i int, reason string) []byte {
	w.t.Helper()
	s := w.station(i)
	if _, ok := s.BeginFreeze().Screen.(ceremonies.Ask); !ok {
		w.t.Fatal("nobody is asked for a reason")
	}
	step := w.must(w.on(i, s, ceremonies.Typed{Text: reason}))
	if len(step.Send) != 1 || step.Send[0].Kind != wire.KindFreeze {
		w.t.Fatalf("%+v", step)
	}
	return step.Send[0].Bytes
}

func TestFreezeAndThaw(t *testing.T) {
	w := newWorld(t, 2, 3)
	code := w.freezeAt(0, "a laptop was stolen")
	if len(w.station(0).Frozen(w.now)) != 1 {
		t.Error("the station that froze the wallet is not frozen")
	}
	for _, i := range []int{1, 2} {
		step := w.must(w.do(i, ceremonies.Scanned{Bytes: code}))
		done, ok := step.Screen.(ceremonies.Done)
		if !ok || !strings.HasPrefix(done.Title, "FROZEN") || !strings.Contains(text(done), "a laptop was stolen") || !strings.Contains(text(done), `station 0 ("Station 0")`) {
			t.Errorf("station %d says %+v", i, step.Screen)
		}
		if got := w.station(i).Freezes(); len(got) != 1 {
			t.Errorf("station %d keeps %d freezes", i, len(got))
		}
	}
	// Once more is nothing more.
	w.must(w.do(1, ceremonies.Scanned{Bytes: code}))
	if got := w.station(1).Freezes(); len(got) != 1 {
		t.Errorf("%d freezes", len(got))
	}
	// A freeze does not stop amendments: one lifts it, with the officer's approval.
	id := w.station(1).Freezes()[0]
	if got := w.station(1).Screen(w.now).(ceremonies.Scan).Title; !strings.HasPrefix(got, "FROZEN") {
		t.Errorf("the station says %q", got)
	}
	w.now += hour
	w.amend([]string{"Dora"}, func(d *charter.Document) { d.Lifted = append(d.Lifted, id) })
	for i := range 3 {
		if lines := w.station(i).Frozen(w.now); len(lines) != 0 {
			t.Errorf("station %d is still frozen: %+v", i, lines)
		}
		// The code is shown again after the thaw: it stops nobody any more.
		_, err := w.do(i, ceremonies.Scanned{Bytes: code})
		isFault(t, err, "amendment/older")
	}
}

// A ballot that lifts a freeze shows which, and asks for who may thaw.
func TestThawIsReviewed(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.freezeAt(0, "x")
	id := w.station(0).Freezes()[0]
	ballot := w.propose([]string{"Dora"}, func(d *charter.Document) { d.Lifted = append(d.Lifted, id) })
	step := w.must(w.do(1, ceremonies.Scanned{Bytes: ballot}))
	if !strings.Contains(text(step.Screen), hex.EncodeToString(id[:])) {
		t.Error("the review does not name the freeze")
	}
}

func TestFreezeNeedsAReason(t *testing.T) {
	w := newWorld(t, 2, 3)
	s := w.station(0)
	s.BeginFreeze()
	for _, bad := range []string{"", "   ", strings.Repeat("x", 201), "a\x1bb"} {
		_, err := s.Step(w.event(ceremonies.Typed{Text: bad}))
		isFault(t, err, "amendment/reason")
	}
	if len(s.Freezes()) != 0 {
		t.Error("frozen for no reason")
	}
	w.must(w.on(0, s, ceremonies.Typed{Text: "a good reason"}))
	if len(w.station(0).Freezes()) != 1 {
		t.Error("not frozen")
	}
	_, err := s.Step(w.event(ceremonies.Typed{Text: "again"}))
	isFault(t, err, "amendment/unexpected")
}

// An officer's freeze is obeyed; a treasurer's is not, nor the coordinator's.
func TestWhoFreezes(t *testing.T) {
	w := newWorld(t, 2, 3)
	for name, ok := range map[string]bool{"device of Dora": true, "device of Ada": false, "courier": false, "stranger": false} {
		m, err := w.first.SealFreeze("because", w.now, key(name), [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.do(2, ceremonies.Scanned{Bytes: m.Bytes})
		if (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
		if !ok {
			isFault(t, err, "amendment/unsigned")
		}
	}
}
