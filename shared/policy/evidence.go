package policy

import (
	"fmt"

	"heliograph/shared/wire"
)

// MaxEvidence bounds the encoded evidence of a batch, in bytes.
const MaxEvidence = 512 << 10

// Evidence is what travels with a batch beside its facts: what people signed,
// and what the coordinator claims or somebody states. Nothing of it is believed
// before Judge has verified it.
type Evidence struct {
	Statements [][]byte `cbor:"1,keyasint"` // approval.Signed, at most one a draft
}

// Encode returns the canonical encoding, at most MaxEvidence bytes.
func (e Evidence) Encode() ([]byte, error) {
	b, err := wire.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("policy: evidence: %w", err)
	}
	if len(b) > MaxEvidence {
		return nil, fmt.Errorf("policy: evidence: %d bytes: at most %d", len(b), MaxEvidence)
	}
	return b, nil
}

// DecodeEvidence reads what Encode wrote and nothing else.
func DecodeEvidence(b []byte) (Evidence, error) {
	var e Evidence
	if err := wire.Unmarshal(b, &e, MaxEvidence); err != nil {
		return Evidence{}, fmt.Errorf("policy: evidence: %w", err)
	}
	return e, nil
}
