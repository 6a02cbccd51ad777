package station

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/wire"
)

// SaveError says that a step could not be kept. Nothing of the step was shown.
// What the keystore holds is either all of the step or nothing of it; the next
// start finds out which.
type SaveError struct{ Err error }

func (e *SaveError) Error() string {
	return "station: nothing was shown, because it could not be kept first: " + e.Err.Error()
}

func (e *SaveError) Unwrap() error { return e.Err }

// UnshownError says that a step is kept, and that nothing of it was shown. The
// next start goes on from it, and shows an answer to whoever asks again.
type UnshownError struct{ Err error }

func (e *UnshownError) Error() string {
	return "station: nothing was shown yet, though it is kept: " + e.Err.Error()
}

func (e *UnshownError) Unwrap() error { return e.Err }

// ErrSecondShare says that a keystore that holds a share was given another. Two
// shares on one machine would let one machine be two of a quorum.
var ErrSecondShare = errors.New("station: this keystore already holds another share; a station never holds two")

// keep makes records durable. After a failure the application does nothing
// more: its machine believes in a state that may not be on the disk.
func (a *App) keep(records []ceremonies.Record) error {
	if a.broken != nil {
		return a.broken
	}
	if len(records) == 0 {
		return nil
	}
	err := a.checkShare(records)
	if err == nil {
		err = a.world.Store.PutAll(records)
	}
	if err != nil {
		a.broken, a.post = &SaveError{Err: err}, nil
		return a.broken
	}
	return nil
}

func (a *App) checkShare(records []ceremonies.Record) error {
	for _, r := range records {
		if r.Name != keygen.ShareName {
			continue
		}
		if a.reviewer != nil {
			return ErrReviewer
		}
		have, found, err := a.world.Store.Get(r.Name)
		if err != nil {
			return err
		}
		defer clear(have)
		if found && !bytes.Equal(have, r.Value) {
			return ErrSecondShare
		}
	}
	return nil
}

// EvidencePrefix names what a fault said that a third program can check.
const EvidencePrefix = "evidence/"

// keepEvidence keeps the record of a fault under the hash of its bytes.
func (a *App) keepEvidence(f *ceremonies.Fault) error {
	if len(f.Record) == 0 {
		return nil
	}
	id := wire.TaggedHash("Heliograph/evidence/v1", f.Record)
	return a.keep([]ceremonies.Record{{Name: EvidencePrefix + hex.EncodeToString(id[:8]), Value: f.Record}})
}

// records reads all records under the prefixes.
func (a *App) records(prefixes ...string) ([]ceremonies.Record, error) {
	var out []ceremonies.Record
	for _, prefix := range prefixes {
		names, err := a.world.Store.Names(prefix)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			value, err := a.mustGet(name)
			if err != nil {
				return nil, err
			}
			out = append(out, ceremonies.Record{Name: name, Value: value})
		}
	}
	return out, nil
}

func (a *App) mustGet(name string) ([]byte, error) {
	value, found, err := a.world.Store.Get(name)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("station: the keystore has no record %q", name)
	}
	return value, nil
}

func (a *App) has(name string) (bool, error) {
	value, found, err := a.world.Store.Get(name)
	clear(value)
	return found, err
}
