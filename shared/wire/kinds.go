package wire

import "fmt"

// Kind says what the body of an envelope is. A kind's number and the format of
// its body never change: a new version is a new kind. WIRE.md has the table.
type Kind uint16

// The kinds of messages, by ceremony.
const (
	KindIntroduction Kind = 1 // enrolment: a station's keys, signed by the instance key it states
	KindRoster       Kind = 2 // enrolment: all introductions, signed by the courier key it states

	KindKeygenInvite       Kind = 10
	KindKeygenMessage1     Kind = 11
	KindKeygenAggregate    Kind = 12
	KindKeygenMessage2     Kind = 13
	KindKeygenCertificate  Kind = 14
	KindKeygenConfirmation Kind = 15

	KindSigningRequest  Kind = 20
	KindSigningResponse Kind = 21
	KindSigningRefusal  Kind = 22
	KindNoncePool       Kind = 23
	KindRecords         Kind = 24 // ledger records, before a request that has no room for them
)

// Role is what a party to a wallet is.
type Role uint8

// The roles. The courier key is the coordinator's and carries no authority: it
// lets a station tell the coordinator's messages from a stranger's.
const (
	RoleStation Role = 1
	RoleCourier Role = 2
)

// String names the role.
func (r Role) String() string {
	switch r {
	case RoleStation:
		return "station"
	case RoleCourier:
		return "coordinator"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// rule is what the envelope layer knows of a kind.
type rule struct {
	name       string
	sender     Role // the only role that may seal it
	selfSigned bool // sent before there is a keyring: opened with OpenSelfSigned only
	maxBody    int  // bytes
}

const kib = 1 << 10

// rules is the one table of kinds. A kind that is not in it is refused.
var rules = map[Kind]rule{
	KindIntroduction:       {name: "introduction", sender: RoleStation, selfSigned: true, maxBody: 1 * kib},
	KindRoster:             {name: "roster", sender: RoleCourier, selfSigned: true, maxBody: 64 * kib},
	KindKeygenInvite:       {name: "key generation invitation", sender: RoleCourier, maxBody: 512 * kib},
	KindKeygenMessage1:     {name: "key generation message 1", sender: RoleStation, maxBody: 32 * kib},
	KindKeygenAggregate:    {name: "key generation aggregate", sender: RoleCourier, maxBody: 64 * kib},
	KindKeygenMessage2:     {name: "key generation message 2", sender: RoleStation, maxBody: 4 * kib},
	KindKeygenCertificate:  {name: "key generation certificate", sender: RoleCourier, maxBody: 64 * kib},
	KindKeygenConfirmation: {name: "key generation confirmation", sender: RoleStation, maxBody: 512 * kib},
	KindSigningRequest:     {name: "signing request", sender: RoleCourier, maxBody: 2048 * kib},
	KindSigningResponse:    {name: "signing response", sender: RoleStation, maxBody: 1024 * kib},
	KindSigningRefusal:     {name: "signing refusal", sender: RoleStation, maxBody: 64 * kib},
	KindNoncePool:          {name: "nonce pool", sender: RoleStation, maxBody: 512 * kib},
	KindRecords:            {name: "ledger records", sender: RoleCourier, maxBody: 2048 * kib},
}

// MaxSealed is the length in bytes of the longest envelope of any kind.
const MaxSealed = 2048*kib + maxOverhead

// String names the kind.
func (k Kind) String() string {
	if r, ok := rules[k]; ok {
		return r.name
	}
	return fmt.Sprintf("unknown kind %d", uint16(k))
}

// MaxBody is the length in bytes of the longest body of this kind; 0 for a kind
// that is not known.
func (k Kind) MaxBody() int { return rules[k].maxBody }
