package chilldkg

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"heliograph/shared/frost/internal/k256"
)

// EncPedPop: shares are encrypted by adding a pad, one ephemeral key (secnonce,
// pubnonce) for all recipients of a dealer. Sums of ciphertexts are ciphertexts of
// sums, which lets an untrusted coordinator add up the shares of everybody.

// sessionSeed derives what a participant deals and encrypts with. The encryption
// nonce comes out of the same seed as the shares: two different sharings are never
// encrypted under one pad, even with a generator that repeats itself.
func sessionSeed(host *HostSecretKey, random [32]byte, p Params) [32]byte {
	secret := host.secret.Bytes()
	defer clear(secret[:])
	return taggedHash(bipTag+"encpedpop seed", secret[:], random[:], p.context())
}

// encryptionNonce derives (secnonce, pubnonce) from the session seed.
func encryptionNonce(seed [32]byte) (*k256.Scalar, [pointSize]byte, error) {
	h := taggedHash(bipTag+"encpedpop secnonce", seed[:])
	defer clear(h[:])
	secnonce, err := k256.ScalarFromBytes(h[:])
	if err != nil || secnonce.IsZero() {
		return nil, [pointSize]byte{}, errors.New("chilldkg: encryption nonce is not in 1..order-1")
	}
	return secnonce, secnonce.BaseMul().Bytes(), nil
}

// encryptShares adds the pad of each recipient to its share.
func encryptShares(host *HostSecretKey, secnonce *k256.Scalar, pubnonce [pointSize]byte, p Params, hostPoints []k256.Point, dealer int, shares []*k256.Scalar) []*k256.Scalar {
	encrypted := make([]*k256.Scalar, len(shares))
	for i, share := range shares {
		var pad *k256.Scalar
		if i == dealer {
			pad = selfPad(host, pubnonce, p, i)
		} else {
			pad = ecdhPad(secnonce, hostPoints[i], pubnonce, p, i)
		}
		encrypted[i] = share.Add(pad)
		pad.Wipe()
	}
	return encrypted
}

// decryptionPads derives the pads that each dealer used for this participant. A
// public nonce that is no point is reported by the index of its dealer.
func decryptionPads(host *HostSecretKey, p Params, participant int, pubnonces [][pointSize]byte) ([]*k256.Scalar, error) {
	pads := make([]*k256.Scalar, len(pubnonces))
	for dealer, pubnonce := range pubnonces {
		if dealer == participant {
			pads[dealer] = selfPad(host, pubnonce, p, participant)
			continue
		}
		point, err := k256.ParsePoint(pubnonce[:])
		if err != nil {
			wipeAll(pads)
			return nil, &FaultyParticipantOrCoordinatorError{dealer, errors.New("public nonce is no point")}
		}
		pads[dealer] = ecdhPad(host.secret, point, pubnonce, p, participant)
	}
	return pads, nil
}

// ecdhPad is the pad between a dealer's nonce and a recipient's host key, from
// either side. It covers the index of the recipient, both keys, the threshold and
// every host key: a ciphertext moved elsewhere decrypts to noise.
func ecdhPad(secret *k256.Scalar, other k256.Point, pubnonce [pointSize]byte, p Params, recipient int) *k256.Scalar {
	point := secret.MulPoint(other).Bytes()
	shared := sha256.Sum256(point[:])
	h := taggedHash(bipTag+"encpedpop ecdh", shared[:], pubnonce[:], p.HostKeys[recipient][:], padContext(p, recipient))
	defer clear(point[:])
	defer clear(shared[:])
	defer clear(h[:])
	return k256.ScalarReduce(h[:])
}

// selfPad is the pad of a dealer to itself.
func selfPad(host *HostSecretKey, pubnonce [pointSize]byte, p Params, recipient int) *k256.Scalar {
	secret := host.secret.Bytes()
	h := taggedHash(bipTag+"encaps_multi self_pad", secret[:], pubnonce[:], padContext(p, recipient))
	defer clear(secret[:])
	defer clear(h[:])
	return k256.ScalarReduce(h[:])
}

func padContext(p Params, recipient int) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(recipient)), p.context()...)
}
