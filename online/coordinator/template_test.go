package coordinator_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/rehearsal"
	"heliograph/shared/wire"
)

// template is a treasury with a funded wallet, closed. Tests work on copies of its
// folders: making one takes most of a test's time.
type template struct {
	once        sync.Once
	store, node string
	world       *rehearsal.World
}

// plainTemplate is one of 2 of 3 with the charter of rules.
var plainTemplate template

// ready is a copy of the template, in a test that runs beside others.
func ready(t *testing.T) *treasury {
	t.Helper()
	t.Parallel()
	plainTemplate.make(t, func(dir string) (*treasury, keygen.Public) {
		y := newTreasuryIn(t, dir, 2, 3)
		p := y.make()
		y.fund(1_000_000, 10)
		return y, p
	})
	return plainTemplate.copy(t)
}

// make makes the template, once.
func (m *template) make(t *testing.T, build func(dir string) (*treasury, keygen.Public)) {
	t.Helper()
	m.once.Do(func() {
		dir, err := os.MkdirTemp("", "treasury")
		must(t, err)
		folders = append(folders, dir)
		y, p := build(dir)
		key, err := y.store.Records("treasury/courier")
		must(t, err)
		must(t, y.store.Close())
		must(t, y.chain.node.Close())
		w := y.people.world
		w.Courier, err = wire.ParseSigningKey(key[0].Value)
		must(t, err)
		w.Public, w.Line = p, p.Line()
		for _, s := range w.Stations {
			s.Line = w.Line
		}
		m.store, m.node, m.world = y.dir, filepath.Join(dir, "node"), w
	})
}

func (m *template) copy(t *testing.T) *treasury {
	t.Helper()
	dir := t.TempDir()
	y := &treasury{t: t, dir: filepath.Join(dir, "treasury")}
	must(t, os.CopyFS(y.dir, os.DirFS(m.store)))
	must(t, os.CopyFS(filepath.Join(dir, "node"), os.DirFS(m.node)))
	w, err := m.world.Copy()
	must(t, err)
	y.people = &people{t: t, world: w, away: make(map[int]bool), refuse: make(map[int]string)}
	y.start(filepath.Join(dir, "node"))
	return y
}

// folders are removed when all tests have run.
var folders []string
