package charter

import (
	"fmt"
	"strings"
)

// Sentence says what a demand of a valid charter asks for, to go after "unless"
// or "if": "it" is what is to be approved.
func (d Demand) Sentence() string {
	switch d.Kind {
	case DemandAll:
		return d.parts("and")
	case DemandAny:
		if len(d.Of) > 1 {
			return "either " + d.parts("or")
		}
		return d.parts("or")
	case DemandApprovals:
		return d.approvals()
	case DemandInitiator:
		return d.who("somebody") + " drafted it"
	case DemandHuman:
		return "a person drafted it, not a program"
	case DemandMachine:
		return "a program drafted it"
	case DemandStations:
		return fmt.Sprintf("%d %s together", d.Count, plural(d.Count, "station signs", "stations sign"))
	case DemandSites:
		return fmt.Sprintf("the stations that sign stand at %d %s or more", d.Count, plural(d.Count, "named site", "different sites"))
	case DemandEntities:
		return fmt.Sprintf("the stations that sign are run by %d %s or more", d.Count, plural(d.Count, "named legal entity", "different legal entities"))
	case DemandHours:
		return fmt.Sprintf("it is %s from %s until %s in \"%s\"", days(d.Days), clock(d.From), clock(d.Until), d.Zone)
	case DemandWaited:
		return fmt.Sprintf("it was drafted %s before or earlier", Period(int64(d.Seconds)))
	case DemandNotFrozen:
		return fmt.Sprintf("%s stated within the last %s that nothing is frozen", d.who("somebody"), Period(int64(d.Seconds)))
	case DemandNoVeto:
		return fmt.Sprintf("no veto comes from %s", d.who("anybody"))
	}
	return "nothing can fulfil it"
}

// parts joins what an all or any asks for; a part that is itself one stands in
// parentheses, so that "and" and "or" never mix.
func (d Demand) parts(word string) string {
	out := make([]string, len(d.Of))
	for i, part := range d.Of {
		out[i] = part.Sentence()
		if part.Kind == DemandAll || part.Kind == DemandAny {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, ", "+word+" ")
}

func (d Demand) approvals() string {
	device := ""
	if d.Offline {
		device = " on an offline device"
	}
	drafter := ", " + plural(d.Count, "who did not draft it", "none of whom drafted it")
	if d.Initiator {
		drafter = ", counting who drafted it"
	}
	return fmt.Sprintf("%s %s it%s%s", d.some(), plural(d.Count, "approves", "approve"), device, drafter)
}

// some words Count of all whom a demand names: 2 people of "finance", 2 of "Ada"
// and the people of "finance".
func (d Demand) some() string {
	roles := list(quoted(d.Roles), "or")
	switch {
	case len(d.People) == 0:
		return fmt.Sprintf("%d %s of %s", d.Count, plural(d.Count, "person", "people"), roles)
	case len(d.Roles) == 0 && len(d.People) == 1:
		return quoted(d.People)[0]
	case len(d.Roles) == 0:
		return fmt.Sprintf("%d of %s", d.Count, list(quoted(d.People), "and"))
	}
	return fmt.Sprintf("%d of %s", d.Count, list(append(quoted(d.People), "the people of "+roles), "and"))
}

// who words one of them; somebody is the word for one person of a role.
func (d Demand) who(somebody string) string {
	out := quoted(d.People)
	if len(d.Roles) > 0 {
		out = append(out, somebody+" of "+list(quoted(d.Roles), "or"))
	}
	return list(out, "or")
}

func plural[T uint8 | int | int64](n T, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// clock shows minutes after midnight.
func clock(minutes uint16) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// days words a set of weekdays: neighbours as a span.
func days(set uint8) string {
	names := [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	if set == 0x7f {
		return "any day"
	}
	var out []string
	for first := 0; first < len(names); first++ {
		if set>>first&1 == 0 {
			continue
		}
		last := first
		for last+1 < len(names) && set>>(last+1)&1 == 1 {
			last++
		}
		switch last - first {
		case 0:
			out = append(out, names[first])
		case 1:
			out = append(out, names[first], names[last])
		default:
			out = append(out, names[first]+" to "+names[last])
		}
		first = last
	}
	return list(out, "or")
}
