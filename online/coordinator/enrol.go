package coordinator

import (
	"context"
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// plan is what the enrolment was begun with.
type plan struct {
	Stations  int `cbor:"1,keyasint"`
	Threshold int `cbor:"2,keyasint"`
}

// ErrNotEnrolled says that the roster is not complete.
var ErrNotEnrolled = errors.New("the stations are not enrolled yet")

// Roster is the finished roster. ErrNotEnrolled before there is one.
func (c *Coordinator) Roster() (enrolment.Roster, error) {
	sealed, err := c.record(enrolment.RosterName)
	if err != nil {
		return enrolment.Roster{}, err
	}
	if sealed == nil {
		return enrolment.Roster{}, ErrNotEnrolled
	}
	return enrolment.OpenRoster(sealed)
}

// Enrol collects introductions from n stations, of which t sign together, and
// shows the roster until the person says that all stations have it. It goes on
// with an enrolment that was begun.
func (c *Coordinator) Enrol(ctx context.Context, at Terminal, n, t int) (enrolment.Roster, error) {
	if err := c.begin(plan{Stations: n, Threshold: t}); err != nil {
		return enrolment.Roster{}, err
	}
	kept, err := c.store.Records("enrolment/")
	if err != nil {
		return enrolment.Roster{}, err
	}
	m, err := enrolment.NewCoordinator(enrolment.Plan{Network: c.settings.Network, Stations: n, Threshold: t}, c.courier, kept)
	if err != nil {
		return enrolment.Roster{}, err
	}
	step, err := c.step(m, ceremonies.Start{})
	for err == nil {
		switch screen := step.Screen.(type) {
		case ceremonies.Show:
			if word, err := at.Show(ctx, screen); err != nil || word == Away {
				return enrolment.Roster{}, errors.Join(err, waiting(word))
			}
			return c.Roster()
		case ceremonies.Scan:
			step, err = c.scanInto(ctx, at, m, screen)
		default:
			return enrolment.Roster{}, fmt.Errorf("coordinator: enrol: a screen of type %T: internal error", screen)
		}
	}
	return enrolment.Roster{}, err
}

// begin keeps the plan, or compares it with the one that is kept.
func (c *Coordinator) begin(p plan) error {
	kept, err := c.record(planName)
	if err != nil {
		return err
	}
	var before plan
	if kept != nil {
		if err := wire.Unmarshal(kept, &before, 64); err != nil {
			return err
		}
		if before == p {
			return nil
		}
		if collected, err := c.record("enrolment/collected"); err != nil || collected == nil {
			before = p // nobody came to the old plan yet
		}
		if before != p {
			return fmt.Errorf("coordinator: enrol: %d of %d stations are being enrolled already: go on with these numbers, or set up a new folder", before.Threshold, before.Stations)
		}
	}
	// A plan that cannot be is refused before it is kept.
	if _, err := enrolment.NewCoordinator(enrolment.Plan{Network: c.settings.Network, Stations: p.Stations, Threshold: p.Threshold}, c.courier, nil); err != nil {
		return err
	}
	b, err := wire.Marshal(p)
	if err != nil {
		return err
	}
	return c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: planName, Value: b}}})
}

// scanInto scans until the machine takes a message. What does not fit is told
// once and changes nothing.
func (c *Coordinator) scanInto(ctx context.Context, at Terminal, m ceremonies.Machine, s ceremonies.Scan) (ceremonies.Step, error) {
	var refused told
	for {
		b, word, err := at.Scan(ctx, s)
		if err != nil {
			return ceremonies.Step{}, err
		}
		switch word {
		case Away:
			return ceremonies.Step{}, ErrWaiting
		case Again:
			return c.step(m, ceremonies.Start{})
		}
		step, err := c.step(m, ceremonies.Scanned{Bytes: b})
		fault, ok := errors.AsType[*ceremonies.Fault](err)
		if !ok {
			return step, err
		}
		refused.tell(at, b, fault)
	}
}

// told remembers what was refused last: its sender shows it again and again,
// but a person wants to read why only once.
type told struct{ message string }

func (t *told) tell(at Terminal, message []byte, fault *ceremonies.Fault) {
	if t.message == string(message) {
		return
	}
	t.message = string(message)
	at.Tell(ceremonies.Failed{Fault: fault})
}

func waiting(w Word) error {
	if w == Away {
		return ErrWaiting
	}
	return nil
}
