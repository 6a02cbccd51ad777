// Package camera carries frames in and out of a station as pictures in
// folders: DESIGN section 12, "frames as files". Outbox is a screen, Folder a
// camera; the program between them films the one and writes the other's
// folder. It knows pictures only, no QR code and no message.
//
// A folder has one writer and one reader. Frames are NNNNNN.png, numbered from
// 000001, written aside and renamed; other files are ignored. Nothing is
// synced to the disk: a frame that a crash loses is shown again.
package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// MaxSide bounds a frame's width and height, in pixels.
	MaxSide = 4096
	// maxFile bounds a frame's file, in bytes: a raw 8-bit RGBA frame of
	// MaxSide squared, and a little.
	maxFile = 4*MaxSide*MaxSide + 1<<20
	// maxNumber is the last frame that six digits can name.
	maxNumber = 999_999
	// poll is how often a folder is looked at where inotify is not to be had.
	poll = 20 * time.Millisecond
)

var (
	// ErrFrame says that one frame could not be read. The next call of Next
	// goes on with the one after it.
	ErrFrame = errors.New("the frame cannot be read")
	// ErrFull says that the reader has not taken the frames written so far.
	ErrFull = errors.New("the folder is full of frames that nobody took")
)

// Folder yields the frames that appear in a folder.
type Folder struct {
	dir    string
	remove bool
	last   int      // number of the frame yielded last
	events *os.File // inotify; nil: poll
}

// OpenFolder reads frames from dir, beginning with the oldest that is there.
// With remove, a frame is deleted once it was read.
func OpenFolder(dir string, remove bool) (*Folder, error) {
	if _, err := numbers(dir); err != nil {
		return nil, fmt.Errorf("camera: open folder: %w", err)
	}
	return &Folder{dir: dir, remove: remove, events: watch(dir)}, nil
}

// watch returns nil where the kernel or the file system has no inotify.
func watch(dir string) *os.File {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil
	}
	events := os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MOVED_TO|unix.IN_CLOSE_WRITE); err != nil {
		_ = events.Close()
		return nil
	}
	return events
}

// Close ends the watch; it leaves the frames.
func (f *Folder) Close() error {
	if f.events == nil {
		return nil
	}
	return f.events.Close()
}

// Next waits for the next frame in the order of numbers. Numbers that are
// missing when a later one is there are skipped. An error that wraps ErrFrame
// concerns one frame; the caller may go on.
func (f *Folder) Next(ctx context.Context) (image.Image, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("camera: next: %w", err)
		}
		n, err := f.find()
		if err != nil {
			return nil, fmt.Errorf("camera: next: %w", err)
		}
		if n == 0 {
			f.wait(ctx)
			continue
		}
		f.last = n
		img, err := f.take(n)
		if err != nil {
			return nil, fmt.Errorf("camera: next: frame %d: %w", n, err)
		}
		return img, nil
	}
}

// find returns the lowest number that was not yielded yet, or 0.
func (f *Folder) find() (int, error) {
	if !f.remove {
		// What was read stays, so the folder may be long: look before listing.
		if _, err := os.Lstat(framePath(f.dir, f.last+1)); err == nil {
			return f.last + 1, nil
		}
	}
	found, err := numbers(f.dir)
	if err != nil {
		return 0, err
	}
	next := 0
	for _, n := range found {
		// Where frames are removed, those that are there are unread, also if a
		// writer began at 1 again because it found the folder empty.
		if (f.remove || n > f.last) && (next == 0 || n < next) {
			next = n
		}
	}
	return next, nil
}

// wait returns when the folder changed, a poll interval went by, or ctx ended.
func (f *Folder) wait(ctx context.Context) {
	if f.events == nil {
		timer := time.NewTimer(poll)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return
	}
	// The deadline is a safety net for file systems whose events get lost.
	_ = f.events.SetReadDeadline(time.Now().Add(50 * poll))
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = f.events.SetReadDeadline(time.Unix(1, 0))
		close(interrupted)
	})
	var events [4096]byte
	_, err := f.events.Read(events[:])
	if !stop() {
		<-interrupted
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		_ = f.events.Close()
		f.events = nil
	}
}

func (f *Folder) take(n int) (image.Image, error) {
	path := framePath(f.dir, n)
	img, err := readFrame(path)
	if f.remove {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	return img, nil
}

func readFrame(path string) (image.Image, error) {
	// O_NONBLOCK: opening a pipe that someone put there must not hang.
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%d bytes, or no regular file: at most %d are read", info.Size(), maxFile)
	}
	return decode(file)
}

// decode reads the header first and refuses what would take more than 64 MiB
// (4 bytes a pixel) to hold.
func decode(r io.ReadSeeker) (image.Image, error) {
	config, err := png.DecodeConfig(r)
	if err != nil {
		return nil, err
	}
	if config.Width < 1 || config.Height < 1 || config.Width > MaxSide || config.Height > MaxSide {
		return nil, fmt.Errorf("%dx%d pixels are outside 1x1 to %dx%d", config.Width, config.Height, MaxSide, MaxSide)
	}
	switch config.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		return nil, errors.New("16 bits a colour: write frames with 8")
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return png.Decode(r)
}

func framePath(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("%06d.png", n)) }

// numbers lists the frames in dir, in no order.
func numbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []int
	for _, e := range entries {
		name := e.Name()
		if len(name) != len("000000.png") || name[6:] != ".png" {
			continue
		}
		n, err := strconv.ParseUint(name[:6], 10, 32)
		if err != nil || n == 0 {
			continue
		}
		found = append(found, int(n))
	}
	return found, nil
}
