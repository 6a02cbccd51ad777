package lineage

import (
	"bytes"
	"testing"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// seeds are one of each thing that is decoded.
func seeds(f *testing.F) (ballot, certificate, ack, void, freeze []byte) {
	w := newWorld(f, 2, 3)
	b := w.ballot(w.draft(start, setCap(1)), start, "Ada")
	must := func(b []byte, err error) []byte {
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	a := w.ack([32]byte{1}, 0, start)
	v := SignVoid([32]byte{1}, 1, instance(1), [32]byte{})
	certificate = w.certify(b, start, 0, 1)
	b.Voids = [][]byte{must(v.Encode())}
	return must(b.Encode()), certificate, must(a.Encode()), must(v.Encode()), must(Freeze{Charter: [32]byte{1}, Time: 1, Reason: "x"}.Encode())
}

// FuzzDecode: no input panics a decoder, and what a decoder takes encodes to the
// very same bytes.
func FuzzDecode(f *testing.F) {
	ballot, certificate, ack, void, freeze := seeds(f)
	for _, b := range [][]byte{ballot, certificate, ack, void, freeze, nil} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(what string, again []byte, err error) {
			if err != nil || !bytes.Equal(again, b) {
				t.Errorf("%s: decoded %x, encodes to %x, %v", what, b, again, err)
			}
		}
		if x, err := DecodeBallot(b); err == nil {
			again, err := x.Encode()
			same("ballot", again, err)
		}
		if x, err := DecodeCertificate(b); err == nil {
			again, err := x.Encode()
			same("certificate", again, err)
		}
		if x, err := DecodeAck(b); err == nil {
			again, err := x.Encode()
			same("acknowledgement", again, err)
		}
		if x, err := DecodeVoid(b); err == nil {
			again, err := x.Encode()
			same("void", again, err)
		}
		if x, err := DecodeFreeze(b); err == nil {
			again, err := x.Encode()
			same("freeze", again, err)
		}
		if x, err := DecodeVotes(b); err == nil {
			again, err := x.Encode()
			same("votes", again, err)
		}
	})
}

// FuzzAdopt: whatever bytes are shown as a certificate, nothing panics, and no
// charter is adopted but the one that stations acknowledged.
func FuzzAdopt(f *testing.F) {
	w := newWorld(f, 2, 3)
	next := w.draft(start, setCap(1))
	good := w.certify(w.ballot(next, start, "Ada"), start, 0, 1)
	f.Add(good)
	f.Add(w.certify(w.ballot(next, start, "Ada"), start, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		line, err := w.line.Adopt(b)
		if err == nil && line.Latest().ID() != next.ID() {
			t.Errorf("adopted %x", b)
		}
	})
}

func TestMalformedForms(t *testing.T) {
	c, err := charter.Decode(newWorld(t, 2, 3).draft(start).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]Ballot{
		"number zero":         {Prior: [32]byte{1}, Charter: c.Bytes()},
		"no charter":          {Prior: [32]byte{1}, Number: 1},
		"too many statements": {Prior: [32]byte{1}, Number: 1, Charter: c.Bytes(), Statements: make([][]byte, maxStatements+1)},
		"too many voids":      {Prior: [32]byte{1}, Number: 1, Charter: c.Bytes(), Voids: make([][]byte, maxVoids+1)},
		"a long statement":    {Prior: [32]byte{1}, Number: 1, Charter: c.Bytes(), Statements: [][]byte{make([]byte, 5000)}},
	} {
		raw, err := wire.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeBallot(raw); err == nil {
			t.Errorf("%s: decoded", name)
		}
		if _, err := b.Encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
	good := Ballot{Prior: [32]byte{1}, Number: 1, Charter: c.Bytes()}
	for name, x := range map[string]Certificate{
		"no acknowledgement": {Ballot: good},
		"out of order":       {Ballot: good, Acks: []Ack{{Station: 1, Time: 1}, {Station: 0, Time: 1}}},
		"before 1970":        {Ballot: good, Acks: []Ack{{Time: -1}}},
		"with voids":         {Ballot: Ballot{Prior: [32]byte{1}, Number: 1, Charter: c.Bytes(), Voids: [][]byte{{1}}}, Acks: []Ack{{Time: 1}}},
	} {
		raw, err := wire.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeCertificate(raw); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
}

// One instance signs that it acknowledged a ballot and that it never would: a
// third program can prove it.
func TestContradiction(t *testing.T) {
	w := newWorld(t, 2, 3)
	digest := [32]byte{7}
	proof := Contradiction{Ack: w.ack(digest, 1, start), Void: SignVoid(digest, 1, instance(1), [32]byte{})}
	if err := proof.Verify(instance(1).Public()); err != nil {
		t.Error(err)
	}
	if err := proof.Verify(instance(0).Public()); err == nil {
		t.Error("it proves something of another station")
	}
	for name, other := range map[string]Contradiction{
		"another ballot":  {Ack: w.ack([32]byte{8}, 1, start), Void: proof.Void},
		"another station": {Ack: w.ack(digest, 0, start), Void: proof.Void},
		"no void":         {Ack: proof.Ack, Void: Void{Digest: digest, Station: 1}},
	} {
		if err := other.Verify(instance(1).Public()); err == nil {
			t.Errorf("%s: verified", name)
		}
	}
}
