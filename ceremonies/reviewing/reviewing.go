// Package reviewing is the ceremony in which a person approves offline: a
// device that holds an approval key and no share reads what a coordinator asks,
// recomputes it, shows it, and answers with a signed statement. It follows
// DESIGN section 9.
//
//	once:   key out;            officers enrol it in the charter
//	        invitation in;      the person compares wallet and charter with a
//	                            station, twelve words each
//	often:  request in;         a batch, a change of the charter, or whether
//	                            anything is frozen
//	        statement out,      or a refusal, after the person decided
//
// A device follows the wallet's line of charters by certificates and goes back
// to no older one. What it says is about the facts that it recomputed, never
// about a picture of them. What it cannot know: whether the coordinator withheld
// a newer charter or a freeze, what was released before (limits over time are
// the stations' to judge), and whether its statement is ever shown to a station.
// A veto or freeze that the coordinator withholds stops nothing: a person
// carries it to a station.
package reviewing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Setup is what a person's device brings.
type Setup struct {
	Name    string // of the person, as the charter will list it
	Network wallet.Network
	Key     *wire.SigningKey // the offline approval key
}

func (s Setup) check() error {
	if err := checkName(s.Name); err != nil {
		return err
	}
	if !s.Network.Valid() {
		return errors.New("reviewing: set up: unknown network")
	}
	return nil
}

// maxName is how long a person's name may be here, in bytes.
const maxName = 64

// checkName keeps names to what reads the same on every screen: letters,
// digits, spaces and hyphens of ASCII.
func checkName(name string) error {
	if name == "" || len(name) > maxName || strings.TrimSpace(name) != name || strings.Contains(name, "  ") {
		return fmt.Errorf("reviewing: a person's name has 1 to %d characters, single spaces, and none at its ends", maxName)
	}
	for _, c := range name {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != ' ' && c != '-' {
			return fmt.Errorf("reviewing: a person's name has letters, digits, spaces and hyphens, not %q", c)
		}
	}
	return nil
}

// Names of the kept records.
const (
	keyName          = "reviewing/key"     // the sealed key, as it was first shown
	pendingName      = "reviewing/pending" // an invitation that nobody compared yet; empty after a comparison that failed
	InviteName       = "reviewing/invite"  // the invitation that the person compared
	StateName        = "reviewing/state"
	TranscriptPrefix = "reviewing/transcript/"
	certificatePart  = "reviewing/certificate/" // by epoch
	answerPart       = "reviewing/answer/"      // by digest of the request
	freezePart       = "reviewing/freeze/"      // sealed freezes, by id
)

func certificateName(epoch uint32) string { return fmt.Sprintf("%s%010d", certificatePart, epoch) }

func answerName(digest [32]byte) string { return answerPart + hex.EncodeToString(digest[:]) }

// state is the record that changes with every event.
type state struct {
	Events  uint64   `cbor:"1,keyasint"` // length of the transcript
	Receipt [32]byte `cbor:"2,keyasint"` // its head
}

// Reviewer is a person's device, for the life of an installation.
type Reviewer struct {
	setup    Setup
	key      wire.Message // KindReviewerKey
	line     lineage.Line // zero before the invitation
	answered map[[32]byte]bool
	said     map[[32]byte]said // by subject
	frozen   map[[32]byte]frozen
	state    state
	await    awaiting
}

// awaiting is what the machine waits for.
type awaiting interface{ awaited() string }

type awaitingInvite struct{}

func (awaitingInvite) awaited() string { return "the coordinator's invitation" }

type awaitingRequest struct{}

func (awaitingRequest) awaited() string { return "a request from the coordinator" }

// awaitingComparison holds an invitation that the person is comparing: first
// the wallet's words, then the charter's.
type awaitingComparison struct {
	sealed []byte
	line   lineage.Line
	wallet bool // the wallet's words are compared
}

func (awaitingComparison) awaited() string { return "the comparison of the words on the screen" }

// Awaits says in a few words what the machine waits for.
func (r *Reviewer) Awaits() string { return r.await.awaited() }

// Status is what a device says of itself.
type Status struct {
	Key      wire.PublicKey
	KeyWords [12]string
	Line     lineage.Line // zero before the invitation
	Answers  int
	Frozen   [][32]byte // ids of the freezes that this device has seen
	Receipt  [32]byte
}

// Status reports the machine's state; it holds no secret.
func (r *Reviewer) Status() Status {
	s := Status{Key: r.setup.Key.Public(), KeyWords: r.keyWords(), Line: r.line, Answers: len(r.answered), Receipt: r.state.Receipt}
	for id := range r.frozen {
		s.Frozen = append(s.Frozen, id)
	}
	return s
}

// fault is the one form of this package's faults; every code is in RUNBOOK.md.
func fault(code string, suspect ceremonies.Suspicion, what, remedy string) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code: code, Suspect: ceremonies.Suspect{Kind: suspect}, What: what,
		Safe: "Nothing was signed.", Remedy: remedy,
	}
}

// refused is the fault of a request that did not pass a check. It accuses the
// coordinator, which signed it, of an error or worse.
func refused(code, why string) *ceremonies.Fault {
	return fault(code, ceremonies.Coordinator, "This request is refused: "+why+".", "Have the treasury prepare it again; if it happens twice, tell an officer.")
}

// unable is the fault of a step that failed here; it accuses nobody.
func unable(err error) *ceremonies.Fault {
	return fault("reviewing/unable", ceremonies.Unknown, "This device could not do its part: "+err.Error()+".", "Start the device again and scan the request again; if it happens twice, take it out of service.")
}
