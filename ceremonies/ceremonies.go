// Package ceremonies is what every ceremony has in common: a machine that is
// told what happened and answers with what to keep, what to show and what the
// person sees next. It follows DESIGN section 4.
//
// A machine has no clock, disk, network, randomness or goroutine of its own.
// The graphical program, the command line, the tests and the rehearsal are
// drivers of the same machines and obey one rule: every record of Step.Save is
// durable before any byte of Step.Send is shown.
package ceremonies

import (
	"heliograph/shared/wire"
)

// Machine is one party's side of a ceremony.
//
// Step consumes an event. An event that does not fit the awaited state, or
// that fails a check, returns a *Fault and changes nothing: the same machine
// can be given the next event. A machine is used from one goroutine.
type Machine interface {
	Step(Event) (Step, error)
}

// Event is something that happened, with the time and the randomness that a
// machine may use for it. Drivers fill Random afresh for every event.
type Event struct {
	Time   int64    // unix seconds of this party's own clock
	Random [32]byte // 32 fresh bytes from the operating system
	Input  Input
}

// Input is what happened. The set is closed: the types of this file.
type Input interface{ input() }

type (
	// Start opens a ceremony.
	Start struct{}
	// Scanned is one whole message as the camera gave it, unverified.
	Scanned struct{ Bytes []byte }
	// Approve says that the person read the Review on the screen and agrees.
	// Digest is Review.Digest of that very screen, so that an approval can
	// never land on another review than the one that was read.
	Approve struct{ Digest [32]byte }
	// Refuse says that the person does not agree. Reason travels back, signed.
	Refuse struct {
		Digest [32]byte
		Reason string
	}
	// Matches says that the person compared and both sides read the same.
	Matches struct{}
	// Differs says that the person compared and they do not.
	Differs struct{}
	// Typed is the person's answer to Ask.
	Typed struct{ Text string }
	// Away says, at the coordinator, that a station is not coming.
	Away struct{ Station int }
)

func (Start) input()   {}
func (Scanned) input() {}
func (Approve) input() {}
func (Refuse) input()  {}
func (Matches) input() {}
func (Differs) input() {}
func (Typed) input()   {}
func (Away) input()    {}

// Record is one named thing to keep. Putting a name again replaces it.
type Record struct {
	Name  string // at most 128 bytes of [a-z0-9/._-]
	Value []byte
}

// Step is what a machine asks its driver to do, in this order.
//
// Save is a list, not one blob: a signing station keeps every response for
// ever, and rewriting them all at every batch would cost more than signing.
// The list is atomic all the same: all of it is durable, or none.
type Step struct {
	Save   []Record       // all or none, durable before anything below is shown
	Send   []wire.Message // new messages to show
	Stored string         // or: the name of a kept record, a sealed message to show again
	Screen Screen         // what the person sees next
}
