package station

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"heliograph/ceremonies"
	"heliograph/ceremonies/amendment"
	"heliograph/ceremonies/enrolment"
	"heliograph/ceremonies/keygen"
	"heliograph/ceremonies/reviewing"
	"heliograph/ceremonies/signing"
	"heliograph/shared/ledger"
	"heliograph/shared/wire"
	"heliograph/shared/words"
)

// Event is one entry of the transcript, and for a release what it paid.
type Event struct {
	Number   int    `json:"number"`
	Time     int64  `json:"time"`
	What     string `json:"what"`
	Digest   string `json:"digest"` // of the message concerned, hex
	Receipt  string `json:"receipt"`
	Payments int    `json:"payments,omitempty"`
	Paid     int64  `json:"paid_sat,omitempty"`
	Fee      int64  `json:"fee_sat,omitempty"` // at most
}

// History is the transcripts of all ceremonies with their verified chains.
type History struct {
	Enrolment []Event `json:"enrolment,omitempty"`
	Keygen    []Event `json:"keygen,omitempty"`

	// Amendments, freezes and recalling; its receipt is compared too.
	Amendments       []Event  `json:"amendments,omitempty"`
	AmendmentReceipt string   `json:"amendment_receipt,omitempty"`
	AmendmentWords   []string `json:"amendment_receipt_words,omitempty"`

	// Signing or reviewing; its receipt is what an operator compares.
	Events       []Event  `json:"events"`
	Receipt      string   `json:"receipt,omitempty"`
	ReceiptWords []string `json:"receipt_words,omitempty"`
}

// ErrChain says that a transcript does not verify.
var ErrChain = errors.New("station: history: the transcript's chain does not verify: the keystore was altered, or this program has a fault; do not sign with this station")

// History reads the transcript, recomputes its chain, and demands that it ends
// at the receipt in the signing state. Every release in it must have its signed
// ledger record.
func (a *App) History() (History, error) {
	if a.reviewer != nil {
		return a.reviewerHistory()
	}
	var h History
	var err error
	if h.Enrolment, err = a.ended(enrolment.TranscriptName); err != nil {
		return h, err
	}
	if h.Keygen, err = a.ended(keygen.TranscriptName); err != nil {
		return h, err
	}
	share, found, err := a.share()
	if err != nil || !found {
		return h, err
	}
	begun, err := a.has(signing.StateName)
	if err != nil {
		return h, err
	}
	log, err := a.amendmentLog(share)
	if err != nil {
		return h, err
	}
	if h.Amendments, err = a.chain(amendment.TranscriptPrefix, log.Receipt, func(*Event) error { return nil }); err != nil {
		return h, err
	}
	if len(h.Amendments) > 0 {
		fingerprint := words.Fingerprint(log.Receipt)
		h.AmendmentReceipt, h.AmendmentWords = hex.EncodeToString(log.Receipt[:]), fingerprint[:]
	}
	if !begun {
		return h, nil
	}
	machine, err := a.signedHere(share)
	if err != nil {
		return h, err
	}
	status, released := machine.Status(), uint64(0)
	h.Events, err = a.chain(signing.TranscriptPrefix, status.Receipt, func(e *Event) error {
		if e.What != "released" {
			return nil
		}
		released++
		return a.release(e, share.Station, released)
	})
	if err == nil && released != status.Head.Seq {
		err = ErrChain
	}
	h.end(status.Receipt)
	return h, err
}

// signedHere is the signing of this installation, also after an amendment put
// another one in its place: then under the last charter that lists it.
func (a *App) signedHere(share *keygen.Share) (*signing.Station, error) {
	line := share.Public.Line()
	certificates, err := a.records(amendment.EpochPrefix)
	if err != nil {
		return nil, err
	}
	own := a.identity.instance.Public()
	for _, c := range certificates {
		next, err := line.Adopt(c.Value)
		if err != nil {
			return nil, err
		}
		if line.Latest().Instances()[share.Station] == own && next.Latest().Instances()[share.Station] != own {
			break
		}
		line = next
	}
	kept, err := a.records(signing.StateName, signing.LedgerPrefix)
	if err != nil {
		return nil, err
	}
	return signing.ResumeStation(signing.Setup{
		Group:   signing.Group{Line: line, Wallet: share.Public.Wallet, PublicShares: share.Public.PublicShares},
		Station: share.Station, Share: share.Secret, Instance: a.identity.instance, Pool: a.identity.pool, Version: Version,
	}, kept)
}

// amendmentLog is the end of the transcript of amendments.
func (a *App) amendmentLog(share *keygen.Share) (amendment.Log, error) {
	kept, err := a.records(amendment.Prefix)
	if err != nil {
		return amendment.Log{}, err
	}
	machine, err := amendment.NewStation(a.amendmentSetup(share, nil), kept)
	if err != nil {
		return amendment.Log{}, err
	}
	return machine.Log(), nil
}

// end names the receipt that a person compares.
func (h *History) end(receipt [32]byte) {
	fingerprint := words.Fingerprint(receipt)
	h.Receipt, h.ReceiptWords = hex.EncodeToString(receipt[:]), fingerprint[:]
}

// reviewerHistory is what a reviewer's device did.
func (a *App) reviewerHistory() (History, error) {
	var h History
	kept, err := a.records(reviewingPrefix)
	if err != nil || len(kept) == 0 {
		return h, err
	}
	machine, err := reviewing.ResumeReviewer(a.reviewer.setup(), kept)
	if err != nil {
		return h, err
	}
	h.Events, err = a.chain(reviewing.TranscriptPrefix, machine.Status().Receipt, func(*Event) error { return nil })
	h.end(machine.Status().Receipt)
	return h, err
}

// chain reads a transcript that is kept entry by entry, recomputes it, and
// demands that it ends at the receipt.
func (a *App) chain(prefix string, receipt [32]byte, add func(*Event) error) ([]Event, error) {
	names, err := a.world.Store.Names(prefix)
	if err != nil {
		return nil, err
	}
	var events []Event
	var head [32]byte
	for i, name := range names {
		if name != fmt.Sprintf("%s%012d", prefix, i+1) {
			return nil, ErrChain
		}
		e, err := a.entry(name)
		if err != nil {
			return nil, err
		}
		if head, err = ceremonies.Link(head, e); err != nil {
			return nil, err
		}
		event := event(i, e, head)
		if err := add(&event); err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	if head != receipt {
		return nil, ErrChain
	}
	return events, nil
}

// ended reads the transcript of a ceremony that has an end, kept in one piece.
func (a *App) ended(name string) ([]Event, error) {
	value, found, err := a.world.Store.Get(name)
	if err != nil || !found {
		return nil, err
	}
	var log ceremonies.Transcript
	if err := wire.Unmarshal(value, &log, maxTranscript); err != nil {
		return nil, ErrChain
	}
	if err := log.Verify(); err != nil {
		return nil, ErrChain
	}
	var events []Event
	var head [32]byte
	for i, e := range log.Entries {
		if head, err = ceremonies.Link(head, e); err != nil {
			return nil, err
		}
		events = append(events, event(i, e, head))
	}
	return events, nil
}

// maxTranscript bounds a transcript that is kept in one piece, in bytes.
const maxTranscript = 4 << 20

func event(i int, e ceremonies.Entry, head [32]byte) Event {
	return Event{Number: i + 1, Time: e.Time, What: e.What, Digest: hex.EncodeToString(e.Digest[:]), Receipt: hex.EncodeToString(head[:])}
}

// release adds what a ledger record of this station says.
func (a *App) release(e *Event, station int, seq uint64) error {
	value, err := a.mustGet(fmt.Sprintf("%s%02d/%012d", signing.LedgerPrefix, station, seq))
	if err != nil {
		return err
	}
	r, err := ledger.DecodeRecord(value)
	if err != nil {
		return err
	}
	if err := r.Verify(); err != nil {
		return err
	}
	e.Payments, e.Fee = len(r.Payments), r.Fee
	for _, p := range r.Payments {
		e.Paid += p.Amount
	}
	return nil
}

// Evidence returns the kept records of faults by file name.
func (a *App) Evidence() (map[string][]byte, error) {
	kept, err := a.records(EvidencePrefix)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(kept))
	for _, r := range kept {
		out[strings.TrimPrefix(r.Name, EvidencePrefix)+".evidence"] = r.Value
	}
	return out, nil
}
