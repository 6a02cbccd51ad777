package signing

import (
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
	"heliograph/shared/frost"
	"heliograph/shared/policy"
	"heliograph/shared/wire"
)

// Open draws up an order for a quorum in visiting order and takes the nonces
// it needs from the desk; the returned records keep both. A batch opened again
// for another quorum gets other nonces; payouts stay bound to their anchors.
//
// Stations outside the quorum need not have begun. A quorum has at least t stations. The last t of it sign; a rule may ask for
// more, which come before them and acknowledge (see Order).
func (d *Desk) Open(req batch.Request, evidence policy.Evidence, quorum []int, e ceremonies.Event) (*Session, ceremonies.Step, error) {
	if err := d.Under(req.Time); err != nil {
		return nil, ceremonies.Step{}, err
	}
	t := int(d.group.Line.Latest().Document().Threshold)
	if len(quorum) < t {
		return nil, ceremonies.Step{}, fmt.Errorf("signing: open: a quorum of %d stations: at least %d sign together", len(quorum), t)
	}
	verified, err := req.Verify(d.group.Wallet)
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	facts, err := req.Encode()
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	proof, err := evidence.Encode()
	if err != nil {
		return nil, ceremonies.Step{}, err
	}
	o := Order{Batch: facts, Heads: d.Heads(), Evidence: proof}
	slots := verified.Inputs()
	s := &Session{desk: d, verified: verified}
	var columns [][][nonceSize]byte
	for p, station := range quorum {
		if station < 0 || station >= len(d.group.PublicShares) {
			return nil, ceremonies.Step{}, fmt.Errorf("signing: open: no station %d", station)
		}
		if !d.of(station).known() {
			return nil, ceremonies.Step{}, fmt.Errorf("signing: open: station %d has not shown its first nonce pool", station)
		}
		o.Quorum = append(o.Quorum, uint8(station))
		if p < len(quorum)-t {
			continue
		}
		st := d.of(station)
		first := st.start(slots)
		o.Starts = append(o.Starts, Start{Epoch: st.Epoch, Index: first})
		column, err := st.commitments(first, slots)
		if err != nil {
			return nil, ceremonies.Step{}, err
		}
		columns = append(columns, column)
		s.state.Pages = append(s.state.Pages, st.covering(first, slots)...)
	}
	if o.Nonces, err = aggregate(columns, o.signers(), slots); err != nil {
		return nil, ceremonies.Step{}, err
	}
	if s.bytes, err = wire.Marshal(o); err != nil {
		return nil, ceremonies.Step{}, err
	}
	if _, _, err := decodeOrder(s.bytes, len(d.group.PublicShares), t); err != nil {
		return nil, ceremonies.Step{}, err
	}
	s.order, s.digest, s.state.Order = o, Digest(s.bytes), s.bytes
	var save []ceremonies.Record
	for p, station := range o.signers() {
		st := d.of(int(station))
		st.Next = o.Starts[p].Index + uint64(slots)
		records, err := d.keep(st)
		if err != nil {
			return nil, ceremonies.Step{}, err
		}
		save = append(save, records...)
	}
	step, err := s.visit(e, "opened", nil)
	step.Save = append(save, step.Save...)
	return s, step, err
}

// aggregate sums the stations' commitments slot by slot (BIP445 NonceAgg).
func aggregate(columns [][][nonceSize]byte, quorum []uint8, slots int) ([]byte, error) {
	ids := make([]int, len(quorum))
	for i, q := range quorum {
		ids[i] = int(q)
	}
	out := make([]byte, 0, slots*nonceSize)
	row := make([]frost.PublicNonce, len(columns))
	for slot := range slots {
		for p := range columns {
			row[p] = columns[p][slot]
		}
		agg, err := frost.NonceAgg(row, ids)
		if err != nil {
			return nil, err
		}
		out = append(out, agg[:]...)
	}
	return out, nil
}

// ResumeSession rebuilds a session from its record.
func (d *Desk) ResumeSession(record []byte) (*Session, error) {
	s := &Session{desk: d}
	if err := wire.Unmarshal(record, &s.state, 64<<20); err != nil {
		return nil, fmt.Errorf("signing: resume session: %w", err)
	}
	doc := d.group.Line.Latest().Document()
	o, req, err := decodeOrder(s.state.Order, len(doc.Stations), int(doc.Threshold))
	if err != nil {
		return nil, err
	}
	if s.verified, err = req.Verify(d.group.Wallet); err != nil {
		return nil, err
	}
	s.order, s.bytes, s.digest = o, s.state.Order, Digest(s.state.Order)
	return s, nil
}
