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

func coin(n int, amountSat int64) Coin {
	return Coin{TxID: [32]byte{byte(n), byte(n >> 8)}, Vout: uint32(n % 3), AmountSat: amountSat, Index: uint32(n)}
}

func coinsOf(amounts ...int64) []Coin {
	coins := make([]Coin, len(amounts))
	for i, amount := range amounts {
		coins[i] = coin(i, amount)
	}
	return coins
}

func payment(amountSat int64) Payment {
	return Payment{ID: fmt.Sprint("pay ", amountSat), AmountSat: amountSat, Script: taprootScript()}
}

func amounts(coins []Coin) []int64 {
	var list []int64
	for _, c := range coins {
		list = append(list, c.AmountSat)
	}
	slices.Sort(list)
	return list
}

func TestSelectByHand(t *testing.T) {
	// One payment of 100,000 at 10 sat/vB. One input without change is 111 vB (1,110 sat),
	// two are 168.5 (1,690); with change one is 154 (1,540), two 211.5 (2,120).
	for name, c := range map[string]struct {
		coins     []Coin
		target    Target
		want      []int64
		changeSat int64
		feeSat    int64
		method    Method
	}{
		"exact, without change": {
			coins: coinsOf(101_110, 500_000), want: []int64{101_110}, feeSat: 1_110, method: BranchAndBound,
		},
		"the closer of two": {
			coins: coinsOf(101_115, 101_110), want: []int64{101_110}, feeSat: 1_110, method: BranchAndBound,
		},
		"two coins are exact": {
			coins: coinsOf(61_690, 40_000, 500_000, 90_000), want: []int64{40_000, 61_690}, feeSat: 1_690, method: BranchAndBound,
		},
		"one large coin": {
			coins: coinsOf(50_000, 300_000, 200_000), want: []int64{200_000}, changeSat: 98_460, feeSat: 1_540, method: FewestInputs,
		},
		"the pair with the least rest": {
			coins: coinsOf(90_000, 80_000, 60_000, 50_000), want: []int64{50_000, 60_000}, changeSat: 7_880, feeSat: 2_120, method: FewestInputs,
		},
		"change aimed at": {
			coins:  coinsOf(90_000, 80_000, 60_000, 50_000),
			target: Target{MinChangeSat: 20_000}, want: []int64{50_000, 80_000}, changeSat: 27_880, feeSat: 2_120, method: FewestInputs,
		},
		"exactly the change aimed at": {
			coins:  coinsOf(90_000, 80_000, 62_120, 60_000),
			target: Target{MinChangeSat: 20_000}, want: []int64{60_000, 62_120}, changeSat: 20_000, feeSat: 2_120, method: FewestInputs,
		},
		"just viable change is not given away": {
			// At 1.001 sat/vB rounding lets 619 sat, the whole window, hold a viable 576.
			coins:  coinsOf(100_112 + 619),
			target: Target{FeeRateSatPerKvB: 1_001}, want: []int64{100_731}, changeSat: 576, feeSat: 155, method: FewestInputs,
		},
		"no other way but to give the rest away": {
			// Between the window (430 for the output, 173 for spending it at the
			// dust rate) and viable change (430 and 330).
			coins:  coinsOf(101_110 + 430 + 300),
			target: Target{LongTermFeeRateSatPerKvB: 1}, want: []int64{101_840}, feeSat: 1_840, method: LargestFirst,
		},
		"small coins while fees are low": {
			coins:  coinsOf(1_000_000, 60_000, 50_000, 40_000),
			target: Target{LongTermFeeRateSatPerKvB: 50_000}, want: []int64{40_000, 50_000, 60_000}, changeSat: 47_310, feeSat: 2_690, method: Consolidation,
		},
		"a required coin": {
			coins:  coinsOf(200_000),
			target: Target{Required: []Coin{coin(9, 5_000)}}, want: []int64{5_000, 200_000}, changeSat: 102_880, feeSat: 2_120, method: FewestInputs,
		},
		"a required coin is enough": {
			coins:  coinsOf(200_000),
			target: Target{Required: []Coin{coin(9, 150_000)}}, want: []int64{150_000}, changeSat: 48_460, feeSat: 1_540, method: FewestInputs,
		},
	} {
		c.target.Payments = []Payment{payment(100_000)}
		if c.target.FeeRateSatPerKvB == 0 {
			c.target.FeeRateSatPerKvB = 10_000
		}
		got, err := Select(c.coins, c.target)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(amounts(got.Inputs), c.want) || got.ChangeSat != c.changeSat || got.FeeSat != c.feeSat || got.Method != c.method {
			t.Errorf("%s: got %v, change %d, fee %d by %s; want %v, %d, %d, %s", name,
				amounts(got.Inputs), got.ChangeSat, got.FeeSat, got.Method, c.want, c.changeSat, c.feeSat, c.method)
		}
	}
}

func TestShortageIsNamedInSat(t *testing.T) {
	target := Target{Payments: []Payment{payment(100_000)}, FeeRateSatPerKvB: 10_000}
	for name, c := range map[string]struct {
		coins     []Coin
		maxInputs int
		shortSat  int64
		says      string
	}{
		"no coins":       {nil, 0, 100_000 + 540, "short by 100540 sat"}, // 53.5 vB without an input, as 54
		"one satoshi":    {coinsOf(101_109), 0, 1, "short by 1 sat"},
		"not worth it":   {coinsOf(101_109, 600, 570), 0, 1, "(2 more coins cost more than they hold)"},
		"within a bound": {coinsOf(60_000, 50_000, 40_000), 1, 41_110, "the 1 largest coins hold 60000 sat"},
	} {
		target.MaxInputs = c.maxInputs
		_, err := Select(c.coins, target)
		var short *Shortage
		if !errors.As(err, &short) || short.ShortSat() != c.shortSat || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %d sat and %q", name, err, c.shortSat, c.says)
		}
	}
	target.MaxInputs = 0
	if _, err := Select(coinsOf(101_110), target); err != nil {
		t.Errorf("with that one satoshi: %v", err)
	}
}

// drawTarget draws coins of like sizes, so that equal coins and near matches happen, and
// payments of a part of what they hold, or a little more.
func drawTarget(t *rapid.T, maxCoins int) ([]Coin, Target) {
	size := rapid.OneOf(
		rapid.Int64Range(300, 3_000),
		rapid.Int64Range(10_000, 20_000),
		rapid.Int64Range(1_000, 100_000),
		rapid.SampledFrom([]int64{10_000, 20_000, 50_000, 100_000}),
	)
	count := rapid.IntRange(0, maxCoins).Draw(t, "count")
	coins := coinsOf(rapid.SliceOfN(size, count, count).Draw(t, "coins")...)
	target := Target{
		FeeRateSatPerKvB:         rapid.SampledFrom([]int64{1, 999, 1_000, 2_345, 10_000, 30_000}).Draw(t, "rate"),
		LongTermFeeRateSatPerKvB: rapid.SampledFrom([]int64{0, 1, 1_000, 5_000, 20_000}).Draw(t, "later"),
		MinChangeSat:             rapid.SampledFrom([]int64{0, 1_000, 20_000}).Draw(t, "least change"),
		MaxInputs:                rapid.SampledFrom([]int{0, 0, 1, 2, 3, 5, 8}).Draw(t, "most inputs"),
	}
	var total int64
	for _, c := range coins {
		total += c.AmountSat
	}
	kinds := []string{"p2tr", "p2wpkh", "p2pkh", "p2sh"}
	payments := rapid.IntRange(1, 3).Draw(t, "payments")
	percent := rapid.Int64Range(1, 105).Draw(t, "percent of the coins")
	for range payments {
		p := payment(600 + total*percent/100/int64(payments))
		p.Script = scripts[rapid.SampledFrom(kinds).Draw(t, "kind")]
		target.Payments = append(target.Payments, p)
	}
	if required := rapid.IntRange(0, 2).Draw(t, "required"); required <= len(coins) && (target.MaxInputs == 0 || required <= target.MaxInputs) {
		target.Required, coins = coins[:required:required], coins[required:]
	}
	return coins, target
}

// checkSelection is what must hold of every selection, recomputed from the coins alone.
func checkSelection(t *rapid.T, all []Coin, payments []Payment, rate int64, s Selection) {
	var in, out int64
	seen := map[outPoint]bool{}
	for i, c := range s.Inputs {
		if seen[outPoint{c.TxID, c.Vout}] || !slices.Contains(all, c) {
			t.Fatalf("coin %+v is spent twice or is not the wallet's", c)
		}
		if i > 0 && compareOutPoints(s.Inputs[i-1], c) >= 0 {
			t.Fatal("inputs are not in order")
		}
		seen[outPoint{c.TxID, c.Vout}] = true
		in += c.AmountSat
	}
	for _, p := range payments {
		out += p.AmountSat
	}
	if in != out+s.ChangeSat+s.FeeSat {
		t.Fatalf("%d in, %d out, %d change, %d fee", in, out, s.ChangeSat, s.FeeSat)
	}
	if len(s.Inputs) == 0 || (s.ChangeSat != 0 && s.ChangeSat < dustOfChange) {
		t.Fatalf("%d inputs, change of %d", len(s.Inputs), s.ChangeSat)
	}
	if want := TransactionWeight(len(s.Inputs), payments, s.ChangeSat > 0); s.Weight != want || s.VSize != (want+3)/4 || want > MaxStandardWeight {
		t.Fatalf("weight %d, want %d", s.Weight, want)
	}
	least := divideUp(s.VSize*rate, 1_000)
	if s.ChangeSat > 0 && s.FeeSat != least {
		t.Fatalf("fee %d, want exactly %d beside change", s.FeeSat, least)
	}
	// A change output of 43 vB (45 where the count grows), and at most 576 sat that are
	// not viable.
	if over := s.FeeSat - least; over < 0 || over > divideUp(45*rate, 1_000)+576 {
		t.Fatalf("fee %d is %d over what the rate demands", s.FeeSat, over)
	}
}

func TestSelectInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coins, target := drawTarget(t, 40)
		got, err := Select(coins, target)
		var short *Shortage
		if errors.As(err, &short) {
			if short.ShortSat() <= 0 {
				t.Fatalf("a shortage of nothing: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		checkSelection(t, slices.Concat(target.Required, coins), target.Payments, target.FeeRateSatPerKvB, got)
		if target.MaxInputs > 0 && len(got.Inputs) > target.MaxInputs {
			t.Fatalf("%d inputs, want at most %d", len(got.Inputs), target.MaxInputs)
		}
		for _, c := range target.Required {
			if !slices.Contains(got.Inputs, c) {
				t.Fatalf("required coin %+v is not spent", c)
			}
		}
		again, err := Select(rapid.Permutation(coins).Draw(t, "another order"), target)
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("another order of the same coins gives another selection: %+v, %+v, %v", got, again, err)
		}
	})
}

// oracle looks at every subset of the coins, with its own arithmetic.
type oracle struct {
	feasible   bool
	leastWaste *int64 // of those without change and within the window, in 1/4000 sat
	fewest     int    // inputs that leave the change aimed at; 0 if none do
	leastSum   int64  // of so many inputs
}

func consult(coins []Coin, target Target) oracle {
	later := target.LongTermFeeRateSatPerKvB
	if later == 0 {
		later = 10_000
	}
	rate := target.FeeRateSatPerKvB
	discard := max(3_000, min(10_000, later))
	spend := (discard*230 + 3_999) / 4_000
	window := (rate*172+3_999)/4_000 + spend
	viable := max(330, spend+1)
	fee := func(inputs int, change bool) int64 {
		vsize := (TransactionWeight(inputs, target.Payments, change) + 3) / 4
		return (vsize*rate + 999) / 1_000
	}
	var pay int64
	for _, p := range target.Payments {
		pay += p.AmountSat
	}
	var o oracle
	for subset := 0; subset < 1<<len(coins); subset++ {
		inputs, sum, usable := len(target.Required), int64(0), true
		for _, c := range target.Required {
			sum += c.AmountSat
		}
		for i, c := range coins {
			if subset&(1<<i) != 0 {
				inputs++
				sum += c.AmountSat
				usable = usable && c.AmountSat > (60*rate+999)/1_000
			}
		}
		if !usable || inputs == 0 || (target.MaxInputs > 0 && inputs > target.MaxInputs) {
			continue
		}
		excess, change := sum-pay-fee(inputs, false), sum-pay-fee(inputs, true)
		if excess < 0 {
			continue
		}
		o.feasible = true
		if excess <= window && change < viable {
			waste := int64(inputs)*230*(rate-later) + 4_000*excess
			if o.leastWaste == nil || waste < *o.leastWaste {
				o.leastWaste = &waste
			}
		}
		if change >= max(viable, target.MinChangeSat) && (o.fewest == 0 || inputs < o.fewest || (inputs == o.fewest && sum < o.leastSum)) {
			o.fewest, o.leastSum = inputs, sum
		}
	}
	return o
}

// On sets small enough to try every subset, each search finds the best there is.
func TestSearchesAgainstEverySubset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			coins, target := drawTarget(t, 9)
			checkSearches(t, coins, target)
		}
	})
}

func checkSearches(t *rapid.T, coins []Coin, target Target) {
	want := consult(coins, target)
	got, err := Select(coins, target)
	if (err == nil) != want.feasible {
		t.Fatalf("got %v, but feasible is %v", err, want.feasible)
	}
	if err != nil {
		return
	}
	p, err := newProblem(coins, target)
	if err != nil {
		t.Fatal(err)
	}
	exact, fewest := p.branchAndBound(), p.fewestInputs()
	if (exact == nil) != (want.leastWaste == nil) || (exact != nil && exact.waste() != *want.leastWaste) {
		t.Fatalf("branch and bound: %+v, want a waste of %v", exact, want.leastWaste)
	}
	if want.fewest > 0 && (fewest == nil || fewest.inputs() != want.fewest || fewest.sum != want.leastSum) {
		t.Fatalf("fewest inputs: %+v, want %d of %d sat", fewest, want.fewest, want.leastSum)
	}
	for _, found := range []*candidate{exact, fewest, p.largestFirst(), p.consolidate()} {
		if found != nil && found.selection().WasteSat < got.WasteSat {
			t.Fatalf("%s wastes %d, less than the chosen %s with %d", found.method, found.selection().WasteSat, got.Method, got.WasteSat)
		}
	}
}

// Ten thousand coins of awkward sizes end within the tries, and the fewest inputs are
// still the fewest.
func TestManyCoinsEndInTime(t *testing.T) {
	coins := make([]Coin, 10_000)
	for i := range coins {
		coins[i] = coin(i, 1_000_000+int64(i*i)%7_919*2)
	}
	target := Target{Payments: []Payment{payment(99_000_001)}, FeeRateSatPerKvB: 20_000, MaxInputs: 500}
	got, err := Select(coins, target)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProblem(coins, target)
	if err != nil {
		t.Fatal(err)
	}
	if fewest := p.largestFirst().inputs(); len(got.Inputs) > fewest+1 {
		t.Fatalf("%d inputs where %d do", len(got.Inputs), fewest)
	}
}

func BenchmarkSelect(b *testing.B) {
	coins := make([]Coin, 2_000)
	for i := range coins {
		coins[i] = coin(i, 1_000_000+int64(i*i)%7_919*2)
	}
	target := Target{Payments: []Payment{payment(99_000_001)}, FeeRateSatPerKvB: 20_000, MaxInputs: 500}
	for b.Loop() {
		if _, err := Select(coins, target); err != nil {
			b.Fatal(err)
		}
	}
}
