package wallet

import (
	"fmt"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// Network is the chain a wallet lives on. Its number is part of the wallet's
// id and of signed documents: it never changes meaning.
type Network uint8

// The networks.
const (
	Mainnet  Network = 1
	Testnet4 Network = 2
	Signet   Network = 3
	Regtest  Network = 4
)

// Valid reports whether n is one of the four networks.
func (n Network) Valid() bool { return n >= Mainnet && n <= Regtest }

// Params returns btcd's parameters, which the caller must not change, or nil
// for an unknown network.
func (n Network) Params() *chaincfg.Params {
	switch n {
	case Mainnet:
		return &chaincfg.MainNetParams
	case Testnet4:
		return &chaincfg.TestNet4Params
	case Signet:
		return &chaincfg.SigNetParams
	case Regtest:
		return &chaincfg.RegressionNetParams
	}
	return nil
}

// String returns the name that ParseNetwork reads.
func (n Network) String() string {
	switch n {
	case Mainnet:
		return "mainnet"
	case Testnet4:
		return "testnet4"
	case Signet:
		return "signet"
	case Regtest:
		return "regtest"
	}
	return fmt.Sprintf("network(%d)", uint8(n))
}

// Practice reports whether coins of the network are worthless and blocks can be
// made at will: keys made in practice are refused elsewhere.
func (n Network) Practice() bool { return n == Regtest }

// ParseNetwork returns the network of that name: mainnet, testnet4, signet or
// regtest.
func ParseNetwork(name string) (Network, error) {
	for n := Mainnet; n <= Regtest; n++ {
		if n.String() == name {
			return n, nil
		}
	}
	return 0, fmt.Errorf("wallet: parse network: %q is none of mainnet, testnet4, signet, regtest", name)
}
