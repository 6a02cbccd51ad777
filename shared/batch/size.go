package batch

import btcwire "github.com/btcsuite/btcd/wire/v2"

// dustTaproot is the dust limit of a P2TR output.
const dustTaproot Amount = 330

// DustLimit returns the least amount that nodes relay in an output with that
// scriptPubKey: three times the size in vB of the output and of the input that
// would spend it, which Bitcoin Core (GetDustThreshold, 3 sat/vB) takes as 148
// vB, or 67 for a witness program. The script is of one of the standard kinds,
// so its length fits one byte. It is 0 for an OP_RETURN output, which nobody
// spends.
func DustLimit(script []byte) Amount {
	if _, ok := Data(script); ok {
		return 0
	}
	spend := 148
	if n := len(script); n >= 4 && n <= 42 && (script[0] == 0 || script[0] >= 0x51 && script[0] <= 0x60) && int(script[1]) == n-2 {
		spend = 67
	}
	return Amount(3 * (8 + 1 + len(script) + spend))
}

// signedWeight returns the weight of an unsigned transaction once every input
// has its witness: one element of 64 bytes (a BIP340 signature with
// SIGHASH_DEFAULT), which takes 66 weight units, beside 2 for marker and flag
// (BIP141, BIP341).
func signedWeight(tx *btcwire.MsgTx) int64 {
	return 4*int64(tx.SerializeSizeStripped()) + 2 + 66*int64(len(tx.TxIn))
}
