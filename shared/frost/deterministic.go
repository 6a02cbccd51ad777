package frost

import (
	"errors"

	"heliograph/shared/frost/internal/k256"
)

// DeterministicSign is DeterministicSign of BIP445: the last signer, who
// already knows the aggregate aggOther of all other signers' nonces, derives its
// nonce and signs in one step, and returns its public nonce with the signature.
//
// It is here for conformance only. A station never calls it: it signs from
// nonces that it published ahead, and a derived nonce cannot be burnt.
//
// aggOther is nil if and only if there is one signer; rand is nil or 32 bytes of
// auxiliary randomness. Errors: those of NewSession and Session.Sign, and an
// *InvalidContribution of the Coordinator for aggOther.
func DeterministicSign(share *SecretShare, id int, aggOther *AggregateNonce, s *Signers, tc TweakContext, msg []byte, rand *[32]byte) (PublicNonce, PartialSignature, error) {
	if aggOther == nil && len(s.ids) != 1 {
		return PublicNonce{}, PartialSignature{}, errors.New("frost: sign deterministically: the other signers' nonces are missing")
	}
	if tc.q.IsInfinity() {
		return PublicNonce{}, PartialSignature{}, ErrThresholdKey
	}
	masked := share.scalar.Bytes()
	if rand != nil {
		maskWithShare(&masked, share, rand[:])
	}
	k1 := deterministicScalar(&masked, id, aggOther, s, tc, msg, 0)
	k2 := deterministicScalar(&masked, id, aggOther, s, tc, msg, 1)
	clear(masked[:])
	nonce, public, err := newNonce(k1, k2)
	if err != nil {
		return PublicNonce{}, PartialSignature{}, err
	}
	agg := AggregateNonce(public)
	if aggOther != nil {
		if agg, err = NonceAgg([]PublicNonce{public, PublicNonce(*aggOther)}, []int{id, Coordinator}); err != nil {
			return PublicNonce{}, PartialSignature{}, &InvalidContribution{Coordinator, ContributionAggregateOtherNonce}
		}
	}
	session, err := NewSession(s, agg, tc, msg)
	if err != nil {
		return PublicNonce{}, PartialSignature{}, err
	}
	p, err := session.Sign(nonce, share, id)
	if err != nil {
		return PublicNonce{}, PartialSignature{}, err
	}
	return public, p, nil
}

func deterministicScalar(masked *[32]byte, id int, aggOther *AggregateNonce, s *Signers, tc TweakContext, msg []byte, i byte) *k256.Scalar {
	h := taggedHash(tagDeterministicNonce)
	h.Write(masked[:])
	write32(h, id)
	write32(h, len(s.ids))
	h.Write(s.bytes)
	if aggOther != nil {
		h.Write(aggOther[:])
	}
	q := tc.XOnly()
	h.Write(q[:])
	write64(h, len(msg))
	h.Write(msg)
	h.Write([]byte{i})
	return scalarOf(h)
}
