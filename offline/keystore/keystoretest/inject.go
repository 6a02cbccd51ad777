package keystoretest

import (
	"errors"
	"io"
	"sync"

	"heliograph/offline/keystore"
)

// ErrInjected is the reason of every failure that Inject causes.
var ErrInjected = errors.New("injected fault")

// Fault is how the chosen operation goes wrong.
type Fault int

const (
	Refused  Fault = iota + 1 // it does nothing and fails; later ones work
	Torn                      // a write does half, others do all, and it fails; later ones work
	DiedInto                  // it does nothing and fails, and so do all later ones
	DiedPast                  // it does all and fails, and so do all later ones
	Lied                      // a write does half, a rename nothing, and it reports success; other operations work
)

// Injector is a keystore.FS that counts the operations on the one below, on
// files and names alike, and makes one of them go wrong.
type Injector struct {
	// Before runs before each operation, with its number and what it is: "write
	// log.1". So a test knows what there is to make fail.
	Before func(at int, operation string)
	// Then runs when the fault strikes, once its effect is in the files below.
	// A test of a real process can kill it there.
	Then func()

	files keystore.FS
	at    int
	fault Fault

	// Holding mu means: count is exact.
	mu    sync.Mutex
	count int
}

// Inject makes the at-th operation, counted from 1, suffer the fault; with 0
// none does, and the injector only counts.
func Inject(files keystore.FS, at int, fault Fault) *Injector {
	return &Injector{files: files, at: at, fault: fault}
}

// Count is how many operations were asked for.
func (i *Injector) Count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.count
}

// Struck says whether the chosen operation was reached.
func (i *Injector) Struck() bool { return i.at > 0 && i.Count() >= i.at }

// do runs all for an operation, or what the fault leaves of it; half is nil
// where it would mean nothing.
func (i *Injector) do(operation string, all, half func() error) error {
	i.mu.Lock()
	i.count++
	n := i.count
	i.mu.Unlock()
	if i.Before != nil {
		i.Before(n, operation)
	}
	if i.at == 0 || n < i.at {
		return all()
	}
	if n > i.at {
		if i.fault == DiedInto || i.fault == DiedPast {
			return ErrInjected
		}
		return all()
	}
	if half == nil {
		half = all
	}
	var err error
	switch i.fault {
	case Torn, Lied:
		err = half()
	case DiedPast:
		err = all()
	}
	if i.Then != nil {
		i.Then()
	}
	if i.fault == Lied {
		return err
	}
	return errors.Join(ErrInjected, err)
}

// Lock implements keystore.FS. It is never made to fail, and not counted.
func (i *Injector) Lock() (io.Closer, error) { return i.files.Lock() }

// Names implements keystore.FS.
func (i *Injector) Names() (names []string, err error) {
	err = i.do("list", func() error { names, err = i.files.Names(); return err }, nil)
	return names, err
}

// Open implements keystore.FS.
func (i *Injector) Open(name string) (keystore.File, error) {
	return i.file("open", name, i.files.Open)
}

// Create implements keystore.FS.
func (i *Injector) Create(name string) (keystore.File, error) {
	return i.file("create", name, i.files.Create)
}

func (i *Injector) file(what, name string, get func(string) (keystore.File, error)) (keystore.File, error) {
	var f keystore.File
	err := i.do(what+" "+name, func() (err error) { f, err = get(name); return err }, nil)
	if err != nil {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
		return nil, err
	}
	return injected{f, i, name}, nil
}

// Rename implements keystore.FS.
func (i *Injector) Rename(from, to string) error {
	var half func() error
	if i.fault == Lied {
		half = func() error { return nil }
	}
	return i.do("rename "+to, func() error { return i.files.Rename(from, to) }, half)
}

// Remove implements keystore.FS.
func (i *Injector) Remove(name string) error {
	return i.do("remove "+name, func() error { return i.files.Remove(name) }, nil)
}

// Sync implements keystore.FS.
func (i *Injector) Sync() error { return i.do("sync folder", i.files.Sync, nil) }

type injected struct {
	keystore.File
	i    *Injector
	name string
}

func (f injected) ReadAt(b []byte, offset int64) (n int, err error) {
	err = f.i.do("read "+f.name, func() error { n, err = f.File.ReadAt(b, offset); return err }, nil)
	if errors.Is(err, ErrInjected) {
		n = 0
	}
	return n, err
}

func (f injected) WriteAt(b []byte, offset int64) (n int, err error) {
	err = f.i.do("write "+f.name,
		func() error { n, err = f.File.WriteAt(b, offset); return err },
		func() error { _, err := f.File.WriteAt(b[:len(b)/2], offset); n = len(b); return err })
	return n, err
}

func (f injected) Size() (n int64, err error) {
	err = f.i.do("size "+f.name, func() error { n, err = f.File.Size(); return err }, nil)
	return n, err
}

func (f injected) Truncate(size int64) error {
	return f.i.do("truncate "+f.name, func() error { return f.File.Truncate(size) }, nil)
}

func (f injected) Sync() error { return f.i.do("sync "+f.name, f.File.Sync, nil) }

// Close closes the file below in any case: a process that lives on after a
// fault must not leak it.
func (f injected) Close() error {
	err := f.i.do("close "+f.name, func() error { return nil }, nil)
	return errors.Join(err, f.File.Close())
}
