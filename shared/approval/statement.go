package approval

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

// Decision is what a person says.
type Decision uint8

// The decisions. Programs make drafts and nothing else.
const (
	Draft     Decision = 1 // this is what I asked for
	Approve   Decision = 2
	Veto      Decision = 3
	NotFrozen Decision = 4 // of the wallet: I know of no reason to stop
)

// String is the decision as a noun: "the approval of Ben".
func (d Decision) String() string {
	switch d {
	case Draft:
		return "draft"
	case Approve:
		return "approval"
	case Veto:
		return "veto"
	case NotFrozen:
		return "not-frozen statement"
	}
	return fmt.Sprintf("decision %d", uint8(d))
}

// OfBatch is the subject of a draft, an approval or a veto of a batch.
func OfBatch(batchID [32]byte) [32]byte {
	return wire.TaggedHash("Heliograph/subject-batch/v1", batchID[:])
}

// OfBallot is the subject of an approval or a veto of a change of the charter.
func OfBallot(digest [32]byte) [32]byte {
	return wire.TaggedHash("Heliograph/subject-ballot/v1", digest[:])
}

// OfWallet is the subject of a not-frozen statement.
func OfWallet(walletID [32]byte) [32]byte {
	return wire.TaggedHash("Heliograph/subject-wallet/v1", walletID[:])
}

// Statement is what a person says, before it is signed.
type Statement struct {
	Wallet  [32]byte // wallet id
	Charter [32]byte // id of the charter that lists the person
	Subject [32]byte // from OfBatch, OfBallot or OfWallet
	Decision
	Person string // name in the charter
	Time   int64  // unix seconds, by the clock of who signs
	Expiry int64  // unix seconds, after Time; it holds before this
}

// Challenge is the tagged hash that is signed: a WebAuthn challenge, or the
// digest under a BIP340 signature.
func (s Statement) Challenge() [32]byte {
	var times [16]byte
	binary.BigEndian.PutUint64(times[:8], uint64(s.Time))
	binary.BigEndian.PutUint64(times[8:], uint64(s.Expiry))
	return wire.TaggedHash("Heliograph/approval/v1", s.Wallet[:], s.Charter[:], s.Subject[:], []byte{byte(s.Decision)}, times[:], []byte(s.Person))
}

// maxTime is the last second of the year 9999.
const maxTime = 253_402_300_799

// check reports what no statement may be, whoever signs it.
func (s Statement) check() error {
	if s.Wallet == [32]byte{} {
		return errors.New("the wallet is missing")
	}
	return s.checkContent()
}

// checkContent is check for what travels: all but the wallet.
func (s Statement) checkContent() error {
	if s.Charter == [32]byte{} || s.Subject == [32]byte{} {
		return errors.New("charter or subject is missing")
	}
	if s.Decision < Draft || s.Decision > NotFrozen {
		return fmt.Errorf("%s is not known", s.Decision)
	}
	if err := checkName(s.Person); err != nil {
		return fmt.Errorf("name of the person: %w", err)
	}
	if s.Time < 1 || s.Expiry > maxTime || s.Expiry <= s.Time || s.Expiry-s.Time > charter.MaxPeriod {
		return fmt.Errorf("made at %d and expires at %d: want a later second, at most %d days after", s.Time, s.Expiry, charter.MaxPeriod/(24*3600))
	}
	return nil
}

// checkName accepts what may be shown to a person. The charter is stricter; this
// is for names that it does not list.
func checkName(s string) error {
	if s == "" || len(s) > charter.MaxName || !utf8.ValidString(s) {
		return fmt.Errorf("want 1 to %d bytes of UTF-8", charter.MaxName)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("the character %U does not show", r)
		}
	}
	return nil
}
