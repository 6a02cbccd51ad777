package keystore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"heliograph/offline/keystore"
	"heliograph/offline/keystore/keystoretest"
)

const (
	logHeader   = 32 // FORMAT.md
	entryPrefix = 28
)

// split cuts a log into its header and entries.
func split(t *testing.T, log []byte) (header []byte, entries [][]byte) {
	t.Helper()
	header, log = log[:logHeader], log[logHeader:]
	for len(log) > 0 {
		n := entryPrefix + int(binary.BigEndian.Uint32(log))
		entries = append(entries, log[:n])
		log = log[n:]
	}
	return header, entries
}

func refused(t *testing.T, disk *keystoretest.Disk, what string, want error) {
	t.Helper()
	s, err := keystore.OpenFS(disk, passphrase)
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("%s: %v", what, err)
	}
}

// Someone who had the disk for an hour, without the passphrase, changes one
// bit or cuts a file, hoping that the station opens with something other than
// what it kept.
func TestEveryAlteredByteIsFound(t *testing.T) {
	disk := keystoretest.NewDisk()
	s := create(t, disk)
	must(t, s.Put("a", []byte("alpha")))
	must(t, s.Append("events", []byte("one")))
	must(t, s.Close())
	for _, name := range []string{"head", "log.1"} {
		good := disk.Read(name)
		for i := range good {
			for _, bit := range []byte{1, 0x80} {
				bad := bytes.Clone(good)
				bad[i] ^= bit
				d := disk.Clone()
				d.Write(name, bad)
				refused(t, d, fmt.Sprintf("%s byte %d", name, i), keystore.ErrDamaged)
			}
			d := disk.Clone()
			d.Write(name, good[:i])
			refused(t, d, fmt.Sprintf("%s cut to %d bytes", name, i), keystore.ErrDamaged)
		}
		d := disk.Clone()
		d.Write(name, nil)
		refused(t, d, name+" removed", keystore.ErrDamaged)
	}
	d := disk.Clone()
	d.Write("head", append(disk.Read("head"), 0))
	refused(t, d, "head with a byte more", keystore.ErrDamaged)

	key := disk.Read("key")
	for i := range key {
		bad := bytes.Clone(key)
		bad[i] ^= 1
		d := disk.Clone()
		d.Write("key", bad)
		s, err := keystore.OpenFS(d, passphrase)
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, keystore.ErrDamaged) && !errors.Is(err, keystore.ErrPassphrase) {
			t.Errorf("key byte %d: %v", i, err)
		}
	}
	d = disk.Clone()
	d.Write("key", append(key, 0))
	refused(t, d, "key with a byte more", keystore.ErrDamaged)
	d.Write("key", bytes.Repeat([]byte{'a'}, 1<<20))
	refused(t, d, "key of a megabyte", keystore.ErrDamaged)
	d.Write("key", bytes.Replace(key, []byte(" 1\n"), []byte(" 21\n"), 1))
	refused(t, d, "key that asks for two gigabytes of scrypt", keystore.ErrDamaged)
}

// The same visitor puts true entries in other places: swapped, repeated, left
// out, or taken from another time or another keystore under the same
// passphrase.
func TestTrueEntriesInWrongPlaces(t *testing.T) {
	disk, other := keystoretest.NewDisk(), keystoretest.NewDisk()
	s := create(t, disk)
	for _, v := range []string{"v1", "v2", "v3"} {
		must(t, s.Put("nonce", []byte(v)))
	}
	must(t, s.Close())
	s = create(t, other)
	for _, v := range []string{"w1", "w2", "w3"} {
		must(t, s.Put("nonce", []byte(v)))
	}
	must(t, s.Close())
	header, e := split(t, disk.Read("log.1"))
	_, foreign := split(t, other.Read("log.1"))
	for name, order := range map[string][][]byte{
		"swapped":     {header, e[1], e[0], e[2]},
		"repeated":    {header, e[0], e[1], e[1]},
		"replaced":    {header, e[0], e[1], e[0]},
		"left out":    {header, e[0], e[2], e[2]},
		"foreign":     {header, e[0], e[1], foreign[2]},
		"all foreign": {header, foreign[0], foreign[1], foreign[2]},
	} {
		d := disk.Clone()
		d.Write("log.1", bytes.Join(order, nil))
		refused(t, d, name, keystore.ErrDamaged)
	}
	d := disk.Clone()
	d.Write("head", other.Read("head"))
	refused(t, d, "another keystore's head", keystore.ErrDamaged)
	d.Write("log.1", other.Read("log.1"))
	refused(t, d, "another keystore's head and log", keystore.ErrDamaged)

	// A log from before a compaction under the head from after it.
	before := disk.Read("log.1")
	s = reopen(t, disk)
	must(t, s.Compact())
	must(t, s.Close())
	d = disk.Clone()
	d.Write("log.2", before)
	refused(t, d, "the log of an older generation", keystore.ErrDamaged)
}

// Two copies of one folder are run from the same point on, and the visitor
// joins the tail of the one to the other: same keystore, same key, same place.
func TestForkedCopiesCannotBeJoined(t *testing.T) {
	disk := keystoretest.NewDisk()
	s := create(t, disk)
	must(t, s.Put("nonce", []byte("0")))
	must(t, s.Close())
	fork := disk.Clone()
	for i, d := range []*keystoretest.Disk{disk, fork} {
		s := reopen(t, d)
		must(t, s.Put("nonce", []byte{byte('a' + i)}))
		must(t, s.Put("nonce", []byte{byte('c' + i)}))
		must(t, s.Close())
	}
	header, e := split(t, disk.Read("log.1"))
	_, f := split(t, fork.Read("log.1"))
	disk.Write("log.1", bytes.Join([][]byte{header, e[0], e[1], f[2]}, nil))
	refused(t, disk, "the tail of a fork", keystore.ErrDamaged)
	disk.Write("log.1", bytes.Join([][]byte{header, e[0], f[1], f[2]}, nil))
	refused(t, disk, "a fork under the head of the other", keystore.ErrDamaged)
}

// A file is altered while the store is open, after everything was verified.
func TestAlteredWhileOpen(t *testing.T) {
	disk := keystoretest.NewDisk()
	s := create(t, disk)
	must(t, s.Put("a", []byte("alpha")))
	f, err := disk.Open("log.1")
	must(t, err)
	_, err = f.WriteAt([]byte{0xff}, int64(len(disk.Read("log.1"))-1))
	must(t, err)
	if got, err := s.Get("a"); !errors.Is(err, keystore.ErrDamaged) {
		t.Errorf("an altered record: %q, %v", got, err)
	}
	if err := s.Compact(); !errors.Is(err, keystore.ErrDamaged) {
		t.Errorf("compaction of an altered record: %v", err)
	}
	if err := s.Put("a", nil); !errors.Is(err, keystore.ErrFailed) {
		t.Errorf("a write after that: %v", err)
	}
}

// A crash in the middle of a write leaves a tail behind the last commit. It is
// cut, whatever it holds; even a whole true entry that was never committed.
func TestUncommittedTailIsCut(t *testing.T) {
	disk := keystoretest.NewDisk()
	s := create(t, disk)
	must(t, s.Put("a", []byte("old")))
	must(t, s.Close())
	committed := disk.Read("log.1")
	later := disk.Clone()
	s = reopen(t, later)
	must(t, s.Put("a", []byte("new")))
	must(t, s.Close())
	whole := later.Read("log.1")
	for _, tail := range [][]byte{{0}, whole[len(committed) : len(whole)-1], whole[len(committed):], make([]byte, 5000)} {
		d := disk.Clone()
		d.Write("log.1", append(bytes.Clone(committed), tail...))
		s := reopen(t, d)
		got, err := s.Get("a")
		must(t, err)
		if string(got) != "old" || !bytes.Equal(d.Read("log.1"), committed) {
			t.Errorf("a tail of %d bytes: a = %q", len(tail), got)
		}
		must(t, s.Put("a", []byte("next")))
		must(t, s.Close())
		s = reopen(t, d)
		got, err = s.Get("a")
		must(t, err)
		if string(got) != "next" {
			t.Errorf("after a tail of %d bytes: a = %q", len(tail), got)
		}
		must(t, s.Close())
	}
}

// Errors and printed forms end up in logs and on screens.
func TestNothingSecretIsPrinted(t *testing.T) {
	disk := keystoretest.NewDisk()
	s := create(t, disk)
	secret := "a-very-secret-value"
	must(t, s.Put("a", []byte(secret)))
	var said []string
	say := func(err error) {
		if err == nil {
			t.Error("expected an error")
			return
		}
		said = append(said, err.Error())
	}
	say(s.PutAll([]keystore.Record{{"a", []byte(secret)}, {"a", []byte(secret)}}))
	say(s.Put("A", []byte(secret)))
	_, err := s.Get("b")
	say(err)
	said = append(said, fmt.Sprintf("%v %+v %#v %s", s, s, s, s))
	must(t, s.Close())
	_, err = keystore.OpenFS(disk, []byte(secret))
	say(err)
	log := disk.Read("log.1")
	for i := 0; i < len(log); i += 7 {
		bad := bytes.Clone(log)
		bad[i] ^= 4
		d := disk.Clone()
		d.Write("log.1", bad)
		_, err := keystore.OpenFS(d, passphrase)
		say(err)
	}
	for _, text := range said {
		if strings.Contains(text, secret) || strings.Contains(text, string(passphrase)) {
			t.Errorf("printed: %s", text)
		}
	}
	for _, name := range []string{"log.1", "head", "key"} {
		if bytes.Contains(disk.Read(name), []byte(secret)) {
			t.Errorf("%s holds the value in clear", name)
		}
	}
}
