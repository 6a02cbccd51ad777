// Package psbt turns verified transactions into partially signed bitcoin
// transactions and final ones, and reads foreign PSBTs for the coordinator.
//
// It follows BIP174 (version 0) and BIP371 (taproot fields). Build writes one
// canonical form, keys ascending and nothing optional left open, so that every
// machine that verified a batch has the same bytes. Finalise checks every
// signature twice, by BIP340 and by the script engine, before it gives out a
// transaction.
//
// Stations build and never import: a request carries facts, not a PSBT. Import
// is for files that people bring to the coordinator; it is stricter than BIP174
// asks and proves nothing about the coins.
//
// It does not sign, and knows neither PSBT version 2 (BIP370) nor MuSig2 fields
// (BIP373).
package psbt
