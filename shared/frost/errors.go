package frost

import (
	"errors"
	"fmt"
)

// Coordinator is the Signer of an InvalidContribution that the coordinator made.
const Coordinator = -1

// Contribution says which value of a protocol run was invalid, in the words of BIP445.
type Contribution string

// The contributions that BIP445 blames for.
const (
	ContributionPublicNonce         Contribution = "pubnonce"
	ContributionAggregateNonce      Contribution = "aggnonce"
	ContributionAggregateOtherNonce Contribution = "aggothernonce"
	ContributionPartialSignature    Contribution = "psig"
)

// InvalidContribution names who sent an invalid value. It proves a fault of
// that signer only if the value is known to come from the signer, and, for a
// partial signature, if the session was built from NonceAgg of nonces known to come
// from their signers.
type InvalidContribution struct {
	Signer       int // id of the signer, or Coordinator
	Contribution Contribution
}

// Error names the contributor and the value.
func (e *InvalidContribution) Error() string {
	if e.Signer == Coordinator {
		return fmt.Sprintf("frost: invalid %s of the coordinator", e.Contribution)
	}
	return fmt.Sprintf("frost: invalid %s of signer %d", e.Contribution, e.Signer)
}

// Errors that callers or conformance tests tell apart.
var (
	// ErrNonceUsed reports a secret nonce that has signed, or was wiped.
	ErrNonceUsed = errors.New("frost: sign: secret nonce was used before")
	// ErrNonceRange reports a secret nonce whose scalar is zero.
	ErrNonceRange = errors.New("frost: secret nonce is out of range")
	// ErrShareRange reports a secret share that is zero or not below the group order.
	ErrShareRange = errors.New("frost: secret share is out of range")
	// ErrThreshold reports n or t outside 1 <= t <= n <= 128.
	ErrThreshold = errors.New("frost: threshold must be 1 <= t <= n <= 128")
	// ErrSignerCount reports a number of signers outside t..n.
	ErrSignerCount = errors.New("frost: number of signers must be between t and n")
	// ErrLength reports lists that must be of one length and are not.
	ErrLength = errors.New("frost: lists differ in length")
	// ErrSignerID reports a signer id outside 0..n-1.
	ErrSignerID = errors.New("frost: signer id is out of range")
	// ErrDuplicateID reports a signer id that occurs twice.
	ErrDuplicateID = errors.New("frost: signer id occurs twice")
	// ErrPublicShare reports a public share that is not a point.
	ErrPublicShare = errors.New("frost: public share is not a point of the curve")
	// ErrKeyMaterial reports public shares that do not interpolate to the threshold key.
	ErrKeyMaterial = errors.New("frost: public shares do not belong to the threshold key")
	// ErrNotSigner reports an id that is not among the signers of the session.
	ErrNotSigner = errors.New("frost: id is not among the signers")
	// ErrForeignShare reports a secret share that is not the one of the given id.
	ErrForeignShare = errors.New("frost: secret share does not match the public share of the id")
	// ErrThresholdKey reports a threshold key that is not a point.
	ErrThresholdKey = errors.New("frost: threshold key is not a point of the curve")
	// ErrTweakRange reports a tweak that is not below the group order.
	ErrTweakRange = errors.New("frost: tweak is out of range")
	// ErrTweakInfinity reports a tweak that leads to the point at infinity.
	ErrTweakInfinity = errors.New("frost: tweaked key is the point at infinity")
)
