package station

import (
	"context"
	"encoding/hex"
	"image"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/qr"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// printVersion is the QR version of a code that is printed: any freeze fits it in
// one picture, which needs no screen.
const printVersion = 20

// Code is a freeze for paper: one picture and the text that is in it.
type Code struct {
	Message wire.Message
	Picture image.Image
	Text    string // as a scanner reads it
	Lines   []ceremonies.Line
}

// Freeze makes the code of a freeze, keeps it, and obeys it. Then print is given
// the code for paper, if it is not nil, and the screen shows it, if there is one:
// to be carried to every station.
func (a *App) Freeze(ctx context.Context, reason string, print func(Code) error) error {
	step, line, err := a.freeze(reason)
	if err != nil {
		return err
	}
	if err := a.keep(step.Save); err != nil {
		return err
	}
	m := step.Send[0]
	if print != nil {
		frozen, err := line.OpenFreeze(m.Bytes, a.world.Now())
		if err != nil {
			return err
		}
		code, err := printed(m, frozen)
		if err != nil {
			return err
		}
		if err := print(code); err != nil {
			return err
		}
	}
	if a.world.Screen == nil {
		return nil
	}
	return a.show(ctx, label(step.Screen, m, 0, 1))
}

// freeze is the step of the machine that this installation has, and the line of
// charters that it follows. A fault says why there is no freeze.
func (a *App) freeze(reason string) (ceremonies.Step, lineage.Line, error) {
	if a.reviewer == nil {
		return a.freezeStation(reason)
	}
	machine, first, err := a.reviewingMachine()
	if err != nil {
		return ceremonies.Step{}, lineage.Line{}, err
	}
	if err := a.keep(first.Save); err != nil {
		return ceremonies.Step{}, lineage.Line{}, err
	}
	e, err := a.event(nil)
	if err != nil {
		return ceremonies.Step{}, lineage.Line{}, err
	}
	step, err := machine.Freeze(e, reason)
	return step, machine.Status().Line, err
}

// freezeStation has this station make a freeze, which it obeys from the moment
// that it is kept. One that no charter lists cannot: nobody would obey it.
func (a *App) freezeStation(reason string) (ceremonies.Step, lineage.Line, error) {
	p, err := a.reopenPost()
	if err != nil {
		return ceremonies.Step{}, lineage.Line{}, err
	}
	p.amend.BeginFreeze()
	e, err := a.event(ceremonies.Typed{Text: reason})
	if err != nil {
		return ceremonies.Step{}, lineage.Line{}, err
	}
	step, err := p.amend.Step(e)
	return step, p.amend.Line(), err
}

// printed is a message in one picture.
func printed(m wire.Message, f lineage.Frozen) (Code, error) {
	frames, err := qr.NewEncoder(m.Bytes, qr.MaxFragment)
	if err != nil {
		return Code{}, err
	}
	text := strings.ToUpper(frames.Frame(0))
	picture, err := qr.DrawVersion(text, printVersion, modulePx)
	if err != nil {
		return Code{}, err
	}
	return Code{Message: m, Picture: picture, Text: text, Lines: []ceremonies.Line{
		{Label: "Freeze by", Value: f.By},
		{Label: "Because", Value: f.Freeze.Reason},
		{Label: "Made at", Value: Time(f.Freeze.Time)},
		{Label: "Order", Value: words.Short(f.ID), Note: "how stations name it when they refuse"},
		{Label: "Id", Value: hex.EncodeToString(f.ID[:]), Note: "what an amendment names to lift it"},
		{Label: "Carry it", Value: "to every station, on paper or on a phone", Note: "a station stops once it has scanned the code; only an amendment lifts it", Alert: true},
	}}, nil
}
