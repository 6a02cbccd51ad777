package coordinator

import (
	"context"
	"fmt"
	"math"

	"heliograph/shared/batch"
	"heliograph/shared/wallet"

	"heliograph/online/coordinator/book"
)

// lookAhead is how many addresses beyond the last one given out are looked at.
const lookAhead = 20

// place is where in the wallet a script is.
type place struct {
	chain uint8
	index uint32
}

// places derives the scripts at which the wallet may have coins.
func places(w wallet.Wallet, state book.State, gap uint32) (map[string]place, [][]byte, error) {
	used, err := changeIndices(state)
	if err != nil {
		return nil, nil, err
	}
	last := [2]uint32{state.Receive + lookAhead, gap}
	for index := range used {
		last[wallet.Change] = max(last[wallet.Change], index+1+gap)
	}
	found := make(map[string]place)
	var scripts [][]byte
	for chain, end := range last {
		for index := range end {
			script, err := w.Script(uint32(chain), index)
			if err != nil {
				return nil, nil, fmt.Errorf("coordinator: derive %d/%d: %w", chain, index, err)
			}
			found[string(script)] = place{uint8(chain), index}
			scripts = append(scripts, script)
		}
	}
	return found, scripts, nil
}

// changeIndices are the change indices of all batches that were not discarded.
func changeIndices(state book.State) (map[uint32]bool, error) {
	used := make(map[uint32]bool)
	for _, b := range state.Batches {
		if b.Status == book.BatchDiscarded {
			continue
		}
		r, err := batch.Decode(b.Request)
		if err != nil {
			return nil, fmt.Errorf("coordinator: batch %d: %w", b.Number, err)
		}
		for _, t := range r.Transactions {
			if t.Change != nil {
				used[t.Change.Index] = true
			}
		}
	}
	return used, nil
}

// Balance is what the wallet owns, in sat. The three are disjoint.
type Balance struct {
	Confirmed   batch.Amount // free to be drafted
	Unconfirmed batch.Amount // not in a block yet, or too young
	Reserved    batch.Amount // in batches that are not finished
	Coins       int          // free to be drafted
	Height      int32
}

// Balance adds the wallet's coins up.
func (c *Coordinator) Balance(ctx context.Context, chain Chain) (Balance, error) {
	p, err := c.at(c.now())
	if err != nil {
		return Balance{}, err
	}
	state, err := c.store.Load()
	if err != nil {
		return Balance{}, err
	}
	var b Balance
	if b.Height, err = chain.Tip(ctx); err != nil {
		return Balance{}, err
	}
	_, scripts, err := places(p.Wallet, state, p.Charter.Document().Gap)
	if err != nil {
		return Balance{}, err
	}
	coins, err := chain.Coins(ctx, scripts)
	if err != nil {
		return Balance{}, err
	}
	for _, coin := range coins {
		_, reserved := state.Reserved[coin.OutPoint]
		switch {
		case reserved:
			b.Reserved += coin.Amount
		case !coin.Spendable:
			b.Unconfirmed += coin.Amount
		default:
			b.Confirmed += coin.Amount
			b.Coins++
		}
	}
	return b, nil
}

// Address is a receive address and its index.
type Address struct {
	Index   uint32
	Address string
}

// Address returns the receive address that was given out last.
func (c *Coordinator) Address() (Address, error) {
	p, err := c.Public()
	if err != nil {
		return Address{}, err
	}
	state, err := c.store.Load()
	if err != nil {
		return Address{}, err
	}
	index := max(state.Receive, 1) - 1
	a, err := p.Wallet.Address(wallet.Receive, index)
	return Address{Index: index, Address: a}, err
}

// NewAddresses gives out count receive addresses that were never given out. They
// are kept as given out before they are returned.
func (c *Coordinator) NewAddresses(count int) ([]Address, error) {
	p, err := c.Public()
	if err != nil {
		return nil, err
	}
	state, err := c.store.Load()
	if err != nil {
		return nil, err
	}
	first := max(state.Receive, 1)
	if count < 1 || count > maxAddresses || uint64(first)+uint64(count) > math.MaxInt32 {
		return nil, fmt.Errorf("coordinator: new addresses: %d asked for, want 1 to %d", count, maxAddresses)
	}
	var out []Address
	for i := range uint32(count) {
		a, err := p.Wallet.Address(wallet.Receive, first+i)
		if err != nil {
			return nil, err
		}
		out = append(out, Address{Index: first + i, Address: a})
	}
	return out, c.store.Commit(book.Change{Receive: first + uint32(count)})
}

// maxAddresses bounds what is given out at once.
const maxAddresses = 500

// Fund lets the hot wallet pay count coins of amount to fresh addresses.
func (c *Coordinator) Fund(ctx context.Context, hot HotWallet, amount batch.Amount, count int) ([]Address, [32]byte, error) {
	addresses, err := c.NewAddresses(count)
	if err != nil {
		return nil, [32]byte{}, err
	}
	var deposits []Deposit
	for _, a := range addresses {
		script, err := wallet.DecodeAddress(c.settings.Network, a.Address)
		if err != nil {
			return nil, [32]byte{}, err
		}
		deposits = append(deposits, Deposit{Script: script, Amount: amount})
	}
	txid, err := hot.Pay(ctx, deposits)
	return addresses, txid, err
}
