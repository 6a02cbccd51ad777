package frames

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"heliograph/shared/qr"
	"heliograph/shared/qr/channel"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func message(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i >> 3)
	}
	return b
}

// film moves frames from one folder to another through a camera that loses
// some, until ctx ends.
func film(ctx context.Context, t testing.TB, from, to string) {
	c, err := channel.New(channel.Options{Level: 0, Seed: 7, Loss: 0.2})
	must(t, err)
	out := &Screen{dir: to}
	for wait(ctx) == nil {
		found, err := numbers(from)
		must(t, err)
		for _, n := range found {
			img, err := take(framePath(from, n))
			must(t, err)
			if img == nil {
				continue // blanked meanwhile
			}
			if seen, ok := c.Pass(img); ok {
				must(t, out.write(seen))
			}
		}
	}
}

func TestMessageCrosses(t *testing.T) {
	outbox, inbox := t.TempDir(), t.TempDir()
	// An old frame of another message lies in both.
	img, err := qr.Draw("UR:BYTES/1-2/LPADAOCFADFECYMUUEBTOYHDCXBWFHBA", 5)
	must(t, err)
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	for _, dir := range []string{outbox, inbox} {
		must(t, os.WriteFile(filepath.Join(dir, "000001.png"), b.Bytes(), 0o600))
	}
	screen, err := OpenScreen(outbox)
	must(t, err)
	if left, _ := numbers(outbox); len(left) != 0 {
		t.Fatal("the screen was not blank at first")
	}
	camera, err := OpenCamera(inbox)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	shown := make(chan error, 1)
	want := message(3_000)
	go func() { shown <- screen.Show(ctx, want) }()
	filmed := make(chan struct{})
	go func() { defer close(filmed); film(ctx, t, outbox, inbox) }()
	last, of := 0, 0
	got, err := camera.Scan(t.Context(), func(rank, k int) {
		if rank <= last || rank > k {
			t.Errorf("progress went from %d to %d of %d", last, rank, k)
		}
		last, of = rank, k
	})
	must(t, err)
	cancel()
	must(t, <-shown)
	<-filmed
	if !bytes.Equal(got, want) {
		t.Fatal("another message arrived")
	}
	if last != of || of < 3_000/qr.DefaultFragment {
		t.Fatalf("progress ended at %d of %d", last, of)
	}
	if left, _ := numbers(outbox); len(left) != 0 {
		t.Fatal("the screen was not blanked")
	}
}

// Nobody films the screen: the folder must not fill up.
func TestUnreadFramesAreBounded(t *testing.T) {
	dir := t.TempDir()
	screen, err := OpenScreen(dir)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	shown := make(chan error, 1)
	go func() { shown <- screen.Show(ctx, message(3_000)) }()
	for full := 0; full < 10; {
		found, err := numbers(dir)
		must(t, err)
		if len(found) > maxWaiting {
			t.Fatalf("%d frames wait unread", len(found))
		}
		if len(found) == maxWaiting {
			full++
		}
		must(t, wait(t.Context()))
	}
	cancel()
	must(t, <-shown)
	if screen.written != maxWaiting {
		t.Fatalf("%d frames written for nobody", screen.written)
	}
}

// What lies in the inbox may come from anyone: junk, huge pictures, links and
// pipes are passed over, and a message still arrives.
func TestHostileInbox(t *testing.T) {
	dir := t.TempDir()
	camera, err := OpenCamera(dir)
	must(t, err)
	secret := filepath.Join(t.TempDir(), "elsewhere")
	must(t, os.WriteFile(secret, []byte("x"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// A PNG header that claims 65,535 pixels a side.
	img, err := qr.Draw("HELLO", 1)
	must(t, err)
	var huge bytes.Buffer
	must(t, png.Encode(&huge, img))
	copy(huge.Bytes()[16:24], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff})
	go func() {
		screen := &Screen{dir: dir, last: 5}
		_ = os.WriteFile(filepath.Join(dir, "000001.png"), []byte("junk"), 0o600)
		_ = os.Symlink(secret, filepath.Join(dir, "000002.png"))
		_ = os.WriteFile(filepath.Join(dir, "000003.png"), huge.Bytes(), 0o600)
		_ = os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600)
		_ = screen.Show(ctx, message(900))
	}()
	got, err := camera.Scan(t.Context(), nil)
	must(t, err)
	if !bytes.Equal(got, message(900)) {
		t.Fatal("another message arrived")
	}
	if _, err := os.Stat(secret); err != nil {
		t.Fatal("the camera deleted a file outside its folder")
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Fatal("the camera deleted a file that is no frame")
	}
}

func TestScanEnds(t *testing.T) {
	camera, err := OpenCamera(t.TempDir())
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := camera.Scan(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled scan gives %v", err)
	}
	for _, open := range []func(string) error{
		func(dir string) error { _, err := OpenCamera(dir); return err },
		func(dir string) error { _, err := OpenScreen(dir); return err },
	} {
		if err := open(filepath.Join(t.TempDir(), "none")); err == nil {
			t.Fatal("a folder that does not exist was opened")
		}
	}
}
