package approval

import (
	"errors"
	"fmt"

	"heliograph/shared/charter"
	"heliograph/shared/webauthn"
	"heliograph/shared/wire"
)

// Reason says why a statement is void.
type Reason uint8

// The reasons.
const (
	Malformed         Reason = 1  // decoding would have refused it
	OtherSubject      Reason = 2  // it is about another batch, ballot or wallet
	OtherCharter      Reason = 3  // it was given under another charter
	UnknownPerson     Reason = 4  // nobody in the charter has this name, any more or at all
	UnknownCredential Reason = 5  // the person has no such credential, any more or at all
	WrongCredential   Reason = 6  // programs, whose credentials are of a kind of their own, only draft
	NotVerified       Reason = 7  // the proof does not belong to the statement and the credential
	Repeated          Reason = 8  // the person said it, and that counts
	Expired           Reason = 9  // it held until before the stated time
	Early             Reason = 10 // it was made after the stated time
)

// String is the reason as the end of a sentence.
func (r Reason) String() string {
	switch r {
	case Malformed:
		return "is malformed"
	case OtherSubject:
		return "is for another batch"
	case OtherCharter:
		return "was given under another charter"
	case UnknownPerson:
		return "is by nobody in the charter"
	case UnknownCredential:
		return "was made with a credential that the charter does not list"
	case WrongCredential:
		return "is by a program, which may only draft"
	case NotVerified:
		return "does not verify"
	case Repeated:
		return "is a second one by the same person"
	case Expired:
		return "has expired"
	case Early:
		return "was made after the stated time"
	}
	return fmt.Sprintf("is void for reason %d", uint8(r))
}

// roster is what a charter says of people.
type roster struct {
	charter [32]byte
	web     charter.Web
	people  map[string]charter.Person
}

func newRoster(c charter.Charter) roster {
	d := c.Document()
	r := roster{charter: c.ID(), web: d.Web, people: make(map[string]charter.Person, len(d.People))}
	for _, p := range d.People {
		r.people[p.Name] = p
	}
	return r
}

// judge verifies one statement. It returns either what was given or why it is void.
func (r roster) judge(wallet, subject [32]byte, s Signed) (Given, *Void) {
	void := func(reason Reason, why string) (Given, *Void) {
		return Given{}, &Void{Person: s.Person, Decision: s.Decision, Reason: reason, Why: why}
	}
	if s.check() != nil {
		return void(Malformed, Malformed.String())
	}
	if s.Decision == NotFrozen {
		subject = OfWallet(wallet)
	}
	if s.Subject != subject {
		if s.Decision == NotFrozen {
			return void(OtherSubject, "is for another wallet")
		}
		return void(OtherSubject, OtherSubject.String())
	}
	if s.Charter != r.charter {
		return void(OtherCharter, OtherCharter.String())
	}
	person, ok := r.people[s.Person]
	if !ok {
		return void(UnknownPerson, UnknownPerson.String())
	}
	credential, ok := find(person, s.Credential)
	if !ok {
		return void(UnknownCredential, UnknownCredential.String())
	}
	if person.Machine && s.Decision != Draft {
		return void(WrongCredential, WrongCredential.String())
	}
	if err := r.prove(s.Statement(wallet), credential, s.Proof); err != nil {
		return void(NotVerified, NotVerified.String()+": "+err.Error())
	}
	return Given{Person: person, Decision: s.Decision, Offline: credential.Kind == charter.CredentialOffline, Time: s.Time, Expiry: s.Expiry}, nil
}

func find(p charter.Person, name string) (charter.Credential, bool) {
	for _, c := range p.Credentials {
		if c.Name == name {
			return c, true
		}
	}
	return charter.Credential{}, false
}

// prove checks that a credential made the proof, for this statement. An error
// holds nothing that whoever made the proof could choose. The charter has settled
// that the key fits its kind.
func (r roster) prove(s Statement, c charter.Credential, proof []byte) error {
	if !c.Kind.WebAuthn() {
		if len(proof) != signatureSize || wire.Verify(wire.PublicKey(c.Key), s.Challenge(), [signatureSize]byte(proof)) != nil {
			return errors.New("the signature does not belong to this key and these words")
		}
		return nil
	}
	key := webauthn.Key{Algorithm: webauthn.ES256, Point: c.Key}
	if c.Kind == charter.CredentialEdDSA {
		key.Algorithm = webauthn.EdDSA
	}
	expected := r.expected(s, c.DeviceBound)
	assertion, err := webauthn.Unpack(expected, proof)
	if err == nil {
		err = webauthn.Verify(key, expected, assertion)
	}
	return bare(err)
}

// bare is an error without the name of the package that it comes from, since a
// person reads it. What wraps nothing stays as it is: an error never becomes none.
func bare(err error) error {
	if inside := errors.Unwrap(err); inside != nil {
		return inside
	}
	return err
}

// expected is what an assertion for a statement must have been made for.
func (r roster) expected(s Statement, deviceBound bool) webauthn.Expected {
	return webauthn.Expected{RPID: r.web.RPID, Origins: r.web.Origins, Challenge: s.Challenge(), DeviceBound: deviceBound}
}
