package charter

import (
	"bytes"
	"slices"
	"strings"

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
	MaxRules          = 200
	MaxName           = 64                  // bytes of any name
	MaxMoney          = 21_000_000_00000000 // sat, every coin there can be
	FeeRateLimit      = 1_000_000           // sat/vB
	MaxPercent        = 10_000              // basis points, 100 %
	MaxPeriod         = 366 * 24 * 3600     // seconds of a window or lifetime
	MaxGap            = 10_000              // change indices
	MaxClockTolerance = 24 * 3600           // seconds
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
}

// Station is one holder of a key share; its number is its place in the list.
type Station struct {
	Name        string         `cbor:"1,keyasint"`
	HostKey     [33]byte       `cbor:"2,keyasint"` // ChillDKG host key, compressed
	InstanceKey wire.PublicKey `cbor:"3,keyasint"` // signs all that this installation says
}

// Counterparty is somebody who may be paid, and where: scriptPubKeys of the
// charter's network. It may have no destination, and is then never paid.
type Counterparty struct {
	Name         string   `cbor:"1,keyasint"`
	Destinations [][]byte `cbor:"2,keyasint"`
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

// The checks. All limits are inclusive. With Rule.To, amounts count only
// payments to those counterparties, and checks of fees and lifetime apply only
// where one of them is paid.
const (
	MaxOutput      Check = 1 // sat, each payment
	MaxTransaction Check = 2 // sat, payments of one transaction together
	MaxBatch       Check = 3 // sat, payments of one batch together
	MaxWindow      Check = 4 // sat, payments (and without To, fees) within Rule.Window seconds
	MaxFee         Check = 5 // sat, largest variant of each transaction
	MaxFeeRate     Check = 6 // sat/vB, every variant of each transaction, rounded up
	MaxFeePercent  Check = 7 // basis points of the transaction's payments, largest variant
	MaxLifetime    Check = 8 // seconds from stated time to expiry
)

// Rule is one line of the table. An allow or deny has no check; a requirement
// has one.
type Rule struct {
	ID     string   `cbor:"1,keyasint"` // "part/part", lower case; what a verdict cites
	Effect Effect   `cbor:"2,keyasint"`
	To     []string `cbor:"3,keyasint"` // counterparties; empty: every one in the charter
	Check  Check    `cbor:"4,keyasint"`
	Max    int64    `cbor:"5,keyasint"`
	Window uint32   `cbor:"6,keyasint"` // seconds, MaxWindow only
}

// clone returns a deep copy of d in canonical order.
func (d Document) clone() Document {
	d.Stations = append([]Station{}, d.Stations...)
	d.Counterparties = append([]Counterparty{}, d.Counterparties...)
	for i, c := range d.Counterparties {
		scripts := make([][]byte, len(c.Destinations))
		for j, s := range c.Destinations {
			scripts[j] = append([]byte{}, s...)
		}
		slices.SortFunc(scripts, bytes.Compare)
		d.Counterparties[i].Destinations = scripts
	}
	slices.SortFunc(d.Counterparties, func(a, b Counterparty) int { return strings.Compare(a.Name, b.Name) })
	d.Rules = append([]Rule{}, d.Rules...)
	for i, r := range d.Rules {
		d.Rules[i].To = append([]string{}, r.To...)
		slices.Sort(d.Rules[i].To)
	}
	slices.SortFunc(d.Rules, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return d
}
