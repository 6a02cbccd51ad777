package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heliograph/offline/cli"
)

// Somebody guesses a passphrase, damages a file, or mixes files of different
// days or stations. The station says which it is, what to do, and above all
// what not to do; it shows nothing and leaves the folder as it was.
func TestDamagedKeystore(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	older := contents(t, s.vaults[0].keys)
	session, request := s.bill("day")
	k := s.vaults[0].run(plan{}, "--once")
	s.finish(session, k.signs(request))
	k.end(cli.Done)
	other := contents(t, s.vaults[1].keys)

	const damaged = "damaged"
	flip := func(name string, at int) func(map[string][]byte) {
		return func(f map[string][]byte) {
			i := at
			if i < 0 {
				i += len(f[name])
			}
			f[name][i] ^= 1
		}
	}
	cut := func(name string, by int) func(map[string][]byte) {
		return func(f map[string][]byte) { f[name] = f[name][:len(f[name])-by] }
	}
	gone := func(name string) func(map[string][]byte) {
		return func(f map[string][]byte) { delete(f, name) }
	}
	for _, c := range []struct {
		name       string
		passphrase string
		damage     func(files map[string][]byte)
		says       string
	}{
		{"another passphrase", "practice breaks", func(map[string][]byte) {}, "the passphrase is wrong"},
		{"no passphrase", "", func(map[string][]byte) {}, "the passphrase is wrong"},
		{"key, a bit", passphrase, flip("key", 100), damaged},
		{"key, its last bit", passphrase, flip("key", -1), damaged},
		{"key, cut off", passphrase, cut("key", 1), damaged},
		{"key, empty", passphrase, func(f map[string][]byte) { f["key"] = nil }, damaged},
		{"key, another station's", passphrase, func(f map[string][]byte) { f["key"] = other["key"] }, damaged},
		{"key, gone", passphrase, gone("key"), "there is no station in"},
		{"head, a bit", passphrase, flip("head", 60), damaged},
		{"head, cut off", passphrase, cut("head", 1), damaged},
		{"head, empty", passphrase, func(f map[string][]byte) { f["head"] = nil }, damaged},
		{"head, another station's", passphrase, func(f map[string][]byte) { f["head"] = other["head"] }, damaged},
		{"head, gone", passphrase, gone("head"), damaged},
		{"log, its first bit", passphrase, flip("log.1", 0), damaged},
		{"log, a bit", passphrase, flip("log.1", 3_000), damaged},
		{"log, its last bit", passphrase, flip("log.1", -1), damaged},
		{"log, its last byte cut off", passphrase, cut("log.1", 1), damaged},
		{"log, older than its head", passphrase, func(f map[string][]byte) { f["log.1"] = older["log.1"] }, damaged},
		{"log, another station's", passphrase, func(f map[string][]byte) { f["log.1"] = other["log.1"] }, damaged},
		{"log, gone", passphrase, gone("log.1"), damaged},
	} {
		v := newVault(t)
		must(t, os.Mkdir(v.keys, 0o700))
		files := contents(t, s.vaults[0].keys)
		c.damage(files)
		v.put(files)
		k := v.runLocked()
		k.answer(promptPassphrase, c.passphrase)
		said := k.end(cli.Error)
		says(t, said, c.says, "\nremedy: ")
		if c.says == damaged {
			says(t, said, "Do not put an older copy of the folder back", "24 words")
		}
		if t.Failed() {
			t.Fatalf("%s: see above", c.name)
		}
		v.dark(c.name)
		if !maps.EqualFunc(contents(t, v.keys), files, bytes.Equal) {
			t.Errorf("%s: the station changed the folder that it refused", c.name)
		}
	}
}

// put writes files into the keystore's folder.
func (v *vault) put(files map[string][]byte) {
	v.t.Helper()
	for name, content := range files {
		must(v.t, os.WriteFile(filepath.Join(v.keys, name), content, 0o600))
	}
}

// tear leaves in the folder what a machine that lost power may leave.
func (v *vault) tear() {
	v.t.Helper()
	whole := contents(v.t, v.keys)
	entry := whole["log.1"][32:]
	v.put(map[string][]byte{
		"log.1":    slices.Concat(whole["log.1"], entry[:len(entry)/2]),
		"log.2":    whole["log.1"][:40],
		"head.new": whole["head"][:77],
	})
}

// A machine that lost power leaves behind what it was writing: half an entry
// after the log's end, a head beside the head, the log of a compaction that
// nothing refers to. None of it was acknowledged, and none of it matters.
func TestTornTail(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v := s.vaults[0]
	v.tear()
	session, request := s.bill("torn")
	k := v.run(plan{}, "--once")
	answer := k.signs(request)
	k.end(cli.Done)
	for name := range contents(t, v.keys) {
		if name == "log.2" || strings.HasSuffix(name, ".new") {
			t.Errorf("%s was left behind", name)
		}
	}
	k = v.run(plan{}, "--once")
	if !bytes.Equal(k.again(request), answer) {
		t.Error("the answer that followed a torn tail was lost")
	}
	k.end(cli.Done)
	s.finish(session, answer)
}
