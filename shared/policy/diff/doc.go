// Package diff says what a charter newly allows and newly refuses, compared with
// another one. It follows DESIGN section 7 and is what people read before they
// adopt a change.
//
// It judges with the rules' own code, policy.Trial; nothing here decides again
// what a rule means. Every example is judged by both charters before it is kept,
// so what is shown is true. That nothing is missed has this proof.
//
// Batches are what policy.Case states, within the limits of package batch and of
// what nodes relay. A charter refuses a batch if one of its checks breaks. So B
// allows something that A refuses if and only if, for one check of A, some batch
// breaks it and is allowed by B; each check of A is asked apart (and of B, for
// the other direction), and so neither the order of rules nor a rule that another
// one hides makes a difference. For one check, all batches fall into finitely many
// cells:
//
//   - Payments that B allows go to a destination of B. Destinations about which
//     the same rules of both charters speak are one kind: no rule tells them apart
//     but by the amount.
//   - Every limit of B is a limit from above, and taking a payment away, or a fee,
//     a second of lifetime or a payment from the past, keeps what B allows allowed.
//     The one exception is a fee in percent. So a batch that breaks a check of A
//     can be reduced to the least that breaks it: limit + 1 for a fee, a lifetime,
//     one payment or a sum, nothing of what the check does not count.
//   - A limit over time counts payments of now and of before. Before is free: the
//     record may have been made under other rules. So the least is one payment as
//     small as can be, and the rest before it, at the age that A's window just
//     reaches (the fewest windows of B do), one record for each payment (a payout
//     that is drafted again counts for more names and for less money).
//   - Sums then remain: does any number of payments of the kinds reach limit + 1
//     within B's limits on sums, which may overlap? That is a linear program in
//     whole numbers, of two variables for each kind (how many payments, and how
//     much above the least), and is solved exactly, in fractions, by branch and
//     bound (pack.go). Payments of a batch have a transaction each.
//   - A fee in percent of B demands a least sum, which depends on whom a transaction
//     pays: one cell for each demand that there is. One of A wants a sum for which
//     the fee is too much and B's is not; the fees are tried one by one.
//
// Where a cell cannot be settled so, the rule is reported as undecided, and is
// never taken for unchanged: a search above its budget; a batch of more payments
// than transactions, a transaction at the limit of its size, or a fee rate beside
// a percentage, where the least batch found does not serve and another might.
//
// What it does not do: it says nothing of amendments, which the charter's own
// rule governs, and compares people and stations only in words.
package diff
