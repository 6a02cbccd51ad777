package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"heliograph/offline/camera"
	"heliograph/offline/cli"
	"heliograph/shared/qr"
)

const secret = "practice makes"

// talk is one command line in conversation: a program at a pipe, as the
// demonstration is.
type talk struct {
	t    *testing.T
	in   io.WriteCloser
	stop func()

	mu       sync.Mutex
	changed  *sync.Cond
	out      strings.Builder
	read     int // up to where the output was waited for
	finished bool
	code     int
}

func start(t *testing.T, now int64, args ...string) *talk {
	t.Helper()
	r, w := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	k := &talk{t: t, in: w, stop: stop}
	k.changed = sync.NewCond(&k.mu)
	env := process()
	env.In, env.Out, env.Err = r, k, k
	if now != 0 {
		env.Now = func() int64 { return now }
	}
	go func() { k.ended(cli.Main(ctx, args, env)) }()
	t.Cleanup(func() {
		stop()
		_ = w.Close()
	})
	return k
}

func (k *talk) ended(code int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.finished, k.code = true, code
	k.changed.Broadcast()
}

func (k *talk) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.out.Write(b)
	k.changed.Broadcast()
	return len(b), nil
}

// wait returns what was printed up to and with text.
func (k *talk) wait(text string) string {
	k.t.Helper()
	_, before := k.waitAny(text)
	return before
}

// waitAny waits for the first of several texts. The watchdog only ends a test
// that hangs.
func (k *talk) waitAny(texts ...string) (which int, before string) {
	k.t.Helper()
	watchdog := time.AfterFunc(30*time.Second, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.finished, k.code = true, -1
		k.changed.Broadcast()
	})
	defer watchdog.Stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		all := k.out.String()[k.read:]
		first, which := -1, 0
		for n, text := range texts {
			if i := strings.Index(all, text); i >= 0 && (first < 0 || i < first) {
				first, which = i, n
			}
		}
		if first >= 0 {
			end := first + len(texts[which])
			k.read += end
			return which, all[:end]
		}
		if k.finished {
			k.t.Fatalf("waiting for %q: the program ended with %d after:\n%s", texts, k.code, k.out.String())
		}
		k.changed.Wait()
	}
}

func (k *talk) say(line string) {
	k.t.Helper()
	if _, err := io.WriteString(k.in, line+"\n"); err != nil {
		k.t.Fatal(err)
	}
}

// answer waits for a prompt and types the answer.
func (k *talk) answer(prompt, line string) string {
	k.t.Helper()
	before := k.wait(prompt)
	k.say(line)
	return before
}

// end waits for the exit code and returns all that was printed.
func (k *talk) end(want int) string {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.finished {
		k.changed.Wait()
	}
	if k.code != want {
		k.t.Fatalf("exit code %d, want %d:\n%s", k.code, want, k.out.String())
	}
	return k.out.String()
}

// spawn is start with a process of its own, whose stop is kill -9.
func spawn(t *testing.T, args ...string) *talk {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "heliograph-station" // see TestMain
	in, err := cmd.StdinPipe()
	must(t, err)
	k := &talk{t: t, in: in, stop: func() { _ = cmd.Process.Kill() }}
	k.changed = sync.NewCond(&k.mu)
	cmd.Stdout, cmd.Stderr = k, k
	must(t, cmd.Start())
	go func() {
		_ = cmd.Wait() // the exit code says it
		k.ended(cmd.ProcessState.ExitCode())
	}()
	t.Cleanup(k.stop)
	return k
}

// air is what lies between a station's folders and the coordinator.
type air struct {
	t       *testing.T
	inbox   string // the station's camera
	outbox  string // the station's screen
	station string // the keystore's folder
}

func newAir(t *testing.T, name string) *air {
	t.Helper()
	dir := t.TempDir()
	a := &air{t: t, inbox: filepath.Join(dir, "camera"), outbox: filepath.Join(dir, "screen"), station: filepath.Join(dir, name)}
	mkdir(t, a.inbox)
	mkdir(t, a.outbox)
	return a
}

// run starts the workstation and unlocks it.
func (a *air) run(now int64, more ...string) *talk {
	a.t.Helper()
	k := start(a.t, now, append([]string{"--dir", a.station, "run", "--camera", a.inbox, "--screen", a.outbox}, more...)...)
	k.answer("passphrase: ", secret)
	return k
}

// spawn is run with a process of its own.
func (a *air) spawn(more ...string) *talk {
	a.t.Helper()
	k := spawn(a.t, append([]string{"--dir", a.station, "run", "--camera", a.inbox, "--screen", a.outbox}, more...)...)
	k.answer("passphrase: ", secret)
	return k
}

// take reads the message on the station's screen and says that it has it.
func (a *air) take(k *talk) []byte {
	a.t.Helper()
	k.wait("show: press Enter when the other side has it > ")
	screen, err := camera.OpenFolder(a.outbox, true)
	if err != nil {
		a.t.Fatal(err)
	}
	defer screen.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var d qr.Decoder
	for !d.Done() {
		frame, err := screen.Next(ctx)
		if err != nil {
			a.t.Fatal(err)
		}
		text, err := qr.Read(frame)
		if err != nil {
			continue
		}
		if _, err := d.Receive(text); err != nil {
			a.t.Fatal(err)
		}
	}
	m, err := d.Message()
	if err != nil {
		a.t.Fatal(err)
	}
	k.say("")
	return m
}

// hold shows a message to the station's camera until the scan is complete.
func (a *air) hold(k *talk, message []byte) {
	a.t.Helper()
	k.wait("scan: press nothing, show the code to the camera")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.film(ctx, message) }()
	k.wait("complete: ")
	cancel()
	if err := <-done; err != nil {
		a.t.Fatal(err)
	}
}

func (a *air) film(ctx context.Context, message []byte) error {
	frames, err := qr.NewEncoder(message, qr.DefaultFragment)
	if err != nil {
		return err
	}
	out, err := camera.OpenOutbox(a.inbox, 24)
	if err != nil {
		return err
	}
	for i := 0; ctx.Err() == nil; {
		frame, err := qr.Draw(frames.Frame(i), 4)
		if err != nil {
			return err
		}
		err = out.Write(frame)
		if errors.Is(err, camera.ErrFull) {
			select {
			case <-ctx.Done():
			case <-time.After(time.Millisecond):
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("film: %w", err)
		}
		i++
	}
	return nil
}
