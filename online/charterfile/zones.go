package charterfile

import (
	_ "embed"
	"strings"
)

// zoneTable has a line for every time zone of the IANA database that keeps to one
// rule from now on: its name, a space and the rule, as POSIX TZ. A table that is part of the
// program gives the same charter on every machine, whatever its own database
// says; the rule is in the charter that people read and sign.
//
//go:embed zones.txt
var zoneTable string

// zoneRule finds the rule of a named zone.
func zoneRule(name string) (string, bool) {
	for row := range strings.Lines(zoneTable) {
		if n, rule, _ := strings.Cut(strings.TrimSuffix(row, "\n"), " "); n == name {
			return rule, true
		}
	}
	return "", false
}

// zoneNames are all names, for suggestions.
func zoneNames() []string {
	var out []string
	for row := range strings.Lines(zoneTable) {
		name, _, _ := strings.Cut(row, " ")
		out = append(out, name)
	}
	return out
}
