package webauthn

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
)

// MaxPacked is the length in bytes of the longest packed assertion.
const MaxPacked = packedTailAt + maxClientData

const maxOrigins = 255

// The forms of a packed assertion, its first byte. What the receiver knows is
// left out: the hash of the relying party id and, in the compact forms, the client
// data, which it writes anew.
const (
	formCompactES256  = 1
	formCompactEdDSA  = 2
	formVerbatimES256 = 3
	formVerbatimEdDSA = 4
)

// A packed assertion: form, flags and counter as in the authenticator data, the
// signature as r and s or as EdDSA writes it; then the place of the origin in the
// list, or the client data as they are.
const (
	packedSignatureAt = 1 + authenticatorDataSize - rpIDHashSize
	packedTailAt      = packedSignatureAt + 64
	compactSize       = packedTailAt + 1
)

// Pack returns an assertion in the shorter of its two forms: compact (71 bytes)
// if Unpack can write the client data anew, else verbatim (70 bytes and the client
// data). It refuses what Unpack could not give back unchanged; it does not verify.
func Pack(e Expected, a Assertion) ([]byte, error) {
	b, err := pack(e, a)
	if err != nil {
		return nil, fmt.Errorf("webauthn: packing: %w", err)
	}
	return b, nil
}

func pack(e Expected, a Assertion) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	if len(a.AuthenticatorData) != authenticatorDataSize {
		return nil, fmt.Errorf("authenticator data of %d bytes instead of %d", len(a.AuthenticatorData), authenticatorDataSize)
	}
	if hash := sha256.Sum256([]byte(e.RPID)); !bytes.Equal(a.AuthenticatorData[:rpIDHashSize], hash[:]) {
		return nil, errors.New("it was made for another relying party")
	}
	if len(a.ClientData) == 0 || len(a.ClientData) > maxClientData {
		return nil, fmt.Errorf("client data of %d bytes: 1 to %d", len(a.ClientData), maxClientData)
	}
	compact, verbatim, signature := byte(formCompactES256), byte(formVerbatimES256), a.Signature
	if s, err := fromDER(signature); err == nil {
		signature = s[:]
	} else if len(signature) == ed25519.SignatureSize {
		compact, verbatim = formCompactEdDSA, formVerbatimEdDSA
	} else {
		return nil, errors.New("a signature of neither ES256 nor EdDSA")
	}
	b := make([]byte, 1, packedTailAt+len(a.ClientData))
	b = append(b, a.AuthenticatorData[flagsAt:]...)
	b = append(b, signature...)
	for i, origin := range e.Origins {
		if canonical, ok := canonicalClientData(e.Challenge, origin); ok && bytes.Equal(a.ClientData, canonical) {
			b[0] = compact
			return append(b, byte(i)), nil
		}
	}
	b[0] = verbatim
	return append(b, a.ClientData...), nil
}

// Unpack is the reverse of Pack, for the same Expected. It takes only the bytes
// that Pack returns, at most MaxPacked, and proves nothing: Verify does.
func Unpack(e Expected, b []byte) (Assertion, error) {
	a, err := unpack(e, b)
	if err != nil {
		return Assertion{}, fmt.Errorf("webauthn: unpacking: %w", err)
	}
	return a, nil
}

func unpack(e Expected, b []byte) (Assertion, error) {
	if err := e.check(); err != nil {
		return Assertion{}, err
	}
	if len(b) < compactSize || len(b) > MaxPacked {
		return Assertion{}, fmt.Errorf("%d bytes: %d to %d", len(b), compactSize, MaxPacked)
	}
	hash := sha256.Sum256([]byte(e.RPID))
	a := Assertion{
		AuthenticatorData: append(hash[:], b[1:packedSignatureAt]...),
		Signature:         bytes.Clone(b[packedSignatureAt:packedTailAt]),
		ClientData:        bytes.Clone(b[packedTailAt:]),
	}
	switch b[0] {
	case formCompactES256, formCompactEdDSA:
		place := int(b[packedTailAt])
		if place >= len(e.Origins) {
			return Assertion{}, fmt.Errorf("origin %d of %d", place+1, len(e.Origins))
		}
		canonical, ok := canonicalClientData(e.Challenge, e.Origins[place])
		if !ok {
			return Assertion{}, errors.New("client data of this origin travel as they are")
		}
		a.ClientData = canonical
	case formVerbatimES256, formVerbatimEdDSA:
	default:
		return Assertion{}, fmt.Errorf("form %d is not known", b[0])
	}
	if b[0] == formCompactES256 || b[0] == formVerbatimES256 {
		a.Signature = scalars(a.Signature).der()
	}
	// One form for one assertion: so nothing after a compact one's origin, nothing
	// verbatim that could be compact, no r or s out of range.
	if again, err := pack(e, a); err != nil || !bytes.Equal(again, b) {
		return Assertion{}, errors.New("not the form that packing gives it")
	}
	return a, nil
}
