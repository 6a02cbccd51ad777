package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape makes text from elsewhere safe to show: what comes out moves no
// cursor, hides nothing and does not change the order in which the rest of its
// line is read. Everything that is not plainly visible from left to right, and
// the backslash itself, is written as \u{HEX}, so that two different texts
// never look alike for that reason.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x{%02X}`, s[i])
		case r == '\\' || !visible(r):
			fmt.Fprintf(&b, `\u{%04X}`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// visible reports whether a character shows itself, and from left to right.
// unicode.IsPrint leaves out control and format characters (and with them all
// bidirectional controls), surrogates, private use and odd spaces.
func visible(r rune) bool {
	if !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) {
		return false
	}
	for _, block := range rightToLeft {
		if r >= block[0] && r <= block[1] {
			return false
		}
	}
	return r != '\u2800' // Braille blank
}

// rightToLeft are the blocks whose characters default to the bidirectional
// classes R and AL (Unicode Character Database, DerivedBidiClass): beside a
// number they would change the order in which a terminal shows it.
var rightToLeft = [][2]rune{{0x0590, 0x08FF}, {0xFB1D, 0xFDFF}, {0xFE70, 0xFEFF}, {0x10800, 0x10FFF}, {0x1E800, 0x1EFFF}}
