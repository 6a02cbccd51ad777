package frost

import (
	"crypto/sha256"
	"runtime"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcec/v2/schnorr/musig2"
)

func BenchmarkNonceGen(b *testing.B) {
	w := newWorld(b, 5, 3, []int{0, 1, 2})
	var rand [32]byte
	key := w.key.XOnly()
	public := w.shares[0].PublicShare()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rand[0], rand[1], rand[2] = byte(i), byte(i>>8), byte(i>>16)
		in := NonceInput{Share: w.shares[0], PublicShare: &public, ThresholdKey: &key, ExtraIn: []byte("bench")}
		if _, _, err := NonceGen(rand, in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPartialSign measures what a station does for one input once its
// nonces exist, against the signers that people know.
func BenchmarkPartialSign(b *testing.B) {
	msg := sha256.Sum256([]byte("bench"))
	b.Run("frost=session+sign", func(b *testing.B) {
		w := newWorld(b, 5, 3, []int{0, 1, 2})
		agg := w.nonces(b, "bench")
		tc, err := NewTweakContext(w.key)
		if err != nil {
			b.Fatal(err)
		}
		k1, k2 := w.scalar("k1"), w.scalar("k2")
		b.ReportAllocs()
		for b.Loop() {
			nonce := &SecretNonce{state: &nonceState{k1: k1.Add(k2), k2: k2.Add(k1)}}
			s, err := NewSession(w.signers, agg, tc, msg[:])
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Sign(nonce, w.shares[0], 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("frost=session+sign+verify", func(b *testing.B) {
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
		b.ReportAllocs()
		for b.Loop() {
			nonce := &SecretNonce{state: &nonceState{k1: k1.Add(k2), k2: k2.Add(k1)}}
			s, err := NewSession(w.signers, agg, tc, msg[:])
			if err != nil {
				b.Fatal(err)
			}
			p, err := s.Sign(nonce, w.shares[0], 0)
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Verify(p, public, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peer=btcec-schnorr", func(b *testing.B) {
		key, _ := btcec.PrivKeyFromBytes(msg[:])
		b.ReportAllocs()
		for b.Loop() {
			if _, err := schnorr.Sign(key, msg[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peer=btcec-schnorr-fast", func(b *testing.B) { // skips its self-verification, as frost=session+sign does
		key, _ := btcec.PrivKeyFromBytes(msg[:])
		b.ReportAllocs()
		for b.Loop() {
			if _, err := schnorr.Sign(key, msg[:], schnorr.FastSign()); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, fast := range []bool{true, false} {
		name, options := "peer=btcec-musig2", []musig2.SignOption(nil)
		if fast {
			name, options = "peer=btcec-musig2-fast", []musig2.SignOption{musig2.WithFastSign()}
		}
		b.Run(name, func(b *testing.B) {
			k1, p1 := btcec.PrivKeyFromBytes(msg[:])
			other := sha256.Sum256(msg[:])
			_, p2 := btcec.PrivKeyFromBytes(other[:])
			n1, err := musig2.GenNonces(musig2.WithPublicKey(p1))
			if err != nil {
				b.Fatal(err)
			}
			n2, err := musig2.GenNonces(musig2.WithPublicKey(p2))
			if err != nil {
				b.Fatal(err)
			}
			agg, err := musig2.AggregateNonces([][musig2.PubNonceSize]byte{n1.PubNonce, n2.PubNonce})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := musig2.Sign(n1.SecNonce, k1, agg, []*btcec.PublicKey{p1, p2}, msg, options...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAggregateVerify measures the coordinator's part for one input of a
// 3-of-5 wallet: the session, three partial signatures checked, the sum, and the
// signature checked as the network will.
func BenchmarkAggregateVerify(b *testing.B) {
	w := newWorld(b, 5, 3, []int{0, 1, 2})
	msg := sha256.Sum256([]byte("bench"))
	r := w.sign(b, msg[:], "bench", nil)
	key := r.tc.XOnly()
	pub, err := schnorr.ParsePubKey(key[:])
	if err != nil {
		b.Fatal(err)
	}
	run := func(verifyParts bool) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := NewSession(w.signers, r.agg, r.tc, msg[:])
				if err != nil {
					b.Fatal(err)
				}
				for i, id := range w.ids {
					if !verifyParts {
						break
					}
					if err := s.Verify(r.partial[i], r.public[i], id); err != nil {
						b.Fatal(err)
					}
				}
				sig, err := s.Aggregate(r.partial)
				if err != nil {
					b.Fatal(err)
				}
				parsed, err := schnorr.ParseSignature(sig[:])
				if err != nil || !parsed.Verify(msg[:], pub) {
					b.Fatal("invalid signature")
				}
			}
		}
	}
	b.Run("aggregate+verify", run(false))
	b.Run("parts+aggregate+verify", run(true))
}

// BenchmarkStationBatch measures what a station computes for a batch of 500
// inputs of a 3-of-5 wallet, each with its own address: its nonces again from
// their randomness, sessions, partial signatures, their verification, and 500
// fresh nonce pairs for the pool. live-MB is the heap held at the end.
func BenchmarkStationBatch(b *testing.B) {
	const inputs = 500
	w := newWorld(b, 5, 3, []int{0, 1, 2})
	tc, err := NewTweakContext(w.key)
	if err != nil {
		b.Fatal(err)
	}
	key, public := w.key.XOnly(), w.shares[0].PublicShare()
	nonce := func(i int) (*SecretNonce, PublicNonce) {
		rand := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		secret, n, err := NonceGen(rand, NonceInput{Share: w.shares[0], PublicShare: &public, ThresholdKey: &key, ExtraIn: rand[:]})
		if err != nil {
			b.Fatal(err)
		}
		return secret, n
	}
	agg := w.nonces(b, "batch")
	pool := make([]PublicNonce, inputs)
	parts := make([]PartialSignature, inputs)
	b.ReportAllocs()
	for b.Loop() {
		for i := range inputs {
			msg := sha256.Sum256([]byte{byte(i), byte(i >> 8), 1})
			tweaked := tc
			for step := range 3 { // chain, index, taproot
				if tweaked, err = tweaked.Apply(sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(step)}), step == 2); err != nil {
					b.Fatal(err)
				}
			}
			secret, n := nonce(i)
			s, err := NewSession(w.signers, agg, tweaked, msg[:])
			if err != nil {
				b.Fatal(err)
			}
			if parts[i], err = s.Sign(secret, w.shares[0], 0); err != nil {
				b.Fatal(err)
			}
			if err := s.Verify(parts[i], n, 0); err != nil {
				b.Fatal(err)
			}
			_, pool[i] = nonce(inputs + i)
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/1e6, "live-MB")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/batch")
}
