package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/offline/station"
	"heliograph/shared/wallet"
)

func (c *commands) init() *cobra.Command {
	var name, network string
	var pool int
	var reviewer bool
	cmd := command("init --name NAME --network NETWORK", "make a new station, or a reviewer's device",
		`Makes a keystore with two fresh keys: the host key, which a backup brings back,
and the instance key, which nothing does. Asks for a new passphrase twice.

With --reviewer it makes the device of a person who approves offline, with an
approval key and no share: NAME is then the person's. The key is not backed up;
a lost device is replaced by an amendment.

regtest is practice: every screen says so, and its keys are refused on other
networks. This software is unaudited; see LIMITS.md before any other network.`,
		`  heliograph-station --dir vault-a init --name vault-a --network regtest
  heliograph-station init --name vault-a --network signet --pool 4096
  heliograph-station --dir eve init --reviewer --name "Eve" --network regtest`,
		func(ctx context.Context) error { return c.makeStation(ctx, name, network, pool, reviewer) })
	cmd.Flags().BoolVar(&reviewer, "reviewer", false, "a person's reviewing device instead of a station; it never holds a share")
	cmd.Flags().StringVar(&name, "name", "", "what people call this station: letters, digits, spaces, hyphens; at most 32")
	cmd.Flags().StringVar(&network, "network", "", "regtest (practice), signet, testnet4 or mainnet")
	cmd.Flags().IntVar(&pool, "pool", station.DefaultPool, "signing nonces kept ready, 1 to 7500; an input takes one for each version of its transaction")
	cmd.MarkFlagsMutuallyExclusive("reviewer", "pool")
	required(cmd, "name", "network")
	return cmd
}

func (c *commands) makeStation(ctx context.Context, name, network string, pool int, reviewer bool) error {
	net, err := wallet.ParseNetwork(network)
	if err != nil {
		return &failure{Usage, err.Error(), "Choose regtest (practice), signet, testnet4 or mainnet."}
	}
	if err := c.vacant(); err != nil {
		return err
	}
	if reviewer {
		return c.makeReviewer(ctx, name, net)
	}
	made, err := station.Create(station.Choice{Name: name, Network: net, Pool: pool}, c.env.Now(), c.env.Random)
	if err != nil {
		return &failure{Usage, err.Error(), "Choose another --name or --pool."}
	}
	defer made.Wipe()
	t := c.terminal(false)
	if err := c.create(ctx, t, made); err != nil {
		return err
	}
	t.printf("%s", render(ceremonies.Done{Title: "This is a station now", Lines: []ceremonies.Line{
		{Label: "Name", Value: name},
		{Label: "Network", Value: net.String()},
		{Label: "Keystore", Value: c.dir},
		{Label: "Nonces", Value: fmt.Sprintf("%d kept ready", pool)},
		{Label: "Next", Value: "backup words (on paper), then run: enrolment comes first"},
	}}, banner{practice: net.Practice()}))
	return nil
}

func (c *commands) makeReviewer(ctx context.Context, name string, net wallet.Network) error {
	made, err := station.CreateReviewer(name, net, c.env.Now(), c.env.Random)
	if err != nil {
		return &failure{Usage, err.Error(), "Choose another --name."}
	}
	defer made.Wipe()
	t := c.terminal(false)
	if err := c.create(ctx, t, made); err != nil {
		return err
	}
	t.printf("%s", render(ceremonies.Done{Title: "This is a reviewer's device now", Lines: []ceremonies.Line{
		{Label: "Person", Value: name},
		{Label: "Network", Value: net.String()},
		{Label: "Keystore", Value: c.dir},
		{Label: "Share", Value: "none, ever"},
		{Label: "Next", Value: "run: it shows its key, for officers to enrol"},
	}}, banner{practice: net.Practice(), reviewer: name}))
	return nil
}

// required makes flags mandatory; that they exist is the program's own doing.
func required(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("cli: internal error: no flag " + name)
		}
	}
}
