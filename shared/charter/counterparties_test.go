package charter

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// taprootKey is a destination and its key, told apart by one byte.
func taprootKey(i byte) (*btcec.PrivateKey, []byte) {
	key, pub := btcec.PrivKeyFromBytes([]byte{0x44, i})
	return key, append([]byte{0x51, 0x20}, schnorr.SerializePubKey(pub)...)
}

// bip322Proof signs a message as a taproot address does.
func bip322Proof(t testing.TB, i byte, counterparty string) Proof {
	t.Helper()
	key, script := taprootKey(i)
	message, err := ProofMessage(wallet.Regtest, counterparty, script)
	if err != nil {
		t.Fatal(err)
	}
	hash := wire.TaggedHash("BIP0322-signed-message", []byte(message))
	spend := btcwire.NewMsgTx(0)
	spend.AddTxIn(&btcwire.TxIn{PreviousOutPoint: btcwire.OutPoint{Hash: chainhash.Hash{}, Index: 0xffffffff}, SignatureScript: append([]byte{0x00, 0x20}, hash[:]...)})
	spend.AddTxOut(btcwire.NewTxOut(0, script))
	sign := btcwire.NewMsgTx(0)
	sign.AddTxIn(&btcwire.TxIn{PreviousOutPoint: btcwire.OutPoint{Hash: spend.TxHash()}})
	sign.AddTxOut(btcwire.NewTxOut(0, []byte{txscript.OP_RETURN}))
	prior := txscript.NewCannedPrevOutputFetcher(script, 0)
	digest, err := txscript.CalcTaprootSignatureHash(txscript.NewTxSigHashes(sign, prior), txscript.SigHashDefault, sign, 0, prior)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := schnorr.Sign(key, digest)
	if err != nil {
		t.Fatal(err)
	}
	return Proof{Script: script, Kind: ProofBIP322, Signature: append([]byte{0x01, 0x40}, signature.Serialize()...)}
}

// statement signs for a script with a key that is told apart by one byte.
func statement(t testing.TB, i byte, counterparty string, script []byte) Proof {
	t.Helper()
	message, err := ProofMessage(wallet.Regtest, counterparty, script)
	if err != nil {
		t.Fatal(err)
	}
	key, err := wire.GenerateSigningKey([32]byte{0x55, i})
	if err != nil {
		t.Fatal(err)
	}
	pub, signature := key.Public(), key.Sign(ProofDigest(message), [32]byte{})
	return Proof{Script: script, Kind: ProofStatement, Key: pub[:], Signature: signature[:]}
}

// proven is the full charter with a proof of each kind.
func proven(t testing.TB) Document {
	d := full(t)
	_, script := taprootKey(1)
	d.Counterparties[0].Destinations = append(d.Counterparties[0].Destinations, script)
	d.Counterparties[0].Proofs = []Proof{statement(t, 1, "Kraken", p2wpkh(8)), bip322Proof(t, 1, "Kraken")}
	return d
}

func TestProofs(t *testing.T) {
	message, err := ProofMessage(wallet.Regtest, "Kraken", p2wpkh(8))
	if err != nil || message != `Heliograph: the address bcrt1qpqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqjhwxqd on regtest belongs to "Kraken".` {
		t.Errorf("%s %v", message, err)
	}
	if _, err := ProofMessage(wallet.Regtest, "Kraken", memo); err == nil {
		t.Error("data has an owner")
	}
	c := mustNew(t, proven(t))
	_, script := taprootKey(1)
	if !c.Proven(script) || !c.Proven(p2wpkh(8)) || c.Proven(p2wpkh(9)) || c.Proven(p2wpkh(1)) || c.Proven(memo) {
		t.Error("proven is wrong")
	}
	if back, err := Decode(c.Bytes()); err != nil || !back.Proven(script) {
		t.Errorf("%v", err)
	}
}

func TestCounterpartiesRefuse(t *testing.T) {
	kraken := func(change func(*Counterparty)) func(*Document) {
		return func(d *Document) { *d = proven(t); change(&d.Counterparties[0]) }
	}
	hot := foreign(t, 50, "wpkh(", ")")
	checkRefusals(t, []refusal{
		{`"Kraken" belongs to 17 groups`, kraken(func(c *Counterparty) { c.Groups = make([]string, 17) })},
		{`counterparty "Kraken": group: 0 bytes`, kraken(func(c *Counterparty) { c.Groups = []string{""} })},
		{`group "Exchanges" is named twice`, kraken(func(c *Counterparty) { c.Groups = []string{"Exchanges", "Exchanges"} })},
		{`group "exchanges" is also spelt "Exchanges"`, kraken(func(c *Counterparty) { c.Groups = []string{"exchanges"} })},
		{`destination paid once 0 of "Kraken" is already one of "Kraken"`, kraken(func(c *Counterparty) { c.Once = [][]byte{p2wpkh(1)} })},
		{`destination paid once 0 of "Kraken" is already one of "Bitstamp"`, kraken(func(c *Counterparty) { c.Once = [][]byte{p2wpkh(3)} })},
		{`destination paid once 1 of "Kraken" is already one of "Kraken"`, kraken(func(c *Counterparty) { c.Once = [][]byte{p2wpkh(8), p2wpkh(8)} })},
		{`destination paid once 0 of "Kraken": wallet`, kraken(func(c *Counterparty) { c.Once = [][]byte{{0x6a}} })},
		{"more than 4000 destinations", kraken(func(c *Counterparty) { c.Once = make([][]byte, 3998) })},
		{`"Kraken" and "Treasury itself" are both marked as this wallet`, kraken(func(c *Counterparty) { c.Own = true })},
		{`"Kraken" and "Notes" both take OP_RETURN outputs`, kraken(func(c *Counterparty) { c.Data = true })},
		{`descriptor of "Kraken": it is the wallet of "Hot wallet"`, kraken(func(c *Counterparty) { c.Descriptor = hot.Descriptor() })},
		{`descriptor of "Kraken": write it without an origin and with its checksum: pkh(tpub`, kraken(func(c *Counterparty) {
			c.Descriptor, _, _ = strings.Cut(foreign(t, 50, "pkh(", ")").Descriptor(), "#")
		})},
		{`descriptor of "Kraken": wallet: parse descriptor`, kraken(func(c *Counterparty) { c.Descriptor = "tr(xpub)" })},
		{"at most 4 counterparties have one", func(d *Document) {
			for i := range byte(3) {
				d.Counterparties = append(d.Counterparties, Counterparty{Name: string('a' + rune(i)), Descriptor: foreign(t, 60+i, "pkh(", ")").Descriptor()})
			}
		}},

		{"more than 1000 proofs", kraken(func(c *Counterparty) { c.Proofs = make([]Proof, 1001) })},
		{"is of a script that is not one of its destinations", kraken(func(c *Counterparty) { c.Proofs[0] = statement(t, 1, "Kraken", p2wpkh(3)) })},
		{"two proofs for bcrt1qpqq", kraken(func(c *Counterparty) { c.Proofs[1] = c.Proofs[0] })},
		{"does not hold: kind 3 is none", kraken(func(c *Counterparty) { c.Proofs[0].Kind = 3 })},
		{"does not hold: kind 0 is none", kraken(func(c *Counterparty) { c.Proofs[0].Kind = 0 })},
		{"a BIP322 proof names no key", kraken(func(c *Counterparty) { c.Proofs[1].Key = bip340(t, 1) })},
		{"the signature is not of this text by this address", kraken(func(c *Counterparty) { c.Proofs[1] = bip322Proof(t, 1, "Bitstamp") })},
		{"signature of 63 bytes", kraken(func(c *Counterparty) { c.Proofs[0].Signature = make([]byte, 63) })},
		{"does not hold: wire: public key", kraken(func(c *Counterparty) { c.Proofs[0].Key = nil })},
		{"does not hold: wire: verifying", kraken(func(c *Counterparty) { c.Proofs[0] = statement(t, 1, "Bitstamp", p2wpkh(8)) })},
		{"does not hold: wire: verifying", kraken(func(c *Counterparty) {
			p := statement(t, 1, "Kraken", p2wpkh(9))
			p.Script = p2wpkh(8)
			c.Proofs[0] = p
		})},
		// The counterparty is renamed: who proved it then is not this one now.
		{"does not hold", func(d *Document) {
			*d = proven(t)
			d.Counterparties[0].Name, d.Rules = "Kraken Ltd", nil
		}},
	})
	// The key that a descriptor holds stays out of the refusal.
	d := full(t)
	d.Counterparties[0].Descriptor = "tr(tprv8ZgxMBicQKsPd/<0;1>/*)"
	if _, err := New(d); err == nil || strings.Contains(err.Error(), "8ZgxMBicQKsPd") {
		t.Errorf("error %v", err)
	}
}

// A signature by the key behind another address of the same counterparty proves
// nothing for this one.
func TestProofOfAnotherKey(t *testing.T) {
	_, script := taprootKey(2)
	d := proven(t)
	p := bip322Proof(t, 1, "Kraken")
	p.Script = script
	d.Counterparties[0].Destinations = append(d.Counterparties[0].Destinations, script)
	d.Counterparties[0].Proofs = append(d.Counterparties[0].Proofs, p)
	if _, err := New(d); err == nil || !strings.Contains(err.Error(), "does not hold") {
		t.Errorf("error %v", err)
	}
	program := address.Hash160([]byte{1})
	d.Counterparties[0].Destinations = append(d.Counterparties[0].Destinations, slices.Concat([]byte{0xa9, 0x14}, program, []byte{0x87}))
	p.Script = d.Counterparties[0].Destinations[len(d.Counterparties[0].Destinations)-1]
	d.Counterparties[0].Proofs[2] = p
	if _, err := New(d); err == nil || !strings.Contains(err.Error(), "only P2WPKH and P2TR") {
		t.Errorf("error %v", err)
	}
	if bytes.Equal(script, p.Script) {
		t.Error("the scripts are equal")
	}
}
