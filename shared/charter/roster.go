package charter

import (
	"errors"
	"fmt"
	"strings"

	"heliograph/shared/webauthn"
	"heliograph/shared/wire"
)

// keyholders says whose each key is, so that none has two holders.
type keyholders map[string]string

// claim gives a key to a holder, or errs if another has it.
func (k keyholders) claim(key []byte, holder string) error {
	if other, taken := k[string(key)]; taken {
		return fmt.Errorf("it is already the key of %s", other)
	}
	k[string(key)] = holder
	return nil
}

// claimKey is claim for a BIP340 key, which it checks.
func (k keyholders) claimKey(key []byte, holder string) error {
	if _, err := wire.ParsePublicKey(key); err != nil {
		return err
	}
	return k.claim(key, holder)
}

// checkPeople settles the roster and what assertions must be made for.
func (d Document) checkPeople(keys keyholders) error {
	if len(d.People) > MaxPeople {
		return fmt.Errorf("%d people: at most %d", len(d.People), MaxPeople)
	}
	people := make(map[string]bool, len(d.People))
	roles := make(spellings)
	web := false
	for _, p := range d.People {
		if err := checkName(p.Name); err != nil {
			return fmt.Errorf("name of a person: %w", err)
		}
		folded := strings.ToLower(p.Name)
		if people[folded] {
			return fmt.Errorf("two people are called %q (large and small letters count as one)", p.Name)
		}
		people[folded] = true
		if len(p.Roles) > MaxRoles {
			return fmt.Errorf("%q has %d roles: at most %d", p.Name, len(p.Roles), MaxRoles)
		}
		if err := checkNames(p.Roles, "role", roles); err != nil {
			return fmt.Errorf("%q: %w", p.Name, err)
		}
		if err := p.checkCredentials(keys); err != nil {
			return fmt.Errorf("%q: %w", p.Name, err)
		}
		for _, c := range p.Credentials {
			web = web || c.Kind.WebAuthn()
		}
	}
	return d.Web.check(web)
}

func (p Person) checkCredentials(keys keyholders) error {
	if len(p.Credentials) > MaxCredentials {
		return fmt.Errorf("%d credentials: at most %d", len(p.Credentials), MaxCredentials)
	}
	names := make(map[string]bool, len(p.Credentials))
	for _, c := range p.Credentials {
		if err := checkName(c.Name); err != nil {
			return fmt.Errorf("name of a credential: %w", err)
		}
		if folded := strings.ToLower(c.Name); names[folded] {
			return fmt.Errorf("two credentials are called %q (large and small letters count as one)", c.Name)
		}
		names[strings.ToLower(c.Name)] = true
		if err := c.check(); err != nil {
			return fmt.Errorf("credential %q: %w", c.Name, err)
		}
		if p.Machine && c.Kind != CredentialMachine {
			return fmt.Errorf("credential %q is one of people, and %q is a machine: give it the key of a program", c.Name, p.Name)
		}
		if !p.Machine && c.Kind == CredentialMachine {
			return fmt.Errorf("credential %q is the key of a program: list the program as a machine of its own", c.Name)
		}
		if err := keys.claim(c.Key, fmt.Sprintf("%q (%q)", p.Name, c.Name)); err != nil {
			return fmt.Errorf("credential %q: %w; every credential has a key of its own", c.Name, err)
		}
	}
	return nil
}

// WebAuthn reports whether a credential of this kind makes assertions for Web.
func (k CredentialKind) WebAuthn() bool { return k == CredentialES256 || k == CredentialEdDSA }

func (c Credential) check() error {
	want := 32
	switch c.Kind {
	case CredentialES256:
		want = 33
	case CredentialEdDSA, CredentialOffline, CredentialMachine:
	default:
		return fmt.Errorf("kind %d is none of ES256 (1), EdDSA (2), offline device (3), machine (4)", c.Kind)
	}
	if len(c.Key) != want {
		return fmt.Errorf("key of %d bytes: want %d", len(c.Key), want)
	}
	if c.DeviceBound && !c.Kind.WebAuthn() {
		return errors.New("only a WebAuthn credential can be asked to be bound to its device")
	}
	switch c.Kind {
	case CredentialES256:
		if (webauthn.Key{Algorithm: webauthn.ES256, Point: c.Key}).Check() != nil {
			return errors.New("its key is no compressed point of P-256")
		}
		return nil
	case CredentialEdDSA:
		if err := (webauthn.Key{Algorithm: webauthn.EdDSA, Point: c.Key}).Check(); err != nil {
			return fmt.Errorf("its key is no Ed25519 key: %w", err)
		}
		return nil
	}
	_, err := wire.ParsePublicKey(c.Key)
	return err
}

// KeyDigest is what the twelve words of a public key are the fingerprint of:
// people compare them where a key is made and where a charter lists it.
func KeyDigest(key []byte) [32]byte { return wire.TaggedHash("Heliograph/key/v1", key) }

// spellings remembers how names were spelt, by their small letters, so that two
// that a reader takes for one cannot stand beside each other.
type spellings map[string]string

// checkNames accepts sorted names (of what they are called), none twice.
func checkNames(names []string, what string, seen spellings) error {
	for i, name := range names {
		if err := checkName(name); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if i > 0 && names[i-1] == name {
			return fmt.Errorf("%s %q is named twice", what, name)
		}
		if err := seen.add(name, what); err != nil {
			return err
		}
	}
	return nil
}

func (s spellings) add(name, what string) error {
	folded := strings.ToLower(name)
	if other, ok := s[folded]; ok && other != name {
		return fmt.Errorf("%s %q is also spelt %q: spell it alike everywhere", what, name, other)
	}
	s[folded] = name
	return nil
}
