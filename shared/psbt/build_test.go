package psbt

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	btcpsbt "github.com/btcsuite/btcd/psbt/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/batch"
)

// btcdPSBT builds the same PSBT through btcd's package.
func btcdPSBT(t *testing.T, v batch.Verified, tx, variant int, sigs [][64]byte) []byte {
	t.Helper()
	vt := v.Transactions()[tx]
	packet, err := btcpsbt.NewFromUnsignedTx(vt.Variants()[variant].Tx())
	if err != nil {
		t.Fatal(err)
	}
	fp := v.Wallet().Fingerprint()
	derivation := func(internal [32]byte, chain, index uint32) []*btcpsbt.TaprootBip32Derivation {
		return []*btcpsbt.TaprootBip32Derivation{{XOnlyPubKey: internal[:], MasterKeyFingerprint: binary.LittleEndian.Uint32(fp[:]), Bip32Path: []uint32{chain, index}}}
	}
	for i, spot := range vt.Spots() {
		in := &packet.Inputs[i]
		in.WitnessUtxo = btcwire.NewTxOut(int64(vt.Inputs()[i].Amount), spot.Script())
		in.TaprootInternalKey = spot.InternalKey[:]
		in.TaprootBip32Derivation = derivation(spot.InternalKey, spot.Chain, spot.Index)
		if sigs != nil {
			in.TaprootKeySpendSig = sigs[i][:]
		}
	}
	if spot, at, ok := vt.Change(); ok {
		packet.Outputs[at].TaprootInternalKey = spot.InternalKey[:]
		packet.Outputs[at].TaprootBip32Derivation = derivation(spot.InternalKey, spot.Chain, spot.Index)
	}
	var b bytes.Buffer
	if err := packet.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The bytes are those of btcd's package, unsigned and signed, and Import reads
// them back to the same bytes.
func TestBuildEqualsBtcd(t *testing.T) {
	v := testBatch(t)
	for ti, tx := range v.Transactions() {
		for vi, variant := range tx.Variants() {
			sigs := sign(t, v, ti, vi)
			plain, err := Build(v, ti, vi)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := BuildSigned(v, ti, vi, sigs)
			if err != nil {
				t.Fatal(err)
			}
			if want := btcdPSBT(t, v, ti, vi, nil); !bytes.Equal(plain, want) {
				t.Errorf("%d.%d: got\n%x\nwant\n%x", ti, vi, plain, want)
			}
			if want := btcdPSBT(t, v, ti, vi, sigs); !bytes.Equal(signed, want) {
				t.Errorf("%d.%d signed: got\n%x\nwant\n%x", ti, vi, signed, want)
			}
			for _, b := range [][]byte{plain, signed} {
				p, err := Import(b)
				if err != nil || !bytes.Equal(p.Bytes(), b) {
					t.Fatalf("%d.%d: import gives other bytes (%v)", ti, vi, err)
				}
				checkImported(t, p, tx, variant)
				for i, in := range p.Inputs() {
					if signed := bytes.Equal(b, signed); signed != bytes.Equal(in.KeySig, sigs[i][:]) || signed == (len(in.KeySig) == 0) || in.Final {
						t.Errorf("%d.%d: input %d: signature %x", ti, vi, i, in.KeySig)
					}
				}
			}
		}
	}
}

func checkImported(t *testing.T, p *Imported, tx batch.VerifiedTx, variant batch.VerifiedVariant) {
	t.Helper()
	if p.Tx().TxHash() != variant.TxID() {
		t.Error("another transaction")
	}
	for i, in := range p.Inputs() {
		want := tx.Inputs()[i]
		if in.OutPoint != want.OutPoint || !in.Known || in.Amount != want.Amount || !bytes.Equal(in.Script, tx.Spots()[i].Script()) || in.Sequence != 0xfffffffd {
			t.Errorf("input %d: %+v", i, in)
		}
	}
	for i, out := range p.Outputs() {
		if m := variant.Tx().TxOut[i]; int64(out.Amount) != m.Value || !bytes.Equal(out.Script, m.PkScript) {
			t.Errorf("output %d: %+v", i, out)
		}
	}
}

// Both sides build the same bytes from the same facts, however they came by them.
func TestBuildIsAFunctionOfTheFacts(t *testing.T) {
	v := testBatch(t)
	b, err := v.Request().Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := batch.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	r.Time++ // not part of the batch
	again, err := r.Verify(v.Wallet())
	if err != nil {
		t.Fatal(err)
	}
	one, err := Build(v, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Build(again, 0, 1)
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("the PSBTs differ (%v)", err)
	}
	other, err := Build(v, 0, 0)
	if err != nil || bytes.Equal(one, other) {
		t.Errorf("two variants have the same PSBT (%v)", err)
	}
}

func TestBuildRefuses(t *testing.T) {
	v := testBatch(t)
	for name, c := range map[string]struct {
		v           batch.Verified
		tx, variant int
	}{
		"zero batch":       {batch.Verified{}, 0, 0},
		"transaction 2":    {v, 2, 0},
		"transaction -1":   {v, -1, 0},
		"variant 2":        {v, 0, 2},
		"variant -1":       {v, 0, -1},
		"variant 1 of one": {v, 1, 1},
	} {
		b, err := Build(c.v, c.tx, c.variant)
		if err == nil || (name == "zero batch") != strings.Contains(err.Error(), "not verified") {
			t.Errorf("%s: built %x (%v)", name, b, err)
		}
		if b, err := BuildSigned(c.v, c.tx, c.variant, nil); err == nil {
			t.Errorf("%s: built signed %x", name, b)
		}
		if b, _, err := Finalise(c.v, c.tx, c.variant, nil); err == nil {
			t.Errorf("%s: finalised %x", name, b)
		}
	}
}
