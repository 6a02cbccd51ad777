package wire

import (
	"bytes"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type sample struct {
	Number int64      `cbor:"1,keyasint"`
	Count  uint32     `cbor:"2,keyasint"`
	ID     [4]byte    `cbor:"3,keyasint"`
	Body   []byte     `cbor:"4,keyasint"`
	Name   string     `cbor:"5,keyasint"`
	Lines  []pair     `cbor:"6,keyasint"`
	Note   *pair      `cbor:"7,keyasint,omitempty"`
	Flag   bool       `cbor:"8,keyasint"`
	Table  []([2]int) `cbor:"9,keyasint,omitempty"`
}

type pair struct {
	_     struct{} `cbor:",toarray"`
	Left  uint8
	Right string
}

// sampleHex is the encoding of the value in TestMarshalGolden, field by field.
const sampleHex = "a7" + "0138ff" + "021a00010000" + "034401020304" + "0440" + "05626869" + "06828207616182186461 62" + "08f5"

func TestMarshalGolden(t *testing.T) {
	want := unhex(t, strings.ReplaceAll(sampleHex, " ", ""))
	value := sample{
		Number: -256, Count: 65536, ID: [4]byte{1, 2, 3, 4}, Body: nil, Name: "hi",
		Lines: []pair{{Left: 7, Right: "a"}, {Left: 100, Right: "b"}}, Flag: true,
	}
	got, err := Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got  %x\nwant %x", got, want)
	}
	var back sample
	if err := Unmarshal(want, &back, len(want)); err != nil {
		t.Fatal(err)
	}
	value.Body = []byte{} // a nil slice is an empty one
	if !reflect.DeepEqual(back, value) {
		t.Errorf("decoded %+v", back)
	}
	// An empty map of the right keys in any other order, or with an omitted one, is another document.
	if sorted, err := Marshal(map[any]any{"b": 1, -1: 1, 24: 1, 3: 1, "aa": 1}); err != nil || !bytes.Equal(sorted, unhex(t, "a50301181801200161620162616101")) {
		t.Errorf("map order: %x %v", sorted, err)
	}
}

func TestUnmarshalRefusesOtherForms(t *testing.T) {
	type one struct {
		N uint64 `cbor:"1,keyasint"`
	}
	type two struct {
		A uint8  `cbor:"1,keyasint"`
		B string `cbor:"2,keyasint,omitempty"`
	}
	for _, test := range []struct {
		name, hex string
		target    any
	}{
		{"empty", "", new(one)},
		{"trailing byte", "a1010500", new(one)},
		{"two items", "a10105a10105", new(one)},
		{"one byte for 5", "a1011805", new(one)},
		{"two bytes for 5", "a101190005", new(one)},
		{"two bytes for 255", "a1011900ff", new(one)},
		{"four bytes for 65535", "a1011a0000ffff", new(one)},
		{"eight bytes for 2^32-1", "a1011b00000000ffffffff", new(one)},
		{"long map head", "b8010105", new(one)},
		{"long key", "a1180105", new(one)},
		{"indefinite map", "bf0105ff", new(one)},
		{"indefinite bytes", "5f4101ff", new([]byte)},
		{"indefinite text", "7f6161ff", new(string)},
		{"indefinite array", "9f01ff", new([]uint8)},
		{"reserved form", "1c", new(uint64)},
		{"break alone", "ff", new(uint64)},
		{"unsorted keys", "a2026161 0105", new(two)},
		{"duplicate key", "a201050105", new(two)},
		{"duplicate key, other value", "a201050106", new(two)},
		{"unknown key", "a201050305", new(two)},
		{"missing key", "a1026161", new(two)},
		{"present but empty", "a201050260", new(two)},
		{"text for a key", "a2010561616161", new(two)},
		{"bytes as key", "a141010 5", new(map[any]any)},
		{"array as key", "a1810105", new(map[any]any)},
		{"null", "f6", new(*one)},
		{"null field", "a101f6", new(one)},
		{"undefined", "f7", new(any)},
		{"simple 16", "f0", new(any)},
		{"simple 32", "f820", new(any)},
		{"half float", "f93c00", new(any)},
		{"float", "fa3f800000", new(float32)},
		{"double", "fb3ff0000000000000", new(float64)},
		{"float in an integer", "a101f93c00", new(one)},
		{"tag", "c101", new(any)},
		{"bignum", "c24101", new(any)},
		{"self-described", "d9d9f7a10105", new(one)},
		{"not UTF-8", "61ff", new(string)},
		{"bytes for text", "4161", new(string)},
		{"text for bytes", "6161", new([]byte)},
		{"array for bytes", "8101", new([]byte)},
		{"bytes for array", "4101", new([]uint16)},
		{"short array of bytes", "43010203", new([4]byte)},
		{"long array of bytes", "450102030405", new([4]byte)},
		{"empty for an array of bytes", "40", new([4]byte)},
		{"short tuple", "8101", new(pair)},
		{"long tuple", "8301616101", new(pair)},
		{"map for a tuple", "a2000101 6161", new(pair)},
		{"negative for unsigned", "20", new(uint64)},
		{"beyond uint8", "190100", new(uint8)},
		{"beyond int64", "1b8000000000000000", new(int64)},
		{"below int64", "3b8000000000000000", new(int64)},
		{"below int64, anywhere", "3b8000000000000000", new(any)},
		{"bool for an integer", "f5", new(uint8)},
		{"integer for a bool", "01", new(bool)},
		{"truncated head", "19 01", new(uint64)},
		{"truncated bytes", "4201", new([]byte)},
		{"truncated text", "6261", new(string)},
		{"truncated array", "8201", new([]uint8)},
		{"truncated map", "a101", new(one)},
		{"bytes of 2^63", "5b8000000000000000", new([]byte)},
		{"bytes of 2^64-1", "5bffffffffffffffff", new([]byte)},
		{"array of 2^64-1", "9bffffffffffffffff", new([]uint8)},
		{"map of 2^63", "bb8000000000000000", new(one)},
	} {
		b := unhex(t, strings.ReplaceAll(test.hex, " ", ""))
		before := reflect.ValueOf(test.target).Elem().Interface()
		if err := Unmarshal(b, test.target, 1000); err == nil {
			t.Errorf("%s: accepted %x as %+v", test.name, b, reflect.ValueOf(test.target).Elem())
		}
		if after := reflect.ValueOf(test.target).Elem().Interface(); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: the target changed to %v", test.name, after)
		}
	}
}

// The attack: a caller reuses a struct, so that a message which leaves a field
// out takes it over from the message before.
func TestUnmarshalKeepsNothingOfTheTarget(t *testing.T) {
	type optional struct {
		A uint8  `cbor:"1,keyasint"`
		B string `cbor:"2,keyasint,omitempty"`
	}
	target := optional{A: 1, B: "left over"}
	if err := Unmarshal(unhex(t, "a10105"), &target, 10); err != nil || target != (optional{A: 5}) {
		t.Errorf("%+v %v", target, err)
	}
}

func TestUnmarshalTargets(t *testing.T) {
	for _, target := range []any{nil, uint8(1), (*uint8)(nil), map[int]int{}} {
		if err := Unmarshal([]byte{1}, target, 1); err == nil {
			t.Errorf("decoded into %T", target)
		}
	}
	var n uint8
	if err := Unmarshal([]byte{0x18, 0x20}, &n, 1); err == nil {
		t.Error("decoded two bytes under a limit of one")
	}
	if err := Unmarshal([]byte{0x18, 0x20}, &n, 2); err != nil || n != 32 {
		t.Errorf("%d %v", n, err)
	}
}

func TestMarshalRefuses(t *testing.T) {
	var deep any = 1
	for range maxDepth + 1 {
		deep = []any{deep}
	}
	for name, value := range map[string]any{
		"float":       1.5,
		"whole float": float32(1),
		"NaN":         math.NaN(),
		"nil":         nil,
		"nil pointer": (*sample)(nil),
		"big integer": new(big.Int).Lsh(big.NewInt(1), 70),
		"not UTF-8":   "\xff",
		"too deep":    deep,
		"too long":    make([]bool, maxElements+1),
		"function":    func() {},
	} {
		if b, err := Marshal(value); err == nil {
			t.Errorf("%s: encoded as %x", name, b)
		}
	}
}

// The attack: a few bytes announce a structure that costs memory out of all
// proportion. The limits hold before anything is allocated.
func TestLimits(t *testing.T) {
	nested := func(depth int) []byte { return append(bytes.Repeat([]byte{0x81}, depth), 1) }
	array := func(n int) []byte { return append([]byte{0x99, byte(n >> 8), byte(n)}, make([]byte, n)...) }
	var wide []byte // arrays of the greatest length, items more than allowed in all
	wide = append(wide, 0x89)
	for range 9 {
		wide = append(wide, array(maxElements)...)
	}
	for _, test := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"greatest depth", nested(maxDepth), true},
		{"too deep", nested(maxDepth + 1), false},
		{"much too deep", nested(100_000), false},
		{"longest array", array(maxElements), true},
		{"too long array", array(maxElements + 1), false},
		{"too many items", wide, false},
	} {
		var target any
		if err := Unmarshal(test.b, &target, len(test.b)); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	announced := unhex(t, "9a00ffffff01")
	if n := testing.AllocsPerRun(10, func() { _ = checkCanonical(announced) }); n > 10 {
		t.Errorf("a short input allocated %v times", n)
	}
}

// What was encoded decodes to an equal value.
func TestMarshalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.Custom(func(t *rapid.T) pair {
			return pair{Left: rapid.Uint8().Draw(t, "left"), Right: rapid.String().Draw(t, "right")}
		})
		value := sample{
			Number: rapid.Int64().Draw(t, "number"),
			Count:  rapid.Uint32().Draw(t, "count"),
			ID:     [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "id")),
			Body:   rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body"),
			Name:   rapid.String().Draw(t, "name"),
			Lines:  rapid.SliceOfN(pairs, 0, 30).Draw(t, "lines"),
			Flag:   rapid.Bool().Draw(t, "flag"),
		}
		if rapid.Bool().Draw(t, "has a note") {
			note := pairs.Draw(t, "note")
			value.Note = &note
		}
		b, err := Marshal(&value)
		if err != nil {
			t.Fatal(err)
		}
		var back sample
		if err := Unmarshal(b, &back, len(b)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(value, back) {
			t.Fatalf("encoded %+v, decoded %+v", value, back)
		}
	})
}

// FuzzUnmarshal: no input panics, and whatever is accepted is the very encoding
// of the decoded value. What the scanner passes, the decoder takes as well, so
// that the two agree on the language.
func FuzzUnmarshal(f *testing.F) {
	f.Add(unhex(f, strings.ReplaceAll(sampleHex, " ", "")))
	for _, seed := range []string{
		"a10105", "a2010502 6161", "f4", "3903e7", "1bffffffffffffffff", "3b7fffffffffffffff", "83010203", "a16161f5",
		"a1011805", "1900ff", "1a0000ffff", "1b00000000ffffffff", "a202010105", "0000", "bf0105ff", "c24101", "f6", "fb3ff0000000000000", "a201050105", "9b7fffffffffffffff", "818181818181818181818181818101",
	} {
		f.Add(unhex(f, strings.ReplaceAll(seed, " ", "")))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var anything any
		err := Unmarshal(b, &anything, 1<<16)
		if len(b) <= 1<<16 && (err == nil) != (checkCanonical(b) == nil) {
			t.Fatalf("scanner and decoder differ: %v", err)
		}
		for _, target := range []any{&anything, new(sample), new(envelope), new([]pair), new(map[string]int64)} {
			if Unmarshal(b, target, 1<<16) != nil {
				continue
			}
			again, err := Marshal(target)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%T: accepted %x, encodes as %x, %v", target, b, again, err)
			}
		}
	})
}
