package bip322

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

func script(t testing.TB, address string) []byte {
	t.Helper()
	s, err := wallet.DecodeAddress(wallet.Mainnet, address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	segwit  = "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l"
	taproot = "bc1ppv609nr0vr25u07u95waq5lucwfm6tde4nydujnu8npg4q75mr5sxq8lt3"
)

// vectors are BIP322's own, sections "Message hashing" and "Message signing".
var vectors = []struct{ address, message, signature string }{
	{segwit, "", "AkcwRAIgM2gBAQqvZX15ZiysmKmQpDrG83avLIT492QBzLnQIxYCIBaTpOaD20qRlEylyxFSeEA2ba9YOixpX8z46TSDtS40ASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI="},
	{segwit, "", "AkgwRQIhAPkJ1Q4oYS0htvyuSFHLxRQpFAY56b70UvE7Dxazen0ZAiAtZfFz1S6T6I23MWI2lK/pcNTWncuyL8UL+oMdydVgzAEhAsfxIAMZZEKUPYWI4BruhAQjzFT8FSFSajuFwrDL1Yhy"},
	{segwit, "Hello World", "AkcwRAIgZRfIY3p7/DoVTty6YZbWS71bc5Vct9p9Fia83eRmw2QCICK/ENGfwLtptFluMGs2KsqoNSk89pO7F29zJLUx9a/sASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI="},
	{segwit, "Hello World", "AkgwRQIhAOzyynlqt93lOKJr+wmmxIens//zPzl9tqIOua93wO6MAiBi5n5EyAcPScOjf1lAqIUIQtr3zKNeavYabHyR8eGhowEhAsfxIAMZZEKUPYWI4BruhAQjzFT8FSFSajuFwrDL1Yhy"},
	{taproot, "Hello World", "AUHd69PrJQEv+oKTfZ8l+WROBHuy9HKrbFCJu7U1iK2iiEy1vMU5EfMtjc+VSHM7aU0SDbak5IUZRVno2P5mjSafAQ=="},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		if err := Verify(script(t, v.address), v.message, decode(t, v.signature)); err != nil {
			t.Errorf("%s %q: %v", v.address, v.message, err)
		}
	}
	hash := wire.TaggedHash("BIP0322-signed-message", []byte("Hello World"))
	if hex.EncodeToString(hash[:]) != "f0eb03b1a75ac6d9847f55c624a99169b5dccba2a31f5b23bea77ba270de0a7a" {
		t.Error("the message hash is wrong")
	}
	// BIP322, section "Transaction hashes": to_sign of the segwit address.
	for message, want := range map[string]string{
		"":            "1e9654e951a5ba44c8604c4de6c67fd78a27e81dcadcfe1edf638ba3aaebaed6",
		"Hello World": "88737ae86f2077145f93cc4b153ae9a1cb8d56afa511988c149c5c8c9d93bddf",
	} {
		if got := toSign(script(t, segwit), message).TxHash().String(); got != want {
			t.Errorf("%q: to_sign is %s, want %s", message, got, want)
		}
	}
}

// A signature of one address over one text is shown for another of either, or
// with any bit of it changed.
func TestVerifyRefusesEverythingElse(t *testing.T) {
	for _, v := range vectors {
		s, sig := script(t, v.address), decode(t, v.signature)
		if Verify(s, v.message+"!", sig) == nil {
			t.Error("another text is accepted")
		}
		for i := range sig {
			for bit := range 8 {
				bad := bytes.Clone(sig)
				bad[i] ^= 1 << bit
				if Verify(s, v.message, bad) == nil {
					t.Errorf("%s %q: bit %d of byte %d does not matter", v.address, v.message, bit, i)
				}
			}
		}
		for i := 2; i < len(s); i++ {
			bad := bytes.Clone(s)
			bad[i] ^= 1
			if Verify(bad, v.message, sig) == nil {
				t.Error("another address is accepted")
			}
		}
		for n := range sig {
			if Verify(s, v.message, sig[:n]) == nil {
				t.Errorf("cut to %d bytes it is accepted", n)
			}
		}
		if Verify(s, v.message, append(bytes.Clone(sig), 0)) == nil {
			t.Error("a trailing byte is accepted")
		}
	}
	for want, s := range map[string][]byte{
		"only P2WPKH and P2TR": append([]byte{0x00, 0x20}, make([]byte, 32)...),
		"not the witness":      nil,
		"at most 109":          make([]byte, 110),
	} {
		where, sig := script(t, segwit), s
		if strings.HasPrefix(want, "only") {
			where, sig = s, decode(t, vectors[0].signature)
		}
		if err := Verify(where, "", sig); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// The other signature that ECDSA accepts, with -s for s, would be a second form
// of one proof.
func TestVerifyRefusesHighS(t *testing.T) {
	sig := decode(t, vectors[0].signature)
	order, _ := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	// 02 | 47 | 30 44 02 20 r 02 20 s 01 | 21 key
	s := sig[2+4+32+2 : 2+4+32+2+32]
	negated := make([]byte, 32)
	borrow := 0
	for i := 31; i >= 0; i-- {
		d := int(order[i]) - int(s[i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		negated[i] = byte(d)
	}
	der := append([]byte{0x30, 0x45}, sig[4:4+34]...)
	der = append(append(der, 0x02, 0x21, 0x00), negated...)
	high := append([]byte{0x02, 0x48}, append(der, 0x01)...)
	high = append(high, sig[2+0x47:]...)
	if err := Verify(script(t, segwit), "", high); err == nil || !strings.Contains(err.Error(), "larger of the two") {
		t.Errorf("error %v", err)
	}
}

// Invariant: nothing crashes, and what verifies for a text verifies for no other.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.address == taproot, v.message, decode(f, v.signature))
	}
	f.Fuzz(func(t *testing.T, isTaproot bool, message string, sig []byte) {
		address := segwit
		if isTaproot {
			address = taproot
		}
		if Verify(script(t, address), message, sig) == nil && Verify(script(t, address), message+" ", sig) == nil {
			t.Fatal("one signature for two texts")
		}
	})
}
