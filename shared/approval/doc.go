// Package approval makes and verifies what people say about a batch, a ballot or
// a wallet: "I drafted this", "I approve", "I object", "nothing is frozen".
//
// A statement is signed by one credential of a person whom the charter lists: a
// WebAuthn credential, an offline reviewing device, or a program's key. Its
// challenge covers wallet, charter, subject, decision, person and both times, so
// that no signature can stand for anything else. WIRE.md gives the bytes.
//
// A statement that does not count is void, with a reason, and voids nothing
// else. The package does not decide how many statements are enough, who must not
// count, or whether a draft is old: rules do, in the policy package. It has no
// clock.
package approval
