package policy

import (
	"fmt"
	"slices"
	"strings"

	"heliograph/shared/approval"
	"heliograph/shared/charter"
)

// tally is who approved, as one demand counts.
type tally struct {
	count   []string // names that count, in order
	offline int      // of these, on an offline device
	marked  []string // count, with how they approved
	online  []string // approved, but not on an offline device where that is asked for
	drafter bool     // the initiator approved, and does not count
}

// approvals counts distinct people. The initiator counts only where the demand
// says so; where it does not, a signed draft must say who that is. offline is
// how many must approve on offline devices, besides what the demand says.
func (t *trace) approvals(d charter.Demand, offline int) (bool, string) {
	if d.Offline {
		offline = int(d.Count)
	}
	v := &t.f.people
	anonymous := !d.Initiator && v.drafter == nil
	var y tally
	if !anonymous {
		y = t.tally(d)
	}
	if len(y.count) >= int(d.Count) && y.offline >= offline {
		return true, fmt.Sprintf("%s approve: %s", whoCounted(d), list(y.marked, "and"))
	}
	var state []string
	switch {
	case anonymous:
		state = append(state, "nobody signed the draft, so that no approval counts"+t.void(approval.Draft, charter.Demand{}))
	case len(y.marked) == 0:
		state = append(state, "nobody did")
	default:
		state = append(state, list(y.marked, "and")+" did")
	}
	if len(y.online) != 0 {
		state = append(state, list(y.online, "and")+" did, but on no offline device")
	}
	if y.drafter {
		state = append(state, named(*v.drafter)+" signed the draft and does not count")
	}
	words := demandWords(d, offline) + "; " + strings.Join(state, "; ") + t.void(approval.Approve, d)
	if could := t.could(d, offline, y); len(could) != 0 && !anonymous {
		words += "; " + list(could, "and") + " still could"
	}
	return false, words
}

// tally finds who of the demand's people approved.
func (t *trace) tally(d charter.Demand) tally {
	var y tally
	online, offline := map[string]bool{}, map[string]bool{}
	for _, a := range t.f.people.approvals {
		name := a.person.Name
		if a.person.Machine || !d.Names(a.person) {
			continue
		}
		if !d.Initiator && t.f.people.drafted(name) {
			y.drafter = true
			continue
		}
		if a.offline {
			offline[name] = true
		} else {
			online[name] = true
		}
	}
	for name := range offline {
		y.count, y.offline = append(y.count, name), y.offline+1
	}
	for name := range online {
		switch {
		case offline[name]:
		case d.Offline:
			y.online = append(y.online, fmt.Sprintf("%q", name))
		default:
			y.count = append(y.count, name)
		}
	}
	slices.Sort(y.count)
	slices.Sort(y.online)
	for _, name := range y.count {
		mark := fmt.Sprintf("%q", name)
		if offline[name] {
			mark += " (offline)"
		}
		y.marked = append(y.marked, mark)
	}
	return y
}

// could lists who has said nothing that counts, and could.
func (t *trace) could(d charter.Demand, offline int, y tally) []string {
	silent := len(y.count) < int(d.Count) // else only offline approvals are lacking
	var out []string
	for _, p := range t.law.d.People {
		approved := slices.Contains(y.count, p.Name)
		if !d.Names(p) || approved && silent || !d.Initiator && t.f.people.drafted(p.Name) || !can(p, d.Offline || !silent) {
			continue
		}
		if approved && slices.Contains(y.marked, fmt.Sprintf("%q (offline)", p.Name)) {
			continue
		}
		if slices.ContainsFunc(t.f.people.void, func(v approval.Void) bool { return v.Person == p.Name && v.Decision == approval.Approve }) {
			continue // the sentence says why that one does not count
		}
		out = append(out, fmt.Sprintf("%q", p.Name))
	}
	return out
}

// maxVoid bounds the void statements that one sentence gives reasons for.
const maxVoid = 4

// void says what does not count of the statements that a demand asks for, and
// why, each with a semicolon before it: those by its people, or by nobody in the
// charter, who may have been one of them. The zero demand asks anybody.
func (t *trace) void(decision approval.Decision, d charter.Demand) string {
	var out strings.Builder
	n := 0
	for _, v := range t.f.people.void {
		p, listed := t.law.people[v.Person]
		if v.Decision != decision || listed && d.Kind != charter.DemandNone && !d.Names(p) {
			continue
		}
		if n++; n <= maxVoid {
			fmt.Fprintf(&out, "; the %s of %q %s", v.Decision, v.Person, v.Why)
		}
	}
	if n > maxVoid {
		fmt.Fprintf(&out, "; %d more are void", n-maxVoid)
	}
	return out.String()
}

// demandWords says how many people must approve.
func demandWords(d charter.Demand, offline int) string {
	words := whoCounted(d) + " must approve"
	switch {
	case offline == 0:
		return words
	case offline == int(d.Count):
		return words + " on an offline device"
	}
	return fmt.Sprintf("%s, %d of them on an offline device", words, offline)
}

// whoCounted is "2 people of "finance"", or a name where only one is asked.
func whoCounted(d charter.Demand) string {
	if d.Count == 1 && len(d.Roles) == 0 && len(d.People) == 1 {
		return fmt.Sprintf("%q", d.People[0])
	}
	if d.Count == 1 {
		return "1 person " + whom(d)
	}
	return fmt.Sprintf("%d people %s", d.Count, whom(d))
}

// whom says which people a demand names: `of "finance" or "Ann"`.
func whom(d charter.Demand) string {
	return "of " + list(slices.Concat(quoted(d.Roles), quoted(d.People)), "or")
}

// named is a person's name, or a program's.
func named(p charter.Person) string {
	if p.Machine {
		return fmt.Sprintf("the program %q", p.Name)
	}
	return fmt.Sprintf("%q", p.Name)
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return out
}
