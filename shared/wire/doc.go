// Package wire is the one door through which bytes become messages: canonical
// CBOR, tagged hashes, BIP340 keys, and sealed envelopes.
//
// It follows RFC 8949 section 4.2.1 (core deterministic encoding), BIP340
// (tagged hashes, x-only keys, Schnorr signatures) and WIRE.md beside it, which
// gives the envelope byte by byte.
//
// Open proves who sealed a message, for which wallet, and that not one byte was
// changed. It does not say that the message is fresh, that its body is well
// formed, or that what it asks for is allowed: those are the questions of the
// packages that decode the bodies. There is no encryption here: everything that
// travels may be seen.
package wire
