package cli

import (
	"context"

	"github.com/spf13/cobra"

	"heliograph/shared/charter"
	"heliograph/shared/policy/diff"
)

// policyDiff compares what two charters allow.
func (c *commands) policyDiff() *cobra.Command {
	return command("diff [OLD] NEW", "what a change of the charter newly allows and newly refuses",
		`Compares two charter files, or one with the charter in force: which batches the new
one allows that the old one refuses, and the other way round, each proved by an
example with the rules that decide it. If nothing is said to change, then nothing
does: every batch is covered. What was written otherwise follows in words.`,
		`  heliograph policy diff charter.yaml
  heliograph policy diff old.yaml new.yaml --json`,
		cobra.RangeArgs(1, 2), func(_ context.Context, args []string) error {
			return c.with(func(t *treasury) error {
				prior, next, err := c.readPair(t, args)
				if err != nil {
					return err
				}
				d, err := diff.Compare(prior, next)
				if err != nil {
					return err
				}
				for _, s := range d.Sentences() {
					c.say("%s", escape(s))
				}
				return c.document(newDiffDocument(d))
			})
		})
}

// readPair reads the charters to compare: the last file, with the first or with
// the charter in force.
func (c *commands) readPair(t *treasury, args []string) (prior, next charter.Charter, err error) {
	if next, err = c.readDraft(t, args[len(args)-1]); err != nil {
		return prior, next, err
	}
	if len(args) == 2 {
		prior, err = c.readDraft(t, args[0])
		return prior, next, err
	}
	if prior, err = t.Charter(); err != nil {
		return prior, next, err
	}
	// That one follows the other, and later, is no difference in what they allow.
	p, d := prior.Document(), next.Document()
	d.Epoch, d.Prior, d.Issued = p.Epoch, p.Prior, p.Issued
	next, err = charter.New(d)
	return prior, next, err
}

// diffDocument is a comparison as JSON.
type diffDocument struct {
	Same             bool              `json:"same"`
	NewlyAllowed     []exampleDocument `json:"newly_allowed"`
	NewlyRefused     []exampleDocument `json:"newly_refused"`
	UndecidedAllowed []string          `json:"undecided_allowed"`
	UndecidedRefused []string          `json:"undecided_refused"`
	Structure        []string          `json:"structure"`
}

type exampleDocument struct {
	Rule    string   `json:"rule"`
	Batch   []string `json:"batch_in_words"`
	Refused []string `json:"refused"`
}

func newDiffDocument(d diff.Diff) diffDocument {
	examples := func(of []diff.Example) []exampleDocument {
		out := []exampleDocument{}
		for _, e := range of {
			out = append(out, exampleDocument{e.Rule, e.Batch, e.Refused})
		}
		return out
	}
	return diffDocument{
		Same: d.Same(), NewlyAllowed: examples(d.Allowed), NewlyRefused: examples(d.Refused),
		UndecidedAllowed: append([]string{}, d.UndecidedAllowed...), UndecidedRefused: append([]string{}, d.UndecidedRefused...),
		Structure: append([]string{}, d.Structure...),
	}
}
