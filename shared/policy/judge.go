package policy

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/internal/force"
)

// Approved is a batch that the charter allows. Only Judge makes one; the zero
// value is refused.
type Approved struct {
	verified batch.Verified
	verdict  Verdict
}

// Valid reports whether the value was made by Judge.
func (a Approved) Valid() bool { return a.verified.Valid() && a.verdict.Allowed }

// Verified returns the batch.
func (a Approved) Verified() batch.Verified { return a.verified }

// Verdict returns the trace of the decision.
func (a Approved) Verdict() Verdict { return a.verdict.clone() }

// InForce is a charter that is in force for a wallet. Package lineage makes it.
type InForce = force.InForce

// Judge decides by the charter in force whether batch b may be signed by the
// stations of quorum, given evidence e and snapshot s.
//
// Approved is valid exactly if the verdict allows. An error is misuse, never a
// refusal: a zero value, a charter of another wallet, or a snapshot of other
// stations or another wallet.
func Judge(in InForce, b batch.Verified, e Evidence, quorum []uint8, s ledger.Snapshot) (Approved, Verdict, error) {
	c := in.Charter()
	d := c.Document()
	if err := fit(in, d, b, s); err != nil {
		return Approved{}, Verdict{}, fmt.Errorf("policy: judge: %w", err)
	}
	f := gather(b)
	t := &trace{f: f}
	t.structure(c, d, s)
	t.rules(d, s.Plan(f.planned))
	v := Verdict{Allowed: true, Trace: t.lines, context: context(c, b, s)}
	for _, line := range v.Trace {
		v.Allowed = v.Allowed && line.Pass
	}
	if !v.Allowed {
		return Approved{}, v, nil
	}
	return Approved{verified: b, verdict: v.clone()}, v, nil
}

// fit checks that the three belong together: that the charter is in force for
// the batch's wallet, and that the snapshot is of this wallet and of this
// charter's stations.
func fit(in InForce, d charter.Document, b batch.Verified, s ledger.Snapshot) error {
	if !in.Valid() || !b.Valid() || !s.Valid() {
		return errors.New("charter, batch or snapshot is the zero value")
	}
	w := b.Wallet()
	if in.Wallet() != w.ID() || w.Network() != d.Network {
		return errors.New("the charter is in force for another wallet")
	}
	if s.Wallet() != [32]byte(w.ID()) {
		return errors.New("the snapshot is of another wallet")
	}
	if !slices.Equal(s.Instances(), in.Charter().Instances()) {
		return errors.New("the snapshot is of other stations than the charter's")
	}
	return nil
}
