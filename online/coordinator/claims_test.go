package coordinator_test

import (
	"strings"
	"testing"

	"heliograph/shared/charter"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// Stations cannot see the chain. Where rules ask for confirmations with a proof,
// the coordinator carries headers and Merkle branches, and the stations check
// them; where they ask for a reserve, it claims the balance.
func TestClaims(t *testing.T) {
	t.Parallel()
	y := newTreasuryIn(t, t.TempDir(), 2, 3)
	_, err := y.Enrol(t.Context(), y.people, 3, 2)
	must(t, err)
	d := rules()
	d.Work = 0x207fffff
	d.Rules = append(d.Rules,
		charter.Rule{ID: "coins/deep", Effect: charter.Require, Check: charter.MinConfirmations, Max: 3, Proven: true},
		charter.Rule{ID: "keep/reserve", Effect: charter.Require, Check: charter.MinReserve, Max: 1_950_000},
	)
	p := y.generate(d)
	y.people.world.Public, y.people.world.Line = p, p.Line()
	y.fund(1_000_000, 3)
	y.fund(500_000, 2) // in another block
	y.owe("claims", 1_800_000, 1)

	checked, err := y.CheckPending(t.Context(), y.chain, y.chain, plain)
	must(t, err)
	if checked.Against != 0 || len(checked.Needs) != 1 || checked.Needs[0].Rule != "coins/deep" {
		t.Fatalf("%d against, %+v", checked.Against, checked.Verdict.Sentences())
	}
	y.draft(plain)
	must(t, y.chain.node.Mine(t.Context(), 3))
	// What was claimed when it was drafted is claimed still, until it is looked at
	// again.
	if checked, err = y.CheckBatch("1"); err != nil || checked.Verdict.Allowed {
		t.Fatalf("%v %q", err, checked.Verdict.Sentences())
	}
	must(t, y.Observe(t.Context(), y.chain, y.chain, "1"))
	y.open()
	if checked, err = y.CheckBatch("1"); err != nil || !checked.Verdict.Allowed {
		t.Fatalf("%v %q", err, checked.Verdict.Sentences())
	}
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	must(t, err)
	if b.Status != book.BatchSigned {
		t.Fatal(b.Status)
	}
	// What is left and not taken by that batch is no reserve for another of its size.
	y.owe("more", 100_000, 1)
	_, err = y.Draft(t.Context(), y.chain, y.chain, plain)
	if err == nil || !strings.Contains(err.Error(), "keep/reserve") {
		t.Fatalf("%v", err)
	}
}
