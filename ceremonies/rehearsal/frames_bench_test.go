package rehearsal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/qr"
	"heliograph/shared/qr/channel"
	"heliograph/shared/wire"
)

const (
	inputsEach = 5   // coins in each transaction of the batches below
	modulePx   = 5   // how the programs draw: 425 pixels for version 15
	loss       = 0.2 // frames that never reach the camera
	rate       = 10  // frames a second on the screen
)

// lastVisit is what crosses at the last station of a 3-of-5 quorum, whose
// request is the longest: a batch of transactions of five coins each, and two
// acknowledgements. Each transaction makes one payment and change.
func lastVisit(b *testing.B, w *World, transactions int) (request, response []byte) {
	b.Helper()
	w.resync(b)
	w.Now += 60
	session, request, err := w.Open(wide(w, transactions, inputsEach), 0, 1, 2)
	if err != nil {
		b.Fatal(err)
	}
	for p := range 3 {
		answer, refused, err := w.Visit(w.Stations[p], request)
		if err != nil || refused != nil {
			b.Fatal(refused, err)
		}
		if p == 2 {
			return request, answer
		}
		step, err := session.Step(w.Event(ceremonies.Scanned{Bytes: answer}))
		if err != nil {
			b.Fatal(err)
		}
		request = step.Send[0].Bytes
	}
	panic("internal error: a quorum of three")
}

// crossing counts what one or more messages needed to cross.
type crossing struct {
	k, shown, unread    int
	draw, camera, reads time.Duration // processor time
}

// cross shows a message until it is complete on the other side.
func (c *crossing) cross(b *testing.B, message []byte, level int, seed uint64) {
	b.Helper()
	e, err := qr.NewEncoder(message, qr.DefaultFragment)
	if err != nil {
		b.Fatal(err)
	}
	camera, err := channel.New(channel.Options{Level: level, Seed: seed, Loss: loss})
	if err != nil {
		b.Fatal(err)
	}
	c.k += e.K()
	var r qr.Reader
	var d qr.Decoder
	for i := 0; !d.Done(); i++ {
		c.shown++
		start := cpuTime(b)
		frame, err := qr.Draw(e.Frame(i), modulePx)
		if err != nil {
			b.Fatal(err)
		}
		drawn := cpuTime(b)
		c.draw += drawn - start
		picture, ok := camera.Pass(frame)
		filmed := cpuTime(b)
		c.camera += filmed - drawn
		if !ok {
			continue
		}
		text, err := r.Read(picture)
		if err == nil {
			_, err = d.Receive(text)
		} else if errors.Is(err, qr.ErrNoCode) {
			c.unread++
			err = nil
		}
		if err != nil {
			b.Fatal(err)
		}
		c.reads += cpuTime(b) - filmed
	}
	if got, err := d.Message(); err != nil || !bytes.Equal(got, message) {
		b.Fatal("another message arrived", err)
	}
}

// carousel is the number of frames that a sender who shows k fragments in turn,
// over and over, needs on average until each has arrived once.
func carousel(k int) float64 {
	const trials = 100
	random := rand.New(rand.NewPCG(uint64(k), 0))
	shown := 0
	for range trials {
		arrived := make([]bool, k)
		for i, missing := 0, k; missing > 0; i++ {
			shown++
			if random.Float64() >= loss && !arrived[i%k] {
				arrived[i%k] = true
				missing--
			}
		}
	}
	return float64(shown) / trials
}

// BenchmarkFrames moves the messages of one signing visit through pictures:
// batches of 1, 20 and 100 transactions (5, 100 and 500 inputs), both ways, at
// the camera levels L0 to L2 with 20 % of the frames lost. For one message it
// reports its bytes; k, the least number of frames; shown, the frames it took;
// seconds@10fps, how long people wait; processor seconds of the screen (draw) and
// of the camera's reader (read), without the camera model; and the frames of the
// peer, a carousel of the same fragments of which every picture that is not lost
// can be read. The seeds are fixed: frames do not depend on the machine.
func BenchmarkFrames(b *testing.B) {
	w := benchWorld(b)
	for _, c := range []struct{ transactions, messages int }{{1, 12}, {20, 2}, {100, 1}} {
		request, response := lastVisit(b, w, c.transactions)
		for level := 0; level <= 2; level++ {
			for _, m := range []struct {
				name    string
				message []byte
			}{{"request", request}, {"response", response}} {
				b.Run(fmt.Sprintf("%dtx/L%d/%s", c.transactions, level, m.name), func(b *testing.B) {
					var total crossing
					for b.Loop() {
						for seed := range c.messages {
							total.cross(b, m.message, level, uint64(seed))
						}
					}
					n := float64(b.N * c.messages)
					b.ReportMetric(float64(len(m.message)), "bytes")
					b.ReportMetric(float64(total.k)/n, "k")
					b.ReportMetric(float64(total.shown)/n, "shown")
					b.ReportMetric(float64(total.unread)/n, "unread")
					b.ReportMetric(float64(total.shown)/n/rate, "seconds@10fps")
					b.ReportMetric(total.draw.Seconds()/n, "draw-cpu-s")
					b.ReportMetric(total.reads.Seconds()/n, "read-cpu-s")
					peer := carousel(total.k / (b.N * c.messages))
					b.ReportMetric(peer, "carousel")
					b.ReportMetric(float64(total.shown)/n/peer, "x-carousel")
					b.ReportMetric(0, "ns/op") // it is mostly the camera model's
				})
			}
		}
	}
}

// BenchmarkBytes says where the bytes of a 500-input visit go, and times the
// check of the envelope around them. The bars are 125 bytes an input in (facts
// and aggregate nonce) and 98 out (share and refill); TestBytesPerInput holds
// them. The rest is reported apart.
func BenchmarkBytes(b *testing.B) {
	const transactions = 100
	const inputs = transactions * inputsEach
	w := benchWorld(b)
	request, response := lastVisit(b, w, transactions)
	ring, err := w.Public.Charter.Keyring([32]byte(w.Public.Wallet.ID()))
	if err != nil {
		b.Fatal(err)
	}
	size := func(v any) float64 {
		encoded, err := wire.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		return float64(len(encoded))
	}
	open := func(b *testing.B, sealed []byte, v any) (body int) {
		opened, err := wire.Open(sealed, ring)
		if err != nil {
			b.Fatal(err)
		}
		if err := wire.Unmarshal(opened.Body(), v, len(sealed)); err != nil {
			b.Fatal(err)
		}
		return len(opened.Body())
	}
	b.Run("request", func(b *testing.B) {
		var r signing.Request
		body := 0
		for b.Loop() {
			body = open(b, request, &r)
		}
		var o signing.Order
		if err := wire.Unmarshal(r.Order, &o, len(r.Order)); err != nil {
			b.Fatal(err)
		}
		const facts = 49 * inputs // outpoint, amount, chain, index
		b.ReportMetric(float64(facts+len(o.Nonces))/inputs, "B/input")
		b.ReportMetric(float64(len(o.Batch)-facts)/transactions, "outputs-B/tx")
		b.ReportMetric(size(o.Heads), "heads-B")
		b.ReportMetric(size(r.Acks), "approvals-B")
		b.ReportMetric(size(r.Missed), "missed-B")
		b.ReportMetric(float64(len(request)-body), "envelope-B")
		b.ReportMetric(float64(len(request)), "bytes")
	})
	b.Run("response", func(b *testing.B) {
		var r signing.Response
		body := 0
		for b.Loop() {
			body = open(b, response, &r)
		}
		b.ReportMetric(float64(len(r.Shares)+len(r.Refill.Commitments))/inputs, "B/input")
		b.ReportMetric(size(r.Record), "record-B")
		b.ReportMetric(size(r.Head), "heads-B")
		b.ReportMetric(size(r.Ack), "approvals-B")
		b.ReportMetric(float64(len(response)-body), "envelope-B")
		b.ReportMetric(float64(len(response)), "bytes")
	})
}
