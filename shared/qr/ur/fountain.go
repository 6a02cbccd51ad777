package ur

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Generator is xoshiro256** with the seeding of BCR-2024-001. It is public
// arithmetic on which sender and receiver must agree, never a source of
// secrets.
type Generator struct{ s [4]uint64 }

// NewGenerator seeds with the SHA-256 of seed, read as four big-endian words.
func NewGenerator(seed []byte) *Generator {
	sum := sha256.Sum256(seed)
	g := &Generator{}
	for i := range g.s {
		g.s[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	return g
}

// Next returns 64 bits.
func (g *Generator) Next() uint64 {
	s := &g.s
	out := bits.RotateLeft64(s[1]*5, 7) * 9
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft64(s[3], 45)
	return out
}

// Float returns Next divided by 2^64. Rounding can make it 1 (once in 2^54):
// callers that index with it must clamp.
func (g *Generator) Float() float64 { return float64(g.Next()) / (1 << 64) }

// Int returns an integer from low to high, both included, with the
// reference's rounding.
func (g *Generator) Int(low, high int) int {
	return min(low+int(g.Float()*float64(high-low+1)), high)
}

// shuffle returns a permutation of 0..n-1 cut to its first count elements, in
// the order in which the reference takes them: each from what remains, by
// position. scratch and out are reused if they are large enough.
func (g *Generator) shuffle(n, count int, scratch, out []uint16) ([]uint16, []uint16) {
	scratch, out = scratch[:0], out[:0]
	for i := 0; i < n; i++ {
		scratch = append(scratch, uint16(i))
	}
	remaining := scratch
	for len(out) < count {
		i := g.Int(0, len(remaining)-1)
		out = append(out, remaining[i])
		remaining = append(remaining[:i], remaining[i+1:]...)
	}
	return scratch, out
}

// sampler draws indices by weight with Walker's alias method, in the order of
// operations of the reference (index lists reversed), on which every bit of
// the result depends.
type sampler struct {
	probs   []float64
	aliases []uint16
}

func newSampler(weights []float64) *sampler {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	n := len(weights)
	p := make([]float64, n)
	var small, large []uint16
	for i := n - 1; i >= 0; i-- {
		p[i] = weights[i] * float64(n) / sum
		if p[i] < 1 {
			small = append(small, uint16(i))
		} else {
			large = append(large, uint16(i))
		}
	}
	s := &sampler{probs: make([]float64, n), aliases: make([]uint16, n)}
	for len(small) > 0 && len(large) > 0 {
		a, g := small[len(small)-1], large[len(large)-1]
		small, large = small[:len(small)-1], large[:len(large)-1]
		s.probs[a], s.aliases[a] = p[a], g
		p[g] += p[a] - 1
		if p[g] < 1 {
			small = append(small, g)
		} else {
			large = append(large, g)
		}
	}
	for _, i := range append(large, small...) {
		s.probs[i] = 1
	}
	return s
}

func (s *sampler) next(g *Generator) int {
	r1, r2 := g.Float(), g.Float()
	i := min(int(float64(len(s.probs))*r1), len(s.probs)-1)
	if r2 < s.probs[i] {
		return i
	}
	return int(s.aliases[i])
}

// Chooser tells which fragments a part of a message with seqLen fragments
// mixes. It is not safe for concurrent use.
type Chooser struct {
	seqLen  int
	degrees *sampler
	scratch []uint16
	chosen  []uint16
}

// NewChooser prepares for messages of seqLen fragments, 1 to MaxSeqLen; other
// numbers are an error. It takes time and space linear in seqLen.
func NewChooser(seqLen int) (*Chooser, error) {
	if seqLen < 1 || seqLen > MaxSeqLen {
		return nil, fmt.Errorf("ur: %d fragments: want 1 to %d", seqLen, MaxSeqLen)
	}
	weights := make([]float64, seqLen)
	for i := range weights {
		weights[i] = 1 / float64(i+1)
	}
	return &Chooser{seqLen: seqLen, degrees: newSampler(weights)}, nil
}

// Degree returns how many fragments a part mixes, at a fraction of the cost
// of Choose.
func (c *Chooser) Degree(seqNum, checksum uint32) int {
	if int64(seqNum) <= int64(c.seqLen) {
		return 1
	}
	return c.degree(partGenerator(seqNum, checksum))
}

// Choose returns the indices (from 0, distinct, in no order) of the fragments
// that a part mixes; seqNum counts from 1. The result is valid until the next
// call.
func (c *Chooser) Choose(seqNum, checksum uint32) []uint16 {
	if int64(seqNum) <= int64(c.seqLen) {
		c.chosen = append(c.chosen[:0], uint16(seqNum-1))
		return c.chosen
	}
	g := partGenerator(seqNum, checksum)
	degree := c.degree(g)
	c.scratch, c.chosen = g.shuffle(c.seqLen, degree, c.scratch, c.chosen)
	return c.chosen
}

func (c *Chooser) degree(g *Generator) int { return c.degrees.next(g) + 1 }

func partGenerator(seqNum, checksum uint32) *Generator {
	var seed [8]byte
	binary.BigEndian.PutUint32(seed[:4], seqNum)
	binary.BigEndian.PutUint32(seed[4:], checksum)
	return NewGenerator(seed[:])
}

// FragmentLength returns the length in bytes of the fragments of a message:
// the shortest that makes as few fragments as fragments of at most longest
// bytes would. Fragments get no shorter than shortest, even if they then are
// longer than longest, as in the reference.
func FragmentLength(messageLen, shortest, longest int) (int, error) {
	if messageLen < 1 || shortest < 1 || longest < shortest || messageLen < shortest {
		return 0, errors.New("ur: message or fragment lengths out of order")
	}
	length := 0
	for count := 1; count <= messageLen/shortest; count++ {
		length = (messageLen + count - 1) / count
		if length <= longest {
			break
		}
	}
	return length, nil
}

// Partition cuts a message into fragments of the given length; the last is
// padded with zeros.
func Partition(message []byte, length int) [][]byte {
	var fragments [][]byte
	for len(message) >= length {
		fragments = append(fragments, message[:length:length])
		message = message[length:]
	}
	if len(message) > 0 {
		fragments = append(fragments, append(make([]byte, 0, length), message...)[:length])
	}
	return fragments
}

// Mix returns the exclusive or of the chosen fragments, all of one length.
func Mix(fragments [][]byte, chosen []uint16) []byte {
	out := make([]byte, len(fragments[0]))
	for _, i := range chosen {
		subtle.XORBytes(out, out, fragments[i])
	}
	return out
}
