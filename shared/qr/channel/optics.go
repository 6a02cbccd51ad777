package channel

import (
	"image"
	"math"
)

// optics keeps the buffers that photograph uses again from frame to frame.
type optics struct {
	sampled []uint8
	blurred []uint8
}

// photograph is the way of light: geometry, blur, glare and moiré, contrast
// and gamma, noise.
func (c *Channel) photograph(shown *image.Gray) *image.Gray {
	o := &c.optics
	if o.sampled == nil {
		o.sampled = make([]uint8, Width*Height)
		o.blurred = make([]uint8, Width*Height)
	}
	shown = shrink(shown, int(float64(shown.Rect.Dy())/(share*Height)))
	box := c.project(shown, o.sampled)
	blur(o.sampled, o.blurred, c.level.blur, box)
	out := image.NewGray(image.Rect(0, 0, Width, Height))
	c.expose(o.sampled, out.Pix)
	return out
}

// shrink averages squares of factor by factor pixels, so that a screen much
// finer than the camera does not alias in the sampler.
func shrink(img *image.Gray, factor int) *image.Gray {
	if factor < 2 {
		return img
	}
	w, h := max(1, img.Rect.Dx()/factor), max(1, img.Rect.Dy()/factor)
	out := image.NewGray(image.Rect(0, 0, w, h))
	// A frame thinner than factor has less than a square for each pixel.
	across, down := min(factor, img.Rect.Dx()), min(factor, img.Rect.Dy())
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			sum := 0
			for dy := 0; dy < down; dy++ {
				for _, v := range img.Pix[(y*factor+dy)*img.Stride+x*factor:][:across] {
					sum += int(v)
				}
			}
			out.Pix[y*out.Stride+x] = uint8(sum / (across * down))
		}
	}
	return out
}

// project fills dst with the screen as the camera sees it, white around it,
// and returns the box that holds the frame.
func (c *Channel) project(shown *image.Gray, dst []uint8) image.Rectangle {
	fill(dst, 0xff)
	w, h := float64(shown.Rect.Dx()), float64(shown.Rect.Dy())
	// Corners of the frame in the picture: scaled, turned about the middle,
	// each then shifted on its own, which is what a tilted camera does.
	scale := share * Height / h
	angle := c.within(c.level.rotation) * math.Pi / 180
	sin, cos := math.Sincos(angle)
	var corner [4]point
	for i, at := range [4]point{{0, 0}, {w, 0}, {w, h}, {0, h}} {
		x, y := (at.x-w/2)*scale, (at.y-h/2)*scale
		corner[i] = point{
			Width/2 + cos*x - sin*y + c.within(c.level.perspective)*h*scale,
			Height/2 + sin*x + cos*y + c.within(c.level.perspective)*h*scale,
		}
	}
	m := toUnitSquare(corner)
	box := bounds(corner)
	// The frame gets a margin of one pixel like its edge, so that every place
	// in it has four neighbours. Places are in 1/256 of a pixel from there.
	padded := pad(shown)
	for i := 0; i < 3; i++ {
		m[i] = 256 * (m[i]*w + m[6+i]/2)
		m[3+i] = 256 * (m[3+i]*h + m[6+i]/2)
	}
	lowest, right, bottom := 128.0, 256*w+128, 256*h+128
	for y := box.Min.Y; y < box.Max.Y; y++ {
		row := dst[y*Width+box.Min.X : y*Width+box.Max.X]
		cx, cy := float64(box.Min.X)+0.5, float64(y)+0.5
		nx, ny, nz := m[0]*cx+m[1]*cy+m[2], m[3]*cx+m[4]*cy+m[5], m[6]*cx+m[7]*cy+m[8]
		for i := range row {
			z := 1 / nz
			u, v := nx*z, ny*z
			nx, ny, nz = nx+m[0], ny+m[3], nz+m[6]
			if u < lowest || u >= right || v < lowest || v >= bottom {
				continue
			}
			row[i] = bilinear(padded, int(u), int(v))
		}
	}
	return box
}

// pad returns img with its outermost pixels repeated once on every side.
func pad(img *image.Gray) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, w+2, h+2))
	for y := 0; y < h+2; y++ {
		from := img.Pix[min(h-1, max(0, y-1))*img.Stride:][:w]
		row := out.Pix[y*out.Stride:][:w+2]
		copy(row[1:], from)
		row[0], row[w+1] = from[0], from[w-1]
	}
	return out
}

// within returns a number between -bound and bound.
func (c *Channel) within(bound float64) float64 { return (2*c.rng.Float64() - 1) * bound }

type point struct{ x, y float64 }

// bilinear reads img between the middles of four pixels; x and y are in 1/256
// of a pixel from the middle of the first.
func bilinear(img *image.Gray, x, y int) uint8 {
	i := y>>8*img.Stride + x>>8
	x &= 0xff
	y &= 0xff
	upper, lower := img.Pix[i:i+2], img.Pix[i+img.Stride:i+img.Stride+2]
	a := int(upper[0])*(256-x) + int(upper[1])*x
	b := int(lower[0])*(256-x) + int(lower[1])*x
	return uint8((a*(256-y) + b*y) >> 16)
}

// toUnitSquare returns the homography that takes the corners, in order, to
// (0,0), (1,0), (1,1), (0,1). Heckbert, Fundamentals of Texture Mapping
// (1989), section 2.2.2: square to quadrilateral, inverted by its adjugate.
func toUnitSquare(p [4]point) [9]float64 {
	sx := p[0].x - p[1].x + p[2].x - p[3].x
	sy := p[0].y - p[1].y + p[2].y - p[3].y
	dx1, dy1 := p[1].x-p[2].x, p[1].y-p[2].y
	dx2, dy2 := p[3].x-p[2].x, p[3].y-p[2].y
	den := dx1*dy2 - dx2*dy1
	g, h := (sx*dy2-dx2*sy)/den, (dx1*sy-sx*dy1)/den
	a, b, c := p[1].x-p[0].x+g*p[1].x, p[3].x-p[0].x+h*p[3].x, p[0].x
	d, e, f := p[1].y-p[0].y+g*p[1].y, p[3].y-p[0].y+h*p[3].y, p[0].y
	return [9]float64{
		e - f*h, c*h - b, b*f - c*e,
		f*g - d, a - c*g, c*d - a*f,
		d*h - e*g, b*g - a*h, a*e - b*d,
	}
}

// bounds returns the pixels that the corners span, cut to the picture.
func bounds(p [4]point) image.Rectangle {
	low, high := p[0], p[0]
	for _, q := range p[1:] {
		low = point{min(low.x, q.x), min(low.y, q.y)}
		high = point{max(high.x, q.x), max(high.y, q.y)}
	}
	return image.Rect(int(math.Floor(low.x)), int(math.Floor(low.y)), int(math.Ceil(high.x))+1, int(math.Ceil(high.y))+1).
		Intersect(image.Rect(0, 0, Width, Height))
}

// blur convolves img within box with a Gaussian, along rows and then along
// columns. Beside the box all is white and stays so.
func blur(img, scratch []uint8, sigma float64, box image.Rectangle) {
	kernel := gaussian(sigma)
	r := len(kernel) - 1
	box = box.Inset(-r).Intersect(image.Rect(r, r, Width-r, Height-r))
	copy(scratch, img)
	convolve(img, scratch, kernel, box, 1)
	convolve(scratch, img, kernel, box, Width)
}

// convolve writes into dst the pixels of box, each the weighted sum of its
// neighbours in src at multiples of step.
func convolve(src, dst []uint8, kernel []int32, box image.Rectangle, step int) {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		from, to := y*Width+box.Min.X, y*Width+box.Max.X
		out := dst[from:to]
		switch len(kernel) {
		case 2:
			left, mid, right := src[from-step:to-step], src[from:to], src[from+step:to+step]
			for i := range out {
				out[i] = uint8((int32(mid[i])*kernel[0] + (int32(left[i])+int32(right[i]))*kernel[1] + 1<<15) >> 16)
			}
		default:
			for i := range out {
				sum := int32(src[from+i])*kernel[0] + 1<<15
				for d := 1; d < len(kernel); d++ {
					sum += (int32(src[from+i-d*step]) + int32(src[from+i+d*step])) * kernel[d]
				}
				out[i] = uint8(sum >> 16)
			}
		}
	}
}

// gaussian returns the middle of a kernel and one of its arms, out to three
// sigma but at least one pixel; the whole adds up to 1<<16.
func gaussian(sigma float64) []int32 {
	r := max(1, int(math.Round(2.5*sigma)))
	weights, sum := make([]float64, r+1), 0.0
	for i := range weights {
		weights[i] = math.Exp(-float64(i*i) / (2 * sigma * sigma))
		sum += weights[i]
		if i > 0 {
			sum += weights[i]
		}
	}
	out, rest := make([]int32, r+1), int32(1<<16)
	for i := r; i > 0; i-- {
		out[i] = int32(weights[i] / sum * (1 << 16))
		rest -= 2 * out[i]
	}
	out[0] = rest
	return out
}

// expose turns light into grey levels, in 1/16 of a level until the end.
func (c *Channel) expose(src, dst []uint8) {
	// Contrast shrinks the range about the middle; gamma bends it.
	var tone [256]int32
	for v := range tone {
		bent := math.Pow(float64(v)/255, c.level.gamma)
		tone[v] = int32(16 * 255 * (0.5 + c.level.contrast*(bent-0.5)))
	}
	glare, columns, rows := c.spot(), c.grid(Width), c.grid(Height)
	for y := 0; y < Height; y++ {
		start := c.rng.IntN(len(c.noise) - Width + 1)
		noise := c.noise[start:][:Width]
		in, out := src[y*Width:][:Width], dst[y*Width:][:Width]
		bright := glare.row(y)
		if bright == nil && columns == nil {
			for x, v := range in {
				out[x] = uint8(min(255, max(0, (tone[v]+int32(noise[x])+8)>>4)))
			}
			continue
		}
		for x, v := range in {
			level := tone[v] + int32(noise[x])
			if columns != nil {
				level += columns[x] * rows[y] >> 8
			}
			if bright != nil {
				level += int32(glare.peak * int64(bright[x]) * int64(glare.down[y]) >> 16)
			}
			out[x] = uint8(min(255, max(0, (level+8)>>4)))
		}
	}
}

// spot is a round patch of glare: a product of a row and a column of weights
// in 1/256.
type spot struct {
	peak         int64 // 1/16 of a grey level
	across, down []int32
}

func (c *Channel) spot() *spot {
	if c.level.glare == 0 {
		return &spot{}
	}
	const radius = 0.15 * Height
	middle := point{Width/2 + c.within(0.35)*Height, Height/2 + c.within(0.35)*Height}
	bell := func(n int, at float64) []int32 {
		out := make([]int32, n)
		for i := range out {
			d := (float64(i) - at) / radius
			out[i] = int32(256 * math.Exp(-d*d/2))
		}
		return out
	}
	return &spot{peak: int64(16 * 255 * c.level.glare), across: bell(Width, middle.x), down: bell(Height, middle.y)}
}

// row returns the weights along row y, or nil where they do not matter.
func (s *spot) row(y int) []int32 {
	if s.peak == 0 || s.down[y] == 0 {
		return nil
	}
	return s.across
}

// grid returns one factor of the moiré: a wave of 6 to 30 pixels along an
// axis of n pixels. Columns and rows multiply to the amplitude in 1/16 of a
// grey level, after a shift by 8.
func (c *Channel) grid(n int) []int32 {
	if c.level.moire == 0 {
		return nil
	}
	period, phase := 6+24*c.rng.Float64(), 2*math.Pi*c.rng.Float64()
	amplitude := math.Sqrt(16 * 255 * c.level.moire * 256)
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(amplitude * math.Sin(2*math.Pi*float64(i)/period+phase))
	}
	return out
}
