package signing

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wallet"
	"heliograph/shared/words"
)

// review is what an operator reads: the verdict first, then totals, then every
// output in full, grouped by counterparty, then each transaction with its fee
// and its change. Everything in it is recomputed by this station.
func review(g Group, o Order, digest [32]byte, approved policy.Approved) ceremonies.Review {
	v := approved.Verified()
	d := g.Line.Latest().Document()
	title := "Batch of " + plural(len(v.Request().Payments), "payment")
	if d.Network.Practice() {
		title = "PRACTICE: " + title
	}
	return ceremonies.Review{
		Title:   title,
		Verdict: append([]string{fmt.Sprintf("The charter allows this batch: all %d checks hold.", len(approved.Verdict().Trace))}, approved.Verdict().Sentences()...),
		Sections: append([]ceremonies.Section{
			totals(d, o, digest, v),
		}, append(payees(d.Network, v), transactions(v)...)...),
		Digest: digest,
	}
}

func totals(d charter.Document, o Order, digest [32]byte, v batch.Verified) ceremonies.Section {
	var change batch.Amount
	inputs := 0
	for _, tx := range v.Transactions() {
		inputs += len(tx.Inputs())
		if ladder := tx.Variants(); len(ladder) > 0 {
			change += ladder[len(ladder)-1].Change()
		}
	}
	return ceremonies.Section{Title: "Totals", Lines: []ceremonies.Line{
		{Label: "Wallet", Value: d.Name},
		{Label: "Leaves the wallet", Value: v.Total().String()},
		{Label: "Fees at most", Value: v.MaxFee().String()},
		{Label: "Returns as change at least", Value: change.String()},
		{Label: "Transactions", Value: fmt.Sprint(len(v.Transactions()))},
		{Label: "Inputs", Value: fmt.Sprint(inputs)},
		{Label: "Stated time", Value: clockTime(v.Request().Time), Note: "expires " + clockTime(v.Request().Expiry)},
		{Label: "Sign together", Value: signers(d, o)},
		{Label: "Request", Value: words.Short(digest), Note: "the same words at every station of this quorum"},
	}}
}

func clockTime(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}

// signers names the quorum in visiting order.
func signers(d charter.Document, o Order) string {
	names := make([]string, len(o.Quorum))
	for i, q := range o.Quorum {
		names[i] = d.Stations[q].Name
	}
	return strings.Join(names, ", then ")
}

// payees lists every payment in full, by counterparty.
func payees(net wallet.Network, v batch.Verified) []ceremonies.Section {
	byName := make(map[string][]ceremonies.Line)
	for _, p := range v.Request().Payments {
		address, err := wallet.EncodeScript(net, p.Script)
		if err != nil {
			address = fmt.Sprintf("script %x", p.Script)
		}
		byName[p.Counterparty] = append(byName[p.Counterparty], ceremonies.Line{
			Label: p.Amount.String(),
			Value: Grouped(address),
			Note:  strings.TrimSpace(p.ExternalID + " " + p.Reference),
		})
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	sort.Strings(names)
	sections := make([]ceremonies.Section, 0, len(names))
	for _, name := range names {
		sections = append(sections, ceremonies.Section{
			Title: fmt.Sprintf("Pays %s (%s)", name, plural(len(byName[name]), "output")),
			Lines: byName[name],
		})
	}
	return sections
}

func transactions(v batch.Verified) []ceremonies.Section {
	var sections []ceremonies.Section
	txs := v.Transactions()
	for i, tx := range txs {
		lines := []ceremonies.Line{{
			Label: "Spends",
			Value: plural(len(tx.Inputs()), "coin") + " of this wallet",
			Note:  "bound to " + tx.Anchor().String(),
		}}
		if tx.LockTime() > 0 {
			lines = append(lines, ceremonies.Line{Label: "Not valid before", Value: lockTime(tx.LockTime()), Note: "until then nobody can confirm it, and what it pays counts as spent", Alert: true})
		}
		ladder := tx.Variants()
		for k, variant := range ladder {
			lines = append(lines, ceremonies.Line{
				Label: "Fee",
				Value: fmt.Sprintf("%s (%s)", variant.Fee(), feeRate(int64(variant.Fee()), variant.VSize())),
				Note:  variantNote(k, len(ladder)),
			})
		}
		if spot, _, ok := tx.Change(); ok {
			lines = append(lines, changeLine(v.Wallet(), ladder[0].Change(), spot))
		}
		sections = append(sections, ceremonies.Section{
			Title: fmt.Sprintf("Transaction %d of %d", i+1, len(txs)),
			Lines: lines,
		})
	}
	return sections
}

func changeLine(w wallet.Wallet, amount batch.Amount, spot wallet.Spot) ceremonies.Line {
	line := ceremonies.Line{Label: "Change", Value: amount.String(), Note: fmt.Sprintf("derived here: back to this wallet at %d/%d", spot.Chain, spot.Index)}
	if address, err := w.Address(spot.Chain, spot.Index); err == nil {
		line.Value += " to " + Grouped(address)
	}
	return line
}

// lockTime says what nLockTime means: below 500,000,000 a block, from there on
// unix seconds (BIP113).
func lockTime(n uint32) string {
	const threshold = 500_000_000
	if n < threshold {
		return fmt.Sprintf("block %d", n)
	}
	return clockTime(int64(n))
}

func feeRate(fee, vsize int64) string {
	return fmt.Sprintf("%d.%02d sat/vB", fee/vsize, fee*100/vsize%100)
}

func variantNote(k, of int) string {
	if of == 1 {
		return ""
	}
	return fmt.Sprintf("version %d of %d; only one of them can confirm", k+1, of)
}

// Grouped writes an address in groups of four, as people read it aloud.
func Grouped(address string) string {
	var b strings.Builder
	for i, r := range address {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
