package station

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/ceremonies/signing"
	"heliograph/shared/wire"
)

// StoppedError ends a run because a ceremony cannot go on here.
type StoppedError struct{ Fault *ceremonies.Fault }

func (e *StoppedError) Error() string {
	return "station: this ceremony cannot go on: " + e.Fault.Error()
}

// Run drives one ceremony after another: enrolment, key generation, then
// signing, which has no end. With once it returns after one visit: one message
// scanned, and its answer shown or the message refused. Otherwise it returns
// only with an error: the context's, a *SaveError, a *StoppedError,
// signing.ErrUnlisted, or that of a device or the person.
func (a *App) Run(ctx context.Context, once bool) (Outcome, error) {
	v := &visit{once: once}
	for {
		c, err := a.due()
		if err != nil {
			return 0, err
		}
		d := &drive{app: a, ceremony: c, visit: v}
		due, err := d.run(ctx)
		if err != nil {
			return 0, err
		}
		if !due {
			return v.outcome, nil
		}
	}
}

// visit counts for once: what was scanned, and how it was answered.
type visit struct {
	once    bool
	scanned bool
	outcome Outcome
}

func (v *visit) over() bool { return v.once && v.scanned }

// drive carries one ceremony from step to step.
type drive struct {
	app      *App
	ceremony *ceremony
	visit    *visit
	taken    [32]byte // the last message, if it was taken in and nothing was shown for it
}

// run returns true when the ceremony is over, so that the next is due, and
// false when the visit is over: nothing is left of it but to scan again.
func (d *drive) run(ctx context.Context) (bool, error) {
	step := d.ceremony.first
	for {
		if err := d.carryOut(ctx, step); err != nil {
			return false, err
		}
		if d.ceremony.over() {
			return true, nil
		}
		if d.visit.over() && waits(step.Screen) {
			return false, nil
		}
		if s, scans := step.Screen.(ceremonies.Scan); scans && (len(step.Send) > 0 || step.Stored != "") {
			step.Screen = ceremonies.Scan{Want: s.Want} // its title was said above
		}
		var err error
		if step, err = d.next(ctx, step.Screen); err != nil {
			return false, err
		}
	}
}

// waits reports whether a screen leaves nothing to do but to scan.
func waits(s ceremonies.Screen) bool {
	switch s.(type) {
	case ceremonies.Review, ceremonies.Compare, ceremonies.Ask:
		return false
	}
	return true
}

// carryOut does what a step asks, in the order that everything depends on:
// keep, and only then show.
func (d *drive) carryOut(ctx context.Context, step ceremonies.Step) error {
	if err := d.app.keep(step.Save); err != nil {
		return err
	}
	if err := d.receipt(step.Save); err != nil {
		return err
	}
	messages := step.Send
	if step.Stored != "" {
		stored, err := d.app.stored(step.Stored)
		if err != nil {
			return err
		}
		messages = []wire.Message{stored}
	}
	switch s := step.Screen.(type) {
	case ceremonies.Show:
		// The show itself says it.
	case ceremonies.Failed:
		if err := d.fault(s.Fault); err != nil {
			return err
		}
		if d.ceremony.failing == stops {
			return &StoppedError{Fault: s.Fault}
		}
	case ceremonies.Scan:
		if len(messages) > 0 {
			d.app.world.Person.Look(ceremonies.Done{Title: s.Title})
		}
	default:
		d.app.world.Person.Look(step.Screen)
	}
	for i, m := range messages {
		if err := d.app.show(ctx, label(step.Screen, m, i, len(messages))); err != nil {
			return err
		}
	}
	if len(messages) == 0 || d.ceremony.handed == "" || !d.ceremony.ended() {
		return nil
	}
	err := d.app.keep([]ceremonies.Record{{Name: d.ceremony.handed, Value: []byte{1}}})
	d.ceremony.handed = ""
	return err
}

// receipt shows the new end of the transcript whenever signing has kept one: it
// is what the person compares at the next unlocking.
func (d *drive) receipt(saved []ceremonies.Record) error {
	p, works := d.ceremony.machine.(*post)
	if !works || !slices.ContainsFunc(saved, func(r ceremonies.Record) bool {
		return r.Name == signing.StateName || r.Name == amendment.StateName
	}) {
		return nil
	}
	lines, err := d.app.receiptLines(p)
	if err != nil {
		return err
	}
	d.app.world.Person.Look(ceremonies.Done{Title: "New receipt: write it down, it is shown when you unlock this station next", Lines: lines})
	return nil
}

// label is the screen beside a message.
func label(s ceremonies.Screen, m wire.Message, i, of int) ceremonies.Show {
	show, ok := s.(ceremonies.Show)
	if !ok {
		show = ceremonies.Show{Title: m.Kind.String(), To: "the coordinator"}
	}
	if of > 1 {
		show.Title = fmt.Sprintf("%s (%d of %d)", show.Title, i+1, of)
	}
	show.Message = m
	return show
}

// next gets the next input from the person or the camera and gives it to the
// machine, until the machine takes one.
func (d *drive) next(ctx context.Context, s ceremonies.Screen) (ceremonies.Step, error) {
	a := d.app
	switch s := s.(type) {
	case ceremonies.Review:
		return d.decide(ctx, s)
	case ceremonies.Compare, ceremonies.Ask:
		return d.answer(ctx, s)
	case ceremonies.Failed:
		if d.ceremony.failing == beginAgain {
			return a.start(d.ceremony.machine)
		}
		return d.scan(ctx, ceremonies.Scan{Want: d.ceremony.want()})
	case ceremonies.Scan:
		return d.scan(ctx, s)
	}
	return d.scan(ctx, ceremonies.Scan{Want: d.ceremony.want()})
}

// decide asks for a decision. What a person answers carries the digest of the
// review that this very call put before them.
func (d *drive) decide(ctx context.Context, s ceremonies.Review) (ceremonies.Step, error) {
	answer, err := d.app.world.Person.Answer(ctx, s, Offers{})
	if err != nil {
		return ceremonies.Step{}, err
	}
	if _, refuses := answer.Input.(ceremonies.Refuse); refuses {
		d.visit.outcome = Refused
	}
	step, err := d.give(answer.Input)
	var fault *ceremonies.Fault
	if !errors.As(err, &fault) {
		return step, err
	}
	d.visit.outcome = Refused
	if err := d.fault(fault); err != nil {
		return ceremonies.Step{}, err
	}
	return d.app.start(d.ceremony.machine)
}

// answer asks until the machine takes the answer.
func (d *drive) answer(ctx context.Context, s ceremonies.Screen) (ceremonies.Step, error) {
	for {
		answer, err := d.app.world.Person.Answer(ctx, s, d.ceremony.offers)
		if err != nil {
			return ceremonies.Step{}, err
		}
		switch {
		case answer.Scan:
			return d.scan(ctx, ceremonies.Scan{Want: "another station's introduction, from its own screen"})
		case answer.Show:
			if err := d.app.showIntroduction(ctx); err != nil {
				return ceremonies.Step{}, err
			}
			d.app.world.Person.Look(s)
			continue
		}
		step, err := d.give(answer.Input)
		if failed(step.Screen) {
			d.visit.outcome = Refused
		}
		var fault *ceremonies.Fault
		if !errors.As(err, &fault) {
			return step, err
		}
		if err := d.fault(fault); err != nil {
			return ceremonies.Step{}, err
		}
		d.app.world.Person.Look(s)
	}
}

// scan reads messages until the machine takes one. A fault changes nothing in
// the machine, so the next message is as good as the first. A message that was
// refused is passed over for the rest of this scan, and one that was taken in until
// another comes: it may stand before the camera for a while.
func (d *drive) scan(ctx context.Context, screen ceremonies.Scan) (ceremonies.Step, error) {
	passed := map[[32]byte]bool{d.taken: true}
	for {
		message, err := d.app.scan(ctx, screen, d.ceremony.parties(), passed)
		if err != nil {
			return ceremonies.Step{}, err
		}
		step, err := d.give(ceremonies.Scanned{Bytes: message})
		if err == nil {
			d.visit.scanned = true
			if failed(step.Screen) {
				d.visit.outcome = Refused
			}
			d.taken = [32]byte{}
			if quiet(step) {
				d.taken = identify(message)
			}
			return step, nil
		}
		var fault *ceremonies.Fault
		if !errors.As(err, &fault) {
			return ceremonies.Step{}, err
		}
		if err := d.fault(fault); err != nil {
			return ceremonies.Step{}, err
		}
		passed[identify(message)] = true
		if refuses(fault) {
			d.visit.scanned, d.visit.outcome = true, Refused
		}
		if d.visit.over() {
			return ceremonies.Step{Screen: screen}, nil
		}
	}
}

// give hands an input to the machine.
func (d *drive) give(in ceremonies.Input) (ceremonies.Step, error) {
	e, err := d.app.event(in)
	if err != nil {
		return ceremonies.Step{}, err
	}
	return d.ceremony.machine.Step(e)
}

// fault tells a person of a fault and keeps its evidence.
func (d *drive) fault(f *ceremonies.Fault) error {
	if err := d.app.keepEvidence(f); err != nil {
		return err
	}
	d.app.world.Person.Look(ceremonies.Failed{Fault: f})
	return nil
}

// quiet reports whether a message was taken in, with nothing to show or to ask.
func quiet(step ceremonies.Step) bool {
	return len(step.Send) == 0 && step.Stored == "" && waits(step.Screen) && !failed(step.Screen)
}

func failed(s ceremonies.Screen) bool {
	_, is := s.(ceremonies.Failed)
	return is
}

// refuses tells the refusal of a message that was meant for this station from a
// message that has no place here, which is no answer to anybody.
func refuses(f *ceremonies.Fault) bool {
	switch f.Code {
	case "enrolment/not-ours", "keygen/not-ours", "signing/not-ours", "reviewing/not-ours":
		return false
	}
	return f.Suspect.Kind != ceremonies.Operator
}

// stored is a kept message, to be shown again.
func (a *App) stored(name string) (wire.Message, error) {
	sealed, err := a.mustGet(name)
	if err != nil {
		return wire.Message{}, err
	}
	claim, err := wire.Peek(sealed)
	if err != nil {
		return wire.Message{}, err
	}
	return wire.Message{Kind: claim.Kind, Bytes: sealed}, nil
}
