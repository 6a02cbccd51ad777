package wallet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
)

// bip328ChainCode is the constant of BIP328: SHA256("MuSig2MuSig2MuSig2").
const bip328ChainCode = "868087ca02a6f974c4598924c36b57762d32cb45717167e300622c7167e38965"

// The first case of BIP328's vectors, restated.
func TestBIP328FirstCase(t *testing.T) {
	checkBIP328(t, "0354240c76b8f2999143301a99c7f721ee57eee0bce401df3afeaa9ae218c70f23",
		"xpub661MyMwAqRbcFt6tk3uaczE1y6EvM1TqXvawXcYmFEWijEM4PDBnuCXwwXEKGEouzXE6QLLRxjatMcLLzJ5LV5Nib1BN7vJg6yp45yHHRbm")
}

func checkBIP328(t *testing.T, key, xpub string) {
	t.Helper()
	w, err := New(unhex[[33]byte](t, key), unhex[[32]byte](t, bip328ChainCode), Mainnet, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Xpub(); got != xpub {
		t.Errorf("xpub of %s is %s, want %s", key, got, xpub)
	}
	x, err := hdkeychain.NewKeyFromString(w.Xpub())
	if err != nil || x.IsPrivate() || x.Depth() != 0 || x.ParentFingerprint() != 0 {
		t.Errorf("another program reads %v (%v)", x, err)
	}
}

func TestConformanceBIP328(t *testing.T) {
	dir := os.Getenv("HELIOGRAPH_VECTORS")
	if dir == "" {
		t.Skip("SKIPPED: HELIOGRAPH_VECTORS names no folder of published vectors (make conformance sets it)")
	}
	b, err := os.ReadFile(filepath.Join(dir, "bip328", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Key  string `json:"aggregate_pubkey"`
		Xpub string `json:"xpub"`
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("the file holds no case")
	}
	for i, c := range cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) { checkBIP328(t, c.Key, c.Xpub) })
	}
	fmt.Printf("conformance: bip328/vectors %d cases\n", len(cases))
}
