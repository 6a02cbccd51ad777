package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"heliograph/ceremonies"
	"heliograph/offline/station"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain, Zürich 東京 €5":     "plain, Zürich 東京 €5",
		"a\nb\tc\r":               `a\u{000A}b\u{0009}c\u{000D}`,
		"\x1b[2J":                 `\u{001B}[2J`,
		"pay \u202eBTC 1":         `pay \u{202E}BTC 1`, // right-to-left override
		"\u2066x\u2069":           `\u{2066}x\u{2069}`, // isolates
		"ab\u200bcd":              `ab\u{200B}cd`,      // zero width space
		"א1":                      `\u{05D0}1`,         // a letter that turns digits round
		"\u0661":                  `\u{0661}`,          // an Arabic digit
		"\u3164":                  `\u{3164}`,          // a letter without ink
		"x\ufe0f":                 `x\u{FE0F}`,         // variation selector
		"\u00a0":                  `\u{00A0}`,          // a space that is another
		"bad \xff utf":            `bad \x{FF} utf`,
		`\u{202E}`:                `\u{005C}u{202E}`, // typed, not escaped
		"\U000E0041":              `\u{E0041}`,       // tag character
		"\u2028":                  `\u{2028}`,
		string(unicode.MaxRune):   `\u{10FFFF}`,
		"bcrt1qqy 0.00100000 BTC": "bcrt1qqy 0.00100000 BTC",
	} {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %s, want %s", in, got, want)
		}
	}
}

// FuzzEscape: what comes out is visible, reads from left to right, and differs
// for different inputs, since it can be turned back.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a", "\\", "\u202e", "\xff\xfe", `\x{FF}`, "א", "\x1b[0m"} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		out := escape(a)
		for _, r := range out {
			if r != '\\' && !visible(r) {
				t.Fatalf("escape(%q) holds %U", a, r)
			}
		}
		if a != b && out == escape(b) {
			t.Fatalf("%q and %q are shown alike: %s", a, b, out)
		}
	})
}

// A coordinator or a station names itself so that a screen would show something
// else: every text of every screen is escaped, and practice is on all of them.
func TestEveryScreen(t *testing.T) {
	evil := "\x1b[2J\u202eevil\nfault: none"
	line := ceremonies.Line{Label: evil, Value: evil, Note: evil, Alert: true}
	fault := &ceremonies.Fault{Code: evil, What: evil, Safe: evil, Remedy: evil, Record: []byte{1}}
	for _, s := range []ceremonies.Screen{
		ceremonies.Scan{Title: evil, Want: evil},
		ceremonies.Show{Title: evil, To: evil},
		ceremonies.Review{Title: evil, Verdict: []string{evil}, Sections: []ceremonies.Section{{Title: evil, Lines: []ceremonies.Line{line}}}},
		ceremonies.Compare{Title: evil, Words: []string{evil}, Value: evil, With: evil},
		ceremonies.Ask{Title: evil, Prompt: evil},
		ceremonies.Failed{Fault: fault},
		ceremonies.Done{Title: evil, Lines: []ceremonies.Line{line}},
	} {
		out := render(s, banner{practice: true})
		if strings.ContainsAny(out, "\x1b\u202e") || strings.Contains(out, "\nfault: none") {
			t.Errorf("%T lets control characters through:\n%q", s, out)
		}
		if strings.Count(out, "PRACTICE") != 1 || strings.Contains(render(s, banner{}), "PRACTICE") {
			t.Errorf("%T: practice is not said, or said wrongly:\n%s", s, out)
		}
	}
	if out := render(ceremonies.Review{Title: "PRACTICE: Batch"}, banner{practice: true}); strings.Contains(out, "PRACTICE: PRACTICE") {
		t.Errorf("practice is said twice:\n%s", out)
	}
}

func TestAmountsAreAligned(t *testing.T) {
	got := render(ceremonies.Done{Title: "x", Lines: []ceremonies.Line{
		{Label: "0.00100000 BTC", Value: "to A", Note: "inv-1"},
		{Label: "1,234.00000000 BTC", Value: "to B"},
	}}, banner{})
	want := "\n== x ==\n" +
		"      0.00100000 BTC  to A\n" +
		"                      inv-1\n" +
		"  1,234.00000000 BTC  to B\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// sit is a person at a pipe who has typed everything already.
func sit(typed string) (*person, *strings.Builder) {
	out := &strings.Builder{}
	return &person{terminal: newTerminal(strings.NewReader(typed), out)}, out
}

func TestOnlyTheWholeWordApproves(t *testing.T) {
	review := ceremonies.Review{Digest: [32]byte{7}}
	for typed, want := range map[string]ceremonies.Input{
		"approve\n":                        ceremonies.Approve{Digest: [32]byte{7}},
		" approve \r\n":                    ceremonies.Approve{Digest: [32]byte{7}},
		"a\ny\n\nAPPROVE\napproved\nyes\n": nil,
		"approve all\n":                    nil,
		"refuse\n\n  wrong payee \n":       ceremonies.Refuse{Digest: [32]byte{7}, Reason: "wrong payee"},
		"refuse\n":                         nil,
		"":                                 nil,
	} {
		you, _ := sit(typed)
		answer, err := you.Answer(context.Background(), review, station.Offers{})
		if want == nil {
			if !errors.Is(err, errEnded) {
				t.Errorf("%q: %+v, %v", typed, answer, err)
			}
			continue
		}
		if err != nil || answer.Input != want {
			t.Errorf("%q: %+v, %v, want %+v", typed, answer, err, want)
		}
	}
}

func TestOffersOnlyWhenOffered(t *testing.T) {
	you, _ := sit("scan\nshow\nsame\n")
	if a, err := you.Answer(context.Background(), ceremonies.Compare{}, station.Offers{}); err != nil || a.Input != (ceremonies.Matches{}) {
		t.Errorf("%+v, %v", a, err)
	}
	you, _ = sit("scan\ndifferent\n")
	if a, err := you.Answer(context.Background(), ceremonies.Compare{}, station.Offers{Scan: true, Show: true}); err != nil || !a.Scan {
		t.Errorf("%+v, %v", a, err)
	}
}

// An answer to another question, typed too late, must not take a message off
// the screen.
func TestOnlyEnterEndsAShow(t *testing.T) {
	you, out := sit("approve\n\nrest\n")
	if _, err := you.Answer(context.Background(), ceremonies.Show{}, station.Offers{}); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), promptShow) != 2 {
		t.Errorf("printed %q", out.String())
	}
}

func TestLines(t *testing.T) {
	term := newTerminal(strings.NewReader("one\r\ntwo\n"+strings.Repeat("x", maxLine)+"\nlast"), io.Discard)
	for _, want := range []string{"one", "two", strings.Repeat("x", maxLine), "last"} {
		if b, err := term.line(context.Background()); err != nil || string(b) != want {
			t.Errorf("%q, %v", b, err)
		}
	}
	if _, err := term.line(context.Background()); !errors.Is(err, errEnded) {
		t.Errorf("after the end: %v", err)
	}
	term = newTerminal(strings.NewReader(strings.Repeat("x", maxLine+1)+"\n"), io.Discard)
	if _, err := term.line(context.Background()); err == nil || strings.Contains(err.Error(), "xx") {
		t.Errorf("a long line: %v", err)
	}
}

// A line that was being read when its reader gave up is the next reader's.
func TestAnAbandonedLineIsNotLost(t *testing.T) {
	r, w := io.Pipe()
	term := newTerminal(r, io.Discard)
	ctx, stop := context.WithCancel(context.Background())
	started := make(chan error, 1)
	go func() {
		_, err := w.Write([]byte("a")) // returns once the line is being read
		stop()
		started <- err
	}()
	if _, err := term.line(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = w.Write([]byte("pprove\n")) }()
	if b, err := term.line(context.Background()); err != nil || string(b) != "approve" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestProgressIsExactAndOnOneLine(t *testing.T) {
	you, out := sit("")
	you.Look(ceremonies.Scan{Want: "a roster"})
	for _, p := range []station.Progress{{Rank: 1, K: 3}, {Rank: 2, K: 3}, {Rank: 3, K: 3, Says: "9 bytes\x1b"}} {
		you.Scanning(p)
	}
	want := "\n== Waiting for a roster ==\n" + promptScan + "\n\rreceived 1/3\rreceived 2/3\rreceived 3/3\ncomplete: 9 bytes\\u{001B}; not checked yet\n"
	if out.String() != want {
		t.Errorf("printed %q", out.String())
	}
}
