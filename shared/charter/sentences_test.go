package charter

import (
	"strings"
	"testing"

	"heliograph/shared/wallet"
)

func TestSentencesSayEverything(t *testing.T) {
	got := strings.Join(mustNew(t, sample(t)).Sentences(), "\n")
	a1, err := wallet.EncodeScript(wallet.Regtest, p2wpkh(1))
	if err != nil {
		t.Fatal(err)
	}
	a2, _ := wallet.EncodeScript(wallet.Regtest, p2wpkh(2))
	want := []string{
		`This is charter 0 of the wallet "Treasury" on regtest.`,
		`PRACTICE: coins of this network are worth nothing.`,
		`Any 2 of 3 stations can sign together; fewer cannot.`,
		`Limits over time hold against a dishonest coordinator alone; together with 1 of the 3 stations it could evade them (2 x 2 - 3 = 1).`,
		`Station 1 is "Ben": instance key ` + instance(t, 1).String() + `, host key `,
		`The coordinator's messages carry the key ` + instance(t, 99).String() + `, which gives it no authority.`,
		`"Kraken" is paid at ` + a1 + ` or ` + a2 + `.`,
		`"Zürich Rück" has no address and cannot be paid.`,
		`A payment is refused unless a rule allows it, no rule denies it and every limit holds; the order of the rules means nothing.`,
		`pay/exchanges: "Bitstamp" and "Kraken" may be paid.`,
		`stop/rueck: "Zürich Rück" must not be paid.`,
		`cap/output: each payment is at most 0.50000000 BTC (50,000,000 sat).`,
		`cap/kraken: the payments to "Kraken" of one transaction are together at most 0.00000001 BTC (1 sat).`,
		`cap/batch: the payments of one batch are together at most 21000000.00000000 BTC (2,100,000,000,000,000 sat).`,
		`window/day: within any 24 h, payments and fees are together at most 1.00000000 BTC (100,000,000 sat) (counted over 28 h, because clocks may differ).`,
		`window/kraken: within any 1 h, the payments to "Kraken" are together at most 0.00000007 BTC (7 sat) (counted over 5 h, because clocks may differ).`,
		`fee/total: the fee of a transaction is at most 0.00100000 BTC (100,000 sat).`,
		`fee/rate: the fee of a transaction is at most 1,500 sat/vB.`,
		`fee/percent: the fee of a transaction is at most 1.25 % of its payments.`,
		`expiry: a request expires at most 2 days after the time it states.`,
		`Change goes to addresses of this wallet at most 20 past the highest one used.`,
		`The time that a request states is at most 2 h away from a station's clock.`,
	}
	for _, never := range []string{"No rule allows", "It follows"} {
		if strings.Contains(got, never) {
			t.Errorf("out of place: %s", never)
		}
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("missing: %s", w)
		}
	}
	if t.Failed() {
		t.Log("\n" + got)
	}
}

func TestSentencesOfOtherRules(t *testing.T) {
	to := []string{"Ada", "Ben", "Cem"}
	for want, r := range map[string]Rule{
		`every counterparty named above may be paid.`:                                              {Effect: Allow},
		`nobody may be paid.`:                                                                      {Effect: Deny},
		`"Ada", "Ben" and "Cem" must not be paid.`:                                                 {Effect: Deny, To: to},
		`each payment to "Ada", "Ben" or "Cem" is at most 0.00000001 BTC (1 sat).`:                 {Effect: Require, To: to, Check: MaxOutput, Max: 1},
		`the payments to "Ada" of one batch are together at most 0.00000001 BTC (1 sat).`:          {Effect: Require, To: to[:1], Check: MaxBatch, Max: 1},
		`the fee of a transaction that pays "Ada" or "Ben" is at most 0.00001000 BTC (1,000 sat).`: {Effect: Require, To: to[:2], Check: MaxFee, Max: 1000},
		`the fee of a transaction that pays "Ada" is at most 9 sat/vB.`:                            {Effect: Require, To: to[:1], Check: MaxFeeRate, Max: 9},
		`the fee of a transaction that pays "Ada" is at most 0.05 % of its payments.`:              {Effect: Require, To: to[:1], Check: MaxFeePercent, Max: 5},
		`a request that pays "Ada" expires at most 1 h 30 min after the time it states.`:           {Effect: Require, To: to[:1], Check: MaxLifetime, Max: 5400},
		`a request expires at most 1 s after the time it states.`:                                  {Effect: Require, Check: MaxLifetime, Max: 1},
	} {
		if got := r.Sentence(7200); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSentencesOfOtherCharters(t *testing.T) {
	d := sample(t)
	d.Network, d.Epoch, d.Prior, d.Rules = wallet.Mainnet, 3, [32]byte{0xab}, nil
	got := strings.Join(mustNew(t, d).Sentences(), "\n")
	if strings.Contains(got, "PRACTICE") || !strings.Contains(got, "It follows the charter ab00") ||
		!strings.Contains(got, "bc1q") || !strings.Contains(got, "No rule allows a payment: nothing can be paid.") {
		t.Errorf("\n%s", got)
	}
	d.Epoch, d.Prior = 0, [32]byte{}
	for threshold, want := range map[uint8]string{2: "coordinator alone;", 3: "coordinator together with up to 2 dishonest stations;"} {
		d.Threshold = threshold
		if got := strings.Join(mustNew(t, d).Sentences(), "\n"); !strings.Contains(got, want) {
			t.Errorf("\n%s", got)
		}
	}
	d.Threshold = 3
	d.Stations = append(d.Stations, Station{Name: "Dan", HostKey: hostKey(3), InstanceKey: instance(t, 3)})
	if got := strings.Join(mustNew(t, d).Sentences(), "\n"); !strings.Contains(got, "coordinator together with 1 dishonest station;") {
		t.Errorf("\n%s", got)
	}
	if (Charter{}).Sentences() != nil {
		t.Error("the zero charter has sentences")
	}
}

func TestPeriodAndPercent(t *testing.T) {
	for seconds, want := range map[int64]string{
		0: "0 s", 59: "59 s", 60: "1 min", 3600: "1 h", 3661: "1 h 1 min 1 s", 86_400: "24 h", 172_800: "2 days", 172_801: "48 h 1 s", 100_800: "28 h",
	} {
		if got := Period(seconds); got != want {
			t.Errorf("%d s: %q, want %q", seconds, got, want)
		}
	}
	if Percent(5) != "0.05 %" || Percent(10_000) != "100.00 %" || group(999) != "999" || group(1_000) != "1,000" {
		t.Error("numbers are shown wrongly")
	}
}
