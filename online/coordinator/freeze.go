package coordinator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// freezePrefix is where freezes are kept, sealed, by id.
const freezePrefix = "freeze/"

// Freeze is a freeze that was scanned or handed in here.
type Freeze struct {
	lineage.Frozen
	Lifted bool
}

// Freezes are all that were taken in, by id. The coordinator enforces none:
// stations that scanned it do. It carries them from one to the next.
func (c *Coordinator) Freezes() ([]Freeze, error) {
	line, err := c.Line()
	if err != nil {
		return nil, err
	}
	kept, err := c.store.Records(freezePrefix)
	if err != nil {
		return nil, err
	}
	var out []Freeze
	for _, r := range kept {
		f, err := keptFreeze(r.Value)
		if err != nil {
			return nil, fmt.Errorf("coordinator: %s: %w", r.Name, err)
		}
		f.Lifted = line.Lifted(f.ID, c.now())
		out = append(out, f)
	}
	return out, nil
}

// freezeFile is a freeze as it is kept, after it was opened: its maker may be in
// no charter any more when it is read again.
type freezeFile struct {
	Sealed []byte   `cbor:"1,keyasint"`
	By     string   `cbor:"2,keyasint"`
	ID     [32]byte `cbor:"3,keyasint"`
	Body   []byte   `cbor:"4,keyasint"`
}

func keptFreeze(b []byte) (Freeze, error) {
	var f freezeFile
	if err := wire.Unmarshal(b, &f, 8192); err != nil {
		return Freeze{}, err
	}
	body, err := lineage.DecodeFreeze(f.Body)
	if err != nil {
		return Freeze{}, err
	}
	return Freeze{Frozen: lineage.Frozen{ID: f.ID, By: f.By, Freeze: body, Sealed: f.Sealed}}, nil
}

// Frozen are the freezes that no charter in force has lifted.
func (c *Coordinator) Frozen() ([]Freeze, error) {
	all, err := c.Freezes()
	return slices.DeleteFunc(all, func(f Freeze) bool { return f.Lifted }), err
}

// TakeFreeze takes in the code of a freeze, sealed.
func (c *Coordinator) TakeFreeze(sealed []byte) (Freeze, error) {
	line, err := c.Line()
	if err != nil {
		return Freeze{}, err
	}
	f, err := line.OpenFreeze(sealed, c.now())
	if err != nil {
		return Freeze{}, err
	}
	body, err := f.Freeze.Encode()
	if err != nil {
		return Freeze{}, err
	}
	b, err := wire.Marshal(freezeFile{Sealed: sealed, By: f.By, ID: f.ID, Body: body})
	if err != nil {
		return Freeze{}, err
	}
	err = c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: fmt.Sprintf("%s%x", freezePrefix, f.ID), Value: b}}})
	return Freeze{Frozen: f}, err
}

// ScanFreeze scans until the code of a freeze is found, and takes it in.
func (c *Coordinator) ScanFreeze(ctx context.Context, at Terminal) (Freeze, error) {
	var refused told
	for {
		b, word, err := at.Scan(ctx, ceremonies.Scan{Title: "Freeze", Want: "the code of a freeze, from a station or an officer's device"})
		if err != nil {
			return Freeze{}, err
		}
		if word != GoOn {
			return Freeze{}, ErrWaiting
		}
		f, err := c.TakeFreeze(b)
		no, ok := errors.AsType[*lineage.Refused](err)
		if !ok {
			return f, err
		}
		refused.tell(at, b, &ceremonies.Fault{Code: "freeze/not-taken", What: no.Error(), Safe: "Nothing has changed.", Remedy: "Scan the code that the station or the officer's device shows."})
	}
}

// ShowFreeze shows the code of a freeze to a station until the person says that
// it has it.
func (c *Coordinator) ShowFreeze(ctx context.Context, at Terminal, f Freeze) error {
	word, err := at.Show(ctx, ceremonies.Show{
		Title: "Freeze by " + f.By, To: "every station", Message: wire.Message{Kind: wire.KindFreeze, Bytes: f.Sealed},
	})
	return errors.Join(err, waiting(word))
}

// Stopped says that a freeze is known that no charter has lifted.
type Stopped struct{ Freeze lineage.Frozen }

func (e *Stopped) Error() string {
	return fmt.Sprintf("the wallet is frozen by %s since %s: %s", e.Freeze.By, ceremonies.Clock(e.Freeze.Freeze.Time), e.Freeze.Freeze.Reason)
}

// unfrozen refuses while a freeze is known that is not lifted.
func (c *Coordinator) unfrozen() error {
	frozen, err := c.Frozen()
	if err != nil || len(frozen) == 0 {
		return err
	}
	return &Stopped{frozen[0].Frozen}
}

// Thaw is the newest charter with every known freeze lifted, to be drafted as an
// amendment. next, if it is valid, is drafted so instead of the newest.
func (c *Coordinator) Thaw(next charter.Charter) (charter.Charter, error) {
	line, err := c.Line()
	if err != nil {
		return next, err
	}
	frozen, err := c.Frozen()
	if err != nil {
		return next, err
	}
	if len(frozen) == 0 {
		return next, errors.New("coordinator: thaw: no freeze is known here that is not lifted: heliograph freeze take scans one")
	}
	var d charter.Document
	if next.Valid() {
		d = next.Document()
	} else {
		if pending, _, ok := line.Pending(c.now()); ok {
			return next, fmt.Errorf("coordinator: thaw: charter %d is adopted and not yet in force: withdraw it, or name the file of the charter that is to follow it (heliograph charter export)", pending.Document().Epoch)
		}
		of := successor(line, c.now()/day*day)
		d = line.Latest().Document()
		d.Epoch, d.Prior, d.Issued = of.Epoch, of.Prior, of.Issued
	}
	for _, f := range frozen {
		if !slices.Contains(d.Lifted, f.ID) {
			d.Lifted = append(d.Lifted, f.ID)
		}
	}
	return charter.New(d)
}
