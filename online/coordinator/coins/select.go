package coins

import (
	"errors"
	"fmt"
	"slices"
)

// Select chooses coins that pay target. Among what its searches find it returns the
// selection with the least waste; then with fewer inputs, with less change, and with
// the lower outpoints. Each search makes at most 100,000 tries.
//
// The fee is never below the target's rate. Without a change output it exceeds that by
// less than a change output costs and its least viable amount (45 vB at the rate and
// 576 sat, at most).
//
// If there is any selection within the bound of inputs, Select finds one; otherwise it
// returns a *Shortage.
func Select(coins []Coin, target Target) (Selection, error) {
	p, err := newProblem(coins, target)
	if err != nil {
		return Selection{}, err
	}
	if err := p.checkFunds(); err != nil {
		return Selection{}, err
	}
	var best *candidate
	for _, search := range []func() *candidate{p.branchAndBound, p.fewestInputs, p.largestFirst, p.consolidate} {
		if found := search(); found != nil && (best == nil || found.better(best)) {
			best = found
		}
	}
	if best == nil {
		return Selection{}, errors.New("coins: select: no search found what the funds allow: internal error")
	}
	return best.selection(), nil
}

// problem is a target in the form that the searches use. A solution is a count k and a
// sum of inputs, required ones included.
type problem struct {
	pool   []Coin  // usable coins, largest first
	prefix []int64 // prefix[i] is the sum of pool[:i]

	required    []Coin
	requiredSum int64

	paySat        int64
	payments      int
	outputsWeight int64

	rate, longTerm int64 // sat/kvB
	maxInputs      int   // k at most
	inputsCapped   bool  // by the target or the standard weight

	// minMarginal and maxMarginal bound what one more input adds to the fee.
	minMarginal, maxMarginal int64

	costOfChange int64 // making a change output now and spending it later
	minViable    int64 // less change than this is left to the fee
	minChange    int64 // what the searches aim at; at least minViable
	unusable     int
}

func newProblem(coins []Coin, target Target) (*problem, error) {
	paySat, err := checkPayments(target.Payments)
	if err != nil {
		return nil, err
	}
	if err := checkCoins(target.Required, coins); err != nil {
		return nil, err
	}
	rate, longTerm := target.FeeRateSatPerKvB, target.LongTermFeeRateSatPerKvB
	if longTerm == 0 {
		longTerm = defaultLongTermFeeRate
	}
	if rate < 1 || rate > MaxFeeRateSatPerKvB || longTerm < 0 || longTerm > MaxFeeRateSatPerKvB {
		return nil, fmt.Errorf("coins: select: fee rates of %d now and %d sat/kvB later are out of range", rate, longTerm)
	}
	if target.MinChangeSat < 0 || target.MinChangeSat > MaxMoneySat {
		return nil, fmt.Errorf("coins: select: a least change of %d sat is out of range", target.MinChangeSat)
	}
	if target.MaxInputs < 0 {
		return nil, fmt.Errorf("coins: select: a bound of %d inputs is out of range", target.MaxInputs)
	}
	discard := min(max(longTerm, dustRelayFeeRate), maxDiscardFeeRate)
	spendChange := divideUp(discard*InputWeight, 4_000)
	p := &problem{
		required:      target.Required,
		paySat:        paySat,
		payments:      len(target.Payments),
		outputsWeight: outputsWeight(target.Payments),
		rate:          rate,
		longTerm:      longTerm,
		// 230 WU are 57 or 58 vB after rounding, and 2 vB more where the count's
		// own encoding grows.
		minMarginal:  57 * rate / 1_000,
		maxMarginal:  divideUp(60*rate, 1_000),
		costOfChange: divideUp(rate*ChangeWeight, 4_000) + spendChange,
		minViable:    max(dustOfChange, spendChange+1),
	}
	p.minChange = max(p.minViable, target.MinChangeSat)
	for _, c := range p.required {
		p.requiredSum += c.AmountSat
	}
	if err := p.boundInputs(target.MaxInputs, len(p.required)+len(coins)); err != nil {
		return nil, err
	}
	p.fill(coins)
	return p, nil
}

// errTooHeavy refuses what one transaction cannot hold even before it is funded.
var errTooHeavy = errors.New("one transaction cannot hold them: split the payments")

// dustOfChange is DustSat of a taproot script.
const dustOfChange = (43 + 67) * dustRelayFeeRate / 1_000

// boundInputs sets maxInputs from the target's bound, the standard weight (with change,
// to be safe) and the number of coins.
func (p *problem) boundInputs(bound, coins int) error {
	p.maxInputs = coins
	if bound > 0 && bound < p.maxInputs {
		p.maxInputs, p.inputsCapped = bound, true
	}
	for p.maxInputs > 0 && p.weight(p.maxInputs, true) > MaxStandardWeight {
		excess := p.weight(p.maxInputs, true) - MaxStandardWeight
		p.maxInputs -= int(divideUp(excess, InputWeight))
		p.inputsCapped = true
	}
	if p.inputsCapped && p.maxInputs < max(1, len(p.required)) {
		return fmt.Errorf("coins: select: %d payments and %d required inputs: %w", p.payments, len(p.required), errTooHeavy)
	}
	return nil
}

// fill keeps the coins that are worth more than any input can cost. Spending another
// would leave less for the payments.
func (p *problem) fill(coins []Coin) {
	for _, c := range coins {
		if c.AmountSat > p.maxMarginal {
			p.pool = append(p.pool, c)
		}
	}
	p.unusable = len(coins) - len(p.pool)
	slices.SortFunc(p.pool, compareBySize)
	p.prefix = make([]int64, len(p.pool)+1)
	for i, c := range p.pool {
		p.prefix[i+1] = p.prefix[i] + c.AmountSat
	}
}

func (p *problem) weight(inputs int, change bool) int64 {
	return weigh(inputs, p.payments, p.outputsWeight, change)
}

func (p *problem) fee(inputs int, change bool) int64 {
	return FeeSat(p.weight(inputs, change), p.rate)
}

// excess is what k inputs of this sum leave after the payments and the fee of a
// transaction without change; below zero they do not pay. It grows with every usable
// coin, since each holds more than maxMarginal.
func (p *problem) excess(k int, sum int64) int64 {
	return sum - p.paySat - p.fee(k, false)
}

// change is the change output that k inputs of this sum make; 0 if it is not viable.
func (p *problem) change(k int, sum int64) int64 {
	change := sum - p.paySat - p.fee(k, true)
	if change < p.minViable {
		return 0
	}
	return change
}

// needWithChange is the least sum of k inputs that leaves the change aimed at.
func (p *problem) needWithChange(k int) int64 {
	return p.paySat + p.fee(k, true) + p.minChange
}

// picks is how many coins of the pool may be chosen.
func (p *problem) picks() int {
	return min(p.maxInputs-len(p.required), len(p.pool))
}

// checkFunds compares the largest coins that may be spent with what is to be paid. No
// search can do better: excess grows with every coin and with its size.
func (p *problem) checkFunds() error {
	if short := p.shortage(len(p.pool), 0); short != nil {
		return short
	}
	if short := p.shortage(p.picks(), p.maxInputs); short != nil {
		return short
	}
	return nil
}

// shortage is nil if the required coins and so many of the largest ones pay.
func (p *problem) shortage(picks, maxInputs int) *Shortage {
	k, have := len(p.required)+picks, p.requiredSum+p.prefix[picks]
	if k > 0 && p.excess(k, have) >= 0 {
		return nil
	}
	return &Shortage{NeedSat: p.paySat + p.fee(k, false), HaveSat: have, Unusable: p.unusable, MaxInputs: maxInputs}
}

// candidate is a solution: indices into the problem's pool, beside the required coins.
type candidate struct {
	problem *problem
	method  Method
	picked  []int // ascending
	sum     int64 // of all inputs
}

func (p *problem) candidate(method Method, picked []int) *candidate {
	c := &candidate{problem: p, method: method, picked: slices.Clone(picked), sum: p.requiredSum}
	for _, i := range picked {
		c.sum += p.pool[i].AmountSat
	}
	return c
}

func (c *candidate) inputs() int { return len(c.problem.required) + len(c.picked) }

// waste is Bitcoin Core's metric, in 1/4000 sat so that it is exact: what the inputs
// cost now less what they would cost at the long-term rate, and either the cost of
// change or the excess given to the fee.
func (c *candidate) waste() int64 {
	p, k := c.problem, c.inputs()
	if p.change(k, c.sum) > 0 {
		return p.inputWaste(k) + 4_000*p.costOfChange
	}
	return p.inputWaste(k) + 4_000*p.excess(k, c.sum)
}

func (p *problem) inputWaste(k int) int64 {
	return int64(k) * InputWeight * (p.rate - p.longTerm)
}

// better is a strict order on different candidates, so the best one does not depend on
// the order of the searches.
func (c *candidate) better(than *candidate) bool {
	if a, b := c.waste(), than.waste(); a != b {
		return a < b
	}
	if a, b := c.inputs(), than.inputs(); a != b {
		return a < b
	}
	if c.sum != than.sum {
		return c.sum < than.sum
	}
	return slices.CompareFunc(c.coins(), than.coins(), compareOutPoints) < 0
}

func (c *candidate) coins() []Coin {
	coins := slices.Clone(c.problem.required)
	for _, i := range c.picked {
		coins = append(coins, c.problem.pool[i])
	}
	slices.SortFunc(coins, compareOutPoints)
	return coins
}

func (c *candidate) selection() Selection {
	p, k := c.problem, c.inputs()
	change := p.change(k, c.sum)
	weight := p.weight(k, change > 0)
	waste := c.waste()
	wasteSat := waste / 4_000
	if waste%4_000 < 0 {
		wasteSat--
	}
	return Selection{
		Inputs:    c.coins(),
		ChangeSat: change,
		FeeSat:    c.sum - p.paySat - change,
		Weight:    weight,
		VSize:     VSize(weight),
		WasteSat:  wasteSat,
		Method:    c.method,
	}
}
