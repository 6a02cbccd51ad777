package signing

import (
	"encoding/binary"
	"errors"
	"fmt"

	"heliograph/shared/frost"
	"heliograph/shared/wire"
)

// stream is a station's nonces: a ratchet of which only the next step's seed
// is kept, so that neither a used nonce nor its seed can be computed again
// from what is on disk (DESIGN section 5). Each step gives 32 bytes for BIP445
// NonceGen and the seed of the following step.
type stream struct {
	Epoch     [16]byte `cbor:"1,keyasint"` // random per installation, public
	Next      uint64   `cbor:"2,keyasint"` // lowest index never used
	Published uint64   `cbor:"3,keyasint"` // commitments below this index have left the station
	Seed      []byte   `cbor:"4,keyasint"` // 32 bytes, secret, for index Next
}

// newStream makes a fresh stream. The share is mixed in so that a failing
// random generator alone does not make the stream predictable.
func newStream(random [32]byte, share *frost.SecretShare) stream {
	secret := share.Bytes()
	seed := wire.TaggedHash("Heliograph/nonce-seed/v1", random[:], secret[:])
	epoch := wire.TaggedHash("Heliograph/nonce-epoch/v1", random[:])
	clear(secret[:])
	return stream{Epoch: [16]byte(epoch[:16]), Seed: seed[:]}
}

func (s stream) valid() error {
	if len(s.Seed) != 32 || s.Published < s.Next {
		return errors.New("signing: nonce stream: not a saved stream")
	}
	return nil
}

// walk steps the ratchet from index Next up to end and calls visit for every
// index in [from, end). It returns the seed of index end.
func (s stream) walk(from, end uint64, visit func(i uint64, rand [32]byte) error) ([]byte, error) {
	seed := [32]byte(s.Seed)
	defer clear(seed[:])
	for i := s.Next; i < end; i++ {
		rand := wire.TaggedHash("Heliograph/nonce-rand/v1", seed[:])
		seed = wire.TaggedHash("Heliograph/nonce-ratchet/v1", seed[:])
		if i < from {
			continue
		}
		err := visit(i, rand)
		clear(rand[:])
		if err != nil {
			return nil, err
		}
	}
	return append([]byte(nil), seed[:]...), nil
}

// serves says whether the indices [start, start+count) may be used: none is
// burnt, all were published, and not too many would be skipped.
func (s stream) serves(start, count uint64) error {
	if start < s.Next {
		return errBurnt
	}
	if count > s.Published || start > s.Published-count {
		return errUnpublished
	}
	if start-s.Next > maxSkip {
		return errSkip
	}
	return nil
}

// take gives the nonces of the indices [start, start+count) and the stream
// that is left when these and every skipped index are burnt. The caller keeps
// the returned stream durably before anything made with the nonces leaves.
func (s stream) take(start, count uint64, gen generator) ([]*frost.SecretNonce, []frost.PublicNonce, stream, error) {
	if err := s.serves(start, count); err != nil {
		return nil, nil, s, err
	}
	secret := make([]*frost.SecretNonce, 0, count)
	public := make([]frost.PublicNonce, 0, count)
	seed, err := s.walk(start, start+count, func(i uint64, rand [32]byte) error {
		sn, pn, err := gen.nonce(s.Epoch, i, rand)
		if err != nil {
			return err
		}
		secret, public = append(secret, sn), append(public, pn)
		return nil
	})
	if err != nil {
		return nil, nil, s, err
	}
	left := s
	left.Next, left.Seed = start+count, seed
	return secret, public, left, nil
}

// publish extends the published range until pool indices are unused, and
// returns the page of the new commitments.
func (s stream) publish(pool uint64, gen generator) (Page, stream, error) {
	page := Page{Epoch: s.Epoch, Start: s.Published}
	end := s.Next + pool
	if end <= s.Published {
		return page, s, nil
	}
	page.Commitments = make([]byte, 0, nonceSize*(end-s.Published))
	_, err := s.walk(s.Published, end, func(i uint64, rand [32]byte) error {
		sn, pn, err := gen.nonce(s.Epoch, i, rand)
		if err != nil {
			return err
		}
		sn.Wipe()
		page.Commitments = append(page.Commitments, pn[:]...)
		return nil
	})
	if err != nil {
		return Page{}, s, err
	}
	s.Published = end
	return page, s, nil
}

// suite names the way nonces are derived, so that another way never meets this one.
const suite = 1

// generator makes the nonce of an index; extra_in separates wallets, streams
// and indices even if randomness repeats.
type generator struct {
	wallet [32]byte
	key    [32]byte // x-only threshold key
	share  *frost.SecretShare
	public frost.PublicShare
}

func (g generator) nonce(epoch [16]byte, index uint64, rand [32]byte) (*frost.SecretNonce, frost.PublicNonce, error) {
	extra := make([]byte, 0, 1+32+16+8)
	extra = append(extra, suite)
	extra = append(extra, g.wallet[:]...)
	extra = append(extra, epoch[:]...)
	extra = binary.BigEndian.AppendUint64(extra, index)
	sn, pn, err := frost.NonceGen(rand, frost.NonceInput{
		Share:        g.share,
		PublicShare:  &g.public,
		ThresholdKey: &g.key,
		ExtraIn:      extra,
	})
	if err != nil {
		return nil, frost.PublicNonce{}, fmt.Errorf("signing: nonce %d: %w", index, err)
	}
	return sn, pn, nil
}

var (
	errBurnt       = errors.New("signing: a nonce of this range is burnt")
	errUnpublished = errors.New("signing: a nonce of this range was never published")
	errSkip        = errors.New("signing: the request would skip too many nonces")
)
