package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"

	"heliograph/online/coordinator"
	"heliograph/online/verifier"
)

// Bounds of files that others give, in bytes.
const (
	maxWalletFile = 2 << 20
	maxBlameFile  = 64 << 20
	maxBlockFile  = 4 << 20 // consensus: 4,000,000 weight units
)

func readWallet(path string) (keygen.Public, error) {
	b, err := readFile(path, maxWalletFile)
	if err != nil {
		return keygen.Public{}, err
	}
	return keygen.DecodePublic(b)
}

// maxCertificateFile bounds the certificate of an amendment, in bytes.
const maxCertificateFile = 2 << 20

// readLine reads the certificates of amendments that amend export wrote, if a
// folder is named, and follows the wallet's charters by them.
func readLine(p keygen.Public, dir string) (lineage.Line, error) {
	line := p.Line()
	if dir == "" {
		return line, nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"+certificateEnding))
	if err != nil {
		return line, err
	}
	if len(names) == 0 {
		return line, &failure{Error, "no *" + certificateEnding + " files in " + dir, "Write them with heliograph amend export --out DIR."}
	}
	slices.Sort(names)
	for _, name := range names {
		b, err := readFile(name, maxCertificateFile)
		if err != nil {
			return line, err
		}
		if line, err = line.Adopt(b); err != nil {
			return line, fmt.Errorf("%s: %w", name, err)
		}
	}
	return line, nil
}

func (c *commands) blameVerify() *cobra.Command {
	var walletFile, certificates string
	cmd := command("verify --wallet FILE RECORD", "check evidence against a station",
		`Checks, with nothing but the wallet's public file, and the certificates of its
amendments if there are any, whether a record proves that a station signed what no
honest station signs. Everything in it that accuses was signed by the accused. Exit
code 0 if it is proven, 1 if not.`,
		`  heliograph blame verify --wallet wallet.heliograph evidence/station-2-0a1b2c3d4e5f.blame
  heliograph blame verify --wallet wallet.heliograph --certificates audit station-2-0a1b2c3d4e5f.blame`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			p, err := readWallet(walletFile)
			if err != nil {
				return err
			}
			record, err := readFile(args[0], maxBlameFile)
			if err != nil {
				return err
			}
			line, err := readLine(p, certificates)
			if err != nil {
				return err
			}
			finding, err := signing.VerifyBlame(signing.Group{Line: line, Wallet: p.Wallet, PublicShares: p.PublicShares}, record)
			if errors.Is(err, signing.ErrNotProven) {
				return &failure{Error, err.Error(), "Accuse nobody on this record."}
			}
			if err != nil {
				return err
			}
			name := line.Latest().Document().Stations[finding.Station].Name
			c.say("proven: station %d (%s). %s", finding.Station, escape(name), escape(finding.What))
			return c.document(struct {
				Station int    `json:"station"`
				Name    string `json:"name"`
				Slot    int    `json:"slot"`
				What    string `json:"what"`
			}{finding.Station, name, finding.Slot, finding.What})
		})
	cmd.Flags().StringVar(&walletFile, "wallet", "", "the wallet's public file, wallet.heliograph")
	cmd.Flags().StringVar(&certificates, "certificates", "", "folder of the certificates that heliograph amend export wrote")
	required(cmd, "wallet")
	return cmd
}

func (c *commands) blocksExport() *cobra.Command {
	var out string
	cmd := command("export --out DIR", "write the raw blocks, for a verifier",
		`Writes every block from the first to the best as NNNNNNNN.block, for heliograph
verify on another machine.`,
		`  heliograph blocks export --out blocks`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return c.withChain(ctx, func(t *treasury) error {
				height, _, err := t.node.Tip(ctx)
				if err != nil {
					return err
				}
				if err := os.MkdirAll(out, 0o700); err != nil {
					return err
				}
				for h := range height + 1 {
					raw, err := t.node.RawBlock(ctx, h)
					if err != nil {
						return err
					}
					if err := writeFile(filepath.Join(out, fmt.Sprintf("%08d.block", h)), raw); err != nil {
						return err
					}
				}
				c.say("wrote %d blocks, heights 0 to %d, to %s", height+1, height, escape(out))
				return c.document(struct {
					Height int32  `json:"height"`
					Dir    string `json:"dir"`
				}{height, out})
			})
		})
	cmd.Flags().StringVar(&out, "out", "", "folder, made if need be")
	required(cmd, "out")
	return cmd
}

func (c *commands) verify() *cobra.Command {
	var blocks, walletFile string
	var payouts []string
	cmd := command("verify --blocks DIR --wallet FILE --payouts FILE.csv", "recompute from raw blocks who was paid",
		`Needs no treasury: it reads raw blocks, the wallet's public file and the payout
files, and recomputes everything else: the blocks' hashes, every signature of the
wallet, and what every payee received. It demands that each payout was paid
exactly once with its exact amount, and that the wallet's transactions pay
nothing else but change. Exit code 1 if anything is amiss.`,
		`  heliograph verify --blocks blocks --wallet wallet.heliograph --payouts payouts.csv`,
		cobra.NoArgs, func(_ context.Context, _ []string) error { return c.verified(blocks, walletFile, payouts) })
	cmd.Flags().StringVar(&blocks, "blocks", "", "folder of raw blocks (heliograph blocks export)")
	cmd.Flags().StringVar(&walletFile, "wallet", "", "the wallet's public file, wallet.heliograph")
	cmd.Flags().StringArrayVar(&payouts, "payouts", nil, "payout file; may be given several times")
	required(cmd, "blocks", "wallet", "payouts")
	return cmd
}

func (c *commands) verified(blocks, walletFile string, files []string) error {
	p, err := readWallet(walletFile)
	if err != nil {
		return err
	}
	var expected []verifier.Payout
	for _, file := range files {
		more, err := readPayouts(file, p.Wallet.Network())
		if err != nil {
			return err
		}
		expected = append(expected, more...)
	}
	raw, err := readBlocks(blocks)
	if err != nil {
		return err
	}
	report, err := verifier.Verify(p, raw, expected)
	if err != nil {
		return err
	}
	c.say("blocks: %d, each with its proof of work and its transactions' root", report.Blocks)
	c.say("wallet: %d transactions spend from it, with %d inputs; every signature verified (BIP340, BIP341)", report.Transactions, report.Signatures)
	c.say("payees: %d addresses received %s in %d payouts; fees %s", report.Payees, batch.Amount(report.PaidSat), report.Payouts, batch.Amount(report.FeeSat))
	c.say("left in the wallet: %s in %d coins", batch.Amount(report.LeftSat), report.Coins)
	for _, f := range report.Findings {
		c.say("amiss: %s", escape(f))
	}
	if report.Findings == nil {
		report.Findings = []string{}
	}
	if err := c.document(report); err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return &failure{Error, fmt.Sprintf("%d things are amiss", len(report.Findings)), "Check that the blocks, the wallet file and the payout files are whole and belong together; if they do, stop paying and look into each finding."}
	}
	c.say("verified: every payout was paid exactly once, and nothing else")
	return nil
}

// readPayouts reads a payout file for the verifier, which judges it by itself.
func readPayouts(path string, net wallet.Network) ([]verifier.Payout, error) {
	b, err := readFile(path, maxCSV)
	if err != nil {
		return nil, err
	}
	rows, problems := readCSV(b)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", path, problems[0])
	}
	var out []verifier.Payout
	for _, r := range rows {
		payout, err := verifyRow(r, net)
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, r.Line, err)
		}
		out = append(out, payout)
	}
	return out, nil
}

func verifyRow(r coordinator.Row, net wallet.Network) (verifier.Payout, error) {
	script, err := coordinator.ParseDestination(net, r.Address)
	if err != nil {
		return verifier.Payout{}, err
	}
	amount, err := parseSat(r.AmountSat)
	return verifier.Payout{ExternalID: r.ExternalID, Script: script, AmountSat: amount}, err
}

// parseSat reads satoshi in plain digits.
func parseSat(s string) (int64, error) {
	var n int64
	if s == "" || len(s) > 16 || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no amount in satoshi", s)
	}
	for _, digit := range []byte(s) {
		n = 10*n + int64(digit-'0')
	}
	return n, nil
}

// readBlocks reads the files NNNNNNNN.block of a folder, in order.
func readBlocks(dir string) ([][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.block"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, &failure{Error, "no *.block files in " + dir, "Write them with heliograph blocks export --out DIR."}
	}
	slices.Sort(names)
	var out [][]byte
	for _, name := range names {
		raw, err := readFile(name, maxBlockFile)
		if err != nil {
			return nil, err
		}
		out = append(out, raw)
	}
	return out, nil
}
