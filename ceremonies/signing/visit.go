package signing

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/policy"
	"heliograph/shared/wire"
)

// scanned takes a message from the camera through every check that comes
// before a person is asked. The order matters: who says it, is it already
// answered, is this station stopped, is it drafted under the charter that rules,
// is it for this station in this position, is this station's memory the newest,
// what does it pay, do the rules allow it.
func (s *Station) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	ring, err := s.setup.Line.Keyring(e.Time)
	if err != nil {
		return ceremonies.Step{}, unable("signing/keyring", err)
	}
	opened, err := wire.Open(sealed, ring)
	if err != nil {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code: "signing/not-ours", What: "This message cannot be believed: " + err.Error() + ".",
			Safe: "Nothing was read beyond the envelope; nothing has changed.", Remedy: "Scan the request of this wallet's coordinator.",
		}
	}
	if opened.Kind() == wire.KindRecords {
		if err := s.book.under(s.setup.Line.At(e.Time).Charter()); err != nil {
			return ceremonies.Step{}, unable("signing/memory", err)
		}
		return s.learn(e, opened)
	}
	if opened.Kind() != wire.KindSigningRequest {
		return ceremonies.Step{}, ceremonies.Unexpected("signing/kind", s.await.awaited())
	}
	var req Request
	if err := wire.Unmarshal(opened.Body(), &req, wire.KindSigningRequest.MaxBody()); err != nil {
		return ceremonies.Step{}, refused("signing/malformed", err.Error())
	}
	digest := Digest(req.Order)
	if s.own[digest] {
		name := responseName(digest)
		return ceremonies.Step{Stored: name, Screen: ceremonies.Scan{Title: "This batch was already answered; the same answer is shown again", Want: "a signing request from the coordinator"}}, nil
	}
	if fault := s.frozen(e.Time); fault != nil {
		s.await = awaitingRequest{}
		return ceremonies.Step{}, fault
	}
	latest := s.setup.Line.Latest().Document()
	order, facts, err := decodeOrder(req.Order, len(latest.Stations), int(latest.Threshold))
	if err != nil {
		return ceremonies.Step{}, refused("signing/malformed", err.Error())
	}
	inForce := s.setup.Line.At(facts.Time)
	c := inForce.Charter()
	if facts.Charter != c.ID() {
		return s.refuse(e, digest, nil, []string{policy.CharterCurrent}, []string{s.notCurrent(facts, c)})
	}
	if fault := s.serves(c); fault != nil {
		return ceremonies.Step{}, fault
	}
	if err := s.book.under(c); err != nil {
		return ceremonies.Step{}, unable("signing/memory", err)
	}
	position, fault := s.place(order, facts.Time, req.Acks, digest)
	if fault != nil {
		return ceremonies.Step{}, fault
	}
	own := order.Heads[s.setup.Station]
	if s.isOwn(own) && (own.Later(s.state.Head) || s.forked(own)) {
		return s.freeze(e, own)
	}
	snapshot, fault := s.remember(order.Heads, req.Missed, e.Time)
	if fault != nil {
		return ceremonies.Step{}, fault
	}
	verified, err := facts.Verify(s.setup.Wallet)
	if err != nil {
		return ceremonies.Step{}, refused("signing/facts", err.Error())
	}
	if fault := s.nonces(order, position, verified.Inputs()); fault != nil {
		return ceremonies.Step{}, fault
	}
	if fault := s.clock(facts, e.Time); fault != nil {
		return ceremonies.Step{}, fault
	}
	evidence, err := policy.DecodeEvidence(order.Evidence)
	if err != nil {
		return ceremonies.Step{}, refused("signing/malformed", err.Error())
	}
	approved, verdict, err := policy.Judge(inForce, verified, evidence, order.Quorum, snapshot)
	if err != nil {
		return ceremonies.Step{}, refused("signing/judge", err.Error())
	}
	if !verdict.Allowed {
		var rules, reasons []string
		for _, l := range verdict.Refusals() {
			reasons = append(reasons, l.Sentence())
			if !slices.Contains(rules, l.Rule) { // with every line it could be too long to be sent
				rules = append(rules, l.Rule)
			}
		}
		return s.refuse(e, digest, order.Heads, rules, reasons)
	}
	screen, err := review(sheet{line: s.setup.Line, charter: c, order: order, digest: digest, approved: approved, evidence: evidence, snapshot: snapshot, now: e.Time})
	if err != nil {
		return ceremonies.Step{}, refused("signing/malformed", err.Error())
	}
	s.await = awaitingDecision{order: order, digest: digest, position: position, charter: c, approved: approved}
	return ceremonies.Step{Screen: screen}, nil
}

// notCurrent says why a request was not drafted under the charter that rules.
func (s *Station) notCurrent(r batch.Request, ruling charter.Charter) string {
	which := "a charter that this station does not know"
	rules := fmt.Sprintf("charter %d is in force here", ruling.Document().Epoch)
	for _, epoch := range s.setup.Line.Epochs() {
		if epoch.Charter.ID() != r.Charter {
			continue
		}
		which = fmt.Sprintf("charter %d", epoch.Charter.Document().Epoch)
		if epoch.Charter.Document().Epoch > ruling.Document().Epoch {
			which += ", which is not yet in force at the time that it states"
		}
	}
	line := policy.CharterCurrent + ": the request was drafted under " + which + "; " + rules + "."
	if pending := notYetInForce(s.setup.Line, r.Time); pending != "" {
		line += " " + pending
	}
	return line
}

// serves checks what is about this station and not about a request: that the
// charter in force lets this program sign, and lists this very installation.
func (s *Station) serves(c charter.Charter) *ceremonies.Fault {
	d := c.Document()
	if versions := d.Governance.Versions; len(versions) > 0 && !slices.Contains(versions, s.setup.Version) {
		return &ceremonies.Fault{
			Code:    "signing/version",
			Suspect: ceremonies.Suspect{Kind: ceremonies.Unknown},
			What:    fmt.Sprintf("This station runs version %q; charter %d lets %s sign.", s.setup.Version, d.Epoch, strings.Join(versions, ", ")),
			Safe:    "Nothing was signed and no nonce was burnt.",
			Remedy:  "Install a version that the charter names, or have the officers name this one.",
		}
	}
	if d.Stations[s.setup.Station].InstanceKey != s.setup.Instance.Public() {
		return &ceremonies.Fault{
			Code:    "signing/not-listed-yet",
			Suspect: ceremonies.Suspect{Kind: ceremonies.Unknown},
			What:    fmt.Sprintf("Charter %d is in force, and it does not list this installation.", d.Epoch),
			Safe:    "Nothing was signed; the other stations can sign without this one.",
			Remedy:  "Wait until the charter that lists it is in force.",
		}
	}
	return nil
}

// place finds this station in the quorum and demands that every station before
// it acknowledged this very order. So a coordinator that tells two stories to
// one quorum gets no complete signature: the last honest station sees it.
// Nor does a station sign with an instance that an adopted charter replaces: that
// one is on its way out, and the one that follows is not there yet.
func (s *Station) place(o Order, now int64, acks [][64]byte, digest [32]byte) (int, *ceremonies.Fault) {
	position := -1
	keys := make([]wire.PublicKey, len(o.Quorum))
	for p, station := range o.Quorum {
		if int(station) == s.setup.Station {
			position = p
		}
		var err error
		if keys[p], err = s.setup.Line.Speaker(int(station), now); err != nil {
			return 0, refused("signing/replaced", fmt.Sprintf("station %d is being listed anew and signs again once charter %d is in force", station, s.setup.Line.Latest().Document().Epoch))
		}
	}
	if position < 0 {
		return 0, refused("signing/other-quorum", "this station is not in the request's quorum")
	}
	if len(acks) != position {
		return 0, refused("signing/out-of-order", fmt.Sprintf("this station is visited at place %d, and %d stations have acknowledged", position+1, len(acks)))
	}
	for p, sig := range acks {
		if err := wire.Verify(keys[p], acknowledgement(digest, p), sig); err != nil {
			return 0, refused("signing/acknowledgement", fmt.Sprintf("station %d did not acknowledge this request; it may have been shown another", o.Quorum[p]))
		}
	}
	return position, nil
}

// isOwn reports whether a head is signed by this very installation for this
// wallet; an instance key may serve another wallet too.
func (s *Station) isOwn(h ledger.Head) bool {
	return h.Instance == s.setup.Instance.Public() && h.Wallet == s.state.Head.Wallet &&
		int(h.Station) == s.setup.Station && h.Verify() == nil
}

// forked reports whether a head of this installation contradicts its own
// records: another copy of its disk signed it.
func (s *Station) forked(own ledger.Head) bool {
	var fork *ledger.Fork
	return errors.As(s.book.AddHead(own), &fork)
}

// current refuses a decision that rests on less than this station knows by now:
// records may have come with another message while a person was reading.
func (s *Station) current(heads []ledger.Head) *ceremonies.Fault {
	known := s.book.Known()
	for i := range heads {
		if known[i] > heads[i].Seq {
			return refused("signing/hidden-record", fmt.Sprintf("station %d has released more than the request says", i))
		}
	}
	return nil
}

// learn takes in records that come before a request.
func (s *Station) learn(e ceremonies.Event, opened wire.Opened) (ceremonies.Step, error) {
	var body Records
	if err := wire.Unmarshal(opened.Body(), &body, wire.KindRecords.MaxBody()); err != nil {
		return ceremonies.Step{}, refused("signing/malformed", err.Error())
	}
	if fault := s.add(body.Records, e.Time); fault != nil {
		return ceremonies.Step{}, fault
	}
	s.await = awaitingRequest{}
	save, err := s.save(s.state, e.Time, "learnt", opened.Bytes())
	if err != nil {
		return ceremonies.Step{}, unable("signing/save", err)
	}
	return ceremonies.Step{Save: save, Screen: s.screen(e.Time)}, nil
}

// add verifies records of other stations and remembers them. A record that
// verifies stays remembered even if what it came with is refused: memory only
// ever grows. A record from the future is refused (DESIGN section 8): it would
// make every later request look as if it came before it.
func (s *Station) add(missed [][]byte, now int64) *ceremonies.Fault {
	records, err := decodeRecords(missed)
	if err != nil {
		return refused("signing/records", err.Error())
	}
	for _, r := range records {
		if r.Instance == s.setup.Instance.Public() {
			return refused("signing/records", "a record of this very station travels with the message")
		}
		if r.Time > now+s.tolerance(now) {
			return refused("signing/records", fmt.Sprintf("a record of station %d is from the future", r.Station))
		}
		before := s.book.Known()
		if err := s.book.Add(r); err != nil {
			s.twofaced(err)
			return s.contradicted(err, "signing/records")
		}
		if r.Seq <= before[s.book.Chain(r.Station, r.Instance)] {
			continue
		}
		if err := s.remembered(r); err != nil {
			return refused("signing/records", err.Error())
		}
	}
	return nil
}

// twofaced keeps the second of two records that contradict each other, if err
// proves that there are, with whatever is kept next: whoever told two stories can
// then be retired where they part.
func (s *Station) twofaced(err error) {
	var twice *ledger.Equivocation
	if !errors.As(err, &twice) {
		return
	}
	second := twice.Second.Hash()
	if slices.ContainsFunc(s.book.aside, func(r ledger.Record) bool { return r.Hash() == second }) {
		return
	}
	b, err := twice.Second.Encode()
	if err != nil {
		return
	}
	s.book.aside = append(s.book.aside, twice.Second)
	s.unsaved = append(s.unsaved, ceremonies.Record{Name: fmt.Sprintf("%s-%x", s.ledgerName(twice.Second), second[:8]), Value: b})
}

// remembered puts a record of another instance among what the next Save keeps.
func (s *Station) remembered(r ledger.Record) error {
	b, err := r.Encode()
	if err != nil {
		return err
	}
	s.unsaved = append(s.unsaved, ceremonies.Record{Name: s.ledgerName(r), Value: b})
	return nil
}

// contradicted names a station that signed two stories, with the proof; any
// other error is the fault of whoever sent the message.
func (s *Station) contradicted(err error, code string) *ceremonies.Fault {
	var beyond *ledger.Beyond
	if errors.As(err, &beyond) {
		_, proof := contradiction(err)
		return &ceremonies.Fault{
			Code: "signing/retired", Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: int(beyond.Retired.Station)},
			What:   fmt.Sprintf("An instance of station %d that the charter retired signed a record that does not count.", beyond.Retired.Station),
			Safe:   "Nothing was signed on this message.",
			Remedy: fmt.Sprintf("Keep this record; the lost disk of station %d is in use, or a release was hidden when it was listed anew.", beyond.Retired.Station),
			Record: proof,
		}
	}
	station, proof := contradiction(err)
	if proof == nil {
		return refused(code, err.Error())
	}
	return &ceremonies.Fault{
		Code: "signing/equivocation", Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: station},
		What:   fmt.Sprintf("Station %d signed two stories about what it released.", station),
		Safe:   "Nothing was signed on this message.",
		Remedy: fmt.Sprintf("Keep this record; station %d is cloned, restored or dishonest.", station),
		Record: proof,
	}
}

// remember demands a snapshot that hides nothing: this station's own last
// record, every head it ever saw, every record behind them.
func (s *Station) remember(heads []ledger.Head, missed [][]byte, now int64) (ledger.Snapshot, *ceremonies.Fault) {
	if own := heads[s.setup.Station]; own != s.state.Head {
		return ledger.Snapshot{}, refused("signing/stale-snapshot", "the request does not know this station's last record")
	}
	if fault := s.add(missed, now); fault != nil {
		return ledger.Snapshot{}, fault
	}
	for i, known := range s.book.Heads() {
		if i != s.setup.Station && known.Later(heads[i]) {
			return ledger.Snapshot{}, refused("signing/rolled-back-peer", fmt.Sprintf("station %d is shown in an older state than this station has already seen", i))
		}
	}
	snapshot, err := s.book.Snapshot(heads)
	if errors.Is(err, ledger.ErrHidden) {
		return ledger.Snapshot{}, refused("signing/hidden-record", err.Error())
	}
	if err != nil {
		return ledger.Snapshot{}, s.contradicted(err, "signing/snapshot")
	}
	return snapshot, nil
}

// nonces checks that the indices this station would use are its own, published
// and unburnt, if it signs, and that every slot has an aggregate nonce.
func (s *Station) nonces(o Order, position, slots int) *ceremonies.Fault {
	if len(o.Nonces) != slots*nonceSize {
		return refused("signing/malformed", fmt.Sprintf("%d bytes of aggregate nonces for %d slots", len(o.Nonces), slots))
	}
	if !o.signs(position) {
		return nil
	}
	st, at := s.state.Stream, o.start(position)
	if at.Epoch != st.Epoch {
		return refused("signing/epoch", "the request uses nonces of another installation")
	}
	switch err := st.serves(at.Index, uint64(slots)); err {
	case nil:
		return nil
	case errBurnt:
		return refused("signing/burnt", err.Error())
	case errUnpublished:
		return refused("signing/unpublished", err.Error())
	default:
		return refused("signing/skip", err.Error())
	}
}

// tolerance is how far a stated time may be from this station's clock, by the
// charter that is in force by this clock: one that follows, and could only be
// reached by stating a later time, has no say in how late that may be.
func (s *Station) tolerance(now int64) int64 {
	return int64(s.setup.Line.At(now).Charter().Document().ClockTolerance)
}

// clock is a local gate: it is not part of the verdict's hash, since every
// station has its own clock.
func (s *Station) clock(r batch.Request, now int64) *ceremonies.Fault {
	// The charter that judges widens its windows by its own tolerance, so that
	// holds as well: one that was replaced is not reached from farther away.
	tolerance := min(s.tolerance(now), s.tolerance(r.Time))
	if r.Time < now-tolerance || r.Time > now+tolerance {
		return refused("time/clock", fmt.Sprintf("the request's time is %d s away from this station's clock; %d s are allowed", max(r.Time-now, now-r.Time), tolerance))
	}
	if now > r.Expiry {
		return refused("time/expired", fmt.Sprintf("the request expired %d s ago", now-r.Expiry))
	}
	return nil
}

// refused is the fault of a check that a request did not pass. It accuses the
// coordinator, which signed the request, of an error or worse.
func refused(code, why string) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code:    code,
		Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator},
		What:    "This request is refused: " + why + ".",
		Safe:    "Nothing was signed and no nonce was burnt.",
		Remedy:  "Have the treasury prepare the batch again.",
	}
}

// unable is the fault of a step that failed here, for a reason of this machine
// alone: it accuses nobody.
func unable(code string, err error) *ceremonies.Fault {
	return &ceremonies.Fault{
		Code:   code,
		What:   "This station could not do its part: " + err.Error() + ".",
		Safe:   "Nothing was shown and no nonce was burnt.",
		Remedy: "Restart the station and scan the request again; if it happens twice, take the machine out of service.",
	}
}
