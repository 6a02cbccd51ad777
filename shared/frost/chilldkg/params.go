package chilldkg

import (
	"encoding/binary"
	"slices"

	"heliograph/shared/frost/internal/k256"
)

// MaxParticipants bounds n, as BIP445 signing does (the draft allows 2^32 - 1).
const MaxParticipants = 128

// Params are what all parties of a session must agree on before it starts: the
// host public keys in order (participant i owns HostKeys[i]) and the threshold.
// The keys must be authentic. Comparing ID out of band is one way to that.
type Params struct {
	HostKeys []HostPublicKey
	T        int // participants needed to sign, 1..len(HostKeys)
}

// Validate checks 1 <= t <= n <= MaxParticipants and that host keys are points
// and distinct. Errors: *ThresholdOrCountError, *InvalidHostPublicKeyError,
// *DuplicateHostPublicKeyError, looked for in this order.
func (p Params) Validate() error {
	_, err := p.hostPoints()
	return err
}

// ID returns params_hash of the draft: a hash of the threshold and all host keys
// in order. Parties with equal IDs agree on every parameter.
func (p Params) ID() ([32]byte, error) {
	if err := p.Validate(); err != nil {
		return [32]byte{}, err
	}
	return taggedHash(bipTag+"params_hash", p.context()), nil
}

// hostPoints is Validate and returns the parsed keys.
func (p Params) hostPoints() ([]k256.Point, error) {
	n := len(p.HostKeys)
	if p.T < 1 || p.T > n || n > MaxParticipants {
		return nil, &ThresholdOrCountError{T: p.T, N: n}
	}
	points := make([]k256.Point, n)
	for i, key := range p.HostKeys {
		point, err := k256.ParsePoint(key[:])
		if err != nil {
			return nil, &InvalidHostPublicKeyError{i}
		}
		points[i] = point
	}
	for i, key := range p.HostKeys {
		if first := slices.Index(p.HostKeys, key); first != i {
			return nil, &DuplicateHostPublicKeyError{first, i}
		}
	}
	return points, nil
}

// context is t (4 bytes) and the host keys: what the parameter hash covers and
// what every encryption is bound to (serialize_enc_context). 4 + 33 n bytes.
func (p Params) context() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 4+pointSize*len(p.HostKeys)), uint32(p.T))
	for _, key := range p.HostKeys {
		b = append(b, key[:]...)
	}
	return b
}

// participant returns the index of the host key's owner.
func (p Params) participant(host *HostSecretKey) (int, error) {
	i := slices.Index(p.HostKeys, host.PublicKey())
	if i < 0 {
		return 0, &HostSecretKeyError{"matches no host public key of the session"}
	}
	return i, nil
}

func (p Params) clone() Params {
	return Params{HostKeys: slices.Clone(p.HostKeys), T: p.T}
}

func (p Params) equal(q Params) bool {
	return p.T == q.T && slices.Equal(p.HostKeys, q.HostKeys)
}
