package webauthn

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The generator of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3) and of
// edwards25519 (RFC 8032 section 5.1).
const (
	p256Generator    = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	edwardsGenerator = "5866666666666666666666666666666666666666666666666666666666666666"
)

func TestKeyCheck(t *testing.T) {
	ff := strings.Repeat("ff", 30)
	for _, c := range []struct {
		name      string
		algorithm Algorithm
		point     string
		refused   string
	}{
		{"P-256", ES256, p256Generator, ""},
		{"P-256, even y", ES256, "02" + p256Generator[2:], ""},
		{"P-256 uncompressed", ES256, "04" + p256Generator[2:] + strings.Repeat("11", 32), "65 bytes"},
		{"P-256 with a mark of 4", ES256, "04" + p256Generator[2:], "not a compressed point"},
		{"P-256 without a mark", ES256, p256Generator[2:], "32 bytes"},
		{"P-256 at infinity", ES256, strings.Repeat("00", 33), "not a compressed point"},
		{"P-256, x not on the curve", ES256, "02" + strings.Repeat("00", 31) + "01", "not a compressed point"},
		{"P-256, x above p", ES256, "02" + strings.Repeat("ff", 32), "not a compressed point"},
		{"nothing for P-256", ES256, "", "0 bytes"},
		{"Ed25519", EdDSA, edwardsGenerator, ""},
		{"Ed25519 of 33 bytes", EdDSA, edwardsGenerator + "00", "33 bytes"},
		{"Ed25519 of 31 bytes", EdDSA, edwardsGenerator[2:], "31 bytes"},
		{"order 1", EdDSA, "01" + strings.Repeat("00", 31), "small order"},
		{"order 1, sign set", EdDSA, "01" + strings.Repeat("00", 30) + "80", "small order"},
		{"order 2", EdDSA, "ec" + ff + "7f", "small order"},
		{"order 2, sign set", EdDSA, "ec" + ff + "ff", "small order"},
		{"order 4", EdDSA, strings.Repeat("00", 32), "small order"},
		{"order 4, sign set", EdDSA, strings.Repeat("00", 31) + "80", "small order"},
		{"order 8", EdDSA, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "small order"},
		{"order 8, sign set", EdDSA, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "small order"},
		{"other of order 8", EdDSA, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "small order"},
		{"other of order 8, sign set", EdDSA, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "small order"},
		{"y is p", EdDSA, "ed" + ff + "7f", "longer form"},
		{"y is p, sign set", EdDSA, "ed" + ff + "ff", "longer form"},
		{"y is p + 1", EdDSA, "ee" + ff + "7f", "longer form"},
		{"y is 2^255 - 1", EdDSA, "ff" + ff + "7f", "longer form"},
		{"y is p - 3", EdDSA, "ea" + ff + "7f", ""},
		{"y is p - 2, not on the curve", EdDSA, "eb" + ff + "7f", "not a point"},
		{"y is 2, not on the curve", EdDSA, "02" + strings.Repeat("00", 31), "not a point"},
		{"y is 3", EdDSA, "03" + strings.Repeat("00", 31), ""},
		{"y is 6, sign set", EdDSA, "06" + strings.Repeat("00", 30) + "80", ""},
		{"y is 7, not on the curve", EdDSA, "07" + strings.Repeat("00", 31), "not a point"},
		{"no algorithm", 0, edwardsGenerator, "algorithm 0"},
		{"ES384", -35, edwardsGenerator, "algorithm -35"},
	} {
		err := Key{Algorithm: c.algorithm, Point: unhex(t, c.point)}.Check()
		if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.refused)
		}
	}
}

// The attack: a person enrols an Ed25519 key of small order. Under the neutral
// point, R = S = 0 times the generator is a signature of everything, so that
// anybody could approve in that person's name. crypto/ed25519 takes it.
func TestKeyOfSmallOrderSignsNothing(t *testing.T) {
	neutral := unhex(t, "01"+strings.Repeat("00", 31))
	forged := append(bytes.Clone(neutral), make([]byte, 32)...)
	if !ed25519.Verify(neutral, []byte("pay everything"), forged) {
		t.Fatal("the attack is none: crypto/ed25519 refuses it")
	}
	if err := (Key{Algorithm: EdDSA, Point: neutral}).verify([]byte("pay everything"), forged); err == nil {
		t.Fatal("a key of small order verified a signature that nobody made")
	}
}

func TestVerifyChecksTheKeyItself(t *testing.T) {
	for _, k := range []Key{
		{},
		{Algorithm: ES256},
		{Algorithm: ES256, Point: unhex(t, "02"+strings.Repeat("00", 31)+"01")},
		{Algorithm: EdDSA},
		{Algorithm: -35, Point: unhex(t, p256Generator)},
	} {
		if err := k.verify([]byte("x"), unhex(t, "3006020101020101")); err == nil || strings.Contains(err.Error(), errSignature.Error()) {
			t.Errorf("key %+v: %v", k, err)
		}
	}
}

func TestHonestKeysPass(t *testing.T) {
	for i := range 200 {
		public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i)}, 32)).Public().(ed25519.PublicKey)
		if err := (Key{Algorithm: EdDSA, Point: public}).Check(); err != nil {
			t.Fatalf("seed %d: %v", i, err)
		}
	}
}
