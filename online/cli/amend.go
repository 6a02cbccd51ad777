package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/words"

	"heliograph/online/coordinator"
)

func (c *commands) amendDraft() *cobra.Command {
	var thaw, withdraw bool
	cmd := command("draft [FILE]", "draft a change of the charter",
		`Reads a charter file (heliograph charter export writes the charter in force as
one), says what it changes, proves what it newly allows and refuses, and keeps it
as the amendment that people approve and stations acknowledge. A draft that was
kept before is replaced; what people signed about it counts for it alone.

With --thaw the amendment lifts every freeze that is known here; FILE may then be
left out. With --withdraw it is the charter in force once more, and withdraws one
that is adopted and not yet in force, with the stations that it lists anew.`,
		`  heliograph charter export > charter.yaml
  heliograph amend draft charter.yaml
  heliograph amend draft --thaw
  heliograph amend draft --withdraw`,
		cobra.MaximumNArgs(1), func(_ context.Context, args []string) error {
			if len(args) == 1 && withdraw {
				return &failure{Usage, "amend draft: a file and --withdraw exclude each other", "Leave one of them out."}
			}
			if len(args) == 0 && !thaw && !withdraw {
				return &failure{Usage, "amend draft: name the charter file", "heliograph charter export > charter.yaml writes the charter in force; edit it."}
			}
			return c.with(func(t *treasury) error {
				var next charter.Charter
				var err error
				if len(args) == 1 {
					if next, err = c.readDraft(t, args[0]); err != nil {
						return err
					}
				}
				if withdraw {
					if next, err = t.Withdrawal(); err != nil {
						return err
					}
				}
				if thaw {
					if next, err = t.Thaw(next); err != nil {
						return err
					}
				}
				a, err := t.DraftAmendment(next)
				if err != nil {
					return err
				}
				return c.tellAmendment(a)
			})
		})
	cmd.Flags().BoolVar(&withdraw, "withdraw", false, "the charter in force once more, without what is adopted and not yet in force")
	cmd.Flags().BoolVar(&thaw, "thaw", false, "lift every freeze that is known here")
	return cmd
}

func (c *commands) amendShow() *cobra.Command {
	return command("show", "the amendment that is drafted, and what it still needs",
		`Prints what the drafted amendment changes, with the proof and the whole new
charter, what the charter in force demands for it, and what of that is there.`,
		`  heliograph amend show`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				a, err := t.Amendment()
				if err != nil {
					return err
				}
				return c.tellAmendment(a)
			})
		})
}

// amendmentDocument is an amendment as JSON.
type amendmentDocument struct {
	Epoch     uint32       `json:"epoch"`
	ID        string       `json:"id"`
	Words     []string     `json:"words"`
	Number    uint32       `json:"ballot"`
	Digest    string       `json:"digest"`
	Loosens   bool         `json:"loosens"`
	Why       []string     `json:"why"`
	Delay     uint32       `json:"delay_seconds"`
	Lifts     []string     `json:"lifts"`
	Replaces  []int        `json:"replaces"`
	Withdraws bool         `json:"withdraws"`
	Demand    string       `json:"demand"`
	Lacks     []string     `json:"lacks"`
	Acked     []int        `json:"acknowledged"`
	Missing   int          `json:"missing"`
	Refusals  []string     `json:"refusals"`
	Diff      diffDocument `json:"diff"`
	Sentences []string     `json:"sentences"`
}

func (c *commands) tellAmendment(a coordinator.Amendment) error {
	id := a.Charter.ID()
	fingerprint := words.Fingerprint(id)
	d := amendmentDocument{
		Epoch: a.Charter.Document().Epoch, ID: hex.EncodeToString(id[:]), Words: fingerprint[:], Number: a.Number, Digest: hex.EncodeToString(a.Digest[:]),
		Loosens: a.Change.Loosens, Why: append([]string{}, a.Change.Why...), Delay: a.Change.Delay, Lifts: []string{}, Replaces: append([]int{}, a.Change.Replaced...),
		Withdraws: a.Withdraws, Lacks: append([]string{}, a.Why...), Acked: append([]int{}, a.Acked...), Missing: a.Missing, Refusals: append([]string{}, a.Refusals...),
		Diff: newDiffDocument(a.Change.Diff), Sentences: a.Charter.Sentences(),
	}
	if a.Change.Demand.Kind != charter.DemandNone {
		d.Demand = a.Change.Demand.Sentence()
	}
	for _, l := range a.Change.Lifts {
		d.Lifts = append(d.Lifts, hex.EncodeToString(l[:]))
	}
	c.say("amendment to charter %d, ballot %d", d.Epoch, d.Number)
	for _, s := range ceremonies.ChangeVerdict(a.Change) {
		c.say("  %s", escape(s))
	}
	if a.Withdraws {
		c.say("  A charter that is adopted and not yet in force is withdrawn by it.")
	}
	for _, section := range ceremonies.Change(a.Base, a.Charter, a.Change) {
		c.say("%s", escape(section.Title))
		for _, l := range section.Lines {
			c.say("  %s", escape(l.Value))
		}
	}
	c.say("charter words: %s", strings.Join(d.Words, " "))
	for _, l := range a.Earlier {
		c.say("%s: %s", l.Label, escape(l.Value))
	}
	for _, s := range d.Refusals {
		c.say("%s", escape(s))
	}
	acked := "no station"
	if len(d.Acked) > 0 {
		acked = "stations " + strings.Trim(fmt.Sprint(d.Acked), "[]")
	}
	c.say("acknowledged by %s; %d more needed", acked, d.Missing)
	if !a.Ready {
		c.say("No station acknowledges it yet:")
		for _, s := range d.Lacks {
			c.say("  %s", escape(s))
		}
		c.say("next: heliograph approve --help (with --amendment), then heliograph amend carry")
		return c.document(d)
	}
	c.say("Nothing is lacking. next: heliograph amend carry --camera DIR --screen DIR")
	return c.document(d)
}

// epochDocument is a charter of the line as JSON.
type epochDocument struct {
	Epoch   uint32   `json:"epoch"`
	ID      string   `json:"id"`
	Words   []string `json:"words"`
	From    int64    `json:"from"`
	InForce bool     `json:"in_force"`
	Pending bool     `json:"not_yet_in_force"`
}

func (c *commands) amendStatus() *cobra.Command {
	return command("status", "the charters of this wallet, and which is in force",
		`Lists every charter that stations have adopted, from when each is in force, and
whether an amendment is drafted. Exit code 4 while one is adopted and not yet in
force.`,
		`  heliograph amend status`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error { return c.tellLine(t) })
		})
}

func (c *commands) tellLine(t *treasury) error {
	line, err := t.Line()
	if err != nil {
		return err
	}
	now := c.env.Now()
	rules := line.At(now).Charter().ID()
	next, from, pending := line.Pending(now)
	epochs := []epochDocument{}
	for _, e := range line.Epochs() {
		id := e.Charter.ID()
		fingerprint := words.Fingerprint(id)
		d := epochDocument{Epoch: e.Charter.Document().Epoch, ID: hex.EncodeToString(id[:]), Words: fingerprint[:], From: e.From, InForce: id == rules, Pending: pending && id == next.ID()}
		epochs = append(epochs, d)
		state := "over"
		switch {
		case d.InForce:
			state = "in force"
		case d.Pending:
			state = "not yet in force, until " + ceremonies.Clock(e.From)
		case e.From > now:
			state = "withdrawn"
		}
		c.say("charter %d: %s; words: %s", d.Epoch, state, strings.Join(d.Words, " "))
	}
	document := struct {
		Epochs    []epochDocument `json:"epochs"`
		Drafted   bool            `json:"drafted"`
		NotBefore int64           `json:"not_before"` // when the pending charter is in force, 0 if none is pending
	}{Epochs: epochs}
	if pending {
		document.NotBefore = from
	}
	switch a, err := t.Amendment(); {
	case err == nil:
		document.Drafted = true
		c.say("An amendment to charter %d is drafted: heliograph amend show", a.Charter.Document().Epoch)
	case !errors.Is(err, coordinator.ErrNoAmendment):
		return err
	}
	if err := c.document(document); err != nil {
		return err
	}
	if pending {
		return &failure{Waiting, fmt.Sprintf("charter %d is adopted and not yet in force until %s", next.Document().Epoch, ceremonies.Clock(from)), "Until then the charter before it rules. An amendment without it withdraws it."}
	}
	return nil
}
