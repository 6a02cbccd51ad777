module github.com/btcsuite/btcd/btcec

go 1.26.0

require github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.0
