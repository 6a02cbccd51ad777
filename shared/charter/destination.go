package charter

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"heliograph/shared/wallet"
)

// Reach is how many addresses of each chain of a descriptor, and how many
// receive addresses of this wallet, count as destinations: the lowest indices.
const Reach = 1000

// maxData is the most that an OP_RETURN output may say, in bytes.
const maxData = 80

// KindOf returns the kind of an output script, or false if it is of no kind that
// can be paid. Data is OP_RETURN and one push, in its shortest form, of 1 to 80
// bytes.
func KindOf(script []byte) (kind ScriptKind, ok bool) {
	switch n := len(script); {
	case n == 25 && bytes.HasPrefix(script, []byte{0x76, 0xa9, 0x14}) && bytes.HasSuffix(script, []byte{0x88, 0xac}):
		return P2PKH, true
	case n == 23 && bytes.HasPrefix(script, []byte{0xa9, 0x14}) && script[22] == 0x87:
		return P2SH, true
	case n == 22 && bytes.HasPrefix(script, []byte{0x00, 0x14}):
		return P2WPKH, true
	case n == 34 && bytes.HasPrefix(script, []byte{0x00, 0x20}):
		return P2WSH, true
	case n == 34 && bytes.HasPrefix(script, []byte{0x51, 0x20}):
		return P2TR, true
	case isData(script):
		return Data, true
	}
	return 0, false
}

func isData(script []byte) bool {
	if len(script) < 3 || script[0] != 0x6a {
		return false
	}
	n := int(script[1])
	if script[1] == 0x4c { // OP_PUSHDATA1
		n = int(script[2])
		return n > 75 && n <= maxData && len(script) == 3+n
	}
	if n < 1 || n > 75 || len(script) != 2+n {
		return false
	}
	// One byte of 1 to 16 or 0x81 has an opcode of its own.
	return n > 1 || script[2] != 0x81 && (script[2] == 0 || script[2] > 16)
}

// listed is what a charter says of one script by name.
type listed struct {
	counterparty string
	once, proven bool
}

// directory finds who a script belongs to. All copies of a Charter share one;
// what it derives, it keeps.
type directory struct {
	scripts map[string]listed
	data    string // counterparty of OP_RETURN outputs, or empty
	own     string // counterparty that is this wallet, or empty

	mu      sync.Mutex // holds wallets and self together
	wallets []*addresses
	self    *addresses // of own, for the wallet selfID
	selfID  wallet.ID
}

// addresses is a set of addresses that is derived as far as it was asked for.
type addresses struct {
	counterparty string
	kind         ScriptKind
	chains       uint32 // 1: receive alone, 2: change too
	script       func(chain, index uint32) ([]byte, error)
	known        map[string]bool
	next         uint32 // index
}

// has reports whether a script is among the first Reach addresses. To find one
// costs as much as the addresses up to it, to miss costs all of them, once.
func (a *addresses) has(script []byte) bool {
	if a.known[string(script)] {
		return true
	}
	if kind, ok := KindOf(script); !ok || kind != a.kind {
		return false
	}
	for found := false; a.next < Reach; a.next++ {
		for chain := range a.chains {
			s, err := a.script(chain, a.next)
			if err != nil {
				continue // BIP32: an index without a key, probability below 2^-126
			}
			a.known[string(s)] = true
			found = found || bytes.Equal(s, script)
		}
		if found {
			a.next++
			return true
		}
	}
	return false
}

// newDirectory indexes a valid document.
func newDirectory(d Document) *directory {
	dir := &directory{scripts: make(map[string]listed)}
	for _, p := range d.Counterparties {
		for _, s := range p.Destinations {
			dir.scripts[string(s)] = listed{counterparty: p.Name}
		}
		for _, s := range p.Once {
			dir.scripts[string(s)] = listed{counterparty: p.Name, once: true}
		}
		for _, proof := range p.Proofs {
			l := dir.scripts[string(proof.Script)]
			l.proven = true
			dir.scripts[string(proof.Script)] = l
		}
		if p.Data {
			dir.data = p.Name
		}
		if p.Own {
			dir.own = p.Name
		}
		if p.Descriptor == "" {
			continue
		}
		f, err := wallet.ParseForeign(d.Network, p.Descriptor)
		if err != nil {
			panic("charter: internal error: a validated descriptor does not parse")
		}
		dir.wallets = append(dir.wallets, &addresses{counterparty: p.Name, kind: kindOfWallet(f), chains: 2, script: f.Script, known: make(map[string]bool)})
	}
	return dir
}

func kindOfWallet(f wallet.Foreign) ScriptKind {
	s, err := f.Script(wallet.Receive, 0)
	if err != nil {
		panic("charter: internal error: a descriptor has no first address")
	}
	kind, _ := KindOf(s)
	return kind
}

// Counterparty returns the name of the counterparty whose destination a script
// is: one that is listed, else an address of a descriptor up to Reach, else an
// OP_RETURN output. No listed script belongs to two; a listing goes before a
// descriptor. It does not know the addresses of this wallet: Owner does.
func (c Charter) Counterparty(script []byte) (name string, ok bool) {
	if !c.Valid() {
		return "", false
	}
	if l, ok := c.dir.scripts[string(script)]; ok {
		return l.counterparty, true
	}
	if isData(script) {
		return c.dir.data, c.dir.data != ""
	}
	c.dir.mu.Lock()
	defer c.dir.mu.Unlock()
	for _, a := range c.dir.wallets {
		if a.has(script) {
			return a.counterparty, true
		}
	}
	return "", false
}

// Owner is Counterparty for the charter of the wallet w: receive addresses of w
// up to Reach belong to the counterparty that is marked as this wallet.
func (c Charter) Owner(w wallet.Wallet, script []byte) (name string, ok bool) {
	if name, ok := c.Counterparty(script); ok || !c.Valid() || c.dir.own == "" || !w.Valid() {
		return name, ok
	}
	c.dir.mu.Lock()
	defer c.dir.mu.Unlock()
	if c.dir.self == nil || c.dir.selfID != w.ID() {
		c.dir.self = &addresses{counterparty: c.dir.own, kind: P2TR, chains: 1, script: w.Script, known: make(map[string]bool)}
		c.dir.selfID = w.ID()
	}
	if !c.dir.self.has(script) {
		return "", false
	}
	return c.dir.own, true
}

// Proven reports whether a proof is listed that the counterparty of a script
// owns it.
func (c Charter) Proven(script []byte) bool { return c.Valid() && c.dir.scripts[string(script)].proven }

// Once reports whether a script is a destination that is paid once, ever.
func (c Charter) Once(script []byte) bool { return c.Valid() && c.dir.scripts[string(script)].once }

// Members returns the counterparties that belong to one of the groups, by name.
func (c Charter) Members(groups []string) []string {
	var out []string
	for _, p := range c.doc.Counterparties {
		if slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(p.Groups, g) }) {
			out = append(out, p.Name)
		}
	}
	return out
}

// Marks of listings that are no script. No name contains a quotation mark, so
// no two listings have one key.
const (
	markData       = "data"
	markOwn        = "own"
	markDescriptor = "descriptor "
)

func listingKey(counterparty, what string) string { return `"` + counterparty + `" ` + what }

// Listing returns the key under which a destination of a counterparty is listed,
// as Counterparty or Owner told its name: the script, or the descriptor or mark
// that it comes under. A destination that moves to another counterparty is listed
// anew. It is empty if the charter lists no such destination.
func (c Charter) Listing(counterparty string, script []byte) string {
	i := slices.IndexFunc(c.doc.Counterparties, func(p Counterparty) bool { return p.Name == counterparty })
	if i < 0 {
		return ""
	}
	p := c.doc.Counterparties[i]
	if l, ok := c.dir.scripts[string(script)]; ok {
		if l.counterparty != counterparty {
			return ""
		}
		return listingKey(counterparty, hex.EncodeToString(script))
	}
	if isData(script) {
		if !p.Data {
			return ""
		}
		return listingKey(counterparty, markData)
	}
	if name, ok := c.Counterparty(script); ok {
		if name != counterparty {
			return ""
		}
		return listingKey(counterparty, markDescriptor+p.Descriptor)
	}
	if kind, ok := KindOf(script); !p.Own || !ok || kind != P2TR {
		return ""
	}
	return listingKey(counterparty, markOwn)
}

// Listings returns the keys of all destinations that the charter lists, in
// ascending order.
func (c Charter) Listings() []string {
	var out []string
	for _, p := range c.doc.Counterparties {
		for _, s := range slices.Concat(p.Destinations, p.Once) {
			out = append(out, listingKey(p.Name, hex.EncodeToString(s)))
		}
		if p.Descriptor != "" {
			out = append(out, listingKey(p.Name, markDescriptor+p.Descriptor))
		}
		if p.Own {
			out = append(out, listingKey(p.Name, markOwn))
		}
		if p.Data {
			out = append(out, listingKey(p.Name, markData))
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
