package charter

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

// BoundSentence says in words what Bound(t, n) means for a wallet that t of n
// stations sign for.
func BoundSentence(t, n int) string {
	b := Bound(t, n)
	against := "alone"
	switch {
	case b <= 0:
		return fmt.Sprintf("Limits over time do not hold: two groups of %d of the %d stations need not share a station.", t, n)
	case b == 2:
		against = "together with 1 dishonest station"
	case b > 2:
		against = fmt.Sprintf("together with up to %d dishonest stations", b-1)
	}
	return fmt.Sprintf("Limits over time hold against a dishonest coordinator %s; together with %d of the %d stations it could evade them (2 x %d - %d = %d).", against, b, n, t, n, b)
}
