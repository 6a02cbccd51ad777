package coordinator

import (
	"fmt"
	"slices"

	"heliograph/ceremonies/signing"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
)

// judged is a verdict with what it was given by.
type judged struct {
	policy.Verdict
	quorum   []int // in visiting order, that it was given for
	evidence policy.Evidence
	charter  charter.Charter  // in force at the batch's stated time
	given    []approval.Given // what people said that counts at that time
}

// judge decides on a batch as every station will, with everything that was kept
// for it, by its own stated time. Without a quorum it finds the one for which the
// charter asks least.
func (c *Coordinator) judge(desk *signing.Desk, p standing, v batch.Verified, quorum []int, claims policy.Claims) (judged, error) {
	snapshot, err := desk.Ledger().Snapshot(desk.Heads())
	if err != nil {
		return judged{}, err
	}
	stated := v.Request().Time
	in := p.Line.At(stated)
	j := judged{charter: in.Charter()}
	if j.evidence, err = c.evidence(j.charter, v); err != nil {
		return judged{}, err
	}
	j.evidence.Claims = claims
	if j.given, err = j.heard(v); err != nil {
		return judged{}, err
	}
	quorums := [][]int{quorum}
	if len(quorum) == 0 {
		quorums = quorumsOf(stations(desk, p), int(p.Charter.Document().Threshold), v.Inputs())
	}
	fewest := -1
	for _, q := range quorums {
		_, verdict, err := policy.Judge(in, v, j.evidence, numbers(q), snapshot)
		if err != nil {
			return judged{}, err
		}
		if n := len(verdict.Refusals()); fewest < 0 || n < fewest {
			fewest, j.Verdict, j.quorum = n, verdict, q
		}
		if fewest == 0 {
			break
		}
	}
	return j, nil
}

// maxQuorums bounds how many quorums are tried; a charter of few stations has
// fewer.
const maxQuorums = 256

// quorumsOf lists the quorums that could sign, smallest first: of the stations
// that have enough nonces, or if those are too few, of all.
func quorumsOf(all []Station, threshold, nonces int) [][]int {
	var able []int
	for _, s := range all {
		if s.Unused >= nonces {
			able = append(able, s.Number)
		}
	}
	if len(able) < threshold {
		able = nil
		for _, s := range all {
			able = append(able, s.Number)
		}
	}
	var out [][]int
	var choose func(chosen []int, from, size int)
	choose = func(chosen []int, from, size int) {
		if len(out) == maxQuorums {
			return
		}
		if len(chosen) == size {
			out = append(out, slices.Clone(chosen))
			return
		}
		for i := from; i < len(able); i++ {
			choose(append(chosen, able[i]), i+1, size)
		}
	}
	for size := threshold; size <= len(able); size++ {
		choose(nil, 0, size)
	}
	return out
}

func numbers(quorum []int) []uint8 {
	out := make([]uint8, len(quorum))
	for i, n := range quorum {
		out[i] = uint8(n)
	}
	return out
}

// evidence is what people signed about a batch, and the prices that were stated.
func (c *Coordinator) evidence(in charter.Charter, v batch.Verified) (policy.Evidence, error) {
	chosen, err := c.chosen(in, batchSubject(v.ID(), 0), v.Request().Time)
	if err != nil {
		return policy.Evidence{}, err
	}
	var e policy.Evidence
	if e.Statements, err = encoded(chosen); err != nil {
		return e, err
	}
	e.Prices, err = c.prices(in)
	return e, err
}

// heard is what of the statements counts for a batch.
func (j judged) heard(v batch.Verified) ([]approval.Given, error) {
	var signed []approval.Signed
	for _, b := range j.evidence.Statements {
		s, err := approval.DecodeSigned(b)
		if err != nil {
			return nil, err
		}
		signed = append(signed, s)
	}
	set, err := approval.Verify(j.charter, [32]byte(v.Wallet().ID()), batchSubject(v.ID(), 0).ID, signed)
	if err != nil {
		return nil, err
	}
	return set.At(v.Request().Time, int64(j.charter.Document().ClockTolerance)).Given(), nil
}

func encoded(signed []approval.Signed) ([][]byte, error) {
	var out [][]byte
	for _, s := range signed {
		b, err := s.Encode()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// Need is what a batch still needs before every station of a quorum signs it.
type Need struct {
	Rule   string
	What   string   // in a sentence
	People []string // who could still give it; empty if it is not people's to give
}

// needs sorts what a verdict refuses: what people, stations or time can still
// give, and what stands against the batch as it is.
func (j judged) needs() (needs []Need, against []policy.Line) {
	rules := make(map[string]charter.Rule)
	for _, r := range j.charter.Document().Rules {
		rules[r.ID] = r
	}
	for _, line := range j.Refusals() {
		r := rules[line.Rule]
		unpriced := r.Check == charter.MaxFiat && len(j.evidence.Prices) == 0
		if r.Unless.Kind == charter.DemandNone && r.Check != charter.MinConfirmations && !unpriced {
			against = append(against, line)
			continue
		}
		if slices.ContainsFunc(needs, func(n Need) bool { return n.Rule == line.Rule }) {
			continue
		}
		needs = append(needs, Need{Rule: line.Rule, What: line.Sentence(), People: j.could(r.Unless)})
	}
	return needs, against
}

// could names who may still sign something that a demand asks for.
func (j judged) could(d charter.Demand) []string {
	var names []string
	for _, p := range j.charter.Document().People {
		if j.asked(d, p) {
			names = append(names, p.Name)
		}
	}
	return names
}

// asked reports whether a demand asks a person for something that they have a
// credential for and have not given yet. It only helps people to find each other:
// what counts, the verdict says.
func (j judged) asked(d charter.Demand, p charter.Person) bool {
	if slices.ContainsFunc(d.Of, func(of charter.Demand) bool { return j.asked(of, p) }) {
		return true
	}
	if !d.Names(p) {
		return false
	}
	switch d.Kind {
	case charter.DemandApprovals:
		given := j.said(p.Name, approval.Approve, d.Offline) || !d.Initiator && j.said(p.Name, approval.Draft, false)
		return !p.Machine && !given && slices.ContainsFunc(p.Credentials, func(c charter.Credential) bool {
			return c.Kind == charter.CredentialOffline || c.Kind.WebAuthn() && !d.Offline
		})
	case charter.DemandInitiator:
		return len(p.Credentials) > 0 && !slices.ContainsFunc(j.given, func(g approval.Given) bool { return g.Decision == approval.Draft })
	case charter.DemandNotFrozen:
		return len(p.Credentials) > 0 && !p.Machine
	}
	return false
}

// said reports whether a person's statement counts at the batch's stated time.
func (j judged) said(name string, d approval.Decision, offline bool) bool {
	return slices.ContainsFunc(j.given, func(g approval.Given) bool {
		return g.Person.Name == name && g.Decision == d && (g.Offline || !offline)
	})
}

// Stale says that a batch was drafted under a charter that is in force no more.
type Stale struct{ Number int }

func (s *Stale) Error() string {
	return fmt.Sprintf("batch %d was drafted under an older charter: no station signs it any more", s.Number)
}
