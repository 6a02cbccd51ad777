package keystore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keyName     = "key"
	keyMagic    = "HGKKEY\x00\x01" // format version 1
	maxKeyFile  = 1024             // bytes; a key file has about 250
	keyPlain    = len(keyMagic) + idSize + dataKeySize
	idSize      = 16
	dataKeySize = chacha20poly1305.KeySize
	nonceSize   = chacha20poly1305.NonceSizeX
	tagSize     = chacha20poly1305.Overhead

	defaultWorkFactor = 18 // 256 MiB
	maxWorkFactor     = 20 // 1 GiB: the most that a hostile key file can cost
)

// secret is what the passphrase protects. The store id is not secret; it keeps
// files of two keystores from being mixed.
type secret struct {
	_   [0]func() // not comparable
	id  [idSize]byte
	key [dataKeySize]byte
}

func (secret) String() string   { return "keystore.secret(redacted)" }
func (secret) GoString() string { return "keystore.secret(redacted)" }

func (s *secret) wipe() { clear(s.key[:]) }

func (s *secret) generate(random io.Reader) error {
	if _, err := io.ReadFull(random, s.id[:]); err != nil {
		return fmt.Errorf("draw a store id: %w", err)
	}
	if _, err := io.ReadFull(random, s.key[:]); err != nil {
		return fmt.Errorf("draw a data key: %w", err)
	}
	if s.key == [dataKeySize]byte{} {
		return errors.New("draw a data key: the random source gives zeros")
	}
	return nil
}

// wrap encrypts the secret to the passphrase as an age file with one scrypt
// recipient.
func (s *secret) wrap(passphrase []byte, logN int) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, errors.New("the passphrase is empty")
	}
	if logN < 1 || logN > maxWorkFactor {
		return nil, fmt.Errorf("work factor %d is outside 1 to %d", logN, maxWorkFactor)
	}
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(logN)
	plain := make([]byte, 0, keyPlain)
	plain = append(plain, keyMagic...)
	plain = append(plain, s.id[:]...)
	plain = append(plain, s.key[:]...)
	defer clear(plain)
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipient)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// unwrap is the inverse of wrap. A file that demands more than 2^maxLogN of
// scrypt is refused before any work. An altered scrypt stanza cannot be told
// from a wrong passphrase.
func (s *secret) unwrap(file, passphrase []byte, maxLogN int) error {
	if len(passphrase) == 0 {
		return ErrPassphrase
	}
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return err
	}
	identity.SetMaxWorkFactor(maxLogN)
	r, err := age.Decrypt(bytes.NewReader(file), identity)
	var mismatch *age.NoIdentityMatchError
	if errors.As(err, &mismatch) && len(mismatch.StanzaTypes) == 1 && mismatch.StanzaTypes[0] == "scrypt" {
		return ErrPassphrase
	}
	if err != nil {
		return fmt.Errorf("the key file cannot be read (%v): %w", err, ErrDamaged)
	}
	plain := make([]byte, keyPlain+1)
	defer clear(plain)
	n, err := io.ReadFull(r, plain)
	if !errors.Is(err, io.ErrUnexpectedEOF) || n != keyPlain {
		return fmt.Errorf("the key file's content has the wrong length or fails authentication: %w", ErrDamaged)
	}
	if string(plain[:len(keyMagic)]) != keyMagic {
		return fmt.Errorf("the key file is of another format version: %w", ErrDamaged)
	}
	copy(s.id[:], plain[len(keyMagic):])
	copy(s.key[:], plain[len(keyMagic)+idSize:])
	return nil
}

// seal encrypts buf[start:] in place and appends the tag. The nonce, drawn
// anew for each call, is returned in nonce. It is 24 random bytes and not a
// counter, because a write that was cut off, or a copied folder, would make a
// counter serve twice.
func (s *secret) seal(buf []byte, start int, nonce *[nonceSize]byte, ad []byte) ([]byte, error) {
	if _, err := io.ReadFull(rand.Reader, nonce[:]); err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil {
		return nil, err
	}
	sealed := aead.Seal(buf[start:start], nonce[:], buf[start:], ad)
	return append(buf[:start], sealed...), nil
}

// unseal decrypts in place and returns the plaintext.
func (s *secret) unseal(sealed, nonce, ad []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil {
		return nil, err
	}
	return aead.Open(sealed[:0], nonce, sealed, ad)
}
