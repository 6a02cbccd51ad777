package charterfile

import (
	"encoding/base64"

	"gopkg.in/yaml.v3"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// counterparties reads who may be paid, and where.
func (r *reader) counterparties(n *yaml.Node) []charter.Counterparty {
	var out []charter.Counterparty
	for _, item := range r.list(n, "counterparties, each beginning with - name: NAME") {
		out = append(out, r.counterparty(item))
	}
	return out
}

func (r *reader) counterparty(n *yaml.Node) charter.Counterparty {
	f := r.mapping(n, "a counterparty", "name", "groups", "addresses", "once", "own", "descriptor", "data", "proofs")
	c := charter.Counterparty{Groups: f.words("groups", "groups, such as [vendors]"), Own: f.flag("own"), Data: f.flag("data")}
	c.Name, _ = f.text("name", "who is paid")
	r.mark(n, "%q", c.Name)
	c.Destinations = f.addresses("addresses", c.Name)
	c.Once = f.addresses("once", c.Name)
	if f.value["descriptor"] != nil {
		c.Descriptor, _ = f.text("descriptor", "an output descriptor, such as tr(xpub.../0/*)")
	}
	for _, p := range r.list(f.value["proofs"], "proofs, each beginning with - address: ADDRESS") {
		c.Proofs = append(c.Proofs, r.proof(p, c.Name))
	}
	return c
}

func (f fields) addresses(key, owner string) [][]byte {
	var out [][]byte
	for _, n := range f.r.list(f.value[key], "addresses, such as [bc1...]") {
		if script := f.r.address(n, owner); script != nil {
			out = append(out, script)
		}
	}
	return out
}

func (r *reader) address(n *yaml.Node, owner string) []byte {
	text := r.scalar(n, "an address of "+r.base.Network.String())
	if text == "" {
		return nil
	}
	script, err := wallet.DecodeAddress(r.base.Network, text)
	if err != nil {
		r.problem(n, "address of %q: %v", owner, err)
		return nil
	}
	return script
}

// proof reads that a counterparty owns a destination.
func (r *reader) proof(n *yaml.Node, owner string) charter.Proof {
	f := r.mapping(n, "a proof", "address", "bip322", "statement", "key")
	var p charter.Proof
	if _, at := f.text("address", "whose ownership is proved, one of addresses or once"); f.value["address"] != nil {
		p.Script = r.address(at, owner)
	}
	word, value := f.pick([]string{"bip322", "statement"}, "a signature of heliograph's ownership message")
	switch word {
	case "bip322":
		p.Kind = charter.ProofBIP322
		b, err := base64.StdEncoding.Strict().DecodeString(r.scalar(value, "a BIP322 simple signature in base64"))
		if err != nil || base64.StdEncoding.EncodeToString(b) != value.Value {
			r.problem(value, "bip322 is no base64: want the simple signature as wallets print it")
		}
		p.Signature = b
	case "statement":
		p.Kind = charter.ProofStatement
		p.Signature = r.hex(value, word, 64)
		if _, at := f.text("key", "the BIP340 key that the counterparty is known by, 64 hexadecimal digits"); f.value["key"] != nil {
			p.Key = r.hex(at, "key", 32)
		}
		return p
	}
	if f.value["key"] != nil {
		r.problem(f.value["key"], "only a statement has a key: a BIP322 signature is by the address itself")
	}
	return p
}
