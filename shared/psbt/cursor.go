package psbt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"
)

// cursor reads foreign bytes from the front. It returns slices of its input and
// never allocates by a length that the input claims but does not have.
type cursor struct{ b []byte }

var errShort = errors.New("it ends early")

func (c *cursor) take(n uint64) ([]byte, error) {
	if n > uint64(len(c.b)) {
		return nil, errShort
	}
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out, nil
}

func (c *cursor) uint32() (uint32, error) {
	b, err := c.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// compact reads a compact size in its shortest form only.
func (c *cursor) compact() (uint64, error) {
	first, err := c.take(1)
	if err != nil {
		return 0, err
	}
	var width, least uint64
	switch first[0] {
	case 0xfd:
		width, least = 2, 0xfd
	case 0xfe:
		width, least = 4, 1<<16
	case 0xff:
		width, least = 8, 1<<32
	default:
		return uint64(first[0]), nil
	}
	b, err := c.take(width)
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[:], b)
	n := binary.LittleEndian.Uint64(full[:])
	if n < least {
		return 0, errors.New("a length is in a longer form than needed")
	}
	return n, nil
}

// bytes reads a byte string with its length.
func (c *cursor) bytes() ([]byte, error) {
	n, err := c.compact()
	if err != nil {
		return nil, err
	}
	return c.take(n)
}

// count reads the number of items that take at least size bytes each, and refuses
// a number for which the input has no room.
func (c *cursor) count(size uint64) (int, error) {
	n, err := c.compact()
	if err != nil {
		return 0, err
	}
	if n > uint64(len(c.b))/size {
		return 0, errShort
	}
	return int(n), nil
}

// records reads one map up to its separator. It refuses a key that comes twice,
// and each record at once if its table does not allow it: so a map takes no more
// memory than a few times its bytes.
func (c *cursor) records(table map[uint64]field) ([]record, error) {
	var out []record
	seen := make(map[string]bool)
	for {
		key, err := c.bytes()
		if err != nil {
			return nil, err
		}
		if len(key) == 0 {
			return out, nil
		}
		if seen[string(key)] {
			return nil, fmt.Errorf("a key of type 0x%02x comes twice", key[0])
		}
		seen[string(key)] = true
		k := cursor{key}
		kind, err := k.compact()
		if err != nil {
			return nil, fmt.Errorf("key type: %w", err)
		}
		value, err := c.bytes()
		if err != nil {
			return nil, err
		}
		r := record{kind, k.b, value}
		if err := checkField(r, table); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
}

// readTransaction reads one whole transaction in network serialisation; with
// witnesses (BIP144) only if they are allowed. Encoding what it returns gives the
// same bytes again.
func readTransaction(raw []byte, witnesses bool) (*btcwire.MsgTx, error) {
	c := cursor{raw}
	version, err := c.uint32()
	if err != nil {
		return nil, err
	}
	tx := btcwire.NewMsgTx(int32(version))
	segwit := witnesses && len(c.b) >= 2 && c.b[0] == 0 && c.b[1] == 1
	if segwit {
		c.b = c.b[2:]
	}
	inputs, err := c.count(36 + 1 + 4)
	if err != nil {
		return nil, fmt.Errorf("inputs: %w", err)
	}
	for i := range inputs {
		in, err := c.input()
		if err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		tx.AddTxIn(in)
	}
	outputs, err := c.count(8 + 1)
	if err != nil {
		return nil, fmt.Errorf("outputs: %w", err)
	}
	for i := range outputs {
		out, err := c.output()
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", i, err)
		}
		tx.AddTxOut(out)
	}
	if segwit {
		for i, in := range tx.TxIn {
			if in.Witness, err = c.witness(); err != nil {
				return nil, fmt.Errorf("witness %d: %w", i, err)
			}
		}
	}
	if tx.LockTime, err = c.uint32(); err != nil {
		return nil, err
	}
	if len(c.b) != 0 {
		return nil, fmt.Errorf("%d bytes after the transaction", len(c.b))
	}
	var again bytes.Buffer
	if witnesses {
		err = tx.Serialize(&again)
	} else {
		err = tx.SerializeNoWitness(&again)
	}
	if err != nil || !bytes.Equal(again.Bytes(), raw) {
		return nil, errors.New("not the canonical form of the transaction")
	}
	return tx, nil
}

func (c *cursor) input() (*btcwire.TxIn, error) {
	id, err := c.take(32)
	if err != nil {
		return nil, err
	}
	vout, err := c.uint32()
	if err != nil {
		return nil, err
	}
	script, err := c.bytes()
	if err != nil {
		return nil, err
	}
	sequence, err := c.uint32()
	if err != nil {
		return nil, err
	}
	outpoint := btcwire.OutPoint{Hash: chainhash.Hash(id), Index: vout}
	return &btcwire.TxIn{PreviousOutPoint: outpoint, SignatureScript: script, Sequence: sequence}, nil
}

// output reads an amount and a script, and holds the amount to [0, 21 million].
func (c *cursor) output() (*btcwire.TxOut, error) {
	b, err := c.take(8)
	if err != nil {
		return nil, err
	}
	script, err := c.bytes()
	if err != nil {
		return nil, err
	}
	out := btcwire.NewTxOut(int64(binary.LittleEndian.Uint64(b)), script)
	if err := checkAmount(out.Value); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *cursor) witness() (btcwire.TxWitness, error) {
	items, err := c.count(1)
	if err != nil {
		return nil, err
	}
	var stack btcwire.TxWitness
	for range items {
		item, err := c.bytes()
		if err != nil {
			return nil, err
		}
		stack = append(stack, item)
	}
	return stack, nil
}
