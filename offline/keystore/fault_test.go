package keystore_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"heliograph/offline/keystore"
	"heliograph/offline/keystore/keystoretest"
	"pgregory.net/rapid"
)

// contents is everything that a store holds.
type contents struct {
	records  map[string]string
	journals map[string][]string
}

func (c contents) clone() contents {
	n := contents{maps.Clone(c.records), map[string][]string{}}
	for name, entries := range c.journals {
		n.journals[name] = slices.Clone(entries)
	}
	return n
}

func (c contents) equal(d contents) bool {
	return maps.Equal(c.records, d.records) && maps.EqualFunc(c.journals, d.journals, slices.Equal)
}

func (c contents) put(records []keystore.Record) contents {
	n := c.clone()
	for _, r := range records {
		n.records[r.Name] = string(r.Value)
	}
	return n
}

func (c contents) append(journal, entry string) contents {
	n := c.clone()
	n.journals[journal] = append(n.journals[journal], entry)
	return n
}

var empty = contents{map[string]string{}, map[string][]string{}}

func read(s *keystore.Store) (contents, error) {
	c := empty.clone()
	names, err := s.Names("")
	if err != nil {
		return c, err
	}
	for _, name := range names {
		value, err := s.Get(name)
		if err != nil {
			return c, err
		}
		c.records[name] = string(value)
	}
	for e, err := range s.Entries("events") {
		if err != nil {
			return c, err
		}
		c.journals["events"] = append(c.journals["events"], string(e))
	}
	return c, nil
}

// day is what a station does: open, burn nonces and keep responses, note
// events, compact. It returns the contents that were acknowledged and, if it
// failed in the middle of a write, those that the write was to make.
func day(t *testing.T, files keystore.FS, have contents) (acknowledged, attempted contents, err error) {
	s, err := keystore.OpenFS(files, passphrase)
	if err != nil {
		return have, have, err
	}
	defer s.Close()
	for i := range 3 {
		records := []keystore.Record{
			{"state", fmt.Appendf(nil, "next index %d", i)},
			{fmt.Sprintf("response/%d", i), make([]byte, 1500)},
		}
		if err := s.PutAll(records); err != nil {
			stays(t, s)
			return have, have.put(records), err
		}
		have = have.put(records)
		entry := fmt.Sprintf("event %d", i)
		if err := s.Append("events", []byte(entry)); err != nil {
			stays(t, s)
			return have, have.append("events", entry), err
		}
		have = have.append("events", entry)
		if i != 1 {
			continue
		}
		if err := s.Compact(); err != nil {
			stays(t, s)
			return have, have, err
		}
	}
	return have, have, nil
}

// stays checks that a store whose write failed writes nothing more.
func stays(t *testing.T, s *keystore.Store) {
	t.Helper()
	if err := s.Put("after", []byte("a failure")); !errors.Is(err, keystore.ErrFailed) {
		t.Errorf("a write after a failed one: %v", err)
	}
	if err := s.Append("after", nil); !errors.Is(err, keystore.ErrFailed) {
		t.Errorf("an append after a failed write: %v", err)
	}
	if err := s.Compact(); !errors.Is(err, keystore.ErrFailed) {
		t.Errorf("a compaction after a failed write: %v", err)
	}
}

func yesterday(t *testing.T) (*keystoretest.Disk, contents) {
	disk := keystoretest.NewDisk()
	must(t, create(t, disk).Close())
	have, _, err := day(t, disk, empty)
	must(t, err)
	return disk.Clone(), have
}

var faults = map[keystoretest.Fault]string{
	keystoretest.Refused: "refused", keystoretest.Torn: "torn",
	keystoretest.DiedInto: "died into", keystoretest.DiedPast: "died past",
}

// The power fails, the disk fills up or an error comes back, at each operation
// in turn. A write that was acknowledged must be there afterwards, the one
// under way wholly or not at all, and what was once seen after reopening must
// outlast another crash: a station shows it.
func TestEveryOperationFails(t *testing.T) {
	start, have := yesterday(t)
	counter := keystoretest.Inject(start.Clone(), 0, 0)
	if _, _, err := day(t, counter, have); err != nil {
		t.Fatal(err)
	}
	if counter.Count() < 100 {
		t.Fatalf("a day has only %d operations: the injector misses some", counter.Count())
	}
	kept, attempted := 0, 0
	for fault, name := range faults {
		for k := 1; k <= counter.Count(); k++ {
			disk := start.Clone()
			// Only closing a file at the end may fail unnoticed.
			old, new, _ := day(t, keystoretest.Inject(disk, k, fault), have)
			survivors := []*keystoretest.Disk{disk}
			for seed := range uint64(4) {
				survivors = append(survivors, disk.Crash(mathrand.New(mathrand.NewPCG(seed, uint64(k)))))
			}
			if fault == keystoretest.DiedInto || fault == keystoretest.DiedPast {
				survivors = survivors[1:]
			}
			for i, d := range survivors {
				s, err := keystore.OpenFS(d, passphrase)
				if err != nil {
					t.Fatalf("%s at %d, survivor %d: %v", name, k, i, err)
				}
				got, err := read(s)
				must(t, err)
				must(t, s.Close())
				if !got.equal(old) && !got.equal(new) {
					t.Fatalf("%s at %d, survivor %d: neither the old contents nor the new\n%v", name, k, i, got)
				}
				if !old.equal(new) {
					if got.equal(old) {
						kept++
					} else {
						attempted++
					}
				}
				again := d.Crash(mathrand.New(mathrand.NewPCG(uint64(i), uint64(k))))
				s, err = keystore.OpenFS(again, passphrase)
				if err != nil {
					t.Fatalf("%s at %d, survivor %d: crash after recovery: %v", name, k, i, err)
				}
				later, err := read(s)
				must(t, err)
				must(t, s.Close())
				if !later.equal(got) {
					t.Fatalf("%s at %d, survivor %d: what was seen is gone after another crash", name, k, i)
				}
			}
		}
	}
	if kept == 0 || attempted == 0 {
		t.Errorf("%d old and %d new contents: the faults miss the commit", kept, attempted)
	}
}

// A disk or its driver drops half of a write, or a rename, and reports success.
// Reading back finds it, before anything is acknowledged on the strength of it.
func TestLyingDisk(t *testing.T) {
	start, have := yesterday(t)
	counter := keystoretest.Inject(start.Clone(), 0, 0)
	if _, _, err := day(t, counter, have); err != nil {
		t.Fatal(err)
	}
	found := 0
	for k := 1; k <= counter.Count(); k++ {
		disk := start.Clone()
		old, new, err := day(t, keystoretest.Inject(disk, k, keystoretest.Lied), have)
		if err != nil {
			found++
		}
		s, err := keystore.OpenFS(disk, passphrase)
		if err != nil {
			t.Fatalf("lied at %d: %v", k, err)
		}
		got, err := read(s)
		must(t, err)
		must(t, s.Close())
		if !got.equal(old) && !got.equal(new) {
			t.Fatalf("lied at %d: neither the old contents nor the new", k)
		}
	}
	if found < 10 {
		t.Errorf("only %d lies were found", found)
	}
}

// The same for Create: afterwards there is a keystore that opens, or a folder
// that Create takes, or a refusal that touches nothing.
func TestEveryOperationOfCreateFails(t *testing.T) {
	counter := keystoretest.Inject(keystoretest.NewDisk(), 0, 0)
	must(t, create(t, counter).Close())
	for fault, name := range faults {
		for k := 1; k <= counter.Count(); k++ {
			disk := keystoretest.NewDisk()
			s, err := keystore.CreateFS(keystoretest.Inject(disk, k, fault), passphrase, rand.Reader, cheap)
			made := err == nil
			if made {
				s.Close()
			}
			if !made && (fault == keystoretest.Refused || fault == keystoretest.Torn) {
				s, err := keystore.CreateFS(disk, passphrase, rand.Reader, cheap)
				if err != nil {
					t.Fatalf("%s at %d: Create after a failed Create: %v", name, k, err)
				}
				s.Close()
				continue
			}
			for seed := range uint64(4) {
				d := disk.Crash(mathrand.New(mathrand.NewPCG(seed, uint64(k))))
				s, err := keystore.OpenFS(d, passphrase)
				if err == nil {
					s.Close()
					continue
				}
				if made {
					t.Fatalf("%s at %d: a keystore that Create returned: %v", name, k, err)
				}
				s, err = keystore.CreateFS(d, passphrase, rand.Reader, cheap)
				if err == nil {
					s.Close()
				}
			}
		}
	}
}

// A machine of random writes, compactions, faults, crashes and reopenings
// against the plain contents.
func TestRandomLives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		disk := keystoretest.NewDisk()
		s, err := keystore.CreateFS(disk, passphrase, rand.Reader, cheap)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { s.Close() }()
		have := empty.clone()
		name := rapid.SampledFrom([]string{"a", "b", "c/d"})
		value := rapid.SliceOfN(rapid.Byte(), 0, 700)
		// restart opens what is left after a write of have -> attempted broke.
		restart := func(attempted contents, crash bool) {
			s.Close()
			if crash {
				disk = disk.Crash(mathrand.New(mathrand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0)))
			}
			fresh, err := keystore.OpenFS(disk, passphrase)
			if err != nil {
				rt.Fatal(err)
			}
			s = fresh
			got, err := read(s)
			if err != nil {
				rt.Fatal(err)
			}
			if !got.equal(have) && !got.equal(attempted) {
				rt.Fatalf("neither the old contents nor the new: %v", got)
			}
			have = got
		}
		write := func(do func(*keystore.Store) error, attempted contents) {
			if err := do(s); err != nil {
				rt.Fatal(err)
			}
			have = attempted
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				var records []keystore.Record
				for _, n := range rapid.SliceOfNDistinct(name, 1, 3, rapid.ID[string]).Draw(rt, "names") {
					records = append(records, keystore.Record{Name: n, Value: value.Draw(rt, "value")})
				}
				write(func(s *keystore.Store) error { return s.PutAll(records) }, have.put(records))
			},
			"append": func(rt *rapid.T) {
				entry := value.Draw(rt, "entry")
				write(func(s *keystore.Store) error { return s.Append("events", entry) }, have.append("events", string(entry)))
			},
			"compact": func(rt *rapid.T) { write((*keystore.Store).Compact, have) },
			"reopen":  func(rt *rapid.T) { restart(have, rapid.Bool().Draw(rt, "crash")) },
			"fault": func(rt *rapid.T) {
				s.Close()
				fault := rapid.SampledFrom(slices.Sorted(maps.Keys(faults))).Draw(rt, "fault")
				broken := keystoretest.Inject(disk, rapid.IntRange(1, 60).Draw(rt, "at"), fault)
				attempted := have
				f, err := keystore.OpenFS(broken, passphrase)
				if err == nil {
					records := []keystore.Record{{"a", value.Draw(rt, "a")}, {"b", value.Draw(rt, "b")}}
					attempted = have.put(records)
					if f.PutAll(records) == nil {
						have = attempted
					}
					f.Close()
				}
				restart(attempted, true)
			},
			"": func(rt *rapid.T) {
				got, err := read(s)
				if err != nil {
					rt.Fatal(err)
				}
				if !got.equal(have) {
					rt.Fatalf("%v, want %v", got, have)
				}
			},
		})
	})
}
