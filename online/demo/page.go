package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// page is what the demo prints. The rules of this interface:
//
//   - A chapter has a number, a title and the second at which it began.
//   - A hop is one line: who shows, who looks, what, and what it took.
//   - A fact is a label and a value; what a process said is quoted as it was.
//   - Lines are at most 96 characters; what a process said is wrapped after as many.
type page struct {
	out   io.Writer
	begun time.Time
	rows  []chapter
}

// chapter is one row of the timeline.
type chapter struct {
	title string
	begun time.Time
	hops  int
	counts
}

// hop is one message that was carried.
type hop struct {
	from, to, message string
	took              time.Duration
	counts
}

func (p *page) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }

func (p *page) chapter(title string) {
	now := time.Now()
	p.rows = append(p.rows, chapter{title: title, begun: now})
	heading := fmt.Sprintf("%2d  %s", len(p.rows), title)
	p.printf("\n%-84s %8.1f s\n", heading, now.Sub(p.begun).Seconds())
}

// fact prints a label and a value.
func (p *page) fact(label, format string, args ...any) {
	p.printf("   %-13s %s\n", label, fmt.Sprintf(format, args...))
}

// quote prints what a program said, line by line, under one label.
func (p *page) quote(label, said string) {
	for paragraph := range strings.Lines(said) {
		for _, line := range wrap(paragraph, 96) {
			p.printf("   %-13s | %s\n", label, line)
			label = ""
		}
	}
}

func (p *page) hop(h hop) {
	row := &p.rows[len(p.rows)-1]
	row.hops++
	row.bytes += h.bytes
	row.shown += h.shown
	row.seen += h.seen
	p.printf("   %-11s -> %-11s  %-20s %7s B %5d frames %4d lost %6.2f s\n",
		h.from, h.to, h.message, thousands(h.bytes), h.shown, h.shown-h.seen, h.took.Seconds())
}

// timeline prints all chapters and their sum.
func (p *page) timeline(end time.Time) {
	p.printf("\nTimeline\n   %-52s %5s %10s %7s %6s %9s\n", "", "hops", "bytes", "frames", "lost", "seconds")
	line := func(title string, c chapter, d time.Duration) {
		p.printf("   %-52s %5d %10s %7d %6d %9.1f\n", title, c.hops, thousands(c.bytes), c.shown, c.shown-c.seen, d.Seconds())
	}
	var all chapter
	for i, c := range p.rows {
		until := end
		if i+1 < len(p.rows) {
			until = p.rows[i+1].begun
		}
		line(fmt.Sprintf("%2d  %s", i+1, c.title), c, until.Sub(c.begun))
		all.hops += c.hops
		all.bytes += c.bytes
		all.shown += c.shown
		all.seen += c.seen
	}
	line("    all together", all, end.Sub(p.begun))
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// wrap breaks a text into lines of at most width characters, at spaces; a word
// that is longer has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
