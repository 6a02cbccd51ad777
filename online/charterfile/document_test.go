package charterfile

import (
	"os"
	"strings"
	"testing"

	"heliograph/shared/charter"
)

// The charter that POLICY.md works out is one, and can be written out and read
// again.
func TestWorkedCharter(t *testing.T) {
	b, err := os.ReadFile("../../shared/policy/POLICY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(b), "```yaml\n")
	if !found {
		t.Fatal("POLICY.md has no charter")
	}
	text, _, _ = strings.Cut(text, "```")
	d, err := Parse([]byte(text), base(t))
	if err != nil {
		t.Fatal(err)
	}
	c, err := charter.New(d)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Write(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(out, c.Document())
	if err != nil {
		t.Fatal(err)
	}
	if back, err := charter.New(again); err != nil || back.ID() != c.ID() {
		t.Fatalf("%v\n%s", err, out)
	}
}
