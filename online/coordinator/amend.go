package coordinator

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// amendmentName is the record of the amendment that is drafted.
const amendmentName = "amendment/draft"

// amendmentFile is an amendment as it is kept. One that follows an older charter
// than the newest is over.
type amendmentFile struct {
	Charter []byte `cbor:"1,keyasint"`
	Number  uint32 `cbor:"2,keyasint"`
	Carried bool   `cbor:"3,keyasint"` // it was shown to a station
}

// Amendment is a charter that is to follow the newest one.
type Amendment struct {
	Ballot    lineage.Ballot
	Digest    [32]byte
	Base      charter.Charter // in force
	Next      charter.Charter
	Change    lineage.Change
	Carried   bool
	Withdraws bool     // a charter that is adopted and not yet in force would never be
	Lacks     []string // why no station acknowledges it now, in sentences; empty: nothing
	People    []string // who signed what, and whose word counts nothing and why
}

// ErrNoAmendment says that nothing is drafted that could follow the newest
// charter.
var ErrNoAmendment = errors.New("no amendment is drafted")

// DraftAmendment keeps a charter as what is to follow the newest one. It replaces
// a draft that was kept before; what people signed about that one counts for it
// alone.
func (c *Coordinator) DraftAmendment(next charter.Charter) (Amendment, error) {
	line, err := c.Line()
	if err != nil {
		return Amendment{}, err
	}
	if _, err := line.Weigh(next, c.now()); err != nil {
		return Amendment{}, err
	}
	f := amendmentFile{Charter: next.Bytes(), Number: 1}
	before, err := c.amendmentFile(line)
	switch {
	case err == nil && slices.Equal(before.Charter, f.Charter):
		return c.Amendment()
	case err == nil && before.Carried:
		f.Number = before.Number + 1 // stations may have acknowledged that one
	case err == nil:
		f.Number = before.Number
	case !errors.Is(err, ErrNoAmendment):
		return Amendment{}, err
	}
	if err := c.keepAmendment(f); err != nil {
		return Amendment{}, err
	}
	return c.Amendment()
}

func (c *Coordinator) keepAmendment(f amendmentFile) error {
	b, err := wire.Marshal(f)
	if err != nil {
		return err
	}
	return c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: amendmentName, Value: b}}})
}

// amendmentFile is what was drafted last, if it still could follow.
func (c *Coordinator) amendmentFile(line lineage.Line) (amendmentFile, error) {
	var f amendmentFile
	b, err := c.record(amendmentName)
	if err != nil {
		return f, err
	}
	if len(b) == 0 {
		return f, ErrNoAmendment
	}
	if err := wire.Unmarshal(b, &f, charter.MaxSize+1024); err != nil {
		return f, fmt.Errorf("coordinator: the amendment that was kept: %w", err)
	}
	next, err := charter.Decode(f.Charter)
	if err != nil {
		return f, fmt.Errorf("coordinator: the amendment that was kept: %w", err)
	}
	if next.Document().Prior != line.Latest().ID() {
		return f, ErrNoAmendment
	}
	return f, nil
}

// Amendment is the amendment that is drafted, with all that people have signed
// about it until now. ErrNoAmendment if there is none.
func (c *Coordinator) Amendment() (Amendment, error) {
	line, err := c.Line()
	if err != nil {
		return Amendment{}, err
	}
	f, err := c.amendmentFile(line)
	if err != nil {
		return Amendment{}, err
	}
	next, err := charter.Decode(f.Charter)
	if err != nil {
		return Amendment{}, err
	}
	now := c.now()
	a := Amendment{Base: line.At(now).Charter(), Next: next, Carried: f.Carried}
	a.Withdraws = a.Base.ID() != line.Latest().ID()
	a.Ballot = lineage.Ballot{Prior: next.Document().Prior, Number: f.Number, Charter: f.Charter}
	a.Digest = lineage.BallotDigest([32]byte(line.Wallet().ID()), a.Ballot.Prior, next.ID(), f.Number)
	chosen, err := c.chosen(a.Base, a.subject(), now)
	if err != nil {
		return a, err
	}
	for _, s := range chosen {
		b, err := s.Encode()
		if err != nil {
			return a, err
		}
		a.Ballot.Statements = append(a.Ballot.Statements, b)
	}
	if a.Change, err = line.Weigh(next, now); err != nil {
		return a, err
	}
	examined, err := line.Examine(a.Ballot, now)
	if no, ok := errors.AsType[*lineage.Refused](err); ok {
		a.Lacks = no.Sentences
		return a, nil
	}
	a.People = examined.People
	return a, err
}

func (a Amendment) subject() Subject {
	return Subject{ID: approval.OfBallot(a.Digest), About: fmt.Sprintf("the amendment to charter %d", a.Next.Document().Epoch)}
}

// AmendmentSubject is the amendment that is drafted, as people sign about it.
func (c *Coordinator) AmendmentSubject() (Subject, error) {
	a, err := c.Amendment()
	if err != nil {
		return Subject{}, err
	}
	return a.subject(), nil
}
