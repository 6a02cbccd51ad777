package channel

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"testing"
)

// board is a frame of side by side pixels with squares of n pixels.
func board(side, n int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, side, side))
	for y := 0; y < side; y++ {
		for x := 0; x < side; x++ {
			if (x/n+y/n)%2 == 0 {
				img.Pix[y*side+x] = 0xff
			}
		}
	}
	return img
}

func flat(side int, level uint8) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = level
	}
	return img
}

func open(t testing.TB, o Options) *Channel {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pass(t testing.TB, c *Channel, frame image.Image) *image.Gray {
	t.Helper()
	picture, ok := c.Pass(frame)
	if !ok {
		t.Fatal("the frame was lost")
	}
	return picture.(*image.Gray)
}

func TestOptionsRefused(t *testing.T) {
	for _, o := range []Options{
		{Level: -1}, {Level: 5}, {Loss: -0.1}, {Half: 1.1}, {Blend: math.NaN()}, {Loss: 0.5, Blend: 0.4, Half: 0.2},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v: accepted", o)
		}
	}
}

// One seed gives one series of pictures; another seed another.
func TestSeed(t *testing.T) {
	for level := range levels {
		o := Options{Level: level, Seed: 7, Loss: 0.2, Blend: 0.2, Half: 0.2}
		one, same := open(t, o), open(t, o)
		o.Seed = 8
		other := open(t, o)
		equal, differ := true, false
		for i := 0; i < 6; i++ {
			frame := board(340, 10+i)
			a, okA := one.Pass(frame)
			b, okB := same.Pass(frame)
			c, okC := other.Pass(frame)
			equal = equal && okA == okB && (!okA || bytes.Equal(a.(*image.Gray).Pix, b.(*image.Gray).Pix))
			differ = differ || okA != okC || okA && !bytes.Equal(a.(*image.Gray).Pix, c.(*image.Gray).Pix)
		}
		if !equal || !differ {
			t.Errorf("level %d: equal with one seed: %v, different with another: %v", level, equal, differ)
		}
	}
}

func TestLevel0IsPixelExact(t *testing.T) {
	frame := board(340, 10)
	picture := pass(t, open(t, Options{}), frame)
	for y := 0; y < 340; y++ {
		if !bytes.Equal(picture.Pix[(y+190)*Width+470:][:340], frame.Pix[y*340:][:340]) {
			t.Fatalf("row %d differs", y)
		}
	}
	if picture.Pix[0] != 0xff || picture.Bounds() != image.Rect(0, 0, Width, Height) {
		t.Error("the surroundings are not white")
	}
	// Twice the camera's height is reduced by 2.
	picture = pass(t, open(t, Options{}), board(1400, 20))
	small := board(700, 10)
	for y := 0; y < 700; y++ {
		if !bytes.Equal(picture.Pix[(y+10)*Width+290:][:700], small.Pix[y*700:][:700]) {
			t.Fatalf("row %d of a large frame differs", y)
		}
	}
}

// Each rate is what it says, and the kinds of damage are what they say.
func TestRates(t *testing.T) {
	const frames = 3000
	c := open(t, Options{Seed: 3, Loss: 0.2, Blend: 0.1, Half: 0.3})
	lost, blended, halved := 0, 0, 0
	for i := 0; i < frames; i++ {
		picture, ok := c.Pass(flat(64, uint8(i%2*255)))
		if !ok {
			lost++
			continue
		}
		p := picture.(*image.Gray).Pix
		upper, lower := p[(Height/2-20)*Width+Width/2], p[(Height/2+20)*Width+Width/2]
		if upper != lower {
			halved++
			if upper != uint8(i%2*255) {
				t.Fatal("the upper half is not the new frame")
			}
		}
		if upper != 0 && upper != 255 {
			blended++
			if upper < 64 || upper > 192 {
				t.Fatalf("a blend of %d", upper)
			}
		}
	}
	for name, c := range map[string]struct {
		got  int
		want float64
	}{"loss": {lost, 0.2}, "blend": {blended, 0.1}, "half": {halved, 0.3}} {
		if got := float64(c.got) / frames; math.Abs(got-c.want) > 0.03 {
			t.Errorf("%s: %.3f, want %.1f", name, got, c.want)
		}
	}
}

func statistics(p *image.Gray, box image.Rectangle) (mean, deviation float64) {
	n, sum, squares := 0.0, 0.0, 0.0
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			v := float64(p.Pix[y*Width+x])
			n, sum, squares = n+1, sum+v, squares+v*v
		}
	}
	mean = sum / n
	return mean, math.Sqrt(squares/n - mean*mean)
}

// The noise and contrast of L1 to L3 are those of the table.
func TestNoiseAndContrast(t *testing.T) {
	middle := image.Rect(Width/2-100, Height/2-100, Width/2+100, Height/2+100)
	for level := 1; level <= 3; level++ {
		l := levels[level]
		c := open(t, Options{Level: level, Seed: 1})
		c.level.glare, c.level.moire = 0, 0
		black, noise := statistics(pass(t, c, flat(400, 0)), middle)
		white, _ := statistics(pass(t, c, flat(400, 255)), middle)
		if math.Abs(noise-l.noise) > 0.3 {
			t.Errorf("level %d: noise of sigma %.2f, want %.0f", level, noise, l.noise)
		}
		if got := (white - black) / 255; math.Abs(got-l.contrast) > 0.01 {
			t.Errorf("level %d: contrast %.3f, want %.2f", level, got, l.contrast)
		}
		grey, _ := statistics(pass(t, c, flat(400, 128)), middle)
		want := black + (white-black)*math.Pow(128.0/255, l.gamma)
		if math.Abs(grey-want) > 1 {
			t.Errorf("level %d: middle grey becomes %.1f, want %.1f", level, grey, want)
		}
	}
}

// Glare brightens one place, moiré makes waves; both are there at L2 and L3.
func TestGlareAndMoire(t *testing.T) {
	whole := image.Rect(0, 0, Width, Height)
	for level := 2; level <= 3; level++ {
		c := open(t, Options{Level: level, Seed: 1})
		c.level.noise, c.noise = 0, make([]int16, len(c.noise))
		c.level.glare = 0
		_, waves := statistics(pass(t, c, flat(400, 255)), whole)
		// The product of two sines of amplitude a*255 deviates by half of it.
		if want := levels[level].moire * 255 / 2; math.Abs(waves-want) > want/5 {
			t.Errorf("level %d: waves deviate by %.1f, want %.1f", level, waves, want)
		}
		c.level.glare, c.level.moire = levels[level].glare, 0
		p := pass(t, c, flat(400, 255))
		low, high := uint8(255), uint8(0)
		for _, v := range p.Pix {
			low, high = min(low, v), max(high, v)
		}
		if want := levels[level].glare * 255; math.Abs(float64(high-low)-want) > 3 {
			t.Errorf("level %d: glare of %d, want %.0f", level, high-low, want)
		}
	}
}

// The geometry stays within its bounds: the frame's corners, marked, are
// found where the sum of turn and shift can put them.
func TestGeometry(t *testing.T) {
	for level := 1; level <= 3; level++ {
		l := levels[level]
		c := open(t, Options{Level: level, Seed: 5})
		frame := flat(400, 0)
		half := share * Height / 2
		reach := half*math.Sqrt2*l.rotation*math.Pi/180 + 2*half*l.perspective*math.Sqrt2 + 1
		turned := false
		for i := 0; i < 10; i++ {
			box := c.project(frame, make([]uint8, Width*Height))
			for _, d := range []float64{
				float64(box.Min.X) - (Width/2 - half), float64(box.Max.X) - (Width/2 + half),
				float64(box.Min.Y) - (Height/2 - half), float64(box.Max.Y) - (Height/2 + half),
			} {
				if math.Abs(d) > reach+1 {
					t.Errorf("level %d: an edge is off by %.1f pixels, at most %.1f", level, d, reach)
				}
				turned = turned || math.Abs(d) > reach/4
			}
		}
		if !turned {
			t.Errorf("level %d: the geometry hardly changes", level)
		}
	}
}

func TestHomography(t *testing.T) {
	corners := [4]point{{100, 50}, {700, 80}, {650, 600}, {120, 580}}
	m := toUnitSquare(corners)
	for i, want := range [4]point{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
		p := corners[i]
		z := m[6]*p.x + m[7]*p.y + m[8]
		got := point{(m[0]*p.x + m[1]*p.y + m[2]) / z, (m[3]*p.x + m[4]*p.y + m[5]) / z}
		if math.Hypot(got.x-want.x, got.y-want.y) > 1e-9 {
			t.Errorf("corner %d lands on %v, want %v", i, got, want)
		}
	}
}

func TestGaussian(t *testing.T) {
	for _, sigma := range []float64{0.5, 0.8, 1.1} {
		k := gaussian(sigma)
		sum, variance := k[0], 0.0
		for d := 1; d < len(k); d++ {
			sum += 2 * k[d]
			variance += 2 * float64(d*d) * float64(k[d]) / (1 << 16)
		}
		if sum != 1<<16 || math.Abs(math.Sqrt(variance)-sigma) > 0.08 {
			t.Errorf("sigma %.1f: sum %d, deviation %.3f", sigma, sum, math.Sqrt(variance))
		}
	}
}

// At L4 the picture changes from the new frame to the old one on its way
// down, somewhere else each time.
func TestShutter(t *testing.T) {
	c := open(t, Options{Level: 4, Seed: 1})
	both := 0
	for i := 0; i < 20; i++ {
		p := pass(t, c, flat(400, uint8(i%2*255)))
		upper, _ := statistics(p, image.Rect(Width/2-50, 120, Width/2+50, 160))
		lower, _ := statistics(p, image.Rect(Width/2-50, 560, Width/2+50, 600))
		if i > 0 && math.Abs(upper-lower) > 60 {
			both++
		}
	}
	if both < 10 {
		t.Errorf("%d of 20 pictures show two frames", both)
	}
}

func TestOddFrames(t *testing.T) {
	for level := range levels {
		c := open(t, Options{Level: level, Seed: 1})
		for _, frame := range []image.Image{
			image.NewGray(image.Rect(5, 5, 6, 6)),
			image.NewGray(image.Rect(0, 0, 3000, 2)),
			image.NewGray(image.Rect(0, 0, 2, 3000)),
		} {
			if _, ok := c.Pass(frame); !ok {
				t.Errorf("level %d: %v was lost", level, frame.Bounds())
			}
		}
		for _, frame := range []image.Image{image.NewGray(image.Rectangle{}), image.NewUniform(color.Black)} {
			if _, ok := c.Pass(frame); ok {
				t.Errorf("level %d: %v came through", level, frame.Bounds())
			}
		}
	}
	// A frame in colour and away from the origin is the same as in grey.
	grey := board(200, 10)
	colour := image.NewRGBA(image.Rect(-7, 30, 193, 230))
	for y := 0; y < 200; y++ {
		for x := 0; x < 200; x++ {
			colour.Set(x-7, y+30, grey.At(x, y))
		}
	}
	a, b := pass(t, open(t, Options{Level: 1}), grey), pass(t, open(t, Options{Level: 1}), colour)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("colour changes the picture")
	}
}

func BenchmarkPass(b *testing.B) {
	frame := board(425, 5)
	for level := range levels {
		b.Run([]string{"L0", "L1", "L2", "L3", "L4"}[level], func(b *testing.B) {
			c := open(b, Options{Level: level})
			for b.Loop() {
				pass(b, c, frame)
			}
		})
	}
}
