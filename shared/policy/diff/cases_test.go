package diff

import (
	"fmt"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// dice are numbers for cases: quicker than rapid's, of which a case takes many.
type dice uint64

func (r *dice) roll(n int) int {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return int(uint64(*r) >> 11 % uint64(n))
}

func (r *dice) amount(n int64) int64 { return int64(r.roll(int(n) + 1)) }

func pick[T any](r *dice, of []T) T { return of[r.roll(len(of))] }

// someCase draws a batch of a small world with everything that may come with it.
func (r *dice) someCase(at int64, reach []int64, where []policy.CasePayment) policy.Case {
	k := policy.Case{Time: at, Lifetime: 1}
	if r.roll(4) == 0 {
		k.Time += int64(r.roll(7 * day))
	}
	if r.roll(8) == 0 {
		k.Lifetime = 1 + r.amount(most)
	}
	listed := make(map[string]int64) // age by script
	before := make(map[string]bool)
	number := 1 + r.roll(2)*r.roll(3)
	for range number {
		p := pick(r, where)
		p.Amount = 1 + r.amount(most-1)
		switch {
		case p.Script[0] == said[0]:
			p.Amount = 0
		case r.roll(3) == 0:
			p.Amount = 1
		case r.roll(16) == 0:
			p.Script, p.Own = place(pick(r, everybody)), false
		}
		to := string(p.Script)
		if _, known := listed[to]; !known {
			listed[to], before[to] = 3, r.roll(20) == 0
			if r.roll(3) == 0 {
				listed[to] = r.amount(3)
			}
		}
		p.Age, p.PaidBefore = listed[to], before[to]
		k.Payments = append(k.Payments, p)
	}
	for _, share := range pick(r, partitions[number-1]) {
		tx := policy.CaseTransaction{Payments: share, VSize: 2, Change: -1, Confirmations: 5, Proven: 5}
		if r.roll(3) == 0 {
			tx.VSize += r.amount(2)
		}
		tx.Inputs = tx.VSize - 1
		if r.roll(2) == 0 {
			tx.Fee = r.amount(most + 2)
		}
		if r.roll(3) == 0 {
			tx.Change, tx.ChangeSat = int64(r.roll(2)*r.roll(4)), 1+r.amount(most+4)
		}
		if r.roll(4) == 0 {
			tx.Confirmations, tx.Proven = r.amount(3), r.amount(3)
		}
		data := 0
		tx.InputSum = tx.Fee + tx.ChangeSat
		for _, i := range share {
			tx.InputSum += k.Payments[i].Amount
			if k.Payments[i].Amount == 0 {
				data++
			}
		}
		if data > 1 || tx.InputSum == 0 {
			return r.someCase(at, reach, where)
		}
		k.Transactions = append(k.Transactions, tx)
	}
	for range r.roll(3) {
		past := policy.CasePast{Counterparty: pick(r, append([]string{stranger}, everybody...)), Amount: r.amount(most), Count: 1, Age: pick(r, reach) + int64(r.roll(3)/2)}
		if r.roll(5) == 0 {
			past.Counterparty, past.Count = "", 0
		}
		k.Past = append(k.Past, past)
	}
	k.Balance = 40
	if r.roll(4) == 0 {
		k.Balance = r.amount(12)
	}
	for range r.roll(3) {
		k.Prices = append(k.Prices, policy.CasePrice{Source: pick(r, []string{"Desk", "Bank"}), Currency: "CHF", Age: r.amount(3),
			Hundredths: pick(r, []int64{1, 40_000_000, 50_000_000, 100_000_000, 200_000_000, 1_000_000_000_000})})
	}
	r.situation(&k)
	return k
}

// situation draws who says what: mostly everybody everything.
func (r *dice) situation(k *policy.Case) {
	k.Initiator, k.Waited = pick(r, append([]string{""}, staff...)), 5
	if r.roll(4) == 0 {
		k.Waited = r.amount(3)
	}
	chance := 1 + r.roll(3)*r.roll(3)
	for _, name := range staff[:3] {
		for _, offline := range []bool{false, true} {
			if r.roll(1+chance) < chance {
				k.Approvals = append(k.Approvals, policy.CaseApproval{Person: name, Offline: offline})
			}
		}
		if r.roll(8) == 0 {
			k.Vetoes = append(k.Vetoes, name)
		}
		if r.roll(4) > 0 {
			k.NotFrozen = append(k.NotFrozen, policy.CaseStatement{Person: name, Age: int64(r.roll(2)) * r.amount(3)})
		}
	}
	k.Quorum = []int{0, 1}
}

// short says of a charter what matters to a comparison.
func short(c charter.Charter) string {
	out := ""
	d := c.Document()
	for _, r := range d.Rules {
		out += "\n  " + r.ID + ": " + r.Sentence(d.ClockTolerance)
	}
	for _, p := range d.People {
		out += fmt.Sprintf("\n  %s %q", p.Name, p.Roles)
		for _, k := range p.Credentials {
			out += " " + k.Name
		}
	}
	for _, p := range d.Counterparties {
		out += fmt.Sprintf("\n  %s %q own %t data %t", p.Name, p.Groups, p.Own, p.Data)
		for _, s := range p.Destinations {
			out += fmt.Sprintf(" %x", s[2:4])
		}
		for _, s := range p.Once {
			out += fmt.Sprintf(" once %x", s[2:4])
		}
		for _, s := range p.Proofs {
			out += fmt.Sprintf(" proof of %x", s.Script[2:4])
		}
	}
	return out + fmt.Sprintf("\n  gap %d tolerance %d %q", d.Gap, d.ClockTolerance, d.Stations[0].Site+"/"+d.Stations[1].Site+"/"+d.Stations[0].Entity+"/"+d.Stations[1].Entity)
}

func shortCase(k policy.Case) string {
	for i := range k.Payments {
		k.Payments[i].Script = k.Payments[i].Script[:min(len(k.Payments[i].Script), 4)]
	}
	return fmt.Sprintf("%+v", k)
}
