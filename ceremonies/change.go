package ceremonies

// A change of the charter as people read it, wherever they decide on it: what
// it comes to and why, the proof with an example of each, every sentence that
// goes and comes, then the whole new charter.

import (
	"encoding/hex"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
)

// ChangeVerdict says in sentences what a change of the charter comes to.
func ChangeVerdict(c lineage.Change) []string {
	if !c.Loosens {
		out := []string{"This change newly allows nothing: it is in force as soon as it is adopted."}
		if len(c.Lifts) > 0 {
			out[0] = "This change lifts a freeze and newly allows nothing else: it is in force as soon as it is adopted."
		}
		return out
	}
	out := []string{"This change loosens the charter: it allows something new, or may."}
	if c.Delay > 0 {
		out = append(out, "It is in force "+charter.Period(int64(c.Delay))+" after the last acknowledgement that it is adopted by, not before.")
	} else {
		out = append(out, "The charter in force asks for no delay: it is in force as soon as it is adopted.")
	}
	return append(out, c.Why...)
}

// Change lists everything that a change of the charter does.
func Change(base, next charter.Charter, c lineage.Change) []Section {
	demand := "nobody beside the stations"
	if c.Demand.Kind != charter.DemandNone {
		demand = c.Demand.Sentence()
	}
	sections := []Section{{Title: "The charter in force demands for it", Lines: []Line{{Value: demand}}}}
	if len(c.Lifts) > 0 {
		lifts := Section{Title: "Freezes that it lifts"}
		for _, id := range c.Lifts {
			lifts.Lines = append(lifts.Lines, Line{Value: hex.EncodeToString(id[:]), Alert: true})
		}
		sections = append(sections, lifts)
	}
	sections = append(sections, Section{Title: "What it allows and refuses", Lines: sentences(c.Diff.Sentences())})
	before, after := base.Sentences(), next.Sentences()
	sections = append(sections,
		listed("No longer said", without(before, after)),
		listed("Newly said", without(after, before)),
		Section{Title: "The whole new charter", Lines: sentences(after)})
	return slices.DeleteFunc(sections, func(s Section) bool { return len(s.Lines) == 0 })
}

func listed(title string, all []string) Section { return Section{Title: title, Lines: sentences(all)} }

func sentences(all []string) []Line {
	lines := make([]Line, len(all))
	for i, s := range all {
		lines[i] = Line{Value: s}
	}
	return lines
}

// without returns the sentences that the other list does not have.
func without(these, others []string) []string {
	return slices.DeleteFunc(slices.Clone(these), func(s string) bool { return slices.Contains(others, s) })
}
