// Package coins chooses which of the wallet's coins a transaction spends.
//
// Select tries several searches, as Bitcoin Core's wallet does, and keeps the result
// with the least waste: branch and bound (no change output), a search for the fewest
// inputs in the manner of CoinGrinder, and two simple accumulations. The waste metric,
// the cost of change and the viability of change are Bitcoin Core's
// (src/wallet/coinselection.cpp, spend.cpp); sizes are exact, in weight units
// (BIP141), for taproot key-path inputs (BIP341).
//
// Plan splits many payments over several transactions with disjoint coins.
//
// The package is pure: no IO, no clock, no randomness, no floating point. The same
// coins in any order give the same result. It does not know keys, transactions or
// policy, and does not judge whether a payment should be made.
package coins

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// MaxMoneySat is the greatest amount that can exist, 21 million bitcoin.
const MaxMoneySat = 2_100_000_000_000_000

// MaxFeeRateSatPerKvB bounds every fee rate (10,000 sat/vB), so that sums of fees and
// amounts fit an int64.
const MaxFeeRateSatPerKvB = 10_000_000

// Coin is an unspent taproot output of the wallet.
type Coin struct {
	TxID      [32]byte // wire order
	Vout      uint32
	AmountSat int64
	Chain     uint32 // 0 receiving, 1 change
	Index     uint32 // of the key in its chain
}

// Payment is one output to make.
type Payment struct {
	ID        string // for error messages only
	AmountSat int64
	Script    []byte // output script (scriptPubKey)
}

// Target says what to select coins for.
type Target struct {
	Payments []Payment // at least one

	// Required coins are spent whatever else is: a redraft of a payment must spend its
	// anchor again. They must not be among the coins to choose from.
	Required []Coin

	FeeRateSatPerKvB int64 // 1 to MaxFeeRateSatPerKvB

	// LongTermFeeRateSatPerKvB is the rate at which a coin left over today is expected
	// to be spent later: below it selecting more coins saves money. 0 means 10,000
	// (Bitcoin Core's -consolidatefeerate).
	LongTermFeeRateSatPerKvB int64

	// MinChangeSat is how much change a search aims at if there must be some. Less is
	// made when the coins do not reach; never less than dust.
	MinChangeSat int64

	// MaxInputs bounds the inputs, required ones included. 0 leaves only the bound of
	// a standard transaction's weight.
	MaxInputs int
}

// Method names the search that found a selection.
type Method string

const (
	BranchAndBound Method = "branch-and-bound" // no change output
	FewestInputs   Method = "fewest-inputs"    // CoinGrinder for inputs of equal weight
	LargestFirst   Method = "largest-first"    // the fallback, which finds a solution if there is one
	Consolidation  Method = "consolidation"    // small coins, while fees are below the long-term rate
)

// Selection is a set of coins that pays a target:
// sum of Inputs = sum of payments + ChangeSat + FeeSat.
type Selection struct {
	Inputs    []Coin // sorted by TxID (bytes in wire order), then Vout
	ChangeSat int64  // 0: no change output
	FeeSat    int64  // at least the fee rate times the size; exactly that, rounded up, if there is change
	Weight    int64  // of the signed transaction, in weight units
	VSize     int64  // Weight / 4, rounded up
	WasteSat  int64  // Bitcoin Core's metric, rounded down; negative is a saving
	Method    Method
}

// Shortage is the error of Select and Plan when the coins cannot pay.
type Shortage struct {
	NeedSat   int64 // payments, and the fee for spending every usable coin
	HaveSat   int64 // in usable coins (the required ones and those worth more than their input's fee)
	Unusable  int   // coins that cost more to spend than they hold
	MaxInputs int   // 0, or the bound without which the coins would do; HaveSat then counts only so many coins
}

// ShortSat is how much is missing, in sat, before the fee of spending another coin.
func (s *Shortage) ShortSat() int64 { return s.NeedSat - s.HaveSat }

func (s *Shortage) Error() string {
	if s.MaxInputs > 0 {
		return fmt.Sprintf("coins: select: short by %d sat: the %d largest coins hold %d sat, needed are %d: allow more inputs, or split the payments",
			s.ShortSat(), s.MaxInputs, s.HaveSat, s.NeedSat)
	}
	unusable := ""
	if s.Unusable > 0 {
		unusable = fmt.Sprintf(" (%d more coins cost more than they hold)", s.Unusable)
	}
	return fmt.Sprintf("coins: select: short by %d sat: the coins hold %d sat%s, payments and fee need %d",
		s.ShortSat(), s.HaveSat, unusable, s.NeedSat)
}

// compareOutPoints is the order of a selection's inputs, and of equal coins in a search.
func compareOutPoints(a, b Coin) int {
	return cmp.Or(bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Vout, b.Vout))
}

// compareBySize puts larger coins first; equal ones in the order of their outpoints.
func compareBySize(a, b Coin) int {
	return cmp.Or(cmp.Compare(b.AmountSat, a.AmountSat), compareOutPoints(a, b))
}

type outPoint struct {
	txid [32]byte
	vout uint32
}

// checkCoins bounds amounts and their sum, so that nothing later overflows, and refuses
// a coin that is listed twice.
func checkCoins(lists ...[]Coin) error {
	seen := make(map[outPoint]struct{})
	var sum int64
	for _, c := range slices.Concat(lists...) {
		if c.AmountSat <= 0 || c.AmountSat > MaxMoneySat-sum {
			return fmt.Errorf("coins: coin %x:%d: an amount of %d sat is out of range", c.TxID, c.Vout, c.AmountSat)
		}
		sum += c.AmountSat
		at := outPoint{c.TxID, c.Vout}
		if _, twice := seen[at]; twice {
			return fmt.Errorf("coins: coin %x:%d is listed twice", c.TxID, c.Vout)
		}
		seen[at] = struct{}{}
	}
	return nil
}

// checkPayments bounds amounts, their sum and scripts, and refuses dust.
func checkPayments(payments []Payment) (sumSat int64, err error) {
	if len(payments) == 0 {
		return 0, fmt.Errorf("coins: there is no payment")
	}
	for _, p := range payments {
		if len(p.Script) == 0 || len(p.Script) > maxScriptLen || p.Script[0] == opReturn && p.AmountSat != 0 {
			return 0, fmt.Errorf("coins: payment %q: its script cannot be paid", p.ID)
		}
		if dust := DustSat(p.Script); p.AmountSat < dust {
			return 0, fmt.Errorf("coins: payment %q: %d sat is dust, want at least %d", p.ID, p.AmountSat, dust)
		}
		if p.AmountSat > MaxMoneySat-sumSat {
			return 0, fmt.Errorf("coins: payment %q: an amount of %d sat takes the payments out of range", p.ID, p.AmountSat)
		}
		sumSat += p.AmountSat
	}
	return sumSat, nil
}
