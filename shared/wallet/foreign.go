package wallet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// maxDescriptor bounds a descriptor before it is looked at, in bytes.
const maxDescriptor = 400

// Foreign is another wallet, of one key, as its descriptor tells of it: every
// address, and no secret. The zero value is refused.
type Foreign struct {
	form   form
	text   string
	chains [2]node
}

// form is what a descriptor writes around its key, and the script that it means
// (BIP381, BIP382, BIP386).
type form struct {
	before, after string
	script        func(key [33]byte) ([]byte, error)
}

// forms lists what ParseForeign reads. No prefix begins another.
var forms = []form{
	{"tr(", ")", func(key [33]byte) ([]byte, error) {
		output, _, err := OutputKey([32]byte(key[1:]), nil)
		return taprootScript(output), err
	}},
	{"wpkh(", ")", func(key [33]byte) ([]byte, error) {
		return append([]byte{0x00, 0x14}, address.Hash160(key[:])...), nil
	}},
	{"pkh(", ")", func(key [33]byte) ([]byte, error) {
		return slices.Concat([]byte{0x76, 0xa9, 0x14}, address.Hash160(key[:]), []byte{0x88, 0xac}), nil
	}},
	{"sh(wpkh(", "))", func(key [33]byte) ([]byte, error) {
		inner := append([]byte{0x00, 0x14}, address.Hash160(key[:])...)
		return slices.Concat([]byte{0xa9, 0x14}, address.Hash160(inner), []byte{0x87}), nil
	}},
}

// ParseForeign reads a descriptor of one extended public key on net:
// tr(xpub/<0;1>/*), or wpkh, pkh or sh(wpkh) in place of tr (BIP380, BIP389).
// An origin in brackets may precede the key. A checksum may be missing, but one
// that is there must hold. No error repeats what it was given, in case that is
// secret.
func ParseForeign(net Network, s string) (Foreign, error) {
	if !net.Valid() {
		return Foreign{}, fmt.Errorf("wallet: parse descriptor: %v is not a network", net)
	}
	f, err := parseForeign(net, s)
	if err != nil {
		return Foreign{}, fmt.Errorf("wallet: parse descriptor: %w", err)
	}
	return f, nil
}

func parseForeign(net Network, s string) (Foreign, error) {
	if len(s) > maxDescriptor {
		return Foreign{}, fmt.Errorf("%d bytes are more than %d", len(s), maxDescriptor)
	}
	body, sum, given := strings.Cut(s, "#")
	if want := descriptorChecksum(body); given && sum != want {
		return Foreign{}, errors.New("its checksum does not hold, so a character is wrong: copy it again from where it came")
	}
	i := slices.IndexFunc(forms, func(f form) bool { return strings.HasPrefix(body, f.before) })
	if i < 0 {
		return Foreign{}, errors.New("want tr(, wpkh(, pkh( or sh(wpkh( and one extended public key")
	}
	f := Foreign{form: forms[i]}
	inside, ok := strings.CutSuffix(strings.TrimPrefix(body, f.form.before), f.form.after)
	if !ok {
		return Foreign{}, fmt.Errorf("it does not end in %s", f.form.after)
	}
	if strings.HasPrefix(inside, "[") {
		_, key, closed := strings.Cut(inside, "]")
		if !closed {
			return Foreign{}, errors.New("the origin of the key has no closing bracket")
		}
		inside = key
	}
	if len(inside) > 4 && inside[1:4] == "prv" {
		return Foreign{}, errors.New("it holds a private key, which must never be written here: export the public descriptor")
	}
	xpub, ok := strings.CutSuffix(inside, "/<0;1>/*")
	if !ok {
		return Foreign{}, errors.New("want /<0;1>/* after the extended public key: addresses that it receives at, and its change")
	}
	root, err := parseXpub(net, xpub)
	if err != nil {
		return Foreign{}, err
	}
	for chain := range f.chains {
		if f.chains[chain], err = root.child(uint32(chain)); err != nil {
			return Foreign{}, fmt.Errorf("chain %d: %w", chain, err)
		}
	}
	f.text = f.form.before + xpub + "/<0;1>/*" + f.form.after
	f.text += "#" + descriptorChecksum(f.text)
	return f, nil
}

// parseXpub reads an extended public key of net (BIP32, "Serialization format").
func parseXpub(net Network, s string) (node, error) {
	raw := base58.Decode(s)
	if len(raw) != 82 || base58.Encode(raw) != s {
		return node{}, errors.New("the key is no extended public key (xpub on mainnet, tpub on test networks)")
	}
	payload, sum := raw[:78], raw[78:]
	if !bytes.Equal(chainhash.DoubleHashB(payload)[:4], sum) {
		return node{}, errors.New("the checksum of the extended public key does not hold: copy it again from where it came")
	}
	if id := net.Params().HDPublicKeyID; !bytes.Equal(payload[:4], id[:]) {
		return node{}, fmt.Errorf("the extended public key is not of %s (xpub on mainnet, tpub on test networks; the forms with other letters are not read)", net)
	}
	if payload[4] == 0 && !bytes.Equal(payload[5:13], make([]byte, 8)) {
		return node{}, errors.New("the extended public key claims to have no parent, and names one")
	}
	n := node{key: [33]byte(payload[45:]), chainCode: [32]byte(payload[13:45])}
	if _, err := btcec.ParsePubKey(n.key[:]); err != nil {
		return node{}, fmt.Errorf("the extended public key is no point of the curve: %w", err)
	}
	return n, nil
}

// Valid reports whether ParseForeign made f.
func (f Foreign) Valid() bool { return f.text != "" }

// Descriptor returns the one form that a charter holds: without an origin, which
// no address depends on, and with its checksum.
func (f Foreign) Descriptor() string { return f.text }

// Script returns the scriptPubKey at chain (0 or 1) and index (below 2^31).
func (f Foreign) Script(chain, index uint32) ([]byte, error) {
	if !f.Valid() {
		return nil, errors.New("wallet: foreign script: the wallet is the zero value")
	}
	if chain > Change {
		return nil, fmt.Errorf("wallet: foreign script: chain %d is neither 0 (receive) nor 1 (change)", chain)
	}
	leaf, err := f.chains[chain].child(index)
	if err != nil {
		return nil, fmt.Errorf("wallet: foreign script %d/%d: %w", chain, index, err)
	}
	script, err := f.form.script(leaf.key)
	if err != nil {
		return nil, fmt.Errorf("wallet: foreign script %d/%d: %w", chain, index, err)
	}
	return script, nil
}
