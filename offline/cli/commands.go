package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

const defaultDir = ".heliograph-station"

func (c *commands) findDir() error {
	if c.dir != "" {
		return nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return &failure{Error, err.Error(), "Name the keystore's folder with --dir."}
	}
	c.dir = filepath.Join(home, defaultDir)
	return nil
}

func (c *commands) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "heliograph-station",
		Short: "one offline workstation of a Heliograph wallet, and the key share in it",
		Long: `heliograph-station is one offline workstation of a Heliograph wallet. It holds
one share of the key, speaks with the coordinator and other stations through
QR codes only, checks everything itself, and signs after a person at it has
read the whole batch and typed approve.

Exit codes: 0 done, 1 error, 2 usage, 3 refused (by rules, a check or you),
4 waiting for somebody.`,
		Example: `  heliograph-station init --name vault-a --network regtest
  heliograph-station run --camera camera --screen screen
  heliograph-station backup words
  heliograph-station status --json`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().StringVar(&c.dir, "dir", "", "the keystore's folder (default ~/"+defaultDir+")")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return c.findDir() }
	root.AddCommand(c.init(), c.run(), c.again(), c.freeze(), c.status(), c.backup(), c.restore(), c.history())
	return root
}
