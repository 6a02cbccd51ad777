package chilldkg_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"heliograph/shared/frost/chilldkg"
	"heliograph/shared/frost/internal/k256"
)

// Offsets into messages, for attackers.
func popAt(threshold int) int         { return 33 * threshold }
func pubnonceAt(threshold int) int    { return 33*threshold + 64 }
func encShareAt(threshold, i int) int { return 33*threshold + 64 + 33 + 32*i }

func cmsg1PopAt(threshold, n, i int) int      { return 33*n + 33*(threshold-1) + 64*i }
func cmsg1PubnonceAt(threshold, n, i int) int { return 97*n + 33*(threshold-1) + 33*i }
func cmsg1EncShareAt(threshold, n, i int) int { return 130*n + 33*(threshold-1) + 32*i }

// addOne adds 1 to the scalar at an offset: another share, still well formed.
func addOne(t *testing.T, msg []byte, at int) {
	t.Helper()
	s, err := k256.ScalarFromBytes(msg[at : at+32])
	if err != nil {
		t.Fatal(err)
	}
	b := s.Add(k256.ScalarFromInt(1)).Bytes()
	copy(msg[at:], b[:])
}

func wantParticipant(t *testing.T, err error, participant int) {
	t.Helper()
	var fault *chilldkg.FaultyParticipantError
	if !errors.As(err, &fault) || fault.Participant != participant {
		t.Errorf("got %v, want participant %d blamed", err, participant)
	}
}

func wantEither(t *testing.T, err error, participant int) {
	t.Helper()
	var fault *chilldkg.FaultyParticipantOrCoordinatorError
	if !errors.As(err, &fault) || fault.Participant != participant {
		t.Errorf("got %v, want participant %d or the coordinator blamed", err, participant)
	}
}

func wantCoordinator(t *testing.T, err error) {
	t.Helper()
	var fault *chilldkg.FaultyCoordinatorError
	if !errors.As(err, &fault) {
		t.Errorf("got %v, want the coordinator blamed", err)
	}
}

func wantUnknown(t *testing.T, err error) {
	t.Helper()
	var fault *chilldkg.UnknownFaultyParticipantOrCoordinatorError
	if !errors.As(err, &fault) {
		t.Errorf("got %v, want an unknown fault", err)
	}
}

// A dealer commits to three coefficients where the key is to be 2-of-3, and deals
// matching shares. Were the commitment accepted, the key would in truth be
// 3-of-3: two stations sign for an address that the money can never leave.
func TestDealerWithLongerCommitment(t *testing.T) {
	w := newWorld(t, 2, 3)
	liar := chilldkg.Params{HostKeys: w.params.HostKeys, T: 3}
	_, longer, err := chilldkg.ParticipantStep1(w.hosts[1], liar, bytes32("random", 1))
	if err != nil {
		t.Fatal(err)
	}
	w.pmsgs1[1] = longer
	_, _, err = chilldkg.CoordinatorStep1(w.params, w.pmsgs1)
	wantParticipant(t, err, 1)
	if !errors.Is(err, chilldkg.ErrLength) {
		t.Errorf("got %v, want it to be about the length", err)
	}
	_, err = chilldkg.CoordinatorInvestigate(w.params, w.pmsgs1)
	wantParticipant(t, err, 1)

	// A coordinator in league with the dealer has to make the sum longer too.
	for _, extra := range []int{33, -33, 1, -1} {
		cmsg1 := make([]byte, chilldkg.CoordinatorMsg1Size(2, 3)+extra)
		_, _, err := w.step2(t, 0, cmsg1)
		wantCoordinator(t, err)
		if !errors.Is(err, chilldkg.ErrLength) {
			t.Errorf("got %v, want it to be about the length", err)
		}
	}
}

// A dealer sends a wrong share to participant 0 alone and good ones to the rest.
// Only participant 0 can notice, and must be able to say who it was.
func TestWrongShareIsBlamedByName(t *testing.T) {
	w := newWorld(t, 2, 3)
	addOne(t, w.pmsgs1[2], encShareAt(2, 0))
	_, cmsg1 := w.aggregate(t)
	cinvs, err := chilldkg.CoordinatorInvestigate(w.params, w.pmsgs1)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.step2(t, 0, cmsg1)
	wantUnknown(t, err)
	wantEither(t, chilldkg.ParticipantInvestigate(w.hosts[0], restart1(t, w.states[0]), cmsg1, cinvs[0]), 2)

	// A coordinator that covers up for the dealer cannot shift the blame alone.
	framing := bytes.Clone(cinvs[0])
	framing[96+33] ^= 1
	wantCoordinator(t, chilldkg.ParticipantInvestigate(w.hosts[0], w.states[0], cmsg1, framing))

	if _, _, err := w.step2(t, 1, cmsg1); err != nil {
		t.Errorf("participant 1 has nothing to complain of: %v", err)
	}
	if err := chilldkg.ParticipantInvestigate(w.hosts[1], w.states[1], cmsg1, cinvs[1]); !errors.Is(err, chilldkg.ErrConsistent) {
		t.Errorf("participant 1 investigates: got %v", err)
	}
}

// The coordinator alters the share of participant 0 and then tries every
// investigation message that could frame somebody. What does not add up
// convicts the coordinator; what adds up leaves it among the suspects.
func TestCoordinatorFramesParticipant(t *testing.T) {
	w := newWorld(t, 2, 3)
	_, cmsg1 := w.aggregate(t)
	addOne(t, cmsg1, cmsg1EncShareAt(2, 3, 0))
	cinvs, err := chilldkg.CoordinatorInvestigate(w.params, w.pmsgs1)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.step2(t, 0, cmsg1)
	wantUnknown(t, err)
	investigate := func(alter func(cinv []byte)) error {
		cinv := bytes.Clone(cinvs[0])
		alter(cinv)
		return chilldkg.ParticipantInvestigate(w.hosts[0], w.states[0], cmsg1, cinv)
	}

	wantCoordinator(t, investigate(func([]byte) {}))                                           // ciphertexts do not add up
	wantCoordinator(t, investigate(func(b []byte) { addOne(t, b, 0) }))                        // our own share altered
	wantCoordinator(t, investigate(func(b []byte) { copy(b[96:], b[96+33:]) }))                // public shares do not add up
	wantCoordinator(t, investigate(func(b []byte) { b[96] = 9 }))                              // no point
	wantCoordinator(t, investigate(func(b []byte) { copy(b, bytes.Repeat([]byte{255}, 32)) })) // no scalar
	wantEither(t, investigate(func(b []byte) { addOne(t, b, 32) }), 1)                         // frames participant 1
	for _, size := range []int{0, 65*3 - 1, 65*3 + 1} {
		err := chilldkg.ParticipantInvestigate(w.hosts[0], w.states[0], cmsg1, make([]byte, size))
		wantCoordinator(t, err)
		if !errors.Is(err, chilldkg.ErrLength) {
			t.Errorf("%d bytes: got %v", size, err)
		}
	}
}

// A participant wants the threshold key to be a key of its own: it waits for the
// commitments of the others and commits to its key minus their sum. It does not
// know the secret of that difference, so it has no proof of possession.
func TestRogueKey(t *testing.T) {
	w := newWorld(t, 2, 3)
	sum, err := k256.ParsePoint(w.pmsgs1[0][:33])
	if err != nil {
		t.Fatal(err)
	}
	other, err := k256.ParsePoint(w.pmsgs1[1][:33])
	if err != nil {
		t.Fatal(err)
	}
	rogue := k256.Generator().Sub(sum.Add(other)).Bytes()
	copy(w.pmsgs1[2], rogue[:])
	_, _, err = chilldkg.CoordinatorStep1(w.params, w.pmsgs1)
	wantParticipant(t, err, 2)
}

// A participant replays the commitment and proof of another, so that the two
// cancel or double. The proof is bound to its maker's index.
func TestReplayedProof(t *testing.T) {
	w := newWorld(t, 2, 3)
	_, honest := w.aggregate(t)
	copy(w.pmsgs1[2], w.pmsgs1[1][:pubnonceAt(2)])
	_, _, err := chilldkg.CoordinatorStep1(w.params, w.pmsgs1)
	wantParticipant(t, err, 2)

	cmsg1 := bytes.Clone(honest)
	copy(cmsg1[33*2:33*3], cmsg1[33*1:33*2])
	copy(cmsg1[cmsg1PopAt(2, 3, 2):][:64], cmsg1[cmsg1PopAt(2, 3, 1):])
	_, _, err = w.step2(t, 0, cmsg1)
	wantEither(t, err, 2)
}

// First messages that the coordinator must not pass on: each names its sender.
func TestFirstMessageRefused(t *testing.T) {
	for name, alter := range map[string]func([]byte) []byte{
		"nothing":                 func([]byte) []byte { return nil },
		"too short":               func(b []byte) []byte { return b[:len(b)-1] },
		"too long":                func(b []byte) []byte { return append(b, 0) },
		"secret of zero":          func(b []byte) []byte { clear(b[:33]); return b },
		"commitment off curve":    func(b []byte) []byte { clear(b[1:32]); b[32] = 5; return b },
		"uncompressed prefix":     func(b []byte) []byte { b[33] = 4; return b },
		"proof altered":           func(b []byte) []byte { b[popAt(2)+40] ^= 1; return b },
		"nonce of zero":           func(b []byte) []byte { clear(b[pubnonceAt(2):][:33]); return b },
		"nonce off curve":         func(b []byte) []byte { clear(b[pubnonceAt(2)+1:][:31]); b[pubnonceAt(2)+32] = 5; return b },
		"share above the order":   func(b []byte) []byte { copy(b[encShareAt(2, 1):], bytes.Repeat([]byte{255}, 32)); return b },
		"somebody else's message": nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2, 3)
			if alter == nil {
				w.pmsgs1[1] = w.pmsgs1[0]
			} else {
				w.pmsgs1[1] = alter(w.pmsgs1[1])
			}
			_, _, err := chilldkg.CoordinatorStep1(w.params, w.pmsgs1)
			wantParticipant(t, err, 1)
		})
	}
	w := newWorld(t, 2, 3)
	for _, messages := range [][][]byte{nil, w.pmsgs1[:2], slices.Concat(w.pmsgs1, w.pmsgs1[:1])} {
		_, _, err := chilldkg.CoordinatorStep1(w.params, messages)
		var fault *chilldkg.FaultyParticipantError
		if !errors.Is(err, chilldkg.ErrLength) || errors.As(err, &fault) {
			t.Errorf("%d messages: got %v", len(messages), err)
		}
	}
}

// What a participant makes of an aggregate that is not what was sent.
func TestAggregateRefused(t *testing.T) {
	w := newWorld(t, 2, 3)
	_, honest := w.aggregate(t)
	for name, c := range map[string]struct {
		alter func([]byte)
		want  func(*testing.T, error)
	}{
		"own nonce":          {func(b []byte) { b[cmsg1PubnonceAt(2, 3, 0)] ^= 1 }, wantCoordinator},
		"own commitment":     {func(b []byte) { b[0] ^= 1 }, wantCoordinator},
		"bad commitment":     {func(b []byte) { b[33] = 7 }, wantCoordinator},
		"bad sum":            {func(b []byte) { b[99] = 7 }, wantCoordinator},
		"share above order":  {func(b []byte) { copy(b[cmsg1EncShareAt(2, 3, 2):], bytes.Repeat([]byte{255}, 32)) }, wantCoordinator},
		"nonce of zero":      {func(b []byte) { clear(b[cmsg1PubnonceAt(2, 3, 1):][:33]) }, func(t *testing.T, err error) { wantEither(t, err, 1) }},
		"commitment of zero": {func(b []byte) { clear(b[33:66]) }, func(t *testing.T, err error) { wantEither(t, err, 1) }},
		"proof":              {func(b []byte) { b[cmsg1PopAt(2, 3, 2)] ^= 1 }, func(t *testing.T, err error) { wantEither(t, err, 2) }},
		"own share":          {func(b []byte) { addOne(t, b, cmsg1EncShareAt(2, 3, 0)) }, wantUnknown},
		"sum":                {func(b []byte) { b[99] ^= 1 }, wantUnknown},
		"sum of zero":        {func(b []byte) { clear(b[99:132]) }, wantUnknown},
		"other's nonce":      {func(b []byte) { b[cmsg1PubnonceAt(2, 3, 1)] ^= 1 }, wantUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			cmsg1 := bytes.Clone(honest)
			c.alter(cmsg1)
			_, _, err := w.step2(t, 0, cmsg1)
			c.want(t, err)
		})
	}
}

// The coordinator hands participant 0 a share for participant 1 that it swapped.
// Participant 0 cannot know, but signs another transcript than participant 1, so
// there is no certificate.
func TestTwoStoriesGetNoCertificate(t *testing.T) {
	w := newWorld(t, 2, 3)
	state, honest := w.aggregate(t)
	story := bytes.Clone(honest)
	addOne(t, story, cmsg1EncShareAt(2, 3, 1))
	deceived, pmsg2, err := w.step2(t, 0, story)
	if err != nil {
		t.Fatal(err)
	}
	pmsgs2 := w.sign(t, honest)
	pmsgs2[0] = pmsg2
	_, _, _, err = chilldkg.CoordinatorFinalize(state, pmsgs2)
	wantParticipant(t, err, 0)
	cert := bytes.Join(pmsgs2, nil)
	_, _, err = chilldkg.ParticipantFinalize(deceived, cert)
	wantCoordinator(t, err)
	state2, _, err := w.step2(t, 1, honest)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = chilldkg.ParticipantFinalize(state2, cert)
	wantCoordinator(t, err)
}

func TestCertificateRefused(t *testing.T) {
	w := newWorld(t, 2, 3)
	f := w.finish(t)
	state, _ := w.aggregate(t)
	state2, _, err := w.step2(t, 0, f.cmsg1)
	if err != nil {
		t.Fatal(err)
	}
	for name, cert := range map[string][]byte{
		"nothing":      nil,
		"one missing":  f.cmsg2[64:],
		"one more":     slices.Concat(f.cmsg2, f.cmsg2[:64]),
		"swapped":      slices.Concat(f.cmsg2[64:128], f.cmsg2[:64], f.cmsg2[128:]),
		"all by one":   bytes.Repeat(f.cmsg2[:64], 3),
		"zero":         make([]byte, 192),
		"other's bit":  slices.Concat(f.cmsg2[:191], []byte{f.cmsg2[191] ^ 1}),
		"our own zero": slices.Concat(make([]byte, 64), f.cmsg2[64:]),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := chilldkg.ParticipantFinalize(state2, cert)
			wantCoordinator(t, err)
		})
	}
	if _, _, err := chilldkg.ParticipantFinalize(state2, f.cmsg2); err != nil {
		t.Errorf("the good certificate after bad ones: %v", err)
	}

	bad := slices.Clone(f.pmsgs2)
	bad[1] = bad[1][:63]
	_, _, _, err = chilldkg.CoordinatorFinalize(state, bad)
	wantParticipant(t, err, 1)
	bad[1] = f.pmsgs2[2]
	_, _, _, err = chilldkg.CoordinatorFinalize(state, bad)
	wantParticipant(t, err, 1)
	for _, messages := range [][][]byte{nil, f.pmsgs2[:2], slices.Concat(f.pmsgs2, f.pmsgs2[:1])} {
		if _, _, _, err := chilldkg.CoordinatorFinalize(state, messages); !errors.Is(err, chilldkg.ErrLength) {
			t.Errorf("%d messages: got %v", len(messages), err)
		}
	}
	if _, _, _, err := chilldkg.CoordinatorFinalize(state, f.pmsgs2); err != nil {
		t.Errorf("the good messages after bad ones: %v", err)
	}
}
