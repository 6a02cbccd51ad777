package amendment

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// certificate adopts what enough other stations acknowledged. Nobody here is
// asked: a station that is against it is outvoted, and one that was away catches
// up by as many certificates as it missed, in their order.
func (s *Station) certificate(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	line, epoch, err := adopt(s.line, sealed)
	if errors.Is(err, lineage.ErrAdopted) {
		s.await = awaitingMessage{}
		return ceremonies.Step{Screen: ceremonies.Done{Title: "Already adopted", Lines: chartersAt(s.line, e.Time)}}, nil
	}
	if err != nil {
		return ceremonies.Step{}, err
	}
	save, err := s.save(s.state, e, "adopted", sealed, ceremonies.Record{Name: epochName(epoch.Charter.Document().Epoch), Value: epoch.Certificate})
	if err != nil {
		return ceremonies.Step{}, err
	}
	screen := adopted(line, e.Time)
	screen.Lines = append(screen.Lines, proof(s.line, epoch, e.Time)...)
	s.line = line
	s.await = awaitingMessage{}
	return ceremonies.Step{Save: save, Screen: screen}, nil
}

// proof says what a charter that is adopted newly allows and refuses, compared with
// the one that was in force. Who acknowledged it has read it; who was away reads
// it here. It says nothing of a charter that the line had already.
func proof(before lineage.Line, epoch lineage.Epoch, now int64) []ceremonies.Line {
	change, err := before.Weigh(epoch.Charter, now)
	if err != nil {
		return nil
	}
	var out []ceremonies.Line
	for _, s := range append(ceremonies.ChangeVerdict(change), change.Diff.Sentences()...) {
		out = append(out, ceremonies.Line{Label: "Change", Value: s, Alert: strings.HasPrefix(s, "NEWLY ALLOWED")})
	}
	return out
}

// adopt opens a certificate and takes it into a line, and returns the epoch that it
// made: the last one, or one before by which a charter is in force sooner. Its error
// is a *Fault or lineage.ErrAdopted.
func adopt(line lineage.Line, sealed []byte) (lineage.Line, lineage.Epoch, error) {
	message, err := openAny(line, sealed)
	if err != nil {
		return lineage.Line{}, lineage.Epoch{}, unreadable(err)
	}
	if message.Kind() != wire.KindCertificate {
		return lineage.Line{}, lineage.Epoch{}, ceremonies.Unexpected("amendment/unexpected", "a certificate")
	}
	next, err := line.Adopt(message.Body())
	var fork *lineage.Fork
	switch {
	case errors.Is(err, lineage.ErrAdopted):
		if sooner, epoch, ok := line.Sooner(message.Body()); ok {
			return sooner, epoch, nil
		}
		return lineage.Line{}, lineage.Epoch{}, err
	case errors.As(err, &fork):
		return lineage.Line{}, lineage.Epoch{}, forked(fork)
	case err != nil:
		return lineage.Line{}, lineage.Epoch{}, refused(err)
	}
	epochs := next.Epochs()
	return next, epochs[len(epochs)-1], nil
}

// adopted says whether the newest charter rules already: for a revocation, that
// is what matters.
func adopted(line lineage.Line, now int64) ceremonies.Done {
	d := line.Latest().Document()
	title := fmt.Sprintf("Charter %d is adopted and in force", d.Epoch)
	if line.At(now).Charter().ID() != line.Latest().ID() {
		title = fmt.Sprintf("Charter %d is adopted and NOT YET IN FORCE", d.Epoch)
	}
	return ceremonies.Done{Title: title, Lines: chartersAt(line, now)}
}

// chartersAt says which charter is in force and which one is to follow.
func chartersAt(line lineage.Line, now int64) []ceremonies.Line {
	c := line.At(now).Charter()
	out := []ceremonies.Line{{Label: "In force", Value: fmt.Sprintf("charter %d", c.Document().Epoch), Note: fingerprint(c.ID())}}
	if next, from, pending := line.Pending(now); pending {
		out = append(out, ceremonies.Line{
			Label: "Not yet in force", Value: fmt.Sprintf("charter %d, until %s", next.Document().Epoch, ceremonies.Clock(from)),
			Note: fingerprint(next.ID()), Alert: true,
		})
	}
	return out
}

// frozen obeys a freeze at once. Nobody is asked: who is deceived into a freeze
// loses time, who is deceived out of one loses money.
func (s *Station) frozen(e ceremonies.Event, sealed []byte) (ceremonies.Step, error) {
	f, err := s.line.OpenFreeze(sealed, e.Time)
	if err != nil {
		return ceremonies.Step{}, refused(err)
	}
	save, err := s.obey(e, f, "frozen")
	if err != nil {
		return ceremonies.Step{}, err
	}
	s.await = awaitingMessage{}
	return ceremonies.Step{Save: save, Screen: stopped(f)}, nil
}

// maxFreezes bounds what a station keeps: as many as it takes to lift them twice.
const maxFreezes = 128

// obey keeps a freeze.
func (s *Station) obey(e ceremonies.Event, f lineage.Frozen, what string) ([]ceremonies.Record, error) {
	for _, k := range s.freezes {
		if k.ID == f.ID {
			return s.save(s.state, e, what, f.Sealed)
		}
	}
	if len(s.freezes) >= maxFreezes && len(s.Frozen(e.Time)) > 0 {
		return s.save(s.state, e, what, f.Sealed) // it is frozen as it is
	}
	k, err := keptOf(f)
	if err != nil {
		return nil, err
	}
	record, err := k.record()
	if err != nil {
		return nil, err
	}
	save, err := s.save(s.state, e, what, f.Sealed, record)
	if err != nil {
		return nil, err
	}
	s.freezes = append(s.freezes, k)
	return save, nil
}

func keptOf(f lineage.Frozen) (kept, error) {
	body, err := f.Freeze.Encode()
	if err != nil {
		return kept{}, unable(err)
	}
	return kept{ID: f.ID, By: f.By, Body: body, Sealed: f.Sealed}, nil
}

func (k kept) record() (ceremonies.Record, error) {
	b, err := wire.Marshal(k)
	if err != nil {
		return ceremonies.Record{}, unable(err)
	}
	return ceremonies.Record{Name: FreezePrefix + hex.EncodeToString(k.ID[:]), Value: b}, nil
}

// line is a freeze as people read it.
func (k kept) line() ceremonies.Line {
	f, err := lineage.DecodeFreeze(k.Body)
	if err != nil {
		f.Reason = "a reason that cannot be read"
	}
	return ceremonies.Line{Label: "Frozen by " + k.By, Value: f.Reason, Note: fmt.Sprintf("%s, order \"%s\", id %x", ceremonies.Clock(f.Time), words.Short(k.ID), k.ID), Alert: true}
}

func stopped(f lineage.Frozen) ceremonies.Done {
	return ceremonies.Done{Title: "FROZEN: this station signs no payment", Lines: []ceremonies.Line{
		{Label: "By", Value: f.By},
		{Label: "Because", Value: f.Freeze.Reason},
		{Label: "Made", Value: ceremonies.Clock(f.Freeze.Time)},
		{Label: "Order", Value: words.Short(f.ID), Note: "how stations name it when they refuse"},
		{Label: "Id", Value: hex.EncodeToString(f.ID[:]), Note: "what an amendment names to lift it; nothing else does", Alert: true},
	}}
}

// freeze makes a code of this station's own, obeys it, and shows it to whoever
// carries it to the others.
func (s *Station) freeze(e ceremonies.Event, reason string) (ceremonies.Step, error) {
	m, err := s.line.SealFreeze(reason, e.Time, s.setup.Instance, e.Random)
	if err != nil {
		return ceremonies.Step{}, &ceremonies.Fault{
			Code: "amendment/reason", Suspect: ceremonies.Suspect{Kind: ceremonies.Operator}, What: "This reason cannot be used: " + err.Error() + ".",
			Safe: "Nothing has changed, and nothing is frozen.", Remedy: "Type another one.",
		}
	}
	f, err := s.line.OpenFreeze(m.Bytes, e.Time)
	if err != nil {
		return ceremonies.Step{}, refused(err)
	}
	save, err := s.obey(e, f, "froze")
	if err != nil {
		return ceremonies.Step{}, err
	}
	s.await = awaitingMessage{}
	return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: ceremonies.Show{
		Title: "FROZEN. Print or photograph this code and show it to every station", To: "every station", Message: m,
	}}, nil
}
