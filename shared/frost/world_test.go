package frost

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"heliograph/shared/frost/internal/k256"
)

// world is a wallet dealt by a trusted dealer from a seed, and a quorum of its
// signers.
type world struct {
	seed    string
	key     ThresholdKey
	shares  []*SecretShare // by position in ids
	ids     []int
	signers *Signers
}

type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newWorld(t tester, n, threshold int, ids []int) *world {
	t.Helper()
	w := &world{seed: fmt.Sprint(n, threshold), ids: ids}
	var coefficients []*k256.Scalar
	for i := range threshold {
		coefficients = append(coefficients, w.scalar(fmt.Sprint("coefficient", i)))
	}
	poly, err := k256.NewPolynomial(coefficients)
	if err != nil {
		t.Fatal(err)
	}
	w.key = coefficients[0].BaseMul().Bytes()
	var public []PublicShare
	for _, id := range ids {
		v := poly.EvalAt(uint32(id + 1)).Bytes()
		share, err := ParseSecretShare(v[:])
		if err != nil {
			t.Fatal(err)
		}
		w.shares = append(w.shares, share)
		public = append(public, share.PublicShare())
	}
	if w.signers, err = NewSigners(n, threshold, w.key, ids, public); err != nil {
		t.Fatal(err)
	}
	return w
}

// scalar derives a scalar of the world from its seed.
func (w *world) scalar(label string) *k256.Scalar {
	h := sha256.Sum256([]byte(w.seed + "/" + label))
	return k256.ScalarReduce(h[:])
}

type signingRun struct {
	tc      TweakContext
	agg     AggregateNonce
	secret  []*SecretNonce
	public  []PublicNonce
	partial []PartialSignature
	sig     [64]byte
}

func (w *world) nonces(t tester, label string) AggregateNonce {
	t.Helper()
	return w.deal(t, label).agg
}

// deal makes a nonce for each signer.
func (w *world) deal(t tester, label string) *signingRun {
	t.Helper()
	r := &signingRun{}
	for i, share := range w.shares {
		secret, public, err := NonceGen(w.scalar(fmt.Sprint("rand", label, i)).Bytes(), NonceInput{Share: share})
		if err != nil {
			t.Fatal(err)
		}
		r.secret = append(r.secret, secret)
		r.public = append(r.public, public)
	}
	var err error
	if r.agg, err = NonceAgg(r.public, w.ids); err != nil {
		t.Fatal(err)
	}
	return r
}

type tweakStep struct {
	tweak [32]byte
	xonly bool
}

// sign runs the whole protocol, verifies every partial signature and the
// signature, the latter with btcec.
func (w *world) sign(t tester, msg []byte, label string, tweaks []tweakStep) *signingRun {
	t.Helper()
	r := w.deal(t, label)
	var err error
	if r.tc, err = NewTweakContext(w.key); err != nil {
		t.Fatal(err)
	}
	for _, s := range tweaks {
		if r.tc, err = r.tc.Apply(s.tweak, s.xonly); err != nil {
			t.Fatal(err)
		}
	}
	session, err := NewSession(w.signers, r.agg, r.tc, msg)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range w.ids {
		p, err := session.Sign(r.secret[i], w.shares[i], id)
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Verify(p, r.public[i], id); err != nil {
			t.Fatalf("signer %d: %v", id, err)
		}
		r.partial = append(r.partial, p)
	}
	if r.sig, err = session.Aggregate(r.partial); err != nil {
		t.Fatal(err)
	}
	verifyBIP340(t, r.tc.XOnly(), msg, r.sig)
	return r
}

// verifyBIP340 checks a signature with btcec.
func verifyBIP340(t tester, key [32]byte, msg []byte, sig [64]byte) {
	t.Helper()
	pub, err := schnorr.ParsePubKey(key[:])
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := schnorr.ParseSignature(sig[:])
	if err != nil {
		t.Fatal(err)
	}
	if !parsed.Verify(msg, pub) {
		t.Fatal("btcec refuses the signature")
	}
}

var _ tester = (*testing.T)(nil)
