// Package frost is threshold signing for BIP340: BIP445 (FROST3), draft
// v0.10.0, whole. t of n signers, n at most 128, make one ordinary Schnorr
// signature under one key.
//
// The words are the BIP's: signers context (Signers), tweak context, secret and
// public nonce, aggregate nonce, session, partial signature. Signers are
// numbered 0 to n-1. Steps are functions of their arguments: randomness comes
// in, nothing is stored, sent or logged.
//
// Secrets (shares, nonces) compute through kryptology and everything public
// through decred; the wall between the two is internal/k256.
//
// It does not generate keys (package chilldkg), and knows neither transactions,
// nor rules, nor how messages travel. It cannot see that an aggregate nonce is
// a lie: the result is an invalid signature and spent nonces, not a leak.
package frost
