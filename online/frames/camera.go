package frames

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"heliograph/shared/qr"
)

// Camera sees messages: an inbox.
type Camera struct{ dir string }

// OpenCamera reads from the inbox in dir.
func OpenCamera(dir string) (*Camera, error) {
	if err := checkFolder(dir); err != nil {
		return nil, fmt.Errorf("frames: camera: %w", err)
	}
	return &Camera{dir: dir}, nil
}

// Scan waits for one whole message. A camera sees only the present: frames that
// are in the inbox already are thrown away first. progress, if not nil, is told
// of every frame that brought something: the rank reached and how many are
// needed. Frames that cannot be read are passed over. Only ctx, or a broken
// folder, ends a scan without a message.
func (c *Camera) Scan(ctx context.Context, progress func(rank, k int)) ([]byte, error) {
	if err := purge(c.dir); err != nil {
		return nil, fmt.Errorf("frames: scan: %w", err)
	}
	var reader qr.Reader
	var decoder qr.Decoder
	for {
		waiting, err := numbers(c.dir)
		if err != nil {
			return nil, fmt.Errorf("frames: scan: %w", err)
		}
		for _, n := range waiting {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			img, err := take(framePath(c.dir, n))
			if err != nil {
				return nil, fmt.Errorf("frames: scan: %w", err)
			}
			if img == nil || !receive(&reader, &decoder, img) {
				continue
			}
			if progress != nil {
				progress(decoder.Progress())
			}
			if decoder.Done() {
				return decoder.Message()
			}
		}
		if err := wait(ctx); err != nil {
			return nil, err
		}
	}
}

// receive reports whether the picture told something new.
func receive(reader *qr.Reader, decoder *qr.Decoder, img image.Image) bool {
	text, err := reader.Read(img)
	if err != nil {
		return false
	}
	result, err := decoder.Receive(text)
	return err == nil && result.New
}

// take reads a frame and deletes it; nil for one that is no picture.
func take(path string) (image.Image, error) {
	img, err := read(path)
	if gone := os.Remove(path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		return nil, gone
	}
	if err != nil {
		return nil, nil
	}
	return img, nil
}

// read looks at sizes before it decodes: a hostile file costs no more than a
// frame does.
func read(path string) (image.Image, error) {
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
		return nil, fmt.Errorf("no frame: %d bytes", info.Size())
	}
	b, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, err
	}
	config, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if config.Width > maxSide || config.Height > maxSide {
		return nil, fmt.Errorf("no frame: %d by %d pixels", config.Width, config.Height)
	}
	return png.Decode(bytes.NewReader(b))
}
