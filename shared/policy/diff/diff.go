package diff

import (
	"errors"
	"sort"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// Diff is what a change of charters comes to.
type Diff struct {
	Structure []string  // what was written otherwise, in words
	Allowed   []Example // of what is newly allowed, one for each check that gives way
	Refused   []Example // of what is newly refused, one for each check that takes it away
	// Ids of checks of the old (new) charter of which it is not known whether
	// the new (old) one allows more.
	UndecidedAllowed, UndecidedRefused []string
}

// Example is a batch that one charter allows and the other refuses.
type Example struct {
	Rule    string   // the check of the refusing charter that it was searched for
	Batch   []string // what is asked for, in words
	Refused []string // why the refusing charter refuses it, in sentences
	Case    policy.Case

	rules []string // of Refused
}

// Same reports whether both charters allow the same batches, which is proved.
func (d Diff) Same() bool {
	return len(d.Allowed) == 0 && len(d.Refused) == 0 && len(d.UndecidedAllowed) == 0 && len(d.UndecidedRefused) == 0
}

// Compare says what next newly allows and newly refuses compared with prior. It is
// deterministic. Both are of one network, or it errs.
func Compare(prior, next charter.Charter) (Diff, error) {
	if !prior.Valid() || !next.Valid() {
		return Diff{}, errors.New("diff: compare: a charter is the zero value")
	}
	if prior.Document().Network != next.Document().Network {
		return Diff{}, errors.New("diff: compare: the charters are of different networks")
	}
	return compare(prior, next, relayed), nil
}

func compare(prior, next charter.Charter, in space) Diff {
	d := Diff{Structure: structure(prior, next)}
	var c compiler
	sides := newSides(&c, prior, next)
	wider := newSearch(sides[0], sides[1], &c, in)
	wider.run()
	narrower := newSearch(sides[1], sides[0], &c, in)
	narrower.run()
	d.Allowed, d.UndecidedAllowed = wider.found, wider.undecided
	d.Refused, d.UndecidedRefused = narrower.found, narrower.undecided
	return d
}

// maxWork bounds the search of one direction: about a second.
const maxWork = 2_000_000

// space bounds the batches that there are.
type space struct {
	payments, transactions int64 // of a batch
	money                  int64 // sat, of all payments
	largest                int64 // vB of a transaction
	least                  func(script []byte) int64
	// size is the size, in vB, of the smallest transaction that pays scripts, is at
	// least that large and has at least so many inputs, and how many it has; false
	// if there is none.
	size func(scripts [][]byte, atLeast, inputs int64) (size, with int64, ok bool)
}

// holds reports whether a batch is one that there is.
func (in space) holds(k policy.Case) bool {
	spent := int64(0)
	for _, tx := range k.Transactions {
		spent += min(tx.InputSum, in.money+1)
	}
	return int64(len(k.Payments)) <= in.payments && int64(len(k.Transactions)) <= in.transactions && spent <= in.money
}

// relayed are the batches that batch.Request.Verify accepts.
var relayed = space{
	payments: batch.MaxPayments, transactions: batch.MaxTransactions, money: int64(batch.MaxMoney), largest: maxWeight / 4,
	least: func(script []byte) int64 { return int64(batch.DustLimit(script)) },
	size: func(scripts [][]byte, atLeast, inputs int64) (size, with int64, ok bool) {
		most := int64(sort.Search(batch.MaxSlots, func(i int) bool { return weight(scripts, i+1) > maxWeight }))
		if inputs > most {
			return 0, 0, false
		}
		inputs = max(inputs, int64(sort.Search(int(most), func(i int) bool { return (weight(scripts, i+1)+3)/4 >= atLeast }))+1)
		if inputs > most {
			inputs = max(most, 1)
		}
		size = (weight(scripts, int(inputs)) + 3) / 4
		return size, inputs, size >= atLeast && most > 0
	},
}

// maxWeight is what nodes relay of one transaction, in weight units.
const maxWeight = 400_000

// weight is that of a transaction of key-path inputs without change (BIP141,
// BIP341): 41 bytes an input and 66 of witness.
func weight(scripts [][]byte, inputs int) int64 {
	count := func(n int) int64 {
		if n < 253 {
			return 1
		}
		return 3
	}
	stripped := 8 + count(inputs) + 41*int64(inputs) + count(len(scripts))
	for _, s := range scripts {
		stripped += 9 + int64(len(s))
	}
	return 4*stripped + 2 + 66*int64(inputs)
}
