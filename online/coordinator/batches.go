package coordinator

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/psbt"

	"heliograph/online/coordinator/book"
)

// State is the whole book.
func (c *Coordinator) State() (book.State, error) { return c.store.Load() }

// Batch is a batch with what its request amounts to.
func (c *Coordinator) Batch(ref string) (book.Batch, batch.Verified, []book.Transaction, error) {
	state, b, err := c.find(ref)
	if err != nil {
		return b, batch.Verified{}, nil, err
	}
	v, err := c.verify(b)
	return b, v, transactionsOf(state, b.ID), err
}

// find looks a batch up by its number, or by at least 8 digits of its id.
func (c *Coordinator) find(ref string) (book.State, book.Batch, error) {
	state, err := c.store.Load()
	if err != nil {
		return state, book.Batch{}, err
	}
	var found []book.Batch
	for _, b := range state.Batches {
		if strconv.Itoa(b.Number) == ref || len(ref) >= 8 && strings.HasPrefix(b.ID.String(), strings.ToLower(ref)) {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 1:
		return state, found[0], nil
	case 0:
		return state, book.Batch{}, fmt.Errorf("coordinator: there is no batch %q: heliograph batch list names them", ref)
	}
	return state, book.Batch{}, fmt.Errorf("coordinator: %q could be batch %d or %d: name more digits of the id", ref, found[0].Number, found[1].Number)
}

func transactionsOf(state book.State, id batch.ID) []book.Transaction {
	var out []book.Transaction
	for _, t := range state.Transactions {
		if t.Batch == id {
			out = append(out, t)
		}
	}
	return out
}

// verify recomputes a batch from its request.
func (c *Coordinator) verify(b book.Batch) (batch.Verified, error) {
	p, err := c.Public()
	if err != nil {
		return batch.Verified{}, err
	}
	r, err := batch.Decode(b.Request)
	if err != nil {
		return batch.Verified{}, fmt.Errorf("coordinator: batch %d: %w", b.Number, err)
	}
	v, err := r.Verify(p.Wallet)
	if err != nil {
		return batch.Verified{}, fmt.Errorf("coordinator: batch %d: %w", b.Number, err)
	}
	if v.ID() != b.ID {
		return batch.Verified{}, fmt.Errorf("coordinator: batch %d: its request is that of batch %s: the store was changed by something else", b.Number, v.ID())
	}
	return v, nil
}

// Discard gives up a batch that has no signatures: its coins are free and its
// payouts pending again. What a station released for it stays bound to its
// anchor, so that a later draft cannot pay it a second time.
func (c *Coordinator) Discard(ref string) (book.Batch, error) {
	state, b, err := c.find(ref)
	if err != nil {
		return b, err
	}
	switch b.Status {
	case book.BatchDrafted:
	case book.BatchSigning:
		anyway := ""
		if c.unfrozen() != nil {
			anyway = " --anyway"
		}
		return b, fmt.Errorf("coordinator: discard batch %d: a signing session is open: end it first (heliograph batch sign %d%s, and type away)", b.Number, b.Number, anyway)
	default:
		return b, fmt.Errorf("coordinator: discard batch %d: it is %s; only a batch without signatures can be discarded", b.Number, b.Status)
	}
	change := book.Change{Batches: []book.BatchMove{{ID: b.ID, From: book.BatchDrafted, To: book.BatchDiscarded, Session: b.Session}}}
	for _, p := range state.Payouts {
		if p.Batch == b.ID {
			change.Payouts = append(change.Payouts, book.PayoutMove{ExternalID: p.ExternalID, From: book.Drafted, To: book.Pending})
		}
	}
	b.Status = book.BatchDiscarded
	return b, c.store.Commit(change)
}

// signatures are the signatures of a signed batch, 64 bytes a slot.
func (c *Coordinator) signatures(b book.Batch) ([]byte, error) {
	sigs, err := c.record(signing.SignaturesName(b.Session))
	if err != nil {
		return nil, err
	}
	if sigs == nil {
		return nil, errNotSigned
	}
	return sigs, nil
}

var errNotSigned = errors.New("coordinator: the batch is not signed yet: run heliograph batch sign")

// of cuts the signatures of one variant out of those of all slots.
func of(v batch.Verified, signatures []byte, tx, variant int) [][64]byte {
	var out [][64]byte
	for i, slot := range v.Slots() {
		if slot.Transaction == tx && slot.Variant == variant && len(signatures) >= 64*(i+1) {
			out = append(out, [64]byte(signatures[64*i:]))
		}
	}
	return out
}

// finalise verifies the signatures of a variant, or of the last one if the
// transaction has fewer, and makes the transaction.
func finalise(b book.Batch, v batch.Verified, signatures []byte, tx, variant int) (book.Transaction, error) {
	variant = min(variant, len(v.Transactions()[tx].Variants())-1)
	raw, txid, err := psbt.Finalise(v, tx, variant, of(v, signatures, tx, variant))
	if err != nil {
		return book.Transaction{}, fmt.Errorf("coordinator: batch %d: %w", b.Number, err)
	}
	return book.Transaction{Batch: b.ID, Position: tx, Variant: variant, TxID: txid, Raw: raw}, nil
}

// File is a file to write for somebody else.
type File struct {
	Name  string
	Bytes []byte
}

// PSBTs are the batch's transactions for other wallets: every variant unsigned
// and, once there are signatures, signed.
func (c *Coordinator) PSBTs(ref string) ([]File, error) {
	b, v, _, err := c.Batch(ref)
	if err != nil {
		return nil, err
	}
	signatures, err := c.signatures(b)
	if err != nil && !errors.Is(err, errNotSigned) {
		return nil, err
	}
	var files []File
	for i, t := range v.Transactions() {
		for k := range t.Variants() {
			name := fmt.Sprintf("batch-%d-tx-%d-variant-%d", b.Number, i, k)
			plain, err := psbt.Build(v, i, k)
			if err != nil {
				return nil, err
			}
			files = append(files, File{Name: name + ".unsigned.psbt", Bytes: plain})
			if signatures == nil {
				continue
			}
			signed, err := psbt.BuildSigned(v, i, k, of(v, signatures, i, k))
			if err != nil {
				return nil, err
			}
			files = append(files, File{Name: name + ".signed.psbt", Bytes: signed})
		}
	}
	return files, nil
}

// Export is a batch for an auditor: the facts that people approved, the record
// of its last session with every station's signed answer, and the signed
// transactions in hex.
func (c *Coordinator) Export(ref string) ([]File, error) {
	b, _, signed, err := c.Batch(ref)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("batch-%d", b.Number)
	files := []File{{Name: name + ".request.cbor", Bytes: b.Request}}
	session, err := c.record(signing.SessionName(b.Session))
	if err != nil {
		return nil, err
	}
	if session != nil {
		files = append(files, File{Name: name + ".session.cbor", Bytes: session})
	}
	for _, t := range signed {
		files = append(files, File{Name: fmt.Sprintf("%s-tx-%d.hex", name, t.Position), Bytes: []byte(hex.EncodeToString(t.Raw) + "\n")})
	}
	return files, nil
}
