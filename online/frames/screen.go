package frames

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"

	"heliograph/shared/qr"
)

// modulePx is the size of a QR module in pixels: 425 pixels for version 15.
const modulePx = 5

// Screen shows messages: an outbox.
type Screen struct {
	dir     string
	last    int // number of the frame written last
	written int
	encoder png.Encoder
}

// OpenScreen takes over the outbox in dir and blanks it.
func OpenScreen(dir string) (*Screen, error) {
	if err := checkFolder(dir); err != nil {
		return nil, fmt.Errorf("frames: screen: %w", err)
	}
	if err := purge(dir); err != nil {
		return nil, fmt.Errorf("frames: screen: %w", err)
	}
	return &Screen{dir: dir, encoder: png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: new(pool)}}, nil
}

// pool keeps the PNG encoder's memory from frame to frame.
type pool struct{ buffer *png.EncoderBuffer }

func (p *pool) Get() *png.EncoderBuffer  { return p.buffer }
func (p *pool) Put(b *png.EncoderBuffer) { p.buffer = b }

// Show plays a message's frames without end, waiting while the reader lags,
// until ctx ends; then the screen is blank again. A cancelled ctx is the normal
// end and no error.
func (s *Screen) Show(ctx context.Context, message []byte) error {
	encoder, err := qr.NewEncoder(message, qr.DefaultFragment)
	if err != nil {
		return fmt.Errorf("frames: show: %w", err)
	}
	err = s.play(ctx, encoder)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err := errors.Join(err, purge(s.dir)); err != nil {
		return fmt.Errorf("frames: show: %w", err)
	}
	return nil
}

func (s *Screen) play(ctx context.Context, encoder *qr.Encoder) error {
	for i := 0; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		waiting, err := numbers(s.dir)
		if err != nil {
			return err
		}
		for range maxWaiting - len(waiting) {
			if ctx.Err() != nil {
				break
			}
			img, err := qr.Draw(encoder.Frame(i), modulePx)
			if err != nil {
				return err
			}
			if err := s.write(img); err != nil {
				return err
			}
			i++
		}
		if err := wait(ctx); err != nil {
			return err
		}
	}
}

// write puts one frame into the outbox, whole or not at all.
func (s *Screen) write(img image.Image) error {
	var b bytes.Buffer
	if err := s.encoder.Encode(&b, img); err != nil {
		return err
	}
	if s.last++; s.last > 999_999 {
		s.last = 1
	}
	path := framePath(s.dir, s.last)
	if err := os.WriteFile(path+".tmp", b.Bytes(), 0o600); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	s.written++
	return nil
}
