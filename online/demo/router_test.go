package main

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heliograph/shared/qr"
	"heliograph/shared/qr/channel"
)

// booth is a router between parties with folders of their own.
func booth(t *testing.T, o channel.Options) *router {
	t.Helper()
	parties := make(map[string]string)
	for _, name := range []string{"desk", "alder", "birch"} {
		dir := filepath.Join(t.TempDir(), name)
		for _, sub := range []string{screen, camera} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		parties[name] = dir
	}
	r, err := newRouter(parties, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *router) show(t *testing.T, name string, n int, text string) {
	t.Helper()
	img, err := qr.Draw(text, 4)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.parties[name], screen, fmt.Sprintf("%06d.png", n)), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// look reads and takes away the oldest picture that a party's camera has.
func (r *router) look(t *testing.T, name string) (image.Image, bool) {
	t.Helper()
	dir := filepath.Join(r.parties[name], camera)
	found, err := framesIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return nil, false
	}
	path := filepath.Join(dir, found[0])
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img, true
}

// A message passes through the model of a camera that loses a fifth of what it
// sees, to the party that looks and to nobody else.
func TestMessagePasses(t *testing.T) {
	r := booth(t, channel.Options{Level: 1, Loss: 0.2, Seed: 2})
	r.keep, r.sample = t.TempDir(), 2
	message := bytes.Repeat([]byte("heliograph"), 500)
	e, err := qr.NewEncoder(message, qr.DefaultFragment)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.connect("desk", "alder"); err != nil {
		t.Fatal(err)
	}
	var reader qr.Reader
	var d qr.Decoder
	for i := 0; !d.Done(); i++ {
		if i > 200 {
			t.Fatal("200 frames did not carry 15 fragments")
		}
		r.show(t, "desk", i+1, e.Frame(i))
		if moved, err := r.step(); err != nil || !moved {
			t.Fatalf("frame %d: moved %v, %v", i, moved, err)
		}
		picture, ok := r.look(t, "alder")
		if !ok {
			continue
		}
		if text, err := reader.Read(picture); err == nil {
			if _, err := d.Receive(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := d.Message()
	if err != nil || !bytes.Equal(got, message) {
		t.Fatalf("another message arrived: %v", err)
	}
	c, err := r.disconnect()
	if err != nil {
		t.Fatal(err)
	}
	if c.bytes < len(message) || c.bytes > len(message)+5 || c.fragments != e.K() || c.shown <= c.seen || c.seen < e.K() {
		t.Errorf("%+v for %d bytes in %d fragments", c, len(message), e.K())
	}
	if again, err := parseCounts(c.String()); err != nil || again != c {
		t.Errorf("%q reads as %+v, %v", c.String(), again, err)
	}
	if _, ok := r.look(t, "birch"); ok {
		t.Error("a camera that did not look saw a frame")
	}
	if left, err := framesIn(filepath.Join(r.parties["desk"], screen)); err != nil || len(left) > 0 {
		t.Errorf("frames that were filmed are still there: %v, %v", left, err)
	}
	kept, err := os.ReadDir(filepath.Join(r.keep, "001-desk-to-alder"))
	if err != nil || len(kept) != 3 {
		t.Errorf("%d frames were kept, %v; want 2 shown and 1 seen", len(kept), err)
	}
}

// A camera whose owner does not take pictures stops the stream: what it sees
// when it is used again is the present.
func TestLaggingCamera(t *testing.T) {
	r := booth(t, channel.Options{Seed: 1})
	if err := r.connect("desk", "alder"); err != nil {
		t.Fatal(err)
	}
	for i := range unread + 3 {
		r.show(t, "desk", i+1, "UR:BYTES/AEAE")
		moved, err := r.step()
		if err != nil || moved != (i < unread) {
			t.Fatalf("frame %d: moved %v, %v", i, moved, err)
		}
	}
	r.look(t, "alder")
	if moved, err := r.step(); err != nil || !moved {
		t.Fatalf("a camera that is free again: moved %v, %v", moved, err)
	}
}

// Whatever lies on a screen that is no frame stops the channel with a reason;
// nothing of it reaches anybody.
func TestNoPicture(t *testing.T) {
	r := booth(t, channel.Options{Seed: 1})
	if err := r.connect("desk", "alder"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.parties["desk"], screen, "000001.png"), []byte("a share"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.step(); err == nil || !strings.Contains(err.Error(), "desk shows what is no picture") {
		t.Fatalf("passed: %v", err)
	}
	if _, ok := r.look(t, "alder"); ok {
		t.Fatal("it reached a camera")
	}
}

func TestServe(t *testing.T) {
	r := booth(t, channel.Options{Seed: 1})
	r.show(t, "birch", 1, "UR:BYTES/AEAE")
	in, keys := io.Pipe()
	said, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- r.serve(in, out) }()
	answers := bufio.NewScanner(said)
	for _, c := range []struct{ line, want string }{
		{"disconnect", "error: channel: disconnect: nobody looks at anybody"},
		{"connect birch carol", `error: channel: connect: nobody is called "carol"`},
		{"connect birch birch", "error: channel: connect: birch cannot look at itself"},
		{"look", "error: channel: type connect FROM TO, or disconnect"},
		{"connect birch desk", "connected birch desk"},
		{"connect alder desk", "error: channel: connect: desk still looks at birch; disconnect first"},
	} {
		if _, err := io.WriteString(keys, c.line+"\n"); err != nil {
			t.Fatal(err)
		}
		if !answers.Scan() || answers.Text() != c.want {
			t.Fatalf("%q is answered with %q; want %q", c.line, answers.Text(), c.want)
		}
	}
	if err := keys.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
