package ur

import (
	"bytes"
	"errors"
	"hash/crc32"
	"reflect"
	"sort"
	"strings"
	"testing"
)

func TestBytewordsByHand(t *testing.T) {
	input := []byte{0, 1, 2, 128, 255}
	for _, c := range []struct {
		style Style
		text  string
	}{
		{Standard, "able acid also lava zoom jade need echo taxi"},
		{URI, "able-acid-also-lava-zoom-jade-need-echo-taxi"},
		{Minimal, "aeadaolazmjendeoti"},
	} {
		if got := EncodeBytewords(c.style, input); got != c.text {
			t.Errorf("got %q, want %q", got, c.text)
		}
		for _, text := range []string{c.text, strings.ToUpper(c.text)} {
			if got, err := DecodeBytewords(c.style, text); err != nil || !bytes.Equal(got, input) {
				t.Errorf("%q: %x, %v", text, got, err)
			}
		}
	}
}

func TestBytewordsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		style Style
		text  string
	}{
		{"wrong checksum", Standard, "able acid also lava zero jade need echo wolf"},
		{"wrong checksum, minimal", Minimal, "aeadaolazojendeowf"},
		{"no data beside the checksum", Minimal, "aeaeaeae"},
		{"one word", Standard, "wolf"},
		{"nothing", Standard, ""},
		{"a middle letter", Standard, "able acid amso lava zoom jade need echo taxi"},
		{"the other separator", Standard, "able-acid-also-lava-zoom-jade-need-echo-taxi"},
		{"trailing separator", URI, "able-acid-also-lava-zoom-jade-need-echo-taxi-"},
		{"odd length", Minimal, "aeadaolazmjendeotia"},
		{"no such pair", Minimal, "aeadaolaaajendeoti"},
		{"not a letter", Minimal, "aeadaola{mjendeoti"},
		{"not ASCII", Minimal, "aeadaolaÿjendeoti"},
	} {
		if got, err := DecodeBytewords(c.style, c.text); err == nil {
			t.Errorf("%s: accepted as %x", c.name, got)
		}
	}
}

// The values are those of the reference's test program.
func TestFountainByHand(t *testing.T) {
	g := NewGenerator([]byte("Wolf"))
	for i, want := range []uint64{42, 81, 85, 8, 82, 84, 76, 73, 70, 88} {
		if got := g.Next() % 100; got != want {
			t.Errorf("number %d: got %d, want %d", i, got, want)
		}
	}
	m := wolfMessage(1024)
	length, err := FragmentLength(len(m), 10, 100)
	if err != nil || length != 94 {
		t.Fatalf("fragment length %d, %v", length, err)
	}
	c := chooser(t, 11)
	for seqNum, want := range map[uint32][]int{
		1: {0}, 11: {10}, 12: {9}, 13: {2, 5, 6, 8, 9, 10}, 15: {1, 5}, 26: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
	} {
		got := ints(c.Choose(seqNum, crc32.ChecksumIEEE(m)))
		sort.Ints(got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("fragments of part %d: got %v, want %v", seqNum, got, want)
		}
	}
}

func TestURByHand(t *testing.T) {
	const first = "ur:bytes/1-9/lpadascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtdkgslpgh"
	p := parts(t, WrapBytes(wolfMessage(256)), 30, 1)[0]
	if got := Multi("bytes", p); got != strings.ToUpper(first) {
		t.Errorf("got %s", got)
	}
	typ, back, err := Parse(first)
	if err != nil || typ != "bytes" || !reflect.DeepEqual(back, p) {
		t.Errorf("got %s %+v, %v", typ, back, err)
	}
	const single = "ur:bytes/hdeymejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtgwdpfnsboxgwlbaawzuefywkdplrsrjynbvygabwjldapfcsdwkbrkch"
	m := WrapBytes(wolfMessage(50))
	if got := Single("bytes", m); got != strings.ToUpper(single) {
		t.Errorf("got %s", got)
	}
	_, back, err = Parse(strings.ToUpper(single))
	if err != nil || back.SeqLen != 1 || !bytes.Equal(back.Data, m) || back.Checksum != crc32.ChecksumIEEE(m) {
		t.Errorf("got %+v, %v", back, err)
	}
}

func TestURRefused(t *testing.T) {
	good := parts(t, wolfMessage(256), 30, 12)[11]
	body := EncodeBytewords(Minimal, good.CBOR())
	for _, c := range []struct{ name, text string }{
		{"no type", "ur:/" + body},
		{"type with a dot", "ur:by.tes/" + body},
		{"Kelvin sign for a letter", "ur:\u212a/" + body},
		{"long type", "ur:" + strings.Repeat("a", 33) + "/" + body},
		{"another number in the path", "ur:bytes/13-9/" + body},
		{"another length in the path", "ur:bytes/12-10/" + body},
		{"leading zero", "ur:bytes/012-9/" + body},
		{"sign", "ur:bytes/+12-9/" + body},
		{"overflow", "ur:bytes/4294967308-9/" + body},
		{"too many components", "ur:bytes/12-9/" + body + "/"},
		{"no components", "ur:bytes"},
		{"too long", "ur:bytes/" + strings.Repeat("ae", MaxText)},
	} {
		if _, _, err := Parse(c.text); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
	}
	for _, text := range []string{"", "ur", "http://example.com", "B$2P0100"} {
		if _, _, err := Parse(text); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPartRefused(t *testing.T) {
	good := Part{SeqNum: 12, SeqLen: 9, MessageLen: 256, Checksum: 23570951, Data: make([]byte, 29)}
	if _, err := ParsePart(good.CBOR()); err != nil {
		t.Fatal(err)
	}
	change := func(f func(*Part)) []byte {
		p := good
		f(&p)
		return p.CBOR()
	}
	for _, c := range []struct {
		name string
		cbor []byte
	}{
		{"empty", nil},
		{"trailing byte", append(good.CBOR(), 0)},
		{"cut", good.CBOR()[:20]},
		{"four elements", append([]byte{0x84}, good.CBOR()[1:]...)},
		{"six elements", append([]byte{0x86}, append(good.CBOR()[1:], 0)...)},
		{"indefinite array", append([]byte{0x9f}, append(good.CBOR()[1:], 0xff)...)},
		{"a map", append([]byte{0xa5}, good.CBOR()[1:]...)},
		{"longer form of the number", append([]byte{0x85, 0x18, 0x0c}, good.CBOR()[2:]...)},
		{"number of 64 bits", append([]byte{0x85, 0x1b, 0, 0, 0, 0, 0, 0, 0, 12}, good.CBOR()[2:]...)},
		{"negative number", append([]byte{0x85, 0x2c}, good.CBOR()[2:]...)},
		{"number zero", change(func(p *Part) { p.SeqNum = 0 })},
		{"length zero", change(func(p *Part) { p.SeqLen = 0 })},
		{"no message", change(func(p *Part) { p.MessageLen = 0 })},
		{"no data", change(func(p *Part) { p.Data = nil })},
		{"too many fragments", change(func(p *Part) { p.SeqLen, p.MessageLen = MaxSeqLen+1, 29*(MaxSeqLen+1) })},
		{"too long a message", change(func(p *Part) { p.SeqLen, p.MessageLen, p.Data = 2048, MaxMessage+1, make([]byte, 2049) })},
		{"a fragment too many", change(func(p *Part) { p.MessageLen = 29 * 8 })},
		{"a fragment too few", change(func(p *Part) { p.MessageLen = 29*9 + 1 })},
	} {
		if p, err := ParsePart(c.cbor); err == nil {
			t.Errorf("%s: accepted as %+v", c.name, p)
		}
	}
}

func TestUnwrapBytesRefused(t *testing.T) {
	for _, n := range []int{0, 23, 24, 255, 256, 65535, 65536} {
		got, err := UnwrapBytes(WrapBytes(make([]byte, n)))
		if err != nil || len(got) != n {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
	}
	for _, bad := range [][]byte{nil, {0x41}, {0x40, 0}, {0x58, 1, 0}, {0x5f, 0xff}, {0x61, 'a'}} {
		if got, err := UnwrapBytes(bad); err == nil {
			t.Errorf("%x: accepted as %x", bad, got)
		}
	}
}

// A generator that lands on the last representable number must not lead an
// index out of its range: 2^64-1 rounds to 2^64, so Float is 1.
func TestFloatOfOne(t *testing.T) {
	one := func() *Generator {
		// s[1] = x with rotl(5x,7)*9 = 2^64-1 makes the next output all ones.
		inverse9, inverse5 := uint64(0x8e38e38e38e38e39), uint64(0xcccccccccccccccd)
		y := ^uint64(0) * inverse9
		return &Generator{s: [4]uint64{0, (y>>7 | y<<57) * inverse5, 0, 0}}
	}
	if f := one().Float(); f != 1 {
		t.Fatalf("the state does not give 1 but %v", f)
	}
	if got := one().Int(0, 9); got != 9 {
		t.Errorf("Int: got %d", got)
	}
	if got := newSampler([]float64{1, 2, 4}).next(one()); got < 0 || got > 2 {
		t.Errorf("sampler: got %d", got)
	}
}

func TestFragmentLengthRefused(t *testing.T) {
	for _, c := range [][3]int{{0, 1, 10}, {10, 0, 10}, {10, 5, 4}, {9, 10, 20}} {
		if n, err := FragmentLength(c[0], c[1], c[2]); err == nil {
			t.Errorf("%v: accepted as %d", c, n)
		}
	}
}

func TestChooserRefused(t *testing.T) {
	for _, n := range []int{-1, 0, MaxSeqLen + 1} {
		if _, err := NewChooser(n); err == nil {
			t.Errorf("%d fragments: accepted", n)
		}
	}
}
