package charterfile

import (
	"strings"
	"testing"

	"heliograph/shared/charter"
)

// A charter says exactly what it shows: what is unknown, ambiguous or out of
// range is refused, with its place and what to write instead.
func TestProblems(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown key":           {"gap: 20", "gap: 20\ngaps: 21", `line 3, column 1: a charter has no "gaps": did you mean gap?`},
		"the old spelling":         {"clock-tolerance", "clock_tolerance", `did you mean clock-tolerance?`},
		"a key twice":              {"gap: 20", "gap: 20\ngap: 200", "line 3, column 1: gap is written twice"},
		"a key of a rule":          {"{id: life,", "{id: life, windows: 3h,", `line 25, column 16: a rule has no "windows"`},
		"a key of a requirement":   {"max-fee-rate: 100", "max-feerate: 100", "did you mean max-fee-rate?"},
		"an alias":                 {"gap: 20", "gap: &x 20", "line 2, column 6: anchors"},
		"a tag":                    {"gap: 20", "gap: !!str 20", "line 2, column 6: anchors"},
		"two documents":            {"gap: 20", "gap: 20\n---\nname: x", "more than one document"},
		"a list for a value":       {"gap: 20", "gap: [20]", `line 2, column 6: gap is "a list or mapping"`},
		"a value for a list":       {"rules:\n", "rules: none\nrule:\n", "line"},
		"no unit":                  {"5000000 sat", "5000000", `line 21, column 57: max-window of rule cap/day is "5000000"`},
		"another unit":             {"5000000 sat", "5000000 BTC", `want a whole number and its unit, such as "100 sat"`},
		"a fraction":               {"5000000 sat", "0.05 sat", "whole number"},
		"zeros in front":           {"5000000 sat", "05000000 sat", "whole number"},
		"more than all":            {"5000000 sat", "2100000000000001 sat", "at most 2100000000000000"},
		"nothing":                  {"5000000 sat", "0 sat", "write a deny, or say unless"},
		"below nothing":            {"5000000 sat", "-1 sat", "whole number"},
		"no window":                {", each: day in Europe/Zurich", "", "window is missing in a requirement: such as window: 24h"},
		"a window elsewhere":       {"max-lifetime: 90m", "max-lifetime: 90m, window: 1h", "only max-window and max-count-window"},
		"two windows":              {"each: day", "window: 24h, each: day", "window and each exclude each other"},
		"a strange period":         {"window: 24h", "window: 1.5h", "want a length of time"},
		"a long period":            {"window: 24h", "window: 9999999d", "at most 366d"},
		"two measures":             {"max-lifetime: 90m", "max-lifetime: 90m, max-fee: 9 sat", "has max-lifetime already: write max-fee apart"},
		"no measure":               {"{max-lifetime: 90m}", "{per: group}", "a requirement has none of max-output"},
		"no effect":                {"require: {max-lifetime: 90m}", "scripts: [p2tr]", "a rule has none of allow, deny, require"},
		"two effects":              {"allow: everybody", "allow: everybody, deny: everybody", "a rule has allow already"},
		"a limit to an allow":      {"allow: everybody", "allow: everybody, unless: {stations: 3}", "line 19, column 49: an allow says whom"},
		"an address of elsewhere":  {exampleAddress, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", `line 16, column 17: address of "Exchange"`},
		"a name that is missing":   {"name: Example\n", "", "name is missing in a charter: the wallet's name"},
		"a name of nothing":        {"name: Example\n", "name:\n", "nothing is written here"},
		"a negative gap":           {"gap: 20", "gap: -1", "line 2, column 6: gap"},
		"no YAML":                  {"gap: 20", "gap: [20", "line"},
		"a payee spelt wrong":      {"to: [Exchange]", "to: [Exchagne]", `"Exchagne" is no counterparty of this charter: did you mean Exchange?`},
		"a group for a payee":      {"to: [Exchange]", "to: [exchanges]", `"exchanges" is no counterparty but a group: write group: exchanges`},
		"an unknown group":         {"group: exchanges]", "group: exchange]", "did you mean exchanges?"},
		"nobody":                   {"to: [Exchange]", "to: []", "names are expected here: everybody, or a list"},
		"one name":                 {"to: [Exchange]", "to: Exchange", "names are expected here: everybody, or a list"},
		"a script":                 {"p2wsh", "p2wsch", `no kind of script: did you mean p2wsh?`},
		"a per":                    {"per: counterparty", "per: payee", "write counterparty or group"},
		"a calendar":               {"day in Europe", "year in Europe", "write day, week or month"},
		"a zone":                   {"Europe/Zurich", "Europe/Zurch", `"Europe/Zurch" is no time zone with a rule for all years: did you mean Europe/Zurich?`},
		"a role":                   {"of: [finance, person: Ann]", "of: [fianance]", "did you mean finance?"},
		"a person for a role":      {"of: [finance, person: Ann]", "of: [Ann]", "write person: Ann"},
		"nobody to approve":        {"of: [finance, person: Ann], ", "", "of is missing in approvals"},
		"days":                     {"mon-wed, fri", "mon-frei", "want days such as mon-fri"},
		"days backwards":           {"mon-wed, fri", "fri-mon", "want days such as mon-fri"},
		"a time of day":            {"from: 08:00", "from: 8:00", "want a time of day"},
		"hours over midnight":      {"from: 08:00, until: 24:00", "from: 22:00, until: 06:00", "from is not before until"},
		"an unknown demand":        {"{waited: 24h}", "{wait: 24h}", "did you mean waited?"},
		"two demands":              {"{waited: 24h}", "{waited: 24h, stations: 3}", "write all: [{waited: ...}, {stations: ...}] for both"},
		"demands too deep":         {"{waited: 24h}", "{all: [{waited: 24h}]}", "demands nest at most 3 deep"},
		"no demands":               {"{waited: 24h}", "{any: []}", "any is empty"},
		"an always with a limit":   {"{max-lifetime: 90m}", "{human: true, per: group}", "human is demanded of every payment: it has no per"},
		"an always with an unless": {"{max-lifetime: 90m}", "{human: true}, unless: {stations: 3}", "write a measure"},
		"a flag":                   {"offline: true", "offline: yes", "offline is true or left out"},
		"a key of another length":  {"es256: 036b", "es256: 6b", "es256 has 32 bytes: want 33"},
		"a key in capitals":        {"es256: 036b17", "es256: 036B17", "hexadecimal digits in small letters"},
		"a person without a name":  {"{name: Ben, roles", "{roles", "line 11, column 5: name is missing in a person"},
		"a station that is not":    {"number: 1", "number: 3", "number is \"3\": want the number of an enrolled station, 0 to 2"},
		"an officer":               {"officers: [officer]", "officers: [oficer]", "did you mean officer?"},
		"work":                     {"207fffff", "0x207fffff", "eight hexadecimal digits"},
		"an id":                    {"{id: life,", "{id: Life,", "line 25, column 5: rule id"},
		"an id twice":              {"{id: life,", "{id: tier,", "line"},
		"a price that is not":      {"max-batch: 1000000 sat", "max-fiat: 5.00 CHF, price-age: 1h", `"5.00 CHF" is no currency with a price source of this charter: there is none yet`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(example, c.old, c.new, 1)
			if text == example {
				t.Fatal("the case changes nothing")
			}
			_, err := Parse([]byte(text), base(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "charterfile") || strings.Contains(err.Error(), "yaml:") {
				t.Fatalf("the program's insides show: %v", err)
			}
		})
	}
	if _, err := Parse(nil, base(t)); err == nil {
		t.Fatal("an empty file is a charter")
	}
	if _, err := Parse([]byte("# nothing\n"), base(t)); err == nil {
		t.Fatal("a comment is a charter")
	}
	if _, err := Parse(make([]byte, MaxFile+1), base(t)); err == nil {
		t.Fatal("a huge file is a charter")
	}
}

// All errors come at once, in the order of the file, but not without end.
func TestProblemsTogether(t *testing.T) {
	text := strings.NewReplacer("5000000 sat", "5", "gap: 20", "gap: x", "90m", "y").Replace(example)
	_, err := Parse([]byte(text), base(t))
	problems, ok := err.(Problems)
	if !ok || len(problems) != 3 || !strings.HasPrefix(problems[0], "line 2,") || !strings.HasPrefix(problems[2], "line 25,") {
		t.Fatalf("%v", err)
	}
	_, err = Parse([]byte("x:\n"+strings.Repeat("y: 1\n", 1000)), base(t))
	if problems, ok = err.(Problems); !ok || len(problems) != maxProblems+1 {
		t.Fatalf("%d problems", len(problems))
	}
}

// What is no YAML at all has a place and a remedy too.
func TestSyntaxHasAPlace(t *testing.T) {
	for text, want := range map[string]string{
		"name: a\nrules:\n\t- id: x\n":     "line 3, column 1: this is not YAML",
		"name: a\nrules: {id: x\n":         "column 1: this is not YAML (did not find expected",
		"name: \"a\nrules: []\n":           "column 1: this is not YAML",
		"name: a\n  gap: 1\n bad: [1, 2\n": "this is not YAML",
	} {
		_, err := Parse([]byte(text), charter.Document{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	if _, err := Parse([]byte("rules:\n\t- id: x\n"), charter.Document{}); err == nil || !strings.Contains(err.Error(), "indent with spaces, not with a tab") {
		t.Errorf("a tab: %v", err)
	}
}
