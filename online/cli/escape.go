package cli

import (
	"fmt"
	"strings"
	"unicode"
)

// escape shows text from elsewhere as it is, but for characters that would move
// a cursor, change a colour or turn the direction of writing: these become their
// code points.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			fmt.Fprintf(&b, "<U+%04X>", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// escapeLines is escape for text of several lines.
func escapeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = escape(l)
	}
	return strings.Join(lines, "\n")
}
