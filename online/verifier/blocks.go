package verifier

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/wallet"
)

// readChain parses raw blocks and checks that they are a chain from the
// network's first block on. On networks other than regtest the claimed
// difficulty is not compared with what consensus demands.
func readChain(net wallet.Network, blocks [][]byte) ([]*wire.MsgBlock, error) {
	if len(blocks) == 0 {
		return nil, errors.New("verifier: there are no blocks")
	}
	params := net.Params()
	if params == nil {
		return nil, errors.New("verifier: unknown network")
	}
	var chain []*wire.MsgBlock
	last := chainhash.Hash{}
	for height, raw := range blocks {
		block, err := readBlock(raw)
		if err != nil {
			return nil, fmt.Errorf("verifier: block %d: %w", height, err)
		}
		hash := block.BlockHash()
		if height == 0 && hash != *params.GenesisHash {
			return nil, fmt.Errorf("verifier: block 0 is %s, not the first block of %s", hash, net)
		}
		if block.Header.PrevBlock != last {
			return nil, fmt.Errorf("verifier: block %d does not follow the one before: a block is missing or out of place", height)
		}
		if err := checkWork(hash, block.Header.Bits, params.PowLimit); err != nil {
			return nil, fmt.Errorf("verifier: block %d: %w", height, err)
		}
		if err := checkRoots(block); err != nil {
			return nil, fmt.Errorf("verifier: block %d: %w", height, err)
		}
		chain = append(chain, block)
		last = hash
	}
	// The first block's coinbase is not spendable and never was in the coin set.
	return chain[1:], nil
}

// readBlock reads exactly one block in its only serialization.
func readBlock(raw []byte) (*wire.MsgBlock, error) {
	block := new(wire.MsgBlock)
	reader := bytes.NewReader(raw)
	if err := block.Deserialize(reader); err != nil {
		return nil, err
	}
	if reader.Len() != 0 {
		return nil, fmt.Errorf("%d bytes after the block", reader.Len())
	}
	if len(block.Transactions) == 0 {
		return nil, errors.New("it has no transaction")
	}
	return block, nil
}

// checkWork compares a block's hash with the target in its header ("nBits": an
// exponent of 256 and a mantissa of 23 bits).
func checkWork(hash chainhash.Hash, bits uint32, limit *big.Int) error {
	mantissa, exponent := int64(bits&0x007fffff), uint(bits>>24)
	target := big.NewInt(mantissa)
	switch {
	case bits&0x00800000 != 0 || exponent > 34:
		return fmt.Errorf("its target %08x is out of range", bits)
	case exponent >= 3:
		target.Lsh(target, 8*(exponent-3))
	default:
		target.Rsh(target, 8*(3-exponent))
	}
	if target.Cmp(limit) > 0 {
		return fmt.Errorf("its target %08x is easier than the network allows", bits)
	}
	reversed := bytes.Clone(hash[:])
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	if new(big.Int).SetBytes(reversed).Cmp(target) > 0 {
		return errors.New("it has no proof of work")
	}
	return nil
}

// checkRoots recomputes the Merkle root over the transaction ids and, where a
// transaction has a witness, the commitment to all witnesses in the coinbase
// (BIP141, "Commitment structure").
func checkRoots(block *wire.MsgBlock) error {
	var ids, full []chainhash.Hash
	witnesses := false
	seen := make(map[chainhash.Hash]bool)
	for i, tx := range block.Transactions {
		id := tx.TxHash()
		// A repeated transaction is how two blocks come to one root (CVE-2012-2459).
		if seen[id] {
			return fmt.Errorf("transaction %s is in it twice", id)
		}
		seen[id] = true
		ids = append(ids, id)
		if i == 0 {
			full = append(full, chainhash.Hash{}) // the coinbase's stands for zero
			continue
		}
		full = append(full, tx.WitnessHash())
		witnesses = witnesses || tx.HasWitness()
	}
	if merkle(ids) != block.Header.MerkleRoot {
		return errors.New("its transactions are not those of its header")
	}
	if !witnesses {
		return nil
	}
	coinbase := block.Transactions[0]
	if len(coinbase.TxIn) != 1 || len(coinbase.TxIn[0].Witness) != 1 || len(coinbase.TxIn[0].Witness[0]) != 32 {
		return errors.New("its coinbase has no witness nonce")
	}
	root := merkle(full)
	want := chainhash.DoubleHashH(append(root[:], coinbase.TxIn[0].Witness[0]...))
	prefix := []byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}
	for i := len(coinbase.TxOut) - 1; i >= 0; i-- {
		script := coinbase.TxOut[i].PkScript
		if len(script) >= 38 && bytes.HasPrefix(script, prefix) {
			if !bytes.Equal(script[6:38], want[:]) {
				return errors.New("its witnesses are not those that its coinbase commits to")
			}
			return nil
		}
	}
	return errors.New("its coinbase commits to no witnesses")
}

// merkle is the root of a list of hashes: pairs are hashed together, a last one
// without a partner with itself.
func merkle(level []chainhash.Hash) chainhash.Hash {
	for len(level) > 1 {
		var next []chainhash.Hash
		for i := 0; i < len(level); i += 2 {
			right := level[min(i+1, len(level)-1)]
			next = append(next, chainhash.DoubleHashH(append(bytes.Clone(level[i][:]), right[:]...)))
		}
		level = next
	}
	return level[0]
}
