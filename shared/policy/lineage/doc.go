// Package lineage follows a wallet's charters from the first one, which its key
// was made under, to the one in force: what a change comes to, what it demands,
// who acknowledged it, and from when it holds. It follows DESIGN section 7.
//
// A change is a Ballot. Stations that Examine it and whose people agree sign an
// Ack; a Certificate is a ballot with the acknowledgements of at least t
// stations, and Adopt takes it into the line. Every party that adopts the same
// certificates has the same line: nothing of this package depends on who asks.
//
// The charter that rules is always the one in force at a time, never the
// newest. A change is weighed against it, approved by its people under its
// amendment rule and acknowledged by its stations. So a loosening that is
// adopted and not yet in force gives nobody a power before its delay is over,
// and can be withdrawn: a change without it is a tightening, which holds at once.
//
// The delay of a loosening runs from the latest time of its acknowledgements. A
// certificate has at least t of them and t is more than the stations that lie,
// so one is by an honest clock. Requests state their time, which may be off by
// the charter's clock tolerance: that much of a delay an attacker can take away.
//
// A station acknowledges one successor of a charter. It is released from that
// only by Voids: t stations that say that they never did and never will
// acknowledge that very ballot. With s dishonest stations, n-t+s acknowledgements
// remain possible, fewer than t for every s below 2t-n: the bound up to which
// two certificates of one epoch cannot exist. (n-t+1 Voids would do among honest
// stations alone.) Those who acknowledged a charter may acknowledge the same one
// again under a higher number, so that a ballot that is stuck can be voted anew.
//
// What it does not do: it keeps nothing and has no clock. What a station has
// promised (Votes) is its caller's to keep, before a promise is shown.
package lineage
