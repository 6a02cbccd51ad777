package policy

import (
	"errors"
	"fmt"
	"strings"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/spv"
)

// Limits of what may be claimed.
const (
	maxConfirmations = 10_000_000 // of one input
	maxProofs        = 512
)

// Claims is what the coordinator says of the chain, which no station can see. A
// claim can only refuse; a confirmation that is proved counts as such.
type Claims struct {
	Balance       int64       `cbor:"1,keyasint"` // sat that the wallet holds before the batch; 0: not claimed
	Confirmations []uint32    `cbor:"2,keyasint"` // of each input, by transaction and input; empty: not claimed
	Headers       []byte      `cbor:"3,keyasint"` // spv.HeaderSize bytes each
	Proofs        []spv.Proof `cbor:"4,keyasint"` // ascending by transaction id, one each
}

func (c Claims) check() error {
	if c.Balance < 0 || c.Balance > int64(batch.MaxMoney) {
		return fmt.Errorf("a balance of %d sat: want 0 to %d", c.Balance, int64(batch.MaxMoney))
	}
	if len(c.Confirmations) > batch.MaxSlots {
		return fmt.Errorf("confirmations of %d inputs: at most %d", len(c.Confirmations), batch.MaxSlots)
	}
	for i, n := range c.Confirmations {
		if n > maxConfirmations {
			return fmt.Errorf("input %d: %d confirmations: at most %d", i, n, maxConfirmations)
		}
	}
	if len(c.Headers)%spv.HeaderSize != 0 || len(c.Headers) > spv.MaxHeaders*spv.HeaderSize {
		return fmt.Errorf("%d bytes of block headers: want a multiple of %d, at most %d headers", len(c.Headers), spv.HeaderSize, spv.MaxHeaders)
	}
	if len(c.Proofs) > maxProofs {
		return fmt.Errorf("%d proofs of confirmation: at most %d", len(c.Proofs), maxProofs)
	}
	for _, p := range c.Proofs {
		if len(p.Branch)%32 != 0 || len(p.Branch) > 32*spv.MaxDepth {
			return fmt.Errorf("a Merkle branch of %d bytes: want a multiple of 32, at most %d", len(p.Branch), 32*spv.MaxDepth)
		}
	}
	return nil
}

// confirm writes the least confirmations of each transaction's inputs into the
// facts. It errs if what is claimed is not of as many inputs as there are.
func (f *facts) confirm(c Claims, work uint32, b batch.Verified) error {
	proved, why := c.prove(work)
	place := 0
	for i, v := range b.Transactions() {
		t := &f.txs[i]
		for j, in := range v.Inputs() {
			claimed := int64(0)
			if len(c.Confirmations) != 0 {
				if place >= len(c.Confirmations) {
					return errors.New("confirmations are claimed of fewer inputs than there are")
				}
				claimed = int64(c.Confirmations[place])
			}
			place++
			n := proved[in.TxID]
			if j == 0 || n < t.proved {
				t.proved = n
			}
			if claimed = max(claimed, n); j == 0 || claimed < t.claimed {
				t.claimed = claimed
			}
		}
		t.why = why
	}
	if len(c.Confirmations) > place {
		return errors.New("confirmations are claimed of more inputs than there are")
	}
	return nil
}

// prove verifies the headers and proofs. A proof that fails proves nothing, and
// why says so for the first.
func (c Claims) prove(work uint32) (proved map[[32]byte]int64, why string) {
	if work == 0 {
		return nil, "" // no rule of this charter asks for a proof
	}
	chain, err := spv.Verify(c.Headers, work)
	if err != nil {
		return nil, reason(err)
	}
	proved = make(map[[32]byte]int64, len(c.Proofs))
	for _, p := range c.Proofs {
		n, err := chain.Confirmations(p)
		if err != nil {
			if why == "" {
				why = reason(err)
			}
			continue
		}
		proved[p.TxID] = n
	}
	return proved, why
}

// reason is an error of package spv as people read it.
func reason(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "spv: verify: "), "spv: confirmations: ")
}

// confirmations measures the inputs of each transaction.
func (t *trace) confirmations(r charter.Rule, m matched, l *limit) {
	l.show = func(n int64) string { return count(n, "confirmation") }
	l.check, l.got = "min-confirmations", func(i int) int64 { return t.f.txs[m.txs[i]].claimed }
	if !r.Proven {
		return
	}
	l.check, l.got = "min-proven", func(i int) int64 { return t.f.txs[m.txs[i]].proved }
	l.note = func(i int) string { return t.f.txs[m.txs[i]].why }
}
