package psbt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"heliograph/shared/batch"
)

// ErrUnsupported is wrapped by errors of Import about a PSBT that may be well
// formed but uses what this program does not read: version 2, fields outside the
// tables below, sighash types other than DEFAULT and ALL, a transaction without
// inputs or outputs.
var ErrUnsupported = errors.New("not supported")

// field is one key type that Import accepts: what its key data and its value
// must look like. Without a check of keys there is no key data; without one of
// values, the code named beside it reads the value.
type field struct {
	name  string
	key   func([]byte) error
	value func([]byte) error
}

// The tables are the allow-list (BIP174, "Specification"; BIP371). Not on it:
// proof-of-reserves commitments, hash preimages, MuSig2 and proprietary fields,
// whose meaning the coordinator could not show to anyone.

func globalFields() map[uint64]field {
	version2 := field{"a field of PSBT version 2", anything, unsupported}
	return map[uint64]field{
		globalUnsignedTx: {"PSBT_GLOBAL_UNSIGNED_TX", nil, nil}, // readTransaction
		0x01:             {"PSBT_GLOBAL_XPUB", length(78, 78), path},
		0xfb:             {"PSBT_GLOBAL_VERSION", nil, version0},
		// Every PSBT of version 2 has the first of these (BIP370): refused by name.
		0x02: version2, 0x03: version2, 0x04: version2, 0x05: version2, 0x06: version2,
	}
}

func inputFields() map[uint64]field {
	return map[uint64]field{
		0x00:                 {"PSBT_IN_NON_WITNESS_UTXO", nil, nil}, // checkSpent
		inWitnessUtxo:        {"PSBT_IN_WITNESS_UTXO", nil, nil},     // checkSpent
		0x02:                 {"PSBT_IN_PARTIAL_SIG", publicKey, ecdsaSignature},
		0x03:                 {"PSBT_IN_SIGHASH_TYPE", nil, sighashType},
		0x04:                 {"PSBT_IN_REDEEM_SCRIPT", nil, anything},
		0x05:                 {"PSBT_IN_WITNESS_SCRIPT", nil, anything},
		0x06:                 {"PSBT_IN_BIP32_DERIVATION", publicKey, path},
		0x07:                 {"PSBT_IN_FINAL_SCRIPTSIG", nil, anything},
		0x08:                 {"PSBT_IN_FINAL_SCRIPTWITNESS", nil, witnessStack},
		inTapKeySig:          {"PSBT_IN_TAP_KEY_SIG", nil, schnorrSignature},
		0x14:                 {"PSBT_IN_TAP_SCRIPT_SIG", xonlyAndLeaf, schnorrSignature},
		0x15:                 {"PSBT_IN_TAP_LEAF_SCRIPT", controlBlock, length(1, MaxImport)},
		inTapBip32Derivation: {"PSBT_IN_TAP_BIP32_DERIVATION", xonlyKey, taprootPath},
		inTapInternalKey:     {"PSBT_IN_TAP_INTERNAL_KEY", nil, xonlyKey},
		0x18:                 {"PSBT_IN_TAP_MERKLE_ROOT", nil, length(32, 32)},
	}
}

func outputFields() map[uint64]field {
	return map[uint64]field{
		0x00:              {"PSBT_OUT_REDEEM_SCRIPT", nil, anything},
		0x01:              {"PSBT_OUT_WITNESS_SCRIPT", nil, anything},
		0x02:              {"PSBT_OUT_BIP32_DERIVATION", publicKey, path},
		outTapInternalKey: {"PSBT_OUT_TAP_INTERNAL_KEY", nil, xonlyKey},
		0x06:              {"PSBT_OUT_TAP_TREE", nil, tapTree},
		outTapBip32:       {"PSBT_OUT_TAP_BIP32_DERIVATION", xonlyKey, taprootPath},
	}
}

// checkField holds a record to the table of its map.
func checkField(r record, table map[uint64]field) error {
	f, ok := table[r.kind]
	if !ok {
		return fmt.Errorf("field 0x%02x is not on the list: %w", r.kind, ErrUnsupported)
	}
	if f.key == nil && len(r.key) != 0 {
		return fmt.Errorf("%s: %d bytes of key data: want none", f.name, len(r.key))
	}
	if f.key != nil {
		if err := f.key(r.key); err != nil {
			return fmt.Errorf("%s: key: %w", f.name, err)
		}
	}
	if f.value != nil {
		if err := f.value(r.value); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// findField returns the value of the field that has no key data, or false.
func findField(records []record, kind uint64) ([]byte, bool) {
	for _, r := range records {
		if r.kind == kind {
			return r.value, true
		}
	}
	return nil, false
}

func anything([]byte) error { return nil }

func unsupported([]byte) error { return ErrUnsupported }

func length(least, most int) func([]byte) error {
	return func(b []byte) error {
		if len(b) < least || len(b) > most {
			return fmt.Errorf("%d bytes: want %d to %d", len(b), least, most)
		}
		return nil
	}
}

func checkAmount(sat int64) error {
	if !batch.Amount(sat).Valid() {
		return fmt.Errorf("amount of %d sat is outside 0 to %d", sat, int64(batch.MaxMoney))
	}
	return nil
}

func publicKey(b []byte) error {
	_, err := btcec.ParsePubKey(b)
	return err
}

func xonlyKey(b []byte) error {
	_, err := schnorr.ParsePubKey(b)
	return err
}

// xonlyAndLeaf is the key data of a script path signature: key and leaf hash.
func xonlyAndLeaf(b []byte) error {
	if len(b) != 64 {
		return fmt.Errorf("%d bytes: want 64", len(b))
	}
	return xonlyKey(b[:32])
}

// controlBlock is 33 bytes and 32 for each of at most 128 steps (BIP341).
func controlBlock(b []byte) error {
	if len(b) < 33 || len(b) > 33+32*128 || (len(b)-33)%32 != 0 {
		return fmt.Errorf("control block of %d bytes", len(b))
	}
	return xonlyKey(b[1:33])
}

// path is a key origin: fingerprint and path, 4 bytes a step.
func path(b []byte) error {
	if len(b) < 4 || len(b)%4 != 0 || len(b) > 4*256 {
		return fmt.Errorf("key origin of %d bytes", len(b))
	}
	return nil
}

// taprootPath is the leaf hashes, counted, and a key origin.
func taprootPath(b []byte) error {
	c := cursor{b}
	n, err := c.count(32)
	if err != nil {
		return err
	}
	if _, err := c.take(32 * uint64(n)); err != nil {
		return err
	}
	return path(c.b)
}

func version0(b []byte) error {
	if len(b) != 4 {
		return fmt.Errorf("%d bytes: want 4", len(b))
	}
	if v := binary.LittleEndian.Uint32(b); v != 0 {
		return fmt.Errorf("PSBT version %d: %w", v, ErrUnsupported)
	}
	return nil
}

func sighashType(b []byte) error {
	if len(b) != 4 {
		return fmt.Errorf("%d bytes: want 4", len(b))
	}
	if t := binary.LittleEndian.Uint32(b); t > 1 {
		return fmt.Errorf("sighash type 0x%02x is neither DEFAULT nor ALL: %w", t, ErrUnsupported)
	}
	return nil
}

func ecdsaSignature(b []byte) error {
	if len(b) == 0 {
		return errors.New("the signature is empty")
	}
	der, sighash := b[:len(b)-1], b[len(b)-1]
	if _, err := ecdsa.ParseDERSignature(der); err != nil {
		return err
	}
	if sighash != 1 {
		return fmt.Errorf("sighash type 0x%02x is not ALL: %w", sighash, ErrUnsupported)
	}
	return nil
}

func schnorrSignature(b []byte) error {
	if len(b) != 64 && len(b) != 65 {
		return fmt.Errorf("signature of %d bytes: want 64 or 65", len(b))
	}
	if len(b) == 65 && b[64] == 0 {
		return errors.New("SIGHASH_DEFAULT is spelt out, which BIP341 forbids")
	}
	if len(b) == 65 && b[64] != 1 {
		return fmt.Errorf("sighash type 0x%02x is neither DEFAULT nor ALL: %w", b[64], ErrUnsupported)
	}
	_, err := schnorr.ParseSignature(b[:64])
	return err
}

func witnessStack(b []byte) error {
	c := cursor{b}
	if _, err := c.witness(); err != nil {
		return err
	}
	if len(c.b) != 0 {
		return fmt.Errorf("%d bytes after the witness", len(c.b))
	}
	return nil
}

// tapTree is a list of leaves in depth-first order: depth, leaf version, script
// (BIP371). The depths must close to one tree, which a stack of open branches
// shows.
func tapTree(b []byte) error {
	c := cursor{b}
	var open []byte // depths of finished subtrees that wait for a sibling
	for len(c.b) > 0 {
		head, err := c.take(2)
		if err != nil {
			return err
		}
		depth, version := head[0], head[1]
		if depth > 128 || version&1 != 0 {
			return fmt.Errorf("leaf of depth %d and version 0x%02x", depth, version)
		}
		if _, err := c.bytes(); err != nil {
			return err
		}
		for len(open) > 0 && open[len(open)-1] == depth && depth > 0 {
			open = open[:len(open)-1]
			depth--
		}
		open = append(open, depth)
	}
	if len(open) != 1 || open[0] != 0 {
		return errors.New("leaves do not form a tree")
	}
	return nil
}
