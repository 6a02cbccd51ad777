package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

func (c *commands) relistDraft() *cobra.Command {
	var camera string
	cmd := command("draft --camera DIR", "draft the amendment that lists a restored station",
		`Scans the introduction of a station that was restored from its words, and drafts
the amendment that lists its new instance in place of the one that is gone. Who
must approve it, and how long it waits, the charter in force says. Carry it to the
other stations (heliograph amend carry), show the restored one every certificate
(heliograph amend certificate), then give it its memory back: heliograph relist
remember.`,
		`  heliograph relist draft --camera camera`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, "")
				if err != nil {
					return err
				}
				a, err := t.Relist(ctx, at)
				if err != nil {
					return err
				}
				return c.tellAmendment(a)
			})
		})
	cmd.Flags().StringVar(&camera, "camera", "", "folder of frames that the coordinator sees")
	required(cmd, "camera")
	return cmd
}

func (c *commands) relistRemember() *cobra.Command {
	var camera, screen string
	cmd := command("remember --camera DIR --screen DIR", "give a station that was listed anew its memory back",
		`Scans the challenge of a station that an amendment listed anew, shows it to as many
other stations as it takes for one of them to remember every release, and scans
their answers; then shows the station the answers and all records, and scans its
first nonce pool. Only an answer to this very challenge counts, so that nobody can
give it an old memory.`+devicesHelp,
		`  heliograph relist remember --camera camera --screen screen`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				if err := t.Witness(ctx, at); err != nil {
					return err
				}
				c.say("The station remembers, and its first nonces are here: it can sign.")
				stations, err := t.Stations()
				if err != nil {
					return err
				}
				out := []stationNonces{}
				for _, s := range stations {
					out = append(out, stationNonces{s.Number, s.Name, s.Unused})
				}
				return c.document(struct {
					Stations []stationNonces `json:"stations"`
				}{out})
			})
		})
	return devices(cmd, &camera, &screen)
}

func (c *commands) amendCarry() *cobra.Command {
	var camera, screen string
	cmd := command("carry --camera DIR --screen DIR", "carry an amendment to the stations that acknowledge it",
		`Shows the ballot to one station after another until you press Enter, and scans its
answer, until as many have acknowledged it as sign together. Then it is adopted,
and its certificate is shown: let every station scan it. Whether the charter is in
force already, heliograph amend status says. Exit code 4 if people have still to
approve it.`+devicesHelp,
		`  heliograph amend carry --camera camera --screen screen`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				if err := t.CarryAmendment(ctx, at); err != nil {
					return err
				}
				return c.tellLine(t)
			})
		})
	return devices(cmd, &camera, &screen)
}

func (c *commands) amendCertificate() *cobra.Command {
	var camera, screen string
	cmd := command("certificate [EPOCH] --camera DIR --screen DIR", "show the certificates of amendments to who was away",
		`Shows the certificates of all charters from EPOCH on (the newest alone, if it is
left out), one after another, to stations and reviewing devices that were away.
Each adopts what it does not have; nobody there is asked.`+devicesHelp,
		`  heliograph amend certificate --camera camera --screen screen
  heliograph amend certificate 1 --camera camera --screen screen`,
		cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
			return c.with(func(t *treasury) error {
				line, err := t.Line()
				if err != nil {
					return err
				}
				from := line.Latest().Document().Epoch
				if len(args) == 1 {
					if from, err = parseEpoch(args[0]); err != nil {
						return err
					}
				}
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				shown, err := t.ShowCertificates(ctx, at, from)
				if err != nil {
					return err
				}
				return c.document(struct {
					Shown int `json:"shown"`
				}{shown})
			})
		})
	return devices(cmd, &camera, &screen)
}

func parseEpoch(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, &failure{Usage, fmt.Sprintf("%q is the number of no charter with a certificate", text), "Write a number from 1; heliograph amend status lists them."}
	}
	return uint32(n), nil
}

func (c *commands) amendVoid() *cobra.Command {
	var camera, screen string
	cmd := command("void BALLOT --camera DIR --screen DIR", "free stations that acknowledged another ballot",
		`A station that has acknowledged one ballot acknowledges no other for the same
charter, until enough stations promise that they never did and never will
acknowledge the first. Shows the request for that promise to one station after
another; type away when enough have made it. heliograph amend show lists earlier
ballots by number.`+devicesHelp,
		`  heliograph amend void 1 --camera camera --screen screen`,
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			number, err := parseEpoch(args[0])
			if err != nil {
				return err
			}
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				if err := t.VoidBallot(ctx, at, number); err != nil {
					return err
				}
				a, err := t.Amendment()
				if err != nil {
					return err
				}
				return c.tellAmendment(a)
			})
		})
	return devices(cmd, &camera, &screen)
}
