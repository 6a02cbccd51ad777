package reviewing

import (
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/wire"
)

// current refuses a decision that comes too late, or that the charter in force
// no longer asks of this person: both may have changed while a person read.
func (r *Reviewer) current(e ceremonies.Event, w awaitingDecision) *ceremonies.Fault {
	if r.line.At(e.Time).Charter().ID() != w.statement.Charter {
		return refused("reviewing/other-charter", "another charter came into force while it was on the screen")
	}
	if w.request.Expiry <= e.Time {
		return refused("reviewing/expired", "its time was over before the decision")
	}
	return nil
}

func (r *Reviewer) approve(e ceremonies.Event, w awaitingDecision) (ceremonies.Step, error) {
	if f := r.current(e, w); f != nil {
		r.await = awaitingRequest{}
		return ceremonies.Step{}, f
	}
	return r.sign(e, w, "")
}

// refuse asks whether the refusal is a veto. Whether anything is frozen cannot
// be vetoed: who does not say it has said enough.
func (r *Reviewer) refuse(e ceremonies.Event, w awaitingDecision, reason string) (ceremonies.Step, error) {
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
	if w.statement.Decision == approval.NotFrozen {
		return r.answer(e, w, nil, reason, "refused")
	}
	r.await = awaitingVeto{awaitingDecision: w, reason: reason}
	return ceremonies.Step{Screen: vetoScreen()}, nil
}

func vetoScreen() ceremonies.Screen {
	return ceremonies.Ask{Title: "You refused", Prompt: "A veto is a signed statement that you object; where a rule gives you one, it stops this. Type veto to sign it, or refuse to sign nothing."}
}

func (r *Reviewer) veto(e ceremonies.Event, w awaitingVeto, text string) (ceremonies.Step, error) {
	switch strings.TrimSpace(text) {
	case "veto":
		if f := r.current(e, w.awaitingDecision); f != nil {
			r.await = awaitingRequest{}
			return ceremonies.Step{}, f
		}
		w.statement.Decision = approval.Veto
		return r.sign(e, w.awaitingDecision, w.reason)
	case "refuse":
		return r.answer(e, w.awaitingDecision, nil, w.reason, "refused")
	}
	return ceremonies.Step{}, ceremonies.Unexpected("reviewing/word", "the whole word veto, or refuse,")
}

// sign makes the statement that the person decided on, as of now.
func (r *Reviewer) sign(e ceremonies.Event, w awaitingDecision, reason string) (ceremonies.Step, error) {
	w.statement.Time = e.Time
	signed, err := approval.SignKey(w.statement, w.device.Credential, r.setup.Key, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	b, err := signed.Encode()
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	what := map[approval.Decision]string{approval.Draft: "drafted", approval.Approve: "approved", approval.Veto: "vetoed", approval.NotFrozen: "stated"}[w.statement.Decision]
	return r.answer(e, w, b, reason, what)
}

// answer seals what goes back. It is kept before it is shown, so that the same
// request gets the same answer for ever.
func (r *Reviewer) answer(e ceremonies.Event, w awaitingDecision, statement []byte, reason, what string) (ceremonies.Step, error) {
	a := Answer{Request: w.digest, Statement: statement, Reason: reason}
	body, err := wire.Marshal(a)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	m, err := wire.Seal(wire.KindApproval, w.statement.Wallet, body, r.setup.Key, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	save, err := r.keep(e, what, m.Bytes, ceremonies.Record{Name: answerName(w.digest), Value: m.Bytes})
	if err != nil {
		return ceremonies.Step{}, err
	}
	if err := r.remember(a); err != nil {
		return ceremonies.Step{}, unable(err)
	}
	r.await = awaitingRequest{}
	if statement == nil {
		f := fault("reviewing/refused", ceremonies.Unknown, "You refused: "+reason, "Show the answer to the coordinator, so that others learn why.")
		return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: ceremonies.Failed{Fault: f}}, nil
	}
	title := map[string]string{"drafted": "Draft signed", "approved": "Approved", "vetoed": "Vetoed", "stated": "Nothing is frozen, you say"}[what]
	return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: ceremonies.Show{Title: practice(r.line, title), To: "the coordinator", Message: m}}, nil
}
