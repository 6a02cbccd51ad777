package charter

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcec/v2"
)

// check refuses every document that is not well formed. It expects canonical
// order, so that doubles are neighbours.
func (d Document) check() error {
	if d.Version != Version {
		return fmt.Errorf("version %d: this program knows version %d", d.Version, Version)
	}
	if err := checkName(d.Name); err != nil {
		return fmt.Errorf("name of the wallet: %w", err)
	}
	if d.Network.Params() == nil {
		return fmt.Errorf("network %d is unknown", uint8(d.Network))
	}
	if (d.Epoch == 0) != (d.Prior == [32]byte{}) {
		return fmt.Errorf("epoch %d: the first charter, and only the first, has none before it", d.Epoch)
	}
	if d.Gap < 1 || d.Gap > MaxGap {
		return fmt.Errorf("gap of %d: want 1 to %d change addresses", d.Gap, MaxGap)
	}
	if d.ClockTolerance < 1 || d.ClockTolerance > MaxClockTolerance {
		return fmt.Errorf("clock tolerance of %d s: want 1 to %d", d.ClockTolerance, MaxClockTolerance)
	}
	if d.Issued < 0 || d.Issued > MaxTime || d.Issued == 0 && d.Governance.MaxAge != 0 {
		return fmt.Errorf("issued at %d: want the time at which it is written, in unix seconds, for a charter that must be renewed", d.Issued)
	}
	keys := make(keyholders)
	if err := d.checkStations(keys); err != nil {
		return err
	}
	if err := d.checkPeople(keys); err != nil {
		return err
	}
	if err := d.checkCounterparties(); err != nil {
		return err
	}
	if err := d.checkInstances(keys); err != nil {
		return err
	}
	if err := d.checkSources(keys); err != nil {
		return err
	}
	n := newNames(d)
	if err := d.Governance.check(n); err != nil {
		return fmt.Errorf("governance: %w", err)
	}
	return d.checkRules(n)
}

func (d Document) checkStations(keys keyholders) error {
	n, t := len(d.Stations), int(d.Threshold)
	if n < 1 || n > MaxStations {
		return fmt.Errorf("%d stations: want 1 to %d", n, MaxStations)
	}
	// Two quorums of half the stations or fewer need not meet, and what one of
	// them spent the other would not know.
	if t > n || 2*t <= n {
		return fmt.Errorf("threshold %d of %d stations: want more than half and at most all", t, n)
	}
	if err := keys.claimKey(d.Courier[:], "the coordinator"); err != nil {
		return fmt.Errorf("courier key: %w", err)
	}
	sites, entities := make(spellings), make(spellings)
	hosts := make(map[[33]byte]bool, n)
	names := make(map[string]bool, n)
	for i, s := range d.Stations {
		if err := checkName(s.Name); err != nil {
			return fmt.Errorf("name of station %d: %w", i, err)
		}
		if folded := strings.ToLower(s.Name); names[folded] {
			return fmt.Errorf("station %d: another station is called %q", i, s.Name)
		}
		if _, err := btcec.ParsePubKey(s.HostKey[:]); err != nil {
			return fmt.Errorf("host key of station %d: %w", i, err)
		}
		if hosts[s.HostKey] {
			return fmt.Errorf("station %d has the host key of another", i)
		}
		if err := keys.claimKey(s.InstanceKey[:], fmt.Sprintf("station %d", i)); err != nil {
			return fmt.Errorf("instance key of station %d: %w", i, err)
		}
		if err := checkPlace(s.Site, "site", sites); err != nil {
			return fmt.Errorf("station %d: %w", i, err)
		}
		if err := checkPlace(s.Entity, "legal entity", entities); err != nil {
			return fmt.Errorf("station %d: %w", i, err)
		}
		names[strings.ToLower(s.Name)], hosts[s.HostKey] = true, true
	}
	return nil
}

// checkPlace accepts no name at all, or one that is spelt alike everywhere: two
// spellings would count as two places.
func checkPlace(name, what string, seen spellings) error {
	if name == "" {
		return nil
	}
	if err := checkName(name); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return seen.add(name, what)
}

// checkName accepts what shows as it is: letters, marks, numbers, punctuation
// and symbols, with single spaces between. So no control character can move a
// cursor, no bidirectional one can turn an amount around, and no invisible one
// can make two names look alike.
func checkName(s string) error {
	if s == "" || len(s) > MaxName {
		return fmt.Errorf("%d bytes: want 1 to %d", len(s), MaxName)
	}
	if !utf8.ValidString(s) {
		return errors.New("not UTF-8")
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == brailleBlank {
			return fmt.Errorf("%q contains the character %U, which does not show or changes how others show", s, r)
		}
	}
	if strings.Contains(s, `"`) {
		return fmt.Errorf("%q contains a quotation mark", s)
	}
	if strings.Trim(s, " ") != s || strings.Contains(s, "  ") {
		return fmt.Errorf("%q begins or ends with a space, or has two in a row", s)
	}
	return nil
}

// brailleBlank counts as a symbol and shows as nothing.
const brailleBlank = '\u2800'
