package signing

import (
	"cmp"
	"errors"
	"slices"

	"heliograph/shared/charter"
	"heliograph/shared/ledger"
)

// book is the wallet's memory as the charter in force counts it: a ledger of the
// stations that this charter lists and of the instances that it retired. It
// turns with the charter and forgets nothing.
type book struct {
	*ledger.Ledger
	group   Group
	charter charter.Charter
	aside   []ledger.Record // that this charter does not count: of other instances, or beyond the end of retired ones
	heads   []ledger.Head   // likewise
}

// newBook is an empty memory under the newest charter of a line.
func newBook(g Group) (*book, error) {
	b := &book{group: g, charter: g.Line.Latest()}
	var err error
	b.Ledger, err = ledgerUnder(g, b.charter)
	return b, err
}

func ledgerUnder(g Group, c charter.Charter) (*ledger.Ledger, error) {
	l, err := ledger.New(c.Instances(), retiredBy(c)...)
	if err != nil {
		return nil, err
	}
	return l, l.Bind([32]byte(g.Wallet.ID()))
}

func retiredBy(c charter.Charter) []ledger.Retired {
	var out []ledger.Retired
	for _, r := range c.Document().Retired {
		out = append(out, ledger.Retired(r))
	}
	return out
}

// under turns the book to a charter of the line.
func (b *book) under(c charter.Charter) error {
	if c.ID() == b.charter.ID() {
		return nil
	}
	if slices.Equal(c.Instances(), b.charter.Instances()) && slices.Equal(retiredBy(c), retiredBy(b.charter)) {
		b.charter = c
		return nil
	}
	l, err := ledgerUnder(b.group, c)
	if err != nil {
		return err
	}
	turned := &book{Ledger: l, group: b.group, charter: c}
	for _, r := range append(b.Missing(nil), b.aside...) {
		if err := turned.load(r); err != nil {
			return err
		}
	}
	for _, h := range append(b.Heads(), b.heads...) {
		if h.Sig == ([64]byte{}) { // made up by the ledger, of a record that is there
			continue
		}
		if err := turned.loadHead(h); err != nil {
			return err
		}
	}
	*b = *turned
	return nil
}

// load adds a record that was kept. One that the charter does not count is put
// aside: another charter may. So is one that contradicts others: the ledger
// remembers that there is one.
func (b *book) load(r ledger.Record) error {
	err := b.Add(r)
	var beyond *ledger.Beyond
	var twice *ledger.Equivocation
	if errors.As(err, &twice) {
		b.aside = append(b.aside, r)
		return nil
	}
	if errors.Is(err, ledger.ErrStranger) || errors.As(err, &beyond) {
		if !b.group.spoke(r.Station, r.Instance) {
			return err
		}
		b.aside = append(b.aside, r)
		return nil
	}
	return err
}

// loadHead is load for a head. Those of retired instances are put aside too: what
// such an instance signed last is in the charter.
func (b *book) loadHead(h ledger.Head) error {
	err := b.AddHead(h)
	if errors.Is(err, ledger.ErrStranger) || errors.Is(err, ledger.ErrRetired) {
		if !b.group.spoke(h.Station, h.Instance) {
			return err
		}
		b.heads = append(b.heads, h)
		return nil
	}
	return err
}

// seen is how much of every chain is held, for somebody else's sake.
func (b *book) seen() []Seen {
	var out []Seen
	known := b.Known()
	for i, key := range b.charter.Instances() {
		out = append(out, Seen{Instance: key, Seq: known[i]})
	}
	for i, r := range retiredBy(b.charter) {
		out = append(out, Seen{Instance: r.Instance, Seq: known[len(known)-len(retiredBy(b.charter))+i]})
	}
	slices.SortFunc(out, func(a, b Seen) int { return slices.Compare(a.Instance[:], b.Instance[:]) })
	return out
}

// since is what Missing takes for somebody who holds that much.
func (b *book) since(held []Seen) []uint64 {
	by := make(map[[32]byte]uint64, len(held))
	for _, s := range held {
		by[s.Instance] = s.Seq
	}
	var out []uint64
	for _, key := range b.charter.Instances() {
		out = append(out, by[key])
	}
	for _, r := range retiredBy(b.charter) {
		out = append(out, by[r.Instance])
	}
	return out
}

func decodeRecords(entries [][]byte) ([]ledger.Record, error) {
	records := make([]ledger.Record, 0, len(entries))
	for _, b := range entries {
		r, err := ledger.DecodeRecord(b)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	sortRecords(records)
	return records, nil
}

// sortRecords puts records in an order in which a ledger takes them. Of two that
// contradict each other, the first stays the first.
func sortRecords(records []ledger.Record) {
	slices.SortStableFunc(records, func(a, b ledger.Record) int {
		return cmp.Or(cmp.Compare(a.Station, b.Station), slices.Compare(a.Instance[:], b.Instance[:]), cmp.Compare(a.Seq, b.Seq))
	})
}
