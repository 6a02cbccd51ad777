package batch

import (
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/wallet"
)

// Shape of every transaction: version 2 (BIP68), and on every input the highest
// sequence that signals replacement (BIP125) and leaves nLockTime in force.
const (
	txVersion = 2
	sequence  = 0xfffffffd
)

// Verify recomputes a request against the wallet and returns what it amounts
// to. Nothing in the result was taken on trust except the spent outpoints and
// amounts, which the digests commit to. It refuses a request of another wallet,
// whatever Decode refuses (the request may not have come from there), a payment
// to a script that the batch spends from or pays change to, and a transaction
// heavier than nodes relay.
func (r Request) Verify(w wallet.Wallet) (Verified, error) {
	if !w.Valid() {
		return Verified{}, errors.New("batch: verify: the wallet is the zero value")
	}
	if r.Wallet != w.ID() {
		return Verified{}, fmt.Errorf("batch: verify: the request is for wallet %v, this is %v", r.Wallet, w.ID())
	}
	if err := r.check(); err != nil {
		return Verified{}, fmt.Errorf("batch: verify: %w", err)
	}
	// From here on only the copy counts: the caller keeps pointers into r.
	f := &facts{request: r.Clone(), wallet: w}
	f.id = f.request.ID()
	for _, p := range f.request.Payments {
		f.payouts = append(f.payouts, NewPayoutID(r.Wallet, p.ExternalID))
	}
	d := deriver{wallet: w, known: make(map[place]wallet.Spot)}
	for i := range f.request.Transactions {
		t, err := rebuild(&f.request, &f.request.Transactions[i], &d)
		if err != nil {
			return Verified{}, fmt.Errorf("batch: verify: transaction %d: %w", i, err)
		}
		f.transactions = append(f.transactions, t)
		f.slots += len(t.inputs) * len(t.variants)
	}
	own := make(map[string]bool, len(d.known))
	for _, spot := range d.known {
		own[string(spot.Script())] = true
	}
	for i, p := range f.request.Payments {
		if own[string(p.Script)] {
			return Verified{}, fmt.Errorf("batch: verify: payment %d (%q) pays a script of the wallet itself", i, p.ExternalID)
		}
	}
	return Verified{f}, nil
}

// deriver derives each place of the wallet once: deposits often share one.
type deriver struct {
	wallet wallet.Wallet
	known  map[place]wallet.Spot
}

type place struct{ chain, index uint32 }

func (d *deriver) spot(chain, index uint32) (wallet.Spot, error) {
	at := place{chain, index}
	if s, ok := d.known[at]; ok {
		return s, nil
	}
	s, err := d.wallet.Derive(chain, index)
	if err != nil {
		return wallet.Spot{}, err
	}
	d.known[at] = s
	return s, nil
}

// rebuild makes the transaction and all its variants.
func rebuild(r *Request, t *Transaction, d *deriver) (*transaction, error) {
	v := &transaction{inputs: t.Inputs, anchor: t.Inputs[t.Anchor].OutPoint, lockTime: t.LockTime}
	tx := btcwire.NewMsgTx(txVersion)
	tx.LockTime = t.LockTime
	var in, paid Amount // sums that check has bounded by MaxMoney
	for i, input := range t.Inputs {
		s, err := d.spot(uint32(input.Chain), input.Index)
		if err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		v.spots = append(v.spots, s)
		v.spent = append(v.spent, btcwire.NewTxOut(int64(input.Amount), s.Script()))
		outpoint := btcwire.OutPoint{Hash: chainhash.Hash(input.TxID), Index: input.Vout}
		tx.AddTxIn(&btcwire.TxIn{PreviousOutPoint: outpoint, Sequence: sequence})
		in += input.Amount
	}
	for _, p := range t.Payments {
		payment := &r.Payments[p]
		v.outputs = append(v.outputs, Output{Amount: payment.Amount, Script: payment.Script, Payment: int(p)})
		paid += payment.Amount
	}
	if t.Change != nil {
		s, err := d.spot(wallet.Change, t.Change.Index)
		if err != nil {
			return nil, fmt.Errorf("change: %w", err)
		}
		v.change = &changeSpot{spot: s, at: int(t.Change.At)}
		out := Output{Amount: t.Variants[0].Change, Script: s.Script(), Payment: -1, Change: true}
		v.outputs = slices.Insert(v.outputs, v.change.at, out)
	}
	for _, out := range v.outputs {
		tx.AddTxOut(btcwire.NewTxOut(int64(out.Amount), out.Script))
	}
	weight := signedWeight(tx)
	if weight > maxWeight {
		return nil, fmt.Errorf("weight of %d: nodes relay at most %d", weight, maxWeight)
	}
	for _, variant := range t.Variants {
		tx := tx.Copy()
		if v.change != nil {
			tx.TxOut[v.change.at].Value = int64(variant.Change)
		}
		v.variants = append(v.variants, &rung{
			tx:        tx,
			fee:       in - paid - variant.Change,
			change:    variant.Change,
			vsize:     (weight + 3) / 4,
			sighashes: sighashes(tx, v.spent),
		})
	}
	return v, nil
}
