package qr

import (
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// ErrNoCode says that no code could be read in a picture, which is normal for
// a good part of what a camera sees.
var ErrNoCode = errors.New("qr: reading: no code can be read")

// Reader reads one code from each of a series of pictures. It remembers where
// the last one was and looks there first. The zero value is ready. It is not
// safe for concurrent use.
type Reader struct {
	region image.Rectangle // where the last code was, with room to move; empty if unknown

	// Buffers.
	grey, cropped, halved, binary []uint8
	sums                          []uint32
}

// Read returns the text of the QR code in a single picture.
func Read(img image.Image) (string, error) { return new(Reader).Read(img) }

// Read returns the text of the QR code in img, or ErrNoCode. Pictures under 21
// pixels a side or over 16 megapixels are refused. It keeps no reference to
// img. A hostile picture can make it fail and cost a fraction of a second, no
// more: a panic in the libraries underneath comes back as an error.
func (r *Reader) Read(img image.Image) (text string, err error) {
	defer func() {
		if v := recover(); v != nil {
			r.region = image.Rectangle{}
			text, err = "", fmt.Errorf("qr: reading: the picture broke the reader: %v", v)
		}
	}()
	full, err := planeOf(img, r.grey)
	if err != nil {
		return "", err
	}
	if _, shared := img.(*image.Gray); !shared {
		r.grey = full.pix
	}
	whole := image.Rect(0, 0, full.w, full.h)
	if region := r.region.Intersect(whole); !region.Empty() && region != whole {
		part := full.crop(region, r.cropped)
		r.cropped = part.pix
		if text, found, ok := r.search(part); ok {
			r.region = r.around(found.Add(region.Min))
			return text, nil
		}
	}
	text, found, ok := r.search(full)
	if !ok {
		r.region = image.Rectangle{}
		return "", ErrNoCode
	}
	r.region = r.around(found)
	return text, nil
}

// around adds room for the code to move between two pictures.
func (r *Reader) around(found image.Rectangle) image.Rectangle {
	return found.Inset(-max(found.Dx(), found.Dy()) / 8)
}

// search looks for finder patterns in a picture of half the size first, where
// noise and blur matter less, and then in the picture itself, which small
// modules need.
func (r *Reader) search(p plane) (text string, found image.Rectangle, ok bool) {
	if p.w >= 4*minSide && p.h >= 4*minSide {
		half := p.halve(r.halved)
		r.halved = half.pix
		if text, found, ok = r.searchAt(p, half, 2); ok {
			return text, found, true
		}
	}
	return r.searchAt(p, p, 1)
}

// searchAt looks for finder patterns in seen, which is p reduced by scale, and
// reads the code in p.
func (r *Reader) searchAt(p, seen plane, scale float64) (string, image.Rectangle, bool) {
	bits, sums := seen.binarize(r.sums, r.binary)
	r.sums, r.binary = sums, bits.pix
	for _, t := range triples(bits.candidates()) {
		for i := range t.at {
			t.at[i] = t.at[i].times(scale)
		}
		t.module *= scale
		if text, ok := p.readAt(t); ok {
			return text, extent(t.at), true
		}
	}
	return "", image.Rectangle{}, false
}

// readAt reads the code with the given finder patterns.
func (p plane) readAt(t triple) (string, bool) {
	finders, estimate, ok := p.measure(t)
	if !ok || !(estimate > 17 && estimate < 181) {
		return "", false
	}
	// Sides are 4v+17. The estimate is rarely off by as much as 2, and a
	// wrong side cannot pass the error correction.
	nearest := 17 + 4*math.Round((estimate-17)/4)
	second := nearest + math.Copysign(4, estimate-nearest)
	for _, side := range []int{int(nearest), int(second)} {
		if side < 21 || side > 177 {
			continue
		}
		h, ok := p.grid(finders, side)
		if !ok {
			continue
		}
		bits, err := gozxing.ParseBoolMapToBitMatrix(p.sample(&h, side))
		if err != nil {
			continue
		}
		if text, ok := decode(bits); ok {
			return text, true
		}
	}
	return "", false
}

// decode corrects and reads the bits of a code.
func decode(bits *gozxing.BitMatrix) (string, bool) {
	result, err := decoder.NewDecoder().Decode(bits, nil)
	if err != nil {
		return "", false
	}
	return result.GetText(), result.GetText() != ""
}

// extent returns a box that holds a code with the given finder patterns.
func extent(m [3]vec) image.Rectangle {
	fourth := m[1].plus(m[2]).minus(m[0])
	low, high := fourth, fourth
	for _, v := range m {
		low = vec{min(low.x, v.x), min(low.y, v.y)}
		high = vec{max(high.x, v.x), max(high.y, v.y)}
	}
	// The finders' middles lie up to a seventh of the code inside it.
	room := max(high.x-low.x, high.y-low.y) / 4
	return image.Rect(int(low.x-room), int(low.y-room), int(high.x+room)+1, int(high.y+room)+1)
}
