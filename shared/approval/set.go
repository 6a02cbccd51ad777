package approval

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/shared/charter"
)

// MaxStatements is how many statements one set may have.
const MaxStatements = 64

// Given is a statement that verified.
type Given struct {
	Person   charter.Person
	Decision Decision
	Offline  bool  // made on an offline reviewing device
	Time     int64 // unix seconds, as the person's device stated it
	Expiry   int64 // unix seconds; it holds before this
}

// Void is a statement that counts nothing, and why, as the end of a sentence
// that begins `the approval of "Ben" `. Person is what the statement says.
type Void struct {
	Person   string
	Decision Decision
	Reason   Reason
	Why      string
}

// Set is a number of statements about one subject under one charter, sorted into
// what verified and what is void. The zero value holds none.
type Set struct {
	given []Given
	void  []Void
}

// Given lists every statement that verified, by decision, person, offline first,
// latest first. No two are equal, but a person who signed twice stands in it
// twice, for each may hold at another time: At leaves one. Who counts without At
// must count names, not lines.
func (s Set) Given() []Given { return slices.Clone(s.given) }

// Void lists the other statements, by decision, person and reason.
func (s Set) Void() []Void { return slices.Clone(s.void) }

// ErrDrafts says that there is more than one draft, so that nobody could tell
// who the initiator is.
var ErrDrafts = errors.New("more than one draft")

// Verify sorts statements about a subject of a wallet under a charter. Not-frozen
// statements are about the wallet, whatever the subject. The order of the
// statements does not matter, and none of them changes what another one is worth.
//
// It returns an error only for what is no question: no charter, no wallet, no
// subject, more than MaxStatements, or ErrDrafts.
func Verify(c charter.Charter, wallet, subject [32]byte, signed []Signed) (Set, error) {
	if !c.Valid() || wallet == [32]byte{} || subject == [32]byte{} {
		return Set{}, errors.New("approval: verify: charter, wallet or subject is missing")
	}
	if len(signed) > MaxStatements {
		return Set{}, fmt.Errorf("approval: verify: %d statements: at most %d", len(signed), MaxStatements)
	}
	drafts := 0
	for _, s := range signed {
		if s.Decision == Draft {
			drafts++
		}
	}
	if drafts > 1 {
		return Set{}, fmt.Errorf("approval: verify: %w", ErrDrafts)
	}
	people := newRoster(c)
	var set Set
	for _, s := range signed {
		given, void := people.judge(wallet, subject, s)
		if void != nil {
			set.void = append(set.void, *void)
			continue
		}
		set.given = append(set.given, given)
	}
	set.sort(func(a, b Given) bool { return a.Time == b.Time && a.Expiry == b.Expiry })
	return set, nil
}

// At leaves of a set what holds at a stated time: not expired, and made at most
// tolerance seconds after it. Of what one person says on a decision it leaves at
// most two statements, the latest of an offline device and the latest of another
// credential. The rest is void. So a statement more never makes a set worth less.
func (s Set) At(stated, tolerance int64) Set {
	set := Set{void: s.Void()}
	for _, g := range s.given {
		switch {
		case stated >= g.Expiry:
			set.void = append(set.void, g.void(Expired))
		case g.Time-tolerance > stated:
			set.void = append(set.void, g.void(Early))
		default:
			set.given = append(set.given, g)
		}
	}
	set.sort(func(Given, Given) bool { return true })
	return set
}

func (g Given) void(r Reason) Void {
	return Void{Person: g.Person.Name, Decision: g.Decision, Reason: r, Why: r.String()}
}

// sort puts both lists in order. Of neighbours that are of one person, decision
// and kind of device, and repeat each other, the first stays.
func (s *Set) sort(repeats func(a, b Given) bool) {
	slices.SortFunc(s.given, compareGiven)
	var kept []Given
	for _, g := range s.given {
		if n := len(kept); n > 0 {
			last := kept[n-1]
			same := last.Person.Name == g.Person.Name && last.Decision == g.Decision && last.Offline == g.Offline
			if same && repeats(last, g) {
				s.void = append(s.void, g.void(Repeated))
				continue
			}
		}
		kept = append(kept, g)
	}
	s.given = kept
	slices.SortFunc(s.void, func(a, b Void) int {
		return cmp.Or(cmp.Compare(a.Decision, b.Decision), strings.Compare(a.Person, b.Person), cmp.Compare(a.Reason, b.Reason), strings.Compare(a.Why, b.Why))
	})
}

func compareGiven(a, b Given) int {
	return cmp.Or(cmp.Compare(a.Decision, b.Decision), strings.Compare(a.Person.Name, b.Person.Name), cmp.Compare(a.rank(), b.rank()),
		cmp.Compare(b.Time, a.Time), cmp.Compare(b.Expiry, a.Expiry))
}

func (g Given) rank() int {
	if g.Offline {
		return 0
	}
	return 1
}
