package keygen

import (
	"errors"
	"fmt"

	"heliograph/shared/frost"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wire"
)

// Share is what a station keeps of key generation: its number, its secret
// share, and the wallet's public record. Its encoding is secret; a keystore
// encrypts it. Not comparable.
type Share struct {
	_       [0]func()
	Station int
	Secret  *frost.SecretShare
	Public  Public
}

// ShareName is the record under which a station keeps its share.
const ShareName = "keygen/share"

type shareRecord struct {
	Station uint8  `cbor:"1,keyasint"`
	Secret  []byte `cbor:"2,keyasint"`
	Public  []byte `cbor:"3,keyasint"`
}

func (s *Share) encode() ([]byte, error) {
	public, err := s.Public.Encode()
	if err != nil {
		return nil, err
	}
	secret := s.Secret.Bytes()
	defer clear(secret[:])
	return wire.Marshal(shareRecord{Station: uint8(s.Station), Secret: secret[:], Public: public})
}

// ParseShare reads the record ShareName and checks that the secret share is
// the certified share of its station.
func ParseShare(b []byte) (*Share, error) {
	var r shareRecord
	if err := wire.Unmarshal(b, &r, maxPublic+1024); err != nil {
		return nil, errors.New("keygen: share: the record cannot be read")
	}
	defer clear(r.Secret)
	p, err := DecodePublic(r.Public)
	if err != nil {
		return nil, err
	}
	secret, err := frost.ParseSecretShare(r.Secret)
	if err != nil {
		return nil, errors.New("keygen: share: the record cannot be read")
	}
	return newShare(int(r.Station), secret, p)
}

func newShare(station int, secret *frost.SecretShare, p Public) (*Share, error) {
	if station < 0 || station >= len(p.PublicShares) || secret.PublicShare() != p.PublicShares[station] {
		return nil, errors.New("keygen: share: it is not the certified share of this station")
	}
	return &Share{Station: station, Secret: secret, Public: p}, nil
}

// Wipe overwrites the secret share.
func (s *Share) Wipe() { s.Secret.Wipe() }

// String hides the share.
func (s *Share) String() string { return fmt.Sprintf("keygen.Share(station %d, redacted)", s.Station) }

// GoString hides the share.
func (s *Share) GoString() string { return s.String() }

// Restore computes a share anew from the host secret that was backed up as
// words and the recovery file, and proves it against the wallet's key. It does
// not make the installation a signer: its instance key is new, and the charter
// does not list it yet.
func Restore(host *chilldkg.HostSecretKey, file []byte) (*Share, []byte, error) {
	p, err := DecodePublic(file)
	if err != nil {
		return nil, nil, err
	}
	out, params, err := chilldkg.Recover(host, p.Recovery)
	if err != nil {
		return nil, nil, fmt.Errorf("keygen: restore: these words are not of a station of this wallet: %w", err)
	}
	for i, key := range params.HostKeys {
		if key != host.PublicKey() {
			continue
		}
		s, err := newShare(i, out.SecretShare, p)
		if err != nil {
			return nil, nil, err
		}
		record, err := s.encode()
		if err != nil {
			return nil, nil, err
		}
		return s, record, nil
	}
	return nil, nil, errors.New("keygen: restore: these words are not of a station of this wallet")
}
