// Package batch is the unit of approval: payments and the transactions that
// make them, written as facts.
//
// A Request is what a coordinator claims. It carries no script of the wallet, no
// transaction, no sighash and no derivation path, only outpoints, amounts,
// places in the wallet and destinations, so that most of what must not be
// signed cannot be said at all. Request.Verify recomputes everything else and
// returns a Verified, which no other function can make: the transactions, their
// fees and sizes, and the digest of BIP341 for every input.
//
// A payment may be an OP_RETURN output, which says something and moves nothing.
//
// Transactions are version 2, signal replacement (BIP125) on every input and
// spend taproot outputs by key path with SIGHASH_DEFAULT. A transaction may
// come in variants: the same inputs and outputs, a falling change and so a
// rising fee, of which one is broadcast. Every payment of a transaction is bound
// to one of its inputs, the anchor, which any later redraft must spend too: so
// no two versions of a payment can both confirm.
//
// What it does not do: it does not know whether outputs exist on the chain
// (BIP341 digests commit to every spent amount and script, so a lie about one
// makes the signatures void and loses nothing), whether a payee is allowed
// (package policy), or whether some destination is a further address of the
// wallet itself. It refuses a payment to a script that the batch spends from or
// pays change to; the wallet's other addresses are without number.
package batch
