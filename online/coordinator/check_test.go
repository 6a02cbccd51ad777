package coordinator_test

import (
	"errors"
	"strings"
	"testing"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// A check says what a draft would say, and leaves the book as it was: nothing
// drafted, nothing reserved, no change index taken.
func TestCheckKeepsNothing(t *testing.T) {
	y := ready(t)
	y.fund(20_000_000, 3)
	rows := y.owe("much", 16_000_000, 2)
	checked, err := y.CheckPending(t.Context(), y.chain, y.chain, plain)
	must(t, err)
	if checked.Verdict.Allowed || !strings.Contains(checked.Verdict.Sentences()[0], "cap/day") {
		t.Fatalf("%v %q", checked.Verdict.Allowed, checked.Verdict.Sentences())
	}
	state := y.state()
	if len(state.Batches) != 0 || len(state.Reserved) != 0 {
		t.Fatal("a check was kept")
	}
	y.statuses(book.Pending)
	must(t, y.Cancel(rows[0].ExternalID))

	checked, err = y.CheckPending(t.Context(), y.chain, y.chain, plain)
	must(t, err)
	again, err := y.CheckPending(t.Context(), y.chain, y.chain, plain)
	must(t, err)
	if !checked.Verdict.Allowed || checked.Verified.ID() != again.Verified.ID() || checked.Ready() < checked.Threshold {
		t.Fatalf("allowed %v, %d ready", checked.Verdict.Allowed, checked.Ready())
	}
	d := y.draft(plain)
	if d.Verified.ID() != checked.Verified.ID() {
		t.Fatal("a draft makes another batch than the check before it")
	}
	kept, err := y.CheckBatch("1")
	must(t, err)
	if !kept.Verdict.Allowed || kept.Number != 1 || kept.Verified.ID() != d.Verified.ID() {
		t.Fatalf("%+v", kept.Verdict)
	}
	if _, err := y.CheckPending(t.Context(), y.chain, y.chain, plain); !errors.Is(err, coordinator.ErrNothingPending) {
		t.Fatalf("%v", err)
	}
}
