package wallet

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/wire"
)

// node is an extended public key (BIP32) and the tweak that led to it from its
// parent, which is zero at the root.
type node struct {
	key       [33]byte
	chainCode [32]byte
	tweak     [32]byte
}

// child is CKDpub of BIP32: I = HMAC-SHA512(chain code, key || index), the left
// half is the tweak, the right half the child's chain code. Everything here is
// public, so the arithmetic need not be constant time.
func (n node) child(index uint32) (node, error) {
	if index > MaxIndex {
		return node{}, fmt.Errorf("index %d is hardened: a public key has no such child", index)
	}
	mac := hmac.New(sha512.New, n.chainCode[:])
	mac.Write(n.key[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, index))
	sum := mac.Sum(nil)
	var c node
	copy(c.tweak[:], sum[:32])
	copy(c.chainCode[:], sum[32:])
	key, err := addTweak(n.key, c.tweak)
	if err != nil {
		return node{}, err
	}
	c.key = key
	return c, nil
}

// OutputKey is taproot_tweak_pubkey of BIP341: it lifts the x-only internal
// key to its point with even y and adds the tweak TapTweak(internal ||
// merkleRoot) times the generator. Keys of this wallet have no script tree, so
// their merkleRoot is empty (BIP86); a foreign one is 32 bytes. It returns the
// x-only output key and the tweak.
func OutputKey(internal [32]byte, merkleRoot []byte) (output, tweak [32]byte, err error) {
	if len(merkleRoot) != 0 && len(merkleRoot) != 32 {
		return output, tweak, fmt.Errorf("wallet: output key: merkle root of %d bytes: want none or 32", len(merkleRoot))
	}
	even := [33]byte{0x02}
	copy(even[1:], internal[:])
	tweak = wire.TaggedHash("TapTweak", internal[:], merkleRoot)
	key, err := addTweak(even, tweak)
	if err != nil {
		return output, [32]byte{}, fmt.Errorf("wallet: output key: %w", err)
	}
	copy(output[:], key[1:])
	return output, tweak, nil
}

// addTweak returns key + tweak·G, compressed. It refuses a key off the curve,
// a tweak that is not below the group order (never reduced: a reduced tweak is
// another key than other wallets derive) and a sum at infinity.
func addTweak(key [33]byte, tweak [32]byte) ([33]byte, error) {
	p, err := btcec.ParsePubKey(key[:])
	if err != nil {
		return [33]byte{}, fmt.Errorf("key is no point of the curve: %w", err)
	}
	var t btcec.ModNScalar
	if overflow := t.SetBytes(&tweak); overflow != 0 {
		return [33]byte{}, errors.New("tweak is not below the group order")
	}
	var point, tg, sum btcec.JacobianPoint
	p.AsJacobian(&point)
	btcec.ScalarBaseMultNonConst(&t, &tg)
	btcec.AddNonConst(&point, &tg, &sum)
	if sum.Z.IsZero() || (sum.X.IsZero() && sum.Y.IsZero()) {
		return [33]byte{}, errors.New("tweaked key is the point at infinity")
	}
	sum.ToAffine()
	var out [33]byte
	copy(out[:], btcec.NewPublicKey(&sum.X, &sum.Y).SerializeCompressed())
	return out, nil
}

// taprootScript returns OP_1 <32 bytes>.
func taprootScript(output [32]byte) []byte {
	return append([]byte{0x51, 0x20}, output[:]...)
}
