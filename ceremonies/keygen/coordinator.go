package keygen

import (
	"bytes"
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wire"
)

// CoordinatorName is the record under which a coordinator keeps key generation.
const CoordinatorName = "keygen/coordinator"

// Coordinator carries messages between the stations. It learns no share.
type Coordinator struct {
	group   Group
	draft   charter.Charter
	courier *wire.SigningKey
	ring    wire.Keyring
	state   coordinatorState
}

// coordinatorState is everything received, by station; the rest is computed
// from it, the same each time.
type coordinatorState struct {
	First  [][]byte              `cbor:"1,keyasint"` // pmsg1
	Second [][]byte              `cbor:"2,keyasint"` // pmsg2
	Bound  [][]byte              `cbor:"3,keyasint"` // 64-byte bindings
	Final  []bool                `cbor:"4,keyasint"` // confirmed
	Log    ceremonies.Transcript `cbor:"5,keyasint"`
}

// NewCoordinator begins, or goes on with, key generation from its kept records.
func NewCoordinator(g Group, draft charter.Charter, courier *wire.SigningKey, kept []ceremonies.Record) (*Coordinator, error) {
	if err := g.match(draft); err != nil {
		return nil, err
	}
	if courier.Public() != g.Courier {
		return nil, errors.New("keygen: the courier key is not the enrolled one")
	}
	ring, err := g.keyring()
	if err != nil {
		return nil, err
	}
	n := len(g.Stations)
	c := &Coordinator{group: g, draft: draft, courier: courier, ring: ring, state: coordinatorState{
		First: make([][]byte, n), Second: make([][]byte, n), Bound: make([][]byte, n), Final: make([]bool, n),
	}}
	for _, r := range kept {
		if r.Name != CoordinatorName {
			continue
		}
		if err := wire.Unmarshal(r.Value, &c.state, 8<<20); err != nil {
			return nil, fmt.Errorf("keygen: resume: %w", err)
		}
		if len(c.state.First) != n || len(c.state.Second) != n || len(c.state.Bound) != n || len(c.state.Final) != n {
			return nil, errors.New("keygen: resume: the record is of another group")
		}
	}
	return c, nil
}

// Progress is how many stations have been heard in the visit that runs, 1 to 3,
// or 4 when all have confirmed.
func (c *Coordinator) Progress() (visit, heard int) {
	for v, have := range [][]bool{filled(c.state.First), filled(c.state.Second), c.state.Final} {
		heard = count(have)
		if heard < len(have) {
			return v + 1, heard
		}
	}
	return 4, heard
}

// Public is the wallet's public record. Before all n have confirmed it errs:
// no address may be offered for deposits.
func (c *Coordinator) Public() (Public, error) {
	if visit, heard := c.Progress(); visit < 4 {
		return Public{}, fmt.Errorf("keygen: not finished: visit %d, %d of %d stations heard", visit, heard, len(c.group.Stations))
	}
	return c.certified()
}

func (c *Coordinator) certified() (Public, error) {
	_, p, err := c.finalize()
	return p, err
}

// Step consumes Start (show what the present visit carries) and Scanned.
func (c *Coordinator) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return c.show(e)
	case ceremonies.Scanned:
		return c.scanned(e, in.Bytes)
	}
	return ceremonies.Step{}, ceremonies.Unexpected("keygen/unexpected", "a station's message")
}

// show gives the message that every station scans in the present visit.
func (c *Coordinator) show(e ceremonies.Event) (ceremonies.Step, error) {
	var kind wire.Kind
	var body any
	visit, heard := c.Progress()
	switch visit {
	case 1:
		kind, body = wire.KindKeygenInvite, Invite{Charter: c.draft.Bytes()}
	case 2:
		_, cmsg1, err := chilldkg.CoordinatorStep1(c.group.params(), c.state.First)
		if err != nil {
			return ceremonies.Step{}, blame(err)
		}
		kind, body = wire.KindKeygenAggregate, Aggregate{CMsg1: cmsg1}
	case 3:
		cmsg2, _, err := c.finalize()
		if err != nil {
			return ceremonies.Step{}, blame(err)
		}
		kind, body = wire.KindKeygenCertificate, Certificate{CMsg2: cmsg2, Bindings: c.bindings()}
	default:
		return c.done()
	}
	b, err := wire.Marshal(body)
	if err != nil {
		return ceremonies.Step{}, err
	}
	m, err := wire.Seal(kind, c.group.ID, b, c.courier, e.Random)
	if err != nil {
		return ceremonies.Step{}, err
	}
	return ceremonies.Step{
		Send: []wire.Message{m},
		Screen: ceremonies.Show{
			Title:   fmt.Sprintf("Key generation, visit %d of 3: %d of %d stations heard", visit, heard, len(c.group.Stations)),
			To:      "every station",
			Message: m,
		},
	}, nil
}

func (c *Coordinator) done() (ceremonies.Step, error) {
	p, err := c.certified()
	if err != nil {
		return ceremonies.Step{}, err
	}
	address, err := p.Wallet.Address(0, 0)
	if err != nil {
		return ceremonies.Step{}, err
	}
	return ceremonies.Step{Screen: ceremonies.Done{Title: "The wallet exists", Lines: []ceremonies.Line{
		{Label: "First address", Value: address},
		{Label: "Descriptor", Value: p.Wallet.Descriptor()},
	}}}, nil
}

func (c *Coordinator) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	opened, err := wire.Open(sealed, c.ring)
	if err != nil {
		return ceremonies.Step{}, notOurs(err)
	}
	visit, _ := c.Progress()
	i := opened.Party().Station
	next := c.state.clone()
	switch {
	case visit == 1 && opened.Kind() == wire.KindKeygenMessage1:
		var m Message1
		if err := wire.Unmarshal(opened.Body(), &m, wire.KindKeygenMessage1.MaxBody()); err != nil {
			return ceremonies.Step{}, faulty(i, err)
		}
		if m.Charter != c.draft.ID() {
			return ceremonies.Step{}, faulty(i, errors.New("keygen: it approved another charter draft"))
		}
		next.First[i] = m.PMsg1
	case visit == 2 && opened.Kind() == wire.KindKeygenMessage2:
		var m Message2
		if err := wire.Unmarshal(opened.Body(), &m, wire.KindKeygenMessage2.MaxBody()); err != nil {
			return ceremonies.Step{}, faulty(i, err)
		}
		if err := c.checkBinding(i, m.Binding); err != nil {
			return ceremonies.Step{}, faulty(i, err)
		}
		next.Second[i], next.Bound[i] = m.PMsg2, m.Binding[:]
	case visit == 3 && opened.Kind() == wire.KindKeygenConfirmation:
		if err := c.checkConfirmation(opened.Body()); err != nil {
			return ceremonies.Step{}, faulty(i, err)
		}
		next.Final[i] = true
	default:
		return c.repeated(opened, e)
	}
	return c.accept(e, next, sealed)
}

// repeated takes a message of an earlier visit that was already heard as what
// it is, a second showing; anything else does not fit.
func (c *Coordinator) repeated(opened wire.Opened, e ceremonies.Event) (ceremonies.Step, error) {
	i := opened.Party().Station
	var m1 Message1
	var m2 Message2
	same := false
	switch opened.Kind() {
	case wire.KindKeygenMessage1:
		same = wire.Unmarshal(opened.Body(), &m1, wire.KindKeygenMessage1.MaxBody()) == nil && bytes.Equal(c.state.First[i], m1.PMsg1)
	case wire.KindKeygenMessage2:
		same = wire.Unmarshal(opened.Body(), &m2, wire.KindKeygenMessage2.MaxBody()) == nil && bytes.Equal(c.state.Second[i], m2.PMsg2)
	case wire.KindKeygenConfirmation:
		same = c.state.Final[i]
	}
	if !same {
		return ceremonies.Step{}, ceremonies.Unexpected("keygen/kind", "a message of the present visit")
	}
	return c.show(e)
}

// accept keeps a message once ChillDKG has found nothing wrong in the round, so
// that a faulty message can be sent again by its station.
func (c *Coordinator) accept(e ceremonies.Event, next coordinatorState, sealed []byte) (ceremonies.Step, error) {
	log, err := next.Log.With(e.Time, "scanned", sealed)
	if err != nil {
		return ceremonies.Step{}, err
	}
	next.Log = log
	before := c.state
	c.state = next
	record, err := wire.Marshal(next)
	if err != nil {
		c.state = before
		return ceremonies.Step{}, err
	}
	step, err := c.show(e)
	if err != nil {
		c.state = before
		return ceremonies.Step{}, err
	}
	step.Save = append([]ceremonies.Record{{Name: CoordinatorName, Value: record}}, step.Save...)
	return step, nil
}

func (c *Coordinator) checkBinding(i int, sig [64]byte) error {
	state, _, err := chilldkg.CoordinatorStep1(c.group.params(), c.state.First)
	if err != nil {
		return err
	}
	digest := charter.Binding(eqHash(state.EqInput()), c.group.Network, c.draft.ID())
	return wire.Verify(c.group.Stations[i].InstanceKey, digest, sig)
}

func (c *Coordinator) checkConfirmation(body []byte) error {
	var m Confirmation
	if err := wire.Unmarshal(body, &m, wire.KindKeygenConfirmation.MaxBody()); err != nil {
		return err
	}
	p, err := c.certified()
	if err != nil {
		return err
	}
	address, err := p.Wallet.Address(0, 0)
	if err != nil {
		return err
	}
	if m.Wallet != [32]byte(p.Wallet.ID()) || m.Address != address {
		return errors.New("keygen: it confirmed another wallet")
	}
	return nil
}

// finalize combines the transcript signatures into the certificate.
func (c *Coordinator) finalize() ([]byte, Public, error) {
	state, _, err := chilldkg.CoordinatorStep1(c.group.params(), c.state.First)
	if err != nil {
		return nil, Public{}, err
	}
	cmsg2, _, recovery, err := chilldkg.CoordinatorFinalize(state, c.state.Second)
	if err != nil {
		return nil, Public{}, err
	}
	p, err := certify(c.draft, recovery, c.bindings())
	return cmsg2, p, err
}

func (c *Coordinator) bindings() [][64]byte {
	out := make([][64]byte, len(c.state.Bound))
	for i, b := range c.state.Bound {
		copy(out[i][:], b)
	}
	return out
}

func (s coordinatorState) clone() coordinatorState {
	s.First = append([][]byte(nil), s.First...)
	s.Second = append([][]byte(nil), s.Second...)
	s.Bound = append([][]byte(nil), s.Bound...)
	s.Final = append([]bool(nil), s.Final...)
	return s
}

func faulty(station int, err error) *ceremonies.Fault {
	f := wrong("keygen/faulty-station", err)
	f.Suspect = ceremonies.Suspect{Kind: ceremonies.Station, Station: station}
	f.Remedy = "Visit that station again; if it fails twice, examine it."
	return f
}

func filled(messages [][]byte) []bool {
	out := make([]bool, len(messages))
	for i, m := range messages {
		out[i] = len(m) > 0
	}
	return out
}

func count(have []bool) int {
	n := 0
	for _, h := range have {
		if h {
			n++
		}
	}
	return n
}
