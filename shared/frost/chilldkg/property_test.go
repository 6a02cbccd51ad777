package chilldkg_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/frost/internal/k256"
)

// worlds keeps sessions whose first messages were made, by threshold and size:
// the attacks begin after that.
type worlds map[[2]int]*world

func (c worlds) draw(t *rapid.T) *world {
	size := drawSize(t)
	if c[size] == nil {
		c[size] = newWorld(t, size[0], size[1])
	}
	w := *c[size]
	w.pmsgs1 = slices.Clone(w.pmsgs1)
	return &w
}

// drawSize draws a threshold and a number of participants.
func drawSize(t *rapid.T) [2]int {
	n := rapid.IntRange(1, 4).Draw(t, "n")
	return [2]int{rapid.IntRange(1, n).Draw(t, "t"), n}
}

// interpolate returns the value at 0 through the shares of a quorum.
func interpolate(t failer, shares map[int]*k256.Scalar) *k256.Scalar {
	t.Helper()
	secret := k256.ScalarFromInt(0)
	for i, share := range shares {
		weight := k256.ScalarFromInt(1)
		for j := range shares {
			if i == j {
				continue
			}
			xi, xj := k256.ScalarFromInt(uint32(i+1)), k256.ScalarFromInt(uint32(j+1))
			inverse, err := xj.Sub(xi).Invert()
			if err != nil {
				t.Fatal(err)
			}
			weight = weight.Mul(xj).Mul(inverse)
		}
		secret = secret.Add(share.Mul(weight))
	}
	return secret
}

// Every quorum of t holds the secret of the threshold key, fewer do not, each
// share belongs to its public share, and everybody has the same public values.
func TestSharesMakeTheKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := drawSize(t)
		w := newWorldOf(t, rapid.String().Draw(t, "salt"), size[0], size[1])
		f := w.finish(t)
		quorum := rapid.Permutation(indices(len(w.hosts))).Draw(t, "order")[:w.params.T]
		shares := map[int]*k256.Scalar{}
		for i, out := range f.outputs {
			if out.ThresholdKey != f.coordinator.ThresholdKey || !slices.Equal(out.PublicShares, f.coordinator.PublicShares) {
				t.Fatalf("participant %d has other public values than the coordinator", i)
			}
			b := out.SecretShare.Bytes()
			share, err := k256.ScalarFromBytes(b[:])
			if err != nil {
				t.Fatal(err)
			}
			if share.BaseMul().Bytes() != out.PublicShares[i] {
				t.Fatalf("share %d does not match its public share", i)
			}
			if slices.Contains(quorum, i) {
				shares[i] = share
			}
		}
		if interpolate(t, shares).BaseMul().Bytes() != f.coordinator.ThresholdKey {
			t.Fatalf("quorum %v does not hold the key", quorum)
		}
		delete(shares, quorum[0])
		if len(shares) > 0 && interpolate(t, shares).BaseMul().Bytes() == f.coordinator.ThresholdKey {
			t.Fatalf("fewer than %d hold the key", w.params.T)
		}
	})
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// tamper alters one byte or the length of a message.
func tamper(t *rapid.T, msg []byte) []byte {
	msg = bytes.Clone(msg)
	switch rapid.SampledFrom([]string{"alter", "alter", "alter", "alter", "cut", "grow"}).Draw(t, "how") {
	case "cut":
		return msg[:rapid.IntRange(0, len(msg)-1).Draw(t, "size")]
	case "grow":
		return append(msg, rapid.SliceOfN(rapid.Byte(), 1, 99).Draw(t, "extra")...)
	}
	at := rapid.IntRange(0, len(msg)-1).Draw(t, "at")
	msg[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "mask"))
	return msg
}

// blamed returns whom a participant's error leaves as suspect beside the
// coordinator, -1 for the coordinator alone. A participant never says more.
func blamed(t *rapid.T, err error) int {
	var either *chilldkg.FaultyParticipantOrCoordinatorError
	var coordinator *chilldkg.FaultyCoordinatorError
	switch {
	case errors.As(err, &either):
		return either.Participant
	case errors.As(err, &coordinator):
		return -1
	}
	t.Fatalf("error without a suspect: %v", err)
	return -2
}

// A participant deviates in its first message; the coordinator and the others are
// honest. Somebody notices, and all who notice name this participant.
func TestTamperedFirstMessage(t *testing.T) {
	cache := worlds{}
	rapid.Check(t, func(t *rapid.T) {
		w := cache.draw(t)
		liar := rapid.IntRange(0, len(w.hosts)-1).Draw(t, "liar")
		w.pmsgs1[liar] = tamper(t, w.pmsgs1[liar])
		_, cmsg1, err := chilldkg.CoordinatorStep1(w.params, w.pmsgs1)
		if err != nil {
			var fault *chilldkg.FaultyParticipantError
			if !errors.As(err, &fault) || fault.Participant != liar {
				t.Fatalf("coordinator: %v", err)
			}
			return
		}
		cinvs, err := chilldkg.CoordinatorInvestigate(w.params, w.pmsgs1)
		if err != nil {
			t.Fatal(err)
		}
		noticed := false
		for i := range w.hosts {
			_, _, err := w.step2(t, i, cmsg1)
			if err == nil {
				continue
			}
			noticed = true
			var unknown *chilldkg.UnknownFaultyParticipantOrCoordinatorError
			if errors.As(err, &unknown) {
				err = chilldkg.ParticipantInvestigate(w.hosts[i], w.states[i], cmsg1, cinvs[i])
			}
			// What left the liar's own machine was honest here, so that
			// machine rightly sees the coordinator at fault.
			if suspect := blamed(t, err); i != liar && suspect != liar {
				t.Fatalf("participant %d blames %d: %v", i, suspect, err)
			}
		}
		if !noticed {
			t.Fatal("nobody noticed")
		}
	})
}

// The coordinator deviates in what it sends to one participant. That participant
// either fails, with the coordinator among its suspects, or signs a transcript
// for which no certificate can be made. Only its own proof of possession is not
// looked at, and changes nothing.
func TestTamperedAggregate(t *testing.T) {
	cache := worlds{}
	rapid.Check(t, func(t *rapid.T) {
		w := cache.draw(t)
		state, honest := w.aggregate(t)
		victim := rapid.IntRange(0, len(w.hosts)-1).Draw(t, "victim")
		cmsg1 := tamper(t, honest)
		state2, pmsg2, err := w.step2(t, victim, cmsg1)
		var unknown *chilldkg.UnknownFaultyParticipantOrCoordinatorError
		if errors.As(err, &unknown) {
			cinvs, invErr := chilldkg.CoordinatorInvestigate(w.params, w.pmsgs1)
			if invErr != nil {
				t.Fatal(invErr)
			}
			err = chilldkg.ParticipantInvestigate(w.hosts[victim], w.states[victim], cmsg1, cinvs[victim])
		}
		if err != nil {
			if suspect := blamed(t, err); suspect == victim {
				t.Fatalf("participant %d blames itself: %v", victim, err)
			}
			return
		}
		pmsgs2 := w.sign(t, honest)
		pmsgs2[victim] = pmsg2
		same := bytes.Equal(state2.EqInput(), state.EqInput())
		_, _, _, err = chilldkg.CoordinatorFinalize(state, pmsgs2)
		_, _, victimErr := chilldkg.ParticipantFinalize(state2, bytes.Join(pmsgs2, nil))
		if (err == nil) != same || (victimErr == nil && !same && len(w.hosts) > 1) {
			t.Fatalf("same transcript %v, coordinator: %v, victim: %v", same, err, victimErr)
		}
		ownPop := cmsg1PopAt(w.params.T, len(w.hosts), victim)
		if same && (!bytes.Equal(cmsg1[:ownPop], honest[:ownPop]) || !bytes.Equal(cmsg1[ownPop+64:], honest[ownPop+64:])) {
			t.Fatal("another aggregate gave the same transcript")
		}
	})
}

// A second message or a certificate that was altered is its sender's fault.
func TestTamperedSignatures(t *testing.T) {
	cache := worlds{}
	rapid.Check(t, func(t *rapid.T) {
		w := cache.draw(t)
		f := w.finish(t)
		state, _ := w.aggregate(t)
		liar := rapid.IntRange(0, len(w.hosts)-1).Draw(t, "liar")
		pmsgs2 := slices.Clone(f.pmsgs2)
		pmsgs2[liar] = tamper(t, pmsgs2[liar])
		_, _, _, err := chilldkg.CoordinatorFinalize(state, pmsgs2)
		var fault *chilldkg.FaultyParticipantError
		if !errors.As(err, &fault) || fault.Participant != liar {
			t.Fatalf("coordinator: %v", err)
		}

		state2, _, err := w.step2(t, liar, f.cmsg1)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = chilldkg.ParticipantFinalize(state2, tamper(t, f.cmsg2))
		if suspect := blamed(t, err); suspect != -1 {
			t.Fatalf("participant %d blames %d", liar, suspect)
		}
	})
}
