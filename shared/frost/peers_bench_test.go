package frost

import (
	"crypto/sha256"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcec/v2/schnorr/musig2"
)

// contender is one way to do a job.
type contender struct {
	name string
	run  func() error
}

// contend lets contenders take turns in one loop, so that whatever else the
// machine does meanwhile falls on all of them, and reports for each how many a
// second of processor time does, and for the first how many times the time of
// each other it takes. Garbage is collected before each turn, on nobody's time,
// so that nobody pays for what another left.
func contend(b *testing.B, contenders []contender) {
	const turn = 40
	spent := make([]time.Duration, len(contenders))
	for b.Loop() {
		for i, c := range contenders {
			runtime.GC()
			start := cpuTime(b)
			for range turn {
				if err := c.run(); err != nil {
					b.Fatal(c.name, err)
				}
			}
			spent[i] += cpuTime(b) - start
		}
	}
	for i, c := range contenders {
		b.ReportMetric(float64(b.N*turn)/spent[i].Seconds(), c.name+"/s")
		if i > 0 {
			b.ReportMetric(float64(spent[0])/float64(spent[i]), "x-"+c.name)
		}
	}
	b.ReportMetric(0, "ns/op") // all contenders together: says nothing
}

// cpuTime is the processor time of this process: unlike a clock, it does not
// count what other programs on the machine do meanwhile.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cohort is a MuSig2 session of three signers, as many as a 3-of-5 quorum has.
type cohort struct {
	keys    []*btcec.PrivateKey
	public  []*btcec.PublicKey
	nonces  []*musig2.Nonces
	agg     [musig2.PubNonceSize]byte
	message [32]byte
}

func newCohort(b *testing.B, message [32]byte) *cohort {
	b.Helper()
	c := &cohort{message: message}
	var public [][musig2.PubNonceSize]byte
	for i := range byte(3) {
		seed := sha256.Sum256([]byte{i})
		key, pub := btcec.PrivKeyFromBytes(seed[:])
		nonces, err := musig2.GenNonces(musig2.WithPublicKey(pub))
		if err != nil {
			b.Fatal(err)
		}
		c.keys, c.public, c.nonces = append(c.keys, key), append(c.public, pub), append(c.nonces, nonces)
		public = append(public, nonces.PubNonce)
	}
	var err error
	if c.agg, err = musig2.AggregateNonces(public); err != nil {
		b.Fatal(err)
	}
	return c
}

func (c *cohort) sign(i int, options ...musig2.SignOption) (*musig2.PartialSignature, error) {
	return musig2.Sign(c.nonces[i].SecNonce, c.keys[i], c.agg, c.public, c.message, options...)
}

// BenchmarkPeersSign compares a station's partial signature of a 3-of-5 wallet
// with single-key BIP340 signing and with MuSig2 among three, both of btcec. In
// /checked each signer verifies what it made, which is what a station does and
// what both peers do by default; in /bare none does. In both, FROST and MuSig2
// have their nonces ready, while BIP340 computes its own; /nonce lets all three
// make the nonce, verify and sign.
//
// What computes on secrets is constant-time here and is not in the peers: that
// shows in /nonce.
func BenchmarkPeersSign(b *testing.B) {
	message := sha256.Sum256([]byte("bench"))
	w := newWorld(b, 5, 3, []int{0, 1, 2})
	agg := w.nonces(b, "bench")
	tc, err := NewTweakContext(w.key)
	if err != nil {
		b.Fatal(err)
	}
	k1, k2 := w.scalar("k1"), w.scalar("k2")
	_, public, err := newNonce(k1.Add(k2), k2.Add(k1))
	if err != nil {
		b.Fatal(err)
	}
	sign := func(nonce *SecretNonce, public PublicNonce, verify bool) error {
		s, err := NewSession(w.signers, agg, tc, message[:])
		if err != nil {
			return err
		}
		p, err := s.Sign(nonce, w.shares[0], 0)
		if err != nil || !verify {
			return err
		}
		return s.Verify(p, public, 0)
	}
	share := func(verify bool) func() error {
		return func() error {
			return sign(&SecretNonce{state: &nonceState{k1: k1.Add(k2), k2: k2.Add(k1)}}, public, verify)
		}
	}
	xonly, own := w.key.XOnly(), w.shares[0].PublicShare()
	fresh := func() error {
		nonce, public, err := NonceGen(message, NonceInput{Share: w.shares[0], PublicShare: &own, ThresholdKey: &xonly})
		if err != nil {
			return err
		}
		return sign(nonce, public, true)
	}
	key, _ := btcec.PrivKeyFromBytes(message[:])
	single := func(options ...schnorr.SignOption) func() error {
		return func() error {
			_, err := schnorr.Sign(key, message[:], options...)
			return err
		}
	}
	c := newCohort(b, message)
	cosign := func(options ...musig2.SignOption) func() error {
		return func() error {
			_, err := c.sign(0, options...)
			return err
		}
	}
	freshCosign := func() error {
		nonces, err := musig2.GenNonces(musig2.WithPublicKey(c.public[0]), musig2.WithNonceSecretKeyAux(c.keys[0]))
		if err != nil {
			return err
		}
		_, err = musig2.Sign(nonces.SecNonce, c.keys[0], c.agg, c.public, c.message)
		return err
	}
	b.Run("nonce", func(b *testing.B) {
		contend(b, []contender{{"frost", fresh}, {"schnorr", single()}, {"musig2", freshCosign}})
	})
	b.Run("checked", func(b *testing.B) {
		contend(b, []contender{{"frost", share(true)}, {"schnorr", single()}, {"musig2", cosign()}})
	})
	b.Run("bare", func(b *testing.B) {
		contend(b, []contender{
			{"frost", share(false)}, {"schnorr", single(schnorr.FastSign())}, {"musig2", cosign(musig2.WithFastSign())},
		})
	})
}

// BenchmarkPeersAggregate compares the coordinator's part for one input: a
// session, three partial signatures added, and the signature verified as the
// network will; /parts verifies each partial signature before. The peers are
// MuSig2's combination of three with the same verification, and BIP340
// verification alone, below which nobody can be.
func BenchmarkPeersAggregate(b *testing.B) {
	message := sha256.Sum256([]byte("bench"))
	w := newWorld(b, 5, 3, []int{0, 1, 2})
	r := w.sign(b, message[:], "bench", nil)
	xonly := r.tc.XOnly()
	pub, err := schnorr.ParsePubKey(xonly[:])
	if err != nil {
		b.Fatal(err)
	}
	verify := func(sig [64]byte) error {
		parsed, err := schnorr.ParseSignature(sig[:])
		if err != nil {
			return err
		}
		if !parsed.Verify(message[:], pub) {
			b.Fatal("invalid signature")
		}
		return nil
	}
	aggregate := func(parts bool) func() error {
		return func() error {
			s, err := NewSession(w.signers, r.agg, r.tc, message[:])
			if err != nil {
				return err
			}
			for i, id := range w.ids {
				if !parts {
					break
				}
				if err := s.Verify(r.partial[i], r.public[i], id); err != nil {
					return err
				}
			}
			sig, err := s.Aggregate(r.partial)
			if err != nil {
				return err
			}
			return verify(sig)
		}
	}
	c := newCohort(b, message)
	key, _, _, err := musig2.AggregateKeys(c.public, false)
	if err != nil {
		b.Fatal(err)
	}
	var shares []*musig2.PartialSignature
	for i := range c.keys {
		s, err := c.sign(i)
		if err != nil {
			b.Fatal(err)
		}
		shares = append(shares, s)
	}
	combine := func(parts bool) func() error {
		return func() error {
			for i, s := range shares {
				if parts && !s.Verify(c.nonces[i].PubNonce, c.agg, c.public, c.public[i], message) {
					b.Fatal("invalid partial signature")
				}
			}
			if !musig2.CombineSigs(shares[0].R, shares).Verify(message[:], key.FinalKey) {
				b.Fatal("invalid combined signature")
			}
			return nil
		}
	}
	alone := contender{"schnorr-verify", func() error { return verify(r.sig) }}
	b.Run("sum", func(b *testing.B) {
		contend(b, []contender{{"frost", aggregate(false)}, {"musig2", combine(false)}, alone})
	})
	b.Run("parts", func(b *testing.B) {
		contend(b, []contender{{"frost", aggregate(true)}, {"musig2", combine(true)}, alone})
	})
}
