package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heliograph/shared/webauthn"
)

// What a browser hands over for a challenge verifies as stations verify it, for
// every member, and for no other member.
func TestBrowse(t *testing.T) {
	members, err := gather()
	if err != nil {
		t.Fatal(err)
	}
	const rpID, origin = "approve.localhost", "http://approve.localhost"
	challenge := [32]byte{7}
	asked := `{"publicKey":{"challenge":"` + base64.RawURLEncoding.EncodeToString(challenge[:]) + `","rpId":"` + rpID + `"},"origins":["` + origin + `"]}`
	for i, m := range members {
		file, err := m.browse(asked)
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Response map[string]string `json:"response"`
		}
		if err := json.Unmarshal([]byte(file), &f); err != nil {
			t.Fatal(err)
		}
		part := func(name string) []byte {
			b, err := base64.RawURLEncoding.DecodeString(f.Response[name])
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		a := webauthn.Assertion{AuthenticatorData: part("authenticatorData"), ClientData: part("clientDataJSON"), Signature: part("signature")}
		for k, other := range members {
			err := webauthn.Verify(other.key.Key(), webauthn.Expected{RPID: rpID, Origins: []string{origin}, Challenge: challenge}, a)
			if (err == nil) != (i == k) {
				t.Errorf("the assertion of %s under the key of %s: %v", m.name, other.name, err)
			}
		}
	}
	for _, bad := range []string{"", "{}", strings.Replace(asked, `"challenge":"`, `"challenge":"AA`, 1)} {
		if file, err := members[0].browse(bad); err == nil {
			t.Errorf("%q was answered with %q", bad, file)
		}
	}
}

// A sheet of paper is filmed as often as somebody looks, and is gone when it is
// taken away.
func TestHold(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithTimeout(within(t), 10*time.Second)
	done := make(chan error, 1)
	go func() { done <- hold(ctx, dir, []byte("picture")) }()
	for range 3 {
		var shown []string
		for len(shown) == 0 {
			if ctx.Err() != nil {
				t.Fatal("nothing is shown")
			}
			var err error
			if shown, err = framesIn(dir); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(filepath.Join(dir, shown[0]))
		if err != nil || string(b) != "picture" {
			t.Fatalf("%q, %v", b, err)
		}
		if err := os.Remove(filepath.Join(dir, shown[0])); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if left, err := framesIn(dir); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}
