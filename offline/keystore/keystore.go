// Package keystore keeps a station's secrets at rest: named records and
// append-only journals, in one folder, under one passphrase. It follows DESIGN
// sections 5 ("burn before release") and 12; FORMAT.md describes its files
// byte by byte.
//
// What it promises: a write that returned nil survives a crash and a power
// loss; a write that failed happened wholly or not at all, also over several
// names; whatever was altered in the folder is found when it is opened.
//
// What it does not do: it knows no protocol and no meaning of a record. It
// cannot tell an older copy of the whole folder from the present one (peers'
// heads and receipts do that, DESIGN 5). Wiping memory is best effort: the
// libraries below copy keys and the passphrase.
package keystore

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"
	"strings"
	"sync"
)

var (
	// ErrPassphrase says that the passphrase does not open this keystore.
	ErrPassphrase = errors.New("the passphrase is wrong")
	// ErrLocked says that another process, or another Store, holds the folder.
	ErrLocked = errors.New("another program has this keystore open: close it first")
	// ErrNotFound says that no record has the name.
	ErrNotFound = errors.New("no such record")
	// ErrDamaged says that the files are not what this package wrote.
	ErrDamaged = errors.New("the keystore is damaged or was altered (an older copy is no remedy: it has forgotten what was done since)")
	// ErrFailed says that an earlier write failed, so that memory and disk may
	// differ; the store must be closed and opened again before it writes.
	ErrFailed = errors.New("an earlier write failed: close the keystore and open it again")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("the keystore is closed")
)

// Record is one thing to keep.
type Record struct {
	Name  string // see CheckName
	Value []byte // at most MaxValue bytes, may be empty
}

// Store is an open keystore. It may be used from several goroutines.
type Store struct {
	fs   FS
	lock io.Closer

	// Holding mu means: volume is what the folder's head commits to, unless
	// failed is set.
	mu     sync.Mutex
	secret secret
	volume *volume
	failed error
	closed bool
}

// String names the type and nothing in it.
func (s *Store) String() string { return "keystore.Store(redacted)" }

// GoString is String.
func (s *Store) GoString() string { return s.String() }

// Close wipes the data key, closes the files and gives up the lock.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	return s.release()
}

func (s *Store) release() error {
	s.closed = true
	s.secret.wipe()
	var err error
	if s.volume != nil {
		err = s.volume.file.Close()
		s.volume = nil
	}
	return errors.Join(err, s.lock.Close())
}

// Put keeps value under name, in place of what the name held. When it returns
// nil the record is durable.
func (s *Store) Put(name string, value []byte) error {
	return s.PutAll([]Record{{name, value}})
}

// PutAll keeps all records or none. When it returns nil all are durable; when
// it fails with anything but a refused argument, the store writes no more
// until it is opened again (ErrFailed), and then holds either all or none.
// Names must differ; the values together are at most MaxValue bytes.
func (s *Store) PutAll(records []Record) error {
	ops := make([]op, len(records))
	for i, r := range records {
		ops[i] = op{opPut, r.Name, r.Value}
	}
	if err := s.commit(ops); err != nil {
		return fmt.Errorf("keystore: put: %w", err)
	}
	return nil
}

// Append adds an entry of at most MaxValue bytes to the end of a journal,
// durable when it returns nil. Journals and records have separate names, and
// nothing changes or removes an entry.
func (s *Store) Append(journal string, entry []byte) error {
	if err := s.commit([]op{{opAppend, journal, entry}}); err != nil {
		return fmt.Errorf("keystore: append: %w", err)
	}
	return nil
}

// commit is the one way in which anything is written.
func (s *Store) commit(ops []op) error {
	if err := checkOps(ops); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	if s.volume.wasteful() {
		if err := s.compact(); err != nil {
			s.failed = err
			return err
		}
	}
	if err := s.write(ops); err != nil {
		s.failed = err
		return err
	}
	return nil
}

// Compact rewrites the log without the values that were replaced since, which
// otherwise stay in it, encrypted, until they are half of it. The disk below
// may still keep the old blocks.
func (s *Store) Compact() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return fmt.Errorf("keystore: compact: %w", err)
	}
	if err := s.compact(); err != nil {
		s.failed = err
		return fmt.Errorf("keystore: compact: %w", err)
	}
	return nil
}

func (s *Store) writable() error {
	if s.closed {
		return ErrClosed
	}
	if s.failed != nil {
		return fmt.Errorf("%w (%v)", ErrFailed, s.failed)
	}
	return nil
}

// Get returns the record, or ErrNotFound.
func (s *Store) Get(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("keystore: get: %w", ErrClosed)
	}
	at, ok := s.volume.records[name]
	if !ok {
		return nil, fmt.Errorf("keystore: get: %w", ErrNotFound)
	}
	value, err := s.secret.read(s.volume, at)
	if err != nil {
		return nil, fmt.Errorf("keystore: get: %w", err)
	}
	return value, nil
}

// Names lists the names of records that begin with prefix, sorted by bytes.
func (s *Store) Names(prefix string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("keystore: names: %w", ErrClosed)
	}
	var names []string
	for name := range s.volume.records {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names, nil
}

// Entries yields a journal's entries, oldest first, and stops after the first
// error. Entries that are appended meanwhile are included.
func (s *Store) Entries(journal string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := 0; ; i++ {
			value, ok, err := s.entry(journal, i)
			if err != nil {
				yield(nil, fmt.Errorf("keystore: entries: %w", err))
				return
			}
			if !ok || !yield(value, nil) {
				return
			}
		}
	}
}

// entry looks the place up anew each time, for a compaction moves entries but
// keeps their order.
func (s *Store) entry(journal string, i int) (value []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, ErrClosed
	}
	places := s.volume.journals[journal]
	if i >= len(places) {
		return nil, false, nil
	}
	value, err = s.secret.read(s.volume, places[i])
	return value, err == nil, err
}
