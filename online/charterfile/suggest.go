package charterfile

import (
	"fmt"
	"slices"
	"strings"
)

// maxListed bounds the alternatives that an error lists.
const maxListed = 24

// didYouMean names what may have been meant: what is spelt alike, else all there
// is, if that is little.
func didYouMean(got string, all []string) string {
	all = slices.Clone(all)
	slices.Sort(all)
	best, distance := "", 1+max(1, len(got)/3)
	for _, a := range all {
		d := editDistance(fold(got), fold(a), distance)
		if len(got) > 2 && strings.HasPrefix(fold(a), fold(got)) {
			d = min(d, 1)
		}
		if d < distance {
			best, distance = a, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(all) == 0:
		return "there is none yet"
	case len(all) > maxListed:
		return fmt.Sprintf("it has %d, none of them spelt alike", len(all))
	}
	return "write one of " + strings.Join(all, ", ")
}

// fold makes alike what is often confused: large letters, _ and spaces for -.
func fold(s string) string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(s))
}

// editDistance counts the letters that must be put in, left out or replaced
// (Levenshtein), up to limit.
func editDistance(a, b string, limit int) int {
	const longest = 128
	if len(a) > longest || len(b) > longest || len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
