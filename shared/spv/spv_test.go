package spv

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Headers of the main chain: blocks 0, 1 and 2, and block 170, which holds the
// first payment that anybody made.
const (
	block0   = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
	block1   = "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299"
	block2   = "010000004860eb18bf1b1620e37e9490fc8a427514416fd75159ab86688e9a8300000000d5fdcc541e25de1c7a5addedf24858b8bb665c9f36ef744ee42c316022c90f9bb0bc6649ffff001d08d2bd61"
	block170 = "0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb05421ab93e63f8c3ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70"
	coinbase = "b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082"
	payment  = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"

	mainnetWork = 0x1d00ffff
)

func fromHex(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(parts, ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// id reads a transaction id as people write it.
func id(t testing.TB, s string) [32]byte {
	b := fromHex(t, s)
	slices.Reverse(b)
	return [32]byte(b)
}

func chain(t testing.TB, headers []byte, work uint32) Chain {
	t.Helper()
	c, err := Verify(headers, work)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMainChain(t *testing.T) {
	// Two runs: blocks 0 to 2, and block 170 alone.
	c := chain(t, fromHex(t, block0, block1, block2, block170), mainnetWork)
	first, second := id(t, coinbase), id(t, payment)
	for _, p := range []struct {
		proof Proof
		want  int64
	}{
		{Proof{TxID: id(t, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b")}, 3},
		{Proof{TxID: id(t, "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"), Header: 1}, 2},
		{Proof{TxID: id(t, "9b0fc92260312ce44e74ef369f5c66bbb85848f2eddd5a7a1cde251e54ccfdd5"), Header: 2}, 1},
		{Proof{TxID: first, Header: 3, Branch: second[:]}, 1},
		{Proof{TxID: second, Header: 3, Position: 1, Branch: first[:]}, 1},
	} {
		if got, err := c.Confirmations(p.proof); err != nil || got != p.want {
			t.Errorf("%x: %d confirmations, %v; want %d", p.proof.TxID, got, err, p.want)
		}
	}
}

// Somebody shows a proof of one transaction for another, at another place, or of
// another shape.
func TestFalseProofs(t *testing.T) {
	c := chain(t, fromHex(t, block0, block170), mainnetWork)
	first, second := id(t, coinbase), id(t, payment)
	good := Proof{TxID: second, Header: 1, Position: 1, Branch: first[:]}
	for name, change := range map[string]func(*Proof){
		"another transaction":     func(p *Proof) { p.TxID[0] ^= 1 },
		"another header":          func(p *Proof) { p.Header = 0 },
		"a header that is none":   func(p *Proof) { p.Header = 2 },
		"a header far off":        func(p *Proof) { p.Header = 1 << 31 },
		"another position":        func(p *Proof) { p.Position = 0 },
		"a position out of reach": func(p *Proof) { p.Position = 3 },
		"no branch":               func(p *Proof) { p.Branch = nil },
		"half a hash":             func(p *Proof) { p.Branch = p.Branch[:31] },
		"another branch":          func(p *Proof) { p.Branch = second[:] },
		"a branch too long":       func(p *Proof) { p.Branch = make([]byte, 32*(MaxDepth+1)) },
	} {
		p := good
		change(&p)
		if n, err := c.Confirmations(p); err == nil || n != 0 {
			t.Errorf("%s: %d confirmations", name, n)
		}
	}
	if _, err := (Chain{}).Confirmations(good); err == nil {
		t.Error("a chain without headers confirms")
	}
}

// Somebody makes headers of less work, or changes one that was mined.
func TestFalseHeaders(t *testing.T) {
	for want, headers := range map[string][]byte{
		"header 1 does not meet its own target":        append(fromHex(t, block0), mend(fromHex(t, block1), 10)...),
		"header 0 shows less work than is demanded":    easy(1, [32]byte{}),
		"header 1 is given twice":                      fromHex(t, block0, block0),
		"81 bytes of headers: want a multiple of 80":   append(fromHex(t, block0), 0),
		"header 0: target 00000000 is not above zero":  compact(fromHex(t, block0), 0),
		"header 0: target 1d80ffff is not above zero":  compact(fromHex(t, block0), 0x1d80ffff),
		"header 0: target 23000001 is not between 1":   compact(fromHex(t, block0), 0x23000001),
		"header 0: target 22010000 is not between 1":   compact(fromHex(t, block0), 0x22010000),
		"header 0: target 01000012 is not between 1":   compact(fromHex(t, block0), 0x01000012),
		"161360 bytes of headers: want a multiple of ": make([]byte, (MaxHeaders+1)*HeaderSize),
	} {
		if _, err := Verify(headers, mainnetWork); err == nil || !strings.HasPrefix(err.Error(), "spv: verify: "+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := Verify(nil, 0); err == nil {
		t.Error("work that no target expresses is demanded")
	}
	if _, err := Verify(fromHex(t, block0), mainnetWork-1); err == nil {
		t.Error("a target above the one that is demanded counts")
	}
}

func TestTarget(t *testing.T) {
	for in, want := range map[uint32]string{
		0x1d00ffff: "ffff" + strings.Repeat("00", 26), 0x207fffff: "7fffff" + strings.Repeat("00", 29), 0x2200ffff: "",
		0x03123456: "123456", 0x02123456: "1234", 0x01123456: "12", 0x04123456: "12345600", 0x2100ffff: "ffff" + strings.Repeat("00", 30),
	} {
		got, err := target(in)
		if want == "" {
			if err == nil {
				t.Errorf("%08x: %x, above 2^256", in, got)
			}
			continue
		}
		if err != nil || got.Text(16) != want {
			t.Errorf("%08x: %x, %v; want %s", in, got, err, want)
		}
	}
}

func compact(header []byte, nBits uint32) []byte {
	binary.LittleEndian.PutUint32(header[72:], nBits)
	return header
}

func mend(header []byte, at int) []byte {
	header[at] ^= 1
	return header
}

// easy mines n headers of regtest's work, each after the one before, all with
// one root.
func easy(n int, root [32]byte) []byte {
	var out []byte
	var last [32]byte
	for i := range n {
		header := compact(make([]byte, HeaderSize), 0x207fffff)
		copy(header[4:], last[:])
		copy(header[36:], root[:])
		header[0] = byte(i)
		for last = doubleSHA256(header); last[31] > 0x7e; last = doubleSHA256(header) {
			header[76]++
		}
		out = append(out, header...)
	}
	return out
}

// A tree of any shape leads from every leaf to its root, and from nothing else.
func TestBranches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		level := make([][32]byte, rapid.IntRange(1, 33).Draw(rt, "transactions"))
		for i := range level {
			level[i] = doubleSHA256([]byte{byte(i), 1})
		}
		at := rapid.IntRange(0, len(level)-1).Draw(rt, "position")
		p := Proof{TxID: level[at], Position: uint32(at)}
		for len(level) > 1 {
			if len(level)%2 == 1 {
				level = append(level, level[len(level)-1])
			}
			p.Branch = append(p.Branch, level[at^1][:]...)
			var up [][32]byte
			for i := 0; i < len(level); i += 2 {
				up = append(up, doubleSHA256(level[i][:], level[i+1][:]))
			}
			level, at = up, at/2
		}
		n := rapid.IntRange(1, 5).Draw(rt, "headers")
		c := chain(t, easy(n, level[0]), 0x207fffff)
		p.Header = uint32(rapid.IntRange(0, n-1).Draw(rt, "header"))
		if got, err := c.Confirmations(p); err != nil || got != int64(n)-int64(p.Header) {
			rt.Fatalf("%d confirmations, %v", got, err)
		}
		p.TxID[rapid.IntRange(0, 31).Draw(rt, "byte")] ^= 1
		if _, err := c.Confirmations(p); err == nil {
			rt.Fatal("another transaction is proved")
		}
	})
}

// FuzzVerify: headers that verify are whole, meet the work demanded, and confirm
// nothing more often than there are headers.
func FuzzVerify(f *testing.F) {
	f.Add(easy(3, [32]byte{1}), uint32(0), []byte{})
	f.Add(easy(1, [32]byte{}), uint32(5), make([]byte, 64))
	f.Fuzz(func(t *testing.T, headers []byte, position uint32, branch []byte) {
		c, err := Verify(headers, 0x207fffff)
		if err != nil {
			return
		}
		n := len(headers) / HeaderSize
		if len(headers)%HeaderSize != 0 || n > MaxHeaders || len(c.after) != n {
			t.Fatal("headers that are not whole verify")
		}
		for i := range n {
			p := Proof{TxID: [32]byte(bytes.Repeat([]byte{1}, 32)), Header: uint32(i), Position: position, Branch: branch}
			if got, err := c.Confirmations(p); err == nil && (got < 1 || got > int64(n-i)) {
				t.Fatalf("%d confirmations by %d headers", got, n-i)
			}
		}
	})
}
