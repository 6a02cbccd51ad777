package qr

import "math"

// vec is a place or a direction in a picture (pixels; pixel i covers i to
// i+1) or in a code (modules, likewise).
type vec struct{ x, y float64 }

func (a vec) plus(b vec) vec         { return vec{a.x + b.x, a.y + b.y} }
func (a vec) minus(b vec) vec        { return vec{a.x - b.x, a.y - b.y} }
func (a vec) times(f float64) vec    { return vec{a.x * f, a.y * f} }
func (a vec) length() float64        { return math.Hypot(a.x, a.y) }
func (a vec) dot(b vec) float64      { return a.x*b.x + a.y*b.y }
func (a vec) distance(b vec) float64 { return a.minus(b).length() }

// homography maps modules to pixels: the eight numbers of a perspective
// projection whose ninth is 1.
type homography [8]float64

func (h *homography) pixel(m vec) vec {
	z := 1 / (h[6]*m.x + h[7]*m.y + 1)
	return vec{(h[0]*m.x + h[1]*m.y + h[2]) * z, (h[3]*m.x + h[4]*m.y + h[5]) * z}
}

// pair says that a place in the code was seen at a place in the picture.
type pair struct{ module, pixel vec }

// fit returns the homography that comes closest to all pairs, of which there
// must be four in general position, by linear least squares. Both sides are
// first brought to the order of 1, without which the equations lose most of
// their digits.
func fit(pairs []pair) (homography, bool) {
	var middle, size = vec{}, 0.0
	for _, p := range pairs {
		middle = middle.plus(p.pixel.times(1 / float64(len(pairs))))
		size = max(size, p.module.x, p.module.y)
	}
	var m [8][9]float64 // normal equations, right side in the last column
	scale := 0.0
	for _, p := range pairs {
		scale = max(scale, p.pixel.distance(middle))
	}
	for _, p := range pairs {
		a, b := p.module.times(1/size), p.pixel.minus(middle).times(1/scale)
		for _, row := range [2][9]float64{
			{a.x, a.y, 1, 0, 0, 0, -b.x * a.x, -b.x * a.y, b.x},
			{0, 0, 0, a.x, a.y, 1, -b.y * a.x, -b.y * a.y, b.y},
		} {
			for i := 0; i < 8; i++ {
				for j := 0; j < 9; j++ {
					m[i][j] += row[i] * row[j]
				}
			}
		}
	}
	s, ok := solve8(&m)
	if !ok {
		return homography{}, false
	}
	// Undo the scaling: pixel = middle + scale * s(module / size).
	var h homography
	h[6], h[7] = s[6]/size, s[7]/size
	h[0], h[1], h[2] = (scale*s[0]+middle.x*s[6])/size, (scale*s[1]+middle.x*s[7])/size, scale*s[2]+middle.x
	h[3], h[4], h[5] = (scale*s[3]+middle.y*s[6])/size, (scale*s[4]+middle.y*s[7])/size, scale*s[5]+middle.y
	return h, true
}

// solve8 is Gaussian elimination with pivots by size.
func solve8(m *[8][9]float64) (x [8]float64, ok bool) {
	for c := 0; c < 8; c++ {
		best := c
		for r := c + 1; r < 8; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[best][c]) {
				best = r
			}
		}
		m[c], m[best] = m[best], m[c]
		if !(math.Abs(m[c][c]) > 1e-12) {
			return x, false
		}
		for r := 0; r < 8; r++ {
			if r == c {
				continue
			}
			f := m[r][c] / m[c][c]
			for k := c; k < 9; k++ {
				m[r][k] -= f * m[c][k]
			}
		}
	}
	for i := range x {
		x[i] = m[i][8] / m[i][i]
	}
	return x, true
}

// line is a place and a direction of length 1.
type line struct{ at, along vec }

// throughPoints returns the line that comes closest to the points, which
// leaves out those further than tolerance from the first try.
func throughPoints(points []vec, tolerance float64) (line, bool) {
	for try := 0; try < 2; try++ {
		if len(points) < 3 {
			return line{}, false
		}
		var middle vec
		for _, p := range points {
			middle = middle.plus(p.times(1 / float64(len(points))))
		}
		var xx, xy, yy float64
		for _, p := range points {
			d := p.minus(middle)
			xx, xy, yy = xx+d.x*d.x, xy+d.x*d.y, yy+d.y*d.y
		}
		angle := math.Atan2(2*xy, xx-yy) / 2
		l := line{middle, vec{math.Cos(angle), math.Sin(angle)}}
		if try == 1 {
			return l, true
		}
		near := points[:0:0]
		for _, p := range points {
			d := p.minus(middle)
			if math.Abs(d.x*l.along.y-d.y*l.along.x) <= tolerance {
				near = append(near, p)
			}
		}
		points = near
	}
	return line{}, false
}

// meet returns where two lines cross.
func (l line) meet(o line) (vec, bool) {
	den := l.along.x*o.along.y - l.along.y*o.along.x
	if math.Abs(den) < 0.3 {
		return vec{}, false
	}
	d := o.at.minus(l.at)
	return l.at.plus(l.along.times((d.x*o.along.y - d.y*o.along.x) / den)), true
}
