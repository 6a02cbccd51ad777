// Package ur encodes bytes as Uniform Resources, the text inside an animated
// QR code, and reads them back.
//
// It follows BCR-2020-005 (UR: path, types, multi-part form), BCR-2020-012
// (bytewords) and BCR-2024-001 (the multi-part fountain code: xoshiro256**,
// alias sampling of degrees, choice of fragments). A text is either
//
//	ur:TYPE/BYTEWORDS                 one part: the message itself
//	ur:TYPE/SEQ-LEN/BYTEWORDS         one part of many: CBOR [seqNum, seqLen, messageLen, checksum, data]
//
// A message here is the CBOR of the type, as the standard has it; what it
// means is not known to this package. Nor does it collect parts: package qr
// above it chooses what to send and solves for what was sent. The checksums
// of this format are CRC-32: they find accidents, never an adversary.
package ur

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// Limits, checked before anything is allocated for a part.
const (
	// MaxMessage is the longest message in bytes, its CBOR head included. A
	// batch of 500 inputs takes about 62 kB; 4 MiB leaves room and can still
	// be held several times over by a small machine.
	MaxMessage = 4 << 20

	// MaxSeqLen is the largest number of fragments. It bounds what a single
	// part can make a receiver set aside (the degree table, 10 bytes for each
	// fragment) and the square of it, in bits, bounds the elimination
	// (8 MiB). 4 MiB take 8,192 fragments of 512 bytes.
	MaxSeqLen = 8192

	// MaxText is the length in characters of the longest text: what a QR code
	// of version 40 at level L holds in alphanumeric mode.
	MaxText = 4296

	// maxType is the longest type name in characters. The longest registered
	// one is under 30.
	maxType = 32
)

// ErrSyntax says that a text is no UR at all: it lacks the scheme. A caller
// that reads whatever a camera sees can pass over such texts.
var ErrSyntax = errors.New("ur: not a UR")

// Single returns the one-part UR of a message in upper case, the form that a
// QR code stores in alphanumeric mode.
func Single(typ string, message []byte) string {
	return strings.ToUpper("ur:" + typ + "/" + EncodeBytewords(Minimal, message))
}

// Multi returns the UR of one part in upper case.
func Multi(typ string, p Part) string {
	return strings.ToUpper("ur:" + typ + "/" + seqPath(p) + "/" + EncodeBytewords(Minimal, p.CBOR()))
}

// Parse reads either form in any case and returns the type in lower case. A
// one-part text comes back as the only part of its message, so that a
// receiver needs one path for both: SeqNum and SeqLen 1, MessageLen and
// Checksum computed.
//
// It refuses a text longer than MaxText, a path whose sequence differs from
// the one in the CBOR, and whatever DecodeBytewords and ParsePart refuse.
func Parse(text string) (typ string, p Part, err error) {
	if len(text) > MaxText {
		return "", Part{}, fmt.Errorf("ur: text of %d characters: at most %d", len(text), MaxText)
	}
	if len(text) < 3 || !strings.EqualFold(text[:3], "ur:") {
		return "", Part{}, ErrSyntax
	}
	// strings.ToLower would turn the Kelvin sign into a k; only ASCII folds.
	folded := []byte(text[3:])
	for i, c := range folded {
		folded[i] = lower(c)
	}
	fields := strings.Split(string(folded), "/")
	if err := checkType(fields[0]); err != nil {
		return "", Part{}, err
	}
	switch len(fields) {
	case 2:
		message, err := DecodeBytewords(Minimal, fields[1])
		if err != nil {
			return "", Part{}, err
		}
		return fields[0], Part{
			SeqNum: 1, SeqLen: 1,
			MessageLen: uint32(len(message)),
			Checksum:   crc32.ChecksumIEEE(message),
			Data:       message,
		}, nil
	case 3:
		cbor, err := DecodeBytewords(Minimal, fields[2])
		if err != nil {
			return "", Part{}, err
		}
		p, err := ParsePart(cbor)
		if err != nil {
			return "", Part{}, err
		}
		// The path is for people and for relays; comparing the one spelling
		// also refuses signs, leading zeros and overflow.
		if fields[1] != seqPath(p) {
			return "", Part{}, errors.New("ur: path and part disagree on the sequence")
		}
		return fields[0], p, nil
	}
	return "", Part{}, fmt.Errorf("ur: %d path components: want 2 or 3", len(fields))
}

func seqPath(p Part) string {
	return strconv.FormatUint(uint64(p.SeqNum), 10) + "-" + strconv.FormatUint(uint64(p.SeqLen), 10)
}

// checkType accepts a UR type: letters, digits and hyphens (BCR-2020-005,
// "UR Types").
func checkType(s string) error {
	if len(s) == 0 || len(s) > maxType {
		return fmt.Errorf("ur: type of %d characters: want 1 to %d", len(s), maxType)
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return errors.New("ur: type with a character other than letters, digits and hyphen")
		}
	}
	return nil
}
