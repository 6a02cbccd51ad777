package lineage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// Certificate is a ballot that enough stations acknowledged. It proves itself to
// everybody who has the line up to the charter before.
type Certificate struct {
	Ballot Ballot `cbor:"1,keyasint"` // without Voids, which it does not need
	Acks   []Ack  `cbor:"2,keyasint"` // ascending by station, at least t
}

// NewCertificate joins a ballot and acknowledgements, in any order. Whether they
// are enough and right, Adopt says.
func NewCertificate(b Ballot, acks []Ack) Certificate {
	b.Voids = nil
	acks = slices.Clone(acks)
	slices.SortFunc(acks, func(a, b Ack) int { return cmp.Compare(a.Station, b.Station) })
	return Certificate{Ballot: b, Acks: acks}
}

// Encode returns the canonical encoding, the body of KindCertificate.
func (c Certificate) Encode() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("lineage: encode certificate: %w", err)
	}
	b, err := wire.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("lineage: encode certificate: %w", err)
	}
	if len(b) > wire.KindCertificate.MaxBody() {
		return nil, fmt.Errorf("lineage: encode certificate: %d bytes: at most %d", len(b), wire.KindCertificate.MaxBody())
	}
	return b, nil
}

// DecodeCertificate reads what Encode wrote and nothing else. Nothing in it is
// believed yet.
func DecodeCertificate(b []byte) (Certificate, error) {
	var c Certificate
	if err := wire.Unmarshal(b, &c, wire.KindCertificate.MaxBody()); err != nil {
		return Certificate{}, fmt.Errorf("lineage: decode certificate: %w", err)
	}
	if err := c.check(); err != nil {
		return Certificate{}, fmt.Errorf("lineage: decode certificate: %w", err)
	}
	return c, nil
}

func (c Certificate) check() error {
	if err := c.Ballot.check(); err != nil {
		return err
	}
	if len(c.Ballot.Voids) != 0 {
		return errors.New("voids travel with ballots, not with certificates")
	}
	if len(c.Acks) == 0 || len(c.Acks) > charter.MaxStations {
		return fmt.Errorf("%d acknowledgements: 1 to %d", len(c.Acks), charter.MaxStations)
	}
	for i, a := range c.Acks {
		if err := a.check(); err != nil {
			return fmt.Errorf("acknowledgement %d: %w", i, err)
		}
		if i > 0 && c.Acks[i-1].Station >= a.Station {
			return errors.New("acknowledgements do not ascend by station")
		}
	}
	return nil
}

// ErrAdopted says that the charter of a certificate is already in the line.
var ErrAdopted = errors.New("this charter is already adopted")

// Fork is the proof that two charters were certified for one epoch. Each station
// in Stations acknowledged both, which an honest one never does.
type Fork struct {
	Epoch    uint32
	Ours     []byte // certificate in the line
	Theirs   []byte
	Stations []int
}

// Error names the stations.
func (f *Fork) Error() string {
	return fmt.Sprintf("lineage: adopt: two charters are certified as charter %d; stations %v acknowledged both", f.Epoch, f.Stations)
}

// Adopt verifies a certificate and returns the line with its charter: it follows
// the newest one, at least t stations acknowledged it, and at the time of each of
// those acknowledgements the people demanded had approved. ErrAdopted if the line
// has it; a *Fork if the line has another one in its place and this one is
// certified too; else a *Refused.
func (l Line) Adopt(certificate []byte) (Line, error) {
	if !l.Valid() {
		return Line{}, errors.New("lineage: adopt: the zero line has no charter")
	}
	c, err := DecodeCertificate(certificate)
	if err != nil {
		return Line{}, refuse(Malformed, fmt.Sprintf("The certificate cannot be read: %v.", err))
	}
	if i, known := l.find(c.Ballot.Prior); known && i+1 < len(l.epochs) {
		return Line{}, l.late(i, c, certificate)
	}
	next, err := l.adopt(c, certificate)
	if err != nil {
		return Line{}, err
	}
	return Line{wallet: l.wallet, epochs: append(slices.Clone(l.epochs), next)}, nil
}

// late says what a certificate is that follows epoch i, which has a successor.
func (l Line) late(i int, c Certificate, certificate []byte) error {
	earlier := Line{wallet: l.wallet, epochs: l.epochs[: i+1 : i+1]}
	other, err := earlier.adopt(c, certificate)
	if err != nil {
		return refuse(OlderEpoch, fmt.Sprintf("This certificate follows charter %d; charter %d is already adopted here.", i, l.Latest().Document().Epoch))
	}
	ours := l.epochs[i+1]
	if other.Charter.ID() == ours.Charter.ID() {
		return ErrAdopted
	}
	first, err := DecodeCertificate(ours.Certificate)
	if err != nil {
		return fmt.Errorf("lineage: adopt: %w", err)
	}
	fork := &Fork{Epoch: other.Charter.Document().Epoch, Ours: slices.Clone(ours.Certificate), Theirs: slices.Clone(certificate)}
	for _, a := range c.Acks {
		if slices.ContainsFunc(first.Acks, func(b Ack) bool { return a.Station == b.Station }) {
			fork.Stations = append(fork.Stations, int(a.Station))
		}
	}
	return fork
}

// Sooner returns the line with another certificate of a charter that it has, if by
// that one the charter is in force earlier, and that epoch; false if not.
//
// A ballot that more than t stations acknowledge has several certificates, each as
// good as any other. Who was shown one by which the charter comes into force later
// would meanwhile judge amendments by another charter than the rest, and could never
// adopt what they did. So everybody goes by the earliest one that they saw.
func (l Line) Sooner(certificate []byte) (Line, Epoch, bool) {
	c, err := DecodeCertificate(certificate)
	if err != nil {
		return Line{}, Epoch{}, false
	}
	i, known := l.find(c.Ballot.Prior)
	if !known || i+1 >= len(l.epochs) {
		return Line{}, Epoch{}, false
	}
	out := Line{wallet: l.wallet, epochs: slices.Clone(l.epochs[:i+1])}
	ours := l.epochs[i+1]
	next, err := out.adopt(c, certificate)
	if err != nil || next.Charter.ID() != ours.Charter.ID() || next.From >= ours.From || ours.Immediate && !next.Immediate {
		return Line{}, Epoch{}, false
	}
	out.epochs = append(out.epochs, next)
	for _, later := range l.epochs[i+2:] {
		if out, err = out.Adopt(later.Certificate); err != nil {
			return Line{}, Epoch{}, false
		}
	}
	return out, next, true
}

// adopt verifies a certificate for the successor of the newest charter.
func (l Line) adopt(c Certificate, encoded []byte) (Epoch, error) {
	next, err := l.read(c.Ballot)
	if err != nil {
		return Epoch{}, err
	}
	digest := BallotDigest(l.walletID(), c.Ballot.Prior, next.ID(), c.Ballot.Number)
	stations, latest, err := l.acknowledged(c.Acks, digest)
	if err != nil {
		return Epoch{}, err
	}
	e := Epoch{Charter: next, From: latest, Immediate: true, Certificate: slices.Clone(encoded), earliest: latest}
	changes := make(map[int]Change) // by the place of the charter that was in force
	delay := uint32(0)
	for _, a := range c.Acks {
		if why := l.follows(next.Document(), a.Time); why != nil {
			return Epoch{}, why
		}
		base := l.at(a.Time)
		if _, done := changes[base]; !done {
			// Once for each charter, since the diff takes up to seconds.
			if changes[base], err = weighLoosening(l.epochs[base].Charter, next); err != nil {
				return Epoch{}, fmt.Errorf("lineage: adopt: %w", err)
			}
		}
		change := changes[base].settle(l.epochs[base].Charter, next, a.Time)
		people, err := l.approvals(c.Ballot.Statements, digest, a.Time)
		if err != nil {
			return Epoch{}, err
		}
		if !newVote(l.inForce(a.Time), people, a.Time, stations).meets(change.Demand) {
			return Epoch{}, unapproved(change, people)
		}
		e.Immediate = e.Immediate && !change.Loosens
		e.earliest = min(e.earliest, a.Time)
		delay = max(delay, change.Delay)
	}
	e.From += int64(delay)
	e.listed = l.listings(slices.Collect(maps.Keys(changes)), e)
	return e, nil
}

// acknowledged verifies that at least t stations acknowledged a ballot, and
// returns them with the latest of their times. The latest counts because one of
// t stations is honest: the others can put their clocks back to no effect.
func (l Line) acknowledged(acks []Ack, digest [32]byte) (stations []uint8, latest int64, err error) {
	for _, a := range acks {
		if a.Digest != digest {
			return nil, 0, refuse(Unsigned, fmt.Sprintf("An acknowledgement of station %d is for another ballot.", a.Station))
		}
		key, err := l.Speaker(int(a.Station), a.Time)
		if err != nil {
			return nil, 0, refuse(Unsigned, fmt.Sprintf("Station %d is not one whose acknowledgement counts.", a.Station))
		}
		if err := a.Verify(key); err != nil {
			return nil, 0, refuse(Unsigned, fmt.Sprintf("An acknowledgement is not by station %d.", a.Station))
		}
		stations = append(stations, a.Station)
		latest = max(latest, a.Time)
	}
	if t := int(l.Latest().Document().Threshold); len(stations) < t {
		return nil, 0, refuse(Unsigned, fmt.Sprintf("%d stations acknowledged this; %d must.", len(stations), t))
	}
	return stations, latest, nil
}

// listings says since when each destination of a new epoch is listed: as before,
// if every charter that it was weighed against lists it, else since it is in
// force. Destinations of the first charter are not in it.
func (l Line) listings(bases []int, e Epoch) map[string]int64 {
	out := make(map[string]int64)
	for _, key := range e.Charter.Listings() {
		since := int64(0)
		for _, i := range bases {
			if !slices.Contains(l.epochs[i].Charter.Listings(), key) {
				since = e.From
				break
			}
			since = max(since, l.epochs[i].listed[key])
		}
		if since != 0 {
			out[key] = since
		}
	}
	return out
}
