package words

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Backup writes a secret of 256 bits as the 24 words of BIP39: the secret, then the
// first byte of its SHA-256. The words are as secret as the secret, and Go cannot
// wipe them: show them, and let go of them.
func Backup(secret [32]byte) [BackupWords]string {
	bits := withChecksum(secret)
	defer clear(bits[:])
	var words [BackupWords]string
	for i := range words {
		words[i] = list()[indexAt(bits[:], i)]
	}
	return words
}

func withChecksum(secret [32]byte) [33]byte {
	var bits [33]byte
	copy(bits[:], secret[:])
	sum := sha256.Sum256(secret[:])
	bits[32] = sum[0]
	return bits
}

// ParseBackup reads the 24 words of a backup. Capitals and spaces around a word do
// not matter; everything else must be exact.
//
// Its errors name every position at fault, counted from 1, and what is wrong
// there. They never contain a word, in whole or in part, nor a word of the list
// that would be right: what is typed here is a secret, and errors end up in logs.
func ParseBackup(words []string) ([32]byte, error) {
	if len(words) != BackupWords {
		return [32]byte{}, fmt.Errorf("words: reading a backup: %d words instead of %d", len(words), BackupWords)
	}
	var bits [33]byte
	defer clear(bits[:])
	var faults []string
	for i, word := range words {
		index, fault := lookUp(word)
		if fault != "" {
			faults = append(faults, "word "+strconv.Itoa(i+1)+" "+fault)
			continue
		}
		setIndexAt(bits[:], i, index)
	}
	if len(faults) > 0 {
		return [32]byte{}, fmt.Errorf("words: reading a backup: %s", strings.Join(faults, "; "))
	}
	secret := [32]byte(bits[:32])
	if withChecksum(secret) != bits {
		return [32]byte{}, fmt.Errorf("words: reading a backup: every word is in the list, but the checksum is wrong: "+
			"a word was taken for another, or two of the %d changed places", BackupWords)
	}
	return secret, nil
}

// setIndexAt is the inverse of indexAt, over zero bits.
func setIndexAt(b []byte, i, index int) {
	for k := range bitsPerWord {
		bit := i*bitsPerWord + k
		b[bit/8] |= byte(index>>(bitsPerWord-1-k)&1) << (7 - bit%8)
	}
}

// The list has words of 3 to 8 letters, and the first four letters of a word
// belong to no other.
const (
	longestWord  = 8
	uniquePrefix = 4
)

// lookUp finds a word's index in the list, or says what is wrong with it without
// repeating a letter of it.
func lookUp(word string) (index int, fault string) {
	// Room for spaces and for mistakes, but no work on text of any length.
	if len(word) > 8*longestWord {
		return 0, "is too long to be a word of the list"
	}
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" {
		return 0, "is empty"
	}
	for i := range len(word) {
		if word[i] < 'a' || word[i] > 'z' {
			return 0, "has something in it that is not a letter from a to z"
		}
	}
	index, found := slices.BinarySearch(list(), word)
	if found {
		return index, ""
	}
	if len(word) >= uniquePrefix && index < listLength && strings.HasPrefix(list()[index], word) {
		return 0, "is the beginning of a word of the list: write all of it"
	}
	switch near := countNear(word); near {
	case 0:
		return 0, "is not in the list, nor is one like it"
	case 1:
		return 0, "is not in the list, but close to one word that is"
	default:
		return 0, fmt.Sprintf("is not in the list, but close to %d words that are", near)
	}
}

// countNear is the number of list words that differ from word by one letter more,
// less or changed, or by two neighbours swapped.
func countNear(word string) int {
	near := 0
	for _, candidate := range list() {
		if oneSlip(word, candidate) {
			near++
		}
	}
	return near
}

// oneSlip reports whether a and b, which differ, are one slip of the pen apart.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
