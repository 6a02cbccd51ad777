package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/shared/batch"

	"heliograph/online/charterfile"
	"heliograph/online/coordinator"
)

// policyCheck asks for the verdict before anyone walks to a station.
func (c *commands) policyCheck() *cobra.Command {
	var number, rate, lifetime string
	o := coordinator.DraftOptions{}
	cmd := command("check", "what the pending payouts, or a batch, would need, and why not yet",
		`Drafts the pending payouts as heliograph batch draft would, judges them by the
charter and by all that stations have released until now, and prints the verdict,
what is refused first. Nothing is kept and no coin is reserved. With --batch it
judges a batch that was drafted before, as if it were carried to the stations
now, with all that people have signed about it: what it still needs, who could
give it, from when, and which stations to visit.

Exit code 3 if the charter refuses the batch, 4 if it does not allow it yet, or
if too few stations have nonces left to sign it.`,
		`  heliograph policy check
  heliograph policy check --batch 1 --json`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			var err error
			if number != "" {
				return c.with(func(t *treasury) error {
					if err := c.observe(ctx, t, number); err != nil {
						return err
					}
					checked, err := t.CheckBatch(number)
					if err != nil {
						return err
					}
					return c.tellChecked(checked)
				})
			}
			if o.Lifetime, err = charterfile.Period(lifetime); err != nil {
				return &failure{Usage, "--lifetime: " + err.Error(), remedyLifetime}
			}
			return c.withChain(ctx, func(t *treasury) error {
				if err := c.feeRate(ctx, t, &o, rate); err != nil {
					return err
				}
				checked, err := t.CheckPending(ctx, chain{t.node}, chain{t.node}, o)
				if err != nil {
					return err
				}
				return c.tellChecked(checked)
			})
		})
	cmd.Flags().StringVar(&number, "batch", "", "a batch's number or at least 8 digits of its id (default: the pending payouts)")
	cmd.Flags().StringVar(&rate, "fee-rate", "", "sat/vB, such as 5 or 2.5 (default: what the chain asks)")
	cmd.Flags().IntVar(&o.MaxOutputs, "max-outputs", 100, "outputs of a transaction, change included")
	cmd.Flags().StringVar(&lifetime, "lifetime", "2h", "how long the stations may sign")
	cmd.Flags().IntVar(&o.Ladder, "ladder", 1, "fees to sign for each transaction (1 to 8)")
	return cmd
}

// checkDocument is a check as JSON.
type checkDocument struct {
	Batch      int                   `json:"batch"`
	Allowed    bool                  `json:"allowed"`
	Needs      []needDocument        `json:"needs"`
	Stale      bool                  `json:"older_charter"`
	Quorum     []int                 `json:"quorum"`
	Verdict    []string              `json:"verdict"`
	Payouts    int                   `json:"payouts"`
	TotalSat   int64                 `json:"total_sat"`
	MaxFeeSat  int64                 `json:"max_fee_sat"`
	Signatures int                   `json:"signatures"`
	Threshold  int                   `json:"threshold"`
	Ready      int                   `json:"ready"`
	Stations   []stationNonces       `json:"stations"`
	Waiting    []coordinator.Waiting `json:"waiting"`
}

// needDocument is something that a batch needs before the stations sign it.
type needDocument struct {
	Rule   string   `json:"rule"`
	What   string   `json:"what"`
	People []string `json:"people"`
}

func needDocuments(needs []coordinator.Need) []needDocument {
	out := []needDocument{}
	for _, n := range needs {
		out = append(out, needDocument{n.Rule, n.What, append([]string{}, n.People...)})
	}
	return out
}

func (c *commands) tellChecked(k coordinator.Checked) error {
	d := checkDocument{
		Batch: k.Number, Allowed: k.Verdict.Allowed, Verdict: k.Verdict.Sentences(),
		Payouts: len(k.Verified.PayoutIDs()), TotalSat: int64(k.Verified.Total()), MaxFeeSat: int64(k.Verified.MaxFee()),
		Signatures: k.Verified.Inputs(), Threshold: k.Threshold, Ready: k.Ready(),
		Needs: needDocuments(k.Needs), Stale: k.Stale, Quorum: append([]int{}, k.Quorum...),
		Stations: []stationNonces{}, Waiting: append([]coordinator.Waiting{}, k.Waiting...),
	}
	for _, s := range k.Stations {
		d.Stations = append(d.Stations, stationNonces{s.Number, s.Name, s.Unused})
	}
	what := "The pending payouts"
	if k.Number > 0 {
		what = fmt.Sprintf("Batch %d", k.Number)
	}
	c.say("%s: %d payments, %s, and a fee of at most %s.", what, d.Payouts, batch.Amount(d.TotalSat), batch.Amount(d.MaxFeeSat))
	switch {
	case k.Stale:
		c.say("It was drafted under an older charter: no station signs it any more.")
	case d.Allowed:
		c.say("The charter allows it.")
	case k.Against > 0:
		c.say("The charter refuses it, and so would every station.")
	default:
		c.say("The charter does not allow it yet. It needs:")
	}
	for _, s := range d.Verdict {
		c.say("  %s", escape(s))
	}
	for _, w := range d.Waiting {
		c.say("waits: %s: %s", escape(w.ExternalID), escape(w.Why))
	}
	c.say("It takes %d of %d stations, and %d nonces at each; %d have as many.", d.Threshold, len(d.Stations), d.Signatures, d.Ready)
	if d.Allowed && d.Ready >= d.Threshold {
		c.say("Stations to visit: %s.", strings.Trim(fmt.Sprint(d.Quorum), "[]"))
	}
	if err := c.document(d); err != nil {
		return err
	}
	switch {
	case k.Stale:
		return &coordinator.Stale{Number: k.Number}
	case k.Against > 0:
		return &failure{Refused, "the charter refuses this batch", "Nothing was kept. Change the payouts (heliograph payouts cancel), or wait until a limit over time allows more."}
	case !d.Allowed && k.Number == 0:
		return &failure{Waiting, "the charter does not allow this batch yet", "Draft it (heliograph batch draft): people sign about a batch that is drafted."}
	case !d.Allowed:
		return &coordinator.Refused{Verdict: k.Verdict, Needs: k.Needs}
	}
	if d.Ready < d.Threshold {
		return &failure{Waiting, "too few stations have nonces left", "Draft with fewer variants (--ladder), or sign and finish other batches first, which refills the pools."}
	}
	return nil
}
