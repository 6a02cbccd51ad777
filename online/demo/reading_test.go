package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/approval"
)

// said is what a station prints where the demo reads it.
const said = `
== PRACTICE: First address of Demo treasury ==
Read aloud with every other station:
   1 abandon     2 ability     3 able        4 about    
   5 above       6 absent      7 absorb      8 abstract 
   9 absurd     10 abuse      11 access     12 accident 
  bcrt1pqqqq0000
  bcrt 1pqq qq00 00
compare: type same or different > `

func TestReadAloud(t *testing.T) {
	words, err := readAloud(said)
	if want := "abandon ability able about above absent absorb abstract absurd abuse access accident"; err != nil || words != want {
		t.Errorf("%q, %v", words, err)
	}
	for _, bad := range []string{"", "Read aloud with nobody:\n", strings.Replace(said, "12 accident", "accident", 1), strings.Replace(said, "3 able", "4 able", 1)} {
		if words, err := readAloud(bad); err == nil {
			t.Errorf("%q reads as %q", bad, words)
		}
	}
	if a := firstAddress(said); a != "bcrt1pqqqq0000" {
		t.Errorf("the address is %q", a)
	}
}

func TestFault(t *testing.T) {
	code, what := fault("\n== PRACTICE: Stopped ==\nfault: rule/cap/day\nwhat: Refused. cap/day: too much.\nsuspect: unknown\n")
	if code != "rule/cap/day" || what != "Refused. cap/day: too much." {
		t.Errorf("%q, %q", code, what)
	}
}

func TestWithoutPasses(t *testing.T) {
	for what, want := range map[string]string{
		"Refused. cap/day: too much. time/order holds: fine. a/b holds: also.": "Refused. cap/day: too much.",
		"This station is frozen.": "This station is frozen.",
	} {
		if got := withoutPasses(what); got != want {
			t.Errorf("%q", got)
		}
	}
}

// What is open in another party's folder, in a folder whose name merely begins
// alike, or on a network is no process's own.
func TestHarmless(t *testing.T) {
	for target, want := range map[string]bool{
		"/out/alder/keys/log": true, "/out/alder": true, "pipe:[7]": true, "/dev/null": true, "anon_inode:inotify": true,
		"/out/alderman/keys": false, "/out/coordinator/screen": false, "socket:[8]": false, "/tmp/x": false,
	} {
		if got := harmless(target, "/out/alder"); got != want {
			t.Errorf("harmless(%q) = %v", target, got)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"one two three", []string{"one two", "three"}},
		{"incomprehensible to me", []string{"incomprehensible", "to me"}},
	} {
		if got := wrap(c.text, 8); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("wrap(%q) = %q", c.text, got)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}

// The demo empties a folder only if a demo made it.
func TestVacate(t *testing.T) {
	dir := t.TempDir()
	precious := dir + "/precious.txt"
	if err := os.WriteFile(precious, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := vacate(dir); err == nil {
		t.Fatal("a folder that is not a demo's was taken")
	}
	if _, err := os.Stat(precious); err != nil {
		t.Fatal(err)
	}
	made := dir + "/made"
	for range 2 {
		if err := vacate(made); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(made+"/left.txt", []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := vacate(made); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(made + "/left.txt"); err == nil {
		t.Error("an earlier demo's files are still there")
	}
}

// The 40 payouts have 40 payees and need more than 30 coins, and fewer than
// there are.
func TestPayees(t *testing.T) {
	seen := make(map[string]bool)
	payouts := everybody()
	for _, p := range payouts {
		a, err := address(p.script)
		if err != nil {
			t.Fatal(err)
		}
		if seen[a] || seen[p.externalID] {
			t.Errorf("%s or %s comes twice", a, p.externalID)
		}
		seen[a], seen[p.externalID] = true, true
	}
	sum := total(payouts)
	if len(payouts) != 40 || sum <= 30*coinSat || sum >= (coins-1)*coinSat {
		t.Errorf("%d payouts of %s, from %d coins of %s", len(payouts), bitcoins(sum), coins, bitcoins(coinSat))
	}
	if sum+dayPart+dayPart/2+10_000_000 >= dayLimit || sum+2*dayPart <= dayLimit {
		t.Error("the day's limit does not lie between one more batch and two")
	}
	before := sum + dayPart + dayPart/2 + 14_000_000 + tierPayment + halfPayment + 2*morePayment
	const fees = 100_000
	if before+smallPayment+fees >= dayLimit || before+bigPayment <= dayLimit || before+bigPayment+10_000_000 >= higherLimit {
		t.Errorf("%s before the limit of %s is raised", bitcoins(before), bitcoins(dayLimit))
	}
	if tierPayment <= tier || halfPayment >= tier || 2*halfPayment <= tier {
		t.Error("the tier does not lie between a half and both")
	}
}

// The words of a backup stand in a table, after text and before a prompt.
func TestWritten(t *testing.T) {
	var screen strings.Builder
	screen.WriteString("\n== PRACTICE: Host secret of this station: write these 24 words down, on paper only ==\n")
	var want []string
	for i := range 24 {
		word := fmt.Sprintf("word%c", 'a'+i)
		want = append(want, word)
		fmt.Fprintf(&screen, "  %2d %-9s", i+1, word)
		if i%4 == 3 {
			screen.WriteString("\n")
		}
	}
	words, err := written(screen.String() + "\n" + promptWritten)
	if err != nil || !slices.Equal(words, want) {
		t.Errorf("%q, %v", words, err)
	}
	if words, err := written("  1 worda  2 wordb"); err == nil {
		t.Errorf("two words read as %q", words)
	}
}

func TestWordsOnScreens(t *testing.T) {
	const twelve = "abandon ability able about above absent absorb abstract absurd abuse access accident"
	if got := bracketed("Compare with the other stations\n  Words  [" + twelve + "]\nEnd\n"); got != twelve {
		t.Errorf("%q", got)
	}
	if got := after("== PRACTICE: reviewer Eve: Approval key of Eve: "+twelve+" ==\nFor an officer\n", "Approval key of Eve: "); got != twelve {
		t.Errorf("%q", got)
	}
	older := strings.Replace(twelve, "abandon", "zoo", 1)
	if got := lastTwelve("  In force  charter 3\n   " + older + "\n! Not yet in force  charter 4\n   " + twelve + "\n\n== Waiting ==\n"); got != twelve {
		t.Errorf("%q", got)
	}
}

func TestNewlyAllowed(t *testing.T) {
	got := newlyAllowed("Nothing is NEWLY ALLOWED here\n  NEWLY ALLOWED (cap/day), for example: this.\n    the old charter refuses it\n  NEWLY ALLOWED (a/b), for example: that.\n")
	if len(got) != 2 || got[0] != "NEWLY ALLOWED (cap/day), for example: this." || !strings.Contains(got[1], "that") {
		t.Errorf("%q", got)
	}
}

// Of statements by one person, each is picked once.
func TestPick(t *testing.T) {
	all := []approval.Signed{
		{Person: "Ben", Decision: approval.Approve, Time: 1}, {Person: "Ann", Decision: approval.Draft}, {Person: "Ben", Decision: approval.Approve, Time: 2},
	}
	got, err := pick(all, "Ben approval", "Ben approval", "Ann draft")
	if err != nil || len(got) != 3 || got[0].Time == got[1].Time || got[2].Person != "Ann" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := pick(all, "Ann approval"); err == nil {
		t.Errorf("%+v", got)
	}
}
