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

// Order is what a whole quorum agrees to. Its digest is what every station of
// the quorum acknowledges, so all of them saw the same bytes.
//
// A quorum may have more stations than the threshold t. Then its last t sign, and
// those before them only acknowledge. It would not do to have all of them sign:
// from any t shares of a larger signing set, scaled to the smaller one, a
// coordinator that chose the aggregate nonce to fit makes a signature, and the
// others are never asked. A share given only in return for the acknowledgement
// of every station before cannot be had without them. So a coordinator alone
// needs all u stations of a quorum; with s dishonest ones, which stand in once
// among those that acknowledge and once, by their shares, among those that sign,
// it needs at least u - s - min(s, u-t) honest ones.
type Order struct {
	Batch    []byte        `cbor:"1,keyasint"` // canonical batch.Request
	Quorum   []uint8       `cbor:"2,keyasint"` // station numbers, in visiting order
	Starts   []Start       `cbor:"3,keyasint"` // of the stations that sign, the last t of Quorum
	Nonces   []byte        `cbor:"4,keyasint"` // aggregate nonces, 66 bytes a slot
	Heads    []ledger.Head `cbor:"5,keyasint"` // the snapshot: one head for every station 0..n-1, the zero one if it has not begun
	Evidence []byte        `cbor:"6,keyasint"` // canonical policy.Evidence
}

// signers are the stations that sign, in visiting order.
func (o Order) signers() []uint8 { return o.Quorum[o.acknowledging():] }

// acknowledging is how many stations, the first of the quorum, only acknowledge.
func (o Order) acknowledging() int { return len(o.Quorum) - len(o.Starts) }

// start is the first nonce of the station at a position, which signs.
func (o Order) start(position int) Start { return o.Starts[position-o.acknowledging()] }

// signs reports whether the station at a position signs.
func (o Order) signs(position int) bool { return position >= o.acknowledging() }

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

// Pool is the body of KindNoncePool: a station's first page and its head, and
// how much of others' records it holds, if it was listed anew.
type Pool struct {
	Page Page        `cbor:"1,keyasint"`
	Head ledger.Head `cbor:"2,keyasint"`
	Seen []Seen      `cbor:"3,keyasint"` // ascending by instance
}

// Seen says how many records of an instance somebody holds.
type Seen struct {
	Instance wire.PublicKey `cbor:"1,keyasint"`
	Seq      uint64         `cbor:"2,keyasint"`
}

// Response is the body of KindSigningResponse.
type Response struct {
	Digest [32]byte    `cbor:"1,keyasint"` // of the order
	Ack    [64]byte    `cbor:"2,keyasint"` // signature over acknowledgement(Digest, position)
	Shares []byte      `cbor:"3,keyasint"` // partial signatures, 32 bytes a slot; none of a station that only acknowledges
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

// acknowledgement is what the station at a position signs to say that it agreed
// to exactly this order, recorded it as released and gave its shares, if it signs.
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
	if len(o.Quorum) < t || len(o.Quorum) > n || len(o.Starts) != t {
		return Order{}, batch.Request{}, fmt.Errorf("signing: order: a quorum of %d stations with %d starts, want %d to %d with %d", len(o.Quorum), len(o.Starts), t, n, t)
	}
	seen := make(map[uint8]bool, len(o.Quorum))
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
