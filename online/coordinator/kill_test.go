package coordinator_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"heliograph/ceremonies"
	"heliograph/shared/wire"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
	"heliograph/online/store"
)

// The environment of the process that is killed.
const (
	childFolder = "COORDINATOR_TEST_FOLDER"
	childTime   = "COORDINATOR_TEST_TIME"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := signInChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	for _, dir := range folders {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// signInChild has the first batch signed, by stations at the other end of a pipe.
func signInChild(dir string) error {
	now, err := strconv.ParseInt(os.Getenv(childTime), 10, 64)
	if err != nil {
		return err
	}
	s, err := store.Open(dir)
	if err != nil {
		return err
	}
	c, err := coordinator.Open(s, func() int64 { return now }, rand.Reader)
	if err != nil {
		return err
	}
	// Killed after the last commit and before its exit, it has nothing left to do.
	if b, _, _, err := c.Batch("1"); err != nil || b.Status == book.BatchSigned {
		return err
	}
	_, err = c.Sign(context.Background(), pipe{bufio.NewReader(os.Stdin)}, "1", coordinator.SignOptions{})
	return err
}

// pipe is a terminal in lines: "show TO MESSAGE" is answered with "ok", "scan"
// with a message or "again".
type pipe struct{ in *bufio.Reader }

func (p pipe) answer(question string) (string, error) {
	fmt.Println(question)
	line, err := p.in.ReadString('\n')
	return strings.TrimSpace(line), err
}

func (p pipe) Show(_ context.Context, s ceremonies.Show) (coordinator.Word, error) {
	_, err := p.answer(fmt.Sprintf("show %q %x", s.To, s.Message.Bytes))
	return coordinator.GoOn, err
}

func (p pipe) Scan(context.Context, ceremonies.Scan) ([]byte, coordinator.Word, error) {
	line, err := p.answer("scan")
	if err != nil || line == "again" {
		return nil, coordinator.Again, err
	}
	b, err := hex.DecodeString(line)
	return b, coordinator.GoOn, err
}

func (pipe) Tell(ceremonies.Screen) {}

func (pipe) Quorum(context.Context, int, []coordinator.Station) ([]int, error) { return nil, nil }

// A real coordinator process is killed without warning, again and again, at
// moments that nobody chose, while stations sign. Started again it goes on; in
// the end every station of the quorum has released exactly once, for one order,
// and the batch is signed.
func TestKilledProcesses(t *testing.T) {
	y := ready(t)
	y.owe("killed", 300_000, 8)
	y.draft(plain)
	must(t, y.store.Close())
	killed := 0
	for round := 0; ; round++ {
		// The first dies at once, so that one is always killed.
		after := time.Duration(round*mathrand.IntN(8_000)) * time.Microsecond
		if round >= 15 {
			after = time.Minute // let it finish
		}
		if y.child(after) {
			break
		}
		killed++
		y.people.lose()
		if round > 20 {
			t.Fatal("it never finishes")
		}
	}
	if killed == 0 {
		t.Fatal("nothing was killed")
	}
	y.store = nil
	y.open()
	if b := y.state().Batches[0]; b.Status != book.BatchSigned {
		t.Fatalf("in the end the batch is %s", b.Status)
	}
	for i, want := range []uint64{1, 1, 0} {
		if got := y.people.world.Stations[i].Sign.Status().Head.Seq; got != want {
			t.Errorf("station %d released %d times, want %d", i, got, want)
		}
	}
	if _, err := y.Broadcast(t.Context(), y.chain, "1", 0); err != nil {
		t.Fatal(err)
	}
}

// child runs a process and kills it some time after its first question. It
// reports whether the process came to its end by itself.
func (y *treasury) child(after time.Duration) bool {
	y.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFolder+"="+y.dir, childTime+"="+strconv.FormatInt(y.people.world.Now, 10))
	var complaint strings.Builder
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	must(y.t, err)
	out, err := cmd.StdoutPipe()
	must(y.t, err)
	must(y.t, cmd.Start())
	questions := bufio.NewScanner(out)
	questions.Buffer(nil, 16<<20)
	for first := true; questions.Scan(); first = false {
		if first {
			defer time.AfterFunc(after, func() { _ = cmd.Process.Kill() }).Stop()
		}
		y.reply(in, questions.Text())
	}
	err = cmd.Wait()
	if complaint.Len() > 0 {
		y.t.Fatalf("the process stopped by itself: %s", complaint.String())
	}
	return err == nil
}

func (y *treasury) reply(to io.Writer, question string) {
	y.t.Helper()
	if question == "scan" {
		b, word, err := y.people.Scan(context.Background(), ceremonies.Scan{Want: "an answer"})
		must(y.t, err)
		if word == coordinator.Again {
			_, _ = fmt.Fprintln(to, "again") // it may be dead
			return
		}
		_, _ = fmt.Fprintf(to, "%x\n", b)
		return
	}
	var s ceremonies.Show
	_, err := fmt.Sscanf(question, "show %q %x", &s.To, &s.Message.Bytes)
	must(y.t, err)
	s.Message.Kind = wire.KindSigningRequest
	_, err = y.people.Show(context.Background(), s)
	must(y.t, err)
	_, _ = fmt.Fprintln(to, "ok")
}
