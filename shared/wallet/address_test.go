package wallet

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/bech32"
)

// Known pairs: the base58 ones of Bitcoin's early addresses, the segwit ones of
// BIP173 and BIP350.
func TestAddressPairs(t *testing.T) {
	for _, c := range []struct {
		net             Network
		address, script string
	}{
		{Mainnet, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"},
		{Mainnet, "3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87"},
		{Mainnet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"},
		{Mainnet, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
		{Testnet4, "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"},
		{Signet, "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
	} {
		want, err := hex.DecodeString(c.script)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeAddress(c.net, c.address)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: script %x (%v)", c.address, got, err)
		}
		back, err := EncodeScript(c.net, want)
		if err != nil || back != c.address {
			t.Errorf("%x: address %s (%v)", want, back, err)
		}
		if !strings.HasPrefix(c.script, "76") && !strings.HasPrefix(c.script, "a9") {
			if got, err := DecodeAddress(c.net, strings.ToUpper(c.address)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("upper case %s: %v", c.address, err)
			}
		}
	}
}

func TestDecodeAddressRefuses(t *testing.T) {
	// A version 1 program of 20 bytes is anyone-can-spend; btcd's decoder takes
	// it for P2WPKH, so the payer would see one address and pay another.
	words, err := bech32.ConvertBits(make([]byte, 20), 8, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	short, err := bech32.EncodeM("bc", append([]byte{1}, words...))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		net           Network
		address, want string
	}{
		"empty":               {Mainnet, "", "characters"},
		"long":                {Mainnet, strings.Repeat("1", 91), "characters"},
		"mainnet on regtest":  {Regtest, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "belongs to mainnet, not to regtest"},
		"base58 on regtest":   {Regtest, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "belongs to mainnet"},
		"signet on mainnet":   {Mainnet, "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "test network"},
		"signet on regtest":   {Regtest, "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "test network"},
		"mixed case":          {Mainnet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4", ""},
		"one letter changed":  {Mainnet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", ""},
		"v0 with bech32m":     {Mainnet, "bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", ""},
		"v1 with bech32":      {Mainnet, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", ""},
		"version 16":          {Mainnet, "BC1SW50QGDZ25J", ""},
		"version 1, 20 bytes": {Mainnet, short, "canonical"},
		"pay to anchor":       {Mainnet, "bc1pfeessrawgf", "standard"},
		"key off the curve":   {Mainnet, offCurve(t), "curve"},
		"bare public key":     {Mainnet, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "standard"},
		"upper case base58":   {Mainnet, "1A1ZP1EP5QGEFI2DMPTFTL5SLMV7DIVFNA", ""},
		"trailing space":      {Mainnet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 ", ""},
		"unknown network":     {9, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "not a network"},
	} {
		script, err := DecodeAddress(c.net, c.address)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: script %x, error %v", name, script, err)
		}
	}
}

// An address with one wrong character is refused, and the error gives nobody the
// checksum that would make it valid: coins paid there are lost.
func TestWrongChecksumIsNotMended(t *testing.T) {
	_, err := DecodeAddress(Mainnet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3q4")
	if err == nil || !strings.Contains(err.Error(), "a character is wrong") || strings.Contains(err.Error(), "v8f3t4") {
		t.Errorf("a wrong character: %v", err)
	}
}

// offCurve is a well-formed P2TR address whose key is no point: the x of
// BIP340's test vector 5.
func offCurve(t *testing.T) string {
	t.Helper()
	x := unhex[[32]byte](t, "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34")
	words, err := bech32.ConvertBits(x[:], 8, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	s, err := bech32.EncodeM("bc", append([]byte{1}, words...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEncodeScriptRefuses(t *testing.T) {
	for name, s := range map[string]string{
		"empty":          "",
		"op_return":      "6a0548656c6c6f",
		"bare key":       "2103678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6ac",
		"p2a":            "51024e73",
		"v2 program":     "5220" + strings.Repeat("11", 32),
		"p2pkh, no tail": "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888",
		"p2tr off curve": "5120eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34",
		"p2wpkh longer":  "0014751e76e8199196d454941c45d1b3a323f1433bd600",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := EncodeScript(Mainnet, b); err == nil {
			t.Errorf("%s has an address %s", name, a)
		}
	}
	if a, err := EncodeScript(9, append([]byte{0x00, 0x14}, make([]byte, 20)...)); err == nil {
		t.Errorf("a script has an address %s on no network", a)
	}
}

func TestNetworks(t *testing.T) {
	for n := Mainnet; n <= Regtest; n++ {
		got, err := ParseNetwork(n.String())
		if err != nil || got != n || n.Params() == nil {
			t.Errorf("%v: %v %v", n, got, err)
		}
		if n.Practice() != (n == Regtest) {
			t.Errorf("%v: practice %v", n, n.Practice())
		}
	}
	for _, s := range []string{"", "Mainnet", "testnet", "simnet", "network(0)"} {
		if n, err := ParseNetwork(s); err == nil {
			t.Errorf("%q is %v", s, n)
		}
	}
	if Network(0).Valid() || Network(5).Valid() || Network(0).Params() != nil {
		t.Error("an unknown network is taken for one")
	}
}

// FuzzDecodeAddress: an accepted address encodes again to itself, up to the
// upper case form that BIP173 allows.
func FuzzDecodeAddress(f *testing.F) {
	for _, s := range []string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bcrt1p", "tb1", "1", ""} {
		f.Add(uint8(1), s)
	}
	f.Fuzz(func(t *testing.T, net uint8, s string) {
		script, err := DecodeAddress(Network(net), s)
		if err != nil {
			return
		}
		back, err := EncodeScript(Network(net), script)
		if err != nil || (back != s && strings.ToUpper(back) != s) {
			t.Fatalf("%q decodes to %x, which is %q (%v)", s, script, back, err)
		}
	})
}
