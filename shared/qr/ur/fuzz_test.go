package ur

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzBytewords: a text that decodes is the only spelling of its data, up to
// case, and never longer data than text.
func FuzzBytewords(f *testing.F) {
	f.Add(0, "able acid also lava zoom jade need echo taxi")
	f.Add(1, "able-acid-also-lava-zoom-jade-need-echo-taxi")
	f.Add(2, "aeadaolazmjendeoti")
	f.Add(2, "aeadaolazmjendeot")
	f.Fuzz(func(t *testing.T, style int, text string) {
		s := Style(uint(style) % 3)
		data, err := DecodeBytewords(s, text)
		if err != nil {
			return
		}
		if got := EncodeBytewords(s, data); got != strings.ToLower(text) {
			t.Fatalf("%q and %q are the same data", text, got)
		}
	})
}

// FuzzUR: a text that parses is the only spelling of its type and part, up to
// case, and its numbers are within the limits.
func FuzzUR(f *testing.F) {
	f.Add("ur:bytes/1-9/lpadascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtdkgslpgh")
	f.Add("UR:BYTES/HDEYMEJTSWHHYLKEPMYKHHTSYTSNOYOYAXAEDSUTTYDMMHHPKTPMSRJTGWDPFNSBOXGWLBAAWZUEFYWKDPLRSRJYNBVYGABWJLDAPFCSDWKBRKCH")
	f.Add("ur:bytes/1-1/")
	f.Fuzz(func(t *testing.T, text string) {
		typ, p, err := Parse(text)
		if err != nil {
			return
		}
		if err := p.check(); err != nil {
			t.Fatalf("%q parses to what is refused: %v", text, err)
		}
		want := Multi(typ, p)
		if strings.Count(text, "/") == 1 {
			want = Single(typ, p.Data)
		}
		if strings.ToUpper(text) != want {
			t.Fatalf("%q and %q are the same part", text, want)
		}
	})
}

// FuzzPart: CBOR that parses is the canonical encoding of a part within the
// limits.
func FuzzPart(f *testing.F) {
	f.Add(Part{SeqNum: 12, SeqLen: 9, MessageLen: 256, Checksum: 23570951, Data: make([]byte, 29)}.CBOR())
	f.Add(Part{SeqNum: 1, SeqLen: MaxSeqLen, MessageLen: MaxSeqLen, Checksum: 1, Data: make([]byte, 1)}.CBOR())
	f.Fuzz(func(t *testing.T, cbor []byte) {
		p, err := ParsePart(cbor)
		if err != nil {
			return
		}
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.CBOR(), cbor) {
			t.Fatalf("%x and %x are the same part", cbor, p.CBOR())
		}
	})
}

// FuzzUnwrapBytes: what unwraps is the canonical CBOR of its content.
func FuzzUnwrapBytes(f *testing.F) {
	f.Add(WrapBytes(make([]byte, 30)))
	f.Fuzz(func(t *testing.T, cbor []byte) {
		if m, err := UnwrapBytes(cbor); err == nil && !bytes.Equal(WrapBytes(m), cbor) {
			t.Fatalf("%x is not canonical", cbor)
		}
	})
}
