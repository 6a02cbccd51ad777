package station

import (
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/wire"
)

// restoring is a station that was restored and does not sign yet. Until a charter
// lists it, it shows its introduction, so that an amendment can; then it collects
// what the others remember.
type restoring struct {
	*amendment.Restored
	station      int
	instance     wire.PublicKey
	introduction wire.Message
}

// openRestoring resumes a restored installation, or begins it in its first step.
func (a *App) openRestoring(share *keygen.Share) (*restoring, error) {
	kept, err := a.records(amendment.Prefix)
	if err != nil {
		return nil, err
	}
	r := &restoring{station: share.Station, instance: a.identity.instance.Public()}
	if r.Restored, err = amendment.NewRestored(a.amendmentSetup(share, nil), kept); err != nil {
		return nil, err
	}
	return r, nil
}

// ready reports whether all is remembered, so that signing can begin.
func (r *restoring) ready() bool {
	_, _, ok := r.Memory()
	return ok
}

// listed reports whether the newest charter lists this installation.
func (r *restoring) listed() bool {
	return r.Line().Latest().Instances()[r.station] == r.instance
}

// Step is that of the machine, but a start without a listing shows the introduction.
func (r *restoring) Step(e ceremonies.Event) (ceremonies.Step, error) {
	if _, start := e.Input.(ceremonies.Start); start && !r.listed() {
		words := ceremonies.KeyWords(r.instance[:])
		return ceremonies.Step{
			Send: []wire.Message{r.introduction},
			Screen: ceremonies.Show{
				Title: "Introduction of a restored station: " + strings.Join(words[:], " "),
				To:    "the coordinator; the others read the same twelve words when an amendment lists it", Message: r.introduction,
			},
		}, nil
	}
	return r.Restored.Step(e)
}

// restoring is the ceremony of a restored installation up to its first nonce pool.
func (a *App) restoring(r *restoring) (*ceremony, error) {
	kept, err := a.records("enrolment/")
	if err != nil {
		return nil, err
	}
	e, err := a.event(ceremonies.Start{})
	if err != nil {
		return nil, err
	}
	var save []ceremonies.Record
	machine, step, err := enrolment.NewStation(a.identity.enrolment(), e)
	if len(kept) > 0 {
		machine, err = enrolment.ResumeStation(kept)
	} else {
		save = step.Save
	}
	if err != nil {
		return nil, err
	}
	r.introduction = machine.Introduction()
	first, err := a.start(r)
	if err != nil {
		return nil, err
	}
	first.Save = append(save, first.Save...)
	return &ceremony{
		machine: r, first: first, want: r.awaits, over: r.ready, failing: scanAgain,
		parties: func() parties { return partiesUnder(r.Line().Latest()) },
	}, nil
}

// awaits says what to scan.
func (r *restoring) awaits() string {
	if s, ok := r.Screen().(ceremonies.Scan); ok {
		return s.Want
	}
	return "the certificates that are missing here"
}
