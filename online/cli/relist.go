package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *commands) relistDraft() *cobra.Command {
	var camera, screen string
	var evidence []string
	cmd := command("draft --camera DIR", "draft the amendment that lists a restored station",
		`Scans the introduction of a station that was restored from its words, and drafts
the amendment that lists its new instance in place of the one that is gone. Who
must approve it, and how long it waits, the charter in force says. Carry it to the
other stations (heliograph amend carry), show the restored one every certificate
(heliograph amend certificate), then give it its memory back: heliograph relist
remember.

A station that told two stories about what it released is retired where they part.
Give the evidence that a station or this coordinator wrote when it was shown both,
and a screen on which every station that is to agree is shown both.`,
		`  heliograph relist draft --camera camera
  heliograph relist draft --camera camera --screen screen --evidence station-2-0a1b2c3d4e5f.blame`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			if len(evidence) > 0 && screen == "" {
				return &failure{Usage, "evidence is shown to the other stations, and there is no screen", "Add --screen DIR."}
			}
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				var stories [][]byte
				for _, name := range evidence {
					b, err := readFile(name, maxBlameFile)
					if err != nil {
						return err
					}
					stories = append(stories, b)
				}
				a, err := t.Relist(ctx, at, stories...)
				if err != nil {
					return err
				}
				return c.tellAmendment(a)
			})
		})
	cmd.Flags().StringVar(&camera, "camera", "", "folder of frames that the coordinator sees")
	cmd.Flags().StringVar(&screen, "screen", "", "folder for the frames that stations scan, with --evidence")
	cmd.Flags().StringArrayVar(&evidence, "evidence", nil, "record of a fault that proves two stories; may be given several times")
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
