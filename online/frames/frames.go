// Package frames carries messages in and out of the coordinator as animated QR
// codes, in pictures in folders: DESIGN section 12, "frames as files". A Screen
// is an outbox that a camera films, a Camera is an inbox that one fills.
//
// Frames are NNNNNN.png, numbered from 000001, written aside and renamed; other
// files are left alone. A folder has one writer and one reader, who deletes
// what was read. Nothing is synced to the disk: a frame that a crash loses is
// shown again.
//
// The package knows no message: what comes out of Scan is whatever the camera
// saw, checked by nobody.
package frames

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

const (
	// maxWaiting is how many frames may lie unread in an outbox. A screen that
	// nobody films costs no more than these.
	maxWaiting = 24
	// poll is how often a folder is looked at while there is nothing to do.
	poll = 4 * time.Millisecond

	// maxFile bounds the file of a frame, in bytes: more than any frame of
	// maxSide squared in 8-bit colour takes.
	maxFile = 8 << 20
	// maxSide bounds the sides of a frame, in pixels.
	maxSide = 4096
)

const nameLength = len("000000.png")

// numbers lists the frames in a folder, oldest first.
func numbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []int
	for _, e := range entries {
		name := e.Name()
		if len(name) != nameLength || name[6:] != ".png" {
			continue
		}
		if n, err := strconv.ParseUint(name[:6], 10, 32); err == nil && n > 0 {
			found = append(found, int(n))
		}
	}
	slices.Sort(found)
	return found, nil
}

func framePath(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("%06d.png", n)) }

// purge deletes the frames in a folder.
func purge(dir string) error {
	found, err := numbers(dir)
	for _, n := range found {
		if gone := os.Remove(framePath(dir, n)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = cmp.Or(err, gone)
		}
	}
	return err
}

// checkFolder refuses what is not a folder, with a remedy.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s: make it first", dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	return nil
}

// wait sleeps for one poll, or less if ctx ends, and returns ctx's error.
func wait(ctx context.Context) error {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
