package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"golang.org/x/sys/unix"
)

const testTime = int64(1_800_000_000)

func fixedClock() int64 { return testTime }

func open(t testing.TB, dir string) *Embedded {
	t.Helper()
	e, err := Open(dir, fixedClock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// payee is a key outside the hot wallet that owns one taproot script.
type payee struct {
	key    *btcec.PrivateKey
	script []byte
}

func newPayee(t testing.TB, name string) payee {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	key, pub := btcec.PrivKeyFromBytes(seed[:])
	script, err := txscript.PayToTaprootScript(txscript.ComputeTaprootKeyNoScript(pub))
	must(t, err)
	return payee{key, script}
}

// spend makes a signed transaction from one of the payee's coins to a script.
func (p payee) spend(t testing.TB, c Coin, script []byte, feeSat int64) *wire.MsgTx {
	t.Helper()
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: c.outPoint(), Sequence: rbfSequence})
	tx.AddTxOut(wire.NewTxOut(c.AmountSat-feeSat, script))
	must(t, (&hotWallet{key: p.key, script: p.script}).sign(tx, []Coin{c}))
	return tx
}

func serialize(t testing.TB, tx *wire.MsgTx) []byte {
	t.Helper()
	var raw bytes.Buffer
	must(t, tx.Serialize(&raw))
	return raw.Bytes()
}

// funded opens a chain whose hot wallet paid one confirmed coin to alice.
func funded(t testing.TB, amountSat int64) (*Embedded, payee, Coin) {
	t.Helper()
	ctx := context.Background()
	e, alice := open(t, t.TempDir()), newPayee(t, "alice")
	must(t, e.Mine(ctx, CoinbaseMaturity+1))
	_, err := e.Fund(ctx, alice.script, amountSat)
	must(t, err)
	must(t, e.Mine(ctx, 1))
	coins, err := e.Coins(ctx, [][]byte{alice.script})
	must(t, err)
	if len(coins) != 1 || coins[0].AmountSat != amountSat || !coins[0].Spendable(102) {
		t.Fatalf("coins after funding: %+v", coins)
	}
	return e, alice, coins[0]
}

func TestConfirmedSpend(t *testing.T) {
	ctx := context.Background()
	e, alice, coin := funded(t, 100_000)
	bob := newPayee(t, "bob")
	tx := alice.spend(t, coin, bob.script, 1_000)
	txid := tx.TxHash()

	if status, err := e.Status(ctx, txid); err != nil || status != (Status{}) {
		t.Fatalf("before broadcast: %+v, %v", status, err)
	}
	for range 2 { // the second time is already in the mempool
		must(t, e.Broadcast(ctx, serialize(t, tx)))
	}
	if status, err := e.Status(ctx, txid); err != nil || status != (Status{Known: true, InMempool: true}) {
		t.Fatalf("in the mempool: %+v, %v", status, err)
	}
	coins, err := e.Coins(ctx, [][]byte{alice.script, bob.script, bob.script})
	must(t, err)
	if len(coins) != 1 || coins[0].TxID != txid || coins[0].Confirmed() || coins[0].Spendable(102) {
		t.Fatalf("alice's coin must be gone and bob's unconfirmed: %+v", coins)
	}
	if by, found, err := e.SpentBy(ctx, coin.TxID, coin.Vout); err != nil || !found || by != txid {
		t.Fatalf("spent in the mempool by %x, %v, %v", by, found, err)
	}

	must(t, e.Mine(ctx, 1))
	must(t, e.Broadcast(ctx, serialize(t, tx))) // already confirmed
	must(t, e.Mine(ctx, 2))
	height, _, err := e.Tip(ctx)
	must(t, err)
	status, err := e.Status(ctx, txid)
	must(t, err)
	if !status.Confirmed || status.InMempool || status.Height != 103 || status.Confirmations != 3 || height != 105 {
		t.Fatalf("at height %d: %+v", height, status)
	}
	if by, found, err := e.SpentBy(ctx, coin.TxID, coin.Vout); err != nil || !found || by != txid {
		t.Fatalf("spent in the chain by %x, %v, %v", by, found, err)
	}
	if _, found, err := e.SpentBy(ctx, txid, 0); err != nil || found {
		t.Fatalf("bob's coin is unspent, got %v, %v", found, err)
	}

	raw, err := e.RawBlock(ctx, status.Height)
	must(t, err)
	block, err := btcutil.NewBlockFromBytes(raw)
	must(t, err)
	if *block.Hash() != status.BlockHash || len(block.Transactions()) != 2 || *block.Transactions()[1].Hash() != txid {
		t.Fatal("the raw block must hold the transaction, with the hash that Status gives")
	}
	if _, err := e.RawBlock(ctx, 106); err == nil {
		t.Fatal("a block beyond the tip must be an error")
	}
}

func TestHotWallet(t *testing.T) {
	ctx := context.Background()
	e, alice := open(t, t.TempDir()), newPayee(t, "alice")
	var shortage *HotShortage
	if _, err := e.Fund(ctx, alice.script, 10_000); !errors.As(err, &shortage) || shortage.HaveSat != 0 {
		t.Fatalf("an empty wallet: %v", err)
	}
	must(t, e.Mine(ctx, 99))
	balance, err := e.HotBalance(ctx)
	must(t, err)
	if balance != (HotBalance{ImmatureSat: 99 * 50e8}) {
		t.Fatalf("after 99 blocks: %+v", balance)
	}
	must(t, e.Mine(ctx, 1)) // the first coinbase may be spent in block 101
	if _, err := e.Fund(ctx, alice.script, 50e8); !errors.As(err, &shortage) || shortage.HaveSat != 50e8 || shortage.NeedSat <= 50e8 {
		t.Fatalf("one coinbase cannot pay its own fee: %v", err)
	}

	payments := make([]Payment, 40)
	var sum int64
	for i := range payments {
		payments[i] = Payment{Script: alice.script, AmountSat: int64(100_000 + i)}
		sum += payments[i].AmountSat
	}
	txid, err := e.FundMany(ctx, payments)
	must(t, err)
	// The only mature coinbase is spent: the second payment rides on unconfirmed change.
	_, err = e.Fund(ctx, alice.script, 7_000)
	must(t, err)
	must(t, e.Mine(ctx, 1))
	coins, err := e.Coins(ctx, [][]byte{alice.script})
	must(t, err)
	var got int64
	for _, c := range coins {
		got += c.AmountSat
		if c.TxID == txid && c.AmountSat != payments[c.Vout].AmountSat {
			t.Fatalf("output %d pays %d, want %d: outputs keep the order of the payments", c.Vout, c.AmountSat, payments[c.Vout].AmountSat)
		}
	}
	if len(coins) != 41 || got != sum+7_000 {
		t.Fatalf("%d coins of %d sat", len(coins), got)
	}
	// Every satoshi but the miner's own fees is where it should be: 101 subsidies.
	balance, err = e.HotBalance(ctx)
	must(t, err)
	if all := balance.SpendableSat + balance.ImmatureSat + got; all != 101*50e8 || balance.UnconfirmedSat != 0 {
		t.Fatalf("%d sat in all, balance %+v", all, balance)
	}
}

func TestFundRefusesBadPayments(t *testing.T) {
	e := open(t, t.TempDir())
	script := newPayee(t, "alice").script
	for name, payments := range map[string][]Payment{
		"none":     nil,
		"too many": make([]Payment, maxHotPayments+1),
		"zero":     {{script, 0}},
		"negative": {{script, -1}},
		"dust":     {{script, 329}},
		"overflow": {{script, maxMoneySat}, {script, 1 << 62}},
		"too much": {{script, maxMoneySat}, {script, 1_000}},
	} {
		var shortage *HotShortage
		if _, err := e.FundMany(context.Background(), payments); err == nil || errors.As(err, &shortage) {
			t.Errorf("%s: got %v, want a refusal of the payments", name, err)
		}
	}
}

func TestMineRefusesBadCounts(t *testing.T) {
	e := open(t, t.TempDir())
	for _, n := range []int{-1, 0, maxMine + 1} {
		if err := e.Mine(context.Background(), n); err == nil {
			t.Errorf("%d blocks: no error", n)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Mine(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestFolderHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, fixedClock)
	must(t, err)
	if _, err := Open(dir, fixedClock); !errors.Is(err, ErrLocked) {
		t.Fatalf("second owner: %v", err)
	}
	// A process that is just being started holds a copy of every descriptor.
	copied, err := unix.Dup(int(e.lock.file.Fd()))
	must(t, err)
	defer func() { _ = unix.Close(copied) }()
	must(t, e.Close())
	must(t, e.Close())
	if _, _, err := e.Tip(context.Background()); !errors.Is(err, ErrClosed) {
		t.Fatalf("after Close: %v", err)
	}
	open(t, dir)
}

func TestTwoChainsInOneProcess(t *testing.T) {
	a, b := open(t, t.TempDir()), open(t, t.TempDir())
	must(t, a.Mine(context.Background(), 3))
	must(t, b.Mine(context.Background(), 5))
	height, _, err := a.Tip(context.Background())
	must(t, err)
	if height != 3 || bytes.Equal(a.HotScript(), b.HotScript()) {
		t.Fatalf("the chains share state: height %d", height)
	}
}

func TestOpenRefusesAChainWithoutItsKey(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"missing": os.Remove,
		"short":   func(path string) error { return os.Truncate(path, 31) },
		"zero":    func(path string) error { return os.WriteFile(path, make([]byte, 32), 0o600) },
		"order":   func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte{0xff}, 32), 0o600) },
	} {
		dir := t.TempDir()
		e, err := Open(dir, fixedClock)
		must(t, err)
		must(t, e.Close())
		must(t, damage(filepath.Join(dir, hotKeyName)))
		if e, err := Open(dir, fixedClock); err == nil {
			t.Errorf("%s: opened", name)
			must(t, e.Close())
		}
	}
}

// BenchmarkFirstConfirmedSpend is the way from an empty folder to a confirmed payment
// out of the hot wallet: the bar is 0.5 s.
func BenchmarkFirstConfirmedSpend(b *testing.B) {
	ctx := context.Background()
	alice := newPayee(b, "alice")
	for b.Loop() {
		dir := b.TempDir()
		e, err := Open(dir, fixedClock)
		must(b, err)
		must(b, e.Mine(ctx, CoinbaseMaturity))
		txid, err := e.Fund(ctx, alice.script, 100_000)
		must(b, err)
		must(b, e.Mine(ctx, 1))
		status, err := e.Status(ctx, txid)
		must(b, err)
		if !status.Confirmed {
			b.Fatal("not confirmed")
		}
		must(b, e.Close())
	}
}

// BenchmarkCoins asks for the coins of 5,000 scripts, 40 of which own one.
func BenchmarkCoins(b *testing.B) {
	ctx := context.Background()
	e := open(b, b.TempDir())
	must(b, e.Mine(ctx, CoinbaseMaturity))
	scripts := make([][]byte, 5_000)
	for i := range scripts {
		hash := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		scripts[i] = append([]byte{txscript.OP_0, 32}, hash[:]...)
	}
	payments := make([]Payment, 40)
	for i := range payments {
		payments[i] = Payment{scripts[i*100], 50_000}
	}
	_, err := e.FundMany(ctx, payments)
	must(b, err)
	must(b, e.Mine(ctx, 1))
	for b.Loop() {
		coins, err := e.Coins(ctx, scripts)
		must(b, err)
		if len(coins) != 40 {
			b.Fatal(len(coins))
		}
	}
}
