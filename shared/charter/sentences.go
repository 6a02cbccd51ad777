package charter

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"heliograph/shared/words"
)

// Sentences returns the charter in plain words, one statement each, for people
// to review before they sign it. It is made from the canonical document alone,
// names every key, address and rule, and leaves nothing out but the bytes of
// proofs, which were verified and say no more.
func (c Charter) Sentences() []string {
	if !c.Valid() {
		return nil
	}
	var p prose
	p.head(c.doc)
	p.stations(c.doc)
	p.people(c.doc)
	p.governance(c.doc)
	p.sources(c.doc)
	for _, counterparty := range c.doc.Counterparties {
		p.counterparty(c.doc.Network, counterparty)
	}
	p.rules(c.doc)
	return p.out
}

// prose collects sentences.
type prose struct{ out []string }

func (p *prose) say(format string, args ...any) { p.out = append(p.out, fmt.Sprintf(format, args...)) }

func (p *prose) head(d Document) {
	p.say("This is charter %d of the wallet \"%s\" on %s.", d.Epoch, d.Name, d.Network)
	if d.Network.Practice() {
		p.say("PRACTICE: coins of this network are worth nothing.")
	}
	if d.Epoch > 0 {
		p.say("It follows the charter %s.", hex.EncodeToString(d.Prior[:]))
	}
	if d.Issued != 0 {
		p.say("It was issued at %s, by the clock of who wrote it.", date(d.Issued))
	}
	for _, id := range d.Lifted {
		p.say("It lifts the freeze %s.", spoken(id))
	}
}

func (p *prose) stations(d Document) {
	p.say("Any %d of %d stations can sign together; fewer cannot.", d.Threshold, len(d.Stations))
	p.say("%s", BoundSentence(int(d.Threshold), len(d.Stations)))
	for i, s := range d.Stations {
		p.say("Station %d is \"%s\": instance key %s, host key %s.", i, s.Name, s.InstanceKey, hex.EncodeToString(s.HostKey[:]))
		var where []string
		if s.Site != "" {
			where = append(where, "stands at \""+s.Site+"\"")
		}
		if s.Entity != "" {
			where = append(where, "is run by \""+s.Entity+"\"")
		}
		if len(where) > 0 {
			p.say("Station %d %s.", i, list(where, "and"))
		}
	}
	for _, r := range d.Retired {
		if r.Seq == 0 {
			p.say("The instance %s no longer speaks for station %d, and nothing that it signed counts.", r.Instance, r.Station)
			continue
		}
		p.say("The instance %s no longer speaks for station %d: its first %s records count, up to %s, and nothing that it signed after them.",
			r.Instance, r.Station, group(int64(r.Seq)), hex.EncodeToString(r.Last[:]))
	}
	p.say("The coordinator's messages carry the key %s, which gives it no authority.", d.Courier)
}

func (p *prose) rules(d Document) {
	p.say("A payment is refused unless a rule allows it, no rule denies it and every limit holds; the order of the rules means nothing.")
	allows := 0
	for _, r := range d.Rules {
		if r.Effect == Allow {
			allows++
		}
		p.say("%s: %s", r.ID, r.Sentence(d.ClockTolerance))
	}
	if allows == 0 {
		p.say("No rule allows a payment: nothing can be paid.")
	}
	p.say("Change goes to addresses of this wallet at most %d past the highest one used.", d.Gap)
	p.say("The time that a request states is at most %s away from a station's clock.", Period(int64(d.ClockTolerance)))
}

// quoted puts names in quotation marks, which no name contains, so that a name
// cannot continue the sentence.
func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return out
}

// list joins names with commas and a last word.
func list(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}

// money shows an amount of at least zero in both units, sat in groups of three.
func money(sat int64) string {
	return fmt.Sprintf("%d.%08d BTC (%s sat)", sat/100_000_000, sat%100_000_000, group(sat))
}

func group(n int64) string { return groupDigits(fmt.Sprint(n)) }

func groupDigits(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Percent shows basis points of at least zero as percent with two places.
func Percent(basisPoints int64) string {
	return fmt.Sprintf("%d.%02d %%", basisPoints/100, basisPoints%100)
}

// Period shows a number of seconds of at least zero exactly, in the units that
// people use: "24 h", "7 days", "1 h 30 min".
func Period(seconds int64) string {
	const minute, hour, day = 60, 3600, 86_400
	if seconds >= 2*day && seconds%day == 0 {
		return fmt.Sprintf("%d days", seconds/day)
	}
	var parts []string
	if h := seconds / hour; h > 0 {
		parts = append(parts, fmt.Sprintf("%d h", h))
	}
	if m := seconds % hour / minute; m > 0 {
		parts = append(parts, fmt.Sprintf("%d min", m))
	}
	if s := seconds % minute; s > 0 || len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%d s", s))
	}
	return strings.Join(parts, " ")
}

// date shows unix seconds, from 0 to MaxTime.
func date(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC") }

// spoken shows a digest as twelve words, which people compare.
func spoken(digest [32]byte) string {
	w := words.Fingerprint(digest)
	return strings.Join(w[:], " ")
}
