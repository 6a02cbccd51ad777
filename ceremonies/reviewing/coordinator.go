package reviewing

// The coordinator's side: plain functions, for it keeps what it asked in its own
// book, and every answer can be opened again.

import (
	"errors"
	"fmt"

	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// NewInvite seals an invitation to review for the wallet of a line, with as many
// certificates as have room: a device with a shorter line takes the others one by
// one, as messages of KindCertificate. aux is 32 fresh random bytes.
func NewInvite(line lineage.Line, courier *wire.SigningKey, aux [32]byte) (wire.Message, error) {
	if !line.Valid() {
		return wire.Message{}, errors.New("reviewing: invite: the zero line has no wallet")
	}
	epochs, w := line.Epochs(), line.Wallet()
	in := Invite{Key: w.Key(), ChainCode: w.ChainCode(), Charter: epochs[0].Charter.Bytes()}
	const room = 16 << 10 // for all else in the message
	left := wire.KindReviewerInvite.MaxBody() - len(in.Charter) - room
	for _, e := range epochs[1:] {
		if left -= len(e.Certificate) + 5; left < 0 {
			break
		}
		in.Certificates = append(in.Certificates, e.Certificate)
	}
	body, err := wire.Marshal(in)
	if err != nil {
		return wire.Message{}, err
	}
	m, err := wire.Seal(wire.KindReviewerInvite, [32]byte{}, body, courier, aux)
	if err != nil {
		return wire.Message{}, err
	}
	if _, err := openInvite(m.Bytes); err != nil {
		return wire.Message{}, fmt.Errorf("reviewing: invite: %w", err)
	}
	return m, nil
}

// AskBatch is a request that a person approves a batch, with the evidence so far.
func AskBatch(person string, r batch.Request, e policy.Evidence, expiry int64) (Request, error) {
	facts, err := r.Encode()
	if err != nil {
		return Request{}, err
	}
	evidence, err := e.Encode()
	if err != nil {
		return Request{}, err
	}
	return Request{Person: person, Subject: Batch, Facts: facts, Evidence: evidence, Expiry: expiry}, nil
}

// AskBallot is a request that a person approves a change of the charter.
func AskBallot(person string, b lineage.Ballot, expiry int64) (Request, error) {
	b.Voids = nil
	facts, err := b.Encode()
	if err != nil {
		return Request{}, err
	}
	return Request{Person: person, Subject: Ballot, Facts: facts, Expiry: expiry}, nil
}

// AskNotFrozen is a request that a person states that nothing is frozen.
func AskNotFrozen(person string, expiry int64) Request {
	return Request{Person: person, Subject: NotFrozen, Expiry: expiry}
}

// AsDraft asks for the person's draft instead: that this is what they asked for.
// Rules that ask who drafted a batch or a change go by it.
func (q Request) AsDraft() Request {
	q.Draft = true
	return q
}

// Seal gives the message to show to the person's device. aux is 32 fresh random
// bytes.
func (q Request) Seal(w wallet.ID, courier *wire.SigningKey, aux [32]byte) (wire.Message, error) {
	body, err := wire.Marshal(q)
	if err != nil {
		return wire.Message{}, err
	}
	return wire.Seal(wire.KindApprovalRequest, [32]byte(w), body, courier, aux)
}

// subject is what a statement about the request must be about.
func (q Request) subject(w [32]byte) ([32]byte, error) {
	switch q.Subject {
	case Batch:
		r, err := batch.Decode(q.Facts)
		return approval.OfBatch([32]byte(r.ID())), err
	case Ballot:
		b, err := lineage.DecodeBallot(q.Facts)
		if err != nil {
			return [32]byte{}, err
		}
		next, err := charter.Decode(b.Charter)
		return approval.OfBallot(lineage.BallotDigest(w, b.Prior, next.ID(), b.Number)), err
	case NotFrozen:
		return approval.OfWallet(w), nil
	}
	return [32]byte{}, fmt.Errorf("reviewing: subject %d is unknown to this version", q.Subject)
}

// Opened is an answer that belongs to its request.
type Opened struct {
	Person   string
	Decision approval.Decision // 0: refused, and nothing was signed
	Signed   approval.Signed
	Encoded  []byte // of Signed, as evidence carries it
	Reason   string
}

// OpenAnswer reads a device's answer to a sealed request, at the time now: it was
// sealed by a device of the person who was asked, it answers this very request,
// and its statement verifies under the charter in force. Only statements that a
// station would count come out of it.
func OpenAnswer(line lineage.Line, now int64, request wire.Message, sealed []byte) (Opened, error) {
	ring, err := line.Keyring(now)
	if err != nil {
		return Opened{}, err
	}
	asked, err := wire.Open(request.Bytes, ring)
	if err != nil {
		return Opened{}, fmt.Errorf("reviewing: answer: the request itself: %w", err)
	}
	var q Request
	if err := wire.Unmarshal(asked.Body(), &q, wire.KindApprovalRequest.MaxBody()); err != nil {
		return Opened{}, fmt.Errorf("reviewing: answer: the request itself: %w", err)
	}
	opened, err := wire.Open(sealed, ring)
	if err != nil {
		return Opened{}, fmt.Errorf("reviewing: answer: %w", err)
	}
	if opened.Kind() != wire.KindApproval {
		return Opened{}, fmt.Errorf("reviewing: answer: this is a %s", opened.Kind())
	}
	c := line.At(now).Charter()
	keys := c.OfflineKeys()
	if at := opened.Party().Station; at >= len(keys) || keys[at].Person != q.Person {
		return Opened{}, fmt.Errorf("reviewing: answer: it is not by the device of %q, who was asked", q.Person)
	}
	var a Answer
	if err := wire.Unmarshal(opened.Body(), &a, wire.KindApproval.MaxBody()); err != nil {
		return Opened{}, fmt.Errorf("reviewing: answer: %w", err)
	}
	if a.Request != asked.Digest() {
		return Opened{}, errors.New("reviewing: answer: it answers another request")
	}
	if len(a.Reason) > maxReason {
		return Opened{}, errors.New("reviewing: answer: its reason is too long")
	}
	out := Opened{Person: q.Person, Reason: a.Reason}
	if len(a.Statement) == 0 {
		return out, nil
	}
	if err := out.read(c, line, now, q, a.Statement); err != nil {
		return Opened{}, err
	}
	return out, nil
}

// read takes the statement of an answer.
func (o *Opened) read(c charter.Charter, line lineage.Line, now int64, q Request, statement []byte) error {
	s, err := approval.DecodeSigned(statement)
	if err != nil {
		return fmt.Errorf("reviewing: answer: %w", err)
	}
	w := [32]byte(line.Wallet().ID())
	subject, err := q.subject(w)
	if err != nil {
		return err
	}
	// A veto answers every request but the one whether anything is frozen.
	asked := approval.Approve
	if q.Draft {
		asked = approval.Draft
	}
	if q.Subject == NotFrozen {
		asked = approval.NotFrozen
	}
	vetoes := s.Decision == approval.Veto && q.Subject != NotFrozen
	if s.Decision != asked && !vetoes || s.Person != q.Person {
		return errors.New("reviewing: answer: its statement is not what was asked for")
	}
	set, err := approval.Verify(c, w, subject, []approval.Signed{s})
	if err != nil {
		return fmt.Errorf("reviewing: answer: %w", err)
	}
	set = set.At(now, int64(c.Document().ClockTolerance))
	for _, v := range set.Void() {
		return fmt.Errorf("reviewing: answer: the %s of %q %s", v.Decision, v.Person, v.Why)
	}
	o.Decision, o.Signed, o.Encoded = s.Decision, s, statement
	return nil
}
