package chilldkg_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/coinbase/kryptology/pkg/core/curves"
	dkg "github.com/coinbase/kryptology/pkg/dkg/frost"
	"github.com/coinbase/kryptology/pkg/sharing"

	"heliograph/shared/frost/chilldkg"
)

// BenchmarkPeersParticipant3of5 compares what one station computes for a 3-of-5
// key, in processor time, with kryptology's own FROST key generation. The peer
// does less: it has no host keys, encrypts nothing, certifies nothing and trusts
// its transport. It also sends public values through the slow arithmetic that
// secrets need. The two take turns in one loop, so that noise falls on both. The
// bar is 50 ms.
func BenchmarkPeersParticipant3of5(b *testing.B) {
	w := newWorld(b, 3, 5)
	coordinator, cmsg1 := w.aggregate(b)
	cmsg2, _, _, err := chilldkg.CoordinatorFinalize(coordinator, w.sign(b, cmsg1))
	if err != nil {
		b.Fatal(err)
	}
	host := w.hosts[0].Bytes()
	others := newBare(b)
	var own, peer time.Duration
	for b.Loop() {
		runtime.GC()
		start := cpuTime(b)
		participate(b, host[:], w, cmsg1, cmsg2)
		own += cpuTime(b) - start
		runtime.GC()
		start = cpuTime(b)
		others.participate(b)
		peer += cpuTime(b) - start
	}
	b.ReportMetric(own.Seconds()*1000/float64(b.N), "chilldkg-cpu-ms")
	b.ReportMetric(peer.Seconds()*1000/float64(b.N), "kryptology-cpu-ms")
	b.ReportMetric(float64(own)/float64(peer), "x-kryptology")
	b.ReportMetric(0, "ns/op") // both together: says nothing
}

// bare is what participants 2 to 5 of kryptology's key generation sent to
// participant 1.
type bare struct {
	broadcast map[uint32]*dkg.Round1Bcast
	shares    map[uint32]*sharing.ShamirShare
}

func newBare(b *testing.B) bare {
	b.Helper()
	messages := bare{map[uint32]*dkg.Round1Bcast{}, map[uint32]*sharing.ShamirShare{}}
	for id := uint32(2); id <= 5; id++ {
		var rest []uint32
		for other := uint32(1); other <= 5; other++ {
			if other != id {
				rest = append(rest, other)
			}
		}
		p, err := dkg.NewDkgParticipant(id, 3, "1", curves.K256(), rest...)
		if err != nil {
			b.Fatal(err)
		}
		broadcast, shares, err := p.Round1(nil)
		if err != nil {
			b.Fatal(err)
		}
		messages.broadcast[id], messages.shares[id] = broadcast, shares[1]
	}
	return messages
}

// participate is participant 1 from nothing to its share.
func (m bare) participate(b *testing.B) {
	b.Helper()
	p, err := dkg.NewDkgParticipant(1, 3, "1", curves.K256(), 2, 3, 4, 5)
	if err != nil {
		b.Fatal(err)
	}
	broadcast, _, err := p.Round1(nil)
	if err != nil {
		b.Fatal(err)
	}
	m.broadcast[1] = broadcast
	if _, err := p.Round2(m.broadcast, m.shares); err != nil {
		b.Fatal(err)
	}
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
