package coins

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Options bound each transaction of a plan and set its fee.
type Options struct {
	FeeRateSatPerKvB         int64 // as in Target
	LongTermFeeRateSatPerKvB int64 // as in Target
	MinChangeSat             int64 // as in Target
	MaxInputs                int   // per transaction; 0 leaves the standard weight
	MaxOutputs               int   // per transaction, change included; at least 2
}

// TxPlan is one transaction of a plan.
type TxPlan struct {
	Payments  []int // indices into the payments given to Plan, ascending
	Selection       // its own coins: no other transaction of the plan spends them
}

// extraGroups is how many more transactions than the bound of outputs demands Plan will
// try before it gives up.
const extraGroups = 8

// Plan groups payments into as few transactions as their bounds allow and selects
// disjoint coins for each. Every payment is in exactly one transaction; transactions
// come in the order of their first payments. The groups have nearly equal sums, so that
// none needs far more inputs than another.
//
// All transactions are meant to be signed together, so none spends another's change.
// When the coins do not reach it returns a *Shortage, wrapped with the transaction that
// could not be paid.
func Plan(payments []Payment, coins []Coin, options Options) ([]TxPlan, error) {
	if options.MaxOutputs < 2 {
		return nil, fmt.Errorf("coins: plan: %d outputs a transaction, want at least 2 (a payment and change)", options.MaxOutputs)
	}
	if err := checkTotal(payments, coins, options); err != nil {
		return nil, err
	}
	perGroup := options.MaxOutputs - 1
	fewest := (len(payments) + perGroup - 1) / perGroup
	var first error
	for groups := fewest; groups <= min(fewest+extraGroups, len(payments)); groups++ {
		grouped := group(payments, groups, perGroup)
		for _, strategy := range []func([][]int, []Payment, []Coin, Options) ([]TxPlan, error){largestGroupFirst, smallestGroupFirst, dealt} {
			plan, err := strategy(grouped, payments, coins, options)
			if err == nil {
				slices.SortFunc(plan, func(a, b TxPlan) int { return cmp.Compare(a.Payments[0], b.Payments[0]) })
				return plan, nil
			}
			if _, short := errors.AsType[*Shortage](err); !short && !errors.Is(err, errTooHeavy) {
				return nil, err
			}
			if first == nil {
				first = err
			}
		}
	}
	return nil, first
}

// checkTotal asks whether all coins could pay everything at once, without any bound:
// if not, no plan can, and the whole shortage is what the treasurer needs to know.
func checkTotal(payments []Payment, coins []Coin, options Options) error {
	p, err := newProblem(coins, options.target(payments))
	if errors.Is(err, errTooHeavy) {
		return nil // in one transaction; several may do
	}
	if err != nil {
		return err
	}
	if short := p.shortage(len(p.pool), 0); short != nil {
		return short
	}
	return nil
}

func (o Options) target(payments []Payment) Target {
	return Target{
		Payments:                 payments,
		FeeRateSatPerKvB:         o.FeeRateSatPerKvB,
		LongTermFeeRateSatPerKvB: o.LongTermFeeRateSatPerKvB,
		MinChangeSat:             o.MinChangeSat,
		MaxInputs:                o.MaxInputs,
	}
}

// group deals the payments, largest first, each to the group with the least sum that
// has room. Groups come out with the largest sum first.
func group(payments []Payment, groups, perGroup int) [][]int {
	order := ascending(0, len(payments))
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(payments[b].AmountSat, payments[a].AmountSat)
	})
	grouped := make([][]int, groups)
	sums := make([]int64, groups)
	for _, payment := range order {
		to := -1
		for g := range grouped {
			if len(grouped[g]) < perGroup && (to < 0 || sums[g] < sums[to]) {
				to = g
			}
		}
		grouped[to] = append(grouped[to], payment)
		sums[to] += payments[payment].AmountSat
	}
	for _, members := range grouped {
		slices.Sort(members)
	}
	slices.SortStableFunc(grouped, func(a, b []int) int {
		return cmp.Compare(sum(payments, b), sum(payments, a))
	})
	return grouped
}

func sum(payments []Payment, members []int) (sat int64) {
	for _, m := range members {
		sat += payments[m].AmountSat
	}
	return sat
}

// largestGroupFirst lets each group choose among the coins the groups before it left.
func largestGroupFirst(grouped [][]int, payments []Payment, coins []Coin, options Options) ([]TxPlan, error) {
	plan := make([]TxPlan, 0, len(grouped))
	for i, members := range grouped {
		tx, err := planOne(members, payments, coins, options)
		if err != nil {
			return nil, fmt.Errorf("coins: plan: transaction %d of %d, with what the others leave: %w", i+1, len(grouped), err)
		}
		coins = without(coins, tx.Inputs)
		plan = append(plan, tx)
	}
	return plan, nil
}

// smallestGroupFirst is the reverse: it helps when large groups would take all coins of
// a middling size.
func smallestGroupFirst(grouped [][]int, payments []Payment, coins []Coin, options Options) ([]TxPlan, error) {
	backwards := slices.Clone(grouped)
	slices.Reverse(backwards)
	return largestGroupFirst(backwards, payments, coins, options)
}

// dealt divides the coins first, the largest ones first, each to the group that misses
// most. It helps when nearly all coins are needed.
func dealt(grouped [][]int, payments []Payment, coins []Coin, options Options) ([]TxPlan, error) {
	missing := make([]int64, len(grouped))
	for g, members := range grouped {
		missing[g] = sum(payments, members)
	}
	sorted := slices.Clone(coins)
	slices.SortFunc(sorted, compareBySize)
	hands := make([][]Coin, len(grouped))
	for _, c := range sorted {
		to := 0
		for g := range missing {
			if missing[g] > missing[to] {
				to = g
			}
		}
		hands[to] = append(hands[to], c)
		missing[to] -= c.AmountSat
	}
	plan := make([]TxPlan, 0, len(grouped))
	for g, members := range grouped {
		tx, err := planOne(members, payments, hands[g], options)
		if err != nil {
			return nil, fmt.Errorf("coins: plan: transaction %d of %d, with its part of the coins: %w", g+1, len(grouped), err)
		}
		plan = append(plan, tx)
	}
	return plan, nil
}

func planOne(members []int, payments []Payment, coins []Coin, options Options) (TxPlan, error) {
	chosen := make([]Payment, len(members))
	for i, m := range members {
		chosen[i] = payments[m]
	}
	selection, err := Select(coins, options.target(chosen))
	if err != nil {
		return TxPlan{}, err
	}
	return TxPlan{Payments: members, Selection: selection}, nil
}

// without returns the coins that are not among spent.
func without(coins, spent []Coin) []Coin {
	gone := make(map[outPoint]struct{}, len(spent))
	for _, c := range spent {
		gone[outPoint{c.TxID, c.Vout}] = struct{}{}
	}
	return slices.DeleteFunc(slices.Clone(coins), func(c Coin) bool {
		_, ok := gone[outPoint{c.TxID, c.Vout}]
		return ok
	})
}
