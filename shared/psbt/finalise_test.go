package psbt

import (
	"bytes"
	"strings"
	"testing"

	btcpsbt "github.com/btcsuite/btcd/psbt/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"
)

// The final transaction has the promised id and size, and btcd's package makes
// the same bytes of the signed PSBT.
func TestFinalise(t *testing.T) {
	v := testBatch(t)
	for ti, tx := range v.Transactions() {
		for vi, variant := range tx.Variants() {
			sigs := sign(t, v, ti, vi)
			raw, txid, err := Finalise(v, ti, vi, sigs)
			if err != nil {
				t.Fatal(err)
			}
			if txid != variant.TxID() {
				t.Errorf("%d.%d: txid %x", ti, vi, txid)
			}
			m := btcwire.NewMsgTx(0)
			if err := m.Deserialize(bytes.NewReader(raw)); err != nil {
				t.Fatal(err)
			}
			if vsize := int64(3*m.SerializeSizeStripped()+len(raw)+3) / 4; vsize != variant.VSize() {
				t.Errorf("%d.%d: %d vB, promised %d", ti, vi, vsize, variant.VSize())
			}
			signed, err := BuildSigned(v, ti, vi, sigs)
			if err != nil {
				t.Fatal(err)
			}
			packet, err := btcpsbt.NewFromRawBytes(bytes.NewReader(signed), false)
			if err != nil {
				t.Fatal(err)
			}
			if err := btcpsbt.MaybeFinalizeAll(packet); err != nil {
				t.Fatal(err)
			}
			other, err := btcpsbt.Extract(packet)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := other.Serialize(&b); err != nil || !bytes.Equal(b.Bytes(), raw) {
				t.Errorf("%d.%d: btcd extracts %x (%v)", ti, vi, b.Bytes(), err)
			}
		}
	}
}

// A coordinator hopes that a transaction leaves with a signature that is not of
// this input: void, of another variant, of another input, cut or negated.
func TestFinaliseRefusesOtherSignatures(t *testing.T) {
	v := testBatch(t)
	good := sign(t, v, 0, 0)
	variant := sign(t, v, 0, 1)
	for name, c := range map[string]struct {
		sigs [][64]byte
		want string
	}{
		"none":            {nil, "0 signatures"},
		"too few":         {good[:2], "2 signatures"},
		"too many":        {append(append([][64]byte{}, good...), good[0]), "4 signatures"},
		"zeros":           {[][64]byte{good[0], {}, good[2]}, "input 1"},
		"swapped":         {[][64]byte{good[1], good[0], good[2]}, "input 0"},
		"other variant's": {[][64]byte{good[0], good[1], variant[2]}, "input 2"},
		"one bit":         {[][64]byte{good[0], good[1], flip(good[2])}, "input 2"},
	} {
		raw, _, err := Finalise(v, 0, 0, c.sigs)
		if err == nil || raw != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: finalised %x (%v)", name, raw, err)
		}
		if b, err := BuildSigned(v, 0, 0, c.sigs); err == nil {
			t.Errorf("%s: built %x", name, b)
		}
	}
	if _, _, err := Finalise(v, 0, 0, good); err != nil {
		t.Error(err)
	}
}

func flip(sig [64]byte) [64]byte {
	sig[63] ^= 1
	return sig
}

// The script engine is a check of its own: should the digests that were signed
// not be those of the transaction, BIP340 alone would not see it. The size is
// checked too, since a fee rate was judged by it.
func TestFinaliseChecksTheWhole(t *testing.T) {
	v := testBatch(t)
	sigs := sign(t, v, 0, 0)
	for name, c := range map[string]struct {
		want string
		do   func(s *spend)
	}{
		"":               {"", func(*spend) {}},
		"altered output": {"script engine", func(s *spend) { s.tx.TxOut[0].Value-- }},
		"other amount":   {"script engine", func(s *spend) { s.inputs[2].Amount++ }},
		"other sequence": {"script engine", func(s *spend) { s.tx.TxIn[1].Sequence-- }},
		"other size":     {"judged for", func(s *spend) { s.vsize++ }},
	} {
		s, err := find(v, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.do(s)
		raw, err := s.finalise(sigs)
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || raw != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: finalised %x (%v)", name, raw, err)
		}
	}
}
