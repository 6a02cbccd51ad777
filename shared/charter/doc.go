// Package charter is the one document of a wallet that every station signs: who
// the stations are, who may be paid, and under which rules. It follows DESIGN
// section 7 (the charter) and 5 (its binding to the key).
//
// A Document is data; a Charter is a Document that was validated and put into
// its one canonical form, whose hash is the charter's id. What people review is
// Sentences, generated from the canonical bytes. A charter denies by default: a
// payment needs a rule that allows it, and no rule can undo a deny or a
// requirement, so the order of rules means nothing.
//
// What it does not do: it judges nothing (package policy does), it does not
// know which charter is in force, and it does not verify who signed it. Only
// epoch 0, signed by all stations in key generation, is adopted so far.
package charter
