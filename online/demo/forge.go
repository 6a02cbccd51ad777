package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/online/coordinator/book"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/policy"
	"heliograph/shared/policy/lineage"
)

// forgery is a request that no honest coordinator would show: about a batch that
// is drafted, with other facts, or with other statements of people.
type forgery struct {
	message string                     // what it is called on the page
	number  int                        // of the batch
	quorum  []int                      // whose first station sees it
	facts   func(*batch.Request) error // nil: as they are
	signed  []approval.Signed          // instead of what people signed, unless nil
}

// forge draws up a request as the honest coordinator does, with its key, its
// records and nonces that are free; and keeps nothing of it.
func (h *hostile) forge(f forgery) ([]byte, error) {
	b, err := h.batch(f.number)
	if err != nil {
		return nil, err
	}
	r, err := batch.Decode(b.Request)
	if err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	r.Expiry, r.Time = r.Expiry+now-r.Time, now
	if f.facts != nil {
		if err := f.facts(&r); err != nil {
			return nil, err
		}
	}
	signed := f.signed
	if signed == nil {
		if signed, err = h.signed(f.number); err != nil {
			return nil, err
		}
	}
	var e policy.Evidence
	for _, s := range signed {
		statement, err := s.Encode()
		if err != nil {
			return nil, err
		}
		e.Statements = append(e.Statements, statement)
	}
	desk, err := h.desk()
	if err != nil {
		return nil, err
	}
	random, err := random()
	if err != nil {
		return nil, err
	}
	_, step, err := desk.Open(r, e, f.quorum, ceremonies.Event{Time: now, Random: random, Input: ceremonies.Start{}})
	if err != nil {
		return nil, err
	}
	if len(step.Send) != 1 {
		return nil, fmt.Errorf("a request of %d messages", len(step.Send))
	}
	return step.Send[0].Bytes, nil
}

func (h *hostile) batch(number int) (book.Batch, error) {
	for _, b := range h.state.Batches {
		if b.Number == number {
			return b, nil
		}
	}
	return book.Batch{}, fmt.Errorf("no batch %d", number)
}

// signed is what people signed about a batch under the charter in force.
func (h *hostile) signed(number int) ([]approval.Signed, error) {
	b, err := h.batch(number)
	if err != nil {
		return nil, err
	}
	line, err := h.line()
	if err != nil {
		return nil, err
	}
	inForce := line.At(time.Now().Unix()).Charter().ID()
	subject := approval.OfBatch([32]byte(b.ID))
	kept, err := h.store.Records(fmt.Sprintf("statement/%x/", subject))
	if err != nil {
		return nil, err
	}
	var out []approval.Signed
	for _, r := range kept {
		s, err := approval.DecodeSigned(r.Value)
		if err != nil {
			return nil, err
		}
		if s.Charter == inForce {
			out = append(out, s)
		}
	}
	return out, nil
}

// pick takes of statements those of some people, by name and decision: "Ann
// draft".
func pick(all []approval.Signed, want ...string) ([]approval.Signed, error) {
	var out []approval.Signed
	for _, name := range want {
		at := -1
		for i, s := range all {
			if s.Person+" "+s.Decision.String() == name {
				at = i
			}
		}
		if at < 0 {
			return nil, fmt.Errorf("demo: nobody kept a statement %q", name)
		}
		out = append(out, all[at])
		all = append(append([]approval.Signed{}, all[:at]...), all[at+1:]...)
	}
	return out, nil
}

// line is the wallet's line of charters as the coordinator has adopted it.
func (h *hostile) line() (lineage.Line, error) {
	kept, err := h.store.Records(amendment.Prefix)
	if err != nil {
		return lineage.Line{}, err
	}
	return amendment.Follow(h.public.Line(), kept)
}

// forged plays a forgery on the coordinator's screen to a station that must refuse
// it, and lets the station's refusal go nowhere.
func (w *world) forged(ctx context.Context, p *process, h *hostile, f forgery, code, sentence string) error {
	sealed, err := h.forge(f)
	if err != nil {
		return fmt.Errorf("demo: forge a request: %w", err)
	}
	err = h.show(ctx, sealed, func() error { return w.refuses(ctx, p, f.message, code, sentence, promptShow) })
	if err != nil {
		return err
	}
	if err := p.say(""); err != nil {
		return err
	}
	_, _, err = p.expect(ctx, promptScan)
	return err
}

// steals opens the coordinator's folder for a thief while do runs.
func (w *world) steals(do func(h *hostile) error) error {
	h, err := w.turn()
	if err != nil {
		return err
	}
	return errors.Join(do(h), h.close())
}

// signsUnasked is a statement of a member under the charter in force, as the member's
// authenticator signs it when nobody asked it to.
func (h *hostile) signsUnasked(m member, number int) (approval.Signed, error) {
	b, err := h.batch(number)
	if err != nil {
		return approval.Signed{}, err
	}
	line, err := h.line()
	if err != nil {
		return approval.Signed{}, err
	}
	now := time.Now().Unix()
	c := line.At(now).Charter()
	s := approval.Statement{
		Wallet: [32]byte(h.public.Wallet.ID()), Charter: c.ID(), Subject: approval.OfBatch([32]byte(b.ID)),
		Decision: approval.Approve, Person: m.name, Time: now, Expiry: now + 3600,
	}
	proof, err := m.packed(c.Document().Web, s.Challenge())
	return approval.Signed{
		Charter: s.Charter, Subject: s.Subject, Decision: s.Decision, Person: s.Person, Credential: testCredential,
		Time: s.Time, Expiry: s.Expiry, Proof: proof,
	}, err
}
