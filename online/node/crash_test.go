package node

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The child process of TestKill: it owns the chain in this folder until it is killed.
const childFolderVariable = "HELIOGRAPH_NODE_TEST_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolderVariable); dir != "" {
		if err := ownUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// ownUntilKilled says on standard output what was acknowledged, one line each:
// "tx <txid hex>" and "height <n>".
func ownUntilKilled(dir string) error {
	ctx := context.Background()
	e, err := Open(dir, fixedClock)
	if err != nil {
		return err
	}
	height, _, err := e.Tip(ctx)
	if err != nil {
		return err
	}
	if height < CoinbaseMaturity {
		if err := e.Mine(ctx, CoinbaseMaturity); err != nil {
			return err
		}
	}
	for {
		txid, err := e.Fund(ctx, e.HotScript(), 10_000)
		if err != nil {
			return err
		}
		fmt.Printf("tx %x\n", txid)
		if err := e.Mine(ctx, 1); err != nil {
			return err
		}
		height, _, err := e.Tip(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("height %d\n", height)
	}
}

// The machine loses its coordinator process at any moment, several times, also while it
// recovers. Nothing that was acknowledged may be forgotten.
func TestKill(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	var acknowledged []string
	for _, after := range []int{1, 2, 7, 20, 3} {
		acknowledged = append(acknowledged, killAfter(t, dir, after)...)
	}
	e := open(t, dir)
	height, _, err := e.Tip(ctx)
	must(t, err)
	for _, line := range acknowledged {
		what, value, _ := strings.Cut(line, " ")
		if what == "height" {
			if want, err := strconv.Atoi(value); err != nil || int(height) < want {
				t.Fatalf("acknowledged height %s, reopened at %d (%v)", value, height, err)
			}
			continue
		}
		var txid [32]byte
		if n, err := hex.Decode(txid[:], []byte(value)); n != len(txid) || err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if status, err := e.Status(ctx, txid); err != nil || !status.Known {
			t.Fatalf("acknowledged transaction %x is forgotten: %+v, %v", txid, status, err)
		}
	}
	must(t, e.Mine(ctx, 1))
	balance, err := e.HotBalance(ctx)
	must(t, err)
	if all := balance.SpendableSat + balance.ImmatureSat; all != subsidies(height+1) {
		t.Fatalf("%d sat at height %d: the hot wallet pays only itself and mines every fee", all, height+1)
	}
}

// subsidies is the sum of regtest subsidies up to a height: 50 BTC, halved every 150 blocks.
func subsidies(height int32) (sumSat int64) {
	for h := int32(1); h <= height; h++ {
		sumSat += 50e8 >> (h / 150)
	}
	return sumSat
}

// killAfter starts the child, kills it (SIGKILL) once it has printed so many lines, and
// returns every line it printed.
func killAfter(t *testing.T, dir string, lines int) []string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	child := exec.Command(self)
	child.Env = append(os.Environ(), childFolderVariable+"="+dir)
	child.Stderr = os.Stderr
	stdout, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	hung := time.AfterFunc(time.Minute, func() { _ = child.Process.Kill() })
	defer hung.Stop()
	var got []string
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		got = append(got, scanner.Text())
		if len(got) == lines {
			must(t, child.Process.Kill())
		}
	}
	_ = child.Wait() // "signal: killed" is what we asked for
	if len(got) < lines {
		t.Fatalf("the child ended by itself after %d lines", len(got))
	}
	return got
}

// A backup is a copy of the folder taken while the program runs. It must open.
func TestCopyOfAnOpenFolderOpens(t *testing.T) {
	ctx := context.Background()
	dir, backup := t.TempDir(), t.TempDir()
	e, alice := open(t, dir), newPayee(t, "alice")
	must(t, e.Mine(ctx, CoinbaseMaturity+5))
	txid, err := e.Fund(ctx, alice.script, 10_000)
	must(t, err)
	must(t, os.CopyFS(backup, os.DirFS(dir)))

	restored := open(t, backup)
	height, hash, err := restored.Tip(ctx)
	must(t, err)
	wantHeight, wantHash, err := e.Tip(ctx)
	must(t, err)
	if height != wantHeight || hash != wantHash {
		t.Fatalf("restored at %d %x, want %d %x", height, hash, wantHeight, wantHash)
	}
	if status, err := restored.Status(ctx, txid); err != nil || !status.InMempool {
		t.Fatalf("%+v, %v", status, err)
	}
	must(t, restored.Mine(ctx, 1))
	if status, err := restored.Status(ctx, txid); err != nil || !status.Confirmed {
		t.Fatalf("%+v, %v", status, err)
	}
}

// The process died while writing the last record, or while making the database.
func TestOpenAfterUnfinishedWrites(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, newChainFolder), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, newChainFolder, "junk"), []byte("junk"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, journalName+".new"), []byte("half"), 0o600))
	e := open(t, dir)
	must(t, e.Mine(ctx, 3))

	backup := t.TempDir()
	must(t, os.CopyFS(backup, os.DirFS(dir)))
	file, err := os.OpenFile(filepath.Join(backup, journalName), os.O_RDWR, 0)
	must(t, err)
	size, err := file.Seek(0, io.SeekEnd)
	must(t, err)
	must(t, file.Truncate(size-1))
	must(t, file.Close())

	restored := open(t, backup)
	height, _, err := restored.Tip(ctx)
	must(t, err)
	if height != 2 {
		t.Fatalf("height %d, want 2: the third record is cut short", height)
	}
	must(t, restored.Mine(ctx, 1))
	if got, _, err := restored.Tip(ctx); err != nil || got != 3 {
		t.Fatalf("height %d, %v", got, err)
	}
}
