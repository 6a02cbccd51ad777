package charter

import (
	"slices"

	"heliograph/shared/wire"
)

// Person returns the person of that name.
func (c Charter) Person(name string) (p Person, ok bool) {
	i := slices.IndexFunc(c.doc.People, func(p Person) bool { return p.Name == name })
	if i < 0 {
		return Person{}, false
	}
	return c.doc.People[i].clone(), true
}

// OfflineKey is the key of a reviewing device.
type OfflineKey struct {
	Person     string
	Credential string
	Key        wire.PublicKey
}

// OfflineKeys returns the keys of all reviewing devices, by person, then by the
// name of the credential. A device's place in the list is its number in the
// Keyring.
func (c Charter) OfflineKeys() []OfflineKey {
	var out []OfflineKey
	for _, p := range c.doc.People {
		for _, k := range p.Credentials {
			if k.Kind == CredentialOffline {
				out = append(out, OfflineKey{Person: p.Name, Credential: k.Name, Key: wire.PublicKey(k.Key)})
			}
		}
	}
	return out
}
