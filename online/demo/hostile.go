package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"heliograph/ceremonies"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/signing"
	"heliograph/online/coordinator/book"
	"heliograph/online/frames"
	"heliograph/online/store"
	"heliograph/shared/batch"
	"heliograph/shared/wire"
)

// hostile is a coordinator that lies. It has all that the honest one has: its
// database with the courier key, and its screen. That is the most that a thief
// of that machine can have.
type hostile struct {
	store   *store.Store
	state   book.State
	courier *wire.SigningKey
	public  keygen.Public
	screen  string
}

// turn opens the coordinator's folder while none of its commands runs.
func (w *world) turn() (*hostile, error) {
	s, err := store.Open(filepath.Join(w.home(coordinator), deskFolder))
	if err != nil {
		return nil, fmt.Errorf("demo: hostile coordinator: %w", err)
	}
	h := &hostile{store: s, screen: filepath.Join(w.home(coordinator), screen)}
	if err := h.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("demo: hostile coordinator: %w", err), s.Close())
	}
	return h, nil
}

func (h *hostile) close() error { return h.store.Close() }

func (h *hostile) read() error {
	key, err := h.record("treasury/courier")
	if err != nil {
		return err
	}
	if h.courier, err = wire.ParseSigningKey(key); err != nil {
		return err
	}
	public, err := h.record("wallet/public")
	if err != nil {
		return err
	}
	if h.public, err = keygen.DecodePublic(public); err != nil {
		return err
	}
	h.state, err = h.store.Load()
	return err
}

func (h *hostile) record(name string) ([]byte, error) {
	found, err := h.store.Records(name)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		if r.Name == name {
			return r.Value, nil
		}
	}
	return nil, fmt.Errorf("no record %q", name)
}

// request is what the honest coordinator would show next for a batch that it is
// having signed.
func (h *hostile) request(number int) (signing.Request, error) {
	desk, err := h.desk()
	if err != nil {
		return signing.Request{}, err
	}
	for _, b := range h.state.Batches {
		if b.Number != number {
			continue
		}
		kept, err := h.record(signing.SessionName(b.Session))
		if err != nil {
			return signing.Request{}, err
		}
		session, err := desk.ResumeSession(kept)
		if err != nil {
			return signing.Request{}, err
		}
		e, err := event()
		if err != nil {
			return signing.Request{}, err
		}
		step, err := session.Step(e)
		if err != nil {
			return signing.Request{}, err
		}
		return h.open(step.Send[0].Bytes)
	}
	return signing.Request{}, fmt.Errorf("no batch %d", number)
}

func (h *hostile) desk() (*signing.Desk, error) {
	kept, err := h.store.Records("desk/")
	if err != nil {
		return nil, err
	}
	line, err := h.line()
	if err != nil {
		return nil, err
	}
	group := signing.Group{Line: line, Wallet: h.public.Wallet, PublicShares: h.public.PublicShares}
	return signing.NewDesk(group, h.courier, kept)
}

// open reads the coordinator's own request back.
func (h *hostile) open(sealed []byte) (signing.Request, error) {
	ring, err := h.public.Charter.Keyring([32]byte(h.public.Wallet.ID()))
	if err != nil {
		return signing.Request{}, err
	}
	opened, err := wire.Open(sealed, ring)
	if err != nil {
		return signing.Request{}, err
	}
	var r signing.Request
	return r, wire.Unmarshal(opened.Body(), &r, wire.MaxSealed)
}

// alter changes the facts of a request and seals it with the courier key: as
// genuine as any request, but for what it asks.
func (h *hostile) alter(r signing.Request, change func(*batch.Request) error) ([]byte, error) {
	var o signing.Order
	if err := wire.Unmarshal(r.Order, &o, wire.MaxSealed); err != nil {
		return nil, err
	}
	facts, err := batch.Decode(o.Batch)
	if err != nil {
		return nil, err
	}
	if err := change(&facts); err != nil {
		return nil, err
	}
	if o.Batch, err = facts.Encode(); err != nil {
		return nil, err
	}
	if r.Order, err = wire.Marshal(o); err != nil {
		return nil, err
	}
	return h.seal(r)
}

func (h *hostile) seal(r signing.Request) ([]byte, error) {
	body, err := wire.Marshal(r)
	if err != nil {
		return nil, err
	}
	aux, err := random()
	if err != nil {
		return nil, err
	}
	m, err := wire.Seal(wire.KindSigningRequest, [32]byte(h.public.Wallet.ID()), body, h.courier, aux)
	return m.Bytes, err
}

// show plays a message on the coordinator's screen while do runs.
func (h *hostile) show(ctx context.Context, sealed []byte, do func() error) error {
	s, err := frames.OpenScreen(h.screen)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	shown := make(chan error, 1)
	go func() { shown <- s.Show(ctx, sealed) }()
	err = do()
	stop()
	return errors.Join(err, <-shown)
}

func event() (ceremonies.Event, error) {
	r, err := random()
	return ceremonies.Event{Random: r, Input: ceremonies.Start{}}, err
}

func random() (r [32]byte, err error) {
	_, err = io.ReadFull(rand.Reader, r[:])
	return r, err
}
