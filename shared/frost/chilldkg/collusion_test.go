package chilldkg

import (
	"crypto/sha256"
	"errors"
	"testing"

	"heliograph/shared/frost/internal/k256"
)

// threeOfUs returns a 2-of-3 session in which the attacker holds any host key it
// likes.
func threeOfUs(t *testing.T) ([]*HostSecretKey, Params) {
	t.Helper()
	p := Params{T: 2}
	hosts := make([]*HostSecretKey, 3)
	for i := range hosts {
		secret := sha256.Sum256([]byte{byte(i)})
		host, err := ParseHostSecretKey(secret[:])
		if err != nil {
			t.Fatal(err)
		}
		hosts[i] = host
		p.HostKeys = append(p.HostKeys, host.PublicKey())
	}
	return hosts, p
}

// Participant 1 and the coordinator wait for the others' messages, decrypt what
// the others dealt to participant 1, and deal a polynomial under which the share of
// participant 1 comes out as zero: its public share is the point at infinity,
// which no encoding holds. A program that does not look crashes
// on it, at every station, at a moment of the attacker's choice.
func TestPublicShareOfInfinity(t *testing.T) {
	hosts, p := threeOfUs(t)
	states := make([]*ParticipantState1, 3)
	pmsgs1 := make([][]byte, 3)
	for i, host := range hosts {
		var err error
		if states[i], pmsgs1[i], err = ParticipantStep1(host, p, [32]byte{1}); err != nil {
			t.Fatal(err)
		}
	}

	dealt, err := parseDealt(p, pmsgs1)
	if err != nil {
		t.Fatal(err)
	}
	pads, err := decryptionPads(hosts[1], p, 1, [][33]byte{dealt[0].pubnonce, dealt[1].pubnonce, dealt[2].pubnonce})
	if err != nil {
		t.Fatal(err)
	}
	constant := k256.ScalarFromInt(12345)
	sum := dealt[0].commitment[0].Add(dealt[2].commitment[0]).Add(k256.BasePublic(constant))
	x := sum.XOnly()
	tweak := taggedHash("TapTweak", x[:])
	known := constant.Add(k256.ScalarReduce(tweak[:]))
	for _, i := range []int{0, 2} {
		known = known.Add(dealt[i].encShares[1]).Sub(pads[i])
	}
	half, err := k256.ScalarFromInt(position(1)).Invert()
	if err != nil {
		t.Fatal(err)
	}
	polynomial, err := k256.NewPolynomial([]*k256.Scalar{constant, known.Neg().Mul(half)})
	if err != nil {
		t.Fatal(err)
	}
	attack := participantMsg1{commitment: polynomial.Commit()}
	if attack.pop, err = schnorrSign(popTag, constant, attack.commitment[0], popMessage(1), [32]byte{}); err != nil {
		t.Fatal(err)
	}
	secnonce := k256.ScalarFromInt(777)
	attack.pubnonce = secnonce.BaseMul().Bytes()
	points, err := p.hostPoints()
	if err != nil {
		t.Fatal(err)
	}
	shares := []*k256.Scalar{polynomial.EvalAt(1), polynomial.EvalAt(2), polynomial.EvalAt(3)}
	attack.encShares = encryptShares(hosts[1], secnonce, attack.pubnonce, p, points, 1, shares)
	dealt[1], pmsgs1[1] = attack, attack.bytes()

	if _, _, err := CoordinatorStep1(p, pmsgs1); !errors.Is(err, ErrDegenerate) {
		t.Errorf("honest coordinator: got %v, want ErrDegenerate", err)
	}

	// The coordinator of the attackers does not look.
	msg := coordinatorMsg1{higher: make([]k256.Point, 1)}
	for i, m := range dealt {
		msg.secrets = append(msg.secrets, m.commitment[0])
		msg.higher[0] = msg.higher[0].Add(m.commitment[1])
		msg.pops = append(msg.pops, m.pop)
		msg.pubnonces = append(msg.pubnonces, m.pubnonce)
		msg.encShares = append(msg.encShares, sumScalars([]*k256.Scalar{dealt[0].encShares[i], dealt[1].encShares[i], dealt[2].encShares[i]}))
	}
	for _, i := range []int{0, 2} {
		_, _, err := ParticipantStep2(hosts[i], states[i], msg.bytes(), [32]byte{})
		var unknown *UnknownFaultyParticipantOrCoordinatorError
		if !errors.As(err, &unknown) || !errors.Is(err, ErrDegenerate) {
			t.Errorf("participant %d: got %v, want an unknown fault with ErrDegenerate", i, err)
		}
		err = ParticipantInvestigate(hosts[i], states[i], msg.bytes(), nil)
		if !errors.Is(err, ErrDegenerate) {
			t.Errorf("participant %d investigates: got %v, want ErrDegenerate", i, err)
		}
	}
}

func TestGroupKeyRefused(t *testing.T) {
	g := k256.Generator()
	if _, err := newGroupKey([]k256.Point{g, g, g}, 2, 3); !errors.Is(err, k256.ErrCommitmentLength) {
		t.Errorf("3 points for threshold 2: got %v", err)
	}
	if _, err := newGroupKey([]k256.Point{g}, 2, 3); !errors.Is(err, k256.ErrCommitmentLength) {
		t.Errorf("1 point for threshold 2: got %v", err)
	}
	if _, err := newGroupKey([]k256.Point{{}, g}, 2, 3); !errors.Is(err, ErrDegenerate) {
		t.Errorf("secret at infinity: got %v", err)
	}
}

// Recovery data with every signature in order, but a share of participant 0 that is not
// the committed one: nobody could have signed this who had checked it. A
// restored station must not take the share, or it answers requests with partial
// signatures that are blamed on it.
func TestRecoveryOfWrongShare(t *testing.T) {
	hosts, p := threeOfUs(t)
	pmsgs1 := make([][]byte, 3)
	for i, host := range hosts {
		var err error
		if _, pmsgs1[i], err = ParticipantStep1(host, p, [32]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	state, _, err := CoordinatorStep1(p, pmsgs1)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []bool{false, true} {
		if wrong {
			state.transcript.encShares[0] = state.transcript.encShares[0].Add(k256.ScalarFromInt(1))
		}
		recovery := state.EqInput()
		for i, host := range hosts {
			sig, err := hostSign(host, certificatePurpose, i, state.EqInput(), [32]byte{})
			if err != nil {
				t.Fatal(err)
			}
			recovery = append(recovery, sig[:]...)
		}
		_, _, err := Recover(hosts[0], recovery)
		var bad *RecoveryDataError
		if errors.As(err, &bad) != wrong {
			t.Errorf("wrong share %v: got %v", wrong, err)
		}
		if _, _, err := Recover(hosts[1], recovery); err != nil {
			t.Errorf("participant 1 has its share: %v", err)
		}
	}
}
