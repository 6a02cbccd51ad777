package lineage

import (
	"fmt"
	"slices"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
)

// vote is what a demand on an amendment is judged by.
type vote struct {
	d         charter.Document // in force
	given     []approval.Given // that hold now
	initiator charter.Person   // who signed the draft, if somebody did
	drafted   int64            // when, 0 for nobody
	now       int64
	stations  []uint8 // that acknowledge together
}

func newVote(base charter.Charter, set approval.Set, now int64, stations []uint8) vote {
	v := vote{d: base.Document(), given: set.Given(), now: now, stations: stations}
	for _, g := range v.given {
		if g.Decision == approval.Draft {
			v.initiator, v.drafted = g.Person, g.Time
		}
	}
	return v
}

// meets reports whether the demand of an amendment rule holds; one that asks for
// nobody does.
func (v vote) meets(d charter.Demand) bool { return d.Kind == charter.DemandNone || v.holds(d) }

func (v vote) holds(d charter.Demand) bool {
	switch d.Kind {
	case charter.DemandAll:
		return !slices.ContainsFunc(d.Of, func(of charter.Demand) bool { return !v.holds(of) })
	case charter.DemandAny:
		return slices.ContainsFunc(d.Of, v.holds)
	case charter.DemandApprovals:
		return len(v.approvers(d)) >= int(d.Count)
	case charter.DemandInitiator:
		return v.drafted != 0 && d.Names(v.initiator)
	case charter.DemandHuman:
		return v.drafted != 0 && !v.initiator.Machine
	case charter.DemandMachine:
		return v.drafted != 0 && v.initiator.Machine
	case charter.DemandStations:
		return len(v.stations) >= int(d.Count)
	case charter.DemandSites:
		return v.distinct(func(s charter.Station) string { return s.Site }) >= int(d.Count)
	case charter.DemandEntities:
		return v.distinct(func(s charter.Station) string { return s.Entity }) >= int(d.Count)
	case charter.DemandHours:
		return v.hours(d)
	case charter.DemandWaited:
		return v.drafted != 0 && v.now-v.drafted >= int64(d.Seconds)
	case charter.DemandNotFrozen:
		return v.any(d, approval.NotFrozen, func(g approval.Given) bool { return v.now-g.Time <= int64(d.Seconds) })
	case charter.DemandNoVeto:
		return !v.any(d, approval.Veto, func(approval.Given) bool { return true })
	}
	return false
}

// approvers are the distinct people whose approvals count for a demand, by name.
// Who drafted does not count, and if nobody says who did, nobody counts.
func (v vote) approvers(d charter.Demand) []string {
	if !d.Initiator && v.drafted == 0 {
		return nil
	}
	var out []string
	for _, g := range v.given {
		name := g.Person.Name
		if g.Decision != approval.Approve || d.Offline && !g.Offline || !d.Names(g.Person) || !d.Initiator && name == v.initiator.Name {
			continue
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (v vote) any(d charter.Demand, decision approval.Decision, ok func(approval.Given) bool) bool {
	return slices.ContainsFunc(v.given, func(g approval.Given) bool {
		return g.Decision == decision && d.Names(g.Person) && ok(g)
	})
}

// distinct counts the places, or entities, that the stations are said to have.
func (v vote) distinct(of func(charter.Station) string) int {
	seen := make(map[string]bool)
	for _, s := range v.stations {
		if name := of(v.d.Stations[s]); name != "" {
			seen[name] = true
		}
	}
	return len(seen)
}

func (v vote) hours(d charter.Demand) bool {
	for _, z := range v.d.Zones {
		if z.Name != d.Zone {
			continue
		}
		local, err := charter.LocalTime(z.Rule, v.now)
		if err != nil {
			return false
		}
		day := (int(local.Weekday()) + 6) % 7 // Monday is 0
		minute := local.Hour()*60 + local.Minute()
		return d.Days>>day&1 == 1 && minute >= int(d.From) && minute < int(d.Until)
	}
	return false
}

// sentences says who signed what, and whose word counts nothing and why.
func sentences(set approval.Set) []string {
	var out []string
	for _, g := range set.Given() {
		how := ""
		if g.Offline {
			how = " on an offline device"
		}
		switch g.Decision {
		case approval.Draft:
			out = append(out, fmt.Sprintf("\"%s\" drafted it.", g.Person.Name))
		case approval.Approve:
			out = append(out, fmt.Sprintf("\"%s\" approves it%s.", g.Person.Name, how))
		case approval.Veto:
			out = append(out, fmt.Sprintf("\"%s\" vetoes it%s.", g.Person.Name, how))
		case approval.NotFrozen:
			out = append(out, fmt.Sprintf("\"%s\" states that nothing is frozen%s.", g.Person.Name, how))
		}
	}
	for _, v := range set.Void() {
		why := v.Why
		if v.Reason == approval.OtherSubject && v.Decision != approval.NotFrozen {
			why = "is for another change"
		}
		out = append(out, fmt.Sprintf("The %s of \"%s\" %s: it does not count.", v.Decision, v.Person, why))
	}
	return out
}
