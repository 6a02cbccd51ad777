package cli

import (
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/shared/wire"
)

func TestRender(t *testing.T) {
	for name, c := range map[string]struct {
		screen ceremonies.Screen
		want   string
	}{
		"scan": {ceremonies.Scan{Title: "Introductions: 1 of 3", Want: "a station's introduction"}, "\n== PRACTICE: Introductions: 1 of 3 ==\nWaiting for a station's introduction.\n"},
		"show": {ceremonies.Show{Title: "Visit 1 of 2", To: "station 0 (a)", Message: wire.Message{Kind: wire.KindSigningRequest, Bytes: make([]byte, 7)}}, "\n== PRACTICE: Visit 1 of 2 ==\nFor station 0 (a): signing request, 7 bytes.\n"},
		"done": {ceremonies.Done{Title: "Signed", Lines: []ceremonies.Line{{Label: "Signatures", Value: "34"}, {Label: "Note", Value: "x", Note: "y", Alert: true}}}, "\n== PRACTICE: Signed ==\n  Signatures  34\n! Note        x (y)\n"},
		"failed": {ceremonies.Failed{Fault: &ceremonies.Fault{Code: "a/b", What: "W.", Safe: "S.", Remedy: "R."}},
			"\n== PRACTICE: Stopped ==\nfault: a/b\nwhat: W.\nsuspect: unknown\nsafe: S.\nremedy: R.\n"},
	} {
		if got := render(c.screen, true); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A station chooses its own name and reason; neither may move the cursor, change
// colours, turn the direction of writing or begin a line of its own.
func TestTextFromElsewhere(t *testing.T) {
	hostile := "x\x1b[2J\u202eevil\r\nsafe: yes\u200b"
	for _, s := range []ceremonies.Screen{
		ceremonies.Scan{Title: hostile, Want: hostile},
		ceremonies.Show{Title: hostile, To: hostile},
		ceremonies.Done{Title: hostile, Lines: []ceremonies.Line{{Label: hostile, Value: hostile, Note: hostile}}},
		ceremonies.Failed{Fault: &ceremonies.Fault{Code: hostile, What: hostile, Safe: hostile, Remedy: hostile}},
	} {
		got := render(s, false)
		if strings.ContainsAny(got, "\x1b\r\u202e\u200b") || strings.Contains(got, "\nsafe: yes") {
			t.Errorf("%T: %q", s, got)
		}
	}
}
