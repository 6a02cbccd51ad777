package signing

import (
	"fmt"

	"heliograph/shared/batch"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
)

// sessions walks the signing sessions of a batch in slot order: for each
// transaction, for each variant, for each input.
type sessions struct {
	group    Group
	verified batch.Verified
	nonces   []byte
	signers  *frost.Signers
}

func newSessions(g Group, o Order, v batch.Verified) (sessions, error) {
	if len(o.Nonces) != v.Inputs()*nonceSize {
		return sessions{}, fmt.Errorf("signing: %d bytes of aggregate nonces for %d slots", len(o.Nonces), v.Inputs())
	}
	signers, err := g.signers(o.signers())
	if err != nil {
		return sessions{}, err
	}
	return sessions{group: g, verified: v, nonces: o.Nonces, signers: signers}, nil
}

// each calls visit with the session of every slot: everything in it but the
// aggregate nonce is computed here.
func (s sessions) each(visit func(slot int, session *frost.Session) error) error {
	root, err := frost.NewTweakContext(frost.ThresholdKey(s.group.Wallet.Key()))
	if err != nil {
		return err
	}
	for i, at := range s.verified.Slots() {
		tc := root
		for _, tw := range at.Tweaks {
			if tc, err = tc.Apply(tw.T, tw.XOnly); err != nil {
				return fmt.Errorf("signing: slot %d: %w", i, err)
			}
		}
		var agg frost.AggregateNonce
		copy(agg[:], s.nonces[i*nonceSize:])
		session, err := frost.NewSession(s.signers, agg, tc, at.Sighash[:])
		if err != nil {
			return fmt.Errorf("signing: slot %d: %w", i, err)
		}
		if err := visit(i, session); err != nil {
			return fmt.Errorf("signing: slot %d: %w", i, err)
		}
	}
	return nil
}

// releaseRecord is what a release of this batch puts on the ledger, but for
// the releasing station's own fields. The coordinator recomputes it to check a
// station's record.
func releaseRecord(v batch.Verified, digest [32]byte) ledger.Record {
	req := v.Request()
	r := ledger.Record{Request: digest, Batch: [32]byte(v.ID()), Time: req.Time, Fee: int64(v.MaxFee()), Change: v.NextChange()}
	payouts := v.PayoutIDs()
	for _, tx := range v.Transactions() {
		for _, out := range tx.Outputs() {
			if out.Change {
				continue
			}
			p := req.Payments[out.Payment]
			r.Payments = append(r.Payments, ledger.Payment{
				Payout:       [32]byte(payouts[out.Payment]),
				Counterparty: p.Counterparty,
				Amount:       int64(p.Amount),
				Anchor:       tx.Anchor().Bytes(),
				Destination:  ledger.NewDestination(p.Script),
			})
		}
		ladder := tx.Variants()
		dearest := ladder[len(ladder)-1]
		r.Transactions = append(r.Transactions, ledger.Transaction{
			Anchor: tx.Anchor().Bytes(), Fee: int64(dearest.Fee()), Change: int64(dearest.Change()),
		})
	}
	return r.Sorted()
}
