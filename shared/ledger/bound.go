package ledger

import "fmt"

// Bound returns 2t - n, the least number of colluding stations with which a
// coordinator can evade a limit over time (DESIGN 8).
//
// Two quorums of t among n stations share at least 2t - n of them. A limit
// holds while one of the shared stations is honest, because it remembers the
// first quorum when it judges for the second: it holds for s colluding
// stations if 2t - n > s. A result of zero or less means that two quorums may
// be disjoint, so the coordinator alone evades every limit; charters refuse
// such a threshold.
func Bound(t, n int) int { return 2*t - n }

// Sentence says in words what Bound(t, n) means for a wallet that t of n
// stations sign for.
func Sentence(t, n int) string {
	b := Bound(t, n)
	switch {
	case b <= 0:
		return fmt.Sprintf("Limits over time do not hold: two groups of %d of the %d stations need not share a station.", t, n)
	case b == 1:
		return fmt.Sprintf("Limits over time hold against a dishonest coordinator alone; together with 1 dishonest station of %d it could evade them (2 x %d - %d = 1).", n, t, n)
	case b == 2:
		return fmt.Sprintf("Limits over time hold against a dishonest coordinator together with 1 dishonest station; with 2 of %d it could evade them (2 x %d - %d = 2).", n, t, n)
	}
	return fmt.Sprintf("Limits over time hold against a dishonest coordinator together with up to %d dishonest stations; with %d of %d it could evade them (2 x %d - %d = %d).", b-1, b, n, t, n, b)
}
