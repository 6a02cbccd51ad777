package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"heliograph/shared/qr"
	"heliograph/shared/qr/channel"
	"heliograph/shared/qr/ur"
)

const (
	// unread is how many pictures may wait for a camera's owner. A real camera
	// sees the present only; a few keep both sides busy.
	unread = 4
	// maxFrame bounds a frame's file, in bytes.
	maxFrame = 16 << 20
)

// Screen and camera are the two folders that every party has: where it writes
// what it shows, and where it finds what it sees.
const (
	screen = "screen"
	camera = "camera"
)

// router carries frames from one party's screen to another's camera, one
// direction at a time, as a person with a camera would: it is the only place
// where a file passes from one party's folders to another's. It reads no
// message; it looks at the first frame of each connection for its length.
type router struct {
	parties map[string]string // folder by name
	light   *channel.Channel
	keep    string // folder for samples, or empty
	sample  int    // frames to keep of each connection

	from, to string
	count    counts
	hops     int
	written  map[string]int // last picture given to each party
	encoder  png.Encoder
}

// counts is what one connection carried.
type counts struct {
	shown, seen int // frames taken from the screen, pictures given to the camera
	bytes       int // length of the message, as its first frame says
	fragments   int // least number of frames that carry it
}

func newRouter(parties map[string]string, o channel.Options) (*router, error) {
	light, err := channel.New(o)
	if err != nil {
		return nil, err
	}
	return &router{
		parties: parties,
		light:   light,
		written: make(map[string]int),
		encoder: png.Encoder{CompressionLevel: png.NoCompression},
	}, nil
}

// connected tells whether some camera looks at some screen.
func (r *router) connected() bool { return r.from != "" }

// connect points the camera of to at the screen of from.
func (r *router) connect(from, to string) error {
	for _, name := range []string{from, to} {
		if _, known := r.parties[name]; !known {
			return fmt.Errorf("channel: connect: nobody is called %q", name)
		}
	}
	if from == to {
		return fmt.Errorf("channel: connect: %s cannot look at itself", from)
	}
	if r.connected() {
		return fmt.Errorf("channel: connect: %s still looks at %s; disconnect first", r.to, r.from)
	}
	r.from, r.to, r.count = from, to, counts{}
	r.hops++
	return nil
}

// disconnect takes the camera away and says what was carried.
func (r *router) disconnect() (counts, error) {
	if !r.connected() {
		return counts{}, errors.New("channel: disconnect: nobody looks at anybody")
	}
	r.from, r.to = "", ""
	return r.count, nil
}

// step moves at most one frame and tells whether there was one to move. A frame
// that its owner took away in between is none.
func (r *router) step() (bool, error) {
	inbox := filepath.Join(r.parties[r.to], camera)
	waiting, err := framesIn(inbox)
	if err != nil || len(waiting) >= unread {
		return false, err
	}
	outbox := filepath.Join(r.parties[r.from], screen)
	shown, err := framesIn(outbox)
	if err != nil || len(shown) == 0 {
		return false, err
	}
	path := filepath.Join(outbox, shown[0])
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("channel: %w", err)
	}
	if len(b) > maxFrame {
		return false, fmt.Errorf("channel: %s shows a frame of %d bytes; at most %d", r.from, len(b), maxFrame)
	}
	return true, r.film(b, inbox)
}

// film shows one frame to the camera.
func (r *router) film(b []byte, inbox string) error {
	frame, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("channel: %s shows what is no picture: %w", r.from, err)
	}
	r.count.shown++
	if r.count.shown == 1 {
		if text, err := qr.Read(frame); err == nil {
			r.count.bytes, r.count.fragments = announced(text)
		}
	}
	if r.count.shown <= r.sample {
		if err := r.keepSample("shown", r.count.shown, b); err != nil {
			return err
		}
	}
	picture, ok := r.light.Pass(frame)
	if !ok {
		return nil
	}
	var out bytes.Buffer
	if err := r.encoder.Encode(&out, picture); err != nil {
		return fmt.Errorf("channel: %w", err)
	}
	r.count.seen++
	if r.count.seen == 1 && r.sample > 0 {
		if err := r.keepSample("seen", 1, out.Bytes()); err != nil {
			return err
		}
	}
	r.written[r.to]++
	path := filepath.Join(inbox, fmt.Sprintf("%06d.png", r.written[r.to]))
	if err := os.WriteFile(path+".new", out.Bytes(), 0o600); err != nil {
		return fmt.Errorf("channel: %w", err)
	}
	// Who begins a scan forgets what was there before, this picture included.
	if err := os.Rename(path+".new", path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("channel: %w", err)
	}
	return nil
}

// announced is the length of the message that a frame belongs to, in bytes, and
// the least number of frames that carry it; zeros if the frame does not say.
func announced(text string) (size, fragments int) {
	_, part, err := ur.Parse(text)
	if err != nil {
		return 0, 0
	}
	return int(part.MessageLen), int(part.SeqLen)
}

func (r *router) keepSample(what string, n int, b []byte) error {
	dir := filepath.Join(r.keep, fmt.Sprintf("%03d-%s-to-%s", r.hops, r.from, r.to))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("channel: keep a sample: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d.png", what, n)), b, 0o600); err != nil {
		return fmt.Errorf("channel: keep a sample: %w", err)
	}
	return nil
}

// framesIn lists the frames in a folder, oldest first.
func framesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	var found []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".png"); ok && len(name) == 6 {
			found = append(found, e.Name())
		}
	}
	slices.Sort(found)
	return found, nil
}
