package lineage

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/internal/force"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Line is the chain of a wallet's charters. Only Begin and Adopt make one; the
// zero value is refused.
type Line struct {
	wallet wallet.Wallet
	epochs []Epoch
}

// Epoch is one charter of a line.
type Epoch struct {
	Charter charter.Charter
	// From is the time from which it is in force, unix seconds; 0 for the first.
	From int64
	// Immediate says that it is in force for every request, whatever time that
	// states: the first charter, and a change that allows nothing new.
	Immediate bool
	// Certificate is what it was adopted by; empty for the first.
	Certificate []byte

	listed   map[string]int64 // since when a destination is listed, if not since epoch 0
	earliest int64            // of the times of its acknowledgements
}

// Begin returns the line of a wallet whose key was made under c, of epoch 0.
func Begin(c charter.Charter, w wallet.Wallet) (Line, error) {
	if !c.Valid() || c.Document().Epoch != 0 {
		return Line{}, errors.New("lineage: begin: not a first charter")
	}
	if c.Document().Network != w.Network() || c.ID() != w.Charter0() {
		return Line{}, errors.New("lineage: begin: the wallet's key was made under another charter")
	}
	return Line{wallet: w, epochs: []Epoch{{Charter: c, Immediate: true}}}, nil
}

// Valid reports whether the line was made by Begin or Adopt.
func (l Line) Valid() bool { return len(l.epochs) > 0 }

// Wallet returns the wallet.
func (l Line) Wallet() wallet.Wallet { return l.wallet }

func (l Line) walletID() [32]byte { return [32]byte(l.wallet.ID()) }

// Epochs returns all charters, the first one first.
func (l Line) Epochs() []Epoch {
	out := slices.Clone(l.epochs)
	for i := range out {
		out[i].Certificate = slices.Clone(out[i].Certificate)
	}
	return out
}

// Latest returns the newest charter, in force or not. The zero Line has none.
func (l Line) Latest() charter.Charter {
	if !l.Valid() {
		return charter.Charter{}
	}
	return l.epochs[len(l.epochs)-1].Charter
}

// at is the place of the epoch that is in force at t: the newest that is
// immediate or whose time has come.
func (l Line) at(t int64) int {
	for i := len(l.epochs) - 1; i > 0; i-- {
		if e := l.epochs[i]; e.Immediate || e.From <= t {
			return i
		}
	}
	return 0
}

// At returns the charter by which a request that states the time t, in unix
// seconds, is judged. The zero Line has none, and the result is then not Valid.
func (l Line) At(t int64) policy.InForce {
	if !l.Valid() {
		return policy.InForce{}
	}
	e := l.epochs[l.at(t)]
	return force.New(e.Charter, l.wallet.ID(), e.listed)
}

// inForce is the charter that is in force at t.
func (l Line) inForce(t int64) charter.Charter { return l.epochs[l.at(t)].Charter }

// Pending returns the charter that comes into force next after t, and when; false
// if the one in force is to stay.
func (l Line) Pending(t int64) (next charter.Charter, from int64, pending bool) {
	if !l.Valid() {
		return charter.Charter{}, 0, false
	}
	for _, e := range l.epochs[l.at(t)+1:] {
		if !pending || e.From <= from {
			next, from, pending = e.Charter, e.From, true
		}
	}
	return next, from, pending
}

// Lifted reports whether the charter in force at t, or one that was before, lifted
// a freeze. Unlike the list of the charter in force, this never forgets.
func (l Line) Lifted(freeze [32]byte, t int64) bool {
	if !l.Valid() {
		return false
	}
	in := l.at(t)
	for i, e := range l.epochs {
		if (i == in || l.ruled(i, t)) && slices.Contains(e.Charter.Document().Lifted, freeze) {
			return true
		}
	}
	return false
}

// ruled reports whether epoch i was in force at some time up to t. A loosening
// that was withdrawn before its time never was. When that was is the earliest time
// that any of the acknowledgements states: who lies about it can keep the wallet
// frozen, and cannot thaw it.
func (l Line) ruled(i int, t int64) bool {
	e := l.epochs[i]
	return e.Immediate || e.From <= t && !slices.ContainsFunc(l.epochs[i+1:], func(later Epoch) bool {
		return later.From <= e.From || later.Immediate && later.earliest <= e.From
	})
}

// Keyring returns the keys that may speak about the wallet at the time t: those
// of the charter in force.
func (l Line) Keyring(t int64) (wire.Keyring, error) {
	if !l.Valid() {
		return wire.Keyring{}, errors.New("lineage: keyring: the zero line has none")
	}
	return l.inForce(t).Keyring(l.walletID())
}

// Speaker returns the key by which a station votes at the time t on what
// follows the newest charter. Where a charter that is not yet in force replaces
// the station's instance, neither votes: the old one is on its way out, and the new
// one has no power yet. So one charter's successor has one voter for each station.
func (l Line) Speaker(station int, t int64) (wire.PublicKey, error) {
	if !l.Valid() {
		return wire.PublicKey{}, errors.New("lineage: speaker: the zero line has none")
	}
	now, newest := l.inForce(t).Instances(), l.Latest().Instances()
	if station < 0 || station >= len(now) {
		return wire.PublicKey{}, fmt.Errorf("lineage: speaker: no station %d", station)
	}
	if now[station] != newest[station] {
		return wire.PublicKey{}, fmt.Errorf("lineage: speaker: station %d is being replaced and has no vote until the new charter is in force", station)
	}
	return now[station], nil
}

// find returns the place of the charter with this id.
func (l Line) find(id [32]byte) (int, bool) {
	for i, e := range l.epochs {
		if e.Charter.ID() == id {
			return i, true
		}
	}
	return 0, false
}
