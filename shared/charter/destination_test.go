package charter

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/wallet"
)

// treasury is a wallet whose threshold key is a host key of the sample: any
// point serves.
func treasury(t testing.TB, i byte) wallet.Wallet {
	t.Helper()
	w, err := wallet.New(hostKey(i), [32]byte{0x33, i}, wallet.Regtest, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// foreign is another wallet's descriptor of the form before(xpub/<0;1>/*)after.
func foreign(t testing.TB, i byte, before, after string) wallet.Foreign {
	t.Helper()
	f, err := wallet.ParseForeign(wallet.Regtest, before+treasury(t, i).Xpub()+"/<0;1>/*"+after)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func foreignScript(t testing.TB, f wallet.Foreign, chain, index uint32) []byte {
	t.Helper()
	s, err := f.Script(chain, index)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ownScript(t testing.TB, w wallet.Wallet, chain, index uint32) []byte {
	t.Helper()
	s, err := w.Script(chain, index)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var memo = append([]byte{0x6a, 0x04}, "memo"...)

// places is the sample with every kind of destination.
func places(t testing.TB) Document {
	d := sample(t)
	d.Counterparties[0].Once = [][]byte{p2wpkh(9), p2wpkh(8)}
	d.Counterparties[0].Groups = []string{"Exchanges"}
	d.Counterparties[1].Groups = []string{"Exchanges", "Europe"}
	d.Counterparties = append(d.Counterparties,
		Counterparty{Name: "Hot wallet", Descriptor: foreign(t, 50, "wpkh(", ")").Descriptor()},
		Counterparty{Name: "Vault", Descriptor: foreign(t, 51, "tr(", ")").Descriptor(), Groups: []string{"Ours"}},
		Counterparty{Name: "Treasury itself", Own: true, Groups: []string{"Ours"}},
		Counterparty{Name: "Notes", Data: true},
	)
	return d
}

func TestOwnerOfEveryKindOfDestination(t *testing.T) {
	c := mustNew(t, places(t))
	w := treasury(t, 0)
	hot, vault := foreign(t, 50, "wpkh(", ")"), foreign(t, 51, "tr(", ")")
	for _, x := range []struct {
		what, name string
		script     []byte
		listing    string
	}{
		{"listed", "Bitstamp", p2wpkh(3), `"Bitstamp" 0014` + "03" + strings.Repeat("00", 19)},
		{"once", "Kraken", p2wpkh(9), `"Kraken" 0014` + "09" + strings.Repeat("00", 19)},
		{"first of a descriptor", "Hot wallet", foreignScript(t, hot, 0, 0), `"Hot wallet" descriptor ` + hot.Descriptor()},
		{"last of a descriptor", "Hot wallet", foreignScript(t, hot, 1, Reach-1), `"Hot wallet" descriptor ` + hot.Descriptor()},
		{"first again", "Hot wallet", foreignScript(t, hot, 0, 0), `"Hot wallet" descriptor ` + hot.Descriptor()},
		{"taproot descriptor", "Vault", foreignScript(t, vault, 1, 5), `"Vault" descriptor ` + vault.Descriptor()},
		{"own", "Treasury itself", ownScript(t, w, wallet.Receive, 3), `"Treasury itself" own`},
		{"last own", "Treasury itself", ownScript(t, w, wallet.Receive, Reach-1), `"Treasury itself" own`},
		{"data", "Notes", memo, `"Notes" data`},
		{"beyond a descriptor", "", foreignScript(t, hot, 0, Reach), ""},
		{"beyond own", "", ownScript(t, w, wallet.Receive, Reach), ""},
		{"own change", "", ownScript(t, w, wallet.Change, 3), ""},
		{"another's own", "", ownScript(t, treasury(t, 2), wallet.Receive, 3), ""},
		{"stranger", "", p2wpkh(77), ""},
		{"nothing", "", nil, ""},
	} {
		name, ok := c.Owner(w, x.script)
		if name != x.name || ok != (x.name != "") {
			t.Errorf("%s: %q %v, want %q", x.what, name, ok, x.name)
		}
		if x.name == "" {
			continue
		}
		key := c.Listing(name, x.script)
		if key != x.listing || !slices.Contains(c.Listings(), key) {
			t.Errorf("%s: listing %s, want %s", x.what, key, x.listing)
		}
		if other := c.Listing("Zürich Rück", x.script); other != "" {
			t.Errorf("%s: a stranger's listing %s", x.what, other)
		}
		if plain, ok := c.Counterparty(x.script); ok != (x.name != "Treasury itself") || ok && plain != x.name {
			t.Errorf("%s: without the wallet %q %v", x.what, plain, ok)
		}
	}
	if !c.Once(p2wpkh(8)) || c.Once(p2wpkh(3)) || c.Once(memo) || c.Once(p2wpkh(77)) {
		t.Error("once is wrong")
	}
	if n := len(c.Listings()); n != 3+2+4 || !slices.IsSorted(c.Listings()) {
		t.Errorf("%d listings: %q", n, c.Listings())
	}
	if name, ok := c.Owner(wallet.Wallet{}, p2wpkh(3)); !ok || name != "Bitstamp" {
		t.Errorf("without a wallet: %q %v", name, ok)
	}
	if name, ok := c.Owner(wallet.Wallet{}, ownScript(t, w, wallet.Receive, 3)); ok {
		t.Errorf("the zero wallet owns %q", name)
	}
	// Another wallet is asked about in between: nothing of the first is kept for it.
	if _, ok := c.Owner(treasury(t, 2), ownScript(t, treasury(t, 2), wallet.Receive, 3)); !ok {
		t.Error("the second wallet's own address is not known")
	}
	if _, ok := c.Owner(treasury(t, 2), ownScript(t, w, wallet.Receive, 3)); ok {
		t.Error("the first wallet's address is the second's")
	}
}

// A script that is listed for one counterparty and comes under the descriptor of
// another is the first one's, whatever was asked before.
func TestListingGoesBeforeDescriptor(t *testing.T) {
	d := places(t)
	script := foreignScript(t, foreign(t, 50, "wpkh(", ")"), 0, 4)
	d.Counterparties[1].Destinations = append(d.Counterparties[1].Destinations, script)
	c := mustNew(t, d)
	c.Counterparty(foreignScript(t, foreign(t, 50, "wpkh(", ")"), 0, 9))
	if name, _ := c.Counterparty(script); name != "Bitstamp" {
		t.Errorf("%q", name)
	}
	if c.Listing("Hot wallet", script) != "" || c.Listing("Bitstamp", script) == "" {
		t.Error("the listing is not Bitstamp's")
	}
}

func TestZeroCharterKnowsNobody(t *testing.T) {
	var c Charter
	if _, ok := c.Owner(treasury(t, 0), p2wpkh(1)); ok || c.Once(p2wpkh(1)) || c.Proven(p2wpkh(1)) || c.Listing("Kraken", p2wpkh(1)) != "" || c.Listings() != nil || c.Members([]string{"x"}) != nil {
		t.Error("the zero charter knows somebody")
	}
	if _, ok := c.Person("Ada"); ok || c.OfflineKeys() != nil {
		t.Error("the zero charter knows people")
	}
}

func TestMembers(t *testing.T) {
	c := mustNew(t, places(t))
	for _, x := range []struct{ groups, want []string }{
		{[]string{"Exchanges"}, []string{"Bitstamp", "Kraken"}},
		{[]string{"Europe", "Ours"}, []string{"Bitstamp", "Treasury itself", "Vault"}},
		{[]string{"exchanges"}, nil},
		{nil, nil},
	} {
		if got := c.Members(x.groups); !slices.Equal(got, x.want) {
			t.Errorf("%q: %q, want %q", x.groups, got, x.want)
		}
	}
}

func TestKindOf(t *testing.T) {
	push := func(op []byte, n int) []byte {
		return append(append([]byte{0x6a}, op...), bytes.Repeat([]byte{0x41}, n)...)
	}
	for _, x := range []struct {
		what   string
		script []byte
		want   ScriptKind
	}{
		{"P2PKH", append(append([]byte{0x76, 0xa9, 0x14}, make([]byte, 20)...), 0x88, 0xac), P2PKH},
		{"P2SH", append(append([]byte{0xa9, 0x14}, make([]byte, 20)...), 0x87), P2SH},
		{"P2WPKH", p2wpkh(1), P2WPKH},
		{"P2WSH", append([]byte{0x00, 0x20}, make([]byte, 32)...), P2WSH},
		{"P2TR", append([]byte{0x51, 0x20}, make([]byte, 32)...), P2TR},
		{"data", memo, Data},
		{"75 bytes", push([]byte{75}, 75), Data},
		{"76 bytes", push([]byte{0x4c, 76}, 76), Data},
		{"80 bytes", push([]byte{0x4c, 80}, 80), Data},
		{"81 bytes", push([]byte{0x4c, 81}, 81), 0},
		{"75 bytes in the longer form", push([]byte{0x4c, 75}, 75), 0},
		{"longest form", push([]byte{0x4d, 80, 0}, 80), 0},
		{"no push", []byte{0x6a}, 0},
		{"empty push", []byte{0x6a, 0x00}, 0},
		{"one byte", []byte{0x6a, 0x01, 0x41}, Data},
		{"one byte with an opcode", []byte{0x6a, 0x01, 0x10}, 0},
		{"one zero byte", []byte{0x6a, 0x01, 0x00}, Data},
		{"a negative one", []byte{0x6a, 0x01, 0x81}, 0},
		{"an opcode of its own", []byte{0x6a, 0x51, 0x51}, 0},
		{"two pushes", append(bytes.Clone(memo), 0x01, 0x41), 0},
		{"cut short", memo[:5], 0},
		{"later witness version", append([]byte{0x52, 0x20}, make([]byte, 32)...), 0},
		{"nothing", nil, 0},
	} {
		if got, ok := KindOf(x.script); got != x.want || ok != (x.want != 0) {
			t.Errorf("%s: %d %v, want %d", x.what, got, ok, x.want)
		}
		if x.want != 0 && x.want != Data && x.want.String() != x.what {
			t.Errorf("%s is called %s", x.what, x.want)
		}
	}
}

// The dearest miss: every descriptor is of the script's kind and is derived to
// its end, once.
func BenchmarkDescriptorMiss(b *testing.B) {
	d := sample(b)
	d.Counterparties = append(d.Counterparties, Counterparty{Name: "Vault", Descriptor: foreign(b, 51, "tr(", ")").Descriptor()})
	stranger := ownScript(b, treasury(b, 9), 0, 0)
	for b.Loop() {
		c := mustNew(b, d)
		if _, ok := c.Counterparty(stranger); ok {
			b.Fatal("a stranger is known")
		}
	}
}
