package reviewing

import (
	"errors"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/policy/lineage"
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// Key is the body of KindReviewerKey: who a device says it is. The envelope's
// sender is the approval key.
type Key struct {
	Name    string         `cbor:"1,keyasint"`
	Network wallet.Network `cbor:"2,keyasint"`
}

// Candidate is a device's key whose signature is right. Whose it is, people find
// out: they compare the words with the device's own screen.
type Candidate struct {
	Name    string
	Network wallet.Network
	Key     wire.PublicKey
	Words   [words.FingerprintWords]string
}

// OpenKey reads a sealed device's key.
func OpenKey(sealed []byte) (Candidate, error) {
	opened, err := wire.OpenSelfSigned(sealed, wire.KindReviewerKey)
	if err != nil {
		return Candidate{}, fmt.Errorf("reviewing: key: %w", err)
	}
	var k Key
	if err := wire.Unmarshal(opened.Body(), &k, wire.KindReviewerKey.MaxBody()); err != nil {
		return Candidate{}, fmt.Errorf("reviewing: key: %w", err)
	}
	if err := (Setup{Name: k.Name, Network: k.Network}).check(); err != nil {
		return Candidate{}, err
	}
	key := opened.Sender()
	return Candidate{Name: k.Name, Network: k.Network, Key: key, Words: ceremonies.KeyWords(key[:])}, nil
}

// Invite is the body of KindReviewerInvite: all of a wallet that a device needs
// to follow its charters. It proves nothing by itself, since the coordinator
// made it; the person compares the wallet's and the charter's words with a
// station.
type Invite struct {
	Key          [33]byte `cbor:"1,keyasint"` // threshold key, compressed
	ChainCode    [32]byte `cbor:"2,keyasint"`
	Charter      []byte   `cbor:"3,keyasint"` // of epoch 0
	Certificates [][]byte `cbor:"4,keyasint"` // of the epochs 1, 2, ...; as many as have room
}

// openInvite reads a sealed invitation and follows the line of charters in it.
// The coordinator of one of them must have sealed it.
func openInvite(sealed []byte) (lineage.Line, error) {
	opened, err := wire.OpenSelfSigned(sealed, wire.KindReviewerInvite)
	if err != nil {
		return lineage.Line{}, err
	}
	var in Invite
	if err := wire.Unmarshal(opened.Body(), &in, wire.KindReviewerInvite.MaxBody()); err != nil {
		return lineage.Line{}, err
	}
	c, err := charter.Decode(in.Charter)
	if err != nil {
		return lineage.Line{}, err
	}
	w, err := wallet.New(in.Key, in.ChainCode, c.Document().Network, c.ID())
	if err != nil {
		return lineage.Line{}, err
	}
	line, err := lineage.Begin(c, w)
	if err != nil {
		return lineage.Line{}, err
	}
	for _, certificate := range in.Certificates {
		if line, err = line.Adopt(certificate); err != nil {
			return lineage.Line{}, err
		}
	}
	for _, e := range line.Epochs() {
		if e.Charter.Document().Courier == opened.Sender() {
			return line, nil
		}
	}
	return lineage.Line{}, errors.New("it is sealed by a key that no charter in it lists as the coordinator's")
}

// Subject is what a request is about.
type Subject uint8

// The subjects of requests.
const (
	Batch     Subject = 1 // Facts is a canonical batch.Request
	Ballot    Subject = 2 // Facts is a canonical lineage.Ballot, with the statements so far
	NotFrozen Subject = 3 // Facts is empty: whether anything is frozen
)

// Request is the body of KindApprovalRequest.
type Request struct {
	Person   string  `cbor:"1,keyasint"` // whom it asks, as the charter lists them
	Subject  Subject `cbor:"2,keyasint"`
	Facts    []byte  `cbor:"3,keyasint"`
	Evidence []byte  `cbor:"4,keyasint"` // Batch: canonical policy.Evidence so far; else empty
	Expiry   int64   `cbor:"5,keyasint"` // unix seconds: the statement is to hold before this
	Draft    bool    `cbor:"6,keyasint"` // Batch, Ballot: sign that this is what the person asked for, in place of approving it
}

// MaxHold is how long a statement may hold, in seconds, from when it is made.
const MaxHold = 31 * 24 * 3600

// Answer is the body of KindApproval.
type Answer struct {
	Request   [32]byte `cbor:"1,keyasint"` // digest of the request's envelope
	Statement []byte   `cbor:"2,keyasint"` // canonical approval.Signed; empty: refused without one
	Reason    string   `cbor:"3,keyasint"` // of a refusal or veto, at most 400 bytes; else empty
}

const maxReason = 400 // bytes
