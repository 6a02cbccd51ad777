// Package book is the treasury's book as plain rows: payouts, batches,
// transactions, and the changes that are made to them together. It stands
// between the coordinator, which decides what changes, and a database, which
// keeps all of a Change or none of it.
//
// It follows DESIGN section 2: the application and its store never import each
// other. It holds no rule of business beyond the statuses and opens nothing.
package book

import (
	"heliograph/ceremonies"
	"heliograph/shared/batch"
)

// PayoutStatus is where a payout stands.
type PayoutStatus string

// A payout goes through these in order. A discarded batch gives its payouts
// back to Pending; Cancelled is an end, as Confirmed is.
const (
	Pending   PayoutStatus = "pending"
	Drafted   PayoutStatus = "drafted"
	Signed    PayoutStatus = "signed"
	Broadcast PayoutStatus = "broadcast"
	Confirmed PayoutStatus = "confirmed"
	Cancelled PayoutStatus = "cancelled"
)

// Payout is one line of a payout file, for ever: its external id is never
// taken again, whatever becomes of it.
type Payout struct {
	ExternalID   string
	Counterparty string
	Reference    string
	Amount       batch.Amount
	Script       []byte
	Imported     int64 // unix seconds
	Status       PayoutStatus
	Batch        batch.ID // zero while Pending or Cancelled
}

// BatchStatus is where a batch stands.
type BatchStatus string

// A batch goes through these in order, but may be signed in several sessions;
// BatchDiscarded is an end that only a batch without signatures can come to.
const (
	BatchDrafted   BatchStatus = "drafted"
	BatchSigning   BatchStatus = "signing"
	BatchSigned    BatchStatus = "signed"
	BatchBroadcast BatchStatus = "broadcast"
	BatchConfirmed BatchStatus = "confirmed"
	BatchDiscarded BatchStatus = "discarded"
)

// Unfinished reports whether the coins of such a batch are taken.
func (s BatchStatus) Unfinished() bool { return s != BatchConfirmed && s != BatchDiscarded }

// Batch is a drafted batch. Its request states the times of its last session;
// these are no part of its id.
type Batch struct {
	ID       batch.ID
	Number   int // 1, 2, 3, ... in the order of drafting; given by the store
	Status   BatchStatus
	Created  int64    // unix seconds
	Request  []byte   // canonical batch.Request
	Session  [32]byte // digest of the order of the last session, zero if none
	Reserved []batch.OutPoint
}

// Transaction is a signed transaction of a batch: of its variants, the one that
// was chosen last or that confirmed.
type Transaction struct {
	Batch    batch.ID
	Position int // in the batch
	Variant  int
	TxID     [32]byte // wire order
	Raw      []byte   // signed, ready for broadcast
	Height   int32    // of the block that holds it, 0 while unconfirmed
	Block    [32]byte // wire order
}

// State is the whole book.
type State struct {
	Payouts      []Payout // in the order of import
	Batches      []Batch  // by number, without Reserved
	Transactions []Transaction
	Reserved     map[batch.OutPoint]batch.ID // coins of unfinished batches
	Receive      uint32                      // receive addresses given out
}

// PayoutMove moves a payout from one status to another.
type PayoutMove struct {
	ExternalID string
	From, To   PayoutStatus
	Batch      batch.ID // after the move
}

// BatchMove moves a batch. To BatchConfirmed and BatchDiscarded it gives up the
// batch's reservations.
type BatchMove struct {
	ID       batch.ID
	From, To BatchStatus
	Request  []byte // replaces the request, unless nil
	Session  [32]byte
}

// Change is what changes together: a store keeps all of it, durably, or nothing.
// It refuses a change that does not fit what it holds: an external id or a batch
// that is there already, a coin that is reserved, a move from another status.
type Change struct {
	Records      []ceremonies.Record // of the machines, replaced by name
	Imported     []Payout
	Drafted      []Batch
	Payouts      []PayoutMove
	Batches      []BatchMove
	Transactions []Transaction // replaced by batch and position
	Receive      uint32        // receive addresses given out from now on; 0 leaves it
}
