package psbt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	btcpsbt "github.com/btcsuite/btcd/psbt/v2"
)

// refused lists why Import refuses PSBTs that the BIPs call valid. Anything else
// that they call valid must be accepted.
var refused = map[string]string{
	"a field of PSBT version 2":               "version 2 (BIP370) is not read at all",
	"PSBT version 2":                          "the same",
	"0x08 is not on the list":                 "PSBT_OUT_MUSIG2_PARTICIPANT_PUBKEYS (BIP373)",
	"0x1a is not on the list":                 "PSBT_IN_MUSIG2_PARTICIPANT_PUBKEYS (BIP373)",
	"0x1b is not on the list":                 "PSBT_IN_MUSIG2_PUB_NONCE (BIP373)",
	"0x1c is not on the list":                 "PSBT_IN_MUSIG2_PARTIAL_SIG (BIP373)",
	"is not on the list":                      "fields without a meaning that can be shown: unknown, proprietary, preimages",
	"a transaction without inputs or outputs": "it moves no money",
	"is neither DEFAULT nor ALL":              "signatures that leave parts of the transaction open",
	"is not ALL":                              "the same",
}

// TestConformancePSBT walks the PSBTs that BIP174, 370, 371 and 373 print:
// "valid" and "example" ones are accepted or refused for a listed reason,
// "invalid" ones and those that fail a signer's checks are refused. What is
// accepted, btcd's package reads too, as the same transaction.
func TestConformancePSBT(t *testing.T) {
	dir := os.Getenv("HELIOGRAPH_VECTORS")
	if dir == "" {
		t.Skip("SKIPPED: HELIOGRAPH_VECTORS names no folder of published vectors (make conformance sets it)")
	}
	b, err := os.ReadFile(filepath.Join(dir, "psbt", "bips.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file map[string][]struct{ Section, Case, PSBT string }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	cases, accepted := 0, 0
	for bip, list := range file {
		for i, c := range list {
			cases++
			name := fmt.Sprintf("BIP%s case %d (%s, %s)", bip, i, c.Section, c.Case)
			raw, err := base64.StdEncoding.Strict().DecodeString(c.PSBT)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			p, err := Import(raw)
			if err == nil {
				accepted++
				checkAccepted(t, name, p, raw)
			}
			switch {
			case c.Section == "invalid" || strings.Contains(c.Section, "Fails Signer checks"):
				if err == nil {
					t.Errorf("%s: accepted", name)
				}
			case c.Section == "valid" || c.Section == "example" || strings.HasPrefix(c.Section, "signer_or_locktime"):
				if err != nil && (!errors.Is(err, ErrUnsupported) || !listed(err)) {
					t.Errorf("%s: refused without a listed reason: %v", name, err)
				}
			default:
				t.Errorf("%s: unknown section", name)
			}
		}
	}
	if cases == 0 || accepted == 0 {
		t.Fatalf("%d cases, %d accepted", cases, accepted)
	}
	t.Logf("%d of %d accepted", accepted, cases)
	fmt.Printf("conformance: psbt/bips %d cases\n", cases)
}

func listed(err error) bool {
	for reason := range refused {
		if strings.Contains(err.Error(), reason) {
			return true
		}
	}
	return false
}

// checkAccepted holds an import against btcd's package.
func checkAccepted(t *testing.T, name string, p *Imported, raw []byte) {
	t.Helper()
	packet, err := btcpsbt.NewFromRawBytes(bytes.NewReader(raw), false)
	if err != nil {
		t.Errorf("%s: btcd refuses it: %v", name, err)
		return
	}
	if packet.UnsignedTx.TxHash() != p.Tx().TxHash() {
		t.Errorf("%s: btcd reads another transaction", name)
	}
	for i, in := range p.Inputs() {
		utxo := packet.Inputs[i].WitnessUtxo
		if utxo == nil && packet.Inputs[i].NonWitnessUtxo != nil {
			utxo = packet.Inputs[i].NonWitnessUtxo.TxOut[in.Vout]
		}
		if in.Known != (utxo != nil) || utxo != nil && (int64(in.Amount) != utxo.Value || !bytes.Equal(in.Script, utxo.PkScript)) {
			t.Errorf("%s: btcd reads another output spent by input %d", name, i)
		}
	}
	again, err := Import(p.Bytes())
	if err != nil || !bytes.Equal(again.Bytes(), p.Bytes()) || len(p.Bytes()) != len(raw) {
		t.Errorf("%s: its sorted form does not stand (%v)", name, err)
	}
	sorted, sent := slices.Clone(p.Bytes()), slices.Clone(raw)
	slices.Sort(sorted)
	slices.Sort(sent)
	if !bytes.Equal(sorted, sent) {
		t.Errorf("%s: the sorted form has other bytes", name)
	}
}
