package chilldkg

import (
	"encoding/binary"
	"errors"

	"heliograph/shared/frost/internal/k256"
)

// Sizes of the messages in bytes. A transport can bound what it accepts before
// the package sees it.

// ParticipantMsg1Size is the size of pmsg1.
func ParticipantMsg1Size(t, n int) int {
	return pointSize*t + signatureSize + pointSize + secretSize*n
}

// CoordinatorMsg1Size is the size of cmsg1.
func CoordinatorMsg1Size(t, n int) int {
	return (pointSize+signatureSize)*n + pointSize*(t-1) + pointSize*n + secretSize*n
}

// ParticipantMsg2Size is the size of pmsg2: one signature.
const ParticipantMsg2Size = signatureSize

// CoordinatorMsg2Size is the size of cmsg2: the certificate.
func CoordinatorMsg2Size(n int) int { return signatureSize * n }

// InvestigationMsgSize is the size of one investigation message.
func InvestigationMsgSize(n int) int { return (secretSize + pointSize) * n }

// EqInputSize is the size of the transcript that everybody signs.
func EqInputSize(t, n int) int { return 4 + pointSize*t + (pointSize+pointSize+secretSize)*n }

// RecoveryDataSize is the size of recovery data: eq_input and the certificate.
func RecoveryDataSize(t, n int) int { return EqInputSize(t, n) + CoordinatorMsg2Size(n) }

// participantMsg1 is pmsg1: what participant i deals to all.
type participantMsg1 struct {
	commitment []k256.Point        // t points, the secret's first
	pop        [signatureSize]byte // proof of possession of the secret
	pubnonce   [pointSize]byte     // as received: the transcript carries exact bytes
	encShares  []*k256.Scalar      // n, encrypted to each participant
}

// parseParticipantMsg1 reads pmsg1 for validated t and n. Points may be
// infinity: a participant who could make the sum of good commitments
// unparsable would frame the coordinator. Length is checked first, so a
// commitment of more than t points is refused before any arithmetic.
func parseParticipantMsg1(b []byte, t, n int) (participantMsg1, error) {
	if want := ParticipantMsg1Size(t, n); len(b) != want {
		return participantMsg1{}, wrongLength("bytes of the first message", len(b), want)
	}
	c := cursor{b}
	var m participantMsg1
	var err error
	if m.commitment, err = c.points(t); err != nil {
		return participantMsg1{}, errors.New("commitment holds bytes that are no point")
	}
	m.pop = [signatureSize]byte(c.next(signatureSize))
	m.pubnonce = [pointSize]byte(c.next(pointSize))
	if m.encShares, err = c.scalars(n); err != nil {
		return participantMsg1{}, errors.New("encrypted share is not below the group order")
	}
	return m, nil
}

func (m participantMsg1) bytes() []byte {
	b := appendPoints(make([]byte, 0, ParticipantMsg1Size(len(m.commitment), len(m.encShares))), m.commitment)
	b = append(b, m.pop[:]...)
	b = append(b, m.pubnonce[:]...)
	return appendScalars(b, m.encShares)
}

// coordinatorMsg1 is cmsg1: all first messages, added up where that is possible.
type coordinatorMsg1 struct {
	secrets   []k256.Point          // n commitments to the participants' secrets
	higher    []k256.Point          // t-1 sums of the commitments to higher coefficients
	pops      [][signatureSize]byte // n
	pubnonces [][pointSize]byte     // n, as received
	encShares []*k256.Scalar        // n sums, each still encrypted
}

// parseCoordinatorMsg1 reads cmsg1 for validated t and n.
func parseCoordinatorMsg1(b []byte, t, n int) (coordinatorMsg1, error) {
	if want := CoordinatorMsg1Size(t, n); len(b) != want {
		return coordinatorMsg1{}, wrongLength("bytes of the coordinator's first message", len(b), want)
	}
	c := cursor{b}
	var m coordinatorMsg1
	var err error
	if m.secrets, err = c.points(n); err != nil {
		return coordinatorMsg1{}, errors.New("commitment to a secret is no point")
	}
	if m.higher, err = c.points(t - 1); err != nil {
		return coordinatorMsg1{}, errors.New("summed commitment holds bytes that are no point")
	}
	for range n {
		m.pops = append(m.pops, [signatureSize]byte(c.next(signatureSize)))
	}
	m.pubnonces = c.encoded(n)
	if m.encShares, err = c.scalars(n); err != nil {
		return coordinatorMsg1{}, errors.New("encrypted share is not below the group order")
	}
	return m, nil
}

func (m coordinatorMsg1) bytes() []byte {
	b := make([]byte, 0, CoordinatorMsg1Size(len(m.higher)+1, len(m.secrets)))
	b = appendPoints(b, m.secrets)
	b = appendPoints(b, m.higher)
	for _, pop := range m.pops {
		b = append(b, pop[:]...)
	}
	for _, pubnonce := range m.pubnonces {
		b = append(b, pubnonce[:]...)
	}
	return appendScalars(b, m.encShares)
}

// sumCommitment is the commitment to the sum of all dealt polynomials: t points.
func (m coordinatorMsg1) sumCommitment() []k256.Point {
	return append([]k256.Point{sumPoints(m.secrets)}, m.higher...)
}

// investigationMsg is what the coordinator had added up for one participant,
// term by term.
type investigationMsg struct {
	encShares    []*k256.Scalar // n encrypted shares, by dealer
	publicShares []k256.Point   // n, what each dealer's commitment says of that share
}

// parseInvestigationMsg reads an investigation message for a validated n.
func parseInvestigationMsg(b []byte, n int) (investigationMsg, error) {
	if want := InvestigationMsgSize(n); len(b) != want {
		return investigationMsg{}, wrongLength("bytes of the investigation message", len(b), want)
	}
	c := cursor{b}
	var m investigationMsg
	var err error
	if m.encShares, err = c.scalars(n); err != nil {
		return investigationMsg{}, errors.New("encrypted partial share is not below the group order")
	}
	if m.publicShares, err = c.points(n); err != nil {
		return investigationMsg{}, errors.New("partial public share is no point")
	}
	return m, nil
}

func (m investigationMsg) bytes() []byte {
	return appendPoints(appendScalars(make([]byte, 0, InvestigationMsgSize(len(m.encShares))), m.encShares), m.publicShares)
}

// cursor takes fixed-width fields off bytes whose length was checked before.
type cursor struct{ rest []byte }

func (c *cursor) next(size int) []byte {
	field := c.rest[:size]
	c.rest = c.rest[size:]
	return field
}

func (c *cursor) number() uint32 { return binary.BigEndian.Uint32(c.next(4)) }

// points reads compressed points, 33 zero bytes being infinity.
func (c *cursor) points(count int) ([]k256.Point, error) {
	points := make([]k256.Point, count)
	for i := range points {
		var err error
		if points[i], err = k256.ParsePointOrInfinity(c.next(pointSize)); err != nil {
			return nil, err
		}
	}
	return points, nil
}

// encoded reads fields of the size of a point without looking into them.
func (c *cursor) encoded(count int) [][pointSize]byte {
	fields := make([][pointSize]byte, count)
	for i := range fields {
		fields[i] = [pointSize]byte(c.next(pointSize))
	}
	return fields
}

func (c *cursor) scalars(count int) ([]*k256.Scalar, error) {
	scalars := make([]*k256.Scalar, count)
	for i := range scalars {
		var err error
		if scalars[i], err = k256.ScalarFromBytes(c.next(secretSize)); err != nil {
			return nil, err
		}
	}
	return scalars, nil
}

func appendPoints(b []byte, points []k256.Point) []byte {
	for _, p := range points {
		e := p.Bytes()
		b = append(b, e[:]...)
	}
	return b
}

func appendScalars(b []byte, scalars []*k256.Scalar) []byte {
	for _, s := range scalars {
		e := s.Bytes()
		b = append(b, e[:]...)
	}
	return b
}

func sumPoints(points []k256.Point) k256.Point {
	var sum k256.Point
	for _, p := range points {
		sum = sum.Add(p)
	}
	return sum
}

func sumScalars(scalars []*k256.Scalar) *k256.Scalar {
	sum := k256.ScalarFromInt(0)
	for _, s := range scalars {
		sum = sum.Add(s)
	}
	return sum
}
