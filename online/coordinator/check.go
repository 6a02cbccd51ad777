package coordinator

import (
	"context"

	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/policy"
)

// Checked is what a batch would need, and whether the charter allows it now.
type Checked struct {
	Number    int // of the batch, 0 if it was never drafted
	Verified  batch.Verified
	Verdict   policy.Verdict
	Needs     []Need // what is lacking that people, stations or time can give
	Against   int    // refusals that nothing of that kind can help
	Quorum    []int  // the stations for which the charter asks least
	Stale     bool   // drafted under a charter that is in force no more
	Waiting   []Waiting
	Threshold int
	Stations  []Station
}

// Ready counts the stations that have nonces enough to sign the batch.
func (c Checked) Ready() int {
	n := 0
	for _, s := range c.Stations {
		if s.Unused >= c.Verified.Inputs() {
			n++
		}
	}
	return n
}

// CheckPending judges the batch that Draft would make of the pending payouts. It
// keeps nothing, reserves nothing and gives out no address. What the charter
// refuses is no error: the verdict says it.
func (c *Coordinator) CheckPending(ctx context.Context, chain Chain, blocks Blocks, o DraftOptions) (Checked, error) {
	d, err := c.propose(ctx, chain, blocks, o)
	if err != nil {
		return Checked{}, err
	}
	checked := checkedOf(d.desk, d.public, d.verified, d.judged)
	checked.Waiting = d.waiting
	return checked, nil
}

// CheckBatch judges a batch as if it were carried to the stations now, by all
// that they have released and people have signed until now.
func (c *Coordinator) CheckBatch(ref string) (Checked, error) {
	_, b, err := c.find(ref)
	if err != nil {
		return Checked{}, err
	}
	desk, p, err := c.desk()
	if err != nil {
		return Checked{}, err
	}
	r, err := restated(b.Request, c.now())
	if err != nil {
		return Checked{}, err
	}
	v, err := r.Verify(p.Wallet)
	if err != nil {
		return Checked{}, err
	}
	claims, err := c.keptClaims(v.ID())
	if err != nil {
		return Checked{}, err
	}
	j, err := c.judge(desk, p, v, nil, claims)
	if err != nil {
		return Checked{}, err
	}
	checked := checkedOf(desk, p, v, j)
	checked.Number, checked.Stale = b.Number, r.Charter != j.charter.ID()
	return checked, nil
}

// restated is a request with its time stated anew; that is no part of the
// batch's id, so every station counts it as the same batch.
func restated(request []byte, now int64) (batch.Request, error) {
	r, err := batch.Decode(request)
	if err != nil {
		return r, err
	}
	r.Expiry += now - r.Time
	r.Time = now
	return r, nil
}

func checkedOf(desk *signing.Desk, p standing, v batch.Verified, j judged) Checked {
	needs, against := j.needs()
	return Checked{
		Verified: v, Verdict: j.Verdict, Needs: needs, Against: len(against), Quorum: j.quorum,
		Threshold: int(p.Charter.Document().Threshold), Stations: stations(desk, p),
	}
}
