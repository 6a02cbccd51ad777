// Package store keeps the treasury's book and the machines' records in one
// SQLite database (WAL, synchronous FULL, STRICT tables): DESIGN section 11.
//
// One Commit is one transaction: business rows and machine records become
// durable together or not at all, so that a process killed at any moment leaves
// a book that says what its machines know. One process owns a folder, by a lock
// that the kernel drops with its owner.
//
// It decides nothing. What it refuses is what does not fit: see book.Change.
// The database holds the courier key in the clear (0600), which gives no
// authority over money; it holds no share of any key.
package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // registers the "sqlite" driver

	"heliograph/ceremonies"
	"heliograph/shared/batch"

	"heliograph/online/coordinator/book"
)

const (
	// Name is the database's file name in its folder.
	Name = "heliograph.sqlite"

	lockName = "lock"

	// format is the user_version of the schema below.
	format = 1
)

var (
	// ErrLocked says that another process owns the folder.
	ErrLocked = errors.New("the folder is in use by another heliograph")
	// ErrAbsent says that there is no database in the folder.
	ErrAbsent = errors.New("there is no treasury in this folder")
	// ErrExists says that there is one already.
	ErrExists = errors.New("there is a treasury in this folder already")
	// ErrConflict says that a change does not fit what is kept; nothing changed.
	ErrConflict = errors.New("the change does not fit what is kept")
)

const schema = `
CREATE TABLE records (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
	number  INTEGER PRIMARY KEY AUTOINCREMENT,
	id      BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
	status  TEXT NOT NULL,
	created INTEGER NOT NULL,
	request BLOB NOT NULL,
	session BLOB NOT NULL CHECK (length(session) = 32)
) STRICT;

CREATE TABLE payouts (
	ordinal      INTEGER PRIMARY KEY AUTOINCREMENT,
	external_id  TEXT NOT NULL UNIQUE,
	counterparty TEXT NOT NULL,
	reference    TEXT NOT NULL,
	amount_sat   INTEGER NOT NULL CHECK (amount_sat > 0 OR amount_sat = 0 AND substr(script, 1, 1) = x'6a'), -- OP_RETURN
	script       BLOB NOT NULL,
	imported     INTEGER NOT NULL,
	status       TEXT NOT NULL,
	batch        BLOB REFERENCES batches (id)
) STRICT;

CREATE TABLE reserved (
	txid  BLOB NOT NULL CHECK (length(txid) = 32),
	vout  INTEGER NOT NULL,
	batch BLOB NOT NULL REFERENCES batches (id),
	PRIMARY KEY (txid, vout)
) STRICT, WITHOUT ROWID;

CREATE TABLE transactions (
	batch    BLOB NOT NULL REFERENCES batches (id),
	position INTEGER NOT NULL,
	variant  INTEGER NOT NULL,
	txid     BLOB NOT NULL CHECK (length(txid) = 32),
	raw      BLOB NOT NULL,
	height   INTEGER NOT NULL,
	block    BLOB NOT NULL CHECK (length(block) = 32),
	PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;
`

// Store is an open database. It is used from one goroutine.
type Store struct {
	db   *sql.DB
	lock *os.File
}

// Create makes an empty database in dir, which it makes if need be (0700), and
// keeps first in it, all or nothing: a process killed meanwhile leaves a folder
// in which Create can be called again. ErrExists if there is one.
func Create(dir string, first book.Change) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: create: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("store: create: %w", err)
	}
	s := &Store{lock: lock}
	if err := s.create(dir, first); err != nil {
		return nil, errors.Join(fmt.Errorf("store: create: %w", err), s.Close())
	}
	return s, nil
}

// create fills a database aside and renames it into place.
func (s *Store) create(dir string, first book.Change) error {
	path, aside := filepath.Join(dir, Name), filepath.Join(dir, Name+".new")
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, dir)
	}
	for _, half := range []string{aside, aside + "-wal", aside + "-shm"} {
		if err := os.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	// SQLite gives its other files the mode of this one.
	file, err := os.OpenFile(aside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if s.db, err = openDatabase(aside); err != nil {
		return err
	}
	if _, err := s.db.Exec(schema + fmt.Sprintf("PRAGMA user_version = %d;", format)); err != nil {
		return err
	}
	if err := s.Commit(first); err != nil {
		return err
	}
	// Closing the last connection writes the log back and removes it.
	if err := s.db.Close(); err != nil {
		return err
	}
	s.db = nil
	if err := os.Rename(aside, path); err != nil {
		return err
	}
	if err := syncFolder(dir); err != nil {
		return err
	}
	s.db, err = openDatabase(path)
	return err
}

// Open opens the database in dir. ErrAbsent if there is none, ErrLocked if
// another process has it open.
func Open(dir string) (*Store, error) {
	path := filepath.Join(dir, Name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: open %s: %w", dir, ErrAbsent)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	s := &Store{lock: lock}
	if err := s.open(path); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *Store) open(path string) error {
	var err error
	if s.db, err = openDatabase(path); err != nil {
		return err
	}
	var version int
	if err := s.db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version != format {
		return fmt.Errorf("format %d: this program knows format %d", version, format)
	}
	return nil
}

// openDatabase opens one connection: the settings below are a connection's, and
// one process with one connection never waits for itself.
func openDatabase(path string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	at := url.URL{Scheme: "file", Path: absolute, RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", at.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if mode != "wal" {
		return nil, errors.Join(fmt.Errorf("the file system allows no write-ahead log (%s)", mode), db.Close())
	}
	return db, nil
}

// Close gives the folder up. Closing twice is harmless.
func (s *Store) Close() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
		s.db = nil
	}
	if s.lock != nil {
		errs = append(errs, unlock(s.lock))
		s.lock = nil
	}
	return errors.Join(errs...)
}

// Records lists the records whose name begins with prefix, by name.
func (s *Store) Records(prefix string) ([]ceremonies.Record, error) {
	rows, err := s.db.Query("SELECT name, value FROM records WHERE substr(name, 1, ?) = ? ORDER BY name", len(prefix), prefix)
	if err != nil {
		return nil, fmt.Errorf("store: read records: %w", err)
	}
	defer rows.Close()
	var out []ceremonies.Record
	for rows.Next() {
		var r ceremonies.Record
		if err := rows.Scan(&r.Name, &r.Value); err != nil {
			return nil, fmt.Errorf("store: read records: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read records: %w", err)
	}
	return out, nil
}

// validName accepts the names that machines may give: ceremonies.Record.
func validName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-", r))
	}) < 0
}

func lockFolder(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
		}
		return nil, err
	}
	return file, nil
}

// unlock gives the lock up by name, not only by closing: a process that another
// goroutine is just starting holds a copy of the descriptor until it executes its
// program, and with it a lock that is merely closed here.
func unlock(file *os.File) error {
	return errors.Join(unix.Flock(int(file.Fd()), unix.LOCK_UN), file.Close())
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// coin is an outpoint as two columns.
func coin(o batch.OutPoint) (txid []byte, vout int64) { return o.TxID[:], int64(o.Vout) }
