package webauthn

import (
	"bytes"
	"errors"
)

// scalars is an ECDSA signature on P-256 as r and s, 32 bytes big-endian each.
type scalars [2 * p256Size]byte

const (
	derSequence = 0x30
	derInteger  = 0x02
	maxDER      = 2 + 2*(2+p256Size+1) // bytes: 72
)

var errDER = errors.New("an ECDSA signature that is not in strict DER, or r or s that is not from 1 to n-1")

// fromDER reads Ecdsa-Sig-Value (RFC 3279 section 2.2.3). It takes only what der
// writes, so that a signature has one encoding.
func fromDER(b []byte) (scalars, error) {
	var s scalars
	if len(b) < 2 || len(b) > maxDER {
		return s, errDER
	}
	rest := b[2:]
	for i := range 2 {
		if len(rest) < 2 || int(rest[1]) > len(rest)-2 {
			return s, errDER
		}
		digits := bytes.TrimLeft(rest[2:2+rest[1]], "\x00")
		if len(digits) > p256Size {
			return s, errDER
		}
		copy(s[(i+1)*p256Size-len(digits):], digits)
		rest = rest[2+rest[1]:]
	}
	if !s.valid() || !bytes.Equal(s.der(), b) {
		return s, errDER
	}
	return s, nil
}

func (s scalars) valid() bool { return inRange(s[:p256Size]) && inRange(s[p256Size:]) }

// der writes r and s in DER: the shortest two's complement form of each.
func (s scalars) der() []byte {
	body := make([]byte, 0, maxDER)
	for _, scalar := range [][]byte{s[:p256Size], s[p256Size:]} {
		digits := bytes.TrimLeft(scalar, "\x00")
		if len(digits) == 0 || digits[0]&0x80 != 0 {
			digits = append([]byte{0}, digits...)
		}
		body = append(body, derInteger, byte(len(digits)))
		body = append(body, digits...)
	}
	return append([]byte{derSequence, byte(len(body))}, body...)
}
