package batch

import (
	"encoding/binary"
	"fmt"

	"heliograph/shared/wire"
)

// inputSize is the length of an input on the wire: outpoint (36), amount (8),
// chain (1) and index (4), numbers in little-endian like in a transaction.
const inputSize = 49

// The forms are the CBOR maps of a request, with integer keys. Inputs are one
// byte string of inputSize bytes each, so that they cost no heads.
type requestForm struct {
	Wallet       [32]byte          `cbor:"1,keyasint"`
	Charter      [32]byte          `cbor:"2,keyasint"`
	Time         int64             `cbor:"3,keyasint"`
	Expiry       int64             `cbor:"4,keyasint"`
	Payments     []paymentForm     `cbor:"5,keyasint"`
	Transactions []transactionForm `cbor:"6,keyasint"`
}

type paymentForm struct {
	ExternalID   string `cbor:"1,keyasint"`
	Counterparty string `cbor:"2,keyasint"`
	Reference    string `cbor:"3,keyasint"`
	Amount       int64  `cbor:"4,keyasint"`
	Script       []byte `cbor:"5,keyasint"`
}

type transactionForm struct {
	Inputs   []byte      `cbor:"1,keyasint"`
	Payments []uint32    `cbor:"2,keyasint"`
	Change   *changeForm `cbor:"3,keyasint,omitempty"`
	Variants []int64     `cbor:"4,keyasint"`
	LockTime uint32      `cbor:"5,keyasint"`
	Anchor   uint32      `cbor:"6,keyasint"`
}

type changeForm struct {
	Index uint32 `cbor:"1,keyasint"`
	At    uint32 `cbor:"2,keyasint"`
}

// factsForm is what the id of a batch covers.
type factsForm struct {
	Wallet       [32]byte          `cbor:"1,keyasint"`
	Payments     []paymentForm     `cbor:"2,keyasint"`
	Transactions []transactionForm `cbor:"3,keyasint"`
}

// Encode returns the one encoding of the request, at most MaxRequest bytes. It
// errs on whatever Decode would refuse.
func (r Request) Encode() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("batch: encode request: %w", err)
	}
	// What passes check takes at most about 600 kB, below MaxRequest.
	b, err := wire.Marshal(r.form())
	if err != nil {
		return nil, fmt.Errorf("batch: encode request: %w", err)
	}
	return b, nil
}

// Decode reads a request from at most MaxRequest bytes and refuses every other
// encoding of the same facts. What it returns is coherent in itself and proves
// nothing: only Verify does.
func Decode(b []byte) (Request, error) {
	var form requestForm
	if err := wire.Unmarshal(b, &form, MaxRequest); err != nil {
		return Request{}, fmt.Errorf("batch: decode request: %w", err)
	}
	// The lists are as long as bytes were sent for them; check has the limits.
	r := Request{Wallet: form.Wallet, Charter: form.Charter, Time: form.Time, Expiry: form.Expiry,
		Payments:     make([]Payment, len(form.Payments)),
		Transactions: make([]Transaction, len(form.Transactions)),
	}
	for i, p := range form.Payments {
		r.Payments[i] = Payment{p.ExternalID, p.Counterparty, p.Reference, Amount(p.Amount), p.Script}
	}
	for i := range form.Transactions {
		t, err := form.Transactions[i].transaction()
		if err != nil {
			return Request{}, fmt.Errorf("batch: decode request: transaction %d: %w", i, err)
		}
		r.Transactions[i] = t
	}
	if err := r.check(); err != nil {
		return Request{}, fmt.Errorf("batch: decode request: %w", err)
	}
	return r, nil
}

// ID returns the id of the batch: a tagged hash over wallet, payments and
// transactions. Neither the charter nor the times are part of it, so the same
// batch asked for again keeps its id.
func (r Request) ID() ID {
	form := r.form()
	b, err := wire.Marshal(factsForm{form.Wallet, form.Payments, form.Transactions})
	if err != nil {
		// Only a request that check refuses cannot be encoded (its text is not
		// UTF-8, its lists are longer than any limit): it names no batch.
		return ID{}
	}
	return wire.TaggedHash("Heliograph/batch/v1", b)
}

func (r *Request) form() requestForm {
	form := requestForm{Wallet: r.Wallet, Charter: r.Charter, Time: r.Time, Expiry: r.Expiry,
		Payments:     make([]paymentForm, len(r.Payments)),
		Transactions: make([]transactionForm, len(r.Transactions)),
	}
	for i, p := range r.Payments {
		form.Payments[i] = paymentForm{p.ExternalID, p.Counterparty, p.Reference, int64(p.Amount), p.Script}
	}
	for i := range r.Transactions {
		form.Transactions[i] = r.Transactions[i].form()
	}
	return form
}

func (t *Transaction) form() transactionForm {
	form := transactionForm{
		Inputs:   make([]byte, 0, inputSize*len(t.Inputs)),
		Payments: t.Payments,
		Variants: make([]int64, len(t.Variants)),
		LockTime: t.LockTime,
		Anchor:   t.Anchor,
	}
	for _, in := range t.Inputs {
		form.Inputs = in.append(form.Inputs)
	}
	for i, v := range t.Variants {
		form.Variants[i] = int64(v.Change)
	}
	if t.Change != nil {
		form.Change = &changeForm{t.Change.Index, t.Change.At}
	}
	return form
}

func (f *transactionForm) transaction() (Transaction, error) {
	if n := len(f.Inputs); n%inputSize != 0 {
		return Transaction{}, fmt.Errorf("inputs of %d bytes: want a multiple of %d", n, inputSize)
	}
	t := Transaction{
		Inputs:   make([]Input, 0, len(f.Inputs)/inputSize),
		Payments: f.Payments,
		Variants: make([]Variant, len(f.Variants)),
		LockTime: f.LockTime,
		Anchor:   f.Anchor,
	}
	for b := f.Inputs; len(b) > 0; b = b[inputSize:] {
		t.Inputs = append(t.Inputs, readInput([inputSize]byte(b)))
	}
	for i, change := range f.Variants {
		t.Variants[i] = Variant{Amount(change)}
	}
	if f.Change != nil {
		t.Change = &Change{f.Change.Index, f.Change.At}
	}
	return t, nil
}

func (in Input) append(b []byte) []byte {
	outpoint := in.OutPoint.Bytes()
	b = append(b, outpoint[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(in.Amount))
	b = append(b, in.Chain)
	return binary.LittleEndian.AppendUint32(b, in.Index)
}

func readInput(b [inputSize]byte) Input {
	return Input{
		OutPoint: OutPoint{[32]byte(b[:32]), binary.LittleEndian.Uint32(b[32:])},
		Amount:   Amount(binary.LittleEndian.Uint64(b[36:])),
		Chain:    b[44],
		Index:    binary.LittleEndian.Uint32(b[45:]),
	}
}
