package chilldkg_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"heliograph/shared/frost/chilldkg"
)

// published returns participant 0 of the published case.
func published(t *testing.T) (*chilldkg.HostSecretKey, chilldkg.Params) {
	t.Helper()
	host, err := chilldkg.ParseHostSecretKey(unhex(t, publishedHost))
	if err != nil {
		t.Fatal(err)
	}
	return host, (&paramsVector{HostKeys: publishedHostKeys, T: 2}).params(t)
}

func TestPublishedSession(t *testing.T) {
	host, p := published(t)
	id, err := p.ID()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "params id", id[:], publishedID)

	state1, pmsg1, err := chilldkg.ParticipantStep1(host, p, [32]byte(unhex(t, publishedRandom)))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "pmsg1", pmsg1, publishedPmsg1)
	state2, pmsg2, err := chilldkg.ParticipantStep2(host, restart1(t, state1), unhex(t, publishedCmsg1), [32]byte(unhex(t, publishedAux)))
	if err != nil {
		t.Fatal(err)
	}
	recovery := unhex(t, publishedRecovery)
	eqInput, cert := recovery[:chilldkg.EqInputSize(2, 3)], recovery[chilldkg.EqInputSize(2, 3):]
	if !bytes.Equal(pmsg2, cert[:chilldkg.ParticipantMsg2Size]) {
		t.Errorf("pmsg2 %x is not the certificate's first signature", pmsg2)
	}
	if !bytes.Equal(state2.EqInput(), eqInput) {
		t.Error("eq_input differs")
	}
	out, got, err := chilldkg.ParticipantFinalize(restart2(t, state2), cert)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, recovery) {
		t.Error("recovery data differ")
	}
	share := out.SecretShare.Bytes()
	equal(t, "secret share", share[:], publishedShare)
	equal(t, "threshold key", out.ThresholdKey[:], publishedKey)
}

func TestPublishedRecovery(t *testing.T) {
	host, p := published(t)
	recovery := unhex(t, publishedRecovery)
	out, params, err := chilldkg.Recover(host, recovery)
	if err != nil {
		t.Fatal(err)
	}
	share := out.SecretShare.Bytes()
	equal(t, "secret share", share[:], publishedShare)
	equal(t, "threshold key", out.ThresholdKey[:], publishedKey)
	if fmt.Sprint(params) != fmt.Sprint(p) {
		t.Error("other parameters")
	}
	out, _, err = chilldkg.Recover(nil, recovery)
	if err != nil {
		t.Fatal(err)
	}
	if out.SecretShare != nil {
		t.Error("the coordinator recovered a secret share")
	}
	equal(t, "coordinator's threshold key", out.ThresholdKey[:], publishedKey)
	eqInput, err := chilldkg.EqInputOf(recovery)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(eqInput, recovery[:chilldkg.EqInputSize(2, 3)]) {
		t.Error("eq_input differs")
	}
}

func TestParamsRefused(t *testing.T) {
	w := newWorld(t, 2, 3)
	keys := w.params.HostKeys
	many := make([]chilldkg.HostPublicKey, chilldkg.MaxParticipants+1)
	for name, c := range map[string]struct {
		p    chilldkg.Params
		want error
	}{
		"threshold 0":    {chilldkg.Params{HostKeys: keys, T: 0}, &chilldkg.ThresholdOrCountError{T: 0, N: 3}},
		"threshold -1":   {chilldkg.Params{HostKeys: keys, T: -1}, &chilldkg.ThresholdOrCountError{T: -1, N: 3}},
		"threshold n+1":  {chilldkg.Params{HostKeys: keys, T: 4}, &chilldkg.ThresholdOrCountError{T: 4, N: 3}},
		"nobody":         {chilldkg.Params{T: 0}, &chilldkg.ThresholdOrCountError{}},
		"129":            {chilldkg.Params{HostKeys: many, T: 2}, &chilldkg.ThresholdOrCountError{T: 2, N: 129}},
		"zero key":       {chilldkg.Params{HostKeys: []chilldkg.HostPublicKey{keys[0], {}}, T: 1}, &chilldkg.InvalidHostPublicKeyError{Participant: 1}},
		"key off curve":  {chilldkg.Params{HostKeys: []chilldkg.HostPublicKey{{2, 32: 5}}, T: 1}, &chilldkg.InvalidHostPublicKeyError{Participant: 0}},
		"key used twice": {chilldkg.Params{HostKeys: []chilldkg.HostPublicKey{keys[0], keys[1], keys[1]}, T: 1}, &chilldkg.DuplicateHostPublicKeyError{Participant1: 1, Participant2: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			_, idErr := c.p.ID()
			_, _, stepErr := chilldkg.ParticipantStep1(w.hosts[0], c.p, bytes32("random", 0))
			_, _, coordinatorErr := chilldkg.CoordinatorStep1(c.p, w.pmsgs1)
			for _, err := range []error{c.p.Validate(), idErr, stepErr, coordinatorErr} {
				if err == nil || fmt.Sprintf("%T%v", err, err) != fmt.Sprintf("%T%v", c.want, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			}
		})
	}
}

func TestParamsID(t *testing.T) {
	w := newWorld(t, 2, 3)
	ids := map[[32]byte]bool{}
	for _, p := range []chilldkg.Params{
		w.params,
		{HostKeys: w.params.HostKeys, T: 3},
		{HostKeys: w.params.HostKeys[:2], T: 2},
		{HostKeys: []chilldkg.HostPublicKey{w.params.HostKeys[1], w.params.HostKeys[0], w.params.HostKeys[2]}, T: 2},
	} {
		id, err := p.ID()
		if err != nil {
			t.Fatal(err)
		}
		ids[id] = true
	}
	if len(ids) != 4 {
		t.Errorf("%d ids for 4 sets of parameters", len(ids))
	}
}

func TestHostSecretKey(t *testing.T) {
	order := unhex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	var keyErr *chilldkg.HostSecretKeyError
	for _, b := range [][]byte{make([]byte, 32), order, bytes.Repeat([]byte{255}, 32)} {
		if _, err := chilldkg.ParseHostSecretKey(b); !errors.As(err, &keyErr) {
			t.Errorf("%x: got %v", b, err)
		}
	}
	for _, size := range []int{0, 31, 33} {
		if _, err := chilldkg.ParseHostSecretKey(make([]byte, size)); !errors.Is(err, chilldkg.ErrLength) {
			t.Errorf("%d bytes: got %v", size, err)
		}
	}
	secret := bytes32("host", 0)
	host, err := chilldkg.ParseHostSecretKey(secret[:])
	if err != nil {
		t.Fatal(err)
	}
	if host.Bytes() != secret {
		t.Error("bytes differ")
	}
	if key, err := chilldkg.ParseHostPublicKey(unhex(t, host.PublicKey().String())); err != nil || key != host.PublicKey() {
		t.Errorf("public key did not survive: %v", err)
	}
	for _, b := range [][]byte{nil, make([]byte, 33), make([]byte, 34)} {
		if _, err := chilldkg.ParseHostPublicKey(b); err == nil {
			t.Errorf("host public key of %d zero bytes accepted", len(b))
		}
	}
}

// A wiped or missing key must not go on as the number zero, under which shares
// would be encrypted with pads that everybody can compute.
func TestWipedHostSecretKey(t *testing.T) {
	w := newWorld(t, 2, 2)
	f := w.finish(t)
	wiped := w.hosts[0]
	wiped.Wipe()
	for _, host := range []*chilldkg.HostSecretKey{wiped, nil} {
		_, _, err1 := chilldkg.ParticipantStep1(host, w.params, bytes32("random", 0))
		_, _, err2 := chilldkg.ParticipantStep2(host, restart1(t, w.states[0]), f.cmsg1, bytes32("aux", 0))
		err3 := chilldkg.ParticipantInvestigate(host, w.states[0], f.cmsg1, nil)
		_, err4 := chilldkg.RecoveryAckSign(host, f.recovery, w.params, bytes32("aux", 0))
		for i, err := range []error{err1, err2, err3, err4} {
			var keyErr *chilldkg.HostSecretKeyError
			if !errors.As(err, &keyErr) {
				t.Errorf("call %d: got %v", i, err)
			}
		}
	}
	var keyErr *chilldkg.HostSecretKeyError
	if _, _, err := chilldkg.Recover(wiped, f.recovery); !errors.As(err, &keyErr) {
		t.Errorf("recover: got %v", err)
	}
}

func TestHostKeyOfNobody(t *testing.T) {
	w := newWorld(t, 2, 2)
	f := w.finish(t)
	secret := bytes32("stranger", 0)
	stranger, err := chilldkg.ParseHostSecretKey(secret[:])
	if err != nil {
		t.Fatal(err)
	}
	_, _, err1 := chilldkg.ParticipantStep1(stranger, w.params, bytes32("random", 0))
	_, _, err2 := chilldkg.ParticipantStep2(stranger, w.states[0], f.cmsg1, bytes32("aux", 0))
	_, _, err3 := chilldkg.ParticipantStep2(w.hosts[1], w.states[0], f.cmsg1, bytes32("aux", 0))
	_, _, err4 := chilldkg.Recover(stranger, f.recovery)
	_, err5 := chilldkg.RecoveryAckSign(stranger, f.recovery, w.params, bytes32("aux", 0))
	for i, err := range []error{err1, err2, err3, err4, err5} {
		var keyErr *chilldkg.HostSecretKeyError
		if !errors.As(err, &keyErr) {
			t.Errorf("call %d: got %v", i, err)
		}
	}
	if _, _, err := chilldkg.ParticipantStep2(w.hosts[0], w.states[0], f.cmsg1, bytes32("aux", 0)); err != nil {
		t.Errorf("a wrong key used the state up: %v", err)
	}
}

func TestZeroRandomness(t *testing.T) {
	w := newWorld(t, 2, 2)
	if _, _, err := chilldkg.ParticipantStep1(w.hosts[0], w.params, [32]byte{}); !errors.Is(err, chilldkg.ErrRandomness) {
		t.Errorf("got %v", err)
	}
}

// The coordinator shows a participant one set of messages, gets its signature, and
// then shows another, to collect certificates on two different keys.
func TestFirstStateServesOnce(t *testing.T) {
	w := newWorld(t, 2, 3)
	_, cmsg1 := w.aggregate(t)
	if _, _, err := chilldkg.ParticipantStep2(w.hosts[0], w.states[0], cmsg1[:10], bytes32("aux", 0)); !errors.Is(err, chilldkg.ErrLength) {
		t.Fatalf("got %v", err)
	}
	if _, _, err := chilldkg.ParticipantStep2(w.hosts[0], w.states[0], cmsg1, bytes32("aux", 0)); err != nil {
		t.Fatalf("a message cut short used the state up: %v", err)
	}
	if _, _, err := chilldkg.ParticipantStep2(w.hosts[0], w.states[0], cmsg1, bytes32("aux", 0)); !errors.Is(err, chilldkg.ErrStateUsed) {
		t.Errorf("second use: got %v", err)
	}
	if _, err := w.states[0].Marshal(); !errors.Is(err, chilldkg.ErrStateUsed) {
		t.Errorf("marshal after use: got %v", err)
	}

	// A fault uses the state up: byte 0 makes participant 1's share invalid, byte
	// 33 is in its own commitment.
	for _, at := range []int{0, 33} {
		state, bad := restart1(t, w.states[1]), bytes.Clone(cmsg1)
		bad[at] ^= 1
		if _, _, err := chilldkg.ParticipantStep2(w.hosts[1], state, bad, bytes32("aux", 1)); err == nil {
			t.Fatal("altered message accepted")
		}
		if _, _, err := chilldkg.ParticipantStep2(w.hosts[1], state, cmsg1, bytes32("aux", 1)); !errors.Is(err, chilldkg.ErrStateUsed) {
			t.Errorf("use after a fault: got %v", err)
		}
	}
}

func TestSizes(t *testing.T) {
	w := newWorld(t, 2, 3)
	f := w.finish(t)
	for what, sizes := range map[string][2]int{
		"pmsg1":    {len(w.pmsgs1[0]), chilldkg.ParticipantMsg1Size(2, 3)},
		"cmsg1":    {len(f.cmsg1), chilldkg.CoordinatorMsg1Size(2, 3)},
		"pmsg2":    {len(f.pmsgs2[0]), chilldkg.ParticipantMsg2Size},
		"cmsg2":    {len(f.cmsg2), chilldkg.CoordinatorMsg2Size(3)},
		"recovery": {len(f.recovery), chilldkg.RecoveryDataSize(2, 3)},
		// The formulas of the draft.
		"pmsg1 of the draft": {chilldkg.ParticipantMsg1Size(2, 3), 33*2 + 32*3 + 97},
		"cmsg1 of the draft": {chilldkg.CoordinatorMsg1Size(2, 3), 162*3 + 33*(2-1)},
	} {
		if sizes[0] != sizes[1] {
			t.Errorf("%s: %d bytes, want %d", what, sizes[0], sizes[1])
		}
	}
}

// Secrets must not reach a log through any verb of fmt.
func TestSecretsDoNotPrint(t *testing.T) {
	w := newWorld(t, 2, 2)
	_, cmsg1 := w.aggregate(t)
	state2, _, err := w.step2(t, 0, cmsg1)
	if err != nil {
		t.Fatal(err)
	}
	out := w.finish(t).outputs[0]
	host, share := w.hosts[0].Bytes(), out.SecretShare.Bytes()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		printed := fmt.Sprintf(verb+verb+verb, w.hosts[0], state2, out)
		for _, secret := range [][32]byte{host, share} {
			for _, form := range []string{fmt.Sprintf("%x", secret[:8]), fmt.Sprintf("%d %d %d", secret[0], secret[1], secret[2])} {
				if strings.Contains(strings.ToLower(printed), form) {
					t.Errorf("%s prints a secret", verb)
				}
			}
		}
	}
}
