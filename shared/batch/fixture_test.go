package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/wallet"
)

// secret is the wallet's private key: in tests one machine may hold it.
var secret = [32]byte{31: 7}

func testWallet(t testing.TB) wallet.Wallet {
	t.Helper()
	_, pub := btcec.PrivKeyFromBytes(secret[:])
	w, err := wallet.New([33]byte(pub.SerializeCompressed()), wallet.ChainCode([]byte("test")), wallet.Regtest, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// payee returns a P2WPKH, P2PKH, P2SH, P2WSH or P2TR script, by n mod 5.
func payee(n int) []byte {
	h := sha256.Sum256(binary.BigEndian.AppendUint32([]byte("payee"), uint32(n)))
	switch n % 5 {
	case 1:
		return append(append([]byte{0x76, 0xa9, 0x14}, h[:20]...), 0x88, 0xac)
	case 2:
		return append(append([]byte{0xa9, 0x14}, h[:20]...), 0x87)
	case 3:
		return append([]byte{0x00, 0x20}, h[:]...)
	case 4:
		_, pub := btcec.PrivKeyFromBytes(h[:])
		return append([]byte{0x51, 0x20}, pub.SerializeCompressed()[1:]...)
	}
	return append([]byte{0x00, 0x14}, h[:20]...)
}

// fixture returns a good request of that many transactions, each with inputs
// inputs of 0.01 BTC, one payment per half input and variants rungs.
func fixture(w wallet.Wallet, transactions, inputs, variants int) Request {
	r := Request{Wallet: w.ID(), Charter: [32]byte{2}, Time: 1_800_000_000, Expiry: 1_800_003_600}
	coin := 0
	for ti := range transactions {
		t := Transaction{LockTime: 800_000 + uint32(ti), Anchor: uint32(inputs - 1)}
		for range inputs {
			id := sha256.Sum256(binary.BigEndian.AppendUint32([]byte("coin"), uint32(coin)))
			t.Inputs = append(t.Inputs, Input{OutPoint{id, uint32(coin % 3)}, 1_000_000, uint8(coin % 2), uint32(coin % 97)})
			coin++
		}
		for range (inputs + 1) / 2 {
			n := len(r.Payments)
			t.Payments = append(t.Payments, uint32(n))
			r.Payments = append(r.Payments, Payment{fmt.Sprintf("INV-%04d", n), fmt.Sprintf("Supplier %d", n%7), fmt.Sprintf("invoice %d", n), 700_000 + Amount(n), payee(n)})
		}
		t.Change = &Change{Index: 1000 + uint32(ti), At: uint32(ti % (len(t.Payments) + 1))}
		left := Amount(inputs)*1_000_000 - 10_000
		for _, p := range t.Payments {
			left -= r.Payments[p].Amount
		}
		for v := range variants {
			t.Variants = append(t.Variants, Variant{left - Amount(v)*5_000})
		}
		r.Transactions = append(r.Transactions, t)
	}
	return r
}

// dataScript is OP_RETURN and one push of n bytes, 2 to 80.
func dataScript(n int) []byte {
	data := bytes.Repeat([]byte{0xd7}, n)
	if n > 75 {
		return append([]byte{0x6a, 0x4c, byte(n)}, data...)
	}
	return append([]byte{0x6a, byte(n)}, data...)
}

// says turns a payment into an OP_RETURN output; the change takes its amount.
func (r *Request) says(tx, payment int, script []byte) {
	p := &r.Payments[r.Transactions[tx].Payments[payment]]
	for i := range r.Transactions[tx].Variants {
		if r.Transactions[tx].Change != nil {
			r.Transactions[tx].Variants[i].Change += p.Amount
		}
	}
	p.Amount, p.Script = 0, script
}

func verified(t testing.TB, r Request, w wallet.Wallet) Verified {
	t.Helper()
	v, err := r.Verify(w)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
