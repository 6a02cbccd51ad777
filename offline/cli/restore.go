package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/offline/station"
	"heliograph/shared/words"
)

const (
	promptWords = "words > "
	maxFile     = 1 << 20 // bytes of a recovery file
)

func (c *commands) restore() *cobra.Command {
	var file, name string
	var pool int
	cmd := command("restore --file FILE --name NAME", "bring a share back from its 24 words and the recovery file",
		`Asks for the 24 words (on one line or several), recovers the share, proves it
against the wallet's key, and shows the wallet's words and first address to
compare with another station. Then it asks for a new passphrase twice.

The new installation gets a new instance key. It is a stranger to the wallet's
charter and signs nothing until an amendment lists it and the others have told
it what they remember; nonces are never restored, because a nonce that is used
twice gives the share away. Go on with run.`,
		`  heliograph-station --dir vault-b restore --file wallet.heliograph --name vault-b`,
		func(ctx context.Context) error { return c.bringBack(ctx, file, name, pool) })
	cmd.Flags().StringVar(&file, "file", "", "the wallet's recovery file")
	cmd.Flags().StringVar(&name, "name", "", "what people call the new installation")
	cmd.Flags().IntVar(&pool, "pool", station.DefaultPool, "signing nonces kept ready, 1 to 7500")
	required(cmd, "file", "name")
	return cmd
}

func (c *commands) bringBack(ctx context.Context, path, name string, pool int) error {
	if err := c.vacant(); err != nil {
		return err
	}
	file, err := readFile(path)
	if err != nil {
		return &failure{Error, err.Error(), "Name the wallet's recovery file with --file."}
	}
	t := c.terminal(false)
	list, err := typedWords(ctx, t)
	if err != nil {
		return err
	}
	r, err := station.Restore(list, file, name, pool, c.env.Now(), c.env.Random)
	if err != nil {
		return &failure{Error, err.Error(), "Nothing was made. Check the words at the positions named, and that the file is this wallet's."}
	}
	defer r.Installation.Wipe()
	you := &person{terminal: t, banner: banner{practice: r.Network.Practice()}}
	compare := ceremonies.Compare{
		Title: fmt.Sprintf("Share of station %d of %s, proven against the wallet's key", r.Station, r.WalletName),
		Words: r.WalletWords, Value: r.FirstAddress, With: "another station of this wallet",
	}
	you.Look(compare)
	answer, err := you.compare(ctx, station.Offers{})
	if err != nil {
		return err
	}
	if _, same := answer.Input.(ceremonies.Matches); !same {
		return &failure{Refused, "these words belong to another wallet than the other stations'", "Nothing was made. Find the right recovery file."}
	}
	if err := c.create(ctx, t, r.Installation); err != nil {
		return err
	}
	you.Look(ceremonies.Done{Title: "Restored, but not listed", Lines: []ceremonies.Line{
		{Label: "Share", Value: fmt.Sprintf("station %d of %s", r.Station, r.WalletName)},
		{Label: "Instance", Value: "new: the charter does not list it", Note: "This installation signs nothing until an amendment of the charter lists it.", Alert: true},
		{Label: "Next", Value: "run: it shows its introduction, for an amendment to list it"},
		{Label: "Keystore", Value: c.dir},
	}})
	return nil
}

// typedWords reads lines until there are as many words as a backup has.
func typedWords(ctx context.Context, t *terminal) ([]string, error) {
	var list []string
	for len(list) < words.BackupWords {
		line, err := t.askSecret(ctx, promptWords)
		if err != nil {
			return nil, err
		}
		list = append(list, strings.Fields(string(line))...)
		clear(line)
		t.printf("%d of %d words\n", len(list), words.BackupWords)
	}
	return list, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes: it is no recovery file", path, maxFile)
	}
	return content, nil
}
