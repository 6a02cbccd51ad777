package wallet

import (
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// Xpub returns the synthetic extended public key (BIP328): depth 0, parent
// fingerprint 0, child number 0, with the version bytes of the network (xpub,
// or tpub on all test networks). It is empty for the zero Wallet.
func (w Wallet) Xpub() string {
	if !w.Valid() {
		return ""
	}
	id := w.network.Params().HDPublicKeyID
	raw := make([]byte, 0, 82)
	raw = append(raw, id[:]...)
	raw = append(raw, 0)          // depth
	raw = append(raw, 0, 0, 0, 0) // parent fingerprint
	raw = append(raw, 0, 0, 0, 0) // child number
	raw = append(raw, w.root.chainCode[:]...)
	raw = append(raw, w.root.key[:]...)
	sum := chainhash.DoubleHashB(raw)
	return base58.Encode(append(raw, sum[:4]...))
}

// Fingerprint returns the first four bytes of the HASH160 of the threshold key:
// what PSBT and key origins call the wallet's master fingerprint (BIP32).
func (w Wallet) Fingerprint() [4]byte {
	if !w.Valid() {
		return [4]byte{}
	}
	return [4]byte(address.Hash160(w.root.key[:]))
}

// Descriptor returns tr(xpub/<0;1>/*) with its checksum (BIP380, BIP386,
// BIP389). It is empty for the zero Wallet.
func (w Wallet) Descriptor() string { return w.descriptor("/<0;1>/*") }

// Descriptors returns the same wallet as two descriptors, receive then change,
// for programs that do not read the multipath form (Bitcoin Core before 29).
func (w Wallet) Descriptors() [2]string {
	return [2]string{w.descriptor("/0/*"), w.descriptor("/1/*")}
}

func (w Wallet) descriptor(path string) string {
	if !w.Valid() {
		return ""
	}
	d := "tr(" + w.Xpub() + path + ")"
	return d + "#" + descriptorChecksum(d)
}

// Character sets of the descriptor checksum (BIP380, section "Checksum").
const (
	descriptorInput = "0123456789()[],'/*abcdefgh@:$%{}" +
		"IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~" +
		"ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
	descriptorOutput = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
)

// descriptorChecksum returns the 8 characters of BIP380 for a descriptor
// without checksum, or "" if a character is outside the input set.
func descriptorChecksum(d string) string {
	c := uint64(1)
	class, count := uint64(0), 0
	for i := 0; i < len(d); i++ {
		pos := strings.IndexByte(descriptorInput, d[i])
		if pos < 0 {
			return ""
		}
		c = descriptorPolymod(c, uint64(pos&31))
		class = class*3 + uint64(pos>>5)
		if count++; count == 3 {
			c = descriptorPolymod(c, class)
			class, count = 0, 0
		}
	}
	if count > 0 {
		c = descriptorPolymod(c, class)
	}
	for range 8 {
		c = descriptorPolymod(c, 0)
	}
	c ^= 1
	var out [8]byte
	for i := range out {
		out[i] = descriptorOutput[(c>>(5*(7-i)))&31]
	}
	return string(out[:])
}

// descriptorPolymod is the step of the BIP380 code over GF(32).
func descriptorPolymod(c, value uint64) uint64 {
	top := c >> 35
	c = (c&0x7ffffffff)<<5 ^ value
	for i, g := range [5]uint64{0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd} {
		if top>>i&1 == 1 {
			c ^= g
		}
	}
	return c
}
