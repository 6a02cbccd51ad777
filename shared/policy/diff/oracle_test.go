package diff

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"pgregory.net/rapid"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// keys are those of two stations and the courier.
var keys = sync.OnceValue(func() []*wire.SigningKey {
	var out []*wire.SigningKey
	for i := range byte(3) {
		k, err := wire.GenerateSigningKey([32]byte{0x41, i})
		if err != nil {
			panic(err)
		}
		out = append(out, k)
	}
	return out
})

func place(name string) []byte {
	h := sha256.Sum256([]byte(name))
	return append([]byte{0x00, 0x14}, h[:20]...)
}

// document is a 2-of-2 charter that pays names, each at a place of its own.
func document(names []string, rules ...charter.Rule) charter.Document {
	d := charter.Document{
		Version: charter.Version, Name: "Treasury", Network: wallet.Regtest, Threshold: 2, Gap: 20, ClockTolerance: 7200,
		Courier: keys()[2].Public(), Rules: rules,
	}
	for i := range byte(2) {
		_, host := btcec.PrivKeyFromBytes([]byte{0x42, i})
		d.Stations = append(d.Stations, charter.Station{Name: fmt.Sprint("S", i), HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: keys()[i].Public()})
	}
	for _, n := range names {
		d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: n, Destinations: [][]byte{place(n)}})
	}
	return d
}

func made(t testing.TB, d charter.Document) charter.Charter {
	t.Helper()
	c, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// small is a world of up to three payments, so small that all of it can be tried.
var small = space{
	payments: 3, transactions: 3, money: 100, largest: 4,
	least: func([]byte) int64 { return 1 },
	size: func(_ [][]byte, atLeast, inputs int64) (int64, int64, bool) {
		size := max(2, atLeast, inputs+1)
		return min(size, 4), min(size, 4) - 1, size <= 4
	},
}

const most = 4 // sat of a payment in the oracle: one more than the highest limit

var everybody = []string{"Ann", "Ben", "Cem"}

func drawRule(rt *rapid.T, id string, names []string) charter.Rule {
	r := charter.Rule{ID: id, Effect: charter.Require}
	switch rapid.IntRange(0, 9).Draw(rt, "effect") {
	case 0:
		r.Effect = charter.Allow
	case 1:
		r.Effect = charter.Deny
	}
	r.To = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, len(names), rapid.ID[string]).Draw(rt, "to")
	if r.Effect != charter.Require {
		return r
	}
	r.Check = charter.Check(rapid.IntRange(1, 8).Draw(rt, "check"))
	r.Max = rapid.Int64Range(1, most-1).Draw(rt, "max")
	if r.Check == charter.MaxFeePercent {
		r.Max = rapid.SampledFrom([]int64{1000, 2500, 3334, 5000, 10_000}).Draw(rt, "percent")
	}
	if r.Check == charter.MaxWindow {
		r.Window = uint32(rapid.IntRange(1, 2).Draw(rt, "window"))
	}
	return r
}

func drawDocument(rt *rapid.T) charter.Document {
	names := slices.Clone(everybody)
	if rapid.IntRange(0, 3).Draw(rt, "fewer") == 0 {
		names = names[:2]
	}
	d := document(names)
	if len(names) == 3 && rapid.IntRange(0, 5).Draw(rt, "swapped") == 0 {
		a, b := &d.Counterparties[0], &d.Counterparties[1]
		a.Destinations, b.Destinations = b.Destinations, a.Destinations
	}
	d.Gap = uint32(rapid.IntRange(1, 2).Draw(rt, "gap"))
	d.ClockTolerance = uint32(rapid.IntRange(1, 2).Draw(rt, "tolerance"))
	if rapid.IntRange(0, 4).Draw(rt, "allow all") > 0 {
		d.Rules = append(d.Rules, charter.Rule{ID: "allow", Effect: charter.Allow})
	}
	for i := range rapid.IntRange(0, 5).Draw(rt, "rules") {
		d.Rules = append(d.Rules, drawRule(rt, fmt.Sprint("r", i), names))
	}
	return d
}

// change draws a charter near to another: one rule is drawn again, or added, or
// taken away.
func change(rt *rapid.T, d charter.Document) charter.Document {
	d.Rules = slices.Clone(d.Rules)
	names := make([]string, len(d.Counterparties))
	for i, c := range d.Counterparties {
		names[i] = c.Name
	}
	for range rapid.IntRange(1, 2).Draw(rt, "changes") {
		i := rapid.IntRange(0, len(d.Rules)).Draw(rt, "place")
		if i == len(d.Rules) {
			d.Rules = append(d.Rules, drawRule(rt, fmt.Sprint("n", len(d.Rules)), names))
			continue
		}
		if rapid.Bool().Draw(rt, "remove") {
			d.Rules = slices.Delete(d.Rules, i, i+1)
			continue
		}
		d.Rules[i] = drawRule(rt, d.Rules[i].ID, names)
	}
	slices.SortFunc(d.Rules, func(a, b charter.Rule) int { return len(a.ID) - len(b.ID) })
	d.Rules = slices.CompactFunc(d.Rules, func(a, b charter.Rule) bool { return a.ID == b.ID })
	return d
}

// honest are all payments to where their counterparties are, strange those to a
// place of another, and to somebody whom no charter names.
func honest() (out []policy.CasePayment) {
	for _, name := range everybody {
		for amount := int64(1); amount <= most; amount++ {
			out = append(out, policy.CasePayment{Counterparty: name, Script: place(name), Amount: amount})
		}
	}
	return out
}

func strange() (out []policy.CasePayment) {
	for i, name := range everybody {
		elsewhere := place(everybody[(i+1)%len(everybody)])
		out = append(out,
			policy.CasePayment{Counterparty: name, Script: elsewhere, Amount: 1},
			policy.CasePayment{Counterparty: "Zoe", Script: place(name), Amount: 1},
			policy.CasePayment{Counterparty: name, Script: place("nowhere"), Amount: 1})
	}
	return out
}

// choices calls yield with every choice of up to n payments.
func choices(n int, of []policy.CasePayment, yield func([]policy.CasePayment)) {
	var more func(from int, chosen []policy.CasePayment)
	more = func(from int, chosen []policy.CasePayment) {
		if len(chosen) > 0 {
			yield(chosen)
		}
		for i := from; i < len(of) && len(chosen) < n; i++ {
			more(i, append(chosen[:len(chosen):len(chosen)], of[i]))
		}
	}
	more(0, nil)
}

// partitions are the ways in which up to three payments share transactions.
var partitions = [][][][]int{
	{{{0}}},
	{{{0, 1}}, {{0}, {1}}},
	{{{0, 1, 2}}, {{0, 1}, {2}}, {{0, 2}, {1}}, {{1, 2}, {0}}, {{0}, {1}, {2}}},
}

func sums(yield func(policy.Case)) {
	choices(3, honest(), func(p []policy.CasePayment) {
		for _, shares := range partitions[len(p)-1] {
			k := policy.Case{Payments: p, Lifetime: 1}
			for _, share := range shares {
				k.Transactions = append(k.Transactions, policy.CaseTransaction{Payments: share, VSize: 2, Change: -1})
			}
			yield(k)
		}
	})
}

func fees(yield func(policy.Case)) {
	choices(3, honest(), func(p []policy.CasePayment) {
		for fee := int64(0); fee <= most+1; fee++ {
			for size := int64(2); size <= 4; size++ {
				if len(p) == 3 && (size > 2 || fee > 2) {
					continue
				}
				yield(policy.Case{
					Payments: p, Lifetime: 1,
					Transactions: []policy.CaseTransaction{{Payments: partitions[len(p)-1][0][0], Fee: fee, VSize: size, Change: -1}},
				})
			}
		}
	})
}

func pasts(yield func(policy.Case)) {
	var items []policy.CasePast
	for _, name := range append([]string{""}, everybody...) {
		for amount := int64(1); amount <= most; amount++ {
			for age := int64(3); age <= 6; age++ { // every window, widened
				items = append(items, policy.CasePast{Counterparty: name, Amount: amount, Age: age})
			}
		}
	}
	for i := range items {
		for j := range i + 1 {
			for _, name := range everybody {
				yield(policy.Case{
					Payments: []policy.CasePayment{{Counterparty: name, Script: place(name), Amount: 1}}, Lifetime: 1,
					Transactions: []policy.CaseTransaction{{Payments: []int{0}, VSize: 2, Change: -1}},
					Past:         []policy.CasePast{items[i], items[j]},
				})
			}
		}
	}
}

func others(yield func(policy.Case)) {
	choices(1, append(honest(), strange()...), func(p []policy.CasePayment) {
		for lifetime := int64(1); lifetime <= most; lifetime++ {
			for index := int64(-1); index <= 3; index++ {
				yield(policy.Case{Payments: p, Lifetime: lifetime, Transactions: []policy.CaseTransaction{{Payments: []int{0}, VSize: 2, Change: index}}})
			}
		}
	})
}

// What the comparison says is what trying every small batch says: each check of
// the one charter that refuses a batch of the other is named, and where nothing
// is said there is nothing.
func TestAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	differ, same, undecided := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		first := drawDocument(rt)
		second := change(rt, first)
		if rapid.IntRange(0, 3).Draw(rt, "another") == 0 {
			second = drawDocument(rt)
		}
		a, b := made(t, first), made(t, second)
		d := compare(a, b, small)
		undecided += len(d.UndecidedAllowed) + len(d.UndecidedRefused)
		if d.Same() {
			same++
		} else {
			differ++
		}
		before, after := policy.NewTrial(a), policy.NewTrial(b)
		named := func(examples []Example, undecided []string, refused policy.Verdict, k policy.Case) {
			for _, l := range refused.Refusals() {
				if slices.Contains(undecided, l.Rule) || slices.ContainsFunc(examples, func(e Example) bool { return slices.Contains(e.rules, l.Rule) }) {
					continue
				}
				rt.Fatalf("%s refuses a batch that the other charter allows, and is not named:\n%q\n%q\nbefore %+v\nafter %+v", l.Rule, asks{}.describe(k), d.Sentences(), first.Rules, second.Rules)
			}
		}
		world := []func(func(policy.Case)){sums, fees, pasts, others}[rapid.IntRange(0, 3).Draw(rt, "world")]
		world(func(k policy.Case) {
			x, y := before.Judge(k), after.Judge(k)
			if y.Allowed {
				named(d.Allowed, d.UndecidedAllowed, x, k)
			}
			if x.Allowed {
				named(d.Refused, d.UndecidedRefused, y, k)
			}
		})
		for _, e := range d.Allowed {
			if before.Judge(e.Case).Allowed || !after.Judge(e.Case).Allowed {
				rt.Fatalf("no example: %q", e.Batch)
			}
		}
		for _, e := range d.Refused {
			if !before.Judge(e.Case).Allowed || after.Judge(e.Case).Allowed {
				rt.Fatalf("no example: %q", e.Batch)
			}
		}
	})
	t.Logf("%d differ, %d are the same, %d checks undecided", differ, same, undecided)
	if differ == 0 || same == 0 || undecided > (differ+same)/10 {
		t.Errorf("%d differ, %d are the same, %d checks undecided", differ, same, undecided)
	}
}
