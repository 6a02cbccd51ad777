package wallet

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/txscript/v2"
	"pgregory.net/rapid"
)

// bip86Key and bip86ChainCode are the account key of BIP86's test vectors
// (m/86'/0'/0' of "abandon ... about"), decoded from its xpub.
const bip86Xpub = "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ"

func unhex[T ~[33]byte | ~[32]byte](t testing.TB, s string) T {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if len(b) != len(out) {
		t.Fatalf("%d bytes, want %d", len(b), len(out))
	}
	for i := range b {
		out[i] = b[i]
	}
	return out
}

func testWallet(t testing.TB, net Network) Wallet {
	t.Helper()
	x, err := hdkeychain.NewKeyFromString(bip86Xpub)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x.ECPubKey()
	if err != nil {
		t.Fatal(err)
	}
	w, err := New([33]byte(pub.SerializeCompressed()), [32]byte(x.ChainCode()), net, [32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The addresses and keys printed in BIP86, "Test vectors".
func TestBIP86(t *testing.T) {
	w := testWallet(t, Mainnet)
	for _, c := range []struct {
		chain, index              uint32
		internal, output, address string
	}{
		{0, 0, "cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115", "a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c", "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"},
		{0, 1, "83dfe85a3151d2517290da461fe2815591ef69f2b18a2ce63f01697a8b313145", "a82f29944d65b86ae6b5e5cc75e294ead6c59391a1edc5e016e3498c67fc7bbb", "bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh"},
		{1, 0, "399f1b2f4393f29a18c937859c5dd8a77350103157eb880f02e8c08214277cef", "882d74e5d0572d5a816cef0041a96b6c1de832f6f9676d9605c44d5e9a97d3dc", "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"},
	} {
		s, err := w.Derive(c.chain, c.index)
		if err != nil {
			t.Fatal(err)
		}
		if s.InternalKey != unhex[[32]byte](t, c.internal) || s.OutputKey != unhex[[32]byte](t, c.output) {
			t.Errorf("%d/%d: keys %x %x", c.chain, c.index, s.InternalKey, s.OutputKey)
		}
		if a, err := w.Address(c.chain, c.index); err != nil || a != c.address {
			t.Errorf("%d/%d: address %s (%v), want %s", c.chain, c.index, a, err, c.address)
		}
		if script, err := w.Script(c.chain, c.index); err != nil || hex.EncodeToString(script) != "5120"+c.output {
			t.Errorf("%d/%d: script %x (%v)", c.chain, c.index, script, err)
		}
	}
}

// Two independent derivations agree: this package's and btcd's hdkeychain with
// txscript, over random keys, chains and indices.
func TestDeriveEqualsBtcd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		cc := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "chain code")
		chain := rapid.Uint32Range(0, 1).Draw(t, "chain")
		index := rapid.Uint32Range(0, MaxIndex).Draw(t, "index")
		priv, pub := btcec.PrivKeyFromBytes(seed)
		if priv.Key.IsZero() {
			t.Skip("zero key")
		}
		w, err := New([33]byte(pub.SerializeCompressed()), [32]byte(cc), Mainnet, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		x, err := hdkeychain.NewKeyFromString(w.Xpub())
		if err != nil {
			t.Fatal(err)
		}
		c, err := x.Derive(chain)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := c.Derive(index)
		if err != nil {
			t.Fatal(err)
		}
		internal, err := leaf.ECPubKey()
		if err != nil {
			t.Fatal(err)
		}
		want, err := txscript.PayToTaprootScript(txscript.ComputeTaprootKeyNoScript(internal))
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Script(chain, index)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("script %x (%v), want %x", got, err, want)
		}
	})
}

// A signer applies the tweaks one after the other to the threshold key, as
// BIP445's ApplyTweak does (negate if x-only and y odd, then add t·G). What it
// ends with must be the key in the script, for internal keys of both parities.
func TestTweaksLeadToTheOutputKey(t *testing.T) {
	odd, even := 0, 0
	for _, start := range []byte{1, 2, 3, 5} {
		_, pub := btcec.PrivKeyFromBytes([]byte{start})
		w, err := New([33]byte(pub.SerializeCompressed()), [32]byte{start}, Regtest, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		for index := range uint32(8) {
			for chain := range uint32(2) {
				tweaks, err := w.Tweaks(chain, index)
				if err != nil {
					t.Fatal(err)
				}
				if len(tweaks) != 3 || tweaks[0].XOnly || tweaks[1].XOnly || !tweaks[2].XOnly {
					t.Fatalf("tweaks %+v: want plain, plain, x-only", tweaks)
				}
				var q btcec.JacobianPoint
				pub.AsJacobian(&q)
				for _, tw := range tweaks {
					q.ToAffine()
					if tw.XOnly && q.Y.IsOdd() {
						odd++
						q.Y.Negate(1).Normalize()
					} else if tw.XOnly {
						even++
					}
					var s btcec.ModNScalar
					if s.SetByteSlice(tw.T[:]) {
						t.Fatal("tweak is not below the group order")
					}
					var tg, sum btcec.JacobianPoint
					btcec.ScalarBaseMultNonConst(&s, &tg)
					btcec.AddNonConst(&q, &tg, &sum)
					q = sum
				}
				q.ToAffine()
				script, err := w.Script(chain, index)
				if err != nil {
					t.Fatal(err)
				}
				if x := q.X.Bytes(); !bytes.Equal(script[2:], x[:]) {
					t.Fatalf("%d/%d: tweaks lead to %x, script has %x", chain, index, *x, script[2:])
				}
			}
		}
	}
	if odd == 0 || even == 0 {
		t.Fatalf("%d odd and %d even internal keys: want both", odd, even)
	}
}

// The fingerprint is what a child names as its parent's.
func TestFingerprint(t *testing.T) {
	w := testWallet(t, Mainnet)
	x, err := hdkeychain.NewKeyFromString(w.Xpub())
	if err != nil {
		t.Fatal(err)
	}
	child, err := x.Derive(0)
	if err != nil {
		t.Fatal(err)
	}
	fp := w.Fingerprint()
	if got := binary.BigEndian.Uint32(fp[:]); got != child.ParentFingerprint() {
		t.Errorf("%08x, want %08x", got, child.ParentFingerprint())
	}
	if (Wallet{}).Fingerprint() != [4]byte{} {
		t.Error("the zero wallet has a fingerprint")
	}
}

// A tweak of n or more is refused and never reduced; neither is a sum at
// infinity taken for a key.
func TestAddTweakRefuses(t *testing.T) {
	n := unhex[[32]byte](t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	less := n
	less[31]--
	all := n
	for i := range all {
		all[i] = 0xff
	}
	_, g := btcec.PrivKeyFromBytes([]byte{1})
	key := [33]byte(g.SerializeCompressed())
	for _, c := range []struct {
		name  string
		key   [33]byte
		tweak [32]byte
		want  string
	}{
		{"n", key, n, "group order"},
		{"2^256-1", key, all, "group order"},
		{"G + (n-1)G", key, less, "infinity"},
		{"x off the curve", unhex[[33]byte](t, "02eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"), [32]byte{1}, "curve"},
	} {
		if _, err := addTweak(c.key, c.tweak); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	two := less
	two[31]-- // n-2: G + (n-2)G = -G, a good key
	if got, err := addTweak(key, two); err != nil || got[0] != key[0]^1 || !bytes.Equal(got[1:], key[1:]) {
		t.Errorf("n-2: %x %v", got, err)
	}
	if got, err := addTweak(key, [32]byte{}); err != nil || got != key {
		t.Errorf("zero tweak: %x %v", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := testWallet(t, Regtest)
	off := good.Key()
	off[0] = 0x04
	for _, c := range []struct {
		name string
		key  [33]byte
		net  Network
	}{
		{"network 0", good.Key(), 0},
		{"network 5", good.Key(), 5},
		{"zero key", [33]byte{}, Regtest},
		{"key of another form", off, Regtest},
	} {
		if w, err := New(c.key, good.ChainCode(), c.net, [32]byte{}); err == nil || w.Valid() {
			t.Errorf("%s was accepted", c.name)
		}
	}
	if _, err := good.Script(2, 0); err == nil {
		t.Error("chain 2 was accepted")
	}
	if _, err := good.Script(0, MaxIndex+1); err == nil {
		t.Error("a hardened index was accepted")
	}
	var zero Wallet
	if _, err := zero.Script(0, 0); err == nil || !strings.Contains(err.Error(), "zero value") {
		t.Errorf("the zero wallet derives scripts: %v", err)
	}
	if _, _, err := OutputKey([32]byte(good.root.key[1:]), []byte{1}); err == nil {
		t.Error("a merkle root of one byte was accepted")
	}
	if _, err := zero.Tweaks(0, 0); err == nil {
		t.Error("the zero wallet derives tweaks")
	}
	if _, err := zero.Address(0, 0); err == nil {
		t.Error("the zero wallet derives addresses")
	}
	if zero.Xpub() != "" || zero.Descriptor() != "" || zero.ID() != (ID{}) {
		t.Error("the zero wallet describes itself")
	}
}

// Each part of a wallet is in its id, and a deposit address depends on the
// chain code.
func TestIDBindsEveryPart(t *testing.T) {
	w := testWallet(t, Regtest)
	_, other := btcec.PrivKeyFromBytes([]byte{9})
	cc := w.ChainCode()
	cc[0] ^= 1
	seen := map[ID]string{w.ID(): "itself"}
	for name, change := range map[string]func() (Wallet, error){
		"key": func() (Wallet, error) {
			return New([33]byte(other.SerializeCompressed()), w.ChainCode(), Regtest, w.Charter0())
		},
		"chain code": func() (Wallet, error) { return New(w.Key(), cc, Regtest, w.Charter0()) },
		"network":    func() (Wallet, error) { return New(w.Key(), w.ChainCode(), Signet, w.Charter0()) },
		"charter":    func() (Wallet, error) { return New(w.Key(), w.ChainCode(), Regtest, [32]byte{8}) },
	} {
		o, err := change()
		if err != nil {
			t.Fatal(err)
		}
		if with, ok := seen[o.ID()]; ok {
			t.Errorf("another %s leaves the id equal to %s", name, with)
		}
		seen[o.ID()] = name
	}
	again, err := New(w.Key(), w.ChainCode(), Regtest, w.Charter0())
	if err != nil || again.ID() != w.ID() {
		t.Errorf("the same wallet has another id: %v", err)
	}
	if ChainCode([]byte("a")) == ChainCode([]byte("b")) {
		t.Error("chain code ignores its input")
	}
}

func BenchmarkScript(b *testing.B) {
	w := testWallet(b, Mainnet)
	var i uint32
	for b.Loop() {
		if _, err := w.Script(0, i); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
