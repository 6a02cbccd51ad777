package k256

import (
	"errors"
	"fmt"

	"github.com/coinbase/kryptology/pkg/core/curves"
	"github.com/coinbase/kryptology/pkg/sharing"
)

// ErrCommitmentLength reports a commitment that does not have exactly t points.
// A dealer who commits to more raises the threshold in secret, and the coins
// can never be spent.
var ErrCommitmentLength = errors.New("k256: commitment does not have one point per coefficient")

// ErrShare reports a share that is not the committed polynomial's value.
var ErrShare = errors.New("k256: share does not match the commitment")

// Polynomial has t secret coefficients, the constant term first.
type Polynomial struct {
	coefficients []*Scalar
}

// NewPolynomial takes copies of t >= 1 coefficients, the constant term first.
func NewPolynomial(coefficients []*Scalar) (*Polynomial, error) {
	if len(coefficients) == 0 {
		return nil, errors.New("k256: make polynomial: no coefficients")
	}
	p := &Polynomial{coefficients: make([]*Scalar, len(coefficients))}
	for i, c := range coefficients {
		p.coefficients[i] = newScalar(c.Bytes())
	}
	return p, nil
}

// EvalAt returns the value at x. The value at 0 is the secret itself and no
// share: asking for it is a programming error.
func (p *Polynomial) EvalAt(x uint32) *Scalar {
	if x == 0 {
		panic("k256: internal error: EvalAt(0) is the secret")
	}
	k := sharing.Polynomial{Coefficients: make([]curves.Scalar, len(p.coefficients))}
	for i, c := range p.coefficients {
		k.Coefficients[i] = c.kryptology()
	}
	return fromKryptology(k.Evaluate(ScalarFromInt(x).kryptology()), nil)
}

// Commit returns the t points coefficient * G.
func (p *Polynomial) Commit() []Point {
	out := make([]Point, len(p.coefficients))
	for i, c := range p.coefficients {
		out[i] = c.BaseMul()
	}
	return out
}

// Wipe overwrites the coefficients.
func (p *Polynomial) Wipe() {
	for _, c := range p.coefficients {
		c.Wipe()
	}
}

// String hides the coefficients.
func (p *Polynomial) String() string { return "k256.Polynomial(redacted)" }

// GoString hides the coefficients.
func (p *Polynomial) GoString() string { return p.String() }

// Format hides the coefficients from every verb, by value and by pointer.
func (p Polynomial) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// EvalCommitment returns the value at x "in the exponent" of a polynomial with t
// coefficients: the public share that belongs to x. It refuses a commitment of any
// other length before it computes (ErrCommitmentLength). All public, variable time.
func EvalCommitment(commitment []Point, t int, x uint32) (Point, error) {
	if t < 1 || len(commitment) != t {
		return Point{}, fmt.Errorf("%w: %d points, want %d", ErrCommitmentLength, len(commitment), t)
	}
	at := ScalarFromInt(x)
	sum := commitment[t-1]
	for i := t - 2; i >= 0; i-- {
		sum = sum.MulPublic(at).Add(commitment[i])
	}
	return sum, nil
}

// VerifyShare checks that share is the value at x of the committed polynomial
// with t coefficients. Errors: ErrCommitmentLength, ErrShare.
func VerifyShare(commitment []Point, t int, x uint32, share *Scalar) error {
	if x == 0 {
		return fmt.Errorf("%w: position 0 is the secret", ErrShare)
	}
	want, err := EvalCommitment(commitment, t, x)
	if err != nil {
		return err
	}
	if !share.BaseMul().Equal(want) {
		return ErrShare
	}
	return nil
}
