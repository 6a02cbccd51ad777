package keystore

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A process that is just being started holds a copy of every descriptor until it
// executes its program. A keystore that was closed meanwhile can be opened again.
func TestCloseUnlocksDespiteAForkedCopy(t *testing.T) {
	d := folder{dir: t.TempDir()}
	lock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	copied, err := unix.Dup(int(lock.(folderLock).file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(copied) }()
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
