package lineage

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
)

// election is what a hostile coordinator can do about the successor of one
// charter, all ballots being approved by people: show ballots and void requests to
// honest stations in any order, and have dishonest ones sign whatever it likes.
type election struct {
	threshold int
	honest    []Votes // of the first stations
	n         int
	nexts     []charter.Charter
	acks      map[[32]byte]map[int]bool
	voids     map[[32]byte]map[uint8]bool
	next      map[[32]byte][32]byte // the charter of each ballot
}

func newElection(t fatal, threshold, n, dishonest int) *election {
	w := newWorld(t, threshold, n)
	e := &election{threshold: threshold, n: n, honest: make([]Votes, n-dishonest),
		acks: make(map[[32]byte]map[int]bool), voids: make(map[[32]byte]map[uint8]bool), next: make(map[[32]byte][32]byte)}
	for i := range 3 {
		e.nexts = append(e.nexts, w.draft(start, setCap(int64(1000+i))))
	}
	return e
}

func (e *election) ballot(which int, number uint32) Examined {
	c := e.nexts[which]
	prior := c.Document().Prior
	x := Examined{Ballot: Ballot{Prior: prior, Number: number}, Charter: c, Digest: BallotDigest([32]byte{1}, prior, c.ID(), number), voided: e.voids}
	if e.acks[x.Digest] == nil {
		e.acks[x.Digest], e.voids[x.Digest], e.next[x.Digest] = make(map[int]bool), make(map[uint8]bool), c.ID()
		for liar := len(e.honest); liar < e.n; liar++ {
			e.acks[x.Digest][liar], e.voids[x.Digest][uint8(liar)] = true, true
		}
	}
	return x
}

// acknowledge shows a ballot to an honest station; it reports whether that signed.
func (e *election) acknowledge(station int, x Examined) bool {
	if e.honest[station].MayAcknowledge(x) != nil {
		return false
	}
	e.honest[station] = e.honest[station].Acknowledged(x)
	e.acks[x.Digest][station] = true
	return true
}

func (e *election) void(station int, x Examined) bool {
	v, err := e.honest[station].Void(x.Ballot.Prior, x.Digest)
	if err != nil {
		return false
	}
	e.honest[station] = v
	e.voids[x.Digest][uint8(station)] = true
	return true
}

// certified lists the charters that have a certificate.
func (e *election) certified() [][32]byte {
	var out [][32]byte
	for digest, acks := range e.acks {
		if id := e.next[digest]; len(acks) >= e.threshold && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// With at most 2t-n-1 stations that sign anything, whatever the coordinator shows
// to whom, no two charters are certified as successors of one.
func TestOneSuccessor(t *testing.T) {
	for _, size := range []struct{ t, n int }{{2, 3}, {3, 4}, {3, 5}, {4, 5}, {5, 7}, {6, 7}} {
		t.Run(fmt.Sprintf("%d of %d", size.t, size.n), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				e := newElection(rt, size.t, size.n, charter.Bound(size.t, size.n)-1)
				steps := rapid.IntRange(1, 60).Draw(rt, "steps")
				for range steps {
					x := e.ballot(rapid.IntRange(0, 2).Draw(rt, "charter"), uint32(rapid.IntRange(1, 4).Draw(rt, "number")))
					station := rapid.IntRange(0, len(e.honest)-1).Draw(rt, "station")
					if rapid.Bool().Draw(rt, "void") {
						e.void(station, x)
					} else {
						e.acknowledge(station, x)
					}
					if both := e.certified(); len(both) > 1 {
						rt.Fatalf("%d charters are certified for one epoch", len(both))
					}
				}
			})
		})
	}
}

// One dishonest station more, and the coordinator succeeds: it shows one ballot
// to the first stations and the other to the rest, and the dishonest ones sign
// both. Nothing in any honest station's memory can prevent it.
func TestTwoSuccessorsBeyondTheBound(t *testing.T) {
	for _, size := range []struct{ t, n int }{{2, 3}, {3, 5}, {4, 5}, {5, 7}} {
		s := charter.Bound(size.t, size.n)
		e := newElection(t, size.t, size.n, s)
		first, second := e.ballot(0, 1), e.ballot(1, 1)
		for station := range e.honest {
			x := first
			if station >= size.t-s {
				x = second
			}
			if !e.acknowledge(station, x) {
				t.Fatal("an honest station refused its first ballot")
			}
		}
		if got := len(e.certified()); got != 2 {
			t.Errorf("%d of %d with %d dishonest: %d charters certified, want the breach", size.t, size.n, s, got)
		}
	}
}

// The number of Voids matters: with n-t+1 of them, one of which is a lie, a
// station would be released from a ballot that can still be certified. So t are
// demanded, which makes a difference wherever 2t-n is above 1.
func TestFewerVoidsWouldNotDo(t *testing.T) {
	e := newElection(t, 4, 5, 1) // 2t-n-1 is 2
	first, second := e.ballot(0, 1), e.ballot(1, 2)
	for _, station := range []int{0, 1, 2} {
		e.acknowledge(station, first) // with the dishonest one, certified
	}
	if !e.void(3, first) {
		t.Fatal("a station that never acknowledged cannot say so")
	}
	if got := second.Voids(first.Digest); got != 2 {
		t.Fatalf("%d voids, want the honest and the false one: n-t+1", got)
	}
	if e.acknowledge(0, second) {
		t.Error("released from a ballot that is certified")
	}
	if len(e.certified()) != 1 {
		t.Error("the first ballot is not certified: this shows nothing")
	}
}

func TestVotes(t *testing.T) {
	e := newElection(t, 2, 3, 0)
	first, other, again := e.ballot(0, 1), e.ballot(1, 2), e.ballot(0, 2)
	if !e.acknowledge(0, first) || !e.acknowledge(0, first) {
		t.Error("a ballot cannot be acknowledged, or not shown again")
	}
	if len(e.honest[0].Acked) != 1 {
		t.Error("the same ballot counts twice")
	}
	isRefused(t, e.honest[0].MayAcknowledge(other), Committed)
	if e.void(0, first) {
		t.Error("a station voids what it acknowledged")
	}
	if !e.void(1, first) || e.acknowledge(1, first) {
		t.Error("a station acknowledges what it voided")
	}
	if e.acknowledge(0, other) {
		t.Error("one void of two released a station")
	}
	if !e.void(2, first) || !e.acknowledge(0, other) {
		t.Error("two voids did not release a station")
	}
	if e.acknowledge(0, again) {
		t.Error("a number that is not higher was acknowledged")
	}
	// A ballot that is stuck is voted again under a higher number: the same charter.
	if !e.acknowledge(1, again) || !e.acknowledge(2, again) {
		t.Error("those who voided a ballot cannot acknowledge its charter again")
	}
	if got := e.certified(); len(got) != 1 || got[0] != first.Charter.ID() {
		t.Errorf("%d certified", len(got))
	}
	// Promises are about one charter's successor; the next has none yet.
	later := Examined{Ballot: Ballot{Prior: [32]byte{9}, Number: 1}, Charter: first.Charter, Digest: [32]byte{8}}
	if err := e.honest[0].MayAcknowledge(later); err != nil {
		t.Error(err)
	}
	if v := e.honest[0].Acknowledged(later); v.Prior != later.Ballot.Prior || len(v.Acked) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestVotesAreKept(t *testing.T) {
	v := Votes{Prior: [32]byte{1}, Acked: []Vote{{Number: 1, Charter: [32]byte{2}, Digest: [32]byte{3}}}, Voided: [][32]byte{{4}}}
	b, err := v.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeVotes(b)
	if err != nil || back.Prior != v.Prior || !slices.Equal(back.Acked, v.Acked) || !slices.Equal(back.Voided, v.Voided) {
		t.Errorf("%+v, %v", back, err)
	}
	if _, err := DecodeVotes(append(b, 0)); err == nil {
		t.Error("read a trailing byte")
	}
	v.Voided = make([][32]byte, maxVotes+1)
	if b, err = v.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeVotes(b); err == nil {
		t.Error("read more votes than there can be")
	}
}

// What a station promises about one charter is bounded, so that a coordinator
// cannot fill its disk with void requests.
func TestVotesAreBounded(t *testing.T) {
	var v Votes
	for i := range maxVotes {
		var err error
		if v, err = v.Void([32]byte{1}, [32]byte{byte(i), 1}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := v.Void([32]byte{1}, [32]byte{1, 2, 3})
	isRefused(t, err, Committed)
	if _, err := v.Void([32]byte{1}, [32]byte{0, 1}); err != nil {
		t.Error("a void that is kept cannot be shown again")
	}
}
