package ledger

import (
	"bytes"
	"errors"
	"fmt"

	"heliograph/shared/wire"
)

// Head is a station's signed statement of where it stands: its last record and
// its next nonce index. Peers and the coordinator keep the highest one of each
// station, so that a station started from an older copy of its disk is shown
// its own later signature.
type Head struct {
	Wallet   [32]byte       // wallet id
	Station  uint8          // index in the charter
	Instance wire.PublicKey // key that signs
	Epoch    [16]byte       // id of the nonce stream
	Next     uint64         // next unused nonce index of that stream
	Seq      uint64         // records released, 0 for none
	Last     [32]byte       // hash of record Seq, zero if Seq is 0
	Sig      [64]byte       // BIP340, by Instance
}

type headBody struct {
	Wallet   [32]byte `cbor:"1,keyasint"`
	Station  uint8    `cbor:"2,keyasint"`
	Instance [32]byte `cbor:"3,keyasint"`
	Epoch    [16]byte `cbor:"4,keyasint"`
	Next     uint64   `cbor:"5,keyasint"`
	Seq      uint64   `cbor:"6,keyasint"`
	Last     [32]byte `cbor:"7,keyasint"`
}

// SignHead returns h with Instance set to the key's public half, and signed.
// aux is 32 fresh random bytes (BIP340).
func SignHead(h Head, key *wire.SigningKey, aux [32]byte) (Head, error) {
	h.Instance = key.Public()
	body, err := h.body()
	if err != nil {
		return Head{}, fmt.Errorf("ledger: sign head: %w", err)
	}
	h.Sig = key.Sign(wire.TaggedHash(headTag, body), aux)
	return h, nil
}

// Verify checks the head's form and its signature by h.Instance. Whether that
// instance is the wallet's station is for a Ledger to say.
func (h Head) Verify() error {
	body, err := h.body()
	if err != nil {
		return fmt.Errorf("ledger: verify head: %w", err)
	}
	if err := wire.Verify(h.Instance, wire.TaggedHash(headTag, body), h.Sig); err != nil {
		return fmt.Errorf("ledger: verify head of station %d: %w", h.Station, err)
	}
	return nil
}

// Later reports whether h was signed after other, both by one instance: more
// records, or as many and a higher nonce index.
func (h Head) Later(other Head) bool {
	if h.Seq != other.Seq {
		return h.Seq > other.Seq
	}
	return h.Next > other.Next
}

// Encode returns the canonical bytes of a signed head, about 200.
func (h Head) Encode() ([]byte, error) {
	body, err := h.body()
	if err != nil {
		return nil, fmt.Errorf("ledger: encode head: %w", err)
	}
	b, err := wire.Marshal(signed{Body: body, Sig: h.Sig})
	if err != nil {
		return nil, fmt.Errorf("ledger: encode head: %w", err)
	}
	return b, nil
}

// DecodeHead reads what Encode wrote and nothing else. It verifies the
// signature by the instance that the head names.
func DecodeHead(b []byte) (Head, error) {
	var outer signed
	if err := wire.Unmarshal(b, &outer, MaxHeadSize); err != nil {
		return Head{}, fmt.Errorf("ledger: decode head: %w", err)
	}
	var in headBody
	if err := wire.Unmarshal(outer.Body, &in, MaxHeadSize); err != nil {
		return Head{}, fmt.Errorf("ledger: decode head: body: %w", err)
	}
	h := Head{
		Wallet: in.Wallet, Station: in.Station, Instance: in.Instance,
		Epoch: in.Epoch, Next: in.Next, Seq: in.Seq, Last: in.Last, Sig: outer.Sig,
	}
	if err := h.check(); err != nil {
		return Head{}, fmt.Errorf("ledger: decode head: %w", err)
	}
	if err := wire.Verify(h.Instance, wire.TaggedHash(headTag, outer.Body), outer.Sig); err != nil {
		return Head{}, fmt.Errorf("ledger: decode head of station %d: %w", h.Station, err)
	}
	return h, nil
}

// body checks the head and returns the bytes that are signed.
func (h Head) body() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	return wire.Marshal(headBody{
		Wallet: h.Wallet, Station: h.Station, Instance: h.Instance,
		Epoch: h.Epoch, Next: h.Next, Seq: h.Seq, Last: h.Last,
	})
}

func (h Head) check() error {
	if h.Wallet == ([32]byte{}) {
		return errors.New("no wallet id")
	}
	if (h.Seq == 0) != (h.Last == [32]byte{}) {
		return fmt.Errorf("sequence number %d and last record do not fit", h.Seq)
	}
	return nil
}

// noHead is the empty CBOR map, the zero Head as a field of a message.
const noHead = 0xa0

// MarshalCBOR is Encode, so that a head may be a field of a wire message. The
// zero Head, of a station that none was seen of, is an empty map.
func (h Head) MarshalCBOR() ([]byte, error) {
	if h == (Head{}) {
		return []byte{noHead}, nil
	}
	return h.Encode()
}

// UnmarshalCBOR is DecodeHead, except that an empty map is the zero Head, which
// no Ledger takes.
func (h *Head) UnmarshalCBOR(b []byte) error {
	if bytes.Equal(b, []byte{noHead}) {
		*h = Head{}
		return nil
	}
	out, err := DecodeHead(b)
	if err != nil {
		return err
	}
	*h = out
	return nil
}
