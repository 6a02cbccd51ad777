package lineage

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// same compares two documents in canonical order.
func same(a, b charter.Document) bool { return reflect.DeepEqual(a, b) }

// widenings says what next gives to somebody, or may, beyond what the rules
// allow for a payment: that is the diff's part. It is empty only if all that
// differs was decided, here or there, to take something away.
func widenings(base, next charter.Charter) []string {
	b, n := base.Document(), next.Document()
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if n.Name != b.Name {
		say("The wallet \"%s\" is called \"%s\".", b.Name, n.Name)
	}
	for i := range b.Stations {
		out = append(out, station(i, b.Stations[i], n.Stations[i])...)
	}
	if n.Courier != b.Courier {
		say("The coordinator's messages carry another key.")
	}
	if n.Gap > b.Gap {
		say("Change may go %d addresses past the highest one used, instead of %d.", n.Gap, b.Gap)
	}
	if n.ClockTolerance != b.ClockTolerance {
		say("The time of a request may be %s away from a station's clock, instead of %s.", charter.Period(int64(n.ClockTolerance)), charter.Period(int64(b.ClockTolerance)))
	}
	out = append(out, destinations(base, next)...)
	out = append(out, people(b, n)...)
	for _, part := range []struct {
		what      string
		unchanged bool
	}{
		{"What web approvals must be made for", reflect.DeepEqual(b.Web, n.Web)},
		{"How the charter changes and stops", reflect.DeepEqual(b.Governance, n.Governance)},
		{"A time zone", reflect.DeepEqual(b.Zones, n.Zones)},
		{"Who may state a price", reflect.DeepEqual(b.Prices, n.Prices)},
		{"What proves a confirmation", b.Work == n.Work},
	} {
		if !part.unchanged {
			say("%s changes.", part.what)
		}
	}
	if !same(b, undone(b, n)) {
		say("Something changes that this program does not weigh.")
	}
	return out
}

// undone is next with every field put back that follows, widenings or the diff
// decides. What still differs then is a field that nobody decides.
func undone(base, next charter.Document) charter.Document {
	next.Name, next.Network, next.Epoch, next.Prior, next.Threshold = base.Name, base.Network, base.Epoch, base.Prior, base.Threshold
	next.Stations, next.Courier, next.Retired, next.Lifted, next.Issued = base.Stations, base.Courier, base.Retired, base.Lifted, base.Issued
	next.Counterparties, next.Rules, next.People = base.Counterparties, base.Rules, base.People
	next.Gap, next.ClockTolerance, next.Web, next.Governance = base.Gap, base.ClockTolerance, base.Web, base.Governance
	next.Zones, next.Prices, next.Work = base.Zones, base.Prices, base.Work
	return next
}

func station(i int, b, n charter.Station) []string {
	var out []string
	if n.InstanceKey != b.InstanceKey {
		out = append(out, fmt.Sprintf("Station %d (\"%s\") gets a new instance key.", i, b.Name))
	}
	if n.Name != b.Name {
		out = append(out, fmt.Sprintf("Station %d (\"%s\") is called \"%s\".", i, b.Name, n.Name))
	}
	if n.Site != b.Site {
		out = append(out, fmt.Sprintf("Station %d (\"%s\") moves from the site \"%s\" to \"%s\".", i, b.Name, b.Site, n.Site))
	}
	if n.Entity != b.Entity {
		out = append(out, fmt.Sprintf("Station %d (\"%s\") passes from the entity \"%s\" to \"%s\".", i, b.Name, b.Entity, n.Entity))
	}
	if b.HostKey = n.HostKey; len(out) == 0 && b != n {
		out = append(out, fmt.Sprintf("Something of station %d changes that this program does not weigh.", i))
	}
	return out
}

// maxNamed bounds how many destinations are named: the rest is in the review of
// the whole change.
const maxNamed = 16

// destinations says where money can newly go, whether or not a rule allows it
// already: the time for which a destination is listed begins. A destination
// that is paid once may not become one that is paid often, nor gain a proof.
func destinations(base, next charter.Charter) []string {
	listed := make(map[string]bool)
	for _, key := range base.Listings() {
		listed[key] = true
	}
	fresh := slices.DeleteFunc(next.Listings(), func(key string) bool { return listed[key] })
	var out []string
	n := next.Document()
	for _, key := range fresh[:min(len(fresh), maxNamed)] {
		out = append(out, "A destination is newly listed: "+named(n, key)+".")
	}
	if more := len(fresh) - maxNamed; more > 0 {
		out = append(out, fmt.Sprintf("And %d more destinations.", more))
	}
	before := make(map[string]charter.Counterparty)
	for _, c := range base.Document().Counterparties {
		before[c.Name] = c
	}
	for _, c := range n.Counterparties {
		b := before[c.Name]
		for _, script := range b.Once {
			if contains(c.Destinations, script) {
				out = append(out, fmt.Sprintf("%s of \"%s\" may be paid more than once.", address(n.Network, script), c.Name))
			}
		}
		for _, p := range c.Proofs {
			if !slices.ContainsFunc(b.Proofs, func(old charter.Proof) bool { return reflect.DeepEqual(old, p) }) {
				out = append(out, fmt.Sprintf("%s of \"%s\" has a new proof.", address(n.Network, p.Script), c.Name))
			}
		}
	}
	return out
}

// named shows the key of a listing to a person, with an address for a script.
func named(d charter.Document, key string) string {
	for _, c := range d.Counterparties {
		for _, script := range slices.Concat(c.Destinations, c.Once) {
			if key == "\""+c.Name+"\" "+hex.EncodeToString(script) {
				return "\"" + c.Name + "\" " + address(d.Network, script)
			}
		}
	}
	return key
}

func address(net wallet.Network, script []byte) string {
	if a, err := wallet.EncodeScript(net, script); err == nil {
		return a
	}
	return hex.EncodeToString(script)
}

func contains(scripts [][]byte, script []byte) bool {
	return slices.ContainsFunc(scripts, func(s []byte) bool { return bytes.Equal(s, script) })
}

// people says who can newly speak, or speak otherwise. To take a person, a role
// or a credential away is no widening, except from those whose veto stopped a
// payment.
func people(b, n charter.Document) []string {
	before := make(map[string]charter.Person, len(b.People))
	for _, p := range b.People {
		before[p.Name] = p
	}
	var out []string
	after := make(map[string]charter.Person, len(n.People))
	for _, p := range n.People {
		after[p.Name] = p
		old, known := before[p.Name]
		if !known {
			out = append(out, fmt.Sprintf("\"%s\" is a new person.", p.Name))
			continue
		}
		out = append(out, person(old, p)...)
	}
	for _, p := range b.People {
		now := after[p.Name] // nobody, if p is gone: without credentials
		if vetoes(payments(b), p) && !vetoes(payments(b), now) {
			out = append(out, fmt.Sprintf("\"%s\" can no longer veto a payment.", p.Name))
		}
		if vetoes(amendments(b), p) && !vetoes(amendments(b), now) {
			out = append(out, fmt.Sprintf("\"%s\" can no longer veto a change of the charter.", p.Name))
		}
	}
	return out
}

func person(b, n charter.Person) []string {
	var out []string
	for _, r := range n.Roles {
		if !slices.Contains(b.Roles, r) {
			out = append(out, fmt.Sprintf("\"%s\" gets the role \"%s\".", n.Name, r))
		}
	}
	if n.Machine != b.Machine {
		out = append(out, fmt.Sprintf("\"%s\" was a person and is a program, or the other way round.", n.Name))
	}
	for _, c := range n.Credentials {
		i := slices.IndexFunc(b.Credentials, func(old charter.Credential) bool { return old.Name == c.Name })
		if i < 0 {
			out = append(out, fmt.Sprintf("\"%s\" gets the credential \"%s\".", n.Name, c.Name))
			continue
		}
		old := b.Credentials[i]
		if c.DeviceBound {
			old.DeviceBound = true // to demand it takes something away
		}
		if !reflect.DeepEqual(old, c) {
			out = append(out, fmt.Sprintf("The credential \"%s\" of \"%s\" changes.", c.Name, n.Name))
		}
	}
	b.Roles, b.Machine, b.Credentials = n.Roles, n.Machine, n.Credentials
	if !reflect.DeepEqual(b, n) {
		out = append(out, fmt.Sprintf("Something of \"%s\" changes that this program does not weigh.", n.Name))
	}
	return out
}

// payments are the demands that a charter makes on payments.
func payments(d charter.Document) []charter.Demand {
	var out []charter.Demand
	for _, r := range d.Rules {
		out = append(out, r.Unless)
	}
	return out
}

// amendments are the demands that it makes on what follows it.
func amendments(d charter.Document) []charter.Demand {
	return []charter.Demand{d.Governance.Tighten, d.Governance.Loosen, d.Governance.Thaw}
}

// vetoes reports whether one of the demands gives a veto to a person, who can sign.
func vetoes(demands []charter.Demand, p charter.Person) bool {
	return len(p.Credentials) > 0 && !p.Machine && slices.ContainsFunc(demands, func(d charter.Demand) bool { return hasVeto(d, p) })
}

func hasVeto(d charter.Demand, p charter.Person) bool {
	if d.Kind != charter.DemandNoVeto {
		return slices.ContainsFunc(d.Of, func(of charter.Demand) bool { return hasVeto(of, p) })
	}
	everybody := len(d.People) == 0 && len(d.Roles) == 0
	return everybody || slices.Contains(d.People, p.Name) || slices.ContainsFunc(d.Roles, func(r string) bool { return slices.Contains(p.Roles, r) })
}
