package qr

import (
	"math"
	"slices"
)

// Finder patterns (5.3.2) are found in a black and white picture by their
// runs of 1:1:3:1:1 along any line through their middle.

// binary is a picture of ones (black) and zeros.
type binary struct {
	pix  []uint8
	w, h int
}

// binarize calls a pixel black if it is clearly darker than the mean of its
// surroundings, an eighth of the picture's side: wide enough to hold both
// colours anywhere in a code, narrow enough for glare. sums and pix are
// buffers.
func (p plane) binarize(sums []uint32, pix []uint8) (binary, []uint32) {
	const margin = 5 // grey levels, so that noise leaves even ground white
	stride := p.w + 1
	if n := stride * (p.h + 1); cap(sums) < n {
		sums = make([]uint32, n)
	}
	sums = sums[:stride*(p.h+1)]
	clear(sums[:stride])
	for y := 0; y < p.h; y++ {
		above, here := sums[y*stride:(y+1)*stride], sums[(y+1)*stride:(y+2)*stride]
		row := uint32(0)
		here[0] = 0
		for x, v := range p.pix[y*p.w : (y+1)*p.w] {
			row += uint32(v)
			here[x+1] = above[x+1] + row
		}
	}
	if cap(pix) < p.w*p.h {
		pix = make([]uint8, p.w*p.h)
	}
	b := binary{pix[:p.w*p.h], p.w, p.h}
	reach := max(8, min(p.w, p.h)/16)
	for y := 0; y < p.h; y++ {
		top, bottom := max(0, y-reach), min(p.h, y+reach+1)
		above, below := sums[top*stride:(top+1)*stride], sums[bottom*stride:(bottom+1)*stride]
		in, out := p.pix[y*p.w:(y+1)*p.w], b.pix[y*p.w:(y+1)*p.w]
		for x, v := range in {
			left, right := max(0, x-reach), min(p.w, x+reach+1)
			area := uint32((right - left) * (bottom - top))
			// The sum may pass 2^32 in a picture of 16 megapixels; the
			// difference still comes out right.
			sum := below[right] - below[left] - above[right] + above[left]
			out[x] = 0
			if (uint32(v)+margin)*area < sum {
				out[x] = 1
			}
		}
	}
	return b, sums
}

// candidate is where a finder pattern may be.
type candidate struct {
	at     vec
	module float64 // pixels
	seen   int     // on so many scanned rows
}

// maxCandidates bounds the work on a picture full of rings.
const maxCandidates = 64

// candidates scans every other row.
func (b binary) candidates() []candidate {
	var found []candidate
	for y := 1; y < b.h && len(found) < maxCandidates; y += 2 {
		row := b.pix[y*b.w : (y+1)*b.w]
		var runs [5]int // the last five, white first
		colour, length := uint8(0), 0
		for x := 0; x <= b.w; x++ {
			if x < b.w && row[x] == colour {
				length++
				continue
			}
			copy(runs[:], runs[1:])
			runs[4] = length
			if _, ok := ratio(runs); colour == 1 && ok {
				middle := x - runs[4] - runs[3] - (runs[2]+1)/2
				found = b.confirm(found, middle, y)
			}
			colour, length = 1-colour, 1
		}
	}
	return found
}

// ratio tells whether runs are about 1:1:3:1:1, and the module they make.
func ratio(runs [5]int) (module float64, ok bool) {
	total := 0
	for _, n := range runs {
		if n == 0 {
			return 0, false
		}
		total += n
	}
	module = float64(total) / 7
	slack := module/2 + 0.5
	for i, n := range runs {
		want := module
		room := slack
		if i == 2 {
			want, room = 3*module, 2*slack
		}
		if math.Abs(float64(n)-want) > room {
			return 0, false
		}
	}
	return module, total >= 7
}

// through measures the five runs along dx, dy around a black pixel and
// returns the middle of the third, as an offset in steps.
func (b binary) through(x, y, dx, dy int) (runs [5]int, middle float64, ok bool) {
	arm := func(sign int) (lengths [3]int, ok bool) {
		i, want := 0, uint8(1)
		for step := 0; ; step++ {
			if sign > 0 && step == 0 {
				continue // the middle pixel counts once
			}
			px, py := x+sign*step*dx, y+sign*step*dy
			if px < 0 || py < 0 || px >= b.w || py >= b.h {
				return lengths, i == 2
			}
			if b.pix[py*b.w+px] != want {
				if i++; i == 3 {
					return lengths, true
				}
				want = 1 - want
			}
			lengths[i]++
		}
	}
	back, okBack := arm(-1)
	forth, okForth := arm(1)
	runs = [5]int{back[2], back[1], back[0] + forth[0], forth[1], forth[2]}
	return runs, float64(forth[0]-back[0]+1) / 2, okBack && okForth
}

// confirm adds the finder pattern around a black pixel, if its runs are right
// down, across and in one diagonal, or counts it again.
func (b binary) confirm(found []candidate, x, y int) []candidate {
	if x < 0 || b.pix[y*b.w+x] == 0 {
		return found
	}
	runs, dy, ok := b.through(x, y, 0, 1)
	high, right := ratio(runs)
	if !ok || !right {
		return found
	}
	y = min(b.h-1, max(0, y+int(math.Round(dy))))
	if b.pix[y*b.w+x] == 0 {
		return found
	}
	runs, dx, ok := b.through(x, y, 1, 0)
	wide, right := ratio(runs)
	if !ok || !right || wide > 2*high || high > 2*wide {
		return found
	}
	diagonal, _, ok := b.through(x, y, 1, 1)
	if _, right := ratio(diagonal); !ok || !right {
		return found
	}
	c := candidate{vec{float64(x) + 0.5 + dx, float64(y) + 0.5}, (wide + high) / 2, 1}
	for i := range found {
		f := &found[i]
		if f.at.distance(c.at) < 2.5*f.module && c.module < 1.6*f.module && f.module < 1.6*c.module {
			n := float64(f.seen)
			f.at = f.at.times(n).plus(c.at).times(1 / (n + 1))
			f.module = (f.module*n + c.module) / (n + 1)
			f.seen++
			return found
		}
	}
	return append(found, c)
}

// triple is three finder patterns that may belong to one code: top left, top
// right, bottom left, as the code would be read.
type triple struct {
	at      [3]vec
	module  float64
	penalty float64
}

// Only so many candidates, the most often seen, and triples, the best, are
// looked into.
const (
	maxConsidered = 10
	maxTriples    = 8
)

// triples returns the triples of candidates that make about half a square, best
// first.
func triples(found []candidate) []triple {
	slices.SortStableFunc(found, func(a, b candidate) int { return b.seen - a.seen })
	found = found[:min(len(found), maxConsidered)]
	var out []triple
	for i := range found {
		for j := range found {
			for k := j + 1; k < len(found); k++ {
				if i == j || i == k {
					continue
				}
				if t, ok := corner(found[i], found[j], found[k]); ok {
					out = append(out, t)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b triple) int {
		switch {
		case a.penalty < b.penalty:
			return -1
		case a.penalty > b.penalty:
			return 1
		}
		return 0
	})
	return out[:min(len(out), maxTriples)]
}

// corner judges three candidates of which the first would be the top left.
func corner(first, a, b candidate) (triple, bool) {
	u, v := a.at.minus(first.at), b.at.minus(first.at)
	if u.x*v.y-u.y*v.x < 0 {
		a, b, u, v = b, a, v, u
	}
	// A line at an angle through a square is longer than its side.
	slant := max(math.Abs(u.x), math.Abs(u.y)) / u.length()
	module := (first.module + a.module + b.module) / 3 * slant
	// The middles of a finder's neighbours are 14 modules away in the
	// smallest code and 170 in the largest.
	if lu, lv := u.length()/module, v.length()/module; min(lu, lv) < 10 || max(lu, lv) > 220 {
		return triple{}, false
	}
	legs := math.Abs(math.Log(u.length() / v.length()))
	angle := math.Abs(u.dot(v)) / (u.length() * v.length())
	sizes := math.Log(max(first.module, a.module, b.module) / min(first.module, a.module, b.module))
	if legs > 0.5 || angle > 0.4 || sizes > 0.6 {
		return triple{}, false
	}
	return triple{[3]vec{first.at, a.at, b.at}, module, legs + angle + sizes/2}, true
}
