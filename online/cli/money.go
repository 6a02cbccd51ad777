package cli

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/shared/batch"

	"heliograph/online/coordinator"
)

func (c *commands) wallet() *cobra.Command {
	return command("wallet", "what the wallet owns, and its descriptor",
		`Confirmed money is free to be drafted; reserved money is in batches that are not
finished.`,
		`  heliograph wallet
  heliograph wallet --json`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.withChain(ctx, func(t *treasury) error {
				p, err := t.Public()
				if err != nil {
					return err
				}
				b, err := t.Balance(ctx, chain{t.node})
				if err != nil {
					return err
				}
				stations, err := t.Stations()
				if err != nil {
					return err
				}
				c.practiceNote(t)
				if err := c.rulingNote(t); err != nil {
					return err
				}
				return c.tellWallet(p, &b, stations)
			})
		})
}

// rulingNote says which charter rules, what is to follow, and whether anything is
// frozen: what a person at the desk must not overlook.
func (c *commands) rulingNote(t *treasury) error {
	line, err := t.Line()
	if err != nil {
		return err
	}
	now := c.env.Now()
	c.say("charter %d is in force", line.At(now).Charter().Document().Epoch)
	if next, from, pending := line.Pending(now); pending {
		c.say("charter %d is adopted and NOT YET IN FORCE, until %s", next.Document().Epoch, ceremonies.Clock(from))
	}
	frozen, err := t.Frozen()
	for _, f := range frozen {
		c.say("FROZEN by %s: %s", escape(f.By), escape(f.Freeze.Reason))
	}
	return err
}

func (c *commands) practiceNote(t *treasury) {
	if t.practice() {
		c.say("PRACTICE: these coins are worth nothing.")
	}
}

type addressDocument struct {
	Index   uint32 `json:"index"`
	Address string `json:"address"`
}

func (c *commands) address() *cobra.Command {
	var fresh bool
	cmd := command("address", "a receive address",
		`Prints the receive address that was given out last, or with --new one that was
never given out. The first address is the one that all stations compared.`,
		`  heliograph address --new`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				a, err := t.Address()
				if fresh && err == nil {
					var given []coordinator.Address
					if given, err = t.NewAddresses(1); err == nil {
						a = given[0]
					}
				}
				if err != nil {
					return err
				}
				c.say("%s", a.Address)
				return c.document(addressDocument(a))
			})
		})
	cmd.Flags().BoolVar(&fresh, "new", false, "an address that was never given out")
	return cmd
}

// onlyPractice refuses what makes money out of nothing.
func (t *treasury) onlyPractice(what string) error {
	if t.practice() {
		return nil
	}
	return &failure{Usage, what + " is for practice (regtest) only", "On a real network coins come from a real wallet: heliograph address shows where to."}
}

func (c *commands) fund() *cobra.Command {
	var amount int64
	var count int
	cmd := command("fund --amount-sat X [--count K]", "practice: pay coins into the wallet",
		`The practice chain's hot wallet pays K coins of X sat each to K fresh receive
addresses, in one transaction. If it has no money it mines some first. Confirm
the coins with heliograph mine.`,
		`  heliograph fund --amount-sat 10000000 --count 36
  heliograph mine --blocks 1`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.withChain(ctx, func(t *treasury) error { return c.funded(ctx, t, amount, count) })
		})
	cmd.Flags().Int64Var(&amount, "amount-sat", 0, "satoshi of each coin")
	cmd.Flags().IntVar(&count, "count", 1, "how many coins (1 to 500)")
	required(cmd, "amount-sat")
	return cmd
}

func (c *commands) funded(ctx context.Context, t *treasury, amount int64, count int) error {
	if err := t.onlyPractice("fund"); err != nil {
		return err
	}
	if amount < 1_000 || amount > int64(batch.MaxMoney) {
		return &failure{Usage, "fund: an amount below 1,000 sat is not worth its fee", "Write --amount-sat 1000 or more."}
	}
	addresses, txid, err := t.Fund(ctx, hotWallet{t.node}, batch.Amount(amount), count)
	if err != nil {
		return err
	}
	c.say("paid %d coins of %s to fresh addresses in transaction %s", len(addresses), batch.Amount(amount), readable32(txid))
	c.say("next: heliograph mine --blocks 1")
	d := struct {
		TxID      string            `json:"txid"`
		AmountSat int64             `json:"amount_sat"`
		Addresses []addressDocument `json:"addresses"`
	}{TxID: readable32(txid), AmountSat: amount}
	for _, a := range addresses {
		d.Addresses = append(d.Addresses, addressDocument(a))
	}
	return c.document(d)
}

// readable32 is an id of the wire in the order that people read.
func readable32(id [32]byte) string {
	slices.Reverse(id[:])
	return hex.EncodeToString(id[:])
}

func (c *commands) mine() *cobra.Command {
	var blocks int
	cmd := command("mine --blocks N", "practice: mine blocks",
		`Mines blocks on the practice chain. They confirm what was broadcast; their reward
goes to the hot wallet.`,
		`  heliograph mine --blocks 1`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			if blocks < 1 || blocks > 10_000 {
				return &failure{Usage, fmt.Sprintf("mine: %d blocks", blocks), "Write --blocks 1 to 10000."}
			}
			return c.withChain(ctx, func(t *treasury) error {
				if err := t.onlyPractice("mine"); err != nil {
					return err
				}
				if err := t.node.Mine(ctx, blocks); err != nil {
					return err
				}
				height, _, err := t.node.Tip(ctx)
				if err != nil {
					return err
				}
				c.say("mined %d, height %d", blocks, height)
				return c.document(struct {
					Height int32 `json:"height"`
				}{height})
			})
		})
	cmd.Flags().IntVar(&blocks, "blocks", 1, "how many blocks (1 to 10,000)")
	return cmd
}
