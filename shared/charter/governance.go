package charter

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

func (g Governance) check(n names) error {
	for _, part := range []struct {
		name   string
		demand Demand
	}{{"tighten", g.Tighten}, {"loosen", g.Loosen}, {"thaw", g.Thaw}} {
		if part.demand.none() {
			continue // asks for nobody
		}
		if err := part.demand.check(n); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if !g.Thaw.holdsFrozen() {
		return errors.New("thaw: it waits for a statement that nothing is frozen, and who has seen the freeze does not make one: ask for approvals")
	}
	if g.MaxAge != 0 && !g.Loosen.holdsFrozen() {
		return errors.New("loosen: a charter that grows too old while the wallet is frozen could not be followed by another: ask for no statement that nothing is frozen, or for no renewal")
	}
	if g.Delay > MaxPeriod {
		return fmt.Errorf("delay of %d s: at most %d", g.Delay, MaxPeriod)
	}
	if g.MaxAge > MaxRenewal || g.MaxAge != 0 && g.MaxAge <= g.Delay {
		return fmt.Errorf("renewal after %d s: want more than the delay of changes (%d s), so that a new charter is in force in time, and at most %d", g.MaxAge, g.Delay, MaxRenewal)
	}
	if err := known(g.Officers, n.roles, "is a role that nobody in this charter has"); err != nil {
		return fmt.Errorf("officers: %w", err)
	}
	if len(g.Versions) > MaxVersions {
		return fmt.Errorf("%d program versions: at most %d", len(g.Versions), MaxVersions)
	}
	if err := checkNames(g.Versions, "program version", make(spellings)); err != nil {
		return err
	}
	return nil
}

// holdsFrozen reports whether a demand can hold while the wallet is frozen. An
// offline device that has seen a freeze never states that nothing is frozen.
func (d Demand) holdsFrozen() bool {
	frozen := func(part Demand) bool { return part.holdsFrozen() }
	switch d.Kind {
	case DemandNotFrozen:
		return false
	case DemandAny:
		return slices.ContainsFunc(d.Of, frozen)
	case DemandAll:
		return !slices.ContainsFunc(d.Of, func(part Demand) bool { return !frozen(part) })
	}
	return true
}

// checkInstances settles what is said of instances that spoke before, and of
// freezes that are lifted.
func (d Document) checkInstances(keys keyholders) error {
	if len(d.Retired) > MaxRetired {
		return fmt.Errorf("%d retired instances: at most %d", len(d.Retired), MaxRetired)
	}
	for i, r := range d.Retired {
		if int(r.Station) >= len(d.Stations) {
			return fmt.Errorf("retired instance %d: there is no station %d", i, r.Station)
		}
		if err := keys.claimKey(r.Instance[:], fmt.Sprintf("retired instance %d", i)); err != nil {
			return fmt.Errorf("retired instance %d: %w; an instance is listed or retired, once", i, err)
		}
		if (r.Seq == 0) != (r.Last == [32]byte{}) {
			return fmt.Errorf("retired instance %d: %d records count, and the hash of the last says otherwise", i, r.Seq)
		}
	}
	if len(d.Lifted) > MaxLifted {
		return fmt.Errorf("%d freezes are lifted: at most %d", len(d.Lifted), MaxLifted)
	}
	for i, id := range d.Lifted {
		if id == ([32]byte{}) {
			return errors.New("a freeze that is lifted has no id")
		}
		if i > 0 && d.Lifted[i-1] == id {
			return errors.New("a freeze is lifted twice: name it once")
		}
	}
	return nil
}

// checkSources settles zones, price sources and what proves a block.
func (d Document) checkSources(keys keyholders) error {
	if len(d.Zones) > MaxZones {
		return fmt.Errorf("%d time zones: at most %d", len(d.Zones), MaxZones)
	}
	seen := make(spellings)
	for i, z := range d.Zones {
		if err := checkNames([]string{z.Name}, "time zone", seen); err != nil {
			return err
		}
		if i > 0 && d.Zones[i-1].Name == z.Name {
			return fmt.Errorf("two time zones are called %q", z.Name)
		}
		if _, err := parseZone(z.Rule); err != nil {
			return fmt.Errorf("time zone %q: %w", z.Name, err)
		}
	}
	if len(d.Prices) > MaxPrices {
		return fmt.Errorf("%d price sources: at most %d", len(d.Prices), MaxPrices)
	}
	sources := make(spellings)
	for i, p := range d.Prices {
		if err := p.check(keys); err != nil {
			return err
		}
		if err := sources.add(p.Name, "price source"); err != nil {
			return err
		}
		if i > 0 && d.Prices[i-1].Currency == p.Currency && d.Prices[i-1].Name == p.Name {
			return fmt.Errorf("price source %q is named twice for %s", p.Name, p.Currency)
		}
	}
	if d.Work == 0 {
		return nil
	}
	if _, err := target(d.Network, d.Work); err != nil {
		return fmt.Errorf("work of a block header: %w", err)
	}
	return nil
}

// check settles one price source, which may state prices in several currencies
// with one key.
func (p PriceSource) check(keys keyholders) error {
	if err := checkName(p.Name); err != nil {
		return fmt.Errorf("name of a price source: %w", err)
	}
	if len(p.Currency) != 3 {
		return fmt.Errorf("price source %q: currency %q: want three capital letters, like CHF", p.Name, p.Currency)
	}
	for _, c := range []byte(p.Currency) {
		if c < 'A' || c > 'Z' {
			return fmt.Errorf("price source %q: currency %q: want three capital letters, like CHF", p.Name, p.Currency)
		}
	}
	if _, err := wire.ParsePublicKey(p.Key[:]); err != nil {
		return fmt.Errorf("price source %q: %w", p.Name, err)
	}
	holder := fmt.Sprintf("the price source %q", p.Name)
	if keys[string(p.Key[:])] == holder {
		return nil
	}
	if err := keys.claim(p.Key[:], holder); err != nil {
		return fmt.Errorf("price source %q: %w", p.Name, err)
	}
	return nil
}

// target decodes nBits, the compact form of the number that the hash of a block
// header must not exceed. It accepts the shortest form of a target that a block
// of the network can have.
func target(net wallet.Network, bits uint32) (*big.Int, error) {
	mantissa, exponent := int64(bits&0x7fffff), bits>>24
	if bits&0x800000 != 0 || mantissa < 0x8000 || exponent < 3 || exponent > 32 {
		return nil, fmt.Errorf("nBits %#08x is not the compact form of a target", bits)
	}
	t := new(big.Int).Lsh(big.NewInt(mantissa), uint(8*(exponent-3)))
	if limit := net.Params().PowLimit; t.Cmp(limit) > 0 {
		return nil, fmt.Errorf("nBits %#08x is easier than any block of %s: want at most %#08x", bits, net, net.Params().PowLimitBits)
	}
	return t, nil
}
