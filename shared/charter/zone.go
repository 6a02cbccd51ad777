package charter

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// zoneRule is a parsed time zone: one offset, or two that take turns every year.
type zoneRule struct {
	standard, summer named
	start, end       turn // of summer; both zero if the offset never changes
}

// named is an offset from UTC in seconds, east positive, and its abbreviation.
type named struct {
	name   string
	offset int
}

// turn is the day and time of day at which an offset ends, by its own clock:
// the week'th weekday (0 Sunday) of a month, week 5 being the last.
type turn struct {
	month, week, weekday int
	seconds              int // after midnight, may be negative or past the day
}

// Bounds of a zone's rule. They hold every zone there is, and keep all turns
// well inside one year of UTC and apart from each other, so that a rule means
// the same to everybody.
const (
	maxOffset     = 15 * 3600 // seconds from UTC
	maxDifference = 3 * 3600  // seconds between the two offsets
	maxTurnHour   = 72        // hours before or after midnight of a turn's day
	maxZoneRule   = 64        // bytes
)

// parseZone reads a POSIX TZ rule (POSIX.1-2017 section 8.3 with the extensions
// of RFC 9636 section 3.3.1) of the form that zones in use have: turns are
// given as M rules between February and November.
func parseZone(rule string) (zoneRule, error) {
	z, err := zoneParser{rule}.parse()
	if err != nil {
		return zoneRule{}, fmt.Errorf("time zone rule %q: %w; want one like UTC0 or CET-1CEST,M3.5.0,M10.5.0/3", rule, err)
	}
	return z, nil
}

// zoneParser holds what is still to be read.
type zoneParser struct{ rest string }

func (p zoneParser) parse() (z zoneRule, err error) {
	if len(p.rest) > maxZoneRule {
		return z, fmt.Errorf("%d bytes are more than %d", len(p.rest), maxZoneRule)
	}
	if z.standard, err = p.named(); err != nil || p.rest == "" {
		return z, err
	}
	z.summer.name, err = p.name()
	if err != nil {
		return z, err
	}
	z.summer.offset = z.standard.offset + 3600
	if p.rest != "" && p.rest[0] != ',' {
		west, err := p.clock(24)
		if err != nil {
			return z, err
		}
		z.summer.offset = -west
	}
	if d := z.summer.offset - z.standard.offset; d == 0 || max(d, -d) > maxDifference || max(z.summer.offset, -z.summer.offset) > maxOffset {
		return z, errors.New("its two offsets must differ, by at most 3 h")
	}
	if z.start, err = p.turn(); err != nil {
		return z, err
	}
	if z.end, err = p.turn(); err != nil {
		return z, err
	}
	if p.rest != "" {
		return z, fmt.Errorf("%q is left over", p.rest)
	}
	if d := z.start.month - z.end.month; max(d, -d) < 2 {
		return z, errors.New("its two turns must lie two months apart")
	}
	return z, nil
}

func (p *zoneParser) named() (named, error) {
	name, err := p.name()
	if err != nil {
		return named{}, err
	}
	west, err := p.clock(24)
	if err != nil {
		return named{}, err
	}
	if max(west, -west) > maxOffset {
		return named{}, errors.New("an offset is more than 15 h")
	}
	return named{name, -west}, nil
}

// name reads an abbreviation: 3 to 6 letters, or letters, digits and signs
// between angle brackets.
func (p *zoneParser) name() (string, error) {
	s, quoted := strings.CutPrefix(p.rest, "<")
	n := 0
	for n < len(s) && (isLetter(s[n]) || quoted && (isDigit(s[n]) || s[n] == '+' || s[n] == '-')) {
		n++
	}
	name := s[:n]
	if n < 3 || n > 6 {
		return "", errors.New("an abbreviation has 3 to 6 characters")
	}
	p.rest = s[n:]
	if quoted {
		if !strings.HasPrefix(p.rest, ">") {
			return "", errors.New("a > is missing")
		}
		p.rest = p.rest[1:]
	}
	return name, nil
}

// clock reads [+-]h[h][:mm[:ss]] of at most so many hours, in seconds.
func (p *zoneParser) clock(hours int) (int, error) {
	sign := 1
	if p.rest != "" && (p.rest[0] == '-' || p.rest[0] == '+') {
		if p.rest[0] == '-' {
			sign = -1
		}
		p.rest = p.rest[1:]
	}
	total, err := p.number(2, 0, hours)
	if err != nil {
		return 0, err
	}
	total *= 3600
	for unit := 60; unit >= 1 && strings.HasPrefix(p.rest, ":"); unit /= 60 {
		p.rest = p.rest[1:]
		n, err := p.number(2, 0, 59)
		if err != nil {
			return 0, err
		}
		total += n * unit
	}
	return sign * total, nil
}

// turn reads ,Mmonth.week.weekday[/time]; the time is 2 o'clock if not given.
func (p *zoneParser) turn() (t turn, err error) {
	rest, ok := strings.CutPrefix(p.rest, ",M")
	if !ok {
		return t, errors.New("a turn is written ,Mmonth.week.weekday")
	}
	p.rest = rest
	for i, field := range []struct {
		name        string
		to          *int
		least, most int
	}{{"month", &t.month, 2, 11}, {"week", &t.week, 1, 5}, {"weekday", &t.weekday, 0, 6}} {
		n, err := p.number(2, field.least, field.most)
		if err != nil {
			return t, fmt.Errorf("%s of a turn: %w", field.name, err)
		}
		*field.to = n
		if i < 2 {
			if !strings.HasPrefix(p.rest, ".") {
				return t, errors.New("a turn is written ,Mmonth.week.weekday")
			}
			p.rest = p.rest[1:]
		}
	}
	t.seconds = 2 * 3600
	if strings.HasPrefix(p.rest, "/") {
		p.rest = p.rest[1:]
		t.seconds, err = p.clock(maxTurnHour)
	}
	return t, err
}

func (p *zoneParser) number(digits, least, most int) (int, error) {
	n := 0
	for n < len(p.rest) && n < digits && isDigit(p.rest[n]) {
		n++
	}
	value, err := strconv.Atoi(p.rest[:n])
	if err != nil || value < least || value > most {
		return 0, fmt.Errorf("want a number from %d to %d", least, most)
	}
	p.rest = p.rest[n:]
	return value, nil
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// at returns the instant of a turn in a year, if the clock runs offset seconds
// east of UTC until then.
func (t turn) at(year, offset int) int64 {
	first := time.Date(year, time.Month(t.month), 1, 0, 0, 0, 0, time.UTC)
	day := 1 + (t.weekday-int(first.Weekday())+7)%7 + 7*(t.week-1)
	if last := first.AddDate(0, 1, -1).Day(); day > last {
		day -= 7
	}
	return time.Date(year, time.Month(t.month), day, 0, 0, 0, 0, time.UTC).Unix() + int64(t.seconds-offset)
}

// turns returns the instants at which summer starts and ends in a year.
func (z zoneRule) turns(year int) (start, end int64) {
	return z.start.at(year, z.standard.offset), z.end.at(year, z.summer.offset)
}

// local returns unix seconds by the clock of the zone.
func (z zoneRule) local(unix int64) time.Time {
	t := time.Unix(unix, 0).UTC()
	in := z.standard
	if z.summer.name != "" {
		start, end := z.turns(t.Year())
		north := start < end && unix >= start && unix < end
		south := end < start && (unix >= start || unix < end)
		if north || south {
			in = z.summer
		}
	}
	return t.In(time.FixedZone(in.name, in.offset))
}

// MaxTime is the last time that is handled, in unix seconds: the end of the year
// 9998.
const MaxTime = 253_370_764_799

// LocalTime returns a time in unix seconds, at most MaxTime, by the clock of a
// zone, whose rule is that of a Zone in a valid charter. The result's location is
// a fixed offset: it is right for this time alone.
func LocalTime(rule string, unix int64) (time.Time, error) {
	z, err := parseZone(rule)
	if err != nil {
		return time.Time{}, fmt.Errorf("charter: local time: %w", err)
	}
	if unix < 0 || unix > MaxTime {
		return time.Time{}, fmt.Errorf("charter: local time: %d is not between 0 and %d", unix, int64(MaxTime))
	}
	return z.local(unix), nil
}

// StartOf returns the first second of the local day, week (from Monday) or month
// that contains a time, in unix seconds. Where midnight is turned over, it is the
// first second that shows the date; where it comes twice, the earlier.
func StartOf(cal Calendar, rule string, unix int64) (int64, error) {
	local, err := LocalTime(rule, unix)
	if err != nil {
		return 0, err
	}
	z, err := parseZone(rule)
	if err != nil {
		return 0, err
	}
	year, month, day := local.Date()
	switch cal {
	case Day:
	case Week:
		day -= (int(local.Weekday()) + 6) % 7
	case Month:
		day = 1
	default:
		return 0, fmt.Errorf("charter: start of a window: calendar %d is none of day (1), week (2), month (3)", cal)
	}
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	// The first second that shows a date is its midnight by one of the offsets,
	// or a turn that jumps over midnight.
	candidates := []int64{midnight.Unix() - int64(z.standard.offset)}
	if z.summer.name != "" {
		start, end := z.turns(midnight.Year())
		candidates = append(candidates, midnight.Unix()-int64(z.summer.offset), start, end)
	}
	from := unix
	for _, c := range candidates {
		if y, m, d := z.local(c).Date(); c < from && y == midnight.Year() && m == midnight.Month() && d == midnight.Day() {
			from = c
		}
	}
	return from, nil
}
