package batch

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"
)

func TestDataIsOnePushInItsShortestForm(t *testing.T) {
	for name, c := range map[string]struct {
		script []byte
		want   []byte
	}{
		"two bytes":                   {[]byte{0x6a, 2, 7, 9}, []byte{7, 9}},
		"a zero byte":                 {[]byte{0x6a, 1, 0}, []byte{0}},
		"a byte of 17":                {[]byte{0x6a, 1, 17}, []byte{17}},
		"a byte that has an opcode":   {[]byte{0x6a, 1, 16}, nil},
		"minus one":                   {[]byte{0x6a, 1, 0x81}, nil},
		"an opcode":                   {[]byte{0x6a, 0x51}, nil},
		"nothing":                     {[]byte{0x6a}, nil},
		"an empty push":               {[]byte{0x6a, 0}, nil},
		"75 bytes":                    {dataScript(75), bytes.Repeat([]byte{0xd7}, 75)},
		"76 bytes":                    {dataScript(76), bytes.Repeat([]byte{0xd7}, 76)},
		"80 bytes":                    {dataScript(80), bytes.Repeat([]byte{0xd7}, 80)},
		"81 bytes":                    {append([]byte{0x6a, 0x4c, 81}, make([]byte, 81)...), nil},
		"a long form of a short push": {append([]byte{0x6a, 0x4c, 75}, make([]byte, 75)...), nil},
		"a cut push":                  {[]byte{0x6a, 3, 7, 9}, nil},
		"a cut long push":             {dataScript(76)[:78], nil},
		"a second push":               {[]byte{0x6a, 2, 7, 9, 1, 17}, nil},
		"a push of a longer kind":     {[]byte{0x6a, 0x4d, 2, 0, 7, 9}, nil},
		"a payment":                   {payee(0), nil},
		"no script":                   {nil, nil},
	} {
		got, ok := Data(c.script)
		if ok != (c.want != nil) || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, %v", name, got, ok)
		}
	}
}

// pushed is OP_RETURN and what btcd pushes, but for one zero byte, for which btcd
// takes the opcode that pushes nothing.
func pushed(said []byte) ([]byte, error) {
	if len(said) == 1 && said[0] == 0 {
		return []byte{0x6a, 1, 0}, nil
	}
	return txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddData(said).Script()
}

// What btcd pushes behind OP_RETURN is data, and nothing else is.
func TestDataAgreesWithBtcd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.SliceOfN(rapid.Byte(), 0, 90).Draw(t, "data")
		script, err := pushed(said)
		if err != nil {
			t.Fatal(err)
		}
		opcode := len(said) == 0 || len(said) == 1 && (said[0] == 0x81 || said[0] >= 1 && said[0] <= 16)
		got, ok := Data(script)
		if ok != (!opcode && len(said) <= MaxData) || ok && !bytes.Equal(got, said) {
			t.Fatalf("%x says %x, %v", script, got, ok)
		}
	})
}

// A transaction may say something beside its payments: the output moves nothing,
// and size and fee are those of the transaction that is signed.
func TestDataOutput(t *testing.T) {
	w := testWallet(t)
	r := fixture(w, 1, 4, 1)
	fee := verified(t, r, w).MaxFee()
	r.says(0, 1, dataScript(80))
	v := verified(t, r, w)
	tx := v.Transactions()[0]
	m := tx.Variants()[0].Tx()
	at := -1
	for i, out := range tx.Outputs() {
		if !out.Change && out.Payment == 1 {
			at = i
		}
	}
	if at < 0 || m.TxOut[at].Value != 0 || !bytes.Equal(m.TxOut[at].PkScript, dataScript(80)) || v.MaxFee() != fee {
		t.Fatalf("output %d, fee %v", at, v.MaxFee())
	}
	for _, in := range m.TxIn {
		in.Witness = btcwire.TxWitness{make([]byte, 64)}
	}
	if want := int64(3*m.SerializeSizeStripped()+m.SerializeSize()+3) / 4; tx.Variants()[0].VSize() != want {
		t.Errorf("%d vB, signed %d", tx.Variants()[0].VSize(), want)
	}
	if DustLimit(dataScript(80)) != 0 || DustLimit(append([]byte{0x6a, 0x4c, 81}, make([]byte, 81)...)) == 0 {
		t.Error("dust limit of data")
	}
}

// Invariant: what Data accepts is at most MaxData bytes, and pushing them again
// gives the very script.
func FuzzData(f *testing.F) {
	for _, script := range [][]byte{dataScript(2), dataScript(76), {0x6a, 1, 16}, payee(0)} {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		said, ok := Data(script)
		if !ok {
			return
		}
		again, err := pushed(said)
		if err != nil || len(said) > MaxData || !bytes.Equal(again, script) {
			t.Fatalf("%x says %x, which is pushed as %x (%v)", script, said, again, err)
		}
	})
}
