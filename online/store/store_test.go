package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"heliograph/ceremonies"
	"heliograph/shared/batch"

	"heliograph/online/coordinator/book"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fresh(t testing.TB) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "treasury with ? # % in its name")
	s, err := Create(dir, book.Change{Records: []ceremonies.Record{{Name: "treasury/settings", Value: []byte("x")}}})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, dir
}

func payout(id string) book.Payout {
	return book.Payout{ExternalID: id, Counterparty: "Exchange", Reference: "invoice " + id, Amount: 10_000, Script: []byte{0x51}, Imported: 5, Status: book.Pending}
}

func out(n byte) batch.OutPoint { return batch.OutPoint{TxID: [32]byte{n}, Vout: uint32(n)} }

func load(t testing.TB, s *Store) book.State {
	t.Helper()
	state, err := s.Load()
	must(t, err)
	return state
}

// A whole life of a batch comes back as it was put, also after a restart.
func TestBookComesBack(t *testing.T) {
	s, dir := fresh(t)
	id := batch.ID{1}
	transaction := book.Transaction{Batch: id, Position: 1, Variant: 2, TxID: [32]byte{3}, Raw: []byte{4}, Height: 5, Block: [32]byte{6}}
	must(t, s.Commit(book.Change{Imported: []book.Payout{payout("a"), payout("b")}, Receive: 3}))
	must(t, s.Commit(book.Change{
		Drafted: []book.Batch{{ID: id, Status: book.BatchDrafted, Created: 7, Request: []byte("request"), Reserved: []batch.OutPoint{out(1), out(2)}}},
		Payouts: []book.PayoutMove{{ExternalID: "a", From: book.Pending, To: book.Drafted, Batch: id}},
	}))
	must(t, s.Commit(book.Change{
		Batches:      []book.BatchMove{{ID: id, From: book.BatchDrafted, To: book.BatchSigned, Session: [32]byte{9}, Request: []byte("restated")}},
		Transactions: []book.Transaction{transaction},
		Records:      []ceremonies.Record{{Name: "signatures/00", Value: nil}},
	}))
	must(t, s.Close())
	again, err := Open(dir)
	must(t, err)
	defer again.Close()
	first := payout("a")
	first.Status, first.Batch = book.Drafted, id
	want := book.State{
		Payouts:      []book.Payout{first, payout("b")},
		Batches:      []book.Batch{{ID: id, Number: 1, Status: book.BatchSigned, Created: 7, Request: []byte("restated"), Session: [32]byte{9}}},
		Transactions: []book.Transaction{transaction},
		Reserved:     map[batch.OutPoint]batch.ID{out(1): id, out(2): id},
		Receive:      3,
	}
	if got := load(t, again); !reflect.DeepEqual(got, want) {
		t.Fatalf("came back as\n%+v, want\n%+v", got, want)
	}
	must(t, again.Commit(book.Change{Batches: []book.BatchMove{{ID: id, From: book.BatchSigned, To: book.BatchConfirmed}}}))
	if got := load(t, again); len(got.Reserved) != 0 {
		t.Fatal("a finished batch still reserves coins")
	}
}

// Each of these changes has one part that does not fit. Nothing of the rest may
// stay behind.
func TestChangeThatDoesNotFit(t *testing.T) {
	s, _ := fresh(t)
	id, other := batch.ID{1}, batch.ID{2}
	must(t, s.Commit(book.Change{
		Imported: []book.Payout{payout("taken"), payout("free")}, Receive: 5,
		Drafted: []book.Batch{{ID: id, Status: book.BatchDrafted, Request: []byte("r"), Reserved: []batch.OutPoint{out(1)}}},
		Payouts: []book.PayoutMove{{ExternalID: "taken", From: book.Pending, To: book.Drafted, Batch: id}},
	}))
	before := load(t, s)
	harmless := []ceremonies.Record{{Name: "machine", Value: []byte("went on")}}
	for name, c := range map[string]book.Change{
		"an external id twice":         {Imported: []book.Payout{payout("new"), payout("taken")}},
		"an external id twice at once": {Imported: []book.Payout{payout("new"), payout("new")}},
		"a batch twice":                {Drafted: []book.Batch{{ID: id, Status: book.BatchDrafted, Request: []byte("r")}}},
		"a reserved coin":              {Drafted: []book.Batch{{ID: other, Status: book.BatchDrafted, Request: []byte("r"), Reserved: []batch.OutPoint{out(3), out(1)}}}},
		"a payout of another status":   {Payouts: []book.PayoutMove{{ExternalID: "taken", From: book.Pending, To: book.Drafted, Batch: id}}},
		"a payout that is not there":   {Payouts: []book.PayoutMove{{ExternalID: "nobody", From: book.Pending, To: book.Drafted, Batch: id}}},
		"a payout in no batch":         {Payouts: []book.PayoutMove{{ExternalID: "free", From: book.Pending, To: book.Drafted, Batch: other}}},
		"a batch of another status":    {Batches: []book.BatchMove{{ID: id, From: book.BatchSigned, To: book.BatchBroadcast}}},
		"a batch that is not there":    {Batches: []book.BatchMove{{ID: other, From: book.BatchDrafted, To: book.BatchDiscarded}}},
		"a transaction of no batch":    {Transactions: []book.Transaction{{Batch: other, Raw: []byte{1}}}},
		"addresses taken back":         {Receive: 4},
		"a record without a name":      {Records: []ceremonies.Record{{Name: "", Value: []byte{1}}}},
		"a record with a strange name": {Records: []ceremonies.Record{{Name: "Ä", Value: []byte{1}}}},
		"an amount of nothing":         {Imported: []book.Payout{{ExternalID: "zero", Script: []byte{1}}}},
	} {
		c.Records = append(harmless[:1:1], c.Records...)
		if err := s.Commit(c); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", name, err)
		}
		if after := load(t, s); !reflect.DeepEqual(after, before) {
			t.Fatalf("%s: the book changed", name)
		}
		if left, err := s.Records("machine"); err != nil || len(left) != 0 {
			t.Fatalf("%s: the machine's record stayed (%v)", name, err)
		}
	}
}

// A batch that was discarded is drafted again to the very same facts.
func TestDraftAgain(t *testing.T) {
	s, _ := fresh(t)
	id := batch.ID{1}
	b := book.Batch{ID: id, Status: book.BatchDrafted, Request: []byte("r"), Reserved: []batch.OutPoint{out(1)}}
	must(t, s.Commit(book.Change{Drafted: []book.Batch{b}}))
	must(t, s.Commit(book.Change{Batches: []book.BatchMove{{ID: id, From: book.BatchDrafted, To: book.BatchDiscarded}}}))
	b.Request = []byte("later")
	must(t, s.Commit(book.Change{Drafted: []book.Batch{b}}))
	state := load(t, s)
	if len(state.Batches) != 1 || state.Batches[0].Status != book.BatchDrafted || string(state.Batches[0].Request) != "later" || len(state.Reserved) != 1 {
		t.Fatalf("drafted again: %+v", state)
	}
}

func TestRecords(t *testing.T) {
	s, _ := fresh(t)
	must(t, s.Commit(book.Change{Records: []ceremonies.Record{{Name: "desk/b", Value: []byte("1")}, {Name: "desk/a", Value: []byte("2")}, {Name: "desk_c", Value: []byte("3")}}}))
	must(t, s.Commit(book.Change{Records: []ceremonies.Record{{Name: "desk/b", Value: []byte("4")}}}))
	got, err := s.Records("desk/")
	must(t, err)
	want := []ceremonies.Record{{Name: "desk/a", Value: []byte("2")}, {Name: "desk/b", Value: []byte("4")}}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v", got)
	}
}

func TestFolders(t *testing.T) {
	s, dir := fresh(t)
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Fatalf("opened twice: %v", err)
	}
	if _, err := Create(dir, book.Change{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("made over an open one: %v", err)
	}
	for _, name := range []string{Name, Name + "-wal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	must(t, s.Close())
	if _, err := Create(dir, book.Change{}); !errors.Is(err, ErrExists) {
		t.Fatalf("made over another: %v", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrAbsent) {
		t.Fatalf("opened what is not there: %v", err)
	}
}

// A later version's database, and bytes that are no database, are refused
// before anything is read from them.
func TestForeignDatabases(t *testing.T) {
	s, dir := fresh(t)
	_, err := s.db.Exec("PRAGMA user_version = 2")
	must(t, err)
	must(t, s.Close())
	if _, err := Open(dir); err == nil {
		t.Fatal("a database of another format was opened")
	}
	must(t, os.WriteFile(filepath.Join(dir, Name), bytes.Repeat([]byte("junk"), 5000), 0o600))
	if _, err := Open(dir); err == nil {
		t.Fatal("junk was opened")
	}
}

// A creation that was killed leaves a half-made database aside.
func TestHalfMade(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, Name+".new"), []byte("half"), 0o600))
	s, err := Create(dir, book.Change{Receive: 1})
	must(t, err)
	defer s.Close()
	if load(t, s).Receive != 1 {
		t.Fatal("what was to be kept first is not there")
	}
}

// A process that is just being started holds a copy of every descriptor until it
// executes its program. A folder that was closed meanwhile can be opened again.
func TestCloseUnlocksDespiteAForkedCopy(t *testing.T) {
	s, dir := fresh(t)
	copied, err := unix.Dup(int(s.lock.Fd()))
	must(t, err)
	defer func() { _ = unix.Close(copied) }()
	must(t, s.Close())
	again, err := Open(dir)
	must(t, err)
	must(t, again.Close())
}
