package lineage

import "strings"

// Reason says why a ballot or certificate is refused, for a program to branch on.
type Reason uint8

// The reasons. Only Fork proves that somebody did wrong.
const (
	Malformed  Reason = 1 // it cannot be read, or it is no charter that this wallet could have
	OlderEpoch Reason = 2 // the line has gone further
	Unknown    Reason = 3 // it follows a charter that this line does not have
	Unfollowed Reason = 4 // it breaks with the charter that it follows: network, threshold, stations, memory
	Clock      Reason = 5 // its time does not fit
	Unapproved Reason = 6 // the people that the charter in force demands have not approved
	Committed  Reason = 7 // this station acknowledged or voided it, or another one
	Unsigned   Reason = 8 // acknowledgements are missing or do not verify
)

// Refused says why a ballot, a certificate or a void request is not accepted.
type Refused struct {
	Reason    Reason
	Sentences []string // whole sentences, for a person
}

// Error is all sentences.
func (r *Refused) Error() string { return "lineage: refused: " + strings.Join(r.Sentences, " ") }

func refuse(reason Reason, sentences ...string) *Refused {
	return &Refused{Reason: reason, Sentences: sentences}
}
