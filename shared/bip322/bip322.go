// Package bip322 verifies that whoever holds the key of an address signed a text:
// the simple signature of BIP322, for the two kinds of addresses of one key in
// use today, P2WPKH and P2TR (key path).
//
// It does not sign, and runs no script: for P2WSH and P2SH, for script paths and
// for the legacy and full forms it errs, as it does for signature hashes other
// than ALL (for P2TR, DEFAULT too).
package bip322

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/wire"
)

// MaxSignature is the longest signature that Verify reads, in bytes: a P2WPKH
// witness with a DER signature of 73 bytes and a key of 33.
const MaxSignature = 1 + 1 + 73 + 1 + 33

// Verify checks the simple signature of message by the key of script, a
// scriptPubKey. signature is the witness stack in consensus encoding, before
// base64.
func Verify(script []byte, message string, signature []byte) error {
	if len(signature) > MaxSignature {
		return fmt.Errorf("bip322: verify: signature of %d bytes: at most %d", len(signature), MaxSignature)
	}
	stack, err := parseStack(signature)
	if err != nil {
		return fmt.Errorf("bip322: verify: %w", err)
	}
	switch {
	case len(script) == 22 && bytes.HasPrefix(script, []byte{0x00, 0x14}):
		err = verifyP2WPKH(script, message, stack)
	case len(script) == 34 && bytes.HasPrefix(script, []byte{0x51, 0x20}):
		err = verifyP2TR(script, message, stack)
	default:
		err = errors.New("only P2WPKH and P2TR addresses can sign in the simple form")
	}
	if err != nil {
		return fmt.Errorf("bip322: verify: %w", err)
	}
	return nil
}

// parseStack reads a witness stack whose elements are shorter than 253 bytes, so
// that each length takes one byte.
func parseStack(b []byte) ([][]byte, error) {
	bad := errors.New("not the witness of a simple signature")
	if len(b) == 0 {
		return nil, bad
	}
	stack := make([][]byte, 0, 2)
	count, rest := int(b[0]), b[1:]
	if count > 2 {
		return nil, bad
	}
	for range count {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return nil, bad
		}
		stack = append(stack, rest[1:1+int(rest[0])])
		rest = rest[1+int(rest[0]):]
	}
	if len(rest) != 0 {
		return nil, bad
	}
	return stack, nil
}

// toSign is the virtual transaction that a signature of message is made for. It
// spends toSpend, which commits to the message and the script.
func toSign(script []byte, message string) *btcwire.MsgTx {
	hash := wire.TaggedHash("BIP0322-signed-message", []byte(message))
	spend := btcwire.NewMsgTx(0)
	spend.AddTxIn(&btcwire.TxIn{
		PreviousOutPoint: btcwire.OutPoint{Hash: chainhash.Hash{}, Index: 0xffffffff},
		SignatureScript:  append([]byte{0x00, 0x20}, hash[:]...),
	})
	spend.AddTxOut(btcwire.NewTxOut(0, script))
	sign := btcwire.NewMsgTx(0)
	sign.AddTxIn(&btcwire.TxIn{PreviousOutPoint: btcwire.OutPoint{Hash: spend.TxHash(), Index: 0}})
	sign.AddTxOut(btcwire.NewTxOut(0, []byte{txscript.OP_RETURN}))
	return sign
}

func verifyP2WPKH(script []byte, message string, stack [][]byte) error {
	if len(stack) != 2 || len(stack[0]) < 9 || len(stack[1]) != 33 {
		return errors.New("the witness is not a signature and a compressed key")
	}
	der, flag := stack[0][:len(stack[0])-1], stack[0][len(stack[0])-1]
	if txscript.SigHashType(flag) != txscript.SigHashAll {
		return errors.New("the signature hash is not ALL")
	}
	if !bytes.Equal(address.Hash160(stack[1]), script[2:]) {
		return errors.New("the key is not that of the address")
	}
	key, err := btcec.ParsePubKey(stack[1])
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	signature, err := ecdsa.ParseDERSignature(der)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if s := signature.S(); s.IsOverHalfOrder() {
		return errors.New("the signature is the larger of the two that verify (BIP146)")
	}
	tx := toSign(script, message)
	hashes := txscript.NewTxSigHashes(tx, txscript.NewCannedPrevOutputFetcher(script, 0))
	digest, err := txscript.CalcWitnessSigHash(script, hashes, txscript.SigHashAll, tx, 0, 0)
	if err != nil {
		return fmt.Errorf("signature hash: %w", err)
	}
	if !signature.Verify(digest, key) {
		return errors.New("the signature is not of this text by this address")
	}
	return nil
}

func verifyP2TR(script []byte, message string, stack [][]byte) error {
	if len(stack) != 1 || len(stack[0]) != 64 && len(stack[0]) != 65 {
		return errors.New("the witness is not one signature of the key path")
	}
	kind := txscript.SigHashDefault
	if len(stack[0]) == 65 {
		kind = txscript.SigHashType(stack[0][64])
		if kind != txscript.SigHashAll {
			return errors.New("the signature hash is not ALL")
		}
	}
	key, err := schnorr.ParsePubKey(script[2:])
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	signature, err := schnorr.ParseSignature(stack[0][:64])
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	tx := toSign(script, message)
	prior := txscript.NewCannedPrevOutputFetcher(script, 0)
	digest, err := txscript.CalcTaprootSignatureHash(txscript.NewTxSigHashes(tx, prior), kind, tx, 0, prior)
	if err != nil {
		return fmt.Errorf("signature hash: %w", err)
	}
	if !signature.Verify(digest, key) {
		return errors.New("the signature is not of this text by this address")
	}
	return nil
}
