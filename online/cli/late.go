package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) batchLate() *cobra.Command {
	var camera string
	cmd := command("late --camera DIR", "take a station's answer after its session was ended",
		`A station that approved a batch, and whose answer was not scanned before the
session was ended, refuses the next request: its own release is not known to it.
Let it show its answer once more (heliograph-station again), and bring that here. Nothing is signed by this; the station can be visited again.`,
		`  heliograph batch late --camera camera`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, "")
				if err != nil {
					return err
				}
				if err := t.Late(ctx, at); err != nil {
					return err
				}
				return c.document(struct {
					Taken bool `json:"taken"`
				}{true})
			})
		})
	cmd.Flags().StringVar(&camera, "camera", "", "folder of frames that the coordinator sees")
	required(cmd, "camera")
	return cmd
}
