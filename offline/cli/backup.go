package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/offline/station"
	"heliograph/shared/words"
)

const (
	promptWritten = "backup: press Enter when the words are on paper > "
	askedWords    = 3 // positions that are asked again, unless all are
)

func (c *commands) backup() *cobra.Command {
	group := &cobra.Command{
		Use: "backup", Short: "the two halves of a backup: words and file",
		Long: `A station is restored from two things: the 24 words of its host secret, which
are secret, and the wallet's recovery file, which is public and the same for
all stations. Nonces are never backed up and never restored.`,
		Example: `  heliograph-station backup words
  heliograph-station backup file --out wallet.heliograph`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return &failure{Usage, "backup of what?", "Say backup words, or backup file --out FILE."}
		},
	}
	var all bool
	cards := command("words", "show the 24 words of the host secret once, and check the paper",
		`Shows the 24 words of this station's host secret, then asks for three of them
(or all, with --all) from the paper. Whoever has the words and the recovery
file has this station's share: let nobody and no camera see them.`,
		`  heliograph-station backup words
  heliograph-station backup words --all`,
		func(ctx context.Context) error { return c.backupWords(ctx, all) })
	cards.Flags().BoolVar(&all, "all", false, "ask for all 24 words again")
	var out string
	file := command("file --out FILE", "write the public recovery file",
		`Writes the wallet's public recovery file. It holds no secret, is the same at
every station, and proves itself. Keep copies in several places.`,
		`  heliograph-station backup file --out wallet.heliograph`,
		func(ctx context.Context) error { return c.backupFile(ctx, out) })
	file.Flags().StringVar(&out, "out", "", "file to write; it must not exist")
	required(file, "out")
	group.AddCommand(cards, file)
	return group
}

func (c *commands) backupWords(ctx context.Context, all bool) (err error) {
	t := c.terminal(false)
	o, err := c.open(ctx, t, station.World{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	secret, err := o.app.BackupWords()
	if err != nil {
		return err
	}
	t.printf("%s", renderWords(secret.List(), bannerOf(o.app)))
	if _, err := t.ask(ctx, promptWritten); err != nil {
		return err
	}
	t.wipeScreen()
	count := askedWords
	if all {
		count = words.BackupWords
	}
	asked, err := station.AskedWords(count, c.env.Random)
	if err != nil {
		return err
	}
	t.printf("%s", render(ceremonies.Done{Title: "Now read from the paper"}, bannerOf(o.app)))
	var wrong []string
	for _, i := range asked {
		typed, err := t.askSecret(ctx, fmt.Sprintf("word %d > ", i+1))
		if err != nil {
			return err
		}
		if !secret.Is(i, string(typed)) {
			wrong = append(wrong, fmt.Sprint(i+1))
		}
		clear(typed)
	}
	if len(wrong) > 0 {
		return &failure{Error, "what was typed is not word " + strings.Join(wrong, ", "), "Run backup words again and write the words down anew."}
	}
	if err := o.app.BackupChecked(); err != nil {
		return err
	}
	t.printf("The words on the paper are right. Keep them apart from this machine.\n")
	return nil
}

func renderWords(list []string, b banner) string {
	var t text
	t.title(b, "Host secret of this station: write these 24 words down, on paper only")
	for i, word := range list {
		fmt.Fprintf(&t, "  %2d %-9s", i+1, word)
		if i%4 == 3 {
			t.line("")
		}
	}
	return t.String()
}

func (c *commands) backupFile(ctx context.Context, out string) (err error) {
	t := c.terminal(false)
	o, err := c.open(ctx, t, station.World{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	file, err := o.app.BackupFile()
	if err != nil {
		return err
	}
	if err := writeNew(out, file); err != nil {
		return &failure{Error, err.Error(), "Choose a file that does not exist, in a folder that does."}
	}
	t.printf("%s", render(ceremonies.Done{Title: "Recovery file written", Lines: []ceremonies.Line{
		{Label: "File", Value: out}, {Label: "Bytes", Value: fmt.Sprint(len(file))},
	}}, bannerOf(o.app)))
	return nil
}

// writeNew writes a public file that does not exist yet, durably.
func writeNew(path string, content []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

func join(list []string) string { return strings.Join(list, " ") }
