package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/offline/station"
	"heliograph/shared/batch"
)

func (c *commands) status() *cobra.Command {
	var asJSON bool
	cmd := command("status", "what this station is and what it waits for",
		`Shows the role (station or reviewer), the phase (enrolment, key generation,
signing, unlisted, recalling or frozen; invitation or reviewing), the wallet's
and the charter's words, which charter is not yet in force, who froze it, how
many nonces are left, and the last receipts. Asks for the passphrase. With --json, prompts go to standard error.`,
		`  heliograph-station status
  heliograph-station status --json`,
		func(ctx context.Context) error { return c.showStatus(ctx, asJSON) })
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *commands) showStatus(ctx context.Context, asJSON bool) (err error) {
	o, err := c.open(ctx, c.terminal(asJSON), station.World{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	s, err := o.app.Status()
	if err != nil {
		return err
	}
	if asJSON {
		return c.print(s)
	}
	fmt.Fprint(c.env.Out, render(ceremonies.Done{Title: "Status", Lines: s.Lines()}, bannerOf(o.app)))
	return nil
}

func (c *commands) print(v any) error {
	e := json.NewEncoder(c.env.Out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (c *commands) history() *cobra.Command {
	var asJSON bool
	var evidence string
	cmd := command("history", "what this station did, as a verified chain",
		`Shows the transcripts of enrolment, key generation, amendments and signing:
what was published, acknowledged, frozen, released and refused, and the receipt
after it. Each chain is
recomputed; the last one must end at the last receipt, and every release must
have its signed ledger record. With --evidence, the records of faults are
written to a folder, for others to check.`,
		`  heliograph-station history
  heliograph-station history --json
  heliograph-station history --evidence evidence`,
		func(ctx context.Context) error { return c.showHistory(ctx, asJSON, evidence) })
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&evidence, "evidence", "", "folder for the records of faults")
	return cmd
}

func (c *commands) showHistory(ctx context.Context, asJSON bool, evidence string) (err error) {
	o, err := c.open(ctx, c.terminal(asJSON), station.World{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	h, err := o.app.History()
	if err != nil {
		return err
	}
	if evidence != "" {
		if err := writeEvidence(o.app, evidence); err != nil {
			return err
		}
	}
	if asJSON {
		return c.print(h)
	}
	fmt.Fprint(c.env.Out, renderHistory(h, bannerOf(o.app)))
	return nil
}

func writeEvidence(app *station.App, dir string) error {
	files, err := app.Evidence()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := writeNew(filepath.Join(dir, name), content); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func renderHistory(h station.History, b banner) string {
	var t text
	t.title(b, "History")
	for _, part := range []struct {
		name   string
		events []station.Event
	}{{"Enrolment", h.Enrolment}, {"Key generation", h.Keygen}, {"Amendments", h.Amendments}} {
		for i, e := range part.events {
			if i == 0 {
				t.line("%s, a chain of %d that verifies", part.name, len(part.events))
			}
			t.line("  %4d  %s  %s", e.Number, station.Time(e.Time), escape(e.What))
		}
	}
	if len(h.AmendmentWords) > 0 {
		t.line("  %s", join(h.AmendmentWords))
	}
	title := "Signing"
	if b.reviewer != "" {
		title = "Reviewing"
	}
	t.line("%s", title)
	for _, e := range h.Events {
		t.line("  %4d  %s  %-9s  receipt %s", e.Number, station.Time(e.Time), escape(e.What), e.Receipt[:16])
		if e.Payments > 0 {
			noun := "payments"
			if e.Payments == 1 {
				noun = "payment"
			}
			t.line("        %d %s, %s, fees at most %s", e.Payments, noun, batch.Amount(e.Paid), batch.Amount(e.Fee))
		}
	}
	if len(h.Events) == 0 {
		t.line("  nothing yet")
		return t.String()
	}
	t.line("The chain of %d entries verifies and ends at the receipt", len(h.Events))
	t.line("  %s", join(h.ReceiptWords))
	return t.String()
}
