package keystore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	headName    = "head"
	headMagic   = "HGKHEAD\x01" // format version 1
	headPlain   = 8 + 8 + 8 + sha256.Size
	headSize    = len(headMagic) + idSize + nonceSize + headPlain + tagSize // 120 bytes
	asideSuffix = ".new"
)

// head is the commit point: how much of which log counts. Bytes of the log
// beyond length were never acknowledged; every byte before it must verify.
type head struct {
	generation uint64            // names the log file; grows with each compaction, from 1
	length     int64             // bytes of the log that count
	entries    uint64            // transactions in them
	chain      [sha256.Size]byte // hash over all of them
}

func (s *secret) sealHead(h head) ([]byte, error) {
	prefix := append([]byte(headMagic), s.id[:]...)
	plain := make([]byte, 0, headPlain+tagSize)
	plain = binary.BigEndian.AppendUint64(plain, h.generation)
	plain = binary.BigEndian.AppendUint64(plain, uint64(h.length))
	plain = binary.BigEndian.AppendUint64(plain, h.entries)
	plain = append(plain, h.chain[:]...)
	var nonce [nonceSize]byte
	sealed, err := s.seal(plain, 0, &nonce, prefix)
	if err != nil {
		return nil, err
	}
	out := append(prefix, nonce[:]...)
	return append(out, sealed...), nil
}

func (s *secret) openHead(b []byte) (head, error) {
	if len(b) != headSize {
		return head{}, fmt.Errorf("the head file has %d bytes, not %d: %w", len(b), headSize, ErrDamaged)
	}
	if string(b[:len(headMagic)]) != headMagic {
		return head{}, fmt.Errorf("the head file is of another format version: %w", ErrDamaged)
	}
	prefix := b[:len(headMagic)+idSize]
	if string(prefix[len(headMagic):]) != string(s.id[:]) {
		return head{}, fmt.Errorf("the head file belongs to another keystore: %w", ErrDamaged)
	}
	nonce := b[len(prefix) : len(prefix)+nonceSize]
	plain, err := s.unseal(append([]byte(nil), b[len(prefix)+nonceSize:]...), nonce, prefix)
	if err != nil {
		return head{}, fmt.Errorf("the head file fails authentication: %w", ErrDamaged)
	}
	h := head{
		generation: binary.BigEndian.Uint64(plain),
		length:     int64(binary.BigEndian.Uint64(plain[8:])),
		entries:    binary.BigEndian.Uint64(plain[16:]),
	}
	copy(h.chain[:], plain[24:])
	if h.generation == 0 || h.length < logHeaderSize {
		return head{}, fmt.Errorf("the head file names no log: %w", ErrDamaged)
	}
	return h, nil
}

// settle commits: when it returns nil, h is what the next Open finds, also
// after a power loss.
func (s *Store) settle(h head) error {
	sealed, err := s.secret.sealHead(h)
	if err != nil {
		return err
	}
	return s.replace(headName, sealed)
}
