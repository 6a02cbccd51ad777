package psbt

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"heliograph/shared/batch"
	"heliograph/shared/wallet"
)

// secret is the wallet's private key: in tests one machine may hold it.
var secret = [32]byte{31: 11}

func testWallet(t testing.TB) wallet.Wallet {
	t.Helper()
	_, pub := btcec.PrivKeyFromBytes(secret[:])
	w, err := wallet.New([33]byte(pub.SerializeCompressed()), wallet.ChainCode([]byte("test")), wallet.Regtest, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// testBatch is two transactions of three inputs and two payments each: the
// first with an OP_RETURN output, change in the middle and two variants, the
// second without change.
func testBatch(t testing.TB) batch.Verified {
	t.Helper()
	w := testWallet(t)
	r := batch.Request{Wallet: w.ID(), Time: 1_800_000_000, Expiry: 1_800_003_600}
	for ti := range 2 {
		tx := batch.Transaction{LockTime: 800_000, Anchor: 1, Variants: []batch.Variant{{}}}
		for i := range 3 {
			id := sha256.Sum256(binary.BigEndian.AppendUint32([]byte("coin"), uint32(10*ti+i)))
			tx.Inputs = append(tx.Inputs, batch.Input{OutPoint: batch.OutPoint{TxID: id, Vout: uint32(i)}, Amount: 1_000_000, Chain: uint8(i % 2), Index: uint32(i)})
		}
		for range 2 {
			n := len(r.Payments)
			h := sha256.Sum256([]byte{byte(n)})
			tx.Payments = append(tx.Payments, uint32(n))
			r.Payments = append(r.Payments, batch.Payment{ExternalID: fmt.Sprint("INV-", n), Counterparty: "Supplier", Amount: 1_200_000, Script: append([]byte{0x00, 0x14}, h[:20]...)})
		}
		if ti == 0 { // and one output that only says something
			tx.Payments = append(tx.Payments, uint32(len(r.Payments)))
			r.Payments = append(r.Payments, batch.Payment{ExternalID: "NOTE", Counterparty: "Notary", Script: []byte{0x6a, 2, 'o', 'k'}})
			tx.Change = &batch.Change{Index: 5, At: 1}
			tx.Variants = []batch.Variant{{Change: 590_000}, {Change: 580_000}}
		}
		r.Transactions = append(r.Transactions, tx)
	}
	v, err := r.Verify(w)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sign makes the signatures of one variant with the whole key, moved by the
// tweaks of each slot.
func sign(t testing.TB, v batch.Verified, tx, variant int) [][64]byte {
	t.Helper()
	var sigs [][64]byte
	for _, s := range v.Slots() {
		if s.Transaction != tx || s.Variant != variant {
			continue
		}
		priv, _ := btcec.PrivKeyFromBytes(secret[:])
		for _, tw := range s.Tweaks {
			if tw.XOnly && priv.PubKey().SerializeCompressed()[0] == 3 {
				priv.Key.Negate()
			}
			var k btcec.ModNScalar
			k.SetBytes(&tw.T)
			priv.Key.Add(&k)
		}
		sig, err := schnorr.Sign(priv, s.Sighash[:])
		if err != nil {
			t.Fatal(err)
		}
		sigs = append(sigs, [64]byte(sig.Serialize()))
	}
	return sigs
}
