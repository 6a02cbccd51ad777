package frost

import (
	"crypto/sha256"
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
