package lineage

import (
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// MaxReason is the length in bytes of the longest reason of a freeze.
const MaxReason = 200

// Freeze is the body of KindFreeze: a code that stops every station that scans
// it. It is sealed by a station, or by the offline device of a person whom the
// charter in force lets freeze. Only an amendment lifts it.
type Freeze struct {
	Charter [32]byte `cbor:"1,keyasint"` // in force when it was made
	Time    int64    `cbor:"2,keyasint"` // unix seconds, by the clock of who made it
	Reason  string   `cbor:"3,keyasint"` // 1 to MaxReason bytes, for people
}

// FreezeID names a freeze: what a charter lists to lift it.
func FreezeID(sender wire.PublicKey, body []byte) [32]byte {
	return wire.TaggedHash("Heliograph/freeze/v1", sender[:], body)
}

// Encode returns the canonical encoding.
func (f Freeze) Encode() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("lineage: encode freeze: %w", err)
	}
	return wire.Marshal(f)
}

// DecodeFreeze reads what Encode wrote and nothing else.
func DecodeFreeze(b []byte) (Freeze, error) {
	var f Freeze
	if err := wire.Unmarshal(b, &f, wire.KindFreeze.MaxBody()); err != nil {
		return Freeze{}, fmt.Errorf("lineage: decode freeze: %w", err)
	}
	if err := f.check(); err != nil {
		return Freeze{}, fmt.Errorf("lineage: decode freeze: %w", err)
	}
	return f, nil
}

func (f Freeze) check() error {
	if f.Charter == [32]byte{} {
		return errors.New("it names no charter")
	}
	if f.Time < 1 || f.Time > maxTime {
		return fmt.Errorf("time %d is not between the years 1970 and 9999", f.Time)
	}
	if f.Reason == "" || len(f.Reason) > MaxReason || !utf8.ValidString(f.Reason) {
		return fmt.Errorf("a reason has 1 to %d bytes of UTF-8", MaxReason)
	}
	for _, r := range f.Reason {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("the character %U of the reason does not show", r)
		}
	}
	return nil
}

// Frozen is a freeze that must be obeyed. Only OpenFreeze makes one.
type Frozen struct {
	ID     [32]byte
	By     string // who made it: a station, or a person's name
	Freeze Freeze
	Sealed []byte
}

// Valid is false for the zero value.
func (f Frozen) Valid() bool { return f.Sealed != nil }

// SealFreeze makes the code of a freeze at the time now. Whether the holder of
// key may freeze is for who scans it. aux is 32 fresh random bytes.
func (l Line) SealFreeze(reason string, now int64, key *wire.SigningKey, aux [32]byte) (wire.Message, error) {
	if !l.Valid() {
		return wire.Message{}, errors.New("lineage: freeze: the zero line has no charter")
	}
	body, err := Freeze{Charter: l.inForce(now).ID(), Time: now, Reason: reason}.Encode()
	if err != nil {
		return wire.Message{}, err
	}
	return wire.Seal(wire.KindFreeze, l.walletID(), body, key, aux)
}

// OpenFreeze checks the code of a freeze at the time now: whoever made it may
// freeze under the charter in force, and made it under that one, the one before
// it, or one that this line does not have yet. A freeze that was lifted is
// refused: nobody can stop the wallet twice with one code. A *Refused says why.
func (l Line) OpenFreeze(sealed []byte, now int64) (Frozen, error) {
	ring, err := l.Keyring(now)
	if err != nil {
		return Frozen{}, err
	}
	opened, err := wire.Open(sealed, ring)
	if err != nil {
		return Frozen{}, refuse(Unsigned, fmt.Sprintf("This freeze cannot be opened: %v.", err))
	}
	if opened.Kind() != wire.KindFreeze {
		return Frozen{}, refuse(Malformed, fmt.Sprintf("This is no freeze but a %s.", opened.Kind()))
	}
	f, err := DecodeFreeze(opened.Body())
	if err != nil {
		return Frozen{}, refuse(Malformed, fmt.Sprintf("This freeze cannot be read: %v.", err))
	}
	if i, known := l.find(f.Charter); known && i+1 < l.at(now) {
		return Frozen{}, refuse(OlderEpoch, fmt.Sprintf("This freeze was made under charter %d; charter %d is in force, and a code is good for one charter more.", i, l.at(now)))
	}
	by, err := freezer(l.inForce(now), opened.Party())
	if err != nil {
		return Frozen{}, refuse(Unsigned, err.Error())
	}
	id := FreezeID(opened.Sender(), opened.Body())
	if l.Lifted(id, now) {
		return Frozen{}, refuse(OlderEpoch, "This freeze was lifted by an amendment. A new one is needed to stop the wallet again.")
	}
	return Frozen{ID: id, By: by, Freeze: f, Sealed: opened.Bytes()}, nil
}

// RecallFreeze reads the code of a freeze that another station obeys: whoever made
// it may freeze under some charter of this line. That it was in time, the other
// station found when it was shown the code. A *Refused says why not.
func (l Line) RecallFreeze(sealed []byte) (Frozen, error) {
	for _, e := range slices.Backward(l.epochs) {
		ring, err := e.Charter.Keyring(l.walletID())
		if err != nil {
			return Frozen{}, err
		}
		opened, err := wire.Open(sealed, ring)
		if err != nil || opened.Kind() != wire.KindFreeze {
			continue
		}
		f, err := DecodeFreeze(opened.Body())
		if err != nil {
			return Frozen{}, refuse(Malformed, fmt.Sprintf("This freeze cannot be read: %v.", err))
		}
		by, err := freezer(e.Charter, opened.Party())
		if err != nil {
			continue
		}
		return Frozen{ID: FreezeID(opened.Sender(), opened.Body()), By: by, Freeze: f, Sealed: opened.Bytes()}, nil
	}
	return Frozen{}, refuse(Unsigned, "This freeze was made by nobody who might freeze under a charter of this line.")
}

// freezer names who a party is that may freeze.
func freezer(c charter.Charter, p wire.Party) (string, error) {
	d := c.Document()
	if p.Role == wire.RoleStation {
		return fmt.Sprintf("station %d (\"%s\")", p.Station, d.Stations[p.Station].Name), nil
	}
	keys := c.OfflineKeys()
	if p.Role != wire.RolePerson || p.Station >= len(keys) {
		return "", errors.New("It was made by nobody who may freeze.")
	}
	name := keys[p.Station].Person
	person, _ := c.Person(name)
	if !slices.ContainsFunc(person.Roles, func(r string) bool { return slices.Contains(d.Governance.Officers, r) }) {
		return "", fmt.Errorf("It was made by \"%s\", who has no role that may freeze.", name)
	}
	return fmt.Sprintf("\"%s\"", name), nil
}
