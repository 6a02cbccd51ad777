package coordinator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/shared/charter"
	"heliograph/shared/wire"

	"heliograph/online/coordinator/book"
)

// day is the precision of a charter's time of issue, in seconds: the same file
// makes the same charter, with the same words, as long as its day lasts.
const day = 24 * 3600

// CharterBase is what people do not write into a charter: before there is a
// wallet what enrolment found, afterwards what follows the newest charter. With
// ErrNotEnrolled it says the network alone.
func (c *Coordinator) CharterBase() (charter.Document, error) {
	d := charter.Document{Version: charter.Version, Network: c.settings.Network, Issued: c.now() / day * day}
	line, err := c.Line()
	if err == nil {
		return successor(line, d.Issued), nil
	}
	if !errors.Is(err, ErrNoWallet) {
		return d, err
	}
	r, err := c.Roster()
	if err != nil {
		return d, err
	}
	d.Network, d.Threshold, d.Stations, d.Courier = r.Network, uint8(r.Threshold), r.Stations, r.Courier
	return d, nil
}

// CharterDraft is the charter draft of a key generation that was begun; false if none
// was.
func (c *Coordinator) CharterDraft() (charter.Charter, bool, error) {
	b, err := c.record(draftName)
	if err != nil || b == nil {
		return charter.Charter{}, false, err
	}
	d, err := charter.Decode(b)
	return d, err == nil, err
}

// Generate runs key generation in its three visits, and collects every
// station's first nonce pool. It goes on with one that was begun. draft may be
// the zero Charter then.
func (c *Coordinator) Generate(ctx context.Context, at Terminal, draft charter.Charter) (keygen.Public, error) {
	roster, err := c.Roster()
	if err != nil {
		return keygen.Public{}, err
	}
	p, err := c.Public()
	if errors.Is(err, ErrNoWallet) {
		p, err = c.threeVisits(ctx, at, roster, draft)
	} else if err == nil && draft.Valid() && draft.ID() != p.Charter.ID() {
		return keygen.Public{}, errors.New("coordinator: key generation: it is finished, under another charter; a charter changes by amendment only")
	}
	if err != nil {
		return keygen.Public{}, err
	}
	return p, c.pools(ctx, at)
}

// machine opens the coordinator's side of key generation, and keeps the draft.
func (c *Coordinator) machine(roster enrolment.Roster, draft charter.Charter) (*keygen.Coordinator, error) {
	kept, err := c.store.Records("keygen/")
	if err != nil {
		return nil, err
	}
	before, begun, err := c.CharterDraft()
	if err != nil {
		return nil, err
	}
	switch {
	case !draft.Valid() && !begun:
		return nil, errors.New("coordinator: key generation: name a charter (--charter FILE); heliograph charter template writes one to begin with")
	case !draft.Valid():
		draft = before
	case begun && draft.ID() != before.ID() && len(kept) > 0:
		return nil, errors.New("coordinator: key generation: stations have approved another charter already: go on with that one (leave --charter out), or enrol anew in a new folder")
	}
	group := keygen.Group{ID: roster.ID, Network: roster.Network, Threshold: roster.Threshold, Stations: roster.Stations, Courier: roster.Courier}
	m, err := keygen.NewCoordinator(group, draft, c.courier, kept)
	if err != nil {
		return nil, err
	}
	if begun && bytes.Equal(before.Bytes(), draft.Bytes()) {
		return m, nil
	}
	return m, c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: draftName, Value: draft.Bytes()}}})
}

func (c *Coordinator) threeVisits(ctx context.Context, at Terminal, roster enrolment.Roster, draft charter.Charter) (keygen.Public, error) {
	m, err := c.machine(roster, draft)
	if err != nil {
		return keygen.Public{}, err
	}
	for {
		step, err := c.step(m, ceremonies.Start{})
		if err != nil {
			return keygen.Public{}, err
		}
		show, ok := step.Screen.(ceremonies.Show)
		if !ok {
			return c.certify(m)
		}
		if word, err := at.Show(ctx, show); err != nil || word == Away {
			return keygen.Public{}, errors.Join(err, waiting(word))
		}
		if err := c.hear(ctx, at, m, roster); err != nil {
			return keygen.Public{}, err
		}
	}
}

// hear scans the stations' answers of the present visit, in any order.
func (c *Coordinator) hear(ctx context.Context, at Terminal, m *keygen.Coordinator, roster enrolment.Roster) error {
	var refused told
	visit, heard := m.Progress()
	for now := visit; now == visit; now, heard = m.Progress() {
		b, word, err := at.Scan(ctx, ceremonies.Scan{
			Title: fmt.Sprintf("Key generation, visit %d of 3: %d of %d stations heard", visit, heard, len(roster.Stations)),
			Want:  "a station's answer",
		})
		switch {
		case err != nil:
			return err
		case word == Away:
			return ErrWaiting
		case word == Again:
			return nil
		}
		if claim, err := wire.Peek(b); err == nil && claim.Kind == wire.KindNoncePool {
			if err := c.earlyPool(b, claim, roster); err != nil {
				return err
			}
			continue
		}
		_, err = c.step(m, ceremonies.Scanned{Bytes: b})
		fault, ok := errors.AsType[*ceremonies.Fault](err)
		if !ok && err != nil {
			return err
		}
		if ok {
			refused.tell(at, b, fault)
		}
	}
	return nil
}

// earlyPool keeps the pool of a station that has confirmed before the others
// have: it can be verified only once there is a wallet. One for each station.
func (c *Coordinator) earlyPool(sealed []byte, claim wire.Claim, roster enrolment.Roster) error {
	for i, s := range roster.Stations {
		if s.InstanceKey != claim.Sender {
			continue
		}
		name := fmt.Sprintf("%s%02d", poolPrefix, i)
		if kept, err := c.record(name); err != nil || bytes.Equal(kept, sealed) {
			return err
		}
		return c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: name, Value: sealed}}})
	}
	return nil
}

// certify keeps the finished wallet. Its first address, which people compared,
// counts as given out.
func (c *Coordinator) certify(m *keygen.Coordinator) (keygen.Public, error) {
	p, err := m.Public()
	if err != nil {
		return keygen.Public{}, err
	}
	b, err := p.Encode()
	if err != nil {
		return keygen.Public{}, err
	}
	return p, c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: publicName, Value: b}}, Receive: 1})
}

// pools takes in every station's first nonce pool: those that came early, then
// those that are still to be scanned.
func (c *Coordinator) pools(ctx context.Context, at Terminal) error {
	desk, p, err := c.desk()
	if err != nil {
		return err
	}
	early, err := c.store.Records(poolPrefix)
	if err != nil {
		return err
	}
	names := p.Charter.Document().Stations
	for _, r := range early {
		fault, err := c.addPool(desk, r.Value)
		if err != nil {
			return err
		}
		if fault != nil {
			at.Tell(ceremonies.Failed{Fault: fault})
		}
	}
	var refused told
	for {
		var missing []string
		for i, ready := range desk.Ready() {
			if !ready {
				missing = append(missing, fmt.Sprintf("%d (%s)", i, names[i].Name))
			}
		}
		if len(missing) == 0 {
			return nil
		}
		b, word, err := at.Scan(ctx, ceremonies.Scan{
			Title: "First nonce pools: missing from station " + strings.Join(missing, ", "),
			Want:  "a station's nonce pool",
		})
		switch {
		case err != nil:
			return err
		case word == Away:
			return ErrWaiting
		case word == Again:
			continue
		}
		if claim, err := wire.Peek(b); err == nil && claim.Kind == wire.KindKeygenConfirmation {
			continue // its station still shows what was heard
		}
		fault, err := c.addPool(desk, b)
		if err != nil {
			return err
		}
		if fault != nil {
			refused.tell(at, b, fault)
		}
	}
}

// addPool keeps a pool, or says why the desk does not take it. After an error
// the desk is ahead of the store and must not be used.
func (c *Coordinator) addPool(desk *signing.Desk, sealed []byte) (*ceremonies.Fault, error) {
	_, save, err := desk.AddPool(sealed)
	if err != nil {
		return &ceremonies.Fault{
			Code: "pool/not-taken", What: "This nonce pool is not taken: " + err.Error() + ".",
			Safe: "Nothing has changed.", Remedy: "Scan the station's first nonce pool again.",
		}, nil
	}
	if len(save) == 0 {
		return nil, nil
	}
	return nil, c.store.Commit(book.Change{Records: save})
}
