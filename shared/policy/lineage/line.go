// Package lineage follows a wallet's charters from the first one, which its key
// was made under, to the one in force. It follows DESIGN section 7.
package lineage

import (
	"errors"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/internal/force"
	"heliograph/shared/wallet"
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
}

// Begin returns the line of a wallet whose key was made under c, of epoch 0.
func Begin(c charter.Charter, w wallet.Wallet) (Line, error) {
	if !c.Valid() || c.Document().Epoch != 0 {
		return Line{}, errors.New("lineage: begin: not a first charter")
	}
	if c.Document().Network != w.Network() || c.ID() != w.Charter0() {
		return Line{}, errors.New("lineage: begin: the wallet's key was made under another charter")
	}
	return Line{wallet: w, epochs: []Epoch{{Charter: c}}}, nil
}

// Valid reports whether the line was made by Begin or Adopt.
func (l Line) Valid() bool { return len(l.epochs) > 0 }

// Wallet returns the wallet.
func (l Line) Wallet() wallet.Wallet { return l.wallet }

// Epochs returns all charters, the first one first.
func (l Line) Epochs() []Epoch { return slices.Clone(l.epochs) }

// Latest returns the newest charter, in force or not. The zero Line has none.
func (l Line) Latest() charter.Charter {
	if !l.Valid() {
		return charter.Charter{}
	}
	return l.epochs[len(l.epochs)-1].Charter
}

// At returns the charter by which a request that states the time t is judged.
func (l Line) At(t int64) policy.InForce {
	return force.New(l.Latest(), l.wallet.ID(), nil)
}
