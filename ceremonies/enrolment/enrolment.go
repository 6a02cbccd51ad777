// Package enrolment is the ceremony in which stations and the coordinator
// learn each other's keys, before there is a charter. It follows DESIGN
// section 5.
//
// Every station shows an introduction. The coordinator collects them into one
// roster and shows it to all. A roster proves nothing by itself, since the
// coordinator made it: each station believes it only after its operator has
// compared twelve words (132 bits) with every other station, or after it has
// scanned every other station's introduction directly from that station's own
// screen. What is enrolled is kept; key generation demands exactly this roster.
package enrolment

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"heliograph/shared/charter"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Introduction is the body of KindIntroduction: who a station says it is. The
// envelope's sender is its instance key.
type Introduction struct {
	Name    string         `cbor:"1,keyasint"`
	HostKey [33]byte       `cbor:"2,keyasint"` // ChillDKG host key; key generation proves its possession
	Network wallet.Network `cbor:"3,keyasint"`
}

// rosterBody is the body of KindRoster. It carries the sealed introductions, so
// that every station verifies every signature itself.
type rosterBody struct {
	Network       wallet.Network `cbor:"1,keyasint"`
	Threshold     uint8          `cbor:"2,keyasint"`
	Introductions [][]byte       `cbor:"3,keyasint"`
}

// Roster is a parsed and verified roster: its signatures are right. Whether its
// stations are the right ones is for people to compare.
type Roster struct {
	ID        [32]byte // digest of the sealed roster, and id of the ceremonies under it
	Network   wallet.Network
	Threshold int
	Stations  []charter.Station
	Courier   wire.PublicKey

	introductions [][]byte
}

// OpenRoster parses a sealed roster and checks its own consistency: 2 to 32
// stations with distinct names and keys, and a threshold above half of them.
func OpenRoster(sealed []byte) (Roster, error) {
	opened, err := wire.OpenSelfSigned(sealed, wire.KindRoster)
	if err != nil {
		return Roster{}, fmt.Errorf("enrolment: roster: %w", err)
	}
	var b rosterBody
	if err := wire.Unmarshal(opened.Body(), &b, wire.KindRoster.MaxBody()); err != nil {
		return Roster{}, fmt.Errorf("enrolment: roster: %w", err)
	}
	n := len(b.Introductions)
	if n < 2 || n > charter.MaxStations {
		return Roster{}, fmt.Errorf("enrolment: roster: %d stations, want 2 to %d", n, charter.MaxStations)
	}
	if t := int(b.Threshold); t > n || 2*t <= n {
		return Roster{}, fmt.Errorf("enrolment: roster: a threshold of %d of %d; it must be more than half", t, n)
	}
	if !b.Network.Valid() {
		return Roster{}, errors.New("enrolment: roster: unknown network")
	}
	r := Roster{
		ID:        opened.Digest(),
		Network:   b.Network,
		Threshold: int(b.Threshold),
		Courier:   opened.Sender(),
	}
	for _, sealed := range b.Introductions {
		s, in, err := openIntroduction(sealed)
		if err != nil {
			return Roster{}, err
		}
		if in.Network != b.Network {
			return Roster{}, fmt.Errorf("enrolment: roster: station %q is set up for %s, the roster for %s", s.Name, in.Network, b.Network)
		}
		for _, other := range r.Stations {
			if strings.EqualFold(other.Name, s.Name) || shareKey(other, s) {
				return Roster{}, fmt.Errorf("enrolment: roster: station %q and %q share a name or a key", other.Name, s.Name)
			}
		}
		if s.InstanceKey == r.Courier {
			return Roster{}, errors.New("enrolment: roster: the coordinator's key is also a station's")
		}
		r.Stations = append(r.Stations, s)
		r.introductions = append(r.introductions, sealed)
	}
	return r, nil
}

func shareKey(a, b charter.Station) bool {
	return a.HostKey == b.HostKey || a.InstanceKey == b.InstanceKey
}

// Keyring is the ring for the ceremonies under this roster, with the roster's
// ID in the place of a wallet.
func (r Roster) Keyring() (wire.Keyring, error) {
	parties := map[wire.PublicKey]wire.Party{r.Courier: {Role: wire.RoleCourier}}
	for i, s := range r.Stations {
		parties[s.InstanceKey] = wire.Party{Role: wire.RoleStation, Station: i}
	}
	return wire.NewKeyring(r.ID, parties)
}

// Index is the number of the station whose sealed introduction is given, which
// must be in the roster to the byte.
func (r Roster) Index(introduction []byte) (int, bool) {
	for i, sealed := range r.introductions {
		if bytes.Equal(sealed, introduction) {
			return i, true
		}
	}
	return 0, false
}

func openIntroduction(sealed []byte) (charter.Station, Introduction, error) {
	opened, err := wire.OpenSelfSigned(sealed, wire.KindIntroduction)
	if err != nil {
		return charter.Station{}, Introduction{}, fmt.Errorf("enrolment: introduction: %w", err)
	}
	var in Introduction
	if err := wire.Unmarshal(opened.Body(), &in, wire.KindIntroduction.MaxBody()); err != nil {
		return charter.Station{}, Introduction{}, fmt.Errorf("enrolment: introduction: %w", err)
	}
	if err := checkName(in.Name); err != nil {
		return charter.Station{}, Introduction{}, err
	}
	if _, err := chilldkg.ParseHostPublicKey(in.HostKey[:]); err != nil {
		return charter.Station{}, Introduction{}, fmt.Errorf("enrolment: introduction: %w", err)
	}
	if !in.Network.Valid() {
		return charter.Station{}, Introduction{}, errors.New("enrolment: introduction: unknown network")
	}
	return charter.Station{Name: in.Name, HostKey: in.HostKey, InstanceKey: opened.Sender()}, in, nil
}

// checkName keeps names to what reads the same on every screen: letters,
// digits, spaces and hyphens of ASCII, 1 to 32 bytes.
func checkName(name string) error {
	if name == "" || len(name) > 32 || strings.TrimSpace(name) != name || strings.Contains(name, "  ") {
		return errors.New("enrolment: a station's name has 1 to 32 characters, single spaces, and none at its ends")
	}
	for _, c := range name {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != ' ' && c != '-' {
			return fmt.Errorf("enrolment: a station's name has letters, digits, spaces and hyphens, not %q", c)
		}
	}
	return nil
}
