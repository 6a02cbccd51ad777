package wallet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// asXpub writes an extended key with the version bytes of net: BIP49 and BIP84
// print theirs with others.
func asXpub(net Network, key string) string {
	raw := base58.Decode(key)
	id := net.Params().HDPublicKeyID
	raw = append(id[:], raw[4:78]...)
	return base58.Encode(append(raw, chainhash.DoubleHashB(raw)[:4]...))
}

// Account keys and first addresses of the mnemonic "abandon ... about": test
// vectors of BIP44 wallets, BIP49, BIP84 and BIP86.
const (
	bip44Key = "xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw6ZRc1brxMyWMzG3DSSSSoekkudhUd9yLb6qx39T9nMdj"
	bip49Key = "upub5EFU65HtV5TeiSHmZZm7FUffBGy8UKeqp7vw43jYbvZPpoVsgU93oac7Wk3u6moKegAEWtGNF8DehrnHtv21XXEMYRUocHqguyjknFHYfgY"
	bip84Key = "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs"
)

func TestForeignAddresses(t *testing.T) {
	for _, c := range []struct {
		net          Network
		before, key  string
		after        string
		chain, index uint32
		want         string
	}{
		{Mainnet, "pkh(", bip44Key, ")", 0, 0, "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA"},
		{Testnet4, "sh(wpkh(", bip49Key, "))", 0, 0, "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2"},
		{Mainnet, "wpkh(", bip84Key, ")", 0, 0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"},
		{Mainnet, "wpkh(", bip84Key, ")", 0, 1, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"},
		{Mainnet, "wpkh(", bip84Key, ")", 1, 0, "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"},
		{Mainnet, "tr(", bip86Xpub, ")", 0, 0, "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"},
		{Mainnet, "tr(", bip86Xpub, ")", 1, 0, "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"},
	} {
		body := c.before + asXpub(c.net, c.key) + "/<0;1>/*" + c.after
		canonical := body + "#" + descriptorChecksum(body)
		origin := c.before + "[73c5da0a/84h/0h/0h]" + asXpub(c.net, c.key) + "/<0;1>/*" + c.after
		for _, s := range []string{body, canonical, origin, origin + "#" + descriptorChecksum(origin)} {
			f, err := ParseForeign(c.net, s)
			if err != nil {
				t.Fatal(err)
			}
			if !f.Valid() || f.Descriptor() != canonical {
				t.Errorf("descriptor %s, want %s", f.Descriptor(), canonical)
			}
			script, err := f.Script(c.chain, c.index)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := EncodeScript(c.net, script); err != nil || got != c.want {
				t.Errorf("%s %d/%d: %s, want %s (%v)", s, c.chain, c.index, got, c.want, err)
			}
		}
	}
}

func TestForeignIsThisWallet(t *testing.T) {
	w := testWallet(t, Regtest)
	f, err := ParseForeign(Regtest, w.Descriptor())
	if err != nil || f.Descriptor() != w.Descriptor() {
		t.Fatalf("%s %v", f.Descriptor(), err)
	}
	for _, chain := range []uint32{Receive, Change} {
		want, err := w.Script(chain, 7)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.Script(chain, 7); err != nil || !bytes.Equal(got, want) {
			t.Errorf("chain %d: %x, want %x (%v)", chain, got, want, err)
		}
	}
}

func TestParseForeignRefuses(t *testing.T) {
	x := bip86Xpub
	raw := base58.Decode(x)
	parentless := append(bytes.Clone(raw[:4]), 0)
	parentless = append(parentless, raw[5:78]...)
	offCurve := append(bytes.Clone(raw[:46]), bytes.Repeat([]byte{0xff}, 32)...)
	sum := func(b []byte) string { return base58.Encode(append(bytes.Clone(b), chainhash.DoubleHashB(b)[:4]...)) }
	for _, c := range []struct{ want, descriptor string }{
		{"private key", "wpkh(xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi/<0;1>/*)"},
		{"private key", "wpkh([73c5da0a/84h]tprv8ZgxMBicQKsPd/<0;1>/*)"},
		{"want tr(", ""}, {"want tr(", x}, {"want tr(", "multi(1," + x + "/<0;1>/*)"}, {"want tr(", "wsh(pk(" + x + "/<0;1>/*))"},
		{"does not end in )", "tr(" + x + "/<0;1>/*"}, {"does not end in ))", "sh(wpkh(" + x + "/<0;1>/*)"},
		{"want /<0;1>/*", "tr(" + x + "/0/*)"}, {"want /<0;1>/*", "tr(" + x + "/<0;1>/*')"}, {"want /<0;1>/*", "tr(" + x + ")"},
		{"no extended public key", "tr(" + x + "/<0;1>/*,pk(" + x + ")/<0;1>/*)"}, {"no extended public key", "tr(" + x + "/5/<0;1>/*)"},
		{"no extended public key", "tr( " + x + "/<0;1>/*)"}, {"no extended public key", "tr(" + x[:40] + "/<0;1>/*)"},
		{"checksum of the extended public key", "tr(" + strings.Replace(x, "xpub6B", "xpub6C", 1) + "/<0;1>/*)"},
		{"is not of mainnet", "tr(" + asXpub(Regtest, x) + "/<0;1>/*)"}, {"is not of mainnet", "wpkh(" + bip84Key + "/<0;1>/*)"},
		{"claims to have no parent", "tr(" + sum(parentless) + "/<0;1>/*)"},
		{"no point of the curve", "tr(" + sum(offCurve) + "/<0;1>/*)"},
		{"no closing bracket", "tr([73c5da0a" + x + "/<0;1>/*)"},
		{"checksum does not hold", "tr(" + x + "/<0;1>/*)#qqqqqqqq"}, {"checksum does not hold", "tr(" + x + "/<0;1>/*)#"},
		{"are more than 400", strings.Repeat("(", 401)},
	} {
		f, err := ParseForeign(Mainnet, c.descriptor)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.descriptor, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "prv") {
			t.Errorf("the error repeats a secret: %v", err)
		}
		if _, err := f.Script(0, 0); err == nil {
			t.Error("the zero value has addresses")
		}
	}
	if _, err := ParseForeign(9, "tr("+x+"/<0;1>/*)"); err == nil {
		t.Error("an unknown network is accepted")
	}
	f, err := ParseForeign(Mainnet, "tr("+x+"/<0;1>/*)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Script(2, 0); err == nil {
		t.Error("chain 2 has addresses")
	}
	if _, err := f.Script(0, MaxIndex+1); err == nil {
		t.Error("a hardened index has an address")
	}
}

// Invariant: what parses has one canonical form, which parses to itself and
// gives the same addresses, which stand on the network.
func FuzzParseForeign(f *testing.F) {
	f.Add("tr(" + bip86Xpub + "/<0;1>/*)")
	f.Add("wpkh([73c5da0a/84h/0h/0h]" + bip44Key + "/<0;1>/*)")
	f.Add("sh(wpkh(" + bip44Key + "/<0;1>/*))#qqqqqqqq")
	f.Fuzz(func(t *testing.T, s string) {
		w, err := ParseForeign(Mainnet, s)
		if err != nil {
			return
		}
		again, err := ParseForeign(Mainnet, w.Descriptor())
		if err != nil || again.Descriptor() != w.Descriptor() {
			t.Fatalf("%q: %v", w.Descriptor(), err)
		}
		a, errA := w.Script(1, 3)
		b, errB := again.Script(1, 3)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Fatalf("%x %x %v %v", a, b, errA, errB)
		}
		if _, err := EncodeScript(Mainnet, a); err != nil {
			t.Fatal(err)
		}
	})
}
