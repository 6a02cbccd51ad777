package node

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// The journal makes durable what ffldb holds back: ffldb keeps its metadata in
// memory and writes it every five minutes, so a killed process would lose the
// blocks of the last minutes, and the mempool keeps nothing at all.
//
// It is a file of records after a 20-byte heading. A record is
//
//	kind (1 byte) | length (4 bytes, little endian) | body | CRC-32C of all before (4 bytes)
//
// Blocks are appended once the chain has accepted them, transactions once the
// mempool has; both are synced before the caller hears of success. A process can
// die within an append, so the first record that is cut short or whose checksum
// fails ends the journal: nothing after it was acknowledged. Close shortens the
// journal to the transactions that are still unconfirmed.
const (
	journalName    = "journal"
	journalHeading = "heliograph journal1\n"

	recordHeadLen = 5
	recordTailLen = 4
	maxRecordBody = wire.MaxBlockPayload
)

type recordKind byte

const (
	blockRecord       recordKind = 1
	transactionRecord recordKind = 2
)

// record is one block or transaction in bitcoin's own serialization.
type record struct {
	kind recordKind
	body []byte
}

type journal struct {
	path string
	file *os.File
}

// openJournal reads the records in dir's journal, cuts off an unfinished last one,
// and leaves the file ready for appending. A missing journal is an empty one.
func openJournal(dir string) (*journal, []record, error) {
	path := filepath.Join(dir, journalName)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := writeWhole(path, []byte(journalHeading)); err != nil {
			return nil, nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("node: open the journal: %w", err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("node: read the journal: %w", err), file.Close())
	}
	records, end, err := decodeJournal(data)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("node: read the journal %s: %w", path, err), file.Close())
	}
	err = file.Truncate(int64(end))
	if err == nil {
		_, err = file.Seek(int64(end), io.SeekStart)
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("node: cut the journal's unfinished record: %w", err), file.Close())
	}
	return &journal{path: path, file: file}, records, nil
}

// decodeJournal returns the whole records of data and the length of data that they,
// with the heading, take up. Re-encoding them gives exactly data[:end].
func decodeJournal(data []byte) (records []record, end int, err error) {
	if !bytes.HasPrefix(data, []byte(journalHeading)) {
		return nil, 0, errors.New("not a journal: the heading is wrong")
	}
	end = len(journalHeading)
	for {
		rest := data[end:]
		if len(rest) < recordHeadLen+recordTailLen {
			return records, end, nil
		}
		kind, length := recordKind(rest[0]), binary.LittleEndian.Uint32(rest[1:recordHeadLen])
		if kind != blockRecord && kind != transactionRecord {
			return records, end, nil
		}
		if length > maxRecordBody || int(length) > len(rest)-recordHeadLen-recordTailLen {
			return records, end, nil
		}
		sumAt := recordHeadLen + int(length)
		if checksum(rest[:sumAt]) != binary.LittleEndian.Uint32(rest[sumAt:]) {
			return records, end, nil
		}
		records = append(records, record{kind, bytes.Clone(rest[recordHeadLen:sumAt])})
		end += sumAt + recordTailLen
	}
}

func appendRecord(dst []byte, r record) []byte {
	start := len(dst)
	dst = append(dst, byte(r.kind))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.body)))
	dst = append(dst, r.body...)
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
}

func checksum(data []byte) uint32 {
	return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}

// add appends a record without syncing it.
func (j *journal) add(r record) error {
	if _, err := j.file.Write(appendRecord(nil, r)); err != nil {
		return fmt.Errorf("node: write the journal: %w", err)
	}
	return nil
}

// sync makes every added record durable.
func (j *journal) sync() error {
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("node: sync the journal: %w", err)
	}
	return nil
}

// compact replaces the journal by one that holds only these transactions.
func (j *journal) compact(pending []*btcutil.Tx) error {
	data := []byte(journalHeading)
	for _, tx := range pending {
		var body bytes.Buffer
		if err := tx.MsgTx().Serialize(&body); err != nil {
			return fmt.Errorf("node: shorten the journal: %w", err)
		}
		data = appendRecord(data, record{transactionRecord, body.Bytes()})
	}
	return writeWhole(j.path, data)
}

func (j *journal) close() error {
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("node: close the journal: %w", err)
	}
	return nil
}
