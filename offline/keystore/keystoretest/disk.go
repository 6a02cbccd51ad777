// Package keystoretest breaks a keystore's files on purpose, for tests of the
// keystore and of programs above it. Disk is a folder in memory that can lose
// power; Inject makes one chosen operation of any keystore.FS fail. It follows
// what POSIX leaves open, not what one file system happens to do. Nothing but
// tests imports it.
package keystoretest

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"heliograph/offline/keystore"
)

// Disk is a keystore.FS in memory that knows which bytes and names would
// survive a power loss.
type Disk struct {
	// Holding mu means: names and files are between two operations.
	mu      sync.Mutex
	names   map[string]*inode // as programs see them
	durable map[string]*inode // as the last Sync left them
	changes []change          // since then, oldest first
	locked  bool
}

type inode struct {
	current, durable []byte
}

// change is one step on names that is whole or absent after a power loss.
type change struct {
	remove string
	set    string
	to     *inode
}

var _ keystore.FS = (*Disk)(nil)

// NewDisk returns an empty folder.
func NewDisk() *Disk {
	return &Disk{names: map[string]*inode{}, durable: map[string]*inode{}}
}

// Crash returns the folder as a power loss may leave it: each change of names
// since the last Sync, and each 512-byte sector written since its file's Sync,
// is there or not, as rng decides. The disk itself is unchanged.
func (d *Disk) Crash(rng *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := maps.Clone(d.durable)
	for _, c := range d.changes {
		if rng.IntN(2) == 0 {
			continue
		}
		delete(names, c.remove)
		if c.set != "" {
			names[c.set] = c.to
		}
	}
	after := NewDisk()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		content := names[name].crash(rng)
		after.names[name] = &inode{content, slices.Clone(content)}
	}
	after.durable = maps.Clone(after.names)
	return after
}

func (n *inode) crash(rng *rand.Rand) []byte {
	const sector = 512
	size := len(n.durable)
	if grown := len(n.current) - size; grown != 0 {
		// The size lands anywhere between the two.
		span := max(grown, -grown)
		step := rng.IntN(span + 1)
		if grown > 0 {
			size += step
		} else {
			size -= step
		}
	}
	out := make([]byte, size)
	copy(out, n.durable)
	for at := 0; at < size; at += sector {
		if end := min(at+sector, size, len(n.current)); rng.IntN(2) == 0 && at < end {
			copy(out[at:end], n.current[at:end])
		}
	}
	return out
}

// Clone returns an unlocked copy on which nothing is pending.
func (d *Disk) Clone() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := NewDisk()
	for name, n := range d.names {
		c.names[name] = &inode{slices.Clone(n.current), slices.Clone(n.current)}
	}
	c.durable = maps.Clone(c.names)
	return c
}

// Read returns a file's bytes, nil if there is none.
func (d *Disk) Read(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, ok := d.names[name]
	if !ok {
		return nil
	}
	return slices.Clone(n.current)
}

// Write replaces a file behind the keystore's back; nil removes it.
func (d *Disk) Write(name string, content []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.names, name)
	if content != nil {
		d.names[name] = &inode{slices.Clone(content), slices.Clone(content)}
	}
	d.durable = maps.Clone(d.names)
	d.changes = nil
}

// Lock implements keystore.FS.
func (d *Disk) Lock() (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked {
		return nil, keystore.ErrLocked
	}
	d.locked = true
	return unlocker{d}, nil
}

type unlocker struct{ d *Disk }

func (u unlocker) Close() error {
	u.d.mu.Lock()
	defer u.d.mu.Unlock()
	u.d.locked = false
	return nil
}

// Names implements keystore.FS.
func (d *Disk) Names() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names)), nil
}

// Open implements keystore.FS.
func (d *Disk) Open(name string) (keystore.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, ok := d.names[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return handle{d, n}, nil
}

// Create implements keystore.FS.
func (d *Disk) Create(name string) (keystore.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.names[name]; ok {
		return nil, fmt.Errorf("create %s: %w", name, fs.ErrExist)
	}
	n := new(inode)
	d.names[name] = n
	d.changes = append(d.changes, change{set: name, to: n})
	return handle{d, n}, nil
}

// Rename implements keystore.FS.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, ok := d.names[from]
	if !ok {
		return fmt.Errorf("rename %s: %w", from, fs.ErrNotExist)
	}
	delete(d.names, from)
	d.names[to] = n
	d.changes = append(d.changes, change{remove: from, set: to, to: n})
	return nil
}

// Remove implements keystore.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.names[name]; !ok {
		return fmt.Errorf("remove %s: %w", name, fs.ErrNotExist)
	}
	delete(d.names, name)
	d.changes = append(d.changes, change{remove: name})
	return nil
}

// Sync implements keystore.FS.
func (d *Disk) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable = maps.Clone(d.names)
	d.changes = nil
	return nil
}

// handle is an open file.
type handle struct {
	d *Disk
	n *inode
}

func (h handle) ReadAt(b []byte, offset int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if offset >= int64(len(h.n.current)) {
		return 0, io.EOF
	}
	n := copy(b, h.n.current[offset:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (h handle) WriteAt(b []byte, offset int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if grow := int(offset) + len(b) - len(h.n.current); grow > 0 {
		h.n.current = append(h.n.current, make([]byte, grow)...)
	}
	return copy(h.n.current[offset:], b), nil
}

func (h handle) Size() (int64, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	return int64(len(h.n.current)), nil
}

func (h handle) Truncate(size int64) error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	h.n.current = slices.Clone(h.n.current[:size])
	return nil
}

func (h handle) Sync() error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	h.n.durable = slices.Clone(h.n.current)
	return nil
}

func (h handle) Close() error { return nil }
