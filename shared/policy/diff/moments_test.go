package diff

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/charter"
)

// zones turn on different days, in both hemispheres, or never.
var zones = []string{"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "AEST-10AEDT,M10.1.0,M4.1.0/3", "<-03>3", "EET-2EEST,M3.5.0/0,M10.5.0/0"}

const start2026 = 1_767_225_600

func drawTimes(rt *rapid.T) (clocks []clock, hs []hours, ws []window) {
	n := rapid.IntRange(1, 2).Draw(rt, "clocks")
	for range n {
		clocks = append(clocks, newClock(rapid.SampledFrom(zones).Draw(rt, "zone"), start2026-400*day, start2026+year28+day))
	}
	for range rapid.IntRange(0, 3).Draw(rt, "hours") {
		from := rapid.Int64Range(0, 1439).Draw(rt, "from")
		hs = append(hs, hours{rapid.IntRange(0, n-1).Draw(rt, "clock"), uint8(rapid.IntRange(1, 127).Draw(rt, "days")), from, rapid.Int64Range(from+1, 1440).Draw(rt, "until")})
	}
	for range rapid.IntRange(0, 4).Draw(rt, "windows") {
		ws = append(ws, window{charter.Calendar(rapid.IntRange(0, 3).Draw(rt, "calendar")), rapid.IntRange(0, n-1).Draw(rt, "clock"),
			rapid.SampledFrom([]int64{1, 3600, day, 7 * day, 30 * day, rapid.Int64Range(1, 40*day).Draw(rt, "any")}).Draw(rt, "seconds"),
			rapid.SampledFrom([]int64{1, 7200, day}).Draw(rt, "tolerance")})
	}
	return clocks, hs, ws
}

// Whatever a time is, one of the moments has the same hours, and for it a given
// window reaches further than all windows that it reaches further than then.
func TestMomentsStandForAllTimes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clocks, hs, ws := drawTimes(rt)
		all := moments(clocks, hs, ws, start2026)
		for range 20 {
			at := start2026 + day + rapid.Int64Range(0, year28-2*day).Draw(rt, "at")
			if rapid.Bool().Draw(rt, "turning") {
				turns := clocks[0].from
				at = max(start2026+day, turns[rapid.IntRange(0, len(turns)-1).Draw(rt, "turn")]+rapid.Int64Range(-day, day).Draw(rt, "near"))
			}
			var here []bool
			for _, h := range hs {
				here = append(here, h.holds(clocks[h.clock], at))
			}
			same := slices.DeleteFunc(slices.Clone(all), func(m *moment) bool { return !slices.Equal(m.hours, here) })
			if len(same) == 0 {
				rt.Fatalf("no moment has the hours %v of %d", here, at)
			}
			for i, reached := range ws {
				if !slices.ContainsFunc(same, func(m *moment) bool {
					for j, w := range ws {
						if m.reach[j] >= m.reach[i] && w.length(clocks, at) < reached.length(clocks, at) {
							return false
						}
					}
					return true
				}) {
					rt.Fatalf("window %d of %+v reaches further at %d than at any moment", i, ws, at)
				}
			}
		}
	})
}

// A window of the calendar begins where package charter says that it does.
func TestWindowsStartAsTheCharterSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rule := rapid.SampledFrom(zones).Draw(rt, "zone")
		c := newClock(rule, start2026-400*day, start2026+10*365*day)
		at := start2026 + rapid.Int64Range(0, 9*365*day).Draw(rt, "at")
		if i := rapid.IntRange(0, len(c.from)-1).Draw(rt, "turn"); rapid.Bool().Draw(rt, "turning") && c.from[i] > start2026 {
			at = c.from[i] + rapid.Int64Range(-2*day, 2*day).Draw(rt, "near")
		}
		cal := charter.Calendar(rapid.IntRange(1, 3).Draw(rt, "calendar"))
		want, err := charter.StartOf(cal, rule, at)
		if got := (window{calendar: cal}).start(c, at); err != nil || got != want {
			rt.Fatalf("%d instead of %d, %v", got, want, err)
		}
	})
}
