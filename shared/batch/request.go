package batch

import (
	"encoding/hex"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Limits of a request. All are checked before anything is derived or signed.
const (
	// MaxRequest bounds an encoded request, in bytes. The largest batch in mind
	// (100 transactions, 500 inputs, 1,000 payments) takes below 400 kB with every
	// text at its longest, and 100 kB with ordinary ones.
	MaxRequest = 1 << 20

	// MaxTransactions is a good double of that batch's 100.
	MaxTransactions = 256

	// MaxPayments bounds what one person can be asked to review.
	MaxPayments = 1024

	// MaxVariants bounds the fee ladder of one transaction.
	MaxVariants = 8

	// MaxSlots bounds the signatures of a batch, one for each input of each
	// variant: each costs a nonce, and a station publishes 2,048 of them ahead.
	MaxSlots = 2048

	// MaxExternalID, MaxCounterparty and MaxReference bound texts, in bytes.
	MaxExternalID   = 64
	MaxCounterparty = 128
	MaxReference    = 140

	// MaxTime is the end of the year 9999 in unix seconds.
	MaxTime = 253_402_300_799

	// maxWeight is what nodes relay of one transaction, in weight units.
	maxWeight = 400_000
)

// ID names a batch: the facts that people approve.
type ID [32]byte

// String returns the id in hex.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// PayoutID names one payout for ever, in whatever batch it is drafted.
type PayoutID [32]byte

// String returns the id in hex.
func (id PayoutID) String() string { return hex.EncodeToString(id[:]) }

// NewPayoutID returns the id of the payout that the wallet's treasurer calls
// externalID. It depends on nothing else: a redraft with another amount or
// another destination is the same payout.
func NewPayoutID(w wallet.ID, externalID string) PayoutID {
	return wire.TaggedHash("Heliograph/payout/v1", w[:], []byte(externalID))
}

// Payment is one payout: who, how much, where, and the treasurer's names for it.
type Payment struct {
	ExternalID   string // printable ASCII, 1 to MaxExternalID bytes, unique for ever
	Counterparty string // the charter's name for the payee, 1 to MaxCounterparty bytes
	Reference    string // free text, 0 to MaxReference bytes
	Amount       Amount // at least the dust limit of Script; 0 for an OP_RETURN output
	Script       []byte // scriptPubKey of a standard kind, or OP_RETURN (see Data)
}

// Input is an output of the wallet to be spent: where it is, what it holds, and
// the chain and index of its script.
type Input struct {
	OutPoint
	Amount Amount
	Chain  uint8 // wallet.Receive or wallet.Change
	Index  uint32
}

// Change says that a transaction pays change, to the wallet's change chain at
// Index, as the output at position At.
type Change struct {
	Index uint32
	At    uint32
}

// Variant is one rung of the fee ladder: the amount of the change output, zero
// if there is none. The fee is what remains.
type Variant struct {
	Change Amount
}

// Transaction is one transaction as facts. Its outputs are the payments in the
// order of Payments, with the change inserted at its position. Variants fall
// strictly in change; a transaction without change has exactly the variant {0}.
type Transaction struct {
	Inputs   []Input
	Payments []uint32 // indices into Request.Payments, each used once in the batch
	Change   *Change
	Variants []Variant
	LockTime uint32 // nLockTime as it stands in the transaction
	Anchor   uint32 // which of Inputs all these payments are bound to
}

// Request is a batch as a coordinator states it, with the charter it is to be
// judged by and the times for which it is meant (unix seconds). These last
// three are not part of the batch's ID.
type Request struct {
	Wallet       wallet.ID
	Charter      [32]byte
	Time         int64
	Expiry       int64 // last second at which it may be signed, after Time
	Payments     []Payment
	Transactions []Transaction
}

// Clone returns a deep copy.
func (r Request) Clone() Request {
	payments := make([]Payment, len(r.Payments))
	for i, p := range r.Payments {
		p.Script = append([]byte(nil), p.Script...)
		payments[i] = p
	}
	transactions := make([]Transaction, len(r.Transactions))
	for i, t := range r.Transactions {
		t.Inputs = append([]Input(nil), t.Inputs...)
		t.Payments = append([]uint32(nil), t.Payments...)
		t.Variants = append([]Variant(nil), t.Variants...)
		if t.Change != nil {
			change := *t.Change
			t.Change = &change
		}
		transactions[i] = t
	}
	r.Payments, r.Transactions = payments, transactions
	return r
}
