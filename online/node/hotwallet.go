package node

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/mempool"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

const (
	hotKeyName       = "hotwallet.key"
	schnorrSigLen    = 64
	maxHotPayments   = 2_000 // keeps the transaction under the standard weight of 400,000 WU
	rbfSequence      = 0xfffffffd
	txVersion        = 2
	maxMoneySat      = btcutil.MaxSatoshi
	coinbaseLifetime = "a coinbase can be spent 100 blocks after it was mined"
)

// Payment is one output for FundMany.
type Payment struct {
	Script    []byte // output script (scriptPubKey)
	AmountSat int64
}

// HotBalance is what the hot wallet owns, in satoshis.
type HotBalance struct {
	SpendableSat   int64 // confirmed and mature
	ImmatureSat    int64 // coinbases that are too young
	UnconfirmedSat int64 // its own change in the mempool, which it may spend too
}

// HotShortage is the error of Fund and FundMany when the hot wallet owns too little.
type HotShortage struct {
	NeedSat int64 // payments and fee
	HaveSat int64 // spendable now
}

func (s *HotShortage) Error() string {
	return fmt.Sprintf("node: fund: the hot wallet is short by %d sat (needs %d, can spend %d): mine more blocks, %s",
		s.NeedSat-s.HaveSat, s.NeedSat, s.HaveSat, coinbaseLifetime)
}

// hotWallet is one BIP86 key: everything it owns pays one taproot script. Its key
// guards regtest coins only and lies in the clear (0600) in the chain's folder, so its
// arithmetic is btcec's and not that of the threshold key's shares.
type hotWallet struct {
	_       [0]func() // not comparable
	key     *btcec.PrivateKey
	script  []byte
	address address.Address
}

func (*hotWallet) String() string   { return "hot wallet (redacted)" }
func (*hotWallet) GoString() string { return "hot wallet (redacted)" }

// openHotWallet reads the key, or makes one if the folder holds no chain yet.
func openHotWallet(dir string, params *chaincfg.Params) (*hotWallet, error) {
	secret, err := hotKey(dir)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	var scalar secp256k1.ModNScalar
	if len(secret) != 32 || scalar.SetByteSlice(secret) || scalar.IsZero() {
		return nil, fmt.Errorf("node: open the hot wallet: %s holds no secret key: put it back, or delete the folder to start afresh", filepath.Join(dir, hotKeyName))
	}
	key := secp256k1.NewPrivateKey(&scalar)
	output := txscript.ComputeTaprootKeyNoScript(key.PubKey())
	script, err := txscript.PayToTaprootScript(output)
	if err != nil {
		return nil, fmt.Errorf("node: open the hot wallet: %w", err)
	}
	addr, err := address.NewAddressTaproot(schnorr.SerializePubKey(output), params)
	if err != nil {
		return nil, fmt.Errorf("node: open the hot wallet: %w", err)
	}
	return &hotWallet{key: key, script: script, address: addr}, nil
}

// hotKey returns the bytes of dir's key file, making it first in a folder without a chain.
func hotKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, hotKeyName)
	secret, err := os.ReadFile(path)
	if err == nil {
		return secret, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("node: open the hot wallet: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, chainFolder)); err == nil {
		return nil, fmt.Errorf("node: open the hot wallet: %s is missing though there is a chain: put it back, or delete the folder to start afresh", path)
	}
	if secret, err = newHotKey(rand.Reader); err != nil {
		return nil, err
	}
	return secret, writeWhole(path, secret)
}

// newHotKey draws a secret key, 32 bytes, uniformly from [1, n-1].
func newHotKey(random io.Reader) ([]byte, error) {
	secret := make([]byte, 32)
	for {
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, fmt.Errorf("node: make the hot wallet's key: %w", err)
		}
		var scalar secp256k1.ModNScalar
		if overflow := scalar.SetByteSlice(secret); !overflow && !scalar.IsZero() {
			return secret, nil
		}
	}
}

// HotScript returns the hot wallet's output script: a rebalance from cold to hot pays it.
func (e *Embedded) HotScript() []byte { return bytes.Clone(e.hot.script) }

// HotBalance adds up the hot wallet's unspent coins.
func (e *Embedded) HotBalance(ctx context.Context) (HotBalance, error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return HotBalance{}, err
	}
	defer leave()
	var balance HotBalance
	for _, c := range e.coinsPaying([][]byte{e.hot.script}) {
		switch {
		case !c.Confirmed():
			balance.UnconfirmedSat += c.AmountSat
		case !c.Spendable(e.index.tip):
			balance.ImmatureSat += c.AmountSat
		default:
			balance.SpendableSat += c.AmountSat
		}
	}
	return balance, nil
}

// Fund pays amountSat to script from the hot wallet and broadcasts; Mine confirms it.
func (e *Embedded) Fund(ctx context.Context, script []byte, amountSat int64) (txid [32]byte, err error) {
	return e.FundMany(ctx, []Payment{{Script: script, AmountSat: amountSat}})
}

// FundMany pays 1 to 2,000 payments in one transaction, whose first outputs they are
// in the given order; change, if any, comes last. It fails with *HotShortage when
// the hot wallet owns too little.
func (e *Embedded) FundMany(ctx context.Context, payments []Payment) (txid [32]byte, err error) {
	leave, err := e.enterToChange(ctx)
	if err != nil {
		return txid, err
	}
	defer leave()
	outputSum, err := checkPayments(payments)
	if err != nil {
		return txid, err
	}
	tx, err := e.hotSpend(payments, outputSum)
	if err != nil {
		return txid, err
	}
	final := btcutil.NewTx(tx)
	if err := e.broadcast(final); err != nil {
		return txid, fmt.Errorf("node: fund: %w", err)
	}
	return *final.Hash(), nil
}

func checkPayments(payments []Payment) (sumSat int64, err error) {
	if len(payments) == 0 || len(payments) > maxHotPayments {
		return 0, fmt.Errorf("node: fund: %d payments, want 1 to %d", len(payments), maxHotPayments)
	}
	for i, p := range payments {
		if p.AmountSat <= 0 || p.AmountSat > maxMoneySat-sumSat {
			return 0, fmt.Errorf("node: fund: payment %d: an amount of %d sat is out of range", i+1, p.AmountSat)
		}
		dust := mempool.GetDustThreshold(wire.NewTxOut(p.AmountSat, p.Script))
		if p.AmountSat < dust {
			return 0, fmt.Errorf("node: fund: payment %d: %d sat is dust, want at least %d", i+1, p.AmountSat, dust)
		}
		sumSat += p.AmountSat
	}
	return sumSat, nil
}

// hotSpend builds and signs a transaction: largest mature coins first, the wallet's
// own unconfirmed change last.
func (e *Embedded) hotSpend(payments []Payment, outputSum int64) (*wire.MsgTx, error) {
	tx := wire.NewMsgTx(txVersion)
	for _, p := range payments {
		tx.AddTxOut(wire.NewTxOut(p.AmountSat, p.Script))
	}
	var spent []Coin
	var inputSum, need int64
	for _, c := range e.hotCandidates() {
		spent = append(spent, c)
		inputSum += c.AmountSat
		outPoint := c.outPoint()
		in := wire.NewTxIn(&outPoint, nil, wire.TxWitness{make([]byte, schnorrSigLen)})
		in.Sequence = rbfSequence
		tx.AddTxIn(in)
		if need = outputSum + relayFee(tx); inputSum < need {
			continue
		}
		e.addHotChange(tx, inputSum-outputSum)
		return tx, e.hot.sign(tx, spent)
	}
	if need == 0 {
		need = outputSum
	}
	return nil, &HotShortage{NeedSat: need, HaveSat: inputSum}
}

func (e *Embedded) hotCandidates() []Coin {
	coins := slices.DeleteFunc(e.coinsPaying([][]byte{e.hot.script}), func(c Coin) bool {
		return c.Confirmed() && !c.Spendable(e.index.tip)
	})
	slices.SortStableFunc(coins, func(a, b Coin) int {
		if a.Confirmed() != b.Confirmed() {
			if a.Confirmed() {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.AmountSat, a.AmountSat)
	})
	return coins
}

// addHotChange returns rest, less the fee, to the hot wallet, unless that would be dust.
func (e *Embedded) addHotChange(tx *wire.MsgTx, restSat int64) {
	change := wire.NewTxOut(0, e.hot.script)
	tx.AddTxOut(change)
	change.Value = restSat - relayFee(tx)
	if change.Value < mempool.GetDustThreshold(change) {
		tx.TxOut = tx.TxOut[:len(tx.TxOut)-1]
	}
}

// relayFee is the fee in sat of a transaction of this size, rounded up.
func relayFee(tx *wire.MsgTx) int64 {
	weight := blockchain.GetTransactionWeight(btcutil.NewTx(tx))
	vsize := (weight + 3) / 4
	return (vsize*feeRateSatPerKvB + 999) / 1_000
}

func (h *hotWallet) sign(tx *wire.MsgTx, spent []Coin) error {
	prevOuts := make(map[wire.OutPoint]*wire.TxOut, len(spent))
	for _, c := range spent {
		prevOuts[c.outPoint()] = wire.NewTxOut(c.AmountSat, c.Script)
	}
	hashes := txscript.NewTxSigHashes(tx, txscript.NewMultiPrevOutFetcher(prevOuts))
	for i, c := range spent {
		witness, err := txscript.TaprootWitnessSignature(tx, hashes, i, c.AmountSat, c.Script, txscript.SigHashDefault, h.key)
		if err != nil {
			return fmt.Errorf("node: fund: sign input %d: %w", i, err)
		}
		tx.TxIn[i].Witness = witness
	}
	return nil
}
