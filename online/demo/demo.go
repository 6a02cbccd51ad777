package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// limit is how long the demo may take before it counts as stuck. It is meant to
// take a tenth of this, and takes more where other programs keep the machine busy.
const limit = 12 * time.Minute

func command() *cobra.Command {
	var bin, out string
	var seed uint64
	var stand bool
	c := &cobra.Command{
		Use:   "heliograph-demo --bin FOLDER --out FOLDER",
		Short: "a cold payout from end to end, in processes of their own",
		Long: `Runs a cold payout from end to end: enrolment, key generation, a file of 40
payouts to confirmed transactions and a separate verifier; attacks that stations
refuse; people who approve, amendments of the charter, a freeze and a thaw, and a
station that is restored from paper. Leaves frames, PSBTs, blocks and a transcript in --out.

With --stand it stops once the wallet has money and a batch is drafted, and
says step by step what to type, in terminals of your own, to have it signed.`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), limit)
			defer cancel()
			w, err := newWorld(bin, out, c.OutOrStdout())
			if err != nil {
				return err
			}
			if stand {
				if err := w.run(ctx, c.ErrOrStderr(), seed, w.ready); err != nil {
					return err
				}
				return w.guide(c.Context(), c.InOrStdin(), seed)
			}
			return w.run(ctx, c.ErrOrStderr(), seed, w.whole)
		},
	}
	c.CompletionOptions.DisableDefaultCmd = true
	f := c.Flags()
	f.StringVar(&bin, "bin", "bin", "folder of the built programs")
	f.StringVar(&out, "out", "demo-out", "folder for everything that is left; an earlier demo's is replaced")
	f.Uint64Var(&seed, "seed", 1, "of the camera model; keys are random every time")
	f.BoolVar(&stand, "stand", false, "stop with a drafted batch, for you to go on by hand")
	c.AddCommand(channelCommand())
	return c
}

// run plays chapters and ends all processes. When something fails it prints the
// last words of each.
func (w *world) run(ctx context.Context, failures io.Writer, seed uint64, chapters func(context.Context) error) error {
	w.page.printf("Heliograph: a cold payout, end to end\nPRACTICE coins, in %s\n", w.out)
	err := w.openChannel(seed)
	if err == nil {
		err = chapters(ctx)
	}
	if err != nil {
		_, _ = io.WriteString(failures, w.lastWords()+"\n")
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(err, w.close(closing))
}

// ready is the story up to a drafted batch of 40 payouts.
func (w *world) ready(ctx context.Context) error {
	if err := w.enrol(ctx); err != nil {
		return err
	}
	if err := w.appoint(ctx); err != nil {
		return err
	}
	if err := w.generate(ctx); err != nil {
		return err
	}
	return w.prepare(ctx)
}

// whole is the whole story.
func (w *world) whole(ctx context.Context) error {
	if err := w.ready(ctx); err != nil {
		return err
	}
	for number, chapter := range []func(context.Context, int) error{1: w.signAndSend, 2: w.swappedPayee, 3: w.dayLimitAcrossQuorums, 6: w.rolledBack} {
		if chapter == nil {
			continue
		}
		if err := chapter(ctx, number); err != nil {
			return err
		}
	}
	for _, chapter := range []func(context.Context) error{w.tiered, w.split, w.worthless, w.revoked, w.raised, w.frozen, w.restored} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	w.page.chapter("All that was signed, mined and verified")
	if err := w.broadcast(ctx, w.signed...); err != nil {
		return err
	}
	if err := w.verify(ctx, "auditor", append([]string{payoutFile}, paid...)...); err != nil {
		return err
	}
	w.page.timeline(time.Now())
	w.left()
	w.page.printf("\ndemo: ok\n")
	return nil
}

// paid are the payout files of all that was signed after the first batch; what
// was refused for good is in none of them.
var paid = []string{
	"swap.csv", "first.csv", "fits.csv", "back.csv", "tier.csv", "half.csv", "more.csv", "late.csv", "big.csv", "thaw.csv", "cooled.csv",
}

// left says what lies where.
func (w *world) left() {
	w.page.printf("\nLeft in %s\n", w.out)
	for _, l := range [][2]string{
		{"transcript.txt", "all that was said and typed, at every process"},
		{"frames/", "of every hop, the first frames shown and the first picture seen"},
		{coordinator + "/" + psbtFolder + "/", "the 40 payouts' transactions, unsigned and signed"},
		{"verifier/, auditor/", "the raw blocks and files that they read"},
		{coordinator + "/" + walletFile, "what is public about the wallet: keys, charter, recovery data"},
	} {
		w.page.printf("   %-32s %s\n", l[0], l[1])
	}
}
