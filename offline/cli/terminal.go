package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// maxLine bounds an answer in bytes.
const maxLine = 1024

// errEnded says that the standard input ended where an answer was needed.
var errEnded = errors.New("the input ended before an answer came")

// terminal is where the person is: lines in, text out. A line is read byte by
// byte into one buffer that its reader wipes, so that no second copy of a
// passphrase is left in a buffered reader.
type terminal struct {
	in      io.Reader
	out     io.Writer
	console int            // file descriptor if in is a terminal, or -1
	pending chan typedLine // a read that nobody waits for any more
}

type typedLine struct {
	bytes []byte
	err   error
}

func newTerminal(in io.Reader, out io.Writer) *terminal {
	t := &terminal{in: in, out: out, console: -1}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t.console = int(f.Fd())
	}
	return t
}

func (t *terminal) printf(format string, args ...any) {
	// A terminal that cannot be written to cannot be told about it.
	_, _ = fmt.Fprintf(t.out, format, args...)
}

// ask prints a prompt and returns the line that follows, without its end.
func (t *terminal) ask(ctx context.Context, prompt string) (string, error) {
	t.printf("%s", prompt)
	b, err := t.line(ctx)
	if t.console < 0 {
		t.printf("\n") // nobody's Enter ended the line
	}
	defer clear(b)
	return string(b), err
}

// askDecision is ask, but on a terminal what was typed before the prompt stood
// there does not count.
func (t *terminal) askDecision(ctx context.Context, prompt string) (string, error) {
	if t.console >= 0 {
		if err := unix.IoctlSetInt(t.console, unix.TCFLSH, unix.TCIFLUSH); err != nil {
			return "", fmt.Errorf("terminal: drop what was typed ahead: %w", err)
		}
	}
	return t.ask(ctx, prompt)
}

// askSecret asks without echo on a terminal; elsewhere it reads one line. The
// caller wipes what it returns.
func (t *terminal) askSecret(ctx context.Context, prompt string) ([]byte, error) {
	t.printf("%s", prompt)
	defer t.printf("\n")
	if t.console < 0 {
		return t.line(ctx)
	}
	before, err := term.GetState(t.console)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	done := make(chan typedLine, 1)
	go func() {
		b, err := term.ReadPassword(t.console)
		done <- typedLine{b, err}
	}()
	select {
	case l := <-done:
		return l.bytes, l.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(t.console, before))
	}
}

// line reads a line, or returns when ctx ends; the line is then the next one's.
func (t *terminal) line(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t.pending == nil {
		t.pending = make(chan typedLine, 1)
		go func(to chan<- typedLine) {
			b, err := readLine(t.in)
			to <- typedLine{b, err}
		}(t.pending)
	}
	select {
	case l := <-t.pending:
		t.pending = nil
		return l.bytes, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func readLine(in io.Reader) ([]byte, error) {
	buf := make([]byte, 0, maxLine)
	var one [1]byte
	for {
		n, err := in.Read(one[:])
		if n == 0 && err == nil {
			continue
		}
		if n == 0 && (!errors.Is(err, io.EOF) || len(buf) == 0) {
			clear(buf)
			if errors.Is(err, io.EOF) {
				return nil, errEnded
			}
			return nil, fmt.Errorf("terminal: read an answer: %w", err)
		}
		if n == 0 || one[0] == '\n' {
			if len(buf) > 0 && buf[len(buf)-1] == '\r' {
				buf = buf[:len(buf)-1]
			}
			return buf, nil
		}
		if len(buf) == maxLine {
			clear(buf)
			return nil, fmt.Errorf("an answer has more than %d bytes", maxLine)
		}
		buf = append(buf, one[0])
	}
}

// wipeScreen takes secrets off a terminal and out of its scrollback, as far as
// the terminal obeys.
func (t *terminal) wipeScreen() {
	if t.console >= 0 {
		t.printf("\x1b[2J\x1b[3J\x1b[H")
	}
}
