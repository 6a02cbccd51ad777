package qr

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"heliograph/shared/qr/ur"
)

// sample returns n bytes that differ from seed to seed.
func sample(seed string, n int) []byte {
	g, out := ur.NewGenerator([]byte(seed)), make([]byte, n)
	for i := range out {
		out[i] = byte(g.Next() >> 56)
	}
	return out
}

func encoder(t testing.TB, message []byte, fragmentLen int) *Encoder {
	t.Helper()
	e, err := NewEncoder(message, fragmentLen)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEncoderRefused(t *testing.T) {
	for _, c := range []struct {
		name            string
		length, longest int
	}{
		{"empty", 0, DefaultFragment},
		{"over 4 MiB", ur.MaxMessage, MaxFragment},
		{"short fragments", 100, MinFragment - 1},
		{"long fragments", 100, MaxFragment + 1},
		{"too many fragments", ur.MaxSeqLen*20 + 1, 20},
	} {
		if _, err := NewEncoder(make([]byte, c.length), c.longest); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
	}
}

func TestFrameIsAlphanumericAndFits(t *testing.T) {
	const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	for _, length := range []int{1, 300, 333, 334, 5000, 700_000} {
		bytes := encoder(t, sample("fits", length), DefaultFragment)
		psbt, err := NewPSBTEncoder(sample("fits", length), DefaultFragment)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []*Encoder{bytes, psbt} {
			for _, i := range []int{0, e.K() - 1, e.K(), 2 * e.K(), 17 * e.K()} {
				text := e.Frame(i)
				if len(text) > 758 {
					t.Errorf("%d bytes, frame %d: %d characters do not fit version 15", length, i, len(text))
				}
				if rest := strings.Trim(text, alphanumeric); rest != "" {
					t.Errorf("frame %d is not alphanumeric: %q", i, rest)
				}
			}
		}
	}
	// The longest fragment, with the longest numbers that can stand around it.
	p := ur.Part{SeqNum: math.MaxUint32, SeqLen: 1000, MessageLen: 1000 * MaxFragment, Checksum: math.MaxUint32, Data: make([]byte, MaxFragment)}
	if n := len(ur.Multi(typePSBT, p)); n > ur.MaxText {
		t.Errorf("the longest fragment takes %d characters", n)
	}
}

func TestFramesAreStable(t *testing.T) {
	message := sample("stable", 20_000)
	for _, make := range []func([]byte, int) (*Encoder, error){NewEncoder, NewForeignEncoder} {
		one, err := make(message, 100)
		if err != nil {
			t.Fatal(err)
		}
		two, err := make(message, 100)
		if err != nil {
			t.Fatal(err)
		}
		last := two.Frame(900)
		for i := 0; i < 900; i++ {
			if one.Frame(i) != two.Frame(i) {
				t.Fatalf("frame %d depends on what was asked before", i)
			}
		}
		if one.Frame(900) != last {
			t.Fatal("frame 900 depends on what was asked before")
		}
		period := 16*one.K() + 1024
		if one.Frame(0) != one.Frame(period) || one.Frame(period-1) == one.Frame(0) {
			t.Error("the stream does not repeat after its period")
		}
	}
}

// The first pass is systematic, and after it the degrees are middling for our
// receiver and follow the robust soliton for others.
func TestDegrees(t *testing.T) {
	const k, frames = 200, 4000
	message := sample("degrees", k*100-5)
	ours := encoder(t, message, 100)
	foreign, err := NewForeignEncoder(message, 100)
	if err != nil {
		t.Fatal(err)
	}
	counts := func(e *Encoder) []int {
		n := make([]int, k+1)
		for i := 0; i < k+frames; i++ {
			_, p, err := ur.Parse(e.Frame(i % (k + frames)))
			if err != nil {
				t.Fatal(err)
			}
			if i < k {
				if int(p.SeqNum) != i+1 {
					t.Fatalf("frame %d has sequence number %d", i, p.SeqNum)
				}
				continue
			}
			n[e.chooser.Degree(p.SeqNum, p.Checksum)]++
		}
		return n
	}
	for d, n := range counts(ours) {
		if n > 0 && (d < k/4 || d > k-k/4) {
			t.Errorf("%d frames of degree %d", n, d)
		}
	}
	keep := solitonOverHarmonic(k)
	total := 0.0
	for d := 1; d <= k; d++ {
		total += keep[d] / float64(d)
	}
	distance := 0.0
	for d, n := range counts(foreign) {
		if d > 0 {
			distance += math.Abs(float64(n)/frames-keep[d]/float64(d)/total) / 2
		}
	}
	if distance > 0.05 {
		t.Errorf("degrees are %.3f away from the robust soliton", distance)
	}
}

// A robust soliton has most of its weight on degree 2, a spike, and sums as
// Luby defines it.
func TestSoliton(t *testing.T) {
	const k = 1000
	keep := solitonOverHarmonic(k)
	ripple := solitonC * math.Log(k/solitonDelta) * math.Sqrt(k)
	spike := int(math.Round(k / ripple))
	for _, d := range []int{1, 2, 3, spike - 1, spike, spike + 1, k} {
		p := 1.0 / k
		if d > 1 {
			p = 1 / float64(d*(d-1))
		}
		if d < spike {
			p += ripple / float64(d) / k
		}
		if d == spike {
			p += ripple * math.Log(ripple/solitonDelta) / k
		}
		two := 0.5 + ripple/2/k
		if got, want := keep[d]/float64(d)/(keep[2]/2), p/two; math.Abs(got-want) > 1e-9 {
			t.Errorf("degree %d: %v times degree 2, want %v", d, got, want)
		}
	}
}

func TestSingleFrameMessage(t *testing.T) {
	e := encoder(t, []byte("short"), DefaultFragment)
	if e.K() != 1 || e.Frame(0) != e.Frame(7) || strings.Count(e.Frame(0), "/") != 1 {
		t.Fatalf("a short message is not one plain UR: %s", e.Frame(0))
	}
	var d Decoder
	if r, err := d.Receive(e.Frame(3)); err != nil || !r.New || r.Foreign {
		t.Fatalf("%+v, %v", r, err)
	}
	if got, err := d.Message(); err != nil || !bytes.Equal(got, []byte("short")) || d.Kind() != KindBytes {
		t.Fatalf("%q, %v", got, err)
	}
}
