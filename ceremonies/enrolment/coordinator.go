package enrolment

import (
	"bytes"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// collectedName holds the introductions while they are collected; the
// coordinator keeps the roster under RosterName, like a station.
const collectedName = "enrolment/collected"

// Plan is what a treasury decides before it enrols stations.
type Plan struct {
	Network   wallet.Network
	Stations  int // n
	Threshold int // t, more than half of n
}

// Coordinator collects introductions, in the order in which they come, and
// makes the roster. It vouches for nobody.
type Coordinator struct {
	plan          Plan
	courier       *wire.SigningKey
	introductions [][]byte
	roster        wire.Message
}

// NewCoordinator begins, or goes on with, an enrolment from its kept records.
func NewCoordinator(plan Plan, courier *wire.SigningKey, kept []ceremonies.Record) (*Coordinator, error) {
	if plan.Stations < 2 || plan.Stations > charter.MaxStations {
		return nil, fmt.Errorf("enrolment: %d stations, want 2 to %d", plan.Stations, charter.MaxStations)
	}
	if plan.Threshold > plan.Stations || 2*plan.Threshold <= plan.Stations {
		return nil, fmt.Errorf("enrolment: a threshold of %d of %d; it must be more than half", plan.Threshold, plan.Stations)
	}
	c := &Coordinator{plan: plan, courier: courier}
	for _, r := range kept {
		switch r.Name {
		case collectedName:
			if err := wire.Unmarshal(r.Value, &c.introductions, 64<<10); err != nil {
				return nil, fmt.Errorf("enrolment: resume: %w", err)
			}
		case RosterName:
			if _, err := OpenRoster(r.Value); err != nil {
				return nil, err
			}
			c.roster = wire.Message{Kind: wire.KindRoster, Bytes: r.Value}
		}
	}
	return c, nil
}

// Collected is how many introductions have come.
func (c *Coordinator) Collected() int { return len(c.introductions) }

// Roster is the finished roster; false while introductions are missing.
func (c *Coordinator) Roster() (Roster, bool) {
	if c.roster.Bytes == nil {
		return Roster{}, false
	}
	r, err := OpenRoster(c.roster.Bytes)
	return r, err == nil
}

// Step consumes Start and Scanned (an introduction).
func (c *Coordinator) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return c.next(nil)
	case ceremonies.Scanned:
		return c.scanned(e, in.Bytes)
	}
	return ceremonies.Step{}, ceremonies.Unexpected("enrolment/unexpected", "a station's introduction")
}

func (c *Coordinator) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	s, in, err := openIntroduction(sealed)
	if err != nil {
		return ceremonies.Step{}, foreign(err)
	}
	place := len(c.introductions)
	for i, have := range c.introductions {
		if bytes.Equal(have, sealed) {
			return c.next(nil)
		}
		other, _, err := openIntroduction(have)
		if err != nil {
			return ceremonies.Step{}, err
		}
		switch {
		case strings.EqualFold(other.Name, s.Name):
			place = i // set up again: nobody has compared the earlier keys yet
		case shareKey(other, s):
			return ceremonies.Step{}, foreign(fmt.Errorf("station %q has a key of station %q", s.Name, other.Name))
		}
	}
	if c.roster.Bytes != nil {
		return ceremonies.Step{}, ceremonies.Unexpected("enrolment/complete", "nobody else; the roster is complete, so nothing more")
	}
	if in.Network != c.plan.Network {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code: "enrolment/network", What: fmt.Sprintf("Station %q is set up for %s, this treasury for %s.", s.Name, in.Network, c.plan.Network),
			Safe: "Nothing has changed.", Remedy: "Set the station up for the right network.",
		}
	}
	c.introductions = append(append(c.introductions[:place:place], bytes.Clone(sealed)), c.introductions[min(place+1, len(c.introductions)):]...)
	collected, err := wire.Marshal(c.introductions)
	if err != nil {
		return ceremonies.Step{}, err
	}
	save := []ceremonies.Record{{Name: collectedName, Value: collected}}
	if len(c.introductions) < c.plan.Stations {
		return c.next(save)
	}
	body, err := wire.Marshal(rosterBody{Network: c.plan.Network, Threshold: uint8(c.plan.Threshold), Introductions: c.introductions})
	if err != nil {
		return ceremonies.Step{}, err
	}
	m, err := wire.Seal(wire.KindRoster, [32]byte{}, body, c.courier, e.Random)
	if err != nil {
		return ceremonies.Step{}, err
	}
	if _, err := OpenRoster(m.Bytes); err != nil {
		return ceremonies.Step{}, err
	}
	c.roster = m
	return c.next(append(save, ceremonies.Record{Name: RosterName, Value: m.Bytes}))
}

func (c *Coordinator) next(save []ceremonies.Record) (ceremonies.Step, error) {
	if c.roster.Bytes == nil {
		return ceremonies.Step{Save: save, Screen: ceremonies.Scan{
			Title: fmt.Sprintf("Introductions: %d of %d", len(c.introductions), c.plan.Stations),
			Want:  "a station's introduction",
		}}, nil
	}
	r, err := OpenRoster(c.roster.Bytes)
	if err != nil {
		return ceremonies.Step{}, err
	}
	fingerprint := words.Fingerprint(r.ID)
	return ceremonies.Step{
		Save: save,
		Send: []wire.Message{c.roster},
		Screen: ceremonies.Show{
			Title:   "Roster: " + fmt.Sprint(fingerprint[:]),
			To:      "every station",
			Message: c.roster,
		},
	}, nil
}
