// Package amendment is the ceremony in which a wallet's charter changes, is
// frozen and thawed, and in which a restored station gets its memory back. It
// follows DESIGN sections 5 (a restored station), 7 (the charter) and 8 (memory).
//
// The coordinator carries a ballot to at least t stations, each of which checks
// it alone, shows the whole change to its people and acknowledges it; their
// acknowledgements make a certificate, which every station adopts, also one that
// was away. Package lineage says what all of that means; the machines here add
// people, records and messages. Nothing is lost by a coordinator that shows
// different stations different ballots: see lineage.Votes.
//
// A freeze is obeyed by every station that scans its code, at once and until an
// amendment lifts it. It stops payments, never amendments.
package amendment

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// Names of kept records. All that a station or a coordinator keeps of amendments
// begins with Prefix.
const (
	Prefix           = "amendment/"
	EpochPrefix      = Prefix + "epoch/" // certificates, by the charter's epoch
	StateName        = Prefix + "state"
	TranscriptPrefix = Prefix + "transcript/"
	FreezePrefix     = Prefix + "freeze/"
	answerPrefix     = Prefix + "answer/" // sealed acknowledgements and voids
)

// The names of certificates at the coordinator, sealed, so that a station that
// was away can be shown what was shown to the others.
const sealedPrefix = Prefix + "sealed/"

func epochName(epoch uint32) string { return fmt.Sprintf("%s%06d", EpochPrefix, epoch) }

// Follow returns the line of a wallet with all certificates that were kept,
// adopting them again one by one. Records of other names are passed over.
func Follow(first lineage.Line, kept []ceremonies.Record) (lineage.Line, error) {
	var names []string
	byName := make(map[string][]byte)
	for _, r := range kept {
		if strings.HasPrefix(r.Name, EpochPrefix) {
			names = append(names, r.Name)
			byName[r.Name] = r.Value
		}
	}
	slices.Sort(names)
	line := first
	for i, name := range names {
		if name != epochName(uint32(i+1)) {
			return lineage.Line{}, fmt.Errorf("amendment: resume: the certificate of charter %d is not kept", i+1)
		}
		next, err := line.Adopt(byName[name])
		if err != nil {
			return lineage.Line{}, fmt.Errorf("amendment: resume: charter %d: %w", i+1, err)
		}
		line = next
	}
	return line, nil
}

// Log is the end of the hash-chained transcript of one party's amendments.
type Log struct {
	Events  uint64   `cbor:"1,keyasint"`
	Receipt [32]byte `cbor:"2,keyasint"`
}

// with returns the log with one more event, and the event's record.
func (l Log) with(time int64, what string, body []byte) (Log, ceremonies.Record, error) {
	entry := ceremonies.NewEntry(time, what, body)
	receipt, err := ceremonies.Link(l.Receipt, entry)
	if err != nil {
		return l, ceremonies.Record{}, err
	}
	line, err := wire.Marshal(entry)
	if err != nil {
		return l, ceremonies.Record{}, err
	}
	next := Log{Events: l.Events + 1, Receipt: receipt}
	return next, ceremonies.Record{Name: fmt.Sprintf("%s%012d", TranscriptPrefix, next.Events), Value: line}, nil
}

// openAny opens a message under any charter of the line, the newest first. It is
// for what proves itself: certificates, which a coordinator of any time may carry.
func openAny(line lineage.Line, sealed []byte) (wire.Opened, error) {
	var first error
	epochs := line.Epochs()
	for i := range epochs {
		ring, err := epochs[len(epochs)-1-i].Charter.Keyring([32]byte(line.Wallet().ID()))
		if err != nil {
			return wire.Opened{}, err
		}
		opened, err := wire.Open(sealed, ring)
		if err == nil {
			return opened, nil
		}
		if first == nil {
			first = err
		}
	}
	return wire.Opened{}, first
}

// opened opens a message under the charter in force.
func opened(line lineage.Line, sealed []byte, now int64) (wire.Opened, error) {
	ring, err := line.Keyring(now)
	if err != nil {
		return wire.Opened{}, err
	}
	return wire.Open(sealed, ring)
}

// openedByNewest opens a message under the newest charter, in force or not.
func openedByNewest(line lineage.Line, sealed []byte) (wire.Opened, error) {
	ring, err := line.Latest().Keyring([32]byte(line.Wallet().ID()))
	if err != nil {
		return wire.Opened{}, err
	}
	return wire.Open(sealed, ring)
}

// sentence is a refusal as the end of a sentence.
func sentence(err error) string {
	var r *lineage.Refused
	if errors.As(err, &r) {
		return strings.TrimSuffix(strings.Join(r.Sentences, " "), ".")
	}
	return err.Error()
}
