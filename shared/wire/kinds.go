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

	KindBallot        Kind = 30 // amendment: a charter that is to follow the one in force
	KindBallotAck     Kind = 31 // amendment: a station acknowledges a ballot
	KindCertificate   Kind = 32 // amendment: a ballot and the acknowledgements that adopt it
	KindVoidRequest   Kind = 33 // amendment: asks for a Void
	KindVoid          Kind = 34 // amendment: a station never did and never will acknowledge a ballot
	KindFreeze        Kind = 35 // stops every station that scans it
	KindChallenge     Kind = 36 // re-listing: a restored station asks for what others remember
	KindWitness       Kind = 37 // re-listing: the answer to a Challenge
	KindBallotRefusal Kind = 38 // amendment: a station refuses a ballot, and why

	KindReviewerInvite  Kind = 40 // reviewing: the wallet that a device is to review for
	KindApprovalRequest Kind = 41 // reviewing: what a person is asked to approve
	KindApproval        Kind = 42 // reviewing: the signed statement
	KindReviewerKey     Kind = 43 // reviewing: a device's key, signed by the key it states
)

// Role is what a party to a wallet is.
type Role uint8

// The roles. The courier key is the coordinator's and carries no authority: it
// lets a station tell the coordinator's messages from a stranger's. What a
// person's device may decide, the charter says.
const (
	RoleStation Role = 1
	RoleCourier Role = 2
	RolePerson  Role = 3 // an offline device that a person approves with
)

// String names the role.
func (r Role) String() string {
	switch r {
	case RoleStation:
		return "station"
	case RoleCourier:
		return "coordinator"
	case RolePerson:
		return "offline device"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// rule is what the envelope layer knows of a kind.
type rule struct {
	name       string
	senders    []Role // the roles that may seal it
	selfSigned bool   // sent before there is a keyring: opened with OpenSelfSigned only
	maxBody    int    // bytes
}

const kib = 1 << 10

// rules is the one table of kinds. A kind that is not in it is refused.
var rules = map[Kind]rule{
	KindIntroduction:       {name: "introduction", senders: []Role{RoleStation}, selfSigned: true, maxBody: 1 * kib},
	KindRoster:             {name: "roster", senders: []Role{RoleCourier}, selfSigned: true, maxBody: 64 * kib},
	KindKeygenInvite:       {name: "key generation invitation", senders: []Role{RoleCourier}, maxBody: 512 * kib},
	KindKeygenMessage1:     {name: "key generation message 1", senders: []Role{RoleStation}, maxBody: 32 * kib},
	KindKeygenAggregate:    {name: "key generation aggregate", senders: []Role{RoleCourier}, maxBody: 64 * kib},
	KindKeygenMessage2:     {name: "key generation message 2", senders: []Role{RoleStation}, maxBody: 4 * kib},
	KindKeygenCertificate:  {name: "key generation certificate", senders: []Role{RoleCourier}, maxBody: 64 * kib},
	KindKeygenConfirmation: {name: "key generation confirmation", senders: []Role{RoleStation}, maxBody: 512 * kib},
	KindSigningRequest:     {name: "signing request", senders: []Role{RoleCourier}, maxBody: 2048 * kib},
	KindSigningResponse:    {name: "signing response", senders: []Role{RoleStation}, maxBody: 1024 * kib},
	KindSigningRefusal:     {name: "signing refusal", senders: []Role{RoleStation}, maxBody: 64 * kib},
	KindNoncePool:          {name: "nonce pool", senders: []Role{RoleStation}, maxBody: 512 * kib},
	KindRecords:            {name: "ledger records", senders: []Role{RoleCourier}, maxBody: 2048 * kib},
	KindBallot:             {name: "ballot", senders: []Role{RoleCourier}, maxBody: 1024 * kib},
	KindBallotAck:          {name: "acknowledgement of a ballot", senders: []Role{RoleStation}, maxBody: 1 * kib},
	KindCertificate:        {name: "certificate of an amendment", senders: []Role{RoleCourier}, maxBody: 1088 * kib},
	KindVoidRequest:        {name: "request to void a ballot", senders: []Role{RoleCourier}, maxBody: 1 * kib},
	KindVoid:               {name: "void of a ballot", senders: []Role{RoleStation}, maxBody: 1 * kib},
	KindFreeze:             {name: "freeze", senders: []Role{RoleStation, RolePerson}, maxBody: 1 * kib},
	KindChallenge:          {name: "challenge of a restored station", senders: []Role{RoleStation}, maxBody: 1 * kib},
	KindWitness:            {name: "witness for a restored station", senders: []Role{RoleStation}, maxBody: 64 * kib},
	KindBallotRefusal:      {name: "refusal of a ballot", senders: []Role{RoleStation}, maxBody: 64 * kib},
	KindReviewerInvite:     {name: "invitation of a reviewer", senders: []Role{RoleCourier}, selfSigned: true, maxBody: 2048 * kib},
	KindApprovalRequest:    {name: "approval request", senders: []Role{RoleCourier}, maxBody: 2048 * kib},
	KindApproval:           {name: "approval", senders: []Role{RolePerson}, maxBody: 16 * kib},
	KindReviewerKey:        {name: "key of a reviewer", senders: []Role{RolePerson}, selfSigned: true, maxBody: 1 * kib},
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
