package diff

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// drawTiers draws a charter whose rules are excused by demands.
func drawTiers(rt *rapid.T, people charter.Document) charter.Document {
	d := people
	d.Rules = []charter.Rule{{ID: "allow", Effect: charter.Allow}}
	for i := range rapid.IntRange(1, 3).Draw(rt, "tiers") {
		r := charter.Rule{ID: fmt.Sprint("r", i), Effect: charter.Require, Check: rapid.SampledFrom([]charter.Check{charter.MaxBatch, charter.MaxOutput, charter.MaxFee}).Draw(rt, "check"), Max: rapid.Int64Range(0, 2).Draw(rt, "max")}
		for range 5 {
			r.Unless = drawDemand(rt, 2)
			with := d
			with.Rules = append(slices.Clone(d.Rules), r)
			if _, err := charter.New(with); err == nil {
				d = with
				break
			}
		}
	}
	return d
}

// changeTiers changes one or two of the demands a little.
func changeTiers(rt *rapid.T, d charter.Document) charter.Document {
	d.Rules = slices.Clone(d.Rules)
	for range rapid.IntRange(1, 2).Draw(rt, "changes") {
		i := rapid.IntRange(0, len(d.Rules)-1).Draw(rt, "which")
		if d.Rules[i].Effect != charter.Require {
			continue
		}
		for range 5 {
			old := d.Rules[i]
			if rapid.IntRange(0, 4).Draw(rt, "anew") == 0 {
				d.Rules[i].Unless = drawDemand(rt, 2)
			} else {
				d.Rules[i].Unless = tweak(rt, old.Unless)
			}
			if rapid.IntRange(0, 5).Draw(rt, "number") == 0 {
				d.Rules[i].Max = 2 - old.Max
			}
			if _, err := charter.New(d); err == nil {
				break
			}
			d.Rules[i] = old
		}
	}
	return d
}

// everySituation calls yield with every choice of who drafts and approves, at
// every time there is, and with many of everything else.
func everySituation(r *dice, stations int, times []*moment, yield func(policy.Case)) {
	for _, m := range times {
		for _, drafter := range append([]string{""}, staff...) {
			for bits := range 64 {
				k := policy.Case{
					Time: m.at, Lifetime: 1, Initiator: drafter, Waited: r.amount(3),
					Payments:     []policy.CasePayment{{Counterparty: "Ann", Script: place("Ann"), Amount: 1 + r.amount(3), Age: 3}},
					Transactions: []policy.CaseTransaction{{Payments: []int{0}, VSize: 2, Inputs: 1, Change: -1}},
				}
				k.Transactions[0].Fee = int64(r.roll(2)) * r.amount(3)
				k.Transactions[0].InputSum = k.Payments[0].Amount + k.Transactions[0].Fee
				for i, name := range staff[:3] {
					if bits>>i&1 == 1 {
						k.Approvals = append(k.Approvals, policy.CaseApproval{Person: name})
					}
					if bits>>(3+i)&1 == 1 {
						k.Approvals = append(k.Approvals, policy.CaseApproval{Person: name, Offline: true})
					}
					if r.roll(5) == 0 {
						k.Vetoes = append(k.Vetoes, name)
					}
					if r.roll(4) > 0 {
						k.NotFrozen = append(k.NotFrozen, policy.CaseStatement{Person: name, Age: r.amount(3)})
					}
				}
				for i := range stations {
					if i < 2 || r.roll(2) == 0 {
						k.Quorum = append(k.Quorum, (i+bits)%stations)
					}
				}
				yield(k)
			}
		}
	}
}

// What the comparison says of charters that differ in what excuses a rule is what
// trying every situation says.
func TestDemandsAgreeWithBruteForce(t *testing.T) {
	t.Parallel()
	differ, same, undecided := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		people := drawWords(rt)
		people.Counterparties = document(everybody).Counterparties
		third := people.Stations[0]
		third.Name, third.HostKey, third.InstanceKey, third.Site = "S2", hostKey(2), spare()[5].Public(), rapid.SampledFrom([]string{"", "Bern", "Olten"}).Draw(rt, "third site")
		people.Stations = append(people.Stations, third)
		first := drawTiers(rt, people)
		second := changeTiers(rt, first)
		if rapid.IntRange(0, 2).Draw(rt, "other people") == 0 {
			other := drawWords(rt)
			second.People = other.People
			second.Stations = slices.Clone(second.Stations)
			for i := range other.Stations {
				second.Stations[i].Site, second.Stations[i].Entity = other.Stations[i].Site, other.Stations[i].Entity
			}
			if _, err := charter.New(second); err != nil {
				second = changeTiers(rt, first)
			}
		}
		a, b := made(t, first), made(t, second)
		d := compare(a, b, small)
		undecided += len(d.UndecidedAllowed) + len(d.UndecidedRefused)
		if d.Same() {
			same++
		} else {
			differ++
		}
		var c compiler
		newSides(&c, a, b)
		times := slices.Clone(c.ofHours)
		r := dice(rapid.Uint64Range(1, 1<<62).Draw(rt, "dice"))
		for len(times) > 3 {
			at := r.roll(len(times))
			times = slices.Delete(times, at, at+1)
		}
		before, after := policy.NewTrial(a), policy.NewTrial(b)
		everySituation(&r, 3, times, func(k policy.Case) {
			x, y := before.Judge(k), after.Judge(k)
			if x.Allowed == y.Allowed {
				return
			}
			examples, open, refused := d.Allowed, d.UndecidedAllowed, x
			if x.Allowed {
				examples, open, refused = d.Refused, d.UndecidedRefused, y
			}
			for _, l := range refused.Refusals() {
				if !slices.Contains(open, l.Rule) && !slices.ContainsFunc(examples, func(e Example) bool { return slices.Contains(e.rules, l.Rule) }) {
					rt.Fatalf("%s refuses a batch that the other charter allows (newly allowed: %t), and is not named:\n%s\n%s\nallowed %q refused %q\nbefore %s\nafter %s", l.Rule, y.Allowed, shortCase(k), l.Sentence(), cited(d.Allowed), cited(d.Refused), short(a), short(b))
				}
			}
		})
	})
	t.Logf("%d differ, %d are the same, %d checks undecided", differ, same, undecided)
	if differ == 0 || same == 0 || undecided > 0 {
		t.Errorf("%d differ, %d are the same, %d checks undecided", differ, same, undecided)
	}
}
