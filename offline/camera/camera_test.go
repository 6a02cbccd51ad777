package camera

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// frame is a picture that says its number in its width.
func frame(n int) image.Image {
	img := image.NewGray(image.Rect(0, 0, n, 3))
	for x := range n {
		img.SetGray(x, 1, color.Gray{uint8(x * 7)})
	}
	return img
}

func open(t *testing.T, dir string, remove bool) *Folder {
	t.Helper()
	f, err := OpenFolder(dir, remove)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func next(t *testing.T, f *Folder) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	img, err := f.Next(ctx)
	must(t, err)
	return img.Bounds().Dx()
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// ways are how Next may wait.
var ways = map[string]func(*Folder){
	"inotify":             func(*Folder) {},
	"polling":             func(f *Folder) { f.events.Close(); f.events = nil },
	"inotify that breaks": func(f *Folder) { f.events.Close() },
}

func TestFramesArriveInOrderAsTheyAppear(t *testing.T) {
	for name, way := range ways {
		for _, remove := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " remove ", remove), func(t *testing.T) {
				dir := t.TempDir()
				out, err := OpenOutbox(dir, 100)
				must(t, err)
				in := open(t, dir, remove)
				way(in)
				done := make(chan error)
				go func() {
					for n := 1; n <= 30; n++ {
						if err := out.Write(frame(n)); err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
				for n := 1; n <= 30; n++ {
					if got := next(t, in); got != n {
						t.Fatalf("frame %d came as number %d", got, n)
					}
				}
				must(t, <-done)
				left := 30
				if remove {
					left = 0
				}
				if got := files(t, dir); len(got) != left {
					t.Errorf("%d files are left: %q", len(got), got)
				}
			})
		}
	}
}

func TestPicturesAreUnchanged(t *testing.T) {
	dir := t.TempDir()
	out, err := OpenOutbox(dir, 10)
	must(t, err)
	in := open(t, dir, false)
	for _, n := range []int{40, 3, 40} { // the encoder's buffers are used again
		must(t, out.Write(frame(n)))
		got, err := in.Next(t.Context())
		must(t, err)
		if gray, ok := got.(*image.Gray); !ok || !bytes.Equal(gray.Pix, frame(n).(*image.Gray).Pix) {
			t.Errorf("a frame of width %d came back otherwise", n)
		}
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	for name, way := range ways {
		in := open(t, t.TempDir(), false)
		way(in)
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			if _, err := in.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
		}
		writeFile(t, in.dir, "000001.png", encode(t, frame(9)))
		if got := next(t, in); got != 9 {
			t.Errorf("%s: after a cancelled wait came frame %d", name, got)
		}
	}
}

func encode(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
}

func TestOtherFilesAreIgnoredAndGapsSkipped(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"000000.png", "000001.png.new", "1.png", "0000001.png", "00001a.png", "+00001.png", "000001.PNG", "notes.txt"} {
		writeFile(t, dir, name, encode(t, frame(99)))
	}
	for _, n := range []int{7, 3, 120} {
		writeFile(t, dir, fmt.Sprintf("%06d.png", n), encode(t, frame(n)))
	}
	in := open(t, dir, false)
	var got []int
	for range 3 {
		got = append(got, next(t, in))
	}
	if !slices.Equal(got, []int{3, 7, 120}) {
		t.Errorf("frames %v", got)
	}
}

// A station's process ends with each command and the next one finds its outbox
// emptied by the reader: its frames begin at 1 again and must be seen.
func TestWriterThatBeginsAgain(t *testing.T) {
	for _, remove := range []bool{false, true} {
		dir := t.TempDir()
		in := open(t, dir, remove)
		for n := 1; n <= 5; n++ {
			out, err := OpenOutbox(dir, 10)
			must(t, err)
			must(t, out.Write(frame(n)))
			if got := next(t, in); got != n {
				t.Errorf("remove %v: frame %d came instead of %d", remove, got, n)
			}
		}
	}
}

func TestOutboxIsBounded(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenOutbox(dir, 0); err == nil {
		t.Error("an outbox for no frames was opened")
	}
	if _, err := OpenOutbox(filepath.Join(dir, "absent"), 1); err == nil {
		t.Error("an absent folder was opened")
	}
	out, err := OpenOutbox(dir, 3)
	must(t, err)
	for n := 1; n <= 3; n++ {
		must(t, out.Write(frame(n)))
	}
	for range 2 {
		if err := out.Write(frame(4)); !errors.Is(err, ErrFull) {
			t.Fatalf("a fourth frame: %v", err)
		}
	}
	in := open(t, dir, true)
	if got := next(t, in); got != 1 {
		t.Fatalf("frame %d", got)
	}
	must(t, out.Write(frame(4)))
	if got := files(t, dir); !slices.Equal(got, []string{"000002.png", "000003.png", "000004.png"}) {
		t.Errorf("files %q", got)
	}
	writeFile(t, dir, "999999.png", nil)
	out, err = OpenOutbox(dir, 10)
	must(t, err)
	if err := out.Write(frame(1)); err == nil || errors.Is(err, ErrFull) {
		t.Errorf("a millionth frame: %v", err)
	}
}

// header makes the beginning of a PNG that claims a size it does not have.
func header(width, height uint32, depth, colour byte) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, depth, colour, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

// Whoever fills the inbox puts there what should exhaust the memory of the
// reader, hang it, or lead it out of the folder. It costs one frame each.
func TestHostileFrames(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.png")
	must(t, os.WriteFile(outside, encode(t, frame(5)), 0o600))
	for name, put := range map[string]func(path string){
		"empty":      func(p string) { must(t, os.WriteFile(p, nil, 0o600)) },
		"text":       func(p string) { must(t, os.WriteFile(p, []byte("hello"), 0o600)) },
		"cut off":    func(p string) { b := encode(t, frame(50)); must(t, os.WriteFile(p, b[:len(b)-20], 0o600)) },
		"4 Gpx wide": func(p string) { must(t, os.WriteFile(p, header(1<<31-1, 1, 8, 0), 0o600)) },
		"4097 wide":  func(p string) { must(t, os.WriteFile(p, encode(t, image.NewGray(image.Rect(0, 0, 4097, 1))), 0o600)) },
		"4097 high":  func(p string) { must(t, os.WriteFile(p, encode(t, image.NewGray(image.Rect(0, 0, 1, 4097))), 0o600)) },
		"16 bits":    func(p string) { must(t, os.WriteFile(p, encode(t, image.NewGray16(image.Rect(0, 0, 2, 2))), 0o600)) },
		"link":       func(p string) { must(t, os.Symlink(outside, p)) },
		"folder":     func(p string) { must(t, os.Mkdir(p, 0o700)) },
		"pipe":       func(p string) { must(t, syscall.Mkfifo(p, 0o600)) },
		"huge": func(p string) {
			must(t, os.WriteFile(p, encode(t, frame(5)), 0o600))
			must(t, os.Truncate(p, maxFile+1))
		},
	} {
		for _, remove := range []bool{false, true} {
			dir := t.TempDir()
			put(filepath.Join(dir, "000001.png"))
			writeFile(t, dir, "000002.png", encode(t, frame(2)))
			in := open(t, dir, remove)
			if _, err := in.Next(t.Context()); !errors.Is(err, ErrFrame) {
				t.Errorf("%s: %v", name, err)
			}
			if got := next(t, in); got != 2 {
				t.Errorf("%s: then frame %d", name, got)
			}
		}
	}
}

// Invariant: whatever the bytes, decode gives an error or a picture within
// MaxSide squared, of at most 4 bytes a pixel.
func FuzzFrame(f *testing.F) {
	f.Add(encode(f, frame(5)))
	f.Add(encode(f, image.NewPaletted(image.Rect(0, 0, 3, 3), color.Palette{color.Black, color.White})))
	f.Add(encode(f, image.NewNRGBA64(image.Rect(0, 0, 2, 2))))
	f.Add(header(4096, 4096, 8, 6))
	f.Add(header(1<<31-1, 1<<31-1, 1, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		img, err := decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		if size := img.Bounds().Size(); size.X < 1 || size.Y < 1 || size.X > MaxSide || size.Y > MaxSide {
			t.Fatalf("a picture of %v", size)
		}
		switch img.(type) {
		case *image.Gray16, *image.RGBA64, *image.NRGBA64:
			t.Fatalf("a picture of type %T", img)
		}
	})
}
