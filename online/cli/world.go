package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"heliograph/shared/batch"

	"heliograph/online/coordinator"
	"heliograph/online/node"
	"heliograph/online/store"
)

// chainFolder is the embedded chain's place in the treasury's folder.
const chainFolder = "node"

// treasury is what a command works on.
type treasury struct {
	*coordinator.Coordinator
	store *store.Store
	node  *node.Embedded // nil unless the command asked for the chain
}

// open opens the treasury without a chain.
func (c *commands) open() (*treasury, error) {
	s, err := store.Open(c.dir)
	if err != nil {
		return nil, err
	}
	app, err := coordinator.Open(s, c.env.Now, c.env.Random)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &treasury{Coordinator: app, store: s}, nil
}

// openChain opens the treasury and its chain, and broadcasts again what is in no
// block. What the network refuses now is said, and no reason to stop.
func (c *commands) openChain(ctx context.Context) (*treasury, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	if t.node, err = node.Open(filepath.Join(c.dir, chainFolder), c.env.Now); err != nil {
		return nil, errors.Join(err, t.close())
	}
	if err := t.Resume(ctx, chain{t.node}); err != nil {
		if ctx.Err() != nil {
			return nil, errors.Join(err, t.close())
		}
		_, _ = fmt.Fprintf(c.env.Err, "warning: broadcasting again: %s\n", escapeLines(err.Error()))
	}
	return t, nil
}

func (t *treasury) close() error {
	var err error
	if t.node != nil {
		err = t.node.Close()
	}
	return errors.Join(err, t.store.Close())
}

func (t *treasury) practice() bool { return t.Settings().Network.Practice() }

// with runs a command on the treasury without a chain, and closes it.
func (c *commands) with(run func(*treasury) error) (err error) {
	t, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	return run(t)
}

// withChain runs a command on the treasury and its chain, and closes both.
func (c *commands) withChain(ctx context.Context, run func(*treasury) error) (err error) {
	t, err := c.openChain(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	return run(t)
}

// chain is the embedded node as the coordinator sees it.
type chain struct{ node *node.Embedded }

func (c chain) Tip(ctx context.Context) (int32, error) {
	height, _, err := c.node.Tip(ctx)
	return height, err
}

func (c chain) Coins(ctx context.Context, scripts [][]byte) ([]coordinator.Coin, error) {
	tip, err := c.Tip(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.node.Coins(ctx, scripts)
	if err != nil {
		return nil, err
	}
	var out []coordinator.Coin
	for _, f := range found {
		out = append(out, coordinator.Coin{
			OutPoint: batch.OutPoint{TxID: f.TxID, Vout: f.Vout}, Amount: batch.Amount(f.AmountSat), Script: f.Script,
			Spendable: f.Spendable(tip),
		})
	}
	return out, nil
}

func (c chain) Status(ctx context.Context, txid [32]byte) (coordinator.TxStatus, error) {
	s, err := c.node.Status(ctx, txid)
	return coordinator.TxStatus{InMempool: s.InMempool, Height: s.Height, Block: s.BlockHash}, err
}

func (c chain) Block(ctx context.Context, height int32) ([]byte, error) {
	return c.node.RawBlock(ctx, height)
}

// observe looks at the chain for a batch, if the charter asks for that.
func (c *commands) observe(ctx context.Context, t *treasury, ref string) error {
	asks, err := t.AsksForClaims()
	if err != nil || !asks {
		return err
	}
	if t.node == nil {
		if t.node, err = node.Open(filepath.Join(c.dir, chainFolder), c.env.Now); err != nil {
			return err
		}
	}
	return t.Observe(ctx, chain{t.node}, chain{t.node}, ref)
}

func (c chain) Broadcast(ctx context.Context, raw []byte) error { return c.node.Broadcast(ctx, raw) }

// maturity is how many blocks make the hot wallet's first coin spendable.
const maturity = node.CoinbaseMaturity + 1

// hotWallet is the embedded node's purse. In practice it is filled by mining, so
// an empty one mines first.
type hotWallet struct{ node *node.Embedded }

func (h hotWallet) Pay(ctx context.Context, deposits []coordinator.Deposit) ([32]byte, error) {
	payments := make([]node.Payment, len(deposits))
	for i, d := range deposits {
		payments[i] = node.Payment{Script: d.Script, AmountSat: int64(d.Amount)}
	}
	txid, err := h.node.FundMany(ctx, payments)
	if _, short := errors.AsType[*node.HotShortage](err); !short {
		return txid, err
	}
	if err := h.node.Mine(ctx, maturity); err != nil {
		return txid, err
	}
	return h.node.FundMany(ctx, payments)
}
