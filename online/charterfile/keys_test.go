package charterfile

import (
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// secret is the n-th private key of these tests.
func secret(n byte) *btcec.PrivateKey {
	k, _ := btcec.PrivKeyFromBytes([]byte{31: n + 1})
	return k
}

func key(t interface{ Fatal(...any) }, n byte) wire.PublicKey {
	k, err := wire.ParsePublicKey(secret(n).PubKey().SerializeCompressed()[1:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func hexKey(t testing.TB, n byte) string {
	k := key(t, n)
	return hex.EncodeToString(k[:])
}

func station(t testing.TB, n byte) charter.Station {
	s := charter.Station{Name: string(rune('A' + n)), InstanceKey: key(t, n)}
	copy(s.HostKey[:], secret(50+n).PubKey().SerializeCompressed())
	return s
}

func decode(t interface{ Fatal(...any) }, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keyBytes(n byte) []byte {
	return secret(n).PubKey().SerializeCompressed()[1:]
}

// es256Keys are points of P-256: its generator, twice and three times it.
var es256Keys = []string{
	"036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
	"037cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
	"025ecbe4d1a6330a44c8f7ef951d4bf165e6c6b721efada985fb41661bc6e7fd6c",
}
