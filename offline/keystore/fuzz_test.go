package keystore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func fixedSecret() *secret {
	s := new(secret)
	for i := range s.key {
		s.key[i] = byte(i)
	}
	copy(s.id[:], "sixteen byte id.")
	return s
}

// Invariant: bytes that decode encode to themselves, so a transaction has one
// form; and nothing that decodeOps accepts breaks a bound.
func FuzzTransaction(f *testing.F) {
	f.Add(appendOps(nil, []op{{opPut, "a", []byte("value")}, {opAppend, "a", nil}, {opAppend, "a", nil}}))
	f.Add([]byte{0, 1, 1, 1, 'a', 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0xff, 0xff, 1, 1, 'a', 0, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		ops, err := decodeOps(b)
		if err != nil {
			return
		}
		if err := checkOps(ops); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(appendOps(nil, ops), b) || opsSize(ops) != len(b) {
			t.Fatal("another encoding of a transaction was accepted")
		}
	})
}

// Invariant: an altered head or log gives an error, never a panic and never
// other contents; what precedes authentication allocates no more than the file
// has bytes.
func FuzzLog(f *testing.F) {
	s := fixedSecret()
	mem := &memory{content: s.logHeader(7)}
	v := emptyVolume(mem, head{generation: 7, length: logHeaderSize, chain: chainStart(mem.content)})
	for _, ops := range [][]op{{{opPut, "a", []byte("1")}}, {{opPut, "a", []byte("2")}, {opAppend, "j", []byte("x")}}} {
		_, at, chain, err := s.appendEntry(v, ops)
		if err != nil {
			f.Fatal(err)
		}
		v.add(at, chain, ops)
	}
	sealed, err := s.sealHead(v.head)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(mem.content, sealed)
	f.Add(mem.content[:40], sealed)
	f.Add(append(bytes.Clone(mem.content[:32]), 0xff, 0xff, 0xff, 0xff), sealed)
	f.Add(append(bytes.Clone(mem.content), 1, 2, 3), sealed)
	// Nonces are drawn anew in each fuzzing process, so contents are compared
	// and not bytes.
	f.Fuzz(func(t *testing.T, log, sealed []byte) {
		h, err := s.openHead(sealed)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		if err != nil {
			h = head{generation: 7, length: int64(len(log)), entries: 2, chain: v.head.chain}
		}
		back, err := s.replay(&memory{content: log}, h)
		if err != nil {
			return
		}
		a, err := s.read(back, back.records["a"])
		if err != nil || string(a) != "2" || len(back.records) != 1 || len(back.journals) != 1 {
			t.Fatalf("a log that was not written was accepted: a = %q, %v", a, err)
		}
		j, err := s.read(back, back.journals["j"][0])
		if err != nil || string(j) != "x" || len(back.journals["j"]) != 1 {
			t.Fatalf("a log that was not written was accepted: j = %q, %v", j, err)
		}
	})
}

// Invariant: a hostile key file gives an error, at bounded cost; only the true
// one gives the key.
func FuzzKeyFile(f *testing.F) {
	s := fixedSecret()
	good, err := s.wrap([]byte("passphrase"), 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(bytes.Replace(good, []byte(" 1\n"), []byte(" 31\n"), 1))
	f.Add([]byte("age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > maxKeyFile {
			return
		}
		var got secret
		err := got.unwrap(file, []byte("passphrase"), 8)
		if err == nil && (got.key != s.key || got.id != s.id) {
			t.Fatal("another key came out")
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrPassphrase) {
			t.Fatal(err)
		}
	})
}

// memory is a File without faults.
type memory struct{ content []byte }

func (m *memory) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(m.content).ReadAt(b, at)
}
func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	m.content = append(m.content[:at:at], b...)
	return len(b), nil
}
func (m *memory) Size() (int64, error)   { return int64(len(m.content)), nil }
func (m *memory) Truncate(n int64) error { m.content = m.content[:n]; return nil }
func (m *memory) Sync() error            { return nil }
func (m *memory) Close() error           { return nil }

// The files under testdata/v1 were written once, when the format was fixed. A
// program that cannot open them has changed the format without a new version.
func TestFormatVersion1(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "station")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"key", "head", "log.2"} {
		b, err := os.ReadFile(filepath.Join("testdata", "v1", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir, []byte("format version one"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := hex.EncodeToString(s.secret.key[:]); got != "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" {
		t.Errorf("data key %s", got)
	}
	for name, want := range map[string]string{"host": "kept", "state": "second"} {
		if got, err := s.Get(name); err != nil || string(got) != want {
			t.Errorf("%s = %q, %v", name, got, err)
		}
	}
	var events string
	for e, err := range s.Entries("events") {
		if err != nil {
			t.Fatal(err)
		}
		events += string(e) + ";"
	}
	if events != "one;two;" {
		t.Errorf("events %q", events)
	}
	if s.volume.head.generation != 2 || s.volume.head.entries != 5 {
		t.Errorf("head %d, %d entries", s.volume.head.generation, s.volume.head.entries)
	}
}

func TestCloseWipesTheDataKey(t *testing.T) {
	s, err := Create(filepath.Join(t.TempDir(), "station"), []byte("p"), bytes.NewReader(bytes.Repeat([]byte{7}, 48)), WorkFactor(1))
	if err != nil {
		t.Fatal(err)
	}
	if s.secret.key == [dataKeySize]byte{} {
		t.Fatal("no data key")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.secret.key != [dataKeySize]byte{} {
		t.Error("the data key is still there after Close")
	}
}
