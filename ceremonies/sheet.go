package ceremonies

// A batch as people read it, wherever they decide on it: totals, then every
// output in full, then each transaction with its fees and its change. All of it
// comes from facts that the reader's own machine recomputed.

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"
	"heliograph/shared/words"
)

// Totals are what a whole batch moves, as lines of a Review.
func Totals(v batch.Verified) []Line {
	var change batch.Amount
	inputs := 0
	for _, tx := range v.Transactions() {
		inputs += len(tx.Inputs())
		if ladder := tx.Variants(); len(ladder) > 0 {
			change += ladder[len(ladder)-1].Change()
		}
	}
	return []Line{
		{Label: "Leaves the wallet", Value: v.Total().String()},
		{Label: "Fees at most", Value: v.MaxFee().String()},
		{Label: "Returns as change at least", Value: change.String()},
		{Label: "Transactions", Value: fmt.Sprint(len(v.Transactions()))},
		{Label: "Inputs", Value: fmt.Sprint(inputs)},
		{Label: "Stated time", Value: Clock(v.Request().Time), Note: "expires " + Clock(v.Request().Expiry)},
	}
}

// Clock writes unix seconds for people.
func Clock(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}

// Payment is one payment in full: what, where, and the treasurer's names for it.
func Payment(net wallet.Network, p batch.Payment) Line {
	line := Line{Label: p.Amount.String(), Note: strings.TrimSpace(p.ExternalID + " " + p.Reference)}
	if said, ok := batch.Data(p.Script); ok {
		line.Label, line.Value = "Writes into the chain", fmt.Sprintf("%q, for everybody to read", said)
		return line
	}
	address, err := wallet.EncodeScript(net, p.Script)
	if err != nil {
		address = fmt.Sprintf("script %x", p.Script)
	}
	line.Value = Grouped(address)
	return line
}

// Payees lists every payment of a batch in full, by counterparty.
func Payees(net wallet.Network, v batch.Verified) []Section {
	return PayeesWithout(net, v, nil)
}

// PayeesWithout is Payees without the payments at some places in the request,
// which the reader shows elsewhere.
func PayeesWithout(net wallet.Network, v batch.Verified, apart map[int]bool) []Section {
	byName := make(map[string][]Line)
	for i, p := range v.Request().Payments {
		if !apart[i] {
			byName[p.Counterparty] = append(byName[p.Counterparty], Payment(net, p))
		}
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	sort.Strings(names)
	sections := make([]Section, 0, len(names))
	for _, name := range names {
		sections = append(sections, Section{
			Title: fmt.Sprintf("Pays %s (%s)", name, Count(len(byName[name]), "output")),
			Lines: byName[name],
		})
	}
	return sections
}

// Transactions lists every transaction of a batch with the fees of all its
// versions and where its change goes.
func Transactions(v batch.Verified) []Section {
	var sections []Section
	txs := v.Transactions()
	for i, tx := range txs {
		lines := []Line{{
			Label: "Spends",
			Value: Count(len(tx.Inputs()), "coin") + " of this wallet",
			Note:  "bound to " + tx.Anchor().String(),
		}}
		if tx.LockTime() > 0 {
			lines = append(lines, Line{Label: "Not valid before", Value: lockTime(tx.LockTime()), Note: "until then nobody can confirm it, and what it pays counts as spent", Alert: true})
		}
		ladder := tx.Variants()
		for k, variant := range ladder {
			lines = append(lines, Line{
				Label: "Fee",
				Value: fmt.Sprintf("%s (%s)", variant.Fee(), feeRate(int64(variant.Fee()), variant.VSize())),
				Note:  variantNote(k, len(ladder)),
			})
		}
		if spot, _, ok := tx.Change(); ok {
			lines = append(lines, changeLine(v.Wallet(), ladder[0].Change(), spot))
		}
		sections = append(sections, Section{
			Title: fmt.Sprintf("Transaction %d of %d", i+1, len(txs)),
			Lines: lines,
		})
	}
	return sections
}

func changeLine(w wallet.Wallet, amount batch.Amount, spot wallet.Spot) Line {
	line := Line{Label: "Change", Value: amount.String(), Note: fmt.Sprintf("derived here: back to this wallet at %d/%d", spot.Chain, spot.Index)}
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
	return Clock(int64(n))
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

// KeyWords are the twelve words of a public key: of a person's credential, or of
// an installation. Its holder's own screen shows the same.
func KeyWords(key []byte) [words.FingerprintWords]string {
	return words.Fingerprint(charter.KeyDigest(key))
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

// Count writes a number of things: "1 coin", "2 coins".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
