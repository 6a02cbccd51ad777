package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"heliograph/shared/qr/channel"
)

// capacity is the number of alphanumeric characters at level L (ISO/IEC
// 18004, table 7).
var capacity = map[int]int{1: 25, 6: 195, 7: 224, 10: 395, 15: 758, 20: 1249, 25: 1853, 40: 4296}

// text returns n characters of a UR of seed.
func text(seed string, n int) string {
	return ("UR:BYTES/" + strings.ToUpper(fmt.Sprintf("%x", sample(seed, n))))[:n]
}

func draw(t testing.TB, text string, version, modulePx int) *image.Gray {
	t.Helper()
	img, err := DrawVersion(text, version, modulePx)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Modules are whole pixels, the quiet zone is there, nothing else is drawn.
func TestDraw(t *testing.T) {
	for _, px := range []int{1, 3, 8} {
		img := draw(t, text("draw", 758), 0, px)
		if want := image.Rect(0, 0, 85*px, 85*px); img.Bounds() != want {
			t.Fatalf("%v, want %v", img.Bounds(), want)
		}
		for y := 0; y < 85*px; y++ {
			for x := 0; x < 85*px; x++ {
				module := img.Pix[y/px*px*img.Stride+x/px*px]
				quiet := x < 4*px || y < 4*px || x >= 81*px || y >= 81*px
				if v := img.Pix[y*img.Stride+x]; v != module || v != 0 && v != 0xff || quiet && v != 0xff {
					t.Fatalf("pixel %d,%d of %d-pixel modules is %d", x, y, px, v)
				}
			}
		}
		// The corners of the symbol are black finder patterns, but for one.
		for _, c := range []struct {
			x, y  int
			black bool
		}{{4, 4, true}, {80, 4, true}, {4, 80, true}} {
			if got := img.Pix[c.y*px*img.Stride+c.x*px] == 0; got != c.black {
				t.Errorf("corner %d,%d black: %v", c.x, c.y, got)
			}
		}
	}
}

// Upper-case text is stored in alphanumeric mode: exactly the standard's
// capacity fits each version.
func TestDrawCapacity(t *testing.T) {
	for version, n := range capacity {
		// No digits: runs of them would be stored more tightly.
		full := strings.Repeat("A:", n)[:n]
		draw(t, full, version, 1)
		if _, err := DrawVersion(full+"A", version, 1); err == nil {
			t.Errorf("version %d takes %d characters", version, n+1)
		}
	}
	if _, err := Draw(strings.Repeat("A", 759), 1); err == nil {
		t.Error("Draw goes past version 15")
	}
}

func TestDrawRefused(t *testing.T) {
	for _, c := range []struct {
		text        string
		version, px int
	}{{"", 0, 4}, {"A", 0, 0}, {"A", 0, 17}, {"A", -1, 4}, {"A", 41, 4}, {"A", 0, -1}} {
		if _, err := DrawVersion(c.text, c.version, c.px); err == nil {
			t.Errorf("%+v: accepted", c)
		}
	}
}

// What is drawn is read, at every version and module size, without a camera.
func TestDrawRead(t *testing.T) {
	for version, n := range capacity {
		for _, px := range []int{2, 3, 5, 8} {
			if version == 40 && px > 3 {
				continue
			}
			want := text(fmt.Sprint(version, px), n)
			if got, err := Read(draw(t, want, version, px)); err != nil || got != want {
				t.Errorf("version %d, modules of %d pixels: %v", version, px, err)
			}
		}
	}
	if got, err := Read(draw(t, "https://example.com/lower", 0, 4)); err != nil || got != "https://example.com/lower" {
		t.Errorf("%q, %v", got, err)
	}
}

// The reader is better than its library, which reads 30 to 90 in a hundred of
// these at L2.
func TestReadThroughCamera(t *testing.T) {
	const frames = 8
	for _, version := range []int{10, 15, 20} {
		for level := 0; level <= 2; level++ {
			c, err := channel.New(channel.Options{Level: level, Seed: uint64(version)})
			if err != nil {
				t.Fatal(err)
			}
			var r Reader
			read := 0
			for i := 0; i < frames; i++ {
				want := text(fmt.Sprint(i), capacity[version])
				picture, _ := c.Pass(draw(t, want, version, 5))
				got, err := r.Read(picture)
				if err == nil && got != want {
					t.Fatal("read something else")
				}
				if err == nil {
					read++
				}
			}
			if read < frames-1 {
				t.Errorf("version %d at L%d: %d of %d", version, level, read, frames)
			}
		}
	}
}

// The code wanders through the picture, vanishes and comes back elsewhere.
func TestReaderFollows(t *testing.T) {
	var r Reader
	code := draw(t, text("follow", 300), 0, 4)
	for i, at := range []image.Point{{10, 10}, {30, 25}, {60, 30}, {700, 300}, {-1, -1}, {400, 200}, {410, 200}} {
		picture := image.NewGray(image.Rect(0, 0, 1280, 720))
		for j := range picture.Pix {
			picture.Pix[j] = 0xd0
		}
		if at.X >= 0 {
			for y := 0; y < code.Rect.Dy(); y++ {
				copy(picture.Pix[(at.Y+y)*picture.Stride+at.X:], code.Pix[y*code.Stride:][:code.Stride])
			}
		}
		got, err := r.Read(picture)
		if at.X < 0 {
			if !errors.Is(err, ErrNoCode) || !r.region.Empty() {
				t.Errorf("picture %d: %q, %v", i, got, err)
			}
			continue
		}
		if err != nil || got != text("follow", 300) {
			t.Errorf("picture %d: %v", i, err)
		}
		if box := code.Rect.Add(at).Inset(16); !box.In(r.region) {
			t.Errorf("picture %d: the code at %v is not within %v", i, box, r.region)
		}
	}
}

// Every kind of picture gives the same text, also one that is a window of a
// larger one.
func TestReadKinds(t *testing.T) {
	want := text("kinds", 200)
	grey := draw(t, want, 0, 4)
	b := grey.Bounds()
	rgba, nrgba := image.NewRGBA(b), image.NewNRGBA(b)
	paletted := image.NewPaletted(b, color.Palette{color.White, color.Black})
	ycbcr := image.NewYCbCr(b, image.YCbCrSubsampleRatio420)
	large := image.NewGray(b.Inset(-20))
	for i := range large.Pix {
		large.Pix[i] = 0xff
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			rgba.Set(x, y, grey.At(x, y))
			nrgba.Set(x, y, grey.At(x, y))
			paletted.Set(x, y, grey.At(x, y))
			large.Set(x, y, grey.At(x, y))
			ycbcr.Y[ycbcr.YOffset(x, y)] = grey.GrayAt(x, y).Y
		}
	}
	for _, img := range []image.Image{grey, rgba, nrgba, paletted, ycbcr, large, large.SubImage(b)} {
		before := bytes.Clone(grey.Pix)
		if got, err := Read(img); err != nil || got != want {
			t.Errorf("%T %v: %v", img, img.Bounds(), err)
		}
		if !bytes.Equal(before, grey.Pix) {
			t.Fatal("reading changed the picture")
		}
	}
}

// trap is a picture that breaks whoever looks at it.
type trap struct{ image.Rectangle }

func (trap) ColorModel() color.Model   { return color.GrayModel }
func (t trap) Bounds() image.Rectangle { return t.Rectangle }
func (trap) At(int, int) color.Color   { panic("a trap") }

// A picture that makes the code underneath panic must not take the program
// with it, nor the reader's usefulness.
func TestReadRecovers(t *testing.T) {
	var r Reader
	if _, err := r.Read(trap{image.Rect(0, 0, 100, 100)}); err == nil || errors.Is(err, ErrNoCode) {
		t.Fatal(err)
	}
	if got, err := r.Read(draw(t, "AFTER", 0, 4)); err != nil || got != "AFTER" {
		t.Errorf("%q, %v", got, err)
	}
}

// Pictures out of bounds are refused by their size alone.
func TestReadRefused(t *testing.T) {
	for _, r := range []image.Rectangle{
		{}, image.Rect(0, 0, 20, 100), image.Rect(0, 0, 100, 20),
		image.Rect(0, 0, 1<<15, 1<<15), image.Rect(0, 0, 1<<40, 1<<40), image.Rect(0, 0, 4097, 4096),
	} {
		_, err := Read(trap{r})
		if err == nil || strings.Contains(err.Error(), "broke") {
			t.Errorf("%v: %v", r, err)
		}
	}
	if _, err := Read(image.NewGray(image.Rect(0, 0, 640, 480))); !errors.Is(err, ErrNoCode) {
		t.Error(err)
	}
}

func TestFit(t *testing.T) {
	want := homography{7, 0.4, 300, -0.3, 6.5, 90, 0.0007, -0.0004}
	var pairs []pair
	for _, m := range []vec{{0, 0}, {77, 0}, {70, 70}, {0, 77}, {30, 30}, {50, 6}} {
		pairs = append(pairs, pair{m, want.pixel(m)})
	}
	got, ok := fit(pairs)
	if !ok {
		t.Fatal("no fit")
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6*max(1, math.Abs(want[i])) {
			t.Errorf("number %d: %v, want %v", i, got[i], want[i])
		}
	}
	for _, flat := range [][]pair{
		nil,
		{{vec{0, 0}, vec{0, 0}}, {vec{1, 0}, vec{1, 0}}, {vec{2, 0}, vec{2, 0}}, {vec{3, 0}, vec{3, 0}}},
		{{vec{0, 0}, vec{5, 5}}, {vec{1, 0}, vec{5, 5}}, {vec{1, 1}, vec{5, 5}}, {vec{0, 1}, vec{5, 5}}},
	} {
		if _, ok := fit(flat); ok {
			t.Errorf("%v: fits", flat)
		}
	}
}

func TestThroughPoints(t *testing.T) {
	points := []vec{{0, 0}, {1, 0.1}, {2, -0.1}, {3, 0}, {4, 0.05}, {5, 0}, {6, 3}}
	l, ok := throughPoints(points, 1)
	if !ok || math.Abs(l.along.y) > 0.03 || math.Abs(l.at.y) > 0.1 {
		t.Errorf("%+v, %v", l, ok)
	}
	if _, ok := throughPoints(points[:2], 1); ok {
		t.Error("a line through two points counts")
	}
	down := line{vec{4, 9}, vec{0, 1}}
	if at, ok := l.meet(down); !ok || at.distance(vec{4, 0}) > 0.2 {
		t.Errorf("%v, %v", at, ok)
	}
	if _, ok := down.meet(line{vec{5, 9}, vec{0, 1}}); ok {
		t.Error("parallels meet")
	}
}

// turned shows img turned by degrees about its middle, on a light ground of
// 720 by 720 pixels, and mirrored if mirror is -1.
func turned(img *image.Gray, degrees, mirror float64) *image.Gray {
	const side = 720
	out := image.NewGray(image.Rect(0, 0, side, side))
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w := float64(img.Rect.Dx())
	for y := 0; y < side; y++ {
		for x := 0; x < side; x++ {
			dx, dy := float64(x)+0.5-side/2, float64(y)+0.5-side/2
			u, v := mirror*(cos*dx+sin*dy)+w/2, cos*dy-sin*dx+w/2
			out.Pix[y*side+x] = 0xe0
			if u >= 0 && v >= 0 && u < w && v < w {
				out.Pix[y*side+x] = img.Pix[int(v)*img.Stride+int(u)]/2 + 0x40
			}
		}
	}
	return out
}

// People hold codes at any angle, and some cameras mirror.
func TestReadAnyWayUp(t *testing.T) {
	want := text("angle", 700)
	img := draw(t, want, 15, 5)
	for degrees := 0.0; degrees < 360; degrees += 15 {
		for _, mirror := range []float64{1, -1} {
			if got, err := Read(turned(img, degrees, mirror)); err != nil || got != want {
				t.Errorf("%.0f degrees, mirror %.0f: %v", degrees, mirror, err)
			}
		}
	}
}

// A picture full of rings, each of which could be a finder pattern, must cost
// a bounded amount of work.
func TestReadManyFinders(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 1280, 720))
	for y := 0; y < 720; y++ {
		for x := 0; x < 1280; x++ {
			dx, dy := (x/4)%9-4, (y/4)%9-4
			if ring := max(dx, -dx, dy, -dy); ring == 2 || ring == 4 {
				img.Pix[y*1280+x] = 0xff
			}
		}
	}
	p, err := planeOf(img, nil)
	if err != nil {
		t.Fatal(err)
	}
	bits, _ := p.binarize(nil, nil)
	found := bits.candidates()
	if len(found) < maxCandidates || len(found) > maxCandidates+1280/36 {
		t.Errorf("%d candidates", len(found))
	}
	if n := len(triples(found)); n > maxTriples {
		t.Errorf("%d triples", n)
	}
	if got, err := Read(img); !errors.Is(err, ErrNoCode) {
		t.Errorf("%q, %v", got, err)
	}
}

// A false ring beside the code, as data sometimes make one inside it, must not
// hide the true ones: it is tried and turned down.
func TestReadBesideFalseFinder(t *testing.T) {
	want := text("false", 500)
	img := draw(t, want, 15, 5)
	picture := image.NewGray(image.Rect(0, 0, 1280, 720))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	for y := 0; y < img.Rect.Dy(); y++ {
		copy(picture.Pix[(200+y)*1280+300:], img.Pix[y*img.Stride:][:img.Stride])
	}
	for _, at := range []image.Point{{320, 150}, {800, 560}, {690, 40}} {
		for y := 0; y < 35; y++ {
			copy(picture.Pix[(at.Y+y)*1280+at.X:], img.Pix[(20+y)*img.Stride+20:][:35])
		}
	}
	if got, err := Read(picture); err != nil || got != want {
		t.Error(err)
	}
}

// Damage on the way costs frames, never the message.
func TestTransferThroughDamage(t *testing.T) {
	message := sample("damage", 4000)
	e := encoder(t, message, DefaultFragment)
	c, err := channel.New(channel.Options{Level: 1, Seed: 1, Loss: 0.2, Blend: 0.1, Half: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	var r Reader
	var d Decoder
	shown := 0
	for ; !d.Done(); shown++ {
		if shown > 10*e.K() {
			t.Fatal("does not end")
		}
		picture, ok := c.Pass(draw(t, e.Frame(shown), 0, modulePx))
		if !ok {
			continue
		}
		got, err := r.Read(picture)
		if errors.Is(err, ErrNoCode) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Receive(got); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := d.Message(); err != nil || !bytes.Equal(got, message) {
		t.Fatal("wrong message", err)
	}
	t.Logf("K %d: %d frames shown", e.K(), shown)
}

// FuzzRead: no picture makes Read panic, break what is underneath it, or
// return an empty text as if it were one.
func FuzzRead(f *testing.F) {
	code := draw(f, "UR:BYTES/A", 1, 2)
	f.Add(uint8(code.Rect.Dx()), code.Pix)
	code = draw(f, text("fuzz", 224), 7, 2)
	f.Add(uint8(code.Rect.Dx()), code.Pix)
	f.Add(uint8(40), bytes.Repeat([]byte{0, 0, 255, 0, 0, 0, 255, 0}, 200))
	f.Fuzz(func(t *testing.T, width uint8, pix []uint8) {
		if width == 0 || len(pix) > 1<<14 {
			return
		}
		w, h := int(width), len(pix)/int(width)
		img := &image.Gray{Pix: pix[:w*h], Stride: w, Rect: image.Rect(0, 0, w, h)}
		got, err := Read(img)
		if err == nil && got == "" {
			t.Fatal("an empty text")
		}
		if err != nil && strings.Contains(err.Error(), "broke") {
			t.Fatal(err)
		}
	})
}
