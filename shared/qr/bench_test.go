package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"testing"

	"heliograph/shared/qr/channel"
)

// modulePx is how the benchmarks draw: 425 pixels for version 15.
const modulePx = 5

// BenchmarkTransfer moves a message through pictures with 20 % of the frames
// lost and reports, beside the time: k, the least number of frames; shown and
// arrived, the frames it took; and seconds@10fps, how long people wait. The
// sizes are requests of 1, 20 and 100 transactions.
func BenchmarkTransfer(b *testing.B) {
	for level := 0; level <= 2; level++ {
		for _, size := range []int{1_000, 14_000, 65_000} {
			b.Run(fmt.Sprintf("L%d/%dB", level, size), func(b *testing.B) {
				var k, shown, arrived, unread int
				for run := 0; b.Loop(); run++ {
					message := sample(fmt.Sprint(run), size)
					e := encoder(b, message, DefaultFragment)
					c, err := channel.New(channel.Options{Level: level, Seed: uint64(run), Loss: 0.2})
					if err != nil {
						b.Fatal(err)
					}
					var r Reader
					var d Decoder
					for i := 0; !d.Done(); i++ {
						shown++
						picture, ok := c.Pass(draw(b, e.Frame(i), 0, modulePx))
						if !ok {
							continue
						}
						arrived++
						text, err := r.Read(picture)
						if errors.Is(err, ErrNoCode) {
							unread++
							continue
						}
						if err != nil {
							b.Fatal(err)
						}
						if _, err := d.Receive(text); err != nil {
							b.Fatal(err)
						}
					}
					if got, err := d.Message(); err != nil || !bytes.Equal(got, message) {
						b.Fatal("wrong message", err)
					}
					k += e.K()
				}
				n := float64(b.N)
				b.ReportMetric(float64(k)/n, "k")
				b.ReportMetric(float64(shown)/n, "shown")
				b.ReportMetric(float64(arrived)/n, "arrived")
				b.ReportMetric(float64(unread)/n, "unread")
				b.ReportMetric(float64(shown)/n/10, "seconds@10fps")
				b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(shown), "ms/frame")
			})
		}
	}
}

// BenchmarkFrame times each step of one frame, and reports the part of the
// pictures that can be read.
func BenchmarkFrame(b *testing.B) {
	for _, version := range []int{10, 15, 20, 25} {
		want := text("bench", capacity[version])
		frame := draw(b, want, version, modulePx)
		b.Run(fmt.Sprintf("Draw/v%d", version), func(b *testing.B) {
			for b.Loop() {
				draw(b, want, version, modulePx)
			}
		})
		for level := 0; level <= 3; level++ {
			// A few hundred pictures would fill memory: forty are enough to
			// go round.
			pictures := make([]image.Image, 40)
			c, err := channel.New(channel.Options{Level: level, Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			for i := range pictures {
				pictures[i], _ = c.Pass(frame)
			}
			b.Run(fmt.Sprintf("Read/v%d/L%d", version, level), func(b *testing.B) {
				var r Reader
				read := 0
				for _, p := range pictures {
					if got, err := r.Read(p); err == nil && got == want {
						read++
					}
				}
				for i := 0; b.Loop(); i++ {
					r.Read(pictures[i%len(pictures)])
				}
				b.ReportMetric(100*float64(read)/float64(len(pictures)), "%read")
			})
		}
	}
	frame := draw(b, text("bench", 758), 0, modulePx)
	c, err := channel.New(channel.Options{Level: 1, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	picture, _ := c.Pass(frame)
	for _, f := range []struct {
		name  string
		img   image.Image
		level png.CompressionLevel
	}{{"frame", frame, png.BestSpeed}, {"picture", picture, png.BestSpeed}, {"picture-stored", picture, png.NoCompression}} {
		b.Run("PNG/"+f.name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				var file bytes.Buffer
				if err := (&png.Encoder{CompressionLevel: f.level}).Encode(&file, f.img); err != nil {
					b.Fatal(err)
				}
				size = file.Len()
				if _, err := png.Decode(&file); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}
