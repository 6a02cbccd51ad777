// Package verifier recomputes from raw blocks what a wallet has paid, as a
// witness of its own: it uses no store, no chain software and none of the
// coordinator's or the batch's code, only blocks, the wallet's public record and
// the payouts that were asked for.
//
// It checks block headers (proof of work, the chain of hashes, the transactions'
// Merkle root; BIP141 commitments of witnesses), computes the digest of every
// wallet input by itself (BIP341) and verifies its signature (BIP340). It does not
// check the other rules of consensus, and cannot know that the blocks it was
// given are the best chain: ask several sources for those.
package verifier

import (
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"heliograph/ceremonies/keygen"
	"heliograph/shared/wallet"
)

// Payout is what was asked for.
type Payout struct {
	ExternalID string
	Script     []byte
	AmountSat  int64
}

// Report is what was found. Findings is empty exactly if every payout was paid
// once with its exact amount, every signature verified, and the wallet's
// transactions pay nothing else but change.
type Report struct {
	Blocks       int      `json:"blocks"`
	Transactions int      `json:"transactions"` // that spend from the wallet
	Signatures   int      `json:"signatures"`   // of wallet inputs, verified
	Payouts      int      `json:"payouts"`      // paid
	Payees       int      `json:"payees"`       // scripts that received
	PaidSat      int64    `json:"paid_sat"`
	FeeSat       int64    `json:"fee_sat"`
	LeftSat      int64    `json:"left_sat"` // in the wallet, unspent
	Coins        int      `json:"coins"`    // in the wallet, unspent
	Findings     []string `json:"findings"`
}

// lookAhead is how many unused addresses are looked at beyond the last one that
// was used on each chain, on top of the charter's gap.
const lookAhead = 100

// Verify reads blocks, from the first of the network on, and compares what the
// wallet paid with payouts. An error says that the blocks or the payouts cannot
// be read as what they should be; anything else that is amiss is a finding.
func Verify(p keygen.Public, blocks [][]byte, payouts []Payout) (Report, error) {
	v := &verifier{
		report:  Report{Blocks: len(blocks)},
		outputs: make(map[wire.OutPoint]*wire.TxOut),
		balance: make(map[string]int64),
		owed:    make(map[payment][]string),
	}
	if err := v.expect(payouts); err != nil {
		return Report{}, err
	}
	chain, err := readChain(p.Wallet.Network(), blocks)
	if err != nil {
		return Report{}, err
	}
	if v.own, err = ownScripts(p.Wallet, p.Charter.Document().Gap+lookAhead, chain); err != nil {
		return Report{}, err
	}
	for _, block := range chain {
		for i, tx := range block.Transactions {
			if err := v.transaction(tx, i == 0); err != nil {
				return Report{}, err
			}
		}
	}
	v.close(payouts)
	return v.report, nil
}

// payment is an output as far as payouts can tell them apart.
type payment struct {
	script string
	sat    int64
}

type verifier struct {
	report  Report
	own     map[string]uint32             // the wallet's scripts, and their chain
	outputs map[wire.OutPoint]*wire.TxOut // unspent, of everyone
	balance map[string]int64              // received by a script from the wallet, sat
	owed    map[payment][]string          // external ids of payouts that were not seen yet
}

func (v *verifier) finding(format string, args ...any) {
	v.report.Findings = append(v.report.Findings, fmt.Sprintf(format, args...))
}

func (v *verifier) expect(payouts []Payout) error {
	ids := make(map[string]bool)
	for _, p := range payouts {
		if ids[p.ExternalID] {
			return fmt.Errorf("verifier: payouts: external id %q is listed twice", p.ExternalID)
		}
		least := int64(1)
		if says(p.Script) {
			least = 0
		}
		if p.AmountSat < least || p.AmountSat > 21_000_000*100_000_000 {
			return fmt.Errorf("verifier: payouts: %q: an amount of %d sat", p.ExternalID, p.AmountSat)
		}
		ids[p.ExternalID] = true
		key := payment{string(p.Script), p.AmountSat}
		v.owed[key] = append(v.owed[key], p.ExternalID)
	}
	return nil
}

// says reports whether an output only says something: OP_RETURN, whose amount is
// ordinarily 0.
func says(script []byte) bool { return len(script) > 0 && script[0] == txscript.OP_RETURN }

// transaction follows every coin, and looks closely at what the wallet spends.
func (v *verifier) transaction(tx *wire.MsgTx, coinbase bool) error {
	id := tx.TxHash()
	spent := make([]*wire.TxOut, len(tx.TxIn))
	ours := 0
	for i, in := range tx.TxIn {
		if coinbase {
			break
		}
		out, found := v.outputs[in.PreviousOutPoint]
		if !found {
			return fmt.Errorf("verifier: transaction %s spends %s, which is not there: blocks are missing", id, in.PreviousOutPoint)
		}
		delete(v.outputs, in.PreviousOutPoint)
		spent[i] = out
		if _, own := v.own[string(out.PkScript)]; own {
			ours++
		}
	}
	for i, out := range tx.TxOut {
		if !txscript.IsUnspendable(out.PkScript) {
			v.outputs[wire.OutPoint{Hash: id, Index: uint32(i)}] = out
		}
	}
	if ours > 0 {
		v.spend(tx, spent, ours)
	}
	return nil
}

// spend checks a transaction of the wallet.
func (v *verifier) spend(tx *wire.MsgTx, spent []*wire.TxOut, ours int) {
	id := tx.TxHash()
	v.report.Transactions++
	if ours < len(tx.TxIn) {
		v.finding("transaction %s spends %d coins of others beside the wallet's", id, len(tx.TxIn)-ours)
	}
	var fee int64
	before := make(map[wire.OutPoint]*wire.TxOut, len(spent))
	for i, in := range tx.TxIn {
		before[in.PreviousOutPoint] = spent[i]
		fee += spent[i].Value
	}
	fetcher := txscript.NewMultiPrevOutFetcher(before)
	hashes := txscript.NewTxSigHashes(tx, fetcher)
	for i := range tx.TxIn {
		if _, own := v.own[string(spent[i].PkScript)]; !own {
			continue
		}
		if err := signature(tx, i, spent[i], hashes, fetcher); err != nil {
			v.finding("transaction %s, input %d: %v", id, i, err)
			continue
		}
		v.report.Signatures++
	}
	for i, out := range tx.TxOut {
		fee -= out.Value
		v.output(id.String(), i, out)
	}
	v.report.FeeSat += fee
}

// signature verifies a taproot key-path spend: one element, 64 bytes, which
// means SIGHASH_DEFAULT, the whole transaction (BIP341).
func signature(tx *wire.MsgTx, i int, spent *wire.TxOut, hashes *txscript.TxSigHashes, fetcher txscript.PrevOutputFetcher) error {
	witness := tx.TxIn[i].Witness
	if len(witness) != 1 || len(witness[0]) != schnorr.SignatureSize || len(tx.TxIn[i].SignatureScript) != 0 {
		return fmt.Errorf("it is not spent by one key signature over the whole transaction")
	}
	digest, err := txscript.CalcTaprootSignatureHash(hashes, txscript.SigHashDefault, tx, i, fetcher)
	if err != nil {
		return err
	}
	key, err := schnorr.ParsePubKey(spent.PkScript[2:])
	if err != nil {
		return err
	}
	sig, err := schnorr.ParseSignature(witness[0])
	if err != nil {
		return err
	}
	if !sig.Verify(digest, key) {
		return fmt.Errorf("its signature does not verify")
	}
	return nil
}

// output accounts for one output of a wallet transaction: a payout that is owed,
// change, or a finding.
func (v *verifier) output(id string, i int, out *wire.TxOut) {
	key := payment{string(out.PkScript), out.Value}
	if chain, own := v.own[string(out.PkScript)]; own && len(v.owed[key]) == 0 {
		if chain != wallet.Change {
			v.finding("transaction %s, output %d: %d sat go to a receive address of the wallet, which is no change", id, i, out.Value)
		}
		return
	}
	v.balance[string(out.PkScript)] += out.Value
	v.report.PaidSat += out.Value
	if len(v.owed[key]) == 0 {
		v.finding("transaction %s, output %d: %d sat go to the script %x, which no payout explains (or it was paid already)", id, i, out.Value, out.PkScript)
		return
	}
	v.owed[key] = v.owed[key][1:]
	v.report.Payouts++
}

// close compares what every payee received in all with what it was to receive,
// and lists what was not paid.
func (v *verifier) close(payouts []Payout) {
	due := make(map[string]int64)
	for _, p := range payouts {
		due[string(p.Script)] += p.AmountSat
	}
	var missing []string
	for _, ids := range v.owed {
		missing = append(missing, ids...)
	}
	slices.Sort(missing)
	for _, id := range missing {
		v.finding("payout %q was not paid with its exact amount", id)
	}
	for script := range v.balance {
		if !says([]byte(script)) {
			v.report.Payees++
		}
	}
	var scripts []string
	for script := range due {
		scripts = append(scripts, script)
	}
	slices.Sort(scripts)
	for _, script := range scripts {
		if v.balance[script] != due[script] {
			v.finding("the script %x received %d sat instead of %d", script, v.balance[script], due[script])
		}
	}
	for _, out := range v.outputs {
		if _, own := v.own[string(out.PkScript)]; own {
			v.report.Coins++
			v.report.LeftSat += out.Value
		}
	}
}

// ownScripts derives the wallet's scripts on both chains, until so many after the
// last one that is in a block are unused.
func ownScripts(w wallet.Wallet, gap uint32, chain []*wire.MsgBlock) (map[string]uint32, error) {
	used := make(map[string]bool)
	for _, block := range chain {
		for _, tx := range block.Transactions {
			for _, out := range tx.TxOut {
				used[string(out.PkScript)] = true
			}
		}
	}
	own := make(map[string]uint32)
	for _, c := range []uint32{wallet.Receive, wallet.Change} {
		end := gap
		for index := uint32(0); index < end; index++ {
			script, err := w.Script(c, index)
			if err != nil {
				return nil, fmt.Errorf("verifier: derive %d/%d: %w", c, index, err)
			}
			own[string(script)] = c
			if used[string(script)] {
				end = index + 1 + gap
			}
		}
	}
	return own, nil
}
