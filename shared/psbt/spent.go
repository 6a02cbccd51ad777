package psbt

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"
)

// checkSpent returns the output that an input spends, nil if the PSBT does not
// say, after the checks that BIP174 asks of a signer.
func checkSpent(outpoint btcwire.OutPoint, records []record) (*btcwire.TxOut, error) {
	var spent *btcwire.TxOut
	if raw, ok := findField(records, 0x00); ok {
		previous, err := readTransaction(raw, true)
		if err != nil {
			return nil, fmt.Errorf("previous transaction: %w", err)
		}
		if previous.TxHash() != outpoint.Hash {
			return nil, errors.New("previous transaction: it is another than the outpoint names")
		}
		if int64(outpoint.Index) >= int64(len(previous.TxOut)) {
			return nil, fmt.Errorf("previous transaction: it has no output %d", outpoint.Index)
		}
		spent = previous.TxOut[outpoint.Index]
	}
	raw, witness := findField(records, inWitnessUtxo)
	if witness {
		c := cursor{raw}
		out, err := c.output()
		if err != nil {
			return nil, fmt.Errorf("witness utxo: %w", err)
		}
		if len(c.b) != 0 {
			return nil, fmt.Errorf("witness utxo: %d bytes after the script", len(c.b))
		}
		if spent != nil && (spent.Value != out.Value || !bytes.Equal(spent.PkScript, out.PkScript)) {
			return nil, errors.New("witness utxo: it contradicts the previous transaction")
		}
		spent = out
	}
	if spent == nil {
		return nil, nil
	}
	return spent, checkScripts(spent.PkScript, records, witness)
}

// checkScripts follows the chain scriptPubKey, redeem script, witness script:
// each must be the preimage of the one before. An output given as a witness utxo
// must be one (BIP174), since only a witness signature commits to its amount.
func checkScripts(script []byte, records []record, witness bool) error {
	redeem, ok := findField(records, 0x04)
	if ok {
		want := append(append([]byte{0xa9, 0x14}, address.Hash160(redeem)...), 0x87)
		if !bytes.Equal(script, want) {
			return errors.New("the redeem script is not that of the spent output")
		}
		script = redeem
	}
	if preimage, ok := findField(records, 0x05); ok {
		hash := sha256.Sum256(preimage)
		if !bytes.Equal(script, append([]byte{0x00, 0x20}, hash[:]...)) {
			return errors.New("the witness script is not that of the spent output")
		}
	}
	// A P2SH output whose redeem script is not given may be a nested witness.
	isOpaque := !ok && len(script) == 23 && script[0] == 0xa9 && script[22] == 0x87
	if witness && !isWitnessProgram(script) && !isOpaque {
		return errors.New("a witness utxo for an output that has no witness")
	}
	return nil
}

// isWitnessProgram reports whether a script is a version and 2 to 40 bytes
// (BIP141).
func isWitnessProgram(s []byte) bool {
	return len(s) >= 4 && len(s) <= 42 && (s[0] == 0 || s[0] >= 0x51 && s[0] <= 0x60) && int(s[1]) == len(s)-2
}
