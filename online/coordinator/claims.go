package coordinator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/spv"

	"heliograph/online/coordinator/book"
)

// claimsPrefix is where what was claimed of the chain for a batch is kept.
const claimsPrefix = "claims/"

// Blocks gives whole blocks, from which confirmations are proved.
type Blocks interface {
	// Block returns the block of a height of the best chain, as on the wire.
	Block(ctx context.Context, height int32) ([]byte, error)
}

// observer looks at the chain for what rules ask of it.
type observer struct {
	ctx    context.Context
	chain  Chain
	blocks Blocks
	tip    int32
}

// AsksForClaims reports whether the charter in force has rules about the chain,
// so that a batch is worth another look at it.
func (c *Coordinator) AsksForClaims() (bool, error) {
	in, err := c.Charter()
	if errors.Is(err, ErrNoWallet) {
		return false, nil
	}
	return err == nil && asksForClaims(in), err
}

func asksForClaims(in charter.Charter) bool {
	return slices.ContainsFunc(in.Document().Rules, func(r charter.Rule) bool {
		return r.Check == charter.MinReserve || r.Check == charter.MinConfirmations
	})
}

// Observe looks at the chain again for a batch, and keeps what the coordinator
// claims of it from then on.
func (c *Coordinator) Observe(ctx context.Context, chain Chain, blocks Blocks, ref string) error {
	state, b, err := c.find(ref)
	if err != nil {
		return err
	}
	p, err := c.at(c.now())
	if err != nil {
		return err
	}
	v, err := c.verify(b)
	if err != nil {
		return err
	}
	claims, err := c.claims(ctx, chain, blocks, p, state, v)
	if err != nil {
		return err
	}
	record, err := claimsRecord(v.ID(), claims)
	if err != nil {
		return err
	}
	return c.store.Commit(book.Change{Records: []ceremonies.Record{record}})
}

func claimsName(id batch.ID) string { return claimsPrefix + id.String() }

func claimsRecord(id batch.ID, claims policy.Claims) (ceremonies.Record, error) {
	b, err := policy.Evidence{Claims: claims}.Encode()
	return ceremonies.Record{Name: claimsName(id), Value: b}, err
}

// keptClaims are what was claimed when the chain was looked at last for a batch.
func (c *Coordinator) keptClaims(id batch.ID) (policy.Claims, error) {
	b, err := c.record(claimsName(id))
	if err != nil || b == nil {
		return policy.Claims{}, err
	}
	e, err := policy.DecodeEvidence(b)
	if err != nil {
		return policy.Claims{}, fmt.Errorf("coordinator: %s: %w", claimsName(id), err)
	}
	return e.Claims, nil
}

// claims are what the charter's rules ask of the chain, and no more.
func (c *Coordinator) claims(ctx context.Context, chain Chain, blocks Blocks, p standing, state book.State, v batch.Verified) (policy.Claims, error) {
	var out policy.Claims
	if !asksForClaims(p.Charter) {
		return out, nil
	}
	tip, err := chain.Tip(ctx)
	if err != nil {
		return out, err
	}
	o := observer{ctx, chain, blocks, tip}
	if out.Balance, err = o.balance(p, state, v); err != nil {
		return out, err
	}
	heights := make(map[[32]byte]int32)
	for _, t := range v.Transactions() {
		for _, in := range t.Inputs() {
			height, known := heights[in.TxID]
			if !known {
				s, err := chain.Status(ctx, in.TxID)
				if err != nil {
					return out, err
				}
				height = s.Height
				heights[in.TxID] = height
			}
			confirmations := uint32(0)
			if height > 0 {
				confirmations = uint32(tip - height + 1)
			}
			out.Confirmations = append(out.Confirmations, confirmations)
		}
	}
	deepest := int64(0)
	for _, r := range p.Charter.Document().Rules {
		if r.Check == charter.MinConfirmations && r.Proven {
			deepest = max(deepest, r.Max)
		}
	}
	if deepest == 0 {
		return out, nil
	}
	return out, o.prove(&out, heights, int32(deepest))
}

// balance is what the wallet holds in confirmed coins, but for those that other
// unfinished batches take.
func (o observer) balance(p standing, state book.State, v batch.Verified) (int64, error) {
	_, scripts, err := places(p.Wallet, state, p.Charter.Document().Gap)
	if err != nil {
		return 0, err
	}
	coins, err := o.chain.Coins(o.ctx, scripts)
	if err != nil {
		return 0, err
	}
	sum := batch.Amount(0)
	for _, coin := range coins {
		if by, reserved := state.Reserved[coin.OutPoint]; coin.Spendable && (!reserved || by == v.ID()) {
			sum += coin.Amount
		}
	}
	return int64(sum), nil
}

// prove adds the headers and branches that prove up to so many confirmations of
// each confirmed transaction, as far as there is room.
func (o observer) prove(claims *policy.Claims, heights map[[32]byte]int32, deepest int32) error {
	wanted := make(map[int32]bool)
	for _, h := range heights {
		for at := h; h > 0 && at <= min(o.tip, h+deepest-1); at++ {
			wanted[at] = true
		}
	}
	var order []int32
	for h := range wanted {
		order = append(order, h)
	}
	slices.Sort(order)
	if len(order) > spv.MaxHeaders {
		return fmt.Errorf("coordinator: the confirmations of this batch take %d block headers to prove, at most %d travel: draft fewer coins at once", len(order), spv.MaxHeaders)
	}
	for place, h := range order {
		raw, err := o.blocks.Block(o.ctx, h)
		if err != nil {
			return err
		}
		if len(raw) < spv.HeaderSize {
			return errors.New("coordinator: a block without a header")
		}
		claims.Headers = append(claims.Headers, raw[:spv.HeaderSize]...)
		var in [][32]byte
		for txid, at := range heights {
			if at == h {
				in = append(in, txid)
			}
		}
		if len(in) == 0 {
			continue
		}
		proofs, err := branches(raw, in, uint32(place))
		if err != nil {
			return err
		}
		claims.Proofs = append(claims.Proofs, proofs...)
	}
	return nil
}

// branches proves that transactions are in a block, whose header has a place
// among those that travel.
func branches(raw []byte, txids [][32]byte, place uint32) ([]spv.Proof, error) {
	var block wire.MsgBlock
	if err := block.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("coordinator: read a block: %w", err)
	}
	var leaves [][32]byte
	for _, tx := range block.Transactions {
		leaves = append(leaves, [32]byte(tx.TxHash()))
	}
	var out []spv.Proof
	for _, txid := range txids {
		at := slices.Index(leaves, txid)
		if at < 0 {
			return nil, errors.New("coordinator: a transaction is not in the block that the chain names")
		}
		out = append(out, spv.Proof{TxID: txid, Header: place, Position: uint32(at), Branch: branch(leaves, at)})
	}
	return out, nil
}

// branch is the siblings on the way from a leaf to the Merkle root. The last one
// of an odd row stands for two.
func branch(row [][32]byte, at int) []byte {
	var out []byte
	for len(row) > 1 {
		if len(row)%2 == 1 {
			row = append(slices.Clone(row), row[len(row)-1])
		}
		sibling := row[at^1]
		out = append(out, sibling[:]...)
		var above [][32]byte
		for i := 0; i < len(row); i += 2 {
			above = append(above, [32]byte(chainhash.DoubleHashH(append(row[i][:], row[i+1][:]...))))
		}
		row, at = above, at/2
	}
	return out
}
