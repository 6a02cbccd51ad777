package charter

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rules are the rules of zones in use, from the footers of the IANA database.
var zoneRules = []string{
	"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "GMT0BST,M3.5.0/1,M10.5.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
	"EST5EDT,M3.2.0,M11.1.0", "NST3:30NDT,M3.2.0,M11.1.0", "<+0545>-5:45", "JST-9", "<-03>3",
	"AEST-10AEDT,M10.1.0,M4.1.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
	"<-04>4<-03>,M9.1.6/24,M4.1.6/24", "EET-2EEST,M3.4.4/50,M10.4.4/50", "EET-2EEST,M4.5.5/0,M10.5.4/24",
	"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3", "CST5CDT,M3.2.0/0,M11.1.0/1", "<+14>-14",
}

// location is the same rule for the standard library: a TZif file (RFC 9636) of
// version 2 with one unused type, an abbreviation that must never show, and the
// rule as its footer.
func location(t testing.TB, rule string) *time.Location {
	t.Helper()
	header := func(types, chars byte) []byte {
		b := append([]byte("TZif2"), make([]byte, 15)...)
		for _, n := range []byte{0, 0, 0, 0, types, chars} {
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
		return b
	}
	block := append(header(0, 0), header(1, 4)...)
	block = append(block, 0, 0, 0, 0, 0, 0)
	block = append(block, "BAD\x00\n"+rule+"\n"...)
	loc, err := time.LoadLocationFromTZData(rule, block)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestLocalTimeIsThatOfTheStandardLibrary(t *testing.T) {
	for _, rule := range zoneRules {
		loc := location(t, rule)
		rapid.Check(t, func(rt *rapid.T) {
			unix := rapid.Int64Range(0, 4_000_000_000).Draw(rt, "unix")
			got, err := LocalTime(rule, unix)
			if err != nil {
				rt.Fatal(err)
			}
			want := time.Unix(unix, 0).In(loc)
			if got.Format(time.RFC1123Z+" MST") != want.Format(time.RFC1123Z+" MST") {
				rt.Fatalf("%s at %d: got %v, want %v", rule, unix, got, want)
			}
		})
	}
}

// The seconds around each turn of some years, where an error by one shows.
func TestLocalTimeAroundTurns(t *testing.T) {
	for _, rule := range zoneRules {
		loc := location(t, rule)
		z, err := parseZone(rule)
		if err != nil {
			t.Fatal(err)
		}
		if z.summer.name == "" {
			continue
		}
		for year := 2020; year < 2050; year++ {
			start, end := z.turns(year)
			for _, turn := range []int64{start, end} {
				for unix := turn - 2; unix <= turn+2; unix++ {
					if got, want := z.local(unix), time.Unix(unix, 0).In(loc); got.Format(time.RFC1123Z) != want.Format(time.RFC1123Z) {
						t.Fatalf("%s at %d: got %v, want %v", rule, unix, got, want)
					}
				}
			}
		}
	}
}

func TestLocalTimeRefuses(t *testing.T) {
	for _, rule := range []string{
		"", "Europe/Zurich", "CET", "CET-", "CE-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3 ", "CET-1CEST;M3.5.0,M10.5.0",
		"CET-1CEST,M3.5.0,M10.5.0,", "CET-1CEST,M1.5.0,M10.5.0", "CET-1CEST,M3.5.0,M12.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0/73,M10.5.0", "CET-1CEST,J60,J300", "CET-1CEST,60,300", "CET-1CEST,M3.5.0,M4.5.0",
		"CET-1CEST-1,M3.5.0,M10.5.0", "CET-1CEST-5,M3.5.0,M10.5.0", "CET-16", "CET-25", "CET-1:60", "<+01-1", "<+0>-1", "<+0\n1>-1", "UTC0\n", "C\u00e9T-1",
		"CET-1CEST,M3.5,M10.5.0", "ABCDEFG0", "<" + strings.Repeat("x", 70) + ">0", "<+14>-14<+16>-16,M3.5.0,M10.5.0",
	} {
		if got, err := LocalTime(rule, 1_700_000_000); err == nil {
			t.Errorf("%q is accepted: %v", rule, got)
		}
	}
	for _, unix := range []int64{-1, MaxTime + 1} {
		if _, err := LocalTime("UTC0", unix); err == nil {
			t.Errorf("%d is accepted", unix)
		}
	}
	if last, err := LocalTime("<-14>14", MaxTime); err != nil || last.Year() != 9998 {
		t.Errorf("%v %v", last, err)
	}
}

func TestStartOfWindows(t *testing.T) {
	const zurich, santiago, havana = "CET-1CEST,M3.5.0,M10.5.0/3", "<-04>4<-03>,M9.1.6/24,M4.1.6/24", "CST5CDT,M3.2.0/0,M11.1.0/1"
	for _, c := range []struct {
		cal      Calendar
		rule     string
		at, want string
	}{
		{Day, zurich, "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00"}, // the short day
		{Day, zurich, "2026-10-25T12:00:00+01:00", "2026-10-25T00:00:00+02:00"}, // the long day
		{Day, zurich, "2026-11-23T00:00:00+01:00", "2026-11-23T00:00:00+01:00"},
		{Day, zurich, "2026-11-22T23:59:59+01:00", "2026-11-22T00:00:00+01:00"},
		{Week, zurich, "2026-11-23T00:00:00+01:00", "2026-11-23T00:00:00+01:00"}, // a Monday
		{Week, zurich, "2026-11-22T23:59:59+01:00", "2026-11-16T00:00:00+01:00"}, // a Sunday
		{Week, zurich, "2027-01-01T08:00:00+01:00", "2026-12-28T00:00:00+01:00"},
		{Month, zurich, "2026-10-31T23:00:00+01:00", "2026-10-01T00:00:00+02:00"},
		{Month, zurich, "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00"},
		{Day, santiago, "2026-09-06T12:00:00-03:00", "2026-09-06T01:00:00-03:00"}, // has no midnight
		{Day, santiago, "2026-04-04T23:30:00-04:00", "2026-04-04T00:00:00-03:00"}, // its last hour comes twice
		{Day, havana, "2026-03-08T12:00:00-04:00", "2026-03-08T01:00:00-04:00"},
		{Day, havana, "2026-11-01T12:00:00-05:00", "2026-11-01T00:00:00-04:00"}, // its midnight comes twice
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		want, err := time.Parse(time.RFC3339, c.want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := StartOf(c.cal, c.rule, at.Unix()); err != nil || got != want.Unix() {
			t.Errorf("%d of %s: %s, want %s (%v)", c.cal, c.at, time.Unix(got, 0).In(at.Location()), c.want, err)
		}
	}
	for _, cal := range []Calendar{Rolling, 4} {
		if _, err := StartOf(cal, "UTC0", 0); err == nil {
			t.Errorf("calendar %d has a start", cal)
		}
	}
	if _, err := StartOf(Day, "nonsense", 0); err == nil {
		t.Error("a bad rule has a start")
	}
}

// The start shows the date asked for and no earlier second does, by the standard
// library's clock in steps of a minute.
func TestStartOfIsTheFirstSecondOfItsDate(t *testing.T) {
	for _, rule := range zoneRules {
		loc := location(t, rule)
		rapid.Check(t, func(rt *rapid.T) {
			unix := rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(rt, "unix")
			got, err := StartOf(Day, rule, unix)
			if err != nil || got > unix {
				rt.Fatalf("%d %v", got, err)
			}
			date := time.Unix(unix, 0).In(loc).Format(time.DateOnly)
			if shown := time.Unix(got, 0).In(loc).Format(time.DateOnly); shown != date {
				rt.Fatalf("%s at %d: the start shows %s, want %s", rule, unix, shown, date)
			}
			for s := got - 4*3600; s < got; s += 60 {
				if time.Unix(s, 0).In(loc).Format(time.DateOnly) == date {
					rt.Fatalf("%s at %d: %d shows the date before %d", rule, unix, s, got)
				}
			}
			for _, cal := range []Calendar{Week, Month} {
				from, err := StartOf(cal, rule, unix)
				if err != nil || from > got {
					rt.Fatalf("%v", err)
				}
				local := time.Unix(from, 0).In(loc)
				if cal == Week && local.Weekday() != time.Monday || cal == Month && local.Day() != 1 {
					rt.Fatalf("%s at %d: %v", rule, unix, local)
				}
			}
		})
	}
}

// Invariant: a rule that parses is read by the standard library alike, in every
// year; no other reaches it.
func FuzzZone(f *testing.F) {
	for _, rule := range zoneRules {
		f.Add(rule, int64(1_700_000_000))
	}
	f.Fuzz(func(t *testing.T, rule string, unix int64) {
		got, err := LocalTime(rule, unix)
		if err != nil {
			return
		}
		if want := time.Unix(unix, 0).In(location(t, rule)); got.Format(time.RFC1123Z+" MST") != want.Format(time.RFC1123Z+" MST") {
			t.Fatalf("%q at %d: got %v, want %v", rule, unix, got, want)
		}
	})
}
