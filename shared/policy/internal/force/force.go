// Package force holds the type of a charter that is in force. It is internal to
// shared/policy so that only lineage, which verifies how a charter came to be,
// makes one, and everybody else can only be given one.
package force

import (
	"maps"

	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// InForce is a charter under which a wallet's payments are judged. The zero
// value is refused.
type InForce struct {
	charter charter.Charter
	wallet  wallet.ID
	listed  map[string]int64
}

// New says that c is in force for w. listed has, for every destination that was
// added by an amendment, since when it is listed, in unix seconds.
func New(c charter.Charter, w wallet.ID, listed map[string]int64) InForce {
	return InForce{charter: c, wallet: w, listed: maps.Clone(listed)}
}

// Valid reports whether the value was made by New.
func (f InForce) Valid() bool { return f.charter.Valid() }

// Charter returns the charter.
func (f InForce) Charter() charter.Charter { return f.charter }

// Wallet returns the id of the wallet that the charter rules.
func (f InForce) Wallet() wallet.ID { return f.wallet }

// Listed returns since when a destination is listed, in unix seconds: 0 for one
// that the first charter listed.
func (f InForce) Listed(key string) int64 { return f.listed[key] }
