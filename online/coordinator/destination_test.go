package coordinator_test

import (
	"strings"
	"testing"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// An OP_RETURN output is a payout of nothing to whoever the charter lets speak. It
// is written as what it says, goes out beside a payment, and one at a time.
func TestPayoutsThatSaySomething(t *testing.T) {
	t.Parallel()
	y := newTreasuryIn(t, t.TempDir(), 2, 3)
	_, err := y.Enrol(t.Context(), y.people, 3, 2)
	must(t, err)
	d := rules()
	d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: "Notary", Data: true})
	p := y.generate(d)
	y.people.world.Public, y.people.world.Line = p, p.Line()
	y.fund(1_000_000, 3)
	row := coordinator.Row{Line: 2, ExternalID: "note", Counterparty: "Notary", Address: "data:68656c6c6f", AmountSat: "0"}
	for amount, want := range map[string]string{"1": "is not 0", "00": "is not 0", "": "is empty"} {
		bad := row
		bad.AmountSat = amount
		if _, problems, err := y.Import([]coordinator.Row{bad}); err != nil || len(problems) != 1 || !strings.Contains(problems[0].What, want) {
			t.Fatalf("%q: %v %v", amount, problems, err)
		}
	}
	second := row
	second.Line, second.ExternalID, second.Address = 3, "note-2", "data:"+strings.Repeat("ab", 80)
	_, problems, err := y.Import([]coordinator.Row{row, second})
	must(t, err)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	y.owe("with", 300_000, 1)
	drafted := y.draft(plain)
	if len(drafted.Waiting) != 1 || drafted.Waiting[0].ExternalID != "note-2" || len(drafted.Verified.Request().Payments) != 2 {
		t.Fatalf("%+v", drafted.Waiting)
	}
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	must(t, err)
	if b.Status != book.BatchSigned {
		t.Fatal(b.Status)
	}
	_, err = y.Broadcast(t.Context(), y.chain, "1", 0)
	must(t, err)
	if alone := y.draft(plain); len(alone.Verified.Request().Payments) != 1 {
		t.Fatalf("%+v", alone.Waiting)
	}
}

func TestDestination(t *testing.T) {
	for _, text := range []string{"data:00", "data:" + strings.Repeat("cd", 75), "data:" + strings.Repeat("cd", 76), "data:" + strings.Repeat("ef", 80), address(t, payee(3))} {
		script, err := coordinator.ParseDestination(wallet.Regtest, text)
		must(t, err)
		if back, err := coordinator.Destination(wallet.Regtest, script); err != nil || back != text {
			t.Fatalf("%s is shown as %s: %v", text, back, err)
		}
	}
	for _, text := range []string{"data:", "data:0", "data:AB", "data:xy", "data:" + strings.Repeat("ef", 81), "data", "DATA:00", ""} {
		if _, err := coordinator.ParseDestination(wallet.Regtest, text); err == nil {
			t.Errorf("%q is a destination", text)
		}
	}
}
