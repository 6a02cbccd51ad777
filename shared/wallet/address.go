package wallet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/address/v2/bech32"
	"github.com/btcsuite/btcd/btcec/v2"
)

// maxAddress bounds an address before it is looked at: BIP173 allows 90
// characters, base58 addresses have at most 35.
const maxAddress = 90

// Address returns the address at chain and index (BIP350).
func (w Wallet) Address(chain, index uint32) (string, error) {
	script, err := w.Script(chain, index)
	if err != nil {
		return "", err
	}
	return EncodeScript(w.network, script)
}

// EncodeScript returns the address of a scriptPubKey on net. It knows the five
// standard kinds, by their exact bytes: P2PKH, P2SH, P2WPKH, P2WSH and P2TR.
// It errs on every other script (bare keys, multisig, OP_RETURN, P2A, later
// witness versions) and on a P2TR key that is not on the curve, since coins
// paid there could never be spent.
func EncodeScript(net Network, script []byte) (string, error) {
	if !net.Valid() {
		return "", fmt.Errorf("wallet: encode script: %v is not a network", net)
	}
	a, err := scriptAddress(net, script)
	if err != nil {
		return "", fmt.Errorf("wallet: encode script: %w", err)
	}
	return a.EncodeAddress(), nil
}

func scriptAddress(net Network, s []byte) (address.Address, error) {
	params := net.Params()
	switch {
	case len(s) == 25 && bytes.HasPrefix(s, []byte{0x76, 0xa9, 0x14}) && bytes.HasSuffix(s, []byte{0x88, 0xac}):
		return address.NewAddressPubKeyHash(s[3:23], params)
	case len(s) == 23 && bytes.HasPrefix(s, []byte{0xa9, 0x14}) && s[22] == 0x87:
		return address.NewAddressScriptHashFromHash(s[2:22], params)
	case len(s) == 22 && bytes.HasPrefix(s, []byte{0x00, 0x14}):
		return address.NewAddressWitnessPubKeyHash(s[2:], params)
	case len(s) == 34 && bytes.HasPrefix(s, []byte{0x00, 0x20}):
		return address.NewAddressWitnessScriptHash(s[2:], params)
	case len(s) == 34 && bytes.HasPrefix(s, []byte{0x51, 0x20}):
		if _, err := btcec.ParsePubKey(append([]byte{0x02}, s[2:]...)); err != nil {
			return nil, errors.New("taproot key is not on the curve, nobody could spend from it")
		}
		return address.NewAddressTaproot(s[2:], params)
	}
	return nil, fmt.Errorf("script of %d bytes is none of P2PKH, P2SH, P2WPKH, P2WSH, P2TR", len(s))
}

// DecodeAddress returns the scriptPubKey of an address on net. An address of
// another network is refused by name. Base58 addresses look alike on testnet4,
// signet and regtest, bech32 ones on testnet4 and signet: between these the
// address itself says no more.
//
// btcd's decoder is lax (it reads a 20-byte version 1 program as P2WPKH and
// accepts bare public keys), so an address counts only if its script encodes to
// the same address again.
func DecodeAddress(net Network, s string) ([]byte, error) {
	if !net.Valid() {
		return nil, fmt.Errorf("wallet: decode address: %v is not a network", net)
	}
	if len(s) == 0 || len(s) > maxAddress {
		return nil, fmt.Errorf("wallet: decode address: %d characters: want 1 to %d", len(s), maxAddress)
	}
	script, err := decodeOn(net, s)
	if err == nil {
		return script, nil
	}
	for other := Mainnet; other <= Regtest; other++ {
		if _, otherErr := decodeOn(other, s); otherErr == nil {
			return nil, fmt.Errorf("wallet: decode address %q: it belongs to %s, not to %s", s, networksLike(other), net)
		}
	}
	// btcd says which checksum would fit. Whoever put that in would make an
	// address with a wrong character valid, and pay nobody.
	if _, wrong := errors.AsType[bech32.ErrInvalidChecksum](err); wrong {
		err = errors.New("its checksum does not hold, so a character is wrong: copy it again from where it came")
	}
	return nil, fmt.Errorf("wallet: decode address %q: %w", s, err)
}

// networksLike names the networks whose addresses cannot be told from those of
// n: only for error messages.
func networksLike(n Network) string {
	if n == Mainnet {
		return "mainnet"
	}
	return "a test network (" + n.String() + ")"
}

func decodeOn(net Network, s string) ([]byte, error) {
	a, err := address.DecodeAddress(s, net.Params())
	if err != nil {
		return nil, err
	}
	script, err := payTo(a)
	if err != nil {
		return nil, err
	}
	back, err := EncodeScript(net, script)
	if err != nil {
		return nil, err
	}
	// BIP173: a segwit address may be all upper case, as in a QR code.
	if back == s || (strings.ToUpper(back) == s && len(script) != 25 && len(script) != 23) {
		return script, nil
	}
	return nil, fmt.Errorf("not the canonical form of a standard address of %s", net)
}

// payTo returns the script of a decoded address, and nothing for the kinds that
// EncodeScript does not know.
func payTo(a address.Address) ([]byte, error) {
	h := a.ScriptAddress()
	switch a.(type) {
	case *address.AddressPubKeyHash:
		return append(append([]byte{0x76, 0xa9, 0x14}, h...), 0x88, 0xac), nil
	case *address.AddressScriptHash:
		return append(append([]byte{0xa9, 0x14}, h...), 0x87), nil
	case *address.AddressWitnessPubKeyHash:
		return append([]byte{0x00, 0x14}, h...), nil
	case *address.AddressWitnessScriptHash:
		return append([]byte{0x00, 0x20}, h...), nil
	case *address.AddressTaproot:
		return append([]byte{0x51, 0x20}, h...), nil
	}
	return nil, errors.New("not a standard kind of address")
}
