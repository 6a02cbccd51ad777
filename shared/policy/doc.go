// Package policy decides whether a batch may be signed. It follows DESIGN
// sections 3 (Approved), 6 (a payment is paid once), 7 (the charter's rules) and
// 8 (limits over time).
//
// Judge is a function of the charter, the batch's recomputed facts, the
// snapshot of what was released before, and the time that the request states;
// nothing else enters. The coordinator and every station come to the same trace,
// with the same hash. A batch passes if every built-in check passes, at least
// one allow rule matches each payment, no deny rule matches any, and every
// requirement that applies holds; rules have no order.
//
// What it does not do: it reads no clock, so whether the stated time is near,
// or the request has expired, is for the station's own gates, as are freezing,
// nonces and the station's own records. It cannot know what the chain holds. It
// judges by a charter of epoch 0 only, the one that the wallet's id names: no
// rule for adopting another exists yet.
package policy
