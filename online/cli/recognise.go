package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// maxPSBT bounds a PSBT from elsewhere, in bytes.
const maxPSBT = 4 << 20

func (c *commands) batchRecognise() *cobra.Command {
	return command("recognise FILE", "say which batch a PSBT from elsewhere belongs to",
		`Reads a PSBT (binary, BIP174) strictly, as a stranger's, and says of which batch its
transaction is, and whether it is to the byte what heliograph batch psbt writes.
Exit code 1 if it is of no batch.`,
		`  heliograph batch recognise reviewed.psbt`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			b, err := readFile(args[0], maxPSBT)
			if err != nil {
				return err
			}
			return c.with(func(t *treasury) error {
				r, err := t.Recognise(b)
				if err != nil {
					return err
				}
				if r.Batch == 0 {
					return &failure{Error, "this PSBT is of no batch of this treasury", "Sign nothing because of it: what the stations sign comes from heliograph batch draft."}
				}
				if r.File == "" {
					c.say("batch %d: the same transaction, written differently than here", r.Batch)
				} else {
					c.say("batch %d: to the byte %s", r.Batch, escape(r.File))
				}
				return c.document(recognisedDocument{Batch: r.Batch, File: r.File})
			})
		})
}

// recognisedDocument is what batch recognise prints.
type recognisedDocument struct {
	Batch int    `json:"batch"`
	File  string `json:"file"`
}
