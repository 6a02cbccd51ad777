package coordinator

import (
	"context"
	"fmt"

	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/policy"
)

// Checked is what a batch would need, and whether the charter allows it now.
type Checked struct {
	Number    int // of the batch, 0 if it was never drafted
	Verified  batch.Verified
	Verdict   policy.Verdict
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
func (c *Coordinator) CheckPending(ctx context.Context, chain Chain, o DraftOptions) (Checked, error) {
	d, err := c.propose(ctx, chain, o)
	if err != nil {
		return Checked{}, err
	}
	checked := needs(d.desk, d.public, d.verified, d.verdict)
	checked.Waiting = d.waiting
	return checked, nil
}

// CheckBatch judges a batch again, by all that stations have released until now.
func (c *Coordinator) CheckBatch(ref string) (Checked, error) {
	_, b, err := c.find(ref)
	if err != nil {
		return Checked{}, err
	}
	v, err := c.verify(b)
	if err != nil {
		return Checked{}, err
	}
	desk, p, err := c.desk()
	if err != nil {
		return Checked{}, err
	}
	snapshot, err := desk.Ledger().Snapshot(desk.Heads())
	if err != nil {
		return Checked{}, fmt.Errorf("coordinator: check batch %d: %w", b.Number, err)
	}
	_, verdict, err := policy.Judge(p.Line().At(v.Request().Time), v, policy.Evidence{}, nil, snapshot)
	if err != nil {
		return Checked{}, err
	}
	checked := needs(desk, p, v, verdict)
	checked.Number = b.Number
	return checked, nil
}

func needs(desk *signing.Desk, p keygen.Public, v batch.Verified, verdict policy.Verdict) Checked {
	return Checked{Verified: v, Verdict: verdict, Threshold: int(p.Charter.Document().Threshold), Stations: stations(desk, p)}
}
