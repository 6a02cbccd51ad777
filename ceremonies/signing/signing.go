// Package signing is the ceremony in which a quorum of stations signs one
// batch: one visit per station, in the order that the request names. It
// follows DESIGN sections 5 (nonces) and 8 (order, memory).
//
// A station recomputes every fact, judges by the charter that is in force, shows
// the whole batch to its operator, and releases partial signatures only together
// with one durable record of what it released. A quorum may be larger than the
// threshold: its first stations acknowledge, and the last ones sign only in
// return for that (Order). When a charter lists a new instance of a station,
// everybody's memory turns with it, and the new one starts with what its peers
// remember (RestoreStation).
//
// A station does not trust the coordinator for anything but delivery. What it
// cannot see is a lying aggregate nonce: that gives an invalid signature and burnt
// nonces, never a wrong payment, and blames nobody (blame needs station-signed
// commitments, see VerifyBlame).
package signing

import (
	"errors"
	"fmt"
	"slices"

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
// that is not secret, with the line of its charters.
type Group struct {
	Line         lineage.Line
	Wallet       wallet.Wallet
	PublicShares []frost.PublicShare // by station number
}

// check refuses a group whose parts belong to different wallets: a practice
// charter paired with another key, or a key with somebody else's charter.
func (g Group) check() error {
	d := g.Line.Latest().Document()
	n := len(d.Stations) // the same under every charter of a line, as is the threshold
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

// keyrings are the rings of all charters of the line, the newest first, without
// those that list the same stations and coordinator as the one before.
func (g Group) keyrings() ([]wire.Keyring, error) {
	var out []wire.Keyring
	var last []wire.PublicKey
	epochs := g.Line.Epochs()
	for i := range epochs {
		c := epochs[len(epochs)-1-i].Charter
		keys := append(c.Instances(), c.Document().Courier)
		if slices.Equal(keys, last) {
			continue
		}
		ring, err := c.Keyring([32]byte(g.Wallet.ID()))
		if err != nil {
			return nil, err
		}
		out, last = append(out, ring), keys
	}
	return out, nil
}

// openAny opens a message of a station that speaks, or once spoke, for the wallet.
func openAny(sealed []byte, rings []wire.Keyring) (wire.Opened, error) {
	var first error
	for _, ring := range rings {
		opened, err := wire.Open(sealed, ring)
		if err == nil {
			return opened, nil
		}
		if first == nil {
			first = err
		}
	}
	return wire.Opened{}, first
}

// spoke reports whether an instance speaks, or once spoke, for a station.
func (g Group) spoke(station uint8, instance wire.PublicKey) bool {
	return slices.ContainsFunc(g.Line.Epochs(), func(e lineage.Epoch) bool {
		keys := e.Charter.Instances()
		return int(station) < len(keys) && keys[station] == instance
	})
}

// chainName names an instance's chain among kept records: by its station's number,
// and by its key besides unless it is the station's first. So two chains of one
// station never meet under one name, and no name changes with the charter.
func (g Group) chainName(station uint8, instance wire.PublicKey) string {
	if g.Line.Epochs()[0].Charter.Instances()[station] == instance {
		return fmt.Sprintf("%02d", station)
	}
	return fmt.Sprintf("%02d-%x", station, instance[:8])
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
