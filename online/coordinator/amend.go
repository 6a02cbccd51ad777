package coordinator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/shared/approval"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// Amendment is the change of the charter that is under way.
type Amendment struct {
	amendment.Proposal
	Base      charter.Charter // in force
	Withdraws bool            // a charter that is adopted and not yet in force
	Earlier   []ceremonies.Line
}

// ErrNoAmendment says that no change of the charter is under way.
var ErrNoAmendment = errors.New("no change of the charter is under way")

// NotReady says why no station would show an amendment to its people yet.
type NotReady struct{ Why []string }

func (n *NotReady) Error() string {
	return "no station acknowledges this amendment yet:\n  " + strings.Join(n.Why, "\n  ")
}

// amendments opens the coordinator's side of amendments.
func (c *Coordinator) amendments() (*amendment.Coordinator, error) {
	p, err := c.Public()
	if err != nil {
		return nil, err
	}
	kept, err := c.store.Records(amendment.Prefix)
	if err != nil {
		return nil, err
	}
	return amendment.NewCoordinator(p.Line(), c.courier, kept)
}

// Line is the wallet's line of charters, with every amendment that was certified.
// ErrNoWallet before there is a wallet.
func (c *Coordinator) Line() (lineage.Line, error) {
	if c.line.Valid() {
		return c.line, nil
	}
	m, err := c.amendments()
	if err != nil {
		return lineage.Line{}, err
	}
	c.line = m.Line()
	return c.line, nil
}

// amend runs a step of the machine and keeps what it saves.
func (c *Coordinator) amend(m *amendment.Coordinator, run func(ceremonies.Event) (ceremonies.Step, error)) (ceremonies.Step, error) {
	e, err := c.event(ceremonies.Start{})
	if err != nil {
		return ceremonies.Step{}, err
	}
	step, err := run(e)
	if err != nil || len(step.Save) == 0 {
		return step, err
	}
	if err := c.store.Commit(book.Change{Records: step.Save}); err != nil {
		return ceremonies.Step{}, err
	}
	c.line = m.Line()
	return step, nil
}

// DraftAmendment begins a ballot for a charter that is to follow the newest one.
// It replaces one that is under way; what people signed about that one counts
// for it alone. A charter that is under way already stays as it is.
func (c *Coordinator) DraftAmendment(next charter.Charter) (Amendment, error) {
	m, err := c.amendments()
	if err != nil {
		return Amendment{}, err
	}
	before, under, err := m.Proposal(c.now())
	if err != nil {
		return Amendment{}, err
	}
	if !under || before.Charter.ID() != next.ID() {
		if _, err := c.amend(m, func(e ceremonies.Event) (ceremonies.Step, error) { return m.Propose(next, e) }); err != nil {
			return Amendment{}, err
		}
	}
	if err := c.addUnfrozen(m); err != nil {
		return Amendment{}, err
	}
	return c.Amendment()
}

// addUnfrozen gives the ballot that is under way the statements that nothing is
// frozen, which are about the wallet and not about it. One that counts nothing is
// left out.
func (c *Coordinator) addUnfrozen(m *amendment.Coordinator) error {
	about, err := c.WalletSubject()
	if err != nil {
		return err
	}
	said, err := c.chosen(m.Line().At(c.now()).Charter(), about, c.now())
	if err != nil {
		return err
	}
	for _, s := range said {
		b, err := s.Encode()
		if err != nil {
			return err
		}
		_, err = c.amend(m, func(e ceremonies.Event) (ceremonies.Step, error) { return m.Add(b, e) })
		if _, void := errors.AsType[*ceremonies.Fault](err); err != nil && !void {
			return err
		}
	}
	return nil
}

// Amendment is the change that is under way, with all that people signed about it
// until now. ErrNoAmendment if there is none.
func (c *Coordinator) Amendment() (Amendment, error) {
	m, err := c.amendments()
	if err != nil {
		return Amendment{}, err
	}
	p, under, err := m.Proposal(c.now())
	if err != nil {
		return Amendment{}, err
	}
	if !under {
		return Amendment{}, ErrNoAmendment
	}
	base := m.Line().At(c.now()).Charter()
	return Amendment{Proposal: p, Base: base, Withdraws: base.ID() != m.Line().Latest().ID(), Earlier: m.Earlier()}, nil
}

func (a Amendment) subject() Subject {
	return Subject{ID: approval.OfBallot(a.Digest), About: fmt.Sprintf("the amendment to charter %d", a.Charter.Document().Epoch)}
}

// Withdrawal is the charter in force once more, to be drafted as an amendment: it
// withdraws what is adopted and not yet in force, stations that are to be listed
// anew among it. An error if there is nothing to withdraw.
func (c *Coordinator) Withdrawal() (charter.Charter, error) {
	line, err := c.Line()
	if err != nil {
		return charter.Charter{}, err
	}
	if _, _, pending := line.Pending(c.now()); !pending {
		return charter.Charter{}, errors.New("coordinator: withdraw: no charter is adopted and not yet in force")
	}
	of := successor(line, c.now()/day*day)
	d := line.At(c.now()).Charter().Document()
	d.Epoch, d.Prior, d.Issued = of.Epoch, of.Prior, of.Issued
	return charter.New(d)
}

// AmendmentSubject is the amendment that is under way, as people sign about it.
func (c *Coordinator) AmendmentSubject() (Subject, error) {
	a, err := c.Amendment()
	if err != nil {
		return Subject{}, err
	}
	return a.subject(), nil
}

// CarryAmendment shows the ballot that is under way to one station after another
// until enough have acknowledged it, and then the certificate, until the person
// says that every station which is there has it. It goes on where it was.
func (c *Coordinator) CarryAmendment(ctx context.Context, at Terminal) error {
	m, err := c.amendments()
	if err != nil {
		return err
	}
	if err := c.addUnfrozen(m); err != nil {
		return err
	}
	a, err := c.Amendment()
	if err != nil {
		return err
	}
	if !a.Ready {
		return &NotReady{Why: a.Why}
	}
	first, err := c.missed(a)
	if err != nil {
		return err
	}
	for {
		step, err := c.step(m, ceremonies.Start{})
		if err != nil {
			return err
		}
		show, ok := step.Screen.(ceremonies.Show)
		if !ok {
			return c.unready(m)
		}
		for i, message := range first {
			before := ceremonies.Show{Title: fmt.Sprintf("%s: first what the station may have missed, %d of %d", show.Title, i+1, len(first)), To: show.To, Message: message}
			if word, err := at.Show(ctx, before); err != nil || word == Away {
				return errors.Join(err, waiting(word))
			}
		}
		if word, err := at.Show(ctx, show); err != nil || word == Away {
			return errors.Join(err, waiting(word))
		}
		want := "an acknowledgement of the ballot, a refusal, or a void"
		step, err = c.scanInto(ctx, at, m, ceremonies.Scan{Title: show.Title, Want: want})
		if err != nil {
			return err
		}
		c.line = m.Line()
		switch screen := step.Screen.(type) {
		case ceremonies.Failed:
			at.Tell(screen)
		case ceremonies.Show:
			if screen.Message.Kind == wire.KindCertificate {
				word, err := at.Show(ctx, screen)
				return errors.Join(err, waiting(word))
			}
		}
	}
}

// missed is what a station must know before it can acknowledge an amendment that
// replaces an instance: every record that the old one signed.
func (c *Coordinator) missed(a Amendment) ([]wire.Message, error) {
	if len(a.Change.Replaced) == 0 {
		return nil, nil
	}
	desk, p, err := c.desk()
	if err != nil {
		return nil, err
	}
	gone := make(map[wire.PublicKey]bool)
	for _, i := range a.Change.Replaced {
		gone[a.Base.Instances()[i]] = true
	}
	return c.records(desk, p, func(r ledger.Record) bool { return gone[r.Instance] })
}

// unready says why the ballot is not shown any more.
func (c *Coordinator) unready(m *amendment.Coordinator) error {
	p, under, err := m.Proposal(c.now())
	if err != nil {
		return err
	}
	if !under {
		return ErrNoAmendment
	}
	return &NotReady{Why: p.Why}
}

// ShowCertificates shows the certificates of all charters from an epoch on to
// stations that were away, the oldest first, each until the person says that the
// stations have it. It returns how many there were.
func (c *Coordinator) ShowCertificates(ctx context.Context, at Terminal, from uint32) (int, error) {
	line, err := c.Line()
	if err != nil {
		return 0, err
	}
	newest := line.Latest().Document().Epoch
	if from < 1 || from > newest {
		return 0, fmt.Errorf("coordinator: certificates: charter %d has none: charters 1 to %d have, and the first charter was agreed on in key generation", from, newest)
	}
	for epoch := from; epoch <= newest; epoch++ {
		sealed, err := c.record(amendment.SealedName(epoch))
		if err != nil {
			return 0, err
		}
		word, err := at.Show(ctx, ceremonies.Show{
			Title: fmt.Sprintf("Certificate of charter %d (%d of %d)", epoch, epoch-from+1, newest-from+1), To: "every station that was away",
			Message: wire.Message{Kind: wire.KindCertificate, Bytes: sealed},
		})
		if err != nil || word == Away {
			return int(epoch - from), errors.Join(err, waiting(word))
		}
	}
	return int(newest-from) + 1, nil
}

// VoidBallot asks stations to promise never to acknowledge an earlier ballot, by
// its number, so that those which did are free for the one under way. It ends when
// as many have promised here as it takes, or when the person types away.
func (c *Coordinator) VoidBallot(ctx context.Context, at Terminal, number uint32) error {
	m, err := c.amendments()
	if err != nil {
		return err
	}
	for range lineage.VoidsNeeded(m.Line().Latest().Document()) {
		step, err := c.amend(m, func(e ceremonies.Event) (ceremonies.Step, error) { return m.VoidRequest(number, e) })
		if err != nil {
			return err
		}
		show, ok := step.Screen.(ceremonies.Show)
		if !ok {
			return fmt.Errorf("coordinator: void: a screen of type %T: internal error", step.Screen)
		}
		if word, err := at.Show(ctx, show); err != nil || word == Away {
			return errors.Join(err, waiting(word))
		}
		if _, err := c.scanInto(ctx, at, m, ceremonies.Scan{Title: show.Title, Want: "a station's void of that ballot"}); err != nil {
			return err
		}
	}
	return nil
}
