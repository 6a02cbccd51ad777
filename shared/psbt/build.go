package psbt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/batch"
	"heliograph/shared/wallet"
)

// Build returns the canonical PSBT of one variant of one transaction: for every
// input the spent output, the internal key and its derivation, for the change
// the internal key and its derivation. The sighash type is left out, which means
// SIGHASH_DEFAULT (BIP371). It errs on the zero Verified and on a transaction or
// variant that the batch does not have.
func Build(v batch.Verified, tx, variant int) ([]byte, error) {
	s, err := find(v, tx, variant)
	if err != nil {
		return nil, fmt.Errorf("psbt: build: %w", err)
	}
	return s.encode(nil), nil
}

// BuildSigned is Build with a signature on every input (PSBT_IN_TAP_KEY_SIG), in
// the order of the inputs, each verified first.
func BuildSigned(v batch.Verified, tx, variant int, sigs [][64]byte) ([]byte, error) {
	s, err := find(v, tx, variant)
	if err != nil {
		return nil, fmt.Errorf("psbt: build signed: %w", err)
	}
	if err := s.verify(sigs); err != nil {
		return nil, fmt.Errorf("psbt: build signed: %w", err)
	}
	return s.encode(sigs), nil
}

// spend is one variant of a transaction with what its signatures need.
type spend struct {
	fingerprint [4]byte
	tx          *btcwire.MsgTx // unsigned
	inputs      []batch.Input
	spots       []wallet.Spot
	sighashes   [][32]byte
	vsize       int64
	change      wallet.Spot
	changeAt    int // -1 without change
}

func find(v batch.Verified, tx, variant int) (*spend, error) {
	if !v.Valid() {
		return nil, errors.New("the batch was not verified")
	}
	transactions := v.Transactions()
	if tx < 0 || tx >= len(transactions) {
		return nil, fmt.Errorf("no transaction %d among %d", tx, len(transactions))
	}
	t := transactions[tx]
	variants := t.Variants()
	if variant < 0 || variant >= len(variants) {
		return nil, fmt.Errorf("no variant %d among %d", variant, len(variants))
	}
	s := &spend{
		fingerprint: v.Wallet().Fingerprint(),
		tx:          variants[variant].Tx(),
		inputs:      t.Inputs(),
		spots:       t.Spots(),
		sighashes:   variants[variant].Sighashes(),
		vsize:       variants[variant].VSize(),
		changeAt:    -1,
	}
	if spot, at, ok := t.Change(); ok {
		s.change, s.changeAt = spot, at
	}
	return s, nil
}

// spent returns the output that input i spends.
func (s *spend) spent(i int) *btcwire.TxOut {
	return btcwire.NewTxOut(int64(s.inputs[i].Amount), s.spots[i].Script())
}

// encode writes the PSBT; sigs is nil or has one signature an input.
func (s *spend) encode(sigs [][64]byte) []byte {
	b := []byte(magic)
	b = appendMap(b, []record{{kind: globalUnsignedTx, value: encodeUnsigned(s.tx)}})
	for i, spot := range s.spots {
		records := []record{{kind: inWitnessUtxo, value: encodeOutput(s.spent(i))}}
		if sigs != nil {
			records = append(records, record{kind: inTapKeySig, value: sigs[i][:]})
		}
		records = append(records,
			record{kind: inTapBip32Derivation, key: spot.InternalKey[:], value: s.derivation(spot)},
			record{kind: inTapInternalKey, value: spot.InternalKey[:]})
		b = appendMap(b, records)
	}
	for i := range s.tx.TxOut {
		var records []record
		if i == s.changeAt {
			records = []record{
				{kind: outTapInternalKey, value: s.change.InternalKey[:]},
				{kind: outTapBip32, key: s.change.InternalKey[:], value: s.derivation(s.change)},
			}
		}
		b = appendMap(b, records)
	}
	return b
}

// derivation is the value of a PSBT_*_TAP_BIP32_DERIVATION: no leaf hashes (the
// key is the internal key), the fingerprint of the synthetic root, the path.
func (s *spend) derivation(spot wallet.Spot) []byte {
	b := append([]byte{0}, s.fingerprint[:]...)
	b = binary.LittleEndian.AppendUint32(b, spot.Chain)
	return binary.LittleEndian.AppendUint32(b, spot.Index)
}

// encodeUnsigned returns a transaction without witnesses.
func encodeUnsigned(tx *btcwire.MsgTx) []byte {
	var b bytes.Buffer
	b.Grow(tx.SerializeSizeStripped())
	if err := tx.SerializeNoWitness(&b); err != nil {
		panic("psbt: internal error: writing to memory: " + err.Error())
	}
	return b.Bytes()
}
