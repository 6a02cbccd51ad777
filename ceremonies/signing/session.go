package signing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/frost"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// Session is the coordinator's side of signing one order: it visits the
// quorum's stations in order and ends with a signature for every slot, or with
// a Fault that names a suspect.
type Session struct {
	desk     *Desk
	order    Order
	bytes    []byte // the exact bytes of order
	digest   [32]byte
	verified batch.Verified

	state sessionState
}

// sessionState is the record "session/<digest>": enough to go on after a crash.
type sessionState struct {
	Order      []byte                `cbor:"1,keyasint"`
	Pages      [][]byte              `cbor:"2,keyasint"` // that hold the nonces of the order
	Acks       [][64]byte            `cbor:"3,keyasint"`
	Shares     [][]byte              `cbor:"4,keyasint"` // by position, 32 bytes a slot; none of who only acknowledges
	Ended      string                `cbor:"5,keyasint"` // why it ended without signatures, or empty
	Transcript ceremonies.Transcript `cbor:"6,keyasint"`
}

// SessionPrefix is the name space of sessions; signatures are kept under
// SignaturesPrefix, 64 bytes a slot.
const (
	SessionPrefix    = "session/"
	SignaturesPrefix = "signatures/"
)

// SessionName is the record that holds the session of an order.
func SessionName(digest [32]byte) string {
	return SessionPrefix + hex.EncodeToString(digest[:])
}

// SignaturesName is the record that holds the signatures of an order.
func SignaturesName(digest [32]byte) string {
	return SignaturesPrefix + hex.EncodeToString(digest[:])
}

// Digest identifies the session's order.
func (s *Session) Digest() [32]byte { return s.digest }

// Verified is the batch that this session signs.
func (s *Session) Verified() batch.Verified { return s.verified }

// Quorum is the visiting order; Answered is how many of it have answered.
func (s *Session) Quorum() (stations []int, answered int) {
	for _, q := range s.order.Quorum {
		stations = append(stations, int(q))
	}
	return stations, len(s.state.Shares)
}

// Ended says why the session ended without signatures; empty while it runs.
func (s *Session) Ended() string { return s.state.Ended }

// Step consumes Start (show the pending request again), Scanned (a response or
// a refusal) or Away (the station does not come; the session ends). A session
// that has ended still takes the late answer of the station it waited for: that
// station has burnt nonces and recorded a release, and every later request must
// know it.
func (s *Session) Step(e ceremonies.Event) (ceremonies.Step, error) {
	if err := s.desk.Under(s.verified.Request().Time); err != nil {
		return ceremonies.Step{}, err
	}
	_, done := s.Quorum()
	if done == len(s.order.Quorum) {
		return ceremonies.Step{}, ceremonies.Unexpected("session/over", "another session (this one has its signatures)")
	}
	if in, ok := e.Input.(ceremonies.Scanned); ok && s.state.Ended != "" {
		return s.scanned(e, in.Bytes)
	}
	if s.state.Ended != "" {
		return ceremonies.Step{}, ceremonies.Unexpected("session/over", "another session, or a late answer to this one, which has ended,")
	}
	switch in := e.Input.(type) {
	case ceremonies.Start:
		return s.visit(e, "", nil)
	case ceremonies.Scanned:
		return s.scanned(e, in.Bytes)
	case ceremonies.Away:
		if in.Station == int(s.order.Quorum[done]) {
			return s.end(e, fmt.Sprintf("station %d did not come", in.Station), nil)
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("session/unexpected", fmt.Sprintf("the answer of station %d", s.order.Quorum[done]))
}

// visit shows the request for the next station. The same station gets the same
// order again, so a lost response is only asked for once more.
func (s *Session) visit(e ceremonies.Event, what string, body []byte) (ceremonies.Step, error) {
	var step ceremonies.Step
	if what != "" {
		rec, err := s.keep(e.Time, what, body)
		if err != nil {
			return step, err
		}
		step.Save = append(step.Save, rec)
	}
	station := int(s.order.Quorum[len(s.state.Shares)])
	before, missed, err := s.missed(station)
	if err != nil {
		return step, err
	}
	for _, page := range before {
		if err := s.post(&step, wire.KindRecords, Records{Records: page}, e.Random); err != nil {
			return step, err
		}
	}
	if err := s.post(&step, wire.KindSigningRequest, Request{Order: s.bytes, Acks: s.state.Acks, Missed: missed}, e.Random); err != nil {
		return step, err
	}
	step.Screen = ceremonies.Show{
		Title:   fmt.Sprintf("Visit %d of %d", len(s.state.Shares)+1, len(s.order.Quorum)),
		To:      fmt.Sprintf("station %d (%s)", station, s.desk.group.Line.Latest().Document().Stations[station].Name),
		Message: step.Send[len(step.Send)-1],
	}
	return step, nil
}

// post seals a message and adds it to what a step shows.
func (s *Session) post(step *ceremonies.Step, kind wire.Kind, body any, aux [32]byte) error {
	b, err := wire.Marshal(body)
	if err != nil {
		return err
	}
	m, err := wire.Seal(kind, [32]byte(s.desk.group.Wallet.ID()), b, s.desk.courier, aux)
	if err != nil {
		return err
	}
	step.Send = append(step.Send, m)
	return nil
}

// missed are the records up to the order's heads that a station has not seen:
// what travels with the request, and pages before it if that is not enough.
func (s *Session) missed(station int) (before [][][]byte, last [][]byte, err error) {
	room, size := roomForMissed, 0
	book, own := s.desk.book, s.order.Heads[station].Instance
	for _, r := range book.Missing(book.since(s.desk.of(station).Seen)) {
		if r.Instance == own || r.Seq > s.upTo(r) {
			continue
		}
		b, err := r.Encode()
		if err != nil {
			return nil, nil, err
		}
		if size += len(b); size > room && len(last) > 0 {
			before, last, size, room = append(before, last), nil, len(b), maxRecords
		}
		last = append(last, b)
	}
	if room > roomForMissed && size > roomForMissed {
		before, last = append(before, last), nil
	}
	return before, last, nil
}

// upTo is the last record of r's chain that the order's snapshot holds: for a
// station's instance what its head says, for a retired one all that counts.
func (s *Session) upTo(r ledger.Record) uint64 {
	if s.desk.book.charter.Instances()[r.Station] != r.Instance {
		return r.Seq
	}
	return s.order.Heads[r.Station].Seq
}

func (s *Session) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	opened, err := openAny(sealed, s.desk.rings)
	if err != nil {
		return ceremonies.Step{}, &ceremonies.Fault{Code: "session/not-ours", What: "This message cannot be believed: " + err.Error() + ".", Safe: "Nothing has changed.", Remedy: "Scan the station's answer again."}
	}
	p := len(s.state.Shares)
	station := int(s.order.Quorum[p])
	if opened.Party().Station != station || opened.Sender() != s.order.Heads[station].Instance {
		return ceremonies.Step{}, ceremonies.Unexpected("session/other-station", fmt.Sprintf("the answer of station %d", station))
	}
	switch opened.Kind() {
	case wire.KindSigningRefusal:
		var r Refusal
		if err := wire.Unmarshal(opened.Body(), &r, wire.KindSigningRefusal.MaxBody()); err != nil || r.Digest != s.digest {
			return ceremonies.Step{}, ceremonies.Unexpected("session/other-order", "an answer to this request")
		}
		if s.state.Ended != "" {
			return ceremonies.Step{}, ceremonies.Unexpected("session/over", "another session (this one has ended)")
		}
		return s.end(e, fmt.Sprintf("station %d refused: %s", station, strings.Join(bounded(r.Reason), " ")), sealed)
	case wire.KindSigningResponse:
		var r Response
		if err := wire.Unmarshal(opened.Body(), &r, wire.KindSigningResponse.MaxBody()); err != nil || r.Digest != s.digest {
			return ceremonies.Step{}, ceremonies.Unexpected("session/other-order", "an answer to this request")
		}
		return s.accept(e, opened, r)
	}
	return ceremonies.Step{}, ceremonies.Unexpected("session/kind", "a signing response")
}

// accept keeps an answer after examine found nothing wrong in it.
func (s *Session) accept(e ceremonies.Event, opened wire.Opened, r Response) (ceremonies.Step, error) {
	p := len(s.state.Shares)
	station := int(s.order.Quorum[p])
	record, err := examine(s.desk.group, s.order, s.digest, s.verified, s.state.Pages, p, opened, r)
	var wrong *misdeed
	if errors.As(err, &wrong) {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code:    wrong.code,
			Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: station},
			What:    fmt.Sprintf("Station %d signed an answer that no honest station gives. %s", station, wrong.Error()),
			Safe:    "Nothing was broadcast.",
			Remedy:  "Choose another quorum and examine the station.",
			Record:  s.evidence(opened.Bytes()),
		}
	}
	if err != nil {
		return ceremonies.Step{}, err
	}
	if err := s.desk.book.Add(record); err != nil {
		_, proof := contradiction(err)
		return ceremonies.Step{}, &ceremonies.Fault{
			Code:    "session/equivocation",
			Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: station},
			What:    "The station's record does not continue its ledger: " + err.Error() + ".",
			Safe:    "Nothing was broadcast.",
			Remedy:  "The station may be cloned or restored: choose another quorum and examine it.",
			Record:  proof,
		}
	}
	s.state.Acks = append(s.state.Acks, r.Ack)
	s.state.Shares = append(s.state.Shares, r.Shares)
	save, err := s.desk.answered(station, s.order, r, opened.Bytes())
	if err != nil {
		return ceremonies.Step{}, err
	}
	if s.state.Ended != "" {
		rec, err := s.keep(e.Time, "answered late", opened.Bytes())
		if err != nil {
			return ceremonies.Step{}, err
		}
		return ceremonies.Step{Save: append(save, rec), Screen: ceremonies.Done{
			Title: "Late answer taken",
			Lines: []ceremonies.Line{{Label: "Station", Value: fmt.Sprint(station), Note: "its release is known now, and it can be visited again"}},
		}}, nil
	}
	if len(s.state.Shares) < len(s.order.Quorum) {
		step, err := s.visit(e, "answered", opened.Bytes())
		step.Save = append(save, step.Save...)
		return step, err
	}
	signatures, err := s.combine()
	if err != nil {
		return ceremonies.Step{}, err
	}
	rec, err := s.keep(e.Time, "answered", opened.Bytes())
	if err != nil {
		return ceremonies.Step{}, err
	}
	save = append(save, rec, ceremonies.Record{Name: SignaturesName(s.digest), Value: signatures})
	return ceremonies.Step{Save: save, Screen: ceremonies.Done{
		Title: "Signed",
		Lines: []ceremonies.Line{{Label: "Signatures", Value: fmt.Sprint(s.verified.Inputs())}},
	}}, nil
}

// answered moves a station's head and pool on.
func (d *Desk) answered(station int, o Order, r Response, sealed []byte) ([]ceremonies.Record, error) {
	st := d.of(station)
	st.Head = r.Head
	st.Answered = r.Head.Next
	st.Next = max(st.Next, r.Head.Next)
	if err := st.refill(r.Refill, sealed); err != nil {
		return nil, err
	}
	for _, h := range o.Heads {
		if h == (ledger.Head{}) {
			continue // of a station that has not begun
		}
		st.shown(h.Instance, h.Seq)
	}
	for _, retired := range retiredBy(d.book.charter) {
		st.shown(retired.Instance, retired.Seq)
	}
	save, err := d.keep(st)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s%s/%012d", RecordPrefix, d.group.chainName(r.Head.Station, r.Head.Instance), r.Head.Seq)
	return append(save, ceremonies.Record{Name: name, Value: r.Record}), nil
}

// combine gives the BIP340 signatures of all slots, 64 bytes each.
func (s *Session) combine() ([]byte, error) {
	walk, err := newSessions(s.desk.group, s.order, s.verified)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 64*s.verified.Inputs())
	err = walk.each(func(slot int, session *frost.Session) error {
		given := s.state.Shares[s.order.acknowledging():]
		shares := make([]frost.PartialSignature, len(given))
		for p := range shares {
			copy(shares[p][:], given[p][slot*shareSize:])
		}
		sig, err := session.Aggregate(shares)
		if err != nil {
			return err
		}
		out = append(out, sig[:]...)
		return nil
	})
	return out, err
}

// end closes the session without signatures.
func (s *Session) end(e ceremonies.Event, why string, body []byte) (ceremonies.Step, error) {
	s.state.Ended = why
	rec, err := s.keep(e.Time, "ended", body)
	if err != nil {
		return ceremonies.Step{}, err
	}
	save, err := s.giveBack()
	if err != nil {
		return ceremonies.Step{}, err
	}
	return ceremonies.Step{Save: append(save, rec), Screen: ceremonies.Failed{Fault: &ceremonies.Fault{
		Code:    "session/ended",
		Suspect: ceremonies.Suspect{Kind: ceremonies.Unknown},
		What:    "This session ended: " + why + ".",
		Safe:    "Nothing was broadcast; payouts stay bound to their anchors, so a second try cannot pay twice.",
		Remedy:  "Open the batch again with another quorum, or prepare it anew.",
	}}}, nil
}

// giveBack returns the nonces of stations that did not answer, unless a later
// order already counts on from them. A station that did answer after all uses
// its indices up and refuses them to any other order, so giving back is safe.
func (s *Session) giveBack() ([]ceremonies.Record, error) {
	var save []ceremonies.Record
	for p := max(len(s.state.Shares), s.order.acknowledging()); p < len(s.order.Quorum); p++ {
		st := s.desk.of(int(s.order.Quorum[p]))
		start := s.order.start(p).Index
		if st.Next != start+uint64(s.verified.Inputs()) {
			continue
		}
		st.Next = max(start, st.Answered)
		records, err := s.desk.keep(st)
		if err != nil {
			return nil, err
		}
		save = append(save, records...)
	}
	return save, nil
}

func (s *Session) keep(time int64, what string, body []byte) (ceremonies.Record, error) {
	t, err := s.state.Transcript.With(time, what, body)
	if err != nil {
		return ceremonies.Record{}, err
	}
	s.state.Transcript = t
	b, err := wire.Marshal(s.state)
	if err != nil {
		return ceremonies.Record{}, err
	}
	return ceremonies.Record{Name: SessionName(s.digest), Value: b}, nil
}
