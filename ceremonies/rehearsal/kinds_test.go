package rehearsal

import (
	"testing"

	"pgregory.net/rapid"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"
)

// A batch and a charter read output scripts apart from each other. Both take the
// same ones for data, and what a batch can pay is of a kind that a charter knows.
func TestScriptsAreReadAlike(t *testing.T) {
	lead := rapid.SampledFrom([][]byte{
		{0x6a}, {0x6a, 2}, {0x6a, 1}, {0x6a, 0x4c, 76}, {0x6a, 0x4c, 80}, {0x6a, 0x4c}, {0x00, 0x14}, {0x00, 0x20}, {0x51, 0x20}, {0x76, 0xa9, 0x14}, {0xa9, 0x14}, nil,
	})
	rapid.Check(t, func(t *rapid.T) {
		script := append([]byte(nil), lead.Draw(t, "lead")...)
		if n := rapid.SampledFrom([]int{0, 1, 2, 20, 32, 75, 76, 80, 81, -1}).Draw(t, "length"); n >= 0 {
			script = append(script, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "rest")...)
		} else if len(script) > 1 { // as long as it says
			n := int(script[len(script)-1]) % 100
			script = append(script, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "rest")...)
		}
		_, said := batch.Data(script)
		kind, known := charter.KindOf(script)
		if said != (kind == charter.Data) || said && !known {
			t.Fatalf("%x: data in a batch %v, kind %v in a charter", script, said, kind)
		}
		_, err := wallet.EncodeScript(wallet.Regtest, script)
		if payable := err == nil || said; payable != known && !offCurve(script) {
			t.Fatalf("%x: a batch can pay it %v, a charter knows its kind %v", script, payable, known)
		}
	})
}

// offCurve reports whether a script is a P2TR output, whose key may be no point:
// wallets refuse such an address, and charters check it when it is listed.
func offCurve(script []byte) bool { return len(script) == 34 && script[0] == 0x51 }
