package lineage

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy/diff"
)

// Change is what a charter comes to, compared with the one in force.
type Change struct {
	Diff     diff.Diff
	Loosens  bool
	Why      []string       // what makes it a loosening, in sentences; empty for a tightening
	Lifts    [][32]byte     // ids of the freezes that it lifts
	Replaced []int          // stations that get a new instance
	Demand   charter.Demand // what must hold, by the charter in force; the zero value asks for nobody
	Delay    uint32         // seconds from the last acknowledgement until it is in force
}

// Weigh says what next would change if it followed the newest charter, compared
// with the one in force at the time now (unix seconds), which may be an older one:
// only that has power. It returns a *Refused if next cannot follow at all.
func (l Line) Weigh(next charter.Charter, now int64) (Change, error) {
	if !l.Valid() || !next.Valid() {
		return Change{}, errors.New("lineage: weigh: a line or charter is the zero value")
	}
	if why := l.follows(next.Document(), now); why != nil {
		return Change{}, why
	}
	c, err := weigh(l.inForce(now), next)
	if err != nil {
		return Change{}, fmt.Errorf("lineage: weigh: %w", err)
	}
	return c.settle(l.inForce(now), next, now), nil
}

// expired reports whether a charter's maximum age is over.
func expired(d charter.Document, now int64) bool {
	return d.Governance.MaxAge != 0 && now > d.Issued+int64(d.Governance.MaxAge)
}

// weigh compares two charters, whatever the time.
func weigh(base, next charter.Charter) (Change, error) {
	d, err := diff.Compare(base, next)
	if err != nil {
		return Change{}, err
	}
	c := structural(base, next)
	c.Diff = d
	var why []string
	for _, e := range d.Allowed {
		why = append(why, fmt.Sprintf("Rule %s gives way: something that it refused is allowed.", e.Rule))
	}
	for _, id := range d.UndecidedAllowed {
		why = append(why, fmt.Sprintf("It is not known whether something that %s refused is allowed.", id))
	}
	c.Why = append(why, c.Why...)
	return c, nil
}

// structural is a change without what the rules newly allow.
func structural(base, next charter.Charter) Change {
	b, n := base.Document(), next.Document()
	return Change{Lifts: added(b.Lifted, n.Lifted), Replaced: replaced(b, n), Why: widenings(base, next)}
}

// weighLoosening is weigh, but where the structure alone makes a loosening of the
// change, the rules are not compared: that could only give more reasons.
func weighLoosening(base, next charter.Charter) (Change, error) {
	if c := structural(base, next); len(c.Why) > 0 {
		return c, nil
	}
	return weigh(base, next)
}

// settle says what a change comes to at the time now, when base is in force.
func (c Change) settle(base, next charter.Charter, now int64) Change {
	b := base.Document()
	if expired(b, now) {
		c.Why = append(slices.Clone(c.Why), "The charter in force is older than it may be and allows nothing; what follows it allows payments again.")
	}
	c.Loosens = len(c.Why) > 0
	if c.Loosens {
		c.Delay = b.Governance.Delay
	}
	c.Demand = demanded(b, next.Document(), c)
	return c
}

// demanded is what the charter in force asks for a change. Lifting a freeze has
// a demand of its own, and that alone if the change does nothing else.
func demanded(base, next charter.Document, c Change) charter.Demand {
	g := base.Governance
	demand := g.Tighten
	if c.Loosens {
		demand = g.Loosen
	}
	if len(c.Lifts) == 0 {
		return demand
	}
	next.Epoch, next.Prior, next.Issued, next.Lifted = base.Epoch, base.Prior, base.Issued, base.Lifted
	if same(base, next) && !c.Loosens {
		return g.Thaw
	}
	return all(g.Thaw, demand)
}

// all is a demand for each of those that ask for somebody.
func all(demands ...charter.Demand) charter.Demand {
	asking := slices.DeleteFunc(demands, func(d charter.Demand) bool { return d.Kind == charter.DemandNone })
	switch len(asking) {
	case 0:
		return charter.Demand{}
	case 1:
		return asking[0]
	}
	return charter.Demand{Kind: charter.DemandAll, Of: asking}
}

// added returns what now has and before had not.
func added(before, now [][32]byte) [][32]byte {
	return slices.DeleteFunc(slices.Clone(now), func(id [32]byte) bool { return slices.Contains(before, id) })
}

// replaced returns the stations whose instances differ.
func replaced(base, next charter.Document) []int {
	var out []int
	for i := range base.Stations {
		if i < len(next.Stations) && base.Stations[i].InstanceKey != next.Stations[i].InstanceKey {
			out = append(out, i)
		}
	}
	return out
}

// follows says why next cannot be the successor of the newest charter, or nil.
func (l Line) follows(next charter.Document, now int64) *Refused {
	latest := l.Latest()
	prior := latest.Document()
	if next.Epoch <= prior.Epoch {
		return refuse(OlderEpoch, fmt.Sprintf("This is charter %d; charter %d is already adopted here.", next.Epoch, prior.Epoch))
	}
	if next.Epoch != prior.Epoch+1 || next.Prior != latest.ID() {
		return refuse(Unknown, fmt.Sprintf("This charter %d does not follow charter %d, the newest one here.", next.Epoch, prior.Epoch))
	}
	if why := unbroken(prior, next); why != "" {
		return refuse(Unfollowed, why)
	}
	base := l.inForce(now).Document()
	if why := l.remembers(base, next); why != "" {
		return refuse(Unfollowed, why)
	}
	return timely(base, next, now)
}

// timely refuses a charter that was issued in the future, which would make it
// live longer than its people think, or before the one in force. How long ago it
// was issued does not matter: people and stations take their time.
func timely(base, next charter.Document, now int64) *Refused {
	if next.Issued > now+int64(base.ClockTolerance) {
		return refuse(Clock, fmt.Sprintf("The charter says that it is issued %s from now.", charter.Period(next.Issued-now)))
	}
	if next.Issued < base.Issued {
		return refuse(Clock, "The charter says that it was issued before the one in force.")
	}
	return nil
}

// unbroken says what an amendment can never change, because the key's shares hang
// on it: those changes are a new key or another ceremony.
func unbroken(prior, next charter.Document) string {
	if next.Network != prior.Network {
		return fmt.Sprintf("The network cannot change from %s to %s.", prior.Network, next.Network)
	}
	if next.Threshold != prior.Threshold || len(next.Stations) != len(prior.Stations) {
		return fmt.Sprintf("An amendment cannot make %d of %d stations out of %d of %d: the key's shares are for those.", next.Threshold, len(next.Stations), prior.Threshold, len(prior.Stations))
	}
	for i, s := range next.Stations {
		if s.HostKey != prior.Stations[i].HostKey {
			return fmt.Sprintf("An amendment cannot change the host key of station %d: its share of the key was made for it.", i)
		}
	}
	return ""
}

// remembers says what is wrong with the instances: a replaced one must be
// retired, nothing else may be, and no key may come back.
func (l Line) remembers(base, next charter.Document) string {
	if len(next.Retired) < len(base.Retired) || !slices.Equal(next.Retired[:len(base.Retired)], base.Retired) {
		return "Retired instances must stay in the charter, in their order: their records are part of the wallet's memory."
	}
	fresh := next.Retired[len(base.Retired):]
	gone := replaced(base, next)
	for _, i := range gone {
		at := slices.IndexFunc(fresh, func(r charter.Retired) bool { return int(r.Station) == i })
		if at < 0 || fresh[at].Instance != base.Stations[i].InstanceKey {
			return fmt.Sprintf("Station %d gets a new instance, and the old one is not listed as retired.", i)
		}
		if owner := l.formerOwner(next.Stations[i].InstanceKey[:], i); owner != "" {
			return fmt.Sprintf("The new instance key of station %d was one of %s before.", i, owner)
		}
	}
	if len(fresh) != len(gone) {
		return "An instance is retired that was not replaced."
	}
	if spare := len(base.Stations) - int(base.Threshold); len(gone) > spare {
		return fmt.Sprintf("%d stations would get new instances before those of the charter in force have spoken; at most %d can, so that %d remain that remember.", len(gone), spare, base.Threshold)
	}
	return ""
}

// formerOwner says who else an instance key belonged to in this line; a station
// may keep the one that a charter which is not yet in force gave it.
func (l Line) formerOwner(key []byte, station int) string {
	for _, e := range l.epochs {
		d := e.Charter.Document()
		if bytes.Equal(d.Courier[:], key) {
			return "the coordinator"
		}
		for i, s := range d.Stations {
			if i != station && bytes.Equal(s.InstanceKey[:], key) {
				return fmt.Sprintf("station %d", i)
			}
		}
		for _, r := range d.Retired {
			if bytes.Equal(r.Instance[:], key) {
				return "a retired instance"
			}
		}
	}
	return ""
}
