package chilldkg

import (
	"encoding/binary"
	"errors"
	"fmt"

	"heliograph/shared/frost/internal/k256"
)

// transcript is the content of eq_input: everything that the participants must
// agree on and that recovery needs. It is public.
type transcript struct {
	params     Params
	commitment []k256.Point      // t points, summed over all dealers, before the tweak
	pubnonces  [][pointSize]byte // n, by dealer
	encShares  []*k256.Scalar    // n, by recipient, summed over all dealers
}

// bytes returns eq_input.
func (t transcript) bytes() []byte {
	b := make([]byte, 0, EqInputSize(t.params.T, len(t.params.HostKeys)))
	b = binary.BigEndian.AppendUint32(b, uint32(t.params.T))
	b = appendPoints(b, t.commitment)
	for _, key := range t.params.HostKeys {
		b = append(b, key[:]...)
	}
	for _, pubnonce := range t.pubnonces {
		b = append(b, pubnonce[:]...)
	}
	return appendScalars(b, t.encShares)
}

// parseTranscript reads eq_input followed by trailer bytes for each participant
// (0, or 64 in recovery data), and returns those as the rest. n follows from the
// length. The threshold is bounded before it sizes anything. The parameters are
// not validated yet.
func parseTranscript(b []byte, trailer int) (transcript, []byte, error) {
	if len(b) < 4 || len(b) > EqInputSize(MaxParticipants, MaxParticipants)+trailer*MaxParticipants {
		return transcript{}, nil, fmt.Errorf("transcript: %w: %d bytes", ErrLength, len(b))
	}
	c := cursor{b}
	threshold := c.number()
	if threshold > MaxParticipants || len(c.rest) < pointSize*int(threshold) {
		return transcript{}, nil, fmt.Errorf("transcript: %w: threshold %d in %d bytes", ErrLength, threshold, len(b))
	}
	t := int(threshold)
	commitment, err := c.points(t)
	if err != nil {
		return transcript{}, nil, errors.New("transcript: commitment holds bytes that are no point")
	}
	each := pointSize + pointSize + secretSize + trailer
	if len(c.rest)%each != 0 {
		return transcript{}, nil, fmt.Errorf("transcript: %w: %d bytes for participants, want a multiple of %d", ErrLength, len(c.rest), each)
	}
	n := len(c.rest) / each
	tr := transcript{params: Params{HostKeys: make([]HostPublicKey, n), T: t}, commitment: commitment}
	for i, key := range c.encoded(n) {
		tr.params.HostKeys[i] = key
	}
	tr.pubnonces = c.encoded(n)
	if tr.encShares, err = c.scalars(n); err != nil {
		return transcript{}, nil, errors.New("transcript: encrypted share is not below the group order")
	}
	return tr, c.rest, nil
}

// groupKey derives the public outputs.
func (t transcript) groupKey() (groupKey, error) {
	return newGroupKey(t.commitment, t.params.T, len(t.params.HostKeys))
}
