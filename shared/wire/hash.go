package wire

import "crypto/sha256"

// TaggedHash is the tagged hash of BIP340 ("Design", tagged hashes):
// SHA256(SHA256(tag) || SHA256(tag) || parts...).
//
// The parts are concatenated without separators. So that no two inputs share a
// preimage, every part but the last must have a fixed length for the tag.
func TaggedHash(tag string, parts ...[]byte) [32]byte {
	prefix := sha256.Sum256([]byte(tag))
	h := sha256.New()
	h.Write(prefix[:])
	h.Write(prefix[:])
	for _, part := range parts {
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}
