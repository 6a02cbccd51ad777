package charter

import (
	"fmt"

	"heliograph/shared/bip322"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// ProofMessage is the text that a counterparty signs to show that a destination
// is its own. It names both and nothing else, so that a proof stays good when
// the charter changes, and is worth nothing for another name or address.
func ProofMessage(net wallet.Network, counterparty string, script []byte) (string, error) {
	address, err := wallet.EncodeScript(net, script)
	if err != nil {
		return "", fmt.Errorf("charter: proof message: %w", err)
	}
	return fmt.Sprintf(`Heliograph: the address %s on %s belongs to "%s".`, address, net, counterparty), nil
}

// ProofDigest is what a statement signs (BIP340) of a proof message.
func ProofDigest(message string) [32]byte {
	return wire.TaggedHash("Heliograph/destination/v1", []byte(message))
}

// verify checks a proof that a counterparty owns p.Script.
func (p Proof) verify(net wallet.Network, counterparty string) error {
	message, err := ProofMessage(net, counterparty, p.Script)
	if err != nil {
		return err
	}
	switch p.Kind {
	case ProofBIP322:
		if len(p.Key) != 0 {
			return errNoKey
		}
		return bip322.Verify(p.Script, message, p.Signature)
	case ProofStatement:
		key, err := wire.ParsePublicKey(p.Key)
		if err != nil {
			return err
		}
		if len(p.Signature) != 64 {
			return fmt.Errorf("signature of %d bytes: want 64", len(p.Signature))
		}
		return wire.Verify(key, ProofDigest(message), [64]byte(p.Signature))
	}
	return fmt.Errorf("kind %d is none of BIP322 (1), statement (2)", p.Kind)
}
