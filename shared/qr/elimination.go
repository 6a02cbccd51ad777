package qr

import (
	"crypto/subtle"
	"errors"
	"hash/crc32"
	"math/bits"

	"heliograph/shared/qr/ur"
)

// equation is a sum of fragments whose value is known: the exclusive or of
// the fragments with their bit in set is data. Its lowest bit is its pivot.
type equation struct {
	set  []uint64
	data []byte
}

// system solves for the fragments of one UR message by Gaussian elimination
// over GF(2). Every equation it keeps is independent of the others, so their
// number is the rank. Memory grows only with what was received: K/8 bytes and
// one fragment for each kept equation, beside about 12 K bytes of tables.
type system struct {
	head      ur.Part // of the first part: SeqLen, MessageLen, Checksum
	length    int     // of a fragment, bytes
	chooser   *ur.Chooser
	equations []equation
	byPivot   []uint16 // 1 + index into equations, 0 for none; 2 bytes times K
	scratch   []uint64
	used      []uint16
}

// newSystem starts on the message to which p, a part that ur.Parse accepted,
// belongs.
func newSystem(p ur.Part) (*system, error) {
	k := int(p.SeqLen)
	chooser, err := ur.NewChooser(k)
	if err != nil {
		return nil, err
	}
	s := &system{head: p, length: len(p.Data), chooser: chooser}
	s.head.Data = nil
	s.byPivot = make([]uint16, k)
	s.scratch = make([]uint64, (k+63)/64)
	return s, nil
}

func (s *system) rank() int  { return len(s.equations) }
func (s *system) k() int     { return int(s.head.SeqLen) }
func (s *system) done() bool { return s.rank() == s.k() }

// add takes in a part of this message and tells whether the rank rose. It
// costs at most rank additions of K bits and, if the part is new, as many of
// a fragment.
func (s *system) add(p ur.Part) bool {
	v := s.scratch
	clear(v)
	for _, i := range s.chooser.Choose(p.SeqNum, p.Checksum) {
		v[i/64] ^= 1 << (i % 64)
	}
	// An equation has no bit below its pivot, so one ascending pass removes
	// every pivot there is: what remains is new.
	s.used = s.used[:0]
	pivot := -1
	for w := range v {
		pending := v[w]
		for pending != 0 {
			bit := bits.TrailingZeros64(pending)
			at := s.byPivot[w*64+bit]
			if at == 0 {
				if pivot < 0 {
					pivot = w*64 + bit
				}
				pending &^= 1 << bit
				continue
			}
			s.used = append(s.used, at-1)
			for j, bitsOf := range s.equations[at-1].set[w:] {
				v[w+j] ^= bitsOf
			}
			pending = v[w] & (^uint64(0) << bit << 1)
		}
	}
	if pivot < 0 {
		return false
	}
	data := append(make([]byte, 0, s.length), p.Data...)
	for _, i := range s.used {
		subtle.XORBytes(data, data, s.equations[i].data)
	}
	s.equations = append(s.equations, equation{set: append([]uint64(nil), v...), data: data})
	s.byPivot[pivot] = uint16(len(s.equations))
	return true
}

// solve returns the message once the rank is K: back substitution from the
// last fragment to the first, then the padding and checksum that tell whether
// all parts were of one message.
func (s *system) solve() ([]byte, error) {
	if !s.done() {
		return nil, errors.New("qr: internal error: solving too early")
	}
	k := s.k()
	for i := k - 1; i >= 0; i-- {
		e := &s.equations[s.byPivot[i]-1]
		for w := i / 64; w < len(e.set); w++ {
			pending := e.set[w]
			if w == i/64 {
				pending &= ^uint64(0) << (i % 64) << 1
			}
			for ; pending != 0; pending &= pending - 1 {
				j := w*64 + bits.TrailingZeros64(pending)
				subtle.XORBytes(e.data, e.data, s.equations[s.byPivot[j]-1].data)
			}
		}
		clear(e.set)
		e.set[i/64] = 1 << (i % 64)
	}
	message := make([]byte, 0, k*s.length)
	for i := 0; i < k; i++ {
		message = append(message, s.equations[s.byPivot[i]-1].data...)
	}
	for _, b := range message[s.head.MessageLen:] {
		if b != 0 {
			return nil, errors.New("qr: parts do not fit together: padding is not zero")
		}
	}
	message = message[:s.head.MessageLen]
	if crc32.ChecksumIEEE(message) != s.head.Checksum {
		return nil, errors.New("qr: parts do not fit together: checksum does not match")
	}
	return message, nil
}
