// Package bbqr reads BBQr, the animated QR codes of Coldcard and others, so
// that a PSBT or a transaction can be taken in from them. It writes none.
//
// It follows BBQr.md of coinkite/BBQr. A text is an eight-character header
// and a block:
//
//	B$ ENCODING TYPE TOTAL INDEX block
//
// with TOTAL and INDEX in two digits of base 36 and the encoding H (hex), 2
// (base32) or Z (raw deflate of the whole file, then base32). There is no
// fountain code and no checksum: every block must be seen, and what comes out
// must be judged by whoever parses it.
package bbqr

import (
	"bytes"
	"compress/flate"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

const (
	// MaxText is the length in characters of the longest text: what a QR code
	// of version 40 at level L holds in alphanumeric mode.
	MaxText = 4296

	// MaxParts is the largest number of blocks that two digits of base 36
	// can say.
	MaxParts = 36*36 - 1

	// MaxMessage bounds the file in bytes, after inflation too: a few
	// kilobytes of deflate can unfold to a thousand times their size. The
	// format itself ends at 3.5 MB uncompressed.
	MaxMessage = 4 << 20

	headerLen = 8
)

// ErrSyntax says that a text is no BBQr block at all. A caller that reads
// whatever a camera sees can pass over such texts.
var ErrSyntax = errors.New("bbqr: not a BBQr block")

// Part is one decoded block.
type Part struct {
	Encoding byte // 'H', '2' or 'Z'
	Type     byte // 'P' PSBT, 'T' transaction, 'J', 'C', 'U', 'B'; 'X' is refused
	Total    int  // 1..MaxParts
	Index    int  // 0..Total-1
	Block    []byte
}

// Parse reads one block. Only upper case is BBQr: lower case would not fit
// alphanumeric mode.
func Parse(text string) (Part, error) {
	if len(text) < 2 || text[:2] != "B$" {
		return Part{}, ErrSyntax
	}
	if len(text) > MaxText {
		return Part{}, fmt.Errorf("bbqr: block of %d characters: at most %d", len(text), MaxText)
	}
	if len(text) <= headerLen {
		return Part{}, errors.New("bbqr: block ends in its header")
	}
	total, okTotal := base36(text[4:6])
	index, okIndex := base36(text[6:8])
	if !okTotal || !okIndex || index >= total {
		return Part{}, errors.New("bbqr: header does not count blocks")
	}
	p := Part{Encoding: text[2], Type: text[3], Total: total, Index: index}
	switch p.Type {
	case 'P', 'T', 'J', 'C', 'U', 'B':
	default:
		// X is for programs; other letters are reserved.
		return Part{}, fmt.Errorf("bbqr: file type %q is not read", p.Type)
	}
	block, err := decodeBlock(p.Encoding, text[headerLen:])
	if err != nil {
		return Part{}, err
	}
	p.Block = block
	return p, nil
}

// decodeBlock returns the bytes of one block, and refuses a block that
// encodes them in more than one way.
func decodeBlock(encoding byte, text string) ([]byte, error) {
	switch encoding {
	case 'H':
		block, err := hex.DecodeString(text)
		if err != nil || fmt.Sprintf("%X", block) != text {
			return nil, errors.New("bbqr: block is not upper-case hex")
		}
		return block, nil
	case '2', 'Z':
		// DecodeString passes over line breaks and unused bits; encoding
		// again does not.
		plain := base32.StdEncoding.WithPadding(base32.NoPadding)
		block, err := plain.DecodeString(text)
		if err != nil || plain.EncodeToString(block) != text {
			return nil, errors.New("bbqr: block is not base32 without padding")
		}
		return block, nil
	}
	return nil, fmt.Errorf("bbqr: encoding %q is not known", encoding)
}

func base36(s string) (n int, ok bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			n = n*36 + int(c-'0')
		case 'A' <= c && c <= 'Z':
			n = n*36 + int(c-'A') + 10
		default:
			return 0, false
		}
	}
	return n, true
}

// File collects the blocks of one file. BBQr does not name its files, so
// blocks of two files with equal headers can only be told apart where they
// contradict each other.
type File struct {
	header Part // of the first block: Encoding, Type, Total
	blocks [][]byte
	have   int
	bytes  int
}

// NewFile starts the file to which p belongs. It keeps no block yet.
func NewFile(p Part) *File {
	p.Index, p.Block = 0, nil
	return &File{header: p, blocks: make([][]byte, p.Total)}
}

// Type returns the file's type letter.
func (f *File) Type() byte { return f.header.Type }

// Progress returns the number of blocks held and needed.
func (f *File) Progress() (have, total int) { return f.have, f.header.Total }

// Add keeps a block, and tells whether it was new. It refuses one that cannot
// belong to this file: another header, other content at the same place, or a
// length that differs from the other blocks' (only the last may be shorter).
// A refused block changes nothing.
func (f *File) Add(p Part) (added bool, err error) {
	if p.Encoding != f.header.Encoding || p.Type != f.header.Type || p.Total != f.header.Total {
		return false, errors.New("bbqr: block of another file")
	}
	if held := f.blocks[p.Index]; held != nil {
		if !bytes.Equal(held, p.Block) {
			return false, errors.New("bbqr: block contradicts the one held: start this file again")
		}
		return false, nil
	}
	last := f.header.Total - 1
	for i, held := range f.blocks {
		if held == nil {
			continue
		}
		equal := len(held) == len(p.Block)
		runt := p.Index == last && len(p.Block) < len(held) || i == last && len(held) < len(p.Block)
		if !equal && !runt {
			return false, errors.New("bbqr: block of another length: start this file again")
		}
	}
	if f.bytes+len(p.Block) > MaxMessage {
		return false, fmt.Errorf("bbqr: file is longer than %d bytes", MaxMessage)
	}
	f.blocks[p.Index] = p.Block
	f.have++
	f.bytes += len(p.Block)
	return true, nil
}

// Message returns the file once all blocks are held.
func (f *File) Message() ([]byte, error) {
	if f.have != f.header.Total {
		return nil, fmt.Errorf("bbqr: %d of %d blocks", f.have, f.header.Total)
	}
	joined := bytes.Join(f.blocks, nil)
	if f.header.Encoding != 'Z' {
		return joined, nil
	}
	packed := bytes.NewReader(joined)
	message, err := io.ReadAll(io.LimitReader(flate.NewReader(packed), MaxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("bbqr: inflating: %w", err)
	}
	if len(message) > MaxMessage {
		return nil, fmt.Errorf("bbqr: file inflates to more than %d bytes", MaxMessage)
	}
	// flate reads a bytes.Reader byte by byte, never past its own end.
	if packed.Len() > 0 {
		return nil, errors.New("bbqr: bytes after the compressed file")
	}
	return message, nil
}
