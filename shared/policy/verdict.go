package policy

import (
	"encoding/binary"
	"slices"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
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
	Got     string `cbor:"4,keyasint"` // what it is
	Wanted  string `cbor:"5,keyasint"` // what it may be
	Pass    bool   `cbor:"6,keyasint"`
}

// context names what was judged: charter, batch, times and memory.
func context(c charter.Charter, b batch.Verified, s ledger.Snapshot) [32]byte {
	id, batchID, memory, r := c.ID(), b.ID(), s.Hash(), b.Request()
	var times []byte
	times = binary.BigEndian.AppendUint64(times, uint64(r.Time))
	times = binary.BigEndian.AppendUint64(times, uint64(r.Expiry))
	return wire.TaggedHash("Heliograph/judged/v1", id[:], r.Charter[:], batchID[:], times, memory[:])
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

// Sentence returns the line in words, with the rule's id before it.
func (l Line) Sentence() string {
	if l.Pass {
		return l.Rule + " holds: " + l.passed()
	}
	return l.Rule + ": " + l.refused()
}

// measured are the checks that compare a number; they read alike either way.
func (l Line) measured() (sentence string, ok bool) {
	switch l.Check {
	case "max-output":
		return l.Subject + " is " + l.Got + "; at most " + l.Wanted + " may go in one output.", true
	case "max-transaction":
		return l.Subject + " pays " + l.Got + "; at most " + l.Wanted + " may go in one transaction.", true
	case "max-batch":
		return "the batch pays " + l.Got + "; at most " + l.Wanted + " may go in one batch.", true
	case "max-window":
		return l.Got + " would leave within " + l.Subject + "; at most " + l.Wanted + " may.", true
	case "max-fee":
		return l.Subject + " can cost a fee of " + l.Got + "; at most " + l.Wanted + " is allowed.", true
	case "max-fee-rate":
		return l.Subject + " can cost " + l.Got + "; at most " + l.Wanted + " is allowed.", true
	case "max-fee-percent":
		return "the fee of " + l.Subject + " can be " + l.Got + " of its payments; at most " + l.Wanted + " is allowed.", true
	case "max-lifetime":
		return "the request is valid for " + l.Got + "; at most " + l.Wanted + " is allowed.", true
	case "change-gap":
		return "change of " + l.Subject + " goes to index " + l.Got + "; the highest allowed now is " + l.Wanted + ".", true
	}
	return "", false
}

func (l Line) refused() string {
	if s, ok := l.measured(); ok {
		return s
	}
	switch l.Check {
	case "current":
		return "the request was drafted under charter " + l.Got + "; in force here is " + l.Wanted + "."
	case "order":
		return "the request states " + l.Got + ", before the last record, " + l.Wanted + "."
	case "expiry":
		return "the request expires at " + l.Got + ", not after the time it states, " + l.Wanted + "."
	case "anchor":
		return l.Subject + " would spend " + l.Got + "; it was released before and stays bound to " + l.Wanted + "."
	case "destination":
		return l.Subject + " goes to " + l.Got + ", which is no destination of " + l.Wanted + "."
	case "deny":
		return l.Subject + " is " + l.Got + "; nothing may be paid to " + l.Wanted + "."
	case "default":
		return "no rule allows " + l.Subject + ", " + l.Got + "."
	case "more":
		return l.Subject + " more are refused alike."
	}
	return "this program does not know such a rule."
}

func (l Line) passed() string {
	if s, ok := l.measured(); ok {
		return s
	}
	switch l.Check {
	case "current":
		return "the request was drafted under the charter in force."
	case "order":
		return "the request states " + l.Got + ", not before any record."
	case "expiry":
		return "the request expires at " + l.Got + "."
	case "anchor":
		return "no payment was released before with another coin."
	case "destination":
		return "every payment goes to a destination of its counterparty."
	case "deny", "not-concerned":
		return "nothing is paid to " + l.Wanted + "."
	case "default":
		return "a rule allows every payment."
	case "no-change":
		return "there is no change."
	}
	return "it allows " + l.Subject + ", " + l.Got + " together."
}
