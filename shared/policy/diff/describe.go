package diff

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

func money(sat int64) string { return batch.Amount(sat).String() }

// maxLines bounds what a batch shows of its payments.
const maxLines = 12

// asks is what either charter looks at besides payments and fees: only that is
// said of an example.
type asks struct {
	people, quorum, times, ages, inputs, balance, confirmations bool
}

func (s *search) asks() asks {
	var a asks
	for _, side := range []*side{s.strict, s.loose} {
		for _, d := range side.demands {
			for _, l := range d.leaves(nil) {
				switch l.kind {
				case charter.DemandStations, charter.DemandSites, charter.DemandEntities:
					a.quorum = true
				case charter.DemandHours:
					a.times = true
				default:
					a.people = true
				}
			}
		}
		for _, l := range side.limits {
			a.times = a.times || l.Calendar != charter.Rolling
			a.inputs = a.inputs || l.Check == charter.MaxInputs
			a.balance = a.balance || l.Check == charter.MinReserve
			a.confirmations = a.confirmations || l.Check == charter.MinConfirmations
		}
		for _, r := range side.doc.Rules {
			a.ages = a.ages || r.Younger > 0
		}
	}
	return a
}

// describe says what a batch is, a line each.
func (a asks) describe(k policy.Case) []string {
	var out, txs []string
	for _, tx := range k.Transactions {
		txs = append(txs, strings.Join(a.payments(k, tx), ", ")+", "+a.coins(tx))
	}
	for i := 0; i < len(txs); {
		same := 1
		for i+same < len(txs) && txs[i+same] == txs[i] {
			same++
		}
		which := fmt.Sprintf("transaction %d of %d pays", i+1, len(txs))
		if same > 1 {
			which = fmt.Sprintf("transactions %d to %d of %d pay each", i+1, i+same, len(txs))
		}
		out = append(out, which+" "+txs[i]+".")
		if i += same; len(out) == maxLines && i < len(txs) {
			out = append(out, fmt.Sprintf("%d more transactions pay alike.", len(txs)-i))
			break
		}
	}
	for _, p := range k.Past {
		whom := fmt.Sprintf("to %q", p.Counterparty)
		switch p.Counterparty {
		case "":
			whom = "for fees"
		case stranger:
			whom = "to somebody whom neither charter names"
		}
		what := money(p.Amount)
		if p.Count > 1 {
			what = fmt.Sprintf("%s in %d payments", what, p.Count)
		}
		out = append(out, fmt.Sprintf("before it, %s ago, %s had left %s.", charter.Period(p.Age), what, whom))
	}
	if k.Lifetime > 1 {
		out = append(out, fmt.Sprintf("the request is valid for %s.", charter.Period(k.Lifetime)))
	}
	if a.times {
		out = append(out, "its stated time is "+time.Unix(k.Time, 0).UTC().Format("Monday 2006-01-02 15:04:05 UTC")+".")
	}
	if a.balance {
		out = append(out, balance(k.Balance))
	}
	for _, p := range k.Prices {
		out = append(out, fmt.Sprintf("%q stated %s before that one bitcoin is worth %s %d.%02d.", p.Source, charter.Period(p.Age), p.Currency, p.Hundredths/100, p.Hundredths%100))
	}
	return append(out, a.said(k)...)
}

func balance(sat int64) string {
	if sat == 0 {
		return "no balance of the wallet is claimed."
	}
	return fmt.Sprintf("the wallet is claimed to hold %s before it.", money(sat))
}

// payments lists what a transaction pays, those alike together.
func (a asks) payments(k policy.Case, tx policy.CaseTransaction) []string {
	var out []string
	for n := 0; n < len(tx.Payments); {
		p := k.Payments[tx.Payments[n]]
		same := 1
		for n+same < len(tx.Payments) && alike(p, k.Payments[tx.Payments[n+same]]) {
			same++
		}
		what := fmt.Sprintf("%s to %q", money(p.Amount), p.Counterparty)
		if kind, _ := charter.KindOf(p.Script); kind == charter.Data {
			what = fmt.Sprintf("an OP_RETURN output to %q", p.Counterparty)
		}
		if same > 1 {
			what = fmt.Sprintf("%d times %s", same, what)
		}
		if a.ages {
			what += fmt.Sprintf(" at a destination that is listed for %s", charter.Period(p.Age))
		}
		if p.Own {
			what += " at a receive address of this wallet"
		}
		if p.PaidBefore {
			what += " where another payout went before"
		}
		out = append(out, what)
		n += same
	}
	if len(out) > maxLines {
		out = append(out[:maxLines], fmt.Sprintf("and %d more", len(out)-maxLines))
	}
	return out
}

func alike(a, b policy.CasePayment) bool {
	return a.Counterparty == b.Counterparty && a.Amount == b.Amount && a.Age == b.Age && a.Own == b.Own && a.PaidBefore == b.PaidBefore && bytes.Equal(a.Script, b.Script)
}

// coins says what a transaction costs, spends and returns.
func (a asks) coins(tx policy.CaseTransaction) string {
	out := "for a fee of " + money(tx.Fee)
	if tx.Fee > 0 {
		out += fmt.Sprintf(" at a size of %d vB", tx.VSize)
	}
	if tx.Change >= 0 {
		out += fmt.Sprintf(", with %s of change to index %d where none was used before", money(tx.ChangeSat), tx.Change)
	}
	if a.inputs {
		out += ", from " + number(tx.Inputs, "input")
	}
	if a.confirmations {
		out += fmt.Sprintf(", of coins with %s claimed and %d proved", number(tx.Confirmations, "confirmation"), tx.Proven)
	}
	return out
}

func number(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// said lists who drafted, approved, vetoed and vouched, and who signs.
func (a asks) said(k policy.Case) []string {
	var out []string
	if a.people {
		drafted := "nobody signed the draft"
		if k.Initiator != "" {
			drafted = fmt.Sprintf("%q signed the draft %s before", k.Initiator, charter.Period(k.Waited))
		}
		var who []string
		for _, given := range k.Approvals {
			if !given.Offline {
				who = append(who, fmt.Sprintf("%q", given.Person))
				continue
			}
			who = append(who, fmt.Sprintf("%q on an offline device", given.Person))
		}
		approved := "nobody approves"
		if len(who) > 0 {
			approved = "approved by " + strings.Join(who, ", ")
		}
		out = append(out, drafted+"; "+approved+".")
	}
	for _, name := range k.Vetoes {
		out = append(out, fmt.Sprintf("%q vetoes it.", name))
	}
	for _, s := range k.NotFrozen {
		out = append(out, fmt.Sprintf("%q stated %s before that nothing is frozen.", s.Person, charter.Period(s.Age)))
	}
	if a.quorum {
		out = append(out, fmt.Sprintf("stations %s sign.", strings.Trim(strings.ReplaceAll(fmt.Sprint(k.Quorum), " ", ", "), "[]")))
	}
	return out
}

// plain leaves out of an example what it does not need: it stays one, and the
// strict charter does not refuse it for more.
func (s *search) plain(rule string, k policy.Case, refusals int) policy.Case {
	try := func(change func(*policy.Case)) bool {
		less := k
		change(&less)
		if !s.loose.trial.Judge(less).Allowed {
			return false
		}
		lines := s.strict.trial.Judge(less).Refusals()
		if len(lines) > refusals || !slices.ContainsFunc(lines, func(l policy.Line) bool { return l.Rule == rule }) {
			return false
		}
		k = less
		return true
	}
	thin(len(k.Approvals), func(from, to int) bool {
		return try(func(k *policy.Case) { k.Approvals = slices.Delete(slices.Clone(k.Approvals), from, to) })
	})
	thin(len(k.NotFrozen), func(from, to int) bool {
		return try(func(k *policy.Case) { k.NotFrozen = slices.Delete(slices.Clone(k.NotFrozen), from, to) })
	})
	if len(k.Prices) > 0 {
		try(func(k *policy.Case) { k.Prices = nil })
	}
	if k.Initiator != "" {
		try(func(k *policy.Case) { k.Initiator, k.Waited = "", 0 })
	}
	return k
}

// thin leaves out of n things what it can, many at once first: without reports
// whether those from a place to another could be left out.
func thin(n int, without func(from, to int) bool) {
	for many := n; many > 0; many /= 2 {
		for from := n - many; from >= 0; from -= many {
			if without(from, from+many) {
				n -= many
			}
		}
	}
}
