package heliograph_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/online/charterfile"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

const policyDoc = "shared/policy/POLICY.md"

// workedCharter is the charter that the language's document shows.
func workedCharter(t *testing.T) charter.Charter {
	t.Helper()
	_, rest, _ := strings.Cut(document(t, policyDoc), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatalf("%s shows no charter", policyDoc)
	}
	base := charter.Document{Version: charter.Version, Network: wallet.Regtest, Threshold: 2, Issued: 1_790_000_000}
	for i, name := range []string{"Ada", "Bob", "Cem", "courier"} {
		key, err := wire.GenerateSigningKey([32]byte{0x77, byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		if name == "courier" {
			base.Courier = key.Public()
			break
		}
		_, host := btcec.PrivKeyFromBytes([]byte{0x78, byte(i)})
		base.Stations = append(base.Stations, charter.Station{Name: name, HostKey: [33]byte(host.SerializeCompressed()), InstanceKey: key.Public()})
	}
	d, err := charterfile.Parse([]byte(text), base)
	if err != nil {
		t.Fatal(err)
	}
	c, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The charter in the language's document is one, every measure and demand of the
// document is a word of the file, and the answers in its table are the program's.
func TestPolicyDocument(t *testing.T) {
	c := workedCharter(t)
	doc := document(t, policyDoc)
	const (
		coin   = 100_000_000
		day    = 86_400
		friday = 1_800_000_000 // 15 January 2027, 09:00 in Zurich
	)
	destination := func(name string) []byte {
		for _, p := range c.Document().Counterparties {
			if p.Name != name {
				continue
			}
			if p.Descriptor == "" {
				return slices.Concat(p.Destinations, p.Once)[0]
			}
			f, err := wallet.ParseForeign(wallet.Regtest, p.Descriptor)
			if err != nil {
				t.Fatal(err)
			}
			script, err := f.Script(wallet.Receive, 0)
			if err != nil {
				t.Fatal(err)
			}
			return script
		}
		t.Fatalf("no counterparty %q", name)
		return nil
	}
	desk := func(drafter string, amount int64, to ...string) policy.Case {
		k := policy.Case{
			Time: friday, Lifetime: 3600, Initiator: drafter, Waited: 600, Quorum: []int{0, 1}, Balance: 100 * coin,
			Prices:       []policy.CasePrice{{Source: "Exchange", Currency: "CHF", Hundredths: 90_000_00, Age: 60}},
			Transactions: []policy.CaseTransaction{{Fee: 2000, VSize: 200, Change: 0, ChangeSat: coin, Inputs: 1, InputSum: amount*int64(len(to)) + coin + 2000, Confirmations: 3}},
		}
		for i, name := range to {
			k.Payments = append(k.Payments, policy.CasePayment{Counterparty: name, Script: destination(name), Amount: amount, Age: 100 * day})
			k.Transactions[0].Payments = append(k.Transactions[0].Payments, i)
		}
		return k
	}
	approvedBy := func(k policy.Case, people ...string) policy.Case {
		for _, p := range people {
			k.Approvals = append(k.Approvals, policy.CaseApproval{Person: p, Offline: p == "Cleo"})
		}
		return k
	}
	young := approvedBy(desk("Ann", coin/10, "Paper mill"), "Ben")
	young.Payments[0].Age = day
	again := approvedBy(desk("Ann", coin/10, "Auditors"), "Ben")
	again.Payments[0].PaidBefore = true
	night := desk("Refill program", 10*coin, "Hot wallet")
	night.Time -= 9 * 3600
	split := desk("Refill program", 5*coin, "Hot wallet")
	split.Past = []policy.CasePast{{Counterparty: "Hot wallet", Amount: 6 * coin, Age: 3600, Count: 1}}
	large := approvedBy(desk("Ann", 6*coin, "Kraken", "Bitstamp"), "Ben", "Cleo")
	large.Quorum = []int{1, 2}
	_, table, _ := strings.Cut(doc, "| asked for | answer |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	cases := []policy.Case{
		approvedBy(desk("Ann", coin, "Kraken"), "Ben"), approvedBy(desk("Ann", coin, "Kraken"), "Ann"), approvedBy(desk("Ann", 6*coin, "Kraken"), "Ben"),
		approvedBy(desk("Payroll program", coin, "Payroll agency"), "Ann"), approvedBy(desk("Ann", coin, "Payroll agency"), "Ben"),
		young, again, night, split, large,
	}
	if len(rows) != len(cases) {
		t.Fatalf("%d answers in the document, %d here", len(rows), len(cases))
	}
	for i, k := range cases {
		want := strings.TrimSuffix(strings.Split(rows[i], " | ")[1], " |")
		v := policy.NewTrial(c).Judge(k)
		got := "passes"
		if !v.Allowed {
			var refused []string
			for _, l := range v.Refusals() {
				refused = append(refused, l.Sentence())
			}
			got = "`" + strings.Join(refused, "` `") + "`"
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", rows[i], got, want)
		}
	}
	words := func(text string) (out []string) {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r == '-') }) {
			if !slices.Contains(out, word) {
				out = append(out, word)
			}
		}
		return out
	}
	told := words(doc)
	for _, word := range words(charterfile.Template) {
		measure := strings.HasPrefix(word, "max-") || strings.HasPrefix(word, "min-") || bytes.Contains([]byte(" approvals initiator human machine stations sites entities hours waited not-frozen no-veto all any "), []byte(" "+word+" "))
		if measure && !slices.Contains(told, word) {
			t.Errorf("%s does not tell of %s", policyDoc, word)
		}
	}
}
