package cli

import (
	"reflect"
	"strings"
	"testing"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

const exampleAddress = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"

const example = `name: Example
gap: 20
clock_tolerance: 2h
counterparties:
  - name: Exchange
    addresses: [` + exampleAddress + `]
  - {name: Nobody yet}
rules:
  - {id: allow/known, effect: allow}
  - {id: deny/nobody, effect: deny, to: [Nobody yet]}
  - {id: cap/day, effect: require, check: max_window, max: 5000000 sat, window: 24h, to: [Exchange]}
  - {id: fee/rate, effect: require, check: max_fee_rate, max: 100 sat/vB}
  - {id: fee/share, effect: require, check: max_fee_percent, max: 150 bp}
  - {id: life, effect: require, check: max_lifetime, max: 90m}
`

func TestCharterFile(t *testing.T) {
	d, err := readCharter([]byte(example), wallet.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	script, err := wallet.DecodeAddress(wallet.Regtest, exampleAddress)
	if err != nil {
		t.Fatal(err)
	}
	want := charter.Document{
		Name: "Example", Gap: 20, ClockTolerance: 7200,
		Counterparties: []charter.Counterparty{{Name: "Exchange", Destinations: [][]byte{script}}, {Name: "Nobody yet"}},
		Rules: []charter.Rule{
			{ID: "allow/known", Effect: charter.Allow},
			{ID: "deny/nobody", Effect: charter.Deny, To: []string{"Nobody yet"}},
			{ID: "cap/day", Effect: charter.Require, Check: charter.MaxWindow, Max: 5_000_000, Window: 86_400, To: []string{"Exchange"}},
			{ID: "fee/rate", Effect: charter.Require, Check: charter.MaxFeeRate, Max: 100},
			{ID: "fee/share", Effect: charter.Require, Check: charter.MaxFeePercent, Max: 150},
			{ID: "life", Effect: charter.Require, Check: charter.MaxLifetime, Max: 5400},
		},
	}
	if !reflect.DeepEqual(d, want) {
		t.Fatalf("got %+v\nwant %+v", d, want)
	}
}

// The template is a charter but for the addresses, which are to be filled in.
func TestTemplate(t *testing.T) {
	filled := strings.NewReplacer("ADDRESS-OF-THE-EXCHANGE", exampleAddress, "ADDRESS-OF-PAYROLL", "2N3oefVeg6stiTb5Kh3ozCSkaqmx91FDbsm").Replace(charterTemplate)
	d, err := readCharter([]byte(filled), wallet.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Rules) != 8 || len(d.Counterparties) != 2 {
		t.Fatalf("%+v", d)
	}
}

// A charter says exactly what it shows: what is unknown, ambiguous or out of
// range is refused, with its place.
func TestCharterProblems(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown field":        {"gap: 20", "gap: 20\ngaps: 21", "line 3: field gaps is unknown"},
		"a field twice":           {"gap: 20", "gap: 20\ngap: 200", "already"},
		"a field of a rule":       {"{id: life,", "{id: life, windows: 3h,", "line 14: field windows is unknown"},
		"an alias":                {"gap: 20", "gap: &x 20", "line 2, column 6: anchors"},
		"a tag":                   {"gap: 20", "gap: !!str 20", "line 2, column 6: anchors"},
		"two documents":           {"gap: 20", "gap: 20\n---\nname: x", "more than one document"},
		"a list for a value":      {"gap: 20", "gap: [20]", "line 2: a single value"},
		"a value for a list":      {"rules:\n", "rules: none\nrule:\n", "line"},
		"no unit":                 {"5000000 sat", "5000000", `line 11`},
		"another unit":            {"5000000 sat", "5000000 BTC", `want a whole number and its unit, such as "100 sat"`},
		"a fraction":              {"5000000 sat", "0.05 sat", "whole number"},
		"zeros in front":          {"5000000 sat", "05000000 sat", "whole number"},
		"more than all":           {"5000000 sat", "2100000000000001 sat", "at most 2100000000000000"},
		"nothing":                 {"5000000 sat", "0 sat", "whole number"},
		"below nothing":           {"5000000 sat", "-1 sat", "whole number"},
		"no window":               {", window: 24h", "", "window of rule cap/day"},
		"a window elsewhere":      {"max: 90m", "max: 90m, window: 1h", "only max_window has a window"},
		"a strange period":        {"window: 24h", "window: 1.5h", "want a length of time"},
		"a long period":           {"window: 24h", "window: 9999999d", "at most 366 days"},
		"an unknown check":        {"max_fee_rate", "max_feerate", "line 12, column 44: rule fee/rate: check \"max_feerate\" is none of"},
		"an unknown effect":       {"effect: deny", "effect: forbid", "is none of allow, require, deny"},
		"a limit to an allow":     {"effect: allow}", "effect: allow, max: 5 sat}", "an allow or deny has no limit"},
		"an address of elsewhere": {exampleAddress, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "line 6, column 17"},
		"a name that is missing":  {"name: Example\n", "", "name is missing"},
		"a negative gap":          {"gap: 20", "gap: -1", "line 2, column 6: gap"},
		"no YAML":                 {"gap: 20", "gap: [20", "line"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(example, c.old, c.new, 1)
			if text == example {
				t.Fatal("the case changes nothing")
			}
			_, err := readCharter([]byte(text), wallet.Regtest)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "cli.") || strings.Contains(err.Error(), "yaml:") {
				t.Fatalf("the program's insides show: %v", err)
			}
		})
	}
	if _, err := readCharter(nil, wallet.Regtest); err == nil {
		t.Fatal("an empty file is a charter")
	}
	if _, err := readCharter(make([]byte, maxCharterFile+1), wallet.Regtest); err == nil {
		t.Fatal("a huge file is a charter")
	}
}

// All errors come at once, not the first alone.
func TestCharterProblemsTogether(t *testing.T) {
	text := strings.NewReplacer("5000000 sat", "5", "gap: 20", "gap: x", "90m", "y").Replace(example)
	_, err := readCharter([]byte(text), wallet.Regtest)
	problems, ok := err.(charterProblems)
	if !ok || len(problems) != 3 {
		t.Fatalf("%v", err)
	}
}

// FuzzCharterFile holds: reading never panics; what is accepted has every number
// in the range that charters allow, and means the same when it is read again.
func FuzzCharterFile(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(charterTemplate))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("name: {x: y}\nrules: [[[[]]]]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := readCharter(b, wallet.Regtest)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without words")
			}
			return
		}
		if d.Gap < 1 || d.Gap > charter.MaxGap || d.ClockTolerance < 1 || d.ClockTolerance > charter.MaxClockTolerance {
			t.Fatalf("accepted %+v", d)
		}
		for _, r := range d.Rules {
			if r.Effect == charter.Require && (r.Max < 1 || r.Max > charter.MaxMoney || r.Check == 0) {
				t.Fatalf("accepted %+v", r)
			}
		}
		again, err := readCharter(b, wallet.Regtest)
		if err != nil || !reflect.DeepEqual(d, again) {
			t.Fatalf("read twice: %v", err)
		}
	})
}
