package diff

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"heliograph/shared/charter"
)

// people are those of both charters, in the order of their names, so that one
// number means the same person in both.
type people struct {
	names []string
	place map[string]int
}

func newPeople(docs ...charter.Document) people {
	p := people{place: make(map[string]int)}
	for _, d := range docs {
		for _, one := range d.People {
			p.names = append(p.names, one.Name)
		}
	}
	slices.Sort(p.names)
	p.names = slices.Compact(p.names)
	for i, n := range p.names {
		p.place[n] = i
	}
	return p
}

// nobody is in no set of people.
const nobody = -1

// set is a set of people of two charters, or of stations.
type set [(2*charter.MaxPeople + 63) / 64]uint64

func (s set) has(i int) bool { return i >= 0 && s[i/64]>>(i%64)&1 == 1 }

func (s set) with(i int) set {
	s[i/64] |= 1 << (i % 64)
	return s
}

func (s set) without(i int) set {
	if i >= 0 {
		s[i/64] &^= 1 << (i % 64)
	}
	return s
}

func (s set) and(t set) set {
	for i := range s {
		s[i] &= t[i]
	}
	return s
}

func (s set) or(t set) set {
	for i := range s {
		s[i] |= t[i]
	}
	return s
}

func (s set) minus(t set) set {
	for i := range s {
		s[i] &^= t[i]
	}
	return s
}

func (s set) size() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// members lists the set, lowest first.
func (s set) members() []int {
	var out []int
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			out = append(out, 64*i+bits.TrailingZeros64(w))
		}
	}
	return out
}

func (s set) key(to []byte) []byte {
	for _, w := range s {
		to = binary.BigEndian.AppendUint64(to, w)
	}
	return to
}

// first are n people or stations.
func first(n int) set {
	var s set
	for i := range n {
		s = s.with(i)
	}
	return s
}

// powers is what one charter lets people do.
type powers struct {
	draft   set // whoever has a credential
	human   set // who is no program
	speak   set // people with a credential: their vetoes and statements count
	web     set // people who can approve in a browser
	offline set // people who can approve on an offline device
	role    map[string]set
}

func (p people) powers(d charter.Document) powers {
	out := powers{role: make(map[string]set)}
	for _, one := range d.People {
		i := p.place[one.Name]
		for _, r := range one.Roles {
			out.role[r] = out.role[r].with(i)
		}
		if !one.Machine {
			out.human = out.human.with(i)
		}
		for _, c := range one.Credentials {
			out.draft = out.draft.with(i)
			if one.Machine || c.Kind == charter.CredentialMachine {
				continue
			}
			out.speak = out.speak.with(i)
			if c.Kind == charter.CredentialOffline {
				out.offline = out.offline.with(i)
			} else {
				out.web = out.web.with(i)
			}
		}
	}
	return out
}

// named are the people of a demand's roles, and those it names.
func (p people) named(d charter.Demand, can powers) set {
	var out set
	for _, r := range d.Roles {
		out = out.or(can.role[r])
	}
	for _, n := range d.People {
		if i, known := p.place[n]; known {
			out = out.with(i)
		}
	}
	return out
}
