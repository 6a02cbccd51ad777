package ur

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// sections maps the names in ur/bc-ur.json, which carry their parameters, to
// what checks them. Each returns the number of cases it saw.
var sections = []struct {
	name *regexp.Regexp
	run  func(t *testing.T, arg []string, raw json.RawMessage) int
}{
	{regexp.MustCompile(`^crc32$`), func(t *testing.T, _ []string, raw json.RawMessage) int {
		cases := decode[[][2]string](t, raw)
		for _, c := range cases {
			same(t, fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(c[0]))), c[1])
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^xoshiro_([A-Za-z]+)_next_mod(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		return modulus(t, NewGenerator([]byte(arg[1])), number(t, arg[2]), raw)
	}},
	{regexp.MustCompile(`^xoshiro_crc32\((.+)\)_next_mod(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		sum := crc32.ChecksumIEEE([]byte(arg[1]))
		seed := []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}
		return modulus(t, NewGenerator(seed), number(t, arg[2]), raw)
	}},
	{regexp.MustCompile(`^xoshiro_([A-Za-z]+)_nextInt_(\d+)_(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		g, cases := NewGenerator([]byte(arg[1])), decode[[]int](t, raw)
		for _, want := range cases {
			same(t, g.Int(number(t, arg[2]), number(t, arg[3])), want)
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^sampler_((?:\d+_)+)([A-Za-z]+)_\d+$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		var weights []float64
		for _, w := range strings.Split(strings.TrimSuffix(arg[1], "_"), "_") {
			weights = append(weights, float64(number(t, w)))
		}
		s, g, cases := newSampler(weights), NewGenerator([]byte(arg[2])), decode[[]int](t, raw)
		for _, want := range cases {
			same(t, s.next(g), want)
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^find_fragment_length$`), func(t *testing.T, _ []string, raw json.RawMessage) int {
		cases := decode[[][4]int](t, raw)
		for _, c := range cases {
			got, err := FragmentLength(c[0], c[1], c[2])
			if err != nil {
				t.Error(err)
			}
			same(t, got, c[3])
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^shuffle_1to(\d+)_([A-Za-z]+)_\d+rounds$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		n, g, cases := number(t, arg[1]), NewGenerator([]byte(arg[2])), decode[[][]int](t, raw)
		for _, want := range cases {
			_, order := g.shuffle(n, n, nil, nil)
			for i := range order {
				order[i]++
			}
			same(t, ints(order), want)
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^partition_(\d+)_min(\d+)_max(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		m := wolfMessage(number(t, arg[1]))
		length, err := FragmentLength(len(m), number(t, arg[2]), number(t, arg[3]))
		if err != nil {
			t.Fatal(err)
		}
		cases, fragments := decode[[]string](t, raw), Partition(m, length)
		same(t, len(fragments), len(cases))
		for i, want := range cases {
			same(t, hex.EncodeToString(fragments[i]), want)
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^choose_degree_([A-Za-z]+)-1\.\.\d+_seqLen(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		c, cases := chooser(t, number(t, arg[2])), decode[[]int](t, raw)
		for i, want := range cases {
			same(t, c.degree(NewGenerator([]byte(fmt.Sprintf("%s-%d", arg[1], i+1)))), want)
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^choose_fragments_seq1\.\.\d+_msg(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		m, cases := wolfMessage(number(t, arg[1])), decode[[][]int](t, raw)
		length, err := FragmentLength(len(m), 10, 100)
		if err != nil {
			t.Fatal(err)
		}
		c := chooser(t, len(Partition(m, length)))
		for i, want := range cases {
			got := ints(c.Choose(uint32(i+1), crc32.ChecksumIEEE(m)))
			sort.Ints(got)
			same(t, got, want)
			same(t, c.Degree(uint32(i+1), crc32.ChecksumIEEE(m)), len(want))
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^fountain_parts_msg(\d+)_max(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		cases := decode[[]string](t, raw)
		for i, p := range parts(t, wolfMessage(number(t, arg[1])), number(t, arg[2]), len(cases)) {
			same(t, fmt.Sprintf("seqNum:%d, seqLen:%d, messageLen:%d, checksum:%d, data:%x",
				p.SeqNum, p.SeqLen, p.MessageLen, p.Checksum, p.Data), cases[i])
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^fountain_parts_cbor_msg(\d+)_max(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		cases := decode[[]string](t, raw)
		for i, p := range parts(t, wolfMessage(number(t, arg[1])), number(t, arg[2]), len(cases)) {
			same(t, hex.EncodeToString(p.CBOR()), cases[i])
			back, err := ParsePart(p.CBOR())
			if err != nil || !reflect.DeepEqual(back, p) {
				t.Errorf("part %d does not survive: %v", i, err)
			}
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^ur_single_bytes(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		m, want := WrapBytes(wolfMessage(number(t, arg[1]))), decode[string](t, raw)
		same(t, strings.ToLower(Single("bytes", m)), want)
		typ, p, err := Parse(want)
		if err != nil || typ != "bytes" || !slices.Equal(p.Data, m) {
			t.Errorf("single part does not survive: %v", err)
		}
		return 1
	}},
	{regexp.MustCompile(`^ur_parts_bytes(\d+)_max(\d+)$`), func(t *testing.T, arg []string, raw json.RawMessage) int {
		cases := decode[[]string](t, raw)
		for i, p := range parts(t, WrapBytes(wolfMessage(number(t, arg[1]))), number(t, arg[2]), len(cases)) {
			same(t, strings.ToLower(Multi("bytes", p)), cases[i])
			typ, back, err := Parse(cases[i])
			if err != nil || typ != "bytes" || !reflect.DeepEqual(back, p) {
				t.Errorf("part %d does not survive: %v", i, err)
			}
		}
		return len(cases)
	}},
	{regexp.MustCompile(`^bytewords_\w+$`), func(t *testing.T, _ []string, raw json.RawMessage) int {
		c := decode[struct {
			Input                  []int
			Standard, URI, Minimal string
			Bad                    []string
		}](t, raw)
		input := make([]byte, len(c.Input))
		for i, b := range c.Input {
			input[i] = byte(b)
		}
		n := 0
		for style, want := range map[Style]string{Standard: c.Standard, URI: c.URI, Minimal: c.Minimal} {
			if want == "" {
				continue
			}
			n++
			same(t, EncodeBytewords(style, input), want)
			back, err := DecodeBytewords(style, want)
			if err != nil || !slices.Equal(back, input) {
				t.Errorf("%q does not survive: %v", want, err)
			}
		}
		for _, bad := range c.Bad {
			n++
			for _, style := range []Style{Standard, URI, Minimal} {
				if _, err := DecodeBytewords(style, bad); err == nil {
					t.Errorf("accepted %q", bad)
				}
			}
		}
		return n
	}},
}

// notes are the fields of the file that say where its values come from.
var notes = []string{"origin", "licence", "make_message"}

// TestConformanceUR walks every value of ur/bc-ur.json. A section that the
// table above does not know fails it.
func TestConformanceUR(t *testing.T) {
	dir := os.Getenv("HELIOGRAPH_VECTORS")
	if dir == "" {
		t.Skip("HELIOGRAPH_VECTORS is not set: no published vectors to check")
	}
	files, err := filepath.Glob(filepath.Join(dir, "ur", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vector file in %s/ur: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all := decode[map[string]json.RawMessage](t, text)
		names := make([]string, 0, len(all))
		for name := range all {
			names = append(names, name)
		}
		sort.Strings(names)
	next:
		for _, name := range names {
			if slices.Contains(notes, name) {
				continue
			}
			for _, s := range sections {
				arg := s.name.FindStringSubmatch(name)
				if arg == nil {
					continue
				}
				t.Run(name, func(t *testing.T) {
					n := s.run(t, arg, all[name])
					if n == 0 {
						t.Error("no case")
					}
					fmt.Printf("conformance: ur/%s %d cases\n", name, n)
				})
				continue next
			}
			t.Errorf("%s: section %q is not known", file, name)
		}
	}
}

// wolfMessage is the reference's test message of n bytes.
func wolfMessage(n int) []byte {
	g, out := NewGenerator([]byte("Wolf")), make([]byte, n)
	for i := range out {
		out[i] = byte(g.Int(0, 255))
	}
	return out
}

// parts returns the first n parts of m with fragments of 10 to longest bytes.
func parts(t *testing.T, m []byte, longest, n int) []Part {
	t.Helper()
	length, err := FragmentLength(len(m), 10, longest)
	if err != nil {
		t.Fatal(err)
	}
	fragments := Partition(m, length)
	c, sum := chooser(t, len(fragments)), crc32.ChecksumIEEE(m)
	out := make([]Part, n)
	for i := range out {
		out[i] = Part{
			SeqNum: uint32(i + 1), SeqLen: uint32(len(fragments)),
			MessageLen: uint32(len(m)), Checksum: sum,
			Data: Mix(fragments, c.Choose(uint32(i+1), sum)),
		}
	}
	return out
}

func chooser(t *testing.T, seqLen int) *Chooser {
	t.Helper()
	c, err := NewChooser(seqLen)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func modulus(t *testing.T, g *Generator, m int, raw json.RawMessage) int {
	cases := decode[[]int](t, raw)
	for _, want := range cases {
		same(t, int(g.Next()%uint64(m)), want)
	}
	return len(cases)
}

func decode[T any](t *testing.T, raw []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ints(in []uint16) []int {
	out := make([]int, len(in))
	for i, v := range in {
		out[i] = int(v)
	}
	return out
}
