package bbqr

import (
	"bytes"
	"compress/flate"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// split writes a file as BBQr in blocks of n bytes. It is the tests' own
// sender: the product has none.
func split(t testing.TB, encoding, typ byte, message []byte, n int) []string {
	t.Helper()
	if encoding == 'Z' {
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(message); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		message = packed.Bytes()
	}
	total := (len(message) + n - 1) / n
	var texts []string
	for i := 0; i < total; i++ {
		block := message[i*n : min(len(message), (i+1)*n)]
		text := fmt.Sprintf("%X", block)
		if encoding != 'H' {
			text = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(block)
		}
		texts = append(texts, fmt.Sprintf("B$%c%c%s%s%s", encoding, typ, digits(total), digits(i), text))
	}
	return texts
}

func digits(n int) string {
	const all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return string([]byte{all[n/36], all[n%36]})
}

func collect(texts []string) ([]byte, byte, error) {
	var f *File
	for _, text := range texts {
		p, err := Parse(text)
		if err != nil {
			return nil, 0, err
		}
		if f == nil {
			f = NewFile(p)
		}
		if _, err := f.Add(p); err != nil {
			return nil, 0, err
		}
	}
	m, err := f.Message()
	return m, f.Type(), err
}

func TestEncodings(t *testing.T) {
	message := bytes.Repeat([]byte("psbt\xff and something else "), 200)
	for _, encoding := range []byte{'H', '2', 'Z'} {
		texts := split(t, encoding, 'P', message, 20)
		for _, order := range []string{"forwards", "backwards"} {
			got, typ, err := collect(texts)
			if err != nil || typ != 'P' || !bytes.Equal(got, message) {
				t.Errorf("%c %s: %d bytes, %v", encoding, order, len(got), err)
			}
			for i, j := 0, len(texts)-1; i < j; i, j = i+1, j-1 {
				texts[i], texts[j] = texts[j], texts[i]
			}
		}
		if _, _, err := collect(texts[1:]); err == nil {
			t.Errorf("%c: complete without one block", encoding)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"header only", "B$HP0100"},
		{"cut header", "B$HP01"},
		{"no blocks", "B$HP0000AA"},
		{"index past the end", "B$HP0202AA"},
		{"small digits", "B$HP0a00AA"},
		{"unknown encoding", "B$QP0100AA"},
		{"a program", "B$HX0100AA"},
		{"a reserved type", "B$HQ0100AA"},
		{"odd hex", "B$HP0100AAA"},
		{"lower-case hex", "B$HP0100aa"},
		{"base32 with padding", "B$2P0100AE======"},
		{"base32 with unused bits set", "B$2P0100AF"},
		{"base32 with a line break", "B$2P0100A\nE"},
		{"base32 of half a byte", "B$2P0100A"},
		{"too long", "B$HP0100" + strings.Repeat("AA", MaxText)},
	} {
		if p, err := Parse(c.text); err == nil {
			t.Errorf("%s: accepted as %+v", c.name, p)
		}
	}
	if _, err := Parse("UR:BYTES/"); !errors.Is(err, ErrSyntax) {
		t.Error(err)
	}
}

// Blocks of two files under one camera: what can be told apart is.
func TestContradictions(t *testing.T) {
	add := func(f *File, text string) (bool, error) {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return f.Add(p)
	}
	for _, c := range []struct{ name, text string }{
		{"other content", "B$HP0401FFFF"},
		{"other length", "B$HP0400AA"},
		{"last block longer", "B$HP0403AABBCC"},
		{"other total", "B$HP0500AAAA"},
		{"other type", "B$HT0400AAAA"},
		{"other encoding", "B$2P0400AAAA"},
	} {
		p, err := Parse("B$HP0401AAAA")
		if err != nil {
			t.Fatal(err)
		}
		f := NewFile(p)
		if added, err := f.Add(p); err != nil || !added {
			t.Fatal(err)
		}
		if _, err := add(f, c.text); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
		if have, _ := f.Progress(); have != 1 {
			t.Errorf("%s: changed the file", c.name)
		}
		if added, err := add(f, "B$HP0401AAAA"); err != nil || added {
			t.Errorf("%s: a repeat afterwards: %v", c.name, err)
		}
	}
	// A runt that came first makes a shorter block impossible.
	p, err := Parse("B$HP0302AAAA")
	if err != nil {
		t.Fatal(err)
	}
	f := NewFile(p)
	if _, err := f.Add(p); err != nil {
		t.Fatal(err)
	}
	if _, err := add(f, "B$HP0300AA"); err == nil {
		t.Error("a last block longer than the others was accepted")
	}
}

// A few kilobytes of deflate can unfold to gigabytes; the reader stops at its
// limit.
func TestInflationIsBounded(t *testing.T) {
	texts := split(t, 'Z', 'P', make([]byte, MaxMessage+1), 2000)
	if _, _, err := collect(texts); err == nil || !strings.Contains(err.Error(), "inflates") {
		t.Error(err)
	}
	if got, _, err := collect(split(t, 'Z', 'P', make([]byte, MaxMessage), 2000)); err != nil || len(got) != MaxMessage {
		t.Error("the longest file is refused:", err)
	}
}

func TestDeflateRefused(t *testing.T) {
	texts := split(t, 'Z', 'P', []byte("a file of some length, and then more"), 1000)
	p, err := Parse(texts[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string][]byte{
		"trailing byte": append(bytes.Clone(p.Block), 0),
		"cut":           p.Block[:len(p.Block)-2],
		"not deflate":   {0xff, 0xff, 0xff},
	} {
		q := p
		q.Block = block
		f := NewFile(q)
		if _, err := f.Add(q); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Message(); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}

// TestConformanceBBQr takes the published PSBTs through every encoding, and
// a recording of a real camera with its repeats and gaps.
func TestConformanceBBQr(t *testing.T) {
	dir := os.Getenv("HELIOGRAPH_VECTORS")
	if dir == "" {
		t.Skip("HELIOGRAPH_VECTORS is not set: no published vectors to check")
	}
	files, err := filepath.Glob(filepath.Join(dir, "bbqr", "*.psbt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file in %s/bbqr: %v", dir, err)
	}
	for _, file := range files {
		message, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, encoding := range []byte{'H', '2', 'Z'} {
			got, typ, err := collect(split(t, encoding, 'P', message, 400))
			if err != nil || typ != 'P' || !bytes.Equal(got, message) {
				t.Errorf("%s, %c: %v", file, encoding, err)
			}
		}
		fmt.Printf("conformance: bbqr/%s 3 cases\n", strings.TrimSuffix(filepath.Base(file), ".psbt"))
	}
	scans, err := filepath.Glob(filepath.Join(dir, "bbqr", "*.txt"))
	if err != nil || len(scans) == 0 {
		t.Fatalf("no scan in %s/bbqr: %v", dir, err)
	}
	for _, file := range scans {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Fields(string(text))
		got, typ, err := collect(lines)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		t.Logf("%s: type %c, %d bytes, begins %.60q", filepath.Base(file), typ, len(got), got)
		fmt.Printf("conformance: bbqr/%s %d cases\n", strings.TrimSuffix(filepath.Base(file), ".txt"), len(lines))
	}
}

// FuzzBBQr: a text that parses has one spelling; blocks up to the number that
// the header says never panic and never inflate past the limit.
func FuzzBBQr(f *testing.F) {
	f.Add("B$HP0301CCDD\nB$HP0302EE\nB$HP0300AABB")
	f.Add(strings.Join(split(f, 'Z', 'P', bytes.Repeat([]byte("psbt"), 100), 10), "\n"))
	f.Add("B$2U0100MFRGG")
	f.Fuzz(func(t *testing.T, text string) {
		var file *File
		for _, line := range strings.Split(text, "\n") {
			p, err := Parse(line)
			if err != nil {
				continue
			}
			again := fmt.Sprintf("B$%c%c%s%s", p.Encoding, p.Type, digits(p.Total), digits(p.Index))
			if p.Encoding == 'H' {
				again += fmt.Sprintf("%X", p.Block)
			} else {
				again += base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(p.Block)
			}
			if again != line {
				t.Fatalf("%q and %q are the same block", line, again)
			}
			if file == nil {
				file = NewFile(p)
			}
			if _, err := file.Add(p); err != nil {
				continue
			}
			have, total := file.Progress()
			if have > total {
				t.Fatalf("%d of %d blocks", have, total)
			}
			m, err := file.Message()
			if len(m) > MaxMessage || err == nil && have != total {
				t.Fatalf("%d bytes from %d of %d blocks", len(m), have, total)
			}
		}
	})
}
