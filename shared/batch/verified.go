package batch

import (
	"slices"

	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/wallet"
)

// Verified is a batch whose every derived fact was recomputed by Verify. The
// zero value is not valid and describes nothing. All accessors return copies,
// so nobody can change what was verified.
type Verified struct{ f *facts }

type facts struct {
	id           ID
	request      Request
	wallet       wallet.Wallet
	payouts      []PayoutID
	transactions []*transaction
	slots        int
}

func (v Verified) facts() *facts {
	if v.f == nil {
		return &facts{}
	}
	return v.f
}

// Valid reports whether v came from Verify.
func (v Verified) Valid() bool { return v.f != nil }

// ID returns the id of the batch.
func (v Verified) ID() ID { return v.facts().id }

// Request returns a copy of the request.
func (v Verified) Request() Request { return v.facts().request.Clone() }

// Wallet returns the wallet that it was verified against.
func (v Verified) Wallet() wallet.Wallet { return v.facts().wallet }

// Inputs returns the number of slots, the signatures that the batch takes: the
// sum over its transactions of inputs times variants.
func (v Verified) Inputs() int { return v.facts().slots }

// PayoutIDs returns the ids of the payments, in their order in the request.
func (v Verified) PayoutIDs() []PayoutID { return slices.Clone(v.facts().payouts) }

// Transactions returns the transactions in the order of the request.
func (v Verified) Transactions() []VerifiedTx {
	var out []VerifiedTx
	for _, t := range v.facts().transactions {
		out = append(out, VerifiedTx{t})
	}
	return out
}

// Total returns the sum of all payments.
func (v Verified) Total() Amount {
	var sum Amount
	for _, p := range v.facts().request.Payments {
		sum += p.Amount
	}
	return sum
}

// MaxFee returns the largest fee that the batch can cost: for each transaction
// that of its dearest variant.
func (v Verified) MaxFee() Amount {
	var sum Amount
	for _, t := range v.facts().transactions {
		sum += t.variants[len(t.variants)-1].fee
	}
	return sum
}

// NextChange returns one more than the highest change index that the batch pays
// to, and 0 if it pays no change.
func (v Verified) NextChange() uint32 {
	var next uint32
	for _, t := range v.facts().transactions {
		if t.change != nil {
			next = max(next, t.change.spot.Index+1)
		}
	}
	return next
}

// Slot is one signature to make: a digest, and the tweaks from the threshold
// key to the key that signs it.
type Slot struct {
	Transaction, Variant, Input int
	Sighash                     [32]byte
	Tweaks                      []wallet.Tweak
}

// Slots returns all slots in their order for nonces and shares: by transaction,
// then variant, then input.
func (v Verified) Slots() []Slot {
	f := v.facts()
	slots := make([]Slot, 0, f.slots)
	for ti, t := range f.transactions {
		for vi, r := range t.variants {
			for ii, digest := range r.sighashes {
				slots = append(slots, Slot{ti, vi, ii, digest, t.spots[ii].Tweaks()})
			}
		}
	}
	return slots
}

// VerifiedTx is one transaction of a verified batch.
type VerifiedTx struct{ t *transaction }

type transaction struct {
	inputs   []Input
	spots    []wallet.Spot // by input
	spent    []*btcwire.TxOut
	outputs  []Output
	change   *changeSpot
	anchor   OutPoint
	lockTime uint32
	variants []*rung
}

type changeSpot struct {
	spot wallet.Spot
	at   int
}

// Output is one output of a transaction: a payment, or the change.
type Output struct {
	Amount  Amount // of the change: in variant 0, the largest
	Script  []byte
	Payment int  // index into Request.Payments, -1 for the change
	Change  bool // the output pays the wallet itself
}

// Inputs returns the inputs in their order.
func (t VerifiedTx) Inputs() []Input { return slices.Clone(t.t.inputs) }

// Spots returns the places in the wallet that the inputs spend, by input.
func (t VerifiedTx) Spots() []wallet.Spot { return slices.Clone(t.t.spots) }

// Outputs returns the outputs in their order.
func (t VerifiedTx) Outputs() []Output {
	out := slices.Clone(t.t.outputs)
	for i := range out {
		out[i].Script = slices.Clone(out[i].Script)
	}
	return out
}

// Change returns the place of the change and its position among the outputs,
// or false.
func (t VerifiedTx) Change() (spot wallet.Spot, at int, ok bool) {
	if t.t.change == nil {
		return wallet.Spot{}, 0, false
	}
	return t.t.change.spot, t.t.change.at, true
}

// Anchor returns the outpoint that every payment of the transaction is bound to.
func (t VerifiedTx) Anchor() OutPoint { return t.t.anchor }

// LockTime returns nLockTime.
func (t VerifiedTx) LockTime() uint32 { return t.t.lockTime }

// Variants returns the fee ladder, the lowest fee first.
func (t VerifiedTx) Variants() []VerifiedVariant {
	var out []VerifiedVariant
	for _, r := range t.t.variants {
		out = append(out, VerifiedVariant{r})
	}
	return out
}

// VerifiedVariant is one version of a transaction, of which one is broadcast.
type VerifiedVariant struct{ r *rung }

type rung struct {
	tx        *btcwire.MsgTx
	fee       Amount
	change    Amount
	vsize     int64
	sighashes [][32]byte
}

// Tx returns a copy of the unsigned transaction.
func (v VerifiedVariant) Tx() *btcwire.MsgTx { return v.r.tx.Copy() }

// TxID returns the transaction's id in the order of the wire. Signing does not
// change it (BIP141).
func (v VerifiedVariant) TxID() [32]byte { return v.r.tx.TxHash() }

// Fee returns what the variant pays to miners.
func (v VerifiedVariant) Fee() Amount { return v.r.fee }

// Change returns the amount of the change output, 0 if there is none.
func (v VerifiedVariant) Change() Amount { return v.r.change }

// VSize returns the exact virtual size of the signed transaction, in vB.
func (v VerifiedVariant) VSize() int64 { return v.r.vsize }

// Sighashes returns the BIP341 digests in the order of the inputs.
func (v VerifiedVariant) Sighashes() [][32]byte { return slices.Clone(v.r.sighashes) }
