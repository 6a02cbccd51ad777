package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"heliograph/ceremonies"
)

// render gives a screen as text, without its prompt. All text that a machine put
// into the screen is escaped. A coordinator's machines have no reviews and no
// comparisons: they ask nobody to trust them.
func render(s ceremonies.Screen, practice bool) string {
	var t text
	switch s := s.(type) {
	case ceremonies.Scan:
		t.title(practice, s.Title)
		t.line("Waiting for %s.", escape(s.Want))
	case ceremonies.Show:
		t.title(practice, s.Title)
		t.line("For %s: %s, %d bytes.", escape(s.To), s.Message.Kind, len(s.Message.Bytes))
	case ceremonies.Failed:
		t.title(practice, "Stopped")
		t.fault(s.Fault)
	case ceremonies.Done:
		t.title(practice, s.Title)
		t.lines(s.Lines)
	default:
		panic(fmt.Sprintf("cli: internal error: a coordinator has no screen of type %T", s))
	}
	return t.String()
}

// text is a screen in the making.
type text struct{ strings.Builder }

func (t *text) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

// title begins a screen. Every screen of a practice treasury says so.
func (t *text) title(practice bool, title string) {
	if practice {
		title = "PRACTICE: " + title
	}
	t.line("\n== %s ==", escape(title))
}

func (t *text) fault(f *ceremonies.Fault) {
	t.line("fault: %s", escape(f.Code))
	t.line("what: %s", escape(f.What))
	t.line("suspect: %s", escape(f.Suspect.String()))
	t.line("safe: %s", escape(f.Safe))
	t.line("remedy: %s", escape(f.Remedy))
}

func (t *text) lines(lines []ceremonies.Line) {
	width := 0
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(escape(l.Label)))
	}
	for _, l := range lines {
		mark, note := "  ", ""
		if l.Alert {
			mark = "! "
		}
		if l.Note != "" {
			note = " (" + escape(l.Note) + ")"
		}
		label := escape(l.Label)
		t.line("%s%s%s  %s%s", mark, label, strings.Repeat(" ", width-utf8.RuneCountInString(label)), escape(l.Value), note)
	}
}
