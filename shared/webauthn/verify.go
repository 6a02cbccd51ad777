package webauthn

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
)

// Assertion is what an authenticator and its browser return, as they return it.
type Assertion struct {
	AuthenticatorData []byte // 37 bytes
	ClientData        []byte // clientDataJSON
	Signature         []byte // ES256: DER, 8 to 72 bytes; EdDSA: 64 bytes
}

// Expected is what an assertion must have been made for.
type Expected struct {
	RPID        string   // relying party id: a domain
	Origins     []string // where the page may have stood, 1 to 255
	Challenge   [32]byte
	DeviceBound bool // refuse a credential that can be copied
}

func (e Expected) check() error {
	if e.RPID == "" {
		return errors.New("no relying party id is expected")
	}
	if len(e.Origins) == 0 || len(e.Origins) > maxOrigins {
		return fmt.Errorf("%d origins are expected: 1 to %d", len(e.Origins), maxOrigins)
	}
	if slices.Contains(e.Origins, "") {
		return errors.New("an empty origin is expected")
	}
	return nil
}

// Authenticator data without attested credential data and extensions (section
// 6.1): hash of the relying party id, flags, signature counter.
const (
	rpIDHashSize          = sha256.Size
	flagsAt               = rpIDHashSize
	counterAt             = flagsAt + 1
	authenticatorDataSize = counterAt + 4
)

// Flags of authenticator data.
const (
	flagUserPresent    = 1 << 0
	flagUserVerified   = 1 << 2
	flagBackupEligible = 1 << 3
	flagBackedUp       = 1 << 4
	flagsKnown         = flagUserPresent | flagUserVerified | flagBackupEligible | flagBackedUp
)

// Verify checks an assertion by section 7.2 and the package's stricter rules. An
// error says in words that hold nothing of the assertion itself what is wrong.
func Verify(k Key, e Expected, a Assertion) error {
	for _, step := range []func() error{
		e.check,
		func() error { return e.checkClientData(a.ClientData) },
		func() error { return e.checkAuthenticatorData(a.AuthenticatorData) },
		func() error { return k.verify(signedBytes(a), a.Signature) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("webauthn: verifying: %w", err)
		}
	}
	return nil
}

// signedBytes are authenticator data and the hash of the client data. The first
// have a fixed length here, so that the border cannot move.
func signedBytes(a Assertion) []byte {
	hash := sha256.Sum256(a.ClientData)
	return append(append(make([]byte, 0, authenticatorDataSize+sha256.Size), a.AuthenticatorData...), hash[:]...)
}

func (e Expected) checkClientData(b []byte) error {
	c, err := parseClientData(b)
	if err != nil {
		return err
	}
	if c.kind == nil || *c.kind != "webauthn.get" {
		return errors.New("client data of another type than webauthn.get")
	}
	if c.challenge == nil || subtle.ConstantTimeCompare([]byte(*c.challenge), []byte(encodeChallenge(e.Challenge))) != 1 {
		return errors.New("another challenge was signed")
	}
	if c.origin == nil || !slices.Contains(e.Origins, *c.origin) {
		return errors.New("it was made on a page of another origin")
	}
	if c.topOrigin || c.crossOrigin != nil && *c.crossOrigin {
		return errors.New("it was made on a page inside another origin's")
	}
	return nil
}

func (e Expected) checkAuthenticatorData(b []byte) error {
	if len(b) != authenticatorDataSize {
		return fmt.Errorf("authenticator data of %d bytes instead of %d", len(b), authenticatorDataSize)
	}
	if hash := sha256.Sum256([]byte(e.RPID)); [rpIDHashSize]byte(b[:rpIDHashSize]) != hash {
		return errors.New("it was made for another relying party")
	}
	flags := b[flagsAt]
	if flags&^flagsKnown != 0 {
		return errors.New("authenticator data announces attested data, extensions or something reserved")
	}
	if flags&flagUserPresent == 0 {
		return errors.New("nobody was present")
	}
	if flags&flagUserVerified == 0 {
		return errors.New("the authenticator did not verify who was present")
	}
	if flags&flagBackedUp != 0 && flags&flagBackupEligible == 0 {
		return errors.New("authenticator data contradicts itself: backed up, and cannot be")
	}
	if e.DeviceBound && flags&flagBackupEligible != 0 {
		return errors.New("the key can be copied off its device")
	}
	return nil
}
