package cli

import (
	"bytes"
	"strings"
	"testing"

	"heliograph/shared/policy"

	"heliograph/online/coordinator"
)

// A check says everything first and then ends with the code of its answer: a
// refusal outweighs a shortage of nonces.
func TestCheckEndsWithItsAnswer(t *testing.T) {
	refusal := policy.Line{Rule: "cap/day", Check: "max-window", Subject: "24 h", Got: "2 sat", Wanted: "1 sat"}
	holds := policy.Line{Rule: "allow/known", Check: "allow", Subject: "1 payment", Got: "2 sat", Pass: true}
	none := []coordinator.Station{{Number: 0, Name: "Ada"}, {Number: 1, Name: "Ben"}}
	for _, c := range []struct {
		name string
		k    coordinator.Checked
		code int
	}{
		{"refused", coordinator.Checked{Against: 1, Verdict: policy.Verdict{Trace: []policy.Line{holds, refusal}}, Threshold: 2, Stations: none}, Refused},
		{"refused, too few stations", coordinator.Checked{Against: 1, Verdict: policy.Verdict{Trace: []policy.Line{holds, refusal}}, Threshold: 3, Stations: none}, Refused},
		{"not yet", coordinator.Checked{Needs: []coordinator.Need{{Rule: "cap/day"}}, Verdict: policy.Verdict{Trace: []policy.Line{holds, refusal}}, Threshold: 2, Stations: none}, Waiting},
		{"not yet, and never any more", coordinator.Checked{Number: 3, Stale: true, Needs: []coordinator.Need{{Rule: "cap/day"}}, Verdict: policy.Verdict{Trace: []policy.Line{holds, refusal}}, Threshold: 2, Stations: none}, Refused},
		{"too few stations", coordinator.Checked{Verdict: policy.Verdict{Allowed: true, Trace: []policy.Line{holds}}, Threshold: 3, Stations: none}, Waiting},
		{"allowed", coordinator.Checked{Verdict: policy.Verdict{Allowed: true, Trace: []policy.Line{holds}}, Threshold: 2, Stations: none}, Done},
	} {
		var out bytes.Buffer
		err := (&commands{env: Environment{Out: &out}}).tellChecked(c.k)
		code := Done
		if err != nil {
			code = explain(ran{err}).code
		}
		if code != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		first := strings.Index(out.String(), "cap/day: 2 sat would leave")
		last := strings.Index(out.String(), "allow/known holds")
		if last < 0 || (first < 0) == (len(c.k.Verdict.Refusals()) > 0) || first > last {
			t.Errorf("%s: exceptions are not first:\n%s", c.name, out.String())
		}
	}
}
