package coordinator_test

import (
	"slices"
	"strings"
	"testing"

	"heliograph/shared/charter"

	"heliograph/online/charterfile"
	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// Stations 0 and 1 stand at one site. A rule that asks for two sites is met by
// visiting another pair than the first that has nonces, and the coordinator finds
// it before anybody walks; named stations that do not do are refused here.
func TestQuorumThatSpansSites(t *testing.T) {
	t.Parallel()
	y := newTreasuryIn(t, t.TempDir(), 2, 3)
	_, err := y.Enrol(t.Context(), y.people, 3, 2)
	must(t, err)
	base, err := y.CharterBase()
	must(t, err)
	d, err := charterfile.Parse([]byte(`name: Sites
gap: 20
clock-tolerance: 2h
stations:
  - {number: 0, site: Zurich}
  - {number: 1, site: Zurich}
  - {number: 2, site: Geneva, entity: Example SA}
counterparties:
  - {name: Exchange, addresses: [`+address(t, payee(1))+`]}
rules:
  - {id: allow/known, allow: everybody}
  - {id: both/sites, require: {sites: 2}}
`), base)
	must(t, err)
	p, err := y.Generate(t.Context(), y.people, mustNew(t, d))
	must(t, err)
	y.people.world.Public, y.people.world.Line = p, p.Line()
	y.fund(1_000_000, 3)
	y.owe("sites", 100_000, 1)
	drafted := y.draft(plain)
	if len(drafted.Needs) != 0 {
		t.Fatalf("%+v", drafted.Needs)
	}
	checked, err := y.CheckBatch("1")
	must(t, err)
	if !checked.Verdict.Allowed || !slices.Equal(checked.Quorum, []int{0, 2}) {
		t.Fatalf("quorum %v: %q", checked.Quorum, checked.Verdict.Sentences())
	}
	shown := y.people.shown
	if _, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{Quorum: []int{1, 0}}); err == nil || !strings.Contains(err.Error(), "both/sites") || y.people.shown != shown {
		t.Fatalf("one site: %v", err)
	}
	b, err := y.Sign(t.Context(), y.people, "1", coordinator.SignOptions{})
	must(t, err)
	if b.Status != book.BatchSigned {
		t.Fatal(b.Status)
	}
}

func mustNew(t *testing.T, d charter.Document) charter.Charter {
	t.Helper()
	c, err := charter.New(d)
	must(t, err)
	return c
}
