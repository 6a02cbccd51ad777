// Package testauthenticator is an authenticator and its browser in software, for
// tests and the demonstration ONLY. Its keys come from a seed that anybody can
// read, it never asks a person, and it lies on demand. A wall keeps it out of
// everything else.
//
// It makes assertions as Web Authentication Level 3 sections 5.8.1.1 and 6.3.3
// describe, in the forms that browsers are known to produce.
package testauthenticator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"heliograph/shared/webauthn"
)

// Authenticator holds one credential.
type Authenticator struct {
	algorithm webauthn.Algorithm
	p256      *ecdsa.PrivateKey
	edwards   ed25519.PrivateKey
	counter   uint32
}

// New makes the credential that a seed gives.
func New(algorithm webauthn.Algorithm, seed [32]byte) (*Authenticator, error) {
	a := &Authenticator{algorithm: algorithm}
	switch algorithm {
	case webauthn.ES256:
		secret := sha256.Sum256(seed[:])
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[:])
		if err != nil {
			return nil, fmt.Errorf("testauthenticator: the seed gives no key: %w", err)
		}
		a.p256 = key
	case webauthn.EdDSA:
		a.edwards = ed25519.NewKeyFromSeed(seed[:])
	default:
		return nil, fmt.Errorf("testauthenticator: algorithm %d is not known", algorithm)
	}
	return a, nil
}

// Key is the public key, as a charter lists it.
func (a *Authenticator) Key() webauthn.Key {
	if a.algorithm == webauthn.EdDSA {
		return webauthn.Key{Algorithm: webauthn.EdDSA, Point: []byte(a.edwards.Public().(ed25519.PublicKey))}
	}
	full, err := a.p256.PublicKey.Bytes()
	if err != nil {
		panic("testauthenticator: internal error: " + err.Error())
	}
	return webauthn.Key{Algorithm: webauthn.ES256, Point: append([]byte{2 + full[64]&1}, full[1:33]...)}
}

// Options are what an assertion has beyond the plain. The zero value is a
// device-bound key, a person present and verified, and client data in the
// canonical order.
type Options struct {
	NotPresent, NotVerified  bool   // flags UP, UV left out
	BackupEligible, BackedUp bool   // flags BE, BS
	MoreFlags                byte   // further flags
	ExtraKey                 bool   // the key that Chromium adds at random
	OtherOrder               bool   // challenge before type, spaces between, as the standard allows
	Type                     string // instead of webauthn.get
	CrossOrigin              bool   // a page inside another one
	TopOrigin                string // where that other one stood
	Tail                     []byte // appended to the authenticator data
}

// Assert signs a challenge for a relying party on a page of an origin.
func (a *Authenticator) Assert(rpID, origin string, challenge [32]byte, o Options) (webauthn.Assertion, error) {
	clientData, err := o.clientData(origin, challenge)
	if err != nil {
		return webauthn.Assertion{}, fmt.Errorf("testauthenticator: %w", err)
	}
	a.counter++
	hash := sha256.Sum256([]byte(rpID))
	data := append(hash[:], o.flags())
	data = binary.BigEndian.AppendUint32(data, a.counter)
	data = append(data, o.Tail...)
	signature, err := a.Sign(data, clientData)
	if err != nil {
		return webauthn.Assertion{}, fmt.Errorf("testauthenticator: %w", err)
	}
	return webauthn.Assertion{AuthenticatorData: data, ClientData: clientData, Signature: signature}, nil
}

// Sign signs any authenticator data and client data, however wrong they are. It
// is deterministic (RFC 6979, RFC 8032).
func (a *Authenticator) Sign(authenticatorData, clientData []byte) ([]byte, error) {
	hash := sha256.Sum256(clientData)
	message := append(append([]byte{}, authenticatorData...), hash[:]...)
	if a.algorithm == webauthn.EdDSA {
		return ed25519.Sign(a.edwards, message), nil
	}
	digest := sha256.Sum256(message)
	return a.p256.Sign(nil, digest[:], crypto.SHA256)
}

func (o Options) flags() byte {
	flags := o.MoreFlags
	for _, f := range []struct {
		set bool
		bit byte
	}{{!o.NotPresent, 1 << 0}, {!o.NotVerified, 1 << 2}, {o.BackupEligible, 1 << 3}, {o.BackedUp, 1 << 4}} {
		if f.set {
			flags |= f.bit
		}
	}
	return flags
}

func (o Options) clientData(origin string, challenge [32]byte) ([]byte, error) {
	kind := o.Type
	if kind == "" {
		kind = "webauthn.get"
	}
	var fields [4][]byte
	for i, text := range []string{kind, base64.RawURLEncoding.EncodeToString(challenge[:]), origin, o.TopOrigin} {
		quoted, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		fields[i] = quoted
	}
	if o.OtherOrder {
		return fmt.Appendf(nil, `{"challenge": %s, "origin": %s, "type": %s}`, fields[1], fields[2], fields[0]), nil
	}
	b := fmt.Appendf(nil, `{"type":%s,"challenge":%s,"origin":%s,"crossOrigin":%t`, fields[0], fields[1], fields[2], o.CrossOrigin)
	if o.TopOrigin != "" {
		b = fmt.Appendf(b, `,"topOrigin":%s`, fields[3])
	}
	if o.ExtraKey {
		b = append(b, `,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"`...)
	}
	return append(b, '}'), nil
}
