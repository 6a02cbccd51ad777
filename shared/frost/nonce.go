package frost

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"heliograph/shared/frost/internal/k256"
)

// PublicNonce is what a signer publishes of its nonce: 66 bytes, two
// compressed points.
type PublicNonce [66]byte

// AggregateNonce is the sum of the signers' public nonces: 66 bytes, two
// compressed points, each of which may be infinity (33 zero bytes).
type AggregateNonce [66]byte

// SecretNonce is the secret half of a nonce. It signs once: Session.Sign takes
// it out, and every later attempt fails with ErrNonceUsed, from whatever copy
// or goroutine. Three answers on one nonce reveal the share, so there is no way
// to read, copy or store one. Not comparable.
type SecretNonce struct {
	_     [0]func()
	state *nonceState // shared by copies of the struct
}

type nonceState struct {
	used   atomic.Bool // whoever turns it true owns k1 and k2
	k1, k2 *k256.Scalar
}

// NonceInput is what NonceGen mixes into the nonce besides its randomness. All
// of it is optional and all of it is worth giving: each part protects against
// some failure of the randomness.
type NonceInput struct {
	Share        *SecretShare // secshare
	PublicShare  *PublicShare // pubshare
	ThresholdKey *[32]byte    // thresh_pk, x-only, preferably tweaked
	Message      []byte       // msg; counts only with HasMessage
	HasMessage   bool         // the message is known, possibly empty
	ExtraIn      []byte       // extra_in; at most 2^32-1 bytes; nil and empty are the same
}

// NonceGen makes a nonce pair (BIP445, "Nonce Generation"). rand is 32 bytes of
// fresh randomness that serve for this call alone: the same rand with the same
// input gives the same nonce.
func NonceGen(rand [32]byte, in NonceInput) (*SecretNonce, PublicNonce, error) {
	if !in.HasMessage && len(in.Message) != 0 {
		return nil, PublicNonce{}, errors.New("frost: generate nonce: a message without HasMessage")
	}
	if uint64(len(in.ExtraIn)) > math.MaxUint32 {
		return nil, PublicNonce{}, errors.New("frost: generate nonce: extra input is longer than 2^32-1 bytes")
	}
	if in.Share != nil {
		maskWithShare(&rand, in.Share, rand[:])
	}
	k1, k2 := nonceScalar(&rand, in, 0), nonceScalar(&rand, in, 1)
	clear(rand[:])
	return newNonce(k1, k2)
}

// maskWithShare sets out to share XOR H_aux(rand).
func maskWithShare(out *[32]byte, share *SecretShare, rand []byte) {
	h := taggedHash(tagAux)
	h.Write(rand)
	aux := h.Sum(nil)
	d := share.scalar.Bytes()
	subtle.XORBytes(out[:], d[:], aux)
	clear(d[:])
	clear(aux)
}

func nonceScalar(rand *[32]byte, in NonceInput, i byte) *k256.Scalar {
	h := taggedHash(tagNonce)
	h.Write(rand[:])
	if in.PublicShare != nil {
		h.Write([]byte{byte(len(in.PublicShare))})
		h.Write(in.PublicShare[:])
	} else {
		h.Write([]byte{0})
	}
	if in.ThresholdKey != nil {
		h.Write([]byte{byte(len(in.ThresholdKey))})
		h.Write(in.ThresholdKey[:])
	} else {
		h.Write([]byte{0})
	}
	if in.HasMessage {
		h.Write([]byte{1})
		write64(h, len(in.Message))
		h.Write(in.Message)
	} else {
		h.Write([]byte{0})
	}
	write32(h, len(in.ExtraIn))
	h.Write(in.ExtraIn)
	h.Write([]byte{i})
	return scalarOf(h)
}

// newNonce takes ownership of k1 and k2.
func newNonce(k1, k2 *k256.Scalar) (*SecretNonce, PublicNonce, error) {
	if k1.IsZero() || k2.IsZero() {
		return nil, PublicNonce{}, ErrNonceRange
	}
	r1, r2 := k1.BaseMul().Bytes(), k2.BaseMul().Bytes()
	var public PublicNonce
	copy(public[:33], r1[:])
	copy(public[33:], r2[:])
	return &SecretNonce{state: &nonceState{k1: k1, k2: k2}}, public, nil
}

// take hands the scalars out once; the caller wipes them.
func (n *SecretNonce) take() (k1, k2 *k256.Scalar, err error) {
	if n == nil || n.state == nil || !n.state.used.CompareAndSwap(false, true) {
		return nil, nil, ErrNonceUsed
	}
	k1, k2 = n.state.k1, n.state.k2
	n.state.k1, n.state.k2 = nil, nil
	return k1, k2, nil
}

// Wipe overwrites the nonce; it can sign no more. Best effort: the runtime may
// have made copies.
func (n *SecretNonce) Wipe() {
	k1, k2, err := n.take()
	if err != nil {
		return // whoever took it wipes it
	}
	k1.Wipe()
	k2.Wipe()
}

// String hides the nonce.
func (n *SecretNonce) String() string { return "frost.SecretNonce(redacted)" }

// GoString hides the nonce.
func (n *SecretNonce) GoString() string { return n.String() }

// Format hides the nonce from every verb, by value and by pointer.
func (n SecretNonce) Format(f fmt.State, _ rune) { fmt.Fprint(f, n.String()) }

// NonceAgg adds public nonces up (BIP445, "Nonce Aggregation"). ids names the
// signers in the order of nonces, for blame: the error for a nonce that is not
// two points is an *InvalidContribution with the id of its signer.
func NonceAgg(nonces []PublicNonce, ids []int) (AggregateNonce, error) {
	if len(nonces) != len(ids) || len(nonces) == 0 {
		return AggregateNonce{}, fmt.Errorf("%w: %d nonces for %d signers", ErrLength, len(nonces), len(ids))
	}
	var agg AggregateNonce
	for half := range 2 {
		at := half * k256.PointSize
		var sum k256.Point
		for i := range nonces {
			r, err := k256.ParsePoint(nonces[i][at : at+k256.PointSize])
			if err != nil {
				return AggregateNonce{}, &InvalidContribution{ids[i], ContributionPublicNonce}
			}
			sum = sum.Add(r)
		}
		enc := sum.Bytes()
		copy(agg[at:], enc[:])
	}
	return agg, nil
}
