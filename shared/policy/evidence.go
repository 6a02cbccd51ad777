package policy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/approval"
	"heliograph/shared/spv"
	"heliograph/shared/wire"
)

// Limits of the evidence of a batch, in bytes and in prices.
const (
	MaxEvidence = 512 << 10
	MaxPrices   = 64
)

// Evidence is what travels with a batch beside its facts: what people signed,
// what a source states of prices, and what the coordinator claims. Nothing of it
// is believed before Judge has verified it. The zero value is none.
type Evidence struct {
	Statements [][]byte `cbor:"1,keyasint"` // approval.Signed, at most one a draft; ascending
	Prices     []Price  `cbor:"2,keyasint"` // ascending by currency, source, time, price
	Claims     Claims   `cbor:"3,keyasint"`
}

// Encode returns the canonical encoding, at most MaxEvidence bytes. Order means
// nothing: statements, prices and proofs are sorted, and what is there twice is
// there once.
func (e Evidence) Encode() ([]byte, error) {
	e, err := e.canonical()
	if err != nil {
		return nil, fmt.Errorf("policy: evidence: %w", err)
	}
	b, err := wire.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("policy: evidence: %w", err)
	}
	if len(b) > MaxEvidence {
		return nil, fmt.Errorf("policy: evidence: %d bytes: at most %d", len(b), MaxEvidence)
	}
	return b, nil
}

// DecodeEvidence reads what Encode wrote and nothing else. No signature is
// verified: Judge does.
func DecodeEvidence(b []byte) (Evidence, error) {
	var e Evidence
	if err := wire.Unmarshal(b, &e, MaxEvidence); err != nil {
		return Evidence{}, fmt.Errorf("policy: evidence: %w", err)
	}
	again, err := e.Encode()
	if err != nil {
		return Evidence{}, err
	}
	if !bytes.Equal(again, b) {
		return Evidence{}, errors.New("policy: evidence: not the canonical order")
	}
	return e, nil
}

// canonical returns a checked copy in order.
func (e Evidence) canonical() (Evidence, error) {
	if len(e.Statements) > approval.MaxStatements || len(e.Prices) > MaxPrices {
		return Evidence{}, fmt.Errorf("%d statements and %d prices: at most %d and %d", len(e.Statements), len(e.Prices), approval.MaxStatements, MaxPrices)
	}
	e.Statements = slices.Clone(e.Statements)
	slices.SortFunc(e.Statements, bytes.Compare)
	e.Statements = slices.CompactFunc(e.Statements, bytes.Equal)
	for i, p := range e.Prices {
		if err := p.check(); err != nil {
			return Evidence{}, fmt.Errorf("price %d: %w", i, err)
		}
	}
	e.Prices = slices.Clone(e.Prices)
	slices.SortFunc(e.Prices, comparePrices)
	e.Prices = slices.Compact(e.Prices)
	if err := e.Claims.check(); err != nil {
		return Evidence{}, err
	}
	e.Claims.Proofs = slices.Clone(e.Claims.Proofs)
	slices.SortFunc(e.Claims.Proofs, func(a, b spv.Proof) int { return bytes.Compare(a.TxID[:], b.TxID[:]) })
	for i := 1; i < len(e.Claims.Proofs); i++ {
		if e.Claims.Proofs[i-1].TxID == e.Claims.Proofs[i].TxID {
			return Evidence{}, errors.New("two proofs of one transaction")
		}
	}
	return e, nil
}

// statements decodes what people signed. What is no statement at all refuses the
// evidence: it is not void, nobody said it.
func (e Evidence) statements() ([]approval.Signed, error) {
	var out []approval.Signed
	for i, b := range e.Statements {
		s, err := approval.DecodeSigned(b)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i, err)
		}
		out = append(out, s)
	}
	return out, nil
}
