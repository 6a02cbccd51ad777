package rehearsal

import (
	"bytes"
	"errors"
	"flag"
	"testing"

	"pgregory.net/rapid"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/batch"
)

// wholeTreasuries has rapid make fewer checks than its default, unless the command
// line asks for a number: each is a whole treasury.
func wholeTreasuries(t *testing.T) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	before := f.Value.String()
	if before != f.DefValue {
		return
	}
	if err := f.Value.Set("12"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Value.Set(before); err != nil {
			t.Error(err)
		}
	})
}

// A coordinator that shows whatever it has, in any order, to anybody, while
// stations crash and restart. Whatever happens: an index serves one order, an
// order has one answer, and the honest path stays open.
func TestAnythingInAnyOrder(t *testing.T) {
	wholeTreasuries(t)
	base := ready(t, 2, 3)
	rapid.Check(t, func(rt *rapid.T) {
		w, err := base.Copy()
		if err != nil {
			rt.Fatal(err)
		}
		var requests [][]byte
		used := make([]map[uint64][32]byte, len(w.Stations))    // index -> order
		answers := make([]map[[32]byte][]byte, len(w.Stations)) // order -> answer
		for i := range used {
			used[i], answers[i] = make(map[uint64][32]byte), make(map[[32]byte][]byte)
		}
		note := func(s *Station, answer []byte) {
			r := open[signing.Response](t, w, answer)
			slots := uint64(len(r.Shares) / 32)
			for i := r.Head.Next - slots; i < r.Head.Next; i++ {
				if other, ok := used[s.Number][i]; ok && other != r.Digest {
					rt.Fatalf("station %d: nonce %d answered two orders", s.Number, i)
				}
				used[s.Number][i] = r.Digest
			}
			if before, ok := answers[s.Number][r.Digest]; ok && !bytes.Equal(before, answer) {
				rt.Fatalf("station %d: two answers to one order", s.Number)
			}
			answers[s.Number][r.Digest] = answer
		}
		station := rapid.IntRange(0, len(w.Stations)-1)
		payment := 0
		rt.Repeat(map[string]func(*rapid.T){
			"open": func(rt *rapid.T) {
				payment++
				q := rapid.Permutation([]int{0, 1, 2}).Draw(rt, "quorum")[:rapid.IntRange(2, 3).Draw(rt, "stations")]
				_, request, err := w.Open(w.Pay("any-"+string(rune('a'+payment%26)), "Exchange", payee(1), 0, 2000, 10_000), q...)
				if err == nil {
					requests = append(requests, request)
				}
			},
			"visit": func(rt *rapid.T) {
				if len(requests) == 0 {
					rt.Skip()
				}
				s := w.Stations[station.Draw(rt, "station")]
				answer, refused, err := w.Visit(s, rapid.SampledFrom(requests).Draw(rt, "request"))
				if err == nil && refused == nil {
					note(s, answer)
				}
			},
			"twist": func(rt *rapid.T) {
				if len(requests) == 0 {
					rt.Skip()
				}
				s := w.Stations[station.Draw(rt, "station")]
				index := rapid.Uint64Range(0, 30).Draw(rt, "index")
				head := rapid.Bool().Draw(rt, "newest head")
				evil := w.forge(t, rapid.SampledFrom(requests).Draw(rt, "request"), func(o *signing.Order, r *batch.Request) {
					for p := range o.Starts {
						o.Starts[p].Index = index
					}
					if head {
						o.Heads[s.Number] = s.Sign.Status().Head
					}
					r.Payments[0].Amount = batch.Amount(rapid.Int64Range(5_000, 11_000).Draw(rt, "amount"))
				}, nil)
				answer, refused, err := w.Visit(s, evil)
				if err == nil && refused == nil {
					note(s, answer)
				}
			},
			"crash": func(rt *rapid.T) {
				s := w.Stations[station.Draw(rt, "station")]
				once := false
				kept := rapid.Bool().Draw(rt, "kept")
				s.Crash = func(step ceremonies.Step) bool {
					if once || len(step.Save) == 0 {
						return false
					}
					once = true
					for _, r := range step.Save {
						if kept {
							s.Disk[r.Name] = r.Value
						}
					}
					return true
				}
				if len(requests) > 0 {
					_, _, err := w.Visit(s, rapid.SampledFrom(requests).Draw(rt, "request"))
					var crashed Crashed
					if errors.As(err, &crashed) {
						if err := w.Restart(s); err != nil {
							rt.Fatal(err)
						}
					}
				}
				s.Crash = nil
			},
			"restart": func(rt *rapid.T) {
				if err := w.Restart(w.Stations[station.Draw(rt, "station")]); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				for _, s := range w.Stations {
					if s.Sign.Status().Frozen {
						rt.Fatalf("station %d froze without an older disk", s.Number)
					}
				}
			},
		})
	})
}
