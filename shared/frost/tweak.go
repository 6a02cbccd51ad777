package frost

import (
	"heliograph/shared/frost/internal/k256"
)

// TweakContext is the threshold key and the tweaks applied to it (BIP445,
// "Tweaking the Threshold Public Key"; the KeyAgg Context of BIP327). It is a
// value: Apply returns a new one. The zero value is refused by NewSession.
type TweakContext struct {
	key     ThresholdKey // before any tweak
	q       k256.Point   // after them; affine
	negated bool         // gacc is -1
	tacc    k256.Scalar  // public: tweaks are derived from public keys
}

// NewTweakContext starts with no tweak (TweakCtxInit). Error: ErrThresholdKey.
func NewTweakContext(key ThresholdKey) (TweakContext, error) {
	q, err := k256.ParsePoint(key[:])
	if err != nil {
		return TweakContext{}, ErrThresholdKey
	}
	return TweakContext{key: key, q: q}, nil
}

// Apply adds a tweak (ApplyTweak): plain as BIP32 derives unhardened children,
// or x-only as BIP341 tweaks output keys. tweak is a scalar of 32 bytes, big
// endian. Errors: ErrTweakRange, ErrTweakInfinity.
func (c TweakContext) Apply(tweak [32]byte, xonly bool) (TweakContext, error) {
	if c.q.IsInfinity() {
		return TweakContext{}, ErrThresholdKey
	}
	t, err := k256.ScalarFromBytes(tweak[:])
	if err != nil {
		return TweakContext{}, ErrTweakRange
	}
	tacc := &c.tacc
	if xonly && !c.q.HasEvenY() {
		c.q = c.q.Neg()
		c.negated = !c.negated
		tacc = tacc.Neg()
	}
	c.q = c.q.Add(k256.BasePublic(t)).Affine()
	if c.q.IsInfinity() {
		return TweakContext{}, ErrTweakInfinity
	}
	c.tacc = *tacc.Add(t)
	return c, nil
}

// XOnly returns the tweaked key, x-only (GetXonlyPubkey): the key that the
// signature verifies under. The context must come from NewTweakContext.
func (c TweakContext) XOnly() [32]byte { return c.q.XOnly() }

// Plain returns the tweaked key, compressed (GetPlainPubkey).
func (c TweakContext) Plain() [33]byte { return c.q.Bytes() }
