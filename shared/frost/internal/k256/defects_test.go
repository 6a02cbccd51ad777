package k256

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"
	"testing/iotest"

	"github.com/coinbase/kryptology/pkg/core/curves"
	"github.com/coinbase/kryptology/pkg/sharing"
)

// Each test shows a defect of kryptology v1.8.0 and the guard in front of it.
// If one of the first halves fails, kryptology changed and the guard can be
// looked at again; if a second half fails, the guard is gone.

// A dealer of a 2-of-3 key commits to a polynomial of three coefficients. Every
// share verifies, the coins are paid in, and no two signers can ever spend them.
func TestDefectFeldmanTakesLongCommitment(t *testing.T) {
	coefficients := []*Scalar{ScalarFromInt(11), ScalarFromInt(12), ScalarFromInt(13)}
	p, err := NewPolynomial(coefficients)
	if err != nil {
		t.Fatal(err)
	}
	commitment, share := p.Commit(), p.EvalAt(2)

	var theirs sharing.FeldmanVerifier
	for _, c := range commitment {
		theirs.Commitments = append(theirs.Commitments, c.kryptology())
	}
	value := share.Bytes()
	if err := theirs.Verify(&sharing.ShamirShare{Id: 2, Value: value[:]}); err != nil {
		t.Errorf("kryptology refuses now: %v", err)
	}

	if err := VerifyShare(commitment, 2, 2, share); !errors.Is(err, ErrCommitmentLength) {
		t.Errorf("a commitment of 3 in a 2-of-3: %v", err)
	}
	if err := VerifyShare(commitment[:1], 2, 2, share); !errors.Is(err, ErrCommitmentLength) {
		t.Errorf("a commitment of 1 in a 2-of-3: %v", err)
	}
	if _, err := EvalCommitment(nil, 0, 2); !errors.Is(err, ErrCommitmentLength) {
		t.Errorf("an empty commitment: %v", err)
	}
	if err := VerifyShare(commitment, 3, 2, share); err != nil {
		t.Errorf("the honest case: %v", err)
	}
}

// A peer sends a point whose x is not on the curve. kryptology answers with the
// point at infinity and no error, and a sum of keys silently loses a term.
func TestDefectCompressedPointOffTheCurve(t *testing.T) {
	raw, err := hex.DecodeString("020000000000000000000000000000000000000000000000000000000000000005")
	if err != nil {
		t.Fatal(err)
	}
	p, err := curves.K256().Point.FromAffineCompressed(raw)
	if err != nil || !p.IsIdentity() {
		t.Errorf("kryptology refuses now: %v", err)
	}
	if _, err := ParsePoint(raw); err == nil {
		t.Error("ParsePoint accepts x off the curve")
	}
	if _, err := ParsePointOrInfinity(raw); err == nil {
		t.Error("ParsePointOrInfinity accepts x off the curve")
	}
}

// A peer sends coordinates of a weak curve. kryptology multiplies a secret with
// them and the answers reveal it piece by piece.
func TestDefectUncompressedPointOffTheCurve(t *testing.T) {
	raw := make([]byte, 65)
	raw[0], raw[32], raw[64] = 4, 1, 1 // (1, 1)
	p, err := curves.K256().Point.FromAffineUncompressed(raw)
	if err != nil || p.IsOnCurve() {
		t.Errorf("kryptology refuses now: %v", err)
	}
	if _, err := ParsePoint(raw); err == nil {
		t.Error("ParsePoint accepts 65 bytes")
	}
	if _, err := parse(raw); err == nil {
		t.Error("the one door accepts a point off the curve")
	}
}

// The random generator fails. kryptology carries on with zeros and hands out
// the same secret every time. Here nothing reads from a generator:
// randomness comes in as 32 bytes, which the caller read in full.
func TestDefectRandomIgnoresErrors(t *testing.T) {
	broken := iotest.ErrReader(errors.New("no entropy"))
	a, b := curves.K256().Scalar.Random(broken), curves.K256().Scalar.Random(broken)
	if a.Cmp(b) != 0 {
		t.Error("kryptology's scalars from a broken generator differ now")
	}
	short := curves.K256().Scalar.Random(bytes.NewReader([]byte{1}))
	if short == nil || short.IsZero() {
		t.Error("kryptology minds a short read now")
	}
	for name, source := range readSources(t) {
		for _, call := range []string{".Random(", "crypto/rand", "math/rand", "io.Reader", ".Hash("} {
			if bytes.Contains([]byte(source), []byte(call)) {
				t.Errorf("%s uses %s", name, call)
			}
		}
	}
}

// A hash is read as a scalar by the function for wide input, as a challenge
// would be. kryptology reads it the other way round than every other function.
func TestDefectWideBytesAreLittleEndian(t *testing.T) {
	one := make([]byte, 32)
	one[31] = 1 // big endian 1
	wide, err := curves.K256().Scalar.SetBytesWide(append(make([]byte, 32), one...))
	if err != nil || wide.IsOne() {
		t.Errorf("kryptology reads wide bytes big endian now: %v", err)
	}
	if !ScalarReduce(one).Equal(ScalarFromInt(1)) {
		t.Error("ScalarReduce is not big endian")
	}
	n := order.FillBytes(make([]byte, 32))
	if !ScalarReduce(n).IsZero() {
		t.Error("ScalarReduce does not reduce the order to zero")
	}
	top := bytes.Repeat([]byte{0xff}, 32)
	want := new(big.Int).Mod(new(big.Int).SetBytes(top), order)
	if toBig(ScalarReduce(top)).Cmp(want) != 0 {
		t.Error("ScalarReduce of the largest input")
	}
}

// A stored scalar is replaced by a longer text and the program dies while it
// reads its own file.
func TestDefectTextDecoderPanics(t *testing.T) {
	text := []byte("secp256k1:" + hex.EncodeToString(make([]byte, 40)))
	if !panics(func() { _ = new(curves.ScalarK256).UnmarshalText(text) }) {
		t.Error("kryptology survives a long text now")
	}
	for _, length := range []int{0, 1, 31, 33, 40, 64} {
		if _, err := ScalarFromBytes(make([]byte, length)); err == nil {
			t.Errorf("ScalarFromBytes accepts %d bytes", length)
		}
		if !panics(func() { ScalarReduce(make([]byte, length)) }) {
			t.Errorf("ScalarReduce accepts %d bytes", length)
		}
	}
}

// kryptology encodes the point at infinity like a point with x = 0, which is
// not on the curve: a key that vanished would travel on as 33 ordinary bytes.
func TestDefectInfinityEncodesAsAPoint(t *testing.T) {
	enc := curves.K256().NewIdentityPoint().ToAffineCompressed()
	if enc[0] != 2 {
		t.Errorf("kryptology marks infinity now: %x", enc)
	}
	zero := ScalarFromInt(0)
	if !zero.BaseMul().IsInfinity() || zero.BaseMul().Bytes() != [PointSize]byte{} {
		t.Error("0 * G is not infinity")
	}
	if !zero.MulPoint(Generator()).IsInfinity() || !ScalarFromInt(5).MulPoint(Point{}).IsInfinity() {
		t.Error("0 * P or k * infinity is not infinity")
	}
	if !panics(func() { Point{}.XOnly() }) || !panics(func() { Point{}.HasEvenY() }) {
		t.Error("infinity has coordinates")
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
