package approval

import (
	"errors"
	"fmt"

	"heliograph/shared/charter"
	"heliograph/shared/webauthn"
	"heliograph/shared/wire"
)

// MaxSigned is the length in bytes of the longest encoded statement.
const MaxSigned = 4 << 10

// Signed is a statement with the proof that a credential made it. The wallet is
// not in it: who verifies knows it.
type Signed struct {
	Charter    [32]byte `cbor:"1,keyasint"`
	Subject    [32]byte `cbor:"2,keyasint"`
	Decision   Decision `cbor:"3,keyasint"`
	Person     string   `cbor:"4,keyasint"`
	Credential string   `cbor:"5,keyasint"` // name among the person's credentials
	Time       int64    `cbor:"6,keyasint"`
	Expiry     int64    `cbor:"7,keyasint"`
	Proof      []byte   `cbor:"8,keyasint"` // BIP340 signature of the challenge, 64 bytes, or a packed assertion
}

// Encode returns the canonical encoding, at most MaxSigned bytes.
func (s Signed) Encode() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("approval: encode: %w", err)
	}
	b, err := wire.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("approval: encode: %w", err)
	}
	return b, nil
}

// DecodeSigned reads what Encode wrote and nothing else. The proof is not
// verified: Verify does.
func DecodeSigned(b []byte) (Signed, error) {
	var s Signed
	if err := wire.Unmarshal(b, &s, MaxSigned); err != nil {
		return Signed{}, fmt.Errorf("approval: decode: %w", err)
	}
	if err := s.check(); err != nil {
		return Signed{}, fmt.Errorf("approval: decode: %w", err)
	}
	return s, nil
}

const signatureSize = 64

func (s Signed) check() error {
	if err := s.Statement([32]byte{}).checkContent(); err != nil {
		return err
	}
	if err := checkName(s.Credential); err != nil {
		return fmt.Errorf("name of the credential: %w", err)
	}
	if len(s.Proof) < signatureSize || len(s.Proof) > webauthn.MaxPacked {
		return fmt.Errorf("a proof of %d bytes: %d to %d", len(s.Proof), signatureSize, webauthn.MaxPacked)
	}
	return nil
}

// Statement is what was signed, if it was signed for this wallet.
func (s Signed) Statement(wallet [32]byte) Statement {
	return Statement{Wallet: wallet, Charter: s.Charter, Subject: s.Subject, Decision: s.Decision, Person: s.Person, Time: s.Time, Expiry: s.Expiry}
}

func (s Statement) signed(credential string, proof []byte) Signed {
	return Signed{Charter: s.Charter, Subject: s.Subject, Decision: s.Decision, Person: s.Person, Credential: credential, Time: s.Time, Expiry: s.Expiry, Proof: proof}
}

// SignKey signs a statement with the key of an offline reviewing device or of a
// program. aux is fresh randomness for the signature. That the charter lists the
// key under this name is the caller's to know.
func SignKey(s Statement, credential string, key *wire.SigningKey, aux [32]byte) (Signed, error) {
	if err := s.check(); err != nil {
		return Signed{}, fmt.Errorf("approval: sign: %w", err)
	}
	if key == nil {
		return Signed{}, errors.New("approval: sign: no key")
	}
	signature := key.Sign(s.Challenge(), aux)
	out := s.signed(credential, signature[:])
	if err := out.check(); err != nil {
		return Signed{}, fmt.Errorf("approval: sign: %w", err)
	}
	return out, nil
}

// SignWeb makes a signed statement of a WebAuthn assertion for its challenge. It
// refuses what a station would find void: the statement must be of this charter,
// by a credential that it lists, and the assertion must verify.
func SignWeb(c charter.Charter, s Statement, credential string, a webauthn.Assertion) (Signed, error) {
	if err := s.check(); err != nil {
		return Signed{}, fmt.Errorf("approval: sign: %w", err)
	}
	people := newRoster(c)
	person := people.people[s.Person]
	listed, ok := find(person, credential)
	if !ok {
		return Signed{}, errors.New("approval: sign: the charter does not list this person and credential")
	}
	expected := people.expected(s, listed.DeviceBound)
	packed, err := webauthn.Pack(expected, a)
	if err != nil {
		return Signed{}, fmt.Errorf("approval: sign: %w", err)
	}
	out := s.signed(credential, packed)
	if _, void := people.judge(s.Wallet, s.Subject, out); void != nil {
		return Signed{}, fmt.Errorf("approval: sign: the statement %s", void.Why)
	}
	return out, nil
}
