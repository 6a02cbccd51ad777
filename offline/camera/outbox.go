package camera

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
)

// Outbox writes frames into a folder.
type Outbox struct {
	dir   string
	limit int
	last  int
	buf   bytes.Buffer
	enc   png.Encoder
}

// encoderBuffer keeps the encoder's memory from frame to frame.
type encoderBuffer struct{ b *png.EncoderBuffer }

func (p *encoderBuffer) Get() *png.EncoderBuffer  { return p.b }
func (p *encoderBuffer) Put(b *png.EncoderBuffer) { p.b = b }

// OpenOutbox writes frames to dir, at most limit at a time, numbered after
// those that are there.
func OpenOutbox(dir string, limit int) (*Outbox, error) {
	if limit < 1 {
		return nil, fmt.Errorf("camera: open outbox: a limit of %d frames", limit)
	}
	found, err := numbers(dir)
	if err != nil {
		return nil, fmt.Errorf("camera: open outbox: %w", err)
	}
	o := &Outbox{dir: dir, limit: limit}
	for _, n := range found {
		o.last = max(o.last, n)
	}
	o.enc = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: new(encoderBuffer)}
	return o, nil
}

// Write shows one frame. It returns ErrFull, and writes nothing, while limit
// frames wait for the reader.
func (o *Outbox) Write(img image.Image) error {
	waiting, err := numbers(o.dir)
	if err != nil {
		return fmt.Errorf("camera: write: %w", err)
	}
	if len(waiting) >= o.limit {
		return fmt.Errorf("camera: write: %w", ErrFull)
	}
	if o.last >= maxNumber {
		return fmt.Errorf("camera: write: %d frames are as many as can be numbered: begin with an empty folder", maxNumber)
	}
	o.buf.Reset()
	if err := o.enc.Encode(&o.buf, img); err != nil {
		return fmt.Errorf("camera: write: %w", err)
	}
	path := framePath(o.dir, o.last+1)
	if err := os.WriteFile(path+".new", o.buf.Bytes(), 0o600); err != nil {
		return fmt.Errorf("camera: write: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("camera: write: %w", err)
	}
	o.last++
	return nil
}
