package charter

import (
	"bytes"
	"errors"
	"fmt"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Charter is a valid document in canonical form. Only New and Decode make one;
// the zero value is refused.
type Charter struct {
	doc   Document
	bytes []byte
	id    [32]byte
	dir   *directory
}

// New validates a document and returns the charter that it makes. It copies
// what it is given. An error names the part at fault and what would be right.
func New(d Document) (Charter, error) {
	d = d.clone()
	if err := d.check(); err != nil {
		return Charter{}, fmt.Errorf("charter: new: %w", err)
	}
	b, err := wire.Marshal(d)
	if err != nil {
		return Charter{}, fmt.Errorf("charter: new: %w", err)
	}
	if len(b) > MaxSize {
		return Charter{}, fmt.Errorf("charter: new: %d bytes: at most %d", len(b), MaxSize)
	}
	return Charter{doc: d, bytes: b, id: wire.TaggedHash("Heliograph/charter/v1", b), dir: newDirectory(d)}, nil
}

// Decode reads the bytes of a charter: at most MaxSize, canonical in encoding
// and in order, and valid.
func Decode(b []byte) (Charter, error) {
	var d Document
	if err := wire.Unmarshal(b, &d, MaxSize); err != nil {
		return Charter{}, fmt.Errorf("charter: decode: %w", err)
	}
	c, err := New(d)
	if err != nil {
		return Charter{}, fmt.Errorf("charter: decode: %w", err)
	}
	if !bytes.Equal(c.bytes, b) {
		return Charter{}, errors.New("charter: decode: a list is not in order")
	}
	return c, nil
}

// Valid reports whether the charter was made by New or Decode.
func (c Charter) Valid() bool { return len(c.bytes) != 0 }

// Document returns a copy of the content.
func (c Charter) Document() Document { return c.doc.clone() }

// Bytes returns the canonical encoding, at most MaxSize bytes.
func (c Charter) Bytes() []byte { return bytes.Clone(c.bytes) }

// ID returns the charter's id, a tagged hash of Bytes.
func (c Charter) ID() [32]byte { return c.id }

// Instances returns the stations' instance keys, by station.
func (c Charter) Instances() []wire.PublicKey {
	keys := make([]wire.PublicKey, len(c.doc.Stations))
	for i, s := range c.doc.Stations {
		keys[i] = s.InstanceKey
	}
	return keys
}

// Keyring returns the keys that may speak about a wallet under this charter: the
// stations' instance keys, the courier's and those of people's offline devices,
// numbered as OfflineKeys lists them.
func (c Charter) Keyring(walletID [32]byte) (wire.Keyring, error) {
	if !c.Valid() {
		return wire.Keyring{}, errors.New("charter: keyring: the zero charter has none")
	}
	parties := map[wire.PublicKey]wire.Party{c.doc.Courier: {Role: wire.RoleCourier}}
	for i, s := range c.doc.Stations {
		parties[s.InstanceKey] = wire.Party{Role: wire.RoleStation, Station: i}
	}
	for i, k := range c.OfflineKeys() {
		parties[k.Key] = wire.Party{Role: wire.RolePerson, Station: i}
	}
	return wire.NewKeyring(walletID, parties)
}

// Binding returns the digest that every station signs in the second visit of
// key generation: it ties the key that is being made (by the hash of its
// equality check input, which all participants saw alike) to one network and
// one charter, so that a charter of practice never comes with a key of value.
func Binding(eqInputHash [32]byte, net wallet.Network, charterID [32]byte) [32]byte {
	return wire.TaggedHash("Heliograph/binding/v1", eqInputHash[:], []byte{byte(net)}, charterID[:])
}
