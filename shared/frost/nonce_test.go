package frost

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"heliograph/shared/frost/internal/k256"
)

// A coordinator asks for a second and a third signature on one nonce, under
// other sessions. With three answers it could solve for the share. So the second
// call fails, through a copy of the struct as well, and after a failed first call.
func TestNonceSignsOnce(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	r := w.deal(t, "once")
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	session := func(msg string) *Session {
		s, err := NewSession(w.signers, r.agg, tc, []byte(msg))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	duplicate := &SecretNonce{state: r.secret[0].state}
	if _, err := session("first").Sign(r.secret[0], w.shares[0], 0); err != nil {
		t.Fatal(err)
	}
	for _, nonce := range []*SecretNonce{r.secret[0], duplicate, {}, nil} {
		if p, err := session("second").Sign(nonce, w.shares[0], 0); !errors.Is(err, ErrNonceUsed) || p != (PartialSignature{}) {
			t.Errorf("the second signature: %x (%v)", p, err)
		}
	}

	if _, err := session("first").Sign(r.secret[1], w.shares[1], 2); !errors.Is(err, ErrNotSigner) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := session("first").Sign(r.secret[1], w.shares[1], 1); !errors.Is(err, ErrNonceUsed) {
		t.Errorf("after a failed call: %v", err)
	}

	wiped := w.deal(t, "wiped").secret[0]
	wiped.Wipe()
	wiped.Wipe()
	if _, err := session("first").Sign(wiped, w.shares[0], 0); !errors.Is(err, ErrNonceUsed) {
		t.Errorf("after Wipe: %v", err)
	}
}

// Two requests race for one nonce. One wins.
func TestNonceSignsOnceUnderARace(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 20 {
		r := w.deal(t, fmt.Sprint("race", round))
		var start, done sync.WaitGroup
		start.Add(1)
		answers := make([]error, 8)
		for i := range answers {
			s, err := NewSession(w.signers, r.agg, tc, []byte{byte(i)})
			if err != nil {
				t.Fatal(err)
			}
			done.Go(func() {
				start.Wait()
				_, answers[i] = s.Sign(r.secret[0], w.shares[0], 0)
			})
		}
		start.Done()
		done.Wait()
		signed := 0
		for _, err := range answers {
			if err == nil {
				signed++
			} else if !errors.Is(err, ErrNonceUsed) {
				t.Errorf("a loser: %v", err)
			}
		}
		if signed != 1 {
			t.Fatalf("%d signatures on one nonce", signed)
		}
	}
}

func TestSignTakesOnlyTheSharesOfTheKey(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	r := w.deal(t, "shares")
	tc, err := NewTweakContext(w.key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(w.signers, r.agg, tc, []byte("pay"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(r.secret[0], w.shares[1], 0); !errors.Is(err, ErrForeignShare) {
		t.Errorf("the share of another id: %v", err)
	}
	w.shares[1].Wipe()
	if _, err := s.Sign(r.secret[1], w.shares[1], 1); !errors.Is(err, ErrShareRange) {
		t.Errorf("a wiped share: %v", err)
	}
}

func TestSecretShareRange(t *testing.T) {
	top := bytes.Clone(unhexOrder)
	top[31]--
	for name, c := range map[string]struct {
		raw []byte
		ok  bool
	}{
		"empty": {nil, false}, "short": {make([]byte, 31), false}, "long": {append(bytes.Clone(top), 0), false},
		"zero": {make([]byte, 32), false}, "order": {unhexOrder, false}, "order - 1": {top, true},
	} {
		share, err := ParseSecretShare(c.raw)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, ErrShareRange)) {
			t.Errorf("%s: %v", name, err)
		}
		if c.ok && share.Bytes() != [32]byte(c.raw) {
			t.Errorf("%s: other bytes", name)
		}
	}
}

// Every part of the input counts: if one of them did not, two nonces for
// different purposes could be one.
func TestNonceDependsOnAllOfItsInput(t *testing.T) {
	w := newWorld(t, 3, 2, []int{0, 1})
	public, other := w.shares[0].PublicShare(), w.shares[1].PublicShare()
	key, key2 := w.key.XOnly(), [32]byte{1}
	base := func() NonceInput {
		return NonceInput{Share: w.shares[0], PublicShare: &public, ThresholdKey: &key, Message: []byte("m"), HasMessage: true, ExtraIn: []byte("x")}
	}
	changes := map[string]func(*NonceInput){
		"nothing":             func(*NonceInput) {},
		"no share":            func(in *NonceInput) { in.Share = nil },
		"other share":         func(in *NonceInput) { in.Share = w.shares[1] },
		"no public share":     func(in *NonceInput) { in.PublicShare = nil },
		"other public share":  func(in *NonceInput) { in.PublicShare = &other },
		"no threshold key":    func(in *NonceInput) { in.ThresholdKey = nil },
		"other threshold key": func(in *NonceInput) { in.ThresholdKey = &key2 },
		"no message":          func(in *NonceInput) { in.Message, in.HasMessage = nil, false },
		"empty message":       func(in *NonceInput) { in.Message = nil },
		"other message":       func(in *NonceInput) { in.Message = []byte("n") },
		"message moved":       func(in *NonceInput) { in.Message, in.ExtraIn = nil, []byte("mx") },
		"no extra input":      func(in *NonceInput) { in.ExtraIn = nil },
	}
	seen := map[PublicNonce]string{}
	for name, change := range changes {
		in := base()
		change(&in)
		_, n, err := NonceGen([32]byte{7}, in)
		if err != nil {
			t.Fatal(err)
		}
		if before, twice := seen[n]; twice {
			t.Errorf("%s and %s give one nonce", name, before)
		}
		seen[n] = name
	}
	if _, n, err := NonceGen([32]byte{8}, base()); err != nil || seen[n] != "" {
		t.Errorf("other randomness gives the same nonce (%v)", err)
	}
	if _, n, err := NonceGen([32]byte{7}, base()); err != nil || seen[n] != "nothing" {
		t.Errorf("the same input gives another nonce (%v)", err)
	}
	if _, _, err := NonceGen([32]byte{7}, NonceInput{Message: []byte("m")}); err == nil {
		t.Error("a message without HasMessage")
	}
}

func TestZeroNonceIsRefused(t *testing.T) {
	one, zero := k256.ScalarFromInt(1), k256.ScalarFromInt(0)
	for _, pair := range [][2]*k256.Scalar{{zero, one}, {one, zero}, {zero, zero}} {
		if _, _, err := newNonce(pair[0], pair[1]); !errors.Is(err, ErrNonceRange) {
			t.Errorf("%v", err)
		}
	}
}

// A secret ends up in an error message, a log line or a stored file because
// someone printed what holds it.
func TestSecretsDoNotPrintOrSerialise(t *testing.T) {
	var seed [32]byte
	copy(seed[:], "\xde\xad\xbe\xef\xde\xad\xbe\xef")
	share, err := ParseSecretShare(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	k := k256.ScalarReduce(seed[:])
	nonce, _, err := newNonce(k, k)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		Share *SecretShare
		Nonce *SecretNonce
		share *SecretShare // fmt goes through unexported fields as well
		nonce *SecretNonce
		both  struct {
			share SecretShare
			nonce SecretNonce
		}
	}{Share: share, Nonce: nonce, share: share, nonce: nonce}
	holder.both.share, holder.both.nonce = *share, *nonce
	for _, v := range []any{share, nonce, *share, *nonce, holder, &holder, []any{share, nonce}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			got := strings.ToLower(fmt.Sprintf(verb, v))
			for _, leak := range []string{"deadbeef", "222 173", "0xde, 0xad", "\xde\xad"} {
				if strings.Contains(got, leak) {
					t.Errorf("%s of %T shows %s", verb, v, got)
				}
			}
		}
		if encoded, err := json.Marshal(v); err == nil && (bytes.Contains(encoded, []byte("222")) || bytes.Contains(encoded, []byte("3q2+7"))) {
			t.Errorf("json of %T is %s", v, encoded)
		}
	}
	for _, v := range []any{share, nonce} {
		if err := gob.NewEncoder(new(bytes.Buffer)).Encode(v); err == nil {
			t.Errorf("gob stores a %T", v)
		}
	}
}

func TestNonceAggBlamesTheSigner(t *testing.T) {
	w := newWorld(t, 5, 3, []int{4, 1, 3})
	r := w.deal(t, "agg")
	for half := range 2 {
		for name, damage := range map[string]func([]byte){
			"tag 4":           func(b []byte) { b[0] = 4 },
			"infinity":        func(b []byte) { clear(b) },
			"x off the curve": func(b []byte) { clear(b[1:]); b[32] = 5 },
			"x above p":       func(b []byte) { copy(b[1:], bytes.Repeat([]byte{0xff}, 32)) },
		} {
			nonces := append([]PublicNonce(nil), r.public...)
			damage(nonces[1][33*half : 33*half+33])
			var blame *InvalidContribution
			if _, err := NonceAgg(nonces, w.ids); !errors.As(err, &blame) || *blame != (InvalidContribution{1, ContributionPublicNonce}) {
				t.Errorf("%s in half %d: %v", name, half, err)
			}
		}
	}
	if _, err := NonceAgg(r.public, w.ids[:2]); !errors.Is(err, ErrLength) {
		t.Errorf("fewer ids than nonces: %v", err)
	}
}
