package reviewing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// NewReviewer begins on an installation that never reviewed. The step keeps and
// shows the key, for officers to enrol.
func NewReviewer(setup Setup, e ceremonies.Event) (*Reviewer, ceremonies.Step, error) {
	if err := setup.check(); err != nil {
		return nil, ceremonies.Step{}, err
	}
	body, err := wire.Marshal(Key{Name: setup.Name, Network: setup.Network})
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	m, err := wire.Seal(wire.KindReviewerKey, [32]byte{}, body, setup.Key, e.Random)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	r := newReviewer(setup, m)
	save, err := r.keep(e, "introduced", m.Bytes, ceremonies.Record{Name: keyName, Value: m.Bytes})
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	step := r.showKey()
	step.Save = save
	return r, step, nil
}

func newReviewer(setup Setup, key wire.Message) *Reviewer {
	return &Reviewer{
		setup: setup, key: key, await: awaitingInvite{},
		answered: make(map[[32]byte]bool), said: make(map[[32]byte]said), frozen: make(map[[32]byte]frozen),
	}
}

// ResumeReviewer rebuilds the machine from its kept records, all whose names
// begin with "reviewing/". Every signature in them is verified again.
func ResumeReviewer(setup Setup, kept []ceremonies.Record) (*Reviewer, error) {
	if err := setup.check(); err != nil {
		return nil, err
	}
	kept = slices.Clone(kept)
	slices.SortFunc(kept, func(a, b ceremonies.Record) int { return cmp.Compare(a.Name, b.Name) })
	byName := make(map[string][]byte)
	for _, k := range kept {
		byName[k.Name] = k.Value
	}
	candidate, err := OpenKey(byName[keyName])
	if err != nil {
		return nil, err
	}
	if candidate.Key != setup.Key.Public() || candidate.Name != setup.Name {
		return nil, errors.New("reviewing: resume: the records are of another device")
	}
	r := newReviewer(setup, wire.Message{Kind: wire.KindReviewerKey, Bytes: byName[keyName]})
	if err := wire.Unmarshal(byName[StateName], &r.state, 1024); err != nil {
		return nil, fmt.Errorf("reviewing: resume: %w", err)
	}
	sealed, invited := byName[InviteName]
	if !invited {
		if pending := byName[pendingName]; len(pending) > 0 {
			line, err := openInvite(pending)
			if err != nil {
				return nil, fmt.Errorf("reviewing: resume: %w", err)
			}
			r.await = awaitingComparison{sealed: pending, line: line}
		}
		return r, nil
	}
	if r.line, err = openInvite(sealed); err != nil {
		return nil, fmt.Errorf("reviewing: resume: %w", err)
	}
	for _, k := range kept {
		if strings.HasPrefix(k.Name, certificatePart) {
			if r.line, err = r.line.Adopt(k.Value); err != nil {
				return nil, fmt.Errorf("reviewing: resume: %s: %w", k.Name, err)
			}
		}
	}
	r.await = awaitingRequest{}
	return r, r.resumeRest(kept)
}

func (r *Reviewer) resumeRest(kept []ceremonies.Record) error {
	for _, k := range kept {
		switch {
		case strings.HasPrefix(k.Name, answerPart):
			a, err := r.readAnswer(k.Value)
			if err != nil {
				return fmt.Errorf("reviewing: resume: %s: %w", k.Name, err)
			}
			if k.Name != answerName(a.Request) {
				return fmt.Errorf("reviewing: resume: %s: it answers another request", k.Name)
			}
			if err := r.remember(a); err != nil {
				return fmt.Errorf("reviewing: resume: %s: %w", k.Name, err)
			}
		case strings.HasPrefix(k.Name, freezePart):
			f, err := r.readFreeze(k.Value)
			if err != nil {
				return fmt.Errorf("reviewing: resume: %s: %w", k.Name, err)
			}
			r.frozen[f.id] = f
		}
	}
	return nil
}

// Step consumes Start, Scanned (an invitation, a certificate, a request, a
// freeze), Matches or Differs, Approve or Refuse, and after a refusal Typed.
func (r *Reviewer) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return r.show(), nil
	case ceremonies.Scanned:
		return r.scanned(e, in.Bytes)
	case ceremonies.Matches:
		if w, ok := r.await.(awaitingComparison); ok {
			return r.compared(e, w)
		}
	case ceremonies.Differs:
		if w, ok := r.await.(awaitingComparison); ok {
			return r.differs(e, w)
		}
	case ceremonies.Approve:
		if w, ok := r.await.(awaitingDecision); ok && in.Digest == w.digest {
			return r.approve(e, w)
		}
	case ceremonies.Refuse:
		if w, ok := r.await.(awaitingDecision); ok && in.Digest == w.digest {
			return r.refuse(e, w, in.Reason)
		}
	case ceremonies.Typed:
		if w, ok := r.await.(awaitingVeto); ok {
			return r.veto(e, w, in.Text)
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("reviewing/unexpected", r.await.awaited())
}

// show is where the machine stands. A review is not shown again: its request is
// scanned again.
func (r *Reviewer) show() ceremonies.Step {
	switch w := r.await.(type) {
	case awaitingInvite:
		return r.showKey()
	case awaitingComparison:
		return ceremonies.Step{Screen: w.screen()}
	}
	r.await = awaitingRequest{}
	return ceremonies.Step{Screen: ceremonies.Scan{Title: "Ready to review", Want: r.await.awaited()}}
}

func (r *Reviewer) showKey() ceremonies.Step {
	words := r.keyWords()
	return ceremonies.Step{
		Send: []wire.Message{r.key},
		Screen: ceremonies.Show{
			Title: fmt.Sprintf("Approval key of %s: %s", r.setup.Name, strings.Join(words[:], " ")),
			To:    "an officer at the coordinator, who reads the same twelve words there", Message: r.key,
		},
	}
}

func (r *Reviewer) keyWords() [12]string {
	c, err := OpenKey(r.key.Bytes)
	if err != nil {
		panic("reviewing: internal error: this device's own key cannot be read")
	}
	return c.Words
}

func (r *Reviewer) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	claim, err := wire.Peek(sealed)
	if err != nil {
		return ceremonies.Step{}, foreign(err)
	}
	if claim.Kind == wire.KindReviewerInvite {
		return r.invited(e, sealed)
	}
	if !r.line.Valid() {
		return ceremonies.Step{}, ceremonies.Unexpected("reviewing/kind", r.await.awaited())
	}
	if claim.Kind == wire.KindCertificate {
		return r.certificate(e, sealed)
	}
	ring, err := r.line.Keyring(e.Time)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	opened, err := wire.Open(sealed, ring)
	if err != nil {
		return ceremonies.Step{}, foreign(err)
	}
	switch opened.Kind() {
	case wire.KindApprovalRequest:
		return r.requested(e, opened)
	case wire.KindFreeze:
		return r.freezeSeen(e, opened)
	}
	return ceremonies.Step{}, ceremonies.Unexpected("reviewing/kind", r.await.awaited())
}

// keep gives the records of an event: what it changed, one more entry of the
// transcript, and the state that it ends with, which becomes the machine's.
func (r *Reviewer) keep(e ceremonies.Event, what string, body []byte, changed ...ceremonies.Record) ([]ceremonies.Record, error) {
	entry := ceremonies.NewEntry(e.Time, what, body)
	receipt, err := ceremonies.Link(r.state.Receipt, entry)
	if err != nil {
		return nil, unable(err)
	}
	line, err := wire.Marshal(entry)
	if err != nil {
		return nil, unable(err)
	}
	next := state{Events: r.state.Events + 1, Receipt: receipt}
	b, err := wire.Marshal(next)
	if err != nil {
		return nil, unable(err)
	}
	r.state = next
	return append(changed,
		ceremonies.Record{Name: StateName, Value: b},
		ceremonies.Record{Name: fmt.Sprintf("%s%012d", TranscriptPrefix, next.Events), Value: line}), nil
}

func foreign(err error) *ceremonies.Fault {
	f := fault("reviewing/not-ours", ceremonies.Unknown, "This message cannot be believed: "+err.Error()+".", "Scan the message that is asked for. If the coordinator's key or the people changed, scan the newer charter's certificate first.")
	f.Safe = "Nothing was read beyond the envelope; nothing has changed."
	return f
}

// practice marks the title of a review.
func practice(line lineage.Line, title string) string {
	if line.Wallet().Network().Practice() {
		return "PRACTICE: " + title
	}
	return title
}
