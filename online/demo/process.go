package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a process may take to say what is expected of it. It is
// far more than any step needs, so that only a stuck process meets it.
const patience = 120 * time.Second

// maxAmiss is about how much of a process's standard error is kept, in bytes.
const maxAmiss = 1 << 16

// tailLines is how much of each process is printed when the demo fails.
const tailLines = 12

// process is a running program and the person at its keyboard. Whatever it
// prints goes into the transcript; expect waits for a prompt in it.
type process struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	record *transcript // nil for what nobody else may read

	mu      sync.Mutex
	out     []byte        // standard output that expect has not consumed
	amiss   []byte        // standard error, up to a bound
	tail    []byte        // the end of what was said on both outputs
	over    bool          // the process has ended
	failed  error         // how, unless with exit code 0
	changed chan struct{} // closed, and made anew, whenever any of these change
}

// start runs a program in folder dir, with an empty environment.
func start(name string, record *transcript, dir, program string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(program, args...), record: record, changed: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, []string{} // nil would be this process's own
	// A program that waits for its camera does not notice that its person is gone:
	// if this process is killed, its children go with it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("demo: start %s: %w", name, err)
	}
	p.in = in
	p.cmd.Stdout = output{p, true}
	p.cmd.Stderr = output{p, false}
	record.note(name, "started: "+strings.Join(append([]string{program}, args...), " "))
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("demo: start %s: %w", name, err)
	}
	go p.watch()
	return p, nil
}

// output receives what a process prints; only the standard output is searched
// for prompts.
type output struct {
	p        *process
	standard bool
}

func (o output) Write(b []byte) (int, error) {
	p := o.p
	p.record.said(p.name, b)
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.standard {
		p.out = append(p.out, b...)
	} else if len(p.amiss) < maxAmiss {
		p.amiss = append(p.amiss, b...)
	}
	p.tail = append(p.tail, b...)
	if len(p.tail) > 1<<16 {
		p.tail = bytes.Clone(p.tail[len(p.tail)-1<<15:])
	}
	p.wake()
	return len(b), nil
}

// wake is called with mu held.
func (p *process) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *process) watch() {
	err := p.cmd.Wait()
	p.record.note(p.name, "ended: "+p.cmd.ProcessState.String())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over, p.failed = true, err
	p.wake()
}

// itsEnd, among the texts of expect, stands for the end of the process.
const itsEnd = "\x00 its end"

// expect waits until the process has printed one of the texts after what was
// consumed before, consumes up to the end of the first to appear, and returns
// which it was and everything consumed.
func (p *process) expect(ctx context.Context, texts ...string) (int, string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		p.mu.Lock()
		which, end := first(p.out, texts)
		if which >= 0 {
			said := string(p.out[:end])
			p.out = p.out[end:]
			p.mu.Unlock()
			return which, said, nil
		}
		over, changed := p.over, p.changed
		rest := string(p.out)
		p.mu.Unlock()
		if end := slices.Index(texts, itsEnd); over && end >= 0 {
			return end, rest, nil
		}
		if over {
			return -1, "", fmt.Errorf("demo: %s ended while %s was expected of it", p.name, alternatives(texts))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return -1, "", fmt.Errorf("demo: %s did not say %s: %w", p.name, alternatives(texts), ctx.Err())
		}
	}
}

// first finds the text that ends earliest in b.
func first(b []byte, texts []string) (which, end int) {
	which = -1
	for i, text := range texts {
		at := bytes.Index(b, []byte(text))
		if at >= 0 && (which < 0 || at+len(text) < end) {
			which, end = i, at+len(text)
		}
	}
	return which, end
}

func alternatives(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = fmt.Sprintf("%q", t)
		if t == itsEnd {
			quoted[i] = "its end"
		}
	}
	return strings.Join(quoted, " or ")
}

// say types a line.
func (p *process) say(line string) error {
	p.record.typed(p.name, line)
	return p.put(line)
}

// whisper types a line that the transcript does not repeat.
func (p *process) whisper(line string) error {
	p.record.typed(p.name, "(a passphrase)")
	return p.put(line)
}

func (p *process) put(line string) error {
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		return fmt.Errorf("demo: type to %s: %w", p.name, err)
	}
	return nil
}

// wait waits for the end and returns the exit code and the rest of what the
// process said.
func (p *process) wait(ctx context.Context) (int, string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		p.mu.Lock()
		over, failed, changed := p.over, p.failed, p.changed
		said := string(p.out)
		p.mu.Unlock()
		if over {
			var exit *exec.ExitError
			if errors.As(failed, &exit) {
				return exit.ExitCode(), said, nil
			}
			return 0, said, failed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return -1, said, fmt.Errorf("demo: %s did not end: %w", p.name, ctx.Err())
		}
	}
}

// kill ends the process as a power cut would.
func (p *process) kill(ctx context.Context) error {
	p.record.note(p.name, "killed")
	_ = p.cmd.Process.Kill()
	_, _, err := p.wait(ctx)
	return err
}

// complaint is what a process said on its standard error.
func (p *process) complaint() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.amiss)
}

// last is the end of what the process said.
func (p *process) last() string {
	if p.record == nil {
		return "(what it said is secret)"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := strings.Split(strings.TrimRight(string(p.tail), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
