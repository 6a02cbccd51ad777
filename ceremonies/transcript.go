package ceremonies

import (
	"errors"
	"fmt"

	"heliograph/shared/wire"
)

// Entry is one event of a transcript. It holds the digest of what was scanned
// or shown, never a body, so that a transcript can be handed to an auditor.
type Entry struct {
	Time   int64    `cbor:"1,keyasint"`
	What   string   `cbor:"2,keyasint"` // "scanned", "sent", "approved", ...
	Digest [32]byte `cbor:"3,keyasint"` // tagged hash of the bytes concerned, zero if none
}

// Transcript is the hash chain of a ceremony's events. Its zero value is an
// empty transcript.
type Transcript struct {
	Entries []Entry  `cbor:"1,keyasint"`
	Head    [32]byte `cbor:"2,keyasint"`
}

// maxEntries bounds a transcript that is kept in one piece: no ceremony with an
// end has more than a few dozen events a station, and a machine that is asked
// in vain adds none. Signing, which has no end, keeps each entry by itself.
const maxEntries = 10_000

// NewEntry describes one event; body is hashed, or nil.
func NewEntry(time int64, what string, body []byte) Entry {
	e := Entry{Time: time, What: what}
	if body != nil {
		e.Digest = wire.TaggedHash("Heliograph/transcript-body/v1", body)
	}
	return e
}

// Link is the head of a chain that ended at head, after one more entry.
func Link(head [32]byte, e Entry) ([32]byte, error) {
	b, err := wire.Marshal(e)
	if err != nil {
		return head, err
	}
	return wire.TaggedHash("Heliograph/transcript/v1", head[:], b), nil
}

// With returns the transcript with one more entry; t is unchanged.
func (t Transcript) With(time int64, what string, body []byte) (Transcript, error) {
	if len(t.Entries) >= maxEntries {
		return t, errors.New("ceremonies: transcript: full")
	}
	e := NewEntry(time, what, body)
	head, err := Link(t.Head, e)
	if err != nil {
		return t, err
	}
	entries := append(append([]Entry(nil), t.Entries...), e)
	return Transcript{Entries: entries, Head: head}, nil
}

// Verify recomputes the chain and compares its end with Head.
func (t Transcript) Verify() error {
	var head [32]byte
	for i, e := range t.Entries {
		h, err := Link(head, e)
		if err != nil {
			return fmt.Errorf("ceremonies: transcript: entry %d: %w", i, err)
		}
		head = h
	}
	if head != t.Head {
		return errors.New("ceremonies: transcript: the chain does not end at its head")
	}
	return nil
}
