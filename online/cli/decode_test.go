package cli

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzAssertion holds: reading what a browser returned never panics; what is
// accepted has all three parts and a challenge of 32 bytes; an error has words.
func FuzzAssertion(f *testing.F) {
	client := base64.RawURLEncoding.EncodeToString([]byte(`{"type":"webauthn.get","challenge":"` + strings.Repeat("A", 43) + `"}`))
	f.Add([]byte(`{"id":"x","type":"public-key","response":{"clientDataJSON":"` + client + `","authenticatorData":"AAAA","signature":"AAAA="}}`))
	f.Add([]byte(`{"response":{"clientDataJSON":"AAAA"}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		challenge, a, err := readAssertion(b)
		if err != nil {
			if err.Error() == "" || strings.Contains(err.Error(), "Go value") {
				t.Fatalf("%q", err)
			}
			return
		}
		if len(a.AuthenticatorData) == 0 || len(a.Signature) == 0 || len(a.ClientData) == 0 {
			t.Fatalf("accepted %+v", a)
		}
		var client struct {
			Challenge string `json:"challenge"`
		}
		if err := json.Unmarshal(a.ClientData, &client); err != nil {
			t.Fatal(err)
		}
		if raw, err := base64.RawURLEncoding.DecodeString(client.Challenge); err != nil || string(raw) != string(challenge[:]) {
			t.Fatalf("challenge %x of %q", challenge, client.Challenge)
		}
	})
}

// FuzzPrice holds: reading a price never panics, and what is accepted is written
// again as it was meant.
func FuzzPrice(f *testing.F) {
	f.Add([]byte(`{"source":"Rates","currency":"CHF","hundredths":5500000,"time":1795424113,"signature":"` + strings.Repeat("ab", 64) + `"}`))
	f.Add([]byte(`{"source":"Rates"}`))
	f.Add([]byte(`{"source":"Rates","more":1}`))
	f.Add([]byte(`{} {}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPrice(b)
		if err != nil {
			if strings.Contains(err.Error(), "Go value") {
				t.Fatalf("%q", err)
			}
			return
		}
		again, err := json.Marshal(priceOf(p))
		if err != nil {
			t.Fatal(err)
		}
		if q, err := readPrice(again); err != nil || q != p {
			t.Fatalf("%+v read again is %+v: %v", p, q, err)
		}
	})
}
