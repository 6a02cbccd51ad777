package enrolment

import (
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// Names of a station's kept records.
const (
	introductionName = "enrolment/introduction"
	pendingName      = "enrolment/pending"    // empty after a comparison that failed
	TranscriptName   = "enrolment/transcript" // the events so far, a ceremonies.Transcript
	RosterName       = "enrolment/roster"     // kept once people have compared it
)

// Identity is what a station enrols with.
type Identity struct {
	Name     string
	Network  wallet.Network
	Host     *chilldkg.HostSecretKey
	Instance *wire.SigningKey
}

// Station is a station's side of enrolment.
type Station struct {
	introduction wire.Message
	await        stationAwait
	log          ceremonies.Transcript
}

// keep gives the records of an event: what it changed, and the transcript with
// one more entry.
func (s *Station) keep(e ceremonies.Event, what string, body []byte, changed ...ceremonies.Record) ([]ceremonies.Record, error) {
	log, err := s.log.With(e.Time, what, body)
	if err != nil {
		return nil, err
	}
	b, err := wire.Marshal(log)
	if err != nil {
		return nil, err
	}
	s.log = log
	return append(changed, ceremonies.Record{Name: TranscriptName, Value: b}), nil
}

type stationAwait interface{ awaited() string }

// awaitingRoster has shown its introduction.
type awaitingRoster struct{}

// awaitingComparison holds a roster that nobody has compared yet.
type awaitingComparison struct {
	roster  Roster
	sealed  []byte
	own     int
	scanned map[int]bool // stations whose introduction was scanned directly
}

// enrolled has a roster that its operator compared.
type enrolled struct{ roster Roster }

func (awaitingRoster) awaited() string { return "the coordinator's roster" }
func (awaitingComparison) awaited() string {
	return "the comparison of the twelve words with every other station, or their introductions"
}
func (enrolled) awaited() string { return "nothing more" }

// NewStation begins enrolment. Start shows the introduction.
func NewStation(id Identity, e ceremonies.Event) (*Station, ceremonies.Step, error) {
	if err := checkName(id.Name); err != nil {
		return nil, ceremonies.Step{}, err
	}
	body, err := wire.Marshal(Introduction{Name: id.Name, HostKey: id.Host.PublicKey(), Network: id.Network})
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	m, err := wire.Seal(wire.KindIntroduction, [32]byte{}, body, id.Instance, e.Random)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	s := &Station{introduction: m, await: awaitingRoster{}}
	step := s.show()
	step.Save, err = s.keep(e, "introduced", m.Bytes, ceremonies.Record{Name: introductionName, Value: m.Bytes})
	return s, step, err
}

// ResumeStation rebuilds the machine from its kept records.
func ResumeStation(kept []ceremonies.Record) (*Station, error) {
	byName := make(map[string][]byte)
	for _, r := range kept {
		byName[r.Name] = r.Value
	}
	if _, _, err := openIntroduction(byName[introductionName]); err != nil {
		return nil, err
	}
	s := &Station{
		introduction: wire.Message{Kind: wire.KindIntroduction, Bytes: byName[introductionName]},
		await:        awaitingRoster{},
	}
	if b, ok := byName[TranscriptName]; ok {
		if err := wire.Unmarshal(b, &s.log, 4<<20); err != nil {
			return nil, fmt.Errorf("enrolment: resume: %w", err)
		}
		if err := s.log.Verify(); err != nil {
			return nil, err
		}
	}
	if sealed, ok := byName[RosterName]; ok {
		r, err := OpenRoster(sealed)
		if err != nil {
			return nil, err
		}
		s.await = enrolled{roster: r}
		return s, nil
	}
	if sealed := byName[pendingName]; len(sealed) > 0 {
		w, fault := s.compare(sealed)
		if fault != nil {
			return nil, fault
		}
		s.await = w
	}
	return s, nil
}

// Roster is the roster that the operator compared, and this station's number
// in it; false before that.
func (s *Station) Roster() (Roster, int, bool) {
	w, ok := s.await.(enrolled)
	if !ok {
		return Roster{}, 0, false
	}
	own, _ := w.roster.Index(s.introduction.Bytes)
	return w.roster, own, true
}

// Introduction is the message to show to the coordinator and to other stations.
func (s *Station) Introduction() wire.Message { return s.introduction }

func (s *Station) show() ceremonies.Step {
	return ceremonies.Step{
		Send: []wire.Message{s.introduction},
		Screen: ceremonies.Show{
			Title: "Introduction", To: "the coordinator, and other stations if they stand together",
			Message: s.introduction,
		},
	}
}

// Step consumes Start (show the introduction), Scanned (the roster, or another
// station's introduction), Matches or Differs.
func (s *Station) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		if w, ok := s.await.(awaitingComparison); ok {
			return ceremonies.Step{Screen: w.screen()}, nil
		}
		return s.show(), nil
	case ceremonies.Scanned:
		return s.scanned(e, in.Bytes)
	case ceremonies.Matches:
		if w, ok := s.await.(awaitingComparison); ok {
			return s.finish(e, w)
		}
	case ceremonies.Differs:
		if w, ok := s.await.(awaitingComparison); ok {
			save, err := s.keep(e, "differs", w.sealed, ceremonies.Record{Name: pendingName})
			if err != nil {
				return ceremonies.Step{}, err
			}
			s.await = awaitingRoster{}
			return ceremonies.Step{Save: save, Screen: ceremonies.Failed{Fault: &ceremonies.Fault{
				Code:    "enrolment/differs",
				Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator},
				What:    "The twelve words differ between stations: they were given different rosters.",
				Safe:    "No key exists yet; nothing is lost.",
				Remedy:  "Start enrolment again. If it happens twice, treat the coordinator as hostile.",
			}}}, nil
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("enrolment/unexpected", s.await.awaited())
}

func (s *Station) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	claim, err := wire.Peek(sealed)
	if err != nil {
		return ceremonies.Step{}, foreign(err)
	}
	w, comparing := s.await.(awaitingComparison)
	if comparing && claim.Kind == wire.KindIntroduction {
		return s.direct(e, w, sealed)
	}
	if _, done := s.await.(enrolled); done || claim.Kind != wire.KindRoster {
		return ceremonies.Step{}, ceremonies.Unexpected("enrolment/kind", s.await.awaited())
	}
	next, fault := s.compare(sealed)
	if fault != nil {
		return ceremonies.Step{}, fault
	}
	save, err := s.keep(e, "scanned", sealed, ceremonies.Record{Name: pendingName, Value: sealed})
	if err != nil {
		return ceremonies.Step{}, err
	}
	s.await = next
	return ceremonies.Step{Save: save, Screen: next.screen()}, nil
}

func (s *Station) compare(sealed []byte) (awaitingComparison, *ceremonies.Fault) {
	r, err := OpenRoster(sealed)
	if err != nil {
		return awaitingComparison{}, foreign(err)
	}
	own, ok := r.Index(s.introduction.Bytes)
	if !ok {
		return awaitingComparison{}, &ceremonies.Fault{
			Code: "enrolment/not-listed", Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator},
			What:   "This station's own introduction is not in the roster.",
			Safe:   "No key exists yet; nothing is lost.",
			Remedy: "Show this station's introduction to the coordinator again.",
		}
	}
	return awaitingComparison{roster: r, sealed: sealed, own: own, scanned: map[int]bool{own: true}}, nil
}

// direct believes one station's place in the roster because its introduction
// came from its own screen. When all have, there is nothing left to compare.
func (s *Station) direct(e ceremonies.Event, w awaitingComparison, sealed []byte) (ceremonies.Step, error) {
	i, ok := w.roster.Index(sealed)
	if !ok {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code: "enrolment/replaced", Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator},
			What:   "This introduction is not the one in the roster: a station was left out or replaced.",
			Safe:   "No key exists yet; nothing is lost.",
			Remedy: "Start enrolment again. If it happens twice, treat the coordinator as hostile.",
		}
	}
	w.scanned[i] = true
	if len(w.scanned) == len(w.roster.Stations) {
		return s.finish(e, w)
	}
	return ceremonies.Step{Screen: w.screen()}, nil
}

func (s *Station) finish(e ceremonies.Event, w awaitingComparison) (ceremonies.Step, error) {
	save, err := s.keep(e, "compared", w.sealed, ceremonies.Record{Name: RosterName, Value: w.sealed})
	if err != nil {
		return ceremonies.Step{}, err
	}
	s.await = enrolled{roster: w.roster}
	return ceremonies.Step{
		Save: save,
		Screen: ceremonies.Done{Title: "Enrolled", Lines: append([]ceremonies.Line{
			{Label: "This is", Value: fmt.Sprintf("station %d", w.own), Note: w.roster.Stations[w.own].Name},
			{Label: "Group", Value: fmt.Sprintf("%d of %d stations sign together", w.roster.Threshold, len(w.roster.Stations))},
		}, list(w.roster)...)},
	}, nil
}

func (w awaitingComparison) screen() ceremonies.Screen {
	words := words.Fingerprint(w.roster.ID)
	return ceremonies.Compare{
		Title: fmt.Sprintf("Roster of %d stations on %s, this is station %d (%s)", len(w.roster.Stations), w.roster.Network, w.own, w.roster.Stations[w.own].Name),
		Words: words[:],
		With:  "every other station",
	}
}

func list(r Roster) []ceremonies.Line {
	lines := make([]ceremonies.Line, len(r.Stations))
	for i, s := range r.Stations {
		lines[i] = ceremonies.Line{Label: fmt.Sprintf("Station %d", i), Value: s.Name}
	}
	return lines
}

func foreign(err error) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code: "enrolment/not-ours", What: "This message cannot be used: " + err.Error() + ".",
		Safe: "Nothing has changed.", Remedy: "Scan the message that is asked for.",
	}
}
