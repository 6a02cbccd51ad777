package policy

import (
	"fmt"
	"slices"
	"strings"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
)

// demand reports whether a demand holds, and says in words what it asks for and
// what of that is there: a clause without a full stop. What is not there can
// never make it hold, and what is void makes it neither better nor worse.
func (t *trace) demand(d charter.Demand) (holds bool, words string) {
	v := &t.f.people
	switch d.Kind {
	case charter.DemandAll:
		return t.demandAll(d)
	case charter.DemandAny:
		return t.demandAny(d)
	case charter.DemandApprovals:
		return t.approvals(d, 0)
	case charter.DemandInitiator:
		return t.draft(v.drafter != nil && d.Names(*v.drafter), "one "+whom(d))
	case charter.DemandHuman:
		return t.draft(v.drafter != nil && !v.drafter.Machine, "a person, not a program,")
	case charter.DemandMachine:
		return t.draft(v.drafter != nil && v.drafter.Machine, "a program")
	case charter.DemandStations:
		n := len(t.f.quorum)
		return n >= int(d.Count), fmt.Sprintf("%s must sign together; %d are named", count(int64(d.Count), "station"), n)
	case charter.DemandSites:
		return t.spread(d, "site", func(s charter.Station) string { return s.Site })
	case charter.DemandEntities:
		return t.spread(d, "legal entity", func(s charter.Station) string { return s.Entity })
	case charter.DemandHours:
		return t.hours(d)
	case charter.DemandWaited:
		return t.waited(int64(d.Seconds))
	case charter.DemandNotFrozen:
		return t.notFrozen(d)
	case charter.DemandNoVeto:
		return t.noVeto(d)
	}
	return false, "this program does not know such a demand"
}

// demandAll joins what is lacking, or if nothing is, what is there.
func (t *trace) demandAll(d charter.Demand) (bool, string) {
	offline, said := pairs(d.Of)
	var have, lack []string
	for i, part := range d.Of {
		if said[i] {
			continue
		}
		holds, words := false, ""
		if part.Kind == charter.DemandApprovals {
			holds, words = t.approvals(part, offline[i])
		} else {
			holds, words = t.demand(part)
		}
		if holds {
			have = append(have, words)
			continue
		}
		lack = append(lack, words)
	}
	if len(lack) != 0 || len(have) == 0 {
		return false, strings.Join(lack, "; and ")
	}
	return true, strings.Join(have, "; and ")
}

// pairs finds where one part asks for approvals and another asks the same people
// for some of them on offline devices: people read that as one demand. offline
// has how many, by the place of the first; said marks the second.
func pairs(parts []charter.Demand) (offline []int, said []bool) {
	offline, said = make([]int, len(parts)), make([]bool, len(parts))
	for i, a := range parts {
		if a.Kind != charter.DemandApprovals || a.Offline {
			continue
		}
		for j, b := range parts {
			if b.Kind == charter.DemandApprovals && b.Offline && b.Count <= a.Count && b.Initiator == a.Initiator && !said[j] &&
				slices.Equal(a.Roles, b.Roles) && slices.Equal(a.People, b.People) {
				offline[i], said[j] = int(b.Count), true
				break
			}
		}
	}
	return offline, said
}

func (t *trace) demandAny(d charter.Demand) (bool, string) {
	var lack []string
	for _, part := range d.Of {
		holds, words := t.demand(part)
		if holds {
			return true, words
		}
		lack = append(lack, words)
	}
	return false, "either " + strings.Join(lack, "; or ")
}

// draft words a demand on who signed the draft.
func (t *trace) draft(holds bool, who string) (bool, string) {
	drafter := t.f.people.drafter
	switch {
	case drafter == nil:
		return false, who + " must have signed the draft; nobody did" + t.void(approval.Draft, charter.Demand{})
	case holds:
		return true, fmt.Sprintf("%s signed the draft", named(*drafter))
	}
	return false, fmt.Sprintf("%s must have signed the draft; %s did", who, named(*drafter))
}

// spread counts at how many places the stations of the quorum are.
func (t *trace) spread(d charter.Demand, thing string, where func(charter.Station) string) (bool, string) {
	var seen []string
	for _, q := range t.f.quorum {
		if int(q) >= len(t.law.d.Stations) {
			continue
		}
		if at := where(t.law.d.Stations[q]); at != "" && !slices.Contains(seen, at) {
			seen = append(seen, at)
		}
	}
	slices.Sort(seen)
	words := fmt.Sprintf("stations of %s must sign; ", different(int64(d.Count), thing))
	if len(seen) == 0 {
		return false, words + "none is named"
	}
	return len(seen) >= int(d.Count), words + "those named are of " + list(quoted(seen), "and")
}

func different(n int64, thing string) string {
	if n == 1 {
		return "1 named " + thing
	}
	if thing == "legal entity" {
		return fmt.Sprintf("%d different legal entities", n)
	}
	return fmt.Sprintf("%d different %ss", n, thing)
}

// hours holds on the days and in the hours that a demand gives.
func (t *trace) hours(d charter.Demand) (bool, string) {
	words := "it may be signed when " + d.Sentence()
	local, err := charter.LocalTime(t.law.zones[d.Zone], t.f.time)
	if err != nil {
		return false, words + "; the stated time has no local time"
	}
	day := (int(local.Weekday()) + 6) % 7 // Monday is 0
	minute := local.Hour()*60 + local.Minute()
	holds := d.Days>>day&1 == 1 && minute >= int(d.From) && minute < int(d.Until)
	return holds, words + local.Format("; the stated time is Monday 2006-01-02 15:04 there")
}

func (t *trace) waited(seconds int64) (bool, string) {
	v := &t.f.people
	words := charter.Period(seconds) + " must pass between draft and signing; "
	if v.drafter == nil {
		return false, words + "nobody signed the draft" + t.void(approval.Draft, charter.Demand{})
	}
	if v.waited >= seconds {
		return true, words + charter.Period(v.waited) + " did"
	}
	return false, words + charter.Period(max(v.waited, 0)) + " did, so not before " + clock(add(t.f.time-v.waited, seconds))
}

func (t *trace) notFrozen(d charter.Demand) (bool, string) {
	words := fmt.Sprintf("one %s must have stated within the last %s that nothing is frozen; ", whom(d), charter.Period(int64(d.Seconds)))
	var late []string
	for _, s := range t.f.people.notFrozen {
		if !d.Names(s.person) {
			continue
		}
		ago := charter.Period(max(s.age, 0)) + " before"
		if s.age <= int64(d.Seconds) {
			return true, words + named(s.person) + " did, " + ago
		}
		late = append(late, named(s.person)+" did "+ago)
	}
	if len(late) != 0 {
		return false, words + list(late, "and")
	}
	return false, words + "nobody did" + t.void(approval.NotFrozen, d)
}

func (t *trace) noVeto(d charter.Demand) (bool, string) {
	var who []string
	for _, s := range t.f.people.vetoes {
		if d.Names(s.person) && !slices.Contains(who, named(s.person)) {
			who = append(who, named(s.person))
		}
	}
	if len(who) != 0 {
		return false, fmt.Sprintf("nobody %s may veto; %s did", whom(d), list(who, "and"))
	}
	return true, fmt.Sprintf("nobody %s vetoed", whom(d))
}
