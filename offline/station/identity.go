package station

import (
	"errors"
	"fmt"
	"io"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/signing"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// identityName is the record of who an installation is.
const identityName = "station/identity"

const (
	// DefaultPool is how many nonces a station keeps published unless told otherwise.
	DefaultPool = signing.DefaultPool
	// MaxPool bounds that number (66 bytes each).
	MaxPool = 7_500
)

// identityRecord holds secrets; the keystore encrypts it.
type identityRecord struct {
	Name     string         `cbor:"1,keyasint"`
	Network  wallet.Network `cbor:"2,keyasint"`
	Host     [32]byte       `cbor:"3,keyasint"`
	Instance [32]byte       `cbor:"4,keyasint"`
	Pool     uint32         `cbor:"5,keyasint"`
	Restored bool           `cbor:"6,keyasint"`
	Created  int64          `cbor:"7,keyasint"`
}

// identity is who this installation is: the host key, which a backup brings
// back, and the instance key, which nothing does. Not comparable.
type identity struct {
	_        [0]func()
	name     string
	network  wallet.Network
	host     *chilldkg.HostSecretKey
	instance *wire.SigningKey
	pool     int
	restored bool
}

func (id *identity) wipe() {
	id.host.Wipe()
	id.instance.Wipe()
}

// String hides the keys.
func (id *identity) String() string { return "station.identity(redacted)" }

// GoString hides the keys.
func (id *identity) GoString() string { return id.String() }

// enrolment is the identity in the ceremony's own type.
func (id *identity) enrolment() enrolment.Identity {
	return enrolment.Identity{Name: id.name, Network: id.network, Host: id.host, Instance: id.instance}
}

// Choice is what a person chooses for a new installation.
type Choice struct {
	Name    string
	Network wallet.Network
	Pool    int // nonces kept published, 1 to MaxPool; an input of a batch takes one for each of its versions
}

// Installation is a new installation that is not in a keystore yet, so that
// everything that can be wrong is found before a keystore is made. Its records
// are secret. Not comparable.
type Installation struct {
	_       [0]func()
	records []ceremonies.Record
}

// String hides the records.
func (n *Installation) String() string { return "station.Installation(redacted)" }

// GoString hides the records.
func (n *Installation) GoString() string { return n.String() }

// Wipe overwrites the records.
func (n *Installation) Wipe() {
	for _, r := range n.records {
		clear(r.Value)
	}
}

// ErrSetUp says that a keystore already is a station.
var ErrSetUp = errors.New("station: this keystore is already set up")

// Keep puts a new installation into an empty keystore.
func (n *Installation) Keep(s Store) error {
	for _, name := range []string{identityName, reviewerName} {
		value, found, err := s.Get(name)
		clear(value)
		if err != nil {
			return err
		}
		if found {
			return ErrSetUp
		}
	}
	return s.PutAll(n.records)
}

// Create draws the keys of a new installation.
func Create(c Choice, now int64, random io.Reader) (*Installation, error) {
	b, err := draw(random)
	defer clear(b[:])
	if err != nil {
		return nil, err
	}
	host, err := chilldkg.ParseHostSecretKey(b[:])
	if err != nil {
		return nil, fmt.Errorf("station: host key: %w", err)
	}
	defer host.Wipe()
	record, err := newIdentity(c, host, false, now, random)
	if err != nil {
		return nil, err
	}
	return &Installation{records: []ceremonies.Record{record}}, nil
}

// newIdentity draws an instance key and encodes the identity, once enrolment
// has nothing against it.
func newIdentity(c Choice, host *chilldkg.HostSecretKey, restored bool, now int64, random io.Reader) (ceremonies.Record, error) {
	if !c.Network.Valid() {
		return ceremonies.Record{}, errors.New("station: set up: unknown network")
	}
	if c.Pool < 1 || c.Pool > MaxPool {
		return ceremonies.Record{}, fmt.Errorf("station: set up: a pool of %d nonces; want 1 to %d", c.Pool, MaxPool)
	}
	b, err := draw(random)
	defer clear(b[:])
	if err != nil {
		return ceremonies.Record{}, err
	}
	instance, err := wire.GenerateSigningKey(b)
	if err != nil {
		return ceremonies.Record{}, err
	}
	id := &identity{name: c.Name, network: c.Network, host: host, instance: instance, pool: c.Pool}
	defer instance.Wipe()
	aux, err := draw(random)
	if err != nil {
		return ceremonies.Record{}, err
	}
	if _, _, err := enrolment.NewStation(id.enrolment(), ceremonies.Event{Time: now, Random: aux, Input: ceremonies.Start{}}); err != nil {
		return ceremonies.Record{}, err
	}
	r := identityRecord{
		Name: c.Name, Network: c.Network, Host: host.Bytes(), Instance: instance.Bytes(),
		Pool: uint32(c.Pool), Restored: restored, Created: now,
	}
	defer clear(r.Host[:])
	defer clear(r.Instance[:])
	value, err := wire.Marshal(r)
	if err != nil {
		return ceremonies.Record{}, err
	}
	return ceremonies.Record{Name: identityName, Value: value}, nil
}

func loadIdentity(s Store) (*identity, error) {
	value, found, err := s.Get(identityName)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errors.New("station: this keystore is not set up: its init or restore did not finish; remove the folder and do it again")
	}
	defer clear(value)
	unreadable := errors.New("station: identity: the record cannot be read")
	var r identityRecord
	if err := wire.Unmarshal(value, &r, 1024); err != nil {
		return nil, unreadable
	}
	defer clear(r.Host[:])
	defer clear(r.Instance[:])
	host, err := chilldkg.ParseHostSecretKey(r.Host[:])
	if err != nil {
		return nil, unreadable
	}
	instance, err := wire.ParseSigningKey(r.Instance[:])
	if err != nil {
		return nil, unreadable
	}
	if !r.Network.Valid() {
		return nil, unreadable
	}
	return &identity{name: r.Name, network: r.Network, host: host, instance: instance, pool: int(r.Pool), restored: r.Restored}, nil
}
