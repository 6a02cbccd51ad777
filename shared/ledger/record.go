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
)

// OutPoint names a coin: the transaction id in wire order, then the output
// number, 4 bytes little-endian, as in a transaction's input.
type OutPoint = [36]byte

// Payment is one payout that a record's batch releases.
type Payment struct {
	Payout       [32]byte // payout id, the same in every redraft
	Counterparty string   // name in the charter of that day
	Amount       int64    // sat, 1 to MaxAmount
	Anchor       OutPoint // the coin that every version of this payout spends
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
	Sig      [64]byte       // BIP340, by Instance
}

// recordBody is what a station signs. Names and anchors are tables, ascending,
// because a batch has many payments to few of either; a payment points into
// them.
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
}

type recordPayment struct {
	_      struct{} `cbor:",toarray"`
	Payout [32]byte
	Name   uint32 // index into Names
	Amount int64
	Anchor uint32 // index into Anchors
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

// SignRecord returns r with its payments in order, Instance set to the key's
// public half, and signed. aux is 32 fresh random bytes (BIP340).
func SignRecord(r Record, key *wire.SigningKey, aux [32]byte) (Record, error) {
	r.Payments = slices.Clone(r.Payments)
	slices.SortFunc(r.Payments, func(a, b Payment) int { return bytes.Compare(a.Payout[:], b.Payout[:]) })
	r.Instance = key.Public()
	body, err := r.body()
	if err != nil {
		return Record{}, fmt.Errorf("ledger: sign record: %w", err)
	}
	r.Sig = key.Sign(wire.TaggedHash(recordTag, body), aux)
	return r, nil
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
	if len(in.Payments) > MaxPayments {
		return Record{}, fmt.Errorf("%d payments: at most %d", len(in.Payments), MaxPayments)
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
		out := Payment{Payout: p.Payout, Counterparty: in.Names[p.Name], Amount: p.Amount}
		copy(out.Anchor[:], in.Anchors[int(p.Anchor)*len(OutPoint{}):])
		r.Payments = append(r.Payments, out)
	}
	return r, nil
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
	}
	var anchors []OutPoint
	for _, p := range r.Payments {
		out.Names = append(out.Names, p.Counterparty)
		anchors = append(anchors, p.Anchor)
	}
	compare := func(a, b OutPoint) int { return bytes.Compare(a[:], b[:]) }
	slices.Sort(out.Names)
	out.Names = slices.Compact(out.Names)
	slices.SortFunc(anchors, compare)
	anchors = slices.Compact(anchors)
	for _, a := range anchors {
		out.Anchors = append(out.Anchors, a[:]...)
	}
	for i, p := range r.Payments {
		name, _ := slices.BinarySearch(out.Names, p.Counterparty)
		anchor, _ := slices.BinarySearchFunc(anchors, p.Anchor, compare)
		out.Payments[i] = recordPayment{Payout: p.Payout, Name: uint32(name), Amount: p.Amount, Anchor: uint32(anchor)}
	}
	return wire.Marshal(out)
}

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
		if p.Amount < 1 || p.Amount > MaxAmount {
			return fmt.Errorf("payment %d: %d sat is out of range", i, p.Amount)
		}
		if p.Counterparty == "" || len(p.Counterparty) > MaxCounterparty || !utf8.ValidString(p.Counterparty) {
			return fmt.Errorf("payment %d: counterparty's name is empty, longer than %d bytes or not UTF-8", i, MaxCounterparty)
		}
		if i > 0 && bytes.Compare(r.Payments[i-1].Payout[:], p.Payout[:]) >= 0 {
			return fmt.Errorf("payment %d: payout ids do not ascend", i)
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
