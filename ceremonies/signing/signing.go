// Package signing is the ceremony in which a quorum of stations signs one
// batch: one visit per station, in the order that the request names. It
// follows DESIGN sections 5 (nonces) and 8 (order, memory).
//
// A station recomputes every fact, judges by its own charter, shows the whole
// batch to its operator, and releases partial signatures only together with
// one durable record of what it released. It does not trust the coordinator
// for anything but delivery. What it cannot see is a lying aggregate nonce:
// that gives an invalid signature and burnt nonces, never a wrong payment, and
// blames nobody (blame needs station-signed commitments, see VerifyBlame).
package signing

import (
	"errors"
	"fmt"

	"heliograph/shared/frost"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

const (
	// DefaultPool is how many nonce commitments a station keeps published.
	DefaultPool = 2048
	// maxPool bounds a pool: 66 bytes each, so that a page fits its message.
	maxPool = 7_500
	// maxSkip bounds how many unused nonces one request may burn: half of the
	// default pool, so that no single approval drains it.
	maxSkip = 1024
)

// Group is what everybody knows of a wallet: the output of key generation
// that is not secret, with the charter in force.
type Group struct {
	Line         lineage.Line
	Wallet       wallet.Wallet
	PublicShares []frost.PublicShare // by station number
}

// check refuses a group whose parts belong to different wallets: a practice
// charter paired with another key, or a key with somebody else's charter.
func (g Group) check() error {
	d := g.Line.Latest().Document()
	n := len(d.Stations)
	if n == 0 {
		return errors.New("signing: group: no charter")
	}
	if len(g.PublicShares) != n {
		return fmt.Errorf("signing: group: %d public shares for %d stations", len(g.PublicShares), n)
	}
	if d.Network != g.Wallet.Network() {
		return fmt.Errorf("signing: group: the charter is for %s, the wallet for %s", d.Network, g.Wallet.Network())
	}
	if g.Line.Wallet().ID() != g.Wallet.ID() {
		return errors.New("signing: group: this wallet was not generated under this charter")
	}
	return nil
}

func (g Group) keyring() (wire.Keyring, error) {
	return g.Line.Latest().Keyring([32]byte(g.Wallet.ID()))
}

func (g Group) instances() []wire.PublicKey {
	stations := g.Line.Latest().Document().Stations
	keys := make([]wire.PublicKey, len(stations))
	for i, s := range stations {
		keys[i] = s.InstanceKey
	}
	return keys
}

// signers is the FROST signer context of a quorum (BIP445, "signers context").
func (g Group) signers(quorum []uint8) (*frost.Signers, error) {
	ids := make([]int, len(quorum))
	shares := make([]frost.PublicShare, len(quorum))
	for i, s := range quorum {
		if int(s) >= len(g.PublicShares) {
			return nil, fmt.Errorf("signing: quorum: no station %d", s)
		}
		ids[i] = int(s)
		shares[i] = g.PublicShares[s]
	}
	d := g.Line.Latest().Document()
	return frost.NewSigners(len(d.Stations), int(d.Threshold), frost.ThresholdKey(g.Wallet.Key()), ids, shares)
}
