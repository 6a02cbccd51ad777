package psbt

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/batch"
)

// parts is a PSBT that a test takes apart and puts together again.
type parts struct {
	tx              *btcwire.MsgTx
	global          []record // after the unsigned transaction
	inputs, outputs [][]record
}

// testParts returns the parts of a canonical PSBT with three inputs, three
// outputs and the change at position 1.
func testParts(t testing.TB) *parts {
	t.Helper()
	b, err := Build(testBatch(t), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Import(b)
	if err != nil {
		t.Fatal(err)
	}
	return &parts{tx: p.tx, inputs: p.inputs, outputs: p.outputs}
}

func (p *parts) bytes() []byte {
	return (&Imported{
		global:  append([]record{{kind: globalUnsignedTx, value: encodeUnsigned(p.tx)}}, p.global...),
		inputs:  p.inputs,
		outputs: p.outputs,
	}).encode()
}

func (p *parts) addInput(i int, kind uint64, key, value []byte) {
	p.inputs[i] = append(p.inputs[i], record{kind, key, value})
}

// Every check that Import makes beyond taking maps apart, first those that
// btcd's package lets pass. With unsupported set, the refusal says that the PSBT
// may be fine elsewhere.
func TestImportRefuses(t *testing.T) {
	utxo := func(sat int64, script []byte) []byte { return encodeOutput(btcwire.NewTxOut(sat, script)) }
	p2pkh := append(append([]byte{0x76, 0xa9, 0x14}, make([]byte, 20)...), 0x88, 0xac)
	for _, c := range []struct {
		name, want  string
		unsupported bool
		do          func(p *parts)
	}{
		{"second unsigned transaction", "comes twice", false, func(p *parts) {
			p.global = append(p.global, record{kind: globalUnsignedTx, value: encodeUnsigned(p.tx)})
		}},
		{"second unsigned transaction under a longer key", "key data: want none", false, func(p *parts) {
			p.global = append(p.global, record{kind: globalUnsignedTx, key: []byte{0}, value: encodeUnsigned(p.tx)})
		}},
		{"duplicate key with another value", "comes twice", false, func(p *parts) { p.addInput(0, inWitnessUtxo, nil, utxo(1, p2pkh)) }},
		{"version 7", "version 7", true, func(p *parts) {
			p.global = append(p.global, record{kind: 0xfb, value: []byte{7, 0, 0, 0}})
		}},
		{"short version", "want 4", false, func(p *parts) { p.global = append(p.global, record{kind: 0xfb, value: []byte{0}}) }},
		{"output of -1", "outside", false, func(p *parts) { p.tx.TxOut[0].Value = -1 }},
		{"output over 21 million", "outside", false, func(p *parts) { p.tx.TxOut[0].Value = int64(batch.MaxMoney) + 1 }},
		{"outputs over 21 million", "exceed 21 million", false, func(p *parts) {
			p.tx.TxOut[0].Value, p.tx.TxOut[1].Value = int64(batch.MaxMoney), 1
		}},
		{"spent amount of -1", "outside", false, func(p *parts) { p.inputs[0][0].value = utxo(-1, p2pkh) }},
		{"spent amounts over 21 million", "exceed 21 million", false, func(p *parts) {
			p.inputs[0][0].value = utxo(int64(batch.MaxMoney), p.spentScript(0))
		}},
		{"outputs above inputs", "exceed the inputs by 10,001 sat", false, func(p *parts) { p.tx.TxOut[0].Value += 20_001 }},
		{"sighash 0x55", "neither DEFAULT nor ALL", true, func(p *parts) { p.addInput(0, 0x03, nil, []byte{0x55, 0, 0, 0}) }},
		{"sighash SINGLE|ANYONECANPAY", "neither DEFAULT nor ALL", true, func(p *parts) { p.addInput(0, 0x03, nil, []byte{0x83, 0, 0, 0}) }},
		{"signature with NONE", "neither DEFAULT nor ALL", true, func(p *parts) { p.addInput(0, inTapKeySig, nil, append(make([]byte, 64), 2)) }},
		{"signature with DEFAULT spelt out", "spelt out", false, func(p *parts) { p.addInput(0, inTapKeySig, nil, make([]byte, 65)) }},
		{"key type above 0xff", "not on the list", true, func(p *parts) { p.addInput(0, 0x0101, nil, utxo(1, p2pkh)) }},
		{"proprietary field", "not on the list", true, func(p *parts) { p.addInput(0, 0xfc, []byte("x"), nil) }},
		{"hash preimage", "not on the list", true, func(p *parts) { p.addInput(0, 0x0a, make([]byte, 20), nil) }},
		{"unknown field of an output", "not on the list", true, func(p *parts) {
			p.outputs[0] = append(p.outputs[0], record{kind: 0x33})
		}},
		{"same coin twice", "spent twice", false, func(p *parts) { p.tx.TxIn[1].PreviousOutPoint = p.tx.TxIn[0].PreviousOutPoint }},
		{"signed unsigned transaction", "is signed", false, func(p *parts) { p.tx.TxIn[0].SignatureScript = []byte{0x51} }},
		{"no inputs", "without inputs or outputs", true, func(p *parts) { p.tx.TxIn, p.inputs = nil, nil }},
		{"no outputs", "without inputs or outputs", true, func(p *parts) { p.tx.TxOut, p.outputs = nil, nil }},
		{"a map too few", "ends early", false, func(p *parts) { p.outputs = p.outputs[:2] }},
		{"a map too many", "after the last map", false, func(p *parts) { p.outputs = append(p.outputs, nil) }},
		{"witness utxo without witness", "no witness", false, func(p *parts) { p.inputs[0][0].value = utxo(1_000_000, p2pkh) }},
		{"witness utxo with a tail", "after the script", false, func(p *parts) { p.inputs[0][0].value = append(p.inputs[0][0].value, 0) }},
		{"redeem script of another", "redeem script", false, func(p *parts) { p.addInput(0, 0x04, nil, []byte{0x51}) }},
		{"witness script of another", "witness script", false, func(p *parts) { p.addInput(0, 0x05, nil, []byte{0x51}) }},
		{"previous transaction of another", "another than the outpoint", false, func(p *parts) { p.addInput(0, 0x00, nil, encodeUnsigned(p.tx)) }},
		{"internal key off the curve", "PSBT_IN_TAP_INTERNAL_KEY", false, func(p *parts) { p.inputs[0][2].value = bytes.Repeat([]byte{0xff}, 32) }},
		{"derivation with half a step", "key origin", false, func(p *parts) { p.inputs[0][1].value = p.inputs[0][1].value[:11] }},
		{"witness with a tail", "after the witness", false, func(p *parts) { p.addInput(0, 0x08, nil, []byte{0, 0}) }},
		{"witness that claims a million items", "ends early", false, func(p *parts) { p.addInput(0, 0x08, nil, []byte{0xfe, 0x40, 0x42, 0x0f, 0x00}) }},
		{"tree of one deep leaf", "form a tree", false, func(p *parts) {
			p.outputs[0] = append(p.outputs[0], record{kind: 0x06, value: []byte{1, 0xc0, 1, 0x51}})
		}},
		{"tree with a leaf too many", "form a tree", false, func(p *parts) {
			p.outputs[0] = append(p.outputs[0], record{kind: 0x06, value: bytes.Repeat([]byte{1, 0xc0, 1, 0x51}, 3)})
		}},
		{"tree deeper than BIP341 allows", "depth 129", false, func(p *parts) {
			p.outputs[0] = append(p.outputs[0], record{kind: 0x06, value: []byte{129, 0xc0, 1, 0x51}})
		}},
		{"odd leaf version", "version 0xc1", false, func(p *parts) {
			p.outputs[0] = append(p.outputs[0], record{kind: 0x06, value: []byte{0, 0xc1, 1, 0x51}})
		}},
		{"short extended key", "77 bytes", false, func(p *parts) {
			p.global = append(p.global, record{kind: 0x01, key: make([]byte, 77), value: make([]byte, 4)})
		}},
		{"short merkle root", "31 bytes", false, func(p *parts) { p.addInput(0, 0x18, nil, make([]byte, 31)) }},
		{"long sighash type", "5 bytes", false, func(p *parts) { p.addInput(0, 0x03, nil, []byte{1, 0, 0, 0, 0}) }},
		{"empty partial signature", "empty", false, func(p *parts) { p.addInput(0, 0x02, someKey(), nil) }},
		{"partial signature that is none", "PSBT_IN_PARTIAL_SIG", false, func(p *parts) { p.addInput(0, 0x02, someKey(), []byte{0x30, 1}) }},
		{"partial signature with NONE", "is not ALL", true, func(p *parts) { p.addInput(0, 0x02, someKey(), append(someSignature(), 2)) }},
		{"previous transaction with an empty witness", "canonical", false, func(p *parts) {
			// The marker says that witnesses follow, and all are empty (BIP144
			// forbids it): the id is the same, the bytes are not.
			raw := encodeUnsigned(p.tx)
			p.tx.TxIn[0].PreviousOutPoint = btcwire.OutPoint{Hash: p.tx.TxHash(), Index: 0}
			marked := append(append(bytes.Clone(raw[:4]), 0, 1), raw[4:len(raw)-4]...)
			marked = append(append(marked, make([]byte, len(p.tx.TxIn))...), raw[len(raw)-4:]...)
			p.addInput(0, 0x00, nil, marked)
		}},
		{"empty tree", "form a tree", false, func(p *parts) { p.outputs[0] = append(p.outputs[0], record{kind: 0x06}) }},
	} {
		p := testParts(t)
		if _, err := Import(p.bytes()); err != nil {
			t.Fatal(err)
		}
		c.do(p)
		_, err := Import(p.bytes())
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrUnsupported) != c.unsupported {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// someKey and someSignature are of the other kind of signatures, ECDSA.
func someKey() []byte {
	_, pub := btcec.PrivKeyFromBytes(secret[:])
	return pub.SerializeCompressed()
}

func someSignature() []byte {
	priv, _ := btcec.PrivKeyFromBytes(secret[:])
	return ecdsa.Sign(priv, make([]byte, 32)).Serialize()
}

func (p *parts) spentScript(i int) []byte {
	c := cursor{p.inputs[i][0].value}
	out, err := c.output()
	if err != nil {
		panic(err)
	}
	return out.PkScript
}

func TestImportRefusesOtherBytes(t *testing.T) {
	good := testParts(t).bytes()
	long := bytes.Replace(good, []byte{0x01, 0x00}, []byte{0xfd, 0x01, 0x00, 0x00}, 1)
	if bytes.Equal(long, good) {
		t.Fatal("nothing was replaced")
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":           {nil, "begin"},
		"magic alone":       {[]byte(magic), "ends early"},
		"no transaction":    {append([]byte(magic), 0), "unsigned transaction is missing"},
		"base64":            {[]byte(base64.StdEncoding.EncodeToString(good)), "begin"},
		"another magic":     {append([]byte("psbt\x00"), good[5:]...), "begin"},
		"trailing byte":     {append(bytes.Clone(good), 0), "after the last map"},
		"long form":         {long, "longer form"},
		"beyond the limit":  {append(bytes.Clone(good), make([]byte, MaxImport)...), "at most"},
		"a network message": {encodeUnsigned(testParts(t).tx), "begin"},
	} {
		if _, err := Import(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range good {
		if _, err := Import(good[:n]); err == nil {
			t.Fatalf("the first %d bytes of %d were accepted", n, len(good))
		}
	}
}

// What other wallets write and this one reads: previous transactions, nested
// witnesses, other key types, records out of order, a tree, an unstated coin.
func TestImportAccepts(t *testing.T) {
	p := testParts(t)
	previous := btcwire.NewMsgTx(2)
	previous.AddTxIn(&btcwire.TxIn{Sequence: 1, Witness: btcwire.TxWitness{{1}, {}}})
	program := append([]byte{0x00, 0x14}, make([]byte, 20)...)
	nested := append(append([]byte{0xa9, 0x14}, address.Hash160(program)...), 0x87)
	previous.AddTxOut(btcwire.NewTxOut(3_000_000, nested))
	p.tx.TxIn[0].PreviousOutPoint = btcwire.OutPoint{Hash: previous.TxHash(), Index: 0}
	var raw bytes.Buffer
	if err := previous.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	p.inputs[0] = []record{
		{kind: 0x04, value: program},
		{kind: inWitnessUtxo, value: encodeOutput(previous.TxOut[0])},
		{kind: 0x00, value: raw.Bytes()},
		{kind: 0x03, value: []byte{1, 0, 0, 0}},
	}
	p.inputs[1] = nil
	p.inputs[2] = append(p.inputs[2], record{kind: 0x08, value: []byte{1, 1, 7}})
	p.outputs[0] = []record{{kind: 0x06, value: []byte{1, 0xc0, 1, 0x51, 2, 0xc0, 0, 2, 0xc2, 1, 0x52}}}
	p.global = []record{{kind: 0xfb, value: []byte{0, 0, 0, 0}}}
	got, err := Import(p.bytes())
	if err != nil {
		t.Fatal(err)
	}
	in := got.Inputs()
	if !in[0].Known || in[0].Amount != 3_000_000 || !bytes.Equal(in[0].Script, nested) || in[1].Known || !in[2].Final {
		t.Errorf("%+v", in)
	}
	if bytes.Equal(got.Bytes(), p.bytes()) {
		t.Error("the records were not sorted")
	}
	again, err := Import(got.Bytes())
	if err != nil || !bytes.Equal(again.Bytes(), got.Bytes()) {
		t.Errorf("the sorted form does not stand (%v)", err)
	}

	// The coin and its previous transaction must tell one story.
	p.inputs[0][1].value = encodeOutput(btcwire.NewTxOut(3_000_001, nested))
	if _, err := Import(p.bytes()); err == nil || !strings.Contains(err.Error(), "contradicts") {
		t.Errorf("two amounts for one coin: %v", err)
	}
	p.inputs[0][1].value = encodeOutput(previous.TxOut[0])
	p.tx.TxIn[0].PreviousOutPoint.Index = 1
	if _, err := Import(p.bytes()); err == nil || !strings.Contains(err.Error(), "no output 1") {
		t.Errorf("an output that is not there: %v", err)
	}
}

// A claimed count costs nothing: a message of a few bytes that announces a
// million inputs is refused before anything is allocated for them.
func TestImportBoundsBeforeItAllocates(t *testing.T) {
	claim := append([]byte{2, 0, 0, 0}, 0xfe)
	claim = binary.LittleEndian.AppendUint32(claim, 1_000_000)
	b := appendMap([]byte(magic), []record{{kind: globalUnsignedTx, value: claim}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Import(b); err == nil {
		t.Fatal("accepted")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 256<<10 {
		t.Errorf("%d bytes allocated for a message of %d", used, len(b))
	}
}

// The PSBT of BIP371 with one P2TR key only input and a signature, restated.
func TestBIP371KeyPathInput(t *testing.T) {
	raw, err := base64.StdEncoding.Strict().DecodeString(bip371KeyPath)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Import(raw)
	if err != nil {
		t.Fatal(err)
	}
	in := p.Inputs()
	if len(in) != 1 || !in[0].Known || len(in[0].KeySig) != 64 || len(in[0].Script) != 34 {
		t.Errorf("%+v", in)
	}
}

// FuzzImport: what is accepted takes its input's length again, its sorted form
// is accepted and is its own sorted form, and its money is in range.
func FuzzImport(f *testing.F) {
	p := testParts(f)
	f.Add(p.bytes())
	p.inputs[0], p.inputs[1] = nil, nil
	f.Add(p.bytes())
	if raw, err := base64.StdEncoding.DecodeString(bip371KeyPath); err == nil {
		f.Add(raw)
	}
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Import(b)
		if err != nil {
			return
		}
		sorted := p.Bytes()
		again, err := Import(sorted)
		if err != nil || !bytes.Equal(again.Bytes(), sorted) || len(sorted) != len(b) {
			t.Fatalf("accepted %x, sorted %x (%v)", b, sorted, err)
		}
		var out batch.Amount
		for _, o := range p.Outputs() {
			out += o.Amount
		}
		if !out.Valid() || len(p.Inputs()) != len(p.Tx().TxIn) {
			t.Fatalf("outputs of %v", out)
		}
	})
}

const bip371KeyPath = "cHNidP8BAFICAAAAASd0Srq/MCf+DWzyOpbu4u+xiO9SMBlUWFiD5ptmJLJCAAAAAAD/////AUjmBSoBAAAAFgAUdo4e60z0IIZgM/gKzv8PlyB0SWkAAAAAAAEBKwDyBSoBAAAAIlEgWiws9bUs8x+DrS6Npj/wMYPs2PYJx1EK6KSOA5EKB1cBE0C7U+yRe62dkGrxuocYHEi4as5aritTYFpyXKdGJWMUdvxvW67a9PLuD0d/NvWPOXDVuCc7fkl7l68uPxJcl680IRb+NJBkyY1uKoU/o8mxK9izBKGcGVxg76fuI5MEbT+iMhkAdystp1YAAIABAACAAAAAgAEAAAAAAAAAARcg/jSQZMmNbiqFP6PJsSvYswShnBlcYO+n7iOTBG0/ojIAIgIDa3cqbbdNh1PJioJ5WN5seKszEhCfN9PgMESEJC7Oc9gYdystp1QAAIABAACAAAAAgAAAAAAAAAAAAA=="
