package diff

import (
	"encoding/binary"
	"slices"
	"sort"
	"time"

	"heliograph/shared/charter"
)

// hours is what an Hours demand asks of the stated time, by a clock.
type hours struct {
	clock       int // place among the clocks
	days        uint8
	from, until int64 // minutes after local midnight
}

// window is how far a limit over time reaches back from a stated time.
type window struct {
	calendar  charter.Calendar
	clock     int   // of a calendar
	seconds   int64 // of a rolling window
	tolerance int64 // seconds
}

// moment is a stated time, and what it is to every demand and every window.
type moment struct {
	at    int64
	hours []bool  // by place of the demand's hours
	reach []int64 // seconds before, by place of the window
}

// clock is a time zone over the years that are looked at.
type clock struct {
	from    []int64 // instants from which an offset holds, the first being the earliest
	offsets []int64 // seconds east of UTC
}

// year28 is a cycle of the calendar: after it every date is on the same day of
// the week, and every turn of clocks on the same date. What stated times can be
// to demands and windows shows within it.
const year28 = 28*365*day + 7*day

const day = 24 * 3600

// newClock reads a zone's rule. Turns lie at least two weeks apart, so that the
// offset at two instants a week apart tells whether there is one between.
func newClock(rule string, from, to int64) clock {
	offset := func(at int64) int64 {
		local, err := charter.LocalTime(rule, max(at, 0))
		if err != nil {
			panic("diff: internal error: a charter's time zone is not one")
		}
		_, seconds := local.Zone()
		return int64(seconds)
	}
	c := clock{from: []int64{from}, offsets: []int64{offset(from)}}
	for at := from; at < to; at += 7 * day {
		last := c.offsets[len(c.offsets)-1]
		if offset(at+7*day) == last {
			continue
		}
		turn := at + int64(sort.Search(7*day, func(i int) bool { return offset(at+int64(i)) != last }))
		c.from, c.offsets = append(c.from, turn), append(c.offsets, offset(turn))
	}
	return c
}

func (c clock) offset(at int64) int64 {
	i := sort.Search(len(c.from), func(i int) bool { return c.from[i] > at })
	return c.offsets[max(i-1, 0)]
}

// turns appends, for a key, the offset at an instant and the turns around it.
func (c clock) turns(to []byte, at, before, after int64) []byte {
	to = binary.BigEndian.AppendUint64(to, uint64(c.offset(at)))
	for i, turn := range c.from[1:] {
		if turn > at-before && turn < at+after {
			to = binary.BigEndian.AppendUint64(to, uint64(turn-at))
			to = binary.BigEndian.AppendUint64(to, uint64(c.offsets[i]))
		}
	}
	return append(to, ';')
}

// holds reports whether an instant is within the hours.
func (h hours) holds(c clock, at int64) bool {
	local := at + c.offset(at)
	minute := local % day / 60
	return h.days>>weekday(local/day)&1 == 1 && minute >= h.from && minute < h.until
}

// weekday is 0 on a Monday. Day 0, of 1970, was a Thursday.
func weekday(n int64) int64 { return (n + 3) % 7 }

// length is how many seconds before an instant a window begins. Stated times
// are within tolerance of true ones at either end (DESIGN 8).
func (w window) length(clocks []clock, at int64) int64 {
	if w.calendar == charter.Rolling {
		return w.seconds + 2*w.tolerance
	}
	return at - w.start(clocks[w.clock], at-w.tolerance) + w.tolerance
}

// start is the first second of the local day, week or month of an instant, as
// charter.StartOf says it.
func (w window) start(c clock, at int64) int64 {
	n := (at + c.offset(at)) / day
	switch w.calendar {
	case charter.Week:
		n -= weekday(n)
	case charter.Month:
		n -= int64(time.Unix(n*day, 0).UTC().Day()) - 1
	}
	// It is midnight by one of the offsets, or a turn that jumps over midnight.
	first := at
	try := func(from int64) {
		if from < first && (from+c.offset(from))/day == n {
			first = from
		}
	}
	near := sort.Search(len(c.from), func(i int) bool { return c.from[i] > n*day-2*day })
	for i := max(near-1, 0); i < len(c.from) && c.from[i] < n*day+3*day; i++ {
		try(n*day - c.offsets[i])
		try(c.from[i])
	}
	return first
}

// moments returns stated times for everything that a stated time can be, within
// 28 years: to hours, whether it is within them; to windows, which reach back
// further than which. Of those alike the first stays.
func moments(clocks []clock, hs []hours, ws []window, from int64) []*moment {
	from += day - from%day
	look := int64(2 * day)
	months, plain := false, len(hs) == 0
	for _, w := range ws {
		switch w.calendar {
		case charter.Rolling:
			continue
		case charter.Week:
			look = max(look, 10*day)
		case charter.Month:
			look, months = 35*day, true
		}
		plain = false
	}
	var out []*moment
	seen := make(map[string]bool)
	add := func(at int64) {
		m := &moment{at: at}
		for _, h := range hs {
			m.hours = append(m.hours, h.holds(clocks[h.clock], at))
		}
		for _, w := range ws {
			m.reach = append(m.reach, w.length(clocks, at))
		}
		if key := m.key(); !seen[key] {
			seen[key] = true
			out = append(out, m)
		}
	}
	if plain {
		add(from)
		return out
	}
	last := from + 7*day
	if months || slices.ContainsFunc(clocks, func(c clock) bool { return len(c.from) > 1 }) {
		last = from + year28
	}
	days := make(map[string]bool)
	for at := from; at < last; at += day {
		key := []byte{byte(weekday(at / day))}
		if date := time.Unix(at, 0).UTC(); months {
			key = append(key, byte(date.Day()))
			if date.Day() <= 3 || date.Day() >= 27 {
				key = append(key, byte(date.AddDate(0, 0, -4).Day()), byte(date.AddDate(0, 0, 3).Day()))
			}
		}
		for _, c := range clocks {
			key = c.turns(key, at, look, 2*day)
		}
		if days[string(key)] {
			continue
		}
		days[string(key)] = true
		for _, event := range events(clocks, hs, ws, at) {
			add(event - 1)
			add(event)
		}
	}
	return out
}

// events are the instants of a day of UTC at which hours begin and end and
// windows start anew. Between two of them all hours stay, and the windows of a
// calendar grow alike: the first and the last second between stand for all.
func events(clocks []clock, hs []hours, ws []window, at int64) []int64 {
	out := []int64{at}
	local := func(c clock, minutes, later int64) {
		for n := at - 2*day; n <= at+day; n += day {
			for _, offset := range []int64{c.offset(at - 2*day), c.offset(at + 2*day)} {
				out = append(out, n+60*minutes-offset+later)
			}
		}
	}
	for _, c := range clocks {
		for _, turn := range c.from[1:] {
			out = append(out, turn)
			for _, w := range ws {
				out = append(out, turn+w.tolerance)
			}
		}
	}
	for _, h := range hs {
		local(clocks[h.clock], h.from, 0)
		local(clocks[h.clock], h.until, 0)
	}
	for _, w := range ws {
		if w.calendar != charter.Rolling {
			local(clocks[w.clock], 0, w.tolerance)
		}
	}
	out = slices.DeleteFunc(out, func(event int64) bool { return event < at || event >= at+day })
	slices.Sort(out)
	return slices.Compact(out)
}

// key tells moments apart: by hours, and by the order of the windows.
func (m *moment) key() string {
	var key []byte
	for _, h := range m.hours {
		key = append(key, '0')
		if h {
			key[len(key)-1] = '1'
		}
	}
	for _, r := range m.reach {
		shorter := 0
		for _, other := range m.reach {
			if other < r {
				shorter++
			}
		}
		key = append(key, byte(shorter), byte(shorter>>8))
	}
	return string(key)
}
