package qr

import (
	"math"

	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// The reader finds its own way around a code and leaves only the bits to
// gozxing, which lays one grid over four points and so loses half of what a
// tilted camera sees. Here the corners of the three finder patterns and every
// alignment pattern give the grid, and modules are judged by their brightness
// against their neighbours'. References are to ISO/IEC 18004:2015.

// finder is a finder pattern as it lies in the picture.
type finder struct {
	corners  [4]vec // top left, top right, bottom right, bottom left of its 7 modules
	contrast int    // white minus black, grey levels
}

// Offsets in modules, from a finder's middle, of rays that cross its three
// rings squarely.
var rays = [...]float64{-1.2, -0.8, -0.4, 0, 0.4, 0.8, 1.2}

// findCorners measures a finder pattern around middle; u and v are about one
// module along its rows and columns.
func (p plane) findCorners(middle, u, v vec) (finder, bool) {
	black := p.patch(middle, u, v, 1)
	white := 0
	for _, side := range [4]vec{{0, -2}, {2, 0}, {0, 2}, {-2, 0}} {
		white += p.at(middle.plus(u.times(side.x)).plus(v.times(side.y)))
	}
	white /= 4
	f := finder{contrast: white - black}
	if f.contrast < 8 {
		return finder{}, false
	}
	threshold := (white + black) / 2
	var sides [4]line // top, right, bottom, left
	for i, way := range [4][2]vec{{v.times(-1), u}, {u, v}, {v, u}, {u.times(-1), v}} {
		var edge []vec
		for _, offset := range rays {
			start := middle.plus(way[1].times(offset))
			if at, ok := p.thirdEdge(start, way[0], way[1], threshold, f.contrast); ok {
				edge = append(edge, at)
			}
		}
		l, ok := throughPoints(edge, way[0].length()/3)
		if !ok {
			return finder{}, false
		}
		sides[i] = l
	}
	for i := range f.corners {
		corner, ok := sides[i].meet(sides[(i+3)%4])
		if !ok {
			return finder{}, false
		}
		f.corners[i] = corner
	}
	return f, true
}

// thirdEdge walks from the dark middle of a finder pattern along step, about
// one module, and returns where the third change of colour is: its outer
// edge, 3.5 modules out, to a fraction of a pixel. across, also about a
// module, is the direction in which noise is averaged.
func (p plane) thirdEdge(start, module, across vec, threshold, contrast int) (vec, bool) {
	const stride = 0.7 // pixels
	step := module.times(stride / module.length())
	side := across.times(0.2)
	read := func(at vec) float64 {
		return (p.smooth(at.minus(side)) + p.smooth(at) + p.smooth(at.plus(side))) / 3
	}
	// A change counts once the value is clearly past the threshold, and its
	// place is the last crossing before that.
	middle, margin := float64(threshold), float64(contrast)/8
	previous, dark := read(start), true
	if previous > middle-margin {
		return vec{}, false
	}
	var crossing vec
	edges := 0
	for i := 1; i <= int(5*module.length()/stride); i++ {
		at := start.plus(step.times(float64(i)))
		value := read(at)
		if (previous < middle) != (value < middle) {
			crossing = at.minus(step.times((value - middle) / (value - previous)))
		}
		if dark && value > middle+margin || !dark && value < middle-margin {
			dark = !dark
			if edges++; edges == 3 {
				out := crossing.distance(start) / module.length()
				return crossing, out > 2.6 && out < 4.6
			}
		}
		previous = value
	}
	return vec{}, false
}

// smooth reads the picture between its pixels, by bilinear interpolation of
// pixel middles.
func (p plane) smooth(v vec) float64 {
	x, y := v.x-0.5, v.y-0.5
	fx, fy := math.Floor(x), math.Floor(y)
	a, b := x-fx, y-fy
	at := func(dx, dy float64) float64 { return float64(p.at(vec{fx + dx, fy + dy})) }
	return (at(0, 0)*(1-a)+at(1, 0)*a)*(1-b) + (at(0, 1)*(1-a)+at(1, 1)*a)*b
}

// patch averages 3 by 3 places around v, each reach/2 modules apart.
func (p plane) patch(at, u, v vec, reach float64) int {
	sum := 0
	for dy := -1.0; dy <= 1; dy++ {
		for dx := -1.0; dx <= 1; dx++ {
			sum += p.at(at.plus(u.times(dx * reach / 2)).plus(v.times(dy * reach / 2)))
		}
	}
	return sum / 9
}

// measure returns the finders with their corners, and an estimate of the
// number of modules a side.
func (p plane) measure(t triple) (finders [3]finder, side float64, ok bool) {
	across, down := t.at[1].minus(t.at[0]), t.at[2].minus(t.at[0])
	u, v := across.times(t.module/across.length()), down.times(t.module/down.length())
	for i, middle := range t.at {
		f, ok := p.findCorners(middle, u, v)
		if !ok {
			return finders, 0, false
		}
		// Once more with its own axes, which perspective turns a little.
		c := f.corners
		middle = c[0].plus(c[1]).plus(c[2]).plus(c[3]).times(0.25)
		fu := c[1].minus(c[0]).plus(c[2].minus(c[3])).times(1.0 / 14)
		fv := c[3].minus(c[0]).plus(c[2].minus(c[1])).times(1.0 / 14)
		if finders[i], ok = p.findCorners(middle, fu, fv); !ok {
			return finders, 0, false
		}
	}
	width := func(f finder) float64 {
		return f.corners[0].distance(f.corners[1]) + f.corners[3].distance(f.corners[2])
	}
	height := func(f finder) float64 {
		return f.corners[0].distance(f.corners[3]) + f.corners[1].distance(f.corners[2])
	}
	// Along a line that perspective foreshortens, a length is N times the
	// geometric mean of the module's length at its two ends.
	across2 := across.length() / math.Sqrt(width(finders[0])*width(finders[1])/14/14)
	down2 := down.length() / math.Sqrt(height(finders[0])*height(finders[2])/14/14)
	return finders, (across2+down2)/2 + 7, true
}

// grid lays a code of side modules over the picture: first by the corners of
// the finder patterns, then by each alignment pattern that is found, nearest
// first, since every one makes the guess for the next better.
func (p plane) grid(finders [3]finder, side int) (homography, bool) {
	n := float64(side)
	var pairs []pair
	for i, origin := range [3]vec{{0, 0}, {n - 7, 0}, {0, n - 7}} {
		for j, corner := range [4]vec{{0, 0}, {7, 0}, {7, 7}, {0, 7}} {
			pairs = append(pairs, pair{origin.plus(corner), finders[i].corners[j]})
		}
	}
	h, ok := fit(pairs)
	if !ok {
		return h, false
	}
	wanted := (finders[0].contrast + finders[1].contrast + finders[2].contrast) / 3 / 3
	open := alignments(side)
	for len(open) > 0 {
		next, gap := 0, math.Inf(1)
		for i, m := range open {
			for _, known := range pairs {
				if d := m.distance(known.module); d < gap {
					next, gap = i, d
				}
			}
		}
		m := open[next]
		open = append(open[:next], open[next+1:]...)
		// The further from what is known, the wider the search.
		if at, ok := p.findAlignment(&h, m, min(3, 0.5+gap/12), wanted); ok {
			pairs = append(pairs, pair{m, at})
			better, ok := fit(pairs)
			if !ok {
				return h, false
			}
			h = better
		}
	}
	return h, true
}

// alignments returns the middles of the alignment patterns (annex E), in
// modules. Those that would lie on finder patterns do not exist.
func alignments(side int) []vec {
	version, err := decoder.Version_GetProvisionalVersionForDimension(side)
	if err != nil {
		return nil
	}
	centres := version.GetAlignmentPatternCenters()
	var out []vec
	for i, y := range centres {
		for j, x := range centres {
			last := len(centres) - 1
			if i == 0 && j == 0 || i == 0 && j == last || i == last && j == 0 {
				continue
			}
			out = append(out, vec{float64(x) + 0.5, float64(y) + 0.5})
		}
	}
	return out
}

// findAlignment looks for the alignment pattern at m within reach modules of
// where h puts it: the place where a dark middle, a bright ring and a dark
// ring stand out most, by wanted grey levels at least.
func (p plane) findAlignment(h *homography, m vec, reach float64, wanted int) (vec, bool) {
	at := h.pixel(m)
	u, v := h.pixel(m.plus(vec{1, 0})).minus(at), h.pixel(m.plus(vec{0, 1})).minus(at)
	best, bestScore := at, wanted-1
	for dy := -reach; dy <= reach; dy += 0.25 {
		for dx := -reach; dx <= reach; dx += 0.25 {
			try := at.plus(u.times(dx)).plus(v.times(dy))
			if score := p.ringScore(try, u, v); score > bestScore {
				best, bestScore = try, score
			}
		}
	}
	if bestScore < wanted {
		return vec{}, false
	}
	return p.centroid(best, u, v), true
}

// ringScore compares the bright ring of an alignment pattern with its dark
// parts, at the middles of its 25 modules.
func (p plane) ringScore(at, u, v vec) int {
	bright, dark := 0, 0
	for y := -2; y <= 2; y++ {
		for x := -2; x <= 2; x++ {
			value := p.at(at.plus(u.times(float64(x))).plus(v.times(float64(y))))
			if max(x, -x, y, -y) == 1 {
				bright += value
				continue
			}
			dark += value
		}
	}
	return bright/8 - dark/17
}

// centroid moves at to the middle of the darkness within its bright ring.
func (p plane) centroid(at, u, v vec) vec {
	// The window takes in no part of the dark ring even if at is half a module
	// off, and then moves to where it should be.
	const reach, step = 1, 0.125
	for try := 0; try < 4; try++ {
		brightest := 0
		var values [17 * 17]int
		i := 0
		for y := -1.0; y <= reach; y += step {
			for x := -1.0; x <= reach; x += step {
				values[i] = p.at(at.plus(u.times(x)).plus(v.times(y)))
				brightest = max(brightest, values[i])
				i++
			}
		}
		var sum float64
		var moved vec
		i = 0
		for y := -1.0; y <= reach; y += step {
			for x := -1.0; x <= reach; x += step {
				weight := float64(brightest-values[i]) * float64(brightest-values[i])
				sum += weight
				moved = moved.plus(u.times(x * weight)).plus(v.times(y * weight))
				i++
			}
		}
		if sum == 0 {
			return at
		}
		at = at.plus(moved.times(1 / sum))
	}
	return at
}

// sample judges every module of a code: nine places in each, against the mean
// of the modules within six of it, so that glare and shade do not matter.
func (p plane) sample(h *homography, side int) [][]bool {
	const spread, window = 0.22, 6
	stride := side + 1
	value := make([]int, side*side)
	sums := make([]int, stride*stride) // of all modules above and to the left
	for y := 0; y < side; y++ {
		row := 0
		for x := 0; x < side; x++ {
			m := vec{float64(x) + 0.5, float64(y) + 0.5}
			at := h.pixel(m)
			u := h.pixel(vec{m.x + spread, m.y}).minus(at)
			v := h.pixel(vec{m.x, m.y + spread}).minus(at)
			value[y*side+x] = p.patch(at, u, v, 2)
			row += value[y*side+x]
			sums[(y+1)*stride+x+1] = sums[y*stride+x+1] + row
		}
	}
	out := make([][]bool, side)
	for y := range out {
		out[y] = make([]bool, side)
		top, bottom := max(0, y-window), min(side, y+window+1)
		for x := range out[y] {
			left, right := max(0, x-window), min(side, x+window+1)
			sum := sums[bottom*stride+right] - sums[top*stride+right] - sums[bottom*stride+left] + sums[top*stride+left]
			out[y][x] = value[y*side+x]*(bottom-top)*(right-left) < sum
		}
	}
	return out
}
