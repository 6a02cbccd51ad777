package keystore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	logMagic      = "HGKLOG\x00\x01"                  // format version 1
	logHeaderSize = int64(len(logMagic) + idSize + 8) // 32 bytes

	chainDomain  = "heliograph/keystore/chain/v1"
	entryDomain  = "heliograph/keystore/entry/v1"
	entryPrefix  = 4 + nonceSize             // bytes before the ciphertext
	entryCost    = entryPrefix + 2 + tagSize // bytes of an entry beside its operations
	wasteAllowed = 4 << 20                   // bytes of garbage that are never worth a compaction
)

// place says where an entry is and what it was authenticated with; its ordinal
// is its index in volume.entries.
type place struct {
	offset int64
	sealed uint32            // bytes of ciphertext and tag
	live   uint16            // operations in it that still count
	prior  [sha256.Size]byte // chain hash before it
}

// slot says where a value is.
type slot struct {
	entry int
	op    int
	size  int64 // bytes the operation takes in the log
}

// volume is one log file, replayed: values stay on disk, and memory holds
// their places.
type volume struct {
	file     File
	head     head
	entries  []place
	records  map[string]slot
	journals map[string][]slot
	garbage  int64 // bytes of the log that a compaction would drop
}

func logName(generation uint64) string { return "log." + strconv.FormatUint(generation, 10) }

func parseLogName(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, "log.")
	if !ok {
		return 0, false
	}
	g, err := strconv.ParseUint(digits, 10, 64)
	return g, err == nil && g > 0 && logName(g) == name
}

// logHeader is magic 8, store id 16, generation 8.
func (s *secret) logHeader(generation uint64) []byte {
	b := append([]byte(logMagic), s.id[:]...)
	return binary.BigEndian.AppendUint64(b, generation)
}

func chainStart(header []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(chainDomain), header...))
}

func chainNext(prior [sha256.Size]byte, prefix, sealed []byte) (next [sha256.Size]byte) {
	h := sha256.New()
	h.Write(prior[:])
	h.Write(prefix)
	h.Write(sealed)
	h.Sum(next[:0])
	return next
}

// entryAD binds an entry to its keystore, its log, its place in it, everything
// before it, and its length.
func (s *secret) entryAD(generation, ordinal uint64, prior [sha256.Size]byte, sealed uint32) []byte {
	b := append([]byte(entryDomain), s.id[:]...)
	b = binary.BigEndian.AppendUint64(b, generation)
	b = binary.BigEndian.AppendUint64(b, ordinal)
	b = append(b, prior[:]...)
	return binary.BigEndian.AppendUint32(b, sealed)
}

// newVolume writes an empty log file of the generation. Nothing refers to it
// until a head does.
func (s *Store) newVolume(generation uint64) (*volume, error) {
	f, err := s.fs.Create(logName(generation))
	if err != nil {
		return nil, err
	}
	header := s.secret.logHeader(generation)
	v := emptyVolume(f, head{generation: generation, length: logHeaderSize, chain: chainStart(header)})
	if _, err := f.WriteAt(header, 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := s.fs.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return v, nil
}

func emptyVolume(f File, h head) *volume {
	return &volume{file: f, head: h, records: map[string]slot{}, journals: map[string][]slot{}}
}

// replay reads a log up to the head's length and verifies every byte of it.
// It holds one entry in memory at a time.
func (s *secret) replay(f File, want head) (*volume, error) {
	damaged := func(format string, args ...any) error {
		return fmt.Errorf("log %d: %s: %w", want.generation, fmt.Sprintf(format, args...), ErrDamaged)
	}
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size < want.length {
		return nil, damaged("%d of %d bytes are left", size, want.length)
	}
	header := make([]byte, logHeaderSize)
	if err := readAt(f, header, 0); err != nil {
		return nil, err
	}
	if !bytes.Equal(header, s.logHeader(want.generation)) {
		return nil, damaged("the header is not this keystore's")
	}
	v := emptyVolume(f, head{generation: want.generation, length: logHeaderSize, chain: chainStart(header)})
	var buf []byte
	defer func() { clear(buf[:cap(buf)]) }()
	for v.head.length < want.length {
		at := place{offset: v.head.length, prior: v.head.chain}
		if want.length-at.offset < entryPrefix {
			return nil, damaged("an entry at byte %d is cut off", at.offset)
		}
		var prefix [entryPrefix]byte
		if err := readAt(f, prefix[:], at.offset); err != nil {
			return nil, err
		}
		at.sealed = binary.BigEndian.Uint32(prefix[:])
		if at.sealed < minPlain+tagSize || at.sealed > maxPlain+tagSize || int64(at.sealed) > want.length-at.offset-entryPrefix {
			return nil, damaged("an entry at byte %d has an impossible length", at.offset)
		}
		if cap(buf) < int(at.sealed) {
			clear(buf[:cap(buf)])
			buf = make([]byte, at.sealed)
		}
		buf = buf[:at.sealed]
		if err := readAt(f, buf, at.offset+entryPrefix); err != nil {
			return nil, err
		}
		next := chainNext(at.prior, prefix[:], buf)
		ad := s.entryAD(want.generation, v.head.entries+1, at.prior, at.sealed)
		plain, err := s.unseal(buf, prefix[4:], ad)
		if err != nil {
			return nil, damaged("the entry at byte %d fails authentication", at.offset)
		}
		ops, err := decodeOps(plain)
		if err != nil {
			return nil, damaged("the entry at byte %d: %v", at.offset, err)
		}
		v.add(at, next, ops)
	}
	if v.head != want {
		return nil, damaged("its entries are not those that the head names")
	}
	return v, nil
}

// add takes an entry that is in the log, and verified, into the index.
func (v *volume) add(at place, chain [sha256.Size]byte, ops []op) {
	at.live = uint16(len(ops))
	v.entries = append(v.entries, at)
	entry := len(v.entries) - 1
	for i, o := range ops {
		value := slot{entry, i, o.size()}
		if o.kind == opAppend {
			v.journals[o.name] = append(v.journals[o.name], value)
			continue
		}
		if old, ok := v.records[o.name]; ok {
			v.drop(old)
		}
		v.records[o.name] = value
	}
	v.head.length = at.offset + entryPrefix + int64(at.sealed)
	v.head.entries++
	v.head.chain = chain
}

func (v *volume) drop(old slot) {
	v.garbage += old.size
	v.entries[old.entry].live--
	if v.entries[old.entry].live == 0 {
		v.garbage += entryCost
	}
}

// appendEntry writes a transaction behind the committed part of the log,
// without syncing it, and returns what add needs.
func (s *secret) appendEntry(v *volume, ops []op) (entry []byte, at place, chain [sha256.Size]byte, err error) {
	at = place{offset: v.head.length, sealed: uint32(opsSize(ops) + tagSize), prior: v.head.chain}
	buf := make([]byte, entryPrefix, entryPrefix+int(at.sealed))
	buf = appendOps(buf, ops)
	binary.BigEndian.PutUint32(buf, at.sealed)
	var nonce [nonceSize]byte
	ad := s.entryAD(v.head.generation, v.head.entries+1, at.prior, at.sealed)
	entry, err = s.seal(buf, entryPrefix, &nonce, ad)
	if err != nil {
		return nil, at, chain, err
	}
	copy(entry[4:], nonce[:])
	chain = chainNext(at.prior, entry[:entryPrefix], entry[entryPrefix:])
	_, err = v.file.WriteAt(entry, at.offset)
	return entry, at, chain, err
}

// write commits a transaction: the log first, synced and compared, then the
// head. Before the head's rename the old state stands, after it the new one.
func (s *Store) write(ops []op) error {
	v := s.volume
	entry, at, chain, err := s.secret.appendEntry(v, ops)
	if err != nil {
		return err
	}
	if err := v.file.Sync(); err != nil {
		return err
	}
	if err := compare(v.file, entry, at.offset); err != nil {
		return err
	}
	next := head{
		generation: v.head.generation,
		length:     at.offset + int64(len(entry)),
		entries:    v.head.entries + 1,
		chain:      chain,
	}
	if err := s.settle(next); err != nil {
		return err
	}
	v.add(at, chain, ops)
	return nil
}

// read decrypts the entry around a value and returns a copy of the value.
func (s *secret) read(v *volume, at slot) ([]byte, error) {
	buf, ops, err := s.readEntry(v, at.entry)
	if err != nil {
		return nil, err
	}
	defer clear(buf)
	return append([]byte{}, ops[at.op].value...), nil
}

func (s *secret) readEntry(v *volume, i int) (buf []byte, ops []op, err error) {
	at := v.entries[i]
	whole := make([]byte, entryPrefix+int(at.sealed))
	if err := readAt(v.file, whole, at.offset); err != nil {
		return nil, nil, err
	}
	ad := s.entryAD(v.head.generation, uint64(i)+1, at.prior, at.sealed)
	plain, err := s.unseal(whole[entryPrefix:], whole[4:entryPrefix], ad)
	if err != nil {
		return nil, nil, fmt.Errorf("the entry at byte %d was altered since it was opened: %w", at.offset, ErrDamaged)
	}
	ops, err = decodeOps(plain)
	if err != nil {
		return nil, nil, fmt.Errorf("the entry at byte %d: %v: %w", at.offset, err, ErrDamaged)
	}
	return whole, ops, nil
}
