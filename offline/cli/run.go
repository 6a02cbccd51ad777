package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/offline/station"
)

func (c *commands) run() *cobra.Command {
	var cameraDir, screenDir string
	var once bool
	cmd := command("run --camera DIR --screen DIR", "enrol, generate the key, sign; or review",
		`Unlocks the keystore, shows the last receipt, and goes on with what is due:
enrolment, then key generation, then signing one batch after another, and
between them amendments of the charter and freezes. A restored station shows
its introduction until an amendment lists it, takes what the others remember,
and then signs again. A reviewer's device shows its key, takes an invitation, and then answers one
request after another. It ends when you stop it; Ctrl-C is safe at any moment.

A camera is a folder in which frames appear (NNNNNN.png) and from which they
are taken; a screen is a folder into which frames are written. What lies in the
camera's folder when a scan begins is thrown away: a camera sees the present.

With --once it ends after one visit, a message scanned and answered, with exit
code 0, or 3 if it was refused.`,
		`  heliograph-station run --camera camera --screen screen
  heliograph-station run --camera camera --screen screen --once`,
		func(ctx context.Context) error { return c.work(ctx, cameraDir, screenDir, once) })
	cmd.Flags().StringVar(&cameraDir, "camera", "", "folder of frames that this station sees")
	cmd.Flags().StringVar(&screenDir, "screen", "", "folder of frames that this station shows")
	cmd.Flags().BoolVar(&once, "once", false, "end after one visit")
	required(cmd, "camera", "screen")
	return cmd
}

func (c *commands) work(ctx context.Context, cameraDir, screenDir string, once bool) (err error) {
	in, err := openInbox(cameraDir)
	if err != nil {
		return &failure{Error, err.Error(), "Make the folder and name it with --camera."}
	}
	defer func() { err = errors.Join(err, in.folder.Close()) }()
	out, err := openOutbox(screenDir)
	if err != nil {
		return &failure{Error, err.Error(), "Make the folder and name it with --screen."}
	}
	t := c.terminal(false)
	you := &person{terminal: t}
	o, err := c.open(ctx, t, station.World{Camera: in, Screen: out, Person: you})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	you.banner = bannerOf(o.app)
	greeting, err := o.app.Greeting()
	if err != nil {
		return err
	}
	you.Look(greeting)
	outcome, err := o.app.Run(ctx, once)
	if err != nil {
		t.printf("\n") // the last prompt is still open
	}
	if errors.Is(err, signing.ErrUnlisted) {
		f := unlisted(err)
		you.Look(ceremonies.Failed{Fault: &ceremonies.Fault{
			Code: "signing/unlisted", Suspect: ceremonies.Suspect{Kind: ceremonies.Operator},
			What:   "The newest charter lists another installation in the place of this one. It signs nothing.",
			Safe:   "Nothing was signed; the wallet is as safe as before.",
			Remedy: f.remedy,
		}})
	}
	if err != nil {
		return err
	}
	if outcome == station.Refused {
		return &failure{code: Refused}
	}
	return nil
}
