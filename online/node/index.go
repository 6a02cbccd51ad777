package node

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Coin is one unspent output.
type Coin struct {
	TxID      [32]byte // in the byte order of wire.OutPoint.Hash (displayed txids are reversed)
	Vout      uint32
	AmountSat int64
	Script    []byte // the output script (scriptPubKey)
	Height    int32  // of the block that holds it; 0 while it is only in the mempool
	Coinbase  bool   // not spendable before it has CoinbaseMaturity confirmations
}

// CoinbaseMaturity is how many confirmations a coinbase needs in the block that
// spends it (regtest and mainnet alike).
const CoinbaseMaturity = 100

// Confirmed tells whether the coin is in a block.
func (c Coin) Confirmed() bool { return c.Height > 0 }

// Spendable tells whether consensus lets the next block after one of height tip
// spend the coin from the chain: it is confirmed and, as a coinbase, mature.
func (c Coin) Spendable(tip int32) bool {
	return c.Confirmed() && (!c.Coinbase || tip+1-c.Height >= CoinbaseMaturity)
}

func (c Coin) outPoint() wire.OutPoint {
	return wire.OutPoint{Hash: c.TxID, Index: c.Vout}
}

func compareOutPoints(a, b Coin) int {
	return cmp.Or(bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Vout, b.Vout))
}

// index answers by script, transaction and spent outpoint for the confirmed chain.
// It is derived from the blocks and never stored, so it cannot disagree with them
// after a crash. Every block extends the last: nothing but this process's own miner
// makes blocks, so there is no reorganisation to follow.
type index struct {
	tip      int32
	coins    map[wire.OutPoint]Coin
	byScript map[string]map[wire.OutPoint]struct{}
	heights  map[chainhash.Hash]int32 // of confirmed transactions
	spentBy  map[wire.OutPoint]chainhash.Hash
}

func buildIndex(chain *blockchain.BlockChain) (*index, error) {
	x := &index{
		coins:    make(map[wire.OutPoint]Coin),
		byScript: make(map[string]map[wire.OutPoint]struct{}),
		heights:  make(map[chainhash.Hash]int32),
		spentBy:  make(map[wire.OutPoint]chainhash.Hash),
	}
	for height := int32(1); height <= chain.BestSnapshot().Height; height++ {
		block, err := chain.BlockByHeight(height)
		if err != nil {
			return nil, fmt.Errorf("node: index block %d: %w", height, err)
		}
		if err := x.connect(block, height); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// connect adds the block after the tip. The genesis block is never added: its
// coinbase is not in the coin set.
func (x *index) connect(block *btcutil.Block, height int32) error {
	if height != x.tip+1 {
		return fmt.Errorf("node: index block %d: the index is at %d: internal error", height, x.tip)
	}
	for i, tx := range block.Transactions() {
		txid := *tx.Hash()
		x.heights[txid] = height
		if i > 0 {
			for _, in := range tx.MsgTx().TxIn {
				x.spend(in.PreviousOutPoint, txid)
			}
		}
		for vout, out := range tx.MsgTx().TxOut {
			if txscript.IsUnspendable(out.PkScript) {
				continue
			}
			x.add(Coin{
				TxID: txid, Vout: uint32(vout), AmountSat: out.Value,
				Script: bytes.Clone(out.PkScript), Height: height, Coinbase: i == 0,
			})
		}
	}
	x.tip = height
	return nil
}

func (x *index) add(c Coin) {
	outPoint := c.outPoint()
	x.coins[outPoint] = c
	at := x.byScript[string(c.Script)]
	if at == nil {
		at = make(map[wire.OutPoint]struct{})
		x.byScript[string(c.Script)] = at
	}
	at[outPoint] = struct{}{}
}

func (x *index) spend(outPoint wire.OutPoint, by chainhash.Hash) {
	x.spentBy[outPoint] = by
	c, ok := x.coins[outPoint]
	if !ok {
		return
	}
	delete(x.coins, outPoint)
	at := x.byScript[string(c.Script)]
	delete(at, outPoint)
	if len(at) == 0 {
		delete(x.byScript, string(c.Script))
	}
}

// paying returns the unspent confirmed coins of one script in a fixed order.
func (x *index) paying(script []byte) []Coin {
	var coins []Coin
	for outPoint := range x.byScript[string(script)] {
		c := x.coins[outPoint]
		c.Script = bytes.Clone(c.Script)
		coins = append(coins, c)
	}
	slices.SortFunc(coins, compareOutPoints)
	return coins
}
