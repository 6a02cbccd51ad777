package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/offline/station"
)

func (c *commands) freeze() *cobra.Command {
	var reason, out, screenDir string
	cmd := command("freeze --reason TEXT --out FILE.png", "make the code that stops every station which scans it",
		`Makes a signed freeze. Every station that scans it signs no payment until an
amendment lifts it. A station obeys its own freeze at once. At a reviewer's
device it works for officers only, and nobody else's is obeyed.

The code is written as a picture (FILE.png, one QR code to print) and as the same
text (FILE.txt), and with --screen it is shown. Carry it to every station yourself:
the coordinator could lose it.`,
		`  heliograph-station freeze --reason "laptop stolen" --out freeze.png
  heliograph-station freeze --reason "laptop stolen" --out freeze.png --screen screen`,
		func(ctx context.Context) error { return c.stopAll(ctx, reason, out, screenDir) })
	cmd.Flags().StringVar(&reason, "reason", "", "why, for everybody who scans the code; at most 200 bytes")
	cmd.Flags().StringVar(&out, "out", "", "picture to write, ending in .png; it must not exist")
	cmd.Flags().StringVar(&screenDir, "screen", "", "folder of frames that this station shows")
	required(cmd, "reason", "out")
	return cmd
}

func (c *commands) stopAll(ctx context.Context, reason, out, screenDir string) (err error) {
	name, isPNG := strings.CutSuffix(out, ".png")
	if !isPNG || name == "" {
		return &failure{Usage, "a picture is written to a file that ends in .png", "Say --out freeze.png."}
	}
	w := station.World{}
	if screenDir != "" {
		screen, err := openOutbox(screenDir)
		if err != nil {
			return &failure{Error, err.Error(), "Make the folder and name it with --screen."}
		}
		w.Screen = screen
	}
	t := c.terminal(false)
	you := &person{terminal: t}
	w.Person = you
	o, err := c.open(ctx, t, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	you.banner = bannerOf(o.app)
	err = o.app.Freeze(ctx, reason, func(code station.Code) error {
		if err := writeCode(name, code); err != nil {
			return &failure{Error, "the freeze is made and kept, and obeyed here, but not written: " + err.Error(), "Choose a file that does not exist, in a folder that does, and make another one."}
		}
		you.Look(ceremonies.Done{Title: "Frozen", Lines: append(code.Lines, ceremonies.Line{Label: "Picture", Value: out}, ceremonies.Line{Label: "Text", Value: name + ".txt"})})
		return nil
	})
	var fault *ceremonies.Fault
	if errors.As(err, &fault) {
		you.Look(ceremonies.Failed{Fault: fault})
		return &failure{code: Refused}
	}
	return err
}

// writeCode writes a code for paper: the picture, and the text that is in it.
func writeCode(name string, code station.Code) error {
	var picture bytes.Buffer
	if err := png.Encode(&picture, code.Picture); err != nil {
		return err
	}
	if err := writeNew(name+".png", picture.Bytes()); err != nil {
		return err
	}
	var text strings.Builder
	for _, l := range code.Lines {
		fmt.Fprintf(&text, "%s: %s\n", l.Label, escape(l.Value))
	}
	fmt.Fprintf(&text, "\n%s\n", code.Text)
	return writeNew(name+".txt", []byte(text.String()))
}
