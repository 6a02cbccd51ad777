package webauthn

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// vector is an authentication example of Web Authentication Level 3, section 16.
// Refused is what this package says against it, though the standard allows it.
type vector struct {
	Name              string    `json:"name"`
	Algorithm         Algorithm `json:"algorithm"`
	Key               hexBytes  `json:"key"`
	Challenge         hexBytes  `json:"challenge"`
	AuthenticatorData hexBytes  `json:"authenticator_data"`
	ClientData        hexBytes  `json:"client_data"`
	Signature         hexBytes  `json:"signature"`
	Refused           string    `json:"refused"`
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) error {
	decoded, err := hex.DecodeString(string(b))
	*h = decoded
	return err
}

func vectors(t testing.TB) []vector {
	t.Helper()
	f, err := os.Open("testdata/w3c-level3-section16.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	var all []vector
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 11 {
		t.Fatalf("%d vectors instead of 11", len(all))
	}
	return all
}

func (v vector) split() (Key, Expected, Assertion) {
	return Key{Algorithm: v.Algorithm, Point: v.Key},
		Expected{RPID: "example.org", Origins: []string{"https://example.org"}, Challenge: [32]byte(v.Challenge)},
		Assertion{AuthenticatorData: v.AuthenticatorData, ClientData: v.ClientData, Signature: v.Signature}
}

func TestPublishedAssertions(t *testing.T) {
	for _, v := range vectors(t) {
		k, e, a := v.split()
		if err := k.verify(signedBytes(a), a.Signature); err != nil {
			t.Errorf("%s: signature: %v", v.Name, err)
		}
		switch err := Verify(k, e, a); {
		case v.Refused == "" && err != nil:
			t.Errorf("%s: %v", v.Name, err)
		case v.Refused != "" && (err == nil || !strings.Contains(err.Error(), v.Refused)):
			t.Errorf("%s: got %v, want a refusal with %q", v.Name, err, v.Refused)
		}
		packed, err := Pack(e, a)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		if plain := !bytes.Contains(a.ClientData, []byte("extraData")) && !bytes.Contains(a.ClientData, []byte("true")); plain != (len(packed) == compactSize) {
			t.Errorf("%s: %d bytes packed", v.Name, len(packed))
		}
		back, err := Unpack(e, packed)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		if !bytes.Equal(back.AuthenticatorData, a.AuthenticatorData) || !bytes.Equal(back.ClientData, a.ClientData) || !bytes.Equal(back.Signature, a.Signature) {
			t.Errorf("%s: packing changed the assertion", v.Name)
		}
	}
}

// The published signatures are worth something only if each bit of them, and of
// what they sign, matters.
func TestPublishedAssertionsBitByBit(t *testing.T) {
	for _, v := range vectors(t) {
		if v.Refused != "" {
			continue
		}
		k, e, a := v.split()
		for _, part := range []*[]byte{&a.AuthenticatorData, &a.ClientData, &a.Signature} {
			honest := *part
			for i := range len(honest) * 8 {
				*part = bytes.Clone(honest)
				(*part)[i/8] ^= 1 << (i % 8)
				if Verify(k, e, a) == nil {
					t.Errorf("%s: bit %d does not matter", v.Name, i)
				}
			}
			*part = honest
		}
	}
}
