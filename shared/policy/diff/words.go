package diff

import (
	"fmt"
	"strings"
)

// Sentences returns the whole comparison in words: first what is newly allowed,
// which is what can do harm.
func (d Diff) Sentences() []string {
	var out []string
	direction := func(examples []Example, undecided []string, some, none, whose string) {
		if len(examples) == 0 && len(undecided) == 0 {
			out = append(out, none)
		}
		for _, e := range examples {
			out = append(out, fmt.Sprintf("%s (%s), for example: %s", some, e.Rule, strings.Join(e.Batch, " ")))
			for _, r := range e.Refused {
				out = append(out, fmt.Sprintf("  %s refuses it: %s", whose, r))
			}
		}
		for _, r := range undecided {
			out = append(out, fmt.Sprintf("%s, perhaps: whether %s gives way could not be decided; take it as changed.", some, r))
		}
	}
	direction(d.Allowed, d.UndecidedAllowed, "NEWLY ALLOWED", "Nothing is newly allowed: every batch that the new charter allows, the old one allows.", "the old charter")
	direction(d.Refused, d.UndecidedRefused, "Newly refused", "Nothing is newly refused: every batch that the old charter allows, the new one allows.", "the new charter")
	for _, s := range d.Structure {
		out = append(out, "Written otherwise: "+s)
	}
	return out
}
