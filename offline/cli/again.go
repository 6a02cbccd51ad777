package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"heliograph/offline/station"
)

func (c *commands) again() *cobra.Command {
	var screenDir string
	cmd := command("again --screen DIR", "show the coordinator the last answer once more",
		`For a message that was taken off the screen before the coordinator had it. Shows
the answer to the last batch that was approved here or, before there was one, the
confirmation of the first address and the first nonce pool. They are the bytes
that were kept: nothing is signed, and nobody is asked anything.

At the coordinator, an answer whose session was ended goes to heliograph batch
late; a confirmation or a pool goes to heliograph keygen.`,
		`  heliograph-station again --screen screen`,
		func(ctx context.Context) error { return c.showAgain(ctx, screenDir) })
	cmd.Flags().StringVar(&screenDir, "screen", "", "folder of frames that this station shows")
	required(cmd, "screen")
	return cmd
}

func (c *commands) showAgain(ctx context.Context, screenDir string) (err error) {
	out, err := openOutbox(screenDir)
	if err != nil {
		return &failure{Error, err.Error(), "Make the folder and name it with --screen."}
	}
	t := c.terminal(false)
	you := &person{terminal: t}
	o, err := c.open(ctx, t, station.World{Screen: out, Person: you})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	you.banner = bannerOf(o.app)
	return o.app.Again(ctx)
}
