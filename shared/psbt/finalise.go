package psbt

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/batch"
)

// Finalise returns the signed transaction, ready for broadcast, and its id in
// the order of the wire. sigs holds one BIP340 signature an input, in order. Each
// is verified against its digest and output key, and then every input by the
// script engine under standard rules; one bad signature and nothing is returned.
func Finalise(v batch.Verified, tx, variant int, sigs [][64]byte) (raw []byte, txid [32]byte, err error) {
	s, err := find(v, tx, variant)
	if err != nil {
		return nil, txid, fmt.Errorf("psbt: finalise: %w", err)
	}
	raw, err = s.finalise(sigs)
	if err != nil {
		return nil, txid, fmt.Errorf("psbt: finalise: %w", err)
	}
	return raw, s.tx.TxHash(), nil
}

// finalise puts the signatures into the transaction and checks what it became.
func (s *spend) finalise(sigs [][64]byte) ([]byte, error) {
	if err := s.verify(sigs); err != nil {
		return nil, err
	}
	for i := range s.tx.TxIn {
		s.tx.TxIn[i].Witness = btcwire.TxWitness{sigs[i][:]}
	}
	if err := s.execute(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := s.tx.Serialize(&b); err != nil {
		panic("psbt: internal error: writing to memory: " + err.Error())
	}
	if vsize := int64(3*s.tx.SerializeSizeStripped()+b.Len()+3) / 4; vsize != s.vsize {
		return nil, fmt.Errorf("the transaction takes %d vB, its fee was judged for %d", vsize, s.vsize)
	}
	return b.Bytes(), nil
}

// verify checks every signature by BIP340 alone, without btcd's script code.
func (s *spend) verify(sigs [][64]byte) error {
	if len(sigs) != len(s.spots) {
		return fmt.Errorf("%d signatures for %d inputs", len(sigs), len(s.spots))
	}
	for i, spot := range s.spots {
		key, err := schnorr.ParsePubKey(spot.OutputKey[:])
		if err != nil {
			return fmt.Errorf("input %d: output key: %w", i, err)
		}
		sig, err := schnorr.ParseSignature(sigs[i][:])
		if err != nil {
			return fmt.Errorf("input %d: signature: %w", i, err)
		}
		if !sig.Verify(s.sighashes[i][:], key) {
			return fmt.Errorf("input %d (%v): the signature is not valid for its key and digest", i, s.inputs[i].OutPoint)
		}
	}
	return nil
}

// execute runs the script engine on every input, the second opinion that
// computes the digests by its own code.
func (s *spend) execute() error {
	spent := txscript.NewMultiPrevOutFetcher(nil)
	for i, in := range s.tx.TxIn {
		spent.AddPrevOut(in.PreviousOutPoint, s.spent(i))
	}
	hashes := txscript.NewTxSigHashes(s.tx, spent)
	for i, in := range s.inputs {
		engine, err := txscript.NewEngine(s.spots[i].Script(), s.tx, i, txscript.StandardVerifyFlags, nil, hashes, int64(in.Amount), spent)
		if err != nil {
			return fmt.Errorf("input %d: script engine: %w", i, err)
		}
		if err := engine.Execute(); err != nil {
			return fmt.Errorf("input %d: script engine: %w", i, err)
		}
	}
	return nil
}
