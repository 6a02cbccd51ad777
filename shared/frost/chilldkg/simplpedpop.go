package chilldkg

import (
	"encoding/binary"
	"fmt"

	"heliograph/shared/frost/internal/k256"
)

// SimplPedPop: each participant deals a random polynomial of degree t-1 by
// Feldman's verifiable secret sharing and proves that it knows the constant
// term, so that nobody can choose its own against those of the others.

// dealing is what one participant deals. The shares are secret.
type dealing struct {
	commitment []k256.Point // t points
	pop        [signatureSize]byte
	shares     []*k256.Scalar // n, share i is the value at i+1
}

func (d *dealing) wipe() { wipeAll(d.shares) }

// deal makes a participant's polynomial from a 32-byte seed. The coefficients
// are hashes of the seed, so a retry with equal input deals equal shares.
func deal(seed [32]byte, p Params, participant int, aux [32]byte) (*dealing, error) {
	coefficients := make([]*k256.Scalar, p.T)
	defer wipeAll(coefficients)
	for j := range coefficients {
		h := taggedHash(bipTag+"vss coeffs", seed[:], binary.BigEndian.AppendUint32(nil, uint32(j)))
		c, err := k256.ScalarFromBytes(h[:])
		clear(h[:])
		if err != nil {
			return nil, fmt.Errorf("chilldkg: deal: coefficient %d: %w", j, err)
		}
		coefficients[j] = c
	}
	polynomial, err := k256.NewPolynomial(coefficients)
	if err != nil {
		return nil, fmt.Errorf("chilldkg: deal: %w", err)
	}
	defer polynomial.Wipe()

	d := &dealing{commitment: polynomial.Commit(), shares: make([]*k256.Scalar, len(p.HostKeys))}
	d.pop, err = schnorrSign(popTag, coefficients[0], d.commitment[0], popMessage(participant), aux)
	if err != nil {
		return nil, err
	}
	for i := range d.shares {
		d.shares[i] = polynomial.EvalAt(position(i))
	}
	return d, nil
}

// popMessage is the index of the dealer: a proof cannot be replayed by another.
func popMessage(participant int) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(participant))
}

// position is where participant i's share is evaluated. Position 0 is the secret.
func position(participant int) uint32 { return uint32(participant) + 1 }

// groupKey is all that is public of a threshold key.
type groupKey struct {
	tweak        *k256.Scalar // added to every share; public
	threshold    [pointSize]byte
	publicShares [][pointSize]byte
}

// newGroupKey derives the key from the summed commitment of exactly t points. The
// threshold key is the summed secret's point Q plus hash_TapTweak(x(Q)) * G:
// BIP341's tweak for an empty script tree, so that no participant can have hidden
// a script path in what it dealt.
func newGroupKey(commitment []k256.Point, t, n int) (groupKey, error) {
	if len(commitment) != t {
		return groupKey{}, k256.ErrCommitmentLength
	}
	if commitment[0].IsInfinity() {
		return groupKey{}, ErrDegenerate
	}
	x := commitment[0].XOnly()
	h := taggedHash("TapTweak", x[:])
	tweak, err := k256.ScalarFromBytes(h[:])
	if err != nil {
		return groupKey{}, ErrDegenerate
	}
	tweaked := append([]k256.Point{commitment[0].Add(k256.BasePublic(tweak))}, commitment[1:]...)
	key := groupKey{tweak: tweak, threshold: tweaked[0].Bytes(), publicShares: make([][pointSize]byte, n)}
	if tweaked[0].IsInfinity() {
		return groupKey{}, ErrDegenerate
	}
	for i := range key.publicShares {
		share, err := k256.EvalCommitment(tweaked, t, position(i))
		if err != nil {
			return groupKey{}, err
		}
		if share.IsInfinity() {
			return groupKey{}, ErrDegenerate
		}
		key.publicShares[i] = share.Bytes()
	}
	return key, nil
}

// shareMatches tells whether share (before the tweak) is what the summed
// commitment says of the participant.
func shareMatches(commitment []k256.Point, t, participant int, share *k256.Scalar) bool {
	return k256.VerifyShare(commitment, t, position(participant), share) == nil
}

func wipeAll(scalars []*k256.Scalar) {
	for _, s := range scalars {
		if s != nil {
			s.Wipe()
		}
	}
}
