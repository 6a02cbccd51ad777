package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"heliograph/shared/wallet"
)

// The treasury's payees: as many counterparties, with as many addresses each.
var counterparties = [...]string{"Exchange North", "Exchange South", "Payroll", "Suppliers", "Grants"}

const addressesEach = 8

// partners are paid by a rule of their own: beyond an amount, people must
// approve.
var partners = [...]string{"Partner East", "Partner West"}

// newcomer is a counterparty that an amendment adds.
const newcomer = "Newcomer"

// destination is the script of a counterparty's address: a P2WPKH or P2WSH
// hash of its name, so that nobody can spend what is paid there.
func destination(name string, n int) []byte {
	h := sha256.Sum256(fmt.Appendf(nil, "heliograph demo payee %s %d", name, n))
	if n%2 == 0 {
		return append([]byte{0x00, 20}, h[:20]...)
	}
	return append([]byte{0x00, 32}, h[:]...)
}

func address(script []byte) (string, error) {
	a, err := wallet.EncodeScript(wallet.Regtest, script)
	if err != nil {
		return "", fmt.Errorf("demo: address: %w", err)
	}
	return a, nil
}

// payout is one line of a payout file.
type payout struct {
	externalID, counterparty string
	script                   []byte
	sat                      int64
	reference                string
}

// total adds payouts up, in sat.
func total(payouts []payout) int64 {
	sum := int64(0)
	for _, p := range payouts {
		sum += p.sat
	}
	return sum
}

// everybody is the file of 40 payouts: one to every address, all of different
// amounts.
func everybody() []payout {
	var all []payout
	for n := range addressesEach {
		for _, name := range counterparties {
			i := len(all)
			all = append(all, payout{
				externalID: fmt.Sprintf("2026-11-%04d", i+1), counterparty: name, script: destination(name, n),
				sat: 5_400_000 + int64(i)*137_913, reference: fmt.Sprintf("invoice %d", 7000+i),
			})
		}
	}
	return all
}

// few is a file of payouts of one amount to the first addresses of a
// counterparty.
func few(label, counterparty string, count int, sat int64) []payout {
	var out []payout
	for i := range count {
		out = append(out, payout{
			externalID: fmt.Sprintf("%s-%d", label, i+1), counterparty: counterparty, script: destination(counterparty, i),
			sat: sat, reference: label,
		})
	}
	return out
}

// writePayouts writes a payout file into the coordinator's folder.
func (w *world) writePayouts(name string, payouts []payout) error {
	var b strings.Builder
	b.WriteString("external_id,counterparty,address,amount_sat,reference\n")
	for _, p := range payouts {
		a, err := address(p.script)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s,%s,%s,%d,%s\n", p.externalID, p.counterparty, a, p.sat, p.reference)
	}
	return w.writeFile(name, b.String())
}

// writeFile puts a file into the coordinator's folder, as a treasurer would.
func (w *world) writeFile(name, content string) error {
	if err := os.WriteFile(filepath.Join(w.home(coordinator), name), []byte(content), 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// bitcoins writes sat as the programs do.
func bitcoins(sat int64) string { return fmt.Sprintf("%d.%08d BTC", sat/1e8, sat%1e8) }
