package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

const defaultDir = ".heliograph"

func (c *commands) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "heliograph",
		Short: "the online coordinator of a threshold bitcoin cold wallet",
		Long: `heliograph prepares payouts and carries messages between the offline stations
that hold a Heliograph wallet's key. It holds no share of the key: every station
checks everything itself and signs only what the charter allows.

Exit codes: 0 done, 1 error, 2 usage, 3 refused (by the charter or a station),
4 waiting for somebody.`,
		Example: `  heliograph init --name "Example treasury" --network regtest
  heliograph enrol --stations 3 --threshold 2 --camera camera --screen screen
  heliograph charter template > charter.yaml
  heliograph keygen --charter charter.yaml --camera camera --screen screen
  heliograph payouts import payouts.csv
  heliograph batch draft
  heliograph policy check --batch 1
  heliograph approve challenge --batch 1 --as Ann > challenge.json
  heliograph batch sign 1 --camera camera --screen screen
  heliograph batch broadcast 1
  heliograph charter export > charter.yaml
  heliograph amend draft charter.yaml`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().StringVar(&c.dir, "dir", "", "the treasury's folder (default ~/"+defaultDir+")")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print one JSON document, where a program would read it")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return c.findDir() }
	root.AddCommand(
		c.init(), c.enrol(), c.keygen(),
		group("charter", "the rules by which stations sign", c.charterTemplate(), c.charterCheck(), c.charterShow(), c.charterExport()),
		c.wallet(), c.address(), c.fund(), c.mine(),
		group("payouts", "who is to be paid", c.payoutsImport(), c.payoutsList(), c.payoutsCancel()),
		group("batch", "payouts that are signed together", c.batchDraft(), c.batchList(), c.batchShow(), c.batchSign(),
			c.batchLate(), c.batchBroadcast(), c.batchTrack(), c.batchPSBT(), c.batchRecognise(), c.batchExport(), c.batchDiscard()),
		group("policy", "what the charter says to a batch, or a change of it to all", c.policyCheck(), c.policyDiff()),
		group("people", "who may draft, approve, veto or freeze", c.peopleList(), c.peopleTake(), c.peopleInvite(), c.peopleMachine()),
		group("approve", "what people sign about a batch, an amendment or the wallet", c.approveChallenge(), c.approveTake(), c.approveRequest(), c.approveDraft(), c.approveList()),
		group("price", "what sources of the charter state of a price", c.priceState(), c.priceTake(), c.priceList()),
		group("amend", "change the charter, by its own amendment rule", c.amendDraft(), c.amendShow(), c.amendCarry(), c.amendCertificate(), c.amendVoid(), c.amendExport(), c.amendStatus()),
		group("relist", "a restored station takes its place again", c.relistDraft(), c.relistRemember()),
		group("freeze", "codes that stop every station", c.freezeTake(), c.freezeList(), c.freezeShow()),
		group("blocks", "the chain's raw blocks", c.blocksExport()),
		group("blame", "evidence against a station", c.blameVerify()),
		c.verify(),
	)
	return root
}

func (c *commands) findDir() error {
	if c.dir != "" {
		return nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return &failure{Error, err.Error(), "Name the treasury's folder with --dir."}
	}
	c.dir = filepath.Join(home, defaultDir)
	return nil
}

// say prints text for people; with --json, nothing.
func (c *commands) say(format string, args ...any) {
	if !c.json {
		_, _ = fmt.Fprintf(c.env.Out, format+"\n", args...)
	}
}

// document prints v if --json was given.
func (c *commands) document(v any) error {
	if !c.json {
		return nil
	}
	e := json.NewEncoder(c.env.Out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
