package node

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestJournalEndsAtTheFirstBrokenRecord(t *testing.T) {
	first, second := record{blockRecord, []byte("block")}, record{transactionRecord, []byte("transaction")}
	whole := appendRecord([]byte(journalHeading), first)
	firstEnd := len(whole)
	whole = appendRecord(whole, second)

	for cut := len(journalHeading); cut <= len(whole); cut++ {
		records, end, err := decodeJournal(whole[:cut])
		must(t, err)
		wantRecords, wantEnd := 0, len(journalHeading)
		if cut >= firstEnd {
			wantRecords, wantEnd = 1, firstEnd
		}
		if cut == len(whole) {
			wantRecords, wantEnd = 2, len(whole)
		}
		if len(records) != wantRecords || end != wantEnd {
			t.Fatalf("cut at %d: %d records to %d, want %d to %d", cut, len(records), end, wantRecords, wantEnd)
		}
	}
	for i := firstEnd; i < len(whole); i++ {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x40
		if records, end, err := decodeJournal(damaged); err != nil || len(records) != 1 || end != firstEnd {
			t.Fatalf("byte %d flipped: %d records to %d, %v", i, len(records), end, err)
		}
	}
	if _, _, err := decodeJournal(whole[1:]); err == nil {
		t.Fatal("a file with another heading was read")
	}
}

func TestCloseKeepsOnlyTheUnconfirmed(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	alice := newPayee(t, "alice")
	e, err := Open(dir, fixedClock)
	must(t, err)
	must(t, e.Mine(ctx, CoinbaseMaturity))
	_, err = e.Fund(ctx, alice.script, 10_000)
	must(t, err)
	must(t, e.Mine(ctx, 1))
	parent, err := e.Fund(ctx, alice.script, 20_000)
	must(t, err)
	child, err := e.Fund(ctx, alice.script, 30_000)
	must(t, err)
	must(t, e.Close())

	data, err := os.ReadFile(filepath.Join(dir, journalName))
	must(t, err)
	records, end, err := decodeJournal(data)
	must(t, err)
	if len(records) != 2 || end != len(data) || records[0].kind != transactionRecord {
		t.Fatalf("%d records", len(records))
	}
	again := open(t, dir)
	for _, txid := range [][32]byte{parent, child} {
		if status, err := again.Status(ctx, txid); err != nil || !status.InMempool {
			t.Fatalf("%x: %+v, %v", txid, status, err)
		}
	}
	must(t, again.Mine(ctx, 1))
	if status, err := again.Status(ctx, child); err != nil || !status.Confirmed {
		t.Fatalf("%+v, %v", status, err)
	}
}

// FuzzJournal: what is read is what re-encoding gives, byte for byte, and reading
// never looks past the data.
func FuzzJournal(f *testing.F) {
	data := appendRecord([]byte(journalHeading), record{blockRecord, []byte("block")})
	f.Add(data)
	f.Add(appendRecord(data, record{transactionRecord, nil}))
	f.Add(append(bytes.Clone(data), 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0))
	f.Add([]byte(journalHeading))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		records, end, err := decodeJournal(data)
		if err != nil {
			return
		}
		again := []byte(journalHeading)
		for _, r := range records {
			again = appendRecord(again, r)
		}
		if end > len(data) || !bytes.Equal(again, data[:end]) {
			t.Fatal("re-encoding differs")
		}
	})
}
