package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"heliograph/ceremonies"
	"heliograph/offline/station"
)

// render gives a screen as text, without its prompt. All text that a machine
// put into the screen is escaped.
func render(s ceremonies.Screen, b banner) string {
	var t text
	switch s := s.(type) {
	case ceremonies.Scan:
		t.title(b, "Waiting for "+s.Want)
		if s.Title != "" {
			t.line("%s.", escape(strings.TrimSuffix(s.Title, ".")))
		}
	case ceremonies.Show:
		t.title(b, s.Title)
		t.line("For %s: %s, %d bytes.", escape(s.To), s.Message.Kind, len(s.Message.Bytes))
	case ceremonies.Review:
		t.title(b, s.Title)
		t.review(s)
	case ceremonies.Compare:
		t.title(b, s.Title)
		t.compare(s)
	case ceremonies.Ask:
		t.title(b, s.Title)
		t.line("%s", escape(s.Prompt))
	case ceremonies.Failed:
		t.title(b, faultTitle(s.Fault.Code))
		t.fault(s.Fault)
	case ceremonies.Done:
		t.title(b, s.Title)
		t.lines(s.Lines)
	}
	return t.String()
}

// practiceMark begins the title of every screen of a practice installation.
const practiceMark = "PRACTICE: "

// banner is what stands in the title of every screen of an installation.
type banner struct {
	practice bool
	reviewer string // the person whose device it is, or empty at a station
}

func bannerOf(app *station.App) banner {
	name, _ := app.Reviewer()
	return banner{practice: app.Practice(), reviewer: name}
}

// text is a screen in the making.
type text struct{ strings.Builder }

func (t *text) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

// title begins a screen. Every screen of a practice installation says so, and
// every screen of a person's device says whose it is.
func (t *text) title(b banner, title string) {
	title = strings.TrimPrefix(title, practiceMark)
	if b.reviewer != "" {
		title = "reviewer " + b.reviewer + ": " + title
	}
	if b.practice {
		title = practiceMark + title
	}
	t.line("\n== %s ==", escape(title))
}

func (t *text) review(s ceremonies.Review) {
	t.line("Verdict")
	for _, sentence := range s.Verdict {
		t.line("  %s", escape(sentence))
	}
	for _, section := range s.Sections {
		t.line("\n%s", escape(section.Title))
		t.lines(section.Lines)
	}
	t.line("\nEnd of %s. What you approve is all of it.", escape(strings.TrimPrefix(s.Title, practiceMark)))
}

func (t *text) compare(s ceremonies.Compare) {
	t.line("Read aloud with %s:", escape(s.With))
	for i, word := range s.Words {
		fmt.Fprintf(t, "  %2d %-9s", i+1, escape(word))
		if i%4 == 3 || i == len(s.Words)-1 {
			t.line("")
		}
	}
	if s.Value != "" {
		t.line("  %s", escape(s.Value))
		t.line("  %s", escape(ceremonies.Grouped(s.Value)))
	}
}

// faultTitle tells a decision from a mishap.
func faultTitle(code string) string {
	if strings.HasPrefix(code, "rule/") || code == "signing/refused" || code == "reviewing/refused" {
		return "Refused"
	}
	return "Stopped"
}

func (t *text) fault(f *ceremonies.Fault) {
	t.line("fault: %s", escape(f.Code))
	t.line("what: %s", escape(f.What))
	t.line("suspect: %s", escape(f.Suspect.String()))
	t.line("safe: %s", escape(f.Safe))
	t.line("remedy: %s", escape(f.Remedy))
	if len(f.Record) > 0 {
		t.line("evidence: %d bytes are kept; history --evidence DIR writes them out", len(f.Record))
	}
}

// lines aligns labels: to the right if all are amounts, so that their digits
// stand under each other. A note has a line of its own, so that nothing in it
// stands beside an amount or an address.
func (t *text) lines(lines []ceremonies.Line) {
	width, amounts := 0, true
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(escape(l.Label)))
		amounts = amounts && strings.HasSuffix(l.Label, " BTC")
	}
	for _, l := range lines {
		mark := "  "
		if l.Alert {
			mark = "! "
		}
		label := escape(l.Label)
		pad := strings.Repeat(" ", width-utf8.RuneCountInString(label))
		if amounts {
			label = pad + label
		} else {
			label += pad
		}
		if width > 0 {
			label += "  "
		}
		t.line("%s%s%s", mark, label, escape(l.Value))
		if l.Note != "" {
			t.line("  %s%s", strings.Repeat(" ", utf8.RuneCountInString(label)), escape(l.Note))
		}
	}
}
