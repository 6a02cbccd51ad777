package webauthn_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
)

// The bytes of WIRE.md section 5.8.
func TestPackedBytes(t *testing.T) {
	a := authenticator(t, webauthn.EdDSA)
	got := assertion(t, a, testauthenticator.Options{BackupEligible: true})
	packed, err := webauthn.Pack(expected, got)
	if err != nil {
		t.Fatal(err)
	}
	want := "02" + "0d" + "00000001" + hex.EncodeToString(got.Signature) + "01"
	if hex.EncodeToString(packed) != want {
		t.Errorf("compact: %x, want %s", packed, want)
	}
	got = assertion(t, a, testauthenticator.Options{OtherOrder: true})
	if packed, err = webauthn.Pack(expected, got); err != nil {
		t.Fatal(err)
	}
	want = "04" + "05" + "00000002" + hex.EncodeToString(got.Signature) + hex.EncodeToString(got.ClientData)
	if hex.EncodeToString(packed) != want {
		t.Errorf("verbatim: %x, want %s", packed, want)
	}
}

func TestPackRefusesWhatItCannotGiveBack(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	for _, c := range []struct {
		name   string
		change func(*webauthn.Assertion)
		words  string
	}{
		{"extensions", func(a *webauthn.Assertion) { a.AuthenticatorData = append(a.AuthenticatorData, 0xa0) }, "38 bytes"},
		{"short authenticator data", func(a *webauthn.Assertion) { a.AuthenticatorData = a.AuthenticatorData[:36] }, "36 bytes"},
		{"another relying party", func(a *webauthn.Assertion) { a.AuthenticatorData[31] ^= 1 }, "another relying party"},
		{"long client data", func(a *webauthn.Assertion) { a.ClientData = make([]byte, 1537) }, "1537 bytes"},
		{"no client data", func(a *webauthn.Assertion) { a.ClientData = nil }, "0 bytes"},
		{"no signature", func(a *webauthn.Assertion) { a.Signature = nil }, "neither"},
		{"signature of 63 bytes", func(a *webauthn.Assertion) { a.Signature = make([]byte, 63) }, "neither"},
		{"signature in lax DER", func(a *webauthn.Assertion) { a.Signature = append(a.Signature, 0) }, "neither"},
	} {
		got := assertion(t, a, testauthenticator.Options{})
		c.change(&got)
		if _, err := webauthn.Pack(expected, got); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.words)
		}
	}
}

func TestUnpackTakesOneForm(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	plain := assertion(t, a, testauthenticator.Options{})
	compact, err := webauthn.Pack(expected, plain)
	if err != nil {
		t.Fatal(err)
	}
	verbatim, err := webauthn.Pack(expected, assertion(t, a, testauthenticator.Options{ExtraKey: true}))
	if err != nil {
		t.Fatal(err)
	}
	with := func(b []byte, at int, value ...byte) []byte {
		out := bytes.Clone(b)
		copy(out[at:], value)
		return out
	}
	order, _ := hex.DecodeString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	for _, c := range []struct {
		name  string
		b     []byte
		words string
	}{
		{"nothing", nil, "0 bytes"},
		{"a byte short", compact[:70], "70 bytes"},
		{"a byte more", append(bytes.Clone(compact), 0), "not the form"},
		{"as long as may be", append(bytes.Clone(verbatim[:70]), make([]byte, 1536)...), ""},
		{"a byte longer than may be", append(bytes.Clone(verbatim[:70]), make([]byte, 1537)...), "1607 bytes"},
		{"form 0", with(compact, 0, 0), "form 0"},
		{"form 5", with(compact, 0, 5), "form 5"},
		{"last origin", with(compact, 70, 1), ""},
		{"origin that is not listed", with(compact, 70, 2), "origin 3 of 2"},
		{"verbatim though compact would do", append(with(compact[:70], 0, 3), plain.ClientData...), "not the form"},
		{"r zero", with(compact, 6, make([]byte, 32)...), "not the form"},
		{"s zero", with(compact, 38, make([]byte, 32)...), "not the form"},
		{"r the order", with(compact, 6, order...), "not the form"},
		{"s the order, verbatim", with(verbatim, 38, order...), "not the form"},
		// An EdDSA signature may happen to be DER as well: then it is packed as such.
		{"DER as EdDSA", with(compact, 0, append(with(compact, 0, 2)[:6], der64()...)...), "not the form"},
	} {
		got, err := webauthn.Unpack(expected, c.b)
		if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.words)
		}
		if err != nil && (got.Signature != nil || got.ClientData != nil || got.AuthenticatorData != nil) {
			t.Errorf("%s: an assertion beside the error", c.name)
		}
	}
	got := plain
	got.Signature = der64()
	packed, err := webauthn.Pack(expected, got)
	if err != nil || packed[0] != 1 {
		t.Fatalf("DER of 64 bytes: %x, %v", packed, err)
	}
	if back, err := webauthn.Unpack(expected, packed); err != nil || !bytes.Equal(back.Signature, got.Signature) {
		t.Errorf("DER of 64 bytes: %v", err)
	}
}

// der64 is a signature in DER that is as long as one of EdDSA: r of 28 bytes, s of 30.
func der64() []byte {
	b := append([]byte{0x30, 62, 2, 28}, bytes.Repeat([]byte{1}, 28)...)
	return append(append(b, 2, 30), bytes.Repeat([]byte{2}, 30)...)
}

// A duplicate in the list of origins does not make two forms.
func TestOriginListedTwice(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	e := expected
	e.Origins = []string{expected.Origins[1], expected.Origins[1]}
	packed, err := webauthn.Pack(e, assertion(t, a, testauthenticator.Options{}))
	if err != nil || packed[70] != 0 {
		t.Fatalf("%x, %v", packed, err)
	}
	packed[70] = 1
	if _, err := webauthn.Unpack(e, packed); err == nil {
		t.Error("the second place of the same origin is another form")
	}
}

// An origin that JSON would escape travels verbatim: nobody rebuilds it.
func TestStrangeOriginTravelsVerbatim(t *testing.T) {
	a := authenticator(t, webauthn.ES256)
	for _, origin := range []string{`https://a"b`, `https://a\b`, "https://a\x1fb", "https://zürich", "https://a\x7fb"} {
		e := expected
		e.Origins = []string{origin}
		got, err := a.Assert(e.RPID, origin, e.Challenge, testauthenticator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		packed, err := webauthn.Pack(e, got)
		if err != nil {
			t.Fatal(err)
		}
		if packed[0] != 3 {
			t.Errorf("%q: form %d", origin, packed[0])
		}
		packed = append(packed[:70], 0)
		packed[0] = 1
		if _, err := webauthn.Unpack(e, packed); err == nil {
			t.Errorf("%q: unpacked from the compact form", origin)
		}
	}
	e := expected
	e.Origins = []string{"https://a ~b"}
	got, err := a.Assert(e.RPID, e.Origins[0], e.Challenge, testauthenticator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if packed, err := webauthn.Pack(e, got); err != nil || packed[0] != 1 {
		t.Errorf("first and last plain character: %x, %v", packed, err)
	}
}

// FuzzUnpack: what is taken packs to the same bytes, and verifies only as the
// assertion that an authenticator made.
func FuzzUnpack(f *testing.F) {
	keys := make(map[webauthn.Algorithm]webauthn.Key)
	made := make(map[string]bool)
	for _, algorithm := range []webauthn.Algorithm{webauthn.ES256, webauthn.EdDSA} {
		a := authenticator(f, algorithm)
		keys[algorithm] = a.Key()
		for _, o := range []testauthenticator.Options{{}, {ExtraKey: true}, {OtherOrder: true}, {BackupEligible: true, BackedUp: true}} {
			packed, err := webauthn.Pack(expected, assertion(f, a, o))
			if err != nil {
				f.Fatal(err)
			}
			made[string(packed)] = true
			f.Add(packed)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := webauthn.Unpack(expected, b)
		if err != nil {
			return
		}
		again, err := webauthn.Pack(expected, a)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x packs to %x, %v", b, again, err)
		}
		for _, key := range keys {
			if webauthn.Verify(key, expected, a) == nil && !made[string(b)] && !otherS(b, made) {
				t.Fatalf("nobody made %x", b)
			}
		}
	})
}

// otherS reports whether b is a signature that was made but for s, which may be n - s.
func otherS(b []byte, made map[string]bool) bool {
	for m := range made {
		if b[0]&1 == 1 && len(m) == len(b) && m[:38] == string(b[:38]) && m[70:] == string(b[70:]) {
			return true
		}
	}
	return false
}
