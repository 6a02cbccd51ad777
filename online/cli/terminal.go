package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/wire"

	"heliograph/online/coordinator"
	"heliograph/online/frames"
)

// The prompts. A program that types the answers waits for exactly these.
const (
	promptScan   = "scan: press nothing, show the code to the camera"
	promptShow   = "show: press Enter when the other side has it > "
	promptQuorum = "quorum: type the stations to visit, such as 0,2, or stop > "
)

// maxLine bounds an answer, in bytes.
const maxLine = 1024

// errEnded says that the standard input ended where an answer was needed.
var errEnded = errors.New("the input ended before an answer came; what was done so far is kept, run the same command again to go on")

// terminal is the person at the coordinator, with its screen and camera.
type terminal struct {
	out      io.Writer
	lines    <-chan line
	screen   *frames.Screen // nil for a command that shows nothing
	camera   *frames.Camera
	practice bool
	evidence string // folder in which records against a station are written
	scanned  []byte // the last message, until something is shown: its sender may still show it
}

type line struct {
	text string
	err  error
}

// openTerminal joins the folders of frames with the person's lines. A command
// that shows nothing has no screen.
func (c *commands) openTerminal(t *treasury, cameraDir, screenDir string) (*terminal, error) {
	camera, err := frames.OpenCamera(cameraDir)
	if err != nil {
		return nil, err
	}
	var screen *frames.Screen
	if screenDir != "" {
		if screen, err = frames.OpenScreen(screenDir); err != nil {
			return nil, err
		}
	}
	out := c.env.Out
	if c.json {
		out = c.env.Err // the document has the standard output for itself
	}
	return &terminal{out: out, lines: readLines(c.env.In), screen: screen, camera: camera, practice: t.practice(), evidence: filepath.Join(c.dir, "evidence")}, nil
}

// readLines reads ahead one line at a time, so that a person can interrupt a
// scan. It ends with the input.
func readLines(in io.Reader) <-chan line {
	lines := make(chan line)
	go func() {
		defer close(lines)
		var buffer []byte
		one := make([]byte, 1)
		for {
			n, err := in.Read(one)
			switch {
			case n == 1 && one[0] != '\n':
				if len(buffer) >= maxLine {
					lines <- line{err: fmt.Errorf("an answer has more than %d bytes", maxLine)}
					return
				}
				buffer = append(buffer, one[0])
			case n == 1:
				lines <- line{text: strings.TrimSpace(string(buffer))}
				buffer = buffer[:0]
			case err != nil && !errors.Is(err, io.EOF):
				lines <- line{err: fmt.Errorf("read an answer: %w", err)}
				return
			case err != nil:
				return
			}
		}
	}()
	return lines
}

func (t *terminal) printf(format string, args ...any) {
	// A terminal that cannot be written to cannot be told about it.
	_, _ = fmt.Fprintf(t.out, format, args...)
}

// ask prints a prompt and returns the line that follows.
func (t *terminal) ask(ctx context.Context, prompt string) (string, error) {
	t.printf("%s", prompt)
	select {
	case <-ctx.Done():
		t.printf("\n")
		return "", ctx.Err()
	case l, ok := <-t.lines:
		t.printf("\n")
		if !ok {
			return "", errEnded
		}
		return l.text, l.err
	}
}

// Show plays a message on the screen until the person says that the other side
// has it, or that the station is away.
func (t *terminal) Show(ctx context.Context, s ceremonies.Show) (coordinator.Word, error) {
	t.printf("%s", render(s, t.practice))
	if s.Message.Kind == wire.KindSigningRequest {
		t.printf("If the station does not come, type away; but not if anyone approved there: then carry its answer first.\n")
	}
	t.scanned = nil
	playing, stop := context.WithCancel(ctx)
	defer stop()
	var broken error // of the screen; read only after ended
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if broken = t.screen.Show(playing, s.Message.Bytes); broken != nil {
			stop() // nobody can hand over what is not shown
		}
	}()
	word, err := t.handed(playing)
	stop()
	<-ended
	if broken != nil {
		return coordinator.GoOn, broken
	}
	return word, err
}

// handed takes Enter alone, so that an answer to some other question, typed too
// late, does not take a message off the screen.
func (t *terminal) handed(ctx context.Context) (coordinator.Word, error) {
	for {
		text, err := t.ask(ctx, promptShow)
		switch {
		case err != nil:
			return coordinator.GoOn, err
		case text == "":
			return coordinator.GoOn, nil
		case text == "away":
			return coordinator.Away, nil
		}
		t.printf("Press Enter alone, or type away if the station does not come. The code stays on the screen.\n")
	}
}

// Scan reads a message from the camera with exact progress on one line. While it
// waits the person may type show, to show the last message again, or away. A
// station that still shows what was scanned a moment ago is passed over.
func (t *terminal) Scan(ctx context.Context, s ceremonies.Scan) ([]byte, coordinator.Word, error) {
	t.printf("%s%s", render(s, t.practice), promptScan)
	scanning, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		message []byte
		err     error
	}
	done := make(chan result, 1)
	progress := make(chan [2]int)
	look := func() {
		b, err := t.camera.Scan(scanning, func(rank, k int) {
			select {
			case progress <- [2]int{rank, k}:
			case <-scanning.Done():
			}
		})
		done <- result{b, err}
	}
	go look()
	first := "\n"
	lines := t.lines
	repeated := false
	for {
		select {
		case p := <-progress:
			t.printf("%s\rreceived %d/%d", first, p[0], p[1])
			first = ""
		case r := <-done:
			if r.err != nil {
				return nil, coordinator.GoOn, r.err
			}
			if bytes.Equal(r.message, t.scanned) {
				if !repeated {
					t.printf("\n(that is the message that was scanned already; show the next one)")
				}
				first, repeated = "\n", true
				go look()
				continue
			}
			t.scanned = r.message
			t.printf("\ncomplete: %s; not checked yet\n", claimed(r.message))
			return r.message, coordinator.GoOn, nil
		case l, ok := <-lines:
			if !ok {
				lines = nil // nobody can interrupt any more; the camera still sees
				continue
			}
			if word, said := interruption(l); said {
				stop()
				<-done
				t.printf("\n")
				return nil, word, l.err
			}
			t.printf("\n(the camera is looking; type show to show the last code again, or away)\n")
			first = ""
		}
	}
}

func interruption(l line) (coordinator.Word, bool) {
	switch {
	case l.err != nil:
		return coordinator.GoOn, true
	case l.text == "show":
		return coordinator.Again, true
	case l.text == "away":
		return coordinator.Away, true
	}
	return coordinator.GoOn, false
}

// claimed is what a message says it is.
func claimed(message []byte) string {
	c, err := wire.Peek(message)
	if err != nil {
		return "not a Heliograph message"
	}
	return c.Kind.String()
}

// Tell prints a screen. Evidence that comes with a fault is written to a file,
// for others to check.
func (t *terminal) Tell(s ceremonies.Screen) {
	t.printf("%s", render(s, t.practice))
	failed, ok := s.(ceremonies.Failed)
	if !ok || len(failed.Fault.Record) == 0 {
		return
	}
	name, err := writeEvidence(t.evidence, failed.Fault)
	if err != nil {
		t.printf("The evidence could not be written: %s\n", escape(err.Error()))
		return
	}
	t.printf("evidence: %s\nAnyone can check it: heliograph blame verify --wallet wallet.heliograph %s\n", name, name)
}

// writeEvidence names a record by its content, so that nothing is overwritten.
func writeEvidence(dir string, f *ceremonies.Fault) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	digest := wire.TaggedHash("Heliograph/evidence-file/v1", f.Record)
	path := filepath.Join(dir, fmt.Sprintf("station-%d-%x.blame", f.Suspect.Station, digest[:6]))
	return path, writeFile(path, f.Record)
}

// Quorum asks which stations are to sign instead.
func (t *terminal) Quorum(ctx context.Context, threshold int, stations []coordinator.Station) ([]int, error) {
	t.printf("\nChoose at least %d stations, in the order of the visits:\n", threshold)
	for _, s := range stations {
		t.printf("  %d  %s, %d nonces left\n", s.Number, escape(s.Name), s.Unused)
	}
	for {
		text, err := t.ask(ctx, promptQuorum)
		if err != nil {
			return nil, err
		}
		if text == "stop" {
			return nil, nil
		}
		quorum, err := parseQuorum(text)
		if err == nil && len(quorum) >= threshold && len(quorum) <= len(stations) {
			return quorum, nil
		}
		t.printf("Type at least %d numbers with commas between, or stop.\n", threshold)
	}
}

// parseQuorum reads station numbers with commas between; an empty text is none.
func parseQuorum(text string) ([]int, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var out []int
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 7)
		if err != nil {
			return nil, fmt.Errorf("%q is no list of stations: write numbers with commas between, such as 0,2", text)
		}
		out = append(out, int(n))
	}
	return out, nil
}
