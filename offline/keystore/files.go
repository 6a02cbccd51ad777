package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FS is the folder of one keystore. Names are plain file names in it. It is an
// interface so that tests can make any operation fail, and crash between any
// two; it has one method for each thing that can go wrong on its own.
type FS interface {
	// Lock takes the folder for this holder alone until Close, or returns
	// ErrLocked at once. A dead process holds nothing.
	Lock() (io.Closer, error)
	// Names lists the files, in any order.
	Names() ([]string, error)
	// Open opens a file for reading and writing; the error wraps
	// fs.ErrNotExist if there is none.
	Open(name string) (File, error)
	// Create makes a new file; the error wraps fs.ErrExist if there is one.
	Create(name string) (File, error)
	// Rename replaces to by from in one step.
	Rename(from, to string) error
	// Remove deletes a file.
	Remove(name string) error
	// Sync makes all names as they are now survive a power loss.
	Sync() error
}

// File is one open file. Written bytes survive a power loss after Sync.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

const lockName = "lock"

// folder is the real FS.
type folder struct{ dir string }

// Folder is the folder dir as FS. It refuses a folder that is open to others,
// and every file in it that is.
func Folder(dir string) (FS, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("keystore: folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("keystore: folder: %s is not a folder", dir)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Errorf("keystore: folder: %s has mode %04o, which lets others in: run: chmod 700 %s", dir, perm, dir)
	}
	return folder{dir}, nil
}

func (d folder) path(name string) string { return filepath.Join(d.dir, name) }

// openFile checks the open file and not its name, so nothing can be swapped
// between check and use.
func (d folder) openFile(name string, flag int) (diskFile, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR|unix.O_NOFOLLOW|flag, 0o600)
	if errors.Is(err, unix.ELOOP) {
		return diskFile{}, fmt.Errorf("%s is a symbolic link: put the file itself there", d.path(name))
	}
	if err != nil {
		return diskFile{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return diskFile{}, errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() {
		return diskFile{}, errors.Join(fmt.Errorf("%s is not a regular file", d.path(name)), f.Close())
	}
	if perm := info.Mode().Perm(); perm&0o177 != 0 {
		return diskFile{}, errors.Join(fmt.Errorf("%s has mode %04o, not 0600: run: chmod 600 %s", d.path(name), perm, d.path(name)), f.Close())
	}
	return diskFile{f}, nil
}

// Lock owns the folder until the result is closed. ErrLocked if another process does.
func (d folder) Lock() (io.Closer, error) {
	f, err := d.openFile(lockName, os.O_CREATE)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(ErrLocked, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", d.dir, err), f.Close())
	}
	return folderLock{f}, nil
}

// folderLock gives the lock up by name, not only by closing: a process that
// another goroutine is just starting holds a copy of the descriptor until it
// executes its program, and with it a lock that is merely closed here.
type folderLock struct{ file diskFile }

func (l folderLock) Close() error {
	return errors.Join(unix.Flock(int(l.file.Fd()), unix.LOCK_UN), l.file.Close())
}

func (d folder) Names() ([]string, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (d folder) Open(name string) (File, error) {
	return asFile(d.openFile(name, 0))
}

func (d folder) Create(name string) (File, error) {
	return asFile(d.openFile(name, os.O_CREATE|os.O_EXCL))
}

func asFile(f diskFile, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d folder) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d folder) Remove(name string) error     { return os.Remove(d.path(name)) }
func (d folder) Sync() error                  { return syncFolder(d.dir) }

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// readAt fills b from the file at offset, or fails.
func readAt(f File, b []byte, offset int64) error {
	if _, err := io.ReadFull(io.NewSectionReader(f, offset, int64(len(b))), b); err != nil {
		return fmt.Errorf("read %d bytes at byte %d: %w", len(b), offset, err)
	}
	return nil
}

// compare reads back what was written at offset.
func compare(f File, want []byte, offset int64) error {
	chunk := make([]byte, min(len(want), 64<<10))
	for len(want) > 0 {
		n := min(len(want), len(chunk))
		if err := readAt(f, chunk[:n], offset); err != nil {
			return err
		}
		if !bytes.Equal(chunk[:n], want[:n]) {
			return fmt.Errorf("a file reads back other than it was written, at byte %d", offset)
		}
		want, offset = want[n:], offset+int64(n)
	}
	return nil
}
