package amendment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/ledger"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// Restored is the side of a station that was set up anew: its share was restored
// from words, its instance key is new and its memory empty. It follows the
// charters up to the one that lists it, and collects what n-t+1 other stations
// remember: of any t that signed, one is among them. Then it can begin to sign.
type Restored struct {
	setup Setup
	line  lineage.Line
	state restoredState
	book  *ledger.Ledger
	heads map[uint8]ledger.Head // of those who answered
	known map[wire.PublicKey]Chain

	freezes []kept // of those who answered
	await   restoring
}

// restoredState is the record restoredName.
type restoredState struct {
	Nonce   [32]byte `cbor:"1,keyasint"` // of the challenge, zero before there is one
	Charter [32]byte `cbor:"2,keyasint"` // that the challenge names
	Scans   uint32   `cbor:"3,keyasint"` // witnesses and records that were kept
	Log     Log      `cbor:"4,keyasint"`
}

const (
	restoredName   = Prefix + "restored/state"
	challengeName  = Prefix + "restored/challenge"
	restoredPrefix = Prefix + "restored/scan/" // witnesses and records, sealed, for the current challenge
)

type restoring interface{ awaited() string }

// awaitingListing has no charter yet that lists it.
type awaitingListing struct{}

// awaitingWords has one, and nobody compared it yet with another station.
type awaitingWords struct{}

// awaitingMemory has shown its challenge.
type awaitingMemory struct{}

// recalled has everything.
type recalled struct{}

func (awaitingListing) awaited() string {
	return "the certificates of all amendments, the first one first"
}
func (awaitingWords) awaited() string {
	return "the comparison of the newest charter's twelve words with another station"
}
func (awaitingMemory) awaited() string {
	return "the answers of other stations, and the records that they speak of"
}
func (recalled) awaited() string { return "nothing more" }

// NewRestored builds the machine from what was kept, or from nothing at the
// first start. Setup.Heads is not used.
func NewRestored(setup Setup, records []ceremonies.Record) (*Restored, error) {
	if !setup.First.Valid() || setup.Instance == nil || setup.Station < 0 || setup.Station >= len(setup.First.Latest().Instances()) {
		return nil, errors.New("amendment: setup: no charter, no key or no such station")
	}
	line, err := Follow(setup.First, records)
	if err != nil {
		return nil, err
	}
	r := &Restored{setup: setup, line: line}
	scans := make(map[string][]byte)
	for _, k := range records {
		switch {
		case k.Name == restoredName:
			if err := wire.Unmarshal(k.Value, &r.state, 4<<10); err != nil {
				return nil, fmt.Errorf("amendment: resume: %w", err)
			}
		case strings.HasPrefix(k.Name, restoredPrefix):
			scans[k.Name] = k.Value
		case strings.HasPrefix(k.Name, FreezePrefix):
			var f kept
			if err := wire.Unmarshal(k.Value, &f, 8<<10); err != nil {
				return nil, fmt.Errorf("amendment: resume: %w", err)
			}
			r.freezes = append(r.freezes, f)
		}
	}
	if err := r.reset(); err != nil {
		return nil, err
	}
	for i := range r.state.Scans {
		if err := r.take(scans[scanName(i)]); err != nil {
			return nil, fmt.Errorf("amendment: resume: %w", err)
		}
	}
	r.settle()
	return r, nil
}

func scanName(i uint32) string { return fmt.Sprintf("%s%06d", restoredPrefix, i) }

// reset forgets what answered another challenge.
func (r *Restored) reset() error {
	d := r.line.Latest().Document()
	var retired []ledger.Retired
	for _, old := range d.Retired {
		retired = append(retired, ledger.Retired(old))
	}
	book, err := ledger.New(r.line.Latest().Instances(), retired...)
	if err != nil {
		return err
	}
	if err := book.Bind([32]byte(r.line.Wallet().ID())); err != nil {
		return err
	}
	r.book, r.heads, r.known = book, make(map[uint8]ledger.Head), make(map[wire.PublicKey]Chain)
	return nil
}

// settle says what the machine waits for.
func (r *Restored) settle() {
	switch {
	case r.line.Latest().Instances()[r.setup.Station] != r.setup.Instance.Public():
		r.await = awaitingListing{}
	case r.state.Charter != r.line.Latest().ID():
		r.await = awaitingWords{}
	case len(r.missing()) > 0:
		r.await = awaitingMemory{}
	default:
		r.await = recalled{}
	}
}

// Line is the wallet's line of charters as far as it was followed.
func (r *Restored) Line() lineage.Line { return r.line }

// Memory is what signing begins with: all records of all chains, and the signed
// heads of the stations that answered; false before all is there.
func (r *Restored) Memory() ([]ledger.Record, []ledger.Head, bool) {
	if _, ok := r.await.(recalled); !ok {
		return nil, nil, false
	}
	var heads []ledger.Head
	for _, h := range r.heads {
		heads = append(heads, h)
	}
	slices.SortFunc(heads, func(a, b ledger.Head) int { return cmp.Compare(a.Station, b.Station) })
	return r.book.Missing(nil), heads, true
}

// Screen is what the machine waits for, for a driver that has just resumed.
func (r *Restored) Screen() ceremonies.Screen {
	d := r.line.Latest().Document()
	switch w := r.await.(type) {
	case awaitingWords:
		f := fingerprint(r.line.Latest().ID())
		return ceremonies.Compare{
			Title: fmt.Sprintf("Charter %d lists this installation as station %d", d.Epoch, r.setup.Station),
			Words: strings.Fields(f), With: "another station, where status shows the words of its newest charter",
		}
	case awaitingMemory:
		return ceremonies.Scan{Title: "Missing: " + strings.Join(r.missing(), "; "), Want: w.awaited()}
	case recalled:
		out := ceremonies.Done{Title: "This station remembers what the others remember", Lines: []ceremonies.Line{{Label: "Records", Value: fmt.Sprint(len(r.book.Missing(nil)))}}}
		for station := range d.Stations {
			if h, ok := r.heads[uint8(station)]; ok {
				out.Lines = append(out.Lines, ceremonies.Line{Label: fmt.Sprintf("Station %d answered", station), Value: fmt.Sprintf("at record %d", h.Seq)})
			}
		}
		for _, k := range r.freezes {
			out.Lines = append(out.Lines, k.line())
		}
		return out
	}
	return ceremonies.Scan{Title: fmt.Sprintf("Charter %d is the newest here and does not list this installation", d.Epoch), Want: r.await.awaited()}
}

// Step consumes Start (show where it stands, or the challenge again), Scanned, and
// Matches or Differs.
func (r *Restored) Step(e ceremonies.Event) (ceremonies.Step, error) {
	switch in := e.Input.(type) {
	case ceremonies.Start:
		if _, ok := r.await.(awaitingMemory); ok {
			return ceremonies.Step{Stored: challengeName, Screen: ceremonies.Show{Title: "Challenge", To: "at least " + fmt.Sprint(r.witnesses()) + " other stations"}}, nil
		}
		return ceremonies.Step{Screen: r.Screen()}, nil
	case ceremonies.Scanned:
		return r.scanned(e, in.Bytes)
	case ceremonies.Matches:
		if _, ok := r.await.(awaitingWords); ok {
			return r.ask(e)
		}
	case ceremonies.Differs:
		if _, ok := r.await.(awaitingWords); ok {
			return ceremonies.Step{Screen: ceremonies.Failed{Fault: &ceremonies.Fault{
				Code: "amendment/differs", Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator},
				What:   "Another station has another newest charter: certificates are missing here, or these are forged with old keys.",
				Safe:   "This installation signs nothing.",
				Remedy: "Scan the certificates that are missing. If the other station's charter is not newer, set this installation up again.",
			}}}, nil
		}
	}
	return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", r.await.awaited())
}

func (r *Restored) scanned(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	claim, err := wire.Peek(sealed)
	if err != nil {
		return ceremonies.Step{}, unreadable(err)
	}
	if claim.Kind == wire.KindCertificate {
		return r.certificate(e, sealed)
	}
	if _, ok := r.await.(awaitingMemory); !ok {
		return ceremonies.Step{}, ceremonies.Unexpected("amendment/unexpected", r.await.awaited())
	}
	before := len(r.freezes)
	if err := r.take(sealed); err != nil {
		return ceremonies.Step{}, err
	}
	next := r.state
	next.Scans++
	changed := []ceremonies.Record{{Name: scanName(r.state.Scans), Value: sealed}}
	for _, k := range r.freezes[before:] {
		record, err := k.record()
		if err != nil {
			return ceremonies.Step{}, err
		}
		changed = append(changed, record)
	}
	save, err := r.save(next, e, "recalled", sealed, changed...)
	if err != nil {
		return ceremonies.Step{}, err
	}
	r.settle()
	return ceremonies.Step{Save: save, Screen: r.Screen()}, nil
}

// certificate follows the line. A newer charter asks for a new comparison and a
// new challenge: what answered the old one may not be all any more.
func (r *Restored) certificate(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	line, epoch, err := adopt(r.line, sealed)
	if errors.Is(err, lineage.ErrAdopted) {
		return ceremonies.Step{Screen: r.Screen()}, nil
	}
	if err != nil {
		return ceremonies.Step{}, err
	}
	next := restoredState{Log: r.state.Log}
	save, err := r.save(next, e, "adopted", sealed, ceremonies.Record{Name: epochName(epoch.Charter.Document().Epoch), Value: epoch.Certificate})
	if err != nil {
		return ceremonies.Step{}, err
	}
	r.line = line
	if err := r.reset(); err != nil {
		return ceremonies.Step{}, unable(err)
	}
	r.settle()
	return ceremonies.Step{Save: save, Screen: r.Screen()}, nil
}

// ask makes the challenge.
func (r *Restored) ask(e ceremonies.Event) (ceremonies.Step, error) {
	// The nonce is a hash, so that no random bytes that sign anything are shown.
	nonce := wire.TaggedHash("Heliograph/challenge/v1", e.Random[:])
	next := restoredState{Nonce: nonce, Charter: r.line.Latest().ID(), Log: r.state.Log}
	body, err := wire.Marshal(Challenge{Nonce: next.Nonce, Charter: next.Charter})
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	m, err := wire.Seal(wire.KindChallenge, [32]byte(r.line.Wallet().ID()), body, r.setup.Instance, e.Random)
	if err != nil {
		return ceremonies.Step{}, unable(err)
	}
	save, err := r.save(next, e, "challenged", m.Bytes, ceremonies.Record{Name: challengeName, Value: m.Bytes})
	if err != nil {
		return ceremonies.Step{}, err
	}
	r.settle()
	return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: ceremonies.Show{
		Title: "Challenge", To: fmt.Sprintf("at least %d other stations", r.witnesses()), Message: m,
	}}, nil
}

func (r *Restored) save(next restoredState, e ceremonies.Event, what string, body []byte, more ...ceremonies.Record) ([]ceremonies.Record, error) {
	log, entry, err := next.Log.with(e.Time, what, body)
	if err != nil {
		return nil, unable(err)
	}
	next.Log = log
	b, err := wire.Marshal(next)
	if err != nil {
		return nil, unable(err)
	}
	r.state = next
	return append(more, ceremonies.Record{Name: restoredName, Value: b}, entry), nil
}

// witnesses is how many other stations must answer: of any t stations that
// released something together, at least one is among n-t+1.
func (r *Restored) witnesses() int {
	d := r.line.Latest().Document()
	return len(d.Stations) - int(d.Threshold) + 1
}

// take adds a witness or records. Its error is a *Fault.
func (r *Restored) take(sealed []byte) error {
	message, err := openedByNewest(r.line, sealed)
	if err != nil {
		return unreadable(err)
	}
	switch message.Kind() {
	case wire.KindWitness:
		return r.witness(message)
	case wire.KindRecords:
		return r.records(message)
	}
	return ceremonies.Unexpected("amendment/unexpected", r.await.awaited())
}

// witness takes an answer to the challenge of now: an old one may leave out what
// was released since.
func (r *Restored) witness(message wire.Opened) error {
	w, err := decodeWitness(message.Body())
	if err != nil {
		return malformed(message.Party(), err)
	}
	station := message.Party().Station
	if station == r.setup.Station || w.Nonce != r.state.Nonce || w.Charter != r.state.Charter {
		return &ceremonies.Fault{
			Code: "amendment/witness", Suspect: ceremonies.Suspect{Kind: ceremonies.StationOrCoordinator, Station: station},
			What: fmt.Sprintf("This is no answer of station %d to this station's challenge; it may be an old one.", station),
			Safe: "This installation signs nothing.", Remedy: "Show the challenge to that station again.",
		}
	}
	if w.Head.Instance != message.Sender() || int(w.Head.Station) != station || w.Head.Wallet != [32]byte(r.line.Wallet().ID()) || w.Head.Verify() != nil {
		return malformed(message.Party(), errors.New("its own head is missing or not its own"))
	}
	freezes, err := r.recalled(w.Freezes)
	if err != nil {
		return malformed(message.Party(), err)
	}
	claims := append([]Chain{{Instance: w.Head.Instance, Seq: w.Head.Seq, Last: w.Head.Last}}, w.Known...)
	for _, c := range claims {
		if c.Instance == r.setup.Instance.Public() && c.Seq > 0 {
			return &ceremonies.Fault{
				Code: "amendment/copied", Suspect: suspect(message.Party()),
				What: fmt.Sprintf("Station %d knows releases that are signed by this very instance, which has released nothing: there is a copy of it, or that station lies.", station),
				Safe: "This installation signs nothing.", Remedy: "Set this station up again with a new instance, and have an amendment list that one.", Record: message.Bytes(),
			}
		}
		if at := r.chain(c.Instance); at >= 0 && c.Seq > r.known[c.Instance].Seq {
			r.known[c.Instance] = c
		}
	}
	if old, ok := r.heads[uint8(station)]; !ok || w.Head.Later(old) {
		r.heads[uint8(station)] = w.Head
	}
	r.freezes = append(r.freezes, freezes...)
	return nil
}

// recalled reads the freezes that a witness obeys and this installation does not
// know: it is frozen as those are who remember. A code that the coordinator holds
// back here would otherwise be lifted by whoever may list a station.
func (r *Restored) recalled(codes [][]byte) ([]kept, error) {
	var out []kept
	for _, code := range codes {
		f, err := r.line.RecallFreeze(code)
		if err != nil {
			return nil, errors.New(sentence(err))
		}
		if slices.ContainsFunc(append(out, r.freezes...), func(k kept) bool { return k.ID == f.ID }) {
			continue
		}
		k, err := keptOf(f)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// chain is the place of an instance that speaks, or -1. Where a retired instance
// ends, the charter says.
func (r *Restored) chain(instance wire.PublicKey) int {
	return slices.Index(r.line.Latest().Instances(), instance)
}

// records takes the records of others, which prove themselves.
func (r *Restored) records(message wire.Opened) error {
	all, err := decodeRecords(message.Body())
	if err != nil {
		return malformed(message.Party(), err)
	}
	slices.SortFunc(all, func(a, b ledger.Record) int {
		return cmp.Or(cmp.Compare(a.Station, b.Station), slices.Compare(a.Instance[:], b.Instance[:]), cmp.Compare(a.Seq, b.Seq))
	})
	for _, record := range all {
		err := r.book.Add(record)
		var two *ledger.Equivocation
		var beyond *ledger.Beyond
		switch {
		case err == nil || errors.As(err, &beyond):
			// What a retired instance signed beyond its end is void, and does no harm.
		case errors.As(err, &two):
			return r.equivocated(two)
		default:
			return &ceremonies.Fault{
				Code: "amendment/records", Suspect: ceremonies.Suspect{Kind: ceremonies.Coordinator}, What: "These records are refused: " + err.Error() + ".",
				Safe: "This installation signs nothing.", Remedy: "Have the coordinator show all records, each station's from the first on.",
			}
		}
	}
	return nil
}

func (r *Restored) equivocated(two *ledger.Equivocation) *ceremonies.Fault {
	record, err := wire.Marshal([]ledger.Record{two.First, two.Second})
	if err != nil {
		return unable(err)
	}
	return &ceremonies.Fault{
		Code: "amendment/equivocation", Suspect: ceremonies.Suspect{Kind: ceremonies.Station, Station: int(two.First.Station)},
		What:   fmt.Sprintf("Station %d signed two stories about what it released.", two.First.Station),
		Safe:   "This installation signs nothing.",
		Remedy: fmt.Sprintf("Keep this record; station %d is cloned, restored or dishonest, and must be listed anew itself.", two.First.Station),
		Record: record,
	}
}

// missing says what is not there yet, in words; nothing if all is.
func (r *Restored) missing() []string {
	var out []string
	if have, want := len(r.heads), r.witnesses(); have < want {
		out = append(out, fmt.Sprintf("answers of %d more stations", want-have))
	}
	d := r.line.Latest().Document()
	known := r.book.Known()
	records := r.book.Missing(nil)
	for i, instance := range r.line.Latest().Instances() {
		c := r.known[instance]
		switch {
		case known[i] < c.Seq:
			out = append(out, fmt.Sprintf("records %d to %d of station %d", known[i]+1, c.Seq, i))
		case c.Seq > 0 && hashOf(records, instance, c.Seq) != c.Last:
			out = append(out, fmt.Sprintf("a record %d of station %d that all agree on: what is here is not what another station remembers", c.Seq, i))
		}
	}
	for i, old := range d.Retired {
		if have := known[len(d.Stations)+i]; have < old.Seq {
			out = append(out, fmt.Sprintf("records %d to %d of the retired instance of station %d", have+1, old.Seq, old.Station))
		}
	}
	return out
}

func hashOf(records []ledger.Record, instance wire.PublicKey, seq uint64) [32]byte {
	for _, r := range records {
		if r.Instance == instance && r.Seq == seq {
			return r.Hash()
		}
	}
	return [32]byte{}
}
