package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"heliograph/shared/batch"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

func (c *commands) payoutsImport() *cobra.Command {
	var dry bool
	cmd := command("import FILE.csv", "take in a payout file",
		`The file is UTF-8 CSV with the first row
  external_id,counterparty,address,amount_sat,reference
and one payout a row. All of it is taken in, or nothing: every error is named by
row and column. An external id is taken once, for ever, also if its payout was
cancelled. Addresses must be the counterparty's own in the charter; for an
OP_RETURN output write data: and hexadecimal digits, with an amount of 0.`,
		`  heliograph payouts import payouts.csv --dry-run
  heliograph payouts import payouts.csv`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			return c.with(func(t *treasury) error { return c.imported(t, args[0], dry) })
		})
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only check the file")
	return cmd
}

// importDocument is what --json prints of an import.
type importDocument struct {
	Imported bool                  `json:"imported"`
	Payouts  int                   `json:"payouts"`
	TotalSat int64                 `json:"total_sat"`
	Problems []coordinator.Problem `json:"problems"`
}

func (c *commands) imported(t *treasury, path string, dry bool) error {
	b, err := readFile(path, maxCSV)
	if err != nil {
		return err
	}
	rows, problems := readCSV(b)
	var payouts []book.Payout
	// Rows that could be read are checked even if others could not: a person
	// wants all errors at once.
	if len(rows) > 0 || len(problems) == 0 {
		check := t.Check
		if !dry && len(problems) == 0 {
			check = t.Import
		}
		var found []coordinator.Problem
		if payouts, found, err = check(rows); err != nil {
			return err
		}
		problems = append(problems, found...)
		slices.SortStableFunc(problems, func(a, b coordinator.Problem) int { return a.Line - b.Line })
	}
	d := importDocument{Imported: !dry && len(problems) == 0, Problems: append([]coordinator.Problem{}, problems...)}
	if len(problems) == 0 {
		var total batch.Amount
		for _, p := range payouts {
			total += p.Amount
		}
		d.Payouts, d.TotalSat = len(payouts), int64(total)
		if dry {
			c.say("nothing is wrong with the file: %d payouts, %s in total; nothing was taken in (dry run)", len(payouts), total)
		} else {
			c.say("taken in: %d payouts, %s in total", len(payouts), total)
			c.say("next: heliograph batch draft")
		}
		return c.document(d)
	}
	if err := c.document(d); err != nil {
		return err
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return &failure{Error, fmt.Sprintf("%s: %d errors, nothing was taken in\n  %s", path, len(problems), strings.Join(lines, "\n  ")), "Correct the file and import it again."}
}

// payoutDocument is a payout in a JSON document.
type payoutDocument struct {
	ExternalID   string `json:"external_id"`
	Counterparty string `json:"counterparty"`
	Address      string `json:"address"`
	AmountSat    int64  `json:"amount_sat"`
	Reference    string `json:"reference"`
	Status       string `json:"status"`
	Batch        int    `json:"batch"` // its number, 0 if none
}

var payoutStatuses = []string{
	string(book.Pending), string(book.Drafted), string(book.Signed), string(book.Broadcast), string(book.Confirmed), string(book.Cancelled),
}

func (c *commands) payoutsList() *cobra.Command {
	var status string
	cmd := command("list", "all payouts and where they stand",
		`A payout is pending, drafted, signed, broadcast, confirmed, or cancelled.`,
		`  heliograph payouts list
  heliograph payouts list --status pending --json`,
		cobra.NoArgs, func(context.Context, []string) error {
			if !slices.Contains(payoutStatuses, status) && status != "" {
				return &failure{Usage, fmt.Sprintf("--status: %q is no status of a payout", status), "Choose one of " + strings.Join(payoutStatuses, ", ") + "."}
			}
			return c.with(func(t *treasury) error { return c.listPayouts(t, status) })
		})
	cmd.Flags().StringVar(&status, "status", "", "only payouts of this status")
	return cmd
}

func (c *commands) listPayouts(t *treasury, status string) error {
	state, err := t.State()
	if err != nil {
		return err
	}
	numbers := make(map[batch.ID]int)
	for _, b := range state.Batches {
		numbers[b.ID] = b.Number
	}
	list := []payoutDocument{}
	for _, p := range state.Payouts {
		if status != "" && string(p.Status) != status {
			continue
		}
		address, err := coordinator.Destination(t.Settings().Network, p.Script)
		if err != nil {
			return err
		}
		list = append(list, payoutDocument{p.ExternalID, p.Counterparty, address, int64(p.Amount), p.Reference, string(p.Status), numbers[p.Batch]})
	}
	c.table("EXTERNAL ID\tCOUNTERPARTY\tAMOUNT\tSTATUS\tBATCH\tADDRESS", func(row func(...any)) {
		for _, p := range list {
			row(p.ExternalID, p.Counterparty, batch.Amount(p.AmountSat), p.Status, orDash(p.Batch), p.Address)
		}
	})
	return c.document(struct {
		Payouts []payoutDocument `json:"payouts"`
	}{list})
}

func orDash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// table prints rows in columns; with --json, nothing.
func (c *commands) table(header string, fill func(row func(...any))) {
	if c.json {
		return
	}
	w := tabwriter.NewWriter(c.env.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, header)
	fill(func(cells ...any) {
		texts := make([]string, len(cells))
		for i, cell := range cells {
			texts[i] = escape(fmt.Sprint(cell))
		}
		_, _ = fmt.Fprintln(w, strings.Join(texts, "\t"))
	})
	_ = w.Flush()
}

func (c *commands) payoutsCancel() *cobra.Command {
	return command("cancel EXTERNAL-ID", "give a pending payout up",
		`Only a payout that is in no batch can be cancelled. Its external id stays taken.

If a station has released it before, an earlier version of it may still confirm
until the coin that it is bound to is spent by something else: until then do not
ask for the same payment under another id, or it could be paid twice.`,
		`  heliograph payouts cancel 2026-11-0007`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			return c.with(func(t *treasury) error {
				if err := t.Cancel(args[0]); err != nil {
					return err
				}
				c.say("cancelled: %s", escape(args[0]))
				return c.document(struct {
					ExternalID string `json:"external_id"`
					Status     string `json:"status"`
				}{args[0], string(book.Cancelled)})
			})
		})
}
