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
	cmd := command("init --name NAME --network NETWORK", "make a new station",
		`Makes a keystore with two fresh keys: the host key, which a backup brings back,
and the instance key, which nothing does. Asks for a new passphrase twice.

regtest is practice: every screen says so, and its keys are refused on other
networks. This software is unaudited; see LIMITS.md before any other network.`,
		`  heliograph-station --dir vault-a init --name vault-a --network regtest
  heliograph-station init --name vault-a --network signet --pool 4096`,
		func(ctx context.Context) error { return c.makeStation(ctx, name, network, pool) })
	cmd.Flags().StringVar(&name, "name", "", "what people call this station: letters, digits, spaces, hyphens; at most 32")
	cmd.Flags().StringVar(&network, "network", "", "regtest (practice), signet, testnet4 or mainnet")
	cmd.Flags().IntVar(&pool, "pool", station.DefaultPool, "signing nonces kept ready, 1 to 7500; an input takes one for each version of its transaction")
	required(cmd, "name", "network")
	return cmd
}

func (c *commands) makeStation(ctx context.Context, name, network string, pool int) error {
	net, err := wallet.ParseNetwork(network)
	if err != nil {
		return &failure{Usage, err.Error(), "Choose regtest (practice), signet, testnet4 or mainnet."}
	}
	if err := c.vacant(); err != nil {
		return err
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
	}}, net.Practice()))
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
