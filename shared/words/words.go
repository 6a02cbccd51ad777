// Package words turns 32-byte values into words that people compare aloud or
// write on paper, in the English list of BIP39.
//
// Three uses, three lengths. A fingerprint is 12 words without a checksum: the
// first 132 bits of a hash, so that an adversary who chooses both of the hashes
// that are compared must find a collision of 132 bits. A backup is 24 words: 256 bits
// of a secret with the checksum of BIP39 ("Generating the mnemonic"). Short is four
// words, for the convenience of people and never a check.
//
// It derives nothing from words: there is no passphrase and no seed in the sense of
// BIP39, and a backup made here is the key itself.
package words

import (
	_ "embed"
	"strings"
	"sync"
)

// english is bip-0039/english.txt: 2,048 words in ascending order, one a line.
//
//go:embed english.txt
var english string

// list is the word list by index.
var list = sync.OnceValue(func() []string {
	words := strings.Fields(english)
	if len(words) != listLength {
		panic("words: internal error: the list is not whole")
	}
	return words
})

const (
	listLength  = 2048
	bitsPerWord = 11

	// FingerprintWords is the number of words of a fingerprint: 132 bits.
	FingerprintWords = 12
	// BackupWords is the number of words of a backup: 256 bits and 8 of checksum.
	BackupWords = 24
	// shortWords is 44 bits.
	shortWords = 4
)

// Fingerprint is the first 132 bits of h as 12 words. Where trust hangs on it,
// people compare all of them. h must be a hash of everything that is compared.
func Fingerprint(h [32]byte) [FingerprintWords]string {
	var words [FingerprintWords]string
	for i := range words {
		words[i] = list()[indexAt(h[:], i)]
	}
	return words
}

// Short is the first four words of the fingerprint, with spaces between. They tell
// two things on a desk apart; 44 bits stop no adversary.
func Short(h [32]byte) string {
	words := Fingerprint(h)
	return strings.Join(words[:shortWords], " ")
}

// indexAt is the i-th group of 11 bits of b, most significant bit first.
func indexAt(b []byte, i int) int {
	index := 0
	for bit := i * bitsPerWord; bit < (i+1)*bitsPerWord; bit++ {
		index = index<<1 | int(b[bit/8]>>(7-bit%8)&1)
	}
	return index
}
