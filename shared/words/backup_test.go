package words

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// backupVectors are vectors of BIP39 with 256 bits of entropy.
var backupVectors = []struct{ secret, words string }{
	{strings.Repeat("00", 32), strings.Repeat("abandon ", 23) + "art"},
	{strings.Repeat("7f", 32), strings.Repeat("legal winner thank year wave sausage worth useful ", 2) + "legal winner thank year wave sausage worth title"},
	{strings.Repeat("80", 32), strings.Repeat("letter advice cage absurd amount doctor acoustic avoid ", 2) + "letter advice cage absurd amount doctor acoustic bless"},
	{strings.Repeat("ff", 32), strings.Repeat("zoo ", 23) + "vote"},
	{"68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c", "hamster diagram private dutch cause delay private meat slide toddler razor book " +
		"happy fancy gospel tennis maple dilemma loan word shrug inflict delay length"},
}

func TestBackupVectors(t *testing.T) {
	for _, v := range backupVectors {
		b, err := hex.DecodeString(v.secret)
		if err != nil {
			t.Fatal(err)
		}
		words := Backup([32]byte(b))
		if got := strings.Join(words[:], " "); got != v.words {
			t.Errorf("backup of %s is %s", v.secret, got)
		}
		secret, err := ParseBackup(strings.Fields(v.words))
		if err != nil || !bytes.Equal(secret[:], b) {
			t.Errorf("%s: %x %v", v.words, secret, err)
		}
	}
}

// change is the last vector's words with the one at position (from 1) replaced.
func change(position int, word string) []string {
	words := strings.Fields(backupVectors[len(backupVectors)-1].words)
	words[position-1] = word
	return words
}

func TestParseBackupNamesThePosition(t *testing.T) {
	swapped := change(1, "diagram")
	swapped[1] = "hamster"
	two := change(3, "priv")
	two[19] = "wrod"
	for _, test := range []struct {
		name  string
		words []string
		want  []string
	}{
		{"none", nil, []string{"0 words instead of 24"}},
		{"one missing", change(1, "x")[:23], []string{"23 words instead of 24"}},
		{"one too many", append(change(1, "x"), "art"), []string{"25 words instead of 24"}},
		{"not in the list", change(5, "qqqqq"), []string{"word 5 is not in the list, nor"}},
		{"letter changed", change(1, "hamsxer"), []string{"word 1 is not in the list, but close to one word"}},
		{"letter missing", change(23, "dlay"), []string{"word 23 is not in the list, but close to"}},
		{"letter added", change(24, "lengthh"), []string{"word 24 is not in the list, but close to one word"}},
		{"letters swapped", change(20, "wrod"), []string{"word 20 is not in the list, but close to"}},
		{"shortened", change(24, "leng"), []string{"word 24 is the beginning of a word"}},
		{"empty", change(7, " "), []string{"word 7 is empty"}},
		{"digits", change(7, "private7"), []string{"word 7 has something in it"}},
		{"two words in one", change(7, "private meat"), []string{"word 7 has something in it"}},
		{"other alphabet", change(7, "privаte"), []string{"word 7 has something in it"}},
		{"not UTF-8", change(7, "\xff\xfe"), []string{"word 7 has something in it"}},
		{"very long", change(7, strings.Repeat("a", 1<<20)), []string{"word 7 is too long"}},
		{"two faults", two, []string{"word 3 is the beginning", "word 20 is not"}},
		{"other word", change(9, "abandon"), []string{"the checksum is wrong"}},
		{"two swapped", swapped, []string{"the checksum is wrong", "changed places"}},
	} {
		secret, err := ParseBackup(test.words)
		if err == nil || secret != [32]byte{} {
			t.Errorf("%s: read", test.name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	}
}

func TestParseBackupForgivesCapitalsAndSpaces(t *testing.T) {
	want, err := ParseBackup(change(1, "hamster"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"HAMSTER", "Hamster", " hamster\t", "hamster\r\n"} {
		if got, err := ParseBackup(change(1, word)); err != nil || got != want {
			t.Errorf("%q: %v", word, err)
		}
	}
}

// The attack: a word of a backup is mistyped, and the error, with the words or the
// word that was meant, goes into a log or over a shoulder. Whatever is wrong, no
// word typed that is not also of the message's own language, and no word of the
// secret, may be in it.
func TestParseBackupErrorsHoldNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret"))
		right := Backup(secret)
		typed := right
		for range rapid.IntRange(1, 3).Draw(t, "faults") {
			position := rapid.IntRange(0, BackupWords-1).Draw(t, "position")
			word := []byte(typed[position] + "x")
			word[rapid.IntRange(0, len(word)-1).Draw(t, "letter")] = rapid.ByteRange('a', 'z').Draw(t, "by")
			typed[position] = string(word)[:rapid.IntRange(0, len(word)).Draw(t, "length")]
		}
		_, err := ParseBackup(typed[:])
		if err == nil {
			return // the faults cancelled, or made another valid backup
		}
		said := strings.FieldsFunc(err.Error(), func(r rune) bool { return !('a' <= r && r <= 'z') })
		own := strings.Fields(ownLanguage)
		for _, word := range said {
			if !slices.Contains(own, word) {
				t.Fatalf("the error says %q, which is not of the package's own texts", word)
			}
		}
	})
}

// ownLanguage is every word that an error of ParseBackup may contain. Some are in
// the list too; that an error has them says nothing of the backup.
const ownLanguage = "words word reading a backup instead of is empty too long to be the list has something in it that not letter from z " +
	"beginning write all of not nor one like it but close are every checksum wrong was taken for another or two changed places"

// A backup reads back as the secret; with any one word replaced by another of the
// list, it reads as that only if the checksum says so, and never as the secret.
func TestBackupRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret"))
		words := Backup(secret)
		if back, err := ParseBackup(words[:]); err != nil || back != secret {
			t.Fatalf("%x: %v", back, err)
		}
		position := rapid.IntRange(0, BackupWords-1).Draw(t, "position")
		other := rapid.SampledFrom(list()).Draw(t, "other")
		if other == words[position] {
			return
		}
		words[position] = other
		if back, err := ParseBackup(words[:]); err == nil && back == secret {
			t.Fatal("two lists of words are one secret")
		}
	})
}

func TestOneSlip(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"word", "wrod", true}, {"word", "wor", true}, {"word", "ord", true}, {"word", "sword", true}, {"word", "words", true},
		{"word", "ward", true}, {"word", "worn", true}, {"word", "wards", false}, {"word", "drow", false}, {"word", "wo", false},
		{"", "a", true}, {"", "ab", false}, {"ab", "ba", true}, {"abc", "cba", false}, {"a", "b", true},
	} {
		if oneSlip(test.a, test.b) != test.want || oneSlip(test.b, test.a) != test.want {
			t.Errorf("%s, %s: not %v", test.a, test.b, test.want)
		}
	}
}

// FuzzParseBackup: no input panics; whatever is accepted is the backup of the
// secret it gives, but for capitals and spaces; whatever is refused gives no secret.
func FuzzParseBackup(f *testing.F) {
	for _, v := range backupVectors {
		f.Add(v.words)
		f.Add(strings.ToUpper(v.words))
		f.Add(strings.TrimSuffix(v.words, "t"))
	}
	f.Add("")
	f.Add(strings.Repeat("\xff ", 24))
	f.Fuzz(func(t *testing.T, text string) {
		typed := strings.Split(text, " ")
		secret, err := ParseBackup(typed)
		if err != nil {
			if secret != [32]byte{} {
				t.Fatal("a secret with an error")
			}
			return
		}
		for i, word := range Backup(secret) {
			if word != strings.ToLower(strings.TrimSpace(typed[i])) {
				t.Fatalf("word %d of the backup is not what was read", i+1)
			}
		}
	})
}
