package keystore

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// MaxValue bounds a record, a journal entry and the sum of the values in
	// one PutAll, in bytes.
	MaxValue = 16 << 20
	// MaxName bounds a name, in bytes.
	MaxName = 128
	// MaxRecords bounds the records in one PutAll: a station that was away for
	// long keeps thousands of its peers' records at once.
	MaxRecords = 8192

	opHead   = 6                                          // bytes: kind 1, name length 1, value length 4
	maxPlain = 2 + MaxRecords*(opHead+MaxName) + MaxValue // bytes of one transaction
	minPlain = 2 + opHead + 1                             // one record with a name of one byte and no value
)

type opKind uint8

const (
	opPut    opKind = 1
	opAppend opKind = 2
)

// op is one line of a transaction.
type op struct {
	kind  opKind
	name  string
	value []byte
}

func (o op) size() int64 { return int64(opHead + len(o.name) + len(o.value)) }

// CheckName says what is wrong with a name: it has 1 to 128 bytes of a-z, 0-9,
// '.', '_', '-' and '/', and no empty part between, before or after slashes.
// Names are never used as file names.
func CheckName(name string) error {
	if len(name) == 0 || len(name) > MaxName {
		return fmt.Errorf("a name of %d bytes is outside 1 to %d", len(name), MaxName)
	}
	last := byte('/')
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		case c == '/' && last != '/':
		default:
			return fmt.Errorf("byte %d of the name %q is not allowed", i, name)
		}
		last = c
	}
	if last == '/' {
		return fmt.Errorf("the name %q ends in a slash", name)
	}
	return nil
}

// checkOps holds for every transaction that is written and every one that is
// read.
func checkOps(ops []op) error {
	if len(ops) == 0 || len(ops) > MaxRecords {
		return fmt.Errorf("%d records at once are outside 1 to %d", len(ops), MaxRecords)
	}
	seen := make(map[string]bool, len(ops))
	sum := 0
	for _, o := range ops {
		if err := CheckName(o.name); err != nil {
			return err
		}
		if o.kind != opPut && o.kind != opAppend {
			return fmt.Errorf("unknown operation %d", o.kind)
		}
		if o.kind == opPut && seen[o.name] {
			return fmt.Errorf("the name %q occurs twice", o.name)
		}
		if o.kind == opPut {
			seen[o.name] = true
		}
		if len(o.value) > MaxValue-sum {
			return fmt.Errorf("the values have more than %d bytes", MaxValue)
		}
		sum += len(o.value)
	}
	return nil
}

// appendOps encodes a transaction: count u16, then for each operation kind u8,
// name length u8, name, value length u32, value; all big-endian.
func appendOps(b []byte, ops []op) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(ops)))
	for _, o := range ops {
		b = append(b, byte(o.kind), byte(len(o.name)))
		b = append(b, o.name...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(o.value)))
		b = append(b, o.value...)
	}
	return b
}

func opsSize(ops []op) int {
	n := int64(2)
	for _, o := range ops {
		n += o.size()
	}
	return int(n)
}

// decodeOps is the inverse of appendOps. The values share b's memory.
func decodeOps(b []byte) ([]op, error) {
	errShort := errors.New("a transaction ends early")
	if len(b) < minPlain || len(b) > maxPlain {
		return nil, fmt.Errorf("a transaction of %d bytes is outside %d to %d", len(b), minPlain, maxPlain)
	}
	count := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	if count > MaxRecords {
		return nil, fmt.Errorf("%d records at once are more than %d", count, MaxRecords)
	}
	ops := make([]op, 0, count)
	for range count {
		if len(b) < 2 {
			return nil, errShort
		}
		o := op{kind: opKind(b[0])}
		n := int(b[1])
		b = b[2:]
		if len(b) < n+4 {
			return nil, errShort
		}
		o.name = string(b[:n])
		size := binary.BigEndian.Uint32(b[n:])
		b = b[n+4:]
		if uint64(size) > uint64(len(b)) {
			return nil, errShort
		}
		o.value, b = b[:size:size], b[size:]
		ops = append(ops, o)
	}
	if len(b) != 0 {
		return nil, errors.New("bytes follow a transaction")
	}
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	return ops, nil
}
