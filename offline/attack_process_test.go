package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"heliograph/offline/camera"
	"heliograph/offline/cli"
	"heliograph/offline/keystore"
	"heliograph/offline/keystore/keystoretest"
	"heliograph/shared/qr"
)

// These tests attack real station processes: the test binary starts itself
// again as one, with the wiring of main and the real keystore. The test is the
// coordinator, the camera, the person, and whoever kills processes and copies
// folders.

const (
	planVariable = "HELIOGRAPH_ATTACK_PLAN"
	patience     = 15 * time.Second // for a station that hangs
	passphrase   = "practice makes"

	promptPassphrase = "passphrase: "
	promptScan       = "scan: press nothing, show the code to the camera"
	promptShow       = "show: press Enter when the other side has it > "
	promptDecide     = "decide: type approve or refuse > "
)

// plan is what befalls a station process.
type plan struct {
	Now   int64              // its clock, unix seconds
	At    int                // operation on the keystore's files that goes wrong, from 1; 0: none
	Fault keystoretest.Fault // how
	Kill  bool               // and the process dies of it
	Trace string             // file that gets a line for each operation before it happens
	Quick bool               // new keystores cost no time
}

// TestMain lets the test binary be the station. Only here does the plan exist:
// the program knows no such variable.
func TestMain(m *testing.M) {
	text, planned := os.LookupEnv(planVariable)
	if !planned {
		os.Exit(m.Run())
	}
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		panic(err)
	}
	os.Exit(station(p.environment()))
}

func (p plan) environment() cli.Environment {
	env := cli.Process()
	env.Now = func() int64 { return p.Now }
	if p.Quick {
		env.Keystore = []keystore.Option{keystore.WorkFactor(1)}
	}
	if p.At > 0 || p.Trace != "" {
		env.Open = p.open
	}
	return env
}

// open is keystore.Open on files that suffer the plan.
func (p plan) open(dir string, passphrase []byte) (*keystore.Store, error) {
	folder, err := keystore.Folder(dir)
	if err != nil {
		return nil, err
	}
	files := keystoretest.Inject(folder, p.At, p.Fault)
	if p.Kill {
		files.Then = func() {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // not one step further
		}
	}
	if p.Trace != "" {
		trace, err := os.OpenFile(p.Trace, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		files.Before = func(_ int, operation string) { fmt.Fprintln(trace, operation) }
	}
	return keystore.OpenFS(files, passphrase)
}

// process is a station that runs.
type process struct {
	t    *testing.T
	v    *vault
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *os.File
	said []byte // all that it printed, to both outputs
	read int    // how much of it was waited for
}

// start runs a command line on a vault's keystore.
func (v *vault) start(p plan, args ...string) *process {
	v.t.Helper()
	if p.Now == 0 {
		p.Now = clock
	}
	text, err := json.Marshal(p)
	must(v.t, err)
	cmd := exec.Command(os.Args[0], append([]string{"--dir", v.keys}, args...)...)
	cmd.Env = append(os.Environ(), planVariable+"="+string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, theirs, err := os.Pipe()
	must(v.t, err)
	cmd.Stdout, cmd.Stderr = theirs, theirs
	in, err := cmd.StdinPipe()
	must(v.t, err)
	must(v.t, cmd.Start())
	must(v.t, theirs.Close())
	k := &process{t: v.t, v: v, cmd: cmd, in: in, out: out}
	v.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = out.Close()
	})
	return k
}

// run starts the workstation and unlocks it.
func (v *vault) run(p plan, more ...string) *process {
	v.t.Helper()
	k := v.start(p, append([]string{"run", "--camera", v.camera, "--screen", v.screen}, more...)...)
	k.answer(promptPassphrase, passphrase)
	return k
}

// more reads what the station prints next, and reports false at its end.
func (k *process) more() bool {
	k.t.Helper()
	must(k.t, k.out.SetReadDeadline(time.Now().Add(patience)))
	var buf [4096]byte
	n, err := k.out.Read(buf[:])
	k.said = append(k.said, buf[:n]...)
	if err != nil && !errors.Is(err, io.EOF) {
		k.t.Fatalf("the station hangs: %v, after:\n%s", err, k.said)
	}
	return err == nil
}

// wait returns what was printed up to and with text.
func (k *process) wait(text string) string {
	k.t.Helper()
	for {
		if at := strings.Index(string(k.said[k.read:]), text); at >= 0 {
			from := k.read
			k.read += at + len(text)
			return string(k.said[from:k.read])
		}
		if !k.more() {
			k.t.Fatalf("waiting for %q: the station ended after:\n%s", text, k.said)
		}
	}
}

func (k *process) say(line string) {
	k.t.Helper()
	_, err := io.WriteString(k.in, line+"\n")
	must(k.t, err)
}

// answer waits for a prompt and types the answer.
func (k *process) answer(prompt, line string) string {
	k.t.Helper()
	before := k.wait(prompt)
	k.say(line)
	return before
}

// killed is the exit code of a process that a signal ended.
const killed = -1

// end waits until the station has ended with a code, and returns all that it
// printed.
func (k *process) end(code int) string {
	k.t.Helper()
	for k.more() {
	}
	_ = k.cmd.Wait() // the code says it
	said := string(k.said)
	if got := k.cmd.ProcessState.ExitCode(); got != code {
		k.t.Fatalf("exit code %d, want %d:\n%s", got, code, said)
	}
	if strings.Contains(said, "panic:") || strings.Contains(said, "goroutine ") {
		k.t.Fatalf("the station panicked:\n%s", said)
	}
	return said
}

// kill is kill -9. What is on the screen stays there.
func (k *process) kill() {
	k.t.Helper()
	must(k.t, k.cmd.Process.Kill())
	k.end(killed)
}

// stop is Ctrl-C, by a person who waits until it has ended.
func (k *process) stop() {
	k.t.Helper()
	must(k.t, k.cmd.Process.Signal(os.Interrupt))
	k.end(cli.Error)
}

// hold shows a message to the station's camera once it scans.
func (k *process) hold(message []byte) {
	k.t.Helper()
	k.wait(promptScan)
	k.v.film(frames(k.t, message)...)
}

// refused holds a request and demands a refusal with the code, which shows
// nothing. It returns what the person reads.
func (k *process) refused(request []byte, code string) string {
	k.t.Helper()
	k.hold(request)
	k.wait("fault: ")
	told := k.wait("remedy: ")
	if !strings.HasPrefix(told, code+"\n") {
		k.t.Fatalf("refused with %q, want %q", told, code)
	}
	return told
}

// signs holds a request, approves it, and returns the answer.
func (k *process) signs(request []byte) []byte {
	k.t.Helper()
	k.hold(request)
	k.answer(promptDecide, "approve")
	return k.take()
}

// again holds a request that was answered and returns the kept answer. Nobody
// is asked.
func (k *process) again(request []byte) []byte {
	k.t.Helper()
	k.hold(request)
	if asked := k.wait("For "); !strings.Contains(asked, "already answered") || strings.Contains(asked, "decide") {
		k.t.Fatalf("a request that was answered is not known:\n%s", asked)
	}
	return k.take()
}

// take reads the message on the station's screen and says that it has it.
func (k *process) take() []byte {
	k.t.Helper()
	k.wait(promptShow)
	var d qr.Decoder
	k.v.watch(&d, -1)
	m, err := d.Message()
	must(k.t, err)
	k.say("")
	return m
}

// watch reads frames off the screen into d: count of them, or until d is done.
// It returns their texts.
func (v *vault) watch(d *qr.Decoder, count int) []string {
	v.t.Helper()
	screen, err := camera.OpenFolder(v.screen, true)
	must(v.t, err)
	defer screen.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var texts []string
	for ; count != 0 && !d.Done(); count-- {
		frame, err := screen.Next(ctx)
		must(v.t, err)
		text, err := qr.Read(frame)
		must(v.t, err)
		_, err = d.Receive(text)
		must(v.t, err)
		texts = append(texts, text)
	}
	return texts
}

// dark demands that nothing is on the screen.
func (v *vault) dark(when string) {
	v.t.Helper()
	if n := v.clear(); n != 0 {
		v.t.Errorf("%s: %d frames are on the screen", when, n)
	}
}

// clear takes all frames off the screen, as those of a machine that is switched
// off, and returns how many there were.
func (v *vault) clear() int {
	v.t.Helper()
	list, err := filepath.Glob(filepath.Join(v.screen, "*.png"))
	must(v.t, err)
	for _, frame := range list {
		must(v.t, os.Remove(frame))
	}
	return len(list)
}

// frames are the texts of one pass of a message, which is enough.
func frames(t *testing.T, message []byte) []string {
	t.Helper()
	e, err := qr.NewEncoder(message, qr.DefaultFragment)
	must(t, err)
	list := make([]string, e.K())
	for i := range list {
		list[i] = e.Frame(i)
	}
	return list
}

// film puts texts before the camera, one frame each.
func (v *vault) film(texts ...string) {
	v.t.Helper()
	out, err := camera.OpenOutbox(v.camera, 1_000)
	must(v.t, err)
	for _, text := range texts {
		frame, known := v.drawn.Load(text)
		if !known {
			picture, err := qr.Draw(text, 2)
			must(v.t, err)
			frame, _ = v.drawn.LoadOrStore(text, picture)
		}
		must(v.t, out.Write(frame.(image.Image)))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
