package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// feeRateSatPerKvB is the fixed answer of FeeRate: regtest has no fee market to
// estimate from, and 2 sat/vB is above every relay minimum.
const feeRateSatPerKvB = 2_000

// Tip returns the height and hash of the best block.
func (e *Embedded) Tip(ctx context.Context) (height int32, hash [32]byte, err error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return 0, hash, err
	}
	defer leave()
	best := e.chain.BestSnapshot()
	return best.Height, best.Hash, nil
}

// FeeRate returns the fee rate to use by default, in sat per 1,000 vB.
func (e *Embedded) FeeRate(ctx context.Context) (satPerKvB int64, err error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return feeRateSatPerKvB, nil
}

// Coins returns the outputs that pay any of the scripts and that nothing spends,
// neither in the chain nor in the mempool: confirmed ones, and unconfirmed ones with
// height 0. They are sorted by outpoint. Immature coinbases are included: see
// Coin.Spendable.
func (e *Embedded) Coins(ctx context.Context, scripts [][]byte) ([]Coin, error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return e.coinsPaying(scripts), nil
}

func (e *Embedded) coinsPaying(scripts [][]byte) []Coin {
	wanted := make(map[string]struct{}, len(scripts))
	var coins []Coin
	for _, script := range scripts {
		if _, seen := wanted[string(script)]; seen {
			continue
		}
		wanted[string(script)] = struct{}{}
		coins = append(coins, e.index.paying(script)...)
	}
	for _, tx := range e.pending {
		for vout, out := range tx.MsgTx().TxOut {
			if _, ok := wanted[string(out.PkScript)]; ok {
				coins = append(coins, Coin{
					TxID: *tx.Hash(), Vout: uint32(vout), AmountSat: out.Value, Script: bytes.Clone(out.PkScript),
				})
			}
		}
	}
	coins = slices.DeleteFunc(coins, func(c Coin) bool { return e.pool.CheckSpend(c.outPoint()) != nil })
	slices.SortFunc(coins, compareOutPoints)
	return coins
}

// Status says where a transaction is. At most one of InMempool and Confirmed holds.
type Status struct {
	Known         bool // in the mempool or in a block
	InMempool     bool
	Confirmed     bool
	Height        int32    // of its block; 0 if unconfirmed
	BlockHash     [32]byte // of its block; zero if unconfirmed
	Confirmations int32    // 1 in the best block; 0 if unconfirmed
}

// Status looks a transaction up by txid. One that was replaced, or conflicts with the
// chain, is not known: SpentBy on one of its inputs tells what took its place.
func (e *Embedded) Status(ctx context.Context, txid [32]byte) (Status, error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return Status{}, err
	}
	defer leave()
	if height, ok := e.index.heights[txid]; ok {
		hash, err := e.chain.BlockHashByHeight(height)
		if err != nil {
			return Status{}, fmt.Errorf("node: status of %s: %w", chainhash.Hash(txid), err)
		}
		return Status{
			Known: true, Confirmed: true,
			Height: height, BlockHash: *hash, Confirmations: e.index.tip - height + 1,
		}, nil
	}
	hash := chainhash.Hash(txid)
	if e.pool.IsTransactionInPool(&hash) {
		return Status{Known: true, InMempool: true}, nil
	}
	return Status{}, nil
}

// SpentBy returns the transaction, in the chain or else in the mempool, that spends
// output vout of txid. found is false if nothing does, also when there is no such output.
func (e *Embedded) SpentBy(ctx context.Context, txid [32]byte, vout uint32) (by [32]byte, found bool, err error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return by, false, err
	}
	defer leave()
	by, found = e.spender(wire.OutPoint{Hash: txid, Index: vout})
	return by, found, nil
}

func (e *Embedded) spender(outPoint wire.OutPoint) (chainhash.Hash, bool) {
	if by, ok := e.index.spentBy[outPoint]; ok {
		return by, true
	}
	if tx := e.pool.CheckSpend(outPoint); tx != nil {
		return *tx.Hash(), true
	}
	return chainhash.Hash{}, false
}

// RawBlock returns the serialized block (with witnesses) at a height, 0 being the
// genesis block.
func (e *Embedded) RawBlock(ctx context.Context, height int32) ([]byte, error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	block, err := e.chain.BlockByHeight(height)
	if err != nil {
		return nil, fmt.Errorf("node: read block %d: %w", height, err)
	}
	raw, err := block.Bytes()
	if err != nil {
		return nil, fmt.Errorf("node: read block %d: %w", height, err)
	}
	return bytes.Clone(raw), nil
}
