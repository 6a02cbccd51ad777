package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
)

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
another, until enough have made it; type away to stop. heliograph amend show lists
earlier ballots by number.`+devicesHelp,
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

// certificateEnding ends the names of certificate files.
const certificateEnding = ".certificate"

func (c *commands) amendExport() *cobra.Command {
	var out string
	cmd := command("export --out DIR", "write the certificates of all amendments, for an auditor",
		`Writes charter-NNNNNN.certificate for every charter but the first: with the wallet's
public file they prove which charters it had, who approved them and which stations
acknowledged them.`,
		`  heliograph amend export --out audit`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				line, err := t.Line()
				if err != nil {
					return err
				}
				if err := os.MkdirAll(out, 0o700); err != nil {
					return err
				}
				names := []string{}
				for _, e := range line.Epochs()[1:] {
					path := filepath.Join(out, fmt.Sprintf("charter-%06d%s", e.Charter.Document().Epoch, certificateEnding))
					if err := replaceFile(path, e.Certificate); err != nil {
						return err
					}
					names = append(names, path)
					c.say("%s", escape(path))
				}
				if len(names) == 0 {
					c.say("There is no amendment yet: the first charter is in the wallet's public file.")
				}
				return c.document(struct {
					Files []string `json:"files"`
				}{names})
			})
		})
	cmd.Flags().StringVar(&out, "out", "", "folder, made if need be; files of the same names are replaced")
	required(cmd, "out")
	return cmd
}
