package ledger

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"heliograph/shared/wire"
)

// Limits of one record, checked before it is believed.
const (
	MaxRecordSize   = 256 << 10           // bytes of an encoded record, more than the longest
	MaxHeadSize     = 512                 // bytes of an encoded head
	MaxPayments     = 1024                // payments in one record, as in one batch
	MaxCounterparty = 64                  // bytes of a counterparty's name
	MaxAmount       = 21_000_000_00000000 // sat: no amount or fee is above all coins
	MaxChange       = 1 << 31             // change indices of BIP32 end at 2^31 - 1
	MaxStations     = 128                 // stations of one wallet (BIP445)
	MaxRetired      = 64                  // instances that spoke for a station before
)

// OutPoint names a coin: the transaction id in wire order, then the output
// number, 4 bytes little-endian, as in a transaction's input.
type OutPoint = [36]byte

// Destination stands for a scriptPubKey. It is short, since memory keeps one for
// every payment for ever: who finds two scripts with one Destination (2^64 work)
// only has the second refused where the first may be paid once.
type Destination = [16]byte

// NewDestination returns what stands for a scriptPubKey: the first 16 bytes of a
// tagged hash.
func NewDestination(script []byte) Destination {
	h := wire.TaggedHash("Heliograph/script/v1", script)
	return Destination(h[:16])
}

// Payment is one payout that a record's batch releases.
type Payment struct {
	Payout       [32]byte    // payout id, the same in every redraft
	Counterparty string      // name in the charter of that day
	Amount       int64       // sat, 0 to MaxAmount; 0 is an output that carries data
	Anchor       OutPoint    // the coin that every version of this payout spends
	Destination  Destination // of its script
}

// Transaction is what a later version of one of the batch's transactions is
// measured by: that of its variants that pays the highest fee.
type Transaction struct {
	Anchor OutPoint // the coin that it spends for its payments
	Fee    int64    // sat
	Change int64    // sat, 0 if there is none
}

// Record is what one station says that it released: one batch, under one
// request. The chain of a station's records has no gap: Seq counts from 1 and
// Prev is the Hash of the record before.
type Record struct {
	Wallet   [32]byte       // wallet id: an instance key may serve two wallets
	Station  uint8          // index in the charter
	Instance wire.PublicKey // key that signs
	Seq      uint64         // 1, 2, 3, ...
	Prev     [32]byte       // hash of record Seq-1, zero for the first
	Request  [32]byte       // digest of the request that was answered
	Batch    [32]byte       // batch id: the same under any request or quorum
	Time     int64          // the request's stated time, unix seconds
	Payments []Payment      // ascending by payout id, each id once
	Fee      int64          // sat, largest variant of each transaction, summed
	Change   uint32         // highest change index used + 1, 0 if none
	// Transactions ascend by anchor; each anchor is that of a payment. An honest
	// station lists every one.
	Transactions []Transaction
	Sig          [64]byte // BIP340, by Instance
}

// recordBody is what a station signs. Names and anchors are tables, ascending,
// because a batch has many payments to few of either; payments and transactions
// point into them.
type recordBody struct {
	Wallet   [32]byte        `cbor:"1,keyasint"`
	Station  uint8           `cbor:"2,keyasint"`
	Instance [32]byte        `cbor:"3,keyasint"`
	Seq      uint64          `cbor:"4,keyasint"`
	Prev     [32]byte        `cbor:"5,keyasint"`
	Request  [32]byte        `cbor:"6,keyasint"`
	Batch    [32]byte        `cbor:"7,keyasint"`
	Time     int64           `cbor:"8,keyasint"`
	Names    []string        `cbor:"9,keyasint"`
	Anchors  []byte          `cbor:"10,keyasint"` // 36 bytes each
	Payments []recordPayment `cbor:"11,keyasint"`
	Fee      int64           `cbor:"12,keyasint"`
	Change   uint32          `cbor:"13,keyasint"`

	Transactions []recordTransaction `cbor:"14,keyasint"`
}

type recordPayment struct {
	_           struct{} `cbor:",toarray"`
	Payout      [32]byte
	Name        uint32 // index into Names
	Amount      int64
	Anchor      uint32 // index into Anchors
	Destination Destination
}

type recordTransaction struct {
	_      struct{} `cbor:",toarray"`
	Anchor uint32   // index into Anchors
	Fee    int64
	Change int64
}

// signed is the outer form of records and heads: the exact bytes that were
// signed, then the signature.
type signed struct {
	Body []byte   `cbor:"1,keyasint"`
	Sig  [64]byte `cbor:"2,keyasint"`
}

const (
	recordTag = "Heliograph/record/v1"
	headTag   = "Heliograph/head/v1"
)

// SignRecord returns r with its payments and transactions in order, Instance set
// to the key's public half, and signed. aux is 32 fresh random bytes (BIP340).
func SignRecord(r Record, key *wire.SigningKey, aux [32]byte) (Record, error) {
	r = r.Sorted()
	r.Instance = key.Public()
	body, err := r.body()
	if err != nil {
		return Record{}, fmt.Errorf("ledger: sign record: %w", err)
	}
	r.Sig = key.Sign(wire.TaggedHash(recordTag, body), aux)
	return r, nil
}

// Sorted returns a copy with payments and transactions in order.
func (r Record) Sorted() Record {
	r.Payments, r.Transactions = slices.Clone(r.Payments), slices.Clone(r.Transactions)
	slices.SortFunc(r.Payments, func(a, b Payment) int { return bytes.Compare(a.Payout[:], b.Payout[:]) })
	slices.SortFunc(r.Transactions, func(a, b Transaction) int { return bytes.Compare(a.Anchor[:], b.Anchor[:]) })
	return r
}

// Verify checks the record's form and its signature by r.Instance. Whether
// that instance is the wallet's station is for a Ledger to say.
func (r Record) Verify() error {
	body, err := r.body()
	if err != nil {
		return fmt.Errorf("ledger: verify record: %w", err)
	}
	if err := wire.Verify(r.Instance, wire.TaggedHash(recordTag, body), r.Sig); err != nil {
		return fmt.Errorf("ledger: verify record %d of station %d: %w", r.Seq, r.Station, err)
	}
	return nil
}

// Hash returns the record's hash, the Prev of the next one: over all fields but
// the signature, so that two signatures on the same content are one record. A
// malformed record hashes to zero, which no chain accepts.
func (r Record) Hash() [32]byte {
	body, err := r.body()
	if err != nil {
		return [32]byte{}
	}
	return wire.TaggedHash(recordTag, body)
}

// Encode returns the canonical bytes of a signed record, at most MaxRecordSize.
func (r Record) Encode() ([]byte, error) {
	body, err := r.body()
	if err != nil {
		return nil, fmt.Errorf("ledger: encode record: %w", err)
	}
	b, err := wire.Marshal(signed{Body: body, Sig: r.Sig})
	if err != nil {
		return nil, fmt.Errorf("ledger: encode record: %w", err)
	}
	return b, nil
}

// DecodeRecord reads what Encode wrote and nothing else. It verifies the
// signature by the instance that the record names.
func DecodeRecord(b []byte) (Record, error) {
	var outer signed
	if err := wire.Unmarshal(b, &outer, MaxRecordSize); err != nil {
		return Record{}, fmt.Errorf("ledger: decode record: %w", err)
	}
	var in recordBody
	if err := wire.Unmarshal(outer.Body, &in, MaxRecordSize); err != nil {
		return Record{}, fmt.Errorf("ledger: decode record: body: %w", err)
	}
	if err := wire.Verify(in.Instance, wire.TaggedHash(recordTag, outer.Body), outer.Sig); err != nil {
		return Record{}, fmt.Errorf("ledger: decode record %d of station %d: %w", in.Seq, in.Station, err)
	}
	r, err := in.record()
	if err != nil {
		return Record{}, fmt.Errorf("ledger: decode record: %w", err)
	}
	r.Sig = outer.Sig
	// The tables have one right form: unused, doubled or unsorted entries do
	// not come back from body.
	again, err := r.body()
	if err != nil {
		return Record{}, fmt.Errorf("ledger: decode record: %w", err)
	}
	if !bytes.Equal(again, outer.Body) {
		return Record{}, errors.New("ledger: decode record: not the canonical form")
	}
	return r, nil
}

// record resolves the tables. It bounds what the body claims, body() checks
// the rest.
func (in recordBody) record() (Record, error) {
	if len(in.Anchors)%len(OutPoint{}) != 0 {
		return Record{}, fmt.Errorf("%d bytes of anchors are not a multiple of 36", len(in.Anchors))
	}
	if len(in.Payments) > MaxPayments || len(in.Transactions) > MaxPayments {
		return Record{}, fmt.Errorf("%d payments in %d transactions: at most %d", len(in.Payments), len(in.Transactions), MaxPayments)
	}
	r := Record{
		Wallet: in.Wallet, Station: in.Station, Instance: in.Instance, Seq: in.Seq, Prev: in.Prev,
		Request: in.Request, Batch: in.Batch, Time: in.Time, Fee: in.Fee, Change: in.Change,
	}
	anchors := len(in.Anchors) / len(OutPoint{})
	for i, p := range in.Payments {
		if uint64(p.Name) >= uint64(len(in.Names)) || uint64(p.Anchor) >= uint64(anchors) {
			return Record{}, fmt.Errorf("payment %d points outside the tables of names and anchors", i)
		}
		r.Payments = append(r.Payments, Payment{
			Payout: p.Payout, Counterparty: in.Names[p.Name], Amount: p.Amount, Anchor: in.anchor(p.Anchor), Destination: p.Destination,
		})
	}
	for i, t := range in.Transactions {
		if uint64(t.Anchor) >= uint64(anchors) {
			return Record{}, fmt.Errorf("transaction %d points outside the table of anchors", i)
		}
		r.Transactions = append(r.Transactions, Transaction{Anchor: in.anchor(t.Anchor), Fee: t.Fee, Change: t.Change})
	}
	return r, nil
}

// anchor returns an entry of the table, which has it.
func (in recordBody) anchor(i uint32) OutPoint {
	return OutPoint(in.Anchors[int(i)*len(OutPoint{}):][:len(OutPoint{})])
}

// body checks the record and returns the bytes that are signed.
func (r Record) body() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	out := recordBody{
		Wallet: r.Wallet, Station: r.Station, Instance: r.Instance, Seq: r.Seq, Prev: r.Prev,
		Request: r.Request, Batch: r.Batch, Time: r.Time, Fee: r.Fee, Change: r.Change,
		Names: []string{}, Anchors: []byte{}, Payments: make([]recordPayment, len(r.Payments)),
		Transactions: make([]recordTransaction, len(r.Transactions)),
	}
	var anchors []OutPoint
	for _, p := range r.Payments {
		out.Names = append(out.Names, p.Counterparty)
		anchors = append(anchors, p.Anchor)
	}
	slices.Sort(out.Names)
	out.Names = slices.Compact(out.Names)
	slices.SortFunc(anchors, compareOutPoints)
	anchors = slices.Compact(anchors)
	for _, a := range anchors {
		out.Anchors = append(out.Anchors, a[:]...)
	}
	for i, p := range r.Payments {
		name, _ := slices.BinarySearch(out.Names, p.Counterparty)
		anchor, _ := slices.BinarySearchFunc(anchors, p.Anchor, compareOutPoints)
		out.Payments[i] = recordPayment{Payout: p.Payout, Name: uint32(name), Amount: p.Amount, Anchor: uint32(anchor), Destination: p.Destination}
	}
	for i, t := range r.Transactions {
		anchor, found := slices.BinarySearchFunc(anchors, t.Anchor, compareOutPoints)
		if !found {
			return nil, fmt.Errorf("transaction %d: no payment is bound to its anchor", i)
		}
		out.Transactions[i] = recordTransaction{Anchor: uint32(anchor), Fee: t.Fee, Change: t.Change}
	}
	return wire.Marshal(out)
}

func compareOutPoints(a, b OutPoint) int { return bytes.Compare(a[:], b[:]) }

func (r Record) check() error {
	if r.Wallet == ([32]byte{}) {
		return errors.New("no wallet id")
	}
	if r.Seq == 0 {
		return errors.New("sequence numbers count from 1")
	}
	if (r.Seq == 1) != (r.Prev == [32]byte{}) {
		return fmt.Errorf("record %d: only the first record has no record before it", r.Seq)
	}
	if r.Time < 0 {
		return fmt.Errorf("time %d is before 1970", r.Time)
	}
	if r.Fee < 0 || r.Fee > MaxAmount {
		return fmt.Errorf("fee of %d sat is out of range", r.Fee)
	}
	if r.Change > MaxChange {
		return fmt.Errorf("change index %d is above %d", r.Change, uint32(MaxChange))
	}
	if len(r.Payments) > MaxPayments {
		return fmt.Errorf("%d payments: at most %d", len(r.Payments), MaxPayments)
	}
	for i, p := range r.Payments {
		if p.Amount < 0 || p.Amount > MaxAmount {
			return fmt.Errorf("payment %d: %d sat is out of range", i, p.Amount)
		}
		if p.Counterparty == "" || len(p.Counterparty) > MaxCounterparty || !utf8.ValidString(p.Counterparty) {
			return fmt.Errorf("payment %d: counterparty's name is empty, longer than %d bytes or not UTF-8", i, MaxCounterparty)
		}
		if i > 0 && bytes.Compare(r.Payments[i-1].Payout[:], p.Payout[:]) >= 0 {
			return fmt.Errorf("payment %d: payout ids do not ascend", i)
		}
	}
	rest := r.Fee
	for i, t := range r.Transactions {
		if t.Fee < 0 || t.Fee > rest || t.Change < 0 || t.Change > MaxAmount {
			return fmt.Errorf("transaction %d: fee of %d sat or change of %d sat is out of range", i, t.Fee, t.Change)
		}
		rest -= t.Fee
		if i > 0 && compareOutPoints(r.Transactions[i-1].Anchor, t.Anchor) >= 0 {
			return fmt.Errorf("transaction %d: anchors do not ascend", i)
		}
	}
	return nil
}

// String names the record without its contents.
func (r Record) String() string {
	h := r.Hash()
	var s strings.Builder
	fmt.Fprintf(&s, "record %d of station %d (%s)", r.Seq, r.Station, hex.EncodeToString(h[:4]))
	return s.String()
}

// MarshalCBOR is Encode: a record may be a field of a wire message.
func (r Record) MarshalCBOR() ([]byte, error) { return r.Encode() }

// UnmarshalCBOR is DecodeRecord.
func (r *Record) UnmarshalCBOR(b []byte) error {
	out, err := DecodeRecord(b)
	if err != nil {
		return err
	}
	*r = out
	return nil
}
