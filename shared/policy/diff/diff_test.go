package diff

import (
	"slices"
	"strings"
	"testing"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

const coin = 100_000_000 // sat in one bitcoin

func allow(to ...string) charter.Rule {
	return charter.Rule{ID: "pay/all", Effect: charter.Allow, To: to}
}

func require(id string, check charter.Check, most int64, to ...string) charter.Rule {
	r := charter.Rule{ID: id, Effect: charter.Require, Check: check, Max: most, To: to}
	if check == charter.MaxWindow {
		r.Window = 86_400
	}
	return r
}

// desk pays Ann, Ben and Cem.
func desk(rules ...charter.Rule) charter.Document {
	return document(everybody, append([]charter.Rule{allow()}, rules...)...)
}

func cited(examples []Example) string {
	var ids []string
	for _, e := range examples {
		ids = append(ids, e.Rule)
	}
	return strings.Join(ids, " ")
}

// Each change newly allows, and newly refuses, what breaks exactly these checks.
func TestCompare(t *testing.T) {
	stranger := document(append([]string{"Dan"}, everybody...), allow())
	moved := desk()
	moved.Counterparties[0].Destinations = [][]byte{place("Ann's new place")}
	second := desk()
	second.Counterparties[0].Destinations = [][]byte{place("Ann"), place("another"), place("Ann's new place")}
	gap := desk()
	gap.Gap = 30
	clock := desk(require("cap/day", charter.MaxWindow, coin))
	clock.ClockTolerance = 3600
	pair := func(id string, most int64, to ...string) charter.Rule {
		return require(id, charter.MaxBatch, most, to...)
	}
	for _, c := range []struct {
		name             string
		from, to         charter.Document
		allowed, refused string
	}{
		{"nothing", desk(require("cap", charter.MaxBatch, coin)), desk(require("cap", charter.MaxBatch, coin)), "", ""},
		{"another id", desk(require("cap/a", charter.MaxBatch, coin)), desk(require("cap/b", charter.MaxBatch, coin)), "", ""},
		{"a cap is raised", desk(require("cap", charter.MaxOutput, coin)), desk(require("cap", charter.MaxOutput, 2*coin)), "cap", ""},
		{"a cap is lowered", desk(require("cap", charter.MaxOutput, coin)), desk(require("cap", charter.MaxOutput, coin-1)), "", "cap"},
		{"a payee is added", desk(), stranger, "payout/counterparty", ""},
		{"a payee moves", desk(), moved, "payout/counterparty", "payout/counterparty"},
		{"an allow is narrowed", desk(), document(everybody, allow("Ann")), "", "default/deny"},
		{"a deny", desk(), desk(charter.Rule{ID: "no", Effect: charter.Deny, To: []string{"Ben"}}), "", "no"},
		{"a denied payee's cap", desk(charter.Rule{ID: "no", Effect: charter.Deny, To: []string{"Ben"}}, require("cap", charter.MaxBatch, coin, "Ben")),
			desk(charter.Rule{ID: "no", Effect: charter.Deny, To: []string{"Ben"}}), "", ""},
		{"a shadowed cap goes", desk(require("a", charter.MaxBatch, coin), require("b", charter.MaxOutput, 2*coin)), desk(require("a", charter.MaxBatch, coin)), "", ""},
		{"a cap of a batch for one of an output", desk(require("cap", charter.MaxBatch, coin)), desk(require("cap", charter.MaxOutput, coin)), "cap", ""},
		{"a cap of a transaction for one of a batch", desk(require("cap", charter.MaxTransaction, coin)), desk(require("cap", charter.MaxBatch, coin)), "", "cap"},
		{"a window for a batch", desk(require("cap", charter.MaxWindow, coin)), desk(require("cap", charter.MaxBatch, coin)), "cap", ""},
		{"parts that add up", desk(require("cap", charter.MaxBatch, 20_000)), document(everybody, allow(), pair("a", 10_000, "Ann"), pair("b", 10_000, "Ben"), pair("c", 10_000, "Cem")), "cap", "a b c"},
		{"parts that add up exactly", desk(pair("cap", 30_000), pair("a", 10_000, "Ann"), pair("b", 10_000, "Ben"), pair("c", 10_000, "Cem")),
			desk(pair("a", 10_000, "Ann"), pair("b", 10_000, "Ben"), pair("c", 10_000, "Cem")), "", ""},
		{"parts that add up to one more", desk(pair("cap", 29_999), pair("a", 10_000, "Ann"), pair("b", 10_000, "Ben"), pair("c", 10_000, "Cem")),
			desk(pair("a", 10_000, "Ann"), pair("b", 10_000, "Ben"), pair("c", 10_000, "Cem")), "cap", ""},
		// Any two together are at most 10,001: all three are at most 15,001, for sat
		// are whole.
		{"overlapping pairs", desk(pair("cap", 15_001), pair("a", 10_001, "Ann", "Ben"), pair("b", 10_001, "Ben", "Cem"), pair("c", 10_001, "Ann", "Cem")),
			desk(pair("a", 10_001, "Ann", "Ben"), pair("b", 10_001, "Ben", "Cem"), pair("c", 10_001, "Ann", "Cem")), "", ""},
		{"overlapping pairs, one less", desk(pair("cap", 15_000), pair("a", 10_001, "Ann", "Ben"), pair("b", 10_001, "Ben", "Cem"), pair("c", 10_001, "Ann", "Cem")),
			desk(pair("a", 10_001, "Ann", "Ben"), pair("b", 10_001, "Ben", "Cem"), pair("c", 10_001, "Ann", "Cem")), "cap", ""},
		{"what dust forbids", desk(pair("cap", 500)), desk(pair("cap", 300)), "", "cap"},
		{"below dust there is nothing", desk(pair("cap", 100)), desk(pair("cap", 200)), "", ""},
		{"more payments than a batch holds", desk(require("cap", charter.MaxBatch, coin)), desk(require("cap", charter.MaxOutput, 1_000)), "", "cap"},
		{"a fee", desk(require("fee", charter.MaxFee, 1000)), desk(require("fee", charter.MaxFee, 1001)), "fee", ""},
		{"a rate that a fee bounds", desk(require("fee", charter.MaxFee, 1000), require("rate", charter.MaxFeeRate, 1000)), desk(require("fee", charter.MaxFee, 1000)), "", ""},
		{"a rate", desk(require("fee", charter.MaxFee, 1000), require("rate", charter.MaxFeeRate, 5)), desk(require("fee", charter.MaxFee, 1000)), "rate", ""},
		{"a fee that a rate bounds", desk(require("rate", charter.MaxFeeRate, 1), require("fee", charter.MaxFee, 100_000)), desk(require("rate", charter.MaxFeeRate, 1)), "", ""},
		{"a percentage", desk(require("share", charter.MaxFeePercent, 100)), desk(require("share", charter.MaxFeePercent, 101)), "share", ""},
		{"a percentage that small payments hide", desk(require("share", charter.MaxFeePercent, 100), require("cap", charter.MaxBatch, 296)),
			desk(require("share", charter.MaxFeePercent, 101), require("cap", charter.MaxBatch, 296)), "", ""},
		{"a percentage of another's payments", desk(require("fee", charter.MaxFee, 10)), desk(require("share", charter.MaxFeePercent, 1, "Ann")), "fee", "share"},
		{"a percentage that one sum alone breaks", desk(require("share", charter.MaxFeePercent, 335), require("cap", charter.MaxBatch, 298)),
			desk(require("share", charter.MaxFeePercent, 336), require("cap", charter.MaxBatch, 298)), "share", ""},
		{"a fee of whose demands the higher counts", desk(require("fee", charter.MaxFee, 1000, "Ben"), require("a", charter.MaxFeePercent, 5000, "Ann"), require("b", charter.MaxFeePercent, 1000, "Ben")),
			desk(require("a", charter.MaxFeePercent, 5000, "Ann"), require("b", charter.MaxFeePercent, 1000, "Ben")), "fee", ""},
		{"a fee that a window has no room for", desk(require("fee", charter.MaxFee, 1000), require("day", charter.MaxWindow, 1294)), desk(require("day", charter.MaxWindow, 1294)), "", ""},
		{"a fee that a window has room for", desk(require("fee", charter.MaxFee, 1000), require("day", charter.MaxWindow, 1295)), desk(require("day", charter.MaxWindow, 1295)), "fee", ""},
		{"a rate of one more", desk(require("rate", charter.MaxFeeRate, 5)), desk(require("rate", charter.MaxFeeRate, 6)), "rate", ""},
		{"a payee who can be paid nothing", desk(), document(append([]string{"Dan"}, everybody...), allow(), pair("cap", 100, "Dan")), "", ""},
		{"a payee with one more place", desk(), second, "payout/counterparty", ""},
		{"a lifetime", desk(require("life", charter.MaxLifetime, 60)), desk(require("life", charter.MaxLifetime, 61)), "life", ""},
		{"a gap", desk(), gap, "wallet/change-gap", ""},
		{"a shorter memory by the clock", desk(require("cap/day", charter.MaxWindow, coin)), clock, "cap/day", ""},
		{"a window per payee", desk(require("all", charter.MaxWindow, 2*coin)), desk(require("a", charter.MaxWindow, coin, "Ann"), require("b", charter.MaxWindow, coin, "Ben"), require("c", charter.MaxWindow, coin, "Cem")), "all", "a b c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Compare(made(t, c.from), made(t, c.to))
			if err != nil {
				t.Fatal(err)
			}
			if got := cited(d.Allowed); got != c.allowed {
				t.Errorf("newly allowed %q, want %q\n%s", got, c.allowed, strings.Join(d.Sentences(), "\n"))
			}
			if got := cited(d.Refused); got != c.refused {
				t.Errorf("newly refused %q, want %q\n%s", got, c.refused, strings.Join(d.Sentences(), "\n"))
			}
			if len(d.UndecidedAllowed)+len(d.UndecidedRefused) > 0 {
				t.Errorf("undecided: %q %q", d.UndecidedAllowed, d.UndecidedRefused)
			}
			again, err := Compare(made(t, c.from), made(t, c.to))
			if err != nil || !slices.Equal(again.Sentences(), d.Sentences()) {
				t.Errorf("a second comparison differs: %v", err)
			}
			for _, e := range slices.Concat(d.Allowed, d.Refused) {
				feasible(t, e.Case)
			}
		})
	}
}

// feasible fails the test unless a batch could be asked for: no payment is dust, no
// transaction is too large or smaller than its outputs.
func feasible(t *testing.T, k policy.Case) {
	t.Helper()
	for _, p := range k.Payments {
		if p.Amount < int64(batch.DustLimit(p.Script)) || p.Amount > int64(batch.MaxMoney) {
			t.Errorf("a payment of %d sat", p.Amount)
		}
	}
	if len(k.Payments) > batch.MaxPayments || len(k.Transactions) > batch.MaxTransactions || k.Lifetime < 1 {
		t.Errorf("%d payments in %d transactions, for %d s", len(k.Payments), len(k.Transactions), k.Lifetime)
	}
	for _, tx := range k.Transactions {
		var scripts [][]byte
		for _, p := range tx.Payments {
			scripts = append(scripts, k.Payments[p].Script)
		}
		paid := int64(0)
		for _, p := range tx.Payments {
			paid += k.Payments[p].Amount
		}
		if tx.Change >= 0 {
			scripts = append(scripts, ours)
			if tx.ChangeSat < int64(batch.DustLimit(ours)) {
				t.Errorf("change of %d sat", tx.ChangeSat)
			}
		}
		if size, inputs, ok := relayed.size(scripts, tx.VSize, tx.Inputs); !ok || size != tx.VSize || inputs != tx.Inputs || tx.Fee < 0 {
			t.Errorf("a transaction of %d vB for %d payments: the next there is has %d", tx.VSize, len(scripts), size)
		}
		if tx.InputSum != paid+tx.Fee+tx.ChangeSat || tx.InputSum > int64(batch.MaxMoney) || tx.InputSum < 1 {
			t.Errorf("inputs of %d sat pay %d, a fee of %d and change of %d", tx.InputSum, paid, tx.Fee, tx.ChangeSat)
		}
	}
}

// What cannot be settled is said, and never taken for unchanged: here within a
// budget of no work at all.
func TestUndecidedIsSaid(t *testing.T) {
	pair := func(id string, to ...string) charter.Rule { return require(id, charter.MaxBatch, 10_001, to...) }
	pairs := []charter.Rule{pair("a", "Ann", "Ben"), pair("b", "Ben", "Cem"), pair("c", "Ann", "Cem")}
	var c compiler
	sides := newSides(&c, made(t, desk(append(pairs, require("cap", charter.MaxBatch, 15_001))...)), made(t, desk(pairs...)))
	s := newSearch(sides[0], sides[1], &c, relayed)
	s.budget.work = 0
	s.run()
	d := Diff{UndecidedAllowed: s.undecided}
	if len(s.found) != 0 || !slices.Equal(s.undecided, []string{"cap"}) || d.Same() {
		t.Fatalf("%q", s.undecided)
	}
	if text := strings.Join(d.Sentences(), "\n"); !strings.Contains(text, "cap gives way could not be decided") || strings.Contains(text, "Nothing is newly allowed") {
		t.Error(text)
	}
}

// The words of a whole comparison.
func TestSentences(t *testing.T) {
	from := desk(require("cap/day", charter.MaxWindow, coin), require("fee", charter.MaxFee, 1000))
	to := document([]string{"Ann", "Ben", "Dan"}, allow(), require("cap/day", charter.MaxWindow, 2*coin))
	d, err := Compare(made(t, from), made(t, to))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(d.Sentences(), "\n")
	for _, want := range []string{
		`NEWLY ALLOWED (cap/day), for example: transaction 1 of 1 pays 0.00000294 BTC to "Ann", for a fee of 0.00000000 BTC. before it, 28 h ago, 0.99999707 BTC had left to "Ann".`,
		`  the old charter refuses it: cap/day: 1.00000001 BTC would leave within 24 h; at most 1.00000000 BTC may.`,
		`NEWLY ALLOWED (fee), for example:`,
		`NEWLY ALLOWED (payout/counterparty), for example: transaction 1 of 1 pays 0.00000294 BTC to "Dan"`,
		`Newly refused (payout/counterparty), for example: transaction 1 of 1 pays 0.00000294 BTC to "Cem"`,
		`Written otherwise: counterparty "Cem" is removed.`,
		`Written otherwise: counterparty "Dan" is added.`,
		`of "Dan" is a new destination.`,
		`Written otherwise: rule fee is removed: the fee of a transaction is at most 0.00001000 BTC (1,000 sat).`,
		`Written otherwise: rule cap/day is changed: within any 24 h, payments and fees are together at most 2.00000000 BTC`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not said: %s\n%s", want, text)
		}
	}
	if _, err := Compare(charter.Charter{}, made(t, to)); err == nil {
		t.Error("the zero charter is compared")
	}
}

func TestManyRulesAreDecided(t *testing.T) {
	prior, next := manyRules(t)
	d, err := Compare(prior, next)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Allowed) == 0 || len(d.Refused) != 0 || len(d.UndecidedAllowed)+len(d.UndecidedRefused) != 0 {
		t.Errorf("allowed %q, refused %q, undecided %q %q", cited(d.Allowed), cited(d.Refused), d.UndecidedAllowed, d.UndecidedRefused)
	}
}

// An OP_RETURN output takes nothing: it may be made where all must stay.
func TestNothingLeavesWithData(t *testing.T) {
	stays := charter.Rule{ID: "stays", Effect: charter.Require, Check: charter.MinOwnShare, Max: charter.MaxPercent}
	from := desk(stays, require("cap/day", charter.MaxWindow, coin, "Ben"))
	to := desk(stays, require("cap/day", charter.MaxWindow, coin))
	for _, d := range []*charter.Document{&from, &to} {
		d.Counterparties[1].Data = true
	}
	d, err := Compare(made(t, from), made(t, to))
	if err != nil || cited(d.Allowed) != "" || cited(d.Refused) != "cap/day" {
		t.Errorf("newly allowed %q, refused %q, %v", cited(d.Allowed), cited(d.Refused), err)
	}
}
