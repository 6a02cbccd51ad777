package policy

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/internal/force"
	"heliograph/shared/wire"
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
// stations of quorum together, given evidence e and snapshot s. Quorum nil means
// that no station is named yet: whatever asks for stations does not hold.
//
// Approved is valid exactly if the verdict allows. An error is misuse, never a
// refusal: a zero value, a charter of another wallet, a snapshot of other
// stations or another wallet, a station that does not exist or is named twice, or
// evidence that is malformed.
func Judge(in InForce, b batch.Verified, e Evidence, quorum []uint8, s ledger.Snapshot) (Approved, Verdict, error) {
	l := newLaw(in.Charter())
	if err := fit(in, l, b, quorum, s); err != nil {
		return Approved{}, Verdict{}, fmt.Errorf("policy: judge: %w", err)
	}
	f, proof, err := look(l, in, b, e, quorum, s)
	if err != nil {
		return Approved{}, Verdict{}, fmt.Errorf("policy: judge: evidence: %w", err)
	}
	t := &trace{law: l, f: f}
	t.structure(b.Request().Charter, s)
	t.rules()
	v := t.verdict()
	v.context = context(l.id, b, proof, quorum, s)
	if !v.Allowed {
		return Approved{}, v, nil
	}
	return Approved{verified: b, verdict: v.clone()}, v, nil
}

// verdict is what the lines come to.
func (t *trace) verdict() Verdict {
	v := Verdict{Allowed: true, Trace: t.lines}
	for _, line := range v.Trace {
		v.Allowed = v.Allowed && line.Pass
	}
	return v
}

// look brings together everything that is judged, and returns the digest of the
// evidence with it.
func look(l *law, in InForce, b batch.Verified, e Evidence, quorum []uint8, s ledger.Snapshot) (*facts, [32]byte, error) {
	f, planned := gather(b)
	f.memory, f.quorum = s.Plan(planned), quorum
	f.recall(l, in, b, s)
	digest, err := f.hear(l, b, e)
	return f, digest, err
}

// recall adds what charter, chain of charters and memory know of each payment.
func (f *facts) recall(l *law, in InForce, b batch.Verified, s ledger.Snapshot) {
	own := ownOf(l.c, b.Wallet())
	for i := range f.payments {
		p := &f.payments[i]
		p.place(l, own)
		if l.ages {
			p.age = f.time - in.Listed(l.c.Listing(p.owner, p.script))
		}
		if p.once {
			p.paidBefore = slices.ContainsFunc(s.Paid(ledger.NewDestination(p.script)), func(id [32]byte) bool { return id != p.payout })
		}
	}
	for i := range f.txs {
		tx := &f.txs[i]
		fee, change, known := s.Replaced(tx.anchor.Bytes())
		again := slices.ContainsFunc(tx.payments, func(p int) bool {
			_, released := s.Anchor(f.payments[p].payout)
			return released
		})
		if known && again {
			tx.replaces = &replaced{fee, change}
		}
	}
}

// hear verifies the evidence, and returns its digest.
func (f *facts) hear(l *law, b batch.Verified, e Evidence) (digest [32]byte, err error) {
	encoded, err := e.Encode()
	if err != nil {
		return digest, err
	}
	if e, err = e.canonical(); err != nil {
		return digest, err
	}
	signed, err := e.statements()
	if err != nil {
		return digest, err
	}
	if len(signed) != 0 {
		set, err := approval.Verify(l.c, b.Wallet().ID(), approval.OfBatch(b.ID()), signed)
		if err != nil {
			return digest, err
		}
		f.people = hear(set.At(f.time, l.tolerance), f.time)
	}
	f.prices = l.listedPrices(e.Prices, f.time)
	f.balance = e.Claims.Balance
	return wire.TaggedHash("Heliograph/batch-evidence/v1", encoded), f.confirm(e.Claims, l.d.Work, b)
}

// fit checks that all belong together: that the charter is in force for the
// batch's wallet, that the snapshot is of this wallet and of this charter's
// stations, and that the quorum is of them.
func fit(in InForce, l *law, b batch.Verified, quorum []uint8, s ledger.Snapshot) error {
	if !in.Valid() || !b.Valid() || !s.Valid() {
		return errors.New("charter, batch or snapshot is the zero value")
	}
	w := b.Wallet()
	if in.Wallet() != w.ID() || w.Network() != l.d.Network {
		return errors.New("the charter is in force for another wallet")
	}
	if s.Wallet() != [32]byte(w.ID()) {
		return errors.New("the snapshot is of another wallet")
	}
	if !slices.Equal(s.Instances(), in.Charter().Instances()) || !retired(l.d.Retired, s.Retired()) {
		return errors.New("the snapshot is of other stations than the charter's")
	}
	var named [256]bool
	for _, q := range quorum {
		if int(q) >= len(l.d.Stations) || named[q] {
			return fmt.Errorf("station %d of the quorum is named twice or does not exist", q)
		}
		named[q] = true
	}
	return nil
}

// retired reports whether a snapshot holds the records of the instances that the
// charter retired, to the same end.
func retired(listed []charter.Retired, held []ledger.Retired) bool {
	return slices.EqualFunc(listed, held, func(a charter.Retired, b ledger.Retired) bool {
		return a.Station == b.Station && a.Instance == b.Instance && a.Seq == b.Seq && a.Last == b.Last
	})
}
