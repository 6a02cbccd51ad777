package charter

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// clone returns a deep copy of d in canonical order. Stations, retired instances
// and the branches of a demand keep the order that they are given in.
func (d Document) clone() Document {
	d.Stations = append([]Station{}, d.Stations...)
	d.Retired = append([]Retired{}, d.Retired...)
	d.Counterparties = append([]Counterparty{}, d.Counterparties...)
	for i, c := range d.Counterparties {
		c.Destinations = sortedBytes(c.Destinations)
		c.Once = sortedBytes(c.Once)
		c.Groups = sorted(c.Groups)
		c.Proofs = append([]Proof{}, c.Proofs...)
		for j, p := range c.Proofs {
			c.Proofs[j] = Proof{Script: append([]byte{}, p.Script...), Kind: p.Kind, Key: append([]byte{}, p.Key...), Signature: append([]byte{}, p.Signature...)}
		}
		slices.SortFunc(c.Proofs, func(a, b Proof) int { return bytes.Compare(a.Script, b.Script) })
		d.Counterparties[i] = c
	}
	slices.SortFunc(d.Counterparties, func(a, b Counterparty) int { return strings.Compare(a.Name, b.Name) })
	d.Rules = append([]Rule{}, d.Rules...)
	for i, r := range d.Rules {
		r.To, r.Groups = sorted(r.To), sorted(r.Groups)
		r.Scripts = append([]ScriptKind{}, r.Scripts...)
		slices.Sort(r.Scripts)
		r.Unless = r.Unless.clone()
		d.Rules[i] = r
	}
	slices.SortFunc(d.Rules, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	d.People = append([]Person{}, d.People...)
	for i, p := range d.People {
		d.People[i] = p.clone()
	}
	slices.SortFunc(d.People, func(a, b Person) int { return strings.Compare(a.Name, b.Name) })
	d.Web.Origins = sorted(d.Web.Origins)
	g := &d.Governance
	g.Tighten, g.Loosen, g.Thaw = g.Tighten.clone(), g.Loosen.clone(), g.Thaw.clone()
	g.Officers, g.Versions = sorted(g.Officers), sorted(g.Versions)
	d.Zones = append([]Zone{}, d.Zones...)
	slices.SortFunc(d.Zones, func(a, b Zone) int { return strings.Compare(a.Name, b.Name) })
	d.Prices = append([]PriceSource{}, d.Prices...)
	slices.SortFunc(d.Prices, func(a, b PriceSource) int {
		return cmp.Or(strings.Compare(a.Currency, b.Currency), strings.Compare(a.Name, b.Name))
	})
	d.Lifted = append([][32]byte{}, d.Lifted...)
	slices.SortFunc(d.Lifted, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return d
}

func (p Person) clone() Person {
	p.Roles = sorted(p.Roles)
	p.Credentials = append([]Credential{}, p.Credentials...)
	for j := range p.Credentials {
		p.Credentials[j].Key = append([]byte{}, p.Credentials[j].Key...)
	}
	slices.SortFunc(p.Credentials, func(a, b Credential) int { return strings.Compare(a.Name, b.Name) })
	return p
}

func (d Demand) clone() Demand {
	d.Roles, d.People = sorted(d.Roles), sorted(d.People)
	d.Of = append([]Demand{}, d.Of...)
	for i := range d.Of {
		d.Of[i] = d.Of[i].clone()
	}
	return d
}

func sorted(names []string) []string {
	out := append([]string{}, names...)
	slices.Sort(out)
	return out
}

func sortedBytes(all [][]byte) [][]byte {
	out := make([][]byte, len(all))
	for i, b := range all {
		out[i] = append([]byte{}, b...)
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}
