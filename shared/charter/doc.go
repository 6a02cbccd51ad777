// Package charter is the one document of a wallet that every station signs: who
// the stations are, who the people are and what they sign with, who may be paid,
// under which rules, and how all this changes. It follows DESIGN sections 7 (the
// charter), 9 (people) and 5 (its binding to the key), BIP380 and BIP389 for
// descriptors, BIP322 for proofs, and RFC 9636 for time zones.
//
// A Document is data; a Charter is a Document that was validated and put into
// its one canonical form, whose hash is the charter's id. What people review is
// Sentences, generated from the canonical bytes. A charter denies by default: a
// payment needs a rule that allows it, and no rule can undo a deny or a
// requirement, so the order of rules means nothing. A document that names what
// is not there, or asks for what can never be, is refused and told what to write
// instead.
//
// What it does not do: it judges nothing (package policy does), it does not know
// which charter is in force or who adopted it (package lineage does), and it
// verifies no approval. The only signatures that it verifies are proofs that
// counterparties own their destinations.
package charter
