package cli

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"heliograph/ceremonies"
	"heliograph/offline/camera"
	"heliograph/offline/keystore"
)

// maxWaiting is how many frames lie in a folder before the one who takes them
// is waited for.
const maxWaiting = 24

// recheck is how long to wait before looking again whether a frame was taken.
const recheck = 3 * time.Millisecond

// records is a keystore as the application's Store.
type records struct{ *keystore.Store }

// PutAll is keystore.Store.PutAll.
func (r records) PutAll(all []ceremonies.Record) error {
	out := make([]keystore.Record, len(all))
	for i, one := range all {
		out[i] = keystore.Record{Name: one.Name, Value: one.Value}
	}
	return r.Store.PutAll(out)
}

// Get is keystore.Store.Get, with false for a record that is not there.
func (r records) Get(name string) ([]byte, bool, error) {
	value, err := r.Store.Get(name)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// inbox is a folder of frames as the application's Camera.
type inbox struct {
	dir    string
	folder *camera.Folder
}

func openInbox(dir string) (*inbox, error) {
	folder, err := camera.OpenFolder(dir, true)
	if err != nil {
		return nil, err
	}
	return &inbox{dir: dir, folder: folder}, nil
}

// Begin empties the folder: a camera sees only the present.
func (i *inbox) Begin() error { return empty(i.dir) }

// Next passes over frames that cannot be read, like any other bad picture.
func (i *inbox) Next(ctx context.Context) (image.Image, error) {
	for {
		frame, err := i.folder.Next(ctx)
		if errors.Is(err, camera.ErrFrame) {
			continue
		}
		return frame, err
	}
}

// outbox is a folder of frames as the application's Screen.
type outbox struct {
	dir    string
	folder *camera.Outbox
}

func openOutbox(dir string) (*outbox, error) {
	folder, err := camera.OpenOutbox(dir, maxWaiting)
	if err != nil {
		return nil, err
	}
	return &outbox{dir: dir, folder: folder}, nil
}

// Show waits while the folder is full.
func (o *outbox) Show(ctx context.Context, frame image.Image) error {
	for {
		err := o.folder.Write(frame)
		if !errors.Is(err, camera.ErrFull) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(recheck):
		}
	}
}

// Clear takes away the frames that nobody took, and begins to number anew.
func (o *outbox) Clear() error {
	if err := empty(o.dir); err != nil {
		return err
	}
	folder, err := camera.OpenOutbox(o.dir, maxWaiting)
	if err != nil {
		return err
	}
	o.folder = folder
	return nil
}

// empty removes the frames in a folder, and nothing else. Somebody else may be
// taking them at the same time.
func empty(dir string) error {
	frames, err := filepath.Glob(filepath.Join(dir, "[0-9][0-9][0-9][0-9][0-9][0-9].png"))
	if err != nil {
		return err
	}
	for _, frame := range frames {
		if err := os.Remove(frame); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("empty a folder of frames: %w", err)
		}
	}
	return nil
}
