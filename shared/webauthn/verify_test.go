package webauthn_test

import (
	"bytes"
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
