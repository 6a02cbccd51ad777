package webauthn

import (
	"bytes"
	"crypto/elliptic"
	"encoding/hex"
	"math/big"
	"testing"
)

func scalar(v *big.Int) []byte { return v.FillBytes(make([]byte, 32)) }

func TestDERIsStrict(t *testing.T) {
	n := elliptic.P256().Params().N
	one := big.NewInt(1)
	for _, c := range []struct {
		name string
		hex  string
		ok   bool
	}{
		{"smallest", "3006020101020101", true},
		{"high bit set", "3007020200800201" + "01", true},
		{"largest", "3046022100" + hex.EncodeToString(scalar(new(big.Int).Sub(n, one))) + "022100" + hex.EncodeToString(scalar(new(big.Int).Sub(n, one))), true},
		{"nothing", "", false},
		{"one byte", "30", false},
		{"no integers", "3000", false},
		{"one integer", "3003020101", false},
		{"three integers", "3009020101020101020101", false},
		{"trailing byte", "300602010102010100", false},
		{"trailing byte inside", "30070201010201" + "0100", false},
		{"set instead of sequence", "3106020101020101", false},
		{"octets instead of integer", "3006040101020101", false},
		{"second octets", "3006020101040101", false},
		{"length too short", "3005020101020101", false},
		{"length too long", "3007020101020101", false},
		{"long form of the length", "308106020101020101", false},
		{"indefinite length", "30800201010201010000", false},
		{"integer longer than all", "3006020501020101", false},
		{"second integer longer than the rest", "3006020101020201", false},
		{"second integer without a length", "300402010102", false},
		{"padded r", "300702020001020101", false},
		{"padded s", "300702010102020001", false},
		{"negative r", "3006020181020101", false},
		{"negative s", "3006020101020181", false},
		{"r zero", "3006020100020101", false},
		{"s zero", "3006020101020100", false},
		{"r empty", "30050200020101", false},
		{"s empty", "30050201010200", false},
		{"r is n", "3026022100" + hex.EncodeToString(scalar(n)) + "020101", false},
		{"s is n", "3026020101022100" + hex.EncodeToString(scalar(n)), false},
		{"r above n", "3026022100" + hex.EncodeToString(scalar(new(big.Int).Add(n, one))) + "020101", false},
		{"r of 33 bytes", "3026022101" + hex.EncodeToString(scalar(one)) + "020101", false},
		{"longer than any", "30470221" + hex.EncodeToString(make([]byte, 33)) + "0222" + hex.EncodeToString(make([]byte, 34)), false},
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(c.name, err)
		}
		s, err := fromDER(b)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && !bytes.Equal(s.der(), b) {
			t.Errorf("%s: encodes to %x", c.name, s.der())
		}
	}
}

// FuzzDER: whatever is taken has r and s in range and encodes to the same bytes.
func FuzzDER(f *testing.F) {
	f.Add([]byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Add([]byte{0x30, 7, 2, 2, 0, 0x80, 2, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := fromDER(b)
		if err != nil {
			return
		}
		n := elliptic.P256().Params().N
		for _, half := range [][]byte{s[:32], s[32:]} {
			if v := new(big.Int).SetBytes(half); v.Sign() == 0 || v.Cmp(n) >= 0 {
				t.Fatalf("%x is out of range", half)
			}
		}
		if !bytes.Equal(s.der(), b) {
			t.Fatalf("%x encodes to %x", b, s.der())
		}
	})
}
