// Package ledger is the stations' shared memory: what each of them released,
// as chains of signed records, and what a set of records adds up to over time.
// It follows DESIGN sections 6 (a payment is paid once) and 8 (memory without
// a network).
//
// A station appends a Record when it releases signature shares; released
// counts as spent. A Head is a station's signed statement of where its chain
// and its nonce stream stand. A Ledger holds verified chains of all stations of
// a wallet; a Snapshot is such a set of chains cut at named heads, the memory
// that one decision rests on.
//
// What it does not do: it decides nothing (package policy does), it keeps
// nothing on disk, and it cannot tell whether a transaction confirmed. What a
// record says is its station's word: a lying station can make a limit tighter
// than it should be, never wider than the others' records allow.
package ledger
