package frost

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"heliograph/shared/frost/internal/k256"
)

// Tags of the hashes (BIP445, "Notation"; the challenge is BIP340's).
const (
	tagAux                = "BIP0445/aux"
	tagNonce              = "BIP0445/nonce"
	tagNonceCoefficient   = "BIP0445/noncecoef"
	tagDeterministicNonce = "BIP0445/deterministic/nonce"
	tagChallenge          = "BIP0340/challenge"
)

// taggedHash starts a tagged hash (BIP340).
func taggedHash(tag string) hash.Hash {
	t := sha256.Sum256([]byte(tag))
	h := sha256.New()
	h.Write(t[:])
	h.Write(t[:])
	return h
}

// scalarOf ends a hash and reads it modulo the group order
// (scalar_from_bytes_wrapping).
func scalarOf(h hash.Hash) *k256.Scalar {
	sum := h.Sum(nil)
	s := k256.ScalarReduce(sum)
	clear(sum)
	return s
}

func write32(h hash.Hash, v int) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(v))
	h.Write(b[:])
}

func write64(h hash.Hash, v int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	h.Write(b[:])
}
