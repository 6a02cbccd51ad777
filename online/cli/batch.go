package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/spf13/cobra"

	"heliograph/shared/batch"

	"heliograph/online/charterfile"
	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

func (c *commands) batchDraft() *cobra.Command {
	var rate, lifetime string
	o := coordinator.DraftOptions{}
	cmd := command("draft", "put all pending payouts into one batch",
		`Selects coins and makes as few transactions as the bound of outputs allows, all
signed together. The batch is judged by the charter first; one that it refuses
is not kept (exit code 3, with the rules in sentences). A payout that a station
has released before is bound to its coin for ever and waits until that can be
spent. Coins that are not confirmed, or in another batch, are not touched.

With --ladder K every transaction is signed with K fees, each half as much again
as the one before, of which batch broadcast chooses.`,
		`  heliograph batch draft
  heliograph batch draft --fee-rate 5 --max-outputs 21 --lifetime 2h --ladder 3`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			var err error
			if o.Lifetime, err = charterfile.Period(lifetime); err != nil {
				return &failure{Usage, "--lifetime: " + err.Error(), remedyLifetime}
			}
			if o.Ladder < 1 || o.Ladder > batch.MaxVariants {
				return &failure{Usage, fmt.Sprintf("--ladder: %d fees for each transaction", o.Ladder), fmt.Sprintf("Write 1 to %d.", batch.MaxVariants)}
			}
			if o.MaxOutputs < 2 {
				return &failure{Usage, fmt.Sprintf("--max-outputs: %d outputs leave no room for a payment and its change", o.MaxOutputs), "Write 2 or more."}
			}
			return c.withChain(ctx, func(t *treasury) error { return c.drafted(ctx, t, o, rate) })
		})
	cmd.Flags().StringVar(&rate, "fee-rate", "", "sat/vB, such as 5 or 2.5 (default: what the chain asks)")
	cmd.Flags().IntVar(&o.MaxOutputs, "max-outputs", 100, "outputs of a transaction, change included")
	cmd.Flags().StringVar(&lifetime, "lifetime", "2h", "how long the stations may sign")
	cmd.Flags().IntVar(&o.Ladder, "ladder", 1, "fees to sign for each transaction (1 to 8)")
	return cmd
}

const remedyLifetime = "Write a period such as 30m, 2h or 1d."

var rateForm = regexp.MustCompile(`^([0-9]{1,5})(?:\.([0-9]{1,3}))?$`)

// parseRate reads sat/vB with up to three decimals as sat/kvB.
func parseRate(s string) (int64, error) {
	m := rateForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is no fee rate: write sat/vB, such as 5 or 2.5", s)
	}
	n, err := strconv.ParseInt(m[1]+(m[2] + "000")[:3], 10, 64)
	if err != nil || n < 1000 {
		return 0, fmt.Errorf("a fee rate of %q: nodes relay nothing below 1 sat/vB", s)
	}
	return n, nil
}

// feeRate sets the fee rate to the one written, or else to what the chain asks.
func (c *commands) feeRate(ctx context.Context, t *treasury, o *coordinator.DraftOptions, rate string) error {
	var err error
	if rate != "" {
		if o.FeeRateSatPerKvB, err = parseRate(rate); err != nil {
			return &failure{Usage, "--fee-rate: " + err.Error(), "Write sat/vB, such as 5 or 2.5, at least 1."}
		}
		return nil
	}
	o.FeeRateSatPerKvB, err = t.node.FeeRate(ctx)
	return err
}

func (c *commands) drafted(ctx context.Context, t *treasury, o coordinator.DraftOptions, rate string) error {
	if err := c.feeRate(ctx, t, &o, rate); err != nil {
		return err
	}
	d, err := t.Draft(ctx, chain{t.node}, chain{t.node}, o)
	if err != nil {
		return err
	}
	for _, w := range d.Waiting {
		c.say("waits: %s: %s", escape(w.ExternalID), escape(w.Why))
	}
	view := viewBatch(t.Settings().Network, d.Batch, d.Verified, nil)
	view.Verdict, view.Waiting, view.Needs = d.Verdict.Sentences(), d.Waiting, needDocuments(d.Needs)
	c.tellBatch(view)
	if len(d.Needs) == 0 {
		c.say("The charter allows it. next: heliograph batch sign %d --camera DIR --screen DIR", d.Batch.Number)
		return c.document(view)
	}
	c.say("The charter does not allow it yet. It needs:")
	for _, n := range d.Needs {
		c.say("  %s", escape(n.What))
	}
	c.say("next: heliograph approve --help, then heliograph policy check --batch %d", d.Batch.Number)
	return c.document(view)
}

func (c *commands) batchList() *cobra.Command {
	return command("list", "all batches and where they stand",
		`A batch is drafted, signing (a session is open), signed, broadcast, confirmed, or
discarded.`,
		`  heliograph batch list`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				state, err := t.State()
				if err != nil {
					return err
				}
				views := []batchView{}
				for _, b := range state.Batches {
					_, v, signed, err := t.Batch(b.ID.String())
					if err != nil {
						return err
					}
					views = append(views, viewBatch(t.Settings().Network, b, v, signed))
				}
				c.table("BATCH\tSTATUS\tPAYOUTS\tTOTAL\tMAX FEE\tINPUTS\tTRANSACTIONS", func(row func(...any)) {
					for _, v := range views {
						row(v.Number, v.Status, v.Payouts, batch.Amount(v.TotalSat), batch.Amount(v.MaxFeeSat), v.Inputs, len(v.Transactions))
					}
				})
				return c.document(struct {
					Batches []batchView `json:"batches"`
				}{views})
			})
		})
}

func (c *commands) batchShow() *cobra.Command {
	return command("show BATCH", "a batch with every output",
		`BATCH is its number, or at least 8 digits of its id.`,
		`  heliograph batch show 1
  heliograph batch show 1 --json`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			return c.with(func(t *treasury) error {
				view, err := c.see(t, args[0])
				if err != nil {
					return err
				}
				for i, tx := range view.Transactions {
					c.say("  outputs of transaction %d", i)
					for _, o := range tx.Outputs {
						to := fmt.Sprintf("%s (%s)", o.Counterparty, o.ExternalID)
						if o.Change {
							to = "change, back to the wallet"
						}
						c.say("    %s  %s  %s", batch.Amount(o.AmountSat), o.Address, escape(to))
					}
				}
				return c.document(view)
			})
		})
}

// see reads a batch and prints its summary.
func (c *commands) see(t *treasury, ref string) (batchView, error) {
	b, v, signed, err := t.Batch(ref)
	if err != nil {
		return batchView{}, err
	}
	view := viewBatch(t.Settings().Network, b, v, signed)
	c.tellBatch(view)
	return view, nil
}

func (c *commands) batchSign() *cobra.Command {
	var quorum, camera, screen string
	var o coordinator.SignOptions
	cmd := command("sign BATCH --camera DIR --screen DIR", "carry a batch to the stations that sign it",
		`Visits the stations of a quorum in order: shows the request until you press Enter,
when the station has it, then scans the station's answer. If a station does not
come, type away: the session ends and another quorum signs the same
transactions. The charter judges the batch again before anyone walks.

The signed transactions are kept; heliograph batch broadcast sends them.`+devicesHelp,
		`  heliograph batch sign 1 --camera camera --screen screen
  heliograph batch sign 1 --quorum 0,2 --camera camera --screen screen`,
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			var err error
			if o.Quorum, err = parseQuorum(quorum); err != nil {
				return &failure{Usage, "--quorum: " + err.Error(), "Write the stations in visiting order, such as 0,2; heliograph wallet lists them."}
			}
			return c.with(func(t *treasury) error {
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				if err := c.observe(ctx, t, args[0]); err != nil {
					return err
				}
				b, err := t.Sign(ctx, at, args[0], o)
				if err != nil {
					return err
				}
				view, err := c.see(t, b.ID.String())
				if err != nil {
					return err
				}
				c.say("next: heliograph batch broadcast %d", b.Number)
				return c.document(view)
			})
		})
	cmd.Flags().StringVar(&quorum, "quorum", "", "stations in visiting order, such as 0,2 (default: the first with enough nonces)")
	cmd.Flags().BoolVar(&o.Anyway, "anyway", false, "show it even if the charter refuses it by now; the stations will refuse it, and say so")
	return devices(cmd, &camera, &screen)
}

func (c *commands) batchBroadcast() *cobra.Command {
	var variant int
	cmd := command("broadcast BATCH", "send a signed batch to the network",
		`What is sent is kept first: it is sent again at every start until it is in a block.
It can be called again at any time. With --variant the fee is raised to that step
of the ladder; it never goes back.`,
		`  heliograph batch broadcast 1
  heliograph batch broadcast 1 --variant 1`,
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return c.withChain(ctx, func(t *treasury) error {
				b, err := t.Broadcast(ctx, chain{t.node}, args[0], variant)
				if err != nil {
					return err
				}
				view, err := c.see(t, b.ID.String())
				if err != nil {
					return err
				}
				c.say("next: heliograph batch track %d, once there is a block", b.Number)
				return c.document(view)
			})
		})
	cmd.Flags().IntVar(&variant, "variant", 0, "step of the fee ladder")
	return cmd
}

func (c *commands) batchTrack() *cobra.Command {
	return command("track BATCH", "see whether a batch is confirmed",
		`Looks every variant of the batch's transactions up. Exit code 4 while one of them
is in no block.`,
		`  heliograph batch track 1`,
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return c.withChain(ctx, func(t *treasury) error {
				b, err := t.Track(ctx, chain{t.node}, args[0])
				if err != nil {
					return err
				}
				view, err := c.see(t, b.ID.String())
				if err != nil {
					return err
				}
				if err := c.document(view); err != nil {
					return err
				}
				if b.Status != book.BatchConfirmed {
					return &failure{Waiting, fmt.Sprintf("batch %d is %s, not confirmed yet", b.Number, b.Status), "Wait for a block and track it again; a batch that is only signed is sent with heliograph batch broadcast."}
				}
				return nil
			})
		})
}

func (c *commands) batchDiscard() *cobra.Command {
	return command("discard BATCH", "give up a batch that has no signatures",
		`Its coins are free again and its payouts pending. What a station has released for it
stays bound to its coin, so that no later draft can pay it a second time.`,
		`  heliograph batch discard 1`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			return c.with(func(t *treasury) error {
				b, err := t.Discard(args[0])
				if err != nil {
					return err
				}
				view, err := c.see(t, b.ID.String())
				if err != nil {
					return err
				}
				return c.document(view)
			})
		})
}

func (c *commands) batchPSBT() *cobra.Command {
	return c.batchFiles("psbt BATCH --out DIR", "write a batch's PSBTs for other wallets",
		`Writes one file for every transaction and variant, unsigned and, once there are
signatures, signed (BIP174, BIP371).`,
		`  heliograph batch psbt 1 --out psbt`, (*coordinator.Coordinator).PSBTs)
}

func (c *commands) batchExport() *cobra.Command {
	return c.batchFiles("export BATCH --out DIR", "write a batch's records for an auditor",
		`Writes the facts that people approved, the record of the last session with every
station's signed answer, and the signed transactions in hex.`,
		`  heliograph batch export 1 --out audit`, (*coordinator.Coordinator).Export)
}

// batchFiles is a command that writes files about a batch.
func (c *commands) batchFiles(use, short, long, example string, files func(*coordinator.Coordinator, string) ([]coordinator.File, error)) *cobra.Command {
	var out string
	cmd := command(use, short, long, example, cobra.ExactArgs(1), func(_ context.Context, args []string) error {
		return c.with(func(t *treasury) error {
			found, err := files(t.Coordinator, args[0])
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o700); err != nil {
				return err
			}
			names := []string{}
			for _, f := range found {
				path := filepath.Join(out, f.Name)
				if err := replaceFile(path, f.Bytes); err != nil {
					return err
				}
				names = append(names, path)
				c.say("%s", escape(path))
			}
			return c.document(struct {
				Files []string `json:"files"`
			}{names})
		})
	})
	cmd.Flags().StringVar(&out, "out", "", "folder, made if need be; files of the same names are replaced")
	required(cmd, "out")
	return cmd
}
