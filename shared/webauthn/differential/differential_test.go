// Package differential holds the assertion verifier against go-webauthn, the work
// of other people. It is a module of its own, so that neither a version that
// go-webauthn asks for nor a package that it brings comes into the station: run it
// with `go test` in this folder.
//
// What the verifier takes, go-webauthn takes. What go-webauthn takes and the
// verifier does not, is strictness on purpose: the list is in stricter.
package differential

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
)

var expected = webauthn.Expected{
	RPID:      "approve.example.com",
	Origins:   []string{"https://approve.example.com", "https://approve.example.com:8443"},
	Challenge: [32]byte{1, 2, 3, 0xff},
}

// peer asks go-webauthn, with user presence and verification demanded and no page
// inside another one.
func peer(k webauthn.Key, e webauthn.Expected, a webauthn.Assertion) error {
	parsed, err := protocol.CredentialAssertionResponse{
		PublicKeyCredential: protocol.PublicKeyCredential{
			Credential: protocol.Credential{ID: "AQ", Type: "public-key"},
			RawID:      []byte{1},
		},
		AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: a.ClientData},
			AuthenticatorData:     a.AuthenticatorData,
			Signature:             a.Signature,
		},
	}.Parse()
	if err != nil {
		return err
	}
	challenge := base64.RawURLEncoding.EncodeToString(e.Challenge[:])
	return parsed.Verify(challenge, e.RPID, "", e.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false, true, true, cose(k), protocol.SignaturePolicy{})
}

// cose is a key as RFC 9053 sections 7.1.1 and 7.2 encode it.
func cose(k webauthn.Key) []byte {
	if k.Algorithm == webauthn.EdDSA {
		return append([]byte{0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32}, k.Point...)
	}
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), k.Point)
	b := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, x.FillBytes(make([]byte, 32))...)
	return append(append(b, 0x22, 0x58, 32), y.FillBytes(make([]byte, 32))...)
}

// stricter are the refusals that go-webauthn need not share; TestStricterOnPurpose
// has an example of each. Those that it must share are not here: challenge, type,
// relying party, presence, verification of the person, and the signature.
var stricter = []string{
	"not JSON in UTF-8",
	"same key twice",
	"known key of another type or in other letters",
	"nested deeper",
	"cannot be read",
	"client data of 15",
	"inside another origin's",
	"instead of 37",
	"announces attested data",
	"contradicts itself: backed up",
	"can be copied off its device",
	"page of another origin", // in other letters, or with a path: see sameHost
	"an Ed25519 point of small order",
	"an Ed25519 point in a longer form",
}

// pickier reports whether client data have a key that go-webauthn knows and the
// third level of the standard does not: it refuses some values of these.
func pickier(clientData []byte) bool {
	var keys map[string]json.RawMessage
	if json.Unmarshal(clientData, &keys) != nil {
		return false
	}
	for key := range keys {
		if strings.EqualFold(key, "tokenBinding") || strings.EqualFold(key, "new_keys_may_be_added_here") {
			return true
		}
	}
	return false
}

// sameHost reports whether the origin in client data is one that is expected but
// for how it is written.
func sameHost(clientData []byte) bool {
	var c struct {
		Origin string `json:"origin"`
	}
	if json.Unmarshal(clientData, &c) != nil {
		return false
	}
	got, err := url.Parse(c.Origin)
	return err == nil && slices.ContainsFunc(expected.Origins, func(o string) bool {
		want, err := url.Parse(o)
		return err == nil && strings.EqualFold(want.Scheme, got.Scheme) && strings.EqualFold(want.Hostname(), got.Hostname()) && port(want) == port(got)
	})
}

func port(u *url.URL) string {
	if u.Port() == "" {
		return "443"
	}
	return u.Port()
}

// agree fails the test if the two differ for a reason that nobody wanted.
func agree(t *testing.T, k webauthn.Key, e webauthn.Expected, a webauthn.Assertion) {
	t.Helper()
	ours, theirs := webauthn.Verify(k, e, a), peer(k, e, a)
	switch {
	case ours == nil && theirs != nil:
		if !pickier(a.ClientData) {
			t.Errorf("go-webauthn refuses (%v) what we take:\nauthenticator data %x\nclient data %q\nsignature %x", theirs, a.AuthenticatorData, a.ClientData, a.Signature)
		}
	case ours != nil && theirs == nil:
		known := slices.ContainsFunc(stricter, func(words string) bool { return strings.Contains(ours.Error(), words) })
		if strings.Contains(ours.Error(), "page of another origin") && !sameHost(a.ClientData) {
			known = false
		}
		if !known {
			t.Errorf("go-webauthn takes what we refuse (%v):\nauthenticator data %x\nclient data %q\nsignature %x", ours, a.AuthenticatorData, a.ClientData, a.Signature)
		}
	}
}

func authenticators(t testing.TB) []*testauthenticator.Authenticator {
	t.Helper()
	var all []*testauthenticator.Authenticator
	for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA} {
		a, err := testauthenticator.New(algorithm, [32]byte{9})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func options() []testauthenticator.Options {
	return []testauthenticator.Options{
		{}, {ExtraKey: true}, {OtherOrder: true}, {BackupEligible: true}, {BackupEligible: true, BackedUp: true}, {BackedUp: true},
		{NotPresent: true}, {NotVerified: true}, {MoreFlags: 2}, {MoreFlags: 0x20}, {MoreFlags: 0x40}, {MoreFlags: 0x80},
		{MoreFlags: 0x80, Tail: []byte{0xa0}}, {Tail: []byte{0}}, {Type: "webauthn.create"}, {CrossOrigin: true},
		{TopOrigin: "https://approve.example.com"}, {CrossOrigin: true, TopOrigin: "https://evil.example"},
	}
}

func TestWhatAuthenticatorsMake(t *testing.T) {
	taken := 0
	for _, a := range authenticators(t) {
		for _, o := range options() {
			for _, origin := range append(slices.Clone(expected.Origins), "https://evil.example", "HTTPS://Approve.example.com", "https://approve.example.com/page") {
				got, err := a.Assert(expected.RPID, origin, expected.Challenge, o)
				if err != nil {
					t.Fatal(err)
				}
				agree(t, a.Key(), expected, got)
				bound := expected
				bound.DeviceBound = true
				agree(t, a.Key(), bound, got)
				if webauthn.Verify(a.Key(), expected, got) == nil && peer(a.Key(), expected, got) == nil {
					taken++
				}
			}
		}
	}
	if want := 2 * 2 * 5; taken != want {
		t.Errorf("both took %d assertions, want %d", taken, want)
	}
}

// Where the verifier is stricter than go-webauthn, which takes all of these.
func TestStricterOnPurpose(t *testing.T) {
	a := authenticators(t)[0]
	bound := expected
	bound.DeviceBound = true
	known := `"type":"webauthn.get","challenge":"` + base64.RawURLEncoding.EncodeToString(expected.Challenge[:]) + `","origin":"https://approve.example.com"`
	seen := make(map[string]bool)
	for _, c := range []struct {
		name, words string
		expected    webauthn.Expected
		options     testauthenticator.Options
		clientData  string // instead of the authenticator's
	}{
		{"bytes that are not UTF-8, which encoding/json replaces", "not JSON in UTF-8", expected, testauthenticator.Options{}, `{` + known + ",\"x\":\"\xff\"}"},
		{"of a key twice encoding/json takes the last", "same key twice", expected, testauthenticator.Options{}, `{"type":"webauthn.create",` + known + `}`},
		{"a key in other letters", "known key of another type or in other letters", expected, testauthenticator.Options{}, `{` + strings.Replace(known, "type", "TYPE", 1) + `}`},
		{"a key that is null", "known key of another type or in other letters", expected, testauthenticator.Options{}, `{` + known + `,"crossOrigin":null}`},
		{"deep nesting", "nested deeper", expected, testauthenticator.Options{}, `{` + known + `,"x":[[[[]]]]}`},
		{"a number beyond all floats", "cannot be read", expected, testauthenticator.Options{}, `{` + known + `,"x":1e999}`},
		{"long client data", "client data of 15", expected, testauthenticator.Options{}, `{` + known + strings.Repeat(" ", 1537-2-len(known)) + `}`},
		{"a top origin without a page inside it", "inside another origin's", expected, testauthenticator.Options{}, `{` + known + `,"topOrigin":""}`},
		{"extensions", "instead of 37", expected, testauthenticator.Options{MoreFlags: 0x80, Tail: []byte{0xa0}}, ""},
		{"reserved flags", "announces attested data", expected, testauthenticator.Options{MoreFlags: 0x20}, ""},
		{"backed up and not eligible", "contradicts itself: backed up", expected, testauthenticator.Options{BackedUp: true}, ""},
		{"a key that can be copied", "can be copied off its device", bound, testauthenticator.Options{BackupEligible: true}, ""},
		{"an origin in capitals", "page of another origin", expected, testauthenticator.Options{}, strings.Replace(`{`+known+`}`, "approve", "Approve", 1)},
	} {
		got, err := a.Assert(expected.RPID, expected.Origins[0], expected.Challenge, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if c.clientData != "" {
			got.ClientData = []byte(c.clientData)
			if got.Signature, err = a.Sign(got.AuthenticatorData, got.ClientData); err != nil {
				t.Fatal(err)
			}
		}
		seen[c.words] = true
		wantStricter(t, c.name, c.words, a.Key(), c.expected, got)
	}
	// Keys of small order: the neutral point, as it is and in a second encoding of
	// y = 1, under which R = 1, S = 0 signs everything.
	honest, err := a.Assert(expected.RPID, expected.Origins[0], expected.Challenge, testauthenticator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	neutral := append([]byte{1}, make([]byte, 31)...)
	honest.Signature = append(bytes.Clone(neutral), make([]byte, 32)...)
	longer := append(append([]byte{0xee}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f)
	for words, point := range map[string][]byte{"an Ed25519 point of small order": neutral, "an Ed25519 point in a longer form": longer} {
		seen[words] = true
		wantStricter(t, words, words, webauthn.Key{Algorithm: webauthn.EdDSA, Point: point}, expected, honest)
	}
	for _, words := range stricter {
		if !seen[words] {
			t.Errorf("no example of %q", words)
		}
	}
}

func wantStricter(t *testing.T, name, words string, k webauthn.Key, e webauthn.Expected, a webauthn.Assertion) {
	t.Helper()
	if err := webauthn.Verify(k, e, a); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: got %v, want a refusal with %q", name, err, words)
	}
	if err := peer(k, e, a); err != nil {
		t.Errorf("%s: go-webauthn refuses as well: %v", name, err)
	}
}

// Every bit of everything, as it was signed and signed anew.
func TestEveryBit(t *testing.T) {
	for _, a := range authenticators(t) {
		honest, err := a.Assert(expected.RPID, expected.Origins[0], expected.Challenge, testauthenticator.Options{ExtraKey: true})
		if err != nil {
			t.Fatal(err)
		}
		for part := range 3 {
			for i := range 8 * len(*field(&honest, part)) {
				got := webauthn.Assertion{AuthenticatorData: bytes.Clone(honest.AuthenticatorData), ClientData: bytes.Clone(honest.ClientData), Signature: bytes.Clone(honest.Signature)}
				(*field(&got, part))[i/8] ^= 1 << (i % 8)
				agree(t, a.Key(), expected, got)
				if part < 2 {
					if got.Signature, err = a.Sign(got.AuthenticatorData, got.ClientData); err != nil {
						t.Fatal(err)
					}
					agree(t, a.Key(), expected, got)
				}
			}
		}
	}
}

func field(a *webauthn.Assertion, part int) *[]byte {
	return []*[]byte{&a.AuthenticatorData, &a.ClientData, &a.Signature}[part]
}

func TestPublishedAssertions(t *testing.T) {
	b, err := os.ReadFile("../testdata/w3c-level3-section16.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		bytesOf := func(key string) []byte {
			b, err := hex.DecodeString(v[key].(string))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		k := webauthn.Key{Algorithm: webauthn.Algorithm(v["algorithm"].(float64)), Point: bytesOf("key")}
		e := webauthn.Expected{RPID: "example.org", Origins: []string{"https://example.org"}, Challenge: [32]byte(bytesOf("challenge"))}
		a := webauthn.Assertion{AuthenticatorData: bytesOf("authenticator_data"), ClientData: bytesOf("client_data"), Signature: bytesOf("signature")}
		if ours, theirs := webauthn.Verify(k, e, a), peer(k, e, a); (ours == nil) != (theirs == nil) {
			t.Errorf("%s: we say %v, go-webauthn %v", v["name"], ours, theirs)
		}
	}
}

// FuzzVerify: the two agree on whatever an authenticator may have signed, and on
// whatever signature comes with it, but for what stricter and pickier list.
func FuzzVerify(f *testing.F) {
	both := authenticators(f)
	for i, a := range both {
		for _, o := range options() {
			got, err := a.Assert(expected.RPID, expected.Origins[0], expected.Challenge, o)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(i == 1, true, got.AuthenticatorData, got.ClientData, []byte(nil))
			f.Add(i == 1, false, got.AuthenticatorData, got.ClientData, got.Signature)
		}
	}
	f.Fuzz(func(t *testing.T, edwards, sign bool, authenticatorData, clientData, signature []byte) {
		a := both[0]
		if edwards {
			a = both[1]
		}
		if sign {
			var err error
			if signature, err = a.Sign(authenticatorData, clientData); err != nil {
				t.Fatal(err)
			}
		}
		agree(t, a.Key(), expected, webauthn.Assertion{AuthenticatorData: authenticatorData, ClientData: clientData, Signature: signature})
	})
}
