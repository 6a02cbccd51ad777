package amendment

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// Coordinator is the coordinator's side: it drafts a ballot, adds what people
// signed, carries it from station to station, and makes the certificate. It
// checks all that a station checks, so that nobody walks in vain; nothing rests
// on it but that something happens.
type Coordinator struct {
	line    lineage.Line
	courier *wire.SigningKey
	state   coordinatorState
}

// coordinatorState is the record StateName of a coordinator.
type coordinatorState struct {
	Ballot   []byte        `cbor:"1,keyasint"` // lineage.Ballot, or empty
	Number   uint32        `cbor:"2,keyasint"` // of the last ballot for the successor of Prior
	Prior    [32]byte      `cbor:"3,keyasint"`
	Acks     []lineage.Ack `cbor:"4,keyasint"` // of Ballot
	Voids    [][]byte      `cbor:"5,keyasint"` // of earlier ballots for the successor of Prior
	Earlier  []earlier     `cbor:"6,keyasint"` // those ballots
	Refusals []refusal     `cbor:"7,keyasint"` // of Ballot
	Log      Log           `cbor:"8,keyasint"`
}

// earlier is a ballot that another one replaced, and who acknowledged it.
type earlier struct {
	Number   uint32   `cbor:"1,keyasint"`
	Digest   [32]byte `cbor:"2,keyasint"`
	Charter  [32]byte `cbor:"3,keyasint"`
	Stations []uint8  `cbor:"4,keyasint"`
}

type refusal struct {
	Station uint8    `cbor:"1,keyasint"`
	Reason  []string `cbor:"2,keyasint"`
}

// NewCoordinator builds the machine from the wallet's first line and what was
// kept. Records that are not under Prefix are passed over.
func NewCoordinator(first lineage.Line, courier *wire.SigningKey, records []ceremonies.Record) (*Coordinator, error) {
	if !first.Valid() || courier == nil {
		return nil, errors.New("amendment: coordinator: no charter or no key")
	}
	line, err := Follow(first, records)
	if err != nil {
		return nil, err
	}
	c := &Coordinator{line: line, courier: courier}
	for _, r := range records {
		if r.Name == StateName {
			if err := wire.Unmarshal(r.Value, &c.state, 4<<20); err != nil {
				return nil, fmt.Errorf("amendment: resume: %w", err)
			}
		}
	}
	return c, nil
}

// Line is the wallet's line of charters with every certificate that was made.
func (c *Coordinator) Line() lineage.Line { return c.line }

// Proposal is the ballot that is under way.
type Proposal struct {
	Charter  charter.Charter
	Number   uint32
	Digest   [32]byte       // what people approve: approval.OfBallot of it
	Change   lineage.Change // as of the time asked about
	Ready    bool           // a station would show it to its people
	Why      []string       // if not, why not
	Acked    []int          // stations that acknowledged
	Missing  int            // acknowledgements that are still needed
	Refusals []string       // of stations, in sentences
}

// Proposal describes the ballot that is under way; false if there is none.
func (c *Coordinator) Proposal(now int64) (Proposal, bool, error) {
	b, ok, err := c.ballot()
	if !ok || err != nil {
		return Proposal{}, false, err
	}
	next, err := charter.Decode(b.Charter)
	if err != nil {
		return Proposal{}, false, err
	}
	p := Proposal{Charter: next, Number: b.Number, Digest: c.digest(b, next), Missing: int(next.Document().Threshold) - len(c.state.Acks)}
	for _, a := range c.state.Acks {
		p.Acked = append(p.Acked, int(a.Station))
	}
	for _, r := range c.state.Refusals {
		p.Refusals = append(p.Refusals, fmt.Sprintf("Station %d: %s", r.Station, strings.Join(r.Reason, " ")))
	}
	var refusal *lineage.Refused
	x, err := c.line.Examine(b, now)
	switch {
	case err == nil:
		p.Ready, p.Change = true, x.Change
		return p, true, nil
	case !errors.As(err, &refusal):
		return Proposal{}, false, err
	}
	p.Why = refusal.Sentences
	if p.Change, err = c.line.Weigh(next, now); err != nil && !errors.As(err, &refusal) {
		return Proposal{}, false, err
	}
	return p, true, nil
}

func (c *Coordinator) ballot() (lineage.Ballot, bool, error) {
	if len(c.state.Ballot) == 0 {
		return lineage.Ballot{}, false, nil
	}
	b, err := lineage.DecodeBallot(c.state.Ballot)
	return b, err == nil, err
}

func (c *Coordinator) digest(b lineage.Ballot, next charter.Charter) [32]byte {
	return lineage.BallotDigest([32]byte(c.line.Wallet().ID()), b.Prior, next.ID(), b.Number)
}

// Propose begins a ballot for a successor of the newest charter, in place of one
// that is under way. People approve its digest next.
func (c *Coordinator) Propose(next charter.Charter, e ceremonies.Event) (ceremonies.Step, error) {
	if _, err := c.line.Weigh(next, e.Time); err != nil {
		return ceremonies.Step{}, refused(err)
	}
	state := c.state
	prior := c.line.Latest().ID()
	if state.Prior != prior {
		state = coordinatorState{Prior: prior, Log: state.Log}
	}
	if b, ok, err := c.ballot(); err != nil {
		return ceremonies.Step{}, unable(err)
	} else if ok && state.Number > 0 {
		old, err := charter.Decode(b.Charter)
		if err != nil {
			return ceremonies.Step{}, unable(err)
		}
		past := earlier{Number: b.Number, Digest: c.digest(b, old), Charter: old.ID(), Stations: []uint8{}}
		for _, a := range state.Acks {
			past.Stations = append(past.Stations, a.Station)
		}
		state.Earlier = append(slices.Clone(state.Earlier), past)
	}
	state.Number++
	state.Acks, state.Refusals = nil, nil
	b := lineage.Ballot{Prior: prior, Number: state.Number, Charter: next.Bytes(), Voids: state.Voids}
	return c.replace(state, b, e, "proposed")
}

// Add takes what a person signed about the ballot: an encoded approval.Signed. It
// is refused here if it would count nothing.
func (c *Coordinator) Add(statement []byte, e ceremonies.Event) (ceremonies.Step, error) {
	b, ok, err := c.ballot()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	if !ok {
		return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", "a draft of a charter")
	}
	next, err := charter.Decode(b.Charter)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	signed, err := approval.DecodeSigned(statement)
	if err != nil {
		return ceremonies.Step{}, malformed(wire.Party{}, err)
	}
	set, err := approval.Verify(c.line.At(e.Time).Charter(), [32]byte(c.line.Wallet().ID()), approval.OfBallot(c.digest(b, next)), []approval.Signed{signed})
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	if void := set.Void(); len(void) > 0 {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code: "amendment/void", What: fmt.Sprintf("The %s of \"%s\" %s.", void[0].Decision, void[0].Person, void[0].Why),
			Safe: "The ballot stays as it is.", Remedy: "Have it signed for this ballot, under the charter in force, with a credential that this lists.",
		}
	}
	if slices.ContainsFunc(b.Statements, func(have []byte) bool { return slices.Equal(have, statement) }) {
		return c.Step(ceremonies.Event{Time: e.Time, Random: e.Random, Input: ceremonies.Start{}})
	}
	b.Statements = append(slices.Clone(b.Statements), statement)
	return c.replace(c.state, b, e, "approved")
}

// replace keeps another state of the ballot.
func (c *Coordinator) replace(state coordinatorState, b lineage.Ballot, e ceremonies.Event, what string) (ceremonies.Step, error) {
	encoded, err := b.Encode()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	state.Ballot = encoded
	save, err := c.save(state, e, what, encoded)
	if err != nil {
		return ceremonies.Step{}, err
	}
	step, err := c.Step(ceremonies.Event{Time: e.Time, Random: e.Random, Input: ceremonies.Start{}})
	if err != nil {
		return ceremonies.Step{}, err
	}
	step.Save = save
	return step, nil
}

func (c *Coordinator) save(next coordinatorState, e ceremonies.Event, what string, body []byte, more ...ceremonies.Record) ([]ceremonies.Record, error) {
	log, entry, err := next.Log.with(e.Time, what, body)
	if err != nil {
		return nil, unable(err)
	}
	next.Log = log
	b, err := wire.Marshal(next)
	if err != nil {
		return nil, unable(err)
	}
	c.state = next
	return append(more, ceremonies.Record{Name: StateName, Value: b}, entry), nil
}

// Step consumes Start (show the ballot to the next station, if it is ready) and
// Scanned: acknowledgements, refusals, voids.
func (c *Coordinator) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return c.show(e)
	case ceremonies.Scanned:
		message, err := opened(c.line, in.Bytes, e.Time)
		if err != nil {
			return ceremonies.Step{}, unreadable(err)
		}
		switch message.Kind() {
		case wire.KindBallotAck:
			return c.acknowledged(e, message)
		case wire.KindBallotRefusal:
			return c.refused(e, message)
		case wire.KindVoid:
			return c.voided(e, message)
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", "an acknowledgement, a refusal or a void of a ballot")
}

// show seals the ballot for the next station.
func (c *Coordinator) show(e ceremonies.Event) (ceremonies.Step, error) {
	p, ok, err := c.Proposal(e.Time)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	if !ok {
		return ceremonies.Step{Screen: ceremonies.Done{Title: "No change of the charter is under way", Lines: chartersAt(c.line, e.Time)}}, nil
	}
	title := fmt.Sprintf("Ballot %d for charter %d: %d of %d stations", p.Number, p.Charter.Document().Epoch, len(p.Acked), len(p.Acked)+p.Missing)
	if !p.Ready {
		return ceremonies.Step{Screen: ceremonies.Done{Title: title + ". Not ready", Lines: lines(p.Why)}}, nil
	}
	m, err := wire.Seal(wire.KindBallot, [32]byte(c.line.Wallet().ID()), c.state.Ballot, c.courier, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	return ceremonies.Step{Send: []wire.Message{m}, Screen: ceremonies.Show{Title: title, To: "a station that has not acknowledged", Message: m}}, nil
}

// acknowledged keeps an acknowledgement; with the last one that is needed it
// makes the certificate, which it adopts itself as everybody will.
func (c *Coordinator) acknowledged(e ceremonies.Event, message wire.Opened) (ceremonies.Step, error) {
	a, err := lineage.DecodeAck(message.Body())
	if err != nil || int(a.Station) != message.Party().Station || a.Verify(message.Sender()) != nil {
		return ceremonies.Step{}, malformed(message.Party(), errors.New("it is no acknowledgement of the station that sealed it"))
	}
	b, ok, err := c.ballot()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	if !ok {
		return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", "a draft of a charter")
	}
	next, err := charter.Decode(b.Charter)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	if a.Digest != c.digest(b, next) {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code: "amendment/other-ballot", What: fmt.Sprintf("Station %d acknowledged another ballot than the one under way.", a.Station),
			Safe: "The charter in force stays as it is.", Remedy: "Show that station the ballot under way.",
		}
	}
	if fault := c.timely(a, b, e.Time); fault != nil {
		return ceremonies.Step{}, fault
	}
	state := c.state
	if slices.ContainsFunc(state.Acks, func(have lineage.Ack) bool { return have.Station == a.Station }) {
		return c.show(e)
	}
	state.Acks = append(slices.Clone(state.Acks), a)
	state.Refusals = slices.DeleteFunc(slices.Clone(state.Refusals), func(r refusal) bool { return r.Station == a.Station })
	if len(state.Acks) < int(next.Document().Threshold) {
		save, err := c.save(state, e, "acknowledged", message.Bytes())
		if err != nil {
			return ceremonies.Step{}, err
		}
		step, err := c.show(e)
		step.Save = save
		return step, err
	}
	return c.certify(e, state, b)
}

// timely refuses an acknowledgement whose time would spoil the certificate, which
// one station with a wrong clock could do: one from the future, or from a time at
// which the ballot did not hold.
func (c *Coordinator) timely(a lineage.Ack, b lineage.Ballot, now int64) *ceremonies.Fault {
	why := ""
	if ahead := a.Time - now; ahead > int64(c.line.At(now).Charter().Document().ClockTolerance) {
		why = "it is dated " + charter.Period(ahead) + " ahead"
	} else if _, err := c.line.Examine(b, a.Time); err != nil {
		why = "at the time it states, the ballot did not hold. " + sentence(err)
	}
	if why == "" {
		return nil
	}
	return &ceremonies.Fault{
		Code: "amendment/clock", Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: int(a.Station)},
		What: fmt.Sprintf("The acknowledgement of station %d does not count: %s.", a.Station, why), Safe: "The charter in force stays as it is.",
		Remedy: "Have that station's clock looked at; go to another station, or draft the same charter again, which is a new ballot.",
	}
}

// certify makes the certificate. It is kept sealed as well, for stations that
// were away.
func (c *Coordinator) certify(e ceremonies.Event, state coordinatorState, b lineage.Ballot) (ceremonies.Step, error) {
	encoded, err := lineage.NewCertificate(b, state.Acks).Encode()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	line, err := c.line.Adopt(encoded)
	if err != nil {
		// Each acknowledgement holds, but not all together: the demand is on who
		// acknowledges, such as different sites. Another station may make it whole.
		save, unsaved := c.save(state, e, "acknowledged", encoded)
		if unsaved != nil {
			return ceremonies.Step{}, unsaved
		}
		fault := refused(err)
		fault.Remedy = "Carry the ballot to another station, or draft the same charter again, which is a new ballot."
		return ceremonies.Step{Save: save, Screen: ceremonies.Failed{Fault: fault}}, nil
	}
	m, err := wire.Seal(wire.KindCertificate, [32]byte(line.Wallet().ID()), encoded, c.courier, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	epoch := line.Latest().Document().Epoch
	save, err := c.save(coordinatorState{Log: state.Log}, e, "certified", m.Bytes,
		ceremonies.Record{Name: epochName(epoch), Value: encoded}, ceremonies.Record{Name: SealedName(epoch), Value: m.Bytes})
	if err != nil {
		return ceremonies.Step{}, err
	}
	c.line = line
	return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: ceremonies.Show{Title: adopted(line, e.Time).Title, To: "every station", Message: m}}, nil
}

// SealedName is the record of a certificate as it is shown to stations: the one
// that adopts the charter of an epoch, from 1.
func SealedName(epoch uint32) string { return fmt.Sprintf("%s%06d", sealedPrefix, epoch) }

// refused keeps why a station does not acknowledge.
func (c *Coordinator) refused(e ceremonies.Event, message wire.Opened) (ceremonies.Step, error) {
	var r Refusal
	if err := wire.Unmarshal(message.Body(), &r, wire.KindBallotRefusal.MaxBody()); err != nil {
		return ceremonies.Step{}, malformed(message.Party(), err)
	}
	state := c.state
	station := uint8(message.Party().Station)
	state.Refusals = slices.DeleteFunc(slices.Clone(state.Refusals), func(old refusal) bool { return old.Station == station })
	state.Refusals = append(state.Refusals, refusal{Station: station, Reason: bounded(r.Reason)})
	save, err := c.save(state, e, "refused", message.Bytes())
	if err != nil {
		return ceremonies.Step{}, err
	}
	return ceremonies.Step{Save: save, Screen: ceremonies.Failed{Fault: &ceremonies.Fault{
		Code: "amendment/declined", What: fmt.Sprintf("Station %d does not acknowledge: %s", station, strings.Join(bounded(r.Reason), " ")),
		Safe: "The charter in force stays as it is.", Remedy: "Do what it asks for, go to another station, or draft the change anew.",
	}}}, nil
}

// VoidRequest asks stations to void an earlier ballot, by its number, that others
// acknowledged: once t have, those are free for another.
func (c *Coordinator) VoidRequest(number uint32, e ceremonies.Event) (ceremonies.Step, error) {
	for _, past := range c.state.Earlier {
		if past.Number != number || c.state.Prior != c.line.Latest().ID() {
			continue
		}
		body, err := wire.Marshal(VoidRequest{Prior: c.state.Prior, Digest: past.Digest})
		if err != nil {
			return ceremonies.Step{}, unable(err)
		}
		m, err := wire.Seal(wire.KindVoidRequest, [32]byte(c.line.Wallet().ID()), body, c.courier, e.Random)
		if err != nil {
			return ceremonies.Step{}, unable(err)
		}
		return ceremonies.Step{Send: []wire.Message{m}, Screen: ceremonies.Show{
			Title: fmt.Sprintf("Void ballot %d: %s", number, fingerprint(past.Digest)), To: fmt.Sprintf("%d stations that did not acknowledge it", lineage.VoidsNeeded(c.line.Latest().Document())), Message: m,
		}}, nil
	}
	return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", "the number of an earlier ballot for this charter")
}

// voided keeps a void and adds it to the ballot under way. A station that
// acknowledged and voided one ballot has signed both, which is proof.
func (c *Coordinator) voided(e ceremonies.Event, message wire.Opened) (ceremonies.Step, error) {
	v, err := lineage.DecodeVoid(message.Body())
	if err != nil || int(v.Station) != message.Party().Station || v.Verify(message.Sender()) != nil {
		return ceremonies.Step{}, malformed(message.Party(), errors.New("it is no void of the station that sealed it"))
	}
	if !slices.ContainsFunc(c.state.Earlier, func(past earlier) bool { return past.Digest == v.Digest }) {
		return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", "a void of an earlier ballot for this charter")
	}
	if slices.ContainsFunc(c.state.Earlier, func(past earlier) bool { return past.Digest == v.Digest && slices.Contains(past.Stations, v.Station) }) {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code: "amendment/contradiction", Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: int(v.Station)},
			What: fmt.Sprintf("Station %d acknowledged this ballot and now says that it never did.", v.Station),
			Safe: "Its void does not count.", Remedy: "Keep both messages; the station is cloned, restored or dishonest.", Record: message.Bytes(),
		}
	}
	state := c.state
	if !slices.ContainsFunc(state.Voids, func(have []byte) bool { return slices.Equal(have, message.Body()) }) {
		state.Voids = append(slices.Clone(state.Voids), message.Body())
	}
	b, ok, err := c.ballot()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	if !ok {
		save, err := c.save(state, e, "voided", message.Bytes())
		return ceremonies.Step{Save: save, Screen: ceremonies.Done{Title: "Voided by station " + fmt.Sprint(v.Station)}}, err
	}
	b.Voids = state.Voids
	return c.replace(state, b, e, "voided")
}

// Earlier describes ballots that were replaced and may hold stations: by number,
// who acknowledged and how many have voided.
func (c *Coordinator) Earlier() []ceremonies.Line {
	var out []ceremonies.Line
	for _, past := range c.state.Earlier {
		voids := 0
		for _, b := range c.state.Voids {
			if v, err := lineage.DecodeVoid(b); err == nil && v.Digest == past.Digest {
				voids++
			}
		}
		out = append(out, ceremonies.Line{
			Label: fmt.Sprintf("Ballot %d", past.Number), Value: fmt.Sprintf("acknowledged by stations %v, voided by %d", past.Stations, voids),
			Note: "charter " + hex.EncodeToString(past.Charter[:4]),
		})
	}
	return out
}
