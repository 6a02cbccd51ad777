package coins

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func checkPlan(t *rapid.T, payments []Payment, coins []Coin, options Options, plan []TxPlan) {
	paid := make([]int, len(payments))
	spent := map[outPoint]bool{}
	for i, tx := range plan {
		var members []Payment
		for _, m := range tx.Payments {
			paid[m]++
			members = append(members, payments[m])
		}
		checkSelection(t, coins, members, options.FeeRateSatPerKvB, tx.Selection)
		for _, c := range tx.Inputs {
			if spent[outPoint{c.TxID, c.Vout}] {
				t.Fatalf("coin %+v is spent by two transactions", c)
			}
			spent[outPoint{c.TxID, c.Vout}] = true
		}
		outputs := len(tx.Payments)
		if tx.ChangeSat > 0 {
			outputs++
		}
		if outputs > options.MaxOutputs || (options.MaxInputs > 0 && len(tx.Inputs) > options.MaxInputs) {
			t.Fatalf("transaction %d has %d inputs and %d outputs, want at most %d and %d", i, len(tx.Inputs), outputs, options.MaxInputs, options.MaxOutputs)
		}
		if !slices.IsSorted(tx.Payments) || (i > 0 && plan[i-1].Payments[0] >= tx.Payments[0]) {
			t.Fatal("payments or transactions are out of order")
		}
	}
	for i, times := range paid {
		if times != 1 {
			t.Fatalf("payment %d is paid %d times", i, times)
		}
	}
}

func TestPlanInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coins := coinsOf(rapid.SliceOfN(rapid.Int64Range(300, 200_000), 0, 60).Draw(t, "coins")...)
		var payments []Payment
		for _, amount := range rapid.SliceOfN(rapid.Int64Range(600, 60_000), 1, 30).Draw(t, "payments") {
			payments = append(payments, payment(amount))
		}
		options := Options{
			FeeRateSatPerKvB: rapid.SampledFrom([]int64{1_000, 2_345, 15_000}).Draw(t, "rate"),
			MinChangeSat:     rapid.SampledFrom([]int64{0, 5_000}).Draw(t, "least change"),
			MaxInputs:        rapid.SampledFrom([]int{0, 3, 10, 30}).Draw(t, "most inputs"),
			MaxOutputs:       rapid.IntRange(2, 12).Draw(t, "most outputs"),
		}
		plan, err := Plan(payments, coins, options)
		var short *Shortage
		if errors.As(err, &short) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		checkPlan(t, payments, coins, options, plan)
		again, err := Plan(payments, rapid.Permutation(coins).Draw(t, "another order"), options)
		if err != nil || !reflect.DeepEqual(plan, again) {
			t.Fatalf("another order of the same coins gives another plan: %v", err)
		}
	})
}

// The batch of the demonstration: 40 payouts from 40 coins of like size, at most 21
// outputs a transaction.
func TestPlanOfFortyPayouts(t *testing.T) {
	var payments []Payment
	var amounts []int64
	for i := range 40 {
		payments = append(payments, payment(int64(1_000_000+i*12_345)))
		amounts = append(amounts, int64(1_500_000+i*1_000))
	}
	plan, err := Plan(payments, coinsOf(amounts...), Options{FeeRateSatPerKvB: 2_000, MaxOutputs: 21})
	if err != nil {
		t.Fatal(err)
	}
	inputs := 0
	for _, tx := range plan {
		inputs += len(tx.Inputs)
	}
	if len(plan) != 2 || len(plan[0].Payments) != 20 || len(plan[1].Payments) != 20 || inputs < 30 {
		t.Fatalf("%d transactions, %d inputs", len(plan), inputs)
	}
}

func TestPlanUsesEveryWay(t *testing.T) {
	for name, c := range map[string]struct {
		payments []int64
		coins    []int64
		options  Options
		txs      int
	}{
		"one transaction where one is enough": {
			payments: []int64{10_000, 20_000, 30_000}, coins: []int64{70_000}, options: Options{MaxOutputs: 4}, txs: 1,
		},
		"more transactions when inputs are bounded": {
			payments: []int64{50_000, 50_000, 50_000, 50_000}, coins: []int64{60_000, 60_000, 60_000, 60_000},
			options: Options{MaxOutputs: 9, MaxInputs: 1}, txs: 4,
		},
		"coins dealt when nearly all are needed": {
			payments: []int64{90_000, 90_000}, coins: []int64{60_000, 60_000, 31_500, 31_500},
			options: Options{MaxOutputs: 2, MinChangeSat: 20_000}, txs: 2,
		},
	} {
		var payments []Payment
		for _, amount := range c.payments {
			payments = append(payments, payment(amount))
		}
		c.options.FeeRateSatPerKvB = 1_000
		plan, err := Plan(payments, coinsOf(c.coins...), c.options)
		if err != nil || len(plan) != c.txs {
			t.Errorf("%s: %d transactions, %v", name, len(plan), err)
		}
	}
}

func TestPlanNamesTheShortage(t *testing.T) {
	pay := []Payment{payment(50_000), payment(50_000)}
	for name, c := range map[string]struct {
		coins   []int64
		options Options
		says    string
	}{
		"in all":               {[]int64{100_000}, Options{MaxOutputs: 3}, "short by 154 sat"},
		"one coin for two":     {[]int64{200_000}, Options{MaxOutputs: 2}, "transaction 2 of 2, with what the others leave"},
		"no room for a change": {[]int64{200_000}, Options{MaxOutputs: 1}, "at least 2"},
	} {
		c.options.FeeRateSatPerKvB = 1_000
		if _, err := Plan(pay, coinsOf(c.coins...), c.options); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

// A batch that is too heavy for one transaction is only a matter of splitting it.
func TestPlanSplitsByWeight(t *testing.T) {
	var payments []Payment
	for range 2_500 {
		payments = append(payments, payment(10_000))
	}
	plan, err := Plan(payments, coinsOf(20_000_000, 20_000_000, 20_000_000), Options{FeeRateSatPerKvB: 1_000, MaxOutputs: 5_000})
	if err != nil || len(plan) != 2 {
		t.Fatalf("%d transactions, %v", len(plan), err)
	}
}

// A plan is the same on every machine and in every release that recomputes it from the
// same facts: a change here is a change that treasurers see.
func TestPlanIsPinned(t *testing.T) {
	plan, err := Plan([]Payment{payment(70_000), payment(40_000), payment(30_000)},
		coinsOf(25_000, 50_000, 75_000, 100_000, 125_000), Options{FeeRateSatPerKvB: 5_000, MaxOutputs: 3})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tx := range plan {
		got = append(got, fmt.Sprintf("%v from %v, change %d, fee %d, %s", tx.Payments, amounts(tx.Inputs), tx.ChangeSat, tx.FeeSat, tx.Method))
	}
	want := []string{
		"[0] from [25000 50000], change 3940, fee 1060, consolidation",
		"[1 2] from [75000], change 4015, fee 985, fewest-inputs",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
}
