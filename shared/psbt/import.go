package psbt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	btcwire "github.com/btcsuite/btcd/wire/v2"

	"heliograph/shared/batch"
)

// MaxImport bounds a foreign PSBT, in bytes: room for the whole previous
// transactions of some thousand inputs.
const MaxImport = 4 << 20

// Imported is a foreign PSBT that passed all checks of form. Its contents remain
// claims: whether the outputs exist and who owns them is for others to find out.
type Imported struct {
	tx      *btcwire.MsgTx
	global  []record
	inputs  [][]record
	outputs [][]record
	spent   []*btcwire.TxOut // nil where the PSBT does not say
}

// ImportedInput is an input as the PSBT states it.
type ImportedInput struct {
	batch.OutPoint
	Sequence uint32
	Known    bool         // Amount and Script are stated
	Amount   batch.Amount // of the spent output
	Script   []byte       // of the spent output
	KeySig   []byte       // PSBT_IN_TAP_KEY_SIG, 64 or 65 bytes, or empty; not verified
	Final    bool         // the PSBT holds a final script or witness; not verified
}

// ImportedOutput is an output of the transaction.
type ImportedOutput struct {
	Amount batch.Amount
	Script []byte
}

// Import reads a PSBT of version 0 (binary, not base64), for the coordinator.
//
// Beyond BIP174 it demands: no byte after the last map; every length in its
// shortest form; no key twice in a map; known fields only, each of the form that
// BIP174 or BIP371 gives it (ErrUnsupported tells a refusal of that kind);
// amounts and their sums in [0, 21 million]; no outpoint twice; outputs not above
// inputs where all inputs are stated; spent outputs that agree with the outpoint,
// with each other and with their scripts (BIP174, "Signer" checks); sighash types
// DEFAULT and ALL only. It verifies no signature.
func Import(b []byte) (*Imported, error) {
	p, err := read(b)
	if err != nil {
		return nil, fmt.Errorf("psbt: import: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("psbt: import: %w", err)
	}
	if !bytes.Equal(p.encode(), b) {
		return nil, errors.New("psbt: import: what was read does not encode to the same bytes")
	}
	p.sort()
	return p, nil
}

// read takes the maps apart.
func read(b []byte) (*Imported, error) {
	if len(b) > MaxImport {
		return nil, fmt.Errorf("%d bytes: want at most %d", len(b), MaxImport)
	}
	if !bytes.HasPrefix(b, []byte(magic)) {
		return nil, errors.New("it does not begin like a PSBT")
	}
	c := cursor{b[len(magic):]}
	p := &Imported{}
	var err error
	if p.global, err = c.records(globalFields()); err != nil {
		return nil, fmt.Errorf("global map: %w", err)
	}
	raw, ok := findField(p.global, globalUnsignedTx)
	if !ok {
		return nil, errors.New("global map: the unsigned transaction is missing")
	}
	if p.tx, err = readTransaction(raw, false); err != nil {
		return nil, fmt.Errorf("unsigned transaction: %w", err)
	}
	if len(p.tx.TxIn) == 0 || len(p.tx.TxOut) == 0 {
		return nil, fmt.Errorf("a transaction without inputs or outputs: %w", ErrUnsupported)
	}
	if p.inputs, err = maps(&c, len(p.tx.TxIn), inputFields()); err != nil {
		return nil, fmt.Errorf("input %w", err)
	}
	if p.outputs, err = maps(&c, len(p.tx.TxOut), outputFields()); err != nil {
		return nil, fmt.Errorf("output %w", err)
	}
	if len(c.b) != 0 {
		return nil, fmt.Errorf("%d bytes after the last map", len(c.b))
	}
	return p, nil
}

// maps reads n maps of one kind. n was paid for by the transaction's own bytes.
func maps(c *cursor, n int, table map[uint64]field) ([][]record, error) {
	var out [][]record
	for i := range n {
		records, err := c.records(table)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i, err)
		}
		out = append(out, records)
	}
	return out, nil
}

// check holds the parts against each other.
func (p *Imported) check() error {
	var out, in batch.Amount
	for i, o := range p.tx.TxOut {
		if out += batch.Amount(o.Value); !out.Valid() {
			return fmt.Errorf("output %d: the outputs exceed 21 million", i)
		}
	}
	seen := make(map[btcwire.OutPoint]bool)
	all := true
	for i, txin := range p.tx.TxIn {
		if len(txin.SignatureScript) != 0 {
			return fmt.Errorf("input %d: the unsigned transaction is signed", i)
		}
		if seen[txin.PreviousOutPoint] {
			return fmt.Errorf("input %d: %v is spent twice", i, txin.PreviousOutPoint)
		}
		seen[txin.PreviousOutPoint] = true
		spent, err := checkSpent(txin.PreviousOutPoint, p.inputs[i])
		if err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
		p.spent = append(p.spent, spent)
		if spent == nil {
			all = false
			continue
		}
		if in += batch.Amount(spent.Value); !in.Valid() {
			return fmt.Errorf("input %d: the inputs exceed 21 million", i)
		}
	}
	if all && out > in {
		return fmt.Errorf("the outputs exceed the inputs by %s", (out - in).Sat())
	}
	return nil
}

// sort brings the records of every map into ascending order of their keys.
func (p *Imported) sort() {
	for _, records := range slices.Concat([][]record{p.global}, p.inputs, p.outputs) {
		slices.SortFunc(records, func(a, b record) int {
			if a.kind != b.kind {
				if a.kind < b.kind {
					return -1
				}
				return 1
			}
			return bytes.Compare(a.key, b.key)
		})
	}
}

func (p *Imported) encode() []byte {
	b := appendMap([]byte(magic), p.global)
	for _, records := range slices.Concat(p.inputs, p.outputs) {
		b = appendMap(b, records)
	}
	return b
}

// Bytes returns the PSBT with the keys of every map in ascending order, the
// order in which Build writes them: importing what Build wrote gives the same
// bytes.
func (p *Imported) Bytes() []byte { return p.encode() }

// Tx returns a copy of the unsigned transaction.
func (p *Imported) Tx() *btcwire.MsgTx { return p.tx.Copy() }

// Inputs returns the inputs in their order.
func (p *Imported) Inputs() []ImportedInput {
	var out []ImportedInput
	for i, txin := range p.tx.TxIn {
		in := ImportedInput{
			OutPoint: batch.OutPoint{TxID: txin.PreviousOutPoint.Hash, Vout: txin.PreviousOutPoint.Index},
			Sequence: txin.Sequence,
		}
		if spent := p.spent[i]; spent != nil {
			in.Known, in.Amount, in.Script = true, batch.Amount(spent.Value), slices.Clone(spent.PkScript)
		}
		if sig, ok := findField(p.inputs[i], inTapKeySig); ok {
			in.KeySig = slices.Clone(sig)
		}
		_, script := findField(p.inputs[i], 0x07)
		_, witness := findField(p.inputs[i], 0x08)
		in.Final = script || witness
		out = append(out, in)
	}
	return out
}

// Outputs returns the outputs in their order.
func (p *Imported) Outputs() []ImportedOutput {
	var out []ImportedOutput
	for _, o := range p.tx.TxOut {
		out = append(out, ImportedOutput{batch.Amount(o.Value), slices.Clone(o.PkScript)})
	}
	return out
}
