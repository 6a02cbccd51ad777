package cli

import (
	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/wallet"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// batchView is a batch as it is shown; its JSON is the same.
type batchView struct {
	Number       int                   `json:"number"`
	ID           string                `json:"id"`
	Status       string                `json:"status"`
	Created      int64                 `json:"created"`
	Expiry       int64                 `json:"expiry"`
	Payouts      int                   `json:"payouts"`
	TotalSat     int64                 `json:"total_sat"`
	MaxFeeSat    int64                 `json:"max_fee_sat"`
	Inputs       int                   `json:"inputs"`
	Signatures   int                   `json:"signatures"`
	Transactions []transactionView     `json:"transactions"`
	Verdict      []string              `json:"verdict,omitempty"`
	Waiting      []coordinator.Waiting `json:"waiting,omitempty"`
	Needs        []needDocument        `json:"needs,omitempty"`
}

type transactionView struct {
	Variants []variantView `json:"variants"`
	Anchor   string        `json:"anchor"`
	Inputs   []inputView   `json:"inputs"`
	Outputs  []outputView  `json:"outputs"`

	// What was signed and is broadcast or in a block; empty before.
	Variant int    `json:"variant"`
	TxID    string `json:"txid"`
	Height  int32  `json:"height"`
	Block   string `json:"block"`
}

type variantView struct {
	TxID   string `json:"txid"`
	FeeSat int64  `json:"fee_sat"`
	VSize  int64  `json:"vsize"`
}

type inputView struct {
	OutPoint  string `json:"outpoint"`
	AmountSat int64  `json:"amount_sat"`
}

type outputView struct {
	Address      string `json:"address"`
	AmountSat    int64  `json:"amount_sat"`
	Change       bool   `json:"change"`
	ExternalID   string `json:"external_id"`
	Counterparty string `json:"counterparty"`
}

func viewBatch(net wallet.Network, b book.Batch, v batch.Verified, signed []book.Transaction) batchView {
	r := v.Request()
	view := batchView{
		Number: b.Number, ID: b.ID.String(), Status: string(b.Status), Created: b.Created, Expiry: r.Expiry,
		Payouts: len(r.Payments), TotalSat: int64(v.Total()), MaxFeeSat: int64(v.MaxFee()), Signatures: v.Inputs(),
	}
	for _, t := range v.Transactions() {
		tv := transactionView{Anchor: t.Anchor().String()}
		for _, in := range t.Inputs() {
			tv.Inputs = append(tv.Inputs, inputView{in.OutPoint.String(), int64(in.Amount)})
		}
		view.Inputs += len(tv.Inputs)
		for _, variant := range t.Variants() {
			tv.Variants = append(tv.Variants, variantView{readable32(variant.TxID()), int64(variant.Fee()), variant.VSize()})
		}
		for _, out := range t.Outputs() {
			address, err := coordinator.Destination(net, out.Script)
			if err != nil {
				panic("cli: internal error: a verified output has no address")
			}
			o := outputView{Address: address, AmountSat: int64(out.Amount), Change: out.Change}
			if !out.Change {
				o.ExternalID, o.Counterparty = r.Payments[out.Payment].ExternalID, r.Payments[out.Payment].Counterparty
			}
			tv.Outputs = append(tv.Outputs, o)
		}
		view.Transactions = append(view.Transactions, tv)
	}
	for _, s := range signed {
		tv := &view.Transactions[s.Position]
		tv.Variant, tv.TxID, tv.Height = s.Variant, readable32(s.TxID), s.Height
		if s.Height > 0 {
			tv.Block = readable32(s.Block)
		}
	}
	return view
}

func (c *commands) tellBatch(v batchView) {
	c.say("batch %d: %s", v.Number, v.Status)
	c.say("  id        %s", v.ID)
	c.say("  payouts   %d, %s in total", v.Payouts, batch.Amount(v.TotalSat))
	c.say("  fees      %s at most", batch.Amount(v.MaxFeeSat))
	c.say("  inputs    %d in %d transactions, %d signatures", v.Inputs, len(v.Transactions), v.Signatures)
	c.say("  stations  may sign until %s", ceremonies.Clock(v.Expiry))
	for i, t := range v.Transactions {
		for k, variant := range t.Variants {
			c.say("  transaction %d, variant %d: %d inputs, %d outputs, fee %s, %d vB", i, k, len(t.Inputs), len(t.Outputs), batch.Amount(variant.FeeSat), variant.VSize)
		}
		switch {
		case t.Height > 0:
			c.say("    txid %s, confirmed in block %d", t.TxID, t.Height)
		case t.TxID != "":
			c.say("    txid %s", t.TxID)
		}
	}
}
