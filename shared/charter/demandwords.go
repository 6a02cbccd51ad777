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
		return d.who() + " drafted it"
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
		return fmt.Sprintf("%s stated within the last %s that nothing is frozen", d.who(), Period(int64(d.Seconds)))
	case DemandNoVeto:
		return fmt.Sprintf("no veto comes from %s", d.who())
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
	drafter := ", not counting who drafted it"
	if d.Initiator {
		drafter = ", who drafted it included"
	}
	return fmt.Sprintf("%d of %s %s it%s%s", d.Count, d.set(), plural(d.Count, "approves", "approve"), device, drafter)
}

// set words all whom a demand names: the people of "finance", "Ada" and "Ben".
func (d Demand) set() string {
	var out []string
	if len(d.Roles) > 0 {
		out = append(out, "the people of "+list(quoted(d.Roles), "or"))
	}
	if len(d.People) > 0 {
		out = append(out, quoted(d.People)...)
	}
	return list(out, "and")
}

// who words one of them.
func (d Demand) who() string {
	if len(d.Roles) == 0 {
		return list(quoted(d.People), "or")
	}
	return list(append([]string{"somebody of " + list(quoted(d.Roles), "or")}, quoted(d.People)...), "or")
}

func plural(n uint8, one, many string) string {
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
