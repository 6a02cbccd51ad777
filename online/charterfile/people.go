package charterfile

import (
	"encoding/hex"
	"slices"

	"gopkg.in/yaml.v3"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// PracticeRPID is the relying party id for which people approve on a network of
// practice, unless the file names another one.
const PracticeRPID = "approve.localhost"

// practiceOrigins are the origins that go with it.
var practiceOrigins = []string{"http://approve.localhost", "https://approve.localhost"}

// credentialKinds are the keys that a person can have, and their lengths in
// bytes.
var credentialKinds = []struct {
	word  string
	kind  charter.CredentialKind
	bytes int
}{
	{"es256", charter.CredentialES256, 33},
	{"eddsa", charter.CredentialEdDSA, 32},
	{"offline", charter.CredentialOffline, 32},
	{"machine", charter.CredentialMachine, 32},
}

// CredentialWord is the key under which a credential of a kind is written.
func CredentialWord(kind charter.CredentialKind) string {
	for _, k := range credentialKinds {
		if k.kind == kind {
			return k.word
		}
	}
	return ""
}

func credentialWords() []string {
	var out []string
	for _, k := range credentialKinds {
		out = append(out, k.word)
	}
	return out
}

// people reads the roster.
func (r *reader) people(n *yaml.Node) []charter.Person {
	var out []charter.Person
	for _, item := range r.list(n, "people, each beginning with - name: NAME") {
		f := r.mapping(item, "a person", "name", "roles", "machine", "credentials")
		p := charter.Person{Roles: f.words("roles", "roles, such as [finance]"), Machine: f.flag("machine")}
		p.Name, _ = f.text("name", "the person's name")
		r.mark(item, "%q", p.Name)
		for _, c := range r.list(f.value["credentials"], "credentials, each beginning with - name: NAME") {
			p.Credentials = append(p.Credentials, r.credential(c))
		}
		out = append(out, p)
	}
	return out
}

func (r *reader) credential(n *yaml.Node) charter.Credential {
	f := r.mapping(n, "a credential", append([]string{"name", "device-bound"}, credentialWords()...)...)
	c := charter.Credential{DeviceBound: f.flag("device-bound")}
	c.Name, _ = f.text("name", "what people call this key, such as blue security key")
	word, key := f.pick(credentialWords(), "heliograph people take prints an offline device's")
	for _, k := range credentialKinds {
		if k.word == word {
			c.Kind, c.Key = k.kind, r.hex(key, word, k.bytes)
		}
	}
	return c
}

// hex reads bytes of a fixed length; 0 is any.
func (r *reader) hex(n *yaml.Node, what string, length int) []byte {
	text := r.scalar(n, "hexadecimal digits")
	if text == "" {
		return nil
	}
	b, err := hex.DecodeString(text)
	switch {
	case err != nil || text != hex.EncodeToString(b):
		r.problem(n, "%s is %q: want hexadecimal digits in small letters", what, shown(n))
	case length > 0 && len(b) != length:
		r.problem(n, "%s has %d bytes: want %d, which are %d hexadecimal digits", what, len(b), length, 2*length)
	}
	return b
}

func (r *reader) publicKey(f fields, key, example string) wire.PublicKey {
	_, n := f.text(key, example)
	var out wire.PublicKey
	if f.value[key] != nil {
		copy(out[:], r.hex(n, key, len(out)))
	}
	return out
}

// web reads for what browsers approve. On a network of practice it may be left
// out.
func (r *reader) web(n *yaml.Node, people []charter.Person) charter.Web {
	if n == nil {
		if !r.base.Network.Practice() || !approveInBrowsers(people) {
			return charter.Web{}
		}
		return charter.Web{RPID: PracticeRPID, Origins: slices.Clone(practiceOrigins)}
	}
	f := r.mapping(n, "web", "rp-id", "origins")
	w := charter.Web{Origins: f.words("origins", "origins, such as [https://approve.example.com]")}
	w.RPID, _ = f.text("rp-id", "a host name used for approvals only, such as approve.example.com")
	r.mark(n, "web")
	r.mark(n, "relying party")
	r.mark(n, "origin")
	return w
}

func approveInBrowsers(people []charter.Person) bool {
	for _, p := range people {
		for _, c := range p.Credentials {
			if c.Kind == charter.CredentialES256 || c.Kind == charter.CredentialEdDSA {
				return true
			}
		}
	}
	return false
}

// prices reads who may state a price.
func (r *reader) prices(n *yaml.Node) []charter.PriceSource {
	var out []charter.PriceSource
	for _, item := range r.list(n, "price sources, each beginning with - name: NAME") {
		f := r.mapping(item, "a price source", "name", "currency", "key")
		var p charter.PriceSource
		p.Name, _ = f.text("name", "who states the price")
		p.Currency, _ = f.text("currency", "three capital letters, such as CHF")
		p.Key = r.publicKey(f, "key", "the BIP340 key that signs its statements, 64 hexadecimal digits")
		r.mark(item, "%q", p.Name)
		out = append(out, p)
	}
	return out
}

// stations gives enrolled stations what people say of them: where they stand and
// who runs them. Keys are never written here.
func (r *reader) stations(n *yaml.Node) []charter.Station {
	out := slices.Clone(r.base.Stations)
	for i := range out {
		out[i].Site, out[i].Entity = "", ""
	}
	seen := make(map[int]bool)
	for _, item := range r.list(n, "stations, each beginning with - number: 0") {
		f := r.mapping(item, "a station", "number", "name", "site", "entity")
		at := f.value["number"]
		if at == nil {
			f.missing("number", "which of the enrolled stations, from 0")
			continue
		}
		if len(out) == 0 {
			r.problem(at, "no station is enrolled yet")
			continue
		}
		before := len(r.problems)
		number := int(r.integer(at, at.Value, "number", "the number of an enrolled station", 0, int64(len(out)-1)))
		if len(r.problems) > before {
			continue
		}
		if seen[number] {
			r.problem(at, "station %d is written twice: keep one", number)
		}
		seen[number] = true
		s := &out[number]
		if f.value["name"] != nil {
			s.Name, _ = f.text("name", "the station's name")
		}
		if f.value["site"] != nil {
			s.Site, _ = f.text("site", "where it stands")
		}
		if f.value["entity"] != nil {
			s.Entity, _ = f.text("entity", "the legal entity that runs it")
		}
		r.mark(item, "station %d", number)
	}
	return out
}
