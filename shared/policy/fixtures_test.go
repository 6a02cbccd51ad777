package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/spv"
	"heliograph/shared/wallet"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func addressOf(name string) string { return addressOfScript(destination(name)) }

func addressOfScript(script []byte) string {
	a, err := wallet.EncodeScript(wallet.Regtest, script)
	if err != nil {
		panic(err)
	}
	return a
}

// hotAddress is an address of the other wallet.
func hotAddress(index uint32) func(*desk) []byte {
	return func(d *desk) []byte {
		s, err := hot(d.t).Script(wallet.Receive, index)
		if err != nil {
			d.t.Fatal(err)
		}
		return s
	}
}

// listing is the key under which a counterparty's address is listed.
func (d *desk) listing(name string) string { return d.charter().Listing(name, destination(name)) }

// spends splits the first transaction's coin in so many inputs.
func spends(n int) func(*desk) {
	return func(d *desk) {
		d.alter = func(r *batch.Request) {
			tx := &r.Transactions[0]
			for i := 1; i < n; i++ {
				part := tx.Inputs[0]
				part.Vout, part.Amount = uint32(i), 1
				tx.Inputs = append(tx.Inputs, part)
			}
			tx.Inputs[0].Amount -= batch.Amount(n - 1)
		}
	}
}

// prove lists a proof that a counterparty owns its address.
func (d *desk) prove(name string) {
	for i, p := range d.doc.Counterparties {
		if p.Name != name {
			continue
		}
		message, err := charter.ProofMessage(d.doc.Network, name, p.Destinations[0])
		if err != nil {
			d.t.Fatal(err)
		}
		key := personKey(d.t, name)
		public, signature := key.Public(), key.Sign(charter.ProofDigest(message), [32]byte{})
		d.doc.Counterparties[i].Proofs = []charter.Proof{{Script: p.Destinations[0], Kind: charter.ProofStatement, Key: public[:], Signature: signature[:]}}
	}
}

// mines proves n confirmations of the first transaction's coins.
func (d *desk) mines(n int) {
	headers, proof := mine(d.t, d.doc.Work, [32]byte{0, d.txs[0].anchor}, n)
	d.claims.Headers = headers
	d.claims.Proofs = append(d.claims.Proofs, proof)
}

// mine makes n headers, of which the first holds a transaction beside another.
func mine(t testing.TB, work uint32, id [32]byte, n int) ([]byte, spv.Proof) {
	t.Helper()
	sibling := [32]byte{0xee}
	root := twice(append(sibling[:], id[:]...))
	var out []byte
	var last [32]byte
	for range n {
		header := make([]byte, spv.HeaderSize)
		copy(header[4:], last[:])
		copy(header[36:], root[:])
		binary.LittleEndian.PutUint32(header[72:], work)
		for nonce := uint32(0); ; nonce++ {
			binary.LittleEndian.PutUint32(header[76:], nonce)
			if last = twice(header); last[31] < 0x7f {
				break
			}
		}
		out = append(out, header...)
	}
	return out, spv.Proof{TxID: id, Position: 1, Branch: sibling[:]}
}

func twice(b []byte) [32]byte {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
