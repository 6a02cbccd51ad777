package qr

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/qr/bbqr"
	"heliograph/shared/qr/ur"
)

// receive feeds frames start, start+1, ... of e through a loss rate until d
// is done, and returns how many arrived.
func receive(t testing.TB, d *Decoder, e *Encoder, start int, loss float64, rng *rand.Rand) int {
	t.Helper()
	arrived := 0
	last := 0
	for i := start; !d.Done(); i++ {
		if i > start+40*e.K()+200 {
			t.Fatal("does not end")
		}
		if rng.Float64() < loss {
			continue
		}
		arrived++
		r, err := d.Receive(e.Frame(i))
		if err != nil {
			t.Fatal(err)
		}
		rank, k := d.Progress()
		if k != e.K() || rank < last || (rank > last) != r.New || r.New == r.Repeated || rank > arrived {
			t.Fatalf("progress %d of %d after %d, result %+v", rank, k, last, r)
		}
		last = rank
	}
	return arrived
}

// K fragments arrive in about K+1.5 frames at any loss, for an early and a
// late receiver. The bound leaves room for the spread of 20 seeds.
func TestOverhead(t *testing.T) {
	for _, k := range []int{2, 3, 5, 10, 40, 150, 300} {
		for _, loss := range []float64{0, 0.2, 0.5, 0.8} {
			for _, late := range []bool{false, true} {
				const seeds = 20
				over := 0
				for seed := 0; seed < seeds; seed++ {
					message := sample(fmt.Sprint("overhead", seed), k*20-4)
					e := encoder(t, message, 20)
					if e.K() != k {
						t.Fatalf("%d fragments, want %d", e.K(), k)
					}
					start := 0
					if late {
						start = k * 3 / 4
					}
					var d Decoder
					over += receive(t, &d, e, start, loss, rand.New(rand.NewPCG(1, uint64(seed)))) - k
					if got, err := d.Message(); err != nil || !bytes.Equal(got, message) {
						t.Fatal("wrong message", err)
					}
				}
				mean := float64(over) / seeds
				t.Logf("K %3d, loss %.1f, late %v: K + %.2f", k, loss, late, mean)
				if mean > 5 {
					t.Errorf("K %d, loss %.1f, late %v: K + %.2f frames", k, loss, late, mean)
				}
			}
		}
	}
}

// What other programs receive from NewForeignEncoder, ours receives too.
func TestForeignStream(t *testing.T) {
	psbt := append([]byte("psbt\xff"), sample("psbt", 9000)...)
	e, err := NewPSBTEncoder(psbt, 100)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Frame(0), "UR:CRYPTO-PSBT/1-91/") {
		t.Fatal(e.Frame(0))
	}
	var d Decoder
	receive(t, &d, e, 0, 0.3, rand.New(rand.NewPCG(1, 2)))
	if got, err := d.Message(); err != nil || !bytes.Equal(got, psbt) || d.Kind() != KindPSBT {
		t.Fatal("wrong PSBT", err)
	}
	short, err := NewPSBTEncoder(psbt[:50], DefaultFragment)
	if err != nil {
		t.Fatal(err)
	}
	d = Decoder{}
	receive(t, &d, short, 0, 0, rand.New(rand.NewPCG(1, 2)))
	if got, err := d.Message(); err != nil || !bytes.Equal(got, psbt[:50]) || d.Kind() != KindPSBT {
		t.Fatal("wrong PSBT in one part", err)
	}
}

// A person opens the wrong window for a moment, or two people stand before
// one camera: the frames of other messages must not cost what is known of
// each, and the first that is complete counts.
func TestStrayFramesLoseNothing(t *testing.T) {
	one := encoder(t, sample("one", 2000), 50)
	two := encoder(t, sample("two", 1000), 50)
	var d Decoder
	for i := 0; i < one.K()-1; i++ {
		if r, err := d.Receive(one.Frame(i)); err != nil || !r.New || r.Foreign {
			t.Fatal(r, err)
		}
		if i%2 == 0 && i/2 < two.K()-1 {
			if r, err := d.Receive(two.Frame(i / 2)); err != nil || !r.New || !r.Foreign {
				t.Fatal(i, r, err)
			}
		}
	}
	rank, k := d.Progress()
	if rank != one.K()-1 || k != one.K() {
		t.Fatalf("progress %d of %d", rank, k)
	}
	if r, err := d.Receive(two.Frame(two.K() - 1)); err != nil || !r.New {
		t.Fatal(r, err)
	}
	if got, err := d.Message(); err != nil || !bytes.Equal(got, sample("two", 1000)) {
		t.Fatal("the message that was complete first does not count", err)
	}
	if r, err := d.Receive(one.Frame(one.K() - 1)); err != nil || r.New || !r.Repeated || !r.Foreign {
		t.Fatal("a frame after the end", r, err)
	}
}

// An attacker holds up frames of ever new messages to displace the one that
// is being received, or to fill memory. The message with the most progress
// keeps its place, and no more than four have one.
func TestManyMessages(t *testing.T) {
	e := encoder(t, sample("main", 2000), 50)
	var d Decoder
	for i := 0; i < e.K(); i++ {
		if _, err := d.Receive(e.Frame(i)); err != nil {
			t.Fatal(err)
		}
		for j := 0; j < 10 && i < e.K()-1; j++ {
			stray := encoder(t, sample(fmt.Sprint(i, j), 300), 50)
			r, err := d.Receive(stray.Frame(0))
			if err != nil || !r.Foreign {
				t.Fatal(r, err)
			}
		}
		if len(d.messages) > maxMessages {
			t.Fatalf("holds %d messages", len(d.messages))
		}
	}
	if !d.Done() {
		t.Fatal("the message was displaced")
	}
}

// An attacker mixes one false frame with the right header into a message. It
// must not be accepted; the decoder says so and starts that message again.
func TestFalseFrame(t *testing.T) {
	message := sample("false", 1000)
	e := encoder(t, message, 50)
	typ, p, err := ur.Parse(e.Frame(3))
	if err != nil {
		t.Fatal(err)
	}
	p.Data = bytes.Clone(p.Data)
	p.Data[0] ^= 1
	var d Decoder
	if _, err := d.Receive(ur.Multi(typ, p)); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < e.K(); i++ {
		_, err = d.Receive(e.Frame(i))
	}
	if err == nil || d.Done() {
		t.Fatal("a message with a false part was accepted")
	}
	if rank, k := d.Progress(); rank != 0 || k != 0 {
		t.Fatalf("progress %d of %d after the message was dropped", rank, k)
	}
	receive(t, &d, e, 0, 0, rand.New(rand.NewPCG(1, 1)))
	if got, err := d.Message(); err != nil || !bytes.Equal(got, message) {
		t.Fatal("the message cannot be received again", err)
	}
}

// A wrong part that only touches the padding, and a message that is not the
// CBOR its type promises, are refused like any other.
func TestPaddingAndContent(t *testing.T) {
	e := encoder(t, sample("padding", 1000), 300)
	var d Decoder
	for i := 0; i < e.K(); i++ {
		typ, p, err := ur.Parse(e.Frame(i))
		if err != nil {
			t.Fatal(err)
		}
		if i == e.K()-1 {
			p.Data[len(p.Data)-1] = 1
		}
		if _, err = d.Receive(ur.Multi(typ, p)); (err != nil) != (i == e.K()-1) {
			t.Fatal(i, err)
		}
	}
	for _, message := range [][]byte{{0x42, 1}, {0x41, 1, 2}, {0x18, 0x20}, {0x58, 0x01, 0x00}} {
		if _, err := d.Receive(ur.Single("bytes", message)); err == nil || d.Done() {
			t.Errorf("accepted %x as a byte string", message)
		}
	}
}

func TestUnknownTexts(t *testing.T) {
	var d Decoder
	if _, err := d.Receive("https://example.com"); !errors.Is(err, ErrForeignText) {
		t.Error(err)
	}
	for _, text := range []string{"", "ur:", "UR:CRYPTO-SEED/" + strings.ToUpper(ur.EncodeBytewords(ur.Minimal, []byte{1})), "B$", "B$HX0100AB", "B$HP0100A"} {
		if _, err := d.Receive(text); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
	if len(d.messages) > 0 || d.frames > 0 {
		t.Error("a refused text changed the decoder")
	}
	if _, err := d.Message(); err == nil || d.Kind() != "" {
		t.Error("there is a message")
	}
}

func TestBBQrThroughDecoder(t *testing.T) {
	var d Decoder
	for i, text := range []string{"B$HP0301CCDD", "B$HP0302EE", "B$HP0301CCDD", "B$HP0300AABB"} {
		r, err := d.Receive(text)
		if err != nil || r.New != (i != 2) || r.Foreign {
			t.Fatal(i, r, err)
		}
	}
	got, err := d.Message()
	if err != nil || !bytes.Equal(got, []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee}) || d.Kind() != KindPSBT {
		t.Fatalf("%x, %v", got, err)
	}
}

// Any order, loss and repetition of the frames of several messages gives the
// first one that is complete, with exact progress on the way.
func TestDecoderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3).Draw(t, "messages")
		senders := make([]*Encoder, n)
		messages := map[string]bool{}
		for i := range senders {
			m := sample(fmt.Sprint(i), rapid.IntRange(1, 600).Draw(t, "length"))
			messages[string(m)] = true
			e, err := NewEncoder(m, rapid.IntRange(MinFragment, 80).Draw(t, "fragment"))
			if err != nil {
				t.Fatal(err)
			}
			senders[i] = e
		}
		var d Decoder
		last := 0
		for step := 0; step < 200 && !d.Done(); step++ {
			e := senders[rapid.IntRange(0, n-1).Draw(t, "sender")]
			if _, err := d.Receive(e.Frame(rapid.IntRange(0, 6*e.K()).Draw(t, "frame"))); err != nil {
				t.Fatal(err)
			}
			rank, k := d.Progress()
			// The one that completes need not be the one that led.
			if rank < last && !d.Done() || rank > k || rank == k != d.Done() {
				t.Fatalf("progress %d of %d after %d", rank, k, last)
			}
			last = rank
		}
		if !d.Done() {
			return
		}
		if got, err := d.Message(); err != nil || !messages[string(got)] {
			t.Fatal("a message nobody sent", err)
		}
	})
}

// One frame can announce 8,192 fragments; it must not make the decoder set
// aside what they would take.
func TestOneFrameCostsLittle(t *testing.T) {
	p := ur.Part{SeqNum: 70_000, SeqLen: ur.MaxSeqLen, MessageLen: ur.MaxSeqLen * 300, Checksum: 7, Data: make([]byte, 300)}
	text := ur.Multi("bytes", p)
	const runs = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		var d Decoder
		if _, err := d.Receive(text); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	cost := (after.TotalAlloc - before.TotalAlloc) / runs
	t.Logf("%d bytes", cost)
	if cost > 600_000 {
		t.Errorf("one frame makes the decoder allocate %d bytes", cost)
	}
}

// Two thousand fragments stay near a millisecond a frame, mixtures included.
func TestLargeMessage(t *testing.T) {
	message := sample("large", 2000*DefaultFragment-5)
	e := encoder(t, message, DefaultFragment)
	var d Decoder
	arrived := receive(t, &d, e, 0, 0.3, rand.New(rand.NewPCG(1, 1)))
	if got, err := d.Message(); err != nil || !bytes.Equal(got, message) {
		t.Fatal("wrong message", err)
	}
	t.Logf("K %d: %d frames", e.K(), arrived)
}

// held is the number of bytes that a decoder's messages keep.
func held(d *Decoder) (n int) {
	for _, m := range d.messages {
		if m.system != nil {
			for _, e := range m.system.equations {
				n += 8*len(e.set) + len(e.data)
			}
			n += 12*m.system.k() + 8*len(m.system.scratch)
		}
		if m.file != nil {
			_, total := m.file.Progress()
			n += 24*total + bbqr.MaxText*total
		}
	}
	return n
}

// FuzzDecoder: any sequence of texts, parted by line feeds, neither panics
// nor makes the decoder hold more than a multiple of what it was given; and a
// message that it accepts has the length and checksum its parts announced.
func FuzzDecoder(f *testing.F) {
	e := encoder(f, sample("fuzz", 100), 20)
	f.Add(strings.Join([]string{e.Frame(0), e.Frame(1), e.Frame(9), e.Frame(10), e.Frame(4), e.Frame(5), e.Frame(12)}, "\n"))
	f.Add("B$HP0301CCDD\nB$HP0302EE\nB$HP0300AABB")
	f.Add("B$ZU0100BMQQGAA\nur:bytes/1-1/")
	f.Fuzz(func(t *testing.T, text string) {
		var d Decoder
		for _, line := range strings.Split(text, "\n") {
			_, err := d.Receive(line)
			if err != nil && d.Done() && d.parseFails(line) == nil {
				t.Fatal("a frame was refused after the end", err)
			}
			if len(d.messages) > maxMessages || held(&d) > maxMessages*(1<<20)+1000*len(text) {
				t.Fatalf("holds %d messages, %d bytes", len(d.messages), held(&d))
			}
			if rank, k := d.Progress(); rank > k {
				t.Fatalf("rank %d of %d", rank, k)
			}
		}
		message, err := d.Message()
		if (err == nil) != d.Done() {
			t.Fatal("done and no message", err)
		}
		if err == nil && d.done.system != nil {
			head := d.done.system.head
			_, p, err := ur.Parse(ur.Single("bytes", ur.WrapBytes(message)))
			if len(message) < ur.MaxText/4 && (err != nil || p.MessageLen != head.MessageLen || p.Checksum != head.Checksum) {
				t.Fatalf("accepted a message that its parts did not announce: %v", err)
			}
		}
	})
}

func (d *Decoder) parseFails(text string) error {
	_, err := d.parse(text)
	return err
}

func BenchmarkDecoder(b *testing.B) {
	for _, k := range []int{200, 2000, ur.MaxSeqLen} {
		b.Run(fmt.Sprintf("K=%d", k), func(b *testing.B) {
			e := encoder(b, sample("bench", k*DefaultFragment-5), DefaultFragment)
			var frames []string
			for i := k; i < 2*k+20; i++ { // mixtures only: the dearest
				frames = append(frames, e.Frame(i))
			}
			b.ResetTimer()
			for b.Loop() {
				var d Decoder
				for i := 0; !d.Done(); i++ {
					if _, err := d.Receive(frames[i]); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*k), "ms/frame")
		})
	}
}
