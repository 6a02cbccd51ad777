package coordinator_test

import (
	"strings"
	"testing"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// A charter can name this very wallet as somebody who is paid: its receive
// addresses are not written down, and are known all the same.
func TestPayoutsToThisWallet(t *testing.T) {
	t.Parallel()
	y := newTreasuryIn(t, t.TempDir(), 2, 3)
	_, err := y.Enrol(t.Context(), y.people, 3, 2)
	must(t, err)
	d := rules()
	d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: "Ourselves", Own: true})
	p := y.generate(d)
	y.people.world.Public, y.people.world.Line = p, p.Line()
	y.fund(1_000_000, 3)
	own, err := y.NewAddresses(1)
	must(t, err)
	row := coordinator.Row{Line: 2, ExternalID: "back", Counterparty: "Ourselves", Address: own[0].Address, AmountSat: "250000"}
	_, problems, err := y.Import([]coordinator.Row{row})
	must(t, err)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	row.ExternalID, row.Counterparty = "other", "Exchange"
	if _, problems, err = y.Import([]coordinator.Row{row}); err != nil || len(problems) != 1 || !strings.Contains(problems[0].String(), `"Ourselves"'s in the charter`) {
		t.Fatalf("%v %v", problems, err)
	}
	change, err := p.Wallet.Address(wallet.Change, 0)
	must(t, err)
	row.Counterparty, row.Address = "Ourselves", change
	if _, problems, err = y.Import([]coordinator.Row{row}); err != nil || len(problems) != 1 {
		t.Fatalf("a change address is a destination: %v %v", problems, err)
	}
	y.draft(plain)
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	must(t, err)
	if b.Status != book.BatchSigned {
		t.Fatal(b.Status)
	}
}
