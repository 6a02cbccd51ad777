package charter

import (
	"encoding/hex"
	"fmt"
	"strings"

	"heliograph/shared/wallet"
)

// Sentences returns the charter in plain words, one statement each, for people
// to review before they sign it. It is made from the canonical document alone,
// names every address and every rule, and leaves nothing out.
func (c Charter) Sentences() []string {
	if !c.Valid() {
		return nil
	}
	d := c.doc
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }

	say("This is charter %d of the wallet \"%s\" on %s.", d.Epoch, d.Name, d.Network)
	if d.Network.Practice() {
		say("PRACTICE: coins of this network are worth nothing.")
	}
	if d.Epoch > 0 {
		say("It follows the charter %s.", hex.EncodeToString(d.Prior[:]))
	}
	say("Any %d of %d stations can sign together; fewer cannot.", d.Threshold, len(d.Stations))
	out = append(out, BoundSentence(int(c.doc.Threshold), len(c.doc.Stations)))
	for i, s := range d.Stations {
		say("Station %d is \"%s\": instance key %s, host key %s.", i, s.Name, s.InstanceKey, hex.EncodeToString(s.HostKey[:]))
	}
	say("The coordinator's messages carry the key %s, which gives it no authority.", d.Courier)
	for _, p := range d.Counterparties {
		out = append(out, p.sentence(d.Network))
	}
	say("A payment is refused unless a rule allows it, no rule denies it and every limit holds; the order of the rules means nothing.")
	allows := 0
	for _, r := range d.Rules {
		if r.Effect == Allow {
			allows++
		}
		out = append(out, r.ID+": "+r.Sentence(d.ClockTolerance))
	}
	if allows == 0 {
		say("No rule allows a payment: nothing can be paid.")
	}
	say("Change goes to addresses of this wallet at most %d past the highest one used.", d.Gap)
	say("The time that a request states is at most %s away from a station's clock.", Period(int64(d.ClockTolerance)))
	return out
}

func (p Counterparty) sentence(net wallet.Network) string {
	if len(p.Destinations) == 0 {
		return fmt.Sprintf("\"%s\" has no address and cannot be paid.", p.Name)
	}
	addresses := make([]string, len(p.Destinations))
	for i, s := range p.Destinations {
		a, err := wallet.EncodeScript(net, s)
		if err != nil {
			panic("charter: internal error: a validated destination has no address")
		}
		addresses[i] = a
	}
	return fmt.Sprintf("\"%s\" is paid at %s.", p.Name, list(addresses, "or"))
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
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}

// money shows an amount of at least zero in both units, sat in groups of three.
func money(sat int64) string {
	return fmt.Sprintf("%d.%08d BTC (%s sat)", sat/100_000_000, sat%100_000_000, group(sat))
}

func group(n int64) string {
	s := fmt.Sprint(n)
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
