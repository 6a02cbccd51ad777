package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The names of the parties. Stations are numbered in the order in which they
// are enrolled, which is this one.
const (
	coordinator = "coordinator"
	keysFolder  = "keys" // in a station's folder: its keystore
)

var stationNames = [...]string{"alder", "birch", "cedar"}

// parties are all who have a screen or a camera. Paper has no program: it is what
// somebody holds before a camera.
func parties() []string {
	return append([]string{coordinator, reviewer, paper}, stationNames[:]...)
}

// Prompts of the two programs, exactly.
const (
	promptNewPassphrase = "new passphrase: "
	promptRepeat        = "repeat new passphrase: "
	promptPassphrase    = "passphrase: "
	promptScan          = "scan: press nothing, show the code to the camera"
	promptShow          = "show: press Enter when the other side has it > "
	promptCompare       = "compare: type same or different > "
	promptQuorum        = "quorum: type the stations to visit, such as 0,2, or stop > "
	promptDecide        = "decide: type approve or refuse > "
)

// world is the treasury of the demo: the processes, their people, and the
// folders in which each of them lives.
type world struct {
	bin    string // folder of the programs
	out    string // folder of everything else
	record *transcript
	page   *page

	shows        []string // texts that every station's review must have
	totals       string   // of the last review that was printed
	walletWords  string   // as the stations showed them in key generation
	charterWords string   // of the first charter
	drafts       int      // number of the batch that was drafted last

	signed      []int    // batches that are signed and not yet sent
	tierBatch   int      // number of the batch that people approved first
	members     []member // who approve in browsers
	reviewerKey string   // hexadecimal, as a charter file has it
	programKey  string
	rules       rules    // of the newest charter
	listedSince int64    // when the newcomer's charter came into force
	backup      []string // the third station's 24 words, on paper

	all      []*process // every process that was started
	light    *process   // the channel
	desk     *process   // the coordinator's command that runs, if any
	stations [len(stationNames)]*process
	eve      *process // the reviewer's device
}

// marker is the file by which a folder is known to be a demo's.
const marker = ".heliograph-demo"

// newWorld makes the folders. Only a folder that an earlier demo made is
// emptied; any other must be empty.
func newWorld(bin, out string, print io.Writer) (*world, error) {
	var err error
	if bin, err = filepath.Abs(bin); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if out, err = filepath.Abs(out); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	for _, program := range []string{"heliograph", "heliograph-station", "heliograph-demo"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			return nil, fmt.Errorf("demo: no program %s in %s: run make build, or name the folder with --bin", program, bin)
		}
	}
	if err := vacate(out); err != nil {
		return nil, err
	}
	w := &world{bin: bin, out: out, page: &page{out: print, begun: time.Now()}}
	for _, party := range parties() {
		for _, sub := range []string{screen, camera} {
			if err := os.MkdirAll(filepath.Join(out, party, sub), 0o700); err != nil {
				return nil, fmt.Errorf("demo: %w", err)
			}
		}
	}
	w.rules = firstRules
	w.record, err = openTranscript(filepath.Join(out, "transcript.txt"))
	return w, err
}

func vacate(out string) error {
	entries, err := os.ReadDir(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("demo: %w", err)
	}
	if len(entries) > 0 {
		if _, err := os.Lstat(filepath.Join(out, marker)); err != nil {
			return fmt.Errorf("demo: the folder %s holds something else: name an empty or new one with --out", out)
		}
		if err := os.RemoveAll(out); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.WriteFile(filepath.Join(out, marker), nil, 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// home is a party's folder.
func (w *world) home(party string) string { return filepath.Join(w.out, party) }

// start runs a program in a party's folder.
func (w *world) start(party, program string, args ...string) (*process, error) {
	p, err := start(party, w.record, w.home(party), filepath.Join(w.bin, program), args...)
	if err != nil {
		return nil, err
	}
	w.all = append(w.all, p)
	return p, nil
}

// startDiscreetly is start for a program that shows a secret: the transcript does
// not repeat what it says.
func (w *world) startDiscreetly(party, program string, args ...string) (*process, error) {
	w.record.note(party, "started, and not repeated: "+program+" "+strings.Join(args, " "))
	p, err := start(party, nil, w.home(party), filepath.Join(w.bin, program), args...)
	if err != nil {
		return nil, err
	}
	w.all = append(w.all, p)
	return p, nil
}

// coordinate starts a command of the coordinator.
func (w *world) coordinate(args ...string) (*process, error) {
	p, err := w.start(coordinator, "heliograph", append([]string{"--dir", deskFolder}, args...)...)
	w.desk = p
	return p, err
}

// ask runs a command of the coordinator to its end and returns what it said. It
// must end with the given code.
func (w *world) ask(ctx context.Context, code int, args ...string) (string, error) {
	p, err := w.coordinate(args...)
	if err != nil {
		return "", err
	}
	return w.ended(ctx, p, code, args)
}

// ended waits for a process and demands its exit code.
func (w *world) ended(ctx context.Context, p *process, code int, args []string) (string, error) {
	got, said, err := p.wait(ctx)
	if err != nil {
		return said, err
	}
	if got != code {
		return said, fmt.Errorf("demo: %s %s: exit code %d; want %d", p.name, strings.Join(args, " "), got, code)
	}
	return said, nil
}

// openChannel starts the channel process.
func (w *world) openChannel(seed uint64) error {
	p, err := start("channel", w.record, w.out, filepath.Join(w.bin, "heliograph-demo"), w.channelArgs(seed)...)
	if err != nil {
		return err
	}
	w.light = p
	w.all = append(w.all, p)
	return nil
}

// channelArgs are the arguments of the channel process: camera level L1, one
// frame in five lost.
func (w *world) channelArgs(seed uint64) []string {
	args := []string{"channel", "--level", "1", "--loss", "0.2", "--seed", fmt.Sprint(seed), "--keep", filepath.Join(w.out, "frames")}
	for _, party := range parties() {
		args = append(args, "--party", party+"="+w.home(party))
	}
	return args
}

// tell gives the channel a line and returns its answer.
func (w *world) tell(ctx context.Context, line string) (string, error) {
	if err := w.light.say(line); err != nil {
		return "", err
	}
	_, said, err := w.light.expect(ctx, "\n")
	said = strings.TrimSpace(said)
	if err == nil && strings.HasPrefix(said, "error: ") {
		err = fmt.Errorf("demo: %s: %s", line, said)
	}
	return said, err
}

// carry points a camera at a screen until the one who looks says one of the
// texts, and returns which, and all it said. The one who shows goes on showing.
func (w *world) carry(ctx context.Context, from string, to *process, message string, until ...string) (int, string, error) {
	begun := time.Now()
	if _, err := w.tell(ctx, "connect "+from+" "+to.name); err != nil {
		return 0, "", err
	}
	which, said, err := to.expect(ctx, until...)
	if err != nil {
		return 0, said, fmt.Errorf("%w (it was looking at %s's screen: %s)", err, from, message)
	}
	answer, err := w.tell(ctx, "disconnect")
	if err != nil {
		return 0, said, err
	}
	h := hop{from: from, to: to.name, message: message, took: time.Since(begun)}
	if h.counts, err = parseCounts(answer); err != nil {
		return 0, said, err
	}
	w.page.hop(h)
	return which, said, nil
}

// pass carries a message and then tells the one who shows that it arrived.
func (w *world) pass(ctx context.Context, from, to *process, message string, until ...string) (int, string, error) {
	which, said, err := w.carry(ctx, from.name, to, message, until...)
	if err != nil {
		return 0, said, err
	}
	return which, said, from.say("")
}

// close ends every process. It is called once, whatever happened.
func (w *world) close(ctx context.Context) error {
	var errs []error
	for _, p := range w.all {
		errs = append(errs, p.kill(ctx))
	}
	return errors.Join(append(errs, w.record.close())...)
}

// lastWords are the last lines of every process that runs, or that failed.
func (w *world) lastWords() string {
	var b strings.Builder
	seen := make(map[string]bool)
	for i := len(w.all) - 1; i >= 0; i-- {
		p := w.all[i]
		if seen[p.name] {
			continue
		}
		seen[p.name] = true
		fmt.Fprintf(&b, "\n-- %s\n%s\n", p.name, p.last())
	}
	return b.String()
}
