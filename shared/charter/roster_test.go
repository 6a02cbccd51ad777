package charter

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/webauthn"
	"heliograph/shared/wire"
)

func TestPeopleRefuse(t *testing.T) {
	ada := func(change func(*Person)) func(*Document) { return func(d *Document) { change(&d.People[0]) } }
	checkRefusals(t, []refusal{
		{"201 people", func(d *Document) { d.People = make([]Person, 201) }},
		{"name of a person", ada(func(p *Person) { p.Name = "" })},
		{`two people are called "Ben"`, ada(func(p *Person) { p.Name = "BEN" })},
		{`"Ada" has 9 roles`, ada(func(p *Person) { p.Roles = strings.Split("a b c d e f g h i", " ") })},
		{`"Ada": role: 0 bytes`, ada(func(p *Person) { p.Roles = []string{""} })},
		{`role "finance" is named twice`, ada(func(p *Person) { p.Roles = []string{"finance", "finance"} })},
		{`role "finance" is also spelt "Finance"`, ada(func(p *Person) { p.Roles = []string{"Finance", "officer"} })},
		{"9 credentials", ada(func(p *Person) { p.Credentials = make([]Credential, 9) })},
		{"name of a credential", ada(func(p *Person) { p.Credentials[0].Name = "a\nb" })},
		{`two credentials are called "tablet"`, ada(func(p *Person) { p.Credentials[0].Name = "TABLET" })},
		{"kind 5 is none of", ada(func(p *Person) { p.Credentials[0].Kind = 5 })},
		{"kind 0 is none of", ada(func(p *Person) { p.Credentials[0].Kind = 0 })},
		{"key of 32 bytes: want 33", ada(func(p *Person) { p.Credentials[0].Key = p.Credentials[0].Key[1:] })},
		{"key of 33 bytes: want 32", ada(func(p *Person) { p.Credentials[1].Key = es256(3) })},
		{"key of 0 bytes", ada(func(p *Person) { p.Credentials[1].Key = nil })},
		{"only a WebAuthn credential", ada(func(p *Person) { p.Credentials[1].DeviceBound = true })},
		{"no compressed point of P-256", ada(func(p *Person) { p.Credentials[0].Key[0] = 4 })},
		{"no compressed point of P-256", ada(func(p *Person) { p.Credentials[0].Key = append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...) })},
		{`credential "tablet": wire: public key`, ada(func(p *Person) { p.Credentials[1].Key = make([]byte, 32) })},
		{"no Ed25519 key", func(d *Document) { d.People[1].Credentials[0].Key = bytes.Repeat([]byte{0xff}, 32) }},
		{`"tablet" is one of people, and "Ada" is a machine`, ada(func(p *Person) { p.Machine, p.Credentials = true, p.Credentials[1:] })},
		{`"server" is the key of a program`, func(d *Document) { d.People[5].Machine = false }},
		{`it is already the key of "Ada" ("tablet")`, func(d *Document) { d.People[2].Credentials[0].Key = bip340(t, 101) }},
		{`it is already the key of "Ada" ("blue key")`, ada(func(p *Person) { p.Credentials[1].Kind, p.Credentials[1].Key = CredentialES256, es256(1) })},
		{"it is already the key of station 1", func(d *Document) { d.People[2].Credentials[0].Key = bip340(t, 1) }},
		{"it is already the key of the coordinator", func(d *Document) { d.People[5].Credentials[0].Key = bip340(t, 99) }},

		{"name the relying party id", func(d *Document) { d.Web = Web{} }},
		{`relying party id ""`, func(d *Document) { d.Web.RPID = "" }},
		{"0 origins", func(d *Document) { d.Web.Origins = nil }},
		{"9 origins", func(d *Document) { d.Web.Origins = make([]string, 9) }},
		{"is named twice", func(d *Document) { d.Web.Origins[1] = d.Web.Origins[0] }},
		{"station 1: site: ", func(d *Document) { d.Stations[1].Site = "a  b" }},
		{`site "ZÜRICH" is also spelt "Zürich"`, func(d *Document) { d.Stations[2].Site = "ZÜRICH" }},
		{`legal entity "helio AG" is also spelt "Helio AG"`, func(d *Document) { d.Stations[1].Entity = "helio AG" }},
	})
}

func TestRelyingParty(t *testing.T) {
	for _, c := range []struct{ rpid, origin, want string }{
		{"example.com", "https://example.com", ""},
		{"example.com", "https://a.b.example.com:8443", ""},
		{"approve.localhost", "http://approve.localhost:8080", ""},
		{"localhost", "http://localhost", ""},
		{"localhost", "https://localhost", ""},
		{"1password.com", "https://1password.com", ""},

		{"Example.com", "https://example.com", "in small letters"},
		{"example.com.", "https://example.com", "in small letters"},
		{"-a.com", "https://-a.com", "in small letters"},
		{"a_b.com", "https://a_b.com", "in small letters"},
		{"127.0.0.1", "http://127.0.0.1", "no relying party"},
		{"[::1]", "http://[::1]", "in small letters"},
		{strings.Repeat("a", 64) + ".com", "https://x", "in small letters"},
		{strings.Repeat("a.", 126) + "com", "https://x", "want 1 to 253"},
		{"example.com", "https://example.com/", "in small letters"},
		{"example.com", "https://Example.com", "in small letters"},
		{"example.com", "https://user@example.com", "in small letters"},
		{"example.com", "https://example.com:443", "that is not the usual one"},
		{"localhost", "http://localhost:80", "that is not the usual one"},
		{"example.com", "https://example.com:08443", "that is not the usual one"},
		{"example.com", "https://example.com:", "that is not the usual one"},
		{"example.com", "https://example.com:65536", "that is not the usual one"},
		{"example.com", "https://example.com:0", "that is not the usual one"},
		{"example.com", "http://example.com", "only localhost"},
		{"localhost.com", "http://localhost.com", "only localhost"},
		{"example.com", "https://example.org", "neither example.com nor below it"},
		{"example.com", "https://badexample.com", "neither example.com nor below it"},
		{"www.example.com", "https://example.com", "neither www.example.com nor below it"},
		{"example.com", "ftp://example.com", "want https://host"},
		{"example.com", "example.com", "want https://host"},
		{"example.com", "", "want https://host"},
	} {
		d := full(t)
		d.Web = Web{RPID: c.rpid, Origins: []string{c.origin}}
		_, err := New(d)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s at %s: error %v, want %q", c.rpid, c.origin, err, c.want)
		}
	}
	// Without a WebAuthn credential nobody needs it.
	d := sample(t)
	if _, err := New(d); err != nil {
		t.Error(err)
	}
}

func edwards(key []byte) error {
	return webauthn.Key{Algorithm: webauthn.EdDSA, Point: key}.Check()
}

// Keys of small order verify one signature for many messages; other encodings of
// one point would be two keys of one person.
func TestEdwards(t *testing.T) {
	for i := range byte(20) {
		if err := edwards(eddsa(i)); err != nil {
			t.Errorf("key %d: %v", i, err)
		}
	}
	// The encodings of the eight points of small order, and the same with y + p.
	for name, s := range map[string]string{
		"1":              "0100000000000000000000000000000000000000000000000000000000000000",
		"-1":             "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 4":        "0000000000000000000000000000000000000000000000000000000000000000",
		"order 4, other": "0000000000000000000000000000000000000000000000000000000000000080",
		"order 8":        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"order 8, -x":    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"order 8, -y":    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"order 8, both":  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"1 + p":          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0 + p":          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"1, -0":          "0100000000000000000000000000000000000000000000000000000000000080",
		"off the curve":  "0200000000000000000000000000000000000000000000000000000000000000",
		"all ones":       strings.Repeat("ff", 32),
	} {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != ed25519.PublicKeySize {
			t.Fatal(name)
		}
		if err := edwards(b); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// Half of all strings are points; the standard library agrees which, as far as it
// tells: it verifies nothing under a key that is none.
func TestEdwardsRefusesHalf(t *testing.T) {
	good := 0
	for i := range 400 {
		h := wire.TaggedHash("test", []byte(fmt.Sprint(i)))
		if edwards(h[:]) == nil {
			good++
		}
	}
	if good < 150 || good > 250 {
		t.Errorf("%d of 400 strings are points", good)
	}
}

func TestPersonAndOfflineKeys(t *testing.T) {
	c := mustNew(t, full(t))
	p, ok := c.Person("Ada")
	if !ok || len(p.Credentials) != 2 || !slices.Equal(p.Roles, []string{"finance", "officer"}) {
		t.Fatalf("%+v %v", p, ok)
	}
	p.Roles[0], p.Credentials[0].Key[0] = "x", 0xff
	if again, _ := c.Person("Ada"); again.Roles[0] != "finance" || again.Credentials[0].Key[0] == 0xff {
		t.Error("a person shares memory with the charter")
	}
	if _, ok := c.Person("ada"); ok {
		t.Error("another spelling is the same person")
	}
	var got []string
	for i, k := range c.OfflineKeys() {
		got = append(got, fmt.Sprintf("%d %s %s", i, k.Person, k.Credential))
		if !bytes.Equal(k.Key[:], bip340(t, byte(101+i))) {
			t.Errorf("key %d is wrong", i)
		}
	}
	if want := []string{"0 Ada tablet", "1 Cem tablet", "2 Dee tablet"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestKeyringHasDevices(t *testing.T) {
	c := mustNew(t, full(t))
	ring, err := c.Keyring([32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	for seed, want := range map[byte]string{102: "offline device 1", 104: "", 1: "station 1"} {
		key, err := wire.GenerateSigningKey([32]byte{0x11, seed})
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.Seal(wire.KindFreeze, [32]byte{7}, []byte{0xa0}, key, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := wire.Open(m.Bytes, ring)
		if (err == nil) != (want != "") || err == nil && opened.Party().String() != want {
			t.Errorf("key %d: %v %v, want %q", seed, opened.Party(), err, want)
		}
	}
}
