package charterfile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

var periodForm = regexp.MustCompile(`^([1-9][0-9]{0,8})([smhd])$`)

var periodUnits = []struct {
	letter  string
	seconds int64
}{{"d", 86_400}, {"h", 3600}, {"m", 60}, {"s", 1}}

// Period reads a length of time in one unit, "90s", "30m", "24h" or "7d", as
// seconds.
func Period(s string) (int64, error) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is no length of time: write 90s, 30m, 24h or 7d", s)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, err
	}
	for _, u := range periodUnits {
		if u.letter == m[2] {
			n *= u.seconds
		}
	}
	return n, nil
}

// writePeriod writes seconds in the largest unit that fits; days from two on.
func writePeriod(seconds int64) string {
	for _, u := range periodUnits {
		if seconds%u.seconds == 0 && (u.letter != "d" || seconds >= 2*u.seconds) {
			return fmt.Sprintf("%d%s", seconds/u.seconds, u.letter)
		}
	}
	return fmt.Sprintf("%ds", seconds)
}

// quantity reads a number and its unit, "5000000 sat".
func (r *reader) quantity(n *yaml.Node, what, unit string, most int64) int64 {
	digits, got, _ := strings.Cut(n.Value, " ")
	if n.Kind == yaml.ScalarNode && got == unit {
		if v, err := strconv.ParseInt(digits, 10, 64); err == nil && v >= 0 && v <= most && digits == strconv.FormatInt(v, 10) {
			return v
		}
	}
	r.problem(n, "%s is %q: want a whole number and its unit, such as \"100 %s\", at most %d", what, shown(n), unit, most)
	return 0
}

var fiatForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,15})\.([0-9]{2}) ([A-Z]{3})$`)

// fiat reads an amount with two decimals and its currency, "5000.00 CHF", as
// hundredths.
func (r *reader) fiat(n *yaml.Node, what string, most int64) (int64, string) {
	if m := fiatForm.FindStringSubmatch(n.Value); m != nil && n.Kind == yaml.ScalarNode {
		if v, err := strconv.ParseInt(m[1]+m[2], 10, 64); err == nil && v <= most {
			r.known(n, m[3], "currency with a price source", r.names.currencies)
			return v, m[3]
		}
	}
	r.problem(n, "%s is %q: want an amount with two decimals and its currency, such as \"5000.00 CHF\", at most %s", what, shown(n), writeFiat(most, "CHF"))
	return 0, ""
}

func writeFiat(hundredths int64, currency string) string {
	return fmt.Sprintf("%d.%02d %s", hundredths/100, hundredths%100, currency)
}

var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// clock reads a time of day as minutes after midnight.
func (f fields) clock(key string) uint16 {
	text, n := f.text(key, "a time of day, such as 08:00")
	if text == "24:00" && key == "until" {
		return 24 * 60
	}
	m := clockForm.FindStringSubmatch(text)
	if m == nil {
		if text != "" {
			f.r.problem(n, "%s is %q: want a time of day from 00:00, such as 08:00 (until may be 24:00)", key, shown(n))
		}
		return 0
	}
	hours, err1 := strconv.Atoi(m[1])
	minutes, err2 := strconv.Atoi(m[2])
	if err1 != nil || err2 != nil {
		panic("charterfile: internal error: two digits are no number")
	}
	return uint16(hours*60 + minutes)
}

func writeClock(minutes uint16) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// days reads "mon-fri" or "mon, wed, fri-sun" as a set, bit 0 Monday.
func (f fields) days(key string) uint8 {
	const example = "days such as mon-fri, or mon, wed, sat-sun"
	text, n := f.text(key, example)
	set := uint8(0)
	if text == "" {
		return 0
	}
	for _, part := range strings.Split(text, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		first, last := weekday(from), weekday(to)
		if first < 0 || last < first {
			f.r.problem(n, "%s is %q: want %s", key, shown(n), example)
			return 0
		}
		for d := first; d <= last; d++ {
			set |= 1 << d
		}
	}
	return set
}

func weekday(s string) int {
	for i, w := range weekdays {
		if w == s {
			return i
		}
	}
	return -1
}

func writeDays(set uint8) string {
	var parts []string
	for d := 0; d < len(weekdays); d++ {
		if set>>d&1 == 0 {
			continue
		}
		last := d
		for last+1 < len(weekdays) && set>>(last+1)&1 == 1 {
			last++
		}
		switch {
		case last == d:
			parts = append(parts, weekdays[d])
		default:
			parts = append(parts, weekdays[d]+"-"+weekdays[last])
		}
		d = last
	}
	return strings.Join(parts, ", ")
}
