package coordinator

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/ceremonies/reviewing"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// reviewPrefix is where requests to offline reviewers are kept, sealed, so that
// the answer to one that was shown is known after a restart.
const reviewPrefix = "review/"

// reviewFile is a request as it is kept: what it asked, apart from its times.
type reviewFile struct {
	Sealed []byte   `cbor:"1,keyasint"`
	Asked  [32]byte `cbor:"2,keyasint"` // digest of person, subject, facts and evidence
	Expiry int64    `cbor:"3,keyasint"`
}

// ReviewerRefused says that a reviewer signed nothing, and why.
type ReviewerRefused struct{ Person, About, Reason string }

func (r *ReviewerRefused) Error() string {
	why := r.Reason
	if why == "" {
		why = "no reason is given"
	}
	return fmt.Sprintf("%s does not approve %s: %s", r.Person, r.About, why)
}

// Review shows a request to the offline device of a person, scans the device's
// answer and takes in what the person signed. It goes on with a request that was
// shown before, as long as what it asks is the same.
func (c *Coordinator) Review(ctx context.Context, at Terminal, about Subject, person string, lifetime int64) (Taken, error) {
	now, err := c.at(c.now())
	if err != nil {
		return Taken{}, err
	}
	who, err := personIn(now.Charter, person)
	if err != nil {
		return Taken{}, err
	}
	if _, err := pickCredential(who, "", "offline device", charter.CredentialOffline); err != nil {
		return Taken{}, err
	}
	q, err := c.request(now, about, who.Name, c.now()+lifetime)
	if err != nil {
		return Taken{}, err
	}
	m, err := c.sealReview(now, q)
	if err != nil {
		return Taken{}, err
	}
	show := ceremonies.Show{Title: fmt.Sprintf("Approval of %s by %s", about.About, who.Name), To: "the device of " + who.Name, Message: m}
	for {
		if word, err := at.Show(ctx, show); err != nil || word == Away {
			return Taken{}, errors.Join(err, waiting(word))
		}
		taken, again, err := c.heard(ctx, at, now, m, about)
		if err != nil || !again {
			return taken, err
		}
	}
}

// heard scans until the device's answer to a request is found.
func (c *Coordinator) heard(ctx context.Context, at Terminal, now standing, m wire.Message, about Subject) (taken Taken, again bool, err error) {
	var refused told
	for {
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: "Approval of " + about.About, Want: "the device's answer"})
		switch {
		case err != nil:
			return Taken{}, false, err
		case word == Away:
			return Taken{}, false, ErrWaiting
		case word == Again:
			return Taken{}, true, nil
		}
		answer, err := reviewing.OpenAnswer(now.Line, c.now(), m, b)
		if err != nil {
			refused.tell(at, b, &ceremonies.Fault{
				Code: "reviewing/answer", What: "This is no answer to the request: " + err.Error() + ".",
				Safe: "Nothing was taken in.", Remedy: "Type show, let the device scan the request, and scan its answer.",
			})
			continue
		}
		if answer.Decision == 0 {
			return Taken{}, false, &ReviewerRefused{Person: answer.Person, About: about.About, Reason: answer.Reason}
		}
		taken, err = c.takeSigned(now, answer.Signed, about)
		return taken, false, err
	}
}

// request is what a person is asked about a subject, with all that is known.
func (c *Coordinator) request(now standing, about Subject, person string, expiry int64) (reviewing.Request, error) {
	whole, err := c.WalletSubject()
	if err != nil {
		return reviewing.Request{}, err
	}
	if about.ID == whole.ID {
		return reviewing.AskNotFrozen(person, expiry), nil
	}
	if a, err := c.Amendment(); err == nil && about.ID == approval.OfBallot(a.Digest) {
		b, err := c.ballot(a)
		if err != nil {
			return reviewing.Request{}, err
		}
		return reviewing.AskBallot(person, b, expiry)
	} else if err != nil && !errors.Is(err, ErrNoAmendment) {
		return reviewing.Request{}, err
	}
	state, err := c.store.Load()
	if err != nil {
		return reviewing.Request{}, err
	}
	for _, b := range state.Batches {
		if approval.OfBatch([32]byte(b.ID)) == about.ID {
			return c.batchRequest(now, b, person, expiry)
		}
	}
	return reviewing.Request{}, fmt.Errorf("coordinator: there is nothing to approve about %s", about.About)
}

func (c *Coordinator) batchRequest(now standing, b book.Batch, person string, expiry int64) (reviewing.Request, error) {
	r, err := batch.Decode(b.Request)
	if err != nil {
		return reviewing.Request{}, err
	}
	v, err := c.verify(b)
	if err != nil {
		return reviewing.Request{}, err
	}
	e, err := c.evidence(now.Charter, v)
	if err != nil {
		return reviewing.Request{}, err
	}
	return reviewing.AskBatch(person, r, e, expiry)
}

// sealReview seals a request, or gives the one that was shown before if it asks
// the same and holds for at least half as long.
func (c *Coordinator) sealReview(now standing, q reviewing.Request) (wire.Message, error) {
	bare := q
	bare.Expiry = 0
	body, err := wire.Marshal(bare)
	if err != nil {
		return wire.Message{}, err
	}
	id := now.Charter.ID()
	asked := sha256.Sum256(append(body, id[:]...))
	name := fmt.Sprintf("%s%x", reviewPrefix, asked[:16])
	kept, err := c.record(name)
	if err != nil {
		return wire.Message{}, err
	}
	if kept != nil {
		var f reviewFile
		if err := wire.Unmarshal(kept, &f, 4<<20); err != nil {
			return wire.Message{}, err
		}
		if f.Asked == asked && f.Expiry-c.now() >= (q.Expiry-c.now())/2 {
			return wire.Message{Kind: wire.KindApprovalRequest, Bytes: f.Sealed}, nil
		}
	}
	e, err := c.event(ceremonies.Start{})
	if err != nil {
		return wire.Message{}, err
	}
	m, err := q.Seal(now.Wallet.ID(), c.courier, e.Random)
	if err != nil {
		return wire.Message{}, err
	}
	b, err := wire.Marshal(reviewFile{Sealed: m.Bytes, Asked: asked, Expiry: q.Expiry})
	if err != nil {
		return wire.Message{}, err
	}
	return m, c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: name, Value: b}}})
}

// ballot is an amendment as a reviewer reads it, with what people signed so far.
func (c *Coordinator) ballot(a Amendment) (lineage.Ballot, error) {
	b := lineage.Ballot{Prior: a.Charter.Document().Prior, Number: a.Number, Charter: a.Charter.Bytes()}
	chosen, err := c.chosen(a.Base, a.subject(), c.now())
	if err != nil {
		return b, err
	}
	b.Statements, err = encoded(chosen)
	return b, err
}

// TakeReviewer scans the key of a person's offline device, for the charter.
func (c *Coordinator) TakeReviewer(ctx context.Context, at Terminal) (reviewing.Candidate, error) {
	var refused told
	for {
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: "Key of a reviewing device", Want: "the key that a person's device shows"})
		if err != nil {
			return reviewing.Candidate{}, err
		}
		if word != GoOn {
			return reviewing.Candidate{}, ErrWaiting
		}
		k, err := reviewing.OpenKey(b)
		if err == nil && k.Network != c.settings.Network {
			err = fmt.Errorf("the device is set up for %s, this treasury for %s", k.Network, c.settings.Network)
		}
		if err == nil {
			return k, nil
		}
		refused.tell(at, b, &ceremonies.Fault{
			Code: "reviewing/key", What: "This is no key of a reviewing device: " + err.Error() + ".",
			Safe: "Nothing was taken in.", Remedy: "Have the device show its key.",
		})
	}
}

// Invite shows a reviewing device the wallet and its charters, until the person
// says that it has them. Certificates that have no room in the invitation follow.
func (c *Coordinator) Invite(ctx context.Context, at Terminal) error {
	line, err := c.Line()
	if err != nil {
		return err
	}
	e, err := c.event(ceremonies.Start{})
	if err != nil {
		return err
	}
	m, err := reviewing.NewInvite(line, c.courier, e.Random)
	if err != nil {
		return err
	}
	word, err := at.Show(ctx, ceremonies.Show{Title: "Invitation to review", To: "a person's device", Message: m})
	return errors.Join(err, waiting(word))
}
