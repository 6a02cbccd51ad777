package qr

import (
	"errors"
	"fmt"
	"image"

	"github.com/skip2/go-qrcode"
)

const (
	// DefaultVersion is the largest QR version that Draw makes: 77 by 77
	// modules and 758 alphanumeric characters at level L. Larger ones are
	// read less often by plain cameras, which costs more than they carry.
	DefaultVersion = 15

	// quietZone is the white margin in modules (ISO/IEC 18004, 5.3.8).
	quietZone = 4

	// maxModulePx keeps the largest picture (185 modules) under 9 megapixels.
	maxModulePx = 16
)

// Draw returns text as a QR code of the smallest version that holds it, at
// most DefaultVersion, and level L. Each module is a square of modulePx by
// modulePx pixels (1 to 16), black on white, with a quiet zone of 4 modules.
// Upper-case UR and BBQr texts are stored in alphanumeric mode.
func Draw(text string, modulePx int) (*image.Gray, error) {
	return DrawVersion(text, 0, modulePx)
}

// DrawVersion is Draw with a QR version from 1 to 40, or 0 for the smallest up
// to DefaultVersion. The frames of one message look steadier in one version.
func DrawVersion(text string, version, modulePx int) (*image.Gray, error) {
	if modulePx < 1 || modulePx > maxModulePx {
		return nil, fmt.Errorf("qr: drawing: modules of %d pixels: want 1 to %d", modulePx, maxModulePx)
	}
	if text == "" {
		return nil, errors.New("qr: drawing: no text")
	}
	var code *qrcode.QRCode
	var err error
	if version == 0 {
		code, err = qrcode.New(text, qrcode.Low)
	} else {
		code, err = qrcode.NewWithForcedVersion(text, version, qrcode.Low)
	}
	if err != nil {
		return nil, fmt.Errorf("qr: drawing: %w", err)
	}
	if version == 0 && code.VersionNumber > DefaultVersion {
		return nil, fmt.Errorf("qr: drawing: %d characters need version %d: at most %d", len(text), code.VersionNumber, DefaultVersion)
	}
	code.DisableBorder = true
	return paint(code.Bitmap(), modulePx), nil
}

// paint turns modules into pixels: one row of pixels for each row of modules,
// copied modulePx times.
func paint(modules [][]bool, modulePx int) *image.Gray {
	side := (len(modules) + 2*quietZone) * modulePx
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	margin := quietZone * modulePx
	for y, row := range modules {
		first := img.Pix[(margin+y*modulePx)*img.Stride:][:side]
		for x, black := range row {
			if black {
				clear(first[margin+x*modulePx:][:modulePx])
			}
		}
		for i := 1; i < modulePx; i++ {
			copy(img.Pix[(margin+y*modulePx+i)*img.Stride:][:side], first)
		}
	}
	return img
}
