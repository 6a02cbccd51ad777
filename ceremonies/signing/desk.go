package signing

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

// Desk is the coordinator's memory between sessions: every station's published
// commitments, its highest head, all records, and which records each station
// has already seen. It decides nothing; stations do.
type Desk struct {
	group     Group
	rings     []wire.Keyring
	courier   *wire.SigningKey
	book      *book
	instances map[wire.PublicKey]*deskStation // every instance that ever showed a pool
}

// deskStation is what the desk keeps of one station's instance, as the record
// "desk/station/NN". Its pages are records of their own, since a page is the
// whole message that carries it.
type deskStation struct {
	Head     ledger.Head `cbor:"1,keyasint"`
	Epoch    [16]byte    `cbor:"2,keyasint"`
	Next     uint64      `cbor:"3,keyasint"` // first index not yet given to a request
	Seen     []Seen      `cbor:"4,keyasint"` // by instance: the last record that this one was shown
	Answered uint64      `cbor:"5,keyasint"` // first index that no saved response used

	pages []deskPage // by index, each going on where the one before ends
}

// deskPage is a page of commitments and the message that it came in, which the
// station signed.
type deskPage struct {
	Page
	count  uint64
	sealed []byte
	kept   bool // it is a record already
}

func (p deskPage) end() uint64 { return p.Start + p.count }

// The names under which a desk keeps its own. The record of a page that cannot
// be needed any more is emptied.
const (
	DeskPrefix   = "desk/station/"
	PagePrefix   = "desk/page/"
	RecordPrefix = "desk/ledger/"
)

// NewDesk opens a desk from the kept records under DeskPrefix, PagePrefix and
// RecordPrefix (none for a new wallet); records of other names are passed over.
//
// The desk looks at the wallet as the newest charter lists its stations; Under
// turns it to the charter that is in force at a time. What was kept of instances
// that are listed no more stays.
func NewDesk(g Group, courier *wire.SigningKey, kept []ceremonies.Record) (*Desk, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(g.Line.Epochs(), func(e lineage.Epoch) bool { return e.Charter.Document().Courier == courier.Public() }) {
		return nil, errors.New("signing: desk: the courier key is not the one in the charter")
	}
	rings, err := g.keyrings()
	if err != nil {
		return nil, err
	}
	b, err := newBook(g)
	if err != nil {
		return nil, err
	}
	d := &Desk{group: g, rings: rings, courier: courier, book: b, instances: make(map[wire.PublicKey]*deskStation)}
	var entries [][]byte
	pages := make(map[wire.PublicKey][]deskPage)
	for _, r := range kept {
		switch {
		case strings.HasPrefix(r.Name, RecordPrefix):
			entries = append(entries, r.Value)
		case strings.HasPrefix(r.Name, PagePrefix) && len(r.Value) > 0:
			instance, page, err := d.page(r.Value)
			if err != nil {
				return nil, fmt.Errorf("signing: desk: %s: %w", r.Name, err)
			}
			page.kept = true
			pages[instance] = append(pages[instance], page)
		case strings.HasPrefix(r.Name, DeskPrefix):
			var st deskStation
			if err := wire.Unmarshal(r.Value, &st, 1<<16); err != nil {
				return nil, fmt.Errorf("signing: desk: %s: %w", r.Name, err)
			}
			if !g.spoke(st.Head.Station, st.Head.Instance) {
				return nil, fmt.Errorf("signing: desk: %s: kept for another group", r.Name)
			}
			d.instances[st.Head.Instance] = &st
		}
	}
	for instance, st := range d.instances {
		slices.SortFunc(pages[instance], func(a, b deskPage) int { return cmp.Compare(a.Start, b.Start) })
		st.pages = pages[instance]
	}
	records, err := decodeRecords(entries)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if err := b.load(r); err != nil {
			return nil, fmt.Errorf("signing: desk: %w", err)
		}
	}
	return d, nil
}

// Under turns the desk to the charter that is in force at a time, in unix
// seconds: Ledger, Heads, Ready and Unused are then about the stations that this
// charter lists. Open and a Session's Step turn it to their batch's stated time.
func (d *Desk) Under(t int64) error { return d.book.under(d.group.Line.At(t).Charter()) }

// of is what the desk keeps of a station: empty before its first pool.
func (d *Desk) of(station int) *deskStation {
	if st, ok := d.instances[d.book.charter.Instances()[station]]; ok {
		return st
	}
	return &deskStation{}
}

// known reports whether a station has published its first pool.
func (st deskStation) known() bool { return st.Head.Wallet != [32]byte{} }

// shown notes that an instance was shown records of another, up to seq.
func (st *deskStation) shown(instance wire.PublicKey, seq uint64) {
	for i := range st.Seen {
		if st.Seen[i].Instance == instance {
			st.Seen[i].Seq = max(st.Seen[i].Seq, seq)
			return
		}
	}
	st.Seen = append(st.Seen, Seen{Instance: instance, Seq: seq})
}

// AddPool takes in a station's first nonce pool, a sealed KindNoncePool, and
// returns what to keep. A pool that starts a second stream for the same
// installation is refused, and so is a pool of an installation that is listed no
// more. One that the newest charter lists in place of another may show its pool
// before that charter is in force.
func (d *Desk) AddPool(sealed []byte) (int, []ceremonies.Record, error) {
	opened, err := openAny(sealed, d.rings)
	if err != nil {
		return 0, nil, err
	}
	if opened.Kind() != wire.KindNoncePool {
		return 0, nil, errors.New("signing: pool: another kind of message")
	}
	var p Pool
	if err := wire.Unmarshal(opened.Body(), &p, wire.KindNoncePool.MaxBody()); err != nil {
		return 0, nil, fmt.Errorf("signing: pool: %w", err)
	}
	i, instance := opened.Party().Station, opened.Sender()
	if d.group.Line.Latest().Instances()[i] != instance && d.book.charter.Instances()[i] != instance {
		return 0, nil, fmt.Errorf("signing: pool: this installation does not speak for station %d any more", i)
	}
	if err := p.Head.Verify(); err != nil {
		return 0, nil, fmt.Errorf("signing: pool: %w", err)
	}
	count, err := p.Page.count()
	if err != nil {
		return 0, nil, err
	}
	if len(p.Seen) > ledger.MaxStations+ledger.MaxRetired {
		return 0, nil, errors.New("signing: pool: it names more instances than a wallet has")
	}
	if st, ok := d.instances[instance]; ok {
		if p.Page.Epoch == st.Epoch {
			return i, nil, nil // the same pool again
		}
		return 0, nil, fmt.Errorf("signing: pool: station %d already has a stream; a second one comes only with an amendment", i)
	}
	if p.Head.Wallet != [32]byte(d.group.Wallet.ID()) || p.Head.Instance != instance || int(p.Head.Station) != i ||
		p.Head.Seq != 0 || p.Head.Next != 0 || p.Page.Start != 0 || count == 0 || p.Head.Epoch != p.Page.Epoch {
		return 0, nil, errors.New("signing: pool: not a first pool")
	}
	st := &deskStation{Head: p.Head, Epoch: p.Page.Epoch, Seen: p.Seen}
	st.pages = []deskPage{{Page: p.Page, count: count, sealed: sealed}}
	d.instances[instance] = st
	save, err := d.keep(st)
	return i, save, err
}

// OrderOf is the digest of the order that a sealed response answers. A *Fault
// if it is no response of a station of this wallet.
func (d *Desk) OrderOf(sealed []byte) ([32]byte, error) {
	opened, err := openAny(sealed, d.rings)
	if err != nil {
		return [32]byte{}, &ceremonies.Fault{Code: "session/not-ours", What: "This message cannot be believed: " + err.Error() + ".", Safe: "Nothing has changed.", Remedy: "Scan the station's answer again."}
	}
	var r Response
	if opened.Kind() != wire.KindSigningResponse || wire.Unmarshal(opened.Body(), &r, wire.KindSigningResponse.MaxBody()) != nil {
		return [32]byte{}, ceremonies.Unexpected("session/kind", "a signing response")
	}
	return r.Digest, nil
}

// Ready says which stations have published a pool.
func (d *Desk) Ready() []bool {
	out := make([]bool, len(d.group.PublicShares))
	for i := range out {
		out[i] = d.of(i).known()
	}
	return out
}

// Heads are the highest heads known, by station.
func (d *Desk) Heads() []ledger.Head {
	out := make([]ledger.Head, len(d.group.PublicShares))
	for i := range out {
		out[i] = d.of(i).Head
	}
	return out
}

// Stories are the two records that a record of a fault holds against a station,
// as Records carries them. An error if it holds something else.
func Stories(proof []byte) ([][]byte, error) {
	var b Blame
	if err := wire.Unmarshal(proof, &b, maxBlame); err != nil {
		return nil, fmt.Errorf("signing: stories: %w", err)
	}
	if len(b.Stories) != 2 {
		return nil, errors.New("signing: stories: the record proves something else than two stories")
	}
	return b.Stories, nil
}

// Consider takes in the record of a fault that proves two stories of one station,
// so that Ledger().Ends says where they part. It is not kept: it is for drafting the
// amendment that retires that station's instance.
func (d *Desk) Consider(proof []byte) error {
	if _, err := VerifyBlame(d.group, proof); err != nil {
		return err
	}
	stories, err := Stories(proof)
	if err != nil {
		return err
	}
	records, err := decodeRecords(stories)
	if err != nil {
		return err
	}
	for _, r := range records {
		var twice *ledger.Equivocation
		if err := d.book.Add(r); err != nil && !errors.As(err, &twice) {
			return fmt.Errorf("signing: consider: %w", err)
		}
	}
	return nil
}

// Ledger is all that was released, as the stations recorded it.
func (d *Desk) Ledger() *ledger.Ledger { return d.book.Ledger }

// Unused counts the commitments of a station that no answer has used.
func (d *Desk) Unused(station int) int {
	st := d.of(station)
	return int(st.end() - st.Answered)
}

// start is the first index that a request for count nonces of a station names:
// the one after all that requests were given, as long as the station can still
// serve it. Orders that never ended, or ended in another order than they were
// opened, would otherwise use up the pool without an answer that refills it, and
// lock the station out for good. Counting anew from the last answer is safe:
// whichever order a station answers burns its indices for every other one, and
// all orders since that answer name the same head, so it answers one at most.
func (st *deskStation) start(count int) uint64 {
	if st.Next < st.Answered || st.Next-st.Answered > maxSkip || st.Next+uint64(count) > st.end() {
		return st.Answered
	}
	return st.Next
}

// end is the index after the last commitment that follows on those before it.
func (st *deskStation) end() uint64 {
	end := st.Answered
	for _, p := range st.pages {
		if p.Start <= end {
			end = max(end, p.end())
		}
	}
	return end
}

// refill takes in a page that goes on where the station's commitments end, and
// no more of them than an honest station publishes. Any other page is of no use
// to anybody, and a station that sends such pages would fill the desk's memory.
func (st *deskStation) refill(p Page, sealed []byte) error {
	n, err := p.count()
	if err != nil {
		return err
	}
	if end := st.end(); n > 0 && p.Start == end && end-st.Answered <= maxPool-n {
		st.pages = append(st.pages, deskPage{Page: p, count: n, sealed: sealed})
	}
	return nil
}

// covering are the messages that hold any of count commitments from start on.
func (st *deskStation) covering(start uint64, count int) [][]byte {
	var out [][]byte
	for _, p := range st.pages {
		if p.Start < start+uint64(count) && start < p.end() {
			out = append(out, p.sealed)
		}
	}
	return out
}

// page reads the page out of a message, and whose it is.
func (d *Desk) page(sealed []byte) (wire.PublicKey, deskPage, error) {
	opened, err := openAny(sealed, d.rings)
	if err != nil {
		return wire.PublicKey{}, deskPage{}, err
	}
	p, err := pageOf(opened)
	if err != nil {
		return wire.PublicKey{}, deskPage{}, err
	}
	n, err := p.count()
	return opened.Sender(), deskPage{Page: p, count: n, sealed: sealed}, err
}

// pageOf is the page that a station-signed message carries.
func pageOf(opened wire.Opened) (Page, error) {
	switch opened.Kind() {
	case wire.KindNoncePool:
		var p Pool
		if err := wire.Unmarshal(opened.Body(), &p, wire.KindNoncePool.MaxBody()); err != nil {
			return Page{}, err
		}
		return p.Page, nil
	case wire.KindSigningResponse:
		var r Response
		if err := wire.Unmarshal(opened.Body(), &r, wire.KindSigningResponse.MaxBody()); err != nil {
			return Page{}, err
		}
		return r.Refill, nil
	}
	return Page{}, errors.New("signing: page: this message carries none")
}

// commitments gives count commitments of a station from index start on.
func (st *deskStation) commitments(start uint64, count int) ([][nonceSize]byte, error) {
	out := make([][nonceSize]byte, 0, count)
	for _, p := range st.pages {
		for len(out) < count {
			want := start + uint64(len(out))
			if p.Epoch != st.Epoch || want < p.Start || want >= p.end() {
				break
			}
			var c [nonceSize]byte
			copy(c[:], p.Commitments[(want-p.Start)*nonceSize:])
			out = append(out, c)
		}
	}
	if len(out) < count {
		return nil, fmt.Errorf("signing: station %d has %d unused nonces of the %d that this batch needs", st.Head.Station, len(out), count)
	}
	return out, nil
}

// emptied are the records of pages of retired instances, which nobody can use any
// more, without their content.
func (d *Desk) emptied() []ceremonies.Record {
	var save []ceremonies.Record
	for _, r := range retiredBy(d.book.charter) {
		st, ok := d.instances[r.Instance]
		if !ok {
			continue
		}
		for _, p := range st.pages {
			save = append(save, ceremonies.Record{Name: d.pageName(st, p), Value: []byte{}})
		}
		st.pages = nil
	}
	return save
}

func (d *Desk) pageName(st *deskStation, p deskPage) string {
	return fmt.Sprintf("%s%s/%020d", PagePrefix, d.group.chainName(st.Head.Station, st.Head.Instance), p.Start)
}

// keep gives the records of one instance: its state, the pages that are new, and
// emptied those that can no longer be needed, because they end before the first
// index of an unanswered request.
func (d *Desk) keep(st *deskStation) ([]ceremonies.Record, error) {
	b, err := wire.Marshal(*st)
	if err != nil {
		return nil, err
	}
	save := []ceremonies.Record{{Name: DeskPrefix + d.group.chainName(st.Head.Station, st.Head.Instance), Value: b}}
	live := st.pages[:0:0]
	for _, p := range st.pages {
		name := d.pageName(st, p)
		switch {
		case p.end() > st.Answered:
			if !p.kept {
				save = append(save, ceremonies.Record{Name: name, Value: p.sealed})
			}
			p.kept = true
			live = append(live, p)
		case p.kept:
			save = append(save, ceremonies.Record{Name: name, Value: []byte{}})
		}
	}
	st.pages = live
	return append(save, d.emptied()...), nil
}
