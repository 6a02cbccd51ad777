package wire

import (
	"errors"
	"fmt"
	"maps"
)

// MaxStations is the largest number of stations in a keyring (BIP445: n <= 128).
const MaxStations = 128

// MaxDevices is the largest number of people's offline devices in a keyring: what
// a charter can list (200 people, 8 credentials each).
const MaxDevices = 1600

// Unnumbered is the station number of a party known only by its own signature.
const Unnumbered = -1

// Party is who a key belongs to. Station is 0..n-1 for a station, 0 for the
// courier, and for a person's device its place among the charter's.
type Party struct {
	Role    Role
	Station int
}

// String names the party.
func (p Party) String() string {
	if p.Role != RoleStation && p.Role != RolePerson {
		return p.Role.String()
	}
	if p.Station == Unnumbered {
		return "an unnumbered " + p.Role.String()
	}
	return fmt.Sprintf("%s %d", p.Role, p.Station)
}

// Keyring says which keys may seal messages for one wallet, and as whom. It comes
// from the charter or, before there is one, from enrolment. The zero value opens nothing.
type Keyring struct {
	wallet  [32]byte
	parties map[PublicKey]Party
}

// NewKeyring makes the ring of a wallet id, or before there is a wallet, of the id
// of a ceremony: never zero, which marks the self-signed kinds. Every key must be a
// point; no two keys may speak for one party.
func NewKeyring(wallet [32]byte, parties map[PublicKey]Party) (Keyring, error) {
	if wallet == ([32]byte{}) {
		return Keyring{}, errors.New("wire: keyring: the wallet id is zero")
	}
	if len(parties) == 0 || len(parties) > MaxStations+1+MaxDevices {
		return Keyring{}, fmt.Errorf("wire: keyring: %d parties", len(parties))
	}
	taken := make(map[Party]bool, len(parties))
	for key, party := range parties {
		if _, err := ParsePublicKey(key[:]); err != nil {
			return Keyring{}, fmt.Errorf("wire: keyring: %s: %w", party, err)
		}
		if err := party.check(); err != nil {
			return Keyring{}, fmt.Errorf("wire: keyring: %w", err)
		}
		if taken[party] {
			return Keyring{}, fmt.Errorf("wire: keyring: two keys for %s", party)
		}
		taken[party] = true
	}
	return Keyring{wallet: wallet, parties: maps.Clone(parties)}, nil
}

func (p Party) check() error {
	switch p.Role {
	case RoleStation:
		if p.Station < 0 || p.Station >= MaxStations {
			return fmt.Errorf("station number %d is not between 0 and %d", p.Station, MaxStations-1)
		}
		return nil
	case RoleCourier:
		if p.Station != 0 {
			return fmt.Errorf("the courier has station number %d instead of 0", p.Station)
		}
		return nil
	case RolePerson:
		if p.Station < 0 || p.Station >= MaxDevices {
			return fmt.Errorf("device number %d is not between 0 and %d", p.Station, MaxDevices-1)
		}
		return nil
	}
	return fmt.Errorf("%s is not known", p.Role)
}

// Valid is false for the zero value.
func (k Keyring) Valid() bool { return k.parties != nil }
