package signing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// Desk is the coordinator's memory between sessions: every station's published
// commitments, its highest head, all records, and which records each station
// has already seen. It decides nothing; stations do.
type Desk struct {
	group    Group
	ring     wire.Keyring
	courier  *wire.SigningKey
	ledger   *ledger.Ledger
	stations []deskStation
}

// deskStation is what the desk keeps of one station, as the record
// "desk/station/NN". Its pages are records of their own, since a page is the
// whole message that carries it.
type deskStation struct {
	Head     ledger.Head `cbor:"1,keyasint"`
	Epoch    [16]byte    `cbor:"2,keyasint"`
	Next     uint64      `cbor:"3,keyasint"` // first index not yet given to a request
	Seen     []uint64    `cbor:"4,keyasint"` // by station: the last record it was shown
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
func NewDesk(g Group, courier *wire.SigningKey, kept []ceremonies.Record) (*Desk, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	if courier.Public() != g.Line.Latest().Document().Courier {
		return nil, errors.New("signing: desk: the courier key is not the one in the charter")
	}
	ring, err := g.keyring()
	if err != nil {
		return nil, err
	}
	l, err := ledger.New(g.instances())
	if err != nil {
		return nil, err
	}
	if err := l.Bind([32]byte(g.Wallet.ID())); err != nil {
		return nil, err
	}
	n := len(g.PublicShares)
	d := &Desk{group: g, ring: ring, courier: courier, ledger: l, stations: make([]deskStation, n)}
	for i := range d.stations {
		d.stations[i].Seen = make([]uint64, n)
	}
	var entries [][]byte
	pages := make([][]deskPage, n)
	for _, r := range kept {
		switch {
		case strings.HasPrefix(r.Name, RecordPrefix):
			entries = append(entries, r.Value)
		case strings.HasPrefix(r.Name, PagePrefix) && len(r.Value) > 0:
			station, page, err := d.page(r.Value)
			if err != nil {
				return nil, fmt.Errorf("signing: desk: %s: %w", r.Name, err)
			}
			page.kept = true
			pages[station] = append(pages[station], page)
		case strings.HasPrefix(r.Name, DeskPrefix):
			var st deskStation
			if err := wire.Unmarshal(r.Value, &st, 1<<16); err != nil {
				return nil, fmt.Errorf("signing: desk: %s: %w", r.Name, err)
			}
			if int(st.Head.Station) >= n || len(st.Seen) != n {
				return nil, fmt.Errorf("signing: desk: %s: kept for another group", r.Name)
			}
			d.stations[st.Head.Station] = st
		}
	}
	for i := range d.stations {
		slices.SortFunc(pages[i], func(a, b deskPage) int { return cmp.Compare(a.Start, b.Start) })
		d.stations[i].pages = pages[i]
	}
	records, err := decodeRecords(entries)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if err := l.Add(r); err != nil {
			return nil, fmt.Errorf("signing: desk: %w", err)
		}
	}
	return d, nil
}

// known reports whether a station has published its first pool.
func (st deskStation) known() bool { return st.Head.Wallet != [32]byte{} }

// AddPool takes in a station's first nonce pool, a sealed KindNoncePool, and
// returns what to keep. A pool that starts a second stream for the same
// installation is refused.
func (d *Desk) AddPool(sealed []byte) (int, []ceremonies.Record, error) {
	opened, err := wire.Open(sealed, d.ring)
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
	i := opened.Party().Station
	if err := d.ledger.AddHead(p.Head); err != nil {
		return 0, nil, fmt.Errorf("signing: pool: %w", err)
	}
	count, err := p.Page.count()
	if err != nil {
		return 0, nil, err
	}
	st := &d.stations[i]
	if st.known() {
		if p.Page.Epoch == st.Epoch {
			return i, nil, nil // the same pool again
		}
		return 0, nil, fmt.Errorf("signing: pool: station %d already has a stream; a second one comes only with an amendment", i)
	}
	if int(p.Head.Station) != i || p.Head.Seq != 0 || p.Head.Next != 0 || p.Page.Start != 0 || count == 0 || p.Head.Epoch != p.Page.Epoch {
		return 0, nil, errors.New("signing: pool: not a first pool")
	}
	st.Head, st.Epoch = p.Head, p.Page.Epoch
	st.pages = []deskPage{{Page: p.Page, count: count, sealed: sealed}}
	save, err := d.keep(i)
	return i, save, err
}

// OrderOf is the digest of the order that a sealed response answers. A *Fault
// if it is no response of a station of this wallet.
func (d *Desk) OrderOf(sealed []byte) ([32]byte, error) {
	opened, err := wire.Open(sealed, d.ring)
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
	out := make([]bool, len(d.stations))
	for i, st := range d.stations {
		out[i] = st.known()
	}
	return out
}

// Heads are the highest heads known, by station.
func (d *Desk) Heads() []ledger.Head {
	out := make([]ledger.Head, len(d.stations))
	for i, st := range d.stations {
		out[i] = st.Head
	}
	return out
}

// Ledger is all that was released, as the stations recorded it.
func (d *Desk) Ledger() *ledger.Ledger { return d.ledger }

// Unused counts the commitments of a station that no answer has used.
func (d *Desk) Unused(station int) int {
	return int(d.end(station) - d.stations[station].Answered)
}

// start is the first index that a request for count nonces of a station names:
// the one after all that requests were given, as long as the station can still
// serve it. Orders that never ended, or ended in another order than they were
// opened, would otherwise use up the pool without an answer that refills it, and
// lock the station out for good. Counting anew from the last answer is safe:
// whichever order a station answers burns its indices for every other one, and
// all orders since that answer name the same head, so it answers one at most.
func (d *Desk) start(station, count int) uint64 {
	st := &d.stations[station]
	if st.Next < st.Answered || st.Next-st.Answered > maxSkip || st.Next+uint64(count) > d.end(station) {
		return st.Answered
	}
	return st.Next
}

// end is the index after the last commitment that follows on those before it.
func (d *Desk) end(station int) uint64 {
	end := d.stations[station].Answered
	for _, p := range d.stations[station].pages {
		if p.Start <= end {
			end = max(end, p.end())
		}
	}
	return end
}

// refill takes in a page that goes on where the station's commitments end, and
// no more of them than an honest station publishes. Any other page is of no use
// to anybody, and a station that sends such pages would fill the desk's memory.
func (d *Desk) refill(station int, p Page, sealed []byte) error {
	n, err := p.count()
	if err != nil {
		return err
	}
	st := &d.stations[station]
	if end := d.end(station); n > 0 && p.Start == end && end-st.Answered <= maxPool-n {
		st.pages = append(st.pages, deskPage{Page: p, count: n, sealed: sealed})
	}
	return nil
}

// covering are the messages that hold any of count commitments from start on.
func (d *Desk) covering(station int, start uint64, count int) [][]byte {
	var out [][]byte
	for _, p := range d.stations[station].pages {
		if p.Start < start+uint64(count) && start < p.end() {
			out = append(out, p.sealed)
		}
	}
	return out
}

// page reads the page out of a message, and whose it is.
func (d *Desk) page(sealed []byte) (int, deskPage, error) {
	opened, err := wire.Open(sealed, d.ring)
	if err != nil {
		return 0, deskPage{}, err
	}
	p, err := pageOf(opened)
	if err != nil {
		return 0, deskPage{}, err
	}
	n, err := p.count()
	return opened.Party().Station, deskPage{Page: p, count: n, sealed: sealed}, err
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
func (d *Desk) commitments(station int, start uint64, count int) ([][nonceSize]byte, error) {
	out := make([][nonceSize]byte, 0, count)
	for _, p := range d.stations[station].pages {
		for len(out) < count {
			want := start + uint64(len(out))
			if p.Epoch != d.stations[station].Epoch || want < p.Start || want >= p.end() {
				break
			}
			var c [nonceSize]byte
			copy(c[:], p.Commitments[(want-p.Start)*nonceSize:])
			out = append(out, c)
		}
	}
	if len(out) < count {
		return nil, fmt.Errorf("signing: station %d has %d unused nonces of the %d that this batch needs", station, len(out), count)
	}
	return out, nil
}

// keep gives the records of one station: its state, the pages that are new, and
// emptied those that can no longer be needed, because they end before the first
// index of an unanswered request.
func (d *Desk) keep(station int) ([]ceremonies.Record, error) {
	st := &d.stations[station]
	b, err := wire.Marshal(*st)
	if err != nil {
		return nil, err
	}
	save := []ceremonies.Record{{Name: fmt.Sprintf("%s%02d", DeskPrefix, station), Value: b}}
	live := st.pages[:0:0]
	for _, p := range st.pages {
		name := fmt.Sprintf("%s%02d/%020d", PagePrefix, station, p.Start)
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
	return save, nil
}
