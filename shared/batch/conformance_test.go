package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// hexBytes is a byte string written in hex, nil for JSON's null.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return err
	}
	raw, err := hex.DecodeString(*s)
	*h = raw
	return err
}

// bip341File is the layout of BIP341's wallet-test-vectors.json.
type bip341File struct {
	ScriptPubKey []struct {
		Given struct {
			InternalPubkey hexBytes
			ScriptTree     any
		}
		Intermediary struct {
			LeafHashes    []hexBytes
			MerkleRoot    hexBytes
			Tweak         hexBytes
			TweakedPubkey hexBytes
		}
		Expected struct {
			ScriptPubKey  hexBytes
			Bip350Address string
		}
	}
	KeyPathSpending []struct {
		Given struct {
			RawUnsignedTx hexBytes
			UtxosSpent    []struct {
				ScriptPubKey hexBytes
				AmountSats   int64
			}
		}
		Intermediary struct {
			HashAmounts, HashOutputs, HashPrevouts, HashScriptPubkeys, HashSequences hexBytes
		}
		InputSpending []struct {
			Given struct {
				TxinIndex  int
				MerkleRoot hexBytes
				HashType   int
			}
			Intermediary struct {
				InternalPubkey, Tweak, SigHash hexBytes
			}
			Expected struct {
				Witness []hexBytes
			}
		}
	}
}

// TestConformanceBIP341 walks every case: output keys and addresses (with the
// merkle root computed from the tree), and for key path spends the shared
// hashes, the digest where it is of the only kind that this program makes, and
// the printed signature under the key that the tweak leads to.
func TestConformanceBIP341(t *testing.T) {
	dir := os.Getenv("HELIOGRAPH_VECTORS")
	if dir == "" {
		t.Skip("SKIPPED: HELIOGRAPH_VECTORS names no folder of published vectors (make conformance sets it)")
	}
	b, err := os.ReadFile(filepath.Join(dir, "bip341", "wallet-test-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file bip341File
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for i, c := range file.ScriptPubKey {
		cases++
		root := merkleRoot(t, c.Given.ScriptTree)
		if !bytes.Equal(root, c.Intermediary.MerkleRoot) {
			t.Errorf("scriptPubKey %d: merkle root %x", i, root)
		}
		output, tweak, err := wallet.OutputKey([32]byte(c.Given.InternalPubkey), root)
		if err != nil || !bytes.Equal(tweak[:], c.Intermediary.Tweak) || !bytes.Equal(output[:], c.Intermediary.TweakedPubkey) {
			t.Errorf("scriptPubKey %d: output %x, tweak %x (%v)", i, output, tweak, err)
		}
		script := append([]byte{0x51, 0x20}, output[:]...)
		address, err := wallet.EncodeScript(wallet.Mainnet, script)
		if err != nil || !bytes.Equal(script, c.Expected.ScriptPubKey) || address != c.Expected.Bip350Address {
			t.Errorf("scriptPubKey %d: %x %s (%v)", i, script, address, err)
		}
	}
	for i, c := range file.KeyPathSpending {
		tx := btcwire.NewMsgTx(2)
		if err := tx.Deserialize(bytes.NewReader(c.Given.RawUnsignedTx)); err != nil {
			t.Fatal(err)
		}
		var spent []*btcwire.TxOut
		for _, u := range c.Given.UtxosSpent {
			spent = append(spent, btcwire.NewTxOut(u.AmountSats, u.ScriptPubKey))
		}
		m := newMidstate(tx, spent)
		for _, h := range []struct {
			name string
			got  [32]byte
			want []byte
		}{
			{"amounts", m.amounts, c.Intermediary.HashAmounts},
			{"outputs", m.outputs, c.Intermediary.HashOutputs},
			{"prevouts", m.prevouts, c.Intermediary.HashPrevouts},
			{"scriptPubKeys", m.scriptPubKeys, c.Intermediary.HashScriptPubkeys},
			{"sequences", m.sequences, c.Intermediary.HashSequences},
		} {
			if !bytes.Equal(h.got[:], h.want) {
				t.Errorf("keyPathSpending %d: hash of %s is %x, want %x", i, h.name, h.got, h.want)
			}
		}
		digests := sighashes(tx, spent)
		for j, in := range c.InputSpending {
			cases++
			output, tweak, err := wallet.OutputKey([32]byte(in.Intermediary.InternalPubkey), in.Given.MerkleRoot)
			if err != nil || !bytes.Equal(tweak[:], in.Intermediary.Tweak) ||
				!bytes.Equal(append([]byte{0x51, 0x20}, output[:]...), spent[in.Given.TxinIndex].PkScript) {
				t.Errorf("input %d.%d: output %x, tweak %x (%v)", i, j, output, tweak, err)
			}
			if digest := digests[in.Given.TxinIndex]; (in.Given.HashType == 0) != bytes.Equal(digest[:], in.Intermediary.SigHash) {
				t.Errorf("input %d.%d: digest %x for type %d, want %x", i, j, digest, in.Given.HashType, in.Intermediary.SigHash)
			}
			sig, err := schnorr.ParseSignature(in.Expected.Witness[0][:64])
			if err != nil {
				t.Fatal(err)
			}
			key, err := schnorr.ParsePubKey(output[:])
			if err != nil || !sig.Verify(in.Intermediary.SigHash, key) {
				t.Errorf("input %d.%d: the signature is not of the output key (%v)", i, j, err)
			}
		}
	}
	if cases == 0 {
		t.Fatal("the file holds no case")
	}
	fmt.Printf("conformance: bip341/wallet-test-vectors %d cases\n", cases)
}

// merkleRoot is the root of a script tree as the file writes it: null, a leaf, or
// a pair (BIP341, "Constructing and spending Taproot outputs").
func merkleRoot(t *testing.T, tree any) []byte {
	t.Helper()
	switch n := tree.(type) {
	case nil:
		return nil
	case map[string]any:
		script, err := hex.DecodeString(n["script"].(string))
		if err != nil {
			t.Fatal(err)
		}
		h := wire.TaggedHash("TapLeaf", []byte{byte(n["leafVersion"].(float64))}, appendScript(nil, script))
		return h[:]
	case []any:
		a, b := merkleRoot(t, n[0]), merkleRoot(t, n[1])
		if bytes.Compare(a, b) > 0 {
			a, b = b, a
		}
		h := wire.TaggedHash("TapBranch", a, b)
		return h[:]
	}
	t.Fatalf("a tree of type %T", tree)
	return nil
}

// The first scriptPubKey case of BIP341, restated.
func TestBIP341FirstCase(t *testing.T) {
	internal, err := hex.DecodeString("d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d")
	if err != nil {
		t.Fatal(err)
	}
	output, tweak, err := wallet.OutputKey([32]byte(internal), nil)
	if err != nil || hex.EncodeToString(tweak[:]) != "b86e7be8f39bab32a6f2c0443abbc210f0edac0e2c53d501b36b64437d9c6c70" ||
		hex.EncodeToString(output[:]) != "53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343" {
		t.Errorf("output %x, tweak %x (%v)", output, tweak, err)
	}
}

// Scripts longer than a byte counts appear in foreign transactions only.
func TestAppendScript(t *testing.T) {
	for _, n := range []int{0, 0xfc, 0xfd, 0xffff, 0x10000} {
		var want bytes.Buffer
		if err := btcwire.WriteVarBytes(&want, 0, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if got := appendScript(nil, make([]byte, n)); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%d bytes: prefix %x", n, got[:5])
		}
	}
}

// The pieces of a digest are what BIP341 says, spelt out for one input.
func TestSighashByHand(t *testing.T) {
	w := testWallet(t)
	v := verified(t, fixture(w, 1, 1, 1), w)
	tx := v.Transactions()[0]
	m := tx.Variants()[0].Tx()
	in := tx.Inputs()[0]
	outpoint := in.OutPoint.Bytes()
	var outputs []byte
	for _, o := range m.TxOut {
		outputs = binary.LittleEndian.AppendUint64(outputs, uint64(o.Value))
		outputs = append(append(outputs, byte(len(o.PkScript))), o.PkScript...)
	}
	hash := func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
	msg := []byte{0, 0, 2, 0, 0, 0}
	msg = binary.LittleEndian.AppendUint32(msg, m.LockTime)
	msg = append(msg, hash(outpoint[:])...)
	msg = append(msg, hash(binary.LittleEndian.AppendUint64(nil, uint64(in.Amount)))...)
	msg = append(msg, hash(append([]byte{34}, tx.Spots()[0].Script()...))...)
	msg = append(msg, hash([]byte{0xfd, 0xff, 0xff, 0xff})...)
	msg = append(msg, hash(outputs)...)
	msg = append(msg, 0, 0, 0, 0, 0)
	if want := wire.TaggedHash("TapSighash", msg); tx.Variants()[0].Sighashes()[0] != want {
		t.Errorf("digest %x, want %x", tx.Variants()[0].Sighashes()[0], want)
	}
}
