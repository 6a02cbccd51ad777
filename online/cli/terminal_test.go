package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/wire"

	"heliograph/online/coordinator"
	"heliograph/online/frames"
)

// output is what the terminal printed; written and read by different goroutines.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
	on map[string]func() // called once when the text was printed
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.b.Write(p)
	for text, act := range o.on {
		if strings.Contains(o.b.String(), text) {
			delete(o.on, text)
			go act()
		}
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// scene is a terminal at which lines are typed.
type scene struct {
	*terminal
	out    *output
	typed  *io.PipeWriter
	outbox string
	inbox  string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	in, typed := io.Pipe()
	t.Cleanup(func() { _ = typed.Close() })
	s := &scene{out: &output{on: make(map[string]func())}, typed: typed, outbox: t.TempDir(), inbox: t.TempDir()}
	screen, err := frames.OpenScreen(s.outbox)
	if err != nil {
		t.Fatal(err)
	}
	camera, err := frames.OpenCamera(s.inbox)
	if err != nil {
		t.Fatal(err)
	}
	s.terminal = &terminal{out: s.out, lines: readLines(in), screen: screen, camera: camera, practice: true, evidence: filepath.Join(t.TempDir(), "evidence")}
	return s
}

func (s *scene) types(lines ...string) {
	go func() {
		for _, l := range lines {
			_, _ = io.WriteString(s.typed, l+"\n")
		}
	}()
}

var roster = ceremonies.Show{Title: "Roster", To: "every station", Message: wire.Message{Kind: wire.KindRoster, Bytes: bytes.Repeat([]byte("roster "), 100)}}

func TestShow(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  coordinator.Word
	}{
		"enter":            {[]string{""}, coordinator.GoOn},
		"away":             {[]string{" away "}, coordinator.Away},
		"something, enter": {[]string{"yes", "approve", ""}, coordinator.GoOn},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.types(c.lines...)
			word, err := s.Show(t.Context(), roster)
			if err != nil || word != c.want {
				t.Fatalf("%v, %v", word, err)
			}
			said := s.out.String()
			if !strings.Contains(said, "== PRACTICE: Roster ==") || strings.Count(said, promptShow) != len(c.lines) {
				t.Fatalf("said %q", said)
			}
			left, err := os.ReadDir(s.outbox)
			if err != nil || len(left) != 0 {
				t.Fatalf("%d frames stayed on the screen", len(left))
			}
		})
	}
}

// The input ends: nobody says that the other side has it, so nobody may assume
// it.
func TestShowWithoutAnAnswer(t *testing.T) {
	s := newScene(t)
	_ = s.typed.Close()
	if _, err := s.Show(t.Context(), roster); !errors.Is(err, errEnded) {
		t.Fatalf("%v", err)
	}
	if f := explain(ran{errEnded}); f.code != Waiting {
		t.Fatalf("exit code %d", f.code)
	}
}

// The screen's folder is gone: that is an error, not an endless wait for Enter.
func TestShowOnABrokenScreen(t *testing.T) {
	s := newScene(t)
	if err := os.RemoveAll(s.outbox); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Show(t.Context(), roster); err == nil || errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
}

func TestScan(t *testing.T) {
	s := newScene(t)
	message := bytes.Repeat([]byte{1, 2, 3, 4}, 300)
	film, err := frames.OpenScreen(s.inbox)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	filmed := make(chan error, 1)
	s.out.on[promptScan] = func() { filmed <- film.Show(ctx, message) }
	_ = s.typed.Close() // a camera needs nobody at the keyboard
	got, word, err := s.Scan(t.Context(), ceremonies.Scan{Title: "Visit 1 of 2", Want: "the answer of station 0"})
	if err != nil || word != coordinator.GoOn || !bytes.Equal(got, message) {
		t.Fatalf("%d bytes, %v, %v", len(got), word, err)
	}
	stop()
	if err := <-filmed; err != nil {
		t.Fatal(err)
	}
	said := s.out.String()
	_, progress, _ := strings.Cut(said, promptScan)
	if !strings.HasPrefix(progress, "\n\rreceived 1/4\rreceived 2/4") || !strings.HasSuffix(progress, "received 4/4\ncomplete: not a Heliograph message; not checked yet\n") {
		t.Fatalf("progress %q", progress)
	}
}

// A station goes on showing what the camera has seen already. Only the next
// message counts, and a message that is scanned again after something was shown.
func TestScanPassesOverTheLast(t *testing.T) {
	s := newScene(t)
	film, err := frames.OpenScreen(s.inbox)
	must(t, err)
	want := ceremonies.Scan{Title: "x", Want: "y"}
	shows := func(message string) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = film.Show(ctx, []byte(message)) }()
		return func() { cancel(); <-ended }
	}
	stop := shows("the first message of all")
	first, _, err := s.Scan(t.Context(), want)
	must(t, err)
	s.out.on["show the next one"] = func() { stop(); stop = shows("the second message of all") }
	second, _, err := s.Scan(t.Context(), want)
	must(t, err)
	if string(first) != "the first message of all" || string(second) != "the second message of all" || strings.Count(s.out.String(), "complete: ") != 2 {
		t.Fatalf("%q, %q, %q", first, second, s.out.String())
	}
	s.types("")
	_, err = s.Show(t.Context(), roster)
	must(t, err)
	third, _, err := s.Scan(t.Context(), want)
	must(t, err)
	stop()
	if string(third) != string(second) {
		t.Fatalf("%q", third)
	}
}

func TestScanInterrupted(t *testing.T) {
	for line, want := range map[string]coordinator.Word{"show": coordinator.Again, "away": coordinator.Away} {
		s := newScene(t)
		s.types("", "what?", line)
		_, word, err := s.Scan(t.Context(), ceremonies.Scan{Title: "x", Want: "y"})
		if err != nil || word != want || strings.Count(s.out.String(), "type show to show") != 2 {
			t.Fatalf("%s: %v, %v, %q", line, word, err, s.out.String())
		}
	}
	s := newScene(t)
	ctx, stop := context.WithCancel(t.Context())
	s.out.on[promptScan] = stop // Ctrl-C
	if _, _, err := s.Scan(ctx, ceremonies.Scan{Title: "x", Want: "y"}); explain(ran{err}).code != Waiting {
		t.Fatalf("Ctrl-C: %v", err)
	}
}

func TestLongAnswer(t *testing.T) {
	s := newScene(t)
	s.types(strings.Repeat("x", maxLine+1))
	if _, err := s.ask(t.Context(), "> "); err == nil {
		t.Fatal("an answer without end was taken")
	}
}

func TestQuorum(t *testing.T) {
	stations := []coordinator.Station{{Number: 0, Name: "a"}, {Number: 1, Name: "b\x1b[2J"}, {Number: 2, Name: "c"}}
	s := newScene(t)
	s.types("0", "0,x", "0,-1", "2, 0")
	got, err := s.Quorum(t.Context(), 2, stations)
	if err != nil || !reflect.DeepEqual(got, []int{2, 0}) {
		t.Fatalf("%v, %v", got, err)
	}
	if strings.Contains(s.out.String(), "\x1b") {
		t.Fatal("a station's name moves the cursor")
	}
	s.types("stop")
	if got, err := s.Quorum(t.Context(), 2, stations); err != nil || len(got) != 0 {
		t.Fatalf("%v, %v", got, err)
	}
}

// Evidence is written where it is named, once, and readable by its owner only.
func TestEvidence(t *testing.T) {
	s := newScene(t)
	fault := &ceremonies.Fault{Code: "session/wrong-share", Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: 2}, What: "It lied.", Record: []byte("proof")}
	for range 2 {
		s.Tell(ceremonies.Failed{Fault: fault})
	}
	_, name, _ := strings.Cut(s.out.String(), "evidence: ")
	name, _, _ = strings.Cut(name, "\n")
	b, err := os.ReadFile(name)
	if err != nil || string(b) != "proof" || !strings.HasPrefix(filepath.Base(name), "station-2-") {
		t.Fatalf("%q: %q, %v", name, b, err)
	}
	files, err := os.ReadDir(s.evidence)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal("others can read the evidence")
	}
	for _, line := range []string{"fault: session/wrong-share", "what: It lied.", "suspect: station 2"} {
		if !strings.Contains(s.out.String(), line) {
			t.Errorf("%q is not said", line)
		}
	}
}
