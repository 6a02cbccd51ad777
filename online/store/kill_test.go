package store

import (
	"bufio"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"heliograph/ceremonies"
	"heliograph/shared/batch"

	"heliograph/online/coordinator/book"
)

const childFolder = "STORE_TEST_FOLDER"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		fmt.Fprintln(os.Stderr, commitForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// commitForEver imports one payout after another, each with a batch and with
// the machine's record of how many there are, and says each number once it was
// committed.
func commitForEver(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	state, err := s.Load()
	if err != nil {
		return err
	}
	for n := len(state.Payouts) + 1; ; n++ {
		id := batch.ID{byte(n), byte(n >> 8), 1}
		p := payout(strconv.Itoa(n))
		err := s.Commit(book.Change{
			Records:  []ceremonies.Record{{Name: "machine", Value: fmt.Appendf(nil, "%*d", 1+n*911%30_000, n)}},
			Imported: []book.Payout{p},
			Drafted:  []book.Batch{{ID: id, Status: book.BatchDrafted, Request: []byte("r"), Reserved: []batch.OutPoint{{TxID: id}}}},
			Payouts:  []book.PayoutMove{{ExternalID: p.ExternalID, From: book.Pending, To: book.Drafted, Batch: id}},
			Receive:  uint32(n),
		})
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// A real process is killed without warning, again and again, at a moment that
// nobody chose. What it had said is there, every table tells of the same
// number of commits, and the lock is free.
func TestKilledProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "treasury")
	s, err := Create(dir, book.Change{Records: []ceremonies.Record{{Name: "machine", Value: []byte("0")}}})
	must(t, err)
	must(t, s.Close())
	deadline := time.Now().Add(3 * time.Second)
	for round := 0; round < 40 && time.Now().Before(deadline); round++ {
		said := runAndKill(t, dir, time.Duration(mathrand.IntN(20_000))*time.Microsecond)
		s, err := Open(dir)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		state := load(t, s)
		records, err := s.Records("machine")
		must(t, err)
		n, err := strconv.Atoi(strings.TrimSpace(string(records[0].Value)))
		must(t, err)
		if n < said || n > said+1 {
			t.Fatalf("round %d: %d was said, %d is kept", round, said, n)
		}
		if len(state.Payouts) != n || len(state.Batches) != n || len(state.Reserved) != n || state.Receive != uint32(n) {
			t.Fatalf("round %d: the machine knows of %d, the book of %d, %d, %d, %d", round, n, len(state.Payouts), len(state.Batches), len(state.Reserved), state.Receive)
		}
		for _, p := range state.Payouts {
			if p.Status != book.Drafted {
				t.Fatalf("round %d: payout %s is %s", round, p.ExternalID, p.Status)
			}
		}
		must(t, s.Close())
	}
}

// runAndKill kills the process some time after it said its first number, and
// returns the last that it said.
func runAndKill(t *testing.T, dir string, after time.Duration) int {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+dir)
	var complaint strings.Builder
	child.Stderr = &complaint
	stdout, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	last := 0
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if last == 0 {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
		last, err = strconv.Atoi(lines.Text())
		must(t, err)
	}
	_ = child.Wait() // "signal: killed"
	if complaint.Len() > 0 {
		t.Fatalf("the process stopped by itself: %s", complaint.String())
	}
	return last
}
