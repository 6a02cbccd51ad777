// Package keygen is the ceremony in which enrolled stations generate one
// threshold key and bind their first charter to it. It follows DESIGN section
// 5: ChillDKG (draft 0.3.0-dev) in three visits to each station, in any order
// within a visit.
//
//	visit 1: charter draft in;  message 1 out, after the operator approved it
//	visit 2: aggregate in;      message 2 and a signature that binds
//	                            {H(eq_input), network, charter} out
//	visit 3: certificate in;    confirmation of the first address out, after
//	                            the operator compared it with the other stations
//
// The coordinator only carries messages. A key exists for a station once it has
// the certificate signed by all n; deposits are offered only once all n have
// confirmed.
package keygen

import (
	"errors"
	"fmt"

	"heliograph/shared/charter"
	"heliograph/shared/frost"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Group is who generates a key together: what enrolment ended with.
type Group struct {
	ID        [32]byte // of the roster; stands for the wallet in envelopes until there is one
	Network   wallet.Network
	Threshold int
	Stations  []charter.Station
	Courier   wire.PublicKey
}

func (g Group) keyring() (wire.Keyring, error) {
	parties := map[wire.PublicKey]wire.Party{g.Courier: {Role: wire.RoleCourier}}
	for i, s := range g.Stations {
		parties[s.InstanceKey] = wire.Party{Role: wire.RoleStation, Station: i}
	}
	return wire.NewKeyring(g.ID, parties)
}

func (g Group) params() chilldkg.Params {
	p := chilldkg.Params{T: g.Threshold}
	for _, s := range g.Stations {
		p.HostKeys = append(p.HostKeys, chilldkg.HostPublicKey(s.HostKey))
	}
	return p
}

// match demands that a charter draft is an epoch 0 of exactly this group: the
// people who compared the roster compared these stations and no others. Where a
// station stands and who runs it nobody enrols: people review it in the draft.
func (g Group) match(c charter.Charter) error {
	d := c.Document()
	if d.Epoch != 0 || d.Network != g.Network || int(d.Threshold) != g.Threshold || d.Courier != g.Courier {
		return errors.New("keygen: the charter draft is for another network, threshold, coordinator or epoch than was enrolled")
	}
	if len(d.Stations) != len(g.Stations) {
		return fmt.Errorf("keygen: the charter draft lists %d stations, %d were enrolled", len(d.Stations), len(g.Stations))
	}
	for i, s := range d.Stations {
		enrolled := g.Stations[i]
		enrolled.Site, enrolled.Entity = s.Site, s.Entity
		if s != enrolled {
			return fmt.Errorf("keygen: station %d of the charter draft is not the one that was enrolled", i)
		}
	}
	return nil
}

// Invite is the body of KindKeygenInvite.
type Invite struct {
	Charter []byte `cbor:"1,keyasint"`
}

// Message1 is the body of KindKeygenMessage1.
type Message1 struct {
	Charter [32]byte `cbor:"1,keyasint"` // id of the approved draft
	PMsg1   []byte   `cbor:"2,keyasint"`
}

// Aggregate is the body of KindKeygenAggregate.
type Aggregate struct {
	CMsg1 []byte `cbor:"1,keyasint"`
}

// Message2 is the body of KindKeygenMessage2.
type Message2 struct {
	PMsg2   []byte   `cbor:"1,keyasint"`
	Binding [64]byte `cbor:"2,keyasint"` // by the instance key over charter.Binding
}

// Certificate is the body of KindKeygenCertificate.
type Certificate struct {
	CMsg2    []byte     `cbor:"1,keyasint"`
	Bindings [][64]byte `cbor:"2,keyasint"` // by station number
}

// Confirmation is the body of KindKeygenConfirmation.
type Confirmation struct {
	Wallet  [32]byte `cbor:"1,keyasint"`
	Address string   `cbor:"2,keyasint"` // the first receive address, 0/0
}

// Public is the recovery file: all of a wallet that is not secret. It proves
// itself: the recovery data carries every host key's signature, the bindings
// every instance key's, and the rest is computed from them.
type Public struct {
	Charter      charter.Charter // epoch 0
	Wallet       wallet.Wallet
	PublicShares []frost.PublicShare
	Recovery     []byte // ChillDKG recovery data
	Bindings     [][64]byte
}

// Line is the wallet's line of charters at its beginning. That of the zero
// Public is the zero Line, which nothing takes.
func (p Public) Line() lineage.Line {
	line, err := lineage.Begin(p.Charter, p.Wallet)
	if err != nil {
		return lineage.Line{}
	}
	return line
}

type publicFile struct {
	Format   uint8      `cbor:"0,keyasint"` // 1
	Charter  []byte     `cbor:"1,keyasint"`
	Recovery []byte     `cbor:"2,keyasint"`
	Bindings [][64]byte `cbor:"3,keyasint"`
}

const (
	publicFormat = 1
	maxPublic    = 1 << 20
)

// Encode gives the bytes of the recovery file.
func (p Public) Encode() ([]byte, error) {
	return wire.Marshal(publicFile{Format: publicFormat, Charter: p.Charter.Bytes(), Recovery: p.Recovery, Bindings: p.Bindings})
}

// DecodePublic reads a recovery file and verifies all of it: the certificate by
// every host key in the charter, the binding by every instance key, and that
// the charter lists exactly the stations that generated the key. It does not
// prove that these are the people one has in mind: compare the wallet's words.
func DecodePublic(b []byte) (Public, error) {
	var f publicFile
	if err := wire.Unmarshal(b, &f, maxPublic); err != nil {
		return Public{}, fmt.Errorf("keygen: recovery file: %w", err)
	}
	if f.Format != publicFormat {
		return Public{}, fmt.Errorf("keygen: recovery file: format %d is unknown to this version", f.Format)
	}
	c, err := charter.Decode(f.Charter)
	if err != nil {
		return Public{}, fmt.Errorf("keygen: recovery file: %w", err)
	}
	return certify(c, f.Recovery, f.Bindings)
}

// certify checks recovery data and bindings against a charter and computes the
// wallet from them.
func certify(c charter.Charter, recovery []byte, bindings [][64]byte) (Public, error) {
	out, params, err := chilldkg.Recover(nil, recovery)
	if err != nil {
		return Public{}, fmt.Errorf("keygen: certificate: %w", err)
	}
	d := c.Document()
	if params.T != int(d.Threshold) || len(params.HostKeys) != len(d.Stations) || len(bindings) != len(d.Stations) {
		return Public{}, errors.New("keygen: certificate: it is of another group than the charter's")
	}
	eq, err := chilldkg.EqInputOf(recovery)
	if err != nil {
		return Public{}, fmt.Errorf("keygen: certificate: %w", err)
	}
	digest := charter.Binding(eqHash(eq), d.Network, c.ID())
	for i, s := range d.Stations {
		if params.HostKeys[i] != chilldkg.HostPublicKey(s.HostKey) {
			return Public{}, fmt.Errorf("keygen: certificate: station %d is another one than in the charter", i)
		}
		if err := wire.Verify(s.InstanceKey, digest, bindings[i]); err != nil {
			return Public{}, fmt.Errorf("keygen: certificate: station %d did not bind this charter to this key", i)
		}
	}
	w, err := wallet.New(out.ThresholdKey, wallet.ChainCode(eq), d.Network, c.ID())
	if err != nil {
		return Public{}, fmt.Errorf("keygen: certificate: %w", err)
	}
	p := Public{Charter: c, Wallet: w, Recovery: recovery, Bindings: bindings}
	for _, s := range out.PublicShares {
		p.PublicShares = append(p.PublicShares, frost.PublicShare(s))
	}
	return p, nil
}

func eqHash(eq []byte) [32]byte { return wire.TaggedHash("Heliograph/eq-input/v1", eq) }
