package diff

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
)

// widen makes the limits of a charter of the small world such as batches have.
func widen(rt *rapid.T, d charter.Document) charter.Document {
	d.Rules = slices.Clone(d.Rules)
	by := rapid.SampledFrom([]int64{100, 300, 1000, coin, 21_000_000 * coin / 4}).Draw(rt, "by")
	for i := range d.Rules {
		r := &d.Rules[i]
		switch r.Check {
		case charter.MaxOutput, charter.MaxTransaction, charter.MaxBatch, charter.MaxWindow, charter.MaxFee, charter.MaxChange, charter.MinReserve:
			r.Max *= by
		case charter.MaxCount, charter.MaxCountWindow, charter.MaxInputs:
			r.Max *= rapid.SampledFrom([]int64{1, 7, 100, 300, 1000}).Draw(rt, "times")
		case charter.MaxFeeRate, charter.MinFeeRate:
			r.Max *= rapid.SampledFrom([]int64{1, 10, 300_000}).Draw(rt, "rate")
		case charter.MaxFiat:
			r.Max *= rapid.SampledFrom([]int64{1, 1_000_000, charter.FiatLimit / 4}).Draw(rt, "worth")
		}
	}
	return d
}

// Any two charters are compared: of batches that can be asked for, and so that
// the same two the other way round come to the same.
func TestAnyCharterIsCompared(t *testing.T) {
	t.Parallel()
	examples, undecided := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		first := widen(rt, drawWords(rt))
		second := changeWords(rt, first)
		if rapid.IntRange(0, 3).Draw(rt, "another") == 0 {
			second = widen(rt, drawWords(rt))
		}
		a, err := charter.New(first)
		if err != nil {
			rt.Fatal(err)
		}
		b, err := charter.New(second)
		if err != nil {
			rt.Fatal(err)
		}
		there, err := Compare(a, b)
		if err != nil {
			rt.Fatal(err)
		}
		back, err := Compare(b, a)
		if err != nil {
			rt.Fatal(err)
		}
		if cited(there.Allowed) != cited(back.Refused) || cited(there.Refused) != cited(back.Allowed) || !slices.Equal(there.UndecidedAllowed, back.UndecidedRefused) {
			rt.Fatalf("%q and %q, but back %q and %q", cited(there.Allowed), cited(there.Refused), cited(back.Allowed), cited(back.Refused))
		}
		for _, e := range slices.Concat(there.Allowed, there.Refused) {
			feasible(t, e.Case)
			examples++
		}
		undecided += len(there.UndecidedAllowed) + len(there.UndecidedRefused)
	})
	t.Logf("%d examples, %d undecided", examples, undecided)
	if undecided > examples/20 {
		t.Errorf("%d examples, %d undecided", examples, undecided)
	}
}
