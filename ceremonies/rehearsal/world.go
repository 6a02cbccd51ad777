// Package rehearsal runs whole ceremonies in memory: one coordinator, n
// stations and the people at them, with an adversary who may change, drop,
// repeat or reorder whatever crosses between them, crash anybody between
// keeping and showing, and start anybody from an older copy of its disk.
//
// It uses the same machines as the programs and obeys the drivers' rule: save,
// then show. Nothing in it is random: a world is a function of its seed.
package rehearsal

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/charter"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Disk is what a party keeps: records by name. A copy of it is a cloned disk.
type Disk map[string][]byte

// Copy returns an independent copy.
func (d Disk) Copy() Disk { return maps.Clone(d) }

// Records lists the disk's content under a prefix, by name.
func (d Disk) Records(prefix string) []ceremonies.Record {
	var out []ceremonies.Record
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if strings.HasPrefix(name, prefix) {
			out = append(out, ceremonies.Record{Name: name, Value: d[name]})
		}
	}
	return out
}

// Station is one workstation: its disk, its keys and the machine that runs.
type Station struct {
	Number   int
	Disk     Disk
	Identity enrolment.Identity
	Enrol    *enrolment.Station
	Keygen   *keygen.Station
	Sign     *signing.Station

	Line lineage.Line // its charters, as far as it was told

	// Version is that of its program; Frozen are the freezes that it obeys.
	Version string
	Frozen  [][32]byte

	// Skew is added to the world's clock to give this station's.
	Skew int64
	// Crash, if set, is asked after a step was computed: true loses the step
	// before it was kept, so that a restart must find the state before it.
	Crash func(ceremonies.Step) bool
}

// World is a treasury in memory.
type World struct {
	Stations []*Station
	Courier  *wire.SigningKey
	Disk     Disk // the coordinator's
	Enrol    *enrolment.Coordinator
	Keygen   *keygen.Coordinator
	Desk     *signing.Desk
	Public   keygen.Public
	Line     lineage.Line // all charters
	Now      int64
	Pool     int // nonces that stations keep published

	threshold int
	network   wallet.Network
	seed      uint64
	drawn     uint64
	shares    map[string]*keygen.Share // by the record that holds them
}

// New makes a world of n stations of which t sign together, on regtest, before
// enrolment.
func New(t, n int, seed uint64) (*World, error) {
	w := &World{Disk: Disk{}, Now: 1_800_000_000, Pool: 24, threshold: t, network: wallet.Regtest, seed: seed, shares: make(map[string]*keygen.Share)}
	var err error
	if w.Courier, err = wire.GenerateSigningKey(w.Random()); err != nil {
		return nil, err
	}
	for i := range n {
		s := &Station{Number: i, Disk: Disk{}}
		host := w.Random()
		s.Identity = enrolment.Identity{Name: fmt.Sprintf("station %c", 'A'+i), Network: w.network}
		if s.Identity.Host, err = chilldkg.ParseHostSecretKey(host[:]); err != nil {
			return nil, err
		}
		if s.Identity.Instance, err = wire.GenerateSigningKey(w.Random()); err != nil {
			return nil, err
		}
		w.Stations = append(w.Stations, s)
	}
	w.Enrol, err = enrolment.NewCoordinator(enrolment.Plan{Network: w.network, Stations: n, Threshold: t}, w.Courier, nil)
	return w, err
}

// Random draws 32 bytes that no two calls share.
func (w *World) Random() [32]byte {
	w.drawn++
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], w.seed)
	binary.BigEndian.PutUint64(b[8:], w.drawn)
	return wire.TaggedHash("Heliograph/rehearsal/v1", b[:])
}

// Event is an event at the coordinator, now.
func (w *World) Event(in ceremonies.Input) ceremonies.Event {
	return ceremonies.Event{Time: w.Now, Random: w.Random(), Input: in}
}

// At is an event at a station, by its own clock.
func (w *World) At(s *Station, in ceremonies.Input) ceremonies.Event {
	e := w.Event(in)
	e.Time += s.Skew
	return e
}

// Crashed is the error of a step that a crash lost.
type Crashed struct{ Station int }

func (c Crashed) Error() string { return fmt.Sprintf("rehearsal: station %d crashed", c.Station) }

// keep does what a driver does between a step and showing it.
func (s *Station) keep(step ceremonies.Step, err error) (ceremonies.Step, error) {
	if err != nil {
		return ceremonies.Step{}, err
	}
	if s.Crash != nil && s.Crash(step) {
		return ceremonies.Step{}, Crashed{Station: s.Number}
	}
	for _, r := range step.Save {
		s.Disk[r.Name] = r.Value
	}
	if step.Stored != "" {
		stored, ok := s.Disk[step.Stored]
		if !ok {
			return ceremonies.Step{}, fmt.Errorf("rehearsal: station %d has no record %q", s.Number, step.Stored)
		}
		step.Send = []wire.Message{{Bytes: stored}}
	}
	return step, nil
}

// Do runs one event at a station's signing machine, saving before it returns
// what is shown.
func (w *World) Do(s *Station, in ceremonies.Input) (ceremonies.Step, error) {
	return s.keep(s.Sign.Step(w.At(s, in)))
}

func (w *World) keep(step ceremonies.Step, err error) (ceremonies.Step, error) {
	if err != nil {
		return ceremonies.Step{}, err
	}
	for _, r := range step.Save {
		w.Disk[r.Name] = r.Value
	}
	return step, nil
}

// Enrolment runs enrolment; words are compared by people who tell the truth.
func (w *World) Enrolment() error {
	var step ceremonies.Step
	for _, s := range w.Stations {
		machine, shown, err := enrolment.NewStation(s.Identity, w.At(s, ceremonies.Start{}))
		if err != nil {
			return err
		}
		s.Enrol = machine
		if shown, err = s.keep(shown, nil); err != nil {
			return err
		}
		if step, err = w.keep(w.Enrol.Step(w.Event(ceremonies.Scanned{Bytes: shown.Send[0].Bytes}))); err != nil {
			return err
		}
	}
	roster := step.Send[0].Bytes
	for _, s := range w.Stations {
		for _, in := range []ceremonies.Input{ceremonies.Scanned{Bytes: roster}, ceremonies.Matches{}} {
			if _, err := s.keep(s.Enrol.Step(w.At(s, in))); err != nil {
				return err
			}
		}
	}
	return nil
}

// Group is what key generation needs of a roster.
func Group(r enrolment.Roster) keygen.Group {
	return keygen.Group{ID: r.ID, Network: r.Network, Threshold: r.Threshold, Stations: r.Stations, Courier: r.Courier}
}

// Draft completes a charter draft with the enrolled stations.
func (w *World) Draft(d charter.Document) (charter.Charter, error) {
	r, ok := w.Enrol.Roster()
	if !ok {
		return charter.Charter{}, fmt.Errorf("rehearsal: enrolment is not finished")
	}
	d.Version, d.Network, d.Threshold, d.Stations, d.Courier = charter.Version, r.Network, uint8(r.Threshold), r.Stations, r.Courier
	return charter.New(d)
}

// KeyGeneration runs the three visits and opens signing everywhere.
func (w *World) KeyGeneration(draft charter.Charter) error {
	r, _ := w.Enrol.Roster()
	var err error
	if w.Keygen, err = keygen.NewCoordinator(Group(r), draft, w.Courier, w.Disk.Records("keygen/")); err != nil {
		return err
	}
	for _, s := range w.Stations {
		setup, err := s.keygenSetup()
		if err != nil {
			return err
		}
		if s.Keygen, err = keygen.NewStation(setup); err != nil {
			return err
		}
	}
	for visit := 1; visit <= 3; visit++ {
		shown, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Start{})))
		if err != nil {
			return err
		}
		for _, s := range w.Stations {
			answer, err := w.visitKeygen(s, shown.Send[0].Bytes)
			if err != nil {
				return err
			}
			if _, err := w.keep(w.Keygen.Step(w.Event(ceremonies.Scanned{Bytes: answer}))); err != nil {
				return err
			}
		}
	}
	if w.Public, err = w.Keygen.Public(); err != nil {
		return err
	}
	return w.openSigning()
}

func (s *Station) keygenSetup() (keygen.Setup, error) {
	r, own, ok := s.Enrol.Roster()
	if !ok {
		return keygen.Setup{}, fmt.Errorf("rehearsal: station %d is not enrolled", s.Number)
	}
	return keygen.Setup{Group: Group(r), Station: own, Host: s.Identity.Host, Instance: s.Identity.Instance}, nil
}

// visitKeygen carries one message to a station; its people approve and compare.
func (w *World) visitKeygen(s *Station, message []byte) ([]byte, error) {
	step, err := s.keep(s.Keygen.Step(w.At(s, ceremonies.Scanned{Bytes: message})))
	for err == nil {
		switch screen := step.Screen.(type) {
		case ceremonies.Review:
			step, err = s.keep(s.Keygen.Step(w.At(s, ceremonies.Approve{Digest: screen.Digest})))
		case ceremonies.Compare:
			step, err = s.keep(s.Keygen.Step(w.At(s, ceremonies.Matches{})))
		case ceremonies.Show:
			return screen.Message.Bytes, nil
		case ceremonies.Failed:
			return nil, screen.Fault
		default:
			return nil, fmt.Errorf("rehearsal: station %d shows %T", s.Number, screen)
		}
	}
	return nil, err
}

// SigningGroup is what signing needs of the public record.
func SigningGroup(p keygen.Public) signing.Group {
	return signing.Group{Line: p.Line(), Wallet: p.Wallet, PublicShares: p.PublicShares}
}

// openDesk starts the coordinator's desk from its disk.
func (w *World) openDesk() error {
	var err error
	if w.Desk, err = signing.NewDesk(w.Group(w.line()), w.Courier, w.Disk.Records("desk/")); err != nil {
		return err
	}
	return w.Desk.Under(w.Now)
}

func (w *World) openSigning() error {
	w.Line = w.Public.Line()
	if err := w.openDesk(); err != nil {
		return err
	}
	for _, s := range w.Stations {
		s.Line = w.Public.Line()
		setup, err := w.Setup(s)
		if err != nil {
			return err
		}
		machine, step, err := signing.NewStation(setup, w.At(s, ceremonies.Start{}))
		if err != nil {
			return err
		}
		if step, err = s.keep(step, nil); err != nil {
			return err
		}
		s.Sign = machine
		_, save, err := w.Desk.AddPool(step.Send[0].Bytes)
		if _, err := w.keep(ceremonies.Step{Save: save}, err); err != nil {
			return err
		}
	}
	return nil
}

// share reads a kept share. Reading one proves it against the whole of key
// generation, which takes longer than signing, so that each is read once for all
// copies of a world.
func (w *World) share(kept []byte) (*keygen.Share, error) {
	if share, ok := w.shares[string(kept)]; ok {
		return share, nil
	}
	share, err := keygen.ParseShare(kept)
	if err == nil {
		w.shares[string(kept)] = share
	}
	return share, err
}

// Setup is what a station brings to signing, read from its disk.
func (w *World) Setup(s *Station) (signing.Setup, error) {
	share, err := w.share(s.Disk[keygen.ShareName])
	if err != nil {
		return signing.Setup{}, err
	}
	line := s.Line
	if !line.Valid() { // nobody told it of an amendment yet
		line = share.Public.Line()
	}
	return signing.Setup{
		Group:   signing.Group{Line: line, Wallet: share.Public.Wallet, PublicShares: share.Public.PublicShares},
		Station: share.Station, Share: share.Secret,
		Instance: s.Identity.Instance, Pool: w.Pool, Version: s.Version, Frozen: s.Frozen,
	}, nil
}

// Restart drops a station's machine and resumes it from its disk.
func (w *World) Restart(s *Station) error {
	setup, err := w.Setup(s)
	if err != nil {
		return err
	}
	s.Sign, err = signing.ResumeStation(setup, s.Disk.Records("signing/"))
	return err
}

// Copy is the same treasury once more, for signing only: everybody's disks are
// copied and their machines start from the copies. What happens in one world
// does not happen in the other.
func (w *World) Copy() (*World, error) {
	c := *w
	c.Disk, c.Stations, c.Enrol, c.Keygen = w.Disk.Copy(), nil, nil, nil
	if err := c.openDesk(); err != nil {
		return nil, err
	}
	for _, s := range w.Stations {
		copied := &Station{
			Number: s.Number, Disk: s.Disk.Copy(), Identity: s.Identity, Line: s.Line,
			Version: s.Version, Frozen: s.Frozen, Skew: s.Skew,
		}
		if err := c.Restart(copied); err != nil {
			return nil, err
		}
		c.Stations = append(c.Stations, copied)
	}
	return &c, nil
}
