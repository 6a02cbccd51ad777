package diff

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// destination is where a payment goes, as rules look at it.
type destination struct {
	script []byte
	kind   charter.ScriptKind
	own    bool  // a receive address of this wallet
	age    int64 // seconds since it is listed
}

// kind is a cell of payments that no rule of either charter tells apart but by
// the amount.
type kind struct {
	destination
	name    string
	alike   []address // destinations alike, the first of them this one
	once    bool      // the loose charter pays each of them once
	place   int       // destinations alike but for their age are one place
	least   int64     // sat, what nodes relay
	most    int64     // sat
	both    bool      // the strict charter pays it, too
	strict  []int     // limits of the strict charter that count it, ascending
	loose   []int
	barred  []bool // by what of the strict charter may refuse the kind in any amount
	strange bool   // it stays in the wallet by the loose charter alone
}

// address is a script of a counterparty.
type address struct {
	name   string
	script []byte
}

// ages are what rules can tell apart of how long a destination is listed: for
// each, the longest. The last stands for any longer time.
func ages(docs ...charter.Document) []int64 {
	out := []int64{0}
	for _, d := range docs {
		for _, r := range d.Rules {
			if r.Younger > 0 {
				out = append(out, int64(r.Younger)-1, int64(r.Younger))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ours stands for the receive addresses of this wallet (here the key that has no
// secret, BIP341), and said for what OP_RETURN outputs say.
var (
	ours, _ = hex.DecodeString("512050929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0")
	said    = []byte{0x6a, 0x01, 0x00}
)

// destinations lists where the loose charter's counterparties are paid: scripts,
// and of every descriptor the first address that neither charter lists.
func (s *search) destinations(c charter.Counterparty) []destination {
	var out []destination
	add := func(script []byte, own bool) {
		k, _ := charter.KindOf(script)
		out = append(out, destination{script: script, kind: k, own: own})
	}
	for _, script := range slices.Concat(c.Destinations, c.Once) {
		add(script, false)
	}
	if c.Data {
		add(said, false)
	}
	if c.Own {
		add(ours, true)
	}
	if c.Descriptor != "" {
		f, err := wallet.ParseForeign(s.loose.doc.Network, c.Descriptor)
		if err != nil {
			panic("diff: internal error: a charter's descriptor does not parse")
		}
		for i := range uint32(charter.Reach) {
			script, err := f.Script(wallet.Receive, i)
			if err == nil && !s.listed[string(script)] {
				add(script, false)
				break
			}
		}
	}
	return out
}

// gather sorts every destination that the loose charter pays into kinds. Those
// that the strict one pays too come first, so that an example breaks no more
// than it must.
func (s *search) gather() {
	s.listed = make(map[string]bool)
	for _, side := range []*side{s.strict, s.loose} {
		for _, c := range side.doc.Counterparties {
			for _, script := range slices.Concat(c.Destinations, c.Once) {
				s.listed[string(script)] = true
			}
		}
	}
	terms := ages(s.strict.doc, s.loose.doc)
	alike := make(map[int][]address) // by place
	seen := make(map[string]int)     // by what rules see of a destination at every age: its place
	for _, c := range s.loose.doc.Counterparties {
		strict, loose := s.strict.naming(c.Name), s.loose.naming(c.Name)
		for _, d := range s.destinations(c) {
			var kinds []kind
			var key []byte
			for _, age := range terms {
				d.age = age
				k, paid := s.kind(c.Name, d, strict, loose)
				bits := k.bits(paid)
				key = append(key, bits...)
				// Of ages that no rule tells apart, the longest.
				if n := len(kinds); n > 0 && string(bits) == string(kinds[n-1].bits(true)) {
					kinds = kinds[:n-1]
				}
				if paid {
					kinds = append(kinds, k)
				}
			}
			place, known := seen[string(key)]
			if !known {
				place = len(seen)
				seen[string(key)] = place
				for _, k := range kinds {
					k.place = place
					s.kinds = append(s.kinds, k)
				}
			}
			alike[place] = append(alike[place], address{c.Name, d.script})
		}
	}
	for i := range s.kinds {
		s.kinds[i].alike = alike[s.kinds[i].place]
	}
	slices.SortStableFunc(s.kinds, func(a, b kind) int {
		switch {
		case a.both == b.both:
			return 0
		case a.both:
			return -1
		}
		return 1
	})
	s.counted = make([][]int, len(s.strict.limits))
	for i, k := range s.kinds {
		for _, l := range k.strict {
			s.counted[l] = append(s.counted[l], i)
		}
	}
	s.classify()
	all := make([]int, len(s.kinds))
	for i := range all {
		all[i] = i
	}
	s.everything = s.oldest(all)
}

// kind is the kind of payments to a destination, and whether the loose charter
// makes them, given the limits that name the counterparty.
func (s *search) kind(name string, d destination, strict, loose []int) (k kind, paid bool) {
	k = kind{destination: d, name: name, least: s.space.least(d.script), most: s.space.money, once: s.loose.charter.Once(d.script)}
	if d.kind == charter.Data {
		k.least, k.most = 0, 0
	}
	k.strict, k.loose = s.strict.limitsOn(strict, d), s.loose.limitsOn(loose, d)
	for i := range s.strict.rules {
		r := &s.strict.rules[i]
		k.barred = append(k.barred, s.strict.names(*r, name) && s.strict.about(r, d))
	}
	owned := s.strict.owns(name, d)
	k.barred = append(k.barred, owned, s.strict.charter.Once(d.script))
	k.strange = d.own && !slices.ContainsFunc(s.strict.doc.Counterparties, func(c charter.Counterparty) bool { return c.Own })
	k.both = s.strict.pays(name, d) && owned
	return k, s.loose.pays(name, d)
}

// pays reports whether an allow and no deny is about payments to a destination.
func (s *side) pays(name string, d destination) bool {
	allowed := false
	for i := range s.rules {
		r := &s.rules[i]
		if !s.names(*r, name) || !s.about(r, d) {
			continue
		}
		if r.Effect == charter.Deny {
			return false
		}
		allowed = true
	}
	return allowed
}

// owns reports whether a destination is one of a counterparty.
func (s *side) owns(name string, d destination) bool {
	if owner, known := s.charter.Counterparty(d.script); known || !d.own {
		return known && owner == name
	}
	return slices.ContainsFunc(s.doc.Counterparties, func(c charter.Counterparty) bool { return c.Own && c.Name == name })
}

// bits tells kinds apart.
func (k kind) bits(paid bool) []byte {
	var out []byte
	for _, b := range append([]bool{paid, k.once, k.own, k.strange}, k.barred...) {
		bit := byte('0')
		if b {
			bit = '1'
		}
		out = append(out, bit)
	}
	for _, list := range [][]int{k.strict, k.loose} {
		out = append(out, ';')
		for _, i := range list {
			out = binary.BigEndian.AppendUint32(out, uint32(i))
		}
	}
	out = binary.BigEndian.AppendUint64(out, uint64(k.least))
	return append(out, byte(len(k.script)), byte(k.kind))
}

// classify puts kinds in one class that can stand in for each other in every
// question: those of counterparties that no rule tells apart, except that a limit
// counts each of them apart.
func (s *search) classify() {
	whole := make(map[string][]byte) // by counterparty: what its kinds are
	what := make([]string, len(s.kinds))
	for i, k := range s.kinds {
		k.strict, k.loose = s.strict.rulesOf(k.strict), s.loose.rulesOf(k.loose)
		key := binary.BigEndian.AppendUint64(k.bits(true), uint64(k.age))
		key = binary.BigEndian.AppendUint32(key, uint32(len(k.alike)))
		what[i] = string(key)
		whole[k.name] = append(binary.BigEndian.AppendUint32(whole[k.name], uint32(len(key))), key...)
	}
	same := make(map[string][32]byte) // by counterparty
	for name, kinds := range whole {
		same[name] = sha256.Sum256(kinds)
	}
	type class struct {
		counterparty [32]byte
		what         string
	}
	classes := make(map[class]int)
	for i, k := range s.kinds {
		key := class{same[k.name], what[i]}
		if _, known := classes[key]; !known {
			classes[key] = len(classes)
		}
		s.classes = append(s.classes, classes[key])
	}
}

// rulesOf puts the first limit of a rule in place of each that counts one
// counterparty apart.
func (s *side) rulesOf(limits []int) []int {
	out := slices.Clone(limits)
	for n, i := range limits {
		if s.limits[i].Each == charter.EachCounterparty {
			out[n] = s.limits[i].first
		}
	}
	return out
}

// distinct leaves one kind of each class.
func (s *search) distinct(kinds []int) []int {
	seen := make(map[int]bool)
	var out []int
	for _, i := range kinds {
		if class := s.classes[i]; !seen[class] {
			seen[class] = true
			out = append(out, i)
		}
	}
	return out
}

// counts reports whether a limit is in a list of those that count a kind.
func counts(list []int, i int) bool {
	_, found := slices.BinarySearch(list, i)
	return found
}
