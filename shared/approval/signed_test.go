package approval

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/webauthn/testauthenticator"
	"heliograph/shared/wire"
)

// The bytes of WIRE.md section 5.8.
func TestChallengeBytes(t *testing.T) {
	s := Statement{Wallet: [32]byte{1}, Charter: [32]byte{2}, Subject: [32]byte{3}, Decision: Approve, Person: "Zoë", Time: 0x0102030405, Expiry: 0x0102030406}
	preimage := append([]byte{}, s.Wallet[:]...)
	preimage = append(preimage, s.Charter[:]...)
	preimage = append(preimage, s.Subject[:]...)
	preimage = append(preimage, 2, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 1, 2, 3, 4, 6, 'Z', 'o', 0xc3, 0xab)
	if got := s.Challenge(); got != wire.TaggedHash("Heliograph/approval/v1", preimage) {
		t.Errorf("challenge %x", got)
	}
}

func TestEncodedBytes(t *testing.T) {
	s := Signed{Charter: [32]byte{2}, Subject: [32]byte{3}, Decision: Veto, Person: "Ann", Credential: "key", Time: 23, Expiry: 24, Proof: make([]byte, 64)}
	b, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := "a8" + "015820" + "02" + strings.Repeat("00", 31) + "025820" + "03" + strings.Repeat("00", 31) + "0303" + "0463416e6e" + "05636b6579" + "0617" + "071818" + "085840" + strings.Repeat("00", 64)
	if hex.EncodeToString(b) != want {
		t.Errorf("got  %x\nwant %s", b, want)
	}
	back, err := DecodeSigned(b)
	if err != nil || back.Person != "Ann" || back.Credential != "key" || back.Decision != Veto || back.Time != 23 || back.Expiry != 24 || back.Charter != s.Charter || back.Subject != s.Subject || !bytes.Equal(back.Proof, s.Proof) {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestSignedIsBounded(t *testing.T) {
	w := newWorld(t)
	honest := w.sign(t, w.statement("Ann", Approve), "ann blue")
	for _, c := range []struct {
		name   string
		change func(*Signed)
		words  string
	}{
		{"as it is", func(*Signed) {}, ""},
		{"no charter", func(s *Signed) { s.Charter = [32]byte{} }, "charter or subject"},
		{"no subject", func(s *Signed) { s.Subject = [32]byte{} }, "charter or subject"},
		{"decision 0", func(s *Signed) { s.Decision = 0 }, "decision 0"},
		{"decision 5", func(s *Signed) { s.Decision = 5 }, "decision 5"},
		{"no person", func(s *Signed) { s.Person = "" }, "name of the person"},
		{"a name of 64 bytes", func(s *Signed) { s.Person = strings.Repeat("x", 64) }, ""},
		{"a name of 65 bytes", func(s *Signed) { s.Person = strings.Repeat("x", 65) }, "name of the person"},
		{"a name that is not UTF-8", func(s *Signed) { s.Person = "\xff" }, "name of the person"},
		{"a name that turns text around", func(s *Signed) { s.Person = "Ann\u202e" }, "U+202E"},
		{"a name with a line break", func(s *Signed) { s.Person = "Ann\nBen" }, "U+000A"},
		{"no credential", func(s *Signed) { s.Credential = "" }, "name of the credential"},
		{"a credential with a line break", func(s *Signed) { s.Credential = "a\nb" }, "name of the credential"},
		{"time 0", func(s *Signed) { s.Time = 0 }, "made at 0"},
		{"time 1", func(s *Signed) { s.Time, s.Expiry = 1, 2 }, ""},
		{"time below 0", func(s *Signed) { s.Time = -1 << 63 }, "made at"},
		{"expires at once", func(s *Signed) { s.Expiry = s.Time }, "expires at"},
		{"expires before", func(s *Signed) { s.Expiry = s.Time - 1 }, "expires at"},
		{"expires in a second", func(s *Signed) { s.Expiry = s.Time + 1 }, ""},
		{"expires in 366 days", func(s *Signed) { s.Expiry = s.Time + 366*86_400 }, ""},
		{"expires a second later", func(s *Signed) { s.Expiry = s.Time + 366*86_400 + 1 }, "366 days"},
		{"last second of 9999", func(s *Signed) { s.Time, s.Expiry = 253_402_300_798, 253_402_300_799 }, ""},
		{"the year 10000", func(s *Signed) { s.Time, s.Expiry = 253_402_300_799, 253_402_300_800 }, "expires at"},
		{"no proof", func(s *Signed) { s.Proof = nil }, "proof of 0"},
		{"a proof of 63 bytes", func(s *Signed) { s.Proof = make([]byte, 63) }, "proof of 63"},
		{"a proof of 1606 bytes", func(s *Signed) { s.Proof = make([]byte, 1606) }, ""},
		{"a proof of 1607 bytes", func(s *Signed) { s.Proof = make([]byte, 1607) }, "proof of 1607"},
	} {
		s := honest
		c.change(&s)
		b, err := s.Encode()
		if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: encoding: got %v, want %q", c.name, err, c.words)
		}
		if c.words != "" {
			if b, err = wire.Marshal(s); err != nil {
				continue // what CBOR refuses already
			}
		}
		if _, err = DecodeSigned(b); c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: decoding: got %v, want %q", c.name, err, c.words)
		}
	}
	b, err := honest.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeSigned(append(b, 0)); err == nil {
		t.Error("a trailing byte passes")
	}
	if _, err := DecodeSigned(make([]byte, MaxSigned+1)); err == nil || !strings.Contains(err.Error(), "limit of 4096") {
		t.Errorf("4,097 bytes: %v", err)
	}
}

func TestSigningRefuses(t *testing.T) {
	w := newWorld(t)
	key := w.keys["eve device"]
	for _, c := range []struct {
		name   string
		change func(*Statement)
	}{
		{"no wallet", func(s *Statement) { s.Wallet = [32]byte{} }},
		{"no charter", func(s *Statement) { s.Charter = [32]byte{} }},
		{"no subject", func(s *Statement) { s.Subject = [32]byte{} }},
		{"no person", func(s *Statement) { s.Person = "" }},
		{"no decision", func(s *Statement) { s.Decision = 0 }},
		{"no time", func(s *Statement) { s.Time = 0 }},
	} {
		s := w.statement("Eve", Approve)
		c.change(&s)
		if _, err := SignKey(s, "eve device", key, [32]byte{}); err == nil {
			t.Errorf("%s: signed with a key", c.name)
		}
		s = w.statement("Ann", Approve)
		c.change(&s)
		if _, err := w.trySign(t, s, "ann blue", testauthenticator.Options{}); err == nil {
			t.Errorf("%s: signed with WebAuthn", c.name)
		}
	}
	s := w.statement("Eve", Approve)
	if _, err := SignKey(s, "eve device", nil, [32]byte{}); err == nil {
		t.Error("signed without a key")
	}
	if _, err := SignKey(s, "", key, [32]byte{}); err == nil || !strings.Contains(err.Error(), "name of the credential") {
		t.Errorf("signed with a credential without a name: %v", err)
	}
}

// What was signed cannot be changed: each bit of it matters.
func TestEveryBitOfAStatementMatters(t *testing.T) {
	w := newWorld(t)
	var encoded [][]byte
	for _, who := range []struct{ person, credential string }{{"Ann", "ann blue"}, {"Ann", "ann phone"}, {"Ben", "ben device"}} {
		b, err := w.sign(t, w.statement(who.person, Approve), who.credential).Encode()
		if err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, b)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(rapid.SampledFrom(encoded).Draw(t, "statement"))
		bit := rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")
		b[bit/8] ^= 1 << (bit % 8)
		s, err := DecodeSigned(b)
		if err != nil {
			return
		}
		set, err := Verify(w.charter, walletID, OfBatch(batchID), []Signed{s})
		if err != nil || len(set.Given()) != 0 || len(set.Void()) != 1 {
			t.Fatalf("bit %d does not matter: %v, %v", bit, set.Given(), err)
		}
	})
}

// FuzzDecodeSigned: what is taken encodes to the same bytes, can be judged, and
// counts only if a credential made it.
func FuzzDecodeSigned(f *testing.F) {
	w := newWorld(f)
	made := make(map[string]bool)
	for _, who := range []struct{ person, credential string }{{"Ann", "ann blue"}, {"Ann", "ann phone"}, {"Ben", "ben device"}, {"Payroll", "payroll"}} {
		for _, d := range []Decision{Draft, Approve, NotFrozen} {
			b, err := w.sign(f, w.statement(who.person, d), who.credential).Encode()
			if err != nil {
				f.Fatal(err)
			}
			made[string(b)] = true
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeSigned(b)
		if err != nil {
			return
		}
		again, err := s.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes to %x, %v", b, again, err)
		}
		set, err := Verify(w.charter, walletID, OfBatch(batchID), []Signed{s})
		if err != nil || len(set.Given())+len(set.Void()) != 1 {
			t.Fatalf("%x: %v", b, err)
		}
		if len(set.Given()) == 1 && !made[string(b)] {
			t.Fatalf("nobody made %x", b)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	for _, who := range []struct{ person, credential string }{{"Ann", "ann blue"}, {"Ann", "ann phone"}, {"Ben", "ben device"}} {
		signed := []Signed{w.sign(b, w.statement(who.person, Approve), who.credential)}
		b.Run(who.credential, func(b *testing.B) {
			for b.Loop() {
				if set, err := Verify(w.charter, walletID, OfBatch(batchID), signed); err != nil || len(set.Given()) != 1 {
					b.Fatal(err)
				}
			}
		})
	}
}
