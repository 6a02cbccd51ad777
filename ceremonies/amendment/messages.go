package amendment

import (
	"errors"
	"fmt"

	"heliograph/shared/charter"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
)

// The bodies of KindBallot, KindBallotAck, KindCertificate, KindVoid and KindFreeze
// are lineage's Ballot, Ack, Certificate, Void and Freeze.

// Refusal is the body of KindBallotRefusal: a station does not acknowledge.
type Refusal struct {
	Ballot [32]byte `cbor:"1,keyasint"` // digest of the ballot's envelope
	Reason []string `cbor:"2,keyasint"` // sentences
}

const (
	maxReasons = 32  // sentences of a refusal
	maxReason  = 400 // bytes of one of them
)

// VoidRequest is the body of KindVoidRequest: it asks a station to sign that it
// never did and never will acknowledge a ballot.
type VoidRequest struct {
	Prior  [32]byte `cbor:"1,keyasint"` // id of the charter that the ballot follows
	Digest [32]byte `cbor:"2,keyasint"` // of the ballot
}

// Challenge is the body of KindChallenge, of a station that an amendment listed
// anew. Nonce is fresh, so that no answer to it can be an old one.
type Challenge struct {
	Nonce   [32]byte `cbor:"1,keyasint"`
	Charter [32]byte `cbor:"2,keyasint"` // id of the newest charter that it has
}

// Witness is the body of KindWitness: what a station knows of all others' releases,
// and the freezes that it obeys: a restored station remembers neither.
type Witness struct {
	Nonce   [32]byte    `cbor:"1,keyasint"` // of the challenge
	Charter [32]byte    `cbor:"2,keyasint"` // id of the newest charter that it has
	Head    ledger.Head `cbor:"3,keyasint"` // its own, signed
	Known   []Chain     `cbor:"4,keyasint"` // how far it knows the others
	Freezes [][]byte    `cbor:"5,keyasint"` // sealed codes of the freezes that it obeys
}

// Chain is how far an instance's records are known.
type Chain struct {
	_        struct{} `cbor:",toarray"`
	Instance wire.PublicKey
	Seq      uint64   // records, 0 for none
	Last     [32]byte // hash of record Seq, zero if Seq is 0
}

// maxRecalled bounds the freezes that a witness hands on: as many as one charter
// lifts.
const maxRecalled = charter.MaxLifted

// maxChains bounds the chains that a witness states: stations and retired ones.
const maxChains = ledger.MaxStations + ledger.MaxRetired

func decodeWitness(b []byte) (Witness, error) {
	var w Witness
	if err := wire.Unmarshal(b, &w, wire.KindWitness.MaxBody()); err != nil {
		return Witness{}, err
	}
	if len(w.Known) > maxChains {
		return Witness{}, fmt.Errorf("%d chains: at most %d", len(w.Known), maxChains)
	}
	if len(w.Freezes) > maxRecalled {
		return Witness{}, fmt.Errorf("%d freezes: at most %d", len(w.Freezes), maxRecalled)
	}
	for _, c := range w.Known {
		if (c.Seq == 0) != (c.Last == [32]byte{}) {
			return Witness{}, errors.New("a sequence number and a last record do not fit")
		}
	}
	return w, nil
}

// recordsBody is the body of KindRecords, which the signing desk makes.
type recordsBody struct {
	Records [][]byte `cbor:"1,keyasint"` // ledger records in their outer form
}

func decodeRecords(b []byte) ([]ledger.Record, error) {
	var body recordsBody
	if err := wire.Unmarshal(b, &body, wire.KindRecords.MaxBody()); err != nil {
		return nil, err
	}
	out := make([]ledger.Record, 0, len(body.Records))
	for _, one := range body.Records {
		r, err := ledger.DecodeRecord(one)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
