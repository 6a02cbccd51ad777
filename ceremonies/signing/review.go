package signing

import (
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/words"
)

// review is what an operator reads: the verdict first, then totals, then every
// output in full, grouped by counterparty, then each transaction with its fee
// and its change. Everything in it is recomputed by this station.
func review(g Group, o Order, digest [32]byte, approved policy.Approved) ceremonies.Review {
	v := approved.Verified()
	d := g.Line.Latest().Document()
	title := "Batch of " + ceremonies.Count(len(v.Request().Payments), "payment")
	if d.Network.Practice() {
		title = "PRACTICE: " + title
	}
	return ceremonies.Review{
		Title:   title,
		Verdict: append([]string{fmt.Sprintf("The charter allows this batch: all %d checks hold.", len(approved.Verdict().Trace))}, approved.Verdict().Sentences()...),
		Sections: append([]ceremonies.Section{
			totals(d, o, digest, v),
		}, append(ceremonies.Payees(d.Network, v), ceremonies.Transactions(v)...)...),
		Digest: digest,
	}
}

func totals(d charter.Document, o Order, digest [32]byte, v batch.Verified) ceremonies.Section {
	lines := append([]ceremonies.Line{{Label: "Wallet", Value: d.Name}}, ceremonies.Totals(v)...)
	return ceremonies.Section{Title: "Totals", Lines: append(lines,
		ceremonies.Line{Label: "Sign together", Value: signers(d, o)},
		ceremonies.Line{Label: "Request", Value: words.Short(digest), Note: "the same words at every station of this quorum"},
	)}
}

// signers names the quorum in visiting order.
func signers(d charter.Document, o Order) string {
	names := make([]string, len(o.Quorum))
	for i, q := range o.Quorum {
		names[i] = d.Stations[q].Name
	}
	return strings.Join(names, ", then ")
}
