// Package station is the application of an offline workstation: it finds out
// which ceremony is due, drives its machine, and stands between the machine and
// the world (keystore, camera, screen, person). It follows DESIGN sections 4
// and 5.
//
// One rule is its reason to exist: everything in Step.Save is durable before
// anything of the step is shown. When keeping fails, the machine, which already
// believes in its new state, is dropped, and nothing of the step leaves.
//
// It draws no screens and reads no keys (package cli does), knows no files
// (keystore) and no devices (camera), and decides nothing about payments: the
// machines do. It is used from one goroutine.
package station

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/shared/wallet"
)

// Store keeps records, encrypted, for the life of an installation.
type Store interface {
	// PutAll keeps all records or none; when it returns nil they are durable.
	PutAll(records []ceremonies.Record) error
	// Get returns a record, or false if there is none of this name.
	Get(name string) ([]byte, bool, error)
	// Names lists the records whose names begin with prefix, sorted.
	Names(prefix string) ([]string, error)
}

// Camera gives the pictures of what it sees at present.
type Camera interface {
	// Begin forgets what was seen before: a scan starts with the present.
	Begin() error
	// Next waits for the next picture.
	Next(ctx context.Context) (image.Image, error)
}

// Screen shows frames to another machine's camera.
type Screen interface {
	// Show waits until the frame can be shown and shows it.
	Show(ctx context.Context, frame image.Image) error
	// Clear takes the last frame away.
	Clear() error
}

// Person is who stands before the station.
type Person interface {
	// Look puts a screen before the person and returns at once.
	Look(s ceremonies.Screen)
	// Answer waits for the answer to the screen that was put before the person
	// last. The answer to Show, that the other side has the message, has no
	// Input. It returns when ctx ends.
	Answer(ctx context.Context, s ceremonies.Screen, offers Offers) (Answer, error)
	// Scanning reports how a scan stands.
	Scanning(p Progress)
}

// Offers are what a person may do instead of comparing words.
type Offers struct {
	Scan bool // read another station's introduction from its own screen
	Show bool // show this station's introduction to another station
}

// Answer is what a person said: an input for the machine, or one of Offers.
type Answer struct {
	Input      ceremonies.Input
	Scan, Show bool
}

// Progress is how a scan stands: exactly Rank of K frames' worth is known.
type Progress struct {
	Rank, K int
	Says    string // once complete: what the message claims to be, unverified
	Foreign string // a code that was passed over, and why
}

// Outcome is how a run ended without an error.
type Outcome int

const (
	// Answered: with Once, a message was scanned and its answer shown.
	Answered Outcome = iota
	// Refused: with Once, the message was refused, by rules, by a check or by
	// the person.
	Refused
)

// World is what an application stands between.
type World struct {
	Store  Store
	Camera Camera
	Screen Screen
	Person Person
	Now    func() int64 // unix seconds
	Random io.Reader    // the operating system's generator
}

// App is the application on an open keystore.
type App struct {
	world    World
	identity *identity       // nil at a reviewer's device
	reviewer *reviewer       // nil at a station
	shares   []*keygen.Share // opened since the start, to be wiped
	broken   *SaveError      // set when keeping failed: nothing is done any more
	post     *post           // a station at work, once resumed: every certificate is verified once a start
}

// Open reads who this installation is. The keystore must have been set up by
// Create, CreateReviewer or Restore.
func Open(w World) (*App, error) {
	r, err := loadReviewer(w.Store)
	if err != nil {
		return nil, err
	}
	if r != nil {
		return &App{world: w, reviewer: r}, nil
	}
	id, err := loadIdentity(w.Store)
	if err != nil {
		return nil, err
	}
	return &App{world: w, identity: id}, nil
}

// Close wipes the installation's keys and shares from memory, as far as that
// goes. The application is not used afterwards.
func (a *App) Close() {
	if a.reviewer != nil {
		a.reviewer.key.Wipe()
		return
	}
	a.identity.wipe()
	for _, s := range a.shares {
		s.Wipe()
	}
	a.shares = nil
}

// Practice reports whether this installation is for worthless coins only.
func (a *App) Practice() bool { return a.network().Practice() }

func (a *App) network() wallet.Network {
	if a.reviewer != nil {
		return a.reviewer.network
	}
	return a.identity.network
}

// event wraps an input with the time and fresh randomness.
func (a *App) event(in ceremonies.Input) (ceremonies.Event, error) {
	random, err := draw(a.world.Random)
	if err != nil {
		return ceremonies.Event{}, err
	}
	return ceremonies.Event{Time: a.world.Now(), Random: random, Input: in}, nil
}

// draw takes 32 bytes from the generator and the 32 after them. A generator
// that is stuck gives the same twice or zeros, and is refused.
func draw(random io.Reader) ([32]byte, error) {
	var first, second [32]byte
	for _, b := range []*[32]byte{&first, &second} {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return [32]byte{}, fmt.Errorf("station: random numbers: %w", err)
		}
	}
	if first == second || first == [32]byte{} || second == [32]byte{} {
		return [32]byte{}, errors.New("station: random numbers: the generator of this machine repeats itself; do not use this machine")
	}
	return first, nil
}
