package rehearsal

import (
	"bytes"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/ceremonies"
	"heliograph/shared/batch"
)

// benchWorld is a 3-of-5 world with pools for one batch of 500 inputs, whose
// limits let it pass.
func benchWorld(b *testing.B) *World {
	b.Helper()
	w, err := New(3, 5, 1)
	if err != nil {
		b.Fatal(err)
	}
	w.Pool = 600
	if err := w.Enrolment(); err != nil {
		b.Fatal(err)
	}
	loose := rules()
	loose.Rules = loose.Rules[:1]
	loose.Gap = 100 // each transaction's change has an index of its own
	draft, err := w.Draft(loose)
	if err != nil {
		b.Fatal(err)
	}
	if err := w.KeyGeneration(draft); err != nil {
		b.Fatal(err)
	}
	return w
}

// wide is a batch of transactions with inputs coins each; two outputs each.
func wide(w *World, transactions, inputs int) batch.Request {
	var payments []batch.Payment
	var txs []batch.Transaction
	for i := range transactions {
		tx := batch.Transaction{
			Payments: []uint32{uint32(i)},
			Change:   &batch.Change{Index: uint32(i), At: 1},
			Variants: []batch.Variant{{Change: 50_000}},
		}
		for j := range inputs {
			tx.Inputs = append(tx.Inputs, w.Coin(uint32(j), 100_000))
		}
		payments = append(payments, batch.Payment{
			ExternalID: fmt.Sprintf("wide-%d-%d", w.drawn, i), Counterparty: "Exchange",
			Amount: batch.Amount(inputs*100_000 - 50_000 - 100*inputs - 500), Script: payee(1),
		})
		txs = append(txs, tx)
	}
	return w.Request(payments, txs...)
}

// BenchmarkStation500 is one visit to a station of a 3-of-5 with a batch of 500
// inputs: open, verify, judge, sign, verify the own shares, refill. The bar is
// 1.5 s on one core and 64 MB of heap; the heap here is that of the whole world,
// with five stations and the coordinator. The peer takes its turn after each
// visit, so that noise falls on both.
func BenchmarkStation500(b *testing.B) {
	w := benchWorld(b)
	var peak uint64
	var spent, peer time.Duration
	for b.Loop() {
		b.StopTimer()
		w.Now += 60
		_, request, err := w.Open(wide(w, 1, 500), 0, 1, 2)
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		before := cpuTime(b)
		b.StartTimer()
		if _, refused, err := w.Visit(w.Stations[0], request); err != nil || refused != nil {
			b.Fatal(refused, err)
		}
		b.StopTimer()
		spent += cpuTime(b) - before
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapSys-m.HeapReleased)
		before = cpuTime(b)
		signSingleKey500(b)
		peer += cpuTime(b) - before
		w.resync(b)
		b.StartTimer()
	}
	b.ReportMetric(float64(peak)/1e6, "heap-MB")
	b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "cpu-ms/visit")
	b.ReportMetric(float64(peer.Milliseconds())/float64(b.N), "single-key-cpu-ms")
	b.ReportMetric(float64(spent)/float64(peer), "x-single-key")
}

// signSingleKey500 is the peer of a station: btcd's txscript signs a transaction
// of 500 taproot inputs with one key in memory and checks its signatures. It
// reviews, judges, keeps and refills nothing.
func signSingleKey500(b *testing.B) {
	b.Helper()
	const amount = 100_000
	key, public := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{7}, 32))
	script, err := txscript.PayToTaprootScript(txscript.ComputeTaprootKeyNoScript(public))
	if err != nil {
		b.Fatal(err)
	}
	tx := btcwire.NewMsgTx(2)
	for i := range uint32(500) {
		tx.AddTxIn(&btcwire.TxIn{PreviousOutPoint: btcwire.OutPoint{Index: i}})
	}
	tx.AddTxOut(btcwire.NewTxOut(499*amount, script))
	hashes := txscript.NewTxSigHashes(tx, txscript.NewCannedPrevOutputFetcher(script, amount))
	for i := range tx.TxIn {
		if _, err := txscript.RawTxInTaprootSignature(tx, hashes, i, amount, script, nil, txscript.SigHashDefault, key); err != nil {
			b.Fatal(err)
		}
	}
}

// cpuTime is the processor time of this process: unlike a clock, it does not
// count what other programs on the machine do meanwhile.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resync gives the desk a station's newest head and pool, as a session would
// that this benchmark leaves open, by starting the world's desk and stations anew.
func (w *World) resync(b *testing.B) {
	b.Helper()
	w.Disk = Disk{}
	for _, s := range w.Stations {
		for name := range s.Disk {
			if len(name) > 8 && name[:8] == "signing/" {
				delete(s.Disk, name)
			}
		}
	}
	if err := w.openSigning(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCoordinator500 is the coordinator's work for one response and the
// last step of a 500-input batch.
func BenchmarkCoordinator500(b *testing.B) {
	w := benchWorld(b)
	for b.Loop() {
		b.StopTimer()
		w.resync(b)
		w.Now += 60
		session, request, err := w.Open(wide(w, 1, 500), 0, 1, 2)
		if err != nil {
			b.Fatal(err)
		}
		for p := range 3 {
			answer, refused, err := w.Visit(w.Stations[p], request)
			if err != nil || refused != nil {
				b.Fatal(refused, err)
			}
			b.StartTimer()
			step, err := session.Step(w.Event(ceremonies.Scanned{Bytes: answer}))
			b.StopTimer()
			if err != nil {
				b.Fatal(err)
			}
			if len(step.Send) > 0 {
				request = step.Send[0].Bytes
			}
		}
		b.StartTimer()
	}
}

// TestBytesPerInput holds the bars of the wire on a fixed fixture: at most 125
// bytes in and 98 out for each input, outputs, heads and records apart.
func TestBytesPerInput(t *testing.T) {
	measure := func(inputs int) (in, out int) {
		fresh := readyPool(t, 100)
		_, request, err := fresh.Open(wide(fresh, 1, inputs), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		answer, refused, err := fresh.Visit(fresh.Stations[0], request)
		if err != nil || refused != nil {
			t.Fatal(refused, err)
		}
		return len(request), len(answer)
	}
	in1, out1 := measure(25)
	in2, out2 := measure(45)
	in, out := float64(in2-in1)/20, float64(out2-out1)/20
	t.Logf("bytes per input: %.1f in, %.1f out; apart: %d in, %d out", in, out, in1-int(25*in), out1-int(25*out))
	if in > 125 || out > 98 {
		t.Fatalf("%.2f bytes in and %.2f out per input; at most 125 and 98", in, out)
	}
}
