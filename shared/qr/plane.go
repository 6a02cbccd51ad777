package qr

import (
	"fmt"
	"image"
	"image/color"
)

// Limits on a picture: 16 megapixels hold any camera's video frame, and a
// narrow one cannot hold a code.
const (
	maxPixels = 16 << 20
	minSide   = 21
)

// plane is a grey picture without padding between its rows.
type plane struct {
	pix  []uint8
	w, h int
}

// planeOf returns the luminance of img. It shares the pixels of an
// image.Gray that has no padding and copies everything else, into buffer if
// that is large enough.
func planeOf(img image.Image, buffer []uint8) (plane, error) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w < minSide || h < minSide || w > maxPixels/h {
		return plane{}, fmt.Errorf("qr: reading: picture of %d by %d pixels: want %d a side and at most %d in all", w, h, minSide, maxPixels)
	}
	grey, ok := img.(*image.Gray)
	if ok && grey.Stride == w {
		from := grey.PixOffset(b.Min.X, b.Min.Y)
		return plane{grey.Pix[from : from+w*h], w, h}, nil
	}
	if cap(buffer) < w*h {
		buffer = make([]uint8, w*h)
	}
	p := plane{buffer[:w*h], w, h}
	for y := 0; y < h; y++ {
		row := p.pix[y*w : (y+1)*w]
		switch img := img.(type) {
		case *image.Gray:
			copy(row, img.Pix[img.PixOffset(b.Min.X, b.Min.Y+y):])
		case *image.YCbCr:
			copy(row, img.Y[img.YOffset(b.Min.X, b.Min.Y+y):])
		case *image.RGBA:
			greyRow(row, img.Pix[img.PixOffset(b.Min.X, b.Min.Y+y):])
		case *image.NRGBA:
			// Transparency is not looked at: a camera has none.
			greyRow(row, img.Pix[img.PixOffset(b.Min.X, b.Min.Y+y):])
		default:
			for x := range row {
				row[x] = color.GrayModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.Gray).Y
			}
		}
	}
	return p, nil
}

// greyRow converts four bytes a pixel with the weights of JFIF.
func greyRow(row, pix []uint8) {
	for x := range row {
		c := pix[4*x : 4*x+3 : 4*x+3]
		row[x] = uint8((19595*uint32(c[0]) + 38470*uint32(c[1]) + 7471*uint32(c[2]) + 1<<15) >> 16)
	}
}

// at returns the pixel that covers the place v; the picture's edge continues
// for ever.
func (p plane) at(v vec) int {
	x, y := min(p.w-1, max(0, int(v.x))), min(p.h-1, max(0, int(v.y)))
	return int(p.pix[y*p.w+x])
}

// crop copies a part of the plane.
func (p plane) crop(r image.Rectangle, buffer []uint8) plane {
	r = r.Intersect(image.Rect(0, 0, p.w, p.h))
	w, h := r.Dx(), r.Dy()
	if cap(buffer) < w*h {
		buffer = make([]uint8, w*h)
	}
	out := plane{buffer[:w*h], w, h}
	for y := 0; y < h; y++ {
		copy(out.pix[y*w:(y+1)*w], p.pix[(r.Min.Y+y)*p.w+r.Min.X:])
	}
	return out
}

// halve averages squares of 2 by 2 pixels.
func (p plane) halve(buffer []uint8) plane {
	w, h := p.w/2, p.h/2
	if cap(buffer) < w*h {
		buffer = make([]uint8, w*h)
	}
	out := plane{buffer[:w*h], w, h}
	for y := 0; y < h; y++ {
		upper, lower := p.pix[2*y*p.w:][:p.w], p.pix[(2*y+1)*p.w:][:p.w]
		row := out.pix[y*w:][:w]
		for x := range row {
			row[x] = uint8((int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1]) + 2) >> 2)
		}
	}
	return out
}
