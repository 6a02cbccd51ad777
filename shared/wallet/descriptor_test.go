package wallet

import (
	"strings"
	"testing"
)

// Checksums of BIP380, "Test vectors", and of Bitcoin Core's doc/descriptors.md.
func TestDescriptorChecksum(t *testing.T) {
	for d, want := range map[string]string{
		"raw(deadbeef)": "89f8spxm",
		"wpkh([d34db33f/84h/0h/0h]xpub6DJ2dNUysrn5Vt36jH2KLBT2i1auw1tTSSomg8PhqNiUtx8QX2SvC9nrHu81fT41fvDUnhMjEzQgXnQjKEu3oaqMSzhSrHMxyyoEAmUHQbY/0/*)": "cjjspncu",
	} {
		if got := descriptorChecksum(d); got != want {
			t.Errorf("%s: checksum %s, want %s", d, got, want)
		}
	}
	if got := descriptorChecksum("raw(Ü)"); got != "" {
		t.Errorf("a character outside the set has a checksum %q", got)
	}
	if descriptorChecksum("raw(deedbeef)") == "89f8spxm" {
		t.Error("a changed descriptor keeps its checksum")
	}
}

func TestDescriptor(t *testing.T) {
	w := testWallet(t, Mainnet)
	d := w.Descriptor()
	body, sum, ok := strings.Cut(d, "#")
	if !ok || sum != descriptorChecksum(body) || body != "tr("+w.Xpub()+"/<0;1>/*)" {
		t.Errorf("descriptor %s", d)
	}
	for chain, d := range w.Descriptors() {
		body, sum, ok := strings.Cut(d, "#")
		if !ok || sum != descriptorChecksum(body) || body != "tr("+w.Xpub()+"/"+string(rune('0'+chain))+"/*)" {
			t.Errorf("descriptor of chain %d: %s", chain, d)
		}
	}
	if !strings.HasPrefix(w.Xpub(), "xpub661MyMwAqRbc") {
		t.Errorf("xpub %s has a parent", w.Xpub())
	}
	for _, net := range []Network{Testnet4, Signet, Regtest} {
		if x := testWallet(t, net).Xpub(); !strings.HasPrefix(x, "tpub") {
			t.Errorf("%v: %s", net, x)
		}
	}
}
