// Package wallet is the public side of one threshold key: the key, its chain
// code and its network, and from these every address, script and tweak.
//
// It follows BIP32 (public derivation, section "Child key derivation
// functions"), BIP328 (a synthetic extended key for an aggregate key), BIP341
// (taproot output keys), BIP86 (no script path), BIP380 and BIP389
// (descriptors, multipath). A wallet is described by tr(xpub/<0;1>/*): chain 0
// receives, chain 1 is change, and nothing is hardened.
//
// It holds no secret and signs nothing. It does not know which outputs exist
// on a chain, which index was used last, or who may be paid.
package wallet

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"

	"heliograph/shared/wire"
)

// Chains of the descriptor tr(xpub/<0;1>/*).
const (
	Receive uint32 = 0 // addresses that are given to others
	Change  uint32 = 1 // addresses that only the wallet itself pays
)

// MaxIndex is the highest unhardened index, 2^31 - 1 (BIP32).
const MaxIndex uint32 = 1<<31 - 1

// ID names a wallet: a tagged hash of its threshold key, chain code, network
// and first charter.
type ID [32]byte

// String returns the id in hex.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Wallet is one threshold key with its chain code and network. It is a value
// that holds public data only; only New makes one, and the zero Wallet is
// refused everywhere.
type Wallet struct {
	root     node
	network  Network
	charter0 [32]byte
	id       ID

	// chains caches the first derivation step of both chains, so that an
	// address costs one HMAC and two base multiplications.
	chains [2]node
}

// ChainCode returns the chain code of a key made by ChillDKG: the tagged hash
// of the equality check input, the bytes that every participant of the key
// generation saw alike. The certificate takes no part: its bytes are not
// unique.
func ChainCode(eqInput []byte) [32]byte {
	return wire.TaggedHash("Heliograph/chaincode/v1", eqInput)
}

// New returns the wallet of a threshold key.
//
// key is the compressed threshold public key (33 bytes, 02 or 03), chainCode
// its chain code: ChainCode for a key made here, the constant of BIP328 or any
// other for a foreign one. charter0 is the id of the charter that was bound to
// the key when it was made; it enters the id and nothing else. It errs on a key
// that is not a point of the curve, an unknown network and, with probability
// below 2^-126, a key whose chains cannot be derived (BIP32).
func New(key [33]byte, chainCode [32]byte, net Network, charter0 [32]byte) (Wallet, error) {
	if !net.Valid() {
		return Wallet{}, fmt.Errorf("wallet: new wallet: %v is not a network", net)
	}
	if _, err := btcec.ParsePubKey(key[:]); err != nil {
		return Wallet{}, fmt.Errorf("wallet: new wallet: threshold key: %w", err)
	}
	w := Wallet{root: node{key: key, chainCode: chainCode}, network: net, charter0: charter0}
	for chain := range w.chains {
		n, err := w.root.child(uint32(chain))
		if err != nil {
			return Wallet{}, fmt.Errorf("wallet: new wallet: chain %d: %w", chain, err)
		}
		w.chains[chain] = n
	}
	w.id = wire.TaggedHash("Heliograph/wallet/v1", key[:], chainCode[:], []byte{byte(net)}, charter0[:])
	return w, nil
}

// Valid reports whether the wallet was made by New.
func (w Wallet) Valid() bool { return w.network.Valid() }

// ID returns the wallet's id, all zeros for the zero Wallet.
func (w Wallet) ID() ID { return w.id }

// Network returns the network on which the wallet's addresses are valid.
func (w Wallet) Network() Network { return w.network }

// Key returns the compressed threshold public key, 33 bytes.
func (w Wallet) Key() [33]byte { return w.root.key }

// ChainCode returns the chain code, 32 bytes.
func (w Wallet) ChainCode() [32]byte { return w.root.chainCode }

// Charter0 returns the id of the first charter, as given to New.
func (w Wallet) Charter0() [32]byte { return w.charter0 }

// Tweak is one step from the threshold key to an output key, in the form that
// BIP445's ApplyTweak takes: T is a scalar below the group order, big-endian;
// XOnly says that the key is first lifted to its point with even y.
type Tweak struct {
	T     [32]byte
	XOnly bool
}

// Script returns the scriptPubKey at chain and index: OP_1 and the 32-byte
// output key, 34 bytes (BIP341).
func (w Wallet) Script(chain, index uint32) ([]byte, error) {
	s, err := w.Derive(chain, index)
	if err != nil {
		return nil, err
	}
	return s.Script(), nil
}

// Tweaks returns the three tweaks that lead from the threshold key to the
// output key at chain and index: BIP32 for the chain, BIP32 for the index, and
// the BIP341 key-path tweak with no script tree, in the order of application.
func (w Wallet) Tweaks(chain, index uint32) ([]Tweak, error) {
	s, err := w.Derive(chain, index)
	if err != nil {
		return nil, err
	}
	return s.Tweaks(), nil
}

// Spot is one place of the wallet, derived: everything that its address and a
// spend from it need.
type Spot struct {
	Chain, Index uint32
	InternalKey  [32]byte // x-only key before the BIP341 tweak
	OutputKey    [32]byte // x-only key in the script
	tweaks       [3]Tweak
}

// Script returns the scriptPubKey, 34 bytes.
func (s Spot) Script() []byte { return taprootScript(s.OutputKey) }

// Tweaks returns the steps from the threshold key to OutputKey.
func (s Spot) Tweaks() []Tweak {
	t := s.tweaks
	return t[:]
}

// Derive returns the place at chain (0 or 1) and index (below 2^31). It errs
// on the zero Wallet, on another chain, on a hardened index and, with
// probability below 2^-126, on an index that BIP32 or BIP341 calls invalid;
// the next index is then the one to use.
func (w Wallet) Derive(chain, index uint32) (Spot, error) {
	if !w.Valid() {
		return Spot{}, errors.New("wallet: derive: the wallet is the zero value")
	}
	if chain > Change {
		return Spot{}, fmt.Errorf("wallet: derive: chain %d is neither 0 (receive) nor 1 (change)", chain)
	}
	parent := w.chains[chain]
	leaf, err := parent.child(index)
	if err != nil {
		return Spot{}, fmt.Errorf("wallet: derive %d/%d: %w", chain, index, err)
	}
	s := Spot{Chain: chain, Index: index}
	copy(s.InternalKey[:], leaf.key[1:])
	var tap [32]byte
	s.OutputKey, tap, err = OutputKey(s.InternalKey, nil)
	if err != nil {
		return Spot{}, fmt.Errorf("wallet: derive %d/%d: %w", chain, index, err)
	}
	s.tweaks = [3]Tweak{{T: parent.tweak}, {T: leaf.tweak}, {T: tap, XOnly: true}}
	return s, nil
}
