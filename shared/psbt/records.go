package psbt

import (
	"encoding/binary"

	btcwire "github.com/btcsuite/btcd/wire/v2"
)

// magic opens every PSBT: "psbt" and 0xff.
const magic = "psbt\xff"

// Key types (BIP174, BIP371) that Build writes. Import has the table of all
// that it knows.
const (
	globalUnsignedTx     = 0x00
	inWitnessUtxo        = 0x01
	inTapKeySig          = 0x13
	inTapBip32Derivation = 0x16
	inTapInternalKey     = 0x17
	outTapInternalKey    = 0x05
	outTapBip32          = 0x07
)

// record is one key-value pair of a PSBT map.
type record struct {
	kind  uint64 // key type
	key   []byte // key data, often empty
	value []byte
}

// appendMap appends the records in their order and the separator.
func appendMap(b []byte, records []record) []byte {
	for _, r := range records {
		key := append(appendCompact(nil, r.kind), r.key...)
		b = append(appendCompact(b, uint64(len(key))), key...)
		b = append(appendCompact(b, uint64(len(r.value))), r.value...)
	}
	return append(b, 0)
}

// appendCompact appends n as a compact size unsigned integer.
func appendCompact(b []byte, n uint64) []byte {
	switch {
	case n < 0xfd:
		return append(b, byte(n))
	case n <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	case n <= 0xffffffff:
		return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xff), n)
}

// encodeOutput returns an output as it stands in a transaction: amount, length
// of the script, script.
func encodeOutput(out *btcwire.TxOut) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(out.Value))
	b = appendCompact(b, uint64(len(out.PkScript)))
	return append(b, out.PkScript...)
}
