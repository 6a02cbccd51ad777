package chilldkg_test

import (
	"testing"

	"heliograph/shared/frost/chilldkg"
)

// BenchmarkParticipant3of5 is all that one station computes for a 3-of-5 key: both
// steps, the check of the certificate, and the recovery check at the end.
func BenchmarkParticipant3of5(b *testing.B) {
	w := newWorld(b, 3, 5)
	coordinator, cmsg1 := w.aggregate(b)
	cmsg2, _, _, err := chilldkg.CoordinatorFinalize(coordinator, w.sign(b, cmsg1))
	if err != nil {
		b.Fatal(err)
	}
	host := w.hosts[0].Bytes()
	b.Run("steps", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			participate(b, host[:], w, cmsg1, cmsg2)
		}
	})
	b.Run("recover", func(b *testing.B) {
		recovery := participate(b, host[:], w, cmsg1, cmsg2)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := chilldkg.Recover(w.hosts[0], recovery); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// participate is participant 0 from its host key to the recovery data.
func participate(b *testing.B, hostBytes []byte, w *world, cmsg1, cmsg2 []byte) []byte {
	host, err := chilldkg.ParseHostSecretKey(hostBytes)
	if err != nil {
		b.Fatal(err)
	}
	state1, _, err := chilldkg.ParticipantStep1(host, w.params, bytes32("random", 0))
	if err != nil {
		b.Fatal(err)
	}
	state2, _, err := chilldkg.ParticipantStep2(host, state1, cmsg1, bytes32("aux", 0))
	if err != nil {
		b.Fatal(err)
	}
	_, recovery, err := chilldkg.ParticipantFinalize(state2, cmsg2)
	if err != nil {
		b.Fatal(err)
	}
	return recovery
}
