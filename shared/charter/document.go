package charter

import (
	"heliograph/shared/wallet"
	"heliograph/shared/wire"
)

// Version is the version of the document's format.
const Version = 1

// Limits of a document. They bound memory and review: nobody reads a charter of
// a thousand rules.
const (
	MaxSize           = 256 << 10 // bytes of an encoded charter
	MaxStations       = 32
	MaxCounterparties = 1000
	MaxDestinations   = 4000 // scripts of all counterparties together
	MaxProofs         = 1000 // of all counterparties together
	MaxDescriptors    = 4    // each costs a station up to Reach derivations on two chains
	MaxGroups         = 16   // of one counterparty
	MaxRules          = 200
	MaxPeople         = 200
	MaxCredentials    = 8 // of one person
	MaxRoles          = 8 // of one person
	MaxZones          = 16
	MaxPrices         = 16
	MaxRetired        = 64
	MaxLifted         = 64
	MaxName           = 64                  // bytes of any name
	MaxMoney          = 21_000_000_00000000 // sat, every coin there can be
	FeeRateLimit      = 1_000_000           // sat/vB
	MaxPercent        = 10_000              // basis points, 100 %
	MaxPeriod         = 366 * 24 * 3600     // seconds of a window or lifetime
	MaxGap            = 10_000              // change indices
	MaxClockTolerance = 24 * 3600           // seconds
	MaxRenewal        = 10 * MaxPeriod      // seconds
	MaxVersions       = 16                  // of the station program
)

// Document is the content of a charter. New sorts what has no order
// (counterparties, destinations, rules, names in a rule); stations keep theirs,
// for it numbers them.
type Document struct {
	Version        uint8          `cbor:"1,keyasint"`
	Name           string         `cbor:"2,keyasint"` // of the wallet, for people
	Network        wallet.Network `cbor:"3,keyasint"`
	Epoch          uint32         `cbor:"4,keyasint"` // 0 for the first charter
	Prior          [32]byte       `cbor:"5,keyasint"` // id of the charter before, zero at epoch 0
	Threshold      uint8          `cbor:"6,keyasint"` // stations that sign together, more than half
	Stations       []Station      `cbor:"7,keyasint"`
	Courier        wire.PublicKey `cbor:"8,keyasint"` // the coordinator's key, without authority
	Counterparties []Counterparty `cbor:"9,keyasint"`
	Rules          []Rule         `cbor:"10,keyasint"`
	Gap            uint32         `cbor:"11,keyasint"` // change indices beyond the highest used
	ClockTolerance uint32         `cbor:"12,keyasint"` // seconds between a stated time and a station's clock
	People         []Person       `cbor:"13,keyasint"`
	Web            Web            `cbor:"14,keyasint"`
	Governance     Governance     `cbor:"15,keyasint"`
	Zones          []Zone         `cbor:"16,keyasint"` // time zones that rules name
	Prices         []PriceSource  `cbor:"17,keyasint"` // who may state a price
	Retired        []Retired      `cbor:"18,keyasint"` // instances that spoke for a station before, in the order of their retirement
	Lifted         [][32]byte     `cbor:"19,keyasint"` // ids of the freezes that this charter lifts
	Work           uint32         `cbor:"20,keyasint"` // nBits of the easiest block header that proves a confirmation, 0: none does
	Issued         int64          `cbor:"21,keyasint"` // unix seconds, by its author's clock; stations check it when they acknowledge
}

// Station is one holder of a key share; its number is its place in the list.
type Station struct {
	Name        string         `cbor:"1,keyasint"`
	HostKey     [33]byte       `cbor:"2,keyasint"` // ChillDKG host key, compressed
	InstanceKey wire.PublicKey `cbor:"3,keyasint"` // signs all that this installation says
	Site        string         `cbor:"4,keyasint"` // where it stands, or empty
	Entity      string         `cbor:"5,keyasint"` // legal entity that runs it, or empty
}

// Retired is an instance that no longer speaks for its station. Its records up
// to Seq stay part of the wallet's memory; what it signs beyond is void.
type Retired struct {
	Station  uint8          `cbor:"1,keyasint"`
	Instance wire.PublicKey `cbor:"2,keyasint"`
	Seq      uint64         `cbor:"3,keyasint"` // records that count, 0 for none
	Last     [32]byte       `cbor:"4,keyasint"` // hash of record Seq, zero if Seq is 0
}

// Counterparty is somebody who may be paid, and where: scriptPubKeys of the
// charter's network. It may have no destination, and is then never paid.
type Counterparty struct {
	Name         string   `cbor:"1,keyasint"`
	Destinations [][]byte `cbor:"2,keyasint"`
	Groups       []string `cbor:"3,keyasint"` // groups it belongs to
	Once         [][]byte `cbor:"4,keyasint"` // destinations that are paid once, ever
	Own          bool     `cbor:"5,keyasint"` // this very wallet: its receive addresses up to Reach are destinations too
	Descriptor   string   `cbor:"6,keyasint"` // another wallet's, as wallet.Foreign writes it, or empty: its addresses up to Reach are destinations too
	Data         bool     `cbor:"7,keyasint"` // any OP_RETURN output of at most 80 bytes is a destination too
	Proofs       []Proof  `cbor:"8,keyasint"` // that it owns a destination
}

// Proof says that a counterparty owns a destination.
type Proof struct {
	Script    []byte    `cbor:"1,keyasint"` // one of Destinations or Once
	Kind      ProofKind `cbor:"2,keyasint"`
	Key       []byte    `cbor:"3,keyasint"` // ProofStatement: BIP340 key of who states it, 32 bytes; else empty
	Signature []byte    `cbor:"4,keyasint"`
}

// ProofKind says how a destination's ownership is proved.
type ProofKind uint8

// The kinds of proofs. Both sign ProofMessage.
const (
	ProofBIP322    ProofKind = 1 // BIP322 simple signature by the destination's own key
	ProofStatement ProofKind = 2 // BIP340 signature by a key that the counterparty is known by
)

// Person is somebody who may draft, approve, veto or freeze: an identity apart
// from every wallet key.
type Person struct {
	Name        string       `cbor:"1,keyasint"`
	Roles       []string     `cbor:"2,keyasint"`
	Machine     bool         `cbor:"3,keyasint"` // a program; it drafts and never approves
	Credentials []Credential `cbor:"4,keyasint"` // none: may do nothing
}

// Credential is one key of a person.
type Credential struct {
	Name        string         `cbor:"1,keyasint"` // for people: "blue security key"
	Kind        CredentialKind `cbor:"2,keyasint"`
	Key         []byte         `cbor:"3,keyasint"` // 33, 32, 32 or 32 bytes by kind
	DeviceBound bool           `cbor:"4,keyasint"` // WebAuthn: refuse a key that can be copied (flag BE)
}

// CredentialKind says what a credential's key is.
type CredentialKind uint8

// The kinds of credentials.
const (
	CredentialES256   CredentialKind = 1 // WebAuthn, ECDSA on P-256 with SHA-256: compressed point, 33 bytes
	CredentialEdDSA   CredentialKind = 2 // WebAuthn, Ed25519: 32 bytes
	CredentialOffline CredentialKind = 3 // an offline reviewing device: BIP340 key, 32 bytes
	CredentialMachine CredentialKind = 4 // a program's key: BIP340, 32 bytes
)

// Web is what WebAuthn assertions must be made for.
type Web struct {
	RPID    string   `cbor:"1,keyasint"` // relying party id, or empty if nobody has such a credential
	Origins []string `cbor:"2,keyasint"`
}

// Zone is a named time zone by its rule, so that every party counts alike
// without a database: POSIX TZ, as in the footer of RFC 9636.
type Zone struct {
	Name string `cbor:"1,keyasint"` // "Europe/Zurich"
	Rule string `cbor:"2,keyasint"` // "CET-1CEST,M3.5.0,M10.5.0/3"
}

// PriceSource is a key that may state a price.
type PriceSource struct {
	Name     string         `cbor:"1,keyasint"`
	Currency string         `cbor:"2,keyasint"` // three capital letters; amounts are in hundredths
	Key      wire.PublicKey `cbor:"3,keyasint"`
}

// Governance is how this charter changes and stops. Every amendment needs the
// acknowledgement of Threshold stations besides.
type Governance struct {
	Tighten  Demand   `cbor:"1,keyasint"` // for a change that newly allows nothing
	Loosen   Demand   `cbor:"2,keyasint"` // for every other change
	Thaw     Demand   `cbor:"3,keyasint"` // for a change that lifts a freeze
	Delay    uint32   `cbor:"4,keyasint"` // seconds until a change that is no tightening is in force
	Officers []string `cbor:"5,keyasint"` // roles whose people may freeze, besides every station
	MaxAge   uint32   `cbor:"6,keyasint"` // seconds after which a charter must be renewed, 0: never
	Versions []string `cbor:"7,keyasint"` // versions of the station program that may sign, empty: any
}

// Effect is what a rule does to the payments it matches.
type Effect uint8

// The effects. A payment passes if at least one allow matches it, no deny does
// and every requirement that applies to it holds.
const (
	Allow   Effect = 1
	Require Effect = 2
	Deny    Effect = 3
)

// Check is what a requirement measures; Rule.Max is in its unit.
type Check uint8

// The checks. All limits are inclusive. A rule that names payees counts only
// payments to them; checks of fees, coins and lifetime then apply only where one
// of them is paid.
const (
	MaxOutput        Check = 1  // sat, each payment
	MaxTransaction   Check = 2  // sat, payments of one transaction together
	MaxBatch         Check = 3  // sat, payments of one batch together
	MaxWindow        Check = 4  // sat, payments (and, if the rule names nobody, fees) within Window or Calendar
	MaxFee           Check = 5  // sat, largest variant of each transaction
	MaxFeeRate       Check = 6  // sat/vB, every variant of each transaction, rounded up
	MaxFeePercent    Check = 7  // basis points of the transaction's payments, largest variant
	MaxLifetime      Check = 8  // seconds from stated time to expiry
	MaxCount         Check = 9  // payments of one batch
	MaxCountWindow   Check = 10 // payments within Window or Calendar
	MaxInputs        Check = 11 // inputs of each transaction
	MaxChange        Check = 12 // sat that return as change in one transaction, any variant; 0: a sweep
	MinFeeRate       Check = 13 // sat/vB, every variant of each transaction, rounded down
	MinOwnShare      Check = 14 // basis points of a transaction's inputs that stay in the wallet, every variant
	MinReserve       Check = 15 // sat that the wallet holds afterwards, by the balance claimed
	MinConfirmations Check = 16 // confirmations of every input, claimed, or with Proven, proved
	MaxFiat          Check = 17 // hundredths of Currency, payments of one batch, at a stated price of at most Window seconds
)

// Each says for whom a limit counts apart.
type Each uint8

// A limit counts what its rule names together, or for each of them apart.
const (
	Together         Each = 0
	EachCounterparty Each = 1
	EachGroup        Each = 2
)

// Calendar is a calendar window, by the local time of Rule.Zone.
type Calendar uint8

// The calendar windows: since midnight, since Monday, since the first.
const (
	Rolling Calendar = 0 // Rule.Window seconds instead
	Day     Calendar = 1
	Week    Calendar = 2
	Month   Calendar = 3
)

// ScriptKind is a kind of output script.
type ScriptKind uint8

// The kinds of scripts that can be paid.
const (
	P2PKH  ScriptKind = 1
	P2SH   ScriptKind = 2
	P2WPKH ScriptKind = 3
	P2WSH  ScriptKind = 4
	P2TR   ScriptKind = 5
	Data   ScriptKind = 6 // OP_RETURN
)

// Rule is one line of the table. An allow or deny has no check; a requirement
// has one. A payment matches if it goes to one of To or to a member of one of
// Groups (both empty: to anybody; for an allow, to anybody in the charter), its
// script is of one of Scripts (empty: any), its destination is in force for less
// than Younger seconds (0: any age) and, with Unproven, no proof of it is listed.
//
// A requirement holds if what is measured of the matching payments is at most
// Max (for a minimum, at least), or if Unless holds. So one form says a cap (no
// Unless), a tier that asks for people (Max and Unless) and a demand on every
// payment (Max 0 and Unless).
type Rule struct {
	ID       string       `cbor:"1,keyasint"` // "part/part", lower case; what a verdict cites
	Effect   Effect       `cbor:"2,keyasint"`
	To       []string     `cbor:"3,keyasint"` // counterparties
	Check    Check        `cbor:"4,keyasint"`
	Max      int64        `cbor:"5,keyasint"`
	Window   uint32       `cbor:"6,keyasint"` // seconds: MaxWindow, MaxCountWindow, MaxFiat
	Groups   []string     `cbor:"7,keyasint"`
	Scripts  []ScriptKind `cbor:"8,keyasint"`
	Younger  uint32       `cbor:"9,keyasint"` // seconds
	Unproven bool         `cbor:"10,keyasint"`
	Each     Each         `cbor:"11,keyasint"`
	Calendar Calendar     `cbor:"12,keyasint"` // MaxWindow, MaxCountWindow: instead of Window
	Zone     string       `cbor:"13,keyasint"` // of Calendar
	Currency string       `cbor:"14,keyasint"` // MaxFiat
	Proven   bool         `cbor:"15,keyasint"` // MinConfirmations
	Unless   Demand       `cbor:"16,keyasint"`
}

// Demand is a condition on people, stations and time: a tree of alls and anys.
// The zero value never holds; a Governance's zero demand asks for nobody.
type Demand struct {
	Kind      DemandKind `cbor:"1,keyasint"`
	Of        []Demand   `cbor:"2,keyasint"`  // All, Any
	Count     uint8      `cbor:"3,keyasint"`  // Approvals, Stations, Sites, Entities
	Roles     []string   `cbor:"4,keyasint"`  // people with one of these roles
	People    []string   `cbor:"5,keyasint"`  // and these
	Offline   bool       `cbor:"6,keyasint"`  // Approvals: only those of offline devices count
	Initiator bool       `cbor:"7,keyasint"`  // Approvals: also who drafted counts; else a signed draft must say who that is
	Zone      string     `cbor:"8,keyasint"`  // Hours
	Days      uint8      `cbor:"9,keyasint"`  // Hours: bit 0 Monday ... bit 6 Sunday
	From      uint16     `cbor:"10,keyasint"` // Hours: minutes after midnight, included
	Until     uint16     `cbor:"11,keyasint"` // Hours: minutes after midnight, excluded; at most 1,440
	Seconds   uint32     `cbor:"12,keyasint"` // Waited, NotFrozen
}

// DemandKind says what a demand asks for.
type DemandKind uint8

// The demands.
const (
	DemandNone      DemandKind = 0
	DemandAll       DemandKind = 1  // every one of Of
	DemandAny       DemandKind = 2  // at least one of Of
	DemandApprovals DemandKind = 3  // Count distinct people of Roles and People approve
	DemandInitiator DemandKind = 4  // one of Roles and People signed the draft
	DemandHuman     DemandKind = 5  // a person, not a program, signed the draft
	DemandMachine   DemandKind = 6  // a program signed the draft
	DemandStations  DemandKind = 7  // Count stations sign together
	DemandSites     DemandKind = 8  // they stand at Count different sites
	DemandEntities  DemandKind = 9  // they are run by Count different legal entities
	DemandHours     DemandKind = 10 // the stated time is on one of Days, from From until Until, in Zone
	DemandWaited    DemandKind = 11 // the draft was signed Seconds or longer before the stated time
	DemandNotFrozen DemandKind = 12 // one of Roles and People stated within the last Seconds that nothing is frozen
	DemandNoVeto    DemandKind = 13 // none of Roles and People vetoed
)
