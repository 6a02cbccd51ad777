package keystore_test

import (
	"bufio"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"heliograph/offline/keystore"
)

const childFolder = "KEYSTORE_TEST_FOLDER"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		fmt.Fprintln(os.Stderr, writeForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver counts up in two records and a journal, and says each number
// once it was acknowledged.
func writeForEver(dir string) error {
	s, err := keystore.Open(dir, passphrase)
	if err != nil {
		return err
	}
	value, err := s.Get("left")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(value)))
	if err != nil {
		return err
	}
	for {
		n++
		padded := fmt.Appendf(nil, "%*d", 1+n*37%9000, n)
		if err := s.PutAll([]keystore.Record{{"left", padded}, {"right", padded}}); err != nil {
			return err
		}
		if err := s.Append("events", padded); err != nil {
			return err
		}
		if n%16 == 0 {
			if err := s.Compact(); err != nil {
				return err
			}
		}
		fmt.Println(n)
	}
}

// A real process is killed without warning, again and again, at a moment that
// nobody chose. What it had said is there, left and right are the same, and
// the lock is free.
func TestKilledProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "station")
	s, err := keystore.Create(dir, passphrase, rand.Reader, cheap)
	must(t, err)
	must(t, s.PutAll([]keystore.Record{{"left", []byte("0")}, {"right", []byte("0")}}))
	must(t, s.Close())
	deadline := time.Now().Add(2 * time.Second)
	for round := 0; round < 60 && time.Now().Before(deadline); round++ {
		said := runAndKill(t, dir, time.Duration(mathrand.IntN(30_000))*time.Microsecond)
		s, err := keystore.Open(dir, passphrase)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		left, err := s.Get("left")
		must(t, err)
		right, err := s.Get("right")
		must(t, err)
		n, err := strconv.Atoi(strings.TrimSpace(string(left)))
		must(t, err)
		events := len(entries(t, s, "events"))
		if string(left) != string(right) || n < said || n > said+1 || events != n && events != n-1 {
			t.Fatalf("round %d: said %d, left %s, right %s, %d events", round, said, left, right, events)
		}
		if events == n-1 {
			// The child goes on from left; it must find its event too.
			must(t, s.Append("events", left))
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
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	last := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
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
