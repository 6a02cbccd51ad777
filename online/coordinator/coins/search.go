package coins

import "sort"

// maxTries bounds each search, in subsets looked at, whatever the coins are (Bitcoin
// Core: TOTAL_TRIES).
const maxTries = 100_000

// branchAndBound looks for coins whose excess is at most what change would cost, and
// returns those with the least waste. It walks the subsets depth first, larger coins
// first, and cuts a branch that
//   - cannot reach the payments even with the largest coins left,
//   - exceeds the window already (excess only grows), or
//   - wastes more than the best so far on its inputs alone (when fees are high).
//
// Of coins with equal amounts only the first is left out once: the others make the
// same sums.
func (p *problem) branchAndBound() *candidate {
	var (
		best      *candidate
		bestWaste int64
		picked    []int
		tries     int
		walk      func(from int, sum int64)
	)
	walk = func(from int, sum int64) {
		tries++
		k := len(p.required) + len(picked)
		excess := p.excess(k, sum)
		if excess > p.costOfChange || tries > maxTries {
			return
		}
		if best != nil && p.rate >= p.longTerm && p.inputWaste(k) > bestWaste {
			return
		}
		if excess >= 0 && k > 0 && p.change(k, sum) == 0 {
			found := p.candidate(BranchAndBound, picked)
			if best == nil || found.better(best) {
				best, bestWaste = found, found.waste()
			}
		}
		for i := from; i < len(p.pool) && tries <= maxTries; i++ {
			if i > from && p.pool[i].AmountSat == p.pool[i-1].AmountSat {
				continue
			}
			left := min(p.picks()-len(picked), len(p.pool)-i)
			if left <= 0 || excess+p.prefix[i+left]-p.prefix[i]-int64(left)*p.minMarginal < 0 {
				return
			}
			picked = append(picked, i)
			walk(i+1, sum+p.pool[i].AmountSat)
			picked = picked[:len(picked)-1]
		}
	}
	walk(0, p.requiredSum)
	return best
}

// fewestInputs looks for the fewest coins that leave the change aimed at and, among
// those, for the least sum: CoinGrinder's goal, where all inputs weigh the same. The
// largest coins give the count; the walk then lowers the sum, and if it runs out of
// tries the count is still the least.
func (p *problem) fewestInputs() *candidate {
	picks, need, ok := p.fewestPicks()
	if !ok {
		return nil
	}
	best := ascending(0, picks)
	bestSum := p.requiredSum + p.prefix[picks]
	var (
		picked []int
		tries  int
		walk   func(from int, sum int64)
	)
	walk = func(from int, sum int64) {
		tries++
		left := picks - len(picked)
		if left == 0 {
			if sum >= need && sum < bestSum {
				best, bestSum = append(best[:0], picked...), sum
			}
			return
		}
		if left == 1 {
			if i, ok := p.smallest(from, need-sum); ok && sum+p.pool[i].AmountSat < bestSum {
				bestSum = sum + p.pool[i].AmountSat
				best = append(append(best[:0], picked...), i)
			}
			return
		}
		n := len(p.pool)
		for i := from; i+left <= n && tries <= maxTries && bestSum > need; i++ {
			if i > from && p.pool[i].AmountSat == p.pool[i-1].AmountSat {
				continue
			}
			if sum+p.prefix[i+left]-p.prefix[i] < need {
				return // and smaller coins reach it still less
			}
			if sum+p.pool[i].AmountSat+p.prefix[n]-p.prefix[n-left+1] >= bestSum {
				continue // the smallest company is already too much
			}
			picked = append(picked, i)
			walk(i+1, sum+p.pool[i].AmountSat)
			picked = picked[:len(picked)-1]
		}
	}
	walk(0, p.requiredSum)
	return p.candidate(FewestInputs, best)
}

// fewestPicks is the least number of coins that can leave the change aimed at, and the
// sum they need. If the coins do not reach, it settles for the least viable change.
func (p *problem) fewestPicks() (picks int, need int64, ok bool) {
	for _, aim := range []int64{p.minChange, p.minViable} {
		for picks := 0; picks <= p.picks(); picks++ {
			k := len(p.required) + picks
			need := p.needWithChange(k) - p.minChange + aim
			if k > 0 && p.requiredSum+p.prefix[picks] >= need {
				return picks, need, true
			}
		}
	}
	return 0, 0, false
}

// smallest finds the smallest coin of pool[from:] with at least this amount, the first
// in order if several are equal.
func (p *problem) smallest(from int, amountSat int64) (int, bool) {
	reach := from + sort.Search(len(p.pool)-from, func(i int) bool { return p.pool[from+i].AmountSat < amountSat })
	if reach == from {
		return 0, false
	}
	amount := p.pool[reach-1].AmountSat
	return from + sort.Search(reach-from, func(i int) bool { return p.pool[from+i].AmountSat <= amount }), true
}

// largestFirst takes the largest coins until they pay. It finds a solution whenever
// there is one, also when the rest is neither change nor within the window.
func (p *problem) largestFirst() *candidate {
	for picks := 0; picks <= p.picks(); picks++ {
		k := len(p.required) + picks
		if k > 0 && p.excess(k, p.requiredSum+p.prefix[picks]) >= 0 {
			return p.candidate(LargestFirst, ascending(0, picks))
		}
	}
	return nil
}

// consolidate takes the smallest coins until they leave the change aimed at, when
// inputs are cheaper now than they are expected to be. If as many as may be spent do not
// reach, it moves on to the next larger run of neighbours in size.
func (p *problem) consolidate() *candidate {
	if p.rate >= p.longTerm {
		return nil
	}
	for end := len(p.pool); end > 0; end-- {
		picks := min(end, p.picks())
		k := len(p.required) + picks
		if p.requiredSum+p.prefix[end]-p.prefix[end-picks] < p.needWithChange(k) {
			continue
		}
		for used := 0; used <= picks; used++ {
			k := len(p.required) + used
			if k > 0 && p.requiredSum+p.prefix[end]-p.prefix[end-used] >= p.needWithChange(k) {
				return p.candidate(Consolidation, ascending(end-used, end))
			}
		}
	}
	return nil
}

// ascending lists the indices from, from+1, ..., to-1.
func ascending(from, to int) []int {
	indices := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		indices = append(indices, i)
	}
	return indices
}
