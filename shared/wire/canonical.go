package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// The major types of RFC 8949 section 3.1.
const (
	majorUnsigned = 0
	majorNegative = 1
	majorBytes    = 2
	majorText     = 3
	majorArray    = 4
	majorMap      = 5
	majorTag      = 6
	majorSimple   = 7
)

// scanner walks one encoding without building anything, so that every limit and
// every rule of form is settled before the decoder allocates.
type scanner struct {
	b     []byte
	pos   int
	items int
}

// checkCanonical returns nil if b is exactly one data item in core deterministic
// encoding, made of integers, byte strings, text, arrays, maps, false and true,
// within the limits on depth and number.
func checkCanonical(b []byte) error {
	s := scanner{b: b}
	if err := s.item(0); err != nil {
		return fmt.Errorf("at byte %d: %w", s.pos, err)
	}
	if s.pos != len(b) {
		return fmt.Errorf("at byte %d: %d trailing bytes", s.pos, len(b)-s.pos)
	}
	return nil
}

// item reads one data item. depth is the number of arrays and maps around it.
func (s *scanner) item(depth int) error {
	s.items++
	if s.items > maxItems {
		return fmt.Errorf("more than %d data items", maxItems)
	}
	major, n, err := s.head()
	if err != nil {
		return err
	}
	switch major {
	case majorUnsigned:
		return nil
	case majorNegative:
		// -1-n must be an int64: what lies below would become a big integer.
		if n > math.MaxInt64 {
			return errors.New("integer below -2^63")
		}
		return nil
	case majorBytes:
		_, err := s.take(n)
		return err
	case majorText:
		text, err := s.take(n)
		if err != nil {
			return err
		}
		if !utf8.Valid(text) {
			return errors.New("text that is not UTF-8")
		}
		return nil
	case majorArray:
		return s.array(n, depth+1)
	case majorMap:
		return s.pairs(n, depth+1)
	case majorTag:
		return errors.New("tag")
	}
	const encodedFalse, encodedTrue = 20, 21
	if n != encodedFalse && n != encodedTrue {
		return errors.New("null, undefined, float or unassigned simple value")
	}
	return nil
}

// enter checks the depth and the number of parts that a head announces, before
// any loop or allocation trusts it.
func enter(count uint64, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	if count > maxElements {
		return fmt.Errorf("%d elements are more than the limit of %d", count, maxElements)
	}
	return nil
}

func (s *scanner) array(count uint64, depth int) error {
	if err := enter(count, depth); err != nil {
		return err
	}
	for range count {
		if err := s.item(depth); err != nil {
			return err
		}
	}
	return nil
}

// pairs reads the pairs of a map, whose keys must ascend strictly in the bytewise
// order of their encodings, which rules out duplicates as well.
func (s *scanner) pairs(count uint64, depth int) error {
	if err := enter(count, depth); err != nil {
		return err
	}
	var previous []byte
	for range count {
		start := s.pos
		if err := s.item(depth); err != nil {
			return err
		}
		key := s.b[start:s.pos]
		if major := key[0] >> 5; major != majorUnsigned && major != majorNegative && major != majorText {
			return errors.New("map key that is neither integer nor text")
		}
		switch order := bytes.Compare(previous, key); {
		case order == 0:
			return errors.New("duplicate map key")
		case order > 0:
			return errors.New("map keys out of order")
		}
		previous = key
		if err := s.item(depth); err != nil {
			return err
		}
	}
	return nil
}

var errTruncated = errors.New("truncated")

// head reads the initial byte and argument of an item. Only the shortest form of
// the argument is accepted, and no indefinite length.
func (s *scanner) head() (major byte, argument uint64, err error) {
	initial, err := s.take(1)
	if err != nil {
		return 0, 0, err
	}
	major, info := initial[0]>>5, initial[0]&0x1f
	if info < 24 {
		return major, uint64(info), nil
	}
	if info > 27 {
		return 0, 0, errors.New("indefinite length or reserved form")
	}
	if major == majorSimple {
		return 0, 0, errors.New("null, undefined, float or unassigned simple value")
	}
	width := 1 << (info - 24)
	wide, err := s.take(uint64(width))
	if err != nil {
		return 0, 0, err
	}
	var full [8]byte
	copy(full[8-width:], wide)
	argument = binary.BigEndian.Uint64(full[:])
	// The least argument that needs this width: 24 for one byte, else what the
	// next smaller width cannot hold.
	least := uint64(24)
	if width > 1 {
		least = 1 << (4 * width)
	}
	if argument < least {
		return 0, 0, errors.New("number in a longer form than needed")
	}
	return major, argument, nil
}

// take returns the next n bytes, without copying them.
func (s *scanner) take(n uint64) ([]byte, error) {
	if n > uint64(len(s.b)-s.pos) {
		return nil, errTruncated
	}
	b := s.b[s.pos : s.pos+int(n)]
	s.pos += int(n)
	return b, nil
}
