// Package btcec answers the import path that kryptology v1.8.0 still names.
// btcsuite moved the package to btcec/v2; kryptology asks it only for the
// curve parameters, which decred provides.
package btcec

import "github.com/decred/dcrd/dcrec/secp256k1/v4"

// S256 returns the parameters of secp256k1 (SEC 2, section 2.4.1).
func S256() *secp256k1.KoblitzCurve { return secp256k1.S256() }
