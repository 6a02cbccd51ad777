package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrLocked means that another process (or another Embedded) owns the folder.
var ErrLocked = errors.New("the folder is in use by another process")

const lockName = "lock"

// folderLock is an advisory lock on a file in the folder. The kernel drops it when
// its owner dies, however it dies, so there is no stale lock to clean up.
type folderLock struct{ file *os.File }

func lockFolder(dir string) (*folderLock, error) {
	path := filepath.Join(dir, lockName)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("node: open: lock the folder: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("node: open %s: %w: stop the other heliograph that uses it, or choose another folder", dir, ErrLocked)
		}
		return nil, fmt.Errorf("node: open: lock the folder: %w", err)
	}
	return &folderLock{file}, nil
}

// release gives the lock up by name, not only by closing: a process that another
// goroutine is just starting holds a copy of the descriptor until it executes its
// program, and with it a lock that is merely closed here.
func (l *folderLock) release() error {
	if err := errors.Join(unix.Flock(int(l.file.Fd()), unix.LOCK_UN), l.file.Close()); err != nil {
		return fmt.Errorf("node: close: unlock the folder: %w", err)
	}
	return nil
}

// writeWhole makes path hold exactly data, or leaves it as it was: written aside
// (0600), synced, renamed, and the folder synced.
func writeWhole(path string, data []byte) error {
	aside := path + ".new"
	file, err := os.OpenFile(aside, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("node: write %s: %w", filepath.Base(path), err)
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("node: write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(aside, path); err != nil {
		return fmt.Errorf("node: write %s: %w", filepath.Base(path), err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes renames and new files in dir durable.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("node: sync the folder: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("node: sync the folder: %w", err)
	}
	return nil
}
