// Package spv checks that transactions were confirmed, from block headers and
// Merkle branches alone (Bitcoin white paper, section 8).
//
// A header counts if its hash meets its own target and that target is at least
// as hard as the one demanded. So to make a false proof of k confirmations costs
// k blocks of that work, and nothing less. The package does not know which chain
// is the heaviest, what the difficulty of a block should be, or whether a block
// is valid; and it takes a Merkle branch for what it says, though a miner who
// spends about 2^70 hashes can craft a 64-byte transaction that reads as an inner
// node (CVE-2017-12842).
package spv

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// Limits of one chain and one proof.
const (
	HeaderSize = 80   // bytes
	MaxHeaders = 2016 // two weeks of blocks
	MaxDepth   = 20   // steps of a Merkle branch: no block holds 2^20 transactions
)

// Proof says that a transaction is in a block.
type Proof struct {
	TxID     [32]byte `cbor:"1,keyasint"` // in the order of the wire
	Header   uint32   `cbor:"2,keyasint"` // place of the block's header
	Position uint32   `cbor:"3,keyasint"` // of the transaction in the block
	Branch   []byte   `cbor:"4,keyasint"` // sibling hashes from the leaf up, 32 bytes each
}

// Chain is a number of verified headers: runs in which each names the one before.
// The zero value is empty.
type Chain struct {
	roots [][32]byte
	after []int64 // headers from this one to the end of its run, itself included
}

// Verify checks headers, HeaderSize bytes each. A header that does not name the
// one before begins a run of its own. work is the compact form (nBits) of the
// easiest target that counts.
func Verify(headers []byte, work uint32) (Chain, error) {
	n := len(headers) / HeaderSize
	if len(headers)%HeaderSize != 0 || n > MaxHeaders {
		return Chain{}, fmt.Errorf("spv: verify: %d bytes of headers: want a multiple of %d, at most %d headers", len(headers), HeaderSize, MaxHeaders)
	}
	easiest, err := target(work)
	if err != nil {
		return Chain{}, fmt.Errorf("spv: verify: the work demanded: %w", err)
	}
	c := Chain{roots: make([][32]byte, n), after: make([]int64, n)}
	seen := make(map[[32]byte]bool, n)
	begins := make([]bool, n)
	var last [32]byte
	for i := range n {
		header := headers[i*HeaderSize : (i+1)*HeaderSize]
		own, err := target(binary.LittleEndian.Uint32(header[72:76]))
		if err != nil {
			return Chain{}, fmt.Errorf("spv: verify: header %d: %w", i, err)
		}
		hash := doubleSHA256(header)
		if own.Cmp(easiest) > 0 {
			return Chain{}, fmt.Errorf("spv: verify: header %d shows less work than is demanded", i)
		}
		if number(hash).Cmp(own) > 0 {
			return Chain{}, fmt.Errorf("spv: verify: header %d does not meet its own target", i)
		}
		if seen[hash] {
			return Chain{}, fmt.Errorf("spv: verify: header %d is given twice", i)
		}
		seen[hash] = true
		begins[i] = i == 0 || [32]byte(header[4:36]) != last
		c.roots[i], last = [32]byte(header[36:68]), hash
	}
	run := int64(0)
	for i := n - 1; i >= 0; i-- {
		run++
		c.after[i] = run
		if begins[i] {
			run = 0
		}
	}
	return c, nil
}

// Confirmations returns how many blocks of the chain confirm the transaction: that
// which holds it, and those after it.
func (c Chain) Confirmations(p Proof) (int64, error) {
	if int64(p.Header) >= int64(len(c.roots)) {
		return 0, fmt.Errorf("spv: confirmations: header %d of %d", p.Header, len(c.roots))
	}
	depth := len(p.Branch) / 32
	if len(p.Branch)%32 != 0 || depth > MaxDepth || uint64(p.Position)>>depth != 0 {
		return 0, errors.New("spv: confirmations: the branch does not fit the position")
	}
	hash := p.TxID
	for i := range depth {
		sibling := p.Branch[32*i : 32*(i+1)]
		if p.Position>>i&1 == 1 {
			hash = doubleSHA256(sibling, hash[:])
			continue
		}
		hash = doubleSHA256(hash[:], sibling)
	}
	if hash != c.roots[p.Header] {
		return 0, fmt.Errorf("spv: confirmations: the branch does not lead to the root of header %d", p.Header)
	}
	return c.after[p.Header], nil
}

// target expands the compact form of a target.
func target(compact uint32) (*big.Int, error) {
	exponent, mantissa := compact>>24, compact&0x7fffff
	if compact&0x800000 != 0 || mantissa == 0 {
		return nil, fmt.Errorf("target %08x is not above zero", compact)
	}
	t := big.NewInt(int64(mantissa))
	if exponent <= 3 {
		t.Rsh(t, uint(8*(3-exponent)))
	} else if exponent <= 34 {
		t.Lsh(t, uint(8*(exponent-3)))
	}
	if t.Sign() == 0 || t.BitLen() > 256 || exponent > 34 {
		return nil, fmt.Errorf("target %08x is not between 1 and 2^256 - 1", compact)
	}
	return t, nil
}

// number reads a hash as the number that a target is compared with.
func number(hash [32]byte) *big.Int {
	slices.Reverse(hash[:])
	return new(big.Int).SetBytes(hash[:])
}

func doubleSHA256(parts ...[]byte) [32]byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	first := h.Sum(nil)
	return sha256.Sum256(first)
}
