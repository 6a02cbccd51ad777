package station

import (
	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/words"
)

// Kept once a person said that the other side has the confirmation of the first
// address, and the first nonce pool. Both are made once and nobody asks for
// them, so until then every start shows them again; and App.Again does later.
const (
	confirmationHanded = "station/handed/confirmation"
	poolHanded         = "station/handed/pool"
)

// ceremony is the machine that is due, and what differs between the three.
type ceremony struct {
	machine ceremonies.Machine
	first   ceremonies.Step // to be carried out before anything else
	want    func() string   // what to scan after something was shown
	over    func() bool     // this ceremony has nothing more to do
	handed  string          // record to keep when messages were shown and ended says so
	ended   func() bool
	offers  Offers // beside a comparison
	failing failing
	parties func() parties // for saying who a scanned message claims to be from
}

// failing says what follows when a ceremony has failed.
type failing uint8

const (
	stops      failing = iota // nothing: an officer decides
	beginAgain                // the machine starts over
	scanAgain                 // the next message may do better
)

// always is a want or a party list that never changes.
func always[T any](v T) func() T { return func() T { return v } }

// due opens the machine of the ceremony that this installation has come to.
func (a *App) due() (*ceremony, error) {
	if a.reviewer != nil {
		return a.reviewing()
	}
	share, found, err := a.share()
	if err != nil {
		return nil, err
	}
	if found {
		handed, err := a.has(confirmationHanded)
		if err != nil {
			return nil, err
		}
		if handed || a.identity.restored {
			return a.work(share)
		}
	}
	listed, err := a.has(enrolment.RosterName)
	if err != nil {
		return nil, err
	}
	if listed {
		return a.keygen()
	}
	return a.enrolment()
}

// share is the finished share: of a restored installation, or of one whose
// operator confirmed the first address.
func (a *App) share() (*keygen.Share, bool, error) {
	if a.reviewer != nil {
		return nil, false, ErrReviewer
	}
	value, found, err := a.world.Store.Get(keygen.ShareName)
	if err != nil || !found {
		return nil, false, err
	}
	defer clear(value)
	if !a.identity.restored {
		machine, err := a.keygenMachine()
		if err != nil {
			return nil, false, err
		}
		share, confirmed := machine.Share()
		if confirmed {
			a.shares = append(a.shares, share)
		}
		return share, confirmed, nil
	}
	share, err := keygen.ParseShare(value)
	if err != nil {
		return nil, false, err
	}
	a.shares = append(a.shares, share)
	return share, true, nil
}

func (a *App) enrolment() (*ceremony, error) {
	kept, err := a.records("enrolment/")
	if err != nil {
		return nil, err
	}
	c := &ceremony{want: always("the coordinator's roster"), parties: always(parties(nil)), offers: Offers{Scan: true, Show: true}, failing: beginAgain}
	var machine *enrolment.Station
	if len(kept) == 0 {
		e, err := a.event(ceremonies.Start{})
		if err != nil {
			return nil, err
		}
		if machine, c.first, err = enrolment.NewStation(a.identity.enrolment(), e); err != nil {
			return nil, err
		}
	} else {
		if machine, err = enrolment.ResumeStation(kept); err != nil {
			return nil, err
		}
		if c.first, err = a.start(machine); err != nil {
			return nil, err
		}
	}
	c.machine = machine
	c.over = func() bool { _, _, ok := machine.Roster(); return ok }
	return c, nil
}

func (a *App) roster() (enrolment.Roster, int, error) {
	kept, err := a.records("enrolment/")
	if err != nil {
		return enrolment.Roster{}, 0, err
	}
	machine, err := enrolment.ResumeStation(kept)
	if err != nil {
		return enrolment.Roster{}, 0, err
	}
	roster, own, _ := machine.Roster()
	return roster, own, nil
}

func (a *App) keygenMachine() (*keygen.Station, error) {
	r, own, err := a.roster()
	if err != nil {
		return nil, err
	}
	kept, err := a.records("keygen/")
	if err != nil {
		return nil, err
	}
	return keygen.ResumeStation(keygen.Setup{
		Group:   keygen.Group{ID: r.ID, Network: r.Network, Threshold: r.Threshold, Stations: r.Stations, Courier: r.Courier},
		Station: own, Host: a.identity.host, Instance: a.identity.instance,
	}, kept)
}

func (a *App) keygen() (*ceremony, error) {
	machine, err := a.keygenMachine()
	if err != nil {
		return nil, err
	}
	first, err := a.start(machine)
	if err != nil {
		return nil, err
	}
	r, _, err := a.roster()
	if err != nil {
		return nil, err
	}
	confirmed := func() bool { _, ok := machine.Share(); return ok }
	return &ceremony{
		machine: machine, first: first, want: always("the coordinator's next message of key generation"),
		over: confirmed, ended: confirmed, handed: confirmationHanded,
		parties: always(partiesOf(r.Stations, r.Courier)),
	}, nil
}

// signing is the ceremony of a station at work; it has no end.
func (a *App) signing(share *keygen.Share) (*ceremony, error) {
	p, first, fresh, err := a.openPost(share)
	if err != nil {
		return nil, err
	}
	if p.over() {
		return nil, signing.ErrUnlisted
	}
	a.post = p
	handed, err := a.has(poolHanded)
	if err != nil {
		return nil, err
	}
	c := &ceremony{
		machine: p, first: first, want: p.awaits, failing: scanAgain, parties: p.parties,
		over: p.over,
	}
	switch {
	case handed:
		c.first, err = a.start(p)
	case fresh:
		c.handed, c.ended = poolHanded, func() bool { return true }
	default:
		c.handed, c.ended = poolHanded, func() bool { return true }
		c.first = ceremonies.Step{Stored: signing.PoolName, Screen: ceremonies.Show{Title: "First nonce pool", To: "the coordinator"}}
	}
	return c, err
}

func (a *App) start(m ceremonies.Machine) (ceremonies.Step, error) {
	e, err := a.event(ceremonies.Start{})
	if err != nil {
		return ceremonies.Step{}, err
	}
	return m.Step(e)
}

// walletWords are the twelve words by which people know a wallet.
func walletWords(share *keygen.Share) []string {
	w := words.Fingerprint([32]byte(share.Public.Wallet.ID()))
	return w[:]
}
