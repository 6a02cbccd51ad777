package charter

import (
	"errors"
	"fmt"
	"strings"

	"heliograph/shared/wallet"
)

// payees is what the check of counterparties has met so far.
type payees struct {
	names        map[string]bool
	owner        map[string]string // of a script
	groups       spellings
	wallets      map[string]string // counterparty by the first script of its descriptor
	own, data    string
	destinations int
	proofs       int
}

func (d Document) checkCounterparties() error {
	if len(d.Counterparties) > MaxCounterparties {
		return fmt.Errorf("%d counterparties: at most %d", len(d.Counterparties), MaxCounterparties)
	}
	met := payees{names: make(map[string]bool), owner: make(map[string]string), groups: make(spellings), wallets: make(map[string]string)}
	for _, c := range d.Counterparties {
		if err := checkName(c.Name); err != nil {
			return fmt.Errorf("name of a counterparty: %w", err)
		}
		folded := strings.ToLower(c.Name)
		if met.names[folded] {
			return fmt.Errorf("two counterparties are called %q (large and small letters count as one)", c.Name)
		}
		met.names[folded] = true
		if len(c.Groups) > MaxGroups {
			return fmt.Errorf("%q belongs to %d groups: at most %d", c.Name, len(c.Groups), MaxGroups)
		}
		if err := checkNames(c.Groups, "group", met.groups); err != nil {
			return fmt.Errorf("counterparty %q: %w", c.Name, err)
		}
		if err := met.scripts(d.Network, c); err != nil {
			return err
		}
		if err := met.marks(d.Network, c); err != nil {
			return err
		}
		if met.proofs += len(c.Proofs); met.proofs > MaxProofs {
			return fmt.Errorf("more than %d proofs", MaxProofs)
		}
		if err := c.checkProofs(d.Network); err != nil {
			return fmt.Errorf("counterparty %q: %w", c.Name, err)
		}
	}
	return nil
}

// scripts settles that every listed script has one counterparty and one use.
func (met *payees) scripts(net wallet.Network, c Counterparty) error {
	if met.destinations += len(c.Destinations) + len(c.Once); met.destinations > MaxDestinations {
		return fmt.Errorf("more than %d destinations", MaxDestinations)
	}
	for _, list := range []struct {
		name    string
		scripts [][]byte
	}{{"destination", c.Destinations}, {"destination paid once", c.Once}} {
		for i, s := range list.scripts {
			if _, err := wallet.EncodeScript(net, s); err != nil {
				return fmt.Errorf("%s %d of %q: %w", list.name, i, c.Name, err)
			}
			if other, taken := met.owner[string(s)]; taken {
				return fmt.Errorf("%s %d of %q is already one of %q", list.name, i, c.Name, other)
			}
			met.owner[string(s)] = c.Name
		}
	}
	return nil
}

// marks settles the destinations that are no scripts.
func (met *payees) marks(net wallet.Network, c Counterparty) error {
	if c.Own {
		if met.own != "" {
			return fmt.Errorf("%q and %q are both marked as this wallet: mark one", met.own, c.Name)
		}
		met.own = c.Name
	}
	if c.Data {
		if met.data != "" {
			return fmt.Errorf("%q and %q both take OP_RETURN outputs: let one do so", met.data, c.Name)
		}
		met.data = c.Name
	}
	if c.Descriptor == "" {
		return nil
	}
	f, err := wallet.ParseForeign(net, c.Descriptor)
	if err != nil {
		return fmt.Errorf("descriptor of %q: %w", c.Name, err)
	}
	if f.Descriptor() != c.Descriptor {
		return fmt.Errorf("descriptor of %q: write it without an origin and with its checksum: %s", c.Name, f.Descriptor())
	}
	first, err := f.Script(wallet.Receive, 0)
	if err != nil {
		return fmt.Errorf("descriptor of %q: %w", c.Name, err)
	}
	if other, taken := met.wallets[string(first)]; taken {
		return fmt.Errorf("descriptor of %q: it is the wallet of %q", c.Name, other)
	}
	met.wallets[string(first)] = c.Name
	if len(met.wallets) > MaxDescriptors {
		return fmt.Errorf("descriptor of %q: at most %d counterparties have one; list the addresses of the others", c.Name, MaxDescriptors)
	}
	return nil
}

// checkProofs settles that each proof is of a listed script, one of each, and
// verifies: a listed proof that did not would be a claim dressed as one.
func (c Counterparty) checkProofs(net wallet.Network) error {
	listed := make(map[string]bool, len(c.Destinations)+len(c.Once))
	for _, s := range append(c.Destinations[:len(c.Destinations):len(c.Destinations)], c.Once...) {
		listed[string(s)] = true
	}
	for i, p := range c.Proofs {
		if !listed[string(p.Script)] {
			return fmt.Errorf("proof %d is of a script that is not one of its destinations", i)
		}
		address, err := wallet.EncodeScript(net, p.Script)
		if err != nil {
			return err
		}
		if i > 0 && string(c.Proofs[i-1].Script) == string(p.Script) {
			return fmt.Errorf("two proofs for %s: list one", address)
		}
		if err := p.verify(net, c.Name); err != nil {
			return fmt.Errorf("proof for %s does not hold: %w", address, err)
		}
	}
	return nil
}

var errNoKey = errors.New("a BIP322 proof names no key: the address has it")
