package station

import (
	"context"
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/qr"
)

// modulePx is the side of a module on the screen, in pixels: a frame of
// version 15 then has 340 pixels a side.
const modulePx = 4

// show repeats the frames of one message until the person says that the other
// side has it.
func (a *App) show(ctx context.Context, s ceremonies.Show) error {
	frames, err := qr.NewEncoder(s.Message.Bytes, qr.DefaultFragment)
	if err != nil {
		return err
	}
	a.world.Person.Look(s)
	asking, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		err := a.animate(asking, frames)
		if err != nil {
			stop() // nobody waits before a dark screen
		}
		done <- err
	}()
	_, err = a.world.Person.Answer(asking, s, Offers{})
	stop()
	if shown := <-done; shown != nil {
		err = shown
	}
	return errors.Join(err, a.world.Screen.Clear())
}

// animate shows frames until ctx ends, which is no error.
func (a *App) animate(ctx context.Context, frames *qr.Encoder) error {
	for i := 0; ; i++ {
		frame, err := qr.Draw(frames.Frame(i), modulePx)
		if err == nil {
			err = a.world.Screen.Show(ctx, frame)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("station: show frame %d (the message is kept and can be shown again): %w", i, err)
		}
	}
}

// showIntroduction shows this station's introduction to another station.
func (a *App) showIntroduction(ctx context.Context) error {
	m, err := a.stored("enrolment/introduction")
	if err != nil {
		return err
	}
	return a.show(ctx, ceremonies.Show{Title: "Introduction", To: "another station", Message: m})
}
