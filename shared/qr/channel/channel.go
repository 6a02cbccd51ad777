// Package channel models a camera that looks at a screen: the only way by
// which bytes pass between the two sides of the air gap. Tests, the
// demonstration and the benchmarks send frames through it.
//
// Everything random comes from one seed, so that a run can be repeated. The
// levels are those by which the QR readers were compared before one was
// chosen; each is a step further from a still camera in good light. It is a
// model: it has no lens distortion, no autofocus and no colour.
package channel

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
)

// The camera's picture, in pixels, and the part of its height that the shown
// frame takes, quiet zone included.
const (
	Width  = 1280
	Height = 720
	share  = 0.85
)

// maxSide bounds the shown frame in pixels, width and height.
const maxSide = 4096

// level holds the strength of each effect. Rotation and perspective are bounds
// within which each frame draws its own values.
type level struct {
	rotation    float64 // degrees either way
	perspective float64 // shift of each corner, as a part of the frame's side
	blur        float64 // sigma, camera pixels
	noise       float64 // sigma, of 255
	contrast    float64 // of the full range
	gamma       float64
	glare       float64 // peak of one bright spot, of the full range
	moire       float64 // amplitude of the beat of two grids, of the full range
	shutter     bool    // every picture blends two shown frames, row by row
}

// levels are L0 to L4. L0 is the screen's own pixels.
var levels = [...]level{
	{},
	{rotation: 2, perspective: 0.02, blur: 0.5, noise: 3, contrast: 0.8, gamma: 1},
	{rotation: 5, perspective: 0.05, blur: 0.8, noise: 6, contrast: 0.6, gamma: 1.3, glare: 0.15, moire: 0.05},
	{rotation: 10, perspective: 0.10, blur: 1.1, noise: 10, contrast: 0.45, gamma: 1.6, glare: 0.25, moire: 0.10},
	{rotation: 5, perspective: 0.05, blur: 0.8, noise: 6, contrast: 0.6, gamma: 1.3, glare: 0.15, moire: 0.05, shutter: true},
}

// Options describe a channel. Loss, Blend and Half are probabilities for each
// frame and must not add up to more than 1.
type Options struct {
	Level int // 0 to 4
	Seed  uint64
	Loss  float64 // the frame never reaches the camera
	Blend float64 // the picture is a mixture of this frame and the one before
	Half  float64 // the lower half of the picture still shows the frame before
}

// Channel is one camera before one screen. It is not safe for concurrent use.
type Channel struct {
	options  Options
	level    level
	rng      *rand.Rand
	noise    []int16 // deviations in 1/16 of a grey level, drawn once
	previous *image.Gray
	optics   optics
}

// New returns a channel whose pictures depend only on the options and the
// frames.
func New(o Options) (*Channel, error) {
	if o.Level < 0 || o.Level >= len(levels) {
		return nil, fmt.Errorf("channel: level %d: want 0 to %d", o.Level, len(levels)-1)
	}
	for _, p := range []float64{o.Loss, o.Blend, o.Half, o.Loss + o.Blend + o.Half} {
		if !(p >= 0 && p <= 1) {
			return nil, fmt.Errorf("channel: %v is no probability", p)
		}
	}
	c := &Channel{options: o, level: levels[o.Level], rng: rand.New(rand.NewPCG(o.Seed, uint64(o.Level)))}
	if c.level.noise > 0 {
		c.noise = make([]int16, 1<<16)
		for i := range c.noise {
			c.noise[i] = int16(math.Round(c.rng.NormFloat64() * c.level.noise * 16))
		}
	}
	return c, nil
}

// Pass shows a frame to the camera and returns its picture, 1280 by 720 grey
// pixels, or false if the frame was lost. A frame that is empty or larger
// than 4096 pixels a side is always lost. The picture belongs to the caller.
func (c *Channel) Pass(frame image.Image) (image.Image, bool) {
	size := frame.Bounds().Size()
	if size.X < 1 || size.Y < 1 || size.X > maxSide || size.Y > maxSide {
		return nil, false
	}
	shown := gray(frame)
	before := c.previous
	if before == nil || before.Bounds() != shown.Bounds() {
		before = shown
	}
	c.previous = shown

	fate := c.rng.Float64()
	o := c.options
	switch {
	case fate < o.Loss:
		return nil, false
	case fate < o.Loss+o.Blend:
		weight := 0.3 + 0.4*c.rng.Float64()
		shown = mix(before, shown, func(float64) float64 { return weight })
	case fate < o.Loss+o.Blend+o.Half:
		shown = mix(before, shown, func(y float64) float64 {
			if y < 0.5 {
				return 1
			}
			return 0
		})
	case c.level.shutter:
		// Rows are exposed one after another while the screen changes over:
		// somewhere a ramp of a third of the height leads from the new frame
		// to the old one.
		const ramp = 1.0 / 3
		start := c.rng.Float64()*(1+ramp) - ramp
		shown = mix(before, shown, func(y float64) float64 { return 1 - (y-start)/ramp })
	}
	if o.Level == 0 {
		return place(shown), true
	}
	return c.photograph(shown), true
}

// gray returns a copy of frame in grey with its corner at the origin.
func gray(frame image.Image) *image.Gray {
	b := frame.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	if g, ok := frame.(*image.Gray); ok {
		for y := 0; y < b.Dy(); y++ {
			copy(out.Pix[y*out.Stride:][:b.Dx()], g.Pix[g.PixOffset(b.Min.X, b.Min.Y+y):])
		}
		return out
	}
	for y := 0; y < b.Dy(); y++ {
		for x := 0; x < b.Dx(); x++ {
			out.Set(x, y, frame.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// mix returns after weighted against before; the weight may change from the
// top (0) to the bottom (1) and is cut to 0..1. Both have the same size.
func mix(before, after *image.Gray, weight func(y float64) float64) *image.Gray {
	out := image.NewGray(after.Rect)
	height := after.Rect.Dy()
	for y := 0; y < height; y++ {
		w := int(256 * min(1, max(0, weight(float64(y)/float64(height)))))
		row := y * after.Stride
		for i := row; i < row+after.Stride; i++ {
			out.Pix[i] = uint8((int(after.Pix[i])*w + int(before.Pix[i])*(256-w)) >> 8)
		}
	}
	return out
}

// place puts the frame's own pixels in the middle of the picture. A frame that
// is too large is first reduced by a whole number.
func place(shown *image.Gray) *image.Gray {
	shown = shrink(shown, max((shown.Rect.Dx()+Width-1)/Width, (shown.Rect.Dy()+Height-1)/Height))
	out := blank(0xff)
	left, top := (Width-shown.Rect.Dx())/2, (Height-shown.Rect.Dy())/2
	for y := 0; y < shown.Rect.Dy(); y++ {
		copy(out.Pix[(top+y)*out.Stride+left:], shown.Pix[y*shown.Stride:][:shown.Rect.Dx()])
	}
	return out
}

func blank(level uint8) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, Width, Height))
	fill(out.Pix, level)
	return out
}

// fill sets every element; doubling copies are several times faster than a
// loop.
func fill(pix []uint8, level uint8) {
	pix[0] = level
	for n := 1; n < len(pix); n *= 2 {
		copy(pix[n:], pix[:n])
	}
}
