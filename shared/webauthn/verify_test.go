package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
)

var expected = webauthn.Expected{
	RPID:      "approve.example.com",
	Origins:   []string{"https://approve.example.com", "https://approve.example.com:8443"},
	Challenge: [32]byte{1, 2, 3, 0xff},
}

func authenticator(t testing.TB, algorithm webauthn.Algorithm) *testauthenticator.Authenticator {
	t.Helper()
	a, err := testauthenticator.New(algorithm, [32]byte{9, byte(algorithm)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func assertion(t testing.TB, a *testauthenticator.Authenticator, o testauthenticator.Options) webauthn.Assertion {
	t.Helper()
	got, err := a.Assert(expected.RPID, expected.Origins[1], expected.Challenge, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestHonestAssertionsVerifyAndTravel(t *testing.T) {
	for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA} {
		a := authenticator(t, algorithm)
		for _, c := range []struct {
			name    string
			options testauthenticator.Options
			size    int // bytes packed, 0 for verbatim
		}{
			{"plain", testauthenticator.Options{}, 71},
			{"synced", testauthenticator.Options{BackupEligible: true, BackedUp: true}, 71},
			{"extra key", testauthenticator.Options{ExtraKey: true}, 0},
			{"other order", testauthenticator.Options{OtherOrder: true}, 0},
		} {
			got := assertion(t, a, c.options)
			if err := webauthn.Verify(a.Key(), expected, got); err != nil {
				t.Fatalf("%d %s: %v", algorithm, c.name, err)
			}
			packed, err := webauthn.Pack(expected, got)
			if err != nil {
				t.Fatalf("%d %s: %v", algorithm, c.name, err)
			}
			if want := c.size; want != 0 && len(packed) != want || want == 0 && len(packed) != 70+len(got.ClientData) {
				t.Errorf("%d %s: %d bytes packed", algorithm, c.name, len(packed))
			}
			back, err := webauthn.Unpack(expected, packed)
			if err != nil {
				t.Fatalf("%d %s: %v", algorithm, c.name, err)
			}
			if !bytes.Equal(back.AuthenticatorData, got.AuthenticatorData) || !bytes.Equal(back.ClientData, got.ClientData) || !bytes.Equal(back.Signature, got.Signature) {
				t.Errorf("%d %s: packing changed the assertion", algorithm, c.name)
			}
		}
	}
}

// refused fails the test unless Verify refuses with these words.
func refused(t *testing.T, name string, k webauthn.Key, e webauthn.Expected, a webauthn.Assertion, words string) {
	t.Helper()
	if err := webauthn.Verify(k, e, a); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: got %v, want a refusal with %q", name, err, words)
	}
}

// Everything here is signed by the right key: what is wrong is what was signed.
func TestWhatWasSignedMatters(t *testing.T) {
	type options = testauthenticator.Options
	for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA} {
		a := authenticator(t, algorithm)
		for _, c := range []struct {
			name    string
			options options
			words   string
		}{
			{"nobody touched the key", options{NotPresent: true}, "nobody was present"},
			{"a touch without PIN or finger", options{NotVerified: true}, "did not verify who was present"},
			{"backed up, and not eligible", options{BackedUp: true}, "contradicts itself"},
			{"attested data announced", options{MoreFlags: 1 << 6}, "announces"},
			{"extensions announced", options{MoreFlags: 1 << 7}, "announces"},
			{"first reserved flag", options{MoreFlags: 1 << 1}, "announces"},
			{"second reserved flag", options{MoreFlags: 1 << 5}, "announces"},
			{"extensions", options{MoreFlags: 1 << 7, Tail: []byte{0xa0}}, "38 bytes"},
			{"bytes after the counter", options{Tail: []byte{0}}, "38 bytes"},
			{"a registration", options{Type: "webauthn.create"}, "another type"},
			{"a payment", options{Type: "payment.get"}, "another type"},
			{"inside another page", options{CrossOrigin: true}, "inside another origin"},
			{"inside a named page", options{TopOrigin: "https://evil.example"}, "inside another origin"},
		} {
			refused(t, c.name, a.Key(), expected, assertion(t, a, c.options), c.words)
		}
	}
}

// The attack: a page of another origin, or for another relying party, has a
// person sign a challenge that it took from ours.
func TestOtherPlacesAreRefused(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	for _, c := range []struct{ name, rpID, origin, words string }{
		{"phishing page", expected.RPID, "https://approve.example.com.evil.example", "page of another origin"},
		{"plain HTTP", expected.RPID, "http://approve.example.com", "page of another origin"},
		{"other port", expected.RPID, "https://approve.example.com:8444", "page of another origin"},
		{"trailing slash", expected.RPID, "https://approve.example.com/", "page of another origin"},
		{"capitals", expected.RPID, "https://Approve.example.com", "page of another origin"},
		{"no origin", expected.RPID, "", "page of another origin"},
		{"parent as relying party", "example.com", expected.Origins[0], "another relying party"},
	} {
		got, err := a.Assert(c.rpID, c.origin, expected.Challenge, testauthenticator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		refused(t, c.name, a.Key(), expected, got, c.words)
	}
}

// The attack: an assertion that a person made for one batch is shown with
// another.
func TestOtherChallengeIsRefused(t *testing.T) {
	for _, o := range []testauthenticator.Options{{}, {ExtraKey: true}} {
		a := authenticator(t, webauthn.ES256)
		got := assertion(t, a, o)
		other := expected
		other.Challenge[31]++
		refused(t, "another batch", a.Key(), other, got, "another challenge")
	}
}

func TestOtherKeyIsRefused(t *testing.T) {
	for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA} {
		other, err := testauthenticator.New(algorithm, [32]byte{77})
		if err != nil {
			t.Fatal(err)
		}
		refused(t, "another key", other.Key(), expected, assertion(t, authenticator(t, algorithm), testauthenticator.Options{}), "does not belong")
	}
	// A signature of one algorithm under a key of the other.
	es256, eddsa := authenticator(t, webauthn.ES256), authenticator(t, webauthn.EdDSA)
	refused(t, "EdDSA under ES256", es256.Key(), expected, assertion(t, eddsa, testauthenticator.Options{}), "strict DER")
	refused(t, "ES256 under EdDSA", eddsa.Key(), expected, assertion(t, es256, testauthenticator.Options{}), "bytes instead of 64")
}

// A charter may demand that a credential cannot be copied. A passkey that its
// vendor synchronises says so in the flag BE, which is signed.
func TestDeviceBound(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	bound := expected
	bound.DeviceBound = true
	if err := webauthn.Verify(a.Key(), bound, assertion(t, a, testauthenticator.Options{})); err != nil {
		t.Fatal(err)
	}
	refused(t, "eligible", a.Key(), bound, assertion(t, a, testauthenticator.Options{BackupEligible: true}), "copied off its device")
	refused(t, "backed up", a.Key(), bound, assertion(t, a, testauthenticator.Options{BackupEligible: true, BackedUp: true}), "copied off its device")
}

func TestExpectationsMustBeComplete(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	got := assertion(t, a, testauthenticator.Options{})
	for _, c := range []struct {
		name   string
		change func(*webauthn.Expected)
		words  string
	}{
		{"no relying party", func(e *webauthn.Expected) { e.RPID = "" }, "no relying party"},
		{"no origins", func(e *webauthn.Expected) { e.Origins = nil }, "0 origins"},
		{"an empty origin", func(e *webauthn.Expected) { e.Origins = []string{"https://approve.example.com:8443", ""} }, "empty origin"},
		{"256 origins", func(e *webauthn.Expected) { e.Origins = slices.Repeat(expected.Origins, 128) }, "256 origins"},
	} {
		e := expected
		c.change(&e)
		refused(t, c.name, a.Key(), e, got, c.words)
		if _, err := webauthn.Pack(e, got); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: packing: %v", c.name, err)
		}
		if _, err := webauthn.Unpack(e, make([]byte, 71)); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: unpacking: %v", c.name, err)
		}
	}
	e := expected
	e.Origins = slices.Repeat(expected.Origins[1:], 255)
	if err := webauthn.Verify(a.Key(), e, got); err != nil {
		t.Errorf("255 origins: %v", err)
	}
}

func TestAuthenticatorDataOfWrongLength(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	honest := assertion(t, a, testauthenticator.Options{})
	for _, size := range []int{0, 1, 32, 36} {
		got := honest
		got.AuthenticatorData = honest.AuthenticatorData[:size]
		var err error
		if got.Signature, err = a.Sign(got.AuthenticatorData, got.ClientData); err != nil {
			t.Fatal(err)
		}
		refused(t, "short", a.Key(), expected, got, "instead of 37")
	}
}

// Client data are JSON that a browser wrote. Two readers that understand the same
// text differently are the attack: one key twice, one key in other letters, text
// that is not UTF-8, values of another type.
func TestClientDataIsReadOneWay(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	honest := assertion(t, a, testauthenticator.Options{})
	challenge := base64.RawURLEncoding.EncodeToString(expected.Challenge[:])
	origin := expected.Origins[0]
	rest := `"challenge":"` + challenge + `","origin":"` + origin + `"`
	plain := `"type":"webauthn.get",` + rest
	for _, c := range []struct{ name, json, words string }{
		{"all that is needed", `{` + plain + `}`, ""},
		{"not cross-origin", `{` + plain + `,"crossOrigin":false}`, ""},
		{"spaces and lines", " {\n\t" + plain + "\r\n} ", ""},
		{"an extension", `{` + plain + `,"tokenBinding":{"status":"supported","list":[{"a":1},{"a":2},null,true,1.5e3]}}`, ""},
		{"an empty object and array", `{` + plain + `,"x":{},"y":[]}`, ""},
		{"keys of different objects", `{` + plain + `,"x":{"type":1},"y":{"type":2}}`, ""},
		{"escaped letters", `{"typ\u0065":"webauthn.\u0067et",` + rest + `}`, ""},
		{"nested four deep", `{` + plain + `,"x":[[[1]]]}`, ""},
		{"nested five deep", `{` + plain + `,"x":[[[[1]]]]}`, "nested"},
		{"objects five deep", `{` + plain + `,"x":{"x":{"x":{"x":{}}}}}`, "nested"},
		{"objects four deep", `{` + plain + `,"x":{"x":{"x":1}}}`, ""},
		{"objects in arrays five deep", `{` + plain + `,"x":[{"x":[{}]}]}`, "nested"},
		{"type twice", `{"type":"webauthn.create",` + plain + `}`, "same key twice"},
		{"challenge twice", `{` + plain + `,"challenge":"` + challenge + `"}`, "same key twice"},
		{"origin twice, once escaped", `{` + plain + `,"\u006frigin":"https://evil.example"}`, "same key twice"},
		{"crossOrigin twice", `{` + plain + `,"crossOrigin":true,"crossOrigin":false}`, "same key twice"},
		{"unknown key twice", `{` + plain + `,"x":1,"x":1}`, "same key twice"},
		{"inner key twice", `{` + plain + `,"x":{"y":1,"y":2}}`, "same key twice"},
		{"inner key of an array twice", `{` + plain + `,"x":[{"y":1,"y":2}]}`, "same key twice"},
		{"type in capitals", `{"Type":"webauthn.get",` + rest + `}`, "in other letters"},
		{"a second type in capitals", `{` + plain + `,"TYPE":"webauthn.create"}`, "in other letters"},
		{"a second challenge in capitals", `{` + plain + `,"Challenge":"x"}`, "in other letters"},
		{"a second origin in capitals", `{` + plain + `,"oriGin":"x"}`, "in other letters"},
		{"a second crossOrigin with a long s", `{` + plain + `,"cro\u017fsOrigin":true}`, "in other letters"},
		{"topOrigin in small letters", `{` + plain + `,"toporigin":"x"}`, "in other letters"},
		{"inside other objects any letters", `{` + plain + `,"x":{"TYPE":1,"topOrigin":2}}`, ""},
		{"no type", `{` + rest + `}`, "another type than"},
		{"type null", `{"type":null,` + rest + `}`, "known key of another type"},
		{"type a list", `{"type":["webauthn.get"],` + rest + `}`, "known key of another type"},
		{"no challenge", `{"type":"webauthn.get","origin":"` + origin + `"}`, "another challenge"},
		{"challenge null", `{"type":"webauthn.get","challenge":null,"origin":"` + origin + `"}`, "known key of another type"},
		{"challenge empty", `{"type":"webauthn.get","challenge":"","origin":"` + origin + `"}`, "another challenge"},
		{"challenge padded", strings.Replace(`{`+plain+`}`, challenge, challenge+"=", 1), "another challenge"},
		{"challenge with a line break", strings.Replace(`{`+plain+`}`, challenge, challenge+`\n`, 1), "another challenge"},
		{"challenge in plain base64", strings.Replace(`{`+plain+`}`, challenge, base64.StdEncoding.EncodeToString(expected.Challenge[:]), 1), "another challenge"},
		{"challenge with other spare bits", strings.Replace(`{`+plain+`}`, challenge, challenge[:42]+string(challenge[42]+1), 1), "another challenge"},
		{"challenge inside a value", `{"type":"webauthn.get","x":{` + rest + `}}`, "another challenge"},
		{"no origin", `{"type":"webauthn.get","challenge":"` + challenge + `"}`, "another origin"},
		{"origin a number", `{"type":"webauthn.get","challenge":"` + challenge + `","origin":1}`, "known key of another type"},
		{"crossOrigin true", `{` + plain + `,"crossOrigin":true}`, "inside another origin"},
		{"crossOrigin null", `{` + plain + `,"crossOrigin":null}`, "known key of another type"},
		{"crossOrigin a text", `{` + plain + `,"crossOrigin":"false"}`, "known key of another type"},
		{"crossOrigin zero", `{` + plain + `,"crossOrigin":0}`, "known key of another type"},
		{"top origin, ours", `{` + plain + `,"topOrigin":"` + origin + `"}`, "inside another origin"},
		{"top origin null", `{` + plain + `,"topOrigin":null}`, "inside another origin"},
		{"a number that is none", `{` + plain + `,"x":1e999}`, "cannot be read"},
		{"a number that is none, in a list", `{` + plain + `,"x":[1e999]}`, "cannot be read"},
		{"two objects", `{` + plain + `}{}`, "not JSON"},
		{"trailing comma", `{` + plain + `,}`, "not JSON"},
		{"comment", `{` + plain + `/**/}`, "not JSON"},
		{"cut short", `{` + plain, "not JSON"},
		{"byte order mark", "\xef\xbb\xbf{" + plain + "}", "not JSON"},
		{"not UTF-8", `{` + plain + ",\"x\":\"\xff\"}", "not JSON"},
		{"overlong UTF-8", `{` + plain + ",\"x\":\"\xc0\xaf\"}", "not JSON"},
		{"a control character", `{` + plain + ",\"x\":\"\x01\"}", "not JSON"},
		{"nothing", ``, "not JSON"},
		{"an array", `[{` + plain + `}]`, "not an object"},
		{"a text", `"webauthn.get"`, "not an object"},
		{"null", `null`, "not an object"},
		{"as long as may be", `{` + plain + `,"x":"` + strings.Repeat("x", 1536-len(plain)-9) + `"}`, ""},
		{"a byte longer", `{` + plain + `,"x":"` + strings.Repeat("x", 1536-len(plain)-8) + `"}`, "1537 bytes"},
	} {
		got := honest
		got.ClientData = []byte(c.json)
		var err error
		if got.Signature, err = a.Sign(got.AuthenticatorData, got.ClientData); err != nil {
			t.Fatal(err)
		}
		if c.words != "" {
			refused(t, c.name, a.Key(), expected, got, c.words)
			continue
		}
		if err := webauthn.Verify(a.Key(), expected, got); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// An error stands on a screen. It must not show what somebody else wrote.
func TestErrorsQuoteNothing(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	for _, json := range []string{`{"type":"MARK"}`, `{"MARK":1,"MARK":1}`, `{"MARK":1e999}`, `MARK`, `{"type":"webauthn.get","challenge":"MARK"}`} {
		got := assertion(t, a, testauthenticator.Options{})
		got.ClientData = []byte(json)
		if err := webauthn.Verify(a.Key(), expected, got); err == nil || strings.Contains(err.Error(), "MARK") {
			t.Errorf("%s: %v", json, err)
		}
	}
	got, err := a.Assert(expected.RPID, "https://MARK", expected.Challenge, testauthenticator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := webauthn.Verify(a.Key(), expected, got); err == nil || strings.Contains(err.Error(), "MARK") {
		t.Error(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA} {
		a := authenticator(b, algorithm)
		got := assertion(b, a, testauthenticator.Options{ExtraKey: true})
		key := a.Key()
		b.Run(fmt.Sprintf("algorithm%d", algorithm), func(b *testing.B) {
			for b.Loop() {
				if err := webauthn.Verify(key, expected, got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
