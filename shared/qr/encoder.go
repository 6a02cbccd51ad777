// Package qr carries bytes across an air gap as animated QR codes: bytes to
// texts and back (Encoder, Decoder), texts to pictures and back (Draw,
// Reader).
//
// On the wire it is UR 2 (package ur: bytewords, multi-part fountain code),
// so that ordinary wallet tools can carry and debug it; BBQr (package bbqr)
// is read but not written. Pictures follow ISO/IEC 18004. What this package
// adds is the choice of parts at the sender and Gaussian elimination over the
// same stream at the receiver: K fragments arrive in about K+1.5 readable
// frames whatever is lost, and progress is the exact rank.
//
// It does not know what a message says, whether it is genuine or whom it is
// for; the checksums here find accidents only. A hostile picture or text can
// waste time and a bounded amount of memory, no more.
package qr

import (
	"errors"
	"fmt"
	"hash/crc32"

	"heliograph/shared/qr/ur"
)

// DefaultFragment is the fragment length in bytes with which every frame of a
// message fits a QR code of version 15 at level L: 758 alphanumeric
// characters. Two characters carry a byte, and besides the fragment there are
// up to 15 characters of scheme and type, 16 of sequence and 26 bytes of part
// header and checksum: (758-15-16)/2 - 26 = 337, which leaves one byte over.
const DefaultFragment = 336

// Fragments shorter than MinFragment bytes would be mostly header; longer
// ones than MaxFragment would not fit any QR code.
const (
	MinFragment = 10
	MaxFragment = (ur.MaxText-15-16)/2 - 26
)

// UR types that are written and read here (BCR-2020-006).
const (
	typeBytes = "bytes"
	typePSBT  = "crypto-psbt"
)

// Encoder turns one message into an endless stream of frames. A message that
// fits one fragment is a single UR, the same in every frame. It is not safe
// for concurrent use.
type Encoder struct {
	typ       string
	fragments [][]byte
	length    int    // of the UR message, bytes
	checksum  uint32 // of the UR message
	chooser   *ur.Chooser
	accept    func(degree int) bool
	mixed     []uint32 // sequence numbers after the first pass, in order
	next      uint32   // the sequence number to look at next
}

// NewEncoder prepares message (1 byte to 4 MiB) as `ur:bytes` for a Decoder
// of this package. fragmentLen is the most bytes of message in a frame,
// MinFragment to MaxFragment; DefaultFragment suits most cameras.
func NewEncoder(message []byte, fragmentLen int) (*Encoder, error) {
	e, err := newEncoder(typeBytes, message, fragmentLen)
	if err != nil {
		return nil, err
	}
	// A receiver that eliminates wants parts as close to random subsets as
	// the standard's degrees allow: those of middling degree. With few
	// fragments the bounds take in nearly all.
	k := len(e.fragments)
	low, high := k/4, k-k/4
	e.accept = func(degree int) bool { return degree >= low && degree <= high }
	return e, nil
}

// NewForeignEncoder prepares message as `ur:bytes` for other programs, which
// solve by substitution.
func NewForeignEncoder(message []byte, fragmentLen int) (*Encoder, error) {
	return newForeignEncoder(typeBytes, message, fragmentLen)
}

// NewPSBTEncoder prepares a binary PSBT as `ur:crypto-psbt` for other
// programs.
func NewPSBTEncoder(psbt []byte, fragmentLen int) (*Encoder, error) {
	return newForeignEncoder(typePSBT, psbt, fragmentLen)
}

func newForeignEncoder(typ string, message []byte, fragmentLen int) (*Encoder, error) {
	e, err := newEncoder(typ, message, fragmentLen)
	if err != nil {
		return nil, err
	}
	// The coin tosses must be the same for each call of Frame(i) and need no
	// secrecy: they come from the message's checksum.
	sum := e.checksum
	toss := ur.NewGenerator([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	keep := solitonOverHarmonic(len(e.fragments))
	e.accept = func(degree int) bool { return toss.Float() < keep[degree] }
	return e, nil
}

func newEncoder(typ string, message []byte, fragmentLen int) (*Encoder, error) {
	if fragmentLen < MinFragment || fragmentLen > MaxFragment {
		return nil, fmt.Errorf("qr: fragments of %d bytes: want %d to %d", fragmentLen, MinFragment, MaxFragment)
	}
	if len(message) == 0 {
		return nil, errors.New("qr: an empty message cannot be sent")
	}
	if len(message) > ur.MaxMessage-5 {
		return nil, fmt.Errorf("qr: message of %d bytes: at most %d", len(message), ur.MaxMessage-5)
	}
	wrapped := ur.WrapBytes(message)
	length, err := ur.FragmentLength(len(wrapped), 1, fragmentLen)
	if err != nil {
		return nil, err
	}
	fragments := ur.Partition(wrapped, length)
	if len(fragments) > ur.MaxSeqLen {
		return nil, fmt.Errorf("qr: %d fragments: at most %d, use longer ones", len(fragments), ur.MaxSeqLen)
	}
	chooser, err := ur.NewChooser(len(fragments))
	if err != nil {
		return nil, err
	}
	return &Encoder{
		typ:       typ,
		fragments: fragments,
		length:    len(wrapped),
		checksum:  crc32.ChecksumIEEE(wrapped),
		chooser:   chooser,
		next:      uint32(len(fragments)) + 1,
	}, nil
}

// K returns the number of fragments, which is the least number of frames that
// carry the message.
func (e *Encoder) K() int { return len(e.fragments) }

// Frame returns the text of frame i, from 0: first each fragment once, then
// mixtures. It is upper case and fits alphanumeric mode. The stream repeats
// from its start after 16 K + 1024 frames, which bounds what the encoder
// remembers; nobody who can read frames needs so many. A negative i is a
// programming error and panics.
func (e *Encoder) Frame(i int) string {
	if i < 0 {
		panic("qr: internal error: negative frame")
	}
	k := len(e.fragments)
	if k == 1 {
		return ur.Single(e.typ, e.fragments[0])
	}
	seqNum := uint32(i%(16*k+1024)) + 1
	if int(seqNum) > k {
		seqNum = e.mixture(int(seqNum) - k - 1)
	}
	return ur.Multi(e.typ, ur.Part{
		SeqNum:     seqNum,
		SeqLen:     uint32(k),
		MessageLen: uint32(e.length),
		Checksum:   e.checksum,
		Data:       ur.Mix(e.fragments, e.chooser.Choose(seqNum, e.checksum)),
	})
}

// mixture returns the i-th accepted sequence number beyond the first pass.
// The receiver needs only the standard's rules: each sequence number means
// what it always means, we merely pass over some.
func (e *Encoder) mixture(i int) uint32 {
	for len(e.mixed) <= i {
		if e.accept(e.chooser.Degree(e.next, e.checksum)) {
			e.mixed = append(e.mixed, e.next)
		}
		e.next++
	}
	return e.mixed[i]
}
