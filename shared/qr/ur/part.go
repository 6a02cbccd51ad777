package ur

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Part is one part of a multi-part UR (BCR-2024-001): the exclusive or of the
// fragments that SeqNum, SeqLen and Checksum choose, and enough about the
// message to know which one it is.
type Part struct {
	SeqNum     uint32 // from 1; up to SeqLen the fragments themselves, beyond it mixtures
	SeqLen     uint32 // number of fragments, K
	MessageLen uint32 // bytes, without the padding of the last fragment
	Checksum   uint32 // CRC-32 of the message
	Data       []byte // one fragment's length
}

// CBOR major types (RFC 8949, section 3.1).
const (
	majorUint  = 0
	majorBytes = 2
	majorArray = 4
)

// CBOR returns the part as a CBOR array of four unsigned integers and a byte
// string, each in its shortest form.
func (p Part) CBOR() []byte {
	out := make([]byte, 0, 1+4*5+5+len(p.Data))
	out = appendHead(out, majorArray, 5)
	out = appendHead(out, majorUint, p.SeqNum)
	out = appendHead(out, majorUint, p.SeqLen)
	out = appendHead(out, majorUint, p.MessageLen)
	out = appendHead(out, majorUint, p.Checksum)
	out = appendHead(out, majorBytes, uint32(len(p.Data)))
	return append(out, p.Data...)
}

// ParsePart reads the CBOR of one part. Data aliases cbor.
//
// It refuses longer forms of integers, trailing bytes, and numbers that
// contradict each other: a message of MessageLen bytes must need exactly
// SeqLen fragments of len(Data) bytes. So a part cannot announce more than
// SeqLen times its own length, and MaxSeqLen bounds that.
func ParsePart(cbor []byte) (Part, error) {
	var p Part
	n, rest, err := readHead(cbor, majorArray)
	if err != nil {
		return Part{}, err
	}
	if n != 5 {
		return Part{}, fmt.Errorf("ur: part with %d elements: want 5", n)
	}
	for _, field := range []*uint32{&p.SeqNum, &p.SeqLen, &p.MessageLen, &p.Checksum} {
		if *field, rest, err = readHead(rest, majorUint); err != nil {
			return Part{}, err
		}
	}
	if n, rest, err = readHead(rest, majorBytes); err != nil {
		return Part{}, err
	}
	if uint64(n) != uint64(len(rest)) {
		return Part{}, fmt.Errorf("ur: part announces %d bytes of data and has %d", n, len(rest))
	}
	p.Data = rest
	return p, p.check()
}

// check holds the numbers against the limits and each other.
func (p Part) check() error {
	if p.SeqNum == 0 || p.SeqLen == 0 || p.MessageLen == 0 || len(p.Data) == 0 {
		return errors.New("ur: part with a zero where none can be")
	}
	if p.SeqLen > MaxSeqLen {
		return fmt.Errorf("ur: part of %d fragments: at most %d", p.SeqLen, MaxSeqLen)
	}
	if p.MessageLen > MaxMessage {
		return fmt.Errorf("ur: part of a message of %d bytes: at most %d", p.MessageLen, MaxMessage)
	}
	length, fragment, k := uint64(p.MessageLen), uint64(len(p.Data)), uint64(p.SeqLen)
	if length > fragment*k || length <= fragment*(k-1) {
		return fmt.Errorf("ur: %d bytes do not make %d fragments of %d", length, k, fragment)
	}
	return nil
}

// WrapBytes returns message as a CBOR byte string: the message of UR types
// `bytes` and `crypto-psbt`. It must be shorter than 2^32 bytes.
func WrapBytes(message []byte) []byte {
	return append(appendHead(make([]byte, 0, 5+len(message)), majorBytes, uint32(len(message))), message...)
}

// UnwrapBytes returns what WrapBytes was given; the result aliases cbor. It
// refuses a longer form of the length, and trailing bytes.
func UnwrapBytes(cbor []byte) ([]byte, error) {
	n, rest, err := readHead(cbor, majorBytes)
	if err != nil {
		return nil, err
	}
	if uint64(n) != uint64(len(rest)) {
		return nil, fmt.Errorf("ur: byte string announces %d bytes and has %d", n, len(rest))
	}
	return rest, nil
}

// appendHead writes the head of a CBOR item in its shortest form.
func appendHead(out []byte, major byte, n uint32) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(out, major|byte(n))
	case n < 1<<8:
		return append(out, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, major|25), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(out, major|26), n)
}

// readHead reads the head of a CBOR item of the given major type, at most 32
// bits wide, and returns what follows it.
func readHead(in []byte, major byte) (n uint32, rest []byte, err error) {
	if len(in) == 0 {
		return 0, nil, errors.New("ur: cbor ends early")
	}
	if in[0]>>5 != major {
		return 0, nil, fmt.Errorf("ur: cbor item of major type %d: want %d", in[0]>>5, major)
	}
	info := in[0] & 31
	if info < 24 {
		return uint32(info), in[1:], nil
	}
	if info > 26 {
		return 0, nil, errors.New("ur: cbor head is wider than 32 bits or indefinite")
	}
	width := 1 << (info - 24)
	if len(in) < 1+width {
		return 0, nil, errors.New("ur: cbor ends early")
	}
	for _, b := range in[1 : 1+width] {
		n = n<<8 | uint32(b)
	}
	least := [...]uint32{24, 1 << 8, 1 << 16}[info-24]
	if n < least {
		return 0, nil, errors.New("ur: cbor integer is not in its shortest form")
	}
	return n, in[1+width:], nil
}
