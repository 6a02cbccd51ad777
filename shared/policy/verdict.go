package policy

import (
	"encoding/binary"
	"slices"

	"heliograph/shared/batch"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// Verdict is a decision and how it came about: built-in checks first, then the
// charter's rules by id, then default/deny.
type Verdict struct {
	Allowed bool
	Trace   []Line

	context [32]byte // what was judged
}

// Line is one thing that was checked. All numbers are shown with their unit.
type Line struct {
	Rule    string `cbor:"1,keyasint"` // id in the charter, or of a built-in check
	Check   string `cbor:"2,keyasint"` // what kind of check it was
	Subject string `cbor:"3,keyasint"` // what was looked at
	Got     string `cbor:"4,keyasint"` // what it is; empty where nothing could be measured
	Wanted  string `cbor:"5,keyasint"` // what it may be
	Pass    bool   `cbor:"6,keyasint"`
	Need    string `cbor:"7,keyasint"` // what the rule accepts instead, where that was asked, and what of it is there
	Always  bool   `cbor:"8,keyasint"` // the rule asks for Need each time
	Note    string `cbor:"9,keyasint"` // why there is no more to measure
}

// context names what was judged: charter, batch, times, evidence, stations and
// memory. The order in which stations sign changes no verdict.
func context(charterID [32]byte, b batch.Verified, evidence [32]byte, quorum []uint8, s ledger.Snapshot) [32]byte {
	batchID, memory, r := b.ID(), s.Hash(), b.Request()
	var times []byte
	times = binary.BigEndian.AppendUint64(times, uint64(r.Time))
	times = binary.BigEndian.AppendUint64(times, uint64(r.Expiry))
	stations := slices.Sorted(slices.Values(quorum))
	return wire.TaggedHash("Heliograph/judged/v1", charterID[:], r.Charter[:], batchID[:], times, memory[:], evidence[:], stations)
}

// Hash returns a digest of what was judged, the decision and the trace. It is
// equal wherever the same charter, request and snapshot were judged.
func (v Verdict) Hash() [32]byte {
	decision := byte(0)
	if v.Allowed {
		decision = 1
	}
	trace, err := wire.Marshal(v.Trace)
	if err != nil {
		panic("policy: internal error: a trace has no encoding")
	}
	return wire.TaggedHash("Heliograph/verdict/v1", v.context[:], []byte{decision}, trace)
}

// Refusals returns the lines that did not pass.
func (v Verdict) Refusals() []Line {
	return slices.DeleteFunc(slices.Clone(v.Trace), func(l Line) bool { return l.Pass })
}

// Sentences returns the trace in words, what did not pass first.
func (v Verdict) Sentences() []string {
	var refused, passed []string
	for _, l := range v.Trace {
		if l.Pass {
			passed = append(passed, l.Sentence())
			continue
		}
		refused = append(refused, l.Sentence())
	}
	return append(refused, passed...)
}

func (v Verdict) clone() Verdict {
	v.Trace = slices.Clone(v.Trace)
	return v
}
