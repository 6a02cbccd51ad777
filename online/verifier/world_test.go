package verifier

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/rehearsal"
	"heliograph/online/node"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/psbt"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func payee(n byte) []byte {
	s := make([]byte, 22)
	s[1], s[2] = 20, n
	return s
}

// world is a wallet whose stations sign whatever is asked, and a chain.
type world struct {
	t     *testing.T
	signs *rehearsal.World
	node  *node.Embedded
	used  uint32 // change indices
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w, err := rehearsal.New(2, 3, 1)
	must(t, err)
	must(t, w.Enrolment())
	everyone := charter.Counterparty{Name: "Payees", Data: true}
	for n := range byte(9) {
		everyone.Destinations = append(everyone.Destinations, payee(n))
	}
	draft, err := w.Draft(charter.Document{
		Name: "Test", Gap: 20, ClockTolerance: 7200, Counterparties: []charter.Counterparty{everyone, {Name: "Ourselves", Own: true}},
		Rules: []charter.Rule{{ID: "allow", Effect: charter.Allow}},
	})
	must(t, err)
	must(t, w.KeyGeneration(draft))
	n, err := node.Open(filepath.Join(t.TempDir(), "node"), func() int64 { return w.Now })
	must(t, err)
	t.Cleanup(func() { _ = n.Close() })
	must(t, n.Mine(context.Background(), 101))
	return &world{t: t, signs: w, node: n}
}

func (w *world) public() keygen.Public { return w.signs.Public }

// coin is a confirmed coin of the wallet at receive index i.
func (w *world) coin(i uint32, sat int64) batch.Input {
	w.t.Helper()
	ctx := context.Background()
	script, err := w.public().Wallet.Script(0, i)
	must(w.t, err)
	txid, err := w.node.Fund(ctx, script, sat)
	must(w.t, err)
	must(w.t, w.node.Mine(ctx, 1))
	return batch.Input{OutPoint: batch.OutPoint{TxID: txid}, Amount: batch.Amount(sat), Index: i}
}

// pay signs, broadcasts and mines one transaction from one coin.
func (w *world) pay(in batch.Input, id string, amounts map[byte]int64) {
	w.t.Helper()
	var payments []batch.Payment
	for n := range byte(9) {
		if sat, ok := amounts[n]; ok {
			payments = append(payments, batch.Payment{ExternalID: fmt.Sprint(id, n), Counterparty: "Payees", Amount: batch.Amount(sat), Script: payee(n)})
		}
	}
	w.make(in, payments)
}

// make signs, broadcasts and mines one transaction that makes payments.
func (w *world) make(in batch.Input, payments []batch.Payment) {
	w.t.Helper()
	var order []uint32
	left := in.Amount - 1000
	for i, p := range payments {
		order = append(order, uint32(i))
		left -= p.Amount
	}
	r := w.signs.Request(payments, batch.Transaction{
		Inputs: []batch.Input{in}, Payments: order,
		Change: &batch.Change{Index: w.used, At: 0}, Variants: []batch.Variant{{Change: left}},
	})
	w.used++
	sigs, err := w.signs.Sign(r, 0, 1)
	must(w.t, err)
	v, err := r.Verify(w.public().Wallet)
	must(w.t, err)
	raw, _, err := psbt.Finalise(v, 0, 0, [][64]byte{[64]byte(sigs)})
	must(w.t, err)
	must(w.t, w.node.Broadcast(context.Background(), raw))
	must(w.t, w.node.Mine(context.Background(), 1))
}

func (w *world) blocks() [][]byte {
	w.t.Helper()
	tip, _, err := w.node.Tip(context.Background())
	must(w.t, err)
	var out [][]byte
	for h := range tip + 1 {
		raw, err := w.node.RawBlock(context.Background(), h)
		must(w.t, err)
		out = append(out, raw)
	}
	return out
}

// remine changes the last block and makes it whole again: commitment, root and
// proof of work. A hostile miner could do the same.
func remine(t *testing.T, blocks [][]byte, change func(*wire.MsgBlock)) [][]byte {
	t.Helper()
	block, err := readBlock(blocks[len(blocks)-1])
	must(t, err)
	change(block)
	var full, ids []chainhash.Hash
	for i, tx := range block.Transactions {
		if i == 0 {
			full = append(full, chainhash.Hash{})
			continue
		}
		full = append(full, tx.WitnessHash())
	}
	coinbase := block.Transactions[0]
	root := merkle(full)
	commitment := chainhash.DoubleHashH(append(root[:], coinbase.TxIn[0].Witness[0]...))
	for _, out := range coinbase.TxOut {
		if bytes.HasPrefix(out.PkScript, []byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}) {
			copy(out.PkScript[6:], commitment[:])
		}
	}
	for _, tx := range block.Transactions {
		ids = append(ids, tx.TxHash())
	}
	block.Header.MerkleRoot = merkle(ids)
	params := chaincfgLimit()
	for checkWork(block.BlockHash(), block.Header.Bits, params) != nil {
		block.Header.Nonce++
	}
	var b bytes.Buffer
	must(t, block.Serialize(&b))
	out := append([][]byte(nil), blocks...)
	out[len(out)-1] = b.Bytes()
	return out
}
