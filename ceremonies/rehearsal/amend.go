package rehearsal

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// Group is what everybody of this treasury knows, with a line of charters: the
// coordinator's, or that of a station, which may have missed an amendment.
func (w *World) Group(line lineage.Line) signing.Group {
	return signing.Group{Line: line, Wallet: w.Public.Wallet, PublicShares: w.Public.PublicShares}
}

// Ruling is the charter that is in force now, as the coordinator knows.
func (w *World) Ruling() charter.Charter { return w.line().At(w.Now).Charter() }

// line is the coordinator's line, which begins with key generation.
func (w *World) line() lineage.Line {
	if w.Line.Valid() {
		return w.Line
	}
	return w.Public.Line()
}

// Ballot drafts a change of the newest charter, as ballot 1. sign, if it is not
// nil, gives what people sign about the ballot's digest.
func (w *World) Ballot(change func(*charter.Document), sign func(digest [32]byte) [][]byte) (lineage.Ballot, error) {
	d := w.line().Latest().Document()
	d.Epoch, d.Prior, d.Issued = d.Epoch+1, w.line().Latest().ID(), w.Now
	change(&d)
	next, err := charter.New(d)
	if err != nil {
		return lineage.Ballot{}, err
	}
	b := lineage.Ballot{Prior: d.Prior, Number: 1, Charter: next.Bytes()}
	if sign != nil {
		b.Statements = sign(lineage.BallotDigest([32]byte(w.Public.Wallet.ID()), d.Prior, next.ID(), b.Number))
	}
	return b, nil
}

// Certify has stations examine and acknowledge a ballot, now.
func (w *World) Certify(b lineage.Ballot, stations ...int) ([]byte, error) {
	var acks []lineage.Ack
	for _, i := range stations {
		s := w.Stations[i]
		x, err := s.Line.Examine(b, w.Now+s.Skew)
		if err != nil {
			return nil, err
		}
		ack, err := lineage.SignAck(x.Digest, uint8(i), w.Now+s.Skew, s.Identity.Instance, w.Random())
		if err != nil {
			return nil, err
		}
		acks = append(acks, ack)
	}
	return lineage.NewCertificate(b, acks).Encode()
}

// Adopt takes a certificate into the coordinator's line and into those of
// stations, and starts their machines on it.
func (w *World) Adopt(certificate []byte, stations ...int) error {
	var err error
	if w.Line, err = adopt(w.line(), certificate); err != nil {
		return err
	}
	if err := w.openDesk(); err != nil {
		return err
	}
	for _, i := range stations {
		s := w.Stations[i]
		if s.Line, err = adopt(s.Line, certificate); err != nil {
			return err
		}
		if err := w.Restart(s); err != nil {
			return err
		}
	}
	return nil
}

// adopt is Adopt of a line, which may have it already.
func adopt(l lineage.Line, certificate []byte) (lineage.Line, error) {
	next, err := l.Adopt(certificate)
	if errors.Is(err, lineage.ErrAdopted) {
		return l, nil
	}
	return next, err
}

// Amend changes the charter with everybody's agreement, where its governance asks
// nobody else: all stations acknowledge and adopt.
func (w *World) Amend(change func(*charter.Document)) error {
	b, err := w.Ballot(change, nil)
	if err != nil {
		return err
	}
	all := w.everybody()
	certificate, err := w.Certify(b, all...)
	if err != nil {
		return err
	}
	return w.Adopt(certificate, all...)
}

func (w *World) everybody() []int {
	all := make([]int, len(w.Stations))
	for i := range all {
		all[i] = i
	}
	return all
}

// Relisting drafts the change that lists a station's new instance in place of the
// one that is gone, with as much of its records as the coordinator knows.
func (w *World) Relisting(station int, instance wire.PublicKey) func(*charter.Document) {
	return func(d *charter.Document) {
		last := w.Desk.Ledger().Heads()[station]
		d.Retired = append(d.Retired, charter.Retired{Station: uint8(station), Instance: d.Stations[station].InstanceKey, Seq: last.Seq, Last: last.Last})
		d.Stations[station].InstanceKey = instance
	}
}

// Lose destroys a station's installation and restores the station from its words:
// an empty disk but for the share, and a new instance key.
func (w *World) Lose(station int) error {
	s := w.Stations[station]
	kept := Disk{}
	for name, value := range s.Disk {
		if !strings.HasPrefix(name, "signing/") {
			kept[name] = value
		}
	}
	var err error
	if s.Identity.Instance, err = wire.GenerateSigningKey(w.Random()); err != nil {
		return err
	}
	s.Disk, s.Sign = kept, nil
	return nil
}

// Memory is what a station that was listed anew is given: all records, which the
// coordinator carries, and the heads of some stations, which say that they are all.
func (w *World) Memory(stations ...int) signing.Memory {
	m := signing.Memory{Records: w.Desk.Ledger().Missing(nil)}
	for _, i := range stations {
		m.Heads = append(m.Heads, w.Stations[i].Sign.Status().Head)
	}
	return m
}

// Relist has the others agree to list a station's new instance, gives it back
// their memory, and brings its first pool to the coordinator.
func (w *World) Relist(station int) error {
	s := w.Stations[station]
	b, err := w.Ballot(w.Relisting(station, s.Identity.Instance.Public()), nil)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(w.everybody(), func(i int) bool { return i == station })
	certificate, err := w.Certify(b, others...)
	if err != nil {
		return err
	}
	if err := w.Adopt(certificate, others...); err != nil {
		return err
	}
	return w.Restore(station, certificate, others...)
}

// Restore starts a station that was listed anew, with the memory of others.
func (w *World) Restore(station int, certificate []byte, others ...int) error {
	s := w.Stations[station]
	var err error
	if s.Line, err = adopt(s.Line, certificate); err != nil {
		return err
	}
	setup, err := w.Setup(s)
	if err != nil {
		return err
	}
	machine, step, err := signing.RestoreStation(setup, w.Memory(others...), w.At(s, ceremonies.Start{}))
	if err != nil {
		return err
	}
	if step, err = s.keep(step, nil); err != nil {
		return err
	}
	s.Sign = machine
	i, save, err := w.Desk.AddPool(step.Send[0].Bytes)
	if err != nil {
		return err
	}
	if i != station {
		return fmt.Errorf("rehearsal: the pool of station %d is taken for that of station %d", station, i)
	}
	_, err = w.keep(ceremonies.Step{Save: save}, nil)
	return err
}
