package words

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestListIsBIP39English(t *testing.T) {
	const want = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
	sum := sha256.Sum256([]byte(english))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Fatalf("the list hashes to %s", got)
	}
	// What lookUp relies on.
	if !slices.IsSorted(list()) {
		t.Error("the list is not sorted")
	}
	prefixes := make(map[string]bool)
	for _, word := range list() {
		if len(word) < 3 || len(word) > longestWord {
			t.Errorf("%s has %d letters", word, len(word))
		}
		prefix := word[:min(len(word), uniquePrefix)]
		if prefixes[prefix] {
			t.Errorf("two words begin with %s", prefix)
		}
		prefixes[prefix] = true
	}
}

func TestFingerprintGolden(t *testing.T) {
	var counting [32]byte
	for i := range counting {
		counting[i] = byte(i)
	}
	for _, test := range []struct {
		h    [32]byte
		want string
	}{
		{[32]byte{}, strings.Repeat("abandon ", 11) + "abandon"},
		{[32]byte(bytes.Repeat([]byte{0xff}, 32)), strings.Repeat("zoo ", 11) + "zoo"},
		// The twelfth word is the last 7 bits of byte 15 and the first 4 of byte 16: 241.
		{counting, "abandon amount liar amount expire adjust cage candy arch gather drum bullet"},
		{[32]byte{16: 0xf0}, strings.Repeat("abandon ", 11) + "acid"},
		// Bits after the 132nd are not in it.
		{[32]byte{16: 0x0f, 31: 0xff}, strings.Repeat("abandon ", 11) + "abandon"},
	} {
		words := Fingerprint(test.h)
		if got := strings.Join(words[:], " "); got != test.want {
			t.Errorf("fingerprint of %x is %s, want %s", test.h, got, test.want)
		}
		if got, want := Short(test.h), strings.Join(strings.Fields(test.want)[:4], " "); got != want {
			t.Errorf("short form of %x is %s, want %s", test.h, got, want)
		}
	}
}

// Fingerprints differ exactly when the first 132 bits do.
func TestFingerprintCoversItsBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		bit := rapid.IntRange(0, 255).Draw(t, "bit")
		other := h
		other[bit/8] ^= 0x80 >> (bit % 8)
		if (Fingerprint(h) != Fingerprint(other)) != (bit < 132) {
			t.Fatalf("bit %d", bit)
		}
	})
}
