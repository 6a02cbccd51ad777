// Package policy decides whether a batch may be signed. It follows DESIGN
// sections 3 (Approved), 6 (a payment is paid once), 7 (the charter's rules), 8
// (limits over time) and 9 (approvals). POLICY.md describes the language.
//
// Judge is a function of the charter in force, the batch's recomputed facts, the
// evidence that travels with it, the stations that are to sign, the snapshot of
// what was released before, and the time that the request states; nothing else
// enters. The coordinator and every station come to the same trace, with the same
// hash. A batch passes if every built-in check passes, at least one allow rule
// matches each payment, no deny rule matches any, and every requirement that
// applies holds, or what it accepts instead is there. Rules have no order.
//
// Evidence is what a station cannot see for itself. A statement or price counts
// if its signature verifies under the charter; a claim counts only against a
// batch. Whoever leaves evidence away gains nothing by it, with two exceptions:
// a veto that never arrives vetoes nothing, and of the prices that sources state,
// the coordinator chooses which arrive.
//
// What the package does not do: it reads no clock, so whether the stated time is
// near, or the request has expired, is for the station's own gates, as are
// freezing, nonces and the station's own records. It cannot know what the chain
// holds. Which charter is in force is for package lineage to prove.
package policy
