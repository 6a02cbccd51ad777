package lineage

import (
	"encoding/binary"
	"errors"
	"fmt"

	"heliograph/shared/wire"
)

// Ack says that a station's people agree to a ballot. It is the body of
// KindBallotAck, and part of a Certificate.
type Ack struct {
	Digest  [32]byte `cbor:"1,keyasint"` // BallotDigest
	Station uint8    `cbor:"2,keyasint"`
	Time    int64    `cbor:"3,keyasint"` // unix seconds, by the station's clock
	Sig     [64]byte `cbor:"4,keyasint"` // BIP340, by the instance key
}

// maxPromise bounds an encoded Ack or Void, in bytes.
const maxPromise = 256

func (a Ack) signed() [32]byte {
	return wire.TaggedHash("Heliograph/ballot-ack/v1", a.Digest[:], []byte{a.Station}, binary.BigEndian.AppendUint64(nil, uint64(a.Time)))
}

// SignAck acknowledges a ballot at the time now. aux is 32 fresh random bytes.
func SignAck(digest [32]byte, station uint8, now int64, key *wire.SigningKey, aux [32]byte) (Ack, error) {
	a := Ack{Digest: digest, Station: station, Time: now}
	if err := a.check(); err != nil {
		return Ack{}, fmt.Errorf("lineage: acknowledge: %w", err)
	}
	a.Sig = key.Sign(a.signed(), aux)
	return a, nil
}

// maxTime is the last second of the year 9999: no sum of a time and a delay
// overflows.
const maxTime = 253_402_300_799

func (a Ack) check() error {
	if a.Time < 1 || a.Time > maxTime {
		return fmt.Errorf("time %d is not between the years 1970 and 9999", a.Time)
	}
	return nil
}

// Verify checks the signature by an instance key.
func (a Ack) Verify(key wire.PublicKey) error { return wire.Verify(key, a.signed(), a.Sig) }

// Encode returns the canonical encoding.
func (a Ack) Encode() ([]byte, error) { return wire.Marshal(a) }

// DecodeAck reads what Encode wrote and nothing else; the signature is Verify's.
func DecodeAck(b []byte) (Ack, error) {
	var a Ack
	if err := wire.Unmarshal(b, &a, maxPromise); err != nil {
		return Ack{}, fmt.Errorf("lineage: decode acknowledgement: %w", err)
	}
	if err := a.check(); err != nil {
		return Ack{}, fmt.Errorf("lineage: decode acknowledgement: %w", err)
	}
	return a, nil
}

// Void says that a station never acknowledged a ballot and never will. It is the
// body of KindVoid, and travels with ballots.
type Void struct {
	Digest  [32]byte `cbor:"1,keyasint"` // BallotDigest
	Station uint8    `cbor:"2,keyasint"`
	Sig     [64]byte `cbor:"3,keyasint"` // BIP340, by the instance key
}

func (v Void) signed() [32]byte {
	return wire.TaggedHash("Heliograph/ballot-void/v1", v.Digest[:], []byte{v.Station})
}

// SignVoid voids a ballot. aux is 32 fresh random bytes.
func SignVoid(digest [32]byte, station uint8, key *wire.SigningKey, aux [32]byte) Void {
	v := Void{Digest: digest, Station: station}
	v.Sig = key.Sign(v.signed(), aux)
	return v
}

// Verify checks the signature by an instance key.
func (v Void) Verify(key wire.PublicKey) error { return wire.Verify(key, v.signed(), v.Sig) }

// Encode returns the canonical encoding.
func (v Void) Encode() ([]byte, error) { return wire.Marshal(v) }

// DecodeVoid reads what Encode wrote and nothing else; the signature is Verify's.
func DecodeVoid(b []byte) (Void, error) {
	var v Void
	if err := wire.Unmarshal(b, &v, maxPromise); err != nil {
		return Void{}, fmt.Errorf("lineage: decode void: %w", err)
	}
	return v, nil
}

// Contradiction is the proof that one instance acknowledged a ballot and said
// that it never would. Nothing but its own key can have made both.
type Contradiction struct {
	Ack  Ack
	Void Void
}

// Verify checks the proof against an instance key.
func (c Contradiction) Verify(key wire.PublicKey) error {
	if c.Ack.Digest != c.Void.Digest || c.Ack.Station != c.Void.Station {
		return errors.New("lineage: verify contradiction: of two ballots or stations")
	}
	if err := c.Ack.Verify(key); err != nil {
		return err
	}
	return c.Void.Verify(key)
}
