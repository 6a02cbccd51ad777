package rehearsal

import (
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
	"heliograph/shared/wire"
)

// Forge is what a hostile coordinator can do to a request: it holds the courier
// key, so it takes an honest request apart, changes the order and the batch in
// it, or what travels beside the order, and seals it again. Either change may
// be nil.
func (w *World) Forge(request []byte, change func(*signing.Order, *batch.Request), beside func(*signing.Request)) ([]byte, error) {
	var body signing.Request
	if err := w.Read(request, &body); err != nil {
		return nil, err
	}
	if change != nil {
		var o signing.Order
		if err := wire.Unmarshal(body.Order, &o, wire.MaxSealed); err != nil {
			return nil, err
		}
		facts, err := batch.Decode(o.Batch)
		if err != nil {
			return nil, err
		}
		change(&o, &facts)
		if o.Batch, err = facts.Encode(); err != nil {
			return nil, err
		}
		if body.Order, err = wire.Marshal(o); err != nil {
			return nil, err
		}
	}
	if beside != nil {
		beside(&body)
	}
	return w.SealRequest(body, w.Courier)
}

// SealRequest seals a request's body with any key.
func (w *World) SealRequest(body signing.Request, key *wire.SigningKey) ([]byte, error) {
	b, err := wire.Marshal(body)
	if err != nil {
		return nil, err
	}
	m, err := wire.Seal(wire.KindSigningRequest, [32]byte(w.Public.Wallet.ID()), b, key, w.Random())
	return m.Bytes, err
}

// Read opens a message of this wallet and decodes its body into the struct that
// body points to.
func (w *World) Read(sealed []byte, body any) error {
	opened, err := w.Opened(sealed)
	if err != nil {
		return err
	}
	return wire.Unmarshal(opened.Body(), body, wire.MaxSealed)
}

// Opened opens a message of anybody that this wallet's charters ever listed.
func (w *World) Opened(sealed []byte) (wire.Opened, error) {
	var opened wire.Opened
	err := error(nil)
	for _, epoch := range w.line().Epochs() {
		var ring wire.Keyring
		if ring, err = epoch.Charter.Keyring([32]byte(w.Public.Wallet.ID())); err != nil {
			return wire.Opened{}, err
		}
		if opened, err = wire.Open(sealed, ring); err == nil {
			return opened, nil
		}
	}
	return wire.Opened{}, err
}
