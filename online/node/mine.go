package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
)

// maxMine bounds one call of Mine: more than any test or demonstration needs, and
// far from the point where blocks run two hours ahead of the clock.
const maxMine = 10_000

// Mine adds n blocks (1 to 10,000) to the chain. They hold the mempool's transactions as they fit
// and pay their coinbases to the hot wallet. On success the blocks are durable. If
// ctx ends midway, the blocks mined so far stay.
func (e *Embedded) Mine(ctx context.Context, n int) error {
	if n < 1 || n > maxMine {
		return fmt.Errorf("node: mine: %d blocks asked for, want 1 to %d", n, maxMine)
	}
	leave, err := e.enterToChange(ctx)
	if err != nil {
		return err
	}
	defer leave()
	var stopped error
	for range n {
		if stopped = ctx.Err(); stopped != nil {
			break
		}
		if stopped = e.mineOne(); stopped != nil {
			break
		}
	}
	if err := e.journal.sync(); err != nil {
		return e.fail(err)
	}
	return stopped
}

func (e *Embedded) mineOne() error {
	template, err := e.generator.NewBlockTemplate(e.hot.address)
	if err != nil {
		return fmt.Errorf("node: mine: make a block: %w", err)
	}
	header := &template.Block.Header
	target := blockchain.CompactToBig(header.Bits)
	for {
		hash := header.BlockHash()
		if blockchain.HashToBig(&hash).Cmp(target) <= 0 {
			break
		}
		header.Nonce++
		if header.Nonce == 0 {
			return errors.New("node: mine: no nonce solves the block: internal error")
		}
	}
	block := btcutil.NewBlock(template.Block)
	onMain, orphan, err := e.chain.ProcessBlock(block, blockchain.BFNone)
	if err != nil {
		return fmt.Errorf("node: mine: connect the block: %w", err)
	}
	if orphan || !onMain {
		return errors.New("node: mine: connect the block: it does not extend the chain: internal error")
	}
	return e.connected(block, template.Height)
}

// connected brings the journal, the index and the mempool after the chain.
func (e *Embedded) connected(block *btcutil.Block, height int32) error {
	raw, err := block.Bytes()
	if err != nil {
		return e.fail(fmt.Errorf("node: mine: %w", err))
	}
	if err := e.journal.add(record{blockRecord, raw}); err != nil {
		return e.fail(err)
	}
	if err := e.index.connect(block, height); err != nil {
		return e.fail(err)
	}
	for _, tx := range block.Transactions()[1:] {
		e.pool.RemoveTransaction(tx, false)
		e.pool.RemoveDoubleSpends(tx)
	}
	e.prunePending()
	return nil
}
