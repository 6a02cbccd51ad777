package coordinator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"

	"heliograph/online/coordinator/book"
)

// SignOptions say how a batch is carried to the stations.
type SignOptions struct {
	Quorum []int // in visiting order; empty chooses
	// Anyway shows a batch that the charter refuses. The stations judge for
	// themselves and refuse it too; this only lets people see it.
	Anyway bool
}

// StationRefused says that a session ended with a station's signed refusal.
type StationRefused struct{ Why string }

func (r *StationRefused) Error() string { return r.Why }

// Sign carries a batch through a quorum, one visit per station, and keeps the
// signed transactions. It goes on with a session that was begun. When a station
// does not come, another quorum is asked for: the transactions and the anchors
// stay the same, so nothing can be paid twice.
func (c *Coordinator) Sign(ctx context.Context, at Terminal, ref string, o SignOptions) (book.Batch, error) {
	_, b, err := c.find(ref)
	if err != nil {
		return b, err
	}
	if b.Status != book.BatchDrafted && b.Status != book.BatchSigning {
		return b, fmt.Errorf("coordinator: sign batch %d: it is %s", b.Number, b.Status)
	}
	if err := c.unfrozen(); err != nil && !o.Anyway {
		return b, err
	}
	desk, p, err := c.desk()
	if err != nil {
		return b, err
	}
	s := signer{c: c, at: at, desk: desk, public: p, batch: b, anyway: o.Anyway}
	var step ceremonies.Step
	if b.Status == book.BatchSigning {
		step, err = s.resume(o.Quorum)
	} else {
		step, err = s.open(o.Quorum)
	}
	for err == nil {
		var word Word
		if word, err = s.visits(ctx, step); err != nil || word != Away {
			break
		}
		var quorum []int
		quorum, err = at.Quorum(ctx, int(p.Charter.Document().Threshold), stations(desk, p))
		if err == nil && len(quorum) == 0 {
			err = ErrWaiting
		}
		if err == nil {
			step, err = s.open(quorum)
		}
	}
	return s.batch, err
}

// signer drives one batch's sessions. After an error its machine may be ahead of
// the store: it is dropped, and the next Sign begins from what was kept.
type signer struct {
	c       *Coordinator
	at      Terminal
	desk    *signing.Desk
	public  standing
	batch   book.Batch
	anyway  bool
	session *signing.Session
}

// resume goes on with the open session.
func (s *signer) resume(quorum []int) (ceremonies.Step, error) {
	kept, err := s.c.record(signing.SessionName(s.batch.Session))
	if err != nil {
		return ceremonies.Step{}, err
	}
	if s.session, err = s.desk.ResumeSession(kept); err != nil {
		return ceremonies.Step{}, err
	}
	open, done := s.session.Quorum()
	if len(quorum) > 0 && !slices.Equal(quorum, open) {
		return ceremonies.Step{}, fmt.Errorf("coordinator: sign batch %d: a session with stations %v is open and waits for station %d: leave --quorum out to go on with it, and type away there to end it", s.batch.Number, open, open[done])
	}
	return s.c.step(s.session, ceremonies.Start{})
}

// open draws up an order for a quorum, with the time stated anew and all that
// people have signed until now.
func (s *signer) open(quorum []int) (ceremonies.Step, error) {
	e, err := s.c.event(ceremonies.Start{})
	if err != nil {
		return ceremonies.Step{}, err
	}
	r, err := restated(s.batch.Request, e.Time)
	if err != nil {
		return ceremonies.Step{}, err
	}
	j, err := s.judge(r, quorum)
	if err != nil {
		return ceremonies.Step{}, err
	}
	session, step, err := s.desk.Open(r, j.evidence, j.quorum, e)
	if err != nil {
		return ceremonies.Step{}, err
	}
	facts, err := r.Encode()
	if err != nil {
		return ceremonies.Step{}, err
	}
	move := book.BatchMove{ID: s.batch.ID, From: book.BatchDrafted, To: book.BatchSigning, Request: facts, Session: session.Digest()}
	if err := s.c.store.Commit(book.Change{Records: step.Save, Batches: []book.BatchMove{move}}); err != nil {
		return ceremonies.Step{}, err
	}
	s.session = session
	s.batch.Status, s.batch.Request, s.batch.Session = move.To, move.Request, move.Session
	return step, nil
}

func (s *signer) checkQuorum(quorum []int) error {
	d := s.public.Charter.Document()
	if len(quorum) > 0 && len(quorum) < int(d.Threshold) {
		return fmt.Errorf("coordinator: sign batch %d: at least %d stations sign together, %d are named", s.batch.Number, d.Threshold, len(quorum))
	}
	for i, station := range quorum {
		if station < 0 || station >= len(d.Stations) || slices.Contains(quorum[:i], station) {
			return fmt.Errorf("coordinator: sign batch %d: station %d is named twice or does not exist: stations are 0 to %d", s.batch.Number, station, len(d.Stations)-1)
		}
	}
	return nil
}

// judge spares people the walk with a batch that the stations will refuse by
// now, though they might have signed it when it was drafted. It chooses the
// quorum, unless one is named.
func (s *signer) judge(r batch.Request, quorum []int) (judged, error) {
	if err := s.checkQuorum(quorum); err != nil {
		return judged{}, err
	}
	v, err := r.Verify(s.public.Wallet)
	if err != nil {
		return judged{}, err
	}
	if v.ID() != s.batch.ID {
		return judged{}, fmt.Errorf("coordinator: sign batch %d: its request is that of another batch: the store was changed by something else", s.batch.Number)
	}
	if err := enoughNonces(s.desk, s.public, v.Inputs()); err != nil && len(quorum) == 0 {
		return judged{}, err
	}
	claims, err := s.c.keptClaims(v.ID())
	if err != nil {
		return judged{}, err
	}
	j, err := s.c.judge(s.desk, s.public, v, quorum, claims)
	if err != nil || j.Allowed || s.anyway {
		return j, err
	}
	if r.Charter != j.charter.ID() {
		return judged{}, &Stale{Number: s.batch.Number}
	}
	needs, against := j.needs()
	if len(against) > 0 {
		needs = nil
	}
	return judged{}, &Refused{Verdict: j.Verdict, Needs: needs}
}

// visits goes from station to station until the session is over: with
// signatures (GoOn), or because a station is away.
func (s *signer) visits(ctx context.Context, step ceremonies.Step) (Word, error) {
	for {
		word, err := s.show(ctx, step)
		if err != nil {
			return GoOn, err
		}
		if word == Away {
			return Away, s.away()
		}
		next, word, err := s.answer(ctx)
		if err != nil {
			return GoOn, err
		}
		switch word {
		case Away:
			return Away, s.away()
		case Again:
			if step, err = s.c.step(s.session, ceremonies.Start{}); err != nil {
				return GoOn, err
			}
			continue
		}
		if _, ok := next.Screen.(ceremonies.Failed); ok {
			return GoOn, s.ended(next)
		}
		if _, ok := next.Screen.(ceremonies.Done); ok {
			return GoOn, s.signed(next)
		}
		if err := s.c.store.Commit(book.Change{Records: next.Save}); err != nil {
			return GoOn, err
		}
		step = next
	}
}

// show shows all messages of a visit in their order: a station that was away for
// long learns what it missed before the request comes.
func (s *signer) show(ctx context.Context, step ceremonies.Step) (Word, error) {
	last, ok := step.Screen.(ceremonies.Show)
	if !ok || len(step.Send) == 0 {
		return GoOn, fmt.Errorf("coordinator: sign: a screen of type %T: internal error", step.Screen)
	}
	for i, m := range step.Send[:len(step.Send)-1] {
		before := ceremonies.Show{Title: fmt.Sprintf("%s: first what the station missed, %d of %d", last.Title, i+1, len(step.Send)-1), To: last.To, Message: m}
		if word, err := s.at.Show(ctx, before); err != nil || word != GoOn {
			return word, err
		}
	}
	return s.at.Show(ctx, last)
}

// answer scans until the session takes a message; the step is not kept yet. What
// does not fit is told and changes nothing. Evidence against a station ends the
// scan, for a person to decide what to do with that station.
func (s *signer) answer(ctx context.Context) (ceremonies.Step, Word, error) {
	quorum, done := s.session.Quorum()
	name := s.public.Charter.Document().Stations[quorum[done]].Name
	var refused told
	for {
		b, word, err := s.at.Scan(ctx, ceremonies.Scan{
			Title: fmt.Sprintf("Visit %d of %d", done+1, len(quorum)),
			Want:  fmt.Sprintf("the answer of station %d (%s)", quorum[done], name),
		})
		if err != nil || word != GoOn {
			return ceremonies.Step{}, word, err
		}
		e, err := s.c.event(ceremonies.Scanned{Bytes: b})
		if err != nil {
			return ceremonies.Step{}, GoOn, err
		}
		step, err := s.session.Step(e)
		fault, ok := errors.AsType[*ceremonies.Fault](err)
		if !ok {
			return step, GoOn, err
		}
		refused.tell(s.at, b, fault)
		if fault.Suspect.Kind == ceremonies.Station {
			return ceremonies.Step{}, Again, nil
		}
	}
}

// away ends the session; the batch can be opened for another quorum.
func (s *signer) away() error {
	quorum, done := s.session.Quorum()
	e, err := s.c.event(ceremonies.Away{Station: quorum[done]})
	if err != nil {
		return err
	}
	step, err := s.session.Step(e)
	if err != nil {
		return err
	}
	return s.close(step)
}

// close keeps the end of a session without signatures.
func (s *signer) close(step ceremonies.Step) error {
	move := book.BatchMove{ID: s.batch.ID, From: book.BatchSigning, To: book.BatchDrafted, Session: s.batch.Session}
	if err := s.c.store.Commit(book.Change{Records: step.Save, Batches: []book.BatchMove{move}}); err != nil {
		return err
	}
	s.batch.Status = move.To
	s.at.Tell(step.Screen)
	return nil
}

// ended keeps a station's refusal.
func (s *signer) ended(step ceremonies.Step) error {
	if err := s.close(step); err != nil {
		return err
	}
	return &StationRefused{Why: s.session.Ended()}
}

// signed keeps the signatures and the finished transactions, together: each was
// verified against BIP340 and by the script engine before.
func (s *signer) signed(step ceremonies.Step) error {
	v := s.session.Verified()
	var signatures []byte
	for _, r := range step.Save {
		if r.Name == signing.SignaturesName(s.session.Digest()) {
			signatures = r.Value
		}
	}
	change := book.Change{
		Records: step.Save,
		Batches: []book.BatchMove{{ID: s.batch.ID, From: book.BatchSigning, To: book.BatchSigned, Session: s.batch.Session}},
	}
	for i := range v.Transactions() {
		t, err := finalise(s.batch, v, signatures, i, 0)
		if err != nil {
			return err
		}
		change.Transactions = append(change.Transactions, t)
	}
	for _, p := range v.Request().Payments {
		change.Payouts = append(change.Payouts, book.PayoutMove{ExternalID: p.ExternalID, From: book.Drafted, To: book.Signed, Batch: s.batch.ID})
	}
	if err := s.c.store.Commit(change); err != nil {
		return err
	}
	s.batch.Status = book.BatchSigned
	s.at.Tell(step.Screen)
	return nil
}
