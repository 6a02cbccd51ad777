package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// suite names the cryptography of an envelope: BIP340 over secp256k1, SHA-256.
const suite = 1

// EnvelopeTag is the domain of the digest that seals an envelope.
const EnvelopeTag = "Heliograph/envelope/v1"

const (
	signatureItem = 2 + 64 // bytes of the last element: head and signature
	// maxOverhead is the longest envelope less its body: array head, suite, kind (3),
	// sender and wallet (34 each), head of the body (5), signature.
	maxOverhead = 1 + 1 + 3 + 34 + 34 + 5 + signatureItem
	arrayOfFive = 0x85 // CBOR head of the array of the signed elements
)

// envelope is the CBOR array of WIRE.md.
type envelope struct {
	_         struct{} `cbor:",toarray"`
	Suite     uint8
	Kind      Kind
	Sender    PublicKey
	Wallet    [32]byte
	Body      []byte
	Signature [64]byte
}

// sealedDigest is the digest under the signature of an envelope in canonical
// encoding: over the array of its first five elements. Those are, byte for byte,
// the sealed ones between the first head and the signature.
func sealedDigest(sealed []byte) [32]byte {
	return TaggedHash(EnvelopeTag, []byte{arrayOfFive}, sealed[1:len(sealed)-signatureItem])
}

// Message is a sealed message to show or to send. Kind is a copy of what Bytes
// says, for whoever labels a screen.
type Message struct {
	Kind  Kind
	Bytes []byte
}

// Seal wraps and signs a body. wallet is the wallet id, or before there is a wallet
// the id of the ceremony; it is zero for the self-signed kinds and only for them.
// aux is fresh randomness for the signature. The key's role is the
// receiver's to check. The body is copied.
func Seal(kind Kind, wallet [32]byte, body []byte, key *SigningKey, aux [32]byte) (Message, error) {
	if !key.usable() {
		return Message{}, fmt.Errorf("wire: sealing %s: no signing key, or a wiped one", kind)
	}
	e := envelope{Suite: suite, Kind: kind, Sender: key.Public(), Wallet: wallet, Body: body}
	if err := e.check(); err != nil {
		return Message{}, fmt.Errorf("wire: sealing %s: %w", kind, err)
	}
	sealed, err := Marshal(&e)
	if err != nil {
		return Message{}, fmt.Errorf("wire: sealing %s: %w", kind, err)
	}
	signature := key.Sign(sealedDigest(sealed), aux)
	copy(sealed[len(sealed)-len(signature):], signature[:])
	return Message{Kind: kind, Bytes: sealed}, nil
}

// check holds for what is sealed and for what is opened.
func (e *envelope) check() error {
	if e.Suite != suite {
		return fmt.Errorf("suite %d is not known", e.Suite)
	}
	r, ok := rules[e.Kind]
	if !ok {
		return fmt.Errorf("kind %d is not known", uint16(e.Kind))
	}
	if len(e.Body) > r.maxBody {
		return fmt.Errorf("body of %d bytes is longer than the %d of a %s", len(e.Body), r.maxBody, r.name)
	}
	if r.selfSigned != (e.Wallet == [32]byte{}) {
		return fmt.Errorf("%w: a wallet id must be present, except in the self-signed kinds", ErrWallet)
	}
	return nil
}

// What a receiver may tell apart. Each is what the envelope claims before its
// signature is checked: it explains a refusal and accuses nobody.
var (
	// ErrWallet: the message is for another wallet or ceremony.
	ErrWallet = errors.New("message is for another wallet")
	// ErrSender: the key that claims to have sealed it is not in the keyring.
	ErrSender = errors.New("sender is not a party to this wallet")
	// ErrRole: the sender is a party, but not one that sends this kind.
	ErrRole = errors.New("sender may not send this kind")
)

// parse reads an envelope of canonical form and known kind. The signature is not checked.
func parse(sealed []byte) (*envelope, error) {
	var e envelope
	if err := Unmarshal(sealed, &e, MaxSealed); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return &e, nil
}

// Claim is what an envelope says of itself, unproven.
type Claim struct {
	Kind   Kind
	Wallet [32]byte
	Sender PublicKey
}

// Peek reads the claims of an envelope, to route it or to say what was scanned.
// Nothing may be decided on them: no signature is checked.
func Peek(sealed []byte) (Claim, error) {
	e, err := parse(sealed)
	if err != nil {
		return Claim{}, fmt.Errorf("wire: reading an envelope: %w", err)
	}
	return Claim{Kind: e.Kind, Wallet: e.Wallet, Sender: e.Sender}, nil
}

// Open checks an envelope against a wallet's keyring: canonical form, known kind
// within its limit, the ring's wallet, a sender in the ring whose role may send the kind, and
// the signature over the exact bytes.
func Open(sealed []byte, ring Keyring) (Opened, error) {
	if !ring.Valid() {
		return Opened{}, errors.New("wire: opening an envelope: empty keyring")
	}
	e, err := parse(sealed)
	if err != nil {
		return Opened{}, fmt.Errorf("wire: opening an envelope: %w", err)
	}
	if e.Wallet != ring.wallet {
		return Opened{}, fmt.Errorf("wire: opening a %s: %w", e.Kind, ErrWallet)
	}
	party, ok := ring.parties[e.Sender]
	if !ok {
		return Opened{}, fmt.Errorf("wire: opening a %s from key %s: %w", e.Kind, e.Sender, ErrSender)
	}
	if !slices.Contains(rules[e.Kind].senders, party.Role) {
		return Opened{}, fmt.Errorf("wire: opening a %s from %s: %w", e.Kind, party, ErrRole)
	}
	return open(sealed, e, party)
}

// OpenSelfSigned checks an envelope of enrolment, when there is no keyring: its
// signature proves that the sender holds the key it states, and nothing about who
// that is. People compare fingerprints for that. Only KindIntroduction and
// KindRoster are accepted. The party has the kind's role and is Unnumbered.
func OpenSelfSigned(sealed []byte, kind Kind) (Opened, error) {
	r, ok := rules[kind]
	if !ok || !r.selfSigned {
		return Opened{}, fmt.Errorf("wire: opening a %s without a keyring: only self-signed kinds can be", kind)
	}
	e, err := parse(sealed)
	if err != nil {
		return Opened{}, fmt.Errorf("wire: opening a %s: %w", kind, err)
	}
	if e.Kind != kind {
		return Opened{}, fmt.Errorf("wire: opening a %s: this is a %s", kind, e.Kind)
	}
	return open(sealed, e, Party{Role: r.senders[0], Station: Unnumbered})
}

func open(sealed []byte, e *envelope, party Party) (Opened, error) {
	digest := sealedDigest(sealed)
	if err := Verify(e.Sender, digest, e.Signature); err != nil {
		return Opened{}, fmt.Errorf("wire: opening a %s: %w", e.Kind, err)
	}
	return Opened{
		kind: e.Kind, party: party, sender: e.Sender, wallet: e.Wallet,
		body: e.Body, sealed: bytes.Clone(sealed), digest: digest,
	}, nil
}

// Opened is a message whose sender, wallet and bytes are proven. Only Open and
// OpenSelfSigned make one; the zero value is not Valid.
type Opened struct {
	kind   Kind
	party  Party
	sender PublicKey
	wallet [32]byte
	body   []byte
	sealed []byte
	digest [32]byte
}

// Valid is false for the zero value, which proves nothing.
func (o Opened) Valid() bool { return o.sealed != nil }

// Kind is the kind of the message.
func (o Opened) Kind() Kind { return o.kind }

// Party is who sealed it.
func (o Opened) Party() Party { return o.party }

// Sender is the key that sealed it.
func (o Opened) Sender() PublicKey { return o.sender }

// Wallet is the wallet or ceremony it was sealed for; zero if self-signed.
func (o Opened) Wallet() [32]byte { return o.wallet }

// Body is a copy of the body, whose meaning is still to be checked.
func (o Opened) Body() []byte { return bytes.Clone(o.body) }

// Bytes is a copy of the whole envelope, to keep as evidence.
func (o Opened) Bytes() []byte { return bytes.Clone(o.sealed) }

// Digest identifies the message: the digest under its signature. Two
// signatures by the same key over the same kind, wallet and body give the same digest.
func (o Opened) Digest() [32]byte { return o.digest }
