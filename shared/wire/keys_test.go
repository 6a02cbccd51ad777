package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseSigningKeyRange(t *testing.T) {
	const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
	for _, test := range []struct {
		name, secret string
		ok           bool
	}{
		{"one", strings.Repeat("00", 31) + "01", true},
		{"order less one", order[:63] + "0", true},
		{"zero", strings.Repeat("00", 32), false},
		{"order", order, false},
		{"all ones", strings.Repeat("ff", 32), false},
		{"short", strings.Repeat("01", 31), false},
		{"long", strings.Repeat("01", 33), false},
		{"empty", "", false},
	} {
		secret := unhex(t, test.secret)
		key, err := ParseSigningKey(secret)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if test.ok {
			if got := key.Bytes(); !bytes.Equal(got[:], secret) {
				t.Errorf("%s: the key's bytes changed", test.name)
			}
			continue
		}
		if len(test.secret) > 0 && strings.Contains(err.Error(), test.secret) {
			t.Errorf("%s: the error holds the secret", test.name)
		}
	}
	// A generator that returns nothing but zeros has failed.
	if _, err := GenerateSigningKey([32]byte{}); err == nil {
		t.Error("made a key of zeros")
	}
}

// The attack: a secret reaches a log because somebody printed or encoded a struct
// that holds it. No verb and no encoder may reveal a byte of it.
func TestSigningKeyIsRedacted(t *testing.T) {
	key := testKey(t, 0xc3)
	holder := struct {
		Pointer  *SigningKey
		Value    SigningKey
		pointer  *SigningKey
		value    SigningKey
		pointers []*SigningKey
	}{key, *key, key, *key, []*SigningKey{key}}
	leaks := []string{"c3c3", "C3C3", "195 195", "0xc3", "195, 195", `\xc3\xc3`}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c"} {
		for _, value := range []any{key, *key, holder, &holder, []any{key, *key}, map[string]any{"key": *key}} {
			printed := fmt.Sprintf(verb, value)
			for _, leak := range leaks {
				if strings.Contains(printed, leak) {
					t.Errorf("%s of %T prints the secret", verb, value)
				}
			}
		}
		if printed := fmt.Sprintf(verb, key); printed != redactedKey {
			t.Errorf("%s of a key prints %s", verb, printed)
		}
	}
	for _, value := range []any{key, *key, &holder} {
		if _, err := json.Marshal(value); err == nil {
			t.Errorf("%T became JSON", value)
		}
		if _, err := Marshal(value); err == nil {
			t.Errorf("%T became CBOR", value)
		}
	}
	if key.String() != redactedKey || key.GoString() != redactedKey {
		t.Error("a key prints as something else than redacted")
	}
}

func TestWipedKeySignsNothing(t *testing.T) {
	key := testKey(t, 7)
	copied := *key
	public := key.Public()
	key.Wipe()
	if key.Public() != public {
		t.Error("the public key was lost")
	}
	if _, err := Seal(KindSigningRequest, testWallet, nil, key, testAux); err == nil {
		t.Error("sealed with a wiped key")
	}
	if _, err := Seal(KindSigningRequest, testWallet, nil, nil, testAux); err == nil {
		t.Error("sealed without a key")
	}
	for name, use := range map[string]func(){
		"Sign":           func() { key.Sign([32]byte{}, testAux) },
		"Sign of a copy": func() { copied.Sign([32]byte{}, testAux) },
		"Bytes":          func() { key.Bytes() },
		"Sign of zero":   func() { new(SigningKey).Sign([32]byte{}, testAux) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a wiped key was used")
				}
			}()
			use()
		})
	}
	new(SigningKey).Wipe()
}

func TestParsePublicKey(t *testing.T) {
	good := testKey(t, 1).Public()
	if parsed, err := ParsePublicKey(good[:]); err != nil || parsed != good || parsed.String() != hex.EncodeToString(good[:]) {
		t.Errorf("%v %v", parsed, err)
	}
	for name, bad := range map[string][]byte{
		"off the curve": unhex(t, "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"),
		"field size":    unhex(t, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
		"short":         good[:31],
		"compressed":    append([]byte{2}, good[:]...),
		"empty":         nil,
	} {
		if _, err := ParsePublicKey(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whatever was signed verifies under its own key and digest, and under no other.
func TestSignVerifyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		array := rapid.Custom(func(t *rapid.T) [32]byte {
			return [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "bytes"))
		})
		secret := array.Draw(t, "secret")
		key, err := GenerateSigningKey(secret)
		if err != nil {
			t.Skip("out of range")
		}
		digest := array.Draw(t, "digest")
		signature := key.Sign(digest, array.Draw(t, "aux"))
		if err := Verify(key.Public(), digest, signature); err != nil {
			t.Fatal(err)
		}
		bit := rapid.IntRange(0, 8*(32+64)-1).Draw(t, "bit")
		if bit < 256 {
			digest[bit/8] ^= 1 << (bit % 8)
		} else {
			signature[(bit-256)/8] ^= 1 << (bit % 8)
		}
		if err := Verify(key.Public(), digest, signature); !errors.Is(err, ErrSignature) {
			t.Fatalf("verified with bit %d changed: %v", bit, err)
		}
	})
}
