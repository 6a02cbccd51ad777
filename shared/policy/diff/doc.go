// Package diff says what a charter newly allows and newly refuses, compared with
// another one. It follows DESIGN section 7 and is what people read before they
// adopt a change.
//
// It judges with the rules' own code, policy.Trial: every example is judged by
// both charters before it is kept, so what is shown is true. That nothing is
// missed has this proof.
//
// Batches are what policy.Case states, within the limits of package batch and of
// what nodes relay. A charter refuses a batch if one of its checks breaks. So B
// allows something that A refuses if and only if, for one check of A, some batch
// breaks it and is allowed by B; each check of A is asked apart (and of B, for
// the other direction), and so neither the order of rules nor a rule that another
// one hides makes a difference. A check that B has too, no wider and excused by
// nothing more, needs no question (search.go, implied). For every other one, all
// batches fall into finitely many cells.
//
// # Situations
//
// A requirement "at most Max, unless D" is a limit where D does not hold, and
// nothing where it does. Who drafted, approves, vetoes and vouches, who signs,
// the stated time and the time waited decide every D, and nothing else of a batch
// does. A situation is all of that.
//
//   - A check of A with a demand breaks only where the demand fails. Of two
//     situations in which it fails, one may be left out if wherever B's demands
//     fail in the other, they fail in it too: B then allows less (cells.go).
//   - For a given time and drafter no demand fails because more people approve or
//     vouch, more stations sign, more time was waited or fewer veto. So only the
//     largest situations in which the demand fails matter: of an all, one part
//     fails; of an any, every part; of k approvals, k-1 of its people approve and
//     everybody else does; of k stations or sites, k-1 sign (situation.go).
//   - People whom no demand of either charter tells apart stand in for each other,
//     and so do stations of one site and entity.
//   - Times differ by the hours that they are in and by how far windows of the
//     calendar reach back then. Both change at finitely many instants of a week
//     or month. All instants of 28 years are looked at, after which dates, days
//     of the week and turns of clocks repeat (but for the years 2100, 2200 and so
//     on); of days alike, one. Between two instants windows of the calendar grow
//     alike, so the first and the last second stand for all (moments.go).
//
// # Payments
//
// In a situation B has only limits left, and what remains is a question of
// amounts.
//
//   - Payments that B allows go to a destination of B. Destinations about which
//     the same rules of both charters speak are one kind: no rule tells them apart
//     but by the amount. A destination's age counts by the thresholds that rules
//     name. Rules about young destinations only ask more, so of the ages at which
//     A's check counts it, the highest at which B pays it is the best for B.
//   - Every limit of B from above stays kept if a payment is taken away, or a fee,
//     a second of lifetime, an input, change or a payment from the past. So a batch
//     that breaks a check of A can be reduced to the least that breaks it: limit + 1
//     of what is measured, nothing of what the check does not count.
//   - What can only be claimed is given as B asks for it, and no more where A's
//     check asks. Prices are the lowest that can be stated, at which B's limits in
//     a currency are the widest; a check of A in a currency is asked with no price,
//     with one that only one of the charters takes (for its source, or for its
//     age), and at prices from the highest down, each half of the one before
//     (fiat.go). That no price helps is proved in parts of a sat.
//   - A limit over time counts payments of now and of before. Before is free: the
//     record may have been made under other rules. So the least is one payment as
//     small as can be, and the rest before it, at the age that A's window just
//     reaches (the fewest windows of B do): in one record for each name, or for a
//     count, in payments of nothing.
//   - Sums and counts then remain: does any number of payments of the kinds reach
//     limit + 1 within B's limits on sums and counts, which may overlap? That is a
//     linear program in whole numbers, of two variables for each kind (how many
//     payments, and how much above the least), and is solved exactly, in fractions,
//     by branch and bound (pack.go, program.go). Payments of a batch have a transaction each.
//   - Some limits of B ask for more instead: a fee of at least so many sat/vB, a fee
//     in percent (a sum to bear it), a share of the inputs that stays in the wallet
//     (change). The search begins with the lowest fee and the least change that
//     there can be (single.go, terms.go): nothing makes higher ones easier, so if
//     that finds nothing there is nothing. A percentage of A and a share of A break
//     in steps, since sat are whole; the steps are tried one by one (shares.go).
//
// # What is not settled
//
// Where a cell cannot be settled so, the rule is reported as undecided, and is
// never taken for unchanged: a search above its budget; a batch of more payments
// than transactions; and where the least batch found does not serve because what
// B asks for more (fees of at least, percentages, shares, limits on inputs or
// change, together) concerns other payments that it would need, a limit in a
// currency that no price tried breaks and no proof rules out.
//
// What it does not do: it says nothing of amendments, which the charter's own
// rule governs, of a charter's due date, of other versions of a payout, and of
// keys: a person or station is who the charter calls so, and other keys and
// credentials are compared in words. It takes no address that a charter lists for
// one of the wallet's own.
package diff
