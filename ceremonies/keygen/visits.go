package keygen

import (
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// invited checks the draft against the enrolled group and shows it whole.
func (s *Station) invited(opened wire.Opened) (ceremonies.Step, error) {
	var in Invite
	if err := wire.Unmarshal(opened.Body(), &in, wire.KindKeygenInvite.MaxBody()); err != nil {
		return ceremonies.Step{}, wrong("keygen/malformed", err)
	}
	draft, err := charter.Decode(in.Charter)
	if err != nil {
		return ceremonies.Step{}, wrong("keygen/charter", err)
	}
	if err := s.setup.match(draft); err != nil {
		return ceremonies.Step{}, wrong("keygen/charter-group", err)
	}
	s.await = awaitingApproval{draft: draft}
	return ceremonies.Step{Screen: reviewDraft(draft)}, nil
}

// reviewDraft shows the charter as sentences that are generated from the
// canonical bytes, never from anything that travelled beside them.
func reviewDraft(c charter.Charter) ceremonies.Review {
	d := c.Document()
	fingerprint := words.Fingerprint(c.ID())
	var lines []ceremonies.Line
	for _, sentence := range c.Sentences() {
		lines = append(lines, ceremonies.Line{Value: sentence})
	}
	title := "Charter of " + d.Name
	if d.Network.Practice() {
		title = "PRACTICE: " + title
	}
	return ceremonies.Review{
		Title:   title,
		Verdict: []string{"Your signature binds this charter to the new key. Nobody can change it alone afterwards."},
		Sections: []ceremonies.Section{
			{Title: "The charter", Lines: lines},
			{Title: "Compare with the other stations", Lines: []ceremonies.Line{{Label: "Words", Value: fmt.Sprint(fingerprint[:])}}},
		},
		Digest: c.ID(),
	}
}

// join deals this station's shares (ChillDKG participant_step1).
func (s *Station) join(e ceremonies.Event, w awaitingApproval) (ceremonies.Step, error) {
	state1, pmsg1, err := chilldkg.ParticipantStep1(s.setup.Host, s.setup.params(), e.Random)
	if err != nil {
		return ceremonies.Step{}, unable("keygen/step1", err)
	}
	kept, err := state1.Marshal()
	if err != nil {
		return ceremonies.Step{}, unable("keygen/step1", err)
	}
	body, err := wire.Marshal(Message1{Charter: w.draft.ID(), PMsg1: pmsg1})
	if err != nil {
		return ceremonies.Step{}, unable("keygen/step1", err)
	}
	next := awaitingAggregate{draft: w.draft, state1: state1}
	return s.send(e, wire.KindKeygenMessage1, body, next, savedState{Phase: phaseAggregate, Draft: w.draft.Bytes(), Secret: kept})
}

// aggregate checks what the others dealt and signs the transcript and the
// binding of the charter to the key.
func (s *Station) aggregate(e ceremonies.Event, w awaitingAggregate, opened wire.Opened) (ceremonies.Step, error) {
	var in Aggregate
	if err := wire.Unmarshal(opened.Body(), &in, wire.KindKeygenAggregate.MaxBody()); err != nil {
		return ceremonies.Step{}, wrong("keygen/malformed", err)
	}
	state2, pmsg2, err := chilldkg.ParticipantStep2(s.setup.Host, w.state1, in.CMsg1, e.Random)
	if errors.Is(err, chilldkg.ErrLength) {
		return ceremonies.Step{}, blame(err)
	}
	if err != nil {
		return s.abandon(e, opened.Bytes(), blame(err))
	}
	binding := charter.Binding(eqHash(state2.EqInput()), s.setup.Network, w.draft.ID())
	body, err := wire.Marshal(Message2{PMsg2: pmsg2, Binding: s.setup.Instance.Sign(binding, e.Random)})
	if err != nil {
		return ceremonies.Step{}, unable("keygen/step2", err)
	}
	next := awaitingCertificate{draft: w.draft, state2: state2}
	return s.send(e, wire.KindKeygenMessage2, body, next, savedState{Phase: phaseCertificate, Draft: w.draft.Bytes(), Secret: state2.Marshal()})
}

// abandon ends a session for good: its aggregate was false, and a dealt state may
// not meet a second one (ChillDKG: state1 is used once), or its first address
// differs. What it kept is dropped, durably; the next session starts from an
// invitation.
func (s *Station) abandon(e ceremonies.Event, body []byte, fault *ceremonies.Fault) (ceremonies.Step, error) {
	save, err := s.keep(e, "abandoned", body, savedState{Phase: phaseInvite})
	if err != nil {
		return ceremonies.Step{}, unable("keygen/save", err)
	}
	s.await, s.last = awaitingInvite{}, wire.Message{}
	return ceremonies.Step{Save: save, Screen: ceremonies.Failed{Fault: fault}}, nil
}

// certificate finishes the key, recovers it once from the public data to prove
// that a backup would work, and asks to compare the first address.
func (s *Station) certificate(e ceremonies.Event, w awaitingCertificate, opened wire.Opened) (ceremonies.Step, error) {
	var in Certificate
	if err := wire.Unmarshal(opened.Body(), &in, wire.KindKeygenCertificate.MaxBody()); err != nil {
		return ceremonies.Step{}, wrong("keygen/malformed", err)
	}
	out, recovery, err := chilldkg.ParticipantFinalize(w.state2, in.CMsg2)
	if err != nil {
		return ceremonies.Step{}, blame(err)
	}
	p, err := certify(w.draft, recovery, in.Bindings)
	if err != nil {
		return ceremonies.Step{}, wrong("keygen/certificate", err)
	}
	if p.Wallet.Key() != out.ThresholdKey {
		return ceremonies.Step{}, wrong("keygen/recovery", errors.New("keygen: the recovery data give another key"))
	}
	again, _, err := chilldkg.Recover(s.setup.Host, recovery)
	if err != nil || again.SecretShare.PublicShare() != out.SecretShare.PublicShare() {
		return ceremonies.Step{}, wrong("keygen/recovery", errors.New("keygen: this station's share cannot be recovered from its backup"))
	}
	share, err := newShare(s.setup.Station, out.SecretShare, p)
	if err != nil {
		return ceremonies.Step{}, wrong("keygen/recovery", err)
	}
	record, err := share.encode()
	if err != nil {
		return ceremonies.Step{}, wrong("keygen/recovery", err)
	}
	save, err := s.keep(e, "certified", opened.Bytes(), savedState{
		Phase: phaseComparison, Draft: w.draft.Bytes(), Secret: record, Sent: s.last.Bytes, Kind: s.last.Kind,
	})
	if err != nil {
		return ceremonies.Step{}, unable("keygen/save", err)
	}
	s.await = awaitingComparison{share: share}
	return ceremonies.Step{
		Save:   save,
		Screen: compareAddress(share),
	}, nil
}

func compareAddress(share *Share) ceremonies.Screen {
	address, err := share.Public.Wallet.Address(0, 0)
	if err != nil {
		address = err.Error()
	}
	fingerprint := words.Fingerprint([32]byte(share.Public.Wallet.ID()))
	return ceremonies.Compare{
		Title: "First address of " + share.Public.Charter.Document().Name,
		Words: fingerprint[:],
		Value: address,
		With:  "every other station",
	}
}

// confirm tells the coordinator that people compared the first address here.
func (s *Station) confirm(e ceremonies.Event, w awaitingComparison) (ceremonies.Step, error) {
	address, err := w.share.Public.Wallet.Address(0, 0)
	if err != nil {
		return ceremonies.Step{}, unable("keygen/confirm", err)
	}
	body, err := wire.Marshal(Confirmation{Wallet: [32]byte(w.share.Public.Wallet.ID()), Address: address})
	if err != nil {
		return ceremonies.Step{}, unable("keygen/confirm", err)
	}
	record, err := w.share.encode()
	if err != nil {
		return ceremonies.Step{}, unable("keygen/confirm", err)
	}
	step, err := s.send(e, wire.KindKeygenConfirmation, body, confirmed{share: w.share}, savedState{
		Phase: phaseConfirmed, Draft: w.share.Public.Charter.Bytes(), Secret: record,
	})
	if err != nil {
		return ceremonies.Step{}, err
	}
	step.Save = append(step.Save, ceremonies.Record{Name: ShareName, Value: record})
	return step, nil
}

// send seals a message, keeps the state that awaits the next one, and shows it.
func (s *Station) send(e ceremonies.Event, kind wire.Kind, body []byte, next await, st savedState) (ceremonies.Step, error) {
	m, err := wire.Seal(kind, s.setup.ID, body, s.setup.Instance, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable("keygen/seal", err)
	}
	st.Sent, st.Kind = m.Bytes, m.Kind
	save, err := s.keep(e, "sent", m.Bytes, st)
	if err != nil {
		return ceremonies.Step{}, unable("keygen/save", err)
	}
	s.await, s.last = next, m
	step := s.show()
	step.Save = save
	return step, nil
}

func (s *Station) keep(e ceremonies.Event, what string, body []byte, st savedState) ([]ceremonies.Record, error) {
	log, err := s.log.With(e.Time, what, body)
	if err != nil {
		return nil, err
	}
	st.Chained = log
	b, err := wire.Marshal(st)
	if err != nil {
		return nil, err
	}
	chain, err := wire.Marshal(log)
	if err != nil {
		return nil, err
	}
	s.log = log
	return []ceremonies.Record{{Name: stateName, Value: b}, {Name: TranscriptName, Value: chain}}, nil
}

func wrong(code string, err error) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code: code, Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator},
		What: "This message is refused: " + err.Error() + ".",
		Safe: "No money is at risk: no address was offered yet.", Remedy: "Start key generation again; if it fails twice, treat the coordinator as hostile.",
	}
}

// unable is the fault of a step that failed here, for a reason of this machine
// alone: it accuses nobody.
func unable(code string, err error) *ceremonies.Fault {
	f := wrong(code, err)
	f.Suspect = ceremonies.Suspect{}
	f.What = "This station could not do its part: " + err.Error() + "."
	f.Remedy = "Restart the station and go on; if it happens twice, take the machine out of service."
	return f
}

// blame turns ChillDKG's finding into a fault (ChillDKG, "Blame").
func blame(err error) *ceremonies.Fault {
	f := wrong("keygen/chilldkg", err)
	f.Suspect = suspect(err)
	return f
}

func suspect(err error) ceremonies.Suspect {
	var either *chilldkg.FaultyParticipantOrCoordinatorError
	var participant *chilldkg.FaultyParticipantError
	var coordinator *chilldkg.FaultyCoordinatorError
	switch {
	case errors.As(err, &either):
		return ceremonies.Suspect{Kind: ceremonies.StationOrCoordinator, Station: either.Participant}
	case errors.As(err, &participant):
		return ceremonies.Suspect{Kind: ceremonies.Station, Station: participant.Participant}
	case errors.As(err, &coordinator), errors.Is(err, chilldkg.ErrLength):
		return ceremonies.Suspect{Kind: ceremonies.Coordinator}
	}
	return ceremonies.Suspect{Kind: ceremonies.Unknown}
}
