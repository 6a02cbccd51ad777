package signing

import (
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// approve computes the whole answer and asks the driver to keep it in one
// atomic step before a byte of it is shown: burn, then release.
func (s *Station) approve(e ceremonies.Event, w awaitingDecision) (ceremonies.Step, error) {
	verified := w.approved.Verified()
	if err := s.book.under(w.charter); err != nil {
		return ceremonies.Step{}, unable("signing/memory", err)
	}
	if fault := s.clock(verified.Request(), e.Time); fault != nil {
		s.await = awaitingRequest{}
		return ceremonies.Step{}, fault
	}
	if fault := s.current(w.order.Heads); fault != nil {
		s.await = awaitingRequest{}
		return ceremonies.Step{}, fault
	}
	shares, left, fault := s.shares(w)
	if fault != nil {
		return ceremonies.Step{}, fault
	}
	refill, left, err := left.publish(uint64(s.setup.Pool), s.gen)
	if err != nil {
		return ceremonies.Step{}, unable("signing/refill", err)
	}
	record, err := s.record(verified, w.digest, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable("signing/record", err)
	}
	entry, err := record.Encode()
	if err != nil {
		return ceremonies.Step{}, unable("signing/record", err)
	}
	next := s.state
	next.Stream = left
	next.Head, err = s.signHead(ledger.Head{Epoch: left.Epoch, Next: left.Next, Seq: record.Seq, Last: record.Hash()}, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable("signing/head", err)
	}
	next.Peers = s.peers(w.order.Heads)
	body, err := wire.Marshal(Response{
		Digest: w.digest,
		Ack:    s.setup.Instance.Sign(acknowledgement(w.digest, w.position), e.Random),
		Shares: shares,
		Record: entry,
		Head:   next.Head,
		Refill: refill,
	})
	if err != nil {
		return ceremonies.Step{}, unable("signing/response", err)
	}
	m, err := s.seal(wire.KindSigningResponse, body, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable("signing/response", err)
	}
	if err := s.book.Add(record); err != nil {
		return ceremonies.Step{}, unable("signing/record", err)
	}
	for _, h := range append(next.Peers, next.Head) {
		if err := s.book.AddHead(h); err != nil {
			return ceremonies.Step{}, unable("signing/head", err)
		}
	}
	save, err := s.save(next, e.Time, "released", m.Bytes)
	if err != nil {
		return ceremonies.Step{}, unable("signing/save", err)
	}
	s.own[w.digest] = true
	s.await = awaitingRequest{}
	save = append(save,
		ceremonies.Record{Name: s.ledgerName(record), Value: entry},
		ceremonies.Record{Name: responseName(w.digest), Value: m.Bytes})
	title := "Signed"
	if !w.order.signs(w.position) {
		title = "Acknowledged"
	}
	return ceremonies.Step{
		Save:   save,
		Send:   []wire.Message{m},
		Screen: ceremonies.Show{Title: title, To: "the coordinator", Message: m},
	}, nil
}

// shares gives the partial signatures of a decision, and the stream that is left
// when their nonces are burnt: none, and the stream as it is, at a station that
// only acknowledges.
func (s *Station) shares(w awaitingDecision) ([]byte, stream, *ceremonies.Fault) {
	if !w.order.signs(w.position) {
		return []byte{}, s.state.Stream, nil
	}
	verified := w.approved.Verified()
	secret, public, left, err := s.state.Stream.take(w.order.start(w.position).Index, uint64(verified.Inputs()), s.gen)
	if err != nil {
		return nil, stream{}, unable("signing/nonces", err)
	}
	defer func() {
		for _, n := range secret {
			n.Wipe()
		}
	}()
	shares, err := s.sign(w.order, verified, secret, public)
	if err != nil {
		s.await = awaitingRequest{}
		return nil, stream{}, unable("signing/sign", err)
	}
	return shares, left, nil
}

// sign gives the partial signatures of all slots, 32 bytes each, and verifies
// every one of them as the coordinator will (BIP445 PartialSigVerify): a
// miscomputed share never leaves.
func (s *Station) sign(o Order, v batch.Verified, secret []*frost.SecretNonce, public []frost.PublicNonce) ([]byte, error) {
	sessions, err := newSessions(s.setup.Group, o, v)
	if err != nil {
		return nil, err
	}
	shares := make([]byte, 0, len(secret)*shareSize)
	err = sessions.each(func(slot int, session *frost.Session) error {
		p, err := session.Sign(secret[slot], s.setup.Share, s.setup.Station)
		if err != nil {
			return err
		}
		if err := session.Verify(p, public[slot], s.setup.Station); err != nil {
			return errors.New("signing: self-check: this station computed a wrong share; the machine may be failing")
		}
		shares = append(shares, p[:]...)
		return nil
	})
	return shares, err
}

// record is the signed ledger record of a release.
func (s *Station) record(v batch.Verified, digest [32]byte, aux [32]byte) (ledger.Record, error) {
	r := releaseRecord(v, digest)
	r.Wallet = [32]byte(s.setup.Wallet.ID())
	r.Station = uint8(s.setup.Station)
	r.Seq = s.state.Head.Seq + 1
	r.Prev = s.state.Head.Last
	return ledger.SignRecord(r, s.setup.Instance, aux)
}

// refuse answers with a signed refusal. No nonce is burnt and the head stays;
// what was learnt of peers is kept, if heads are given that a snapshot was made of.
func (s *Station) refuse(e ceremonies.Event, digest [32]byte, heads []ledger.Head, rules, reason []string) (ceremonies.Step, error) {
	next := s.state
	if heads != nil {
		next.Peers = s.peers(heads)
		for _, h := range next.Peers {
			if err := s.book.AddHead(h); err != nil {
				return ceremonies.Step{}, s.contradicted(err, "signing/head")
			}
		}
	}
	reason = bounded(reason)
	body, err := wire.Marshal(Refusal{Digest: digest, Rules: rules, Reason: reason, Head: s.state.Head})
	if err != nil {
		return ceremonies.Step{}, unable("signing/refusal", err)
	}
	m, err := s.seal(wire.KindSigningRefusal, body, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable("signing/refusal", err)
	}
	save, err := s.save(next, e.Time, "refused", m.Bytes)
	if err != nil {
		return ceremonies.Step{}, unable("signing/save", err)
	}
	s.await = awaitingRequest{}
	fault := &ceremonies.Fault{
		Code:    "signing/refused",
		What:    "Refused. " + strings.Join(reason, " "),
		Suspect: ceremonies.Suspect{Kind: ceremonies.Unknown},
		Safe:    "Nothing was signed and no nonce was burnt.",
		Remedy:  "Show the refusal to the coordinator, which will say what to change.",
	}
	if len(rules) > 0 {
		fault.Code = "rule/" + rules[0]
	}
	return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: ceremonies.Failed{Fault: fault}}, nil
}

// freeze stops this station for good: it was shown its own signature over a
// later state than it has, so its disk is an older copy and the nonces it
// believes unused may have been used. Only the quorum thaws it.
func (s *Station) freeze(e ceremonies.Event, later ledger.Head) (ceremonies.Step, error) {
	b, err := wire.Marshal(later)
	if err != nil {
		return ceremonies.Step{}, unable("signing/freeze", err)
	}
	next := s.state
	next.Frozen = b
	save, err := s.save(next, e.Time, "frozen", b)
	if err != nil {
		return ceremonies.Step{}, unable("signing/save", err)
	}
	s.await = awaitingRequest{}
	return ceremonies.Step{Save: save, Screen: ceremonies.Failed{Fault: rolledBack(b)}}, nil
}

// frozenBy is the fault of a station that obeys a freeze.
func frozenBy(id [32]byte) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code:    "signing/frozen",
		Suspect: ceremonies.Suspect{Kind: ceremonies.Unknown},
		What:    fmt.Sprintf("This station is frozen by the order %q of a station or an officer.", words.Short(id)),
		Safe:    "Nothing was signed and no nonce was burnt. Answers that were given before are shown again.",
		Remedy:  "Find out who stopped the wallet and why; it signs again under a charter that lifts this freeze.",
		Record:  id[:],
	}
}

func rolledBack(head []byte) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code:    "signing/rolled-back",
		Suspect: ceremonies.Suspect{Kind: ceremonies.Unknown},
		What:    "This station is frozen: it was shown its own signature over a later state than its disk holds. The disk is an older copy.",
		Safe:    "Nothing was signed. Signing with an older copy would use nonces twice and give the share away.",
		Remedy:  "Put the newest disk back, or have the officers list this station anew.",
		Record:  head,
	}
}

// peers are the heads of the other stations in a snapshot that was accepted, less
// those that have not begun.
func (s *Station) peers(heads []ledger.Head) []ledger.Head {
	out := make([]ledger.Head, 0, len(heads))
	for i, h := range heads {
		if i != s.setup.Station && h != (ledger.Head{}) {
			out = append(out, h)
		}
	}
	return out
}

// bounded keeps a refusal within its message: so many sentences, each cut at a
// length, so that no rule and no person can make it too long to be sent.
func bounded(reasons []string) []string {
	if len(reasons) > maxReasons {
		more := fmt.Sprintf("And %d more.", len(reasons)-maxReasons+1)
		reasons = append(append([]string(nil), reasons[:maxReasons-1]...), more)
	}
	out := make([]string, len(reasons))
	for i, r := range reasons {
		if len(r) > maxReason {
			r = strings.ToValidUTF8(r[:maxReason], "") + " ..."
		}
		out[i] = r
	}
	return out
}
