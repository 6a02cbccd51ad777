package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Option changes how Create makes a keystore.
type Option func(*options)

type options struct{ workFactor int }

// WorkFactor sets the base-2 logarithm of scrypt's cost, 1 to 20. Without it
// Create uses 18 (256 MiB, about a second). Lower values are for tests.
func WorkFactor(logN int) Option {
	return func(o *options) { o.workFactor = logN }
}

// Create makes a keystore in dir, which may be absent or hold no keystore.
// rand supplies the data key and the store id (48 bytes). The store is open
// and locked when Create returns.
func Create(dir string, passphrase []byte, rand io.Reader, opts ...Option) (*Store, error) {
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keystore: create: %w", err)
	}
	if err == nil {
		// The new folder's own name must survive a power loss too.
		if err := syncFolder(filepath.Dir(filepath.Clean(dir))); err != nil {
			return nil, fmt.Errorf("keystore: create: %w", err)
		}
	}
	folder, err := Folder(dir)
	if err != nil {
		return nil, err
	}
	// The password function leaves 256 MiB of garbage, which would set the
	// collector's pace for the rest of the session.
	defer runtime.GC()
	return CreateFS(folder, passphrase, rand, opts...)
}

// Open opens the keystore in dir and locks it. It returns ErrPassphrase,
// ErrLocked, ErrDamaged or an error that wraps fs.ErrNotExist where those are
// the reason.
func Open(dir string, passphrase []byte) (*Store, error) {
	folder, err := Folder(dir)
	if err != nil {
		return nil, err
	}
	defer runtime.GC() // see Create
	return OpenFS(folder, passphrase)
}

// CreateFS is Create on files that the caller supplies.
func CreateFS(files FS, passphrase []byte, rand io.Reader, opts ...Option) (*Store, error) {
	o := options{workFactor: defaultWorkFactor}
	for _, opt := range opts {
		opt(&o)
	}
	lock, err := files.Lock()
	if err != nil {
		return nil, fmt.Errorf("keystore: create: %w", err)
	}
	s := &Store{fs: files, lock: lock}
	if err := s.create(passphrase, rand, o); err != nil {
		s.release()
		return nil, fmt.Errorf("keystore: create: %w", err)
	}
	return s, nil
}

// OpenFS is Open on files that the caller supplies.
func OpenFS(files FS, passphrase []byte) (*Store, error) {
	lock, err := files.Lock()
	if err != nil {
		return nil, fmt.Errorf("keystore: open: %w", err)
	}
	s := &Store{fs: files, lock: lock}
	if err := s.open(passphrase); err != nil {
		s.release()
		return nil, fmt.Errorf("keystore: open: %w", err)
	}
	return s, nil
}

// create writes log, head and key in this order: the key's name is the last
// thing to appear, so a folder with a key file is a whole keystore.
func (s *Store) create(passphrase []byte, rand io.Reader, o options) error {
	names, err := s.fs.Names()
	if err != nil {
		return err
	}
	if slices.Contains(names, keyName) {
		return fmt.Errorf("the folder already holds a keystore: %w", fs.ErrExist)
	}
	if slices.Contains(names, headName) {
		// Either an interrupted Create or a keystore whose key file is lost;
		// without the key nobody can tell, so a person decides.
		return fmt.Errorf("the folder holds a keystore without its key file: put the key file back, or choose another folder: %w", fs.ErrExist)
	}
	for _, name := range names {
		if g, isLog := parseLogName(name); isLog && g > 1 {
			return fmt.Errorf("the folder holds %s of a keystore that was in use: choose another folder: %w", name, fs.ErrExist)
		}
	}
	if err := s.sweepAside(names); err != nil {
		return err
	}
	if err := s.sweepLogs(names, 0); err != nil {
		return err
	}
	if err := s.secret.generate(rand); err != nil {
		return err
	}
	wrapped, err := s.secret.wrap(passphrase, o.workFactor)
	if err != nil {
		return err
	}
	s.volume, err = s.newVolume(1)
	if err == nil {
		err = s.settle(s.volume.head)
	}
	if err == nil {
		err = s.replace(keyName, wrapped)
	}
	if err != nil {
		// Nothing was stored yet, so clearing up is a courtesy: what it leaves
		// is refused or swept by the next Create.
		for _, name := range []string{keyName + asideSuffix, keyName, headName + asideSuffix, headName, logName(1)} {
			_ = s.fs.Remove(name)
		}
		return err
	}
	return nil
}

func (s *Store) open(passphrase []byte) error {
	wrapped, err := s.readFile(keyName, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder holds no keystore: %w", err)
	}
	if err != nil {
		return err
	}
	if err := s.secret.unwrap(wrapped, passphrase, maxWorkFactor); err != nil {
		return err
	}
	sealed, err := s.readFile(headName, headSize)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the head file is missing: %w", ErrDamaged)
	}
	if err != nil {
		return err
	}
	h, err := s.secret.openHead(sealed)
	if err != nil {
		return err
	}
	f, err := s.fs.Open(logName(h.generation))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the log file %s is missing: %w", logName(h.generation), ErrDamaged)
	}
	if err != nil {
		return err
	}
	s.volume, err = s.secret.replay(f, h)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	size, err := f.Size()
	if err != nil {
		return err
	}
	if size > h.length {
		// The tail of a write that was never acknowledged.
		if err := f.Truncate(h.length); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	names, err := s.fs.Names()
	if err != nil {
		return err
	}
	if err := s.sweepAside(names); err != nil {
		return err
	}
	// The head just read may be one whose write failed and which only this
	// kernel remembers. Whatever the caller sees from here on it may show to
	// others, so it is made durable first; and only then may the log go that an
	// older head names.
	if err := s.settle(s.volume.head); err != nil {
		return err
	}
	return s.sweepLogs(names, h.generation)
}

// sweepAside removes files that an interrupted write left aside.
func (s *Store) sweepAside(names []string) error {
	for _, name := range names {
		if name != keyName+asideSuffix && name != headName+asideSuffix {
			continue
		}
		if err := s.fs.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// sweepLogs removes logs of other generations. Files that are not of this
// package are left alone.
func (s *Store) sweepLogs(names []string, generation uint64) error {
	for _, name := range names {
		if g, isLog := parseLogName(name); !isLog || g == generation {
			continue
		}
		if err := s.fs.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// replace puts a whole small file in place: written aside, synced, read back,
// renamed, the folder synced, read back again. The first reading keeps a bad
// write from replacing a good file, the second finds a rename that was lost.
func (s *Store) replace(name string, content []byte) error {
	f, err := s.fs.Create(name + asideSuffix)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := compare(f, content, 0); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := s.fs.Rename(name+asideSuffix, name); err != nil {
		return err
	}
	if err := s.fs.Sync(); err != nil {
		return err
	}
	back, err := s.readFile(name, len(content))
	if err != nil {
		return err
	}
	if !bytes.Equal(back, content) {
		return fmt.Errorf("%s reads back other than it was written", name)
	}
	return nil
}

// readFile reads a file of at most max bytes.
func (s *Store) readFile(name string, max int) ([]byte, error) {
	f, err := s.fs.Open(name)
	if err != nil {
		return nil, err
	}
	content, err := readBounded(f, name, max)
	return content, errors.Join(err, f.Close())
}

func readBounded(f File, name string, max int) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > int64(max) {
		return nil, fmt.Errorf("%s has %d bytes, at most %d expected: %w", name, size, max, ErrDamaged)
	}
	content := make([]byte, size)
	if err := readAt(f, content, 0); err != nil {
		return nil, err
	}
	return content, nil
}
