package signing

import (
	"errors"
	"fmt"

	"heliograph/shared/batch"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

const (
	nonceSize = 66 // BIP445 public and aggregate nonce
	shareSize = 32 // BIP445 partial signature

	maxOrder = 2 << 20 // as the request that carries it

	// roomForMissed is how many bytes of records travel in a request; more go
	// before it in messages of maxRecords bytes each.
	roomForMissed = 256 << 10
	maxRecords    = 1 << 20

	maxReasons = 32  // sentences of a refusal
	maxReason  = 400 // bytes of one of them
)

// Start names the first nonce that one station is to use: its stream and the
// index in it. The station adds the ordinal of each slot itself, so no request
// can make one index serve twice.
type Start struct {
	Epoch [16]byte `cbor:"1,keyasint"`
	Index uint64   `cbor:"2,keyasint"`
}

// Order is what a whole quorum signs. Its digest is what every station of the
// quorum acknowledges, so all of them saw the same bytes.
type Order struct {
	Batch    []byte        `cbor:"1,keyasint"` // canonical batch.Request
	Quorum   []uint8       `cbor:"2,keyasint"` // station numbers, in visiting order
	Starts   []Start       `cbor:"3,keyasint"` // by position in Quorum
	Nonces   []byte        `cbor:"4,keyasint"` // aggregate nonces, 66 bytes a slot
	Heads    []ledger.Head `cbor:"5,keyasint"` // the snapshot: one head for every station 0..n-1
	Evidence []byte        `cbor:"6,keyasint"` // canonical policy.Evidence
}

// Digest identifies an order's exact bytes.
func Digest(order []byte) [32]byte {
	return wire.TaggedHash("Heliograph/signing-order/v1", order)
}

// Request is the body of KindSigningRequest: the order, and what only the
// visited station needs beside it.
type Request struct {
	Order  []byte     `cbor:"1,keyasint"`
	Acks   [][64]byte `cbor:"2,keyasint"` // of the positions before this one
	Missed [][]byte   `cbor:"3,keyasint"` // ledger records that this station has not seen
}

// Records is the body of KindRecords: records that a station has not seen and
// for which the request that follows has no room.
type Records struct {
	Records [][]byte `cbor:"1,keyasint"`
}

// Page is a run of nonce commitments: Commitments holds 66 bytes for each
// index from Start on, in the stream Epoch.
type Page struct {
	Epoch       [16]byte `cbor:"1,keyasint"`
	Start       uint64   `cbor:"2,keyasint"`
	Commitments []byte   `cbor:"3,keyasint"`
}

// count is the number of commitments, or an error for a torn page.
func (p Page) count() (uint64, error) {
	if len(p.Commitments)%nonceSize != 0 || len(p.Commitments)/nonceSize > maxPool {
		return 0, errors.New("signing: page: length of the commitments")
	}
	return uint64(len(p.Commitments) / nonceSize), nil
}

// Pool is the body of KindNoncePool: a station's first page and its head.
type Pool struct {
	Page Page        `cbor:"1,keyasint"`
	Head ledger.Head `cbor:"2,keyasint"`
}

// Response is the body of KindSigningResponse.
type Response struct {
	Digest [32]byte    `cbor:"1,keyasint"` // of the order
	Ack    [64]byte    `cbor:"2,keyasint"` // signature over acknowledgement(Digest, position)
	Shares []byte      `cbor:"3,keyasint"` // partial signatures, 32 bytes a slot
	Record []byte      `cbor:"4,keyasint"` // the ledger record of this release
	Head   ledger.Head `cbor:"5,keyasint"` // after this release
	Refill Page        `cbor:"6,keyasint"` // replaces the nonces that were burnt
}

// Refusal is the body of KindSigningRefusal. A refusal burns nothing.
type Refusal struct {
	Digest [32]byte    `cbor:"1,keyasint"`
	Rules  []string    `cbor:"2,keyasint"` // ids of the rules that refused, each once; empty if a person did
	Reason []string    `cbor:"3,keyasint"` // sentences
	Head   ledger.Head `cbor:"4,keyasint"`
}

// acknowledgement is what the station at a position signs to say that it
// released its shares for exactly this order.
func acknowledgement(digest [32]byte, position int) [32]byte {
	return wire.TaggedHash("Heliograph/acknowledgement/v1", digest[:], []byte{byte(position)})
}

// decodeOrder parses an order and checks its shape against the wallet's size;
// what it says is still only claimed.
func decodeOrder(b []byte, n, t int) (Order, batch.Request, error) {
	var o Order
	if err := wire.Unmarshal(b, &o, maxOrder); err != nil {
		return Order{}, batch.Request{}, fmt.Errorf("signing: order: %w", err)
	}
	if len(o.Quorum) != t || len(o.Starts) != t {
		return Order{}, batch.Request{}, fmt.Errorf("signing: order: a quorum of %d stations with %d starts, want %d", len(o.Quorum), len(o.Starts), t)
	}
	seen := make(map[uint8]bool, t)
	for _, s := range o.Quorum {
		if int(s) >= n || seen[s] {
			return Order{}, batch.Request{}, fmt.Errorf("signing: order: station %d is named twice or does not exist", s)
		}
		seen[s] = true
	}
	if len(o.Heads) != n {
		return Order{}, batch.Request{}, fmt.Errorf("signing: order: %d heads for %d stations", len(o.Heads), n)
	}
	r, err := batch.Decode(o.Batch)
	if err != nil {
		return Order{}, batch.Request{}, fmt.Errorf("signing: order: %w", err)
	}
	return o, r, nil
}
