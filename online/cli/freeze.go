package cli

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"

	"heliograph/online/coordinator"
	"heliograph/shared/words"
)

// freezeDocument is a freeze as JSON.
type freezeDocument struct {
	ID     string `json:"id"`
	By     string `json:"by"`
	Time   int64  `json:"time"`
	Reason string `json:"reason"`
	Lifted bool   `json:"lifted"`
}

func freezeOf(f coordinator.Freeze) freezeDocument {
	return freezeDocument{hex.EncodeToString(f.ID[:]), f.By, f.Freeze.Time, f.Freeze.Reason, f.Lifted}
}

func (c *commands) freezeTake() *cobra.Command {
	var camera string
	cmd := command("take --camera DIR", "scan the code of a freeze",
		`Scans the code that stops every station which scans it, as a station or an
officer's device makes it, and keeps it, to be carried to the others. This
program signs nothing more for the wallet from then on; the stations that have
scanned it refuse by themselves. An amendment lifts it: heliograph amend draft
--thaw.`,
		`  heliograph freeze take --camera camera`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, "")
				if err != nil {
					return err
				}
				f, err := t.ScanFreeze(ctx, at)
				if err != nil {
					return err
				}
				c.say("FROZEN by %s: %s", escape(f.By), escape(f.Freeze.Reason))
				c.say("next: carry it to every other station: heliograph freeze show --screen DIR --camera DIR")
				return c.document(freezeOf(f))
			})
		})
	cmd.Flags().StringVar(&camera, "camera", "", "folder of frames that the coordinator sees")
	required(cmd, "camera")
	return cmd
}

func (c *commands) freezeList() *cobra.Command {
	return command("list", "the freezes that are known here",
		`Lists every freeze that was taken in, and whether an amendment has lifted it.`,
		`  heliograph freeze list`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				all, err := t.Freezes()
				if err != nil {
					return err
				}
				out := []freezeDocument{}
				for _, f := range all {
					d := freezeOf(f)
					out = append(out, d)
					state := "FROZEN"
					if f.Lifted {
						state = "lifted"
					}
					c.say("%s  \"%s\"  %s by %s at %s: %s", d.ID[:16], words.Short(f.ID), state, escape(f.By), ceremonies.Clock(f.Freeze.Time), escape(f.Freeze.Reason))
				}
				if len(out) == 0 {
					c.say("No freeze is known here.")
				}
				return c.document(struct {
					Freezes []freezeDocument `json:"freezes"`
				}{out})
			})
		})
}

func (c *commands) freezeShow() *cobra.Command {
	var camera, screen string
	cmd := command("show [ID] --camera DIR --screen DIR", "show the code of a freeze to stations",
		`Shows the code until you press Enter, when every station has it. ID is the
beginning of its id; it may be left out if one freeze is not lifted.`+devicesHelp,
		`  heliograph freeze show --camera camera --screen screen`,
		cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
			return c.with(func(t *treasury) error {
				frozen, err := t.Frozen()
				if err != nil {
					return err
				}
				f, err := pickFreeze(frozen, args)
				if err != nil {
					return err
				}
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				if err := t.ShowFreeze(ctx, at, f); err != nil {
					return err
				}
				return c.document(freezeOf(f))
			})
		})
	return devices(cmd, &camera, &screen)
}

func pickFreeze(frozen []coordinator.Freeze, args []string) (coordinator.Freeze, error) {
	var fit []coordinator.Freeze
	for _, f := range frozen {
		if len(args) == 0 || strings.HasPrefix(hex.EncodeToString(f.ID[:]), strings.ToLower(args[0])) {
			fit = append(fit, f)
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		return coordinator.Freeze{}, &failure{Error, "no such freeze is known here, or it is lifted", "heliograph freeze list names them; heliograph freeze take scans one."}
	}
	return coordinator.Freeze{}, &failure{Usage, fmt.Sprintf("%d freezes fit", len(fit)), "Name one by the beginning of its id: heliograph freeze list."}
}
