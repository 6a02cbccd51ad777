package lineage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// Limits of a ballot.
const (
	maxStatements = approval.MaxStatements
	maxVoids      = 8 * charter.MaxStations // Voids of the ballots before it
)

// Ballot is a charter that is to follow the newest one, with what people signed
// about it. Number tells the attempts to amend one charter apart.
type Ballot struct {
	Prior      [32]byte `cbor:"1,keyasint"` // id of the charter that it follows
	Number     uint32   `cbor:"2,keyasint"` // from 1
	Charter    []byte   `cbor:"3,keyasint"` // canonical
	Statements [][]byte `cbor:"4,keyasint"` // approval.Signed, about BallotDigest
	Voids      [][]byte `cbor:"5,keyasint"` // encoded Voids of ballots that were acknowledged before
}

// BallotDigest names a ballot: what people approve and stations acknowledge. What
// they signed is not in it, so that more can be added.
func BallotDigest(wallet, prior, next [32]byte, number uint32) [32]byte {
	return wire.TaggedHash("Heliograph/ballot/v1", wallet[:], prior[:], next[:], binary.BigEndian.AppendUint32(nil, number))
}

// Encode returns the canonical encoding, the body of KindBallot.
func (b Ballot) Encode() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("lineage: encode ballot: %w", err)
	}
	out, err := wire.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("lineage: encode ballot: %w", err)
	}
	if len(out) > wire.KindBallot.MaxBody() {
		return nil, fmt.Errorf("lineage: encode ballot: %d bytes: at most %d", len(out), wire.KindBallot.MaxBody())
	}
	return out, nil
}

// DecodeBallot reads what Encode wrote and nothing else. Nothing in it is
// believed yet.
func DecodeBallot(b []byte) (Ballot, error) {
	var out Ballot
	if err := wire.Unmarshal(b, &out, wire.KindBallot.MaxBody()); err != nil {
		return Ballot{}, fmt.Errorf("lineage: decode ballot: %w", err)
	}
	if err := out.check(); err != nil {
		return Ballot{}, fmt.Errorf("lineage: decode ballot: %w", err)
	}
	return out, nil
}

func (b Ballot) check() error {
	if b.Number == 0 {
		return errors.New("ballots are numbered from 1")
	}
	if len(b.Charter) == 0 || len(b.Charter) > charter.MaxSize {
		return fmt.Errorf("a charter of %d bytes: 1 to %d", len(b.Charter), charter.MaxSize)
	}
	if len(b.Statements) > maxStatements || len(b.Voids) > maxVoids {
		return fmt.Errorf("%d statements and %d voids: at most %d and %d", len(b.Statements), len(b.Voids), maxStatements, maxVoids)
	}
	for _, s := range b.Statements {
		if len(s) > approval.MaxSigned {
			return fmt.Errorf("a statement of %d bytes: at most %d", len(s), approval.MaxSigned)
		}
	}
	return nil
}

// Examined is a ballot that everything holds for but the decision of the people
// at this station. Only Examine makes one.
type Examined struct {
	Ballot  Ballot
	Digest  [32]byte
	Charter charter.Charter
	Change  Change
	People  []string // who signed what, and whose word counts nothing and why, in sentences

	voided map[[32]byte]map[uint8]bool // by digest, the stations that signed a Void
}

// Voids returns how many stations signed a Void of a ballot, by what travels with
// this one.
func (x Examined) Voids(digest [32]byte) int { return len(x.voided[digest]) }

// Examine checks all of a ballot that a station checks before it shows it to its
// people, at the time now of its own clock, unix seconds: that its charter can
// follow the newest one, what that changes, and that the people whom the charter
// in force demands have approved. A *Refused says why not.
func (l Line) Examine(b Ballot, now int64) (Examined, error) {
	if !l.Valid() {
		return Examined{}, errors.New("lineage: examine: the zero line has no charter")
	}
	next, err := l.read(b)
	if err != nil {
		return Examined{}, err
	}
	change, err := l.Weigh(next, now)
	if err != nil {
		return Examined{}, err
	}
	digest := BallotDigest(l.walletID(), b.Prior, next.ID(), b.Number)
	voided, err := l.readVoids(b.Voids, now)
	if err != nil {
		return Examined{}, err
	}
	people, err := l.approvals(b.Statements, digest, now)
	if err != nil {
		return Examined{}, err
	}
	everybody := make([]uint8, len(next.Instances()))
	for i := range everybody {
		everybody[i] = uint8(i)
	}
	if !newVote(l.inForce(now), people, now, everybody).meets(change.Demand) {
		return Examined{}, unapproved(change, people)
	}
	return Examined{Ballot: b, Digest: digest, Charter: next, Change: change, People: sentences(people), voided: voided}, nil
}

func unapproved(c Change, people approval.Set) *Refused {
	kind := "a tightening"
	if c.Loosens {
		kind = "a loosening"
	}
	demand := fmt.Sprintf("This is %s, for which the charter in force demands: %s.", kind, c.Demand.Sentence())
	return refuse(Unapproved, append([]string{demand}, sentences(people)...)...)
}

// read decodes the charter of a ballot for the newest charter of the line.
func (l Line) read(b Ballot) (charter.Charter, error) {
	if err := b.check(); err != nil {
		return charter.Charter{}, refuse(Malformed, fmt.Sprintf("The ballot is malformed: %v.", err))
	}
	if b.Prior != l.Latest().ID() {
		newest := l.Latest().Document().Epoch
		if i, known := l.find(b.Prior); known {
			return charter.Charter{}, refuse(OlderEpoch, fmt.Sprintf("This ballot follows charter %d; charter %d is already adopted here.", i, newest))
		}
		return charter.Charter{}, refuse(Unknown, fmt.Sprintf("This ballot follows a charter that this station does not have; its newest is charter %d. If there are certificates that it missed, it needs those first.", newest))
	}
	next, err := charter.Decode(b.Charter)
	if err != nil {
		return charter.Charter{}, refuse(Malformed, fmt.Sprintf("The charter of this ballot is not valid: %v.", err))
	}
	return next, nil
}

// approvals verifies what people signed about a ballot, under the charter in
// force at the time now.
func (l Line) approvals(statements [][]byte, digest [32]byte, now int64) (approval.Set, error) {
	signed := make([]approval.Signed, 0, len(statements))
	for _, b := range statements {
		s, err := approval.DecodeSigned(b)
		if err != nil {
			return approval.Set{}, refuse(Malformed, fmt.Sprintf("A statement of this ballot cannot be read: %v.", err))
		}
		signed = append(signed, s)
	}
	base := l.inForce(now)
	set, err := approval.Verify(base, l.walletID(), approval.OfBallot(digest), signed)
	if err != nil {
		return approval.Set{}, refuse(Malformed, fmt.Sprintf("The statements of this ballot cannot be counted: %v.", err))
	}
	return set.At(now, int64(base.Document().ClockTolerance)), nil
}

// readVoids verifies the Voids that travel with a ballot and counts stations.
func (l Line) readVoids(encoded [][]byte, now int64) (map[[32]byte]map[uint8]bool, error) {
	out := make(map[[32]byte]map[uint8]bool)
	for _, b := range encoded {
		v, err := DecodeVoid(b)
		if err != nil {
			return nil, refuse(Malformed, fmt.Sprintf("A void of this ballot cannot be read: %v.", err))
		}
		key, err := l.Speaker(int(v.Station), now)
		if err != nil {
			continue // it has no vote: its void counts nothing
		}
		if err := v.Verify(key); err != nil {
			return nil, refuse(Malformed, fmt.Sprintf("A void that travels with this ballot is not by station %d.", v.Station))
		}
		if out[v.Digest] == nil {
			out[v.Digest] = make(map[uint8]bool)
		}
		out[v.Digest][v.Station] = true
	}
	return out, nil
}

// Votes is what one station has promised about the successors of one charter. The
// station keeps it durably before a promise is shown.
type Votes struct {
	Prior  [32]byte   `cbor:"1,keyasint"`
	Acked  []Vote     `cbor:"2,keyasint"` // by ascending number
	Voided [][32]byte `cbor:"3,keyasint"` // digests
}

// Vote is a ballot that was acknowledged.
type Vote struct {
	Number  uint32   `cbor:"1,keyasint"`
	Charter [32]byte `cbor:"2,keyasint"`
	Digest  [32]byte `cbor:"3,keyasint"`
}

// maxVotes bounds what a station promises about one charter.
const maxVotes = 64

// VoidsNeeded is how many stations of a charter must void a ballot before one
// that acknowledged it is released: see the package's comment.
func VoidsNeeded(d charter.Document) int { return int(d.Threshold) }

// MayAcknowledge says whether a station that has promised v may acknowledge a
// ballot, or why not (a *Refused). One that it acknowledged already, it may.
func (v Votes) MayAcknowledge(x Examined) error {
	if v.Prior != x.Ballot.Prior {
		return nil
	}
	if slices.Contains(v.Voided, x.Digest) {
		return refuse(Committed, "This station has signed that it will never acknowledge this ballot; a new ballot needs a new number.")
	}
	if v.has(x.Digest) {
		return nil
	}
	if len(v.Acked) >= maxVotes {
		return refuse(Committed, fmt.Sprintf("This station has acknowledged %d ballots for this charter and acknowledges no more.", maxVotes))
	}
	need := VoidsNeeded(x.Charter.Document())
	for _, vote := range v.Acked {
		if x.Ballot.Number <= vote.Number {
			return refuse(Committed, fmt.Sprintf("This station has acknowledged ballot %d; this one has number %d and would need a higher one.", vote.Number, x.Ballot.Number))
		}
		if vote.Charter == x.Charter.ID() {
			continue // the same charter: both can only adopt that
		}
		if have := x.Voids(vote.Digest); have < need {
			return refuse(Committed, fmt.Sprintf("This station has acknowledged ballot %d for another charter. It needs the word of %d stations that they never will; %d have given it.", vote.Number, need, have))
		}
	}
	return nil
}

// Acknowledged returns v with one more acknowledged ballot.
func (v Votes) Acknowledged(x Examined) Votes {
	v = v.of(x.Ballot.Prior)
	if !v.has(x.Digest) {
		v.Acked = append(slices.Clone(v.Acked), Vote{Number: x.Ballot.Number, Charter: x.Charter.ID(), Digest: x.Digest})
	}
	return v
}

// Void returns v with the promise never to acknowledge a ballot for the successor
// of prior, or why that cannot be promised (a *Refused).
func (v Votes) Void(prior, digest [32]byte) (Votes, error) {
	v = v.of(prior)
	if v.has(digest) {
		return v, refuse(Committed, "This station has acknowledged this ballot and cannot say that it never did.")
	}
	if slices.Contains(v.Voided, digest) {
		return v, nil
	}
	if len(v.Voided) >= maxVotes {
		return v, refuse(Committed, fmt.Sprintf("This station has voided %d ballots for this charter and voids no more.", maxVotes))
	}
	v.Voided = append(slices.Clone(v.Voided), digest)
	return v, nil
}

// of is v, or no promise yet if v is about another charter's successor.
func (v Votes) of(prior [32]byte) Votes {
	if v.Prior == prior {
		return v
	}
	return Votes{Prior: prior}
}

func (v Votes) has(digest [32]byte) bool {
	return slices.ContainsFunc(v.Acked, func(vote Vote) bool { return vote.Digest == digest })
}

// Encode returns the canonical encoding.
func (v Votes) Encode() ([]byte, error) { return wire.Marshal(v) }

// DecodeVotes reads what Encode wrote and nothing else.
func DecodeVotes(b []byte) (Votes, error) {
	var v Votes
	if err := wire.Unmarshal(b, &v, 64<<10); err != nil {
		return Votes{}, fmt.Errorf("lineage: decode votes: %w", err)
	}
	if len(v.Acked) > maxVotes || len(v.Voided) > maxVotes {
		return Votes{}, errors.New("lineage: decode votes: too many")
	}
	return v, nil
}
