package reviewing

import (
	"encoding/hex"
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wire"
)

// frozen is a freeze that this device made or was shown.
type frozen struct {
	id     [32]byte
	by     string
	reason string
}

// Freeze makes the code of a freeze, which stops every station that scans it.
// The charter in force must list this person as an officer: a code that no
// station obeys would look like safety.
func (r *Reviewer) Freeze(e ceremonies.Event, reason string) (ceremonies.Step, error) {
	if !r.line.Valid() {
		return ceremonies.Step{}, ceremonies.Unexpected("reviewing/kind", r.await.awaited())
	}
	m, err := r.line.SealFreeze(reason, e.Time, r.setup.Key, e.Random)
	if err != nil {
		return ceremonies.Step{}, fault("reviewing/freeze", ceremonies.Operator, "This freeze cannot be made: "+err.Error()+".", fmt.Sprintf("Give a reason of 1 to %d bytes that all can read.", lineage.MaxReason))
	}
	opened, err := r.line.OpenFreeze(m.Bytes, e.Time)
	if err != nil {
		return ceremonies.Step{}, fault("reviewing/no-officer", ceremonies.Operator, "No station would obey a freeze by this device: "+why(err)+".", "Ask an officer or the operator of any station to freeze.")
	}
	save, err := r.keepFreeze(e, "froze", opened)
	if err != nil {
		return ceremonies.Step{}, err
	}
	return ceremonies.Step{Save: save, Send: []wire.Message{m}, Screen: ceremonies.Show{Title: practice(r.line, "Freeze"), To: "every station, from this screen or from paper", Message: m}}, nil
}

// freezeSeen remembers a freeze that was shown here, so that this device does
// not say that nothing is frozen.
func (r *Reviewer) freezeSeen(e ceremonies.Event, opened wire.Opened) (ceremonies.Step, error) {
	f, err := r.line.OpenFreeze(opened.Bytes(), e.Time)
	if err != nil {
		x := fault("reviewing/no-freeze", ceremonies.Unknown, "This freeze is not one that stations obey: "+why(err)+".", "Nothing is to be done here.")
		x.Safe = "Nothing has changed."
		return ceremonies.Step{}, x
	}
	save, err := r.keepFreeze(e, "frozen", f)
	if err != nil {
		return ceremonies.Step{}, err
	}
	return ceremonies.Step{Save: save, Screen: ceremonies.Done{Title: practice(r.line, "Frozen"), Lines: []ceremonies.Line{
		{Label: "By", Value: f.By}, {Label: "Because", Value: f.Freeze.Reason},
		{Label: "Carry it", Value: "to every station", Note: "a station stops only once it has scanned the code itself", Alert: true},
	}}}, nil
}

func (r *Reviewer) keepFreeze(e ceremonies.Event, what string, f lineage.Frozen) ([]ceremonies.Record, error) {
	save, err := r.keep(e, what, f.Sealed, ceremonies.Record{Name: freezePart + hex.EncodeToString(f.ID[:]), Value: f.Sealed})
	if err != nil {
		return nil, err
	}
	r.frozen[f.ID] = frozen{id: f.ID, by: f.By, reason: f.Freeze.Reason}
	r.await = awaitingRequest{}
	return save, nil
}

// readFreeze reads a kept freeze. That it is to be obeyed was found when it was
// kept; here its signature is verified again.
func (r *Reviewer) readFreeze(sealed []byte) (frozen, error) {
	claim, err := wire.Peek(sealed)
	if err != nil {
		return frozen{}, err
	}
	if claim.Kind != wire.KindFreeze {
		return frozen{}, fmt.Errorf("a %s instead of a freeze", claim.Kind)
	}
	for i := len(r.line.Epochs()) - 1; i >= 0; i-- {
		c := r.line.Epochs()[i].Charter
		ring, err := c.Keyring([32]byte(r.line.Wallet().ID()))
		if err != nil {
			return frozen{}, err
		}
		opened, err := wire.Open(sealed, ring)
		if errors.Is(err, wire.ErrSender) {
			continue
		}
		if err != nil {
			return frozen{}, err
		}
		f, err := lineage.DecodeFreeze(opened.Body())
		if err != nil {
			return frozen{}, err
		}
		by := opened.Party().String()
		if keys := c.OfflineKeys(); opened.Party().Role == wire.RolePerson && opened.Party().Station < len(keys) {
			by = fmt.Sprintf("%q", keys[opened.Party().Station].Person)
		}
		return frozen{id: lineage.FreezeID(opened.Sender(), opened.Body()), by: by, reason: f.Reason}, nil
	}
	return frozen{}, errors.New("it is of nobody in this line of charters")
}

// stopped is a freeze that this device knows and no charter lifted.
func (r *Reviewer) stopped(now int64) (frozen, bool) {
	for id, f := range r.frozen {
		if !r.line.Lifted(id, now) {
			return f, true
		}
	}
	return frozen{}, false
}

// why is a refusal in words, without its end.
func why(err error) string {
	var no *lineage.Refused
	if !errors.As(err, &no) {
		return err.Error()
	}
	return sentence(no)
}
