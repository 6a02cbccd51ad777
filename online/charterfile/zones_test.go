package charterfile

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"

	"heliograph/shared/charter"
)

// The table of zones is that of the Go release this was built with: a row for
// every zone of its database that keeps to one rule from now on. Run with
// HELIOGRAPH_ZONES=write to take over a newer one.
func TestZoneTable(t *testing.T) {
	archive, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var rows []string
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b, []byte("TZif")) {
			continue
		}
		if rule := footer(b); follows(t, b, rule) {
			rows = append(rows, f.Name+" "+rule+"\n")
		}
	}
	sort.Strings(rows)
	table := strings.Join(rows, "")
	if os.Getenv("HELIOGRAPH_ZONES") == "write" {
		if err := os.WriteFile("zones.txt", []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != zoneTable {
		t.Fatal("zones.txt is not that of this Go release: run the test with HELIOGRAPH_ZONES=write and read what changed")
	}
}

// footer is the last line of a TZif file of version 2 or later (RFC 9636, 3.3).
func footer(b []byte) string {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return string(b[bytes.LastIndexByte(b, '\n')+1:])
}

func TestZoneRule(t *testing.T) {
	for name, want := range map[string]string{
		"Europe/Zurich":    "CET-1CEST,M3.5.0,M10.5.0/3",
		"America/New_York": "EST5EDT,M3.2.0,M11.1.0",
		"Asia/Tokyo":       "JST-9",
		"UTC":              "UTC0",
	} {
		if got, ok := zoneRule(name); !ok || got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if _, err := time.LoadLocation(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "Europe", "Europe/Zuric", "Zurich", "Africa/Casablanca", "Europe/Zurich CET-1CEST,M3.5.0,M10.5.0/3", "UTC0\nJapan"} {
		if rule, ok := zoneRule(name); ok {
			t.Errorf("%q is a zone with the rule %q", name, rule)
		}
	}
}

// follows reports whether a zone's time is that of its rule for thirty years to
// come. That of a few is not: where clocks turn by the moon.
func follows(t *testing.T, zone []byte, rule string) bool {
	location, err := time.LoadLocationFromTZData("", zone)
	if err != nil {
		t.Fatal(err)
	}
	for at := time.Date(2027, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2057; at = at.Add(9 * 24 * time.Hour) {
		got, err := charter.LocalTime(rule, at.Unix())
		if err != nil {
			t.Fatal(err)
		}
		if got.Format(time.DateTime) != at.In(location).Format(time.DateTime) {
			return false
		}
	}
	return true
}
