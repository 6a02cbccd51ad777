package keystore_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"heliograph/offline/keystore"
	"heliograph/offline/keystore/keystoretest"
)

var passphrase = []byte("correct horse battery staple")

// cheap is a password function that takes no time.
var cheap = keystore.WorkFactor(1)

func create(t *testing.T, files keystore.FS) *keystore.Store {
	t.Helper()
	s, err := keystore.CreateFS(files, passphrase, rand.Reader, cheap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func reopen(t *testing.T, files keystore.FS) *keystore.Store {
	t.Helper()
	s, err := keystore.OpenFS(files, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func entries(t *testing.T, s *keystore.Store, journal string) []string {
	t.Helper()
	var all []string
	for e, err := range s.Entries(journal) {
		must(t, err)
		all = append(all, string(e))
	}
	return all
}

func TestRecordsAndJournalsSurviveReopening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "station")
	s, err := keystore.Create(dir, passphrase, rand.Reader, cheap)
	must(t, err)
	must(t, s.Put("host", []byte("first")))
	must(t, s.PutAll([]keystore.Record{{"host", []byte("second")}, {"response/2", []byte("b")}, {"response/1", nil}}))
	must(t, s.Append("events", []byte("one")))
	must(t, s.Append("events", []byte("two")))
	must(t, s.Append("host", []byte("a journal may have a record's name")))
	check := func(s *keystore.Store) {
		t.Helper()
		got, err := s.Get("host")
		must(t, err)
		if string(got) != "second" {
			t.Fatalf("host = %q", got)
		}
		if got, err := s.Get("response/1"); err != nil || len(got) != 0 {
			t.Fatalf("an empty record came back as %q, %v", got, err)
		}
		if _, err := s.Get("response/3"); !errors.Is(err, keystore.ErrNotFound) {
			t.Fatalf("an absent record: %v", err)
		}
		names, err := s.Names("response/")
		must(t, err)
		if !slices.Equal(names, []string{"response/1", "response/2"}) {
			t.Fatalf("names %q", names)
		}
		if got := entries(t, s, "events"); !slices.Equal(got, []string{"one", "two"}) {
			t.Fatalf("events %q", got)
		}
		if got := entries(t, s, "none"); got != nil {
			t.Fatalf("an absent journal has %q", got)
		}
	}
	check(s)
	must(t, s.Compact())
	check(s)
	must(t, s.Close())
	s, err = keystore.Open(dir, passphrase)
	must(t, err)
	check(s)
	must(t, s.Close())
	if _, err := s.Get("host"); !errors.Is(err, keystore.ErrClosed) {
		t.Fatalf("a closed store answers %v", err)
	}
	if err := s.Put("host", nil); !errors.Is(err, keystore.ErrClosed) {
		t.Fatalf("a closed store writes: %v", err)
	}
	names := listing(t, dir)
	if !slices.Equal(names, []string{"head", "key", "lock", "log.2"}) {
		t.Fatalf("the folder holds %q", names)
	}
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o", f.Name(), info.Mode().Perm())
		}
		names = append(names, f.Name())
	}
	return names
}

func TestRefusedArgumentsChangeNothing(t *testing.T) {
	disk := keystoretest.NewDisk()
	s := create(t, disk)
	before := disk.Read("log.1")
	big := make([]byte, keystore.MaxValue)
	for name, records := range map[string][]keystore.Record{
		"none":           {},
		"too many":       make([]keystore.Record, keystore.MaxRecords+1),
		"no name":        {{"", nil}},
		"long name":      {{strings.Repeat("a", keystore.MaxName+1), nil}},
		"upper case":     {{"Host", nil}},
		"space":          {{"a b", nil}},
		"not ASCII":      {{"ä", nil}},
		"leading slash":  {{"/a", nil}},
		"trailing slash": {{"a/", nil}},
		"double slash":   {{"a//b", nil}},
		"twice":          {{"a", nil}, {"a", nil}},
		"too big":        {{"a", append(big, 0)}},
		"sum too big":    {{"a", big}, {"b", []byte{1}}},
	} {
		if err := s.PutAll(records); err == nil || errors.Is(err, keystore.ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Append("A", nil); err == nil {
		t.Error("a journal with a bad name was made")
	}
	if !bytes.Equal(before, disk.Read("log.1")) {
		t.Error("a refused argument reached the log")
	}
	must(t, s.Put(strings.Repeat("a", keystore.MaxName), big))
	got, err := s.Get(strings.Repeat("a", keystore.MaxName))
	must(t, err)
	if len(got) != keystore.MaxValue {
		t.Errorf("the largest record came back with %d bytes", len(got))
	}
}

func TestPassphrase(t *testing.T) {
	disk := keystoretest.NewDisk()
	must(t, create(t, disk).Close())
	for _, wrong := range []string{"", "correct horse battery stapl", "correct horse battery staple\n"} {
		_, err := keystore.OpenFS(disk, []byte(wrong))
		if !errors.Is(err, keystore.ErrPassphrase) {
			t.Errorf("passphrase %q: %v", wrong, err)
		}
	}
	reopen(t, disk)
	if _, err := keystore.CreateFS(keystoretest.NewDisk(), nil, rand.Reader, cheap); err == nil {
		t.Error("an empty passphrase was taken")
	}
	if _, err := keystore.CreateFS(keystoretest.NewDisk(), passphrase, strings.NewReader("short"), cheap); err == nil {
		t.Error("a random source that ran dry was taken")
	}
	if _, err := keystore.CreateFS(keystoretest.NewDisk(), passphrase, bytes.NewReader(make([]byte, 48)), cheap); err == nil {
		t.Error("a data key of zeros was taken")
	}
}

func TestOneHolder(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	s, err := keystore.Create(dir, passphrase, rand.Reader, cheap)
	must(t, err)
	if _, err := keystore.Open(dir, passphrase); !errors.Is(err, keystore.ErrLocked) {
		t.Fatalf("a second holder: %v", err)
	}
	must(t, s.Close())
	must(t, s.Close())
	s, err = keystore.Open(dir, passphrase)
	must(t, err)
	must(t, s.Close())
	if _, err := keystore.Create(dir, passphrase, rand.Reader, cheap); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a second Create: %v", err)
	}
	if _, err := keystore.Open(filepath.Join(dir, "absent"), passphrase); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("an absent folder: %v", err)
	}
}

// Another user of the machine can read, or replace, files that a careless copy
// left open to them.
func TestLooseModesAreRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "station")
	s, err := keystore.Create(dir, passphrase, rand.Reader, cheap)
	must(t, err)
	must(t, s.Close())
	try := func(what, remedy string) {
		t.Helper()
		s, err := keystore.Open(dir, passphrase)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), remedy) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, mode := range []fs.FileMode{0o750, 0o701, 0o777} {
		must(t, os.Chmod(dir, mode))
		try(fmt.Sprintf("folder mode %o", mode), "chmod 700")
	}
	must(t, os.Chmod(dir, 0o700))
	for _, name := range []string{"key", "head", "log.1", "lock"} {
		file := filepath.Join(dir, name)
		for _, mode := range []fs.FileMode{0o640, 0o604, 0o700} {
			must(t, os.Chmod(file, mode))
			try(fmt.Sprintf("%s mode %o", name, mode), "chmod 600")
		}
		must(t, os.Chmod(file, 0o600))
		must(t, os.Rename(file, dir+"-elsewhere"))
		must(t, os.Symlink(dir+"-elsewhere", file))
		try(name+" as a link", "symbolic link")
		must(t, os.Remove(file))
		must(t, os.Mkdir(file, 0o700))
		try(name+" as a folder", name)
		must(t, os.Remove(file))
		must(t, os.Rename(dir+"-elsewhere", file))
	}
	s, err = keystore.Open(dir, passphrase)
	must(t, err)
	must(t, s.Close())
}

func TestCreateSparesWhatItDoesNotKnow(t *testing.T) {
	for _, tc := range []struct {
		files   string
		refused bool
	}{
		{"log.1 head.new key.new notes.txt", false}, // an interrupted Create
		{"head", true}, // a keystore without its key
		{"log.2", true},
		{"log.02 log.x log.", false}, // not of this package
	} {
		disk := keystoretest.NewDisk()
		for _, name := range strings.Fields(tc.files) {
			disk.Write(name, []byte("old"))
		}
		s, err := keystore.CreateFS(disk, passphrase, rand.Reader, cheap)
		if err == nil {
			s.Close()
		}
		if errors.Is(err, fs.ErrExist) != tc.refused || (err == nil) == tc.refused {
			t.Errorf("%s: %v", tc.files, err)
		}
		for _, name := range strings.Fields(tc.files) {
			ours := !tc.refused && (name == "log.1" || strings.HasSuffix(name, ".new"))
			if !ours && string(disk.Read(name)) != "old" {
				t.Errorf("%s: %s was touched", tc.files, name)
			}
		}
	}
}

func TestCompactionStartsByItselfAndDropsOldValues(t *testing.T) {
	disk := keystoretest.NewDisk()
	s := create(t, disk)
	must(t, s.Append("events", []byte("before")))
	must(t, s.PutAll([]keystore.Record{{"state", []byte("0")}, {"kept", []byte("kept")}}))
	value := make([]byte, 1<<20)
	for i := range 12 {
		value[0] = byte(i)
		must(t, s.Put("state", value))
	}
	must(t, s.Append("events", []byte("after")))
	names, err := disk.Names()
	must(t, err)
	log := names[len(names)-1]
	if len(names) != 3 || log == "log.1" {
		t.Fatalf("twelve megabytes of old values left %q", names)
	}
	if n := len(disk.Read(log)); n > 8<<20 {
		t.Fatalf("the compacted log has %d bytes", n)
	}
	for range 2 {
		got, err := s.Get("state")
		must(t, err)
		if got[0] != 11 {
			t.Fatalf("state is of round %d", got[0])
		}
		if got, err := s.Get("kept"); err != nil || string(got) != "kept" {
			t.Fatalf("kept = %q, %v", got, err)
		}
		if got := entries(t, s, "events"); !slices.Equal(got, []string{"before", "after"}) {
			t.Fatalf("events %q", got)
		}
		must(t, s.Close())
		s = reopen(t, disk)
	}
}

// A desk keeps thousands of responses of 100 kB; only their places may be in
// memory.
func TestValuesStayOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "station")
	s, err := keystore.Create(dir, passphrase, rand.Reader, cheap)
	must(t, err)
	response := make([]byte, 100<<10)
	for i := range 100 {
		must(t, s.PutAll([]keystore.Record{{"state", []byte{byte(i)}}, {fmt.Sprintf("response/%d", i), response}}))
	}
	must(t, s.Close())
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s, err = keystore.Open(dir, passphrase)
	must(t, err)
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("10 MB of responses hold %d bytes of heap", grown)
	}
	must(t, s.Close())
}

func TestEntriesGoOnThroughCompaction(t *testing.T) {
	s := create(t, keystoretest.NewDisk())
	for i := range 4 {
		must(t, s.Put("state", []byte{byte(i)}))
		must(t, s.Append("events", []byte{byte('a' + i)}))
	}
	got := ""
	for e, err := range s.Entries("events") {
		must(t, err)
		got += string(e)
		must(t, s.Compact())
	}
	if got != "abcd" {
		t.Errorf("entries %q", got)
	}
}
